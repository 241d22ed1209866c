#include "ipc/client/tillctl/doctor.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "ipc/client/tillctl/texts.h"
#include "ipc/contract/decoder.h"
#include "ipc/json.h"

namespace tillhost::tillctl {
namespace {

using base::Result;
using contract::HealthCause;
using contract::Value;

constexpr int kIndent = 2;
constexpr std::string_view kPort = "port";
constexpr std::string_view kHost = "devd-driver";
constexpr std::string_view kPlayed = "pty:";

template <class T>
Value readable(const T& body) {
    return contract::to_value(body, contract::Style::readable);
}

/// What is seen at the device itself is not told a second time.
bool is_devds_own(HealthCause cause) {
    switch (cause) {
        case HealthCause::device_not_ready:
        case HealthCause::device_quarantined:
        case HealthCause::doubt: return false;
        case HealthCause::doubt_waits_for_person:
        case HealthCause::no_room:
        case HealthCause::book_restored:
        case HealthCause::shift_expired:
        case HealthCause::shift_long_open:
        case HealthCause::shift_not_closed:
        case HealthCause::shop_device_unfit:
        case HealthCause::unspecified: break;
    }
    return true;
}

/// The number behind the labels of one sample of devd's figures; 0 if there is none.
std::uint64_t sample(std::string_view figures, const std::string& name) {
    const std::size_t at = figures.find("\ntillhost_" + name + " ");
    if (at == std::string_view::npos) {
        return 0;
    }
    std::uint64_t number = 0;
    const char* const begin =
        figures.data() + at + std::string_view("\ntillhost_ ").size() + name.size();
    std::from_chars(begin, figures.data() + figures.size(), number);
    return number;
}

/// Whether other machines are served, and how that goes. Those who may not see the figures are
/// told nothing of it.
std::string network_text(const AdminContext& to) {
    constexpr std::array<std::string_view, 7> kReasons{
        "unknown_key", "too_many",   "wrong_server_key", "not_encrypted",
        "timed_out",   "broken_off", "not_zmq"};
    const auto figures = to.devd.metrics(to.deadline());
    if (!figures) {
        return "";
    }
    const std::string start = "\ntillhost_network_listening{address=\"";
    const std::size_t at = figures->find(start);
    const std::size_t end = at == std::string::npos ? at : figures->find('"', at + start.size());
    const std::string address =
        end == std::string::npos ? "" : figures->substr(at + start.size(), end - at - start.size());
    if (address.empty()) {
        return std::string(text(to.language, Text::doctor_network_off));
    }
    std::string told = filled(to.language, Text::doctor_network_on, address,
                              sample(*figures, "workstations{state=\"paired\"}"),
                              sample(*figures, "workstations{state=\"connected\"}"));
    std::uint64_t failures = 0;
    std::string by_reason;
    for (const std::string_view reason : kReasons) {
        const std::uint64_t count = sample(
            *figures, fmt::format("network_handshake_failures_total{{reason=\"{}\"}}", reason));
        failures += count;
        by_reason +=
            count == 0 ? "" : fmt::format("{}{} {}", by_reason.empty() ? "" : ", ", reason, count);
    }
    if (failures != 0) {
        told += filled(to.language, Text::doctor_handshakes, failures, by_reason);
    }
    if (sample(*figures, "pairing_open") != 0) {
        told += text(to.language, Text::doctor_pairing_open);
    }
    return told;
}

/// One visit.
class Visit final {
public:
    Visit(const DoctorVerb& verb, const AdminContext& to) : verb_(verb), to_(to) {}

    Result<Exit> make() {
        for (const contract::Device& device : TRY(to_.devd.devices(to_.deadline()))) {
            if (concerns(device.device)) {
                examine(device);
            }
        }
        if (rows_.empty() && !verb_.device.empty()) {
            return base::make_error(base::ErrorCode::unknown_device,
                                    fmt::format("device: no device '{}'", verb_.device));
        }
        if (verb_.device.empty()) {
            told_ += network_text(to_);
        }
        const bool nobody = rows_.empty();
        const auto health = TRY(to_.devd.health(to_.deadline()));
        take_health(health);
        if (nobody) {
            told_ += text(to_.language, Text::doctor_no_devices);
        } else if (good_ && !attention_) {
            told_ += text(to_.language, Text::doctor_good);
        }
        const Value json(Value::Map{{"good", Value(good_)},
                                    {"devices", Value(std::move(rows_))},
                                    {"health", readable(health)}});
        to_.console.out(to_.json ? ipc::to_json(json, kIndent) + "\n" : told_);
        return good_ ? Exit::done : Exit::failed;
    }

private:
    bool concerns(const std::string& device) const {
        return verb_.device.empty() || device.empty() || verb_.device == device;
    }

    void tell(const std::string& whose, std::string_view what) {
        told_ += fmt::format("{}: {}\n", whose, what);
    }
    void tell_more(std::string_view what) { told_ += fmt::format("  {}\n", what); }

    void examine(const contract::Device& device) {
        using State = contract::DeviceState;
        Value::Map row{{"device", readable(device)}};
        // One that works is not asked in between; the others are: a ready one may have gone since.
        const bool is_busy = device.state == State::busy;
        if (device.in_doubt) {
            good_ = false;
            tell(device.device,
                 filled(to_.language, Text::doctor_in_doubt, device.in_doubt->to_text()));
        } else if (device.state == State::quarantined) {
            good_ = false;
            tell(device.device, text(to_.language, Text::doctor_quarantined));
        } else if (is_busy && device.setup_missing.empty()) {
            works(device.device, device.status);
        } else {
            check(device, row);
        }
        rows_.push_back(Value(std::move(row)));
    }

    void works(const std::string& device, const std::optional<contract::ClassStatus>& status) {
        tell(device, text(to_.language, Text::doctor_ready));
        if (status) {
            look_at(*status);
        }
    }

    /// A device that works may still want something.
    void look_at(const contract::ClassStatus& status) {
        for (const Wish& wish : wishes_of(to_.language, status)) {
            attention_ = true;
            good_ = good_ && !wish.stops;
            tell_more(wish.text);
        }
    }

    void check(const contract::Device& device, Value::Map& row) {
        const auto checked = to_.devd.check_device(device.device, to_.deadline());
        if (!checked) {
            good_ = false;
            tell(device.device, error_line(to_.language, checked.error()));
            return;
        }
        row.emplace_back("check", readable(*checked));
        const bool passed = checked->outcome == contract::CheckOutcome::passed;
        const bool good = passed && checked->setup_missing.empty();
        if (good && device.state == contract::DeviceState::ready && device.setup_missing.empty()) {
            works(device.device, checked->status);
            return;
        }
        good_ = good_ && good;
        told_ += device.device + ": " + check_text(to_.language, device.device, *checked);
        if (!passed) {
            look_at_port(device, row);
        }
    }

    /// Who has its port open, if it is not the device's own host; the rest the check has said.
    void look_at_port(const contract::Device& device, Value::Map& row) {
        const auto settings = to_.devd.device_settings(device.device, to_.deadline());
        if (!settings) {
            return;
        }
        const auto port = std::find_if(settings->settings.begin(), settings->settings.end(),
                                       [](const auto& one) { return one.name == kPort; });
        // What has a pseudo-terminal open is the program that plays the device.
        if (port == settings->settings.end() || port->value.starts_with(kPlayed)) {
            return;
        }
        const auto ports = to_.devd.ports({device.driver, port->value}, to_.deadline());
        if (!ports || ports->ports.empty()) {
            return;
        }
        const contract::Port& seen = ports->ports.front();
        if (seen.holder_pid != 0 && seen.holder != kHost) {
            tell_more(filled(to_.language, Text::reason_busy, seen.holder_pid, seen.holder));
        }
        row.emplace_back("port", readable(seen));
    }

    void take_health(const contract::HealthReply& health) {
        for (const contract::HealthReason& reason : health.reasons) {
            if (is_devds_own(reason.cause) && concerns(reason.device)) {
                good_ = false;
                tell(reason.device.empty() ? "devd" : reason.device,
                     cause_text(to_.language, reason.cause));
                tell_more(reason.text);
            }
        }
    }

    const DoctorVerb& verb_;
    const AdminContext& to_;
    Value::Array rows_;
    std::string told_;
    bool good_ = true;
    bool attention_ = false;  ///< something was told that stops nothing
};

}  // namespace

Result<Exit> doctor(const DoctorVerb& verb, const AdminContext& context) {
    return Visit(verb, context).make();
}

}  // namespace tillhost::tillctl
