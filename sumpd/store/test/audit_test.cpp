// Claim: acts stand in a chain in which nothing can be changed, taken out or cut unseen.
// Shown: acts are noted, one is changed or removed behind the store's back; the check says where.
#include "sumpd/store/audit.h"

#include "sumpd/store/test/world.h"

namespace tillhost::sumpd::store {
namespace {

Act renamed(const std::string& target) {
    return {.actor = "anna", .address = "10.0.0.7", .action = "user.change", .target = target};
}

void change(World& world, const std::string& statement) {
    const auto done = world.transactions().run<bool>([&](Sql& sql) -> exchange::Outcome<bool> {
        sql.run(statement);
        return true;
    });
    ASSERT_TRUE(done);
}

TEST(Audit, AChainThatFits) {
    World world;
    Audit audit(world.transactions(), world.clock());
    for (const char* target : {"1", "2", "3"}) {
        ASSERT_TRUE(audit.note(renamed(target)));
    }
    const auto check = audit.verify();
    ASSERT_TRUE(check);
    EXPECT_EQ(check->records, 3);
    EXPECT_EQ(check->first_wrong, 0);
    const auto page = audit.page(0, 2);
    ASSERT_TRUE(page);
    ASSERT_EQ(page->size(), 2U);
    EXPECT_EQ(page->front().act, renamed("3"));
    EXPECT_EQ(page->front().hash, check->newest_hash);
    EXPECT_EQ(audit.page(page->back().number, 2)->front().act, renamed("1"));
}

TEST(Audit, AChangedOrMissingRecordIsFound) {
    World world;
    Audit audit(world.transactions(), world.clock());
    for (int i = 0; i < 5; ++i) {
        ASSERT_TRUE(audit.note(renamed(std::to_string(i))));
    }
    change(world, "UPDATE audit SET text = replace(text, 'anna', 'boris') WHERE number = 4");
    EXPECT_EQ(audit.verify()->first_wrong, 4);
    change(world, "DELETE FROM audit WHERE number = 2");
    EXPECT_EQ(audit.verify()->first_wrong, 2);
}

TEST(Audit, ALongTextIsCutBetweenCharacters) {
    World world;
    Audit audit(world.transactions(), world.clock());
    Act act = renamed("x");
    act.after = "x";
    while (act.after.size() < 2 * kActTextMax) {
        act.after += "ж";
    }
    ASSERT_TRUE(audit.note(act));
    const auto page = audit.page(0, 1);
    ASSERT_TRUE(page);
    EXPECT_EQ(page->front().act.after.size(), kActTextMax - 1);
    EXPECT_EQ(audit.verify()->first_wrong, 0);
}

}  // namespace
}  // namespace tillhost::sumpd::store
