#pragma once

#include "hal/base/bytes.h"
#include "simulators/fiscal/shtrih/machine.h"

namespace tillhost::simulators::shtrih {

/// Parts of answers, behind code and error byte ("KKT with FN protocol v1.17").

/// YY MM DD HH MI
void put_date_time(base::ByteWriter& writer, std::int64_t ms);
/// FF45h: change, document, sign, and with `extended` (table 17 field 36) date and time.
base::Bytes encode_close(const Closed& closed, bool extended);
/// FF0Ah: one document of the fiscal storage. `inn`, `rnm` for a registration.
base::Bytes encode_found(const FiscalDocument& document, bool confirmed, std::string_view inn,
                         std::string_view rnm);
/// FF01h: state of the fiscal storage.
base::Bytes encode_storage_status(const Machine& machine);
/// FF39h: exchange with the data operator.
base::Bytes encode_exchange(std::uint16_t unsent, std::uint32_t first, std::int64_t first_ms);
/// FF38h: report on what the operator has not confirmed; all days 0 if nothing waits.
base::Bytes encode_settlement(const Closed& closed, std::uint32_t waiting, std::int64_t since_ms,
                              bool extended);
/// FF09h: registration of the device; longer from FFD 1.1 on.
base::Bytes encode_registration(const Machine& machine, const FiscalDocument& document);
/// FF0Eh: one parameter of the registration with its tag; nothing if it has none such.
std::optional<base::Bytes> encode_registration_tag(const Machine& machine, std::uint16_t number);
/// FF3Ch: the ticket of a document that the device has sent by itself.
base::Bytes encode_ticket(const FiscalDocument& document);
/// FF61h.
base::Bytes encode_mark_check(const MarkAnswer& answer);
/// 10h, operator included.
base::Bytes encode_short_status(const Machine& machine, std::uint8_t operator_index);
/// 11h, operator included.
base::Bytes encode_full_status(const Machine& machine, std::uint8_t operator_index);
/// F7h 01h: what the model can do.
base::Bytes encode_model(const Machine& machine);

}  // namespace tillhost::simulators::shtrih
