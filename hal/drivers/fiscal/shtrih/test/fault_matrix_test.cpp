// Claim: whatever happens to any frame or to either side, the document exists once or not at all,
// and the driver says which.
// Shown by each fault on each frame of each operation, and by killing the host at each of its acts;
// the simulator's memory is compared with every word of the driver.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "hal/drivers/fiscal/shtrih/test/rig.h"

namespace tillhost::drivers::shtrih {
namespace {

using base::Effect;
using contract::Verdict;
using simulators::FiscalDocumentType;

struct Operation {
    const char* name;
    contract::Command command;
    FiscalDocumentType type;
    bool needs_shift = true;
    const char* format = "4";  ///< of the fiscal data
};

contract::Receipt receipt_of_kind(contract::ReceiptKind kind) {
    contract::Receipt receipt = example_receipt();
    receipt.kind = kind;
    return receipt;
}

contract::Correction example_correction() {
    contract::Correction correction;
    correction.receipt = example_receipt();
    correction.receipt.text.clear();
    correction.basis = contract::CorrectionBasis::own_initiative;
    correction.basis_date = "2024-05-08";
    return correction;
}

std::vector<Operation> operations() {
    contract::OpenShift open;
    open.cashier = contract::Cashier{"Петрова А.А.", ""};
    return {
        {"receipt", example_receipt(), FiscalDocumentType::receipt},
        {"sale_return", receipt_of_kind(contract::ReceiptKind::sale_return),
         FiscalDocumentType::receipt},
        {"purchase", receipt_of_kind(contract::ReceiptKind::purchase), FiscalDocumentType::receipt},
        {"purchase_return", receipt_of_kind(contract::ReceiptKind::purchase_return),
         FiscalDocumentType::receipt},
        {"correction", example_correction(), FiscalDocumentType::correction},
        {"old_correction", example_correction(), FiscalDocumentType::correction, true, "2"},
        {"open_shift", open, FiscalDocumentType::shift_open, false},
        {"close_shift", contract::CloseShift{}, FiscalDocumentType::shift_close},
        {"cash_in", contract::CashIn{12'300, "RUB"}, FiscalDocumentType::cash_in},
        {"cash_out", contract::CashOut{4'500, "RUB"}, FiscalDocumentType::cash_out},
    };
}

/// One operation, carried out under trouble, and then the whole truth about it. Everything that
/// does not fit together is a sentence in problems().
class Trial {
public:
    explicit Trial(const Operation& operation, KnownBugs bugs = {})
        : operation_(operation), bugs_(bugs), book_(counter_) {
        Book factory(counter_);
        Host service(counter_);
        EXPECT_TRUE(service.open(factory));
        EXPECT_TRUE(service.execute(contract::WriteTable{17, 1, 17, operation.format}, factory));
        if (operation.needs_shift) {
            begin_day(counter_);
            Host host(counter_);
            Book book(counter_);
            EXPECT_TRUE(host.open(book));
            EXPECT_TRUE(host.execute(contract::CashIn{100'000, "RUB"}, book));
            counter_.pass(2s);
        }
        before_ = counter_.count(operation.type);
    }

    Counter& counter() { return counter_; }
    Book& book() { return book_; }
    const std::string& problems() const { return problems_; }

    /// A host carries the operation out and tells; nothing if it was killed.
    std::optional<base::Result<contract::FiscalResult>> run(Host& host) {
        try {
            return host.execute(operation_.command, book_);
        } catch (const Killed&) {
            return std::nullopt;
        }
    }

    /// What every end of run() must agree with.
    void check(const std::optional<base::Result<contract::FiscalResult>>& told) {
        counter_.acts_left.reset();
        if (told && *told) {
            expect_made(1, "told as success");
            check_result(**told);
            return;
        }
        if (told && told->error().effect == Effect::none) {
            expect_made(0, base::to_text(told->error()));
        }
        counter_.fault("clear");
        counter_.registrar->power(true, counter_.clock.now());
        if (told && told->error().effect == Effect::none) {
            attempt_again();
        } else if (book_.result) {
            expect_made(1, "its result is in the book");
            check_result(*book_.result);
        } else if (!book_.marker) {
            expect_made(0, "there was no marker");
            attempt_again();
        } else {
            settle();
        }
    }

private:
    void problem(std::string text) { problems_ += std::move(text) + "; "; }
    void expect_made(std::size_t wanted, const std::string& why) {
        const std::size_t made = counter_.count(operation_.type) - before_;
        if (made != wanted) {
            problem(fmt::format("{} documents instead of {}: {}", made, wanted, why));
        }
    }

    /// devd gives the doubt to a new host.
    void settle() {
        Host host(counter_, bugs_);
        const auto opened = host.open(book_, book_.pending(operation_.command));
        if (!opened || !opened->resolution) {
            problem(opened ? "no verdict" : base::to_text(opened.error()));
            return;
        }
        const contract::Resolution& resolution = *opened->resolution;
        if (resolution.verdict == Verdict::cannot_tell) {
            problem(resolution.reason);
        } else if (resolution.verdict == Verdict::executed) {
            expect_made(1, resolution.reason);
            check_result(std::get<contract::FiscalResult>(*resolution.result));
        } else {
            counter_.pass(60s);  // nothing may come late
            expect_made(0, resolution.reason);
            attempt_again();
        }
    }

    void attempt_again() {
        Host host(counter_);
        Book book(counter_);
        const auto opened = host.open(book);
        const auto done = opened ? host.execute(operation_.command, book) : opened.error();
        if (!done) {
            problem("once more: " + base::to_text(done.error()));
        }
        expect_made(1, "once more");
    }

    void check_result(const contract::FiscalResult& result) {
        const auto& all = counter_.registrar->documents();
        const auto found = std::find_if(all.rbegin(), all.rend(), [&](const auto& document) {
            return document.type == operation_.type;
        });
        if (found == all.rend()) {
            return;
        }
        bool fits = result.registered && result.fiscal_document_number == found->number &&
                    result.fiscal_sign == found->sign && result.shift_number == found->shift_number;
        if (operation_.type == FiscalDocumentType::receipt) {
            fits = fits && result.total_minor == found->total_minor &&
                   result.change_minor == found->change_minor &&
                   result.receipt_number == found->receipt_number;
        }
        if (found->number == 0) {
            fits = fits && result.document_number == found->device_number &&
                   result.total_minor == found->total_minor;
        }
        if (!fits) {
            problem(fmt::format("the result is not the document: {} {} {} {}",
                                result.fiscal_document_number, result.document_number,
                                result.receipt_number, result.total_minor));
        }
    }

    Operation operation_;
    KnownBugs bugs_;
    Counter counter_;
    Book book_;
    std::size_t before_ = 0;
    std::string problems_;
};

using Keys = std::vector<std::pair<std::string, std::string>>;

struct LineFault {
    const char* name;
    Keys keys;
};

std::vector<LineFault> line_faults() {
    return {
        {"lose", {}},
        {"late", {{"ms", "400"}}},
        {"late", {{"ms", "1500"}}},
        {"late", {{"ms", "5000"}}},
        {"double", {}},
        {"cut", {{"at", "1"}}},
        {"cut", {{"at", "3"}}},
        {"garble", {{"at", "0"}, {"mask", "1"}}},
        {"garble", {{"at", "1"}, {"mask", "4"}}},
        {"garble", {{"at", "2"}, {"mask", "32"}}},
        {"power_cut", {{"at", "0"}, {"off_ms", "900"}}},
        {"power_cut", {{"at", "2"}, {"ms", "1"}, {"off_ms", "3000"}}},
        {"power_cut", {{"at", "2"}, {"ms", "40"}, {"off_ms", "20000"}}},
    };
}

struct Place {
    const char* side;
    const char* unit;
    int nth;
};

struct Outcome {
    bool fired = false;  ///< false: there is no such unit
    std::string problems;
};

Outcome run_with_fault(const Operation& operation, const LineFault& fault, const Place& place,
                       KnownBugs bugs = {}) {
    Trial trial(operation, bugs);
    Host host(trial.counter(), bugs);
    EXPECT_TRUE(host.open(trial.book()));
    Keys keys = fault.keys;
    keys.emplace_back("side", place.side);
    keys.emplace_back("unit", place.unit);
    keys.emplace_back("nth", std::to_string(place.nth));
    const auto before = trial.counter().registrar->state().faults_fired;
    trial.counter().fault(fault.name, keys);
    const auto told = trial.run(host);
    const bool fired = trial.counter().registrar->state().faults_fired > before;
    trial.check(told);
    return {fired, trial.problems()};
}

constexpr int kUnitsMax = 400;

/// Every fault on every unit; ends at the first problem, which it returns.
std::string run_matrix(const Operation& operation, int& runs, KnownBugs bugs = {}) {
    for (const LineFault& fault : line_faults()) {
        for (const char* side : {"host", "device"}) {
            for (const char* unit : {"frame", "control"}) {
                Outcome outcome{true, ""};
                for (int nth = 1; nth <= kUnitsMax && outcome.fired; ++nth, ++runs) {
                    outcome = run_with_fault(operation, fault, {side, unit, nth}, bugs);
                    if (!outcome.problems.empty()) {
                        return fmt::format("{} of {} {} {}: {}", fault.name, side, unit, nth,
                                           outcome.problems);
                    }
                }
            }
        }
    }
    return "";
}

/// The host dies on its n-th act; returns the first problem.
std::string run_kills(const Operation& operation, bool act_is_done, KnownBugs bugs = {}) {
    bool killed = true;
    for (int acts = 0; killed; ++acts) {
        Trial trial(operation, bugs);
        Host host(trial.counter(), bugs);
        EXPECT_TRUE(host.open(trial.book()));
        trial.counter().acts_left = acts;
        trial.counter().kill_after = act_is_done;
        const auto told = trial.run(host);
        killed = !told;
        trial.check(told);
        if (!trial.problems().empty()) {
            return fmt::format("killed after {} acts: {}", acts, trial.problems());
        }
    }
    return "";
}

class FaultMatrix : public testing::TestWithParam<std::tuple<const char*, std::size_t>> {
protected:
    void SetUp() override { layer_under_test() = std::get<0>(GetParam()); }
    void TearDown() override { layer_under_test() = "standard"; }
    Operation operation() const { return operations()[std::get<1>(GetParam())]; }
};

TEST_P(FaultMatrix, ThereIsOneDocumentOrNoneAndTheDriverSaysWhich) {
    int runs = 0;
    EXPECT_EQ(run_matrix(operation(), runs), "");
    EXPECT_GT(runs, layer_under_test() == "standard" ? 300 : 150);
}

TEST_P(FaultMatrix, AKilledHostLeavesATruthThatItsSuccessorFinds) {
    EXPECT_EQ(run_kills(operation(), false), "");
    EXPECT_EQ(run_kills(operation(), true), "");
}

TEST_P(FaultMatrix, SilenceAtAnyMomentEndsInTheTruth) {
    bool reached = true;
    for (int acts = 1; reached; ++acts) {
        Trial trial(operation());
        Host host(trial.counter());
        ASSERT_TRUE(host.open(trial.book()));
        Counter& counter = trial.counter();
        const int until = counter.acts + acts;
        counter.on_act = [&counter, until] {
            if (counter.acts == until) {
                counter.fault("silence", {{"ms", "0"}});
            }
        };
        const auto told = trial.run(host);
        counter.on_act = {};
        reached = counter.acts >= until;
        trial.check(told);
        ASSERT_EQ(trial.problems(), "") << "silent from act " << acts;
    }
}

INSTANTIATE_TEST_SUITE_P(Operations, FaultMatrix,
                         testing::Combine(kBothLayers,
                                          testing::Range<std::size_t>(0, operations().size())),
                         [](const auto& row) {
                             return fmt::format("{}_{}", std::get<0>(row.param),
                                                operations()[std::get<1>(row.param)].name);
                         });

/// The first contradiction that the matrix or the kills find with a bug switched on.
std::string contradiction(KnownBugs bugs) {
    int runs = 0;
    for (const Operation& operation : operations()) {
        for (bool act_is_done : {false, true}) {
            const std::string found = run_kills(operation, act_is_done, bugs);
            if (!found.empty()) {
                return found;
            }
        }
        const std::string found = run_matrix(operation, runs, bugs);
        if (!found.empty()) {
            return found;
        }
    }
    return "";
}

class KnownBugsTest : public OnBothLayers {};
INSTANTIATE_TEST_SUITE_P(Layers, KnownBugsTest, kBothLayers, kLayerName);

TEST_P(KnownBugsTest, TheMatrixFindsAMissingMarker) {
    EXPECT_NE(contradiction({.skip_marker = true}), "");
}
TEST_P(KnownBugsTest, TheMatrixFindsAFrameSentAgainWithoutAsking) {
    const bool standard = layer_under_test() == "standard";
    EXPECT_NE(contradiction({.resend_without_enq = standard, .renumber_unanswered = !standard}),
              "");
}
TEST(KnownBugs, TheMatrixFindsAStaleAnswerAcceptedOnTheStandardLayer) {
    EXPECT_NE(contradiction({.accept_stale_answer = true}), "");
}
TEST_P(KnownBugsTest, TheMatrixFindsATimeoutTakenForAFailure) {
    EXPECT_NE(contradiction({.timeout_is_failure = true}), "");
}

}  // namespace
}  // namespace tillhost::drivers::shtrih
