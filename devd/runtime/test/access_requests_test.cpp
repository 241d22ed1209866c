// Claim: the gate lets nobody past who has no rights, hears of a stranger only a code and only
// while one is worth something, and whoever is shut out or gets another key loses his connections
// at once. Shown on the core with loopback connections, a registry in a file, and a clock that
// moves when told.
#include "devd/runtime/access_requests.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "devd/core/test/rig.h"
#include "hal/os/descriptor.h"
#include "hal/os/fake/kept_log.h"
#include "ipc/curve_keys.h"
#include "ipc/pairing.h"
#include "tests/support/free_port.h"

namespace tillhost::devd::runtime {
namespace {

using contract::RequestKind;
using contract::Role;
using core::Rig;
using support::free_port;

constexpr std::int64_t kOwnUid = 500;

std::string some_key() { return MUST(ipc::KeyPair::make()).public_key; }

/// Connections of a loopback, some of them as if over a network.
class LoopbackConnections final : public ipc::PeerConnections {
public:
    explicit LoopbackConnections(ipc::LoopbackEndpoint& endpoint) : endpoint_(endpoint) {}
    bool send(ipc::PeerId peer, const contract::Reply& reply) override {
        return endpoint_.send(peer, reply);
    }
    bool on_network() const override { return listening; }
    std::size_t connections_of(std::string_view key) const override { return connected == key; }
    void drop(std::string_view key, ipc::RequestHandler& handler) override {
        dropped.emplace_back(key);
        for (const ipc::PeerId peer : peers[std::string(key)]) {
            handler.on_peer_gone(peer);
        }
    }
    bool listening = true;
    std::string connected;
    std::vector<std::string> dropped;
    std::map<std::string, std::vector<ipc::PeerId>> peers;

private:
    ipc::LoopbackEndpoint& endpoint_;
};

core::CoreOptions with(const core::AccessPort& access) {
    core::CoreOptions options;
    options.access = &access;
    return options;
}

class AccessRequestsTest : public testing::Test {
protected:
    AccessRequestsTest()
        : folder_(make_folder()),
          workstations_(MUST(
              Workstations::open(folder_ + "/workstations.toml", {.own_uid = kOwnUid}, clock_))),
          rig_({}, with(*workstations_)),
          connections_(rig_.endpoint),
          loop_(MUST(os::EventLoop::create(clock_))) {
        make_gate(
            NetworkConfig{.host = "127.0.0.1", .pairing_port = free_port(), .name = "shop-server"});
        admin_ = rig_.endpoint.connect({.uid = kOwnUid});
        admin_session_ = rig_.hello(admin_);
    }
    ~AccessRequestsTest() override { std::filesystem::remove_all(folder_); }

    static std::string make_folder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "tillhostXXXXXX").string();
        return ::mkdtemp(pattern.data());
    }
    void make_gate(std::optional<NetworkConfig> network) {
        gate_.reset();
        gate_ = std::make_unique<AccessRequests>(
            AccessParts{*loop_, clock_, connections_, *workstations_, *rig_.core,
                        os::Logger(log_, os::Severity::info), std::move(network), host_key_,
                        [this] { return ++randoms_; }, [this] { ++rights_changed_; }});
        gate_->attach(*rig_.core);
    }
    ipc::PeerId connect(const std::string& key) {
        const ipc::PeerId peer = rig_.endpoint.connect({.key = key, .address = "10.0.0.7"});
        connections_.peers[key].push_back(peer);
        return peer;
    }
    template <class Body>
    std::optional<contract::Reply> ask(ipc::PeerId peer, RequestKind kind, const Body& body) {
        rig_.endpoint.request(peer, {kind, ++requests_, 0, contract::to_value(body)}, *gate_);
        return rig_.next_reply(peer);
    }
    std::string code_of(const std::optional<contract::Reply>& reply) {
        const auto* error = reply ? std::get_if<contract::Error>(&reply->outcome) : nullptr;
        return error == nullptr ? "" : error->code;
    }
    /// The secret of a door that is opened.
    std::string open_door(const std::string& name) {
        contract::OpenPairingRequest open;
        open.session = admin_session_;
        open.name = name;
        const auto reply =
            Rig::ok<contract::OpenPairingReply>(ask(admin_, RequestKind::open_pairing, open));
        return MUST(ipc::PairingCode::read(reply.code)).secret;
    }
    std::optional<contract::Reply> pair(ipc::PeerId peer, const std::string& secret) {
        return ask(peer, RequestKind::pair, contract::PairRequest{secret});
    }
    /// A workstation that was let in, with a session.
    ipc::PeerId paired(const std::string& name, const std::string& key) {
        const ipc::PeerId peer = connect(key);
        EXPECT_EQ(Rig::ok<contract::PairReply>(pair(peer, open_door(name))).name, name);
        contract::HelloRequest hello;
        hello.client = "till";
        hello.versions = {1};
        sessions_[peer] =
            Rig::ok<contract::HelloReply>(ask(peer, RequestKind::hello, hello)).session;
        return peer;
    }
    std::vector<std::string> audit(contract::AuditKind kind) const {
        const std::string word = "\"kind\":\"" + std::string(contract::name_of(kind)) + "\"";
        std::vector<std::string> texts;
        for (const core::BookChange& change : rig_.store.changes) {
            for (const core::AuditRow& row : change.audit) {
                if (row.text.find(word) != std::string::npos) {
                    texts.push_back(row.text);
                }
            }
        }
        return texts;
    }

    os::FakeClock clock_;
    os::KeptLog log_;
    const std::string folder_;
    std::unique_ptr<Workstations> workstations_;
    Rig rig_;
    LoopbackConnections connections_;
    std::unique_ptr<os::EventLoop> loop_;
    const std::string host_key_ = some_key();
    const std::string key_ = some_key();
    const std::string next_key_ = some_key();
    std::unique_ptr<AccessRequests> gate_;
    ipc::PeerId admin_;
    std::int64_t admin_session_ = 0;
    std::map<ipc::PeerId, std::int64_t> sessions_;
    std::uint64_t randoms_ = 0;
    std::int64_t requests_ = 0;
    int rights_changed_ = 0;
};

TEST_F(AccessRequestsTest, AStrangerIsHeardOnlyWithACodeThatIsWorthSomething) {
    const ipc::PeerId stranger = connect(key_);
    EXPECT_EQ(code_of(ask(stranger, RequestKind::devices, contract::Empty{})), "not_paired");
    EXPECT_EQ(code_of(pair(stranger, "000000")), "wrong_code");
    const std::string secret = open_door("till2");
    EXPECT_TRUE(gate_->door_is_open());
    EXPECT_EQ(code_of(ask(stranger, RequestKind::devices, contract::Empty{})), "not_paired");
    EXPECT_EQ(Rig::ok<contract::PairReply>(pair(stranger, secret)).host, "shop-server");
    EXPECT_FALSE(gate_->door_is_open());
    EXPECT_EQ(workstations_->of_key(key_)->name, "till2");
    ASSERT_EQ(audit(contract::AuditKind::paired).size(), 1U);
    EXPECT_NE(audit(contract::AuditKind::paired).at(0).find("till2 as cashier"), std::string::npos);
}

TEST_F(AccessRequestsTest, ACodeIsForOneKeyAndItsLostAnswerIsSaidAgain) {
    const ipc::PeerId first = connect(key_);
    const std::string secret = open_door("till2");
    EXPECT_EQ(code_of(pair(first, secret)), "");
    EXPECT_EQ(code_of(pair(first, secret)), "");
    EXPECT_EQ(code_of(pair(connect(next_key_), secret)), "wrong_code");
    EXPECT_EQ(workstations_->all().size(), 1U);
    const ipc::PeerId local = rig_.endpoint.connect({.uid = kOwnUid});
    EXPECT_EQ(code_of(pair(local, secret)), "not_supported");
}

TEST_F(AccessRequestsTest, WrongCodesAreAnsweredLateAndTheFifthClosesTheDoor) {
    const std::string secret = open_door("till2");
    const ipc::PeerId stranger = connect(key_);
    for (int i = 1; i <= kPairingTries; ++i) {
        EXPECT_FALSE(pair(stranger, "ZZZZZZ").has_value());
        EXPECT_EQ(gate_->door_is_open(), i < kPairingTries);
    }
    clock_.advance(kWrongCodeDelay);
    for (int i = 0; i < kPairingTries; ++i) {
        loop_->run_once(clock_.now());
        EXPECT_EQ(code_of(rig_.next_reply(stranger)), "wrong_code");
    }
    EXPECT_EQ(gate_->wrong_codes(), 5U);
    EXPECT_EQ(code_of(pair(stranger, secret)), "wrong_code");
    EXPECT_TRUE(workstations_->all().empty());
}

TEST_F(AccessRequestsTest, TheDoorClosesByItself) {
    const std::string secret = open_door("till2");
    clock_.advance(kPairingTimeMax);
    loop_->run_once(clock_.now());
    EXPECT_FALSE(gate_->door_is_open());
    EXPECT_EQ(code_of(pair(connect(key_), secret)), "wrong_code");
}

TEST_F(AccessRequestsTest, WhoIsRevokedLosesTheConnectionsOfBothKeys) {
    const ipc::PeerId till = paired("till2", key_);
    EXPECT_EQ(code_of(ask(till, RequestKind::roll_key,
                          contract::RollKeyRequest{sessions_.at(till), next_key_})),
              "");
    const contract::RevokeRequest revoke{admin_session_, "till2"};
    EXPECT_EQ(Rig::ok<contract::Workstation>(ask(admin_, RequestKind::revoke, revoke)).state,
              contract::WorkstationState::revoked);
    EXPECT_EQ(connections_.dropped, (std::vector<std::string>{key_, next_key_}));
    EXPECT_EQ(rig_.core->client_of(till), "") << "its session is over";
    EXPECT_EQ(code_of(ask(till, RequestKind::devices, contract::Empty{})), "not_paired");
    EXPECT_EQ(code_of(ask(connect(next_key_), RequestKind::devices, contract::Empty{})),
              "not_paired");
    EXPECT_EQ(audit(contract::AuditKind::revoked).size(), 1U);
}

TEST_F(AccessRequestsTest, AKeyThatWasReplacedLosesItsConnections) {
    const ipc::PeerId till = paired("till2", key_);
    const contract::RollKeyRequest roll{sessions_.at(till), next_key_};
    EXPECT_EQ(code_of(ask(till, RequestKind::roll_key, roll)), "");
    EXPECT_EQ(code_of(ask(till, RequestKind::devices, contract::Empty{})), "");
    EXPECT_TRUE(connections_.dropped.empty()) << "the present one holds until the next is used";
    const ipc::PeerId again = connect(next_key_);
    contract::HelloRequest hello;
    hello.client = "till";
    hello.versions = {1};
    EXPECT_EQ(code_of(ask(again, RequestKind::hello, hello)), "");
    EXPECT_EQ(connections_.dropped, std::vector<std::string>{key_});
    EXPECT_EQ(code_of(ask(till, RequestKind::devices, contract::Empty{})), "not_paired");
}

TEST_F(AccessRequestsTest, OtherRightsAreToldToWhoeverHoldsSomethingOfThem) {
    paired("till2", key_);
    contract::SetWorkstationRequest change;
    change.session = admin_session_;
    change.name = "nobody";
    change.role = Role::observer;
    EXPECT_EQ(code_of(ask(admin_, RequestKind::set_workstation, change)), "bad_field");
    EXPECT_EQ(rights_changed_, 0);
    change.name = "till2";
    change.devices = {"fr"};
    connections_.connected = key_;
    EXPECT_TRUE(Rig::ok<contract::Workstation>(ask(admin_, RequestKind::set_workstation, change))
                    .connected);
    EXPECT_EQ(rights_changed_, 1);
    EXPECT_EQ(workstations_->rights_of({.key = key_})->devices, std::vector<std::string>{"fr"});
}

TEST_F(AccessRequestsTest, OnlyAnAdministratorMindsWorkstations) {
    const ipc::PeerId till = paired("till2", key_);
    const contract::RevokeRequest revoke{sessions_.at(till), "till2"};
    for (const RequestKind kind :
         {RequestKind::workstations, RequestKind::open_pairing, RequestKind::close_pairing,
          RequestKind::set_workstation, RequestKind::revoke}) {
        EXPECT_EQ(code_of(ask(till, kind, revoke)), "not_permitted") << contract::name_of(kind);
    }
    EXPECT_EQ(audit(contract::AuditKind::refused).size(), 5U);
    EXPECT_TRUE(connections_.dropped.empty());
    const contract::RevokeRequest stale{admin_session_ + 1, "till2"};
    EXPECT_EQ(code_of(ask(admin_, RequestKind::revoke, stale)), "stale_session");
}

TEST_F(AccessRequestsTest, WithoutANetworkNoDoorOpens) {
    connections_.listening = false;
    contract::OpenPairingRequest open;
    open.session = admin_session_;
    open.name = "till2";
    EXPECT_EQ(code_of(ask(admin_, RequestKind::open_pairing, open)), "not_supported");
    connections_.listening = true;
    make_gate(std::nullopt);
    EXPECT_EQ(code_of(ask(admin_, RequestKind::open_pairing, open)), "not_supported");
}

}  // namespace
}  // namespace tillhost::devd::runtime
