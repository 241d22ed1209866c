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

namespace {

/// What both status commands tell.
template <class Seen>
void put_mode(contract::FiscalStatus& status, const Seen& seen) {
    status.shift_expired = seen.mode() == Mode::shift_expired;
    status.document_open = seen.mode() == Mode::document;
    status.paper_present =
        seen.submode() != Submode::no_paper && seen.submode() != Submode::paper_ran_out;
    status.cover_open = Flags::from(seen.flags).cover_open;
}

}  // namespace

void put(contract::FiscalStatus& status, const FullStatus& seen) {
    put_mode(status, seen);
    status.device_time = to_text(seen.time);
    status.firmware = seen.firmware;
}

void put(contract::FiscalStatus& status, const ShortStatus& seen) { put_mode(status, seen); }

void put(contract::FiscalStatus& status, const StorageStatus& seen) {
    status.document_open = status.document_open || seen.current_document != 0;
    status.last_document_number = seen.last_document;
}

void put(contract::FiscalStatus& status, const ShiftState& seen) {
    status.shift_open = seen.open;
    status.shift_number = seen.number;
    status.receipt_number = seen.receipt;
}

void put(contract::FiscalStatus& status, const contract::FiscalResult& registered) {
    if (registered.fiscal_document_number == 0) {
        return;  // cash leaves no document in the storage
    }
    status.document_open = false;
    status.last_document_number = registered.fiscal_document_number;
    status.shift_number = registered.shift_number;
    if (registered.receipt_number != 0) {
        status.receipt_number = registered.receipt_number;
    }
}

std::int64_t clock_offset(const DateTime& time, const os::Clock& clock) {
    constexpr std::int64_t kMsPerSecond = 1000;
    return is_day(time) ? to_unix_seconds(time) - clock.unix_ms() / kMsPerSecond : 0;
}

}  // namespace tillhost::drivers::shtrih
