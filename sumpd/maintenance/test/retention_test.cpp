// Claim: what is over is forgotten, nothing that is not over ever is, and a document that was
// forgotten is still a duplicate. Shown by single cases, and by random days with kills against the
// ledgers of phones and of a played accounting system.
#include "sumpd/maintenance/retention.h"

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "sumpd/maintenance/test/data.h"

namespace tillhost::sumpd::maintenance {
namespace {

using exchange::DocumentState;
using exchange::PutStatus;

void forget_all(World& world) {
    ASSERT_TRUE(note_visible(world.transactions(), world.clock().unix_ms()));
    for (const Grade grade : kGrades) {
        for (std::int64_t rows = kSliceRows; rows == kSliceRows;) {
            const auto gone =
                forget_slice(world.transactions(), grade, {}, world.clock().unix_ms());
            ASSERT_TRUE(gone) << gone.error().message;
            rows = *gone;
        }
    }
}

class RetentionTest : public testing::Test {
protected:
    World world_;
};

TEST_F(RetentionTest, ADocumentThatIsForgottenIsStillADuplicate) {
    const auto first = put(world_, 1, 1);
    exchange_all(world_);
    put(world_, 2, 2);
    world_.clock().advance_ms(89 * kDay);
    forget_all(world_);
    EXPECT_EQ(world_.number("SELECT count(*) FROM document"), 2);
    world_.clock().advance_ms(2 * kDay);
    forget_all(world_);
    EXPECT_EQ(world_.number("SELECT count(*) FROM document"), 1);  // 2 was never sent
    EXPECT_EQ(world_.number("SELECT count(*) FROM out_message"), 0);
    EXPECT_EQ(state_of(world_, 1), DocumentState::accepted);
    EXPECT_EQ(state_of(world_, 2), DocumentState::stored);
    const auto again = put(world_, 1, 1);
    EXPECT_EQ(again.status, PutStatus::duplicate);
    EXPECT_EQ(again.received_at, first.received_at);
    EXPECT_EQ(put(world_, document(1, 1, "other")).status, PutStatus::conflict);
    EXPECT_EQ(put(world_, 3, 1).status, PutStatus::conflict);  // the number is the first one's
    EXPECT_EQ(world_.number("SELECT count(*) FROM document"), 1);
}

TEST_F(RetentionTest, WhyItWasRejectedIsKeptAndACorrectionTakesItsPlace) {
    put(world_, 1, 1);
    exchange_all(world_, {1});
    world_.clock().advance_ms(91 * kDay);
    forget_all(world_);
    EXPECT_EQ(world_.number("SELECT count(*) FROM document"), 0);
    const auto again = put(world_, 1, 1);
    EXPECT_EQ(again.status, PutStatus::rejected);
    EXPECT_EQ(again.error, "no such good");
    auto corrected = document(2, 2);
    corrected.supersedes = uuid_of(1);
    EXPECT_EQ(put(world_, corrected).status, PutStatus::stored);
    EXPECT_EQ(world_.number("SELECT state FROM document_known"), 6);
}

TEST_F(RetentionTest, WhatTheAccountingSystemHasNotAcknowledgedStays) {
    put(world_, 1, 1);
    ASSERT_TRUE(world_.exchange().configure(kNode));
    ASSERT_TRUE(world_.exchange().prepare(store::prepare_request()));  // frozen, not acknowledged
    put(world_, 2, 2);
    world_.clock().advance_ms(3650 * kDay);
    forget_all(world_);
    EXPECT_EQ(state_of(world_, 1), DocumentState::sent);
    EXPECT_EQ(state_of(world_, 2), DocumentState::stored);
    EXPECT_EQ(world_.number("SELECT count(*) FROM document"), 2);
    EXPECT_EQ(world_.number("SELECT count(*) FROM out_message"), 1);
}

TEST_F(RetentionTest, AnAppThatMissedADeletionReadsAllAgain) {
    ASSERT_TRUE(world_.exchange().configure(kNode));
    store::send(world_.exchange(), {.objects = {goods("1", "Milk"), goods("2", "Bread")}});
    std::string before;
    EXPECT_EQ(ids_seen(world_, before).size(), 2U);
    store::send(world_.exchange(), {.no = 2, .objects = {store::gone(goods("1", "Milk"))}});
    std::string behind;
    ids_seen(world_, behind);
    forget_all(world_);
    EXPECT_EQ(world_.number("SELECT count(*) FROM object WHERE deleted = 1"), 1);
    world_.clock().advance_ms(91 * kDay);
    forget_all(world_);
    EXPECT_EQ(world_.number("SELECT count(*) FROM object WHERE deleted = 1"), 0);
    store::send(world_.exchange(), {.no = 3, .objects = {goods("3", "Salt")}});
    const auto late = world_.changes().get(device(1), {.cursor = before, .max_bytes = 50'000});
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code, exchange::FaultCode::resync_required);
    const auto told = world_.changes().get(device(1), {.cursor = behind, .max_bytes = 50'000});
    ASSERT_TRUE(told);
    EXPECT_EQ(told->objects.size(), 1U);
}

TEST_F(RetentionTest, AFirstReadingGoesThroughWhatLiesBelowForgottenDeletions) {
    ASSERT_TRUE(world_.exchange().configure(kNode));
    std::vector<exchange::Object> many;
    for (int i = 0; i < 300; ++i) {
        many.push_back(goods("g" + std::to_string(i), "Milk"));
    }
    store::send(world_.exchange(), {.objects = many});
    store::send(world_.exchange(), {.no = 2, .objects = {store::gone(many.front())}});
    forget_all(world_);
    world_.clock().advance_ms(91 * kDay);
    forget_all(world_);
    exchange::GetChanges request{.max_bytes = 4096};
    std::set<std::string> ids;
    std::size_t pages = 0;
    for (bool more = true; more; ++pages) {
        const auto page = world_.changes().get(device(1), request);
        ASSERT_TRUE(page) << page.error().message;
        for (const exchange::Object& object : page->objects) {
            ids.insert(object.id);
        }
        request.cursor = page->cursor;
        more = page->more;
    }
    EXPECT_GT(pages, 3U);
    EXPECT_EQ(ids.size(), 299U);
}

TEST_F(RetentionTest, CommandsWhoseEndIsNotKnownOrNotToldStay) {
    add_command(world_, "done", 3, true);
    add_command(world_, "untold", 3, false);
    add_command(world_, "unknown", 5, true);
    world_.clock().advance_ms(91 * kDay);
    add_command(world_, "young", 4, true);
    forget_all(world_);
    EXPECT_EQ(world_.number("SELECT count(*) FROM device_command"), 3);
    EXPECT_EQ(world_.number("SELECT count(*) FROM device_command WHERE id = 'done'"), 0);
}

TEST_F(RetentionTest, ACommandThatIsForgottenLeavesTheTimeAndTheBook) {
    const std::int64_t made_ms = world_.clock().unix_ms();
    add_command(world_, command_id(made_ms), 3, true);
    run_sql(world_, "UPDATE device_command SET book = 77");
    forget_all(world_);
    EXPECT_EQ(fence_of(world_).before_ms, 0);
    world_.clock().advance_ms(91 * kDay);
    add_command(world_, command_id(world_.clock().unix_ms()), 3, true);
    forget_all(world_);
    EXPECT_EQ(fence_of(world_).before_ms, made_ms + 1);
    EXPECT_EQ(fence_of(world_).book, 77);
}

TEST_F(RetentionTest, ResolvedConflictsAndPartsOfNoMessageGo) {
    put(world_, 1, 1);
    put(world_, document(1, 1, "other"));
    put(world_, document(1, 1, "third"));
    run_sql(world_, "UPDATE document_quarantine SET resolved_by = 'anna' WHERE rowid = 1");
    store::put_parts(world_.exchange(), {.objects = {goods("1", "Milk")}});
    world_.clock().advance_ms(91 * kDay);
    forget_all(world_);
    EXPECT_EQ(world_.number("SELECT count(*) FROM document_quarantine"), 1);
    EXPECT_EQ(*world_.exchange().forget_abandoned(world_.clock().unix_ms() - 7 * kDay), 1);
    EXPECT_EQ(world_.files("in"), 0U);
    EXPECT_EQ(world_.number("SELECT count(*) FROM in_part"), 0);
}

/// Days of a shop: phones that lose answers, an accounting system that takes its time, kills.
class Days {
public:
    explicit Days(unsigned seed) : random_(seed) {
        EXPECT_TRUE(world_.exchange().configure(kNode));
    }
    void step() {
        switch (random_() % 6) {
            case 0:
            case 1: sell(); break;
            case 2: say_again(); break;
            case 3: take(); break;
            case 4:
                world_.clock().advance_ms(static_cast<std::int64_t>(random_() % 60) * kDay);
                forget_some();
                break;
            case 5: world_.crash(); break;
        }
    }
    void check() {
        for (const auto& [number, seq] : sold_) {
            const auto again = put(world_, number, seq);
            ASSERT_EQ(again.status, PutStatus::duplicate) << number;
            const bool kept = world_.number("SELECT count(*) FROM document WHERE doc_id = '" +
                                            uuid_of(number).text + "'") == 1;
            ASSERT_TRUE(kept || booked_.count(uuid_of(number).text) == 1) << number << " is lost";
        }
        forgotten_ = world_.number("SELECT count(*) FROM document_known");
    }
    std::int64_t forgotten() const { return forgotten_; }

private:
    void sell() {
        ++last_;
        ASSERT_EQ(put(world_, last_, static_cast<std::int64_t>(last_)).status, PutStatus::stored);
        sold_[last_] = static_cast<std::int64_t>(last_);
    }
    void say_again() {
        if (last_ > 0) {
            const std::uint64_t number = 1 + random_() % last_;
            ASSERT_EQ(put(world_, number, sold_.at(number)).status, PutStatus::duplicate);
        }
    }
    void take() {
        const auto prepared = world_.exchange().prepare(store::prepare_request(applied_));
        ASSERT_TRUE(prepared);
        if (prepared->empty || random_() % 4 == 0) {
            return;  // its answer was lost
        }
        for (const std::string& id :
             store::doc_ids_in(store::fetch(world_.exchange(), *prepared))) {
            ASSERT_TRUE(booked_.insert(id).second || prepared->message_no <= applied_)
                << id << " came twice";
        }
        applied_ = std::max(applied_, prepared->message_no);
    }
    void forget_some() {
        ASSERT_TRUE(note_visible(world_.transactions(), world_.clock().unix_ms()));
        for (const Grade grade : kGrades) {
            ASSERT_TRUE(forget_slice(world_.transactions(), grade, {}, world_.clock().unix_ms()));
            if (random_() % 8 == 0) {
                world_.crash();
            }
        }
    }

    std::mt19937 random_;
    World world_;
    std::uint64_t last_ = 0;
    std::map<std::uint64_t, std::int64_t> sold_{};
    std::set<std::string> booked_{};
    std::int64_t applied_ = 0;
    std::int64_t forgotten_ = 0;
};

TEST(RetentionDays, LoseNothingAndDoubleNothing) {
    std::int64_t forgotten = 0;
    for (unsigned seed = 1; seed <= 12 && !testing::Test::HasFatalFailure(); ++seed) {
        SCOPED_TRACE(seed);
        Days days(seed);
        for (int i = 0; i < 120 && !testing::Test::HasFatalFailure(); ++i) {
            days.step();
        }
        days.check();
        forgotten += days.forgotten();
    }
    EXPECT_GT(forgotten, 50);  // or the runs say nothing
}

}  // namespace
}  // namespace tillhost::sumpd::maintenance
