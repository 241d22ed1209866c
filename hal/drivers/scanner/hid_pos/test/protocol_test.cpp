// Claim: codes come out of reports byte for byte, a half never does, and menu replies are no codes.
// Shown by published and derived reports, by other layouts, and by pieces out of order.
#include "hal/drivers/scanner/hid_pos/protocol.h"

#include <gtest/gtest.h>

#include "hal/drivers/scanner/hid_pos/test/vectors.h"

namespace tillhost::drivers::hid_pos {
namespace {

using std::chrono::milliseconds;

std::optional<Code> feed(Assembler& assembler, const std::string& report, os::Instant now = {}) {
    auto piece = read_report(usual_layout(), bytes_in(report));
    EXPECT_TRUE(piece && *piece);
    return piece && *piece ? assembler.add(std::move(**piece), now) : std::nullopt;
}

TEST(Layout, ThatOfADescriptorIsTheUsualOne) {
    const auto layout = layout_of(bytes_in(kUsualDescriptor));
    ASSERT_TRUE(layout);
    EXPECT_EQ(*layout, usual_layout());
    EXPECT_TRUE(is_scanner(bytes_in(kUsualDescriptor)));
    EXPECT_FALSE(layout_of({}));
    // A keyboard: page 07, no page 8C.
    const auto keyboard = bytes_in("05 01 09 06 A1 01 05 07 19 E0 29 E7 75 01 95 08 81 02 C0");
    EXPECT_FALSE(layout_of(keyboard));
    EXPECT_FALSE(is_scanner(keyboard));
}

TEST(Layout, AnotherOneIsReadAtItsOwnPlaces) {
    const auto layout = layout_of(bytes_in(kOtherDescriptor));
    ASSERT_TRUE(layout);
    EXPECT_EQ(layout->report, 1);
    EXPECT_EQ(layout->bytes, 45U);
    EXPECT_FALSE(layout->length);
    EXPECT_EQ(layout->aim, 1U);
    EXPECT_EQ(layout->data, 4U);
    const auto piece =
        read_report(*layout, bytes_in("01 5D 45 30 34 36 30 37" + zeros(36) + " 01"));
    ASSERT_TRUE(piece && *piece);
    EXPECT_TRUE((*piece)->continued);
    EXPECT_EQ((*piece)->data.size(), 40U);  // continued: zeros are data
    const auto last = read_report(*layout, bytes_in("01 00 00 00 34 36 30 37" + zeros(36) + " 00"));
    EXPECT_EQ(base::string_of((*last)->data), "4607");
    EXPECT_EQ((*last)->aim, "");
}

TEST(Reports, APublishedOneIsReadAsItIs) {
    const auto piece = read_report(usual_layout(), bytes_in(kReplyBegins));
    ASSERT_TRUE(piece && *piece);
    EXPECT_EQ((*piece)->aim, "]X0");
    EXPECT_EQ((*piece)->data.size(), 56U);
    EXPECT_TRUE((*piece)->continued);
    const auto end = read_report(usual_layout(), bytes_in(reply_ends()));
    EXPECT_EQ(base::string_of((*end)->data), "um: N/A\r\n");
    EXPECT_FALSE((*end)->continued);
}

TEST(Reports, ALengthIsBelievedAndZerosAreData) {
    std::string report = ean13();
    report.replace(6 * 3 - 3, 2, "00");  // the first digit becomes a zero byte
    const auto piece = read_report(usual_layout(), bytes_in(report));
    ASSERT_TRUE(piece && *piece);
    EXPECT_EQ(base::to_hex((*piece)->data), "00 36 30 37 30 30 31 32 33 34 35 36 32");
}

TEST(Reports, OthersAreNothingAndDamagedOnesAreErrors) {
    EXPECT_FALSE(*read_report(usual_layout(), bytes_in("03" + zeros(63))));
    EXPECT_FALSE(*read_report(usual_layout(), {}));
    EXPECT_FALSE(read_report(usual_layout(), bytes_in("02" + zeros(62))));
    EXPECT_FALSE(read_report(usual_layout(), bytes_in("02 39" + zeros(62))));
}

TEST(Assembler, PutsTheMarkingCodeTogether) {
    Assembler assembler;
    EXPECT_FALSE(feed(assembler, marking_begins()));
    EXPECT_TRUE(assembler.waiting());
    const auto code = feed(assembler, marking_ends());
    ASSERT_TRUE(code);
    EXPECT_EQ(code->aim, "]d2");
    EXPECT_EQ(base::to_hex(code->data),
              std::string(kMarkingHead) + " " + std::string(kMarkingTail));
    EXPECT_EQ(assembler.dropped(), 0);
}

TEST(Assembler, RepliesOfTheMenuAreNoCodes) {
    Assembler assembler;
    EXPECT_FALSE(feed(assembler, std::string(kReplyBegins)));
    EXPECT_FALSE(feed(assembler, reply_ends()));
    EXPECT_FALSE(feed(assembler, reply_acknowledged()));
    EXPECT_EQ(assembler.dropped(), 2);
    EXPECT_EQ(base::string_of(feed(assembler, ean13())->data), "4607001234562");
}

TEST(Assembler, AHalfIsDroppedAtAnotherIdentifierOrAfterThePause) {
    Assembler assembler;
    os::Instant now{};
    EXPECT_FALSE(feed(assembler, marking_begins(), now));
    EXPECT_EQ(base::string_of(feed(assembler, ean13(), now)->data), "4607001234562");
    EXPECT_EQ(assembler.dropped(), 1);
    EXPECT_FALSE(feed(assembler, marking_begins(), now));
    now += milliseconds(1001);
    EXPECT_FALSE(feed(assembler, marking_begins(), now));
    now += milliseconds(1000);
    EXPECT_EQ(feed(assembler, marking_ends(), now)->data.size(), 85U);
    EXPECT_EQ(assembler.dropped(), 2);
}

TEST(Assembler, ACodeWithoutEndIsDroppedAndTheNextIsWhole) {
    Assembler assembler;
    for (int i = 0; i < 1000; ++i) {
        EXPECT_FALSE(feed(assembler, marking_begins()));
    }
    EXPECT_FALSE(feed(assembler, marking_ends()));
    EXPECT_EQ(assembler.dropped(), 1);
    EXPECT_TRUE(feed(assembler, ean13()));
}

TEST(Assembler, TheSuffixIsTakenOffTheEndOnly) {
    Assembler assembler(*suffix_from("cr"));
    const auto code = assembler.add({"]E0", base::bytes_of("46\r07\r"), false}, {});
    EXPECT_EQ(base::string_of(code->data), "46\r07");
    EXPECT_EQ(base::string_of(assembler.add({"", base::bytes_of("46"), false}, {})->data), "46");
    EXPECT_FALSE(assembler.add({"", base::bytes_of("\r"), false}, {}));
    EXPECT_FALSE(suffix_from("enter"));
}

}  // namespace
}  // namespace tillhost::drivers::hid_pos
