// Claim: whatever happens to a frame or to the host, a money operation is in the device once or not
// at all, the driver says which, and a repetition after "not executed" makes it one.
// Shown for every driver and operation: each fault on each frame, and an end of the host, or a
// cancelled wait, at each step.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "hal/drivers/fiscal/toy/driver.h"
#include "tests/conformance/world.h"

namespace tillhost::conformance {
namespace {

using namespace std::chrono_literals;
using base::Effect;
using contract::Verdict;
using simulators::FiscalDocumentType;
using Keys = std::vector<std::pair<std::string, std::string>>;
using Told = std::optional<base::Result<contract::FiscalResult>>;

constexpr int kOpensMax = 9;

/// One operation in one trouble, and the truth about it afterwards. problem() is empty or a lie.
class Trial {
public:
    Trial(const Subject& subject, const Operation& operation)
        : operation_(operation), world_(subject) {
        if (operation.type != FiscalDocumentType::shift_open) {
            world_.begin_day();
        }
        EXPECT_TRUE(world_.open());
        world_.book = {};
        before_ = world_.count(operation.type);
    }

    World& world() { return world_; }
    const std::string& problem() const { return problem_; }

    /// Nothing if the host died.
    Told run() {
        try {
            return world_.execute(operation_.command);
        } catch (const Killed&) {
            return std::nullopt;
        }
    }

    void judge(const Told& told) {
        if (told && *told) {
            world_.cable->run_for(5s);
            expect_made(1, "told as success");
            say(world_.compare(**told, operation_.type));
            return;
        }
        const bool none = told && told->error().effect == Effect::none;
        if (none) {
            expect_made(0, base::to_text(told->error()));
        }
        world_.heal();
        if (world_.book.result && !none) {
            expect_made(1, "its result is in the book");
            say(world_.compare(std::get<contract::FiscalResult>(*world_.book.result),
                               operation_.type));
        } else if (none || !world_.book.marker) {
            world_.cable->run_for(60s);
            expect_made(0, "effect none, or no marker");
            again();
        } else {
            settle();
        }
    }

private:
    void say(const std::string& problem) { problem_ += problem.empty() ? "" : problem + "; "; }
    void expect_made(std::size_t wanted, const std::string& why) {
        const std::size_t made = world_.count(operation_.type) - before_;
        if (made != wanted) {
            say(fmt::format("{} documents instead of {}: {}", made, wanted, why));
        }
    }
    /// devd gives the doubt to a new host.
    void settle() {
        auto opened = world_.open(world_.book.pending(operation_.command));
        for (int tries = 1; !opened && tries < kOpensMax; ++tries) {  // as devd does
            world_.cable->run_for(1s);
            opened = world_.open(world_.book.pending(operation_.command));
        }
        if (!opened || !opened->resolution) {
            say(opened ? "no verdict" : base::to_text(opened.error()));
            return;
        }
        const contract::Resolution& word = *opened->resolution;
        world_.cable->run_for(60s);  // nothing may come late
        if (word.verdict == Verdict::executed) {
            expect_made(1, word.reason);
            say(world_.compare(std::get<contract::FiscalResult>(*word.result), operation_.type));
        } else if (word.verdict == Verdict::not_executed) {
            expect_made(0, word.reason);
            again();
        } else {
            say("undecided on a device that nobody else used: " + word.reason);
        }
    }
    void again() {
        world_.book = {};
        const auto opened = world_.open();
        const auto done = opened ? world_.execute(operation_.command) : opened.error();
        if (!done) {
            say("once more: " + base::to_text(done.error()));
        }
        expect_made(1, "once more");
    }

    const Operation& operation_;
    World world_;
    std::size_t before_ = 0;
    std::string problem_;
};

struct LineFault {
    const char* name;
    Keys keys;
    std::vector<const char*> sides{"host", "device"};
};

std::vector<LineFault> line_faults() {
    return {{"lose", {}},
            {"late", {{"ms", "250"}}},
            // Bytes of a host are never later than Transport::late_bytes_max().
            {"late", {{"ms", "5000"}}, {"device"}},
            {"double", {}},
            {"cut", {{"at", "1"}}},
            {"garble", {{"at", "2"}, {"mask", "32"}}},
            {"power_cut", {{"at", "2"}, {"off_ms", "900"}}}};
}

constexpr int kStepsMax = 400;

/// Each fault on each frame; the first lie, or nothing.
std::string with_faults(const Subject& subject, const Operation& operation, int& runs) {
    for (const LineFault& fault : line_faults()) {
        for (const char* side : fault.sides) {
            bool fired = true;
            for (int nth = 1; fired && nth < kStepsMax; ++nth, ++runs) {
                Trial trial(subject, operation);
                Keys keys = fault.keys;
                keys.insert(keys.end(), {{"side", side}, {"nth", std::to_string(nth)}});
                const auto before = trial.world().device->state().faults_fired;
                trial.world().fault(fault.name, keys);
                const Told told = trial.run();
                fired = trial.world().device->state().faults_fired > before;
                trial.judge(told);
                if (!trial.problem().empty()) {
                    return fmt::format("{} of frame {} of the {}: {}", fault.name, nth, side,
                                       trial.problem());
                }
            }
        }
    }
    return "";
}

/// `arm` makes trouble at the n-th step, for every n that the operation reaches.
template <class Arm>
std::string at_each_step(const Subject& subject, const Operation& operation, Arm arm) {
    for (int nth = 1; nth < kStepsMax; ++nth) {
        Trial trial(subject, operation);
        arm(trial.world(), nth);
        const Told told = trial.run();
        trial.judge(told);
        if (!trial.problem().empty()) {
            return fmt::format("step {}: {}", nth, trial.problem());
        }
        if (told && *told) {
            return "";
        }
    }
    return "there is no end of steps";
}

/// The first lie about a receipt that the suite finds.
std::string lie_of(const Subject& subject) {
    const Operation& receipt = operations().front();
    int runs = 0;
    std::string lie = with_faults(subject, receipt, runs);
    for (const os::Duration late : {0ms, 250ms}) {
        lie = !lie.empty() ? lie : at_each_step(subject, receipt, [late](World& world, int nth) {
            world.cable->kill_at(nth, late);
        });
    }
    return lie;
}

using Made = base::Result<std::unique_ptr<device::Driver>>;
using Settings = std::vector<contract::Setting>;
using Connector = std::unique_ptr<transport::Connector>;

/// The toy driver with one of its known bugs.
template <bool drivers::toy::KnownBugs::*bug>
Made with_bug(const Settings& settings, Connector connector, const os::Clock& clock) {
    drivers::toy::KnownBugs bugs;
    bugs.*bug = true;
    return drivers::toy::make_driver_with_bugs(settings, std::move(connector), clock, bugs);
}

TEST(Suite, FindsTheKnownBugsOfADriver) {
    using Bugs = drivers::toy::KnownBugs;
    const drivers::DriverEntry* toy = drivers::find("fiscal/toy");
    ASSERT_NE(toy, nullptr);
    drivers::DriverEntry entry = *toy;
    const Subject subject{"bug", &entry, simulators::fiscal::find_family("fiscal/toy")};
    EXPECT_EQ(lie_of(subject), "");
    for (const drivers::Make make :
         {&with_bug<&Bugs::skip_marker>, &with_bug<&Bugs::timeout_is_failed>,
          &with_bug<&Bugs::resend_on_silence>, &with_bug<&Bugs::accept_stale_answer>,
          &with_bug<&Bugs::no_wait_before_verdict>}) {
        entry.make = make;
        EXPECT_NE(lie_of(subject), "");
    }
}

using Param = std::tuple<Subject, std::size_t>;

class Faults : public testing::TestWithParam<Param> {
protected:
    void SetUp() override {
        if (!World(subject()).supports(operation())) {
            GTEST_SKIP() << "not supported by " << subject().driver->name;
        }
    }
    const Subject& subject() const { return std::get<0>(GetParam()); }
    const Operation& operation() const { return operations()[std::get<1>(GetParam())]; }
};

TEST_P(Faults, OfTheLineEndInOneDocumentOrNoneAndTheTruth) {
    int runs = 0;
    EXPECT_EQ(with_faults(subject(), operation(), runs), "");
    EXPECT_GT(runs, 30);
}

TEST_P(Faults, AnEndOfTheHostAtAnyStepLeavesATruthThatItsSuccessorFinds) {
    for (const os::Duration late : {0ms, 250ms}) {
        EXPECT_EQ(at_each_step(subject(), operation(),
                               [late](World& world, int nth) { world.cable->kill_at(nth, late); }),
                  "");
    }
    for (const bool before : {true, false}) {
        EXPECT_EQ(at_each_step(subject(), operation(),
                               [before](World& world, int nth) {
                                   world.book.kill_at = nth;
                                   world.book.kill_before = before;
                               }),
                  "");
    }
}

TEST_P(Faults, ACancelledWaitAtAnyStepEndsAtOnceAndInTheTruth) {
    EXPECT_EQ(at_each_step(subject(), operation(),
                           [](World& world, int nth) { world.cable->cancel_at(nth); }),
              "");
    Trial trial(subject(), operation());
    trial.world().cable->cancel_at(1);
    const Told told = trial.run();
    ASSERT_TRUE(told && !*told);
    EXPECT_EQ(told->error().code, base::ErrorCode::cancelled) << base::to_text(told->error());
}

INSTANTIATE_TEST_SUITE_P(Drivers, Faults,
                         testing::Combine(testing::ValuesIn(subjects()),
                                          testing::Range<std::size_t>(0, operations().size())),
                         [](const auto& row) {
                             return std::get<0>(row.param).name + "_" +
                                    operations()[std::get<1>(row.param)].name;
                         });

}  // namespace
}  // namespace tillhost::conformance
