#include "sumpd/gateway/gateway.h"

#include <fmt/format.h>

#include "hal/os/digest.h"
#include "ipc/json.h"
#include "sumpd/gateway/answers.h"
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
    if (!row.device_says.empty()) {
        response.error = fmt::format("{}{}the device says: {}", row.error,
                                     row.error.empty() ? "" : "; ", row.device_says);
    }
    if (row.default_rule != DefaultRule::unspecified) {
        response.default_rule = row.default_rule;
    }
    response.prompt = prompt_of(row);
    if (response.prompt) {
        response.state = State::running;
        response.error.reset();
    }
    return response;
}

/// By which rule a device is one of the two defaults.
std::optional<DefaultRule> rule_at(const contract::Device& device,
                                   const DefaultChoice (&defaults)[2]) {
    for (const DefaultKind kind : {DefaultKind::registrar, DefaultKind::terminal}) {
        const DefaultChoice& choice = defaults[kind == DefaultKind::terminal ? 1 : 0];
        if (choice.device == device.device && is_of_kind(device.driver, kind)) {
            return choice.rule;
        }
    }
    return std::nullopt;
}

/// Names the rule, so that who reads it knows where to set it right.
exchange::Fault unusable_fault(const DefaultChoice& choice, DefaultKind kind, const char* why) {
    const auto rule = exchange::names_of(choice.rule)[static_cast<std::size_t>(choice.rule) - 1];
    return {.code = FaultCode::default_unusable,
            .message = fmt::format("the {}'s default {} {} {}: set another one, or name a device",
                                   rule, name_of(kind), choice.device, why),
            .field = "deviceRef"};
}

}  // namespace

base::Result<std::unique_ptr<Gateway>> Gateway::start(Parts parts) {
    std::unique_ptr<Gateway> gateway(new Gateway(std::move(parts)));
    auto rows = gateway->parts_.book.unfinished();
    auto decided = gateway->parts_.book.decided();
    if (!rows || !decided) {
        return base::make_error(base::ErrorCode::storage_failed,
                                rows ? decided.error().message : rows.error().message);
    }
    gateway->fresh_ = std::move(*rows);
    gateway->decided_ = std::move(*decided);
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

DefaultChoice Gateway::default_for(const Asker& from, DefaultKind kind) {
    if (parts_.rules != nullptr) {
        if (auto choice = parts_.rules->choose(from, kind); !choice.device.empty()) {
            return choice;
        }
    }
    const std::lock_guard lock(mutex_);
    const std::string& device =
        kind == DefaultKind::terminal ? defaults_.terminal : defaults_.registrar;
    return device.empty() ? DefaultChoice{} : DefaultChoice{device, DefaultRule::server};
}

/// Why commands cannot go to a default. Where devd does not tell, the command is taken, and devd
/// refuses it later: a till waits for no host of devices that hangs.
std::optional<exchange::Fault> Gateway::unusable(const DefaultChoice& choice, DefaultKind kind,
                                                 contract::Role highest) {
    if (!may_use(choice.device, highest)) {
        return unusable_fault(choice, kind, "is not shown to apps");
    }
    const std::unique_lock lock(asking_, std::try_to_lock);
    const auto devices = lock.owns_lock()
                             ? parts_.asked_port.devices(parts_.clock.now() + kDefaultLookMax)
                             : base::Result<std::vector<contract::Device>>(
                                   base::make_error(base::ErrorCode::retry_later, "it is asked"));
    if (!devices) {
        return std::nullopt;
    }
    for (const contract::Device& device : *devices) {
        if (device.device == choice.device) {
            return is_of_kind(device.driver, kind)
                       ? std::nullopt
                       : std::optional(unusable_fault(choice, kind, "is a device of another kind"));
        }
    }
    return unusable_fault(choice, kind, "is not there");
}

Outcome<DefaultChoice> Gateway::device_for(const Asker& from, const contract::Command& command,
                                           contract::Role highest) {
    const DefaultKind kind = default_kind(command);
    DefaultChoice choice = default_for(from, kind);
    if (choice.device.empty()) {
        return exchange::refuse_field("deviceRef", "a device; no default is set for this command");
    }
    if (auto fault = unusable(choice, kind, highest)) {
        return tl::unexpected(std::move(*fault));
    }
    return choice;
}

bool Gateway::may_use(const std::string& device, contract::Role highest) const {
    return highest > contract::Role::cashier || parts_.choice == nullptr ||
           parts_.choice->is_visible(device);
}

Outcome<CommandBook::Added> Gateway::take(const Asker& from, const exchange::StartCommand& request,
                                          const contract::Command& command,
                                          contract::Role highest) {
    const auto known = parts_.book.find(request.command_id.text, from.app);
    if (!known && known.error().code != FaultCode::not_found) {
        return tl::unexpected(known.error());
    }
    CommandRow row{.id = request.command_id.text,
                   .app_device = from.app,
                   .device_ref = request.device_ref.value_or(""),
                   .op = request.op,
                   .payload = request.payload,
                   .start_before_ms = parts_.clock.unix_ms() + request.timeout_ms};
    if (known && !request.device_ref) {
        row.device_ref = known->device_ref;
    } else if (!request.device_ref && !is_sale(command)) {
        auto choice = device_for(from, command, highest);
        if (!choice) {
            return tl::unexpected(std::move(choice.error()));
        }
        row.device_ref = std::move(choice->device);
        row.default_rule = choice->rule;
    }
    for (const std::string& device : devices_of(command, row.device_ref)) {
        if (!known && !may_use(device, highest)) {
            return refuse(FaultCode::forbidden, device + " is not shown to apps");
        }
    }
    // Of what it says, not of how it was written: a repeat may have other blanks.
    row.sha256 = os::sha256_hex(
        base::bytes_of(fmt::format("{}\n{}", row.device_ref, ipc::to_json(to_value(command), -1))));
    return parts_.book.add(row, request.force);
}

Outcome<exchange::StartCommandResponse> Gateway::start_command(
    const Asker& from, const exchange::StartCommand& request, contract::Role highest) {
    const auto id = base::OperationId::from_text(request.command_id.text);
    if (!id) {
        return exchange::refuse_field("commandId", "a UUID of version 7, made by the app");
    }
    const auto command = command_of(request.op, request.payload, highest);
    if (!command) {
        return tl::unexpected(command.error());
    }
    auto kept = take(from, request, *command, highest);
    if (!kept && !request.device_ref && kept.error().code == FaultCode::doc_conflict) {
        // Its first hand-over may have been taken meanwhile, by a rule that has changed since.
        kept = take(from, request, *command, highest);
    }
    if (!kept) {
        return tl::unexpected(kept.error());
    }
    if (kept->is_new) {
        const std::lock_guard lock(mutex_);
        fresh_.push_back(kept->row);
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

Outcome<contract::Operation> Gateway::decide_there(const CommandRow& row,
                                                   const exchange::AnswerCommand& request,
                                                   const Asker& from) {
    const std::unique_lock lock(asking_, std::try_to_lock);
    if (!lock.owns_lock()) {
        return tl::unexpected(refusal_of(base::make_error(base::ErrorCode::retry_later, "busy")));
    }
    const Handed handed{.id = base::OperationId::from_text(row.id).value_or(base::OperationId()),
                        .device = row.device_ref,
                        .book = row.book};
    const os::Deadline end = parts_.clock.now() + kAskMax;
    for (int tries = 1;; ++tries) {
        auto now = parts_.asked_port.operation(handed, end);
        if (!now) {
            return tl::unexpected(refusal_of(now.error()));
        }
        if (client::is_final(now->state)) {
            return std::move(*now);
        }
        auto decided =
            parts_.asked_port.decide(handed, decision_of(row, now->version, request, from), end);
        if (decided) {
            return std::move(*decided);
        }
        if (decided.error().code != base::ErrorCode::wrong_state || tries == kDecideTriesMax) {
            return tl::unexpected(refusal_of(decided.error()));
        }
    }
}

Outcome<exchange::StartCommandResponse> Gateway::answer_command(
    const Asker& from, const exchange::AnswerCommand& request) {
    auto row = parts_.book.find(request.command_id.text, from.app);
    if (!row) {
        return tl::unexpected(row.error());
    }
    if (!row->asks_person) {
        return refuse(FaultCode::bad_request, "nobody is asked for the result of this command");
    }
    if (!is_finished(row->stage)) {
        if (row->stage == Stage::orphaned) {
            return refuse(FaultCode::bad_request, "an administrator decides about this command");
        }
        const auto decided = decide_there(*row, request, from);
        if (!decided) {
            return tl::unexpected(decided.error());
        }
        *row = with_end(std::move(*row), *decided);
    }
    if (!is_said_by(request, *row)) {
        return refuse(FaultCode::doc_conflict, "the command came to another end: " + row->error);
    }
    // The carrier writes it, and acknowledges it there.
    return get_command(from.app, {.command_id = request.command_id, .wait_ms = kEndWaitMs});
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
        decided_.push_back(*row);
        changed_.notify_one();
    }
    finished_.notify_all();
    return response_of(*row);
}

Outcome<exchange::GetDevicesResponse> Gateway::get_devices(const Asker& from) {
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
    const DefaultChoice defaults[] = {default_for(from, DefaultKind::registrar),
                                      default_for(from, DefaultKind::terminal)};
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
                                    .reason = device.reason,
                                    .default_rule = rule_at(device, defaults)});
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
    for (CommandRow& row : decided_) {
        carrier_.decided(std::move(row));
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
