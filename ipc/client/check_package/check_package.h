#pragma once

#include <string_view>

#include "hal/base/result.h"
#include "ipc/contract/messages.h"

// The XML in which 1C programs hand a receipt to a driver of a fiscal registrar.
namespace tillhost::check_package {

/// Larger packages are refused.
inline constexpr std::size_t kBytesMax = std::size_t{1} << 20;

/// The receipt that a CheckPackage describes: the parameter of ProcessCheck in 1C's requirements
/// for drivers, version 3.0 or later (requirements 3.4, "Описание структуры CheckPackage"). UTF-8.
///
/// An attribute that is empty counts as absent. Whatever has a value and no place in a receipt here
/// is refused by its name: nothing is dropped. What is carried, and how, stands in docs/clients.md;
/// in short:
///
///  * OperationType, TaxationSystem, cashier, CustomerEmail or CustomerPhone, CustomerDetail/Info
///    and /INN; SaleAddress, SaleLocation, SenderEmail, AgentType, AdditionalAttribute as tags.
///  * FiscalString: AmountWithDiscount is what is registered; with a DiscountAmount the price
///  before
///    it is computed. VATRate names the rate; a VATAmount must be the one that follows from it,
///    within one kopeck, because the registrar computes it. MarkingCode is Base64.
///  * TextString becomes free text above the total. Payments by their kind.
///
/// Money is in roubles there and in kopecks (RUB) here. The receipt is checked as devd checks it.
///
/// Total. Errors, each beginning with its place, such as
/// CheckPackage/Positions/FiscalString[2]/@Quantity: malformed (no XML, not UTF-8, a DOCTYPE),
/// too_large, bad_field (a value that is not what it should be; then what would be right),
/// not_supported (a value that cannot be carried), and those of contract::check_receipt, which name
/// the receipt's field.
base::Result<contract::Receipt> receipt_of(std::string_view xml);

}  // namespace tillhost::check_package
