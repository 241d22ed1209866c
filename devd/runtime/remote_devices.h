#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "devd/core/core.h"
#include "devd/runtime/remote_driver.h"
#include "devd/runtime/remote_names.h"

namespace tillhost::devd::runtime {

/// Time that a remote device has for an operation; its owner has its own, and may have a queue.
inline constexpr os::Duration kRemoteExecuteMax = std::chrono::minutes(10);

/// The devices of `[[remote]]` as the core has them, one a device, ready to be added to its others.
std::vector<core::DeviceConfig> configs_of(const std::vector<RemoteHost>& hosts);

/// The devices of other hosts. To the core it is the hand on all driver hosts: messages for a
/// device of this host it hands on, for one of another it is the driver itself (RemoteDriver).
///
/// To each host it has one connection of its own, the trunk, made at the start and anew when it was
/// lost: it follows what the host says of its devices, and carries the steps of sales.
class RemoteDevices final : public core::HostPort, public core::DeviceMirror {
public:
    struct Parts {
        RemoteLinkParts link;
        const std::vector<RemoteHost>& hosts;
        core::HostPort& own;  ///< of the devices of this host
        std::string program_version;
    };
    explicit RemoteDevices(Parts parts);
    ~RemoteDevices() override;
    /// Once, before the core starts.
    void attach(core::Core& core) { core_ = &core; }

    void assign(const std::string& device, const std::string& driver) override;
    void spawn(const std::string& device, base::HostEpoch epoch) override;
    void kill(const std::string& device) override;
    void send(const std::string& device, const contract::ToHost& message) override;
    void abort(const std::string& device) override;
    const contract::Device* seen(const std::string& device) const override;

    std::size_t hosts() const { return trunks_.size(); }
    /// Of them, those that are connected now.
    std::size_t connected() const;

private:
    class Trunk;
    struct Slot {
        Trunk* trunk = nullptr;
        std::unique_ptr<RemoteDriver> driver;
        base::HostEpoch epoch{};
    };
    Slot* find(const std::string& device);
    void post(std::function<void()> action);
    void run_posted();
    void beat();

    Parts parts_;
    core::Core* core_ = nullptr;
    std::vector<std::unique_ptr<Trunk>> trunks_;
    std::map<std::string, Slot> slots_;
    std::deque<std::function<void()>> posted_;
    std::optional<os::TimerId> posting_;
    std::optional<os::TimerId> beating_;
};

}  // namespace tillhost::devd::runtime
