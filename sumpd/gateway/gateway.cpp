#include "sumpd/gateway/gateway.h"

#include <fmt/format.h>

#include "hal/os/digest.h"
#include "ipc/json.h"
#include "sumpd/gateway/device_command.h"

namespace tillhost::sumpd::gateway {

using exchange::FaultCode;
using exchange::Outcome;
using exchange::refuse;

namespace {

exchange::StartCommandResponse response_of(const CommandRow& row) {
    using State = exchange::DeviceCommandState;
    const auto state = [&row] {
        switch (row.stage) {
            case Stage::queued: return State::queued;
            case Stage::handed: return State::running;
            case Stage::done: return State::done;
            case Stage::failed: return State::failed;
            case Stage::unknown:
            case Stage::orphaned: return State::unknown;
        }
        return State::unknown;
    }();
    exchange::StartCommandResponse response{.state = state, .device_ref = row.device_ref};
    if (!row.result.empty()) {
        response.result = row.result;
    }
    if (!row.error.empty()) {
        response.error = row.error;
    }
    return response;
}

}  // namespace

base::Result<std::unique_ptr<Gateway>> Gateway::start(Parts parts) {
    std::unique_ptr<Gateway> gateway(new Gateway(std::move(parts)));
    auto rows = gateway->parts_.book.unfinished();
    if (!rows) {
        return base::make_error(base::ErrorCode::storage_failed, rows.error().message);
    }
    gateway->fresh_ = std::move(*rows);
    gateway->thread_ =
        std::make_unique<os::Thread>("gateway", [self = gateway.get()] { self->run(); });
    return gateway;
}

Gateway::~Gateway() {
    stop();
    if (thread_) {
        thread_->join();
    }
}

void Gateway::stop() {
    {
        const std::lock_guard lock(mutex_);
        stop_ = true;
    }
    changed_.notify_all();
    finished_.notify_all();
}

void Gateway::set_defaults(DefaultDevices defaults) {
    const std::lock_guard lock(mutex_);
    defaults_ = std::move(defaults);
}

DefaultDevices Gateway::defaults() {
    const std::lock_guard lock(mutex_);
    return defaults_;
}

bool Gateway::may_use(const std::string& device, contract::Role highest) const {
    return highest > contract::Role::cashier || parts_.choice == nullptr ||
           parts_.choice->is_visible(device);
}

Outcome<exchange::StartCommandResponse> Gateway::start_command(
    const std::string& app_device, const exchange::StartCommand& request, contract::Role highest) {
    const auto id = base::OperationId::from_text(request.command_id.text);
    if (!id) {
        return exchange::refuse_field("commandId", "a UUID of version 7, made by the app");
    }
    const auto command = command_of(request.op, request.payload, highest);
    if (!command) {
        return tl::unexpected(command.error());
    }
    CommandRow row{.id = request.command_id.text,
                   .app_device = app_device,
                   .device_ref = request.device_ref.value_or(default_device(*command, defaults())),
                   .op = request.op,
                   .payload = request.payload,
                   .start_before_ms = parts_.clock.unix_ms() + request.timeout_ms};
    if (row.device_ref.empty() && !is_sale(*command)) {
        return exchange::refuse_field("deviceRef", "a device; no default is set for this command");
    }
    for (const std::string& device : devices_of(*command, row.device_ref)) {
        if (!may_use(device, highest)) {
            return refuse(FaultCode::forbidden, device + " is not shown to apps");
        }
    }
    // Of what it says, not of how it was written: a repeat may have other blanks.
    row.sha256 = os::sha256_hex(base::bytes_of(
        fmt::format("{}\n{}", row.device_ref, ipc::to_json(to_value(*command), -1))));
    auto kept = parts_.book.add(row, request.force);
    if (!kept) {
        return tl::unexpected(kept.error());
    }
    if (kept->is_new) {
        const std::lock_guard lock(mutex_);
        fresh_.push_back(row);
        changed_.notify_one();
    }
    return tell(kept->row);
}

Outcome<exchange::StartCommandResponse> Gateway::get_command(const std::string& app_device,
                                                             const exchange::GetCommand& request) {
    const os::Deadline end =
        parts_.clock.now() + std::chrono::milliseconds(request.wait_ms.value_or(0));
    for (;;) {
        auto row = parts_.book.find(request.command_id.text, app_device);
        if (!row) {
            return tl::unexpected(row.error());
        }
        const os::Duration left = end - parts_.clock.now();
        if (is_finished(row->stage) || left <= os::Duration::zero()) {
            return tell(*row);
        }
        std::unique_lock lock(mutex_);
        if (stop_ || waiters_ >= kCommandWaitersMax) {
            return response_of(*row);
        }
        ++waiters_;
        // The end may have come between the look and the wait: never longer than a look.
        finished_.wait_for(lock, std::min<os::Duration>(left, kLookRarely));
        --waiters_;
    }
}

/// The app gets to know the end with this; an answer that is lost is asked for again.
Outcome<exchange::StartCommandResponse> Gateway::tell(const CommandRow& row) {
    if (is_finished(row.stage) && !row.is_told) {
        static_cast<void>(parts_.book.told(row.id));  // not written: told at the next question
    }
    return response_of(row);
}

Outcome<exchange::StartCommandResponse> Gateway::decide(const CommandBook::Decision& decision,
                                                        const store::Audit& audit) {
    auto row = parts_.book.decide(decision, audit);
    if (!row) {
        return tl::unexpected(row.error());
    }
    {
        const std::lock_guard lock(mutex_);
        decided_.push_back(decision.id);
        changed_.notify_one();
    }
    finished_.notify_all();
    return response_of(*row);
}

Outcome<exchange::GetDevicesResponse> Gateway::get_devices() {
    // One asks, the others come again: a host of devices that hangs must not hold up those who ask
    // for something else.
    const std::unique_lock lock(asking_, std::try_to_lock);
    if (!lock.owns_lock()) {
        return refuse(FaultCode::device_unavailable, "the host of devices is being asked");
    }
    const auto devices = parts_.asked_port.devices(parts_.clock.now() + kAskMax);
    if (!devices) {
        return refuse(FaultCode::device_unavailable,
                      "the host of devices does not answer: " + base::to_text(devices.error()));
    }
    exchange::GetDevicesResponse response;
    for (const contract::Device& device : *devices) {
        if (response.devices.size() == exchange::kDevicesListedMax) {
            break;
        }
        if (!may_use(device.device, contract::Role::cashier)) {
            continue;
        }
        response.devices.push_back({.ref = device.device,
                                    .name = device.name,
                                    .driver = device.driver,
                                    .state = std::string(name_of(device.state)),
                                    .reason = device.reason});
    }
    return response;
}

/// False at the end.
bool Gateway::take_new() {
    std::unique_lock lock(mutex_);
    if (!stop_ && fresh_.empty() && decided_.empty()) {
        if (carrier_.is_idle()) {
            changed_.wait(lock);
        } else {
            changed_.wait_for(lock, kLookEvery);
        }
    }
    for (CommandRow& row : fresh_) {
        carrier_.add(std::move(row));
    }
    fresh_.clear();
    for (const std::string& id : decided_) {
        carrier_.forget(id);
    }
    decided_.clear();
    return !stop_;
}

bool Gateway::is_stopping() {
    const std::lock_guard lock(mutex_);
    return stop_;
}

void Gateway::run() {
    while (take_new()) {
        if (carrier_.turn([this] { return is_stopping(); })) {
            finished_.notify_all();
        }
    }
}

}  // namespace tillhost::sumpd::gateway
