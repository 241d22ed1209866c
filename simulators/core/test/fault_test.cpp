// Claim: faults are named in words, and a wrong word is answered with what would be right.
// Shown by parsing every row of the table and every kind of mistake.
#include <gtest/gtest.h>

#include "simulators/core/fault.h"

namespace tillhost::simulators {
namespace {

using Keys = std::vector<std::pair<std::string, std::string>>;

TEST(Fault, EveryRowIsReadAndNamedBack) {
    ASSERT_FALSE(fault_rows().empty());
    for (const FaultRow& row : fault_rows()) {
        const auto fault = parse_fault(row.name, Keys{});
        ASSERT_TRUE(fault) << row.name;
        EXPECT_EQ(fault->kind, row.kind);
        EXPECT_EQ(name_of(row.kind), row.name);
        EXPECT_NE(fault_help().find(row.about), std::string::npos);
    }
}

TEST(Fault, KeysAreReadInDecimalAndHexadecimal) {
    const auto fault = parse_fault(
        "power_cut", Keys{{"side", "host"}, {"unit", "any"}, {"nth", "3"}, {"at", "0x10"}});
    ASSERT_TRUE(fault);
    EXPECT_EQ(fault->side, Side::host);
    EXPECT_EQ(fault->unit, Unit::any);
    EXPECT_EQ(fault->nth, 3);
    EXPECT_EQ(fault->at, 16);
}

TEST(Fault, MistakesNameTheKeyAndWhatExists) {
    const auto code_and_text = [](std::string_view name, const Keys& keys) {
        const auto fault = parse_fault(name, keys);
        EXPECT_FALSE(fault);
        EXPECT_EQ(fault.error().code, base::ErrorCode::bad_field);
        return fault.error().detail;
    };
    EXPECT_NE(code_and_text("loose", {}).find("lose, late"), std::string::npos);
    EXPECT_NE(code_and_text("lose", {{"ms", "5"}}).find("side unit nth"), std::string::npos);
    EXPECT_NE(code_and_text("paper_in", {{"ms", "5"}}).find("takes none"), std::string::npos);
    EXPECT_NE(code_and_text("lose", {{"nth", "0"}}).find("from 1 to"), std::string::npos);
    EXPECT_NE(code_and_text("lose", {{"nth", "1x"}}).find("from 1 to"), std::string::npos);
    EXPECT_NE(code_and_text("lose", {{"nth", ""}}).find("from 1 to"), std::string::npos);
    EXPECT_NE(code_and_text("lose", {{"side", "left"}}).find("host or device"), std::string::npos);
    EXPECT_NE(code_and_text("lose", {{"unit", "bit"}}).find("frame, control"), std::string::npos);
    EXPECT_NE(code_and_text("swap_device", {{"serial", "12a"}}).find("digits"), std::string::npos);
}

TEST(Fault, WordsAreOneOfThoseThatExist) {
    const std::vector<std::pair<std::string, std::string>> good{{"answer", "refused"}};
    EXPECT_EQ(parse_fault("marking", good)->answer, "refused");
    const std::vector<std::pair<std::string, std::string>> bad{{"answer", "maybe"}};
    EXPECT_NE(parse_fault("marking", bad).error().detail.find("silence"), std::string::npos);
    const std::vector<std::pair<std::string, std::string>> mode{{"mode", "steal"}};
    EXPECT_EQ(parse_fault("second_client", mode)->mode, "steal");
}

}  // namespace
}  // namespace tillhost::simulators
