// Claim: a registrar behind a USB serial adapter is driven through libserialport as it comes, at
// the speed that was set, and found again by its link when it comes back under another name.
// Shown with devd and a simulated registrar behind adapters of umockdev; nothing of ours is
// replaced.
#include <fcntl.h>
#include <termios.h>

#include <filesystem>

#include "ipc/json.h"
#include "tests/integration/counter.h"
#include "tests/integration/run_program.h"
#include "tests/support/usb_bench.h"

namespace tillhost::support {
namespace {

using contract::CheckOutcome;

constexpr const char* kSerial = "0000000000001234";
constexpr const char* kOtherSerial = "0000000000005678";
constexpr const char* kAdapter = "FR0001";

class UsbSerialTest : public CounterTest {
protected:
    UsbSerialTest() : adapters_(MUST(UsbBench::create())) {
        std::filesystem::remove(shop_->folder() + "/config/devices.d/kassa.toml");
        std::filesystem::remove(shop_->folder() + "/config/devices.d/echo.toml");
    }
    /// The registrar stands behind /dev/ttyUSB<number>.
    void plug_in(int number, const std::string& id = "till", const std::string& serial = kSerial) {
        ASSERT_TRUE(adapters_->plug_in(number, kAdapter));
        ASSERT_TRUE(shop_->start_simulator(
            id, "fiscal/shtrih",
            {"--pty", adapters_->node(number), "--serial", serial, "--speed", "9600"}));
    }
    void start_devd_with_adapters(int baud = 9600) {
        ASSERT_TRUE(shop_->configure(
            "till", "driver = \"fiscal/shtrih\"\nport = \"serial:" + UsbBench::by_id(kAdapter) +
                        "?baud=" + std::to_string(baud) +
                        "\"\n\n[settings]\nlink = \"standard\"\nserial = \"" + kSerial + "\"\n"));
        adapters_->show_to_children(true);
        start_devd();
        adapters_->show_to_children(false);
        connect();
    }
    void sell() {
        client::OperationOptions options = new_id();
        options.force = true;  // the same tea again
        const auto sold = client_->carry_out("till", tea(), options, deadline());
        ASSERT_TRUE(sold) << base::to_text(sold.error());
        ASSERT_EQ(sold->state, contract::OperationState::done);
    }
    std::size_t receipts(const std::string& id = "till") {
        const std::string text = MUST(shop_->ctl(id, {"documents", "--json"}));
        std::size_t count = 0;
        for (std::size_t at = text.find("\"receipt\""); at != std::string::npos;
             at = text.find("\"receipt\"", at + 1)) {
            ++count;
        }
        return count;
    }
    std::unique_ptr<UsbBench> adapters_;
};

TEST_F(UsbSerialTest, ARegistrarSellsOverAnUnmodifiedSerialPort) {
    plug_in(0);
    start_devd_with_adapters();
    set_layout("till");
    ASSERT_TRUE(client_->carry_out("till", contract::OpenShift{}, new_id(), deadline()));
    sell();
    EXPECT_EQ(receipts(), 1U);
}

TEST_F(UsbSerialTest, APrinterGetsTheFlowControlOfItsAddress) {
    ASSERT_TRUE(adapters_->plug_in(0, kAdapter));
    const os::Descriptor tty(
        ::open(adapters_->node(0).c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
    ASSERT_TRUE(tty.valid());
    ASSERT_TRUE(shop_->configure(
        "slips", "driver = \"printer/escpos\"\nport = \"serial:" + UsbBench::by_id(kAdapter) +
                     "?baud=9600&flow=xonxoff\"\n\n[settings]\n"
                     "model = \"mute\"\n"));
    adapters_->show_to_children(true);
    start_devd();
    adapters_->show_to_children(false);
    connect();
    contract::PrintDocument document;
    document.blocks.emplace_back(contract::FeedPaper{1});
    const auto fed = client_->carry_out("slips", document, new_id(), deadline());
    ASSERT_TRUE(fed) << base::to_text(fed.error());
    ASSERT_EQ(fed->state, contract::OperationState::done);
    termios set{};
    ASSERT_EQ(::tcgetattr(tty.get(), &set), 0);
    EXPECT_NE(set.c_iflag & IXON, 0U);
    EXPECT_EQ(::cfgetospeed(&set), static_cast<speed_t>(B9600));
}

TEST_F(UsbSerialTest, ItIsFoundByItsLinkAfterItWasPulledAndGotAnotherName) {
    plug_in(0);
    start_devd_with_adapters();
    set_layout("till");
    ASSERT_TRUE(client_->carry_out("till", contract::OpenShift{}, new_id(), deadline()));
    sell();
    shop_->kill_simulator("till");
    plug_in(1);
    sell();
    EXPECT_EQ(receipts(), 2U);
}

TEST_F(UsbSerialTest, AnotherRegistrarBehindTheLinkIsRefused) {
    plug_in(0);
    start_devd_with_adapters();
    set_layout("till");
    ASSERT_TRUE(client_->carry_out("till", contract::OpenShift{}, new_id(), deadline()));
    shop_->kill_simulator("till");
    plug_in(1, "other", kOtherSerial);
    // A check that began before it was plugged in may still tell of the line that was cut.
    CheckOutcome outcome = CheckOutcome::cable_or_power;
    for (int i = 0; i < 100 && outcome != CheckOutcome::wrong_device; ++i) {
        const auto checked = client_->check_device("till", deadline());
        ASSERT_TRUE(checked) << base::to_text(checked.error());
        outcome = checked->outcome;
    }
    EXPECT_EQ(outcome, CheckOutcome::wrong_device);
    EXPECT_EQ(receipts("other"), 0U);
    shop_->kill_simulator("other");
    plug_in(2);
    sell();
    EXPECT_EQ(receipts(), 1U);
}

TEST_F(UsbSerialTest, AnotherSpeedIsFoundOnlyIfItIsAskedFor) {
    plug_in(0);
    start_devd_with_adapters(115200);
    using FindSpeed = client::Client::FindSpeed;
    const os::Deadline late = clock_.now() + std::chrono::seconds(120);
    const auto unasked = client_->check_device("till", late);
    ASSERT_TRUE(unasked) << base::to_text(unasked.error());
    EXPECT_NE(unasked->outcome, CheckOutcome::passed);
    EXPECT_EQ(unasked->speed_found, 0);
    const auto asked = client_->check_device("till", late, FindSpeed::yes);
    ASSERT_TRUE(asked) << base::to_text(asked.error());
    EXPECT_EQ(asked->outcome, CheckOutcome::wrong_speed) << asked->text;
    EXPECT_EQ(asked->speed_found, 9600);
    EXPECT_EQ(receipts(), 0U);
    const auto loop = MUST(os::EventLoop::create(clock_));
    const Ran told = run_program(
        *loop, clock_, PROGRAMS_FOLDER "tillctl",
        {"--endpoint", shop_->endpoint(), "--timeout", "120", "test", "till", "--find-speed"});
    EXPECT_EQ(told.exit, 1);
    EXPECT_NE(told.out.find("it answers at 9600"), std::string::npos) << told.out;
}

TEST_F(UsbSerialTest, ThePortIsListedWithItsAdapterAndItsLink) {
    plug_in(0);
    start_devd_with_adapters();
    const auto ports = client_->ports({"fiscal/shtrih", ""}, deadline());
    ASSERT_TRUE(ports) << base::to_text(ports.error());
    const auto found =
        std::find_if(ports->ports.begin(), ports->ports.end(), [](const contract::Port& port) {
            return port.adapter && port.adapter->serial == kAdapter;
        });
    ASSERT_NE(found, ports->ports.end());
    EXPECT_EQ(found->by_id, UsbBench::by_id(kAdapter));
    EXPECT_EQ(found->adapter->vendor, 0x1FC9);
}

}  // namespace
}  // namespace tillhost::support
