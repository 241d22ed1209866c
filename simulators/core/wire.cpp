#include "simulators/core/wire.h"

#include <algorithm>
#include <utility>

namespace tillhost::simulators {
namespace {

constexpr std::int64_t kBitsAByte = 10;  // start, eight data, stop
constexpr std::int64_t kNoiseBytesMax = 4096;
constexpr std::int64_t kRunBytesMax = 1024 * 1024;  // nanoseconds of a longer run grow too large

/// How long so many bytes take, rounded once for all of them.
os::Duration time_of(std::int64_t bytes, std::int64_t baud) {
    constexpr std::int64_t kNsASecond = 1'000'000'000;
    return os::Duration(baud > 0 ? bytes * kBitsAByte * kNsASecond / baud : 0);
}

os::Duration ms(std::int64_t count) { return std::chrono::milliseconds(count); }

void earliest(std::optional<os::Instant>& best, std::optional<os::Instant> candidate) {
    if (candidate && (!best || *candidate < *best)) {
        best = candidate;
    }
}

}  // namespace

Wire::Wire(LineDevice& device, std::unique_ptr<FrameTracker> from_host,
           std::unique_ptr<FrameTracker> from_device, std::uint64_t seed)
    : device_(device),
      from_host_{.side = Side::host, .tracker = std::move(from_host)},
      from_device_{.side = Side::device, .tracker = std::move(from_device)},
      random_(seed) {}

void Wire::receive(base::ByteView bytes, os::Instant now) {
    advance(now);
    for (const std::byte byte : bytes) {
        if (silent(now)) {
            ++fired_;
            continue;
        }
        accept(from_host_, byte, now);
    }
    deliver(from_host_, now);
    step(now);
    meter_.note(busy(), now);
}

bool Wire::busy() const {
    return !from_host_.queue.empty() || !from_device_.queue.empty() || device_.working();
}

void Wire::accept(Lane& lane, std::byte byte, os::Instant now) {
    if (now - lane.last > kUnitGap && lane.index != 0) {
        lane.tracker->reset();
        lane.index = 0;
    }
    lane.last = now;
    const FrameTracker::Step step = lane.tracker->feed(byte);
    if (lane.side == Side::host) {
        meter_.host_byte();
    }
    if (step.begins) {
        if (lane.side == Side::host) {
            meter_.host_begins(now, from_device_.queue.empty(), device_.working());
        }
        lane.index = 0;
        lane.unit.clear();
        lane.lateness = {};
        lane.active.clear();
        choose_faults(lane, step.frame);
    }
    std::uint32_t power_cut = 0;
    auto shaped = shape(lane, byte, power_cut);
    if (step.ends && shaped && spoils_checksum(lane)) {
        *shaped ^= base::byte(0x10);  // makes no byte that stands for something else
    }
    ++lane.index;
    if (shaped) {
        push(lane, *shaped, power_cut, now);
        if (!lane.active.empty()) {
            lane.unit.push_back(*shaped);
        }
    }
    if (step.ends) {
        finish_unit(lane, now);
    }
}

void Wire::choose_faults(Lane& lane, bool frame) {
    for (Armed& armed : armed_) {
        const Unit unit = armed.fault.unit;
        const bool counted = armed.fault.side == lane.side &&
                             (unit == Unit::any || unit == (frame ? Unit::frame : Unit::control));
        if (hits(armed, counted)) {
            lane.active.push_back(armed.fault);
            lane.lateness += armed.fault.kind == FaultKind::late ? ms(armed.fault.ms) : ms(0);
        }
    }
    std::erase_if(armed_, [](const Armed& armed) {
        return armed.fault.count != 0 && armed.fired >= armed.fault.count;
    });
}

bool Wire::hits(Armed& armed, bool counted) {
    const Fault& fault = armed.fault;
    if (!counted || (fault.count != 0 && armed.fired >= fault.count)) {
        return false;
    }
    ++armed.seen;
    const bool hit = fault.per_mille != 0
                         ? random_.below(1000) < static_cast<std::uint64_t>(fault.per_mille)
                         : armed.seen >= fault.nth;
    armed.fired += hit ? 1 : 0;
    fired_ += hit ? 1 : 0;
    return hit;
}

std::optional<std::byte> Wire::shape(Lane& lane, std::byte byte, std::uint32_t& power_cut) {
    std::vector<Fault> upon_byte;
    for (Armed& armed : armed_) {
        const bool counted = armed.fault.unit == Unit::byte && armed.fault.side == lane.side;
        if (hits(armed, counted)) {
            upon_byte.push_back(armed.fault);
            upon_byte.back().at = lane.index;
            if (armed.fault.kind == FaultKind::late) {
                lane.lateness += ms(armed.fault.ms);
            }
        }
    }
    upon_byte.insert(upon_byte.end(), lane.active.begin(), lane.active.end());
    std::optional<std::byte> shaped = byte;
    for (const Fault& fault : upon_byte) {
        const bool here = lane.index == fault.at;
        const bool gone = fault.kind == FaultKind::lose ||
                          (fault.kind == FaultKind::cut && lane.index >= fault.at);
        if (gone && (fault.unit != Unit::byte || here)) {
            shaped.reset();
        } else if (fault.kind == FaultKind::garble && here && shaped) {
            *shaped ^= base::byte(static_cast<unsigned>(fault.mask));
        } else if (fault.kind == FaultKind::power_cut && here) {
            cuts_.push_back({.delay = ms(fault.ms), .off = ms(fault.off_ms)});
            power_cut = static_cast<std::uint32_t>(cuts_.size());
        }
    }
    return shaped;
}

bool Wire::spoils_checksum(const Lane& lane) const {
    return std::any_of(lane.active.begin(), lane.active.end(),
                       [](const Fault& fault) { return fault.kind == FaultKind::bad_checksum; });
}

void Wire::push(Lane& lane, std::byte byte, std::uint32_t power_cut, os::Instant now) {
    if (lane.queue.size() >= kLineBytesMax) {
        return;
    }
    const os::Instant ready = now + lane.lateness;
    if (ready > lane.free_at || lane.run_bytes >= kRunBytesMax) {
        lane.run_at = std::max(ready, lane.free_at);
        lane.run_bytes = 0;
    }
    ++lane.run_bytes;
    lane.free_at = lane.run_at + time_of(lane.run_bytes, baud_);
    lane.queue.push_back({.at = lane.free_at, .value = byte, .power_cut = power_cut});
}

void Wire::set_speed(std::int64_t baud) {
    baud_ = baud;
    for (Lane* lane : {&from_host_, &from_device_}) {
        lane->run_at = lane->free_at;
        lane->run_bytes = 0;
    }
}

void Wire::finish_unit(Lane& lane, os::Instant now) {
    lane.index = 0;
    const auto is_double = [](const Fault& fault) { return fault.kind == FaultKind::twice; };
    if (std::any_of(lane.active.begin(), lane.active.end(), is_double)) {
        for (const std::byte byte : lane.unit) {
            push(lane, byte, 0, now);
        }
    }
    lane.active.clear();
}

void Wire::deliver(Lane& lane, os::Instant now) {
    while (!lane.queue.empty() && lane.queue.front().at <= now) {
        base::Bytes batch;
        std::uint32_t power_cut = 0;
        while (power_cut == 0 && !lane.queue.empty() && lane.queue.front().at <= now) {
            batch.push_back(lane.queue.front().value);
            if (lane.side == Side::device) {
                meter_.device_byte(lane.queue.front().at);
            }
            power_cut = lane.queue.front().power_cut;
            lane.queue.pop_front();
        }
        if (lane.side == Side::host) {
            deliver_to_device(batch, now);
        } else if (!silent(now)) {
            output_.insert(output_.end(), batch.begin(), batch.end());
        }
        if (power_cut != 0) {
            cut_power(power_cut, now);
        }
    }
}

void Wire::deliver_to_device(base::ByteView bytes, os::Instant now) {
    device_.receive(bytes, now);
    collect(now);
}

void Wire::collect(os::Instant now) {
    for (const std::byte byte : device_.take_output()) {
        accept(from_device_, byte, now);
    }
    deliver(from_device_, now);
}

void Wire::cut_power(std::uint32_t cut, os::Instant now) {
    const PowerCut& row = cuts_[cut - 1];
    power_off_at_ = now + row.delay;
    off_for_ = row.off;
    if (row.delay <= os::Duration::zero()) {
        switch_power(now);
    }
}

void Wire::switch_power(os::Instant now) {
    if (power_off_at_ && *power_off_at_ <= now) {
        power_off_at_.reset();
        power(false, now);
        if (off_for_ > os::Duration::zero()) {
            power_on_at_ = now + off_for_;
        }
    }
    if (power_on_at_ && *power_on_at_ <= now) {
        power_on_at_.reset();
        power(true, now);
    }
}

void Wire::step(os::Instant now) {
    switch_power(now);
    device_.advance(now);
    collect(now);
    deliver(from_host_, now);
}

void Wire::advance(os::Instant now) {
    // Each event at its own instant, in order: a late byte must meet the device as it was then.
    for (auto next = next_event(); next && *next < now; next = next_event()) {
        step(*next);
        meter_.note(busy(), *next);
    }
    step(now);
    meter_.note(busy(), now);
}

std::optional<os::Instant> Wire::next_event() const {
    std::optional<os::Instant> best = device_.next_event();
    for (const Lane* lane : {&from_host_, &from_device_}) {
        if (!lane->queue.empty()) {
            earliest(best, lane->queue.front().at);
        }
    }
    earliest(best, power_off_at_);
    earliest(best, power_on_at_);
    return best;
}

base::Bytes Wire::take_output() { return std::exchange(output_, {}); }

std::size_t Wire::room() const {
    const std::size_t on_the_way = from_host_.queue.size();
    const std::size_t room = std::min(device_.room(), kLineBytesMax);
    return room > on_the_way ? room - on_the_way : 0;
}

void Wire::clear_lanes(os::Instant now) {
    for (Lane* lane : {&from_host_, &from_device_}) {
        lane->queue.clear();
        lane->tracker->reset();
        lane->index = 0;
        lane->active.clear();
        lane->free_at = now;
        lane->run_at = now;
        lane->run_bytes = 0;
    }
}

void Wire::line_opened(os::Instant now) {
    advance(now);
    device_.line_opened(now);
    collect(now);
}

void Wire::line_closed(os::Instant now) {
    advance(now);
    clear_lanes(now);
    output_.clear();
    device_.line_closed(now);
}

void Wire::power(bool on, os::Instant now) {
    if (on == powered()) {
        return;
    }
    device_.power(on, now);
    // What the device had not sent is gone with it; what the host sends to a dead device as well.
    clear_lanes(now);
    collect(now);
}

bool Wire::is_line_fault(FaultKind kind) { return kind <= FaultKind::clear; }

base::Done Wire::inject(const Fault& fault, os::Instant now) {
    if (!is_line_fault(fault.kind)) {
        return base::make_error(base::ErrorCode::not_supported, "not a fault of the line");
    }
    if (fault.kind == FaultKind::clear) {
        armed_.clear();
        silent_until_ = now;
        silent_always_ = false;
        set_speed(0);
    } else if (fault.kind == FaultKind::silence) {
        silent_always_ = fault.ms <= 0;
        silent_until_ = now + ms(std::max<std::int64_t>(fault.ms, 0));
    } else if (fault.kind == FaultKind::slow) {
        set_speed(fault.baud);
    } else if (fault.kind == FaultKind::noise) {
        for (std::int64_t i = 0; i < std::min(fault.count, kNoiseBytesMax); ++i) {
            output_.push_back(base::byte(static_cast<unsigned>(fault.byte)));
        }
        ++fired_;
    } else if (armed_.size() >= kArmedFaultsMax) {
        return base::make_error(base::ErrorCode::retry_later, "too many faults wait");
    } else {
        armed_.push_back({.fault = fault});
    }
    return {};
}

}  // namespace tillhost::simulators
