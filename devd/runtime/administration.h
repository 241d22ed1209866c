#pragma once

#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "devd/core/core.h"
#include "devd/runtime/hotplug.h"
#include "devd/runtime/port_scan.h"
#include "devd/runtime/settings.h"
#include "hal/os/event_loop.h"
#include "hal/os/log.h"
#include "ipc/endpoint.h"

namespace tillhost::devd::runtime {

/// Connection checks and port scans under way at once; one more is told retry_later.
inline constexpr std::size_t kChecksMax = 32;

/// Whose a device is, and what is known of it besides what the core has.
struct KnownDevice {
    core::DeviceConfig config;
    contract::DeviceOrigin origin = contract::DeviceOrigin::administrator;
    /// Serial number of the device whose header and footer were seen in this life of devd.
    std::string layout_of{};
};

struct AdministrationParts {
    os::EventLoop& loop;
    const os::Clock& clock;
    ipc::ReplySink& replies;  ///< of the endpoint
    os::Logger logger;
    std::string state_folder;
    std::string driver_program;
    std::vector<contract::Manifest> manifests;
    std::vector<KnownDevice> devices;
    std::string machine_root = "/";  ///< below which the machine's facts are read
};

/// The catalogue, the ports, devices that come, change and go, and what the machine is known by:
/// what needs files, processes and manifests, and so is not the core's. It stands between the
/// endpoint and the core: requests of its own it answers, every other one it hands on.
///
/// A device's file is written before the core is told, so that what a client was answered is there
/// after a power cut; the writing blocks the loop for two syncs, a few times in a shop's life.
///
/// For a connection check it is itself a client of the core (kSelf), which asks the device's status
/// as any client would. Whenever a registrar is opened that it has not seen yet, it asks for header
/// and footer by itself: without them the set-up is not complete, whoever made it. It also writes
/// one line to the log at each change of a device's state.
class Administration final : public ipc::RequestHandler,
                             public ipc::ReplySink,
                             public core::DeviceObserver {
public:
    explicit Administration(AdministrationParts parts);
    ~Administration() override;
    /// Once, before the first request.
    void attach(core::Core& core);

    // --- from the endpoint
    void on_request(ipc::PeerId peer, const ipc::PeerIdentity& identity,
                    const contract::Request& request) override;
    void on_peer_gone(ipc::PeerId peer) override;
    // --- from the core
    bool send(ipc::PeerId peer, const contract::Reply& reply) override;
    void on_device(const contract::Device& device, core::DeviceEvent event) override;

    /// Of the devices that have one.
    std::vector<DeviceLine> lines() const;

private:
    using Outcome = base::Result<contract::Value>;
    struct Check;
    using Checks = std::list<Check>;

    Outcome answer(ipc::PeerId peer, const contract::Request& request);
    void note_change(ipc::PeerId peer, const ipc::PeerIdentity& identity,
                     const contract::Request& request, const contract::Value& answer);
    Outcome add(ipc::PeerId peer, const contract::AddDeviceRequest& request);
    Outcome configure(ipc::PeerId peer, const contract::ConfigureDeviceRequest& request);
    Outcome rename(ipc::PeerId peer, const contract::RenameDeviceRequest& request);
    Outcome remove(ipc::PeerId peer, const contract::SessionDeviceRequest& request);
    Outcome settings(const contract::DeviceRequest& request);

    base::Result<const contract::Manifest*> manifest_of(const std::string& driver) const;
    base::Result<KnownDevice*> known(const std::string& device);
    base::Result<KnownDevice*> changeable(const std::string& device);
    base::Done check_port_free(const core::DeviceConfig& device) const;
    std::string free_id(const std::string& driver) const;
    contract::DeviceSettings describe(const KnownDevice& device) const;

    // port_scan: the other process's answer, and what devd knows of it
    base::Done start_ports(ipc::PeerId peer, const contract::Request& request);
    void finish_ports(PortScan& scan);
    bool is_port_of(const KnownDevice& device, const contract::Port& port) const;
    void add_ports_of_devices(contract::PortsReply& reply) const;
    void add_what_is_known(const std::string& driver, contract::Port& port) const;

    // connection_check.cpp
    base::Done start_check(ipc::PeerId peer, const contract::Request& request);
    void go_on(Check& check);
    void ask(Check& check, const contract::Query& query);
    void take_answer(Check& check, const contract::Reply& reply);
    bool try_anew(Check& check, const contract::Error& error);
    void take_layout(Check& check, const contract::Reply& reply);
    void check_layout(const contract::Device& device);
    void take_own(Check& check, const contract::Reply& reply);
    base::Done keep_setup(KnownDevice& device, const std::vector<contract::SetupStep>& missing);
    std::size_t checks_asked_for() const;
    void reply_to(const Check& check, std::variant<contract::Value, contract::Error> outcome);
    void finish(Check& check);
    void end(const Check& check);
    void fail(Check& check, const contract::Error& error);
    void passed(Check& check);
    bool search_speed(Check& check);
    void take_speed(Check& check, const base::Result<std::string>& answer);
    void wake_checks();

    // identity.cpp
    base::Done remember(KnownDevice& device);

    void log(const contract::Device& device);

    AdministrationParts parts_;
    core::Core* core_ = nullptr;
    std::map<std::string, KnownDevice> devices_;
    std::map<std::string, std::pair<contract::DeviceState, std::string>> logged_;
    Checks checks_;
    std::int64_t last_request_ = 0;
    std::optional<os::TimerId> wake_;
    std::list<std::unique_ptr<PortScan>> scans_;
};

/// Takes out what devd may have remembered by itself: it was not asked for.
void forget_remembered(std::vector<contract::Setting>& settings,
                       const std::vector<contract::Setting>& asked);
/// Whether the device's address, if it is one by ids (hid:…, usb:…), and what was remembered of it
/// fit the USB device behind the port.
bool fits(const core::DeviceConfig& device, const contract::Port& port);
/// Takes out the setting that names the USB device behind a line.
void forget_adapter(std::vector<contract::Setting>& settings);

}  // namespace tillhost::devd::runtime
