#include "hal/drivers/test/echo/protocol.h"

#include <fmt/format.h>

#include "ipc/contract/receipt_rules.h"

namespace tillhost::drivers::echo {

contract::EchoStatus answer_to(const contract::Query& query) {
    const auto* echo = std::get_if<contract::EchoQuery>(&query);
    return echo == nullptr ? contract::EchoStatus{} : contract::EchoStatus{echo->payload};
}

base::Result<contract::FiscalResult> outcome_of(const contract::Command& command,
                                                std::int64_t number) {
    contract::FiscalResult result;
    result.printed = contract::Printed::printed;
    if (std::holds_alternative<contract::PrintText>(command)) {
        return result;
    }
    const auto* receipt = std::get_if<contract::Receipt>(&command);
    if (receipt == nullptr) {
        return base::make_error(
            base::ErrorCode::not_supported,
            fmt::format("the echo driver does not do '{}'", contract::case_of(command)));
    }
    const contract::ReceiptTotals totals = TRY(contract::check_receipt(*receipt));
    result.registered = true;
    result.fiscal_document_number = number;
    result.total_minor = totals.total_minor;
    result.change_minor = totals.change_minor;
    result.serial = kSerial;
    return result;
}

contract::Marker marker_of(const contract::FiscalResult& outcome, std::int64_t number) {
    contract::FiscalMarker marker;
    marker.identity.serial = kSerial;
    marker.identity.model = "echo";
    marker.last_document_number = number - 1;
    marker.shift_open = true;
    marker.total_minor = outcome.total_minor;
    return contract::Marker(marker);
}

}  // namespace tillhost::drivers::echo
