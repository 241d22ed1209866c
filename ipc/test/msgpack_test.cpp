// Claim: the wire is msgpack's shortest form, read back unchanged, and bytes that the contract does
// not allow are refused with the place. Shown by golden bytes from the msgpack specification
// (github.com/msgpack/msgpack, spec.md, "Formats"), round trips, and hostile frames.
#include "ipc/msgpack.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "ipc/contract/envelope.h"

namespace tillhost::ipc {
namespace {

using contract::Value;

base::Bytes hex(std::string_view text) { return base::from_hex(text).value(); }
std::string encoded(const Value& value) { return base::to_hex(encode_msgpack(value)); }
Value integer(std::int64_t number) { return Value(number); }

Value read(std::string_view text) {
    auto value = decode_msgpack(hex(text));
    EXPECT_TRUE(value.has_value()) << (value ? "" : value.error().detail);
    return value ? std::move(*value) : Value();
}

std::string refusal(const base::Bytes& bytes) {
    const auto value = decode_msgpack(bytes);
    return value ? "taken" : base::to_text(value.error());
}
std::string refusal(std::string_view text) { return refusal(hex(text)); }

TEST(Msgpack, WritesEveryKindOfValueInItsShortestForm) {
    EXPECT_EQ(encoded(Value()), "C0");
    EXPECT_EQ(encoded(Value(false)), "C2");
    EXPECT_EQ(encoded(Value(true)), "C3");
    EXPECT_EQ(encoded(integer(127)), "7F");
    EXPECT_EQ(encoded(integer(-32)), "E0");
    EXPECT_EQ(encoded(integer(255)), "CC FF");
    EXPECT_EQ(encoded(integer(-33)), "D0 DF");
    EXPECT_EQ(encoded(integer(65536)), "CE 00 01 00 00");
    EXPECT_EQ(encoded(integer(std::numeric_limits<std::int64_t>::min())),
              "D3 80 00 00 00 00 00 00 00");
    EXPECT_EQ(encoded(Value(1.5)), "CB 3F F8 00 00 00 00 00 00");
    EXPECT_EQ(encoded(Value(std::string("ok"))), "A2 6F 6B");
    EXPECT_EQ(encoded(Value(base::Bytes{base::byte(1)})), "C4 01 01");
    EXPECT_EQ(encoded(Value(Value::Array{integer(1), Value()})), "92 01 C0");
    EXPECT_EQ(encoded(Value(Value::Map{{"v", integer(1)}, {"a", Value(true)}})),
              "82 A1 76 01 A1 61 C3");
}

TEST(Msgpack, WritesAReplyAsItsTreeWouldBeWritten) {
    const Value body(Value::Map{{"device", Value(std::string("fr-1"))}, {"queue", Value(7L)}});
    const contract::Error error =
        contract::to_contract(base::make_error(base::ErrorCode::malformed, "no"));
    for (const contract::Reply& reply :
         {contract::Reply{300, body, false}, contract::Reply{1, body, true},
          contract::Reply{2, error, false}, contract::Reply{3, Value(Value::Map{}), false}}) {
        EXPECT_EQ(encode_reply(reply), encode_msgpack(contract::to_value(reply)));
    }
}

TEST(Msgpack, ReadsLongerFormsOfTheSameNumber) {
    EXPECT_EQ(read("D3 00 00 00 00 00 00 00 07"), integer(7));
    EXPECT_EQ(read("CF 7F FF FF FF FF FF FF FF"),
              integer(std::numeric_limits<std::int64_t>::max()));
    EXPECT_EQ(read("CA 3F C0 00 00"), Value(1.5));
    EXPECT_EQ(read("DB 00 00 00 02 6F 6B"), Value(std::string("ok")));
}

TEST(Msgpack, ReadsBackATreeOfEverything) {
    const Value tree(Value::Map{
        {"text", Value(std::string("Молоко"))},
        {"", Value(std::string())},
        {"bytes", Value(base::Bytes(70'000, base::byte(7)))},
        {"empty",
         Value(Value::Array{Value(base::Bytes()), Value(Value::Array()), Value(Value::Map())})},
        {"many", Value(Value::Array(1024, Value(false)))}});
    EXPECT_EQ(decode_msgpack(encode_msgpack(tree)).value(), tree);
}

TEST(Msgpack, KeepsNanSoThatItsFieldCanBeNamed) {
    const Value value = read("CB 7F F8 00 00 00 00 00 00");
    ASSERT_NE(value.get_if<double>(), nullptr);
    EXPECT_TRUE(std::isnan(*value.get_if<double>()));
}

TEST(Msgpack, KeepsANumberWithAFractionOneEvenWhereTheFractionIsZero) {
    EXPECT_EQ(encoded(Value(1.0)), "CB 3F F0 00 00 00 00 00 00");
    for (const double number : {0.0, -0.0, 1.0, -3.0, 9.2e18, 9.5e18, -9.5e18, 1e300}) {
        const auto back = decode_msgpack(encode_msgpack(Value(number)));
        ASSERT_TRUE(back) << number;
        EXPECT_EQ(*back, Value(number));
    }
}

TEST(Msgpack, RefusesWhatIsNotWholeOrHasSomethingBehindIt) {
    EXPECT_EQ(refusal(""), "malformed: at byte 0: an empty message");
    EXPECT_EQ(refusal("C1"), "malformed: at byte 0: a byte that begins no value");
    EXPECT_EQ(refusal("92 01"), "malformed: at byte 2: the end in the middle of a value");
    EXPECT_EQ(refusal("A5 6F 6B"), "malformed: at byte 1: the end in the middle of a value");
    EXPECT_EQ(refusal("DB 7F FF FF FF 61"),
              "malformed: at byte 5: the end in the middle of a value");
    EXPECT_EQ(refusal("01 02 03"), "malformed: at byte 1: 2 bytes behind the end");
}

TEST(Msgpack, RefusesWhatTheContractHasNoUseFor) {
    EXPECT_EQ(refusal("CF 80 00 00 00 00 00 00 00"),
              "malformed: at byte 8: an integer above 2^63 - 1");
    EXPECT_EQ(refusal("D4 01 00"), "malformed: at byte 2: an extension type");
    EXPECT_NE(refusal("C9 FF FF FF FF 01 00"), "taken");
    EXPECT_EQ(refusal("81 01 02"), "malformed: at byte 1: a key of a map that is not text");
    EXPECT_NE(refusal("81 90 02"), "taken");
    EXPECT_NE(refusal("81 81 A1 61 01 02"), "taken");
    EXPECT_EQ(refusal("82 A1 61 01 A1 61 02").substr(0, 9), "malformed");
    EXPECT_NE(refusal("82 A1 61 01 A1 61 02").find("'a' twice"), std::string::npos);
}

TEST(Msgpack, FindsADoubledKeyInALargeMap) {
    Value::Map map;
    for (int i = 0; i < 1000; ++i) {
        map.emplace_back("key" + std::to_string(i), integer(i));
    }
    EXPECT_EQ(refusal(encode_msgpack(Value(map))), "taken");
    map.emplace_back("key500", integer(1));
    EXPECT_NE(refusal(encode_msgpack(Value(map))).find("'key500' twice"), std::string::npos);
}

TEST(Msgpack, ComparesEveryClaimedLengthWithItsLimitFirst) {
    EXPECT_EQ(refusal("DD 80 00 00 00"),
              "too_large: at byte 4: a list of 2147483648 items; at most 1024");
    EXPECT_EQ(refusal("DF 04 00 00 00"),
              "too_large: at byte 4: a map of 67108864 entries; at most 1024");
    EXPECT_EQ(refusal("DC 04 01"), "too_large: at byte 2: a list of 1025 items; at most 1024");
}

base::Bytes nested(std::size_t levels) {
    base::Bytes bytes(levels, base::byte(0x91));
    bytes.push_back(base::byte(0xC0));
    return bytes;
}

TEST(Msgpack, TakesSixteenLevelsAndNotOneMore) {
    EXPECT_EQ(refusal(nested(contract::kDepthMax)), "taken");
    EXPECT_EQ(refusal(nested(contract::kDepthMax + 1)),
              "too_large: at byte 16: more than 16 levels of nesting");
    EXPECT_EQ(refusal(nested(1'000'000)), "too_large: at byte 16: more than 16 levels of nesting");
}

TEST(Msgpack, RefusesAFrameAboveItsLimitUnread) {
    EXPECT_EQ(refusal(base::Bytes(contract::kFrameBytesMax + 1, base::byte(0xC0))),
              "too_large: a message of 1048577 bytes; at most 1048576");
}

TEST(Msgpack, CountsTheValuesOfAWideMessage) {
    const Value row(Value::Array(1000, Value()));
    EXPECT_EQ(refusal(encode_msgpack(Value(Value::Array(100, row)))), "taken");
    EXPECT_NE(refusal(encode_msgpack(Value(Value::Array(140, row)))).find("131072 values"),
              std::string::npos);
}

TEST(Msgpack, RefusesEveryProperPrefixOfAMessage) {
    const base::Bytes whole = encode_msgpack(
        contract::to_value(contract::Request{contract::RequestKind::status, 7, 1000,
                                             contract::to_value(contract::DeviceRequest{"till"})}));
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const base::ByteView part(whole.data(), size);
        EXPECT_FALSE(decode_msgpack(part).has_value()) << size;
    }
}

}  // namespace
}  // namespace tillhost::ipc
