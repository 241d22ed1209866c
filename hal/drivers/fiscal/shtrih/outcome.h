#pragma once

#include <optional>

#include "hal/drivers/fiscal/shtrih/protocol.h"
#include "hal/os/clock.h"
#include "ipc/contract/messages.h"

namespace tillhost::drivers::shtrih {

// How money operations speak of their ends.

/// An error after which only open() helps, and the counters tell what was done.
base::Error unknown(base::Error error);

/// True if the device cannot be asked any more on this line.
bool is_line_trouble(const base::Error& error);

/// The body of a frame that is a good answer to the command; nothing for refusals.
std::optional<base::Bytes> good_body(Command command, base::ByteView frame);

/// A registered document; number, sign and time are the caller's.
contract::FiscalResult registered_result(const contract::FiscalMarker& marker,
                                         std::int64_t total_minor);

// What an answer, or a registered document, says of the registrar's state; the rest stays.
void put(contract::FiscalStatus& status, const FullStatus& seen);
void put(contract::FiscalStatus& status, const ShortStatus& seen);
void put(contract::FiscalStatus& status, const StorageStatus& seen);
void put(contract::FiscalStatus& status, const ShiftState& seen);
void put(contract::FiscalStatus& status, const contract::FiscalResult& registered);

/// Of the registrar's clock to UTC by the host, whatever zone the registrar shows; seconds.
std::int64_t clock_offset(const DateTime& time, const os::Clock& clock);

/// The host's wall clock in its own zone, as registrars show time.
DateTime local_time(const os::Clock& clock);

}  // namespace tillhost::drivers::shtrih
