#include "devd/core/device_lane.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "hal/base/text.h"

namespace tillhost::devd::core {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::int64_t kHostLinkVersion = 1;
/// Waits before a host is started again, by how often it ended without having been healthy.
constexpr std::array<os::Duration, 6> kRestartDelays{
    milliseconds(0), milliseconds(200), seconds(1), seconds(5), seconds(15), seconds(60)};
/// Waits before a device is opened again, by how often that failed.
constexpr std::array<os::Duration, 5> kReopenDelays{milliseconds(200), seconds(1), seconds(2),
                                                    seconds(5), seconds(10)};

template <std::size_t size>
os::Duration delay(const std::array<os::Duration, size>& delays, std::size_t failures) {
    return delays[std::min(failures, size - 1)];
}

std::string shortened(const std::string& text) {
    return std::string(base::cut_utf8(text, kReasonBytesMax));
}

std::string reason_of(const contract::Error& error) {
    return error.text.empty() ? error.code : fmt::format("{}: {}", error.code, error.text);
}

}  // namespace

// --- a host's life

DeviceLane::DeviceLane(DeviceConfig config, const LaneContext& context)
    : config_(std::move(config)), context_(context) {
    if (config_.shift) {
        keeper_.emplace(config_.id, *config_.shift,
                        ShiftKeeperParts{context_.book, context_.clock, context_.random,
                                         context_.options.utc_offset_s});
    }
}

void DeviceLane::start() {
    if (keeper_ && keeper_->watches_time()) {
        look_at_time();
    }
    if (const OperationBook::Entry* doubt = context_.book.in_doubt(config_.id)) {
        touched(*doubt);
    }
    context_.hosts.assign(config_.id, config_.driver);
    spawn();
}

void DeviceLane::spawn() {
    reset_timer(later_);
    const auto [epoch, position] = context_.book.next_epoch(config_.id);
    changed();
    epoch_ = epoch;
    epoch_position_ = position;
    host_lives_ = true;
    host_starts_ += 1;
    ending_ = false;
    phase_ = Phase::starting;
    spawned_at_ = now();
    watch_for(kHelloBudget);
    context_.hosts.spawn(config_.id, epoch_);
    tell(DeviceEvent::changed);
}

void DeviceLane::send_open() {
    phase_ = Phase::opening;
    came_while_opening_ = false;
    node_.clear();  // it is closed; where it is now, its host will say
    adapter_.clear();
    changed();
    reset_timer(later_);
    contract::Open open;
    open.epoch = static_cast<std::int64_t>(epoch_.value);
    open.device = config_.id;
    open.settings = config_.settings;
    open.budget_ms = ms(config_.budgets.open);
    Position after = epoch_position_;
    asked_.reset();
    if (const OperationBook::Entry* doubt = context_.book.doubt_to_ask(config_.id)) {
        asked_ = doubt->row.id;
        after = std::max(after, doubt->position);
        open.pending = pending_of(doubt->row);
        // Since the last host was gone nobody could write to the line.
        open.pending->idle_ms = line_free_since_ ? ms(spawned_at_ - *line_free_since_) : 0;
    }
    watch_for(config_.budgets.open);
    pause_watch();
    tell(DeviceEvent::changed);
    send(after, std::move(open));
}

void DeviceLane::end_host(const std::string& reason) {
    if (!host_lives_ || ending_) {
        return;
    }
    ending_ = true;
    reason_ = shortened(reason);
    changed();
    context_.hosts.kill(config_.id);
    if (context_.bugs.two_hosts) {
        on_gone(epoch_, reason);
    }
}

void DeviceLane::on_gone(base::HostEpoch epoch, const std::string& reason) {
    if (epoch != epoch_ || !host_lives_) {
        return;
    }
    host_lives_ = false;
    quarantined_ = false;
    phase_ = Phase::offline;
    changed();
    line_free_since_ = now();
    asked_.reset();
    reset_timer(watch_timer_);
    reset_timer(idle_timer_);
    reason_ = shortened(ending_ ? fmt::format("{} ({})", reason_, reason) : reason);
    abandon_current(reason);
    fail_queries(base::make_error(base::ErrorCode::host_lost, reason_), retired_);
    tell(retired_ || next_config_ ? DeviceEvent::changed : DeviceEvent::host_gone);
    if (retired_) {
        reset_timer(later_);
    } else if (next_config_) {
        take_next_config();
    } else {
        restart_later();
    }
}

void DeviceLane::on_stuck(base::HostEpoch epoch, const std::string& reason) {
    if (epoch == epoch_ && host_lives_) {
        ending_ = true;
        quarantined_ = true;
        reason_ = shortened(reason);
        changed();
        tell(DeviceEvent::changed);
    }
}

void DeviceLane::restart_later() {
    if (now() - spawned_at_ >= kHealthyAfter) {
        restarts_ = 0;
    }
    const os::Duration wait = delay(kRestartDelays, restarts_);
    ++restarts_;
    if (context_.stopping) {
        return;
    }
    reset_timer(later_);
    if (wait == os::Duration::zero()) {
        spawn();
        return;
    }
    later_ = context_.timers.call_at(now() + wait, [this] {
        later_.reset();
        spawn();
    });
}

void DeviceLane::reopen_later() {
    reset_timer(later_);
    const os::Duration wait = delay(kReopenDelays, open_failures_);
    ++open_failures_;
    later_ = context_.timers.call_at(now() + wait, [this] {
        later_.reset();
        if (phase_ == Phase::closed && !ending_) {
            send_open();
        }
    });
}

// --- what a host says

bool DeviceLane::expects(bool right, std::string_view message) {
    if (!right && !ending_) {
        end_host(fmt::format("its driver said {} at the wrong moment", message));
    }
    return right && !ending_;
}

void DeviceLane::on_message(base::HostEpoch epoch, const contract::FromHost& message) {
    if (epoch != epoch_ || !host_lives_) {
        return;  // a former life
    }
    std::visit([this](const auto& one) { take(one); }, message);
}

void DeviceLane::take(const contract::HostHello& hello) {
    if (!expects(phase_ == Phase::starting, "hello")) {
        return;
    }
    if (hello.version != kHostLinkVersion || hello.driver != config_.driver) {
        end_host(
            fmt::format("the host speaks link version {} with driver '{}', expected {} and "
                        "'{}'",
                        hello.version, hello.driver, kHostLinkVersion, config_.driver));
        return;
    }
    send_open();
}

void DeviceLane::take(const contract::Opened& opened) {
    if (!expects(phase_ == Phase::opening, "opened")) {
        return;
    }
    const OperationBook::Entry* doubt = asked_ ? context_.book.find(*asked_) : nullptr;
    if (doubt != nullptr && doubt->row.state == contract::OperationState::in_doubt) {
        if (!opened.resolution) {
            end_host("its driver opened the device without a word on the operation in doubt");
            return;
        }
        apply(*opened.resolution, *doubt);
        if (ending_) {
            return;
        }
    }
    asked_.reset();
    phase_ = Phase::ready;
    open_failures_ = 0;
    resolve_wanted_ = false;
    resolve_failures_ = 0;
    reason_.clear();
    set_status(opened.status);
    node_ = opened.node;
    adapter_ = opened.adapter;
    open_error_.reset();
    last_ok_ = now();
    ask_when_idle();
    watch_for(kSilenceMax);
    tell(DeviceEvent::opened);
    next();
}

void DeviceLane::take(const contract::OpenFailed& failed) {
    if (!expects(phase_ == Phase::opening, "open_failed")) {
        return;
    }
    phase_ = Phase::closed;
    reason_ = shortened(reason_of(failed.error));
    watch_for(kSilenceMax);
    if (const OperationBook::Entry* doubt = asked_ ? context_.book.find(*asked_) : nullptr) {
        if (failed.error.code == base::name_of(base::ErrorCode::wrong_device) &&
            doubt->row.state == contract::OperationState::in_doubt) {
            mark_doubt(*doubt, failed.error);  // a person has to bring the right one
        }
        context_.waiters.asked(*doubt);
    }
    asked_.reset();
    open_error_ = failed.error;
    fail_queries(base::make_error(base::ErrorCode::device_not_ready, reason_), true);
    if (came_while_opening_) {
        open_failures_ = 0;
    }
    reopen_later();
    tell(DeviceEvent::open_failed);
}

void DeviceLane::take(const contract::Announce& announce) {
    if (!ending_ && !watch_left_) {
        watch_for(milliseconds(announce.budget_ms));
    }
}

void DeviceLane::take(const contract::Beat&) {
    const bool waits_for_work =
        (phase_ == Phase::ready && queries_at_host_ == 0) || phase_ == Phase::closed;
    if (waits_for_work && !ending_) {
        watch_for(kSilenceMax);
    }
}

// --- time

void DeviceLane::watch_for(os::Duration budget) {
    watch_left_.reset();
    watch_ = now() + budget + kKillGrace;
    arm_watch();
}

void DeviceLane::pause_watch() { watch_left_ = watch_ - now(); }

void DeviceLane::resume_watch() {
    if (watch_left_) {
        watch_ = now() + *watch_left_;
        watch_left_.reset();
        arm_watch();
    }
}

void DeviceLane::arm_watch() {
    // The deadline moves with every message; the timer is moved only forward in time.
    if (watch_timer_ && watch_timer_at_ <= watch_) {
        return;
    }
    reset_timer(watch_timer_);
    watch_timer_at_ = watch_;
    watch_timer_ = context_.timers.call_at(watch_, [this] { on_watch(); });
}

void DeviceLane::on_watch() {
    watch_timer_.reset();
    if (!host_lives_ || ending_ || watch_left_) {
        return;
    }
    if (now() < watch_) {
        arm_watch();
        return;
    }
    end_host(phase_ == Phase::ready || phase_ == Phase::closed
                 ? "its driver fell silent"
                 : "its driver did not come back by its own deadline");
}

void DeviceLane::reset_timer(std::optional<TimerKey>& timer) {
    if (timer) {
        context_.timers.cancel(*timer);
        timer.reset();
    }
}

void DeviceLane::send(Position after, contract::ToHost message) {
    context_.outbox.at(after, [this, epoch = epoch_, message = std::move(message)] {
        if (epoch == epoch_ && host_lives_ && !ending_) {
            resume_watch();
            context_.hosts.send(config_.id, message);
        }
    });
}

void DeviceLane::touched(const OperationBook::Entry& entry) {
    position_ = std::max(position_, entry.position);
}

// --- for clients

bool DeviceLane::at_rest() const {
    return phase_ != Phase::executing && phase_ != Phase::resolving;
}

void DeviceLane::set_status(const contract::ClassStatus& status) {
    status_ = status;
    const auto* fiscal = std::get_if<contract::FiscalStatus>(&*status_);
    if (keeper_ && fiscal != nullptr) {
        keeper_->saw(*fiscal);
    }
}

void DeviceLane::moved(const OperationRow& row) {
    if (keeper_) {
        keeper_->moved(row);
    }
}

/// The time of closing is looked at even when nothing else happens.
void DeviceLane::look_at_time() {
    context_.timers.call_at(now() + kShiftLook, [this] {
        next();
        look_at_time();
    });
}

DeviceFigures DeviceLane::figures() const {
    DeviceFigures figures;
    figures.device = describe();
    figures.host_starts = host_starts_;
    // Starting and opening are no trouble by themselves, unless they have failed before.
    figures.closed = phase_ == Phase::closed || phase_ == Phase::offline ||
                     (open_failures_ > 0 && phase_ == Phase::opening);
    if (keeper_) {
        figures.shift_open_for = keeper_->open_for();
        figures.shift_expired = keeper_->is_expired();
        figures.shift_reminds = keeper_->reminds();
        figures.shift_not_closed = keeper_->gave_up_closing();
    }
    return figures;
}

contract::Device DeviceLane::describe() const {
    const OperationBook::Entry* doubt = context_.book.in_doubt(config_.id);
    contract::Device device;
    device.device = config_.id;
    device.driver = config().driver;
    device.name = config().name;
    device.setup_missing = config().setup_missing;
    device.error = open_error_;
    device.reason = reason_;
    device.last_ok_ms = last_ok_ ? ms(now() - *last_ok_) : -1;
    device.queue = static_cast<std::int64_t>(context_.book.waiting(config_.id).size());
    device.status = status_;
    device.node = node_;
    device.adapter = adapter_;
    if (doubt != nullptr) {
        device.in_doubt = doubt->row.id;
    }
    device.state = state();
    device.leased_to = context_.leases.holder(config_.id);
    device.opens_shift = config_.shift && config_.shift->open_when_needed;
    if (!config_.host.empty()) {
        take_from_owner(device);
    }
    return device;
}

/// Nullptr: its host is not connected, or has no such device.
const contract::Device* DeviceLane::seen_by_owner() const {
    return context_.options.mirror == nullptr ? nullptr : context_.options.mirror->seen(config_.id);
}

/// What waits for a person there is asked about again when it is settled there; what waits for the
/// device goes on when it works.
void DeviceLane::mirrored() {
    changed();
    const contract::Device* const there = seen_by_owner();
    if (there == nullptr || phase_ != Phase::ready || ending_) {
        return;
    }
    if (context_.book.doubt_to_ask(config_.id) != nullptr && !there->in_doubt) {
        resolve_now();
    } else {
        next();
    }
}

/// Of a remote device the lane knows whether its host can be reached and what of a sale is done
/// there; the rest its host knows.
void DeviceLane::take_from_owner(contract::Device& device) const {
    const bool open = phase_ == Phase::ready || phase_ == Phase::executing;
    device.host = config_.host;
    const contract::Device* const there = seen_by_owner();
    if (there == nullptr) {
        if (open) {
            device.state = contract::DeviceState::offline;
            device.reason = fmt::format("host '{}' shows this one no such device", config_.host);
        }
        return;
    }
    device.driver = there->driver;
    device.setup_missing = there->setup_missing;
    device.queue = there->queue;
    device.status = there->status;
    device.node = there->node;
    device.adapter = there->adapter;
    device.leased_to = there->leased_to;
    device.opens_shift = there->opens_shift;
    if (!device.in_doubt) {
        device.in_doubt = there->in_doubt;
    }
    if (open) {
        device.state = there->state;
        device.reason = there->reason;
        device.error = there->error;
    }
}

}  // namespace tillhost::devd::core
