// Claim: values of CTAP2's CBOR are read whole or not at all, within the bounds, and written in the
// canonical form. Shown by the examples of RFC 8949, appendix A, by a published reply of a token,
// and by every cut and many changes of it.
#include "hal/codec/cbor.h"

#include <gtest/gtest.h>

#include <limits>

namespace tillhost::codec::cbor {
namespace {

base::Bytes hex(std::string_view text) { return *base::from_hex(text); }
std::string written(const Value& value) { return base::to_hex(write(value)); }
base::Result<Value> read_hex(std::string_view text) { return read(hex(text)); }

/// Yubico/python-fido2, tests/test_ctap2.py: what getInfo answers.
constexpr std::string_view kInfo =
    "A6 01 82 66 55 32 46 5F 56 32 68 46 49 44 4F 5F 32 5F 30 02 82 63 75 76 6D 6B 68 6D 61 63 2D "
    "73 65 63 72 65 74 03 50 F8 A0 11 F3 8C 0A 4D 15 80 06 17 11 1F 9E DC 7D 04 A4 62 72 6B F5 62 "
    "75 70 F5 64 70 6C 61 74 F4 69 63 6C 69 65 6E 74 50 69 6E F4 05 19 04 B0 06 81 01";

struct Number {
    std::string_view hex;
    std::int64_t value;
};
constexpr Number kNumbers[] = {
    {"00", 0},
    {"17", 23},
    {"18 18", 24},
    {"18 64", 100},
    {"19 03 E8", 1000},
    {"1A 00 0F 42 40", 1'000'000},
    {"1B 00 00 00 E8 D4 A5 10 00", 1'000'000'000'000},
    {"1B 7F FF FF FF FF FF FF FF", std::numeric_limits<std::int64_t>::max()},
    {"20", -1},
    {"29", -10},
    {"38 63", -100},
    {"39 03 E7", -1000},
    {"3B 7F FF FF FF FF FF FF FF", std::numeric_limits<std::int64_t>::min()},
};

TEST(Cbor, NumbersBothWays) {
    for (const Number& number : kNumbers) {
        EXPECT_EQ(MUST(read_hex(number.hex)), Value(number.value)) << number.hex;
        EXPECT_EQ(written(Value(number.value)), number.hex);
    }
}

TEST(Cbor, StringsAndWordsBothWays) {
    const std::pair<std::string_view, Value> all[] = {
        {"F4", Value(false)},
        {"F5", Value(true)},
        {"40", Value(base::Bytes())},
        {"44 01 02 03 04", Value(hex("01 02 03 04"))},
        {"60", Value(std::string())},
        {"64 49 45 54 46", Value(std::string("IETF"))},
        {"62 C3 BC", Value(std::string("\xC3\xBC"))},
        {"80", Value(Array())},
        {"83 01 02 03",
         Value(Array{Value(std::int64_t{1}), Value(std::int64_t{2}), Value(std::int64_t{3})})},
        {"A0", Value(Map())},
    };
    for (const auto& [text, value] : all) {
        EXPECT_EQ(MUST(read_hex(text)), value) << text;
        EXPECT_EQ(written(value), text);
    }
}

TEST(Cbor, APublishedReplyOfATokenIsReadAndWrittenAsItWas) {
    const Value info = MUST(read_hex(kInfo));
    EXPECT_EQ(written(info), kInfo);
    const Map& map = *info.get_if<Map>();
    ASSERT_EQ(map.size(), 6U);
    EXPECT_EQ(*find_as<std::int64_t>(map, 5), 1200);
    const auto* options = find_as<Map>(map, 4);
    ASSERT_NE(options, nullptr);
    EXPECT_TRUE(*find_as<bool>(*options, "rk"));
    EXPECT_FALSE(*find_as<bool>(*options, "clientPin"));
    EXPECT_EQ(find(*options, "alwaysUv"), nullptr);
    EXPECT_EQ(find(map, 7), nullptr);
    EXPECT_EQ(find_as<std::string>(map, 5), nullptr) << "another type";
}

TEST(Cbor, KeysAreWrittenInTheOrderOfCtap2) {
    const auto one = [](Key key) { return std::pair(std::move(key), Value(true)); };
    const Map map{one("b"), one("aa"),           one(std::int64_t{24}), one(std::int64_t{-1}),
                  one("a"), one(std::int64_t{3})};
    EXPECT_EQ(written(Value(map)), "A6 03 F5 18 18 F5 20 F5 61 61 F5 61 62 F5 62 61 61 F5");
}

TEST(Cbor, AnotherOrderAndLongerLengthsAreForgiven) {
    EXPECT_EQ(written(MUST(read_hex("A2 02 F5 01 F4"))), "A2 01 F4 02 F5");
    EXPECT_EQ(written(MUST(read_hex("58 01 AA"))), "41 AA");
    EXPECT_EQ(MUST(read_hex("1B 00 00 00 00 00 00 00 07")), Value(std::int64_t{7}));
}

TEST(Cbor, WhatCtap2DoesNotHaveIsRefused) {
    for (const std::string_view wrong : {"",
                                         "F6",
                                         "F7",
                                         "F9 3C 00",
                                         "FB 3F F1 99 99 99 99 99 9A",
                                         "C0 60",
                                         "F8 20",
                                         "5F 41 AA FF",
                                         "7F 61 61 FF",
                                         "9F 01 FF",
                                         "BF 01 02 FF",
                                         "1C",
                                         "1B 80 00 00 00 00 00 00 00",
                                         "3B FF FF FF FF FF FF FF FF",
                                         "A1 41 61 01",
                                         "A1 F5 01",
                                         "A2 01 F5 01 F4",
                                         "A2 61 61 F5 61 61 F4",
                                         "62 C3 28",
                                         "01 02",
                                         "FF"}) {
        const auto value = read_hex(wrong);
        ASSERT_FALSE(value) << wrong;
        EXPECT_EQ(value.error().code, base::ErrorCode::frame_damaged);
    }
}

TEST(Cbor, FourLevelsAndNotFive) {
    EXPECT_TRUE(read_hex("81 81 81 81 01"));
    EXPECT_TRUE(read_hex("A1 01 A1 01 A1 01 A1 01 F5"));
    EXPECT_FALSE(read_hex("81 81 81 81 80"));
    EXPECT_FALSE(read_hex("A1 01 A1 01 A1 01 A1 01 A0"));
}

TEST(Cbor, LengthsBeyondTheMessageTakeNoRoom) {
    EXPECT_FALSE(read_hex("5B 7F FF FF FF FF FF FF FF 00"));
    EXPECT_FALSE(read_hex("9B 00 00 00 01 00 00 00 00"));
    EXPECT_FALSE(read_hex("BB 00 00 00 01 00 00 00 00 00 00"));
    EXPECT_FALSE(read(base::Bytes(kBytesMax + 1, std::byte{0})));
}

TEST(Cbor, EveryCutIsAnErrorAndNoChangedByteIsMoreThanThat) {
    const base::Bytes whole = hex(kInfo);
    for (std::size_t length = 0; length < whole.size(); ++length) {
        EXPECT_FALSE(read(base::ByteView(whole).first(length))) << length;
    }
    for (std::size_t at = 0; at < whole.size(); ++at) {
        for (unsigned value = 0; value < 256; ++value) {
            base::Bytes changed = whole;
            changed[at] = base::byte(value);
            if (const auto got = read(changed)) {
                EXPECT_EQ(write(MUST(read(write(*got)))), write(*got));
            }
        }
    }
}

}  // namespace
}  // namespace tillhost::codec::cbor
