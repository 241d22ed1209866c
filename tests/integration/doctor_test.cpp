// Claim: tillctl ports and doctor tell an administrator what is wrong with a connection, who is in
// the way, and what to do. Shown with devd, simulators, and a terminal line that the test holds.
#include <fcntl.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "ipc/contract/decoder.h"
#include "ipc/json.h"
#include "tests/integration/counter.h"
#include "tests/integration/run_program.h"

namespace tillhost::support {
namespace {

class DoctorTest : public CounterTest {
protected:
    void SetUp() override {
        std::filesystem::remove(shop_->folder() + "/config/devices.d/kassa.toml");
        std::filesystem::remove(shop_->folder() + "/config/devices.d/echo.toml");
        loop_ = MUST(os::EventLoop::create(clock_));
        start_devd();
    }
    Ran tillctl(std::vector<std::string> words) {
        words.insert(words.begin(),
                     {"--endpoint", shop_->endpoint(), "--timeout", "60", "--lang", "en"});
        return run_program(*loop_, clock_, PROGRAMS_FOLDER "tillctl", std::move(words));
    }
    /// Adds one that is not tried.
    void add(const std::string& id, const std::string& port,
             const std::vector<std::string>& more = {}) {
        std::vector<std::string> words{"add", "fiscal/toy", id, "port=" + port, "--no-test"};
        words.insert(words.end(), more.begin(), more.end());
        const Ran ran = tillctl(std::move(words));
        ASSERT_EQ(ran.exit, 0) << ran.err;
    }
    void play(const std::string& id) { ASSERT_TRUE(shop_->start_simulator(id, "fiscal/toy")); }
    std::string pty(const std::string& id) const { return "pty:" + shop_->pty(id); }
    static void expect_all(const std::string& text, const std::vector<std::string>& parts) {
        for (const std::string& part : parts) {
            EXPECT_NE(text.find(part), std::string::npos) << part << " in\n" << text;
        }
    }
    std::unique_ptr<os::EventLoop> loop_;
};

TEST_F(DoctorTest, PortsNameWhoHoldsOne) {
    const os::Descriptor master(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
    ASSERT_EQ(::grantpt(master.get()), 0);
    ASSERT_EQ(::unlockpt(master.get()), 0);
    const std::string line = ::ptsname(master.get());
    const os::Descriptor held(::open(line.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));
    ASSERT_GE(held.get(), 0);
    const std::string me = "held by process " + std::to_string(::getpid());
    const Ran seen = tillctl({"ports", "serial:" + line});
    EXPECT_EQ(seen.exit, 0);
    expect_all(seen.out, {"UNAVAILABLE", me, "end it"});
    add("till", "serial:" + line);
    expect_all(tillctl({"ports"}).out,
               {"the device till is set up on it", std::to_string(::getpid())});
    const Ran told = tillctl({"doctor", "till"});
    EXPECT_EQ(told.exit, 1);
    expect_all(told.out, {"till: The connection check FAILED", me});
}

TEST_F(DoctorTest, SaysThatADeviceOfTheShopIsNoMore) {
    shop_->kill_devd();
    std::ofstream(shop_->folder() + "/config/devd.toml") << "[shop]\nregistrar = \"good\"\n";
    start_devd();
    play("good");
    add("good", pty("good"));
    EXPECT_EQ(tillctl({"doctor"}).exit, 0);
    ASSERT_EQ(tillctl({"remove", "good"}).exit, 0);
    const Ran told = tillctl({"doctor"});
    EXPECT_EQ(told.exit, 1);
    expect_all(told.out, {"good: [shop] in devd.toml names", "no such device is set up"});
}

TEST_F(DoctorTest, SaysOfEachDeviceWhatToDo) {
    play("good");
    play("other");
    add("good", pty("good"));
    add("absent", "serial:/dev/tillhost-no-such-port");
    add("off", pty("off"));
    add("swapped", pty("other"), {"serial=TOY99999"});
    const Ran all = tillctl({"doctor"});
    EXPECT_EQ(all.exit, 1) << all.out;
    expect_all(all.out,
               {"good: The connection check passed.", "absent: The connection check FAILED",
                "the port does not exist: check cable and power", "seen: port_missing",
                "swapped: The connection check FAILED", "Check serial number and port"});
    EXPECT_EQ(all.out.find("Everything is in order."), std::string::npos) << all.out;
    const Ran listed = tillctl({"ports"});
    expect_all(listed.out, {"not there: check cable and power; the device absent is set up on it"});
    const Ran one = tillctl({"doctor", "good"});
    EXPECT_EQ(one.exit, 0) << one.out;
    EXPECT_EQ(one.out, "good: ready\nEverything is in order.\n");
    const auto json = ipc::from_json(tillctl({"doctor", "--json"}).out);
    ASSERT_TRUE(json);
    EXPECT_EQ(*json->find("good"), contract::Value(false));
    EXPECT_EQ(tillctl({"doctor", "none"}).exit, 1);
}

TEST_F(DoctorTest, AsksADeviceThatWasReady) {
    play("till");
    add("till", pty("till"));
    ASSERT_EQ(tillctl({"doctor"}).exit, 0);
    expect_all(tillctl({"doctor"}).out, {"till: ready", "Everything is in order."});
    ASSERT_TRUE(shop_->ctl("till", {"fault", "silence", "ms=3600000"}));
    const Ran silent = tillctl({"doctor"});
    EXPECT_EQ(silent.exit, 1) << silent.out;
    expect_all(silent.out, {"till: The connection check FAILED"});
}

TEST_F(DoctorTest, SaysWhatToDoFirstInAnEmptyShop) {
    const Ran ran = tillctl({"doctor"});
    EXPECT_EQ(ran.exit, 0) << ran.err;
    expect_all(ran.out, {"tillctl add"});
}

}  // namespace
}  // namespace tillhost::support
