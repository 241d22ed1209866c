#include "simulators/devsim/control_protocol.h"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>

#include "hal/base/money.h"
#include "hal/base/text.h"
#include "simulators/core/fiscal_control.h"
#include "simulators/core/printer_control.h"
#include "simulators/core/scanner_control.h"
#include "simulators/core/terminal_control.h"
#include "simulators/core/token_control.h"

namespace tillhost::devsim {
namespace {

using nlohmann::json;
using simulators::FiscalDocument;
using simulators::FiscalDocumentType;
using simulators::FiscalOperation;

constexpr std::array<std::pair<std::string_view, Question>, 9> kCommands{
    {{"fault", Question::fault},
     {"state", Question::state},
     {"documents", Question::documents},
     {"transactions", Question::transactions},
     {"tape", Question::tape},
     {"power", Question::power},
     {"scan", Question::scan},
     {"line", Question::line},
     {"do", Question::act}}};

std::string_view name_of(FiscalDocumentType type) {
    switch (type) {
        case FiscalDocumentType::registration: return "registration";
        case FiscalDocumentType::shift_open: return "shift_open";
        case FiscalDocumentType::receipt: return "receipt";
        case FiscalDocumentType::shift_close: return "shift_close";
        case FiscalDocumentType::correction: return "correction";
        case FiscalDocumentType::settlement: return "settlement";
        case FiscalDocumentType::cash_in: return "cash_in";
        case FiscalDocumentType::cash_out: return "cash_out";
    }
    return "";
}

std::string_view name_of(FiscalOperation operation) {
    switch (operation) {
        case FiscalOperation::none: return "";
        case FiscalOperation::sale: return "sale";
        case FiscalOperation::sale_return: return "sale_return";
        case FiscalOperation::purchase: return "purchase";
        case FiscalOperation::purchase_return: return "purchase_return";
    }
    return "";
}

json json_of(const simulators::FiscalState& state) {
    return {{"serial", state.serial},
            {"fiscal_memory", state.fiscal_memory},
            {"mode", state.mode},
            {"powered", state.powered},
            {"paper", state.paper},
            {"printing", state.printing},
            {"document_open", state.document_open},
            {"shift_open", state.shift_open},
            {"shift_expired", state.shift_expired},
            {"shift_number", state.shift_number},
            {"receipt_number", state.receipt_number},
            {"last_document_number", state.last_document_number},
            {"unsent_documents", state.unsent_documents},
            {"cash_minor", state.cash_minor},
            {"clock_ms", state.clock_ms},
            {"faults_fired", state.faults_fired},
            {"failure", state.failure}};
}

json json_of(const simulators::ScannerState& state) {
    return {{"powered", state.powered},
            {"reads", state.reads},
            {"bytes", state.bytes},
            {"faults_fired", state.faults_fired}};
}

json json_of(const simulators::PrinterState& state) {
    return {{"model", state.model},
            {"powered", state.powered},
            {"online", state.online},
            {"cover_open", state.cover_open},
            {"paper", state.paper},
            {"error", state.error},
            {"drawer_open", state.drawer_open},
            {"pulses_pin_2", state.pulses[0]},
            {"pulses_pin_5", state.pulses[1]},
            {"pulses_ignored", state.pulses_ignored},
            {"printed_lines", state.printed_lines},
            {"cuts", state.cuts},
            {"marks_answered", state.marks_answered},
            {"unknown_commands", state.unknown_commands},
            {"lost_bytes", state.lost_bytes},
            {"buffered_bytes", state.buffered_bytes},
            {"display_bytes", state.display_bytes},
            {"faults_fired", state.faults_fired},
            {"failure", state.failure}};
}

json json_of(const std::vector<simulators::DrawerPulse>& pulses) {
    json all = json::array();
    for (const simulators::DrawerPulse& pulse : pulses) {
        all.push_back({{"pin", pulse.pin},
                       {"on_ms", pulse.on_ms},
                       {"off_ms", pulse.off_ms},
                       {"real_time", pulse.real_time}});
    }
    return all;
}

std::string_view name_of(simulators::CardTransactionKind kind) {
    using Kind = simulators::CardTransactionKind;
    switch (kind) {
        case Kind::payment: return "payment";
        case Kind::refund: return "refund";
        case Kind::reversal: return "reversal";
        case Kind::day_end: return "day_end";
    }
    return "";
}

std::string_view name_of(simulators::CardTransactionState state) {
    using State = simulators::CardTransactionState;
    switch (state) {
        case State::stored: return "stored";
        case State::reversed: return "reversed";
        case State::auto_reversed: return "auto_reversed";
        case State::declined: return "declined";
    }
    return "";
}

json json_of(const simulators::CardTransaction& transaction) {
    return {{"kind", name_of(transaction.kind)},
            {"state", name_of(transaction.state)},
            {"number", transaction.number},
            {"receipt_number", transaction.receipt_number},
            {"trace_number", transaction.trace_number},
            {"turnover_number", transaction.turnover_number},
            {"original_trace", transaction.original_trace},
            {"amount_minor", transaction.amount_minor},
            {"currency", transaction.currency},
            {"date_time_ms", transaction.date_time_ms},
            {"pan", transaction.pan},
            {"card_name", transaction.card_name},
            {"card_type", transaction.card_type},
            {"local", transaction.local}};
}

json json_of(const simulators::TerminalState& state) {
    return {{"terminal_id", state.terminal_id},
            {"phase", state.phase},
            {"powered", state.powered},
            {"registered", state.registered},
            {"connected", state.connected},
            {"pending", state.pending},
            {"lock", state.lock},
            {"receipt_number", state.receipt_number},
            {"trace_number", state.trace_number},
            {"turnover_number", state.turnover_number},
            {"clock_ms", state.clock_ms},
            {"faults_fired", state.faults_fired},
            {"failure", state.failure}};
}

json json_of(const simulators::TokenState& state) {
    json credentials = json::array();
    for (const simulators::TokenCredential& one : state.credentials) {
        credentials.push_back({{"id", base::to_hex(one.id)},
                               {"rp", one.rp},
                               {"user", one.user},
                               {"resident", one.resident},
                               {"counter", one.counter}});
    }
    return {{"serial", state.serial},
            {"aaguid", base::to_hex(state.aaguid)},
            {"powered", state.powered},
            {"pin_set", state.pin_set},
            {"always_uv", state.always_uv},
            {"waits_for_touch", state.waits_for_touch},
            {"counter", state.counter},
            {"channels", state.channels},
            {"attestation_root", state.attestation_root},
            {"credentials", std::move(credentials)},
            {"faults_fired", state.faults_fired},
            {"failure", state.failure}};
}

double microseconds(os::Duration duration) { return static_cast<double>(duration.count()) / 1e3; }

json json_of(const simulators::LineFigures::Waits& waits) {
    return {{"count", waits.count},
            {"p50_us", microseconds(waits.p50)},
            {"p99_us", microseconds(waits.p99)},
            {"max_us", microseconds(waits.max)}};
}

json json_of(const simulators::LineFigures& line) {
    return {{"host_bytes", line.host_bytes},      {"device_bytes", line.device_bytes},
            {"span_us", microseconds(line.span)}, {"busy_us", microseconds(line.busy)},
            {"turns", json_of(line.turns)},       {"questions", json_of(line.questions)}};
}

/// Tags by number; values in hex, because what they mean is the family's affair.
json json_of(const std::vector<simulators::FiscalTag>& tags) {
    json all = json::array();
    for (const simulators::FiscalTag& tag : tags) {
        all.push_back({{"tag", tag.number}, {"value", base::to_hex(tag.value)}});
    }
    return all;
}

json json_of(const FiscalDocument& document) {
    json lines = json::array();
    for (const simulators::FiscalLine& line : document.lines) {
        lines.push_back({{"name", line.name},
                         {"quantity_micro", line.quantity_micro},
                         {"price_minor", line.price_minor},
                         {"sum_minor", line.sum_minor},
                         {"vat_code", line.vat_code},
                         {"vat_minor", line.vat_minor},
                         {"department", line.department},
                         {"payment_method", line.payment_method},
                         {"item_type", line.item_type},
                         {"tags", json_of(line.tags)}});
    }
    return {{"type", name_of(document.type)},
            {"operation", name_of(document.operation)},
            {"number", document.number},
            {"sign", document.sign},
            {"device_number", document.device_number},
            {"shift_number", document.shift_number},
            {"receipt_number", document.receipt_number},
            {"total_minor", document.total_minor},
            {"change_minor", document.change_minor},
            {"date_time_ms", document.date_time_ms},
            {"tag", fmt::format("{:016x}", document.tag)},  // 64 bits are no JSON number
            {"operator", document.operator_name},
            {"payments_minor", document.payments_minor},
            {"vat_minor", document.vat_minor},
            {"rounding_minor", document.rounding_minor},
            {"discount_minor", document.discount_minor},
            {"tax_system", document.tax_system},
            {"correction_basis", document.correction_basis},
            {"electronic_only", document.electronic_only},
            {"tags", json_of(document.tags)},
            {"lines", std::move(lines)}};
}

std::string dump(const json& value) {
    // Texts come from the wire; what is not UTF-8 must not end the program.
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

json failure_of(const base::Error& error) {
    return {{"ok", false},
            {"error", {{"code", base::name_of(error.code)}, {"detail", error.detail}}}};
}

base::Done read_keys(const json& object, ControlArguments& request) {
    const auto name = object.find("name");
    if (name == object.end() || !name->is_string()) {
        return base::bad_field("name", "the name of a fault, or a code");
    }
    request.name = name->get<std::string>();
    const auto keys = object.find("keys");
    if (keys == object.end()) {
        return {};
    }
    if (!keys->is_object()) {
        return base::bad_field("keys", "an object of texts or numbers");
    }
    for (const auto& [key, value] : keys->items()) {
        if (value.is_string()) {
            request.keys.emplace_back(key, value.get<std::string>());
        } else if (value.is_number_integer()) {
            request.keys.emplace_back(key, value.dump());
        } else {
            return base::bad_field(key, "a text or a whole number");
        }
    }
    return {};
}

base::Error not_of_this_kind() {
    return base::make_error(base::ErrorCode::not_supported, "a device of this kind has none");
}

base::Result<json> state_of(simulators::Simulator& device) {
    if (const auto* registrar = device.fiscal()) {
        return json_of(registrar->state());
    }
    if (const auto* terminal = device.terminal()) {
        return json_of(terminal->terminal_state());
    }
    if (const auto* scanner = device.scanner()) {
        return json_of(scanner->scanner_state());
    }
    if (const auto* token = device.token()) {
        return json_of(token->token_state());
    }
    if (const auto* printer = device.printer()) {
        json state = json_of(printer->printer_state());
        state["pulses"] = json_of(printer->pulses());
        return state;
    }
    return not_of_this_kind();
}

base::Result<json> documents_of(const simulators::Simulator& device) {
    if (device.fiscal() == nullptr) {
        return not_of_this_kind();
    }
    json documents = json::array();
    for (const FiscalDocument& document : device.fiscal()->documents()) {
        documents.push_back(json_of(document));
    }
    return documents;
}

base::Result<json> transactions_of(const simulators::Simulator& device) {
    if (device.terminal() == nullptr) {
        return not_of_this_kind();
    }
    json transactions = json::array();
    for (const simulators::CardTransaction& transaction : device.terminal()->transactions()) {
        transactions.push_back(json_of(transaction));
    }
    return transactions;
}

base::Done scan(const ControlArguments& request, simulators::Simulator& device, os::Instant now) {
    if (device.scanner() == nullptr) {
        return not_of_this_kind();
    }
    const auto read = TRY(simulators::parse_barcode_read(request.name, request.keys));
    return device.scanner()->read_barcode(read, now);
}

base::Result<json> carry_out(const ControlArguments& request, simulators::Simulator& device,
                             os::Instant now, const Injector& inject) {
    json answer{{"ok", true}};
    switch (request.question) {
        case Question::fault: {
            const simulators::Fault fault =
                TRY(simulators::parse_fault(request.name, request.keys));
            TRY(inject(fault));
            break;
        }
        case Question::state: answer["state"] = TRY(state_of(device)); break;
        case Question::documents: answer["documents"] = TRY(documents_of(device)); break;
        case Question::transactions: answer["transactions"] = TRY(transactions_of(device)); break;
        case Question::tape: answer["tape"] = device.tape(); break;
        case Question::power: device.power(request.power_on, now); break;
        case Question::scan: TRY(scan(request, device, now)); break;
        case Question::act: return not_of_this_kind();
        case Question::line:
            answer["line"] = json_of(device.line());
            if (request.anew) {
                device.meter_anew(now);
            }
            break;
    }
    return answer;
}

std::string document_for_people(const json& document) {
    return fmt::format("{:>6}  {:<12} {:<15} {:>12}  shift {} receipt {}  sign {}\n",
                       document.value("number", 0U), document.value("type", ""),
                       document.value("operation", ""),
                       base::minor_to_text(document.value("total_minor", std::int64_t{0}), 2),
                       document.value("shift_number", 0U), document.value("receipt_number", 0U),
                       document.value("sign", 0U));
}

std::string transaction_for_people(const json& transaction) {
    return fmt::format("{:>6}  {:<9} {:<14} {:>12}  receipt {:04} trace {:06}{}\n",
                       transaction.value("number", 0U), transaction.value("kind", ""),
                       transaction.value("state", ""),
                       base::minor_to_text(transaction.value("amount_minor", std::int64_t{0}), 2),
                       transaction.value("receipt_number", 0U),
                       transaction.value("trace_number", 0U),
                       transaction.value("local", false) ? "  local" : "");
}

}  // namespace

std::string encode_request(const ControlArguments& request) {
    json object = json::object();
    for (const auto& [name, question] : kCommands) {
        if (question == request.question) {
            object["command"] = name;
        }
    }
    if (!request.name.empty()) {
        object["name"] = request.name;
        object["keys"] = json::object();
        for (const auto& [key, value] : request.keys) {
            object["keys"][key] = value;
        }
    }
    if (request.question == Question::power) {
        object["on"] = request.power_on;
    }
    if (request.question == Question::line) {
        object["anew"] = request.anew;
    }
    return dump(object);
}

base::Result<ControlArguments> decode_request(std::string_view line) {
    const json object = json::parse(line, nullptr, false);
    if (!object.is_object()) {
        return base::make_error(base::ErrorCode::malformed, "one JSON object a line");
    }
    const auto command = object.find("command");
    ControlArguments request;
    for (const auto& [name, question] : kCommands) {
        if (command == object.end() || *command != name) {
            continue;
        }
        request.question = question;
        if (question == Question::fault || question == Question::scan) {
            TRY(read_keys(object, request));
        }
        if (question == Question::power) {
            const auto on = object.find("on");
            if (on == object.end() || !on->is_boolean()) {
                return base::bad_field("on", "true or false");
            }
            request.power_on = on->get<bool>();
        }
        if (question == Question::line) {
            const auto anew = object.find("anew");
            if (anew != object.end() && !anew->is_boolean()) {
                return base::bad_field("anew", "true or false");
            }
            request.anew = anew != object.end() && anew->get<bool>();
        }
        return request;
    }
    return base::bad_field("command",
                           "fault, state, documents, transactions, tape, power, scan or line");
}

std::string answer_request(std::string_view line, simulators::Simulator& device, os::Instant now) {
    return answer_request(line, device, now, [&device, now](const simulators::Fault& fault) {
        return device.inject(fault, now);
    });
}

std::string answer_request(std::string_view line, simulators::Simulator& device, os::Instant now,
                           const Injector& inject) {
    const auto request = decode_request(line);
    if (!request) {
        return dump(failure_of(request.error()));
    }
    const auto answer = carry_out(*request, device, now, inject);
    return dump(answer ? *answer : failure_of(answer.error()));
}

std::string answer_for_people(std::string_view answer, bool& failed) {
    const json object = json::parse(answer, nullptr, false);
    failed = !object.is_object() || !object.value("ok", false);
    if (failed) {
        const json error = object.is_object() ? object.value("error", json::object()) : json();
        return error.is_object() ? fmt::format("{}: {}\n", error.value("code", "no answer"),
                                               error.value("detail", ""))
                                 : "no answer\n";
    }
    std::string text;
    for (const json& line : object.value("tape", json::array())) {
        text += line.get<std::string>() + "\n";
    }
    for (const json& document : object.value("documents", json::array())) {
        text += document_for_people(document);
    }
    for (const json& transaction : object.value("transactions", json::array())) {
        text += transaction_for_people(transaction);
    }
    for (const char* part : {"state", "line", "phones"}) {
        const json values = object.value(part, json::object());
        for (const auto& [name, value] : values.items()) {
            text += fmt::format("{:<22} {}\n", name,
                                value.is_string() ? value.get<std::string>() : dump(value));
        }
    }
    return text;
}

}  // namespace tillhost::devsim
