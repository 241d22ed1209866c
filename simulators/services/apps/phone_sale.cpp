// How a phone sells: each step is written down before it is taken, and follows from what was.
#include <fmt/format.h>

#include "simulators/services/apps/phone.h"
#include "simulators/services/exchange/text.h"

namespace tillhost::simulators::apps {
namespace {

constexpr std::uint64_t kLinesMax = 3;
constexpr std::uint64_t kQuantityMax = 4;
/// Until when a device must have begun with a command.
constexpr std::int64_t kStartMs = 120'000;
constexpr std::int64_t kOutcomeWaitMs = 5'000;
/// Behind a receipt that the registrar refused.
constexpr std::int64_t kAfterRefusalMs = 1'000;

Value receipt_line(const Value& line) {
    Value one;
    one.set("name", line.text_of("name")).set("price_minor", line.number_of("priceMinor"));
    return one.set("quantity_units", line.number_of("quantity")).set("vat", "no_vat");
}

}  // namespace

bool Phone::wants_customer() const {
    return !memory_->sale() && !closing_ && memory_->last_sale() < sales_wanted_;
}

base::Result<bool> Phone::go_on_selling() {
    if (!memory_->sale()) {
        if (!wants_customer()) {
            return false;
        }
        TRY(begin_sale());
        return true;
    }
    const Sale& sale = *memory_->sale();
    if (sale.card && (!sale.pay || sale.pay->state != "done")) {
        TRY(pay());
    } else if (!sale.fiscal || sale.fiscal->state != "done") {
        TRY(register_sale());
    } else {
        TRY(write_receipt());
        wait_ms_ = std::max(wait_ms_, options_.pace_ms);
    }
    return true;
}

base::Done Phone::begin_sale() {
    Sale sale{.number = memory_->last_sale() + 1};
    const std::uint64_t lines = 1 + random_.below(kLinesMax);
    for (std::uint64_t i = 0; i < lines; ++i) {
        const Good* good = feed_->choose(random_.next());
        if (good == nullptr) {
            wait_ms_ = kAfterRefusalMs;
            return {};
        }
        const auto quantity = static_cast<std::int64_t>(1 + random_.below(kQuantityMax));
        Value line;
        line.set("goodsId", good->id).set("name", good->name);
        line.set("priceMinor", good->price_minor).set("quantity", quantity);
        sale.lines.push_back(std::move(line));
        sale.total_minor += good->price_minor * quantity;
    }
    constexpr std::uint64_t kPermille = 1000;
    sale.card = !terminals_.empty() && random_.below(kPermille) < options_.card_permille;
    sale.registrar = registrars_[random_.below(registrars_.size())];
    sale.terminal = sale.card ? terminals_[random_.below(terminals_.size())] : "";
    return memory_->begin_sale(sale);
}

base::Done Phone::pay() {
    const Sale& sale = *memory_->sale();
    if (sale.pay && !sale.pay->state.empty()) {
        return memory_->abandon_sale("not paid");
    }
    if (sale.pay) {
        return carry(*sale.pay);
    }
    Value payload;
    payload.set("amount_minor", sale.total_minor).set("currency", "RUB");
    return make_command("pay", sale.terminal, "authorise", json_of(payload));
}

base::Done Phone::register_sale() {
    const Sale& sale = *memory_->sale();
    if (sale.fiscal && sale.fiscal->state.empty()) {
        return carry(*sale.fiscal);
    }
    if (sale.fiscal) {  // certainly not registered: once more, under a new id
        wait_ms_ = std::max(wait_ms_, kAfterRefusalMs);
    }
    Value payload;
    payload.set("kind", "sale");
    for (const Value& line : sale.lines) {
        payload.add("lines", receipt_line(line));
    }
    Value payment;
    payment.set("kind", sale.card ? "electronic" : "cash");
    payload.add("payments", payment.set("amount_minor", sale.total_minor));
    return make_command("fiscal", sale.registrar, "receipt", json_of(payload));
}

base::Done Phone::make_command(const std::string& step, const std::string& device,
                               const std::string& op, const std::string& payload) {
    // An id with a time ahead of the shop's would be refused; the server told how far we are.
    const std::string id = exchange::make_uuid(phone_ms() - skew_told_ms_);
    return memory_->begin_command(
        {.id = id, .step = step, .device = device, .op = op, .payload = payload});
}

/// Brings a command to the server, or looks what became of it. One that this run of the program
/// has not sent may be there from an earlier one: then it is asked for first.
base::Done Phone::carry(const Command& command) {
    if (asked_id_ == command.id || put_id_ != command.id) {
        return look_at(command);
    }
    Value request;
    request.set("commandId", command.id).set("deviceRef", command.device).set("op", command.op);
    request.set("payload", command.payload).set("timeoutMs", kStartMs);
    // The phone has one sale at a time and knows it from the last one, whatever they look like.
    request.set("force", true);
    const Talk talk = server_.call("StartCommand", request);
    if (took(talk)) {
        asked_id_ = command.id;
        return {};
    }
    if (talk == Talk::refused) {
        return memory_->end_command(command.id, "refused", Value(), last_fault_);
    }
    put_id_.clear();  // its answer was lost: look before it is sent again
    return {};
}

base::Done Phone::look_at(const Command& command) {
    Value request;
    request.set("commandId", command.id).set("waitMs", kOutcomeWaitMs);
    const Talk talk = server_.call("GetCommand", request);
    if (!took(talk)) {
        if (talk == Talk::refused && server_.fault().code == "not_found") {
            wait_ms_ = 0;
            asked_id_.clear();
            put_id_ = command.id;
        }
        return {};
    }
    asked_id_ = command.id;
    const Value answer = server_.body();
    const std::string state = answer.text_of("state");
    if (answer.has("prompt")) {
        say_what_the_slip_says(command, answer.at("prompt"));
        return {};
    }
    if (state != "done" && state != "failed") {
        return {};
    }
    Value result;
    if (answer.has("result")) {
        const base::Result<Value> told = exchange::parse_json(answer.text_of("result"));
        result = told ? *told : Value();
    }
    return memory_->end_command(command.id, state, result, answer.text_of("error"));
}

/// At a terminal without a link the cashier types what its paper says. What that is follows from
/// the command's id, so that it is the same after a lost answer and after kill -9, and another
/// command's is another. What became of it is asked for as ever.
void Phone::say_what_the_slip_says(const Command& command, const Value& prompt) {
    constexpr std::uint64_t kSlipMax = 999'999'999;
    std::uint64_t seed = 0;
    for (const char one : command.id) {
        seed = seed * 31 + static_cast<std::uint8_t>(one);
    }
    const auto number = static_cast<std::int64_t>(1 + Random(seed).below(kSlipMax));
    const std::int64_t amount = prompt.number_of("amountMinor");
    Value slip;
    slip.set("commandId", command.id).set("outcome", "approved").set("amountMinor", amount);
    slip.set("amountAgainMinor", amount).set("receiptNumber", number);
    slip.set("authorisationCode", fmt::format("{:06}", number % 1'000'000));
    slip.set("reference", fmt::format("{:012}", number));
    took(server_.call("AnswerCommand", slip));
}

}  // namespace tillhost::simulators::apps
