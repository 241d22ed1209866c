#pragma once

#include <optional>

#include "hal/base/bytes.h"

namespace tillhost::simulators::escpos {

/// What a printer's status bytes are made of.
struct Condition {
    bool cover_open = false;
    bool paper_out = false;
    bool paper_low = false;
    bool feeding = false;       ///< by its button
    bool cutter_error = false;  ///< waits for the host's DLE ENQ
    bool head_hot = false;
    bool dead = false;
    bool drawer_pin_high = false;

    bool error() const { return cutter_error || head_hot || dead; }
    bool online() const { return !cover_open && !paper_out && !feeding && !error(); }
    bool operator==(const Condition&) const = default;
};

/// The answer to DLE EOT n, 0xx1xx10; nothing where there is no such n.
std::optional<std::byte> real_time_status(const Condition& condition, unsigned n);
/// The answer to GS r n (1 paper, 2 drawer), 0xx0xxxx; nothing where there is no such n.
std::optional<std::byte> in_order_status(const Condition& condition, unsigned n);
/// The four bytes of GS a.
base::Bytes automatic_status(const Condition& condition);
/// Whether a change from one to the other is told where GS a had `mask`: 01 drawer, 02 on-line,
/// 04 error, 08 paper.
bool is_told(unsigned mask, const Condition& before, const Condition& after);

}  // namespace tillhost::simulators::escpos
