#include <fmt/format.h>

#include "devd/core/figures.h"

namespace tillhost::devd::core {
namespace {

using contract::HealthCause;

/// The reply's list has room for so many; a shop with more has more urgent trouble.
constexpr std::size_t kReasonsMax = 4096;

std::int64_t ms(os::Duration duration) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

class Writer final {
public:
    explicit Writer(contract::HealthReply& to) : to_(to) {}
    void add(HealthCause cause, const std::string& device, std::string text) {
        if (to_.reasons.size() < kReasonsMax) {
            to_.reasons.push_back({cause, device, std::move(text)});
        }
    }

private:
    contract::HealthReply& to_;
};

void write_device(const DeviceFigures& of, Writer& to) {
    using State = contract::DeviceState;
    const contract::Device& device = of.device;
    if (device.state == State::quarantined) {
        to.add(HealthCause::device_quarantined, device.device, device.reason);
    } else if (of.closed) {
        to.add(HealthCause::device_not_ready, device.device, device.reason);
    }
    if (of.shift_expired) {
        to.add(HealthCause::shift_expired, device.device,
               "the shift is older than 24 hours: close it");
    } else if (of.shift_not_closed) {
        to.add(HealthCause::shift_not_closed, device.device,
               "devd could not close the shift at its time: see its close_shift operations");
    } else if (of.shift_reminds) {
        to.add(HealthCause::shift_long_open, device.device,
               fmt::format(
                   "the shift has been open for {} hours",
                   std::chrono::duration_cast<std::chrono::hours>(*of.shift_open_for).count()));
    }
}

void write_doubt(const DoubtFigures& doubt, Writer& to) {
    to.add(doubt.needs_person ? HealthCause::doubt_waits_for_person : HealthCause::doubt,
           doubt.device,
           fmt::format("operation {} {}", doubt.id.to_text(),
                       doubt.needs_person ? "waits for a decision: look at the paper"
                                          : "is in doubt; the device is asked"));
}

}  // namespace

contract::HealthReply health_of(const Figures& figures) {
    contract::HealthReply reply;
    reply.program_version = figures.program_version;
    reply.book_epoch = figures.book_epoch;
    reply.up_ms = ms(figures.up);
    reply.operations = static_cast<std::int64_t>(figures.operations);
    reply.unacknowledged = static_cast<std::int64_t>(figures.unacknowledged);
    Writer to(reply);
    if (!figures.has_room) {
        to.add(HealthCause::no_room, "",
               "the disk of the operation book is nearly full: no new "
               "operation is taken");
    }
    if (static_cast<std::uint64_t>(figures.unix_ms) < figures.fence_ms) {
        to.add(HealthCause::book_restored, "",
               fmt::format(
                   "the book was restored: new operations are taken in {} seconds",
                   (figures.fence_ms - static_cast<std::uint64_t>(figures.unix_ms)) / 1000 + 1));
    }
    for (const DoubtFigures& doubt : figures.doubts) {
        write_doubt(doubt, to);
    }
    for (const ShopFault& fault : figures.shop_faults) {
        to.add(HealthCause::shop_device_unfit, fault.device,
               fmt::format("[shop] in devd.toml: {}", fault.text));
    }
    for (const DeviceFigures& device : figures.devices) {
        write_device(device, to);
    }
    using State = contract::HealthState;
    reply.state = figures.stopping        ? State::stopping
                  : reply.reasons.empty() ? State::ready
                                          : State::degraded;
    return reply;
}

}  // namespace tillhost::devd::core
