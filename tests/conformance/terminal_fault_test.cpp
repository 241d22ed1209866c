// Claim: whatever happens to a message or to the host, a card is charged once or not at all, and
// the driver says which; so with a reversal, a refund and the end of the day. Shown for every
// driver of class payment_terminal over its simulator: each fault on each message, the host's end
// at each step of line and book, and a wish to break off at each step.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/conformance/lying_driver.h"
#include "tests/conformance/terminal_world.h"
#include "tests/conformance/trial.h"

namespace tillhost::conformance {
namespace {

using namespace std::chrono_literals;

/// What happens to messages on that kind of line. A stream loses no bytes in its middle.
std::vector<LineFault> faults_of(const TerminalSubject& subject) {
    std::vector<LineFault> faults{{"lose", {}},
                                  {"late", {{"ms", "250"}}},
                                  {"late", {{"ms", "7000"}}, {"device"}},
                                  {"power_cut", {{"at", "2"}, {"off_ms", "900"}}}};
    if (!subject.socket) {
        faults.push_back({"double", {}});
        faults.push_back({"cut", {{"at", "1"}}});
        faults.push_back({"garble", {{"at", "4"}, {"mask", "32"}}});
    }
    return faults;
}

struct Row {
    TerminalSubject subject;
    const TerminalOperation* operation;
    friend void PrintTo(const Row& row, std::ostream* out) { *out << row.subject.name; }
};

/// Payments with each subject, everything with the thorough ones.
std::vector<Row> rows() {
    std::vector<Row> all;
    for (const TerminalSubject& subject : terminal_subjects()) {
        for (const TerminalOperation& operation : terminal_operations()) {
            if (subject.thorough || &operation == terminal_operations().data()) {
                all.push_back({subject, &operation});
            }
        }
    }
    return all;
}

class TerminalFaults : public testing::TestWithParam<Row> {
protected:
    void SetUp() override {
        if (!TerminalWorld(subject()).supports(operation())) {
            GTEST_SKIP() << "not supported by " << subject().driver->name;
        }
    }
    const TerminalSubject& subject() const { return GetParam().subject; }
    const TerminalOperation& operation() const { return *GetParam().operation; }
};

TEST_P(TerminalFaults, OfTheLineEndInOneTransactionOrNoneAndTheTruth) {
    int runs = 0;
    EXPECT_EQ(with_faults<TerminalWorld>(subject(), operation(), faults_of(subject()), runs), "");
    EXPECT_GT(runs, 20);
}

TEST_P(TerminalFaults, AnEndOfTheHostAtAnyStepLeavesATruthThatItsSuccessorFinds) {
    for (const os::Duration late : {0ms, 250ms}) {
        EXPECT_EQ(at_each_step<TerminalWorld>(
                      subject(), operation(),
                      [late](TerminalWorld& world, int nth) { world.cable->kill_at(nth, late); }),
                  "");
    }
    for (const bool before : {true, false}) {
        EXPECT_EQ(at_each_step<TerminalWorld>(subject(), operation(),
                                              [before](TerminalWorld& world, int nth) {
                                                  world.book.kill_at = nth;
                                                  world.book.kill_before = before;
                                              }),
                  "");
    }
}

TEST_P(TerminalFaults, AWishToBreakOffAtAnyStepEndsInTheTruth) {
    EXPECT_EQ(at_each_step<TerminalWorld>(subject(), operation(),
                                          [](TerminalWorld& world, int nth) {
                                              world.book.abort_wanted = true;
                                              world.cable->break_off_at(nth);
                                          }),
              "");
}

TEST_P(TerminalFaults, ACancelledWaitAtAnyStepEndsInTheTruth) {
    EXPECT_EQ(at_each_step<TerminalWorld>(
                  subject(), operation(),
                  [](TerminalWorld& world, int nth) { world.cable->cancel_at(nth); }),
              "");
}

INSTANTIATE_TEST_SUITE_P(Drivers, TerminalFaults, testing::ValuesIn(rows()), [](const auto& row) {
    return row.param.subject.name + "_" + row.param.operation->name;
});

template <Lie lie>
base::Result<std::unique_ptr<device::Driver>> make_lying(
    const std::vector<contract::Setting>& settings, std::unique_ptr<transport::Connector> connector,
    const os::Clock& clock) {
    auto driver = TRY(drivers::find("payment/zvt")->make(settings, std::move(connector), clock));
    return std::unique_ptr<device::Driver>(std::make_unique<LyingDriver>(std::move(driver), lie));
}

/// The first lie about a payment that the suite finds.
std::string lie_of(const TerminalSubject& subject) {
    const TerminalOperation& payment = terminal_operations().front();
    int runs = 0;
    const std::string lie = with_faults<TerminalWorld>(subject, payment, faults_of(subject), runs);
    return !lie.empty()
               ? lie
               : at_each_step<TerminalWorld>(subject, payment, [](TerminalWorld& world, int nth) {
                     world.cable->kill_at(nth);
                 });
}

TEST(TerminalSuite, FindsTheKnownBugsOfADriver) {
    drivers::DriverEntry entry = *drivers::find("payment/zvt");
    for (TerminalSubject subject : terminal_subjects()) {
        if (!subject.thorough) {
            continue;
        }
        subject.driver = &entry;
        entry.make = &make_lying<Lie::none>;
        EXPECT_EQ(lie_of(subject), "") << subject.name;
        for (const drivers::Make make :
             {&make_lying<Lie::timeout_is_failed>, &make_lying<Lie::asks_again>,
              &make_lying<Lie::never_executed>, &make_lying<Lie::always_executed>}) {
            entry.make = make;
            EXPECT_NE(lie_of(subject), "") << subject.name;
        }
    }
}

}  // namespace
}  // namespace tillhost::conformance
