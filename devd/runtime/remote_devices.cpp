#include "devd/runtime/remote_devices.h"

#include <utility>

#include "devd/core/events.h"
#include "devd/core/shift_keeper.h"
#include "ipc/contract/decoder.h"

namespace tillhost::devd::runtime {
namespace {

using contract::RequestKind;
using contract::Value;

/// A driver that waits for work says so; see core::kSilenceMax.
constexpr os::Duration kBeatEvery = std::chrono::seconds(2);
constexpr os::Duration kWordMax = std::chrono::seconds(10);
/// How often a host that says nothing is asked whether it still lets us in.
constexpr os::Duration kAskEvery = std::chrono::seconds(5);
/// Changes that a host may tell before it is given credit for more.
constexpr std::int64_t kTrunkCredit = 500;

contract::HelloRequest trunk_hello(std::string program_version) {
    contract::HelloRequest hello;
    hello.client = "host";
    hello.on_behalf_of = core::kOwnClient;  // no program can be called so
    hello.versions = {contract::kProtocolVersion};
    hello.program_version = std::move(program_version);
    return hello;
}

}  // namespace

std::vector<core::DeviceConfig> configs_of(const std::vector<RemoteHost>& hosts) {
    std::vector<core::DeviceConfig> configs;
    for (const RemoteHost& host : hosts) {
        for (const auto& [here, there] : host.devices) {
            core::DeviceConfig config;
            config.id = here;
            config.driver = core::kRemoteDriver;
            config.host = host.name;
            config.budgets.execute = kRemoteExecuteMax;
            configs.push_back(std::move(config));
        }
    }
    return configs;
}

/// The connection to one host, and what it says of its devices.
class RemoteDevices::Trunk final : public RemoteTrunk, private RemoteLinkUser {
public:
    Trunk(RemoteDevices& all, const RemoteHost& host)
        : all_(all),
          host_(host),
          names_(host),
          link_(all.parts_.link, host, trunk_hello(all.parts_.program_version), *this) {}
    ~Trunk() override {
        if (asking_) {
            all_.parts_.link.loop.cancel(*asking_);
        }
    }
    Trunk(const Trunk&) = delete;
    Trunk& operator=(const Trunk&) = delete;

    RemoteLink& link() override { return link_; }
    const RemoteHost& host() const override { return host_; }
    const os::Clock& clock() const override { return all_.parts_.link.clock; }
    const contract::Device* seen(const std::string& here) const override {
        const auto found = seen_.find(here);
        return found == seen_.end() ? nullptr : &found->second;
    }
    void after(os::Duration wait, std::function<void()> action) override {
        all_.parts_.link.loop.call_at(clock().now() + wait, std::move(action));
    }
    void say(const std::string& here, base::HostEpoch epoch, contract::FromHost message) override {
        all_.post([&all = all_, here, epoch, message = std::move(message)] {
            all.core_->on_host_message(here, epoch, message);
        });
    }

private:
    void on_session() override {
        used_ = 0;
        const contract::SubscribeRequest follow{std::string(core::kDevicesTopic), 0, 0,
                                                2 * kTrunkCredit};
        ask(RequestKind::subscribe, contract::to_value(follow),
            [this](const Value& said) { subscription_ = number_at(said, "subscription"); });
        look();
        ask_now_and_then();
    }

    /// A host that refuses what a session needs is given up and tried anew.
    void ask(RequestKind kind, Value body, std::function<void(const Value&)> use) {
        link_.ask(
            kind, std::move(body), clock().now() + kWordMax,
            [this, use = std::move(use)](const contract::Reply& reply) {
                if (const auto* said = std::get_if<Value>(&reply.outcome)) {
                    use(*said);
                } else if (link_.is_up()) {
                    link_.give_up(contract::to_base(std::get<contract::Error>(reply.outcome)));
                }
            });
    }

    /// Reads all of it anew.
    void look() {
        ask(RequestKind::devices, contract::to_value(contract::Empty{}), [this](const Value& said) {
            const auto list = contract::from_value<contract::DevicesReply>(said);
            if (!list) {
                link_.give_up(list.error());
                return;
            }
            for (const contract::Device& device : list->devices) {
                take(device);
            }
            for (const auto& [here, there] : host_.devices) {
                all_.post([&all = all_, id = here] { all.core_->on_plugged(id); });
            }
        });
    }

    /// A host that has revoked our key keeps the connection and says nothing unasked.
    void ask_now_and_then() {
        if (asking_) {
            return;
        }
        asking_ = all_.parts_.link.loop.call_at(clock().now() + kAskEvery, [this] {
            asking_.reset();
            if (!link_.is_up()) {
                return;
            }
            link_.ask(RequestKind::status,
                      contract::to_value(contract::DeviceRequest{host_.devices.begin()->second}),
                      clock().now() + kWordMax, [this](const contract::Reply& reply) {
                          const auto* said = std::get_if<Value>(&reply.outcome);
                          auto device = said == nullptr
                                            ? base::Result<contract::Device>(base::Error())
                                            : contract::from_value<contract::Device>(*said);
                          if (device) {
                              take(std::move(*device));
                          }
                      });
            ask_now_and_then();
        });
    }

    void take(contract::Device device) {
        const std::string* here = names_.here(device.device);
        if (here == nullptr || !device.host.empty()) {
            return;  // not asked for, or itself only passed on
        }
        device.device = *here;
        seen_.insert_or_assign(*here, std::move(device));
        all_.post([&all = all_, here = *here] { all.core_->on_mirrored(here); });
    }

    void on_lost(const base::Error& why) override {
        const auto before = std::exchange(seen_, {});
        for (const auto& [here, there] : host_.devices) {
            all_.slots_.at(here).driver->link_lost(why);
            all_.post([&all = all_, id = here] { all.core_->on_mirrored(id); });
        }
    }

    void on_event(std::int64_t /*request*/, Value event) override {
        if (++used_ >= kTrunkCredit) {
            ask(RequestKind::credit,
                contract::to_value(contract::CreditRequest{subscription_, used_}),
                [](const Value&) {});
            used_ = 0;
        }
        const auto read = contract::from_value<contract::Event>(event);
        const auto* device = read ? std::get_if<contract::Device>(&read->body) : nullptr;
        if (device != nullptr) {
            take(*device);
        } else {
            look();  // a gap, or what a newer host says
        }
    }

    RemoteDevices& all_;
    const RemoteHost& host_;
    const RemoteNames names_;
    std::map<std::string, contract::Device> seen_;  ///< by the id here
    std::int64_t subscription_ = 0;
    std::optional<os::TimerId> asking_;
    std::int64_t used_ = 0;  ///< credit that the host has used since it was given some
    RemoteLink link_;
};

RemoteDevices::RemoteDevices(Parts parts) : parts_(std::move(parts)) {
    for (const RemoteHost& host : parts_.hosts) {
        trunks_.push_back(std::make_unique<Trunk>(*this, host));
        for (const auto& [here, there] : host.devices) {
            slots_[here] = {trunks_.back().get(),
                            std::make_unique<RemoteDriver>(*trunks_.back(), here, there),
                            {}};
        }
    }
}

RemoteDevices::~RemoteDevices() {
    for (const auto& timer : {posting_, beating_}) {
        if (timer) {
            parts_.link.loop.cancel(*timer);
        }
    }
}

RemoteDevices::Slot* RemoteDevices::find(const std::string& device) {
    const auto found = slots_.find(device);
    return found == slots_.end() ? nullptr : &found->second;
}

void RemoteDevices::post(std::function<void()> action) {
    posted_.push_back(std::move(action));
    if (!posting_) {
        posting_ = parts_.link.loop.call_at(parts_.link.clock.now(), [this] {
            posting_.reset();
            run_posted();
        });
    }
}

void RemoteDevices::run_posted() {
    for (const auto& action : std::exchange(posted_, {})) {
        action();
    }
}

void RemoteDevices::beat() {
    beating_ = parts_.link.loop.call_at(parts_.link.clock.now() + kBeatEvery, [this] {
        for (auto& [device, slot] : slots_) {
            slot.driver->beat();
        }
        beat();
    });
}

// --- the hand on driver hosts

void RemoteDevices::assign(const std::string& device, const std::string& driver) {
    if (find(device) == nullptr) {
        parts_.own.assign(device, driver);
    }
}

void RemoteDevices::spawn(const std::string& device, base::HostEpoch epoch) {
    Slot* const slot = find(device);
    if (slot == nullptr) {
        parts_.own.spawn(device, epoch);
        return;
    }
    slot->epoch = epoch;
    slot->driver->spawn(epoch);
    slot->trunk->link().keep_up();
    if (!beating_) {
        beat();
    }
}

void RemoteDevices::kill(const std::string& device) {
    Slot* const slot = find(device);
    if (slot == nullptr) {
        parts_.own.kill(device);
        return;
    }
    slot->driver->kill();
    post([this, device, epoch = slot->epoch] { core_->on_host_gone(device, epoch, "given up"); });
}

void RemoteDevices::send(const std::string& device, const contract::ToHost& message) {
    Slot* const slot = find(device);
    slot == nullptr ? parts_.own.send(device, message) : slot->driver->take(message);
}

void RemoteDevices::abort(const std::string& device) {
    Slot* const slot = find(device);
    slot == nullptr ? parts_.own.abort(device) : slot->driver->abort();
}

const contract::Device* RemoteDevices::seen(const std::string& device) const {
    const auto found = slots_.find(device);
    return found == slots_.end() ? nullptr : found->second.trunk->seen(device);
}

std::size_t RemoteDevices::connected() const {
    std::size_t up = 0;
    for (const auto& trunk : trunks_) {
        up += trunk->link().is_up() ? 1 : 0;
    }
    return up;
}

}  // namespace tillhost::devd::runtime
