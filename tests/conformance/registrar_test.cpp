// Claim: a driver of class fiscal_registrar means what hal/device/fiscal_registrar.h says.
// Shown for every driver of the list over its simulator on virtual time; the device's own memory is
// compared with every word.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/conformance/world.h"

namespace tillhost::conformance {
namespace {

using namespace std::chrono_literals;
using base::Effect;
using base::ErrorCode;
using contract::Verdict;
using simulators::FiscalDocumentType;

class Registrar : public testing::TestWithParam<Subject> {
protected:
    World world_{GetParam()};

    std::size_t receipts() const { return world_.count(FiscalDocumentType::receipt); }
    /// A receipt that the device has and whose host died before it knew: at the first step at which
    /// that is so.
    contract::Pending doubt() {
        world_.begin_day();
        EXPECT_TRUE(world_.open());
        const contract::Receipt receipt = receipt_of(25'015);
        for (int nth = 1; nth < 200; ++nth) {
            World trial(GetParam());
            trial.begin_day();
            EXPECT_TRUE(trial.open());
            trial.book = {};
            trial.cable->kill_at(nth);
            try {
                const auto done = trial.execute(receipt);
                break;  // the whole sale has fewer steps
            } catch (const Killed&) {
            }
            trial.cable->run_for(5s);
            if (trial.book.marker && trial.count(FiscalDocumentType::receipt) == 1) {
                steps_to_doubt_ = nth;
                break;
            }
        }
        EXPECT_GT(steps_to_doubt_, 0);
        world_.book = {};
        world_.cable->kill_at(steps_to_doubt_);
        EXPECT_THROW(static_cast<void>(world_.execute(receipt)), Killed);
        world_.heal();
        world_.cable->run_for(5s);
        EXPECT_EQ(receipts(), 1U);
        return world_.book.pending(receipt);
    }
    int steps_to_doubt_ = 0;
};

TEST_P(Registrar, SaysWhoItIsAndHowItStands) {
    const auto opened = world_.open();
    ASSERT_TRUE(opened) << base::to_text(opened.error());
    EXPECT_FALSE(opened->resolution);
    const auto state = world_.device->state();
    EXPECT_EQ(opened->identity.serial, state.serial);
    EXPECT_FALSE(opened->identity.model.empty());
    const auto status = world_.status();
    ASSERT_TRUE(status) << base::to_text(status.error());
    EXPECT_EQ(status->identity.serial, state.serial);
    EXPECT_EQ(status->last_document_number, state.last_document_number);
    EXPECT_TRUE(status->paper_present);
}

TEST_P(Registrar, EachMoneyOperationMakesOneDocumentOrIsNotSupported) {
    for (const Operation& operation : operations()) {
        World world(GetParam());
        if (operation.type == FiscalDocumentType::shift_open) {
            ASSERT_TRUE(world.open());
        } else {
            world.begin_day();
        }
        const std::size_t before = world.count(operation.type);
        const std::size_t all = world.device->documents().size();
        const int writes = world.cable->writes();
        const auto done = world.execute(operation.command);
        if (!done) {
            EXPECT_EQ(done.error().code, ErrorCode::not_supported) << operation.name;
            EXPECT_EQ(done.error().effect, Effect::none);
            EXPECT_EQ(world.cable->writes(), writes) << operation.name << ": bytes were written";
            EXPECT_NE(operation.type, FiscalDocumentType::receipt) << "a registrar sells";
            continue;
        }
        EXPECT_EQ(world.count(operation.type), before + 1) << operation.name;
        EXPECT_EQ(world.device->documents().size(), all + 1) << operation.name;
        EXPECT_EQ(world.compare(*done, operation.type), "") << operation.name;
        EXPECT_TRUE(world.book.marker) << operation.name << ": no marker";
    }
}

TEST_P(Registrar, SalesFollowEachOther) {
    world_.begin_day();
    for (int i = 1; i <= 3; ++i) {
        const auto sold = world_.execute(receipt_of(100 * i));
        ASSERT_TRUE(sold) << base::to_text(sold.error());
        EXPECT_EQ(sold->total_minor, 100 * i);
        EXPECT_EQ(world_.compare(*sold, FiscalDocumentType::receipt), "");
    }
    EXPECT_EQ(receipts(), 3U);
}

TEST_P(Registrar, RefusesBadInputBeforeAByte) {
    world_.begin_day();
    contract::Receipt unpaid = receipt_of(100);
    unpaid.payments[0].amount_minor = 99;
    contract::Receipt empty = receipt_of(100);
    empty.lines.clear();
    contract::Receipt overpaid = receipt_of(100);
    overpaid.payments[0].kind = contract::PaymentKind::electronic;
    contract::Receipt discounted = receipt_of(100);
    discounted.discount_minor = 101;
    for (const contract::Receipt& bad : {unpaid, empty, overpaid, discounted}) {
        const int writes = world_.cable->writes();
        const auto done = world_.execute(bad);
        ASSERT_FALSE(done);
        EXPECT_EQ(done.error().effect, Effect::none);
        EXPECT_EQ(done.error().reaction, base::Reaction::reject) << base::to_text(done.error());
        EXPECT_FALSE(done.error().detail.empty());
        EXPECT_EQ(world_.cable->writes(), writes) << base::to_text(done.error());
        // The same is said when somebody asks before a card is charged for it.
        const auto checked = world_.would_take(bad);
        ASSERT_FALSE(checked);
        EXPECT_EQ(base::to_text(checked.error()), base::to_text(done.error()));
        EXPECT_EQ(world_.cable->writes(), writes) << base::to_text(checked.error());
    }
    const auto good = world_.would_take(receipt_of(100));
    ASSERT_TRUE(good) << base::to_text(good.error());
    EXPECT_TRUE(std::holds_alternative<contract::FiscalStatus>(*good));
    EXPECT_FALSE(world_.book.marker);
    EXPECT_EQ(receipts(), 0U);
}

TEST_P(Registrar, NothingIsRegisteredWhereTheMarkerIsRefused) {
    for (const Operation& operation : operations()) {
        World world(GetParam());
        if (!world.supports(operation)) {
            continue;
        }
        if (operation.type == FiscalDocumentType::shift_open) {
            ASSERT_TRUE(world.open());
        } else {
            world.begin_day();
        }
        const std::size_t before = world.device->documents().size();
        world.book.refuses = true;
        const auto done = world.execute(operation.command);
        ASSERT_FALSE(done) << operation.name;
        EXPECT_EQ(done.error().code, ErrorCode::storage_full) << operation.name;
        EXPECT_EQ(done.error().effect, Effect::none) << operation.name;
        world.cable->run_for(60s);
        EXPECT_EQ(world.device->documents().size(), before) << operation.name;
    }
}

TEST_P(Registrar, WithoutPaperItRefusesOrSaysNotPrinted) {
    world_.begin_day();
    world_.fault("paper_out");
    const auto done = world_.execute(receipt_of(100));
    if (done) {
        EXPECT_EQ(receipts(), 1U);
        EXPECT_NE(done->printed, contract::Printed::printed);
        return;
    }
    EXPECT_EQ(done.error().code, ErrorCode::paper_out);
    EXPECT_EQ(done.error().effect, Effect::none);
    EXPECT_EQ(receipts(), 0U);
    world_.fault("paper_in");
    const auto again = world_.execute(receipt_of(100));
    ASSERT_TRUE(again) << base::to_text(again.error());
    EXPECT_EQ(receipts(), 1U);
}

TEST_P(Registrar, ADoubtIsSettledOnOpeningAndResolveRepeatsIt) {
    const contract::Pending pending = doubt();
    const auto opened = world_.open(pending);
    ASSERT_TRUE(opened) << base::to_text(opened.error());
    ASSERT_TRUE(opened->resolution);
    EXPECT_EQ(opened->resolution->verdict, Verdict::executed) << opened->resolution->reason;
    const std::size_t documents = world_.device->documents().size();
    for (int i = 0; i < 3; ++i) {
        const auto word = world_.resolve(pending);
        ASSERT_TRUE(word) << base::to_text(word.error());
        EXPECT_EQ(word->verdict, Verdict::executed) << word->reason;
        ASSERT_TRUE(word->result);
        EXPECT_EQ(world_.compare(std::get<contract::FiscalResult>(*word->result),
                                 FiscalDocumentType::receipt),
                  "");
    }
    EXPECT_EQ(world_.device->documents().size(), documents) << "resolve changes nothing";
}

TEST_P(Registrar, AnotherDeviceGetsNoVerdictAndNoCleanUp) {
    const contract::Pending pending = doubt();
    world_.fault("swap_device", {{"serial", "7777777777777777"}});
    const std::size_t documents = world_.device->documents().size();
    const auto opened = world_.open(pending);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::wrong_device) << base::to_text(opened.error());
    EXPECT_EQ(world_.device->documents().size(), documents);
}

TEST_P(Registrar, AnotherSerialNumberThanTheConfiguredIsTheWrongDevice) {
    bool known = false;
    for (const device::Page& page : GetParam().driver->manifest->pages) {
        for (const device::Field& field : page.fields) {
            known = known || field.name == "serial";
        }
    }
    ASSERT_TRUE(known);
    const std::string own = world_.device->state().serial;
    World right(GetParam(), {{"serial", own}});
    EXPECT_TRUE(right.open());
    std::string other = own;
    other.back() = other.back() == '9' ? '8' : '9';
    World wrong(GetParam(), {{"serial", other}});
    const auto opened = wrong.open();
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::wrong_device);
}

INSTANTIATE_TEST_SUITE_P(Drivers, Registrar, testing::ValuesIn(subjects()),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace tillhost::conformance
