// Claim: a device of another host is shown as its owner sees it, is given to no third host, and an
// operation on it is settled by its owner's word and by no person here who does not insist. Shown
// on the core with a mirror, peers and a driver that the test plays.
#include <map>

#include "devd/core/test/rig.h"

namespace tillhost::devd::core {
namespace {

using contract::RequestKind;
using contract::Role;

class FakeMirror final : public DeviceMirror {
public:
    const contract::Device* seen(const std::string& device) const override {
        const auto found = devices.find(device);
        return found == devices.end() ? nullptr : &found->second;
    }
    std::map<std::string, contract::Device> devices;
};

class FakeAccess final : public AccessPort {
public:
    std::optional<Rights> rights_of(const ipc::PeerIdentity& identity) const override {
        return identity.key == "host"
                   ? Rights{.role = Role::operator_, .workstation = "other", .host = true}
                   : Rights{.role = Role::administrator};
    }
};

class RemoteTest : public testing::Test {
protected:
    RemoteTest() : rig_({}, options()) {
        rig_.open_device();
        DeviceConfig config;
        config.id = "far";
        config.driver = kRemoteDriver;
        config.host = "hall";
        EXPECT_TRUE(rig_.core->add_device(config));
    }
    CoreOptions options() const {
        CoreOptions options;
        options.access = &access_;
        options.mirror = &mirror_;
        return options;
    }
    void say(const contract::FromHost& message) {
        rig_.core->on_host_message("far", rig_.hosts.epochs.back(), message);
    }
    void open(std::optional<contract::Resolution> resolution = {}) {
        say(contract::HostHello{1, kRemoteDriver, 0});
        say(contract::Opened{{"K1", "", ""}, contract::FiscalStatus{}, std::move(resolution)});
    }
    contract::Device told() const {
        contract::Device device;
        device.device = "far";
        device.driver = "fiscal/shtrih";
        device.state = contract::DeviceState::ready;
        device.opens_shift = true;
        return device;
    }
    contract::Device device() {
        return Rig::ok<contract::Device>(rig_.ask(
            rig_.peer, RequestKind::status, contract::to_value(contract::DeviceRequest{"far"})));
    }
    ipc::PeerId connect_host() {
        const ipc::PeerId peer = rig_.endpoint.connect({.key = "host"});
        rig_.hello(peer);
        return peer;
    }
    /// On its way to the owner; nothing is known of it any more.
    base::OperationId doubtful() {
        const base::OperationId id = rig_.new_id();
        contract::SubmitRequest request = rig_.sale(id);
        request.device = "far";
        Rig::ok<contract::Operation>(rig_.submit(request));
        contract::RemoteMarker marker;
        marker.identity.serial = "K1";
        marker.host = "hall";
        marker.device = "kassa";
        say(contract::Persist{id, 1, contract::Marker(marker)});
        contract::Finished lost;
        lost.operation_id = id;
        lost.attempt = 1;
        lost.error = contract::to_contract(
            base::make_error(base::ErrorCode::host_unreachable, "", base::Effect::unknown));
        lost.link_lost = true;
        say(lost);
        return id;
    }
    std::optional<contract::Reply> decide(const base::OperationId& id, bool force) {
        contract::DecideRequest request;
        request.session = rig_.session;
        request.operation_id = id;
        request.version = rig_.look(id).version;
        request.verdict = contract::Verdict::not_executed;
        request.note = "nothing on the paper";
        request.force = force;
        return rig_.ask(rig_.peer, RequestKind::decide, contract::to_value(request));
    }

    FakeAccess access_;
    FakeMirror mirror_;
    Rig rig_;
};

TEST_F(RemoteTest, IsShownAsItsOwnerSeesIt) {
    EXPECT_EQ(device().host, "hall");
    EXPECT_EQ(device().driver, kRemoteDriver);
    mirror_.devices["far"] = told();
    open();
    EXPECT_EQ(device().driver, "fiscal/shtrih");
    EXPECT_TRUE(device().opens_shift);
    mirror_.devices["far"].state = contract::DeviceState::in_doubt;
    mirror_.devices["far"].reason = "it is asked";
    EXPECT_EQ(device().state, contract::DeviceState::in_doubt);
    EXPECT_EQ(device().reason, "it is asked");
    // Without its host what was last known of it is not what it is.
    mirror_.devices.clear();
    say(contract::LineLost{
        contract::to_contract(base::make_error(base::ErrorCode::host_unreachable, "host 'hall'"))});
    EXPECT_EQ(device().state, contract::DeviceState::opening);
}

TEST_F(RemoteTest, ChangesAreToldToWhoFollowsTheDevices) {
    contract::SubscribeRequest follow;
    follow.topic = "devices";
    follow.credit = 10;
    const ipc::PeerId host = connect_host();
    for (const ipc::PeerId peer : {rig_.peer, host}) {
        Rig::ok<contract::SubscribeReply>(
            rig_.ask(peer, RequestKind::subscribe, contract::to_value(follow)));
    }
    mirror_.devices["far"] = told();
    rig_.core->on_mirrored("far");
    rig_.core->on_mirrored("far");  // the same once more
    const auto heard = [this](ipc::PeerId peer) {
        while (rig_.next_reply(peer)) {
        }
        return rig_.told[peer].size();
    };
    EXPECT_EQ(heard(rig_.peer), 1U);
    EXPECT_EQ(heard(host), 0U);  // it is nobody's to pass on
}

TEST_F(RemoteTest, IsGivenToNoThirdHost) {
    const ipc::PeerId host = connect_host();
    const auto list = Rig::ok<contract::DevicesReply>(
        rig_.ask(host, RequestKind::devices, contract::to_value(contract::Empty{})));
    ASSERT_EQ(list.devices.size(), 1U);
    EXPECT_EQ(list.devices.front().device, "fr");
    for (const RequestKind kind : {RequestKind::status, RequestKind::lease}) {
        const auto refused =
            Rig::error(rig_.ask(host, kind, contract::to_value(contract::DeviceRequest{"far"})));
        EXPECT_EQ(refused.code, "not_permitted");
        EXPECT_NE(refused.text.find("'hall'"), std::string::npos) << refused.text;
    }
}

TEST_F(RemoteTest, APersonHereDecidesNothingThatItsOwnerMayStillDo) {
    mirror_.devices["far"] = told();
    open();
    const base::OperationId id = doubtful();
    ASSERT_EQ(rig_.look(id).state, contract::OperationState::in_doubt);
    const contract::Error refused = Rig::error(decide(id, false));
    EXPECT_EQ(refused.code, "possible_duplicate");
    EXPECT_NE(refused.text.find("'hall'"), std::string::npos) << refused.text;
    EXPECT_EQ(rig_.look(id).state, contract::OperationState::in_doubt);
    EXPECT_EQ(Rig::ok<contract::Operation>(decide(id, true)).state,
              contract::OperationState::failed);
}

TEST_F(RemoteTest, WhatAPersonDecidesAtItsOwnerIsAskedForHere) {
    mirror_.devices["far"] = told();
    mirror_.devices["far"].in_doubt = rig_.new_id();
    open();
    const base::OperationId id = doubtful();
    contract::Resolution waits;
    waits.verdict = contract::Verdict::cannot_tell;
    waits.identity.serial = "K1";
    say(contract::Opened{{"K1", "", ""}, contract::FiscalStatus{}, waits});
    rig_.hosts.sent.clear();
    rig_.core->on_mirrored("far");
    EXPECT_EQ(rig_.hosts.last<contract::ResolveCommand>(), nullptr);  // it is not decided yet
    mirror_.devices["far"].in_doubt.reset();
    rig_.core->on_mirrored("far");
    ASSERT_NE(rig_.hosts.last<contract::ResolveCommand>(), nullptr);
    contract::Resolution done;
    done.verdict = contract::Verdict::executed;
    done.identity.serial = "K1";
    done.result = Rig::result(7);  // with the serial number of the registrar, not of the host
    std::get<contract::FiscalResult>(*done.result).serial = "S9";
    say(contract::Resolved{id, 1, done, {}, false});
    EXPECT_EQ(rig_.look(id).state, contract::OperationState::done);
}

TEST_F(RemoteTest, AVerdictOfAnotherHostCountsNothing) {
    mirror_.devices["far"] = told();
    open();
    const base::OperationId id = doubtful();
    contract::Resolution other;
    other.verdict = contract::Verdict::not_executed;
    other.identity.serial = "K2";
    say(contract::Opened{{"K2", "", ""}, contract::FiscalStatus{}, other});
    EXPECT_EQ(rig_.look(id).state, contract::OperationState::in_doubt);
}

TEST_F(RemoteTest, AHostsClientMayNoMoreThanItSays) {
    const ipc::PeerId host = rig_.endpoint.connect({.key = "host"});
    contract::HelloRequest hello;
    hello.client = "relay";
    hello.versions = {1};
    hello.on_behalf_of = "till";
    hello.at_most = Role::cashier;
    hello.only_devices = {"elsewhere"};
    const auto session = Rig::ok<contract::HelloReply>(
        rig_.ask(host, RequestKind::hello, contract::to_value(hello)));
    EXPECT_EQ(session.role, Role::cashier);
    const auto refusal = [&](RequestKind kind, contract::Value body) {
        return Rig::error(rig_.ask(host, kind, std::move(body))).code;
    };
    EXPECT_EQ(refusal(RequestKind::status, contract::to_value(contract::DeviceRequest{"fr"})),
              "not_permitted");
    EXPECT_EQ(refusal(RequestKind::decide, contract::Value(contract::Value::Map{})),
              "not_permitted");
    hello.at_most = Role::administrator;
    hello.only_devices = {"fr"};
    EXPECT_EQ(
        Rig::ok<contract::HelloReply>(rig_.ask(host, RequestKind::hello, contract::to_value(hello)))
            .role,
        Role::operator_);  // nor more than the host itself
    EXPECT_EQ(Rig::ok<contract::Device>(rig_.ask(host, RequestKind::status,
                                                 contract::to_value(contract::DeviceRequest{"fr"})))
                  .device,
              "fr");
}

}  // namespace
}  // namespace tillhost::devd::core
