#include "devd/runtime/administration.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "devd/runtime/connection_check.h"
#include "devd/runtime/device_file.h"
#include "devd/runtime/machine_facts.h"
#include "hal/transport/address.h"
#include "ipc/contract/decoder.h"

namespace tillhost::devd::runtime {
namespace {

using base::bad_field;
using base::Done;
using base::ErrorCode;
using base::make_error;
using contract::DeviceOrigin;
using contract::RequestKind;
using contract::Value;

constexpr std::size_t kDevicesMax = 1000;

bool is_own(RequestKind kind) {
    return kind == RequestKind::models || kind == RequestKind::ports ||
           kind == RequestKind::add_device || kind == RequestKind::configure_device ||
           kind == RequestKind::rename_device || kind == RequestKind::delete_device ||
           kind == RequestKind::device_settings || kind == RequestKind::check_device ||
           kind == RequestKind::machine_facts;
}

bool changes_devices(RequestKind kind) {
    return kind == RequestKind::add_device || kind == RequestKind::configure_device ||
           kind == RequestKind::rename_device || kind == RequestKind::delete_device;
}

/// The device with these settings set and those unset; `driver` empty = the same.
core::DeviceConfig changed(core::DeviceConfig device,
                           const contract::ConfigureDeviceRequest& request) {
    const std::string* port = value_of(request.settings, kPortSetting);
    const std::string* former = value_of(device.settings, kPortSetting);
    if ((port != nullptr && former != nullptr && line_of(*port) != line_of(*former)) ||
        (!request.driver.empty() && request.driver != device.driver)) {
        forget_adapter(device.settings);
    }
    if (!request.driver.empty()) {
        device.driver = request.driver;
    }
    for (const contract::Setting& setting : request.settings) {
        std::erase_if(device.settings, [&](const auto& one) { return one.name == setting.name; });
        device.settings.push_back(setting);
    }
    for (const std::string& name : request.unset) {
        std::erase_if(device.settings, [&](const auto& one) { return one.name == name; });
    }
    return device;
}

}  // namespace

Administration::Administration(AdministrationParts parts) : parts_(std::move(parts)) {
    for (KnownDevice& device : parts_.devices) {
        devices_.emplace(device.config.id, std::move(device));
    }
    parts_.devices.clear();
}

Administration::~Administration() {
    if (wake_) {
        parts_.loop.cancel(*wake_);
    }
    for (const Check& check : checks_) {
        parts_.loop.cancel(check.timer);
    }
}

void Administration::attach(core::Core& core) {
    core_ = &core;
    contract::HelloRequest hello;
    hello.client = "connection check";
    hello.versions = {contract::kProtocolVersion};
    core.on_request(kSelf, own_identity(), {RequestKind::hello, 0, 0, contract::to_value(hello)});
}

void Administration::on_request(ipc::PeerId peer, const ipc::PeerIdentity& identity,
                                const contract::Request& request) {
    if (!is_own(request.kind)) {
        core_->on_request(peer, identity, request);
        return;
    }
    const auto* device = request.body.find("device");
    const auto* id = device == nullptr ? nullptr : device->get_if<std::string>();
    const Done may = core_->admit(peer, identity, request, id == nullptr ? "" : *id);
    Outcome outcome = may ? answer(peer, request) : Outcome(may.error());
    if (outcome && changes_devices(request.kind)) {
        note_change(peer, identity, request, *outcome);
    }
    if (!outcome) {
        parts_.replies.send(peer, {request.id, contract::to_contract(outcome.error())});
    } else if (!outcome->is_nil()) {
        parts_.replies.send(peer, {request.id, std::move(*outcome)});
    }
}

void Administration::on_peer_gone(ipc::PeerId peer) { core_->on_peer_gone(peer); }

bool Administration::send(ipc::PeerId peer, const contract::Reply& reply) {
    if (peer != kSelf) {
        return parts_.replies.send(peer, reply);
    }
    for (Check& check : checks_) {
        if (check.question != 0 && check.question == reply.id) {
            check.answer = reply;
            wake_checks();  // the core is at work: it is asked nothing now
        }
    }
    return true;
}

/// Who changed what; of a request that was only tried nothing was.
void Administration::note_change(ipc::PeerId peer, const ipc::PeerIdentity& identity,
                                 const contract::Request& request, const Value& answer) {
    const auto* tried = request.body.find("only_check");
    const auto* only = tried == nullptr ? nullptr : tried->get_if<bool>();
    const auto* device = answer.find("device");
    const auto* id = device == nullptr ? nullptr : device->get_if<std::string>();
    if ((only != nullptr && *only) || id == nullptr) {
        return;
    }
    contract::AuditRecord record;
    record.kind = contract::AuditKind::configured;
    record.who = core_->name_of(peer, identity);
    record.device = *id;
    record.action = contract::name_of(request.kind);
    core_->audit(std::move(record));
}

/// Nil = answered later.
Administration::Outcome Administration::answer(ipc::PeerId peer, const contract::Request& request) {
    const Value& body = request.body;
    const RequestKind kind = request.kind;
    if (kind == RequestKind::models) {
        TRY(contract::from_value<contract::ModelsRequest>(body));
        return contract::to_value(contract::ModelsReply{parts_.manifests});
    }
    if (kind == RequestKind::ports) {
        TRY(start_ports(peer, request));
        return Value();
    }
    if (kind == RequestKind::check_device) {
        TRY(start_check(peer, request));
        return Value();
    }
    if (kind == RequestKind::machine_facts) {
        TRY(contract::from_value<contract::Empty>(body));
        return contract::to_value(told(os::read_machine_facts(parts_.machine_root)));
    }
    if (kind == RequestKind::device_settings) {
        return settings(TRY(contract::from_value<contract::DeviceRequest>(body)));
    }
    if (kind == RequestKind::add_device) {
        return add(peer, TRY(contract::from_value<contract::AddDeviceRequest>(body)));
    }
    if (kind == RequestKind::configure_device) {
        return configure(peer, TRY(contract::from_value<contract::ConfigureDeviceRequest>(body)));
    }
    if (kind == RequestKind::rename_device) {
        return rename(peer, TRY(contract::from_value<contract::RenameDeviceRequest>(body)));
    }
    return remove(peer, TRY(contract::from_value<contract::SessionDeviceRequest>(body)));
}

// --- devices

base::Result<const contract::Manifest*> Administration::manifest_of(
    const std::string& driver) const {
    const contract::Manifest* manifest = find_manifest(parts_.manifests, driver);
    if (manifest == nullptr) {
        return bad_field("driver", "one of: " + driver_names(parts_.manifests));
    }
    return manifest;
}

base::Result<KnownDevice*> Administration::known(const std::string& device) {
    const auto found = devices_.find(device);
    if (found == devices_.end()) {
        return make_error(ErrorCode::unknown_device,
                          fmt::format("device: no device '{}' is configured", device));
    }
    return &found->second;
}

base::Result<KnownDevice*> Administration::changeable(const std::string& device) {
    KnownDevice* found = TRY(known(device));
    if (found->origin == DeviceOrigin::administrator) {
        return make_error(ErrorCode::not_permitted,
                          fmt::format("device: '{}' stands in a file of devd's configuration "
                                      "folder; change that file and restart devd",
                                      device));
    }
    return found;
}

Done Administration::check_port_free(const core::DeviceConfig& device) const {
    const std::string* port = value_of(device.settings, kPortSetting);
    if (port == nullptr) {
        return {};
    }
    for (const auto& [id, other] : devices_) {
        const std::string* taken = value_of(other.config.settings, kPortSetting);
        if (id != device.id && taken != nullptr && line_of(*taken) == line_of(*port)) {
            return bad_field("settings.port",
                             fmt::format("a port of its own; the device '{}' has this one", id));
        }
    }
    return {};
}

std::string Administration::free_id(const std::string& driver) const {
    const std::string family = driver.substr(driver.rfind('/') + 1);
    std::string id = family;
    for (int number = 2; devices_.contains(id); ++number) {
        id = fmt::format("{}{}", family, number);
    }
    return id;
}

contract::DeviceSettings Administration::describe(const KnownDevice& device) const {
    contract::DeviceSettings to;
    to.device = device.config.id;
    to.driver = device.config.driver;
    to.name = device.config.name;
    to.origin = device.origin;
    to.settings = device.config.settings;
    to.setup_missing = device.config.setup_missing;
    const contract::Manifest* manifest = find_manifest(parts_.manifests, to.driver);
    for (contract::Setting& setting : to.settings) {
        const auto* field = manifest == nullptr ? nullptr : find_field(*manifest, setting.name);
        if (field != nullptr && field->kind == contract::FieldKind::secret) {
            setting.value.clear();
        }
    }
    return to;
}

Administration::Outcome Administration::settings(const contract::DeviceRequest& request) {
    return contract::to_value(describe(*TRY(known(request.device))));
}

Administration::Outcome Administration::add(ipc::PeerId peer,
                                            const contract::AddDeviceRequest& request) {
    TRY(core_->check_session(peer, request.session));
    const contract::Manifest* manifest = TRY(manifest_of(request.driver));
    KnownDevice made;
    made.origin = DeviceOrigin::client;
    made.config.id = request.device.empty() ? free_id(request.driver) : request.device;
    if (!is_device_id(made.config.id)) {
        return bad_field("device", "a-z, 0-9, - and _, at most 64 of them");
    }
    TRY(check_settings(*manifest, request.settings));
    made.config.driver = request.driver;
    made.config.name = request.name;
    made.config.settings = in_order(*manifest, request.settings);
    made.config.budgets = budgets_of(*manifest);
    made.config.setup_missing = setup_of(*manifest);
    if (const auto taken = devices_.find(made.config.id); taken != devices_.end()) {
        core::DeviceConfig now = taken->second.config;
        now.setup_missing = made.config.setup_missing;
        forget_remembered(now.settings, made.config.settings);
        if (taken->second.origin == made.origin && now == made.config) {
            return contract::to_value(describe(taken->second));  // the same request once more
        }
    }
    TRY(core_->may_add(made.config.id));
    TRY(check_port_free(made.config));
    if (devices_.size() >= kDevicesMax) {
        return make_error(ErrorCode::retry_later, fmt::format("{} devices at most", kDevicesMax));
    }
    if (request.only_check) {
        return contract::to_value(describe(made));
    }
    TRY(write_device_file(parts_.state_folder, made.config));
    parts_.logger.notice("device added",
                         {{"device", made.config.id}, {"driver", made.config.driver}});
    const auto added = devices_.insert_or_assign(made.config.id, std::move(made)).first;
    MUST(core_->add_device(added->second.config));  // may_add has said yes
    return contract::to_value(describe(added->second));
}

Administration::Outcome Administration::configure(ipc::PeerId peer,
                                                  const contract::ConfigureDeviceRequest& request) {
    TRY(core_->check_session(peer, request.session));
    KnownDevice* device = TRY(changeable(request.device));
    KnownDevice next{changed(device->config, request), device->origin};
    const contract::Manifest* manifest = TRY(manifest_of(next.config.driver));
    for (const std::string& name : request.unset) {
        if (find_field(*manifest, name) == nullptr) {
            return bad_field("unset", "one of: " + setting_names(*manifest));
        }
    }
    TRY(check_settings(*manifest, next.config.settings));
    next.config.settings = in_order(*manifest, next.config.settings);
    next.config.budgets = budgets_of(*manifest);
    if (next.config == device->config) {
        return contract::to_value(describe(*device));
    }
    TRY(check_port_free(next.config));
    next.config.setup_missing = setup_of(*manifest);
    TRY(core_->may_configure(next.config));
    if (request.only_check) {
        return contract::to_value(describe(next));
    }
    TRY(write_device_file(parts_.state_folder, next.config));
    TRY(core_->configure_device(next.config));
    *device = std::move(next);
    parts_.logger.notice("device configured",
                         {{"device", request.device}, {"driver", device->config.driver}});
    return contract::to_value(describe(*device));
}

Administration::Outcome Administration::rename(ipc::PeerId peer,
                                               const contract::RenameDeviceRequest& request) {
    TRY(core_->check_session(peer, request.session));
    KnownDevice* device = TRY(changeable(request.device));
    core::DeviceConfig next = device->config;
    next.name = request.name;
    TRY(write_device_file(parts_.state_folder, next));
    TRY(core_->configure_device(next));
    device->config = std::move(next);
    return contract::to_value(describe(*device));
}

Administration::Outcome Administration::remove(ipc::PeerId peer,
                                               const contract::SessionDeviceRequest& request) {
    TRY(core_->check_session(peer, request.session));
    const KnownDevice* device = TRY(changeable(request.device));
    TRY(core_->may_remove(request.device));
    TRY(remove_device_file(parts_.state_folder, request.device));
    TRY(core_->remove_device(request.device));
    const contract::DeviceSettings was = describe(*device);
    devices_.erase(request.device);
    logged_.erase(request.device);
    parts_.logger.notice("device removed", {{"device", was.device}, {"driver", was.driver}});
    return contract::to_value(was);
}

// --- ports

Done Administration::start_ports(ipc::PeerId peer, const contract::Request& request) {
    auto asked = TRY(contract::from_value<contract::PortsRequest>(request.body));
    if (!asked.driver.empty()) {
        TRY(manifest_of(asked.driver));
    }
    if (!asked.address.empty()) {
        TRY(transport::parse_address(asked.address));
    }
    if (scans_.size() >= kChecksMax) {
        return make_error(ErrorCode::retry_later, "enough port lists are being made");
    }
    scans_.push_back(TRY(
        PortScan::start(parts_.driver_program, {peer, request.id, std::move(asked)}, parts_.loop,
                        parts_.clock, [this](PortScan& scan) { finish_ports(scan); })));
    return {};
}

void Administration::finish_ports(PortScan& scan) {
    const ipc::PeerId peer = scan.question.peer;
    const std::int64_t id = scan.question.request_id;
    if (scan.result) {
        contract::PortsReply reply = std::move(*scan.result);
        if (scan.question.request.address.empty()) {
            add_ports_of_devices(reply);
        }
        for (contract::Port& port : reply.ports) {
            add_what_is_known(scan.question.request.driver, port);
        }
        parts_.replies.send(peer, {id, contract::to_value(reply)});
    } else {
        parts_.replies.send(peer, {id, contract::to_contract(scan.result.error())});
    }
    scans_.remove_if([&scan](const auto& one) { return one.get() == &scan; });
}

/// By its address, by the name that it keeps, because the device was found behind its node, or,
/// where it was found behind none yet, because its address fits what is plugged in.
bool Administration::is_port_of(const KnownDevice& device, const contract::Port& port) const {
    const std::string* taken = value_of(device.config.settings, kPortSetting);
    if (taken == nullptr) {
        return false;
    }
    const std::string line = line_of(port.address);
    const auto seen = core_->device(device.config.id);
    const std::string node = seen ? seen->node : "";
    return line_of(*taken) == line || *taken == port.stable || (!node.empty() && node == line) ||
           ((node.empty() || !line.starts_with('/')) && fits(device.config, port));
}

/// Those that cannot be listed: networks and simulators.
void Administration::add_ports_of_devices(contract::PortsReply& reply) const {
    for (const auto& [id, device] : devices_) {
        const std::string* port = value_of(device.config.settings, kPortSetting);
        const auto listed = [this, of = &device](const contract::Port& one) {
            return is_port_of(*of, one);
        };
        if (port != nullptr && std::none_of(reply.ports.begin(), reply.ports.end(), listed)) {
            contract::Port& added = reply.ports.emplace_back();
            added.address = *port;
            added.state = contract::PortState::available;
        }
    }
    std::sort(reply.ports.begin(), reply.ports.end(),
              [](const auto& a, const auto& b) { return a.address < b.address; });
}

void Administration::add_what_is_known(const std::string& driver, contract::Port& port) const {
    for (const auto& [id, device] : devices_) {
        if (is_port_of(device, port)) {
            port.device = id;
            if (port.reason == contract::PortReason::none ||
                port.reason == contract::PortReason::busy) {
                port.state = contract::PortState::unavailable;
                port.reason = contract::PortReason::used_by_device;
                port.text = fmt::format("the device '{}' is set up on it", id);
            }
        }
    }
    for (const contract::Manifest& manifest : parts_.manifests) {
        const bool is_its = std::any_of(
            manifest.usb.begin(), manifest.usb.end(), [&port](const contract::UsbMatch& match) {
                return port.adapter && port.adapter->vendor == match.vendor &&
                       (match.product == 0 || port.adapter->product == match.product) &&
                       port.address.starts_with(fmt::format("{}:", address_kind(match.line)));
            });
        if (is_its) {
            port.drivers.push_back(manifest.driver);
        }
    }
    const contract::Manifest* manifest = find_manifest(parts_.manifests, driver);
    if (manifest != nullptr && !speaks_over(*manifest, port.address)) {
        port.state = contract::PortState::not_usable;
        port.reason = contract::PortReason::wrong_kind;
        port.text = fmt::format("{} does not speak over such a line", driver);
    }
}

// --- the log

void Administration::log(const contract::Device& device) {
    using State = contract::DeviceState;
    const bool ready = device.state == State::ready || device.state == State::busy;
    std::pair<State, std::string> now{ready ? State::ready : device.state,
                                      ready ? std::string() : device.reason};
    if (!devices_.contains(device.device)) {
        return;  // removed; what is left of it ends
    }
    auto& last = logged_[device.device];
    if (now == last) {
        return;
    }
    last = now;
    const std::string message = fmt::format("device {}", contract::name_of(now.first));
    const os::Logger& to = parts_.logger;
    if (ready) {
        to.notice(message, {{"device", device.device}, {"driver", device.driver}});
    } else if (now.first == State::opening && now.second.empty()) {
        to.info(message, {{"device", device.device}, {"driver", device.driver}});
    } else {
        to.warning(message,
                   {{"device", device.device}, {"driver", device.driver}, {"reason", now.second}});
    }
}

void Administration::on_device(const contract::Device& device, core::DeviceEvent event) {
    log(device);
    if (event == core::DeviceEvent::opened) {
        check_layout(device);
    }
    for (Check& check : checks_) {
        if (check.device != device.device || check.question != 0 || check.search) {
            continue;
        }
        if (event == core::DeviceEvent::opened) {
            check.opened = true;
        } else if (event == core::DeviceEvent::open_failed) {
            check.error = device.error;
        } else if (event == core::DeviceEvent::host_gone) {
            check.error = contract::to_contract(make_error(ErrorCode::host_lost, device.reason));
        } else {
            continue;
        }
        wake_checks();
    }
}

}  // namespace tillhost::devd::runtime
