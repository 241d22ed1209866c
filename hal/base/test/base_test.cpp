// Claim: the vocabulary keeps its bounds and reads back what it writes.
// Shown by round trips, by the edges of every bound, and by texts that must be refused.
#include <gtest/gtest.h>

#include "hal/base/bytes.h"
#include "hal/base/ids.h"
#include "hal/base/money.h"
#include "hal/base/quantity.h"
#include "hal/base/text.h"

namespace tillhost::base {
namespace {

Result<int> halve(int value) {
    if (value % 2 != 0) {
        return bad_field("value", "an even number");
    }
    return value / 2;
}

Result<int> quarter(int value) { return halve(TRY(halve(value))); }

TEST(Result, TryReturnsTheFirstError) {
    EXPECT_EQ(quarter(8).value(), 2);
    EXPECT_EQ(quarter(6).error().code, ErrorCode::bad_field);
    EXPECT_EQ(quarter(7).error().detail, "value: an even number");
}

TEST(Error, EveryCodeIsFoundByNumberAndName) {
    const auto code = error_code_from(std::uint64_t{63});
    ASSERT_TRUE(code.has_value());
    EXPECT_EQ(name_of(*code), "paper_out");
    EXPECT_EQ(error_code_from("paper_out"), code);
    EXPECT_EQ(reaction_of(*code), Reaction::ask_operator);
    EXPECT_FALSE(error_code_from(std::uint64_t{9999}).has_value());
}

TEST(Bytes, HexReadsBackWhatItWrote) {
    const auto bytes = from_hex("02 05 10 1e000000 0B");
    ASSERT_TRUE(bytes.has_value());
    EXPECT_EQ(to_hex(*bytes), "02 05 10 1E 00 00 00 0B");
    EXPECT_FALSE(from_hex("0").has_value());
    EXPECT_FALSE(from_hex("0 2").has_value());
    EXPECT_FALSE(from_hex("zz").has_value());
}

TEST(Bytes, ReaderNeverPassesTheEnd) {
    const auto bytes = from_hex("01 02 03").value();
    ByteReader reader(bytes);
    EXPECT_EQ(reader.u16_le(), 0x0201);
    EXPECT_EQ(reader.u32_le(), 0U);
    EXPECT_TRUE(reader.failed());
    EXPECT_EQ(reader.u8(), 0);
}

TEST(Bytes, WriterAndReaderAgree) {
    ByteWriter writer;
    writer.u8(1).uint_le(0x0102030405, 5).uint_be(0x0102, 2);
    EXPECT_EQ(to_hex(writer.bytes()), "01 05 04 03 02 01 01 02");
}

TEST(Money, ReadsTextWithItsOwnDecimalsOnly) {
    EXPECT_EQ(Money::from_text("12.5", Currency::rub())->minor(), 1250);
    EXPECT_EQ(Money::from_text("12", Currency::rub())->to_text(), "12.00 RUB");
    EXPECT_EQ(Money::from_text("12.345", Currency::rub()).error().code, ErrorCode::bad_field);
    EXPECT_FALSE(Money::from_text("1e3", Currency::rub()).has_value());
    EXPECT_FALSE(Money::from_text("", Currency::rub()).has_value());
    EXPECT_FALSE(Money::from_text("99999999999999", Currency::rub()).has_value());
}

TEST(Money, ScaleRoundsHalvesAwayFromZero) {
    EXPECT_EQ(scale_minor(31000, 485, 1000, Rounding::half_up), 15035);
    EXPECT_EQ(scale_minor(1, 1, 2, Rounding::half_up), 1);
    EXPECT_EQ(scale_minor(-1, 1, 2, Rounding::half_up), -1);
    EXPECT_EQ(scale_minor(1, 1, 3, Rounding::half_up), 0);
    EXPECT_EQ(scale_minor(2, 1, 3, Rounding::half_up), 1);
    EXPECT_EQ(scale_minor(1, 1, 2, Rounding::down), 0);
}

TEST(Quantity, RefusesWhatNoRegistrarTakes) {
    EXPECT_EQ(Quantity::make(485, 3)->micro(), 485000);
    EXPECT_EQ(Quantity::make(485, 3)->to_text(), "0.485");
    EXPECT_FALSE(Quantity::make(1, 7).has_value());
    EXPECT_FALSE(Quantity::make(0, 0).has_value());
    EXPECT_FALSE(Quantity::make(-1, 0).has_value());
}

TEST(OperationId, KeepsTimeAndReadsBack) {
    const OperationId id = OperationId::make(1'700'000'000'123, {~0ULL, 7});
    EXPECT_EQ(id.unix_ms(), 1'700'000'000'123U);
    EXPECT_EQ(OperationId::from_text(id.to_text()).value(), id);
    EXPECT_FALSE(OperationId::from_text("0190b8f2-7c1e-4a00-8000-000000000001").has_value());
    EXPECT_FALSE(OperationId::from_text("").has_value());
    EXPECT_EQ(OperationId::from_text("0190B8F2-7C1E-7A00-8000-00000000000A")->to_text(),
              "0190b8f2-7c1e-7a00-8000-00000000000a");
    for (const char* wrong :
         {"0190b8f2-7c1e-7a00-8000-00000000001", "0190b8f2-7c1e-7a00-8000-0000000000011",
          "0190b8f207c1e-7a00-8000-000000000001", "0190b8f2-7c1e-7a00-8000-00000-000001",
          "0190b8f2-7c1e-7a00-8000-00000 000001", "0190b8f2-7c1e-7a00-8000-00000000000g",
          "0190b8f2-7c1e-7a00-8000--00000000001", "------------------------------------"}) {
        EXPECT_FALSE(OperationId::from_text(wrong).has_value()) << wrong;
    }
}

TEST(Text, RefusesWhatIsNotUtf8) {
    EXPECT_TRUE(is_utf8("Сыр ½ €"));
    EXPECT_EQ(utf8_length("Сыр"), 3U);
    for (std::size_t plain = 0; plain < 20; ++plain) {
        const std::string front(plain, 'a');
        EXPECT_TRUE(is_utf8(front + "Сыр" + front));
        EXPECT_EQ(utf8_length(front + "Сыр" + front), 2 * plain + 3);
        EXPECT_FALSE(is_utf8(front + "\xD0" + front));
    }
    EXPECT_FALSE(is_utf8("\xC0\x80"));
    EXPECT_FALSE(is_utf8("\xED\xA0\x80"));
    EXPECT_FALSE(is_utf8("\xD0"));
    EXPECT_EQ(decimal_to_text(-5, 2), "-0.05");
}

}  // namespace
}  // namespace tillhost::base
