// Claim: JSON is read into the same tree as msgpack, under the same limits, and what is wrong is
// named by line and column. Shown by texts of each kind, round trips, and hostile texts.
#include "ipc/json.h"

#include <gtest/gtest.h>

#include <limits>

#include "ipc/contract/decoder.h"
#include "ipc/contract/messages.h"

namespace tillhost::ipc {
namespace {

using contract::Value;

std::string refusal(std::string_view text) {
    const auto value = from_json(text);
    return value ? "taken" : base::to_text(value.error());
}

TEST(Json, ReadsEveryKindOfValue) {
    const Value expected(
        Value::Map{{"a", Value(Value::Array{Value(), Value(true), Value(std::int64_t{-5}),
                                            Value(1.5), Value(std::string("é"))})},
                   {"max", Value(std::numeric_limits<std::int64_t>::max())}});
    EXPECT_EQ(
        from_json(R"({"a": [null, true, -5, 1.5, "\u00e9"], "max": 9223372036854775807})").value(),
        expected);
}

TEST(Json, WritesInTheOrderOfTheMapAndReadsItBack) {
    const Value tree(Value::Map{{"z", Value(std::int64_t{1})},
                                {"a", Value(Value::Array{Value(std::string("x\"y"))})},
                                {"empty", Value(Value::Map{})}});
    const std::string text = to_json(tree, -1);
    EXPECT_EQ(text, R"({"z":1,"a":["x\"y"],"empty":{}})");
    EXPECT_EQ(from_json(text).value(), tree);
    EXPECT_EQ(to_json(Value(Value::Map{{"z", Value(true)}}), 2), "{\n  \"z\": true\n}");
}

TEST(Json, WritesBytesAsHexAndRepairsTextThatIsNotUtf8) {
    EXPECT_EQ(to_json(Value(base::Bytes{base::byte(2), base::byte(0xFF)}), -1), "\"02 FF\"");
    EXPECT_EQ(to_json(Value(std::string("a\xFF")), -1), "\"a\xEF\xBF\xBD\"");
    EXPECT_EQ(to_json(Value(std::numeric_limits<double>::infinity()), -1), "null");
}

TEST(Json, NamesLineAndColumn) {
    EXPECT_EQ(refusal("{\n  \"a\": 1,\n  \"b\": ?\n}").substr(0, 27),
              "malformed: line 3, column 8");
    EXPECT_EQ(refusal("").substr(0, 28), "malformed: line 1, column 1:");
    EXPECT_EQ(refusal("[1, 2").substr(0, 27), "malformed: line 1, column 5");
    EXPECT_EQ(refusal("{} x").substr(0, 27), "malformed: line 1, column 4");
    EXPECT_EQ(refusal("{\n\"a\":1,\"a\":2}"),
              "malformed: line 2, column 12: the key 'a' twice in a map");
    EXPECT_NE(refusal("[18446744073709551615]").find("2^63 - 1"), std::string::npos);
}

TEST(Json, HoldsToTheLimitsOfTheWire) {
    EXPECT_EQ(refusal(std::string(17, '[') + std::string(17, ']')),
              "too_large: line 1, column 17: more than 16 levels of nesting");
    EXPECT_NE(refusal(std::string(1'000'000, '[')).find("16 levels"), std::string::npos);
    std::string items = "[0";
    for (int i = 0; i < 1024; ++i) {
        items += ",0";
    }
    EXPECT_NE(refusal(items + "]").find("at most 1024"), std::string::npos);
    EXPECT_NE(refusal(std::string(1024 * 1024 + 1, ' ')).find("a text of 1048577 bytes"),
              std::string::npos);
}

TEST(Json, AFractionReachesTheDecoderWhichNamesItsField) {
    const Value value = from_json(R"({"kind": "cash", "amount_minor": 49.90})").value();
    const auto payment = contract::from_value<contract::Payment>(value, "payments[0]");
    ASSERT_FALSE(payment.has_value());
    EXPECT_EQ(payment.error().detail.substr(0, 25), "payments[0].amount_minor:");
}

}  // namespace
}  // namespace tillhost::ipc
