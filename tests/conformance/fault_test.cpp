// Claim: whatever happens to a frame or to the host, a money operation is in the device once or not
// at all, the driver says which, and a repetition after "not executed" makes it one.
// Shown for every driver and operation: each fault on each frame, and an end of the host, or a
// cancelled wait, at each step.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "hal/drivers/fiscal/toy/driver.h"
#include "tests/conformance/trial.h"
#include "tests/conformance/world.h"

namespace tillhost::conformance {
namespace {

using namespace std::chrono_literals;
using simulators::FiscalDocumentType;
using Operations = Trial<World, Subject, Operation>;

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

std::string with_line_faults(const Subject& subject, const Operation& operation, int& runs) {
    return with_faults<World>(subject, operation, line_faults(), runs);
}

/// The first lie about a receipt that the suite finds.
std::string lie_of(const Subject& subject) {
    const Operation& receipt = operations().front();
    int runs = 0;
    std::string lie = with_line_faults(subject, receipt, runs);
    for (const os::Duration late : {0ms, 250ms}) {
        lie = !lie.empty() ? lie
                           : at_each_step<World>(subject, receipt, [late](World& world, int nth) {
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
    EXPECT_EQ(with_line_faults(subject(), operation(), runs), "");
    EXPECT_GT(runs, 30);
}

TEST_P(Faults, AnEndOfTheHostAtAnyStepLeavesATruthThatItsSuccessorFinds) {
    for (const os::Duration late : {0ms, 250ms}) {
        EXPECT_EQ(
            at_each_step<World>(subject(), operation(),
                                [late](World& world, int nth) { world.cable->kill_at(nth, late); }),
            "");
    }
    for (const bool before : {true, false}) {
        EXPECT_EQ(at_each_step<World>(subject(), operation(),
                                      [before](World& world, int nth) {
                                          world.book.kill_at = nth;
                                          world.book.kill_before = before;
                                      }),
                  "");
    }
}

TEST_P(Faults, ACancelledWaitAtAnyStepEndsAtOnceAndInTheTruth) {
    EXPECT_EQ(at_each_step<World>(subject(), operation(),
                                  [](World& world, int nth) { world.cable->cancel_at(nth); }),
              "");
    Operations trial(subject(), operation());
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
