// A sale's steps: how they are named, made, found and told.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "devd/core/sale_desk.h"
#include "devd/core/submission.h"
#include "hal/base/text.h"
#include "hal/os/digest.h"

namespace tillhost::devd::core {
namespace {

using base::Result;
using contract::OperationState;
using contract::SaleRole;
using contract::SaleStage;

constexpr std::string_view kPrinterDrivers = "printer/";

/// 64 bits of a digest written as hex digits.
std::uint64_t bits_of(std::string_view hex, std::size_t from) {
    constexpr std::size_t kDigits = 16;
    std::uint64_t bits = 0;
    const char* const begin = hex.data() + from;
    std::from_chars(begin, begin + kDigits, bits, 16);
    return bits;
}

std::int64_t charge_of(const contract::Receipt& receipt) {
    std::int64_t charge = 0;
    for (const contract::Payment& payment : receipt.payments) {
        charge += payment.kind == contract::PaymentKind::electronic ? payment.amount_minor : 0;
    }
    return charge;
}

void name_device(std::string& device, const std::string& by_default) {
    if (device.empty()) {
        device = by_default;
    }
    if (device == kNobody) {
        device.clear();
    }
}

template <class T>
std::optional<T> result_of(const OperationBook::Entry* step) {
    const bool done = step != nullptr && step->row.state == OperationState::done;
    const T* const result = done && step->row.result ? std::get_if<T>(&*step->row.result) : nullptr;
    return result == nullptr ? std::nullopt : std::optional<T>(*result);
}

contract::PrintDocument document_of(const std::vector<contract::TerminalReceiptLine>& lines) {
    contract::PrintDocument document;
    for (const contract::TerminalReceiptLine& line : lines) {
        contract::PrintedText text;
        text.text = line.text;
        text.alignment = line.alignment;
        text.double_width = line.double_width;
        text.double_height = line.double_height;
        document.blocks.emplace_back(std::move(text));
    }
    document.substitute = true;  // better a wrong letter than no slip
    return document;
}

contract::PrintText text_of(const std::vector<contract::TerminalReceiptLine>& lines, bool last) {
    constexpr std::size_t kLineBytesMax = 128;
    contract::PrintText text;
    for (const contract::TerminalReceiptLine& line : lines) {
        text.lines.emplace_back(base::cut_utf8(line.text, kLineBytesMax));
    }
    text.substitute = true;
    text.cut = last ? contract::CutMode::partial : contract::CutMode::none;
    return text;
}

}  // namespace

base::OperationId step_id(const base::OperationId& sale, SaleRole role, int number) {
    const std::string named =
        fmt::format("{} {} {}", sale.to_text(), contract::name_of(role), number);
    const std::string digest = os::sha256_hex(std::as_bytes(std::span(named.data(), named.size())));
    return base::OperationId::make(sale.unix_ms(), {bits_of(digest, 0), bits_of(digest, 16)});
}

std::vector<std::string> devices_of(const contract::Sale& sale) {
    const bool pays = charge_of(sale.receipt) > 0;
    std::vector<std::string> devices{sale.registrar};
    if (pays) {
        devices.push_back(sale.terminal);
    }
    if (pays && sale.printer != kNobody && !sale.printer.empty()) {
        devices.push_back(sale.printer);  // of the terminal's paper
    }
    if (sale.open_drawer && !sale.drawer.empty()) {
        devices.push_back(sale.drawer);
    }
    return devices;
}

Result<contract::Sale> SaleDesk::completed(contract::Sale sale) const {
    const ShopDefaults& shop = context_.options.shop;
    if (sale.receipt.kind != contract::ReceiptKind::sale) {
        return base::bad_field("command.sale.receipt.kind",
                               "sale; a return is a receipt and a refund");
    }
    name_device(sale.registrar, shop.registrar);
    name_device(sale.substitute, shop.substitute);
    name_device(sale.terminal, shop.terminal);
    if (sale.printer.empty()) {
        sale.printer = shop.printer;
    }
    struct Named {
        const char* field;
        const std::string& device;
        bool needed;
    };
    const bool prints = !sale.printer.empty() && sale.printer != kNobody;
    for (const Named& named :
         {Named{"registrar", sale.registrar, true},
          Named{"substitute", sale.substitute, !sale.substitute.empty()},
          Named{"terminal", sale.terminal, charge_of(sale.receipt) > 0},
          Named{"printer", sale.printer, prints},
          Named{"drawer", sale.drawer, sale.open_drawer && !sale.drawer.empty()}}) {
        if (named.needed && named.device.empty()) {
            return base::bad_field(fmt::format("command.sale.{}", named.field),
                                   "a device id; the shop has no default ([shop] in devd.toml)");
        }
        if (named.needed && lane(named.device) == nullptr) {
            return base::make_error(
                base::ErrorCode::unknown_device,
                fmt::format("command.sale.{}: '{}'", named.field, named.device));
        }
    }
    if (sale.substitute == sale.registrar) {
        sale.substitute.clear();
    }
    return sale;
}

SaleDesk::View SaleDesk::view(const OperationRow& sale) const {
    View at;
    at.sale = &std::get<contract::Sale>(*sale.command);
    at.charge_minor = charge_of(at.sale->receipt);
    for (const auto& [sequence, step] : context_.book.steps_of(sale.id)) {
        switch (role_of(step->row)) {
            case SaleRole::payment: at.payment = step; break;
            case SaleRole::registration:
                at.registration = step;
                at.registrations += 1;
                break;
            case SaleRole::reversal:
                at.reversal = step;
                at.reversals += 1;
                break;
            case SaleRole::slip:
            case SaleRole::drawer:
            case SaleRole::unspecified: break;
        }
    }
    return at;
}

bool SaleDesk::has_steps(const OperationRow& sale) const {
    return !context_.book.steps_of(sale.id).empty();
}

const OperationBook::Entry* SaleDesk::payment_of(const OperationRow& sale) const {
    const View at = view(sale);
    return at.reversal != nullptr ? at.reversal : at.payment;
}

const OperationBook::Entry* SaleDesk::waiting_receipt(const OperationRow& sale) const {
    const View at = view(sale);
    const bool waits = at.registration != nullptr &&
                       at.registration->row.state == contract::OperationState::accepted;
    return waits ? at.registration : nullptr;
}

base::OperationId SaleDesk::payment_step(const OperationRow& sale) const {
    const View at = view(sale);
    return at.payment == nullptr ? base::OperationId() : at.payment->row.id;
}

void SaleDesk::acknowledge_steps(const OperationRow& sale) {
    for (const auto& [sequence, entry] : context_.book.steps_of(sale.id)) {
        if (is_final(entry->row.state) && !entry->row.acknowledged) {
            context_.book.acknowledge(entry->row.id);
        }
    }
}

namespace {

SaleStage stage_of(const OperationRow& sale, bool paying, bool charged, bool registered,
                   bool reversing) {
    if (sale.error && sale.error->code == base::name_of(base::ErrorCode::compensation_open)) {
        return SaleStage::compensation_open;
    }
    if (is_final(sale.state) && !registered) {
        return reversing ? SaleStage::compensated : SaleStage::declined;
    }
    if (registered) {
        return SaleStage::completed;
    }
    if (reversing) {
        return SaleStage::reversing;
    }
    if (charged) {
        return SaleStage::registering;
    }
    return paying ? SaleStage::paying : SaleStage::preflight;
}

}  // namespace

contract::SaleResult SaleDesk::describe(const OperationRow& sale) const {
    const View at = view(sale);
    contract::SaleResult result;
    result.fiscal = result_of<contract::FiscalResult>(at.registration);
    result.payment = result_of<contract::PaymentResult>(at.payment);
    result.reversal = result_of<contract::PaymentResult>(at.reversal);
    result.stage =
        stage_of(sale, at.payment != nullptr, result.payment || at.registration != nullptr,
                 result.fiscal.has_value(), at.reversal != nullptr);
    constexpr std::size_t kStepsMax = 16;
    for (const auto& [sequence, entry] : context_.book.steps_of(sale.id)) {
        if (result.steps.size() == kStepsMax) {
            break;  // pieces of a long slip
        }
        result.steps.push_back(
            {role_of(entry->row), entry->row.id, entry->row.device, entry->row.state});
    }
    return result;
}

void SaleDesk::add(const Entry& sale, SaleRole role, int number, const std::string& device,
                   contract::Command command, std::int64_t start_before_ms) {
    OperationRow row;
    row.id = step_id(sale.row.id, role, number);
    if (context_.book.find(row.id) != nullptr) {
        return;
    }
    row.device = device;
    row.client = sale.row.client;
    row.parent = sale.row.id;
    row.start_before_ms = start_before_ms;
    row.content_hash = content_hash_of(device, command, row.id.to_text());
    row.command = std::move(command);
    context_.book.accept(std::move(row));
    if (const auto of = lanes_.find(device); of != lanes_.end()) {
        of->second->wake();
    }
}

/// Paper is not money: what cannot be printed is seen in the steps and holds nothing up.
void SaleDesk::print_slips(const Entry& sale, const contract::PaymentResult& payment) {
    const View at = view(sale.row);
    const std::string& printer =
        at.sale->printer.empty() ? at.registration->row.device : at.sale->printer;
    const DeviceLane* const of = printer == kNobody ? nullptr : lane(printer);
    if (of == nullptr) {
        return;
    }
    const bool whole = of->describe().driver.starts_with(kPrinterDrivers);
    int number = 0;
    for (const contract::TerminalReceipt& receipt : payment.receipts) {
        for (std::size_t from = 0; from < receipt.lines.size() && number < kSlipPiecesMax;) {
            const std::size_t count =
                whole ? receipt.lines.size() : std::min(kSlipLinesMax, receipt.lines.size() - from);
            const std::vector<contract::TerminalReceiptLine> lines(
                receipt.lines.begin() + static_cast<std::ptrdiff_t>(from),
                receipt.lines.begin() + static_cast<std::ptrdiff_t>(from + count));
            from += count;
            const bool last = from == receipt.lines.size();
            contract::Command command = whole ? contract::Command(document_of(lines))
                                              : contract::Command(text_of(lines, last));
            add(sale, SaleRole::slip, ++number, printer, std::move(command));
        }
    }
}

SaleRole role_of(const OperationRow& step) {
    if (!step.command) {
        return SaleRole::registration;
    }
    if (std::holds_alternative<contract::Authorise>(*step.command)) {
        return SaleRole::payment;
    }
    if (std::holds_alternative<contract::Reverse>(*step.command)) {
        return SaleRole::reversal;
    }
    if (std::holds_alternative<contract::OpenDrawer>(*step.command)) {
        return SaleRole::drawer;
    }
    return std::holds_alternative<contract::Receipt>(*step.command) ? SaleRole::registration
                                                                    : SaleRole::slip;
}

}  // namespace tillhost::devd::core
