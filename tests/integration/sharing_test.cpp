// Claim: one program has a device for itself and others are told who; a holder that slept through
// the end of its lease prints nothing when it wakes; the audit tells who sold what and shows every
// change of it. Shown with real processes: devd, a toy registrar, tillctl, and a program that is
// stopped by SIGSTOP.
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "hal/os/process.h"
#include "tests/integration/counter.h"
#include "tests/integration/run_program.h"

namespace tillhost::support {
namespace {

using base::ErrorCode;
using client::Client;

/// lease_holder with a pipe each way.
class Sleeper final {
public:
    explicit Sleeper(const std::string& endpoint) {
        int to[2];
        int from[2];
        INVARIANT(::pipe2(to, O_CLOEXEC) == 0 && ::pipe2(from, O_CLOEXEC) == 0);
        pid_ = ::fork();
        if (pid_ == 0) {
            ::dup2(to[0], 0);
            ::dup2(from[1], 1);
            ::execl(LEASE_HOLDER, "lease_holder", endpoint.c_str(), "kassa", nullptr);
            ::_exit(127);
        }
        ::close(to[0]);
        ::close(from[1]);
        to_ = os::Descriptor(to[1]);
        from_ = os::Descriptor(from[0]);
    }
    ~Sleeper() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    Sleeper(const Sleeper&) = delete;
    Sleeper& operator=(const Sleeper&) = delete;

    void signal(int number) const { ::kill(pid_, number); }
    void wake() const { EXPECT_EQ(::write(to_.get(), "\n", 1), 1); }
    std::string line() const {
        std::string text;
        char c = 0;
        while (::read(from_.get(), &c, 1) == 1 && c != '\n') {
            text += c;
        }
        return text;
    }

private:
    pid_t pid_ = 0;
    os::Descriptor to_;
    os::Descriptor from_;
};

class SharingTest : public CounterTest {
protected:
    SharingTest() : loop_(MUST(os::EventLoop::create(clock_))) {}

    Ran tillctl(std::vector<std::string> words) {
        return run_program(*loop_, clock_, PROGRAMS_FOLDER "tillctl", std::move(words));
    }
    contract::Operation sell() {
        const auto options = new_id();
        const auto sold = client_->sell("kassa", tea(), options, deadline());
        EXPECT_TRUE(sold) << base::to_text(sold.error());
        EXPECT_TRUE(client_->acknowledge(options.operation_id, deadline()));
        return sold ? *sold : contract::Operation{};
    }
    std::string documents() { return MUST(shop_->ctl("kassa", {"documents"})); }
    void wait_for(contract::LeaseEvent kind) {
        while (true) {
            const auto event = client_->next_event(deadline());
            ASSERT_TRUE(event && *event);
            const auto* change = std::get_if<contract::LeaseChange>(&(**event).event.body);
            if (change != nullptr && change->kind == kind) {
                return;
            }
        }
    }

    std::unique_ptr<os::EventLoop> loop_;
};

TEST_F(SharingTest, AHolderThatWasStoppedPastItsLeasePrintsNothing) {
    start();
    wait_until_ready({"kassa"});
    ASSERT_TRUE(client_->subscribe("lease/kassa", {}, deadline()));
    const Sleeper sleeper(shop_->endpoint());
    ASSERT_EQ(sleeper.line(), "held");
    const auto refused = client_->submit("kassa", tea(), new_id(), deadline());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::device_leased);
    EXPECT_NE(refused.error().detail.find("sleeper"), std::string::npos);
    sleeper.signal(SIGSTOP);
    wait_for(contract::LeaseEvent::expired);
    ASSERT_TRUE(
        client_->take_lease("kassa", std::chrono::seconds(60), Client::Wait::no, deadline()));
    EXPECT_EQ(sell().state, contract::OperationState::done);
    const std::string before = documents();
    sleeper.wake();
    sleeper.signal(SIGCONT);
    EXPECT_EQ(sleeper.line(), "stale_lease");
    EXPECT_EQ(documents(), before);
    ASSERT_TRUE(client_->release_lease("kassa", deadline()));
    EXPECT_EQ(sell().state, contract::OperationState::done);
}

TEST_F(SharingTest, TheCommandLineHoldsShowsAndEnds) {
    start();
    EXPECT_EQ(tillctl({"lease", "kassa"}).out, "kassa is free\n");
    const Ran held = tillctl({"lease", "kassa", "--hold", "--for", "1"});
    EXPECT_EQ(held.exit, 0) << held.err;
    EXPECT_NE(held.out.find("kassa is held by tillctl"), std::string::npos) << held.out;
    ASSERT_TRUE(client_->take_lease("kassa", std::chrono::hours(1), Client::Wait::no, deadline()));
    const Ran refused = tillctl({"lease", "kassa", "--hold"});
    EXPECT_EQ(refused.exit, 1);
    EXPECT_NE(refused.err.find("held by test"), std::string::npos) << refused.err;
    EXPECT_EQ(tillctl({"lease", "kassa", "--end", "till 3 is off"}).out, "kassa is free\n");
    const auto stale = client_->submit("kassa", tea(), new_id(), deadline());
    ASSERT_FALSE(stale);
    EXPECT_EQ(stale.error().code, ErrorCode::stale_lease);
    const Ran wrong = tillctl({"lease", "kassa", "--wait"});
    EXPECT_EQ(wrong.exit, 2);
    EXPECT_NE(tillctl({"audit"}).out.find("till 3 is off"), std::string::npos);
}

TEST_F(SharingTest, TheAuditTellsWhoSoldWhatAndShowsEveryChange) {
    start();
    sell();
    const Ran shown = tillctl({"audit"});
    EXPECT_EQ(shown.exit, 0) << shown.err;
    EXPECT_NE(shown.out.find("120.00 RUB"), std::string::npos) << shown.out;
    EXPECT_NE(tillctl({"audit", "--verify"}).out.find("intact: "), std::string::npos);
    const std::string path = shop_->folder() + "/audit.txt";
    const std::string whole = tillctl({"audit", "--export"}).out;
    std::ofstream(path) << whole;
    EXPECT_EQ(tillctl({"audit", "--verify", "--file", path}).exit, 0);
    std::string other = whole;
    other.replace(other.find("12000"), 5, "11000");
    std::ofstream(path) << other;
    EXPECT_EQ(tillctl({"audit", "--verify", "--file", path}).exit, 1);
    std::ofstream(path) << "no audit\n";
    EXPECT_EQ(tillctl({"audit", "--verify", "--file", path}).exit, 2);

    // The same in the book itself, behind devd's back.
    client_.reset();
    shop_->kill_devd();
    sqlite3* book = nullptr;
    ASSERT_EQ(sqlite3_open((shop_->folder() + "/state/book.db").c_str(), &book), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(book, "UPDATE audit SET text = replace(text, '12000', '11000')", nullptr,
                           nullptr, nullptr),
              SQLITE_OK);
    sqlite3_close(book);
    start_devd();
    const Ran broken = tillctl({"audit", "--verify"});
    EXPECT_EQ(broken.exit, 1);
    EXPECT_NE(broken.out.find("BROKEN at record 2"), std::string::npos) << broken.out;
}

}  // namespace
}  // namespace tillhost::support
