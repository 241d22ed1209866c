// Claim: a server answers its neighbours, ten times a second each, and nobody else.
// Shown on real sockets of the loopback interface, with a clock and subnets of the test's.
#include "licd/wire/discovery_responder.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>

#include "hal/os/fake/fake_clock.h"

namespace tillhost::licd::wire {
namespace {

constexpr Subnet kLoopback{0x7F000000U, 0xFF000000U};
constexpr int kPatienceMs = 20'000;

class Responder : public ::testing::Test {
protected:
    Responder() : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
        DiscoveryResponder::Options options{.port = 0};
        options.subnets = [this] { return base::Result<std::vector<Subnet>>(subnets_); };
        options.present = [](const DiscoveryQuery&) {
            return std::optional(DiscoveryAnswer{.tcp_port = 15'200, .name = "server"});
        };
        responder_ = std::move(DiscoveryResponder::open(options, key_, clock_).value());
    }

    void send(base::ByteView packet) {
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(responder_->port());
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        ASSERT_EQ(::sendto(socket_.get(), packet.data(), packet.size(), 0,
                           reinterpret_cast<const sockaddr*>(&to), sizeof to),
                  static_cast<ssize_t>(packet.size()));
        pollfd one{.fd = responder_->fd(), .events = POLLIN, .revents = 0};
        ASSERT_EQ(::poll(&one, 1, kPatienceMs), 1);
        responder_->receive();
    }
    /// What has come back; on this machine it is there when receive() is done.
    std::optional<DiscoveryAnswer> answer(const DiscoveryQuery& query) const {
        std::array<std::byte, kDiscoveryAnswerBytesMax> block{};
        const ssize_t count = ::recv(socket_.get(), block.data(), block.size(), MSG_DONTWAIT);
        if (count <= 0) {
            return std::nullopt;
        }
        auto read = DiscoveryAnswer::read(
            base::ByteView(block).first(static_cast<std::size_t>(count)), query.nonce);
        EXPECT_TRUE(read.has_value()) << base::to_text(read.error());
        return read ? std::optional(*read) : std::nullopt;
    }

    os::FakeClock clock_;
    os::SigningKey key_ = os::SigningKey::make();
    std::vector<Subnet> subnets_{kLoopback};
    os::Descriptor socket_;
    std::unique_ptr<DiscoveryResponder> responder_;
};

TEST_F(Responder, AnswersANeighbour) {
    const auto query = DiscoveryQuery::make("");
    send(query.bytes().value());
    const auto heard = answer(query);
    ASSERT_TRUE(heard.has_value());
    EXPECT_EQ(heard->name, "server");
    EXPECT_EQ(heard->server_key, key_.public_key());
    EXPECT_EQ(responder_->counters().answered, 1U);
}

TEST_F(Responder, AnswersTenTimesASecond) {
    const auto query = DiscoveryQuery::make("");
    const auto packet = query.bytes().value();
    for (int i = 0; i < 15; ++i) {
        send(packet);
    }
    EXPECT_EQ(responder_->counters().answered, kAnswersPerSecond);
    EXPECT_EQ(responder_->counters().too_often, 5U);
    clock_.advance(std::chrono::seconds(1));
    send(packet);
    EXPECT_EQ(responder_->counters().answered, kAnswersPerSecond + 1);
}

TEST_F(Responder, AnswersNobodyFromElsewhere) {
    subnets_ = {{0x0A000000U, 0xFF000000U}};
    const auto query = DiscoveryQuery::make("");
    send(query.bytes().value());
    EXPECT_FALSE(answer(query).has_value());
    EXPECT_EQ(responder_->counters().foreign, 1U);
    // An interface has come.
    subnets_ = {kLoopback};
    clock_.advance(std::chrono::minutes(1));
    send(query.bytes().value());
    EXPECT_TRUE(answer(query).has_value());
}

TEST_F(Responder, SaysNothingToWhatIsNoQuery) {
    auto packet = DiscoveryQuery::make("").bytes().value();
    packet.push_back(std::byte{0});
    send(packet);
    packet.resize(64);
    send(packet);
    EXPECT_EQ(responder_->counters().malformed, 2U);
    EXPECT_EQ(responder_->counters().answered, 0U);
}

TEST_F(Responder, TellsThatThePortIsTaken) {
    DiscoveryResponder::Options options{.port = responder_->port()};
    const auto second = DiscoveryResponder::open(options, key_, clock_);
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().code, base::ErrorCode::port_busy);
}

TEST(OwnSubnets, HoldTheLoopbackAddress) {
    const auto subnets = own_subnets().value();
    EXPECT_TRUE(std::any_of(subnets.begin(), subnets.end(),
                            [](const Subnet& subnet) { return subnet.holds(0x7F000001U); }));
}

}  // namespace
}  // namespace tillhost::licd::wire
