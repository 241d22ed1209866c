// Claim: a command that sumpd has forgotten (its answer was lost, and behind it came retention, a
// purge or a copy that was put back) is not carried out again when its app repeats it, and never
// told as failed where it may have been carried out; nor is one begun about which a person may be
// deciding.
// Shown: devd is played with what its book says about known, forgotten and foreign ids; sumpd's
// book is a real database in a folder.
#include <gtest/gtest.h>

#include <filesystem>
#include <random>

#include "hal/os/fake/fake_clock.h"
#include "hal/os/fake/kept_log.h"
#include "sumpd/gateway/carrier.h"
#include "sumpd/gateway/test/played_devd.h"
#include "sumpd/store/command_fence.h"

namespace tillhost::sumpd::gateway {
namespace {

using store::Sql;

class ForgottenTest : public testing::Test {
protected:
    ForgottenTest() {
        folder_ = testing::TempDir() + "/forgotten";
        std::filesystem::remove_all(folder_);
        std::filesystem::create_directory(folder_);
        transactions_ = MUST(store::Transactions::open(folder_, clock_, logger_));
        book_.emplace(*transactions_);
        audit_.emplace(*transactions_, clock_);
        devd_.is_wild = false;
    }

    CommandRow row(const base::OperationId& id, const std::string& device = "kassa") {
        return {.id = id.to_text(),
                .app_device = "phone",
                .device_ref = device,
                .op = "cash_in",
                .payload = R"({"amount_minor": 100, "currency": "RUB"})",
                .sha256 = device,
                .start_before_ms = clock_.unix_ms() + 60'000};
    }
    base::OperationId new_id() { return client::make_operation_id(clock_); }

    void put(const CommandRow& row) { ASSERT_TRUE(book_->add(row, true).has_value()); }
    CommandRow kept(const base::OperationId& id) { return *book_->find(id.to_text(), "phone"); }

    /// A life of the gateway.
    void live(int turns = 5) {
        Carrier carrier({*book_, devd_, clock_, logger_});
        std::vector<CommandRow> rows = *book_->unfinished();
        for (CommandRow& each : rows) {
            carrier.add(std::move(each));
        }
        for (int i = 0; i < turns; ++i) {
            carrier.turn();
            clock_.advance(kLookRarely);
        }
    }
    /// Carried out, told and acknowledged.
    base::OperationId done_at(const std::string& device) {
        const base::OperationId id = new_id();
        devd_.stands_still = true;
        put(row(id, device));
        live(1);
        ++devd_.executed[id];
        devd_.operations.at(id).state = OperationState::done;
        live();
        EXPECT_EQ(kept(id).stage, Stage::done);
        EXPECT_TRUE(book_->told(id.to_text()).has_value());
        return id;
    }
    void change(const std::function<void(Sql&)>& body) {
        ASSERT_TRUE(transactions_
                        ->run<bool>([&](Sql& sql) -> exchange::Outcome<bool> {
                            body(sql);
                            return true;
                        })
                        .has_value());
    }
    void forget(const base::OperationId& id) {
        change([&](Sql& sql) { store::forget_command(sql, id.to_text(), clock_.unix_ms()); });
        EXPECT_FALSE(book_->find(id.to_text(), "phone").has_value());
    }
    /// The rows of a copy that was taken before anything of this came.
    void restore_empty() {
        change([&](Sql& sql) {
            sql.run("DELETE FROM device_command");
            store::fence_commands_of_copy(sql, clock_.unix_ms());
        });
    }

    std::mt19937_64 chance_{1};
    os::FakeClock clock_;
    os::KeptLog log_;
    os::Logger logger_{log_};
    std::string folder_;
    std::unique_ptr<store::Transactions> transactions_;
    std::optional<CommandBook> book_;
    std::optional<store::Audit> audit_;
    PlayedDevd devd_{chance_, clock_};
};

// Its first device was chosen by a rule, and the rule has changed since.
TEST_F(ForgottenTest, RepeatedForAnotherDeviceIsToldWhatBecameOfIt) {
    const auto id = done_at("kassa");
    forget(id);
    put(row(id, "other"));
    live();
    EXPECT_EQ(kept(id).stage, Stage::done) << kept(id).error;
    EXPECT_NE(kept(id).result.find("kassa"), std::string::npos);
    EXPECT_EQ(devd_.operations.size(), 1U);
}

TEST_F(ForgottenTest, ForgottenAtDevdAsWellIsNotToldAsFailed) {
    const auto id = done_at("kassa");
    forget(id);
    devd_.forget(id);
    put(row(id));
    live();
    EXPECT_EQ(kept(id).stage, Stage::orphaned) << kept(id).error;
    // One that was never here is of a phone whose clock is far behind: it certainly did not run.
    clock_.advance(std::chrono::hours(1));
    const auto fresh = new_id();
    devd_.forget(fresh);
    put(row(fresh));
    live();
    EXPECT_EQ(kept(fresh).stage, Stage::failed);
}

// The copy was taken while devd had its first book; the command came when it had the second, which
// is still at it.
TEST_F(ForgottenTest, FoundInTheBookThatAnswersThoughTheFenceNamesAnOlderOne) {
    done_at("kassa");
    devd_.lose_book();
    const auto id = new_id();
    devd_.put_in_book(id, clock_.unix_ms() + 60'000);
    change([&](Sql& sql) { store::fence_commands_of_copy(sql, clock_.unix_ms()); });
    put(row(id));
    devd_.stands_still = true;
    live();
    EXPECT_EQ(kept(id).stage, Stage::handed) << "a person could say that nothing was printed";
    ++devd_.executed[id];
    devd_.operations.at(id).state = OperationState::done;
    live();
    EXPECT_EQ(kept(id).stage, Stage::done) << kept(id).error;
    EXPECT_EQ(devd_.acknowledged.count(id), 1U);
}

TEST_F(ForgottenTest, ATombstoneOfTheBookThatAnswersSaysNothingOfAnOlderOne) {
    done_at("kassa");
    devd_.lose_book();
    const auto id = new_id();
    devd_.put_in_book(id, clock_.unix_ms() + 60'000);
    devd_.operations.at(id).state = OperationState::never_accepted;
    change([&](Sql& sql) { store::fence_commands_of_copy(sql, clock_.unix_ms()); });
    put(row(id));
    live();
    EXPECT_EQ(kept(id).stage, Stage::orphaned) << kept(id).error;
}

TEST_F(ForgottenTest, AnotherBookIsNotGivenWhatTheFormerOneMayHave) {
    const auto id = done_at("kassa");
    forget(id);
    devd_.lose_book();
    put(row(id));
    live();
    EXPECT_EQ(kept(id).stage, Stage::orphaned);
    EXPECT_TRUE(devd_.operations.empty()) << "it would be carried out again";
    // New ones are no matter of the past.
    clock_.advance(std::chrono::hours(1));
    const auto fresh = new_id();
    put(row(fresh));
    live(1);
    EXPECT_EQ(devd_.operations.count(fresh), 1U);
}

TEST_F(ForgottenTest, OfTwoBooksTheNewerOneIsNotGivenWhatTheFormerOneMayHave) {
    const auto former = done_at("kassa");
    devd_.lose_book();
    clock_.advance(std::chrono::minutes(1));
    const auto newer = done_at("kassa");
    forget(former);
    forget(newer);
    put(row(former));
    put(row(newer));
    live();
    EXPECT_EQ(kept(former).stage, Stage::orphaned);
    EXPECT_EQ(kept(newer).stage, Stage::done);
    EXPECT_EQ(devd_.operations.size(), 1U) << "it would be carried out again";
}

TEST_F(ForgottenTest, BehindACopyThatWasPutBack) {
    const auto known = done_at("kassa");
    const auto lost = done_at("kassa");
    change([&](Sql& sql) {
        sql.run("DELETE FROM device_command WHERE id = :a", {lost.to_text()});
        store::fence_commands_of_copy(sql, clock_.unix_ms());
    });
    EXPECT_EQ(kept(known).stage, Stage::done);
    put(row(lost));
    live();
    EXPECT_EQ(kept(lost).stage, Stage::done) << "devd knows it";
    EXPECT_EQ(devd_.operations.size(), 2U);
    // And the disk that was lost had devd's book on it, too.
    change(
        [&](Sql& sql) { sql.run("DELETE FROM device_command WHERE id = :a", {lost.to_text()}); });
    devd_.lose_book();
    put(row(lost));
    live();
    EXPECT_EQ(kept(lost).stage, Stage::orphaned);
    EXPECT_TRUE(devd_.operations.empty()) << "it would be carried out again";
}

TEST_F(ForgottenTest, WhichBookACopyWithoutCommandsCannotTell) {
    const auto lost = done_at("kassa");
    restore_empty();
    put(row(lost));
    live();
    EXPECT_EQ(kept(lost).stage, Stage::done) << "it is in the book that answers";
    change(
        [&](Sql& sql) { sql.run("DELETE FROM device_command WHERE id = :a", {lost.to_text()}); });
    devd_.lose_book();
    put(row(lost));
    live();
    EXPECT_EQ(kept(lost).stage, Stage::orphaned) << "a former book may have carried it out";
    clock_.advance(std::chrono::milliseconds(store::kCommandLeadMs));
    const auto fresh = new_id();
    put(row(fresh));
    live(1);
    EXPECT_EQ(devd_.operations.count(fresh), 1U);
}

TEST_F(ForgottenTest, QueuedInACopyIsAskedOfTheBookThatMayHaveIt) {
    done_at("kassa");
    const auto id = new_id();
    put(row(id));
    change([&](Sql& sql) {
        store::fence_commands_of_copy(sql, clock_.unix_ms());
        sql.run("UPDATE device_command SET stage = 5, start_before_ms = 1 WHERE stage = 1");
    });
    devd_.lose_book();
    live();
    EXPECT_EQ(kept(id).stage, Stage::orphaned) << "the former book may have carried it out";
}

TEST_F(ForgottenTest, AnIdOfAClockThatIsAheadHoldsNothingUp) {
    const auto ahead = base::OperationId::make(
        static_cast<std::uint64_t>(clock_.unix_ms()) + 3'600'000, {chance_(), chance_()});
    CommandRow refused = row(ahead);
    refused.stage = Stage::failed;
    put(refused);
    ASSERT_TRUE(book_->told(ahead.to_text()).has_value());
    forget(ahead);
    const auto fresh = new_id();
    put(row(fresh));
    EXPECT_EQ(kept(fresh).stage, Stage::queued);
}

// The former devd is back while a person says that nothing was printed.
TEST_F(ForgottenTest, WhatAPersonMayBeDecidingIsNotBegun) {
    const auto id = new_id();
    CommandRow lost_answer = row(id);
    lost_answer.stage = Stage::handed;
    lost_answer.book = 1;
    put(lost_answer);
    devd_.lose_book();
    Carrier carrier({*book_, devd_, clock_, logger_});
    carrier.add(lost_answer);
    carrier.turn();
    ASSERT_EQ(kept(id).stage, Stage::orphaned);
    ASSERT_TRUE(book_->decide({.id = id.to_text(), .is_done = false, .who = "anna"}, *audit_));
    devd_.bring_back(1);
    clock_.advance(kLookRarely);
    carrier.turn();  // the gateway's thread was at it before it was told
    devd_.move_all();
    devd_.move_all();
    EXPECT_EQ(devd_.executed[id], 0) << "it was told as failed";
    EXPECT_EQ(kept(id).stage, Stage::failed);
}

TEST_F(ForgottenTest, WhatDevdIsAtAgainIsNotAPersonsToDecide) {
    const auto id = new_id();
    devd_.stands_still = true;
    put(row(id));
    live(1);
    ASSERT_EQ(devd_.operations.at(id).state, OperationState::accepted);
    devd_.lose_book();
    live();
    ASSERT_EQ(kept(id).stage, Stage::orphaned);
    devd_.bring_back(1);
    live();
    EXPECT_EQ(kept(id).stage, Stage::handed);
    EXPECT_FALSE(book_->decide({.id = id.to_text(), .is_done = false, .who = "anna"}, *audit_));
}

/// An app that repeats each command until it is told its end, and what it was told.
class ForgottenDaysTest : public ForgottenTest {
protected:
    ForgottenDaysTest() { devd_.is_wild = true; }

    void new_command() {
        const std::int64_t skew = static_cast<std::int64_t>(chance_() % 480'000) - 240'000;
        open_.push_back(base::OperationId::make(static_cast<std::uint64_t>(clock_.unix_ms() + skew),
                                                {chance_(), chance_()}));
    }
    /// Of each that it waits for; now and then the answer is lost, also behind "told".
    void ask_all() {
        // What a copy has as untold it may ask for again.
        change([](Sql& sql) {
            sql.run(
                "UPDATE device_command SET told = 1 WHERE stage IN (3, 4) AND id IN"
                " (SELECT id FROM copied)");
        });
        for (std::size_t i = 0; i < open_.size();) {
            const std::string id = open_[i].to_text();
            const auto row_there = book_->find(id, "phone");
            if (!row_there) {
                put(row(open_[i], chance_() % 2 == 0 ? "kassa" : "other"));
            }
            const bool is_over = row_there && is_finished(row_there->stage);
            if (is_over) {
                EXPECT_TRUE(book_->told(id).has_value());
            }
            if (is_over && chance_() % 3 != 0) {
                told_[open_[i]].insert(row_there->stage);
                open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(i));
            } else {
                ++i;
            }
        }
    }
    void live_wild(int turns) {
        try {
            live(turns);
        } catch (const Killed&) {
        }
    }
    void forget_some() {
        change([&](Sql& sql) {
            for (const store::Row& each : sql.query("SELECT id FROM device_command", "t")) {
                if (chance_() % 2 == 0) {
                    store::forget_command(sql, store::text(each[0]), clock_.unix_ms());
                }
            }
        });
        const std::set<base::OperationId> acknowledged = devd_.acknowledged;
        for (const base::OperationId& id : acknowledged) {
            if (chance_() % 3 == 0) {
                devd_.forget(id);
            }
        }
    }
    void take_copy() {
        change([](Sql& sql) {
            sql.run("DROP TABLE IF EXISTS copied");
            sql.run("CREATE TABLE copied AS SELECT * FROM device_command");
        });
    }
    /// As sumpd --restore does.
    void restore_copy() {
        change([&](Sql& sql) {
            sql.run("DELETE FROM device_command");
            sql.run("INSERT INTO device_command SELECT * FROM copied");
            store::fence_commands_of_copy(sql, clock_.unix_ms());
            sql.run(
                "UPDATE device_command SET stage = 5, start_before_ms = 1"
                " WHERE stage IN (1, 2, 5)");
            sql.run("UPDATE device_command SET start_before_ms = 1 WHERE stage = 6");
        });
    }
    /// A person looks at the paper, and whether the devd that answers is at it still.
    void decide_all() {
        std::vector<CommandRow> rows = *book_->unfinished();
        for (const CommandRow& each : rows) {
            const auto id = MUST(base::OperationId::from_text(each.id));
            const auto there = devd_.operations.find(id);
            const bool is_open =
                there != devd_.operations.end() && !client::is_final(there->second.state);
            if (each.stage == Stage::orphaned && !is_open) {
                EXPECT_TRUE(book_->decide(
                    {.id = each.id, .is_done = devd_.executed[id] > 0, .who = "anna"}, *audit_));
            }
        }
        for (const base::OperationId& id : devd_.asked_of_person) {
            devd_.operations[id].state =
                devd_.executed[id] > 0 ? OperationState::done : OperationState::failed;
        }
        devd_.asked_of_person.clear();
    }
    void something_happens() {
        switch (chance_() % 10) {
            case 0: forget_some(); break;
            case 1: take_copy(); break;
            case 2: restore_copy(); break;
            case 3: devd_.lose_book(); break;
            case 4: devd_.take_copy(); break;
            case 5: devd_.restore_copy(); break;
            case 6: devd_.deliver_late(); break;
            case 7: decide_all(); break;
            case 8: clock_.advance(std::chrono::minutes(3)); break;
            default: break;
        }
    }

    std::vector<base::OperationId> open_;
    std::map<base::OperationId, std::set<Stage>> told_;
};

TEST_F(ForgottenDaysTest, NothingIsCarriedOutTwiceAndWhatIsToldIsTrue) {
    take_copy();
    std::size_t told = 0;
    for (std::uint64_t seed = 1; seed <= 100; ++seed) {
        chance_.seed(seed);
        for (int step = 0; step < 40; ++step) {
            if (chance_() % 3 == 0) {
                new_command();
            }
            ask_all();
            live_wild(static_cast<int>(chance_() % 4));
            something_happens();
        }
        for (int i = 0; i < 100 && !open_.empty(); ++i) {
            ask_all();
            live_wild(20);
            clock_.advance(std::chrono::minutes(1));
            devd_.move_all();
            decide_all();
        }
        EXPECT_TRUE(open_.empty()) << "seed " << seed;
        devd_.deliver_late();
        for (int i = 0; i < 50; ++i) {
            devd_.move_all();
        }
        for (const auto& [id, stages] : told_) {
            const int times = devd_.executed[id];
            EXPECT_LE(times, 1) << "seed " << seed << ' ' << id.to_text();
            EXPECT_EQ(stages, std::set<Stage>{times == 1 ? Stage::done : Stage::failed})
                << "seed " << seed << ' ' << id.to_text();
        }
        told += told_.size();
        told_.clear();
        open_.clear();
    }
    EXPECT_GT(told, 300U);
}

}  // namespace
}  // namespace tillhost::sumpd::gateway
