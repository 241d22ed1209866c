#include "simulators/dongle/fido2/authenticator.h"

#include <algorithm>
#include <utility>

#include "hal/os/digest.h"
#include "simulators/dongle/fido2/attestation.h"
#include "simulators/dongle/fido2/cbor.h"

namespace tillhost::simulators::fido2 {
namespace {

using base::Bytes;
using base::ByteView;
using base::Result;

constexpr unsigned kTouched = 0x01, kHasKey = 0x40;  // flags of authenticatorData
constexpr std::int64_t kPinRetries = 8;

Bytes status_and(const Cbor& map) {
    base::ByteWriter writer;
    return writer.u8(0).raw(encode_cbor(map)).take();
}

Bytes joined(ByteView one, ByteView other) {
    base::ByteWriter writer;
    return writer.raw(one).raw(other).take();
}

Cbor descriptor_of(const Credential& credential) {
    return Cbor::map(
        {Cbor::of("id"), Cbor::of(credential.id), Cbor::of("type"), Cbor::of("public-key")});
}

Bytes cose_key(const os::P256PublicKey& key) {
    constexpr std::int64_t kKind = 1, kAlgorithm = 3, kCurve = -1, kX = -2, kY = -3;
    constexpr std::int64_t kEc2 = 2, kP256 = 1;
    return encode_cbor(
        Cbor::map({Cbor::of(kKind), Cbor::of(kEc2), Cbor::of(kAlgorithm), Cbor::of(kEs256),
                   Cbor::of(kCurve), Cbor::of(kP256), Cbor::of(kX), Cbor::of(ByteView(key.x)),
                   Cbor::of(kY), Cbor::of(ByteView(key.y))}));
}

/// WebAuthn Level 2 §6.1.
base::ByteWriter data_head(const std::string& rp, unsigned flags, std::uint32_t counter) {
    base::ByteWriter data;
    data.raw(os::sha256(base::bytes_of(rp))).u8(flags).uint_be(counter, 4);
    return data;
}

void count(Content& content) { content.counter = content.counts ? content.counter + 1 : 0; }

/// Fields of the answer: what is signed, and who vouches for it.
Result<Bytes> attested(const Bytes& data, const Bytes& hash, Attestation attestation,
                       const Content& content, const os::P256Key& key) {
    constexpr std::int64_t kFormat = 1, kData = 2, kStatement = 3;
    if (attestation == Attestation::none) {
        return status_and(Cbor::map({Cbor::of(kFormat), Cbor::of("none"), Cbor::of(kData),
                                     Cbor::of(data), Cbor::of(kStatement), Cbor::map({})}));
    }
    const bool self = attestation == Attestation::self;
    const os::P256Key signer =
        self ? key : TRY(os::P256Key::from_bytes(content.attestation_secret));
    const Bytes signature = TRY(signer.sign(joined(data, hash)));
    std::vector<Cbor> statement{Cbor::of("alg"), Cbor::of(kEs256), Cbor::of("sig"),
                                Cbor::of(signature)};
    if (!self) {
        statement.push_back(Cbor::of("x5c"));
        statement.push_back(Cbor::list({Cbor::of(content.attestation_certificate)}));
    }
    return status_and(
        Cbor::map({Cbor::of(kFormat), Cbor::of("packed"), Cbor::of(kData), Cbor::of(data),
                   Cbor::of(kStatement), Cbor::map(std::move(statement))}));
}

}  // namespace

Bytes status_only(Status status) { return {static_cast<std::byte>(status)}; }

Task Authenticator::examine(ByteView message, bool fresh) {
    Task task{.command = static_cast<std::uint8_t>(base::to_unsigned(message.front()))};
    const auto command = static_cast<Command>(task.command);
    if (message.size() > kRequestBytesMax) {
        task.answer = status_only(Status::too_large);
        return task;
    }
    Parsed parsed = parse_request(command, message.subspan(1));
    Status status = parsed.status;
    if (const auto* making = std::get_if<MakeCredential>(&parsed.request)) {
        status = refusal(*making);
        task.touch = status == Status::ok;
    } else if (const auto* get = std::get_if<GetAssertion>(&parsed.request)) {
        status = refusal(*get);
        task.touch = status == Status::ok && get->up;
    } else if (const auto* pin = std::get_if<ClientPin>(&parsed.request)) {
        constexpr std::int64_t kRetries = 1;
        status = pin->subcommand == kRetries ? Status::ok : Status::invalid_subcommand;
    } else if (command == Command::reset) {
        status = fresh ? Status::ok : Status::not_allowed;
        task.touch = fresh;
    } else if (command == Command::next_assertion) {
        status = Status::not_allowed;
    } else if (status == Status::ok && command != Command::get_info) {
        status = Status::invalid_command;
    }
    task.request = std::move(parsed.request);
    task.answer = status == Status::ok ? Bytes{} : status_only(status);
    return task;
}

Bytes Authenticator::carry_out(const Task& task) {
    if (const auto* request = std::get_if<MakeCredential>(&task.request)) {
        return make(*request);
    }
    if (const auto* get = std::get_if<GetAssertion>(&task.request)) {
        return assertion(*get);
    }
    if (std::holds_alternative<ClientPin>(task.request)) {
        return status_and(Cbor::map({Cbor::of(3), Cbor::of(kPinRetries)}));
    }
    if (static_cast<Command>(task.command) == Command::reset) {
        const base::Done done = forget();
        return told(done ? Result<Bytes>(status_only(Status::ok)) : done.error());
    }
    return info();
}

/// The parameter that is made with a PIN cannot be checked: the token knows of none.
Status Authenticator::pin_refusal(bool pin_auth, bool wanted) const {
    if (pin_auth) {
        return pin_set_ ? Status::pin_auth_invalid : Status::pin_not_set;
    }
    return wanted ? Status::pin_required : Status::ok;
}

Status Authenticator::refusal(const MakeCredential& request) const {
    if (!request.es256) {
        return Status::unsupported_algorithm;
    }
    if (request.uv || !request.up) {
        return request.uv ? Status::unsupported_option : Status::invalid_option;
    }
    const Status pin = pin_refusal(request.pin_auth, pin_set_ || always_uv_);
    return pin == Status::ok && content().credentials.size() >= kCredentialsMax
               ? Status::key_store_full
               : pin;
}

Status Authenticator::refusal(const GetAssertion& get) {
    if (get.uv) {
        return Status::unsupported_option;
    }
    const Status pin = pin_refusal(get.pin_auth, always_uv_);
    if (pin != Status::ok) {
        return pin;
    }
    if (find(get) == nullptr) {
        return Status::no_credentials;
    }
    if (get.up || touch_needed_left_ == 0) {
        return Status::ok;
    }
    touch_needed_left_ -= touch_needed_left_ > 0 ? 1 : 0;
    ++fired_;
    return static_cast<Status>(touch_needed_code_);
}

const Credential* Authenticator::find(const GetAssertion& get) const {
    const auto& all = content().credentials;
    // The newest first, where it is left to the token.
    const auto found = std::find_if(all.rbegin(), all.rend(), [&get](const Credential& one) {
        const bool wanted = get.any ? one.resident
                                    : std::find(get.allowed.begin(), get.allowed.end(), one.id) !=
                                          get.allowed.end();
        return wanted && one.rp == get.rp;
    });
    return found == all.rend() ? nullptr : &*found;
}

bool Authenticator::holds_one_of(const std::string& rp, const std::vector<Bytes>& ids) const {
    return find({.rp = rp, .allowed = ids}) != nullptr;
}

Bytes Authenticator::info() const {
    constexpr std::int64_t kVersions = 1, kAaguidKey = 3, kOptions = 4, kMaxMessage = 5;
    constexpr std::int64_t kPinProtocols = 6, kTransports = 9, kAlgorithms = 10;
    const Cbor es256 =
        Cbor::map({Cbor::of("alg"), Cbor::of(kEs256), Cbor::of("type"), Cbor::of("public-key")});
    return status_and(Cbor::map(
        {Cbor::of(kVersions), Cbor::list({Cbor::of("FIDO_2_0"), Cbor::of("FIDO_2_1")}),
         Cbor::of(kAaguidKey), Cbor::of(ByteView(kAaguid)), Cbor::of(kOptions),
         Cbor::map({Cbor::of("rk"), Cbor::flagged(true), Cbor::of("up"), Cbor::flagged(true),
                    Cbor::of("plat"), Cbor::flagged(false), Cbor::of("alwaysUv"),
                    Cbor::flagged(always_uv_), Cbor::of("clientPin"), Cbor::flagged(pin_set_)}),
         Cbor::of(kMaxMessage), Cbor::of(kRequestBytesMax), Cbor::of(kPinProtocols),
         Cbor::list({Cbor::of(1)}), Cbor::of(kTransports), Cbor::list({Cbor::of("usb")}),
         Cbor::of(kAlgorithms), Cbor::list({es256})}));
}

Bytes Authenticator::make(const MakeCredential& request) {
    if (holds_one_of(request.rp, request.excluded)) {
        return status_only(Status::credential_excluded);
    }
    Content changed = content();
    Credential fresh = memory_.fresh_credential();
    fresh.rp = request.rp;
    fresh.user_id = request.user_id;
    fresh.user_name = request.user_name;
    fresh.resident = request.resident;
    ++changed.made;
    count(changed);
    fresh.counter = changed.counter;
    const os::P256Key key = MUST(os::P256Key::from_bytes(fresh.secret));  // made so
    base::ByteWriter data = data_head(request.rp, kTouched | kHasKey, changed.counter);
    data.raw(kAaguid).uint_be(fresh.id.size(), 2).raw(fresh.id).raw(cose_key(key.public_key()));
    const auto answer = attested(data.bytes(), request.hash, attestation_, changed, key);
    changed.credentials.push_back(std::move(fresh));
    const base::Done kept = memory_.set(std::move(changed));
    return told(kept ? answer : Result<Bytes>(kept.error()));
}

Bytes Authenticator::assertion(const GetAssertion& get) {
    constexpr std::int64_t kCredential = 1, kData = 2, kSignature = 3, kUser = 4;
    const Credential* const held = find(get);
    if (held == nullptr) {  // it was forgotten while somebody was to touch
        return status_only(Status::no_credentials);
    }
    Content changed = content();
    count(changed);
    for (Credential& one : changed.credentials) {
        one.counter = one.id == held->id ? changed.counter : one.counter;
    }
    const Bytes data = data_head(get.rp, get.up ? kTouched : 0, changed.counter).take();
    const auto signature =
        MUST(os::P256Key::from_bytes(held->secret)).sign(joined(data, get.hash));  // made so
    if (!signature) {
        return told(signature);
    }
    std::vector<Cbor> answer{Cbor::of(kCredential), descriptor_of(*held), Cbor::of(kData),
                             Cbor::of(data),        Cbor::of(kSignature), Cbor::of(*signature)};
    if (held->resident) {
        answer.push_back(Cbor::of(kUser));
        answer.push_back(Cbor::map({Cbor::of("id"), Cbor::of(held->user_id)}));
    }
    const base::Done kept = memory_.set(std::move(changed));  // before the counter is told
    return told(kept ? Result<Bytes>(status_and(Cbor::map(std::move(answer)))) : kept.error());
}

base::Done Authenticator::forget() {
    Content changed = content();
    changed.credentials.clear();
    changed.counter = 0;
    TRY(memory_.set(std::move(changed)));
    pin_set_ = false;
    always_uv_ = false;
    return {};
}

Bytes Authenticator::told(const Result<Bytes>& answer) {
    if (!answer) {
        failure_ = base::to_text(answer.error());
        return status_only(Status::other);
    }
    return *answer;
}

base::Done Authenticator::inject(const Fault& fault) {
    if (fault.kind == FaultKind::touch_needed) {
        touch_needed_left_ = fault.count == 0 ? -1 : fault.count;
        touch_needed_code_ = static_cast<std::uint8_t>(
            fault.code == 0 ? static_cast<std::int64_t>(Status::touch_required) : fault.code);
    } else if (fault.kind == FaultKind::counter) {
        Content changed = content();
        changed.counter = static_cast<std::uint32_t>(fault.number);
        changed.counts = fault.number != 0;
        return memory_.set(std::move(changed));
    } else if (fault.kind == FaultKind::token) {
        pin_set_ = fault.pin < 0 ? pin_set_ : fault.pin == 1;
        always_uv_ = fault.always_uv < 0 ? always_uv_ : fault.always_uv == 1;
    } else if (fault.kind == FaultKind::forget) {
        return forget();
    } else if (fault.kind == FaultKind::clear) {
        touch_needed_left_ = 0;
    } else {
        return base::make_error(base::ErrorCode::not_supported,
                                "a security token has nothing of that kind");
    }
    return {};
}

}  // namespace tillhost::simulators::fido2
