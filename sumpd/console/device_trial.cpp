#include "hal/base/text.h"
#include "ipc/client/cpp/client.h"
#include "ipc/contract/decoder.h"
#include "ipc/http/form.h"
#include "ipc/json.h"
#include "sumpd/console/device_pages.h"

// Commands that the console gives to a device: its test, its header and footer. Each goes through
// the gateway's book under an id that was made with the form, so that a form that is sent again is
// the same command, and the page of what became of it can be loaded as often as one likes.
namespace tillhost::sumpd::console {

using exchange::DeviceCommandState;
using http::Access;
using http::Method;
using http::Response;
using http::Visit;

namespace {

constexpr std::int64_t kStartWithinMs = 60'000;
constexpr std::int64_t kWaitMs = 2000;  ///< a page waits so long for the end of a command
constexpr int kMinorDigits = 2;
constexpr std::int64_t kMinorMax = 99'999'999;

/// "12.5" as 1250; nothing for what is no amount above nothing.
std::optional<std::int64_t> minor_of(std::string_view typed) {
    const auto number = base::parse_decimal(typed);
    if (!number || number->scale > kMinorDigits || number->units <= 0 ||
        number->units > kMinorMax) {
        return std::nullopt;
    }
    std::int64_t minor = number->units;
    for (int scale = number->scale; scale < kMinorDigits; ++scale) {
        minor *= 10;
    }
    return minor <= kMinorMax ? std::optional(minor) : std::nullopt;
}

template <class Record>
std::string json_of(const Record& record) {
    return ipc::to_json(contract::to_value(record, contract::Style::readable), -1);
}

/// One command of a form.
struct Order {
    std::string op{};
    std::string payload{};
};

contract::Receipt test_receipt(const Visit& visit, std::int64_t minor) {
    contract::ReceiptLine line;
    line.name = std::string(text(visit.language, Text::test_goods));
    line.price_minor = minor;
    line.quantity_units = 1;
    line.vat = contract::Vat::no_vat;
    contract::Receipt receipt;
    receipt.kind = visit.field("kind") == "return" ? contract::ReceiptKind::sale_return
                                                   : contract::ReceiptKind::sale;
    receipt.lines.push_back(std::move(line));
    receipt.payments.push_back({contract::PaymentKind::cash, minor});
    return receipt;
}

/// Nothing: the form says nothing that can be done; `why` says what is wrong.
std::optional<Order> order_in(const Visit& visit, std::string& why) {
    const std::string_view what = visit.field("what");
    if (what == "x_report" || what == "diagnose") {
        return Order{std::string(what), "{}"};
    }
    if (what == "print_text") {
        contract::PrintText lines;
        lines.lines = {std::string(text(visit.language, Text::test_line))};
        lines.substitute = true;
        return Order{"print_text", json_of(lines)};
    }
    const auto minor = minor_of(visit.field("amount"));
    if (!minor) {
        why = text(visit.language, Text::amount_wanted);
        return std::nullopt;
    }
    if (what == "authorise") {
        contract::Authorise charge;
        charge.amount_minor = *minor;
        charge.currency = std::string(visit.field("currency"));
        return Order{"authorise", json_of(charge)};
    }
    return Order{"receipt", json_of(test_receipt(visit, *minor))};
}

std::vector<std::string> lines_of(std::string_view typed) {
    std::vector<std::string> lines;
    while (!typed.empty()) {
        const std::size_t end = std::min(typed.find('\n'), typed.size());
        std::string line(typed.substr(0, end));
        if (!line.empty() && line.back() == '\r') {
            line.pop_back();
        }
        lines.push_back(std::move(line));
        typed.remove_prefix(std::min(end + 1, typed.size()));
    }
    return lines;
}

std::string command_path(const DeviceKind& kind, std::string_view device, std::string_view id) {
    return device_path(kind, device) + "/test/" + http::percent_encode(id);
}

/// Hands the order over under the id that the form brought, and goes to its page.
Response give(const Parts& parts, const Visit& visit, const DeviceKind& kind, const Order& order) {
    const std::string device(visit.parameter("device"));
    const std::string id(visit.field("command"));
    exchange::StartCommand request;
    request.command_id = {id};
    request.device_ref = device;
    request.op = order.op;
    request.payload = order.payload;
    request.timeout_ms = kStartWithinMs;
    const auto taken =
        parts.gateway.start_command({.app = kConsoleApp}, request, contract::Role::administrator);
    if (!taken) {
        const View view = refused_view(visit, taken.error());
        return page(
            view, kind.section,
            panel::heading(text(view.language, Text::test)) +
                link_line("/settings/commands", text(view.language, Text::commands)) +
                link_line(device_path(kind, device), text(view.language, Text::back_to_device)));
    }
    log(parts, visit, "device." + order.op, device);
    static_cast<void>(parts.store.audit().note({.actor = user_of(visit),
                                                .address = visit.request.peer,
                                                .action = "device.command",
                                                .target = device,
                                                .after = order.op + " " + id}));
    return http::see_other(command_path(kind, device, id));
}

Response test(const Parts& parts, const Visit& visit, const DeviceKind& kind) {
    std::string why;
    const auto order = order_in(visit, why);
    if (!order) {
        const std::string device(visit.parameter("device"));
        const View view = error_view(visit, why);
        return page(
            view, kind.section,
            panel::heading(text(view.language, Text::test)) +
                test_forms(parts, view, kind, device) +
                link_line(device_path(kind, device), text(view.language, Text::back_to_device)));
    }
    return give(parts, visit, kind, *order);
}

Response layout(const Parts& parts, const Visit& visit, const DeviceKind& kind) {
    contract::SetLayout lines;
    lines.header = lines_of(visit.field("header"));
    lines.footer = lines_of(visit.field("footer"));
    return give(parts, visit, kind, {"set_layout", json_of(lines)});
}

Markup result_of(const View& view, const std::string& json) {
    const auto say = [&](Text which) { return text(view.language, which); };
    const auto value = ipc::from_json(json);
    const auto told = value ? contract::from_value<contract::Operation>(*value)
                            : base::Result<contract::Operation>(value.error());
    if (!told || !told->result) {
        return {};
    }
    Markup rows;
    if (const auto* fiscal = std::get_if<contract::FiscalResult>(&*told->result)) {
        rows +=
            panel::fact(say(Text::registered), yes_no(view, fiscal->registered)) +
            panel::fact(say(Text::printed),
                        yes_no(view, fiscal->printed == contract::Printed::printed)) +
            panel::fact(say(Text::fiscal_number), std::to_string(fiscal->fiscal_document_number)) +
            panel::fact(say(Text::fiscal_sign), std::to_string(fiscal->fiscal_sign)) +
            panel::fact(say(Text::total), base::decimal_to_text(fiscal->total_minor, kMinorDigits));
    } else if (const auto* paid = std::get_if<contract::PaymentResult>(&*told->result)) {
        rows +=
            panel::fact(say(Text::total), base::decimal_to_text(paid->amount_minor, kMinorDigits) +
                                              " " + paid->currency) +
            panel::fact(say(Text::card), paid->card_name + " " + paid->card_number) +
            panel::fact(say(Text::receipt_number), std::to_string(paid->receipt_number));
    }
    return panel::facts(rows);
}

Response outcome(const Parts& parts, const Visit& visit, const DeviceKind& kind) {
    const View view = view_of(visit);
    const std::string id(visit.parameter("command"));
    const std::string device(visit.parameter("device"));
    const auto told = parts.gateway.get_command(kConsoleApp, {{id}, kWaitMs});
    if (!told) {
        return message_page(refused_view(visit, told.error()), kind.section,
                            text(view.language, Text::not_found), 404);
    }
    const auto say = [&](Text which) { return text(view.language, which); };
    Markup rows = panel::fact(say(Text::state), text_of(view.language, told->state)) +
                  panel::fact(say(Text::device), told->device_ref);
    if (told->error) {
        rows += panel::fact(say(Text::reason), *told->error);
    }
    Markup html = panel::heading(say(Text::test)) + panel::facts(rows);
    if (told->result) {
        html += result_of(view, *told->result);
    }
    if (told->state != DeviceCommandState::done && told->state != DeviceCommandState::failed) {
        html += link_line(command_path(kind, device, id), say(Text::look_again));
    }
    if (told->state == DeviceCommandState::unknown) {
        html += panel::paragraph(say(Text::unknown_says));
    }
    return page(view, kind.section,
                html + link_line(device_path(kind, device), say(Text::back_to_device)));
}

/// A form with an id of its own.
Markup order_form(const Parts& parts, const View& view, std::string_view path,
                  std::string_view what, const Markup& fields, Text label) {
    return console::form(
        view, path,
        panel::hidden("command", client::make_operation_id(parts.clock).to_text()) +
            panel::hidden("what", what) + fields + panel::button(text(view.language, label)));
}

}  // namespace

Markup test_forms(const Parts& parts, const View& view, const DeviceKind& kind,
                  const std::string& device) {
    const auto say = [&](Text which) { return text(view.language, which); };
    const std::string path = device_path(kind, device) + "/test";
    Markup html = panel::heading(say(Text::test), 2);
    const Markup amount =
        panel::input(say(Text::amount), {.name = "amount", .required = true, .value = "1.00"});
    if (kind.section == Section::registrars) {
        const Markup which = panel::choice(say(Text::kind), "kind",
                                           {{"sale", std::string(say(Text::receipt_sale))},
                                            {"return", std::string(say(Text::receipt_return))}},
                                           "sale");
        return html + panel::paragraph(say(Text::test_receipt_says)) +
               order_form(parts, view, path, "receipt", which + amount, Text::test_receipt) +
               order_form(parts, view, path, "x_report", {}, Text::x_report) +
               order_form(parts, view, path, "print_text", {}, Text::print_line);
    }
    const Markup currency =
        panel::input(say(Text::currency), {.name = "currency", .required = true, .value = "EUR"});
    return html + panel::paragraph(say(Text::test_payment_says)) +
           order_form(parts, view, path, "diagnose", {}, Text::diagnose) +
           order_form(parts, view, path, "authorise", amount + currency, Text::test_payment);
}

void add_device_test(http::Router& router, const Parts& parts, const DeviceKind& kind) {
    const std::string card = std::string(kind.path) + "/{device}";
    router.add(Method::post, card + "/test", Access::administrator,
               [&](const Visit& visit) { return test(parts, visit, kind); });
    router.add(Method::post, card + "/layout", Access::administrator,
               [&](const Visit& visit) { return layout(parts, visit, kind); });
    router.add(Method::get, card + "/test/{command}", Access::administrator,
               [&](const Visit& visit) { return outcome(parts, visit, kind); });
}

}  // namespace tillhost::sumpd::console
