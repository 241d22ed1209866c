#include "ipc/client/tillctl/receipt_file.h"

#include <fmt/format.h>

#include "hal/os/files.h"
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

}  // namespace

base::Result<Receipt> read_receipt(std::string_view json) {
    const Value tree = TRY(ipc::from_json(json));
    TRY(only_known_fields(tree, contract::to_value(with_every_field()), ""));
    auto receipt = TRY(contract::from_value<Receipt>(tree));
    TRY(contract::check_receipt(receipt));
    return receipt;
}

base::Result<Receipt> read_receipt_file(const std::string& path) {
    const auto bytes = os::read_file(path, contract::kFrameBytesMax);
    if (!bytes) {
        return bytes.error();
    }
    auto receipt = read_receipt(base::string_of(*bytes));
    if (!receipt) {
        return base::with_context(std::move(receipt).error(), path);
    }
    return receipt;
}

}  // namespace tillhost::tillctl
