#include "simulators/printer/escpos/status.h"

namespace tillhost::simulators::escpos {
namespace {

unsigned bit(bool set, unsigned value) { return set ? value : 0; }

}  // namespace

std::optional<std::byte> real_time_status(const Condition& c, unsigned n) {
    constexpr unsigned kFixed = 0x12;
    switch (n) {
        case 1:
            return base::byte(kFixed | bit(c.drawer_pin_high, 0x04) | bit(!c.online(), 0x08) |
                              bit(c.cutter_error, 0x20) | bit(c.feeding, 0x40));
        case 2:
            return base::byte(kFixed | bit(c.cover_open, 0x04) | bit(c.feeding, 0x08) |
                              bit(c.paper_out, 0x20) | bit(c.error(), 0x40));
        case 3:
            return base::byte(kFixed | bit(c.cutter_error, 0x08) | bit(c.dead, 0x20) |
                              bit(c.head_hot, 0x40));
        case 4: return base::byte(kFixed | bit(c.paper_low, 0x0C) | bit(c.paper_out, 0x60));
        default: return std::nullopt;
    }
}

std::optional<std::byte> in_order_status(const Condition& c, unsigned n) {
    const unsigned number = n >= '0' ? n - '0' : n;
    if (number == 1) {
        return base::byte(bit(c.paper_low, 0x03) | bit(c.paper_out, 0x0C));
    }
    return number == 2 ? std::optional(base::byte(bit(c.drawer_pin_high, 0x01))) : std::nullopt;
}

base::Bytes automatic_status(const Condition& c) {
    constexpr unsigned kFixed = 0x10, kReserved = 0x0F;
    return {base::byte(kFixed | bit(c.drawer_pin_high, 0x04) | bit(!c.online(), 0x08) |
                       bit(c.cover_open, 0x20) | bit(c.feeding, 0x40)),
            base::byte(bit(c.cutter_error, 0x01) | bit(c.feeding, 0x02) |
                       bit(c.cutter_error, 0x08) | bit(c.dead, 0x20) | bit(c.head_hot, 0x40)),
            base::byte(bit(c.paper_low, 0x03) | bit(c.paper_out, 0x0C)), base::byte(kReserved)};
}

bool is_told(unsigned mask, const Condition& before, const Condition& after) {
    const bool errors = before.cutter_error != after.cutter_error ||
                        before.head_hot != after.head_hot || before.dead != after.dead;
    const bool paper = before.paper_low != after.paper_low || before.paper_out != after.paper_out;
    const bool online = before.online() != after.online() ||
                        before.cover_open != after.cover_open || before.feeding != after.feeding;
    return ((mask & 0x01U) != 0 && before.drawer_pin_high != after.drawer_pin_high) ||
           ((mask & 0x02U) != 0 && online) || ((mask & 0x04U) != 0 && errors) ||
           ((mask & 0x08U) != 0 && paper);
}

}  // namespace tillhost::simulators::escpos
