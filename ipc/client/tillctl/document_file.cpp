#include "ipc/client/tillctl/document_file.h"

#include <fmt/format.h>

#include "hal/os/files.h"
#include "ipc/client/check_package/check_package.h"
#include "ipc/contract/decoder.h"
#include "ipc/contract/envelope.h"
#include "ipc/contract/receipt_rules.h"
#include "ipc/json.h"

namespace tillhost::tillctl {
namespace {

using contract::Receipt;
using contract::Value;

contract::Tag every_tag() { return {1191, contract::TagKind::text, "x", 1, base::bytes_of("x")}; }

/// A receipt in which no field has its default, so that the tree written from it names them all.
Receipt with_every_field() {
    Receipt receipt;
    receipt.kind = contract::ReceiptKind::sale;
    receipt.currency = "XTS";
    receipt.tax_system = contract::TaxSystem::patent;
    receipt.cashier = contract::Cashier{"x", "1"};
    contract::ReceiptLine line;
    line.quantity_scale = 1;
    line.discount_minor = 1;
    line.department = 2;
    line.item_type = contract::ItemType::service;
    line.payment_method = contract::PaymentMethod::advance;
    line.measure = 11;
    line.marking = contract::Marking{base::bytes_of("x"), contract::MarkingPlan::piece_returned};
    line.tags = {every_tag()};
    receipt.lines.push_back(line);
    receipt.discount_minor = 1;
    receipt.payments.emplace_back();
    receipt.text.emplace_back("x");
    receipt.customer_contact = "x";
    receipt.customer_name = "x";
    receipt.customer_tax_id = "1";
    receipt.electronic_only = true;
    receipt.marking_policy = contract::MarkingPolicy::require_checked;
    receipt.tags = {every_tag()};
    return receipt;
}

/// The names that a sale has beside its receipt.
Value sale_pattern() {
    contract::Sale sale;
    sale.receipt = with_every_field();
    sale.registrar = sale.substitute = sale.terminal = sale.printer = sale.drawer = "x";
    sale.open_drawer = true;
    return contract::to_value(sale);
}

/// A document with a block of each kind; in the tree they are one item with a field for each.
Value print_document_pattern() {
    contract::PrintedText text{"x", contract::Alignment::right, true, true, true, true};
    contract::PrintBarcode barcode;
    barcode.height_dots = barcode.module_dots = 1;
    barcode.alignment = contract::Alignment::right;
    barcode.text_below = false;
    contract::PrintPicture picture;
    picture.alignment = contract::Alignment::right;
    Value::Map blocks{{"text", contract::to_value(text)},
                      {"barcode", contract::to_value(barcode)},
                      {"picture", contract::to_value(picture)},
                      {"feed", contract::to_value(contract::FeedPaper{})}};
    return Value(Value::Map{{"blocks", Value(Value::Array{Value(std::move(blocks))})},
                            {"copy", Value(true)},
                            {"cut", Value(std::string("full"))}});
}

std::string names_of(const Value::Map& fields) {
    std::string names;
    for (const auto& [name, value] : fields) {
        names += (names.empty() ? "" : ", ") + name;
    }
    return names;
}

/// The first field of `given` that the pattern does not have.
base::Done only_known_fields(const Value& given, const Value& pattern, const std::string& path) {
    const auto* items = given.get_if<Value::Array>();
    const auto* item_patterns = pattern.get_if<Value::Array>();
    if (items != nullptr && item_patterns != nullptr) {
        for (std::size_t i = 0; i < items->size(); ++i) {
            TRY(only_known_fields((*items)[i], item_patterns->front(),
                                  fmt::format("{}[{}]", path, i)));
        }
        return {};
    }
    const auto* fields = given.get_if<Value::Map>();
    const auto* known = pattern.get_if<Value::Map>();
    if (fields == nullptr || known == nullptr) {
        return {};  // of another type: the decoder says so
    }
    for (const auto& [name, value] : *fields) {
        const std::string whole = path.empty() ? name : path + "." + name;
        const Value* one = pattern.find(name);
        if (one == nullptr) {
            return base::bad_field(whole, "no such field; known here: " + names_of(*known));
        }
        TRY(only_known_fields(value, *one, whole));
    }
    return {};
}

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool is_xml(std::string_view text) {
    text.remove_prefix(text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0);
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    return first != std::string_view::npos && text[first] == '<';
}

template <class Document>
base::Result<Document> decoded(const Value& tree, const Value& pattern) {
    TRY(only_known_fields(tree, pattern, ""));
    return contract::from_value<Document>(tree);
}

base::Result<Receipt> receipt_of(const Value& tree) {
    auto receipt = TRY(decoded<Receipt>(tree, contract::to_value(with_every_field())));
    TRY(contract::check_receipt(receipt));
    return receipt;
}

template <class Read>
auto from_file(const std::string& path, Read read) -> decltype(read(std::string_view())) {
    const auto bytes = os::read_file(path, contract::kFrameBytesMax);
    if (!bytes) {
        return bytes.error();
    }
    auto document = read(base::string_of(*bytes));
    if (!document) {
        return base::with_context(std::move(document).error(), path);
    }
    return document;
}

}  // namespace

base::Result<Receipt> read_receipt(std::string_view text) {
    return is_xml(text) ? check_package::receipt_of(text) : receipt_of(TRY(ipc::from_json(text)));
}

base::Result<contract::Sale> read_sale(std::string_view text) {
    contract::Sale sale;
    if (is_xml(text)) {
        sale.receipt = TRY(check_package::receipt_of(text));
        return sale;
    }
    const Value tree = TRY(ipc::from_json(text));
    if (tree.find("receipt") == nullptr) {
        sale.receipt = TRY(receipt_of(tree));
        return sale;
    }
    sale = TRY(decoded<contract::Sale>(tree, sale_pattern()));
    if (const auto sums = contract::check_receipt(sale.receipt); !sums) {
        return contract::in_field(sums.error(), "receipt");
    }
    return sale;
}

base::Result<contract::PrintDocument> read_print_document(std::string_view text) {
    return decoded<contract::PrintDocument>(TRY(ipc::from_json(text)), print_document_pattern());
}

base::Result<Receipt> read_receipt_file(const std::string& path) {
    return from_file(path, [](std::string_view text) { return read_receipt(text); });
}

base::Result<contract::Sale> read_sale_file(const std::string& path) {
    return from_file(path, [](std::string_view text) { return read_sale(text); });
}

base::Result<contract::PrintDocument> read_print_document_file(const std::string& path) {
    return from_file(path, [](std::string_view text) { return read_print_document(text); });
}

}  // namespace tillhost::tillctl
