// Claim: a stream is cut into the codes that were sent, and a half of one is never a code.
// Shown by published and derived frames, cut at every byte, glued, without their suffix, too long.
#include "hal/drivers/scanner/serial/protocol.h"

#include <gtest/gtest.h>

namespace tillhost::drivers::serial {
namespace {

using base::bytes_of;

/// The example of wiki.courierexe.ru behind ]d2, and CR: a derived frame.
constexpr std::string_view kMarkingFrame =
    "5D 64 32 30 31 30 32 39 30 30 30 30 32 33 31 37 37 30 31 32 31 6B 33 4C 49 6E 4E 62 48 5F 6F "
    "47 30 51 1D 39 31 45 45 30 36 1D 39 32 59 58 69 79 4B 66 69 48 6A 45 34 59 45 38 62 2B 59 56 "
    "4D 43 31 4F 35 72 38 56 74 70 70 6C 41 33 41 77 63 43 71 72 63 47 39 44 6B 3D 0D";

base::Bytes marking() { return *base::from_hex(kMarkingFrame); }

/// The frames that stand ready, as hex.
std::vector<std::string> frames(Framer& framer) {
    std::vector<std::string> taken;
    while (const auto frame = framer.take()) {
        taken.push_back(base::string_of(*frame));
    }
    return taken;
}

using Frames = std::vector<std::string>;

TEST(Framer, CutsAtTheSuffixWhereverTheBytesAreTorn) {
    const base::Bytes bytes = marking();
    const std::string whole = base::string_of(base::ByteView(bytes).first(bytes.size() - 1));
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
        Framer framer({});
        framer.add(base::ByteView(bytes).first(cut));
        EXPECT_EQ(framer.waiting(), cut > 0 && cut < bytes.size());
        framer.add(base::ByteView(bytes).subspan(cut));
        EXPECT_EQ(frames(framer), Frames{whole}) << cut;
        EXPECT_FALSE(framer.waiting());
    }
}

TEST(Framer, EachSuffixIsTakenOffAndNothingElse) {
    const std::pair<Suffix, std::string> all[]{{Suffix::cr, "\r"},
                                               {Suffix::lf, "\n"},
                                               {Suffix::crlf, "\r\n"},
                                               {Suffix::tab, "\t"},
                                               {Suffix::etx, "\x03"}};
    for (const auto& [suffix, bytes] : all) {
        Framer framer({.suffix = suffix});
        framer.add(
            bytes_of("ab\x1D"
                     "c" +
                     bytes + "d" + bytes));
        EXPECT_EQ(frames(framer), (Frames{"ab\x1D"
                                          "c",
                                          "d"}))
            << base::to_hex(bytes_of(bytes));
    }
    Framer crlf({.suffix = Suffix::crlf});
    crlf.add(bytes_of("a\rb\nc\r\n"));
    EXPECT_EQ(frames(crlf), Frames{"a\rb\nc"});
}

TEST(Framer, AHalfIsThrownAwayAfterThePause) {
    Framer framer({});
    framer.add(bytes_of("46070"));
    framer.quiet();
    EXPECT_FALSE(framer.waiting());
    EXPECT_EQ(framer.dropped(), 1);
    framer.add(bytes_of("12345\r"));
    EXPECT_EQ(frames(framer), Frames{"12345"});
    framer.quiet();
    EXPECT_EQ(framer.dropped(), 1);
}

TEST(Framer, WithoutASuffixThePauseEndsACode) {
    Framer framer({.suffix = Suffix::none});
    framer.add(bytes_of("46\r07"));
    EXPECT_EQ(frames(framer), Frames{});
    framer.quiet();
    EXPECT_EQ(frames(framer), Frames{"46\r07"});
    framer.add(bytes_of("46"));
    framer.drop_half();
    framer.quiet();
    EXPECT_EQ(frames(framer), Frames{});
    EXPECT_EQ(framer.dropped(), 1);
}

TEST(Framer, AFrameWithoutItsPrefixIsNone) {
    Framer framer({.suffix = Suffix::etx, .prefix = bytes_of("\x02")});
    framer.add(
        bytes_of("\x02"
                 "123\x03"
                 "456\x03\x02\x03\x02"
                 "789\x03"));
    EXPECT_EQ(frames(framer), (Frames{"123", "789"}));
    EXPECT_EQ(framer.dropped(), 2);
}

TEST(Framer, ACodeThatIsTooLongIsThrownAwayWhole) {
    Framer framer({});
    framer.add(bytes_of(std::string(100'000, '7') + "\r123\r"));
    EXPECT_EQ(frames(framer), Frames{"123"});
    EXPECT_EQ(framer.dropped(), 1);
    framer.add(bytes_of(std::string(kCodeBytesMax, '7') + "\r"));
    EXPECT_EQ(frames(framer).at(0).size(), kCodeBytesMax);
}

TEST(Framer, EmptyFramesAreNothing) {
    Framer framer({});
    framer.add(bytes_of("\r\r"));
    EXPECT_EQ(frames(framer), Frames{});
    EXPECT_EQ(framer.dropped(), 0);
    framer.add(bytes_of("1\r2"));
    framer.clear();
    EXPECT_EQ(frames(framer), Frames{});
    EXPECT_FALSE(framer.waiting());
}

TEST(ReadCode, TakesTheIdentifierOffAsTheModeSays) {
    const base::Bytes bytes = marking();
    const base::ByteView frame = base::ByteView(bytes).first(bytes.size() - 1);
    for (const AimMode mode : {AimMode::automatic, AimMode::on}) {
        const auto code = read_code(frame, mode);
        ASSERT_TRUE(code);
        EXPECT_EQ(code->aim, "]d2");
        EXPECT_EQ(code->data.size(), 85U);
        EXPECT_EQ(code->data[31], std::byte{0x1D});
    }
    const auto raw = read_code(frame, AimMode::off);
    EXPECT_EQ(raw->aim, "");
    EXPECT_EQ(raw->data.size(), 88U);
    EXPECT_EQ(read_code(bytes_of("4607"), AimMode::automatic)->aim, "");
    EXPECT_FALSE(read_code(bytes_of("4607"), AimMode::on));
}

TEST(ReadCode, RepliesOfTheMenuAreNoCodes) {
    for (const char* frame : {"]X0Product Name: Voyager 1602g", "]Z6REVINF\x06.", "REVINF\x06.",
                              "BEPBEP\x15!", "NOSUCH\x05.", "]d2"}) {
        EXPECT_FALSE(read_code(bytes_of(frame), AimMode::automatic)) << frame;
    }
    EXPECT_TRUE(read_code(bytes_of("]d2REVINF\x06."), AimMode::automatic));
    EXPECT_FALSE(read_code(bytes_of("]E0" + std::string(kCodeBytesMax + 1, '1')), AimMode::on));
}

TEST(Unescape, ReadsBytesAndRefusesHalves) {
    EXPECT_EQ(base::to_hex(*unescape("a\\x02\\\\")), "61 02 5C");
    EXPECT_EQ(base::to_hex(*unescape("\\xfF")), "FF");
    for (const char* text : {"\\", "\\x", "\\x0", "\\x0g", "\\n", "a\\x"}) {
        EXPECT_FALSE(unescape(text)) << text;
    }
}

}  // namespace
}  // namespace tillhost::drivers::serial
