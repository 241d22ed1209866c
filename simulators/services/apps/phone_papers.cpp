// What a phone brings to the server besides commands: documents, tasks, its heartbeat.
#include <fmt/format.h>

#include <algorithm>

#include "simulators/services/apps/phone.h"
#include "simulators/services/exchange/text.h"

namespace tillhost::simulators::apps {
namespace {

constexpr std::size_t kDocumentsAtOnce = 20;
constexpr std::int64_t kBeatMs = 2'000;
constexpr std::int64_t kTaskLeaseS = 60;
constexpr std::string_view kStore = "s1";
constexpr std::string_view kShiftClosed = "shift";

/// The result of a device's host, whether it stands in the operation or alone.
const Value& part_of(const Value& told, std::string_view name) {
    const Value& result = told.has("result") ? told.at("result") : told;
    return result.at(name);
}

Value document_line(const Value& line) {
    const std::int64_t sum = line.number_of("priceMinor") * line.number_of("quantity");
    Value one;
    one.set("goods", Value().set("goodsId", line.text_of("goodsId")));
    one.set("qty", fmt::format("{}.000", line.number_of("quantity")));
    one.set("price", exchange::money_of(line.number_of("priceMinor"))).set("discount", "0.00");
    return one.set("sum", exchange::money_of(sum)).set("vat", "none");
}

Value payment_of(const Sale& sale) {
    Value payment;
    payment.set("typeId", sale.card ? "card" : "cash");
    payment.set("amount", exchange::money_of(sale.total_minor));
    if (sale.card) {
        const Value& paid = part_of(sale.pay->result, "payment");
        payment.set("terminalRef", sale.terminal);
        payment.set("rrn", paid.flag_of("entered_by_hand")
                               ? paid.text_of("reference")
                               : fmt::format("{}", paid.number_of("trace_number")));
    }
    return payment;
}

/// "2026-11-27T10:00", without zone: the contract wants one, and the registrar's is not told.
std::string registered_at(const Value& fiscal, std::int64_t now_ms) {
    const std::string at = fiscal.text_of("registered_at");
    constexpr std::size_t kMinutes = 16;
    return at.size() == kMinutes ? at + ":00.000+00:00" : exchange::moment_of(now_ms);
}

}  // namespace

base::Done Phone::write_receipt() {
    const Sale& sale = *memory_->sale();
    const Value& fiscal = part_of(sale.fiscal->result, "fiscal");
    // A registrar without a fiscal storage is known by its own number.
    const std::string memory = fiscal.text_of("fiscal_memory");
    Value sign;
    sign.set("registrar", sale.registrar);
    sign.set("fnNumber", memory.empty() ? fiscal.text_of("serial") : memory);
    sign.set("fdNumber", fiscal.number_of("fiscal_document_number"));
    sign.set("fpd", fmt::format("{}", fiscal.number_of("fiscal_sign")));
    sign.set("at", registered_at(fiscal, phone_ms()));
    Value receipt;
    receipt.set("number", fmt::format("{}", sale.number));
    receipt.set("shift", fmt::format("{}", fiscal.number_of("shift_number")));
    receipt.set("type", "sale").set("storeId", kStore);
    for (const Value& line : sale.lines) {
        receipt.add("line", document_line(line));
    }
    receipt.add("payment", payment_of(sale));
    receipt.set("total", exchange::money_of(sale.total_minor)).set("fiscal", sign);
    receipt.set("discountsOffline", false);
    return write_document(Value().set("receipt", receipt), sale.number, "");
}

base::Done Phone::write_document(Value body, std::int64_t sale, const std::string& task) {
    Value document;
    document.set("docId", exchange::make_uuid(phone_ms() - skew_told_ms_));
    document.set("deviceSeq", memory_->next_seq());
    document.set("schemaVersion", misdeeds_.schema_version);
    document.set("createdAt", exchange::moment_of(phone_ms()));
    document.set("userId", server_.user_id().empty() ? "unknown" : server_.user_id());
    document.set("body", std::move(body));
    const bool forgotten = std::exchange(misdeeds_.drop_document, false);
    TRY(memory_->add_document(document, sale, task, forgotten));
    if (std::exchange(misdeeds_.double_document, false)) {
        document.set("docId", exchange::make_uuid(phone_ms() - skew_told_ms_));
        document.set("deviceSeq", memory_->next_seq());
        TRY(memory_->add_document(document, 0, "", false));
    }
    return {};
}

base::Result<bool> Phone::send_documents() {
    const std::deque<Value>& queue = memory_->queue();
    if (queue.empty()) {
        return false;
    }
    const std::size_t count = std::min(queue.size(), kDocumentsAtOnce);
    Value request;
    for (std::size_t i = 0; i < count; ++i) {
        request.add("document", queue[i]);
    }
    const Talk talk = server_.call_as_device("PutDocuments", request);
    if (took(talk)) {
        TRY(take_results(server_.body()));
        return true;
    }
    // Something in them is wrong: alone, so that one does not hold up the others.
    if (talk == Talk::refused && count == 1) {
        TRY(memory_->answered(queue.front().text_of("docId"), server_.fault().code));
    } else if (talk == Talk::refused) {
        const Value first = Value().add("document", queue.front());
        const Talk alone = server_.call_as_device("PutDocuments", first);
        if (took(alone)) {
            TRY(take_results(server_.body()));
        } else if (alone == Talk::refused) {
            TRY(memory_->answered(queue.front().text_of("docId"), server_.fault().code));
        }
    }
    return true;
}

base::Done Phone::take_results(const Value& answer) {
    for (const Value& result : answer.all("result")) {
        const std::string status = result.text_of("status");
        if (status == "retry") {
            wait_ms_ = std::max(wait_ms_, kBeatMs);
        } else {
            TRY(memory_->answered(result.text_of("docId"), status));
        }
    }
    return {};
}

base::Result<bool> Phone::do_task() {
    for (const std::string& task : feed_->tasks_of(server_.user_id())) {
        if (memory_->did_task(task)) {
            continue;
        }
        Value request;
        request.set("taskId", task);
        const Talk locked = server_.call("LockTask", Value(request).set("leaseSec", kTaskLeaseS));
        if (!took(locked)) {
            return true;
        }
        Value result;
        result.set("taskId", task).set("outcome", "done");
        TRY(write_document(Value().set("taskResult", result), 0, task));
        took(server_.call("ReleaseTask", request));  // else its time runs out
        return true;
    }
    return false;
}

base::Result<bool> Phone::close_shift() {
    if (memory_->did_task(std::string(kShiftClosed))) {
        closed_ = true;
        return false;
    }
    Value shift;
    shift.set("number", "1").set("event", "closed").set("storeId", kStore);
    shift.set("receipts", memory_->sold());
    TRY(write_document(Value().set("shift", shift), 0, std::string(kShiftClosed)));
    return true;
}

void Phone::beat() {
    if (skew_known_ && clock_.unix_ms() < next_beat_ms_) {
        return;
    }
    next_beat_ms_ = clock_.unix_ms() + kBeatMs;
    Value request;
    request.set("queueLength", static_cast<std::int64_t>(memory_->queue().size()));
    request.set("lastSeq", memory_->next_seq() - 1);
    if (!memory_->queue().empty()) {
        request.set("oldestUnsentAt", memory_->queue().front().text_of("createdAt"));
    }
    request.set("appVersion", "1.0").set("freeBytes", std::int64_t{1} << 30U);
    request.set("batteryPercent", 80).set("clockAt", exchange::moment_of(phone_ms()));
    for (const std::int64_t number : taken_) {
        request.add("taken", number);
    }
    if (!took(server_.call("Heartbeat", request))) {
        return;
    }
    taken_.clear();
    if (const auto at = exchange::moment_read(server_.body().text_of("serverTime"))) {
        skew_told_ms_ = phone_ms() - *at;
        skew_known_ = true;
    }
    heed(server_.body());
}

void Phone::heed(const Value& answer) {
    for (const Value& command : answer.all("command")) {
        const std::string kind = command.text_of("kind");
        if (command.has("number")) {  // it comes again until a heartbeat says that it was taken
            taken_.push_back(command.number_of("number"));
        }
        if (kind == "revoke" || kind == "wipe") {
            revoked_ = true;
        } else if (kind == "resync") {
            const base::Done anew = feed_->begin_anew();
            last_fault_ = anew ? last_fault_ : base::to_text(anew.error());
        }
    }
}

}  // namespace tillhost::simulators::apps
