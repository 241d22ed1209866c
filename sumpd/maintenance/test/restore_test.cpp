// Claim: a restored server gives no number twice, begins nothing of the copy again, sends again
// what it cannot know to be booked, and keeps what was there before. Shown by copies of a store
// that went on, put back beside what it did since.
#include <filesystem>
#include <fstream>

#include "hal/database/database.h"
#include "sumpd/maintenance/backup.h"
#include "sumpd/maintenance/test/data.h"
#include "sumpd/store/tables.h"

namespace tillhost::sumpd::maintenance {
namespace {

using exchange::DocumentState;
using exchange::FaultCode;
using exchange::PutStatus;

class RestoreTest : public testing::Test {
protected:
    RestoreTest() { EXPECT_TRUE(world_.exchange().configure(kNode)); }

    std::string copy() {
        const std::string path = world_.folder() + "/copy" + std::to_string(++copies_) + ".db";
        const auto taken = take_backup(world_.folder(), path, world_.clock().unix_ms(),
                                       [](std::int64_t, std::int64_t) { return true; });
        EXPECT_TRUE(taken) << taken.error().detail;
        return path;
    }
    RestoreReport put_back(const std::string& path) {
        world_.close();
        const auto report = restore(path, world_.folder(), world_.clock(), world_.logger());
        EXPECT_TRUE(report) << report.error().detail;
        world_.open();
        return report.value_or(RestoreReport{});
    }
    FaultCode code_of_part(const exchange::Uuid& message) {
        const auto part = world_.exchange().part({message, 1});
        EXPECT_FALSE(part);
        return part ? FaultCode::internal : part.error().code;
    }
    World world_;
    int copies_ = 0;
};

TEST_F(RestoreTest, NumbersOfMessagesAreNeverGivenTwice) {
    put(world_, 1, 1);
    exchange_all(world_);
    const std::string path = copy();
    put(world_, 2, 2);
    exchange_all(world_);
    put(world_, 3, 3);
    ASSERT_EQ(world_.exchange().prepare(store::prepare_request(2))->message_no, 3);
    world_.clock().advance_ms(3'600'000);
    const auto report = put_back(path);
    EXPECT_GT(report.sent_no, 3);
    // The accounting system has applied 3: its acknowledgement is nothing strange.
    put(world_, 4, 4);
    const auto prepared = world_.exchange().prepare(store::prepare_request(3));
    ASSERT_TRUE(prepared) << prepared.error().message;
    EXPECT_EQ(prepared->message_no, report.sent_no + 1);
    // The same copy once more, on another day: again beyond what was given since.
    world_.clock().advance_ms(1000);
    const auto again = put_back(path);
    EXPECT_GT(again.sent_no, report.sent_no);
}

TEST_F(RestoreTest, TheSameCopyWithoutTheFormerDataLeapsFurther) {
    const std::string path = copy();
    const std::string empty = world_.folder() + "/new";
    std::filesystem::create_directory(empty);
    world_.clock().advance_ms(1000);
    const auto one = MUST(restore(path, empty, world_.clock(), world_.logger()));
    EXPECT_TRUE(one.former.empty());
    std::filesystem::remove_all(empty);
    std::filesystem::create_directory(empty);
    world_.clock().advance_ms(60'000);
    const auto other = MUST(restore(path, empty, world_.clock(), world_.logger()));
    EXPECT_EQ(other.sent_no, one.sent_no + 60);  // one a second may have been given
}

TEST_F(RestoreTest, DocumentsOfTheFrozenMessageGoAgainAndLaterOnesAreUnknown) {
    put(world_, 1, 1);
    put(world_, 2, 2);
    exchange_all(world_);
    put(world_, 3, 3);
    const auto frozen = world_.exchange().prepare(store::prepare_request(1));
    ASSERT_TRUE(frozen);
    const std::string path = copy();
    exchange_all(world_);  // 3 is booked
    put(world_, 4, 4);
    const auto report = put_back(path);
    EXPECT_EQ(report.documents_again, 1);
    EXPECT_EQ(state_of(world_, 1), DocumentState::accepted);
    EXPECT_EQ(state_of(world_, 3), DocumentState::stored);
    EXPECT_EQ(state_of(world_, 4), DocumentState::unknown);
    EXPECT_EQ(code_of_part(frozen->message_id), FaultCode::not_found);
    // The app goes on, and is told what is missing.
    const auto next = world_.documents().put(device(1), {{document(5, 5)}});
    ASSERT_TRUE(next);
    EXPECT_EQ(next->missing_seq, (std::vector<exchange::SeqRange>{{4, 4}}));
    EXPECT_EQ(put(world_, 4, 4).status, PutStatus::stored);
    const auto prepared = world_.exchange().prepare(store::prepare_request(2));
    ASSERT_TRUE(prepared);
    EXPECT_EQ(store::doc_ids_in(store::fetch(world_.exchange(), *prepared)),
              (std::vector<std::string>{uuid_of(3).text, uuid_of(5).text, uuid_of(4).text}));
}

TEST_F(RestoreTest, NoCommandOfTheCopyIsBegunAgain) {
    for (const int stage : {1, 2, 3, 5, 6}) {
        add_command(world_, "c" + std::to_string(stage), stage, false);
    }
    EXPECT_EQ(put_back(copy()).commands_asked, 3);
    EXPECT_EQ(world_.number("SELECT count(*) FROM device_command WHERE stage = 5"
                            " AND start_before_ms = 1"),
              3);
    EXPECT_EQ(world_.number("SELECT stage FROM device_command WHERE id = 'c3'"), 3);
    // Whoever decided about it behind the copy may have had it made anew.
    EXPECT_EQ(world_.number("SELECT start_before_ms FROM device_command WHERE id = 'c6'"), 1);
    EXPECT_EQ(world_.number("SELECT stage FROM device_command WHERE id = 'c6'"), 6);
}

TEST_F(RestoreTest, CommandsAreAskedOfTheBookThatTheyWereHandedTo) {
    const std::string old = command_id(world_.clock().unix_ms());
    const std::string queued = command_id(world_.clock().unix_ms() + 1);
    const auto book_of = [&](const std::string& id) {
        return world_.number("SELECT book FROM device_command WHERE id = '" + id + "'");
    };
    add_command(world_, queued, 1, false);
    const std::string without = copy();
    add_command(world_, old, 3, true);
    run_sql(world_, "UPDATE device_command SET book = 77 WHERE stage = 3");
    put_back(copy());
    EXPECT_EQ(book_of(queued), 77);
    EXPECT_EQ(fence_of(world_).book, 77);
    EXPECT_EQ(fence_of(world_).before_ms, world_.clock().unix_ms() + store::kCommandLeadMs);
    put_back(without);  // which says of no book
    EXPECT_EQ(book_of(queued), store::kNoBook);
    EXPECT_EQ(fence_of(world_).book, store::kNoBook);
}

TEST_F(RestoreTest, WhatCameAndWasNotAppliedComesAgain) {
    const auto commit = store::put_parts(world_.exchange(), {.objects = {goods("1", "Milk")}});
    const std::string path = copy();
    put_back(path);
    EXPECT_EQ(world_.number("SELECT count(*) FROM in_part"), 0);
    EXPECT_EQ(world_.files("in"), 0U);
    EXPECT_FALSE(world_.exchange().commit(commit));
    EXPECT_EQ(world_.number("SELECT count(*) FROM meta WHERE name = 'needs_full'"), 1);
    store::send(world_.exchange(), {.objects = {goods("1", "Milk")}});
    EXPECT_EQ(world_.number("SELECT count(*) FROM meta WHERE name = 'needs_full'"), 1);
    store::send(world_.exchange(), {.no = 2, .objects = {goods("1", "Milk")}, .full = true});
    EXPECT_EQ(world_.number("SELECT count(*) FROM meta WHERE name = 'needs_full'"), 0);
}

TEST_F(RestoreTest, AppsReadAllAgainAndPeopleLogInAgain) {
    store::send(world_.exchange(), {.objects = {goods("1", "Milk")}});
    run_sql(world_,
            "INSERT INTO session (hash, device_id, user_id, store_id, created_s,"
            " seen_s) VALUES ('h', 'd', 'u', '', 1, 1)");
    std::string cursor;
    ids_seen(world_, cursor);
    put_back(copy());
    EXPECT_EQ(world_.number("SELECT count(*) FROM session"), 0);
    const auto asked = world_.changes().get(device(1), {.cursor = cursor, .max_bytes = 50'000});
    ASSERT_FALSE(asked);
    EXPECT_EQ(asked.error().code, FaultCode::resync_required);
    EXPECT_EQ(ids_seen(world_, cursor).size(), 1U);
    const auto told = world_.store().audit().page(0, 1);
    EXPECT_EQ(told->at(0).act.action, "data.restore");
    EXPECT_EQ(world_.store().audit().verify()->first_wrong, 0);
}

TEST_F(RestoreTest, TheFormerDataAndTheKeysAreKept) {
    std::ofstream(world_.folder() + "/api.key") << "the key of the copy";
    const std::string path = copy();
    put(world_, 1, 1);
    exchange_all(world_);
    put(world_, 2, 2);
    ASSERT_TRUE(world_.exchange().prepare(store::prepare_request(1)));
    std::ofstream(world_.folder() + "/api.key") << "a newer one";
    const auto report = put_back(path);
    EXPECT_EQ(world_.number("SELECT count(*) FROM document"), 0);
    std::ifstream key(world_.folder() + "/api.key");
    EXPECT_EQ(std::string(std::istreambuf_iterator<char>(key), {}), "the key of the copy");
    EXPECT_EQ(world_.number("SELECT count(*) FROM sqlite_master WHERE name = 'kept_file'"), 0);
    // Put back where it was, the former one goes on: with its frozen message.
    world_.close();
    for (const char* name : {"/sumpd.db-wal", "/sumpd.db-shm"}) {
        std::filesystem::remove(world_.folder() + name);
    }
    std::filesystem::rename(report.former + "/sumpd.db", world_.folder() + "/sumpd.db");
    std::filesystem::copy(report.former + "/out", world_.folder() + "/out",
                          std::filesystem::copy_options::overwrite_existing |
                              std::filesystem::copy_options::recursive);
    world_.open();
    const auto prepared = world_.exchange().prepare(store::prepare_request(1));
    ASSERT_TRUE(prepared);
    EXPECT_EQ(store::doc_ids_in(store::fetch(world_.exchange(), *prepared)),
              (std::vector<std::string>{uuid_of(2).text}));
}

TEST_F(RestoreTest, WhatIsDamagedOrOfTheFutureIsRefusedAndNothingChanges) {
    put(world_, 1, 1);
    const std::string path = copy();
    world_.close();
    std::ofstream(world_.folder() + "/garbage.db") << std::string(9000, 'g');
    const auto try_it = [this](const std::string& name) {
        return restore(name, world_.folder(), world_.clock(), world_.logger());
    };
    EXPECT_FALSE(try_it(world_.folder() + "/garbage.db"));
    EXPECT_EQ(try_it("/nowhere.db").error().code, base::ErrorCode::config_invalid);
    {
        // Amid the tables: the first page alone would not show it.
        std::fstream damage(path, std::ios::in | std::ios::out | std::ios::binary);
        damage.seekp(4096 * 3);
        damage << std::string(4096, '\xff');
    }
    EXPECT_FALSE(try_it(path));
    world_.open();
    const std::string good = copy();
    world_.close();
    world_.clock().advance_ms(-kDay);
    const auto early = try_it(good);
    ASSERT_FALSE(early);
    EXPECT_EQ(early.error().code, base::ErrorCode::config_invalid);
    world_.open();
    EXPECT_EQ(state_of(world_, 1), DocumentState::stored);
}

TEST_F(RestoreTest, TheDatabaseOfAServerThatWasKilledIsTakenWithItsLog) {
    put(world_, 1, 1);
    const std::string dead = world_.folder() + "/dead";
    std::filesystem::create_directory(dead);
    for (const char* name : {"/sumpd.db", "/sumpd.db-wal"}) {
        std::filesystem::copy_file(world_.folder() + name, dead + name);
    }
    put(world_, 2, 2);
    const auto report = put_back(dead + "/sumpd.db");
    EXPECT_EQ(report.taken_ms, 0);
    EXPECT_EQ(state_of(world_, 1), DocumentState::stored);
    EXPECT_EQ(state_of(world_, 2), DocumentState::unknown);
}

}  // namespace
}  // namespace tillhost::sumpd::maintenance
