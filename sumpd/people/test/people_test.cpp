// Claim: users and roles are edited here and replaced by the accounting system visibly, or kept
// here and skipped; the predefined roles are always there; no secret is kept in clear.
// Shown: on a real database, with messages as the accounting system sends them.
#include "sumpd/people/people.h"

#include <gtest/gtest.h>

#include "sumpd/exchange/json_codec.h"
#include "sumpd/people/limits.h"
#include "sumpd/people/object_rules.h"
#include "sumpd/people/reading.h"
#include "sumpd/store/tables.h"
#include "sumpd/store/test/messages.h"

namespace tillhost::sumpd::people {
namespace {

using exchange::FaultCode;
using exchange::Permission;
using store::Sql;

constexpr os::Argon2Cost kCheap{.passes = 1, .memory_bytes = 8192};
const Editor kEditor{"root", "10.0.0.1"};

class PeopleTest : public testing::Test {
protected:
    PeopleTest() {
        std::string name = testing::TempDir() + "people.XXXXXX";
        EXPECT_NE(::mkdtemp(name.data()), nullptr);
        folder_ = name;
    }
    ~PeopleTest() override {
        people_.reset();
        store_.reset();
        std::filesystem::remove_all(folder_);
    }
    void SetUp() override { open(); }

    void open() {
        people_.reset();
        store_.reset();
        store_ = MUST(
            store::Store::open(folder_, clock_, logger_,
                               {.server_name = "S", .password_cost = kCheap, .rules = &rules_}));
        EXPECT_TRUE(store_->exchange().configure(store::kNode));
        people_.emplace(*store_, clock_, kCheap);
    }

    exchange::GetJobResponse take(std::vector<exchange::Object> objects, bool full = false) {
        return store::send(store_->exchange(),
                           {.no = ++no_, .objects = std::move(objects), .full = full});
    }
    /// The role as it is.
    RoleCard role(const std::string& id) { return people_->role(id).value_or(RoleCard{}); }
    std::string value(const std::string& role_id, Leaf leaf) {
        const RoleCard card = role(role_id);
        for (const Permission& one : card.permissions) {
            if (one.name == row_of(leaf).name) {
                return one.value;
            }
        }
        return "";
    }
    UserCard add(const std::string& login, std::optional<exchange::Secret> password = {}) {
        const auto card = people_->put_user(
            kEditor, {.name = login, .login = login, .role_id = "cashier", .password = password});
        EXPECT_TRUE(card) << card.error().message;
        return card.value_or(UserCard{});
    }
    std::string text(const std::string& statement) {
        return store_->transactions()
            .read<std::string>(
                [&](Sql& sql) -> exchange::Outcome<std::string> { return sql.text(statement); })
            .value_or("?");
    }
    void run(const std::string& statement) {
        EXPECT_TRUE(store_->transactions().run<bool>([&](Sql& sql) -> exchange::Outcome<bool> {
            sql.run(statement);
            return true;
        }));
    }

    std::string folder_;
    store::SetClock clock_;
    os::KeptLog log_;
    os::Logger logger_{log_};
    PeopleRules rules_;
    std::unique_ptr<store::Store> store_;
    std::optional<People> people_;
    std::int64_t no_ = 0;
};

exchange::Object user(const std::string& id, const std::string& login,
                      const std::string& password = "") {
    exchange::User body{.name = login, .login = login, .role_id = "cashier"};
    if (!password.empty()) {
        body.password = exchange::Secret{password};
    }
    exchange::Object object{.kind = "User", .id = id};
    object.body = std::move(body);
    return object;
}

exchange::Object sent_role(const std::string& id, std::vector<Permission> permissions) {
    exchange::Object object{.kind = "Role", .id = id};
    object.body = exchange::Role{.name = id, .permissions = std::move(permissions)};
    return object;
}

TEST_F(PeopleTest, PredefinedRolesAreThereAndEditedOnesAreKept) {
    ASSERT_EQ(people_->roles()->size(), kPredefinedCount);
    EXPECT_EQ(name_in(http::Language::ru, role("cashier")), "Кассир");
    ASSERT_TRUE(people_->put_role(
        kEditor, {.id = "cashier", .name = "Касса", .permissions = {{"sale.hold", "false"}}}));
    open();
    EXPECT_EQ(role("cashier").name, "Касса");
    EXPECT_EQ(name_in(http::Language::pl, role("cashier")), "Касса");
    EXPECT_EQ(value("cashier", Leaf::sale_hold), "false");
    EXPECT_EQ(value("cashier", Leaf::sale_sell), "true");
    const auto refused = people_->delete_role(kEditor, "cashier");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, FaultCode::forbidden);
}

TEST_F(PeopleTest, ANewPermissionReachesAnEditedRoleAtTheNextStart) {
    ASSERT_TRUE(people_->put_role(
        kEditor, {.id = "cashier", .name = "Касса", .permissions = {{"sale.hold", "false"}}}));
    // As a version before it had a leaf left it: the role does not name the leaf.
    run("UPDATE object SET hash = '', body = REPLACE(body,"
        " '{\"name\":\"orders.make\",\"value\":\"true\"},', '') WHERE kind = 'Role'"
        " AND id = 'cashier'");
    ASSERT_EQ(text("SELECT body FROM object WHERE kind = 'Role' AND id = 'cashier'"
                   " AND superseded_by = 0")
                  .find("orders.make"),
              std::string::npos);
    open();
    const std::string body = text(
        "SELECT body FROM object WHERE kind = 'Role' AND id = 'cashier'"
        " AND superseded_by = 0");
    EXPECT_NE(body.find("orders.make"), std::string::npos);
    EXPECT_EQ(value("cashier", Leaf::sale_hold), "false");
}

TEST_F(PeopleTest, AnOlderDatabaseGetsTheRolesAndKeepsItsUsers) {
    people_.reset();
    store_.reset();
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directory(folder_);
    {
        auto old = MUST(database::Database::open(folder_ + "/sumpd.db", 0x73756d70));
        auto steps = store::table_steps();
        steps.resize(1);
        ASSERT_TRUE(old->migrate(steps));
        ASSERT_TRUE(store::put_first_values(*old, 1));
        const std::string body = exchange::to_json(user("u1", "anna"));
        ASSERT_TRUE(
            old->run("INSERT INTO object VALUES ('User', 'u1', '', 1, 0, 0, 7, 'h', :a)", {body}));
        ASSERT_TRUE(old->run("INSERT INTO user_secret VALUES ('u1', 'p', 'q')"));
        ASSERT_TRUE(old->run("UPDATE counter SET number = 1 WHERE name = 'visible'"));
    }
    open();
    EXPECT_EQ(people_->roles()->size(), kPredefinedCount);
    const auto anna = people_->user("u1");
    ASSERT_TRUE(anna);
    EXPECT_EQ(anna->origin, Origin::accounting);
    EXPECT_TRUE(anna->has_password && anna->has_pin);
}

TEST_F(PeopleTest, AnEditIsSeenByAppsAtOnceAndIsAudited) {
    const std::int64_t before = store_->changes().newest();
    const UserCard card = add("anna", exchange::Secret{"long password"});
    EXPECT_TRUE(card.has_password);
    EXPECT_TRUE(card.will_be_replaced);
    EXPECT_EQ(store_->changes().newest(), before + 1);
    const auto acts = store_->audit().page(0, 1);
    ASSERT_EQ(acts->size(), 1U);
    EXPECT_EQ(acts->front().act.action, "user.add");
    EXPECT_NE(acts->front().act.after.find("\"password\":\"changed\""), std::string::npos);
    EXPECT_EQ(acts->front().text.find("long password"), std::string::npos);
}

TEST_F(PeopleTest, WhatIsWrongIsNamedAndNothingIsDone) {
    const UserCard anna = add("anna");
    const auto field_of = [&](UserEdit edit) {
        const auto card = people_->put_user(kEditor, edit);
        return card ? std::string("taken") : card.error().field.value_or("none");
    };
    const UserEdit good{.name = "B", .login = "b", .role_id = "cashier"};
    UserEdit edit = good;
    edit.login = "ANNA";
    EXPECT_EQ(field_of(edit), "login");
    edit = good;
    edit.login = "";
    EXPECT_EQ(field_of(edit), "login");
    edit = good;
    edit.role_id = "nobody";
    EXPECT_EQ(field_of(edit), "roleId");
    edit = good;
    edit.pin = exchange::Secret{"12a4"};
    EXPECT_EQ(field_of(edit), "pin");
    edit = good;
    edit.password = exchange::Secret{"short"};
    EXPECT_EQ(field_of(edit), "password");
    edit = good;
    edit.id = anna.id;
    edit.version = anna.version + 1;
    EXPECT_EQ(field_of(edit), "version");
    EXPECT_EQ(people_->users()->size(), 1U);
    const auto made =
        people_->put_role(kEditor, {.name = "R", .permissions = {{"sale.sell", "perhaps"}}});
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().field, "sale.sell");
}

TEST_F(PeopleTest, SecretsAreTakenAwayOneByOne) {
    UserCard card = add("anna", exchange::Secret{"long password"});
    UserEdit edit{.id = card.id, .name = "Anna", .login = "anna", .role_id = "cashier"};
    edit.pin = exchange::Secret{"123456"};
    edit.badge = exchange::Secret{"0012345678"};
    card = people_->put_user(kEditor, edit).value_or(UserCard{});
    EXPECT_TRUE(card.has_password && card.has_pin && card.has_badge);
    edit.pin = exchange::Secret{""};
    edit.badge.reset();
    card = people_->put_user(kEditor, edit).value_or(UserCard{});
    EXPECT_TRUE(card.has_password && card.has_badge);
    EXPECT_FALSE(card.has_pin);
    UserEdit other{.name = "B", .login = "b", .role_id = "cashier"};
    other.badge = exchange::Secret{"0012345678"};
    const auto taken = people_->put_user(kEditor, other);
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().field, "badge");
    ASSERT_TRUE(people_->delete_user(kEditor, card.id));
    EXPECT_EQ(text("SELECT CAST(count(*) AS TEXT) FROM user_secret"), "0");
}

TEST_F(PeopleTest, TheAccountingSystemReplacesVisibly) {
    take({user("u1", "anna", "first password")});
    UserEdit edit{.id = "u1", .name = "Edited here", .login = "anna", .role_id = "admin"};
    ASSERT_TRUE(people_->put_user(kEditor, edit));
    EXPECT_TRUE(people_->user("u1")->will_be_replaced);
    const UserCard local = add("vera", exchange::Secret{"vera's password"});
    take({user("u1", "anna"), user("u2", "Vera")});
    EXPECT_EQ(people_->user("u1")->name, "anna");
    EXPECT_FALSE(people_->user("u1")->will_be_replaced);
    EXPECT_FALSE(people_->user(local.id));
    EXPECT_TRUE(people_->user("u2")->has_password);  // the same person by login
    const auto replaced = people_->replaced(0, 10);
    ASSERT_EQ(replaced->size(), 2U);
    EXPECT_EQ(replaced->at(1).id, "u1");
    EXPECT_NE(replaced->at(1).here.find("Edited here"), std::string::npos);
    EXPECT_EQ(replaced->at(1).came.find("Edited here"), std::string::npos);
    EXPECT_EQ(replaced->at(0).id, local.id);
    EXPECT_NE(replaced->at(0).came.find("u2"), std::string::npos);
}

TEST_F(PeopleTest, AFullMessageSparesWhatItKnowsNothingOf) {
    const UserCard local = add("vera");
    take({store::goods("g1", "Tea")}, true);
    EXPECT_TRUE(people_->user(local.id));
    EXPECT_EQ(people_->roles()->size(), kPredefinedCount);
    take({user("u1", "anna"), sent_role("other", {})}, true);
    EXPECT_FALSE(people_->user(local.id));
    EXPECT_EQ(people_->replaced(0, 10)->front().came, "");
    EXPECT_EQ(people_->roles()->size(), kPredefinedCount + 1);
    const auto job = take({store::gone(sent_role("cashier", {}))});
    EXPECT_EQ(job.errors.at(0).code, FaultCode::forbidden);
    EXPECT_EQ(people_->roles()->size(), kPredefinedCount + 1);
}

TEST_F(PeopleTest, WhatIsKeptHereIsSkippedInMessages) {
    ASSERT_TRUE(people_->set_keeper(kEditor, Keeper::here));
    const UserCard local = add("vera");
    EXPECT_FALSE(local.will_be_replaced);
    const auto job =
        take({user("u1", "anna"), user("u2", "olga"), sent_role("r", {}), store::goods("g", "Tea")},
             true);
    EXPECT_EQ(job.state, exchange::JobState::done);
    EXPECT_EQ(job.skipped, 3);
    EXPECT_EQ(job.applied, 1);
    ASSERT_EQ(job.errors.size(), 2U);
    EXPECT_NE(job.errors[0].message.find("skipped"), std::string::npos);
    EXPECT_EQ(people_->users()->size(), 1U);
    open();
    EXPECT_EQ(people_->keeper(), Keeper::here);
}

TEST_F(PeopleTest, AWrongPermissionIsToldAndTheRestHolds) {
    const auto job = take({sent_role(
        "senior",
        {{"sale.sell", "true"}, {"sale.fly", "true"}, {"sale.discount_percent", "a lot"}})});
    EXPECT_EQ(job.applied, 1);
    ASSERT_EQ(job.errors.size(), 2U);
    EXPECT_EQ(job.errors[0].id, "senior");
    EXPECT_NE(job.errors[0].message.find("sale.fly"), std::string::npos);
    EXPECT_EQ(value("senior", Leaf::sale_sell), "true");
    EXPECT_EQ(value("senior", Leaf::sale_discount_percent), "0");
}

TEST_F(PeopleTest, AnImportedSecretIsHashedWhenItIsNewAndNotElse) {
    const char* const hash = "SELECT password_hash FROM user_secret";
    take({user("u1", "anna", "first password")});
    const std::string first = text(hash);
    EXPECT_TRUE(os::password_matches(first, "first password"));
    EXPECT_EQ(take({user("u1", "anna", "first password")}).skipped, 1);
    EXPECT_EQ(text(hash), first);
    const std::int64_t newest = store_->changes().newest();
    take({user("u1", "anna", "another password")});
    EXPECT_TRUE(os::password_matches(text(hash), "another password"));
    EXPECT_GT(store_->changes().newest(), newest);  // who keeps accounts in memory reads them again
    const std::string ready = MUST(os::password_hash("made elsewhere", kCheap));
    take({user("u1", "anna", ready)});
    EXPECT_EQ(text(hash), ready);
    const auto job = take({user("u1", "anna", "$2y$10$abcdefghijklmnopqrstuv$xyz")});
    ASSERT_EQ(job.errors.size(), 1U);
    EXPECT_NE(job.errors[0].message.find("Password"), std::string::npos);
    EXPECT_EQ(text(hash), ready);
}

TEST_F(PeopleTest, NoEditWhileAMessageIsApplied) {
    run("INSERT INTO in_message VALUES ('m', 2, 9, 0, '', 0, 0, 0, 0, 0)");
    const auto card = people_->put_user(kEditor, {.name = "A", .login = "a", .role_id = "cashier"});
    ASSERT_FALSE(card);
    EXPECT_EQ(card.error().code, FaultCode::too_many);
    EXPECT_GT(card.error().retry_after_ms.value_or(0), 0);
    run("DELETE FROM in_message");
    EXPECT_TRUE(people_->put_user(kEditor, {.name = "A", .login = "a", .role_id = "cashier"}));
}

TEST_F(PeopleTest, AFlaggedDocumentIsStoredSentAndListed) {
    const UserCard card = add("anna");
    Limits limits(*store_, logger_);
    exchange::PutDocuments put{.documents = {store::document(1, 1), store::document(2, 2)}};
    put.documents[0].user_id = card.id;
    const auto flags = limits.flags_of(put);
    EXPECT_EQ(flags, (std::vector<std::string>{"", "user.unknown"}));
    const auto stored = store_->documents().put(store::device(1), put, flags);
    ASSERT_TRUE(stored);
    EXPECT_EQ(stored->results[1].status, exchange::PutStatus::stored);
    const auto listed = people_->flagged(0, 10);
    ASSERT_EQ(listed->size(), 1U);
    EXPECT_EQ(listed->front().doc_id, store::uuid_of(2));
    EXPECT_EQ(listed->front().flags, std::vector<std::string>{"user.unknown"});
    const auto prepared = store_->exchange().prepare(store::prepare_request());
    ASSERT_TRUE(prepared);
    const auto read = store::read_message(store::fetch(store_->exchange(), *prepared));
    ASSERT_EQ(read.documents.size(), 2U);
    EXPECT_TRUE(read.documents[0].flags.empty());
    EXPECT_EQ(read.documents[1].flags, std::vector<std::string>{"user.unknown"});
}

}  // namespace
}  // namespace tillhost::sumpd::people
