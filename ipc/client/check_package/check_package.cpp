#include "ipc/client/check_package/check_package.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <pugixml.hpp>
#include <set>
#include <string>
#include <vector>

#include "hal/base/money.h"
#include "hal/base/text.h"
#include "ipc/client/check_package/values.h"
#include "ipc/contract/decoder.h"
#include "ipc/contract/receipt_rules.h"

namespace tillhost::check_package {
namespace {

using base::bad_field;
using base::Done;
using base::ErrorCode;
using base::make_error;
using base::Result;
using contract::Receipt;
using contract::ReceiptLine;

constexpr std::size_t kLinesMax = 1000;
constexpr std::size_t kTextsMax = 40;
// So that no product of them leaves 64 bits.
constexpr std::int64_t kQuantityMicroMax = 10'000'000'000'000;
constexpr std::int64_t kMinorMax = 99'999'999'999;

/// An element and its place; what it holds is read by name.
class Element final {
public:
    Element(pugi::xml_node node, std::string path) : node_(node), path_(std::move(path)) {}

    std::string at(std::string_view attribute) const {
        return fmt::format("{}/@{}", path_, attribute);
    }
    const std::string& path() const { return path_; }

    /// Empty where it is absent.
    std::string text(const char* name) const { return node_.attribute(name).value(); }
    Result<std::string> needed(const char* name) const {
        std::string value = text(name);
        if (value.empty()) {
            return bad_field(at(name), "is missing");
        }
        return value;
    }
    /// A decimal in units of 10^-decimals; nothing where it is absent.
    Result<std::optional<std::int64_t>> decimal(const char* name, int decimals) const {
        const std::string value = text(name);
        if (value.empty()) {
            return std::optional<std::int64_t>();
        }
        const auto units = decimal_units(value, decimals);
        if (!units) {
            return bad_field(
                at(name), fmt::format("a number such as 172.51, a point and at most {} decimals, "
                                      "below 10000000000, not '{}'",
                                      decimals, value));
        }
        return units;
    }
    /// A whole number of these; `otherwise` where it is absent.
    Result<std::int64_t> number(const char* name, std::int64_t min, std::int64_t max,
                                std::optional<std::int64_t> otherwise = std::nullopt) const {
        const auto units = TRY(decimal(name, 0));
        if (!units && !otherwise) {
            return bad_field(at(name), "is missing");
        }
        if (units && (*units < min || *units > max)) {
            return bad_field(at(name),
                             fmt::format("a whole number from {} to {}, not {}", min, max, *units));
        }
        return units.value_or(otherwise.value_or(0));
    }

    /// Nothing has a value here but these attributes, each at most once, and there is no element
    /// beside these.
    Done holds_only(const std::vector<std::string_view>& attributes,
                    const std::vector<std::string_view>& elements) const {
        std::set<std::string_view> seen;
        for (const pugi::xml_attribute& attribute : node_.attributes()) {
            const std::string_view name = attribute.name();
            if (!seen.insert(name).second) {
                return bad_field(at(name), "stands there twice");
            }
            const bool known =
                std::find(attributes.begin(), attributes.end(), name) != attributes.end();
            if (!known && *attribute.value() != '\0' && !name.starts_with("xmlns")) {
                return make_error(
                    ErrorCode::not_supported,
                    fmt::format("{}: a receipt cannot carry it; carried here: {}", at(name),
                                attributes.empty()
                                    ? "nothing"
                                    : fmt::format("{}", fmt::join(attributes, ", "))));
            }
        }
        for (const pugi::xml_node& child : node_.children()) {
            const std::string_view name = child.name();
            if (std::find(elements.begin(), elements.end(), name) == elements.end()) {
                return make_error(ErrorCode::not_supported,
                                  fmt::format("{}/{}: a receipt cannot carry it", path_,
                                              name.empty() ? "text()" : name));
            }
        }
        return {};
    }
    /// The one element of that name; nothing if there is none.
    Result<std::optional<Element>> child(const char* name) const {
        const pugi::xml_node found = node_.child(name);
        if (found.next_sibling(name)) {
            return bad_field(fmt::format("{}/{}", path_, name), "stands there twice");
        }
        return found ? std::optional<Element>(Element(found, fmt::format("{}/{}", path_, name)))
                     : std::optional<Element>();
    }
    Result<Element> needed_child(const char* name) const {
        auto found = TRY(child(name));
        if (!found) {
            return bad_field(fmt::format("{}/{}", path_, name), "is missing");
        }
        return std::move(*found);
    }
    /// What 1C writes with every receipt, with values or without: only without.
    Done has_nothing_in(std::initializer_list<const char*> names) const {
        for (const char* name : names) {
            if (const auto found = TRY(child(name))) {
                TRY(found->holds_only({}, {}));
            }
        }
        return {};
    }
    /// All elements of that name, counted from 1 in their paths.
    std::vector<Element> all(const char* name) const {
        std::vector<Element> found;
        for (const pugi::xml_node& child : node_.children(name)) {
            found.emplace_back(child, fmt::format("{}/{}[{}]", path_, name, found.size() + 1));
        }
        return found;
    }

private:
    pugi::xml_node node_;
    std::string path_;
};

Done add_tag(const Element& from, const char* name, std::int64_t number,
             std::vector<contract::Tag>& tags) {
    if (std::string value = from.text(name); !value.empty()) {
        tags.push_back({number, contract::TagKind::text, std::move(value), 0, {}});
    }
    return {};
}

/// 0 to 6 as 1C counts kinds of agents; in the tag each is a bit.
Done add_agent(const Element& from, const char* name, std::int64_t number,
               std::vector<contract::Tag>& tags) {
    constexpr std::int64_t kAgentMax = 6;
    if (!from.text(name).empty()) {
        const std::int64_t kind = TRY(from.number(name, 0, kAgentMax));
        tags.push_back({number, contract::TagKind::integer, "", std::int64_t{1} << kind, {}});
    }
    return {};
}

Done read_customer(const Element& parameters, Receipt& to) {
    const std::string mail = parameters.text("CustomerEmail");
    const std::string phone = parameters.text("CustomerPhone");
    if (!mail.empty() && !phone.empty()) {
        return bad_field(parameters.at("CustomerPhone"),
                         "only one of CustomerEmail and CustomerPhone: a receipt goes to one");
    }
    to.customer_contact = mail.empty() ? phone : mail;
    if (const auto detail = TRY(parameters.child("CustomerDetail"))) {
        TRY(detail->holds_only({"Info", "INN"}, {}));
        to.customer_name = detail->text("Info");
        to.customer_tax_id = detail->text("INN");
    }
    return {};
}

Done read_parameters(const Element& from, Receipt& to) {
    if (!from.text("PaymentType").empty()) {
        return make_error(ErrorCode::not_supported,
                          from.at("PaymentType") +
                              ": the form of versions 1 and 2 of the standard; 3.0 or later is "
                              "read, where it is OperationType");
    }
    TRY(from.holds_only({"CashierName", "CashierINN", "OperationType", "TaxationSystem",
                         "CustomerEmail", "CustomerPhone", "SenderEmail", "SaleAddress",
                         "SaleLocation", "AgentType", "AdditionalAttribute"},
                        {"CorrectionData", "CustomerDetail", "AgentData", "VendorData",
                         "UserAttribute", "OperationalAttribute", "IndustryAttribute"}));
    const auto correction = TRY(from.child("CorrectionData"));
    if (correction && !correction->holds_only({}, {})) {
        return make_error(ErrorCode::not_supported,
                          correction->path() +
                              ": this is a correction; hand its receipt over as one (correction, "
                              "with basis and day)");
    }
    TRY(from.has_nothing_in(
        {"AgentData", "VendorData", "UserAttribute", "OperationalAttribute", "IndustryAttribute"}));
    to.kind = receipt_kind(TRY(from.number("OperationType", 1, 4)));
    const auto system = tax_system(TRY(from.number("TaxationSystem", 0, 5)));
    if (!system) {
        return make_error(ErrorCode::not_supported,
                          from.at("TaxationSystem") + ": 0, 1, 2, 4 or 5; 3 ended with 2020");
    }
    to.tax_system = *system;
    if (const std::string name = from.text("CashierName"); !name.empty()) {
        to.cashier = contract::Cashier{name, from.text("CashierINN")};
    } else if (!from.text("CashierINN").empty()) {
        return bad_field(from.at("CashierName"), "is missing");
    }
    TRY(read_customer(from, to));
    TRY(add_tag(from, "SaleAddress", 1009, to.tags));
    TRY(add_agent(from, "AgentType", 1057, to.tags));
    TRY(add_tag(from, "SenderEmail", 1117, to.tags));
    TRY(add_tag(from, "SaleLocation", 1187, to.tags));
    return add_tag(from, "AdditionalAttribute", 1192, to.tags);
}

/// Price and discount whose line total is exactly the amount of the position.
Done read_sums(const Element& from, ReceiptLine& to) {
    constexpr int kKopecks = 2;
    const auto quantity = TRY(from.decimal("Quantity", kQuantityDecimalsMax));
    const auto price = TRY(from.decimal("PriceWithDiscount", kKopecks));
    const auto amount = TRY(from.decimal("AmountWithDiscount", kKopecks));
    const auto discount = TRY(from.decimal("DiscountAmount", kKopecks));
    for (const auto& [name, value] :
         {std::pair{"Quantity", quantity}, std::pair{"PriceWithDiscount", price},
          std::pair{"AmountWithDiscount", amount}}) {
        if (!value) {
            return bad_field(from.at(name), "is missing");
        }
    }
    if (*quantity <= 0 || *quantity > kQuantityMicroMax) {
        return bad_field(from.at("Quantity"), "above 0, at most 10000000");
    }
    for (const auto& [name, value] :
         {std::pair{"PriceWithDiscount", *price}, std::pair{"AmountWithDiscount", *amount},
          std::pair{"DiscountAmount", discount.value_or(0)}}) {
        if (value > kMinorMax || (value < 0 && name != std::string_view("DiscountAmount"))) {
            return bad_field(from.at(name), "0 to 999999999.99");
        }
    }
    if (discount.value_or(0) < 0) {
        return make_error(ErrorCode::not_supported,
                          from.at("DiscountAmount") + ": a surcharge; put it into the price");
    }
    const auto sums = line_sums(*quantity, *price, *amount, discount.value_or(0));
    if (!sums) {
        return bad_field(from.at("AmountWithDiscount"),
                         fmt::format("PriceWithDiscount x Quantity within rounding, about {}",
                                     base::minor_to_text(total_of(*price, *quantity), kKopecks)));
    }
    to.price_minor = sums->price_minor;
    to.discount_minor = sums->discount_minor;
    take_quantity(*quantity, to);
    return {};
}

Done read_vat(const Element& from, ReceiptLine& to) {
    const std::string name = TRY(from.needed("VATRate"));
    const VatRate* const rate = vat_rate(name);
    if (rate == nullptr) {
        return bad_field(from.at("VATRate"), fmt::format("one of {}, not '{}'", vat_rates(), name));
    }
    to.vat = rate->vat;
    if (rate->vat == contract::Vat::standard || rate->vat == contract::Vat::standard_included) {
        to.vat_percent = rate->percent;  // which of the two the registrar has, only it knows
    }
    const auto given = TRY(from.decimal("VATAmount", 2));
    const std::int64_t amount = total_of(to.price_minor, micro_of(to)) - to.discount_minor;
    const std::int64_t due =
        base::scale_minor(amount, rate->percent, 100 + rate->percent, base::Rounding::half_up);
    if (given && (*given < due - 1 || *given > due + 1)) {
        return make_error(ErrorCode::not_supported,
                          fmt::format("{}: {}, as the registrar computes it, or empty",
                                      from.at("VATAmount"), base::minor_to_text(due, 2)));
    }
    return {};
}

Done read_item(const Element& from, contract::ReceiptKind kind, ReceiptLine& to) {
    constexpr std::int64_t kDepartmentMax = 16;
    constexpr std::int64_t kMeasureMax = 255;
    to.name = TRY(from.needed("Name"));
    to.department = TRY(from.number("Department", 1, kDepartmentMax, 1));
    to.payment_method = static_cast<contract::PaymentMethod>(TRY(from.number(
        "PaymentMethod", 1, 7, static_cast<std::int64_t>(contract::PaymentMethod::full_payment))));
    const auto type = item_type(TRY(from.number("CalculationSubject", 1, 33, 1)));
    if (!type) {
        return make_error(ErrorCode::not_supported,
                          from.at("CalculationSubject") + ": 1 to 15 or 30 to 33");
    }
    to.item_type = *type;
    to.measure = TRY(from.number("MeasureOfQuantity", 0, kMeasureMax, 0));
    if (const std::string code = from.text("MarkingCode"); !code.empty()) {
        auto bytes = bytes_of_base64(code);
        if (!bytes || bytes->empty()) {
            return bad_field(from.at("MarkingCode"), "the code's bytes in Base64");
        }
        to.marking = contract::Marking{std::move(*bytes), marking_plan(kind, to.measure)};
    }
    return {};
}

Done read_line_tags(const Element& from, ReceiptLine& to) {
    TRY(add_tag(from, "AdditionalAttribute", 1191, to.tags));
    TRY(add_agent(from, "CalculationAgent", 1222, to.tags));
    if (const auto excise = TRY(from.decimal("ExciseAmount", 2))) {
        if (*excise < 0) {
            return bad_field(from.at("ExciseAmount"), "not below 0");
        }
        to.tags.push_back({1229, contract::TagKind::integer, "", *excise, {}});
    }
    TRY(add_tag(from, "CountryOfOrigin", 1230, to.tags));
    return add_tag(from, "CustomsDeclaration", 1231, to.tags);
}

Result<ReceiptLine> read_line(const Element& from, contract::ReceiptKind kind) {
    TRY(from.holds_only(
        {"Name", "Quantity", "PriceWithDiscount", "AmountWithDiscount", "DiscountAmount",
         "Department", "VATRate", "VATAmount", "PaymentMethod", "CalculationSubject",
         "CalculationAgent", "MeasureOfQuantity", "MarkingCode", "CountryOfOrigin",
         "CustomsDeclaration", "ExciseAmount", "AdditionalAttribute"},
        {"AgentData", "VendorData", "FractionalQuantity", "GoodCodeData", "IndustryAttribute"}));
    TRY(from.has_nothing_in(
        {"AgentData", "VendorData", "FractionalQuantity", "GoodCodeData", "IndustryAttribute"}));
    ReceiptLine line;
    TRY(read_item(from, kind, line));
    TRY(read_sums(from, line));
    TRY(read_vat(from, line));
    TRY(read_line_tags(from, line));
    return line;
}

Done read_positions(const Element& from, Receipt& to) {
    TRY(from.holds_only({}, {"FiscalString", "TextString", "Barcode"}));
    const std::vector<Element> lines = from.all("FiscalString");
    const std::vector<Element> texts = from.all("TextString");
    if (lines.empty() || lines.size() > kLinesMax) {
        return bad_field(from.path() + "/FiscalString",
                         fmt::format("1 to {} of them, not {}", kLinesMax, lines.size()));
    }
    if (texts.size() > kTextsMax) {
        return bad_field(from.path() + "/TextString",
                         fmt::format("at most {} of them, not {}", kTextsMax, texts.size()));
    }
    if (const auto barcodes = from.all("Barcode"); !barcodes.empty()) {
        return make_error(ErrorCode::not_supported,
                          barcodes.front().path() +
                              ": a receipt cannot carry it; print it by an operation of its own");
    }
    for (const Element& line : lines) {
        to.lines.push_back(TRY(read_line(line, to.kind)));
    }
    for (const Element& text : texts) {
        TRY(text.holds_only({"Text"}, {}));
        to.text.push_back(text.text("Text"));
    }
    return {};
}

Done read_payments(const Element& from, Receipt& to) {
    using contract::PaymentKind;
    struct Kind {
        const char* name;
        PaymentKind kind;
    };
    static constexpr Kind kKinds[] = {{"Cash", PaymentKind::cash},
                                      {"ElectronicPayment", PaymentKind::electronic},
                                      {"PrePayment", PaymentKind::prepayment},
                                      {"PostPayment", PaymentKind::credit},
                                      {"Barter", PaymentKind::barter}};
    TRY(from.holds_only({"Cash", "ElectronicPayment", "PrePayment", "PostPayment", "Barter"}, {}));
    for (const Kind& kind : kKinds) {
        const std::int64_t amount = TRY(from.decimal(kind.name, 2)).value_or(0);
        if (amount < 0) {
            return bad_field(from.at(kind.name), "not below 0");
        }
        if (amount > 0) {
            to.payments.push_back({kind.kind, amount});
        }
    }
    if (to.payments.empty()) {
        return bad_field(from.path(),
                         "at least one of Cash, ElectronicPayment, PrePayment, "
                         "PostPayment and Barter above 0");
    }
    return {};
}

/// The root of a document that is nothing but UTF-8 XML.
Result<Element> root_of(const pugi::xml_document& document) {
    for (const pugi::xml_node& node : document.children()) {
        if (node.type() == pugi::node_doctype) {
            return make_error(ErrorCode::malformed, "a DOCTYPE: none is read");
        }
        const std::string_view encoding = node.attribute("encoding").value();
        if (node.type() == pugi::node_declaration && !encoding.empty() && encoding != "UTF-8" &&
            encoding != "utf-8") {
            return make_error(ErrorCode::malformed,
                              fmt::format("encoding '{}': UTF-8 is read", encoding));
        }
    }
    const pugi::xml_node root = document.document_element();
    if (std::string_view(root.name()) != "CheckPackage" || root.next_sibling()) {
        return bad_field("CheckPackage",
                         fmt::format("the one root element, not '{}'", root.name()));
    }
    return Element(root, "CheckPackage");
}

/// Bounds of every field, as on the wire, and the sums.
Result<Receipt> checked(const Receipt& receipt) {
    auto whole = TRY(contract::from_value<Receipt>(contract::to_value(receipt)));
    TRY(contract::check_receipt(whole));
    return whole;
}

}  // namespace

Result<Receipt> receipt_of(std::string_view xml) {
    if (xml.size() > kBytesMax) {
        return make_error(ErrorCode::too_large, fmt::format("at most {} bytes", kBytesMax));
    }
    if (!base::is_utf8(xml)) {
        return make_error(ErrorCode::malformed, "not UTF-8");
    }
    pugi::xml_document document;
    const pugi::xml_parse_result parsed = document.load_buffer(
        xml.data(), xml.size(), pugi::parse_default | pugi::parse_doctype | pugi::parse_declaration,
        pugi::encoding_utf8);
    if (!parsed) {
        return make_error(ErrorCode::malformed,
                          fmt::format("XML, byte {}: {}", parsed.offset, parsed.description()));
    }
    const Element root = TRY(root_of(document));
    TRY(root.holds_only({}, {"Parameters", "Positions", "Payments"}));
    Receipt receipt;
    const Element parameters = TRY(root.needed_child("Parameters"));
    TRY(read_parameters(parameters, receipt));
    const Element positions = TRY(root.needed_child("Positions"));
    TRY(read_positions(positions, receipt));
    const Element payments = TRY(root.needed_child("Payments"));
    TRY(read_payments(payments, receipt));
    return checked(receipt);
}

}  // namespace tillhost::check_package
