#include "simulators/services/accounting/courier.h"

#include <fmt/format.h>

#include "hal/base/bytes.h"
#include "hal/os/digest.h"
#include "hal/os/files.h"
#include "simulators/services/exchange/text.h"

namespace tillhost::simulators::accounting {
namespace {

using base::ErrorCode;
using exchange::Answer;

/// A job is looked at that often at least; the contract lets an answer wait 20 s.
constexpr std::int64_t kJobWaitMs = 10'000;

/// For whoever plays the cashiers: "login password" a line.
base::Done write_people(const std::string& folder, const Assortment& assortment) {
    std::string text;
    for (std::int64_t user = 1; user <= assortment.users; ++user) {
        text += fmt::format("cashier-{} {}\n", user, password_of(user, assortment.seed));
    }
    return os::write_atomically(folder + "/people", base::bytes_of(text));
}

Outcome refused(const Answer& answer) {
    return {.code = answer.fault.code, .detail = answer.fault.message};
}

}  // namespace

base::Result<Answer> Courier::ask(std::string_view operation, const Value& request) {
    for (;;) {
        base::Result<Answer> answer = caller_.call(operation, request);
        if (answer && (answer->ok() || !answer->fault.retryable)) {
            return answer;
        }
        if (!answer && answer.error().effect != base::Effect::unknown) {
            return answer;
        }
        const std::int64_t wait = answer ? answer->fault.retry_after_ms : 0;
        if (!pause_.wait(std::max(wait, kRepeatMs))) {
            return base::make_error(ErrorCode::cancelled, "the simulator stops");
        }
    }
}

base::Result<Outcome> Courier::fetch() {
    bool empty = false;
    while (!empty) {
        Outcome outcome = TRY(fetch_one(empty));
        if (!outcome.code.empty()) {
            return outcome;
        }
    }
    return Outcome{};
}

base::Result<Outcome> Courier::fetch_one(bool& empty) {
    Value request;
    request.set("node", options_.node).set("ackNo", ledger_.received_no());
    request.set("partSize", options_.part_bytes);
    request.set("format", options_.take_xml ? "xml" : "ndjson");
    const Answer prepared = TRY(ask("PrepareMessage", request));
    if (!prepared.ok()) {
        return refused(prepared);
    }
    empty = prepared.body.flag_of("empty");
    if (empty) {
        return Outcome{};
    }
    std::string text;
    Outcome outcome = TRY(fetch_parts(prepared.body, text));
    if (!outcome.code.empty()) {
        return outcome;
    }
    const ShopMessage message = TRY(read_message(text));
    const std::int64_t number = prepared.body.number_of("messageNo");
    if (message.message_no != number) {
        return Outcome{.code = "not_of_contract", .detail = "another number in the message"};
    }
    TRY(ledger_.receive(number, message.documents));
    return confirm(number, message.documents);
}

base::Result<Outcome> Courier::fetch_parts(const Value& prepared, std::string& text) {
    for (std::int64_t part = 1; part <= prepared.number_of("partCount"); ++part) {
        Value request;
        request.set("messageId", prepared.text_of("messageId")).set("partNo", part);
        const Answer answer = TRY(ask("GetPart", request));
        if (!answer.ok()) {
            return refused(answer);
        }
        const std::string data = answer.body.text_of("data");
        if (os::sha256_hex(base::bytes_of(data)) != answer.body.text_of("sha256")) {
            return Outcome{.code = "not_of_contract", .detail = "a part with another digest"};
        }
        text += data;
    }
    if (os::sha256_hex(base::bytes_of(text)) != prepared.text_of("sha256")) {
        return Outcome{.code = "not_of_contract", .detail = "a message with another digest"};
    }
    return Outcome{};
}

base::Result<Outcome> Courier::confirm(std::int64_t number, const std::vector<Value>& documents) {
    Value request;
    request.set("node", options_.node).set("messageNo", number);
    Value verdicts = Value::list();
    for (std::size_t i = 0; i < documents.size() && i < kVerdictsMax; ++i) {
        const std::string id = documents[i].text_of("docId");
        Value verdict;
        verdict.set("docId", id).set("status", "accepted");
        verdicts.items.push_back(verdict.set("erpRef", "erp-" + id));
    }
    const Answer answer = TRY(ask("ConfirmMessage", request.set("result", verdicts)));
    return answer.ok() ? Outcome{} : refused(answer);
}

base::Result<Outgoing> Courier::write(const Plan& plan, const MessageForm& form,
                                      std::int64_t number) {
    Outgoing message{.number = number, .id = exchange::make_uuid(clock_.unix_ms())};
    message.full = plan.full;
    message.path = fmt::format("{}/message-{}", options_.folder, message.id);
    const MessageHeader header{.from = options_.node,
                               .to = options_.shop,
                               .message_no = number,
                               .ack_no = ledger_.received_no(),
                               .created_at = exchange::moment_of(clock_.unix_ms()),
                               .full = plan.full};
    const auto file = TRY(MessageFile::create(message.path, form, header));
    const Assortment assortment = ledger_.planned(plan);
    const auto sink = [&](const Value& object) { return file->item("object", object); };
    TRY(plan.full ? each_object(assortment, sink)
                  : each_price(assortment, plan.first, plan.changed, sink));
    TRY(file->finish());
    message.sha256 = file->sha256();
    message.bytes = file->bytes();
    if (ledger_.outgoing()) {
        TRY(os::remove_file(ledger_.outgoing()->path));
    }
    TRY(write_people(options_.folder, assortment));
    TRY(ledger_.make(message, plan));
    return message;
}

base::Result<Outcome> Courier::put_part(const Outgoing& message, std::int64_t part, bool corrupt) {
    const auto offset = static_cast<std::uint64_t>((part - 1) * options_.part_bytes);
    base::Bytes bytes =
        TRY(os::read_file_at(message.path, offset, static_cast<std::size_t>(options_.part_bytes)));
    Value request;
    request.set("messageId", message.id).set("partNo", part);
    request.set("sha256", os::sha256_hex(bytes));
    if (corrupt && !bytes.empty()) {
        bytes[bytes.size() / 2] ^= base::byte(1);
    }
    const Answer answer = TRY(ask("PutPart", request.set("data", base::string_of(bytes))));
    return answer.ok() ? Outcome{} : refused(answer);
}

base::Result<Outcome> Courier::bring(const Outgoing& message, const Oddity& oddity) {
    const std::int64_t parts =
        std::max<std::int64_t>(1, (message.bytes + options_.part_bytes - 1) / options_.part_bytes);
    for (std::int64_t i = 1; i <= parts; ++i) {
        const std::int64_t part = oddity.reversed ? parts + 1 - i : i;
        Outcome outcome = TRY(put_part(message, part, part == oddity.corrupt_part));
        if (!outcome.code.empty()) {
            return outcome;
        }
    }
    Value request;
    request.set("node", options_.node).set("messageId", message.id);
    request.set("messageNo", message.number).set("ackNo", ledger_.received_no());
    request.set("partCount", parts).set("sha256", message.sha256).set("full", message.full);
    const Answer committed = TRY(ask("CommitMessage", request));
    return committed.ok() ? await_job(committed.body.text_of("jobId")) : refused(committed);
}

base::Result<Outcome> Courier::await_job(const std::string& job) {
    for (;;) {
        Value request;
        const Answer answer =
            TRY(ask("GetJob", request.set("jobId", job).set("waitMs", kJobWaitMs)));
        if (!answer.ok()) {
            return refused(answer);
        }
        const std::string state = answer.body.text_of("state");
        if (state == "done") {
            return Outcome{.told = answer.body};
        }
        if (state == "failed") {
            const auto errors = answer.body.all("error");
            const std::string code = errors.empty() ? "" : errors.front().text_of("code");
            return Outcome{.code = "job_failed", .detail = code, .told = answer.body};
        }
        if (pause_.stopped()) {
            return base::make_error(ErrorCode::cancelled, "the simulator stops");
        }
    }
}

base::Result<Outcome> Courier::test(const std::string& node) {
    const Answer answer = TRY(ask("TestConnection", Value().set("node", node)));
    return answer.ok() ? Outcome{.told = answer.body} : refused(answer);
}

}  // namespace tillhost::simulators::accounting
