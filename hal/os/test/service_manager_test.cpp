// Claim: systemd is told what it waits for, and without systemd nothing happens; the watchdog's
// ping comes only while the loop turns. Shown with a real datagram socket in the place of
// systemd's.
#include "hal/os/service_manager.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>

#include "hal/os/descriptor.h"
#include "hal/os/fake/fake_clock.h"

namespace tillhost::os {
namespace {

class ServiceManagerTest : public testing::Test {
protected:
    void SetUp() override {
        std::string folder = testing::TempDir() + "tillhost.XXXXXX";
        ASSERT_NE(::mkdtemp(folder.data()), nullptr);
        folder_ = folder;
        path_ = folder + "/notify";
        socket_ = os::Descriptor(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, path_.data(), path_.size());
        ASSERT_EQ(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    }
    void TearDown() override {
        for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) {
            ::unsetenv(name);
        }
        ::unlink(path_.c_str());
        ::rmdir(folder_.c_str());
    }
    std::string told() const {
        std::array<char, 64> buffer{};
        const ssize_t taken = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
        return taken < 0 ? "" : std::string(buffer.data(), static_cast<std::size_t>(taken));
    }
    std::string folder_;
    std::string path_;
    os::Descriptor socket_;
};

TEST_F(ServiceManagerTest, TellsEachStateInItsDatagram) {
    ::setenv("NOTIFY_SOCKET", path_.c_str(), 1);
    const auto manager = ServiceManager::from_environment();
    manager.ready();
    manager.alive();
    manager.stopping();
    EXPECT_EQ(told(), "READY=1");
    EXPECT_EQ(told(), "WATCHDOG=1");
    EXPECT_EQ(told(), "STOPPING=1");
    EXPECT_EQ(told(), "");
}

TEST_F(ServiceManagerTest, IsAliveTwiceInEachWatchdogPeriodOfThisProcess) {
    ::setenv("NOTIFY_SOCKET", path_.c_str(), 1);
    EXPECT_EQ(ServiceManager::from_environment().watchdog_interval(), std::nullopt);
    ::setenv("WATCHDOG_USEC", "3000000", 1);
    EXPECT_EQ(ServiceManager::from_environment().watchdog_interval(),
              std::chrono::milliseconds(1500));
    ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
    EXPECT_NE(ServiceManager::from_environment().watchdog_interval(), std::nullopt);
    ::setenv("WATCHDOG_PID", "1", 1);
    EXPECT_EQ(ServiceManager::from_environment().watchdog_interval(), std::nullopt);
}

TEST_F(ServiceManagerTest, SaysNothingWithoutASocket) {
    ::setenv("WATCHDOG_USEC", "3000000", 1);
    const auto manager = ServiceManager::from_environment();
    manager.ready();
    EXPECT_EQ(manager.watchdog_interval(), std::nullopt);
    EXPECT_EQ(told(), "");
}

TEST_F(ServiceManagerTest, IsPingedOnlyByALoopThatTurns) {
    ::setenv("NOTIFY_SOCKET", path_.c_str(), 1);
    ::setenv("WATCHDOG_USEC", "10000000", 1);
    const auto manager = ServiceManager::from_environment();
    os::FakeClock clock;
    const auto loop = MUST(os::EventLoop::create(clock));
    const auto turn = [&] { loop->run_once(clock.now()); };
    Watchdog watchdog(*loop, clock, manager);
    watchdog.start();
    EXPECT_EQ(told(), "WATCHDOG=1");
    turn();
    EXPECT_EQ(told(), "") << "its time has not come";
    clock.advance(std::chrono::seconds(5));
    turn();
    EXPECT_EQ(told(), "WATCHDOG=1");
    std::string while_stuck;
    loop->call_at(clock.now(), [&] {
        for (int second = 0; second < 60; ++second) {  // a handler that does not come back
            clock.advance(std::chrono::seconds(1));
            while_stuck += told();
        }
    });
    turn();
    EXPECT_EQ(while_stuck, "") << "a minute without a ping: systemd ends it after ten seconds";
    turn();
    EXPECT_EQ(told(), "WATCHDOG=1");
    EXPECT_EQ(told(), "") << "what was missed is not made up for";
}

}  // namespace
}  // namespace tillhost::os
