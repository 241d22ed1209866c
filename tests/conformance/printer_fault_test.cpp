// Claim: whatever happens on the line, to the printer or to the host, a document comes out once at
// most and a drawer gets one pulse at most; success and "not at all" are true; and the next
// document comes out whole. Shown for every driver of class receipt_printer: each fault of the
// printer's answers, a power cut at each command, the host's end and a cancelled wait at each step.
#include <fmt/format.h>
#include <gtest/gtest.h>

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

class PrinterFaults : public testing::TestWithParam<Row> {
protected:
    /// `arm` makes trouble at the n-th step, for every n that is reached; the first lie.
    template <class Arm, class Reached>
    std::string at_each(Arm arm, Reached reached) {
        for (int nth = 1; nth < kStepsMax; ++nth) {
            PrinterTrial trial(GetParam().subject, GetParam().drawer);
            arm(trial.world(), nth);
            const Told told = trial.run();
            const bool there = reached(trial.world());
            trial.judge(told, power_fails_);
            if (!trial.problem().empty()) {
                return fmt::format("step {}: {}", nth, trial.problem());
            }
            if (!there) {
                return nth > 1 ? "" : "no step was reached";
            }
        }
        return "there is no end of steps";
    }
    std::string with_fault(const LineFault& fault) {
        std::string lie;
        for (const char* side : fault.sides) {
            std::uint64_t before = 0;
            lie = !lie.empty() ? lie
                               : at_each(
                                     [&](PrinterWorld& world, int nth) {
                                         Keys keys = fault.keys;
                                         keys.insert(keys.end(), {{"side", side},
                                                                  {"nth", std::to_string(nth)}});
                                         before = world.device->printer_state().faults_fired;
                                         world.fault(fault.name, keys);
                                     },
                                     [&](PrinterWorld& world) {
                                         return world.device->printer_state().faults_fired > before;
                                     });
        }
        return lie;
    }
    static bool is_used_up(PrinterWorld& world) { return !world.cable->is_armed(); }
    bool power_fails_ = false;
};

TEST_P(PrinterFaults, OfItsAnswersNeverPrintTwiceAndNeverLie) {
    if (!GetParam().subject.tells) {
        GTEST_SKIP() << "it has no answers";
    }
    EXPECT_EQ(with_fault({"lose", {}, {"device"}}), "");
    EXPECT_EQ(with_fault({"late", {{"ms", "250"}}, {"device"}}), "");
    EXPECT_EQ(with_fault({"late", {{"ms", "7000"}}, {"device"}}), "");
    if (!GetParam().subject.socket) {
        EXPECT_EQ(with_fault({"double", {}, {"device"}}), "");
        EXPECT_EQ(with_fault({"garble", {{"at", "0"}, {"mask", "16"}}, {"device"}}), "");
    }
}

TEST_P(PrinterFaults, APowerCutAtAnyCommandForgetsAndNeverPrintsTwice) {
    if (!GetParam().subject.tells) {
        GTEST_SKIP() << "nobody hears of it";
    }
    power_fails_ = true;
    EXPECT_EQ(with_fault({"power_cut", {{"at", "0"}, {"off_ms", "900"}}}), "");
}

TEST_P(PrinterFaults, AnEndOfTheHostAtAnyStepLeavesOneAtMost) {
    for (const os::Duration late : {0ms, 250ms}) {
        EXPECT_EQ(at_each([late](PrinterWorld& world, int nth) { world.cable->kill_at(nth, late); },
                          &is_used_up),
                  "");
    }
}

TEST_P(PrinterFaults, ACancelledWaitAtAnyStepLeavesOneAtMost) {
    EXPECT_EQ(
        at_each([](PrinterWorld& world, int nth) { world.cable->cancel_at(nth); }, &is_used_up),
        "");
}

INSTANTIATE_TEST_SUITE_P(Drivers, PrinterFaults, testing::ValuesIn(rows()), [](const auto& row) {
    return row.param.subject.name + (row.param.drawer ? "_drawer" : "_document");
});

}  // namespace
}  // namespace tillhost::conformance
