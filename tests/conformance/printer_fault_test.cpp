// Claim: whatever happens on the line, to the printer or to the host, a document comes out once at
// most and a drawer gets one pulse at most; success and "not at all" are true; and the next
// document comes out whole. Shown for every driver of class receipt_printer: each fault of the
// printer's answers, a power cut at each command, the host's end and a cancelled wait at each step.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/conformance/lying_driver.h"
#include "tests/conformance/printer_world.h"
#include "tests/conformance/trial.h"

namespace tillhost::conformance {
namespace {

using namespace std::chrono_literals;
using contract::Printed;
using Told = std::optional<base::Result<contract::PrintResult>>;

const std::vector<std::string> kLines{"line-1", "line-2", "line-3"};

/// One document or one pulse in one trouble, and what came of it. problem() is empty or a lie.
class PrinterTrial {
public:
    PrinterTrial(const PrinterSubject& subject, bool drawer)
        : subject_(subject), drawer_(drawer), world_(subject) {
        const auto opened = world_.open();
        EXPECT_TRUE(opened) << base::to_text(opened.error());
    }
    PrinterWorld& world() { return world_; }
    const std::string& problem() const { return problem_; }

    Told run() {
        try {
            return world_.execute(drawer_ ? contract::Command(contract::OpenDrawer{})
                                          : contract::Command(document_of(kLines)));
        } catch (const Killed&) {
            world_.bury();
            return std::nullopt;
        }
    }

    /// Where the power failed, what a printer took in and did not confirm may be gone.
    void judge(const Told& told, bool power_failed = false) {
        if (told && *told && (*told)->printed == Printed::printed) {
            expect_out(1, 1, "told as printed");  // at this moment, not later
        }
        world_.heal();
        world_.cable->run_for(60s);
        const bool none = told && !*told && told->error().effect == base::Effect::none;
        const bool done = told && *told && subject_.tells && (drawer_ || !power_failed);
        expect_out(done ? 1 : 0, none ? 0 : 1,
                   !told    ? "the host died"
                   : !*told ? base::to_text(told->error())
                            : "told as done");
        print_the_next();
    }

private:
    void say(const std::string& problem) { problem_ += problem + "; "; }
    void expect_out(std::size_t least, std::size_t most, const std::string& why) {
        if (drawer_) {
            const std::size_t pulses = world_.pulses();
            if (pulses < least || pulses > most) {
                say(fmt::format("{} pulses: {}", pulses, why));
            }
            return;
        }
        for (const std::string& line : kLines) {
            const std::size_t count = world_.lines_with(line);
            if (count < least || count > most) {
                say(fmt::format("{} {} times on paper: {}", line, count, why));
            }
        }
    }
    /// A new host's first document is not spoilt by what the old one left.
    void print_the_next() {
        auto opened = world_.open();
        for (int tries = 1; !opened && tries < kOpensMax; ++tries) {  // as devd does
            world_.cable->run_for(1s);
            opened = world_.open();
        }
        if (!opened) {
            say("it is not opened any more: " + base::to_text(opened.error()));
            return;
        }
        const std::size_t before = world_.pulses();
        const auto done = world_.execute(document_of({"the next one"}));
        world_.cable->run_for(30s);
        if (!done) {
            say("the next one: " + base::to_text(done.error()));
        } else if (std::count(world_.tape().begin(), world_.tape().end(), "the next one") != 1) {
            say("the next one is not whole");
        }
        if (world_.pulses() != before) {
            say("a pulse with the next one");
        }
    }

    const PrinterSubject& subject_;
    bool drawer_;
    PrinterWorld world_;
    std::string problem_;
};

struct Row {
    PrinterSubject subject;
    bool drawer;
    friend void PrintTo(const Row& row, std::ostream* out) { *out << row.subject.name; }
};

std::vector<Row> rows() {
    std::vector<Row> all;
    for (const PrinterSubject& subject : printer_subjects()) {
        all.push_back({subject, false});
        all.push_back({subject, true});
    }
    return all;
}

/// `arm` makes trouble at the n-th step, for every n that is reached; the first lie.
template <class Arm, class Reached>
std::string at_each(const Row& row, Arm arm, Reached reached, bool power_fails = false) {
    for (int nth = 1; nth < kStepsMax; ++nth) {
        PrinterTrial trial(row.subject, row.drawer);
        arm(trial.world(), nth);
        const Told told = trial.run();
        const bool there = reached(trial.world());
        trial.judge(told, power_fails);
        if (!trial.problem().empty()) {
            return fmt::format("step {}: {}", nth, trial.problem());
        }
        if (!there) {
            return nth > 1 ? "" : "no step was reached";
        }
    }
    return "there is no end of steps";
}

std::string with_fault(const Row& row, const LineFault& fault) {
    const bool power_fails = std::string_view(fault.name) == "power_cut";
    std::string lie;
    for (const char* side : fault.sides) {
        std::uint64_t before = 0;
        const auto arm = [&](PrinterWorld& world, int nth) {
            Keys keys = fault.keys;
            keys.insert(keys.end(), {{"side", side}, {"nth", std::to_string(nth)}});
            before = world.device->printer_state().faults_fired;
            world.fault(fault.name, keys);
        };
        const auto fired = [&](PrinterWorld& world) {
            return world.device->printer_state().faults_fired > before;
        };
        lie = !lie.empty() ? lie : at_each(row, arm, fired, power_fails);
    }
    return lie;
}

bool is_used_up(PrinterWorld& world) { return !world.cable->is_armed(); }

class PrinterFaults : public testing::TestWithParam<Row> {};

TEST_P(PrinterFaults, OfItsAnswersNeverPrintTwiceAndNeverLie) {
    if (!GetParam().subject.tells) {
        GTEST_SKIP() << "it has no answers";
    }
    EXPECT_EQ(with_fault(GetParam(), {"lose", {}, {"device"}}), "");
    EXPECT_EQ(with_fault(GetParam(), {"late", {{"ms", "250"}}, {"device"}}), "");
    EXPECT_EQ(with_fault(GetParam(), {"late", {{"ms", "7000"}}, {"device"}}), "");
    if (!GetParam().subject.socket) {
        EXPECT_EQ(with_fault(GetParam(), {"double", {}, {"device"}}), "");
        EXPECT_EQ(with_fault(GetParam(), {"garble", {{"at", "0"}, {"mask", "16"}}, {"device"}}),
                  "");
    }
}

TEST_P(PrinterFaults, APowerCutAtAnyCommandForgetsAndNeverPrintsTwice) {
    if (!GetParam().subject.tells) {
        GTEST_SKIP() << "nobody hears of it";
    }
    EXPECT_EQ(with_fault(GetParam(), {"power_cut", {{"at", "0"}, {"off_ms", "900"}}}), "");
}

TEST_P(PrinterFaults, AnEndOfTheHostAtAnyStepLeavesOneAtMost) {
    for (const os::Duration late : {0ms, 250ms}) {
        EXPECT_EQ(at_each(
                      GetParam(),
                      [late](PrinterWorld& world, int nth) { world.cable->kill_at(nth, late); },
                      &is_used_up),
                  "");
    }
}

TEST_P(PrinterFaults, ACancelledWaitAtAnyStepLeavesOneAtMost) {
    EXPECT_EQ(at_each(
                  GetParam(), [](PrinterWorld& world, int nth) { world.cable->cancel_at(nth); },
                  &is_used_up),
              "");
}

template <Lie lie>
base::Result<std::unique_ptr<device::Driver>> make_lying(
    const std::vector<contract::Setting>& settings, std::unique_ptr<transport::Connector> connector,
    const os::Clock& clock) {
    auto driver = TRY(drivers::find("printer/escpos")->make(settings, std::move(connector), clock));
    return std::unique_ptr<device::Driver>(std::make_unique<LyingDriver>(std::move(driver), lie));
}

TEST(PrinterSuite, FindsTheKnownBugsOfADriver) {
    drivers::DriverEntry entry = *drivers::find("printer/escpos");
    for (const bool drawer : {false, true}) {
        Row row{printer_subjects().front(), drawer};
        row.subject.driver = &entry;
        const LineFault lost{"lose", {}, {"device"}};
        entry.make = &make_lying<Lie::none>;
        EXPECT_EQ(with_fault(row, lost), "");
        for (const drivers::Make make :
             {&make_lying<Lie::timeout_is_failed>, &make_lying<Lie::asks_again>}) {
            entry.make = make;
            EXPECT_NE(with_fault(row, lost), "");
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Drivers, PrinterFaults, testing::ValuesIn(rows()), [](const auto& row) {
    return row.param.subject.name + (row.param.drawer ? "_drawer" : "_document");
});

}  // namespace
}  // namespace tillhost::conformance
