#include "ipc/client/tillctl/dongle.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "hal/os/digest.h"
#include "hal/os/files.h"
#include "hal/os/random.h"
#include "ipc/client/tillctl/texts.h"
#include "ipc/client/tillctl/verbs.h"
#include "ipc/contract/envelope.h"
#include "ipc/json.h"

namespace tillhost::tillctl {
namespace {

using base::Bytes;
using base::ByteView;
using base::ErrorCode;
using base::Result;
using contract::Operation;
using contract::Value;

constexpr int kIndent = 2;
constexpr std::int64_t kFileVersion = 1;
constexpr std::size_t kChallengeBytes = 32;
constexpr unsigned kFileMode = 0644;
constexpr int kEventsAtOnceMax = 64;  // shown between two looks

Bytes make_challenge() {
    base::ByteWriter bytes;
    while (bytes.bytes().size() < kChallengeBytes) {
        bytes.uint_le(os::random_u64(), sizeof(std::uint64_t));
    }
    return bytes.take();
}

Bytes hash_of(ByteView challenge) {
    const os::Sha256 hash = os::sha256(challenge);
    return {hash.begin(), hash.end()};
}

/// Before the dongle is touched: a credential whose file cannot be written is lost.
base::Done check_can_be_written(const std::string& path) {
    namespace fs = std::filesystem;
    std::error_code error;
    if (fs::exists(path, error)) {
        return base::bad_field("--out", "a file that is not there yet: " + path + " is");
    }
    const fs::path folder = fs::absolute(path, error).parent_path();
    if (::access(folder.c_str(), W_OK | X_OK) != 0) {
        return base::bad_field("--out", "in a folder that can be written; not " + folder.string());
    }
    return {};
}

class Dongles final {
public:
    Dongles(const AdminContext& context, os::Clock& clock) : to_(context), clock_(clock) {}

    Result<Exit> operator()(const EnrolDongleVerb& verb) {
        TRY(check_can_be_written(verb.path));
        const Bytes challenge = make_challenge();
        const Operation operation = TRY(carry_out(verb, challenge));
        const auto* told =
            operation.result ? std::get_if<contract::DongleEnrolment>(&*operation.result) : nullptr;
        if (told == nullptr) {
            say(contract::to_value(operation, contract::Style::readable),
                operation_text(to_.language, operation));
            acknowledge(operation);
            return operation.state == contract::OperationState::failed ? Exit::failed
                                                                       : Exit::in_doubt;
        }
        // Not acknowledged before it is on disk: until then devd has it.
        const std::string text = enrolment_text(verb, challenge, *told);
        TRY(os::write_atomically(verb.path, base::bytes_of(text), kFileMode));
        acknowledge(operation);
        return say(contract::to_value(*told, contract::Style::readable),
                   filled(to_.language, Text::dongle_enrolled, verb.device, verb.path));
    }

    Result<Exit> operator()(const ProveDongleVerb& verb) {
        const contract::DongleProofQuery query{verb.rp, verb.credential, hash_of(make_challenge())};
        const auto answer = TRY(to_.devd.query(verb.device, query, to_.deadline()));
        const auto* proof = std::get_if<contract::DongleProof>(&answer);
        if (proof == nullptr) {
            return base::make_error(ErrorCode::malformed, "not the answer to dongle_proof");
        }
        return say(contract::to_value(*proof, contract::Style::readable),
                   filled(to_.language, Text::dongle_proved, verb.device) +
                       proof_text(to_.language, *proof));
    }

private:
    Result<Operation> carry_out(const EnrolDongleVerb& verb, const Bytes& challenge) {
        const os::Deadline deadline = to_.deadline();
        client::OperationOptions options;
        options.operation_id = client::make_operation_id(clock_);
        options.doubt_patience = kDoubtPatience;
        // That it cannot be shown stops no enrolment: the dongle blinks.
        static_cast<void>(to_.devd.subscribe("prompt/" + verb.device, {}, deadline));
        options.watch = [this](const Operation& so_far) {
            show_prompts(so_far);
            return true;
        };
        to_.console.err(handing_over_text(to_.language, options.operation_id));
        auto operation = to_.devd.carry_out(
            verb.device, contract::EnrolDongle{verb.rp, verb.owner, hash_of(challenge)}, options,
            deadline);
        if (!operation && operation.error().effect == base::Effect::unknown) {
            to_.console.err(ask_again_text(to_.language, options.operation_id));
        }
        return operation;
    }

    void show_prompts(const Operation& so_far) {
        for (int i = 0; i < kEventsAtOnceMax; ++i) {
            const auto event = to_.devd.next_event(clock_.now());
            if (!event || !*event) {
                return;
            }
            const auto* prompt = std::get_if<contract::Prompt>(&(**event).event.body);
            if (prompt != nullptr && prompt->operation_id == so_far.operation_id) {
                to_.console.err(text(to_.language, Text::dongle_touch));
            }
        }
    }

    /// Nobody else will.
    void acknowledge(const Operation& operation) {
        const auto done = client::is_final(operation.state)
                              ? to_.devd.acknowledge(operation.operation_id, to_.deadline())
                              : base::Result<Operation>(operation);
        if (!done) {
            to_.console.err(
                not_acknowledged_text(to_.language, operation.operation_id, done.error()));
        }
    }

    Exit say(const Value& json, const std::string& text) const {
        to_.console.out(to_.json ? ipc::to_json(json, kIndent) + "\n" : text);
        return Exit::done;
    }

    const AdminContext& to_;
    os::Clock& clock_;
};

}  // namespace

std::string base64_of(ByteView bytes) {
    constexpr std::string_view kDigits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    constexpr std::size_t kGroup = 3;
    std::string text;
    for (std::size_t at = 0; at < bytes.size(); at += kGroup) {
        const std::size_t length = std::min(kGroup, bytes.size() - at);
        unsigned bits = 0;
        for (std::size_t i = 0; i < kGroup; ++i) {
            bits = bits << 8U | (i < length ? base::to_unsigned(bytes[at + i]) : 0U);
        }
        for (std::size_t i = 0; i <= kGroup; ++i) {
            text += i <= length ? kDigits[bits >> (6U * (kGroup - i)) & 0x3FU] : '=';
        }
    }
    return text;
}

std::string enrolment_text(const EnrolDongleVerb& verb, ByteView challenge,
                           const contract::DongleEnrolment& told) {
    Value::Array certificates;
    for (const Bytes& one : told.certificates) {
        certificates.emplace_back(base64_of(one));
    }
    const Value::Map map{
        {"version", Value(kFileVersion)},
        {"rp", Value(verb.rp)},
        {"owner", Value(verb.owner)},
        {"challenge", Value(base64_of(challenge))},
        {"challenge_hash", Value(base64_of(hash_of(challenge)))},
        {"credential", Value(base64_of(told.credential))},
        {"authenticator_data", Value(base64_of(told.authenticator_data))},
        {"format", Value(told.format)},
        {"algorithm", Value(told.algorithm)},
        {"signature", Value(base64_of(told.signature))},
        {"certificates", Value(std::move(certificates))},
    };
    return ipc::to_json(Value(map), kIndent) + "\n";
}

Result<Exit> run_dongle(const DongleVerb& verb, const AdminContext& context, os::Clock& clock) {
    return std::visit(Dongles(context, clock), verb);
}

}  // namespace tillhost::tillctl
