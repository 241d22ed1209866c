// Claim: a device has one host at a time, and whatever a host does, devd is told the truth about
// it. Shown with real processes that behave, crash, lie, hang and leave the device's lock behind.
#include "devd/runtime/host_spawner.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <deque>
#include <filesystem>

#include "hal/os/fake/kept_log.h"

namespace tillhost::devd::runtime {
namespace {

using std::chrono::seconds;

constexpr base::HostEpoch kFirst{1};
constexpr base::HostEpoch kSecond{2};

class HostSpawnerTest : public testing::Test, public HostHandler {
protected:
    void SetUp() override {
        std::string name = testing::TempDir() + "tillhost.XXXXXX";
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        options_.lock_folder = name;
        options_.program = MUST(os::program_folder()) + "devd_test_host";
        options_.stuck_after = std::chrono::milliseconds(100);
        loop_ = MUST(os::EventLoop::create(clock_));
    }
    void TearDown() override {
        spawner_.reset();
        std::filesystem::remove_all(options_.lock_folder);
    }
    void make(const std::string& kind) {
        spawner_ = std::make_unique<HostSpawner>(
            options_, std::map<std::string, std::string>{{"kassa", kind}}, *loop_, clock_,
            os::Logger(log_));
        spawner_->set_handler(*this);
    }
    void on_host_message(const std::string&, base::HostEpoch epoch,
                         const contract::FromHost& message) override {
        messages_.emplace_back(epoch, message);
    }
    void on_host_gone(const std::string& device, base::HostEpoch epoch,
                      const std::string& reason) override {
        EXPECT_EQ(device, "kassa");
        gone_.emplace_back(epoch, reason);
    }
    void on_host_stuck(const std::string&, base::HostEpoch, const std::string& reason) override {
        stuck_.push_back(reason);
    }
    template <class Condition>
    bool run_until(Condition condition) {
        const os::Deadline deadline = clock_.now() + seconds(30);
        while (!condition() && clock_.now() < deadline) {
            loop_->run_once(deadline);
        }
        return condition();
    }
    bool run_until_gone(std::size_t times = 1) {
        return run_until([&] { return gone_.size() >= times; });
    }
    bool run_until_message(std::size_t count = 1) {
        return run_until([&] { return messages_.size() >= count; });
    }
    pid_t pid_of_last_hello() const {
        return static_cast<pid_t>(std::get<contract::HostHello>(messages_.back().second).pid);
    }
    bool lock_is_free() const {
        return os::FileLock::take(options_.lock_folder + "/kassa.lock").has_value();
    }

    os::SystemClock clock_;
    os::KeptLog log_;
    SpawnerOptions options_;
    std::unique_ptr<os::EventLoop> loop_;
    std::unique_ptr<HostSpawner> spawner_;
    std::vector<std::pair<base::HostEpoch, contract::FromHost>> messages_;
    std::vector<std::pair<base::HostEpoch, std::string>> gone_;
    std::vector<std::string> stuck_;
};

TEST_F(HostSpawnerTest, CarriesMessagesBothWays) {
    make("serve");
    spawner_->spawn("kassa", kFirst);
    ASSERT_TRUE(run_until_message());
    contract::QueryCommand query;
    query.ticket = 5;
    query.budget_ms = 1000;
    query.query = contract::EchoQuery{base::bytes_of("ping")};
    spawner_->send("kassa", contract::ToHost(query));
    ASSERT_TRUE(run_until_message(2));
    const auto& answer = std::get<contract::Queried>(messages_[1].second);
    EXPECT_EQ(answer.ticket, 5);
    EXPECT_EQ(std::get<contract::EchoStatus>(*answer.status).payload, base::bytes_of("ping"));
    EXPECT_EQ(messages_[1].first, kFirst);
    EXPECT_FALSE(lock_is_free());
    EXPECT_TRUE(gone_.empty());
}

TEST_F(HostSpawnerTest, AHostKilledFromOutsideIsReportedAndASuccessorRuns) {
    make("serve");
    spawner_->spawn("kassa", kFirst);
    ASSERT_TRUE(run_until_message());
    ASSERT_EQ(::kill(pid_of_last_hello(), SIGKILL), 0);
    ASSERT_TRUE(run_until_gone());
    EXPECT_EQ(gone_[0].first, kFirst);
    EXPECT_NE(gone_[0].second.find("signal 9"), std::string::npos) << gone_[0].second;
    spawner_->spawn("kassa", kSecond);
    ASSERT_TRUE(run_until_message(2));
    EXPECT_EQ(messages_[1].first, kSecond);
    EXPECT_FALSE(lock_is_free());
}

TEST_F(HostSpawnerTest, KillEndsAHostThatHangs) {
    make("hangs");
    spawner_->spawn("kassa", kFirst);
    spawner_->kill("kassa");
    ASSERT_TRUE(run_until_gone());
    EXPECT_NE(gone_[0].second.find("devd ended it"), std::string::npos);
}

TEST_F(HostSpawnerTest, LastWordsComeBeforeTheEnd) {
    make("talks_and_exits");
    spawner_->spawn("kassa", kFirst);
    ASSERT_TRUE(run_until_gone());
    EXPECT_EQ(messages_.size(), 200U);
    EXPECT_NE(gone_[0].second.find("exit 0"), std::string::npos) << gone_[0].second;
}

TEST_F(HostSpawnerTest, AHostThatBreaksTheLinksRulesIsEnded) {
    for (const char* kind : {"rubbish", "wrong_message"}) {
        gone_.clear();
        make(kind);
        spawner_->spawn("kassa", kFirst);
        ASSERT_TRUE(run_until_gone()) << kind;
        EXPECT_NE(gone_[0].second.find("signal 9"), std::string::npos) << gone_[0].second;
        EXPECT_TRUE(messages_.empty());
    }
    EXPECT_TRUE(log_.holds("broke the link's rules"));
}

TEST_F(HostSpawnerTest, AHostThatClosesItsLinkAndStaysIsEnded) {
    make("deserts");
    spawner_->spawn("kassa", kFirst);
    ASSERT_TRUE(run_until_gone());
    EXPECT_NE(gone_[0].second.find("closed its link and stayed"), std::string::npos);
}

TEST_F(HostSpawnerTest, NoHostIsGoneWhileItsLockIsHeldByAProcessItLeftBehind) {
    make("leaves_lock");
    spawner_->spawn("kassa", kFirst);
    ASSERT_TRUE(run_until([&] { return !stuck_.empty(); }));
    EXPECT_TRUE(gone_.empty());
    ASSERT_TRUE(run_until_gone());
    EXPECT_NE(gone_[0].second.find("exit 0"), std::string::npos);
}

TEST_F(HostSpawnerTest, ALockThatStaysHeldIsReportedAsStuckUntilItIsFree) {
    auto lock = MUST(os::FileLock::take(options_.lock_folder + "/kassa.lock"));
    make("serve");
    spawner_->spawn("kassa", kFirst);
    ASSERT_TRUE(run_until([&] { return !stuck_.empty(); }));
    EXPECT_TRUE(gone_.empty());
    lock.reset();
    ASSERT_TRUE(run_until_gone());
    EXPECT_EQ(stuck_.size(), 1U);
    EXPECT_TRUE(messages_.empty());
}

TEST_F(HostSpawnerTest, AProgramThatCannotBeStartedIsReportedLater) {
    options_.program = "/nonexistent/devd-driver";
    make("serve");
    spawner_->spawn("kassa", kFirst);
    EXPECT_TRUE(gone_.empty());  // never from within spawn
    ASSERT_TRUE(run_until_gone());
    EXPECT_NE(gone_[0].second.find("No such file"), std::string::npos);
}

TEST_F(HostSpawnerTest, EndingTheSpawnerEndsItsHosts) {
    make("serve");
    spawner_->spawn("kassa", kFirst);
    ASSERT_TRUE(run_until_message());
    const pid_t pid = pid_of_last_hello();
    spawner_.reset();
    EXPECT_EQ(::kill(pid, 0), -1);
    EXPECT_TRUE(lock_is_free());
}

}  // namespace
}  // namespace tillhost::devd::runtime
