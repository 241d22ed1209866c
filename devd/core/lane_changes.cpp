// How a lane changes: another configuration, its end, and what is told of its state.
#include <fmt/format.h>

#include <algorithm>

#include "devd/core/device_lane.h"

namespace tillhost::devd::core {
namespace {

using base::Done;
using base::ErrorCode;
using base::make_error;

std::string value_of(const DeviceConfig& config, std::string_view setting) {
    const auto found =
        std::find_if(config.settings.begin(), config.settings.end(),
                     [setting](const contract::Setting& one) { return one.name == setting; });
    return found == config.settings.end() ? std::string() : found->value;
}

bool is_other_device(const DeviceConfig& one, const DeviceConfig& other) {
    return one.driver != other.driver ||
           value_of(one, kIdentitySetting) != value_of(other, kIdentitySetting);
}

bool needs_new_host(const DeviceConfig& one, const DeviceConfig& other) {
    return one.driver != other.driver || one.settings != other.settings;
}

}  // namespace

bool DeviceLane::has_open_operation() const {
    return current_.has_value() || !context_.book.waiting(config_.id).empty() ||
           context_.book.in_doubt(config_.id) != nullptr;
}

Done DeviceLane::may_become(const DeviceConfig& next) const {
    // Measured against what the host has: a change back to it before it ended is a change too.
    if (has_open_operation() &&
        (is_other_device(config_, next) || is_other_device(config(), next))) {
        return make_error(ErrorCode::wrong_state,
                          "device: an operation is open; driver and serial number change only when "
                          "it is settled");
    }
    if (current_ && needs_new_host(config(), next)) {
        return make_error(ErrorCode::retry_later, "device: an operation is being carried out");
    }
    return {};
}

void DeviceLane::become(DeviceConfig next) {
    if (!needs_new_host(config(), next)) {
        (next_config_ ? *next_config_ : config_) = std::move(next);
        tell(DeviceEvent::changed);
        return;
    }
    next_config_ = std::move(next);
    if (host_lives_) {
        end_host("its settings were changed");  // on_gone goes on
    } else {
        take_next_config();
    }
}

/// No host lives: the next one drives by the new configuration.
void DeviceLane::take_next_config() {
    line_changes_ = line_changes_ || value_of(config_, "port") != value_of(*next_config_, "port");
    config_ = std::move(*next_config_);
    next_config_.reset();
    context_.hosts.assign(config_.id, config_.driver);
    status_.reset();
    last_ok_.reset();
    node_.clear();
    adapter_.clear();
    open_error_.reset();
    restarts_ = 0;
    open_failures_ = 0;
    reset_timer(later_);
    if (context_.stopping) {
        return;
    }
    const bool waits = line_changes_ && context_.book.in_doubt(config_.id) != nullptr;
    line_changes_ = false;
    if (!waits) {
        spawn();
        return;
    }
    // What the last host left on the old line may still reach the same device by its other door.
    later_ = context_.timers.call_at(now() + kOldLineQuiet, [this] {
        later_.reset();
        line_free_since_.reset();
        spawn();
    });
}

Done DeviceLane::may_retire() const {
    if (has_open_operation()) {
        return make_error(ErrorCode::wrong_state,
                          "device: an operation is open; it is removed only when all are settled");
    }
    return {};
}

void DeviceLane::retire() {
    retired_ = true;
    next_config_.reset();
    reset_timer(later_);
    reset_timer(watch_timer_);
    fail_queries(make_error(ErrorCode::unknown_device, "device: it was removed"), true);
    end_host("it was removed");
}

bool DeviceLane::connect_now() {
    if (phase_ == Phase::closed && !ending_ && later_) {
        send_open();
    }
    return !ending_ &&
           (phase_ == Phase::ready || phase_ == Phase::executing || phase_ == Phase::resolving);
}

void DeviceLane::plugged() {
    if (phase_ == Phase::opening) {
        came_while_opening_ = true;
    } else if (phase_ == Phase::closed && !ending_ && later_) {
        open_failures_ = 0;
        send_open();
    }
}

void DeviceLane::unplugged() {
    if (phase_ == Phase::ready && !ending_ && queries_at_host_ == 0) {
        reason_ = node_ + ": unplugged";
        send_open();  // its host lets go of what is left of the old line
    }
}

void DeviceLane::remember(DeviceConfig next) {
    (next_config_ ? *next_config_ : config_) = std::move(next);
}

contract::DeviceState DeviceLane::state() const {
    using State = contract::DeviceState;
    if (quarantined_) {
        return State::quarantined;
    }
    if (context_.book.in_doubt(config_.id) != nullptr) {
        return State::in_doubt;
    }
    switch (phase_) {
        case Phase::offline: return State::offline;
        case Phase::ready: return State::ready;
        case Phase::executing: return State::busy;
        case Phase::starting:
        case Phase::opening:
        case Phase::closed:
        case Phase::resolving: return State::opening;
    }
    return State::offline;
}

void DeviceLane::decided() {
    tell(DeviceEvent::changed);
    next();
}

void DeviceLane::tell(DeviceEvent event) {
    if (context_.options.observer == nullptr) {
        return;
    }
    auto now_is = std::make_pair(state(), reason_);
    if (event == DeviceEvent::changed && now_is == told_) {
        return;
    }
    told_ = std::move(now_is);
    context_.options.observer->on_device(describe(), event);
}

}  // namespace tillhost::devd::core
