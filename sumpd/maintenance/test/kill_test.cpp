// Claim: a restore that is killed at any moment leaves the former data or the restored ones, whole,
// and may be repeated; a copy that is killed leaves no file of its name that is not whole. Shown by
// children that are killed by SIGKILL behind a growing number of their system calls on files.
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>

#include <cerrno>
#include <filesystem>

#include "sumpd/maintenance/backup.h"
#include "sumpd/maintenance/test/data.h"

namespace tillhost::sumpd::maintenance {
namespace {

/// Stops at each system call and is killed at the one with this number. False: it ended before.
bool killed_at(int number, const std::function<bool()>& body) {
    const pid_t child = ::fork();
    if (child == 0) {
        ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr);
        ::raise(SIGSTOP);
        ::_exit(body() ? 0 : 1);
    }
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    constexpr long kOptions = PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL;
    EXPECT_EQ(::ptrace(PTRACE_SETOPTIONS, child, nullptr, kOptions), 0);
    EXPECT_EQ(::ptrace(PTRACE_SYSCALL, child, nullptr, nullptr), 0);
    for (int stops = 0;;) {
        const pid_t one = ::waitpid(-1, &status, __WALL);
        if (one == child && (WIFEXITED(status) || WIFSIGNALED(status))) {
            EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
            return false;
        }
        if (WIFSTOPPED(status) && ++stops == number) {
            ::kill(child, SIGKILL);
            while (::waitpid(-1, &status, __WALL) > 0 || errno == EINTR) {
            }
            return true;
        }
        if (WIFSTOPPED(status)) {
            const bool is_own = WSTOPSIG(status) == SIGTRAP || WSTOPSIG(status) == SIGSTOP;
            ::ptrace(PTRACE_SYSCALL, one, nullptr, is_own ? 0 : WSTOPSIG(status));
        }
    }
}

class MaintenanceKill : public testing::Test {
protected:
    void SetUp() override {
        ASSERT_TRUE(world_.exchange().configure(kNode));
        put(world_, 1, 1);
        copy_ = world_.folder() + "/copy.db";
        ASSERT_TRUE(take_backup(world_.folder(), copy_, world_.clock().unix_ms(), kGoOn));
        put(world_, 2, 2);
        world_.close();
    }
    const std::function<bool(std::int64_t, std::int64_t)> kGoOn = [](std::int64_t, std::int64_t) {
        return true;
    };
    World world_;
    std::string copy_;
};

TEST_F(MaintenanceKill, ARestoreLeavesOneOrTheOtherWhole) {
    bool is_killed = true;
    int restored = 0;
    int rounds = 0;
    // A step that grows: early ones matter as much as late ones, and there are thousands.
    for (int number = 1; is_killed; number += 1 + number / 12) {
        ++rounds;
        is_killed = killed_at(number, [&] {
            const auto done = restore(copy_, world_.folder(), world_.clock(), world_.logger());
            if (!done) {
                std::fprintf(stderr, "%s\n", base::to_text(done.error()).c_str());
            }
            return done.has_value();
        });
        world_.open();
        const bool has_first = state_of(world_, 1) == exchange::DocumentState::stored;
        const bool has_second = state_of(world_, 2) == exchange::DocumentState::stored;
        EXPECT_TRUE(has_first) << number;
        const bool is_restored =
            world_.number("SELECT count(*) FROM meta WHERE name = 'restored_ms'") == 1;
        EXPECT_NE(has_second, is_restored) << number;
        restored += is_restored ? 1 : 0;
        if (is_restored) {
            put(world_, 2, 2);
            run_sql(world_, "DELETE FROM meta WHERE name = 'restored_ms'");
        }
        world_.close();
    }
    EXPECT_GT(rounds, 20);
    EXPECT_GE(restored, 1);
}

TEST_F(MaintenanceKill, ACopyIsWholeOrNotThere) {
    bool is_killed = true;
    const std::string path = world_.folder() + "/other.db";
    for (int number = 1; is_killed; number += 1 + number / 10) {
        std::filesystem::remove(path);
        is_killed = killed_at(number, [&] {
            return take_backup(world_.folder(), path, world_.clock().unix_ms(), kGoOn).has_value();
        });
        if (std::filesystem::exists(path)) {
            world_.clock().advance_ms(1000);
            const auto report = restore(path, world_.folder(), world_.clock(), world_.logger());
            EXPECT_TRUE(report) << number << ": " << report.error().detail;
        }
    }
    EXPECT_TRUE(std::filesystem::exists(path));
    world_.open();
    EXPECT_EQ(state_of(world_, 2), exchange::DocumentState::stored);
}

}  // namespace
}  // namespace tillhost::sumpd::maintenance
