// Claim: the audit is verified and exported beside a server that writes, and a changed record is
// found. Shown on a store's folder.
#include "sumpd/maintenance/audit_export.h"

#include "sumpd/exchange/json_tree.h"
#include "sumpd/maintenance/test/data.h"

namespace tillhost::sumpd::maintenance {
namespace {

class AuditExportTest : public testing::Test {
protected:
    void note(const std::string& action, const std::string& after) {
        ASSERT_TRUE(world_.store().audit().note(
            {.actor = "anna", .address = "10.0.0.9", .action = action, .after = after}));
    }
    std::vector<std::string> exported(AuditForm form) {
        std::vector<std::string> lines;
        EXPECT_TRUE(export_audit(world_.folder(), form,
                                 [&](std::string_view line) { lines.emplace_back(line); }));
        return lines;
    }
    World world_;
};

TEST_F(AuditExportTest, ReadsBesideAServerThatWrites) {
    for (int i = 0; i < 1200; ++i) {
        note("user.change", std::to_string(i));
    }
    const auto check = verify_audit(world_.folder());
    ASSERT_TRUE(check) << check.error().detail;
    EXPECT_EQ(check->records, 1200);
    EXPECT_EQ(check->first_wrong, 0);
    note("user.change", "more");
    const auto lines = exported(AuditForm::json_lines);
    ASSERT_EQ(lines.size(), 1201U);
    EXPECT_TRUE(exchange::json_tree(lines[0], exchange::kAnswerBounds));
    EXPECT_NE(lines[0].find(R"("actor":"anna")"), std::string::npos);
    EXPECT_NE(lines[0].find(R"("hash":")"), std::string::npos);
}

TEST_F(AuditExportTest, CellsOfCsvAreNoFormulasAndMayHoldAnything) {
    note("user.change", "=cmd|' /C calc'!A0");
    note("user.change", "a \"b\",\nc");
    const auto lines = exported(AuditForm::csv);
    ASSERT_EQ(lines.size(), 3U);
    EXPECT_EQ(lines[0], "number,at_ms,actor,address,action,target,before,after,hash\r\n");
    EXPECT_NE(lines[1].find(R"(,"'=cmd|' /C calc'!A0",)"), std::string::npos);
    EXPECT_NE(lines[2].find("\"a \"\"b\"\",\nc\""), std::string::npos);
}

TEST_F(AuditExportTest, FindsARecordThatWasChanged) {
    note("one", "1");
    note("two", "2");
    note("three", "3");
    run_sql(world_, "UPDATE audit SET text = replace(text, 'anna', 'otto') WHERE number = 2");
    EXPECT_EQ(verify_audit(world_.folder())->first_wrong, 2);
}

TEST_F(AuditExportTest, WhereThereIsNoDatabaseItSaysSo) {
    EXPECT_FALSE(verify_audit(world_.folder() + "/nowhere"));
}

}  // namespace
}  // namespace tillhost::sumpd::maintenance
