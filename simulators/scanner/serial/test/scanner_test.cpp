// Claim: a simulated scanner sends a code as it was told to, and each knob does what it says.
// Shown byte by byte against frames written out, and by mistakes in words.
#include "simulators/scanner/serial/scanner.h"

#include <gtest/gtest.h>

namespace tillhost::simulators::scanner_serial {
namespace {

using std::chrono::milliseconds;
using Keys = std::vector<std::pair<std::string, std::string>>;

class SerialScanner : public testing::Test {
protected:
    std::string scan(std::string_view code, const Keys& keys = {}) {
        const auto read = parse_barcode_read(code, keys);
        EXPECT_TRUE(read) << base::to_text(read.error());
        EXPECT_TRUE(scanner_->read_barcode(*read, now_));
        return heard();
    }
    std::string heard() { return base::to_hex(scanner_->take_output()); }
    static std::string refusal(std::string_view code, const Keys& keys) {
        const auto read = parse_barcode_read(code, keys);
        EXPECT_FALSE(read);
        return read ? "" : read.error().detail;
    }

    os::Instant now_{};
    std::unique_ptr<ScannerSimulator> scanner_ = make_scanner({});
};

TEST_F(SerialScanner, SendsPrefixIdentifierCodeAndSuffix) {
    EXPECT_EQ(scan("12"), "31 32 0D");
    EXPECT_EQ(scan("1\\x1D\\\\", {{"aim", "]d2"}}), "5D 64 32 31 1D 5C 0D");
    EXPECT_EQ(scan("hex:30 31"), "30 31 0D");
    scanner_ = make_scanner({.suffix = "\r\n", .prefix = "\x02"});
    EXPECT_EQ(scan("12"), "02 31 32 0D 0A");
    EXPECT_EQ(scanner_->scanner_state().reads, 1U);
    EXPECT_EQ(scanner_->scanner_state().bytes, 5U);
}

TEST_F(SerialScanner, EachKnobDoesWhatItSays) {
    EXPECT_EQ(scan("1", {{"glue", "2"}}), "31 0D 32 0D");
    EXPECT_EQ(scan("1", {{"suffix", "no"}, {"glue", "2"}}), "31 32");
    EXPECT_EQ(scan("1\\x1D2", {{"gs", "lost"}}), "31 32 0D");
    EXPECT_EQ(scan("1", {{"noise", "\\xFF\\x00"}}), "FF 00 31 0D");
    EXPECT_EQ(scan("1", {{"reply", "REVINF"}}), "52 45 56 49 4E 46 06 2E 31 0D");
}

TEST_F(SerialScanner, DribblesAByteAtATime) {
    EXPECT_EQ(scan("12", {{"dribble_ms", "10"}}), "31");
    for (const char* expected : {"32", "0D"}) {
        ASSERT_TRUE(scanner_->next_event());
        EXPECT_EQ(*scanner_->next_event() - now_, milliseconds(10));
        now_ = *scanner_->next_event();
        scanner_->advance(now_);
        EXPECT_EQ(heard(), expected);
    }
    EXPECT_FALSE(scanner_->next_event());
}

TEST_F(SerialScanner, DiesInTheMiddleOfACode) {
    EXPECT_EQ(scan("12345", {{"half", "3"}}), "31 32 33");
    EXPECT_FALSE(scanner_->powered());
    const auto read = *parse_barcode_read("1", {});
    EXPECT_EQ(scanner_->read_barcode(read, now_).error().code, base::ErrorCode::wrong_state);
    scanner_->power(true, now_);
    EXPECT_EQ(scan("6"), "36 0D");
}

TEST_F(SerialScanner, TheLineHasItsFaultsToo) {
    ASSERT_TRUE(scanner_->inject({.kind = FaultKind::lose}, now_));
    EXPECT_EQ(scan("12"), "");
    EXPECT_EQ(scan("12"), "31 32 0D");
    EXPECT_EQ(scanner_->inject({.kind = FaultKind::paper_out}, now_).error().code,
              base::ErrorCode::not_supported);
}

TEST_F(SerialScanner, WordsAreReadOrRefused) {
    EXPECT_NE(refusal("\\x1", {}).find("code"), std::string::npos);
    EXPECT_NE(refusal("\\n", {}).find("code"), std::string::npos);
    EXPECT_NE(refusal("hex:3", {}).find("code"), std::string::npos);
    EXPECT_NE(refusal("1", {{"aim", "d2"}}).find("]d2"), std::string::npos);
    EXPECT_NE(refusal("1", {{"gs", "no"}}).find("lost"), std::string::npos);
    EXPECT_NE(refusal("1", {{"half", "-1"}}).find("half"), std::string::npos);
    EXPECT_NE(refusal("1", {{"speed", "1"}}).find("dribble_ms"), std::string::npos);
    EXPECT_EQ(scanner_->read_barcode({}, now_).error().code, base::ErrorCode::bad_field);
    EXPECT_EQ(*suffix_bytes("crlf"), "\r\n");
    EXPECT_FALSE(suffix_bytes("cr lf"));
}

}  // namespace
}  // namespace tillhost::simulators::scanner_serial
