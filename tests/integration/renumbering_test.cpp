// Claim: a device is found by the link that its port names, wherever that leads when the line is
// opened again, and what stands there now has to be the same device.
// Shown with devd and simulated registrars on pseudo-terminals, and a link as udev keeps it.
#include <filesystem>

#include "tests/integration/counter.h"

namespace tillhost::support {
namespace {

namespace fs = std::filesystem;

using contract::CheckOutcome;
using contract::OperationState;

constexpr const char* kSerial = "0000000000001234";

class RenumberingTest : public CounterTest {
protected:
    RenumberingTest() {
        fs::remove(shop_->folder() + "/config/devices.d/kassa.toml");
        fs::remove(shop_->folder() + "/config/devices.d/echo.toml");
        fs::create_directories(shop_->folder() + "/dev/serial/by-id");
    }
    std::string node(int number) const {
        return shop_->folder() + "/dev/ttyUSB" + std::to_string(number);
    }
    /// A registrar comes up as ttyUSB<number>, and the link leads there.
    void plug_in(const std::string& id, const std::string& serial, int number) {
        ASSERT_TRUE(shop_->start_simulator(id, "fiscal/shtrih",
                                           {"--pty", node(number), "--serial", serial}));
        const fs::path link = shop_->folder() + "/dev/serial/by-id/registrar";
        fs::remove(link);
        fs::create_symlink("../../ttyUSB" + std::to_string(number), link);
    }
    void start_devd_and_open_shift(const std::string& settings = "") {
        ASSERT_TRUE(
            shop_->configure("till", "driver = \"fiscal/shtrih\"\nport = \"pty:" + shop_->folder() +
                                         "/dev/serial/by-id/registrar\"\n" + settings));
        start_devd();
        connect();
        set_layout("till");
        ASSERT_TRUE(client_->carry_out("till", contract::OpenShift{}, new_id(), deadline()));
    }
    void sell() {
        client::OperationOptions options = new_id();
        options.force = true;  // the same tea again
        const auto sold = client_->sell("till", tea(), options, deadline());
        ASSERT_TRUE(sold) << base::to_text(sold.error());
        ASSERT_EQ(sold->state, OperationState::done);
    }
    std::size_t receipts(const std::string& id) {
        const std::string text = MUST(shop_->ctl(id, {"documents", "--json"}));
        std::size_t count = 0;
        for (std::size_t at = text.find("\"receipt\""); at != std::string::npos;
             at = text.find("\"receipt\"", at + 1)) {
            ++count;
        }
        return count;
    }
};

TEST_F(RenumberingTest, AReceiptAfterTheChangeGoesToTheSameRegistrar) {
    plug_in("till", kSerial, 0);
    start_devd_and_open_shift();
    sell();
    shop_->kill_simulator("till");  // pulled: the line hangs up
    plug_in("till", kSerial, 1);
    sell();
    EXPECT_EQ(receipts("till"), 2U);
}

TEST_F(RenumberingTest, AReceiptThatWasUnderWayIsRegisteredOnce) {
    plug_in("till", kSerial, 0);
    start_devd_and_open_shift();
    ASSERT_TRUE(client_->subscribe("operation/till", {}, deadline()));
    ASSERT_TRUE(shop_->ctl("till", {"fault", "slow_command", "command=0xFF45", "ms=1500"}));
    const auto options = new_id();
    ASSERT_TRUE(client_->submit("till", contract::Command(tea()), options, deadline()));
    for (bool prepared = false; !prepared;) {
        const auto event = client_->next_event(deadline());
        ASSERT_TRUE(event && *event);
        const auto* operation = std::get_if<contract::Operation>(&(**event).event.body);
        prepared = operation != nullptr && operation->state >= OperationState::prepared;
    }
    shop_->kill_simulator("till");
    plug_in("till", kSerial, 1);
    const auto settled = client_->await(options.operation_id, deadline());
    ASSERT_TRUE(settled) << base::to_text(settled.error());
    EXPECT_EQ(settled->state, OperationState::done);
    EXPECT_EQ(receipts("till"), 1U);
}

TEST_F(RenumberingTest, AnotherRegistrarBehindTheLinkIsRefused) {
    plug_in("till", kSerial, 0);
    start_devd_and_open_shift(std::string("\n[settings]\nserial = \"") + kSerial + "\"\n");
    shop_->kill_simulator("till");
    plug_in("other", "0000000000005678", 1);
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
    plug_in("till", kSerial, 2);
    sell();
    EXPECT_EQ(receipts("till"), 1U);
}

}  // namespace
}  // namespace tillhost::support
