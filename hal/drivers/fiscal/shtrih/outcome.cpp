#include "hal/drivers/fiscal/shtrih/outcome.h"

#include "hal/drivers/fiscal/shtrih/frames.h"

namespace tillhost::drivers::shtrih {

base::Error unknown(base::Error error) {
    error.effect = base::Effect::unknown;
    error.reaction = base::Reaction::reconnect;
    return error;
}

bool is_line_trouble(const base::Error& error) {
    return error.effect == base::Effect::unknown || error.reaction == base::Reaction::reconnect ||
           error.code == base::ErrorCode::deadline_passed ||
           error.code == base::ErrorCode::cancelled;
}

std::optional<base::Bytes> good_body(Command command, base::ByteView frame) {
    const auto message = message_of(frame);
    const auto answer = message ? split_answer(command, *message) : message.error();
    if (!answer || answer->error != 0) {
        return std::nullopt;
    }
    return base::Bytes(answer->body.begin(), answer->body.end());
}

contract::FiscalResult registered_result(const contract::FiscalMarker& marker,
                                         std::int64_t total_minor) {
    contract::FiscalResult result;
    result.registered = true;
    result.printed = contract::Printed::printing;
    result.shift_number = marker.shift_number;
    result.total_minor = total_minor;
    result.serial = marker.identity.serial;
    result.fiscal_memory = marker.identity.fiscal_memory;
    return result;
}

std::int64_t clock_offset(const DateTime& time, const os::Clock& clock) {
    constexpr std::int64_t kMsPerSecond = 1000;
    return is_day(time) ? to_unix_seconds(time) - clock.unix_ms() / kMsPerSecond : 0;
}

}  // namespace tillhost::drivers::shtrih
