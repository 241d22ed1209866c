#include "devd/runtime/connection_check.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "devd/runtime/device_file.h"
#include "hal/base/error.h"
#include "ipc/contract/decoder.h"
#include "ipc/json.h"

namespace tillhost::devd::runtime {
namespace {

using base::Done;
using base::ErrorCode;
using base::make_error;
using contract::CheckOutcome;
using contract::SetupStep;

constexpr os::Duration kCheckTime = std::chrono::seconds(30);  // unless the request says another
constexpr os::Duration kCheckWithSearchTime = std::chrono::seconds(120);
/// Ten speeds of 5 s, and a line that is held for a while.
constexpr os::Duration kSpeedSearchTimeMax = std::chrono::seconds(90);

os::Duration time_of(const contract::Request& request, bool find_speed) {
    return request.deadline_ms == 0 ? (find_speed ? kCheckWithSearchTime : kCheckTime)
                                    : os::Duration(std::chrono::milliseconds(std::min(
                                          request.deadline_ms, contract::kRequestDeadlineMsMax)));
}

}  // namespace

ipc::PeerIdentity own_identity() { return {.uid = static_cast<std::int64_t>(::getuid())}; }

namespace {

bool holds(const std::vector<SetupStep>& steps, SetupStep step) {
    return std::find(steps.begin(), steps.end(), step) != steps.end();
}

bool needs_layout(const contract::Manifest* manifest) {
    return manifest != nullptr && holds(setup_of(*manifest), SetupStep::layout);
}

bool is_empty(const std::vector<std::string>& lines) {
    return std::all_of(lines.begin(), lines.end(), [](const std::string& line) {
        return line.find_first_not_of(' ') == std::string::npos;
    });
}

/// Whether the answer to the layout query shows a header and a footer.
bool has_both(const contract::Value& answer) {
    const auto status = contract::from_value<contract::ClassStatus>(answer);
    const auto* layout = status ? std::get_if<contract::Layout>(&*status) : nullptr;
    return layout != nullptr && !is_empty(layout->header) && !is_empty(layout->footer);
}

std::string serial_of(const contract::Device& device) {
    const auto* status =
        device.status ? std::get_if<contract::FiscalStatus>(&*device.status) : nullptr;
    return status == nullptr ? "" : status->identity.serial;
}

}  // namespace

CheckOutcome outcome_of(const contract::Error& error) {
    static constexpr std::array<std::pair<ErrorCode, CheckOutcome>, 10> kRows{
        {{ErrorCode::port_missing, CheckOutcome::cable_or_power},
         {ErrorCode::port_failed, CheckOutcome::cable_or_power},
         {ErrorCode::no_answer, CheckOutcome::cable_or_power},
         {ErrorCode::link_lost, CheckOutcome::cable_or_power},
         {ErrorCode::port_denied, CheckOutcome::permission},
         {ErrorCode::port_busy, CheckOutcome::port_held},
         {ErrorCode::frame_damaged, CheckOutcome::wrong_speed},
         {ErrorCode::unexpected_answer, CheckOutcome::wrong_protocol},
         {ErrorCode::wrong_device, CheckOutcome::wrong_device},
         {ErrorCode::host_lost, CheckOutcome::driver_failed}}};
    if (error.code == base::name_of(ErrorCode::deadline_passed)) {
        return CheckOutcome::no_time;
    }
    for (const auto& [code, outcome] : kRows) {
        if (error.code == base::name_of(code)) {
            return outcome;
        }
    }
    return CheckOutcome::device_error;
}

std::string_view advice_of(CheckOutcome outcome) {
    switch (outcome) {
        case CheckOutcome::passed: return "the device answers";
        case CheckOutcome::cable_or_power:
            return "nobody answers: check that the device is on, its cable, the port and its speed";
        case CheckOutcome::permission:
            return "devd may not open the port: add its user to the group of the device node "
                   "(usually dialout)";
        case CheckOutcome::port_held: return "end the program that holds the port";
        case CheckOutcome::wrong_speed:
            return "bytes come that make no frame: set the speed that the device has, or check "
                   "driver and port";
        case CheckOutcome::wrong_protocol:
            return "something answers that is not such a device: check driver and port";
        case CheckOutcome::wrong_device:
            return "another device than the one set up: check its serial number";
        case CheckOutcome::device_error: return "the device answers and refuses: see its error";
        case CheckOutcome::driver_failed: return "the driver's process ended: see devd's log";
        case CheckOutcome::no_time: return "no answer in the time given: check, and try it longer";
        case CheckOutcome::unspecified: break;
    }
    return "";
}

Done Administration::start_check(ipc::PeerId peer, const contract::Request& request) {
    const auto asked = TRY(contract::from_value<contract::CheckRequest>(request.body));
    TRY(core_->check_session(peer, asked.session));
    TRY(known(asked.device));
    if (asked.find_speed && !core_->may_remove(asked.device)) {
        return make_error(ErrorCode::wrong_state,
                          "device: an operation is open; its speed is looked for only when all are "
                          "settled");
    }
    if (checks_asked_for() >= kChecksMax) {
        return make_error(ErrorCode::retry_later, "enough connection checks are under way");
    }
    Check& check = checks_.emplace_back();
    check.device = asked.device;
    check.peer = peer;
    check.request_id = request.id;
    check.find_speed = asked.find_speed;
    const os::Deadline end = parts_.clock.now() + time_of(request, asked.find_speed);
    check.timer = parts_.loop.call_at(end, [this, one = &check] {
        one->find_speed = false;
        const auto device = core_->device(one->device);
        fail(*one, device && device->error
                       ? *device->error
                       : contract::to_contract(make_error(ErrorCode::deadline_passed, "")));
    });
    check.opened = core_->connect_now(asked.device);
    if (check.opened) {
        wake_checks();
    }
    return {};
}

void Administration::wake_checks() {
    if (wake_) {
        return;
    }
    wake_ = parts_.loop.call_at(parts_.clock.now(), [this] {
        wake_.reset();
        for (auto next = checks_.begin(); next != checks_.end();) {
            Check& check = *next++;  // it may end in what follows
            go_on(check);
        }
    });
}

void Administration::go_on(Check& check) {
    if (check.answer) {
        const contract::Reply reply = std::move(*check.answer);
        check.answer.reset();
        take_answer(check, reply);
    } else if (check.error) {
        fail(check, *check.error);
    } else if (check.opened && check.question == 0) {
        ask(check, check.peer ? contract::Query(contract::StatusQuery{})
                              : contract::Query(contract::LayoutQuery{}));
    }
}

void Administration::ask(Check& check, const contract::Query& query) {
    check.question = ++last_request_;
    core_->on_request(
        kSelf, own_identity(),
        {contract::RequestKind::query, check.question, contract::kRequestDeadlineMsMax,
         contract::to_value(contract::QueryRequest{check.device, query})});
}

void Administration::take_answer(Check& check, const contract::Reply& reply) {
    if (!check.peer) {
        take_own(check, reply);
        return;
    }
    if (check.asks_layout) {
        take_layout(check, reply);
        return;
    }
    if (const auto* error = std::get_if<contract::Error>(&reply.outcome)) {
        if (!try_anew(check, *error)) {
            fail(check, *error);
        }
        return;
    }
    auto status =
        contract::from_value<contract::ClassStatus>(std::get<contract::Value>(reply.outcome));
    if (status) {
        check.reply.status = std::move(*status);
    }
    const auto device = devices_.find(check.device);
    const auto* manifest = device == devices_.end()
                               ? nullptr
                               : find_manifest(parts_.manifests, device->second.config.driver);
    if (needs_layout(manifest)) {
        check.asks_layout = true;
        ask(check, contract::LayoutQuery{});
        return;
    }
    passed(check);
}

/// A device that was off and on again leaves a line that is dead; only the next question shows it.
/// That says nothing of the device: the line is opened anew, once.
bool Administration::try_anew(Check& check, const contract::Error& error) {
    if (check.asked_anew || error.code != base::name_of(ErrorCode::link_lost)) {
        return false;
    }
    check.asked_anew = true;
    check.question = 0;
    check.opened = core_->connect_now(check.device);
    if (check.opened) {
        wake_checks();
    }
    return true;
}

void Administration::take_layout(Check& check, const contract::Reply& reply) {
    const auto* error = std::get_if<contract::Error>(&reply.outcome);
    if (error != nullptr) {
        check.reply.text = fmt::format("; header and footer could not be read: {}", error->text);
    }
    if (error != nullptr || !has_both(std::get<contract::Value>(reply.outcome))) {
        check.reply.setup_missing.push_back(SetupStep::layout);
    }
    passed(check);
}

/// A registrar was opened: its header and footer are asked for, once for each that stands there.
void Administration::check_layout(const contract::Device& device) {
    const auto found = devices_.find(device.device);
    if (found == devices_.end() || found->second.layout_of == serial_of(device) ||
        !needs_layout(find_manifest(parts_.manifests, device.driver))) {
        return;
    }
    for (const Check& check : checks_) {
        if (!check.peer && check.device == device.device) {
            end(check);  // of a former opening
            break;
        }
    }
    Check& check = checks_.emplace_back();
    check.device = device.device;
    check.serial = serial_of(device);
    check.opened = true;
    check.timer =
        parts_.loop.call_at(parts_.clock.now() + kCheckTime, [this, one = &check] { end(*one); });
    wake_checks();  // the core is at work: it is asked nothing now
}

/// Only what the registrar itself says counts: a line that broke says nothing of its header.
void Administration::take_own(Check& check, const contract::Reply& reply) {
    const auto found = devices_.find(check.device);
    const auto* error = std::get_if<contract::Error>(&reply.outcome);
    if (found != devices_.end() && (error == nullptr || error->device_code != 0)) {
        KnownDevice& device = found->second;
        std::vector<SetupStep> missing = device.config.setup_missing;
        std::erase(missing, SetupStep::layout);
        if (error == nullptr && has_both(std::get<contract::Value>(reply.outcome))) {
            device.layout_of = check.serial;
        } else {
            missing.push_back(SetupStep::layout);
            parts_.logger.warning("header or footer is missing, no documents are taken",
                                  {{"device", check.device}, {"set", "tillctl layout"}});
        }
        if (const Done kept = keep_setup(device, missing); !kept) {
            parts_.logger.error("what is missing could not be written down",
                                {{"device", check.device}, {"why", kept.error().detail}});
        }
    }
    end(check);
}

Done Administration::keep_setup(KnownDevice& device, const std::vector<SetupStep>& missing) {
    if (holds(missing, SetupStep::layout)) {
        device.layout_of.clear();  // it is asked again at the next opening
    }
    if (device.config.setup_missing == missing) {
        return {};
    }
    core::DeviceConfig next = device.config;
    next.setup_missing = missing;
    if (device.origin == contract::DeviceOrigin::client) {
        TRY(write_device_file(parts_.state_folder, next));
    }
    TRY(core_->configure_device(next));
    device.config = std::move(next);
    return {};
}

/// The set-up has come as far as this check says.
void Administration::passed(Check& check) {
    const auto found = devices_.find(check.device);
    if (found != devices_.end()) {
        if (const Done kept = keep_setup(found->second, check.reply.setup_missing); !kept) {
            reply_to(check, contract::to_contract(kept.error()));
            end(check);
            return;
        }
        if (const Done kept = remember(found->second); !kept) {
            parts_.logger.error("its identity could not be written down",
                                {{"device", check.device}, {"why", kept.error().detail}});
        }
    }
    check.reply.outcome = CheckOutcome::passed;
    check.reply.text = std::string(advice_of(CheckOutcome::passed)) + check.reply.text;
    finish(check);
}

void Administration::fail(Check& check, const contract::Error& error) {
    check.reply.outcome = outcome_of(error);
    check.reply.error = error;
    check.reply.text = std::string(advice_of(check.reply.outcome));
    check.reply.status.reset();
    if (const auto found = devices_.find(check.device); found != devices_.end()) {
        check.reply.setup_missing = found->second.config.setup_missing;
    }
    if (!search_speed(check)) {
        finish(check);
    }
}

/// Looks for the speed, if that was asked for and may help; false if not. The device's host goes on
/// trying its own speed meanwhile: the two find the line held now and then, and wait.
bool Administration::search_speed(Check& check) {
    const std::string& code = check.reply.error->code;
    const bool may_help = code == base::name_of(ErrorCode::no_answer) ||
                          code == base::name_of(ErrorCode::frame_damaged) ||
                          code == base::name_of(ErrorCode::unexpected_answer);
    const auto device = devices_.find(check.device);
    if (!check.find_speed || !may_help || device == devices_.end()) {
        return false;
    }
    check.find_speed = false;
    const core::DeviceConfig& config = device->second.config;
    const auto* manifest = find_manifest(parts_.manifests, config.driver);
    const std::string* port = value_of(config.settings, kPortSetting);
    if (manifest == nullptr || manifest->speeds.empty() || port == nullptr ||
        !port->starts_with("serial:")) {
        check.reply.text += "; its line has no speed to look for";
        return false;
    }
    auto started = ProgramAnswer::start(
        parts_.driver_program, {"--find-speed", config.driver, *port}, kSpeedSearchTimeMax,
        parts_.loop, parts_.clock, [this, one = &check](const base::Result<std::string>& answer) {
            take_speed(*one, answer);
        });
    if (!started) {
        return false;
    }
    check.search = std::move(*started);
    return true;
}

void Administration::take_speed(Check& check, const base::Result<std::string>& answer) {
    const auto tree = answer ? ipc::from_json(*answer) : answer.error();
    const auto found = tree ? contract::from_value<contract::CheckReply>(*tree) : tree.error();
    if (!found) {
        check.reply.text += "; its speed could not be looked for";
    } else if (found->speed_found == 0) {
        check.reply.text += "; it answers at no other speed either";
    } else {
        check.reply.outcome = CheckOutcome::wrong_speed;
        check.reply.speed_found = found->speed_found;
        check.reply.text = fmt::format(
            "the device answers at {0} baud: set ?baud={0} behind its "
            "port",
            found->speed_found);
    }
    finish(check);
}

void Administration::finish(Check& check) {
    reply_to(check, contract::to_value(check.reply));
    end(check);
}

void Administration::reply_to(const Check& check,
                              std::variant<contract::Value, contract::Error> outcome) {
    if (check.peer) {
        parts_.replies.send(*check.peer, {check.request_id, std::move(outcome)});
    }
}

std::size_t Administration::checks_asked_for() const {
    return static_cast<std::size_t>(std::count_if(
        checks_.begin(), checks_.end(), [](const Check& check) { return check.peer.has_value(); }));
}

void Administration::end(const Check& check) {
    parts_.loop.cancel(check.timer);
    checks_.remove_if([&check](const Check& one) { return &one == &check; });
}

}  // namespace tillhost::devd::runtime
