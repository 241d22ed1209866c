// Claim: what devd's dongles do reaches licd's loop, over devd's own restart too, and the calls of
// the loop never wait. Shown by a small devd on a real socket whose dongle signs as a real one.
#include "licd/devices/devd_link.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <filesystem>

#include "hal/os/boot_clock.h"
#include "hal/os/fake/kept_log.h"
#include "ipc/contract/decoder.h"
#include "ipc/zmq_endpoint.h"
#include "licd/keys/test/vendor.h"

namespace tillhost::licd::devices {
namespace {

using base::ErrorCode;
using base::make_error;
using contract::RequestKind;
using contract::Value;

constexpr int kTurnMs = 5;
constexpr os::Duration kPatience = std::chrono::seconds(20);

contract::Device device_of(bool ready) {
    contract::Device device;
    device.device = "key";
    device.driver = "dongle/fido2";
    device.state = ready ? contract::DeviceState::ready : contract::DeviceState::offline;
    return device;
}

/// Answers what licd asks; its dongle holds the key of keys::test::test_dongle().
class FakeDevd final : private ipc::RequestHandler {
public:
    explicit FakeDevd(std::string endpoint) : address_(std::move(endpoint)) { start(); }
    ~FakeDevd() override { stop(); }

    void start() {
        while (endpoint_ == nullptr) {
            if (auto bound = ipc::ZmqEndpoint::bind(address_)) {
                endpoint_ = std::move(*bound);
            } else {
                ::poll(nullptr, 0, kTurnMs);
            }
        }
        ++epoch_;
        stopping_ = false;
        thread_ = std::make_unique<os::Thread>("fake devd", [this] { run(); });
    }
    void stop() {
        stopping_ = true;
        thread_.reset();
        endpoint_.reset();
        followers_.clear();
    }
    void set_ready(bool ready) { ready_ = ready; }
    int proofs() const { return proofs_; }

private:
    void run() {
        bool told = ready_;
        while (!stopping_) {
            pollfd one{.fd = endpoint_->fd(), .events = POLLIN, .revents = 0};
            ::poll(&one, 1, kTurnMs);
            while (endpoint_->receive(*this, 100)) {
            }
            if (told != ready_) {
                told = ready_;
                tell(device_of(told));
            }
            if (std::exchange(missed_, false)) {
                tell(contract::Gap{.from_seq = 1, .to_seq = 0, .restarted = true});
            }
        }
    }
    void tell(const contract::EventBody& body) {
        for (const auto& [peer, id] : followers_) {
            contract::Event event;
            event.subscription = 1;
            event.epoch = epoch_;
            event.seq = ++seq_;
            event.body = body;
            endpoint_->send(peer, {id, contract::to_value(event), true});
        }
    }
    void on_request(ipc::PeerId peer, const ipc::PeerIdentity& /*identity*/,
                    const contract::Request& request) override {
        auto body = answer(peer, request);
        if (body) {
            endpoint_->send(peer, {request.id, std::move(*body)});
        } else {
            endpoint_->send(peer, {request.id, contract::to_contract(body.error())});
        }
    }
    void on_peer_gone(ipc::PeerId peer) override { followers_.erase(peer); }
    base::Result<Value> answer(ipc::PeerId peer, const contract::Request& request) {
        if (request.kind == RequestKind::hello) {
            contract::HelloReply hello;
            hello.version = contract::kProtocolVersion;
            hello.session = 1;
            return contract::to_value(hello);
        }
        if (request.kind == RequestKind::subscribe) {
            const auto body = TRY(contract::from_value<contract::SubscribeRequest>(request.body));
            followers_[peer] = request.id;
            missed_ = missed_ || (body.epoch != 0 && body.epoch != epoch_);
            return contract::to_value(contract::SubscribeReply{1, epoch_, seq_ + 1});
        }
        if (request.kind == RequestKind::devices) {
            contract::DevicesReply reply;
            reply.devices.push_back(device_of(ready_));
            return contract::to_value(reply);
        }
        if (request.kind == RequestKind::machine_facts) {
            return contract::to_value(contract::MachineFactsReply{{{"board", "B-1"}}});
        }
        return request.kind == RequestKind::query ? prove(request)
                                                  : make_error(ErrorCode::unknown_kind, "");
    }
    base::Result<Value> prove(const contract::Request& request) {
        const auto body = TRY(contract::from_value<contract::QueryRequest>(request.body));
        const auto* const query = std::get_if<contract::DongleProofQuery>(&body.query);
        if (query == nullptr || !ready_) {
            return make_error(ErrorCode::device_not_ready, "");
        }
        const os::Sha256 rp = os::sha256(base::bytes_of(query->rp));
        contract::DongleProof proof;
        proof.authenticator_data = {rp.begin(), rp.end()};
        proof.authenticator_data.resize(37);
        proof.authenticator_data.back() = base::byte(static_cast<unsigned>(++proofs_));
        base::Bytes message = proof.authenticator_data;
        message.insert(message.end(), query->challenge_hash.begin(), query->challenge_hash.end());
        proof.signature = TRY(keys::test::test_dongle().sign(message));
        return contract::to_value(contract::ClassStatus(std::move(proof)));
    }

    const std::string address_;
    std::unique_ptr<ipc::ZmqEndpoint> endpoint_;
    std::atomic<bool> stopping_{false};
    std::atomic<bool> ready_{true};
    std::atomic<int> proofs_{0};
    std::int64_t epoch_ = 0;
    std::int64_t seq_ = 0;
    bool missed_ = false;  ///< events of a former life were asked for
    std::map<ipc::PeerId, std::int64_t> followers_;
    std::unique_ptr<os::Thread> thread_;
};

class DevdLinkTest : public testing::Test {
protected:
    DevdLinkTest() {
        std::string pattern = (std::filesystem::temp_directory_path() / "linkXXXXXX").string();
        folder_ = ::mkdtemp(pattern.data());
    }
    ~DevdLinkTest() override { std::filesystem::remove_all(folder_); }

    std::string endpoint() const { return "ipc://" + folder_ + "/devd.sock"; }
    std::unique_ptr<DevdLink> open() {
        return MUST(DevdLink::start({.endpoint = endpoint(),
                                     .server = keys::test::test_key(50).public_key(),
                                     .random = [](std::size_t n) { return base::Bytes(n); },
                                     .program_version = "0"},
                                    clock_, os::Logger(log_, os::Severity::debug)));
    }
    static std::vector<WantedDongle> one_key() {
        return {{keys::test::dongle_key().serial, *keys::test::dongle_key().token}};
    }
    /// Waits for it by what the loop waits for.
    bool becomes(const DevdLink& link, const std::function<bool()>& what) const {
        const os::Deadline until = clock_.now() + kPatience;
        while (!what()) {
            if (clock_.now() > until) {
                return false;
            }
            pollfd one{.fd = link.moved().fd(), .events = POLLIN, .revents = 0};
            ::poll(&one, 1, 1000);
            link.moved().clear();
        }
        return true;
    }
    bool becomes(const DevdLink& link, DonglePresence presence) const {
        return becomes(
            link, [&] { return link.of(keys::test::dongle_key().serial).presence == presence; });
    }

    os::BootClock clock_;
    os::KeptLog log_;
    std::string folder_;
};

TEST_F(DevdLinkTest, ADongleComesAndGoesAndComes) {
    FakeDevd devd(endpoint());
    const auto link = open();
    link->want(one_key());
    ASSERT_TRUE(becomes(*link, DonglePresence::there));
    EXPECT_EQ(link->of(keys::test::dongle_key().serial).device, "key");
    devd.set_ready(false);
    ASSERT_TRUE(becomes(*link, DonglePresence::missing));
    devd.set_ready(true);
    ASSERT_TRUE(becomes(*link, DonglePresence::there));
    EXPECT_GE(devd.proofs(), 2);
}

TEST_F(DevdLinkTest, DevdIsStartedLateAndAnew) {
    const auto link = open();
    link->want(one_key());
    ASSERT_TRUE(becomes(*link, DonglePresence::missing));
    EXPECT_EQ(link->of(keys::test::dongle_key().serial).why, "devd cannot be reached");
    FakeDevd devd(endpoint());
    ASSERT_TRUE(becomes(*link, DonglePresence::there));
    const int before = devd.proofs();
    devd.stop();
    devd.start();
    const os::Deadline until = clock_.now() + kPatience;
    while (devd.proofs() == before && clock_.now() < until) {
        ::poll(nullptr, 0, kTurnMs);
    }
    EXPECT_GT(devd.proofs(), before);
}

TEST_F(DevdLinkTest, WhatDevdReadsOfTheMachineIsKnownBeforeKeysAreWeighed) {
    {
        FakeDevd devd(endpoint());
        const auto link = open();
        link->wait_for_first_look(clock_.now() + kPatience);
        ASSERT_EQ(link->facts().size(), 1U);
        devd.stop();
        EXPECT_EQ(link->facts().front().value, "B-1");  // kept while devd is away
    }
    const auto alone = open();
    alone->wait_for_first_look(clock_.now() + kPatience);
    EXPECT_TRUE(alone->facts().empty());
}

}  // namespace
}  // namespace tillhost::licd::devices
