#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/conformance/book.h"

namespace tillhost::conformance {

using Keys = std::vector<std::pair<std::string, std::string>>;
using Told = std::optional<base::Result<contract::OperationResult>>;

/// How often devd opens a device anew in these trials before they call it hopeless.
inline constexpr int kOpensMax = 40;
/// Frames and steps of one operation that are tried.
inline constexpr int kStepsMax = 400;

/// One money operation in one trouble, and the truth about it afterwards: the device has it once or
/// not at all, and that is what the driver says. problem() is empty or a lie.
///
/// A World is a driver, its device and the line between, on virtual time (world.h and its
/// sisters): begin(), carry_out(), made(), compare(), command_of(), may_stay_open(), open(),
/// bury(), heal(), fault(), faults_fired(), book, cable.
template <class World, class Subject, class Operation>
class Trial {
public:
    Trial(const Subject& subject, const Operation& operation)
        : operation_(operation), world_(subject) {
        world_.begin(operation);
        before_ = world_.made(operation);
    }

    World& world() { return world_; }
    const std::string& problem() const { return problem_; }

    /// Nothing if the host died.
    Told run() {
        try {
            return world_.carry_out(operation_);
        } catch (const Killed&) {
            world_.bury();
            return std::nullopt;
        }
    }

    void judge(const Told& told) {
        using namespace std::chrono_literals;
        if (told && *told) {
            world_.cable->run_for(60s);
            expect_made(1, "told as success");
            say(world_.compare(**told, operation_));
            return;
        }
        const bool none = told && told->error().effect == base::Effect::none;
        world_.heal();
        if (world_.book.result && !none) {
            world_.cable->run_for(60s);
            expect_made(1, "its result is in the book");
            say(world_.compare(*world_.book.result, operation_));
        } else if (none || !world_.book.marker) {
            world_.cable->run_for(60s);
            expect_made(0, none ? base::to_text(told->error()) : "no marker");
            again();
        } else {
            settle();
        }
    }

private:
    void say(const std::string& problem) { problem_ += problem.empty() ? "" : problem + "; "; }
    void expect_made(std::size_t wanted, const std::string& why) {
        const std::size_t made = world_.made(operation_) - before_;
        if (made != wanted) {
            say(fmt::format("{} in the device instead of {}: {}", made, wanted, why));
        }
    }
    /// devd gives the doubt to a new host.
    void settle() {
        using namespace std::chrono_literals;
        const contract::Pending pending = world_.book.pending(world_.command_of(operation_));
        auto opened = world_.open(pending);
        for (int tries = 1; !opened && tries < kOpensMax; ++tries) {  // as devd does
            world_.cable->run_for(1s);
            opened = world_.open(pending);
        }
        if (!opened || !opened->resolution) {
            say(opened ? "no verdict" : base::to_text(opened.error()));
            return;
        }
        const contract::Resolution& word = *opened->resolution;
        world_.cable->run_for(60s);  // nothing may come late
        if (word.verdict == contract::Verdict::executed) {
            expect_made(1, word.reason);
            say(word.result ? world_.compare(*word.result, operation_) : "executed, no result");
        } else if (word.verdict == contract::Verdict::not_executed) {
            expect_made(0, word.reason);
            again();
        } else if (!world_.may_stay_open(operation_)) {
            say("undecided on a device that nobody else used: " + word.reason);
        }
    }
    void again() {
        world_.book.begin_next();
        const auto opened = world_.open();
        const auto done =
            opened ? world_.carry_out(operation_)
                   : base::Result<contract::OperationResult>(tl::unexpected(opened.error()));
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

/// One fault of the line, for frames of these sides.
struct LineFault {
    const char* name;
    Keys keys;
    std::vector<const char*> sides{"host", "device"};
};

/// Each fault on each frame; the first lie, or nothing. `runs` counts.
template <class World, class Subject, class Operation>
std::string with_faults(const Subject& subject, const Operation& operation,
                        const std::vector<LineFault>& faults, int& runs) {
    for (const LineFault& fault : faults) {
        for (const char* side : fault.sides) {
            bool fired = true;
            for (int nth = 1; fired && nth < kStepsMax; ++nth, ++runs) {
                Trial<World, Subject, Operation> trial(subject, operation);
                Keys keys = fault.keys;
                keys.insert(keys.end(), {{"side", side}, {"nth", std::to_string(nth)}});
                const auto before = trial.world().faults_fired();
                trial.world().fault(fault.name, keys);
                const Told told = trial.run();
                fired = trial.world().faults_fired() > before;
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

/// `arm` makes trouble at the n-th step of line or book, for every n that the operation reaches.
template <class World, class Subject, class Operation, class Arm>
std::string at_each_step(const Subject& subject, const Operation& operation, Arm arm) {
    for (int nth = 1; nth < kStepsMax; ++nth) {
        Trial<World, Subject, Operation> trial(subject, operation);
        arm(trial.world(), nth);
        const Told told = trial.run();
        const bool reached = !trial.world().cable->is_armed() && trial.world().book.kill_at == 0;
        trial.judge(told);
        if (!trial.problem().empty()) {
            return fmt::format("step {}: {}", nth, trial.problem());
        }
        if (!reached) {
            return nth > 1 ? "" : "no step was reached";
        }
    }
    return "there is no end of steps";
}

}  // namespace tillhost::conformance
