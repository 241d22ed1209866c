#include "hal/drivers/test/echo/protocol.h"

#include <fmt/format.h>

namespace tillhost::drivers::echo {

contract::EchoStatus answer_to(const contract::Query& query) {
    const auto* echo = std::get_if<contract::EchoQuery>(&query);
    return echo == nullptr ? contract::EchoStatus{} : contract::EchoStatus{echo->payload};
}

base::Result<contract::FiscalResult> outcome_of(const contract::Command& command) {
    if (!std::holds_alternative<contract::PrintText>(command)) {
        return base::make_error(
            base::ErrorCode::not_supported,
            fmt::format("the echo driver does not do '{}'", contract::case_of(command)));
    }
    contract::FiscalResult result;
    result.registered = false;
    result.printed = contract::Printed::printed;
    return result;
}

}  // namespace tillhost::drivers::echo
