// Claim: everything that can be printed lands on the paper as text that tells what a real paper
// would show, and each command keeps to its modes. Shown by dialogues, by the tape, and by putting
// every command to the device in every mode of the matrix.
#include <gtest/gtest.h>

#include <algorithm>

#include "simulators/fiscal/shtrih/commands.h"
#include "simulators/fiscal/shtrih/modes.h"
#include "simulators/fiscal/shtrih/test/host.h"

namespace tillhost::simulators::shtrih {
namespace {

class Print : public testing::Test {
protected:
    std::vector<std::string> printed(std::string_view message) {
        const std::size_t before = host_.device().tape().size();
        answer_ = host_.done(message);
        const auto& tape = host_.device().tape();
        return {tape.begin() + static_cast<std::ptrdiff_t>(before), tape.end()};
    }
    Host host_;
    std::string answer_;
};

TEST_F(Print, ABarCodeIsABoxWithItsPayload) {
    const auto ean = printed("C2 1E 00 00 00 73 30 3C 3F 6B");
    EXPECT_EQ(answer_, "C2 00 1E");
    ASSERT_EQ(ean.size(), 3U);
    EXPECT_TRUE(ean[0].starts_with("┌─EAN-13─"));
    EXPECT_NE(ean[1].find("4606224098432"), std::string::npos);
    const auto own = printed("CB 1E 00 00 00 50 02 02 01 08 41 42 31");
    EXPECT_EQ(answer_, "CB 00 1E");
    EXPECT_TRUE(own[0].starts_with("┌─CODE128─"));
    EXPECT_NE(own[1].find("AB1"), std::string::npos);
    printed("CB 1E 00 00 00 50 02 04 01 08 41");
    EXPECT_EQ(answer_, "CB 33");
}

TEST_F(Print, ACodeInTwoDimensionsIsPrintedFromLoadedBlocks) {
    std::string block = "DD 1E 00 00 00 00 00";
    for (int i = 0; i < 64; ++i) {
        block += " 41";
    }
    EXPECT_EQ(host_.ask("DE 1E 00 00 00 03 44 00 00 00 00 04 00 01 01"), "DE 34");
    EXPECT_EQ(host_.ask(block), "DD 00 1E");
    const auto qr = printed("DE 1E 00 00 00 03 30 00 00 00 00 04 00 01 01");
    EXPECT_EQ(answer_, "DE 00 1E");
    EXPECT_TRUE(qr[0].starts_with("┌─QR─"));
    EXPECT_EQ(qr.size(), 4U);  // 48 letters need two lines
    printed("DE 1E 00 00 00 83 30 00 00 00 00 04 00 01 01");
    EXPECT_EQ(answer_, "DE 00 1E 00 00 04 00 01 84 00 84 00");
}

TEST_F(Print, ARowOfDotsIsARowOfBlocks) {
    const auto row = printed("C5 1E 00 00 00 18 00 02 FF 00 FF 00 FF");
    EXPECT_EQ(answer_, "C5 00 1E");
    ASSERT_EQ(row.size(), 1U);
    EXPECT_TRUE(row[0].starts_with("████████        ████████"));
    EXPECT_EQ(printed("C5 1E 00 00 00 31 00 02 FF").size(), 3U);  // 49 rows of dots
}

TEST_F(Print, TextKeepsToTheWidthOfItsFont) {
    std::string text;
    for (int i = 0; i < 50; ++i) {
        text += " C0";
    }
    EXPECT_EQ(printed("17 1E 00 00 00 02" + text)[0].size(), 2 * 42U);
    EXPECT_EQ(printed("12 1E 00 00 00 02" + text)[0].size(), 2 * 21U);
    EXPECT_EQ(printed("2F 1E 00 00 00 02 02" + text)[0].size(), 2 * 21U);
    EXPECT_EQ(printed("17 1E 00 00 00 42" + text).size(), 2U);  // wrapped
    printed("2F 1E 00 00 00 02 09" + text);
    EXPECT_EQ(answer_, "2F 33");
}

TEST_F(Print, HeaderLinesAndTheHeadOfADocumentAreTheTables) {
    std::string write = "1E 1E 00 00 00 04 04 00 01";
    EXPECT_EQ(host_.ask(write + " CC C0 C3 C0 C7 C8 CD"), "1E 00");
    std::string head = "18 1E 00 00 00";
    for (int i = 0; i < 30; ++i) {
        head += i < 3 ? " C0" : " 00";
    }
    const auto lines = printed(head + " 07 00");
    EXPECT_EQ(answer_, "18 00 1E 02 00");
    EXPECT_NE(lines[0].find("МАГАЗИН"), std::string::npos);
    EXPECT_NE(lines[1].find("00007"), std::string::npos);
    EXPECT_NE(printed(kOpenShift)[0].find("МАГАЗИН"), std::string::npos);
}

TEST_F(Print, ElectronicOnlyIsOneDocumentAndSaysSo) {
    host_.done(kOpenShift);
    host_.done("1E 1E 00 00 00 11 01 00 07 01");
    EXPECT_EQ(printed("17 1E 00 00 00 02 41").size(), 1U);  // a line of text is no document
    host_.done(kMilk);
    EXPECT_TRUE(printed(close_message(9980, 0)).empty());
    EXPECT_TRUE(host_.device().documents().back().electronic_only);
    host_.done(kMilk);
    EXPECT_FALSE(printed(close_message(9980, 0)).empty());
    EXPECT_FALSE(host_.device().documents().back().electronic_only);
}

TEST_F(Print, ReportsShowAllSixteenPayments) {
    host_.done(kOpenShift);
    host_.done(kMilk);
    base::ByteWriter close;
    close.u8(0xFF).u8(0x45).u32_le(30).fill(base::byte(0), 60).uint_le(9980, 5);
    close.fill(base::byte(0), 15).u8(0).fill(base::byte(0), 30).u8(1);
    EXPECT_EQ(host_.done(base::to_hex(close.bytes())).substr(0, 8), "FF 45 00");
    EXPECT_EQ(host_.device().documents().back().payments_minor[12], 9980);
    const auto report = printed("40 1E 00 00 00");
    EXPECT_TRUE(std::any_of(report.begin(), report.end(), [](const std::string& line) {
        return line.find("ЭЛЕКТРОННЫМИ 13") != std::string::npos;
    }));
}

TEST(Modes, EveryCommandIsAllowedWhereTheMatrixSaysSo) {
    const auto row_of = [](std::uint16_t code) {
        const auto rows = mode_rows();
        const auto row = std::find_if(rows.begin(), rows.end(),
                                      [code](const ModeRow& each) { return each.code == code; });
        return row == rows.end() ? ModeRow{code, kAnyMode} : *row;
    };
    for (const CommandRow* command : all_commands()) {
        const ModeRow row = row_of(command->code);
        for (std::uint8_t mode = 1; mode < 12; ++mode) {
            const Refusal refusal = check_mode(command->code, mode);
            const bool allowed = (row.modes & mode_bit(mode)) != 0;
            EXPECT_EQ(refusal == Refusal::ok, allowed) << std::hex << command->code;
        }
    }
    EXPECT_EQ(check_mode(0xE0, kModeShiftOpen), Refusal::wrong_mode);
    EXPECT_EQ(check_mode(0x8D, kModeShiftExpired), Refusal::shift_expired);
    EXPECT_EQ(check_mode(0xFF45, kModeShiftOpen), Refusal::receipt_closed);
    EXPECT_EQ(check_mode(0x8C, kModeShiftClosed), Refusal::wrong_mode);
}

TEST(Modes, EveryRowOfTheMatrixIsACommand) {
    for (const ModeRow& row : mode_rows()) {
        const auto all = all_commands();
        EXPECT_TRUE(
            std::any_of(all.begin(), all.end(),
                        [&row](const CommandRow* command) { return command->code == row.code; }))
            << std::hex << row.code;
    }
}

TEST(Modes, AnIncompleteMessageIsAWrongLength) {
    const auto machine = *Machine::create({});
    for (const CommandRow* command : all_commands()) {
        if (command->bytes_min == 0) {
            continue;
        }
        base::ByteWriter message;
        if (command->code > 0xFF) {
            message.u8(command->code >> 8);
        }
        message.u8(command->code & 0xFFU);
        const base::Bytes answer = carry_out(*machine, message.bytes());
        EXPECT_EQ(answer.back(), base::byte(0x7E)) << std::hex << command->code;
    }
}

TEST(Port, ASettingOfTheLineIsKeptAndTheNextByteChoosesAnew) {
    Host host;
    EXPECT_EQ(host.ask("15 1E 00 00 00 00"), "15 00 06 32");
    EXPECT_EQ(host.ask("14 1E 00 00 00 00 0A 32"), "14 33");
    EXPECT_EQ(host.ask("14 1E 00 00 00 00 04 64"), "14 00");
    EXPECT_EQ(host.say("8F 00 00 0F 1D"), "8F 02 00 01 00 99 5A");
    host.device().power(false, host.now());
    host.device().power(true, host.now());
    EXPECT_EQ(host.ask("15 1E 00 00 00 00"), "15 00 04 64");
    EXPECT_EQ(host.say("02 05", std::chrono::milliseconds(99)), "");
    EXPECT_EQ(host.say("10 1E 00 00 00 0B").substr(0, 2), "06");  // 100 ms between bytes
}

TEST(Port, ARestartForgetsTheAnswerAndKeepsTheMemory) {
    Host host;
    host.done(kOpenShift);
    EXPECT_EQ(host.say("02 06 FE F3 00 00 00 00 0B"), "06 02 03 FE F3 00 0E");
    host.listen(std::chrono::milliseconds(500));
    EXPECT_EQ(host.say("05"), "");
    host.listen(std::chrono::seconds(2));
    EXPECT_EQ(host.say("05"), "15");
    EXPECT_TRUE(host.device().state().shift_open);
}

}  // namespace
}  // namespace tillhost::simulators::shtrih
