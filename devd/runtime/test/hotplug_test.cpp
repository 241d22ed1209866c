// Claim: a device whose node comes is opened at once, one whose node goes is let go of, whatever
// the host noticed; every other node is left alone; a line that bounces costs one change; nothing
// that the source lost is missed; and ten thousand plugs leave nothing behind. Shown on the core
// with Hotplug, a fake source, hosts that answer by what is plugged in, and virtual time. The
// core's own timers never run here: it is not a retry that opens the device.
#include "devd/runtime/hotplug.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <malloc.h>
#include <unistd.h>

#include <array>
#include <deque>
#include <filesystem>

#include "devd/core/test/rig.h"
#include "hal/os/fake/fake_hotplug.h"
#include "hal/os/fake/kept_log.h"

namespace tillhost::devd::runtime {
namespace {

using contract::DeviceState;
using core::Core;
using core::DeviceConfig;
using core::FakeStore;

constexpr const char* kNode = "/dev/ttyUSB0";
constexpr const char* kLink = "/dev/serial/by-id/usb-registrar";

/// A host that opens its device while that is plugged in, and counts how often it was asked to.
class PluggedHost final : public core::HostPort {
public:
    void spawn(const std::string&, base::HostEpoch epoch) override {
        epoch_ = epoch;
        said.push_back(contract::HostHello{1, "fiscal/toy", 7});
    }
    void kill(const std::string&) override { ++kills; }
    void send(const std::string&, const contract::ToHost& message) override {
        if (std::holds_alternative<contract::Open>(message)) {
            ++opens;
            said.push_back(answer());
        }
    }
    contract::FromHost answer() const {
        if (!plugged) {
            return contract::OpenFailed{contract::to_contract(
                base::make_error(base::ErrorCode::port_missing, "no such device"))};
        }
        contract::Opened opened;
        opened.identity = core::Rig::identity();
        opened.status = contract::FiscalStatus{};
        opened.node = node;
        return opened;
    }
    base::HostEpoch epoch() const { return epoch_; }

    bool plugged = true;
    std::string node = kNode;
    int opens = 0;
    int kills = 0;
    std::deque<contract::FromHost> said;  ///< and not heard yet

private:
    base::HostEpoch epoch_;
};

class HotplugTest : public testing::Test {
protected:
    explicit HotplugTest(std::size_t room = 1000, std::string port = "serial:/dev/ttyUSB0")
        : core_({.program_version = "test"}, {DeviceConfig{"fr", "fiscal/toy", {}}}, {}, clock_,
                store_, host_, endpoint_, [this] { return ++randoms_; }),
          loop_(MUST(os::EventLoop::create(clock_))) {
        auto source = std::make_unique<os::FakeHotplug>(room);
        source_ = source.get();
        hotplug_ = MUST(Hotplug::start(
            std::move(source), {*loop_, clock_, core_, os::Logger(log_, os::Severity::error),
                                [this, port = std::move(port)] {
                                    return std::vector<DeviceLine>{
                                        {"fr", port, core_.device("fr")->node},
                                        {"net", "tcp:10.0.0.1:7778"}};
                                }}));
        core_.start();
        peer_ = endpoint_.connect({});
        contract::HelloRequest hello;
        hello.client = "till";
        hello.versions = {1};
        ask(contract::RequestKind::hello, contract::to_value(hello));
        hear();
    }
    std::optional<contract::Reply> ask(contract::RequestKind kind, contract::Value body) {
        endpoint_.request(peer_, {kind, ++last_request_, 0, std::move(body)}, core_);
        return endpoint_.next_reply(peer_);
    }
    void hear() {
        while (!host_.said.empty()) {
            const contract::FromHost message = std::move(host_.said.front());
            host_.said.pop_front();
            core_.on_host_message("fr", host_.epoch(), message);
        }
    }
    /// One turn of the loop, without waiting.
    void turn() {
        loop_->run_once(clock_.now());
        hear();
    }
    /// What was reported comes to rest.
    void settle(os::Duration time = kHotplugSettle) {
        turn();
        clock_.advance(time);
        turn();
    }
    DeviceState state() const { return core_.device("fr")->state; }
    void pull(bool host_notices) {
        host_.plugged = false;
        source_->unplug(host_.node);
        if (host_notices) {
            contract::LineLost lost;
            lost.error =
                contract::to_contract(base::make_error(base::ErrorCode::link_lost, "hung up"));
            core_.on_host_message("fr", host_.epoch(), lost);
            hear();
        }
    }
    void plug(const std::string& node = kNode) {
        host_.plugged = true;
        host_.node = node;
        source_->plug(node, {kLink});
    }

    os::FakeClock clock_;
    os::KeptLog log_;
    FakeStore store_;
    PluggedHost host_;
    ipc::LoopbackEndpoint endpoint_;
    std::uint64_t randoms_ = 0;
    Core core_;
    std::unique_ptr<os::EventLoop> loop_;
    os::FakeHotplug* source_ = nullptr;
    std::unique_ptr<Hotplug> hotplug_;
    ipc::PeerId peer_;
    std::int64_t last_request_ = 0;
};

TEST_F(HotplugTest, ADeviceThatComesIsOpenedAtOnce) {
    ASSERT_EQ(state(), DeviceState::ready);
    pull(true);
    settle();
    EXPECT_EQ(state(), DeviceState::opening);
    EXPECT_EQ(core_.device("fr")->error->code, "port_missing");
    EXPECT_EQ(core_.device("fr")->node, "") << "it is behind none now";
    plug();
    turn();
    EXPECT_EQ(state(), DeviceState::opening) << "not before it has come to rest";
    settle();
    EXPECT_EQ(state(), DeviceState::ready);
    EXPECT_EQ(host_.kills, 0);
}

TEST_F(HotplugTest, ADeviceThatGoesIsLetGoOfAlsoIfItsHostNoticedNothing) {
    pull(false);
    turn();
    EXPECT_EQ(state(), DeviceState::ready);
    settle();
    EXPECT_EQ(state(), DeviceState::opening);
}

TEST_F(HotplugTest, OtherNodesAreNobodysBusiness) {
    const int opens = host_.opens;
    source_->plug("/dev/ttyUSB1", {"/dev/serial/by-id/usb-another"});
    source_->unplug("/dev/ttyUSB1");
    source_->plug("/dev/hidraw0", {}, "hidraw");
    settle();
    pull(true);
    settle();
    const int after = host_.opens;
    source_->plug("/dev/ttyUSB1", {"/dev/serial/by-id/usb-another"});
    source_->plug("/dev/hidraw0", {}, "hidraw");
    settle();
    EXPECT_EQ(opens, 1);
    EXPECT_EQ(host_.opens, after);
}

TEST_F(HotplugTest, ALineThatBouncesIsOneChange) {
    pull(true);
    settle();
    const int opens = host_.opens;
    for (int i = 0; i < 20; ++i) {
        plug();
        turn();
        clock_.advance(kHotplugSettle / 3);
        pull(false);
        turn();
        clock_.advance(kHotplugSettle / 3);
    }
    EXPECT_EQ(host_.opens, opens) << "it has not come to rest";
    plug();
    settle();
    EXPECT_EQ(state(), DeviceState::ready);
    EXPECT_EQ(host_.opens, opens + 1);
}

TEST_F(HotplugTest, ALineThatNeverComesToRestIsLookedAtNowAndThen) {
    pull(true);
    settle();
    const int opens = host_.opens;
    const os::Instant end = clock_.now() + 3 * kHotplugPatience;
    while (clock_.now() < end) {
        plug();
        turn();
        clock_.advance(kHotplugSettle / 2);
        source_->unplug(kNode);
        turn();
        clock_.advance(kHotplugSettle / 2);
    }
    EXPECT_GT(host_.opens, opens);
    EXPECT_LE(host_.opens, opens + 6);
}

TEST_F(HotplugTest, OneThatWasPulledAndPutBackWithinTheTimeIsOpenedAnew) {
    const int opens = host_.opens;
    source_->unplug(kNode);
    source_->plug(kNode);
    settle();
    EXPECT_EQ(host_.opens, opens + 1) << "what its host holds is dead";
    EXPECT_EQ(state(), DeviceState::ready);
}

TEST_F(HotplugTest, NothingIsTouchedWhileAnOperationIsCarriedOut) {
    contract::HelloRequest hello;
    hello.client = "till";
    hello.versions = {1};
    const auto session = core::Rig::ok<contract::HelloReply>(
        ask(contract::RequestKind::hello, contract::to_value(hello)));
    contract::SubmitRequest sale;
    sale.session = session.session;
    sale.operation_id =
        base::OperationId::make(static_cast<std::uint64_t>(clock_.unix_ms()), {1, 2});
    sale.device = "fr";
    sale.command = core::Rig::receipt(1000);
    ask(contract::RequestKind::submit, contract::to_value(sale));
    ASSERT_EQ(state(), DeviceState::busy);
    const int opens = host_.opens;
    pull(false);
    settle();
    EXPECT_EQ(host_.opens, opens) << "its driver finds out, and says what became of it";
    EXPECT_EQ(state(), DeviceState::busy);
}

class ByLinkTest : public HotplugTest {
protected:
    ByLinkTest() : HotplugTest(1000, std::string("serial:") + kLink) {}
};

TEST_F(ByLinkTest, AnotherNodeBehindTheLinkIsTheDevice) {
    for (const char* const node : {"/dev/ttyUSB3", "/dev/ttyACM1", "/dev/ttyUSB0"}) {
        pull(true);
        settle();
        ASSERT_EQ(state(), DeviceState::opening);
        plug(node);
        settle();
        EXPECT_EQ(state(), DeviceState::ready);
        EXPECT_EQ(core_.device("fr")->node, node);
    }
}

class ByIdsTest : public HotplugTest {
protected:
    ByIdsTest() : HotplugTest(1000, "hid:0c2e:0b61") {}
};

TEST_F(ByIdsTest, AHidDeviceMayBeBehindAnyNodeOfItsKind) {
    pull(true);
    settle();
    host_.plugged = true;
    source_->plug("/dev/ttyUSB5");
    settle();
    EXPECT_EQ(state(), DeviceState::opening);
    source_->plug("/dev/hidraw4", {}, "hidraw");
    settle();
    EXPECT_EQ(state(), DeviceState::ready);
}

class ByUsbIdsTest : public HotplugTest {
protected:
    ByUsbIdsTest() : HotplugTest(1000, "usb:04b8:0202") { host_.node = "/dev/bus/usb/001/004"; }
};

TEST_F(ByUsbIdsTest, ADeviceThatIsDrivenWholeComesAndGoesAsAnyOther) {
    core_.on_unplugged("fr");
    hear();
    ASSERT_EQ(core_.device("fr")->node, "/dev/bus/usb/001/004");
    pull(false);
    settle();
    EXPECT_EQ(state(), DeviceState::opening) << "its host noticed nothing";
    host_.plugged = true;
    host_.node = "/dev/bus/usb/001/005";
    source_->plug("/dev/hidraw4", {}, "hidraw");
    settle();
    EXPECT_EQ(state(), DeviceState::opening);
    source_->plug(host_.node, {}, "usb");
    settle();
    EXPECT_EQ(state(), DeviceState::ready);
    EXPECT_EQ(core_.device("fr")->node, host_.node);
}

class LossyTest : public HotplugTest {
protected:
    LossyTest() : HotplugTest(3) {}
};

TEST_F(LossyTest, WhatTheSourceLostIsLookedFor) {
    pull(true);
    settle();
    for (int i = 0; i < 10; ++i) {
        source_->plug("/dev/ttyUSB9");
    }
    plug();  // finds no room
    settle();
    EXPECT_EQ(state(), DeviceState::ready);
    for (int i = 0; i < 10; ++i) {
        source_->plug("/dev/ttyUSB9");
    }
    host_.node = "/dev/none";
    pull(false);  // likewise; its node is not there
    settle();
    EXPECT_EQ(state(), DeviceState::opening);
}

TEST_F(HotplugTest, ASourceThatEndsIsLetGoOf) {
    /// The other side of its socket is gone.
    class Ended final : public os::HotplugSource {
    public:
        Ended() {
            std::array<int, 2> ends{};
            INVARIANT(::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) == 0);
            end_ = os::Descriptor(ends[0]);
            ::close(ends[1]);
        }
        int fd() const override { return end_.get(); }
        std::vector<os::HotplugEvent> take() override { return {}; }

    private:
        os::Descriptor end_;
    };
    os::KeptLog log;
    const auto hotplug =
        MUST(Hotplug::start(std::make_unique<Ended>(), {*loop_, clock_, core_, os::Logger(log),
                                                        [] { return std::vector<DeviceLine>(); }}));
    turn();
    turn();
    EXPECT_TRUE(log.holds("hotplug ended"));
    EXPECT_EQ(log.lines().size(), 1U) << "once";
}

/// What this process holds.
struct Held {
    std::ptrdiff_t descriptors = 0;
    std::size_t bytes = 0;
};
Held held() {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return {std::distance(begin(all), end(all)), ::mallinfo2().uordblks};
}

TEST_F(HotplugTest, TenThousandPlugsLeaveNothingBehind) {
    constexpr int kCycles = 10'000;
    constexpr int kWarm = 2'000;  // rings of events are full
    constexpr std::size_t kBytesMax = 64 * 1024;
    contract::SubscribeRequest subscribe;
    subscribe.topic = "device/fr";
    subscribe.credit = 100;
    const auto subscription = core::Rig::ok<contract::SubscribeReply>(
        ask(contract::RequestKind::subscribe, contract::to_value(subscribe)));
    std::int64_t seq = subscription.next_seq - 1;
    Held warm;
    for (int i = 0; i < kCycles; ++i) {
        pull(i % 2 == 0);
        settle();
        ASSERT_EQ(state(), DeviceState::opening) << i;
        plug();
        settle();
        ASSERT_EQ(state(), DeviceState::ready) << i;
        std::vector<DeviceState> seen;
        while (const auto reply = endpoint_.next_reply(peer_)) {
            const auto event = core::Rig::ok<contract::Event>(*reply);
            ASSERT_EQ(event.seq, ++seq) << "an event is missing, and no gap was said";
            seen.push_back(std::get<contract::Device>(event.body).state);
        }
        ASSERT_GE(seen.size(), 2U) << i;
        EXPECT_EQ(seen.back(), DeviceState::ready) << i;
        EXPECT_NE(seen[seen.size() - 2], DeviceState::ready) << i;
        ask(contract::RequestKind::credit,
            contract::to_value(contract::CreditRequest{subscription.subscription,
                                                       static_cast<std::int64_t>(seen.size())}));
        if (i == kWarm) {
            warm = held();
        }
    }
    const Held after = held();
    EXPECT_EQ(after.descriptors, warm.descriptors);
    EXPECT_LT(after.bytes, warm.bytes + kBytesMax);
    EXPECT_EQ(host_.kills, 0);
}

}  // namespace
}  // namespace tillhost::devd::runtime
