// Claim: in training mode no money command, report, copy or writing reaches the registrar, while
// documents are checked and come out as marked text.
// Shown with a registrar that fails the test when a forbidden method is called.
#include "hal/device/training.h"

#include <gtest/gtest.h>

#include <utility>

namespace tillhost::device {
namespace {

using base::Done;
using base::ErrorCode;
using base::Result;
using contract::FiscalResult;

/// Says what was printed, and fails on everything that training must not do.
class Watched final : public FiscalRegistrar {
public:
    explicit Watched(std::vector<std::string>& paper) : paper_(paper) {}

    Result<Opened> open(const std::optional<contract::Pending>&, Gate&, os::Deadline) override {
        Opened opened;
        opened.identity.serial = "77";
        contract::FiscalStatus status;
        status.shift_open = true;  // the real one
        opened.status = status;
        return opened;
    }
    Result<FiscalResult> sell(const contract::Receipt&, Gate&, os::Deadline) override {
        return forbidden("sell");
    }
    Result<FiscalResult> correct(const contract::Correction&, Gate&, os::Deadline) override {
        return forbidden("correct");
    }
    Result<FiscalResult> open_shift(const contract::OpenShift&, Gate&, os::Deadline) override {
        return forbidden("open_shift");
    }
    Result<FiscalResult> close_shift(const contract::CloseShift&, Gate&, os::Deadline) override {
        return forbidden("close_shift");
    }
    Result<FiscalResult> cash_in(const contract::CashIn&, Gate&, os::Deadline) override {
        return forbidden("cash_in");
    }
    Result<FiscalResult> cash_out(const contract::CashOut&, Gate&, os::Deadline) override {
        return forbidden("cash_out");
    }
    Done x_report(os::Deadline) override { return forbidden("x_report"); }
    Done print_copy(os::Deadline) override { return forbidden("print_copy"); }
    Done set_clock(const contract::SetClock&, os::Deadline) override {
        return forbidden("set_clock");
    }
    Done set_layout(const contract::SetLayout&, os::Deadline) override {
        return forbidden("set_layout");
    }
    Done write_table(const contract::WriteTable&, os::Deadline) override {
        return forbidden("write_table");
    }
    Result<contract::MarkingCheck> check_marking(const contract::MarkingQuery&,
                                                 os::Deadline) override {
        return forbidden("check_marking");
    }
    Done print_text(const contract::PrintText& command, os::Deadline) override {
        EXPECT_LE(command.lines.size(), 100U) << "the bound of print_text";
        paper_.insert(paper_.end(), command.lines.begin(), command.lines.end());
        return {};
    }
    Done cut_paper(const contract::CutPaper&, os::Deadline) override { return {}; }
    Done open_drawer(os::Deadline) override { return {}; }
    Result<contract::Resolution> resolve(const contract::Pending&, Gate&, os::Deadline) override {
        contract::Resolution resolution;
        resolution.reason = "the real one";
        return resolution;
    }
    Result<contract::FiscalStatus> status(os::Deadline) override {
        contract::FiscalStatus status;
        status.shift_open = true;
        return status;
    }

private:
    static base::Error forbidden(const char* what) {
        ADD_FAILURE() << what << " reached the registrar";
        return base::make_error(ErrorCode::internal, what);
    }
    std::vector<std::string>& paper_;
};

class NoBook final : public Gate {
public:
    Done persist(const contract::Record&) override {
        ADD_FAILURE() << "nothing of training is a money operation";
        return {};
    }
    void announce(std::string_view, os::Deadline) override {}
};

struct School {
    std::vector<std::string> paper;
    NoBook book;
    std::unique_ptr<Driver> driver =
        make_driver(make_training(std::make_unique<Watched>(paper), {}));

    Result<FiscalResult> execute(const contract::Command& command) {
        auto done = driver->execute(command, book, {});
        if (!done) {
            return std::move(done).error();
        }
        return std::get<FiscalResult>(*done);
    }
    bool shift_open() {
        return std::get<contract::FiscalStatus>(*driver->query(contract::StatusQuery{}, {}))
            .shift_open;
    }
};

contract::Receipt receipt_of(std::size_t lines) {
    contract::Receipt receipt;
    receipt.kind = contract::ReceiptKind::sale;
    contract::ReceiptLine line;
    line.name = "milk";
    line.price_minor = 4990;
    line.quantity_units = 1;
    line.vat = contract::Vat::standard;
    receipt.lines.assign(lines, line);
    receipt.payments = {{contract::PaymentKind::cash, 5000 * static_cast<std::int64_t>(lines)}};
    return receipt;
}

contract::Correction correction_of(contract::Receipt receipt) {
    contract::Correction correction;
    correction.receipt = std::move(receipt);
    correction.basis = contract::CorrectionBasis::own_initiative;
    correction.basis_date = "2024-05-08";
    return correction;
}

TEST(Training, NoCommandReachesTheRegistrarAsMoneyAndEachIsMarked) {
    School school;
    ASSERT_TRUE(school.driver->open({}, school.book, {}));
    const std::vector<contract::Command> all{
        contract::OpenShift{},        contract::CashIn{100, "RUB"},  receipt_of(1),
        correction_of(receipt_of(1)), contract::CashOut{100, "RUB"}, contract::XReport{},
        contract::CloseShift{}};
    for (const contract::Command& command : all) {
        school.paper.clear();
        const auto done = school.execute(command);
        ASSERT_TRUE(done) << base::to_text(done.error());
        EXPECT_FALSE(done->registered);
        EXPECT_EQ(done->fiscal_document_number, 0);
        ASSERT_GE(school.paper.size(), 3U);
        EXPECT_EQ(school.paper.front(), TrainingWords{}.mark);
        EXPECT_EQ(school.paper.back(), TrainingWords{}.mark);
    }
    for (const contract::Command& command :
         {contract::Command(contract::PrintCopy{}), contract::Command(contract::SetClock{}),
          contract::Command(contract::SetLayout{}), contract::Command(contract::WriteTable{})}) {
        EXPECT_EQ(school.execute(command).error().code, ErrorCode::not_supported);
    }
    contract::MarkingQuery query;
    const auto check = school.driver->query(query, {});
    ASSERT_TRUE(check);
    EXPECT_EQ(std::get<contract::MarkingCheck>(*check).result.outcome,
              contract::MarkingOutcome::not_checked);
}

TEST(Training, AReceiptTellsItsTotalsAndThatItIsTraining) {
    School school;
    ASSERT_TRUE(school.driver->open({}, school.book, {}));
    ASSERT_TRUE(school.execute(contract::OpenShift{}));
    contract::Receipt receipt = receipt_of(1);
    receipt.lines[0].marking = contract::Marking{};
    const auto sold = school.execute(receipt);
    ASSERT_TRUE(sold);
    EXPECT_TRUE(sold->training);
    EXPECT_EQ(sold->total_minor, 4990);
    EXPECT_EQ(sold->change_minor, 10);
    EXPECT_EQ(sold->serial, "77");
    ASSERT_EQ(sold->markings.size(), 1U);
    EXPECT_EQ(sold->markings[0].outcome, contract::MarkingOutcome::not_checked);
    EXPECT_EQ(school.execute(receipt_of(1))->receipt_number, 2);
}

TEST(Training, TheShiftIsTheModesOwnAndRulesHold) {
    School school;
    const auto opened = school.driver->open({}, school.book, {});
    const auto& status = std::get<contract::FiscalStatus>(opened->status);
    EXPECT_TRUE(status.training);
    EXPECT_FALSE(status.shift_open) << "whatever the real one is";
    EXPECT_EQ(school.execute(receipt_of(1)).error().code, ErrorCode::shift_not_open);
    EXPECT_EQ(school.execute(contract::CloseShift{}).error().code, ErrorCode::shift_not_open);
    ASSERT_TRUE(school.execute(contract::OpenShift{}));
    EXPECT_TRUE(school.shift_open());
    EXPECT_EQ(school.execute(contract::OpenShift{}).error().code, ErrorCode::shift_already_open);
    contract::Receipt unpaid = receipt_of(1);
    unpaid.payments[0].amount_minor = 1;
    EXPECT_EQ(school.execute(unpaid).error().code, ErrorCode::payment_below_total);
}

TEST(Training, ALongReceiptIsMarkedOnEveryPiece) {
    School school;
    ASSERT_TRUE(school.driver->open({}, school.book, {}));
    ASSERT_TRUE(school.execute(contract::OpenShift{}));
    school.paper.clear();
    ASSERT_TRUE(school.execute(receipt_of(1000)));
    EXPECT_GT(school.paper.size(), 2000U);
    const auto marks = std::count(school.paper.begin(), school.paper.end(), TrainingWords{}.mark);
    EXPECT_EQ(marks, 2 * ((2000 + 3 + 97) / 98));
}

TEST(Training, WhatWasBegunForRealIsResolvedForReal) {
    School school;
    const auto resolved = school.driver->resolve({}, school.book, {});
    ASSERT_TRUE(resolved);
    EXPECT_EQ(resolved->reason, "the real one");
}

}  // namespace
}  // namespace tillhost::device
