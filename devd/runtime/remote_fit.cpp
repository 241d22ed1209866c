#include "devd/runtime/remote_fit.h"

namespace tillhost::devd::runtime {
namespace {

bool is_paid(const contract::OperationResult& result, std::int64_t amount,
             const std::string& currency, bool less_is_right) {
    const auto* paid = std::get_if<contract::PaymentResult>(&result);
    return paid != nullptr && paid->currency == currency &&
           (paid->amount_minor == amount ||
            (less_is_right && paid->amount_minor > 0 && paid->amount_minor < amount));
}

}  // namespace

bool wants_customer(const contract::Command& command) {
    return std::holds_alternative<contract::Authorise>(command) ||
           std::holds_alternative<contract::Refund>(command);
}

bool fits(const contract::Command& command, const contract::OperationResult& result) {
    if (const auto* pay = std::get_if<contract::Authorise>(&command)) {
        return is_paid(result, pay->amount_minor, pay->currency, pay->allow_partial);
    }
    if (const auto* reverse = std::get_if<contract::Reverse>(&command)) {
        return is_paid(result, reverse->amount_minor, reverse->currency, false);
    }
    if (const auto* refund = std::get_if<contract::Refund>(&command)) {
        return is_paid(result, refund->amount_minor, refund->currency, false);
    }
    return std::holds_alternative<contract::EndOfDay>(command)
               ? std::holds_alternative<contract::EndOfDayResult>(result)
               : std::holds_alternative<contract::FiscalResult>(result);
}

}  // namespace tillhost::devd::runtime
