#include "devd/runtime/connection_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "devd/runtime/device_file.h"
#include "hal/base/error.h"
#include "ipc/contract/decoder.h"

namespace tillhost::devd::runtime {
namespace {

using base::Done;
using base::ErrorCode;
using base::make_error;
using contract::CheckOutcome;
using contract::SetupStep;

constexpr os::Duration kCheckTime = std::chrono::seconds(30);  // unless the request says another

os::Duration time_of(const contract::Request& request) {
    return request.deadline_ms == 0 ? kCheckTime
                                    : os::Duration(std::chrono::milliseconds(std::min(
                                          request.deadline_ms, contract::kRequestDeadlineMsMax)));
}

bool needs(const contract::Manifest& manifest, SetupStep step) {
    const auto steps = setup_of(manifest);
    return std::find(steps.begin(), steps.end(), step) != steps.end();
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
            return "bytes come that make no frame: set the speed that the device has";
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
    const auto asked = TRY(contract::from_value<contract::SessionDeviceRequest>(request.body));
    TRY(core_->check_session(peer, asked.session));
    TRY(known(asked.device));
    if (checks_.size() >= kChecksMax) {
        return make_error(ErrorCode::retry_later, "enough connection checks are under way");
    }
    Check& check = checks_.emplace_back();
    check.device = asked.device;
    check.peer = peer;
    check.request_id = request.id;
    check.timer = parts_.loop.call_at(parts_.clock.now() + time_of(request), [this, one = &check] {
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
        ask(check, contract::StatusQuery{});
    }
}

void Administration::ask(Check& check, const contract::Query& query) {
    check.question = ++last_request_;
    core_->on_request(
        kSelf, {},
        {contract::RequestKind::query, check.question, contract::kRequestDeadlineMsMax,
         contract::to_value(contract::QueryRequest{check.device, query})});
}

void Administration::take_answer(Check& check, const contract::Reply& reply) {
    if (check.asks_layout) {
        take_layout(check, reply);
        return;
    }
    if (const auto* error = std::get_if<contract::Error>(&reply.outcome)) {
        fail(check, *error);
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
    if (manifest != nullptr && needs(*manifest, SetupStep::layout)) {
        check.asks_layout = true;
        ask(check, contract::LayoutQuery{});
        return;
    }
    passed(check);
}

void Administration::take_layout(Check& check, const contract::Reply& reply) {
    const auto is_empty = [](const std::vector<std::string>& lines) {
        return std::all_of(lines.begin(), lines.end(), [](const std::string& line) {
            return line.find_first_not_of(' ') == std::string::npos;
        });
    };
    bool stands = false;
    if (const auto* error = std::get_if<contract::Error>(&reply.outcome)) {
        check.reply.text = fmt::format("; header and footer could not be read: {}", error->text);
    } else if (const auto status = contract::from_value<contract::ClassStatus>(
                   std::get<contract::Value>(reply.outcome))) {
        const auto* layout = std::get_if<contract::Layout>(&*status);
        stands = layout != nullptr && !is_empty(layout->header) && !is_empty(layout->footer);
    }
    if (!stands) {
        check.reply.setup_missing.push_back(SetupStep::layout);
    }
    passed(check);
}

/// The set-up has come as far as this check says.
void Administration::passed(Check& check) {
    const auto found = devices_.find(check.device);
    KnownDevice* device = found == devices_.end() ? nullptr : &found->second;
    if (device != nullptr && device->origin == contract::DeviceOrigin::client &&
        device->config.setup_missing != check.reply.setup_missing) {
        core::DeviceConfig next = device->config;
        next.setup_missing = check.reply.setup_missing;
        Done kept = write_device_file(parts_.state_folder, next);
        if (kept) {
            kept = core_->configure_device(next);
        }
        if (!kept) {
            parts_.replies.send(check.peer,
                                {check.request_id, contract::to_contract(kept.error())});
            end(check);
            return;
        }
        device->config = std::move(next);
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
    finish(check);
}

void Administration::finish(Check& check) {
    parts_.replies.send(check.peer, {check.request_id, contract::to_value(check.reply)});
    end(check);
}

void Administration::end(Check& check) {
    parts_.loop.cancel(check.timer);
    checks_.remove_if([&check](const Check& one) { return &one == &check; });
}

}  // namespace tillhost::devd::runtime
