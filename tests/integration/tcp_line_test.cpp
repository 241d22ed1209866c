// Claim: a registrar on TCP is reached at its family's usual port, a second program on it is named
// as the obstacle, and a registrar that vanishes without a word leaves a doubt that is settled when
// it is back: one receipt.
// Shown with devd and a simulated registrar, on loopback and in a network namespace of its own
// whose address is taken away in the middle of a receipt.
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <filesystem>

#include "tests/integration/counter.h"
#include "tests/support/own_network.h"

namespace tillhost::support {
namespace {

using contract::CheckOutcome;
using contract::OperationState;

constexpr int kUsualPort = 7778;
/// Parts of a private range, one for each test program that runs at the same time.
constexpr int kRangesMax = 16'000;
int range() { return ::getpid() % kRangesMax; }

class TcpLineTest : public CounterTest {
protected:
    TcpLineTest() {
        std::filesystem::remove(shop_->folder() + "/config/devices.d/kassa.toml");
        std::filesystem::remove(shop_->folder() + "/config/devices.d/echo.toml");
    }
    void start_registrar(const std::string& host) {
        ASSERT_TRUE(
            shop_->start_simulator("till", "fiscal/shtrih",
                                   {"--pty", "", "--tcp", fmt::format("{}:{}", host, kUsualPort)}));
    }
    void start_devd_for(const std::string& host) {
        ASSERT_TRUE(shop_->configure(
            "till", fmt::format("driver = \"fiscal/shtrih\"\nport = \"tcp:{}\"\n", host)));
        start_devd();
        connect();
    }
    std::size_t receipts() {
        const std::string text = MUST(shop_->ctl("till", {"documents", "--json"}));
        std::size_t count = 0;
        for (std::size_t at = text.find("\"receipt\""); at != std::string::npos;
             at = text.find("\"receipt\"", at + 1)) {
            ++count;
        }
        return count;
    }
    void follow_until(OperationState state) {
        while (true) {
            const auto event = client_->next_event(deadline());
            ASSERT_TRUE(event && *event) << "no event";
            const auto* operation = std::get_if<contract::Operation>(&(**event).event.body);
            if (operation != nullptr && operation->state == state) {
                return;
            }
            ASSERT_TRUE(operation == nullptr || operation->state < OperationState::done);
        }
    }
};

/// An address of loopback that no other test has.
std::string own_loopback() { return fmt::format("127.77.{}.{}", range() / 250, 1 + range() % 250); }

TEST_F(TcpLineTest, AnAddressWithoutAPortMeansTheUsualOne) {
    start_registrar(own_loopback());
    start_devd_for(own_loopback());
    set_layout("till");
    ASSERT_TRUE(client_->carry_out("till", contract::OpenShift{}, new_id(), deadline()));
    const auto sold = client_->sell("till", tea(), new_id(), deadline());
    ASSERT_TRUE(sold) << base::to_text(sold.error());
    EXPECT_EQ(sold->state, OperationState::done);
    EXPECT_EQ(receipts(), 1U);
    const auto settings = client_->device_settings("till", deadline());
    ASSERT_TRUE(settings);
    EXPECT_EQ(settings->settings.at(0).value, "tcp:" + own_loopback() + ":7778");
}

TEST_F(TcpLineTest, ARegistrarThatWasOffMeanwhilePassesItsCheck) {
    start_registrar(own_loopback());
    start_devd_for(own_loopback());
    set_layout("till");
    shop_->kill_simulator("till");
    start_registrar(own_loopback());
    const auto checked = client_->check_device("till", deadline());
    ASSERT_TRUE(checked) << base::to_text(checked.error());
    EXPECT_EQ(checked->outcome, CheckOutcome::passed) << checked->text;
}

os::Descriptor connect_to(const std::string& host) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(kUsualPort);
    ::inet_pton(AF_INET, host.c_str(), &address.sin_addr);
    os::Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
              0);
    return socket;
}

TEST_F(TcpLineTest, AnotherProgramThatIsConnectedIsTheObstacle) {
    start_registrar(own_loopback());
    os::Descriptor other = connect_to(own_loopback());
    char answer = 0;
    ASSERT_EQ(::send(other.get(), "\x05", 1, 0), 1);
    ASSERT_EQ(::recv(other.get(), &answer, 1, 0), 1) << "it has the line";
    start_devd_for(own_loopback());
    const auto held = client_->check_device("till", deadline());
    ASSERT_TRUE(held) << base::to_text(held.error());
    EXPECT_EQ(held->outcome, CheckOutcome::port_held) << held->text;
    ASSERT_TRUE(held->error);
    EXPECT_NE(held->error->text.find("another program"), std::string::npos) << held->error->text;
    other.reset();
    EXPECT_EQ(client_->check_device("till", deadline())->outcome, CheckOutcome::passed);
}

TEST_F(TcpLineTest, ARegistrarThatVanishesInTheMiddleOfAReceiptRegistersItOnce) {
    const OwnNetwork network;
    if (!network.made()) {
        GTEST_SKIP() << "no network namespace may be made here";
    }
    shop_->run_simulators_by(network.inside());
    start_registrar(network.device());
    start_devd_for(network.device());
    set_layout("till");
    ASSERT_TRUE(client_->carry_out("till", contract::OpenShift{}, new_id(), deadline()));
    ASSERT_TRUE(client_->subscribe("operation/till", {}, deadline()));
    ASSERT_TRUE(shop_->ctl("till", {"fault", "slow_command", "command=0xFF45", "ms=1500"}));
    const auto options = new_id();
    ASSERT_TRUE(client_->submit("till", contract::Command(tea()), options, deadline()));
    follow_until(OperationState::prepared);
    ASSERT_TRUE(network.vanish());
    follow_until(OperationState::in_doubt);
    ASSERT_TRUE(network.appear());
    const auto settled = client_->await(options.operation_id, deadline());
    ASSERT_TRUE(settled) << base::to_text(settled.error());
    EXPECT_EQ(settled->state, OperationState::done);
    EXPECT_EQ(receipts(), 1U);
}

TEST_F(TcpLineTest, AnIdleLineToARegistrarThatVanishedIsNoticedAndMadeAnew) {
    const OwnNetwork network;
    if (!network.made()) {
        GTEST_SKIP() << "no network namespace may be made here";
    }
    shop_->run_simulators_by(network.inside());
    start_registrar(network.device());
    start_devd_for(network.device());
    set_layout("till");
    ASSERT_TRUE(client_->carry_out("till", contract::OpenShift{}, new_id(), deadline()));
    // It loses power: what it had of the connection is gone, and nobody says so.
    ASSERT_TRUE(network.vanish());
    shop_->kill_simulator("till");
    const auto checked = client_->check_device("till", deadline());
    ASSERT_TRUE(checked) << base::to_text(checked.error());
    EXPECT_EQ(checked->outcome, CheckOutcome::cable_or_power) << checked->text;
    ASSERT_TRUE(network.appear());
    start_registrar(network.device());
    const auto sold = client_->sell("till", tea(), new_id(), deadline());
    ASSERT_TRUE(sold) << base::to_text(sold.error());
    EXPECT_EQ(sold->state, OperationState::done);
    EXPECT_EQ(receipts(), 1U);
}

}  // namespace
}  // namespace tillhost::support
