// Claim: a message from the accounting system is seen whole or not at all, whatever moment the
// process is killed at; passwords stay here; what is wrong in it is told. Shown by stopping the
// import behind each of its steps, and by reading between them.
#include "sumpd/store/import.h"

#include <map>

#include "sumpd/store/staging.h"
#include "sumpd/store/test/messages.h"

namespace tillhost::sumpd::store {
namespace {

using exchange::FaultCode;
using exchange::JobState;

using Objects = std::map<std::string, std::string>;  // kind/id/scope: body

/// All that a device of that store sees, read from the beginning.
Objects seen_by(Changes& changes, const std::string& store_id = "") {
    Objects objects;
    exchange::GetChanges request{.max_bytes = 1000};
    while (true) {
        const auto response = changes.get(device(1, store_id), request);
        EXPECT_TRUE(response) << response.error().message;
        if (!response) {
            return objects;
        }
        for (const exchange::Object& object : response->objects) {
            const std::string key = object.kind + "/" + object.id + "/" + object.scope.value_or("");
            objects.erase(key);
            if (!object.deleted) {
                objects[key] = exchange::to_json(object);
            }
        }
        if (!response->more) {
            return objects;
        }
        request.cursor = response->cursor;
    }
}

class ImportTest : public testing::Test {
protected:
    void SetUp() override { ASSERT_TRUE(world_.exchange().configure(kNode)); }
    exchange::GetJobResponse take(const ToSend& message) {
        return send(world_.exchange(), message);
    }
    Objects seen(const std::string& store_id = "") { return seen_by(world_.changes(), store_id); }
    World world_;
};

std::vector<exchange::Object> many(int count, const std::string& name) {
    std::vector<exchange::Object> objects;
    for (int i = 0; i < count; ++i) {
        objects.push_back(goods("g" + std::to_string(i), name));
    }
    return objects;
}

TEST_F(ImportTest, ChangesAreSeenAndWhatIsTheSameIsNotSentAgain) {
    EXPECT_EQ(take({.objects = {goods("1", "Milk"), goods("2", "Bread")}}).applied, 2);
    const std::int64_t newest = world_.changes().newest();
    const auto job = take({.no = 2, .objects = {goods("1", "Milk"), goods("2", "Brown bread")}});
    EXPECT_EQ(job.applied, 1);
    EXPECT_EQ(job.skipped, 1);
    EXPECT_EQ(world_.changes().newest(), newest + 1);
    EXPECT_EQ(seen()["Goods/2/"], exchange::to_json(goods("2", "Brown bread")));
    EXPECT_EQ(seen().size(), 2U);
}

TEST_F(ImportTest, AnObjectNamedTwiceIsAsItsLastMention) {
    take({.objects = {goods("1", "Milk"), goods("2", "Bread"), goods("3", "Tea")}});
    take({.no = 2,
          .objects = {goods("1", "A"), goods("1", "B"), gone(goods("2", "")), goods("2", "Bread"),
                      goods("3", "X"), gone(goods("3", "")), goods("4", "Y"),
                      gone(goods("4", ""))}});
    EXPECT_EQ(seen(), (Objects{{"Goods/1/", exchange::to_json(goods("1", "B"))},
                               {"Goods/2/", exchange::to_json(goods("2", "Bread"))}}));
}

TEST_F(ImportTest, AFullMessageDeletesWhatItDoesNotName) {
    take({.objects = {goods("1", "Milk"), goods("2", "Bread"), goods("2", "Here", "s1")}});
    take({.no = 2, .objects = {goods("1", "Milk"), goods("3", "Tea")}, .full = true});
    EXPECT_EQ(seen("s1"), (Objects{{"Goods/1/", exchange::to_json(goods("1", "Milk"))},
                                   {"Goods/3/", exchange::to_json(goods("3", "Tea"))}}));
    const std::int64_t newest = world_.changes().newest();
    take({.no = 3, .objects = {goods("1", "Milk"), goods("3", "Tea")}, .full = true});
    EXPECT_EQ(world_.changes().newest(), newest);
}

TEST_F(ImportTest, WhatIsWrongInAFullMessageIsNotDeleted) {
    take({.objects = {goods("1", "Milk"), goods("2", "Bread")}});
    exchange::Object wrong = goods("2", "Bread");
    wrong.kind = "Price";  // its body says Goods
    exchange::Object empty = goods("1", "Milk");
    empty.body.reset();
    const auto job = take({.no = 2, .objects = {empty, wrong}, .full = true});
    EXPECT_EQ(job.state, JobState::done);
    ASSERT_EQ(job.errors.size(), 2U);
    EXPECT_EQ(job.errors[0].code, FaultCode::schema_invalid);
    EXPECT_EQ(job.errors[0].id, "1");
    EXPECT_EQ(seen().size(), 1U);  // nobody named a good 2
    EXPECT_EQ(seen().count("Goods/1/"), 1U);
    const auto unnamed = take({.no = 3, .full = true, .garbage = "{\"object\":{}}\n"});
    EXPECT_EQ(unnamed.state, JobState::done);
    EXPECT_EQ(unnamed.errors.size(), 2U);
    EXPECT_EQ(seen().size(), 1U);
}

TEST_F(ImportTest, AMessageThatIsWrongAsAWholeChangesNothing) {
    take({.objects = {goods("1", "Milk")}});
    const Objects before = seen();
    ToSend cut{.no = 2, .objects = many(700, "x"), .full = true, .garbage = "{\"object\"\n"};
    EXPECT_EQ(take(cut).state, JobState::failed);
    EXPECT_EQ(seen(), before);
    EXPECT_EQ(world_.exchange().node()->received_no, 1);
    EXPECT_EQ(world_.number("SELECT count(*) FROM object"), 1);
    const auto again = world_.exchange().commit(put_parts(world_.exchange(), cut));
    ASSERT_TRUE(again);
    EXPECT_EQ(end_of(world_.exchange(), again->job_id).state, JobState::failed);
    EXPECT_TRUE(world_.exchange().cancel({cut.uuid()}));
    EXPECT_EQ(world_.files("in"), 0U);
    EXPECT_EQ(take({.no = 2, .objects = many(700, "x"), .id = 9}).applied, 700);
}

TEST_F(ImportTest, CommitAndMessageMustAgree) {
    auto commit = put_parts(world_.exchange(), {.no = 2, .objects = {goods("1", "Milk")}});
    auto number = commit;
    number.message_no = 3;
    auto full = commit;
    full.full = true;
    auto hash = commit;
    hash.sha256 = sha_of("other");
    for (const auto& one : {number, full, hash}) {
        const auto job = world_.exchange().commit(one);
        ASSERT_TRUE(job);
        const auto end = end_of(world_.exchange(), job->job_id);
        EXPECT_EQ(end.state, JobState::failed);
        ASSERT_EQ(end.errors.size(), 1U);
        EXPECT_EQ(end.errors[0].code, FaultCode::bad_request);
    }
    EXPECT_TRUE(seen().empty());
}

TEST_F(ImportTest, PasswordsStayHere) {
    exchange::Object user{.kind = "User", .id = "u1"};
    user.body =
        exchange::User{.name = "Anna", .login = "anna", .role_id = "r", .password = {{"secret"}}};
    take({.objects = {user}});
    const auto secret = [this](const char* column) {
        return *world_.transactions().read<std::string>(
            [&](Sql& sql) -> exchange::Outcome<std::string> {
                return sql.text(std::string("SELECT ") + column + " FROM user_secret");
            });
    };
    EXPECT_TRUE(os::password_matches(secret("password_hash"), "secret"));
    EXPECT_EQ(seen()["User/u1/"].find("secret"), std::string::npos);
    EXPECT_EQ(seen()["User/u1/"].find("assword"), std::string::npos);
    auto& body = std::get<exchange::User>(*user.body);
    body.password.reset();
    body.pin = exchange::Secret{"1234"};
    take({.no = 2, .objects = {user}});
    EXPECT_TRUE(os::password_matches(secret("password_hash"), "secret"));
    EXPECT_TRUE(
        os::password_matches(secret("pin_hash"), peppered_pin(world_.store().key(), "u1", "1234")));
    take({.no = 3, .objects = {gone(user)}});
    EXPECT_EQ(world_.number("SELECT count(*) FROM user_secret"), 0);
}

/// The import of a committed message, by hand: the store's own thread is not there.
class StoppedImportTest : public ImportTest {
protected:
    /// Puts a message into the folder as committed, and does so many steps of its import.
    bool steps(int count) {
        const auto files = MUST(PartFiles::open(world_.folder()));
        Import import(*transactions_, files, world_.clock(), secrets_, nullptr, work_,
                      [] { return false; });
        for (int i = 0; i < count; ++i) {
            const auto state = import.step();
            EXPECT_TRUE(state);
            if (state && *state == Import::State::done) {
                return true;
            }
        }
        return false;
    }
    void commit_by_hand(const ToSend& message) {
        const auto commit = put_parts(world_.exchange(), message, 8);
        ASSERT_TRUE(world_.transactions().run<exchange::Empty>(
            [&](Sql& sql) -> exchange::Outcome<exchange::Empty> {
                sql.run("INSERT INTO job VALUES (99, 'import', :a, 1, 0, 0, '')",
                        {message.uuid().text});
                sql.run(
                    "UPDATE in_message SET state = 2, no = :a, sha256 = :b, part_count = :c,"
                    " is_full = :d, job = 99 WHERE id = :e",
                    {message.no, commit.sha256, commit.part_count, std::int64_t{message.full},
                     message.uuid().text});
                sql.run("UPDATE counter SET number = 99 WHERE name = 'job'");
                return exchange::Empty{};
            }));
        work_ = {.job = 99,
                 .message_id = message.uuid(),
                 .message_no = message.no,
                 .part_count = commit.part_count,
                 .sha256 = commit.sha256,
                 .full = message.full};
        world_.close();
        transactions_ = MUST(Transactions::open(world_.folder(), world_.clock(), world_.logger()));
    }
    ImportWork work_;
    const SecretMaker secrets_{ServerKey(), {.passes = 1, .memory_bytes = 8192}};
    std::unique_ptr<Transactions> transactions_;
};

TEST_F(StoppedImportTest, IsSeenWholeOrNotAtAllWhateverStepItStopsBehind) {
    take({.objects = many(1500, "old")});
    Objects before = seen();
    auto objects = many(1200, "new");
    objects.push_back(goods("more", "new"));
    commit_by_hand({.no = 2, .objects = objects, .full = true});
    auto changes = MUST(Changes::open(*transactions_));
    int stop_behind = 0;
    while (!steps(stop_behind)) {
        ASSERT_EQ(seen_by(*changes), before) << "stopped behind step " << stop_behind;
        ++stop_behind;
    }
    EXPECT_GT(stop_behind, 6);
    EXPECT_EQ(seen_by(*MUST(Changes::open(*transactions_))).size(), 1201U);
}

TEST_F(StoppedImportTest, GoesOnAtTheNextStart) {
    take({.objects = many(20, "old")});
    commit_by_hand({.no = 2, .objects = many(1200, "new")});
    ASSERT_FALSE(steps(7));
    EXPECT_GT(*transactions_->read<std::int64_t>([](Sql& sql) -> exchange::Outcome<std::int64_t> {
        return sql.number("SELECT count(*) FROM object");
    }),
              20);
    transactions_.reset();
    world_.open();
    const auto job = end_of(world_.exchange(), "99");
    EXPECT_EQ(job.state, JobState::done);
    EXPECT_EQ(job.applied, 1200);
    EXPECT_EQ(seen().size(), 1200U);
    EXPECT_EQ(world_.exchange().node()->received_no, 2);
}

}  // namespace
}  // namespace tillhost::sumpd::store
