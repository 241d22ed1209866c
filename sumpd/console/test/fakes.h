#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "hal/base/error.h"
#include "sumpd/console/devices.h"
#include "sumpd/console/settings.h"
#include "sumpd/gateway/device_port.h"
#include "sumpd/people/object_rules.h"
#include "sumpd/store/test/world.h"

// What the console works on in its tests: a host of devices that only notes what it is asked, and
// settings that are kept nowhere.
namespace tillhost::sumpd::console {

/// A store with the rules of users and roles, in a folder of its own.
class OpenStore final {
public:
    OpenStore() {
        std::string name = testing::TempDir() + "console.XXXXXX";
        EXPECT_NE(::mkdtemp(name.data()), nullptr);
        folder_ = name;
        store_ = MUST(
            store::Store::open(folder_, clock_, logger_,
                               {.server_name = "Shop", .password_cost = kCheap, .rules = &rules_}));
    }
    ~OpenStore() {
        store_.reset();
        std::filesystem::remove_all(folder_);
    }
    OpenStore(const OpenStore&) = delete;
    OpenStore& operator=(const OpenStore&) = delete;

    static constexpr os::Argon2Cost kCheap{.passes = 1, .memory_bytes = 64 * 1024};

    store::Store& store() { return *store_; }
    store::Transactions& transactions() { return store_->transactions(); }
    store::Exchange& exchange() { return store_->exchange(); }
    store::SetClock& clock() { return clock_; }
    const os::Logger& logger() const { return logger_; }
    const std::string& folder() const { return folder_; }

private:
    std::string folder_;
    store::SetClock clock_;
    os::KeptLog log_;
    os::Logger logger_{log_, os::Severity::debug};
    people::PeopleRules rules_;
    std::unique_ptr<store::Store> store_;
};

inline base::Error nobody() {
    return base::make_error(base::ErrorCode::no_daemon, "nobody listens");
}

/// One driver of registrars, whose texts are markup, and what was made of it.
class FakeDevices final : public Devices {
public:
    base::Result<std::vector<contract::Device>> devices() override {
        if (is_away) {
            return nobody();
        }
        std::vector<contract::Device> all;
        for (const auto& [id, settings] : made) {
            all.push_back({.device = id,
                           .driver = settings.driver,
                           .name = settings.name,
                           .state = contract::DeviceState::ready});
        }
        return all;
    }
    base::Result<contract::ModelsReply> models(const std::string&) override {
        if (is_away) {
            return nobody();
        }
        contract::SettingField port;
        port.name = "port";
        port.kind = contract::FieldKind::port;
        port.title.en = "<b>Port</b>";
        contract::SettingField secret = port;
        secret.name = "password";
        secret.kind = contract::FieldKind::secret;
        contract::SettingPage page;
        page.title.en = "Line";
        page.fields = {port, secret};
        contract::Manifest registrar;
        registrar.driver = "fiscal/fake";
        registrar.device_class = contract::DeviceClass::fiscal_registrar;
        registrar.title.en = "<i>Fake</i>";
        registrar.pages = {page};
        contract::ModelsReply reply;
        reply.manifests.push_back(std::move(registrar));
        return reply;
    }
    base::Result<contract::PortsReply> ports(const contract::PortsRequest&) override {
        contract::PortsReply reply;
        reply.ports.push_back(
            {.address = "serial:/dev/ttyS0", .state = contract::PortState::available});
        return reply;
    }
    base::Result<contract::DeviceSettings> settings(const std::string& device) override {
        const auto found = made.find(device);
        return found == made.end() ? base::Result<contract::DeviceSettings>(
                                         base::make_error(base::ErrorCode::unknown_device, device))
                                   : found->second;
    }
    base::Result<contract::DeviceSettings> add(const contract::AddDeviceRequest& request) override {
        if (request.settings.empty()) {
            return base::bad_field("settings.port", "a port");
        }
        contract::DeviceSettings device{.device = "kassa",
                                        .driver = request.driver,
                                        .name = request.name,
                                        .origin = contract::DeviceOrigin::client,
                                        .settings = request.settings};
        return made.insert_or_assign("kassa", device).first->second;
    }
    base::Result<contract::DeviceSettings> configure(
        const contract::ConfigureDeviceRequest& request) override {
        configured.push_back(request);
        return settings(request.device);
    }
    base::Result<contract::DeviceSettings> rename(const std::string& device,
                                                  const std::string& name) override {
        made[device].name = name;
        return made[device];
    }
    base::Result<contract::DeviceSettings> remove(const std::string& device) override {
        contract::DeviceSettings gone = made[device];
        made.erase(device);
        return gone;
    }
    base::Result<contract::CheckReply> check(const std::string&) override {
        return contract::CheckReply{.outcome = contract::CheckOutcome::cable_or_power};
    }

    bool is_away = false;
    std::map<std::string, contract::DeviceSettings> made;
    std::vector<contract::ConfigureDeviceRequest> configured;
};

/// devd that is not there.
class DeafPort final : public gateway::DevicePort {
public:
    base::Result<std::vector<contract::Device>> devices(os::Deadline) override { return nobody(); }
    base::Result<std::int64_t> book(os::Deadline) override { return nobody(); }
    base::Result<contract::Operation> submit(const gateway::Handed&, const contract::Command&,
                                             const client::OperationOptions&,
                                             os::Deadline) override {
        return nobody();
    }
    base::Result<contract::Operation> operation(const gateway::Handed&, os::Deadline) override {
        return nobody();
    }
    base::Result<contract::Operation> settle(const gateway::Handed&, os::Deadline) override {
        return nobody();
    }
    base::Result<contract::Operation> decide(const gateway::Handed&,
                                             const client::Client::Decision&,
                                             os::Deadline) override {
        return nobody();
    }
    base::Done acknowledge(const gateway::Handed&, os::Deadline) override { return nobody(); }
};

class FakeSettings final : public Settings {
public:
    std::vector<SettingFact> told() override {
        SettingFact registrar{.name = "devices.registrar", .changeable = true, .is_live = true};
        SettingFact port{.name = "api.port",
                         .value = "8443",
                         .normal = "8443",
                         .changeable = true,
                         .min = 1,
                         .max = 65535};
        for (SettingFact* one : {&registrar, &port}) {
            if (const auto own = set.find(one->name); own != set.end()) {
                one->value = own->second;
                one->source = SettingSource::console;
            }
        }
        return {registrar, port};
    }
    exchange::Outcome<exchange::Empty> change(const Editor& who,
                                              const std::vector<SettingChange>& changes,
                                              const std::vector<std::string>& forget) override {
        for (const SettingChange& one : changes) {
            if (one.value == "wrong") {
                return exchange::refuse_field(one.name, "a port");
            }
            set[one.name] = one.value;
        }
        for (const std::string& name : forget) {
            set.erase(name);
        }
        editors.push_back(who.login);
        return exchange::Empty{};
    }

    std::map<std::string, std::string> set;
    std::vector<std::string> editors;
};

}  // namespace tillhost::sumpd::console
