#include "ipc/client/tillctl/admin.h"

#include <fmt/format.h>

#include <utility>

#include "ipc/client/tillctl/doctor.h"
#include "ipc/client/tillctl/scan.h"
#include "ipc/client/tillctl/verbs.h"
#include "ipc/contract/decoder.h"
#include "ipc/json.h"

namespace tillhost::tillctl {
namespace {

using base::Result;
using contract::CheckOutcome;
using contract::Value;

constexpr int kIndent = 2;

template <class T>
Value readable(const T& body) {
    return contract::to_value(body, contract::Style::readable);
}

/// Each verb is one overload.
class Admin final {
public:
    explicit Admin(const AdminContext& context) : to_(context), devd_(context.devd) {}

    Result<Exit> operator()(const ModelsVerb&) const {
        const auto models = TRY(devd_.models(to_.deadline()));
        return say(readable(models), models_text(to_.language, models.manifests));
    }
    Result<Exit> operator()(const PortsVerb& verb) const {
        auto ports = TRY(devd_.ports({verb.driver, verb.address}, to_.deadline()));
        for (contract::Port& port : ports.ports) {
            // One that cannot be listed is only looked at when it is named.
            if (port.reason == contract::PortReason::used_by_device && port.holder_pid == 0) {
                auto one = devd_.ports({verb.driver, port.address}, to_.deadline());
                if (one && one->ports.size() == 1) {
                    port = std::move(one->ports.front());
                }
            }
        }
        std::string told = ports_text(to_.language, ports.ports);
        if (verb.address.empty()) {
            told += text(to_.language, Text::not_listed);
        }
        return say(readable(ports), told);
    }
    Result<Exit> operator()(const ScanVerb&) const {
        const auto models = TRY(devd_.models(to_.deadline()));
        const auto ports = TRY(devd_.ports({}, to_.deadline()));
        const auto found = proposals(ports.ports, models.manifests);
        return say(scan_tree(found), scan_text(to_.language, found, models.manifests));
    }
    Result<Exit> operator()(const AddVerb& verb) const {
        if (!verb.driver.empty()) {
            return add(verb);
        }
        if (!to_.console.asks()) {
            to_.console.err(text(to_.language, Text::driver_wanted));
            return Exit::usage;
        }
        const auto wanted = TRY(ask_what_to_add(to_));
        return wanted ? add(*wanted) : given_up();
    }
    Result<Exit> operator()(const ConfigureVerb& verb) const {
        const bool changes = verb.name || !verb.settings.empty() || !verb.unset.empty();
        if (changes) {
            return configure(verb);
        }
        if (verb.show || to_.json || !to_.console.asks()) {
            const auto now = TRY(devd_.device_settings(verb.device, to_.deadline()));
            return say(readable(now), settings_text(to_.language, now));
        }
        auto wanted = TRY(ask_what_to_change(to_, verb.device));
        if (!wanted) {
            return given_up();
        }
        wanted->test = verb.test;
        return configure(*wanted);
    }
    Result<Exit> operator()(const RemoveVerb& verb) const {
        const auto was = TRY(devd_.delete_device(verb.device, to_.deadline()));
        return say(readable(was), filled(to_.language, Text::removed, verb.device));
    }
    Result<Exit> operator()(const TestVerb& verb) const {
        using FindSpeed = client::Client::FindSpeed;
        const auto checked = TRY(devd_.check_device(
            verb.device, to_.deadline(), verb.find_speed ? FindSpeed::yes : FindSpeed::no));
        say(readable(checked), check_text(to_.language, verb.device, checked));
        return exit_of(checked);
    }
    Result<Exit> operator()(const DoctorVerb& verb) const { return doctor(verb, to_); }

private:
    static Exit exit_of(const contract::CheckReply& checked) {
        return checked.outcome == CheckOutcome::passed && checked.setup_missing.empty()
                   ? Exit::done
                   : Exit::failed;
    }

    Exit say(const Value& json, const std::string& told) const {
        to_.console.out(to_.json ? ipc::to_json(json, kIndent) + "\n" : told);
        return Exit::done;
    }

    Exit given_up() const {
        to_.console.err(text(to_.language, Text::nothing_changed));
        return Exit::failed;
    }

    Result<Exit> add(const AddVerb& verb) const {
        contract::AddDeviceRequest request;
        request.driver = verb.driver;
        request.device = verb.device;
        request.name = verb.name;
        request.settings = verb.settings;
        return tell_and_test(TRY(devd_.add_device(request, to_.deadline())), verb.test);
    }

    Result<Exit> configure(const ConfigureVerb& verb) const {
        contract::DeviceSettings now;
        const bool sets = !verb.settings.empty() || !verb.unset.empty();
        if (sets) {
            contract::ConfigureDeviceRequest request;
            request.device = verb.device;
            request.settings = verb.settings;
            request.unset = verb.unset;
            now = TRY(devd_.configure_device(request, to_.deadline()));
        }
        if (verb.name) {
            now = TRY(devd_.rename_device(verb.device, *verb.name, to_.deadline()));
        }
        return tell_and_test(now, verb.test && sets);
    }

    Result<Exit> tell_and_test(contract::DeviceSettings now, bool test) const {
        if (!test) {
            return say(Value(Value::Map{{"device", readable(now)}}),
                       settings_text(to_.language, now));
        }
        const auto checked = TRY(devd_.check_device(now.device, to_.deadline()));
        now.setup_missing = checked.setup_missing;
        std::string told =
            settings_text(to_.language, now) + check_text(to_.language, now.device, checked);
        if (checked.outcome != CheckOutcome::passed) {
            told += filled(to_.language, Text::made_not_ready, now.device);
        }
        say(Value(Value::Map{{"device", readable(now)}, {"check", readable(checked)}}), told);
        return exit_of(checked);
    }

    const AdminContext& to_;
    client::Client& devd_;
};

}  // namespace

Result<Exit> run_admin(const AdminVerb& verb, const AdminContext& context) {
    return std::visit(Admin(context), verb);
}

}  // namespace tillhost::tillctl
