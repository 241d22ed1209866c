#pragma once

#include <vector>

#include "hal/drivers/fiscal/shtrih/service_messages.h"
#include "hal/drivers/fiscal/shtrih/ticket.h"

namespace tillhost::drivers::shtrih {

/// The storage's word as an outcome. `bits` is tag 2106: 0 code checked, 1 found right, 2 state
/// asked for, 3 state right. Refused: one of the two was done and found wrong. Checked: the state
/// was found right. Everything else is not_checked: a code that is well formed may be sold already.
contract::MarkingResult marking_result(std::size_t line, std::uint8_t bits, std::uint8_t reason);

/// What is known from FF61h alone.
std::uint8_t bits_of(const MarkingAnswer& answer);

/// FF61h for a position.
base::Bytes marking_request(Password password, const contract::Marking& marking,
                            std::int64_t quantity_micro, std::int64_t measure);

/// Results as evidence and back, so that they survive the host: line, outcome, tag 2106.
inline constexpr std::string_view kMarkingEvidence = "markings";
contract::Evidence marking_evidence(const std::vector<contract::MarkingResult>& results);
std::vector<contract::MarkingResult> read_marking_evidence(base::ByteView payload);

}  // namespace tillhost::drivers::shtrih
