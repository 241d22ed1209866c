// Claim: devd starts, serves, survives the loss of its hosts and of itself, and stops as told.
// Shown with the real programs on a pty, over the real socket.
#include <csignal>
#include <filesystem>
#include <fstream>

#include "tests/integration/counter.h"
#include "tests/integration/run_program.h"

namespace tillhost {
namespace {

using contract::OperationState;
using support::Ran;

class DevdServiceTest : public support::CounterTest {
protected:
    DevdServiceTest() : loop_(MUST(os::EventLoop::create(clock_))) {}

    Ran run(const std::string& program, std::vector<std::string> words) {
        return support::run_program(*loop_, clock_, PROGRAMS_FOLDER + program, std::move(words));
    }
    Ran devd(std::vector<std::string> more = {}) {
        more.insert(more.begin(), {"--config", shop_->folder() + "/config"});
        return run("devd", std::move(more));
    }
    Ran tillctl(std::vector<std::string> words) { return run("tillctl", std::move(words)); }

    /// How devd ended, once it has.
    std::string wait_for_end() {
        std::string how;
        const os::Deadline until = deadline();
        while ((how = shop_->devd_ended()).empty() && clock_.now() < until) {
            loop_->run_once(clock_.now() + std::chrono::milliseconds(5));
        }
        return how;
    }
    void write(const std::string& name, const std::string& text) const {
        std::ofstream(shop_->folder() + "/config/" + name) << text;
    }

    std::unique_ptr<os::EventLoop> loop_;
};

TEST_F(DevdServiceTest, SellsOnceAndRemembers) {
    start();
    const auto options = new_id();
    const auto sold = client_->sell("kassa", tea(), options, deadline());
    ASSERT_TRUE(sold) << base::to_text(sold.error());
    ASSERT_EQ(sold->state, OperationState::done);
    const auto& result = std::get<contract::FiscalResult>(*sold->result);
    EXPECT_EQ(result.fiscal_document_number, 1);
    EXPECT_EQ(result.total_minor, 12000);
    EXPECT_EQ(result.change_minor, 3000);

    const auto again = client_->sell("kassa", tea(), options, deadline());
    ASSERT_TRUE(again) << base::to_text(again.error());
    EXPECT_TRUE(again->repeat);
    EXPECT_EQ(again->result, sold->result);
    ASSERT_TRUE(client_->acknowledge(options.operation_id, deadline()));
    const auto book = client_->operations({}, deadline());
    ASSERT_TRUE(book);
    ASSERT_EQ(book->operations.size(), 1U);
    EXPECT_TRUE(book->operations[0].acknowledged);
}

TEST_F(DevdServiceTest, KeepsItsBookOverAKillAndSellsOn) {
    start();
    const auto first = new_id();
    ASSERT_EQ(client_->sell("kassa", tea(), first, deadline())->state, OperationState::done);
    shop_->kill_devd();
    start_devd();
    const auto kept = client_->operation(first.operation_id, deadline());
    ASSERT_TRUE(kept) << base::to_text(kept.error());
    EXPECT_EQ(kept->state, OperationState::done);
    auto second = new_id();
    second.force = true;
    const auto sold = client_->sell("kassa", tea(), second, deadline());
    ASSERT_TRUE(sold) << base::to_text(sold.error());
    EXPECT_EQ(std::get<contract::FiscalResult>(*sold->result).fiscal_document_number, 2);
}

TEST_F(DevdServiceTest, StartsAKilledHostAgain) {
    start();
    const auto first = new_id();
    ASSERT_EQ(client_->sell("kassa", tea(), first, deadline())->state, OperationState::done);
    ASSERT_TRUE(shop_->kill_host("kassa"));
    auto second = new_id();
    second.force = true;
    const auto sold = client_->sell("kassa", tea(), second, deadline());
    ASSERT_TRUE(sold) << base::to_text(sold.error());
    EXPECT_EQ(sold->state, OperationState::done);
}

TEST_F(DevdServiceTest, SaysWhyADeviceIsNotReady) {
    start_devd();  // and no simulator
    connect();
    std::string reason;
    const os::Deadline until = deadline();
    while (reason.empty() && clock_.now() < until) {
        const auto device = client_->status("kassa", until);
        ASSERT_TRUE(device) << base::to_text(device.error());
        EXPECT_NE(device->state, contract::DeviceState::ready);
        reason = device->reason;
    }
    EXPECT_NE(reason.find("port"), std::string::npos) << reason;
}

TEST_F(DevdServiceTest, StopsOnSigtermWithItsHosts) {
    start();
    const pid_t host = shop_->host_of("kassa");
    ASSERT_GT(host, 0);
    ASSERT_EQ(::kill(shop_->devd(), SIGTERM), 0);
    EXPECT_EQ(ready_.next(), "STOPPING=1");
    EXPECT_EQ(wait_for_end(), "exit 0");
    EXPECT_EQ(::kill(host, 0), -1);
}

TEST_F(DevdServiceTest, RunsOnceAtATime) {
    start();
    const Ran second = devd();
    EXPECT_EQ(second.exit, 1);
    EXPECT_EQ(second.err.rfind("devd: already_running: process ", 0), 0U) << second.err;
    EXPECT_TRUE(client_->devices(deadline()));  // the first one serves on
}

TEST_F(DevdServiceTest, TellsAFaultOfTheConfigurationInOneLine) {
    const auto fault = [this] {
        const Ran ran = devd();
        EXPECT_EQ(ran.exit, 1);
        EXPECT_EQ(std::count(ran.err.begin(), ran.err.end(), '\n'), 1) << ran.err;
        return ran.err;
    };
    write("devices.d/echo.toml", "driver = \"test/echo\"\nprot = \"x\"\n");
    EXPECT_EQ(
        fault().rfind("devd: config_invalid: devices.d/echo.toml:2:1: unknown key \"prot\"", 0),
        0U);
    write("devices.d/echo.toml", "driver = \"test/ehco\"\n");
    EXPECT_EQ(fault().rfind("devd: config_invalid: devices.d/echo.toml:1:10: no driver "
                            "\"test/ehco\"; there are: dongle/",
                            0),
              0U);
    write("devices.d/echo.toml", "driver = \"test/echo\"\n");
    write("devd.toml", "retention_days = \"x\"\n");
    EXPECT_EQ(fault().rfind("devd: config_invalid: devd.toml:1:18: retention_days", 0), 0U);
    EXPECT_FALSE(std::filesystem::exists(shop_->folder() + "/state/book.db"));
}

TEST_F(DevdServiceTest, ChecksWithoutStarting) {
    const Ran good = devd({"--check"});
    EXPECT_EQ(good.exit, 0) << good.err;
    EXPECT_NE(good.out.find("2 devices, all in order"), std::string::npos) << good.out;
    write("devices.d/echo.toml", "driver = \"test/ehco\"\n");
    const Ran bad = devd({"--check"});
    EXPECT_EQ(bad.exit, 1);
    EXPECT_NE(bad.err.find("no driver \"test/ehco\""), std::string::npos) << bad.err;
    EXPECT_FALSE(std::filesystem::exists(shop_->folder() + "/state/book.db"));
}

TEST_F(DevdServiceTest, ChecksWhatTheShopNamesAndServesAllTheSame) {
    write("devd.toml", "");
    EXPECT_NE(devd({"--check"}).out.find("registrar = \"kassa\""), std::string::npos);
    write("devd.toml", "[shop]\nregistrar = \"kassa\"\nprinter = \"echo\"\n");
    const Ran bad = devd({"--check"});
    EXPECT_EQ(bad.exit, 1);
    EXPECT_NE(bad.out.find("WRONG    devd.toml:3:11: printer names 'echo', which is no receipt"),
              std::string::npos)
        << bad.out;
    start();
    const Ran health = tillctl({"health"});
    EXPECT_EQ(health.exit, 1);
    EXPECT_NE(health.out.find("shop_device_unfit"), std::string::npos) << health.out;
}

TEST_F(DevdServiceTest, ExplainsItsUse) {
    EXPECT_EQ(run("devd", {}).exit, 2);
    EXPECT_EQ(run("devd", {"--config"}).exit, 2);
    EXPECT_EQ(run("devd", {"--help"}).exit, 0);
}

TEST_F(DevdServiceTest, SellsByTillctl) {
    start();
    const Ran sold = tillctl({"receipt", "kassa", "docs/examples/receipt.json"});
    EXPECT_EQ(sold.exit, 0) << sold.err;
    EXPECT_NE(sold.out.find("288.45"), std::string::npos) << sold.out;
    // Acknowledged, so that the next customer may buy the same.
    EXPECT_EQ(tillctl({"receipt", "kassa", "docs/examples/receipt.json"}).exit, 0);
    const Ran failed = tillctl({"shift", "kassa", "open"});
    EXPECT_EQ(failed.exit, 1) << failed.out;
    const Ran unknown = tillctl({"receipt", "kasse", "docs/examples/receipt.json"});
    EXPECT_EQ(unknown.exit, 1);
    EXPECT_NE(unknown.err.find("unknown_device"), std::string::npos);
    EXPECT_EQ(tillctl({"operations", "--unsettled"}).out, "No operations.\n");
}

}  // namespace
}  // namespace tillhost
