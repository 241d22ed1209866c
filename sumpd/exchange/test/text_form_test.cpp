// Claim: a written value is read as it was, one text for one value, and any other text is nothing.
// Shown by edges of each kind and by texts that nearly fit.
#include "sumpd/exchange/text_form.h"

#include <gtest/gtest.h>

#include <limits>

namespace tillhost::sumpd::exchange {
namespace {

TEST(TextForm, AmountsHaveTwoDigits) {
    EXPECT_EQ(amount_from("12.5"), Amount{1250});
    EXPECT_EQ(amount_from("-0.05"), Amount{-5});
    EXPECT_EQ(amount_from("100000000000"), Amount{Amount::kMinorMax});
    EXPECT_EQ(text_of(Amount{-5}), "-0.05");
    EXPECT_EQ(text_of(Amount{1250}), "12.50");
    for (const auto* text : {"", ".5", "5.", "1.005", "+1", "1e2", "100000000000.01", " 1", "--1",
                             "999999999999999999", "1 000", "-"}) {
        EXPECT_FALSE(amount_from(text)) << text;
    }
}

TEST(TextForm, MeasuresHaveThreeDigits) {
    EXPECT_EQ(measure_from("1.5"), Measure{1500});
    EXPECT_EQ(text_of(Measure{1}), "0.001");
    EXPECT_EQ(measure_from("1000000000.000"), Measure{Measure::kMilliMax});
    EXPECT_FALSE(measure_from("1000000000.001"));
    EXPECT_FALSE(measure_from("0.0001"));
}

TEST(TextForm, IntegersFitSixtyFourBits) {
    const auto max = std::numeric_limits<std::int64_t>::max();
    EXPECT_EQ(integer_from("9223372036854775807"), max);
    EXPECT_EQ(integer_from("-9223372036854775808"), std::numeric_limits<std::int64_t>::min());
    EXPECT_EQ(integer_from("+007"), 7);
    for (const auto* text : {"", "+", "-", "+-1", "9223372036854775808", "1.0", "0x1", "1 "}) {
        EXPECT_FALSE(integer_from(text)) << text;
    }
}

TEST(TextForm, MomentsKeepTheirOffset) {
    EXPECT_EQ(moment_from("1970-01-01T00:00:00Z"), (Moment{0, 0}));
    EXPECT_EQ(moment_from("2024-02-29T23:59:59.9996+14:00"), (Moment{1'709'200'799'999, 840}));
    EXPECT_EQ(text_of(Moment{1'709'200'799'999, 840}), "2024-02-29T23:59:59.999+14:00");
    EXPECT_EQ(moment_from("2026-11-27T10:00:00-00:00"), moment_from("2026-11-27T10:00:00Z"));
    EXPECT_EQ(text_of(*moment_from("2026-11-27T10:00:00.5-09:30")),
              "2026-11-27T10:00:00.500-09:30");
    for (const auto* text :
         {"2026-11-27T10:00:00", "2026-11-27 10:00:00Z", "2026-02-29T10:00:00Z",
          "2026-11-27T24:00:00Z", "2026-11-27T10:60:00Z", "2026-11-27T10:00:60Z",
          "2026-11-27T10:00Z", "2026-11-27T10:00:00.Z", "2026-11-27T10:00:00.0000000001Z",
          "2026-11-27T10:00:00+14:01", "2026-11-27T10:00:00+03:60", "2026-11-27T10:00:00+0300",
          "0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "1970-01-01T00:00:00+01:00",
          "2200-01-01T00:00:00Z", "2026-11-27T10:00:00Z ", "", "2026-11-27"}) {
        EXPECT_FALSE(moment_from(text)) << text;
    }
}

TEST(TextForm, AMomentOfAnyNumbersIsWrittenReadably) {
    const auto low = std::numeric_limits<std::int64_t>::min();
    const auto high = std::numeric_limits<std::int64_t>::max();
    EXPECT_EQ(text_of(Moment{low, -100'000}), "1970-01-01T00:00:00.000-14:00");
    EXPECT_EQ(text_of(Moment{high, 100'000}), "2199-12-31T23:59:59.999+14:00");
}

TEST(TextForm, UuidsAreKeptInLowerCase) {
    EXPECT_EQ(uuid_from("0190F5C4-6F6E-7CC1-9F0A-5B8C4D1E2F30")->text,
              "0190f5c4-6f6e-7cc1-9f0a-5b8c4d1e2f30");
    EXPECT_FALSE(uuid_from("0190f5c4-6f6e-7cc1-9f0a-5b8c4d1e2f3"));
    EXPECT_FALSE(uuid_from("0190f5c4-6f6e-7cc1-9f0a-5b8c4d1e2f3g"));
    EXPECT_FALSE(uuid_from("0190f5c406f6e-7cc1-9f0a-5b8c4d1e2f30"));
    EXPECT_FALSE(uuid_from("{190f5c4-6f6e-7cc1-9f0a-5b8c4d1e2f3}"));
}

TEST(TextForm, Base64BothWays) {
    // RFC 4648 §10
    const std::pair<std::string_view, std::string_view> all[] = {{"", ""},
                                                                 {"f", "Zg=="},
                                                                 {"fo", "Zm8="},
                                                                 {"foo", "Zm9v"},
                                                                 {"foob", "Zm9vYg=="},
                                                                 {"fooba", "Zm9vYmE="},
                                                                 {"foobar", "Zm9vYmFy"}};
    for (const auto& [bytes, text] : all) {
        EXPECT_EQ(base64_of(base::bytes_of(bytes)), text);
        EXPECT_EQ(base64_from(text), base::bytes_of(bytes)) << text;
    }
    EXPECT_EQ(base64_from(" Zm9v\r\nYg = =\t"), base::bytes_of("foob"));
    for (const auto* text :
         {"Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Z=g=", "Zm9v-", "=", "===="}) {
        EXPECT_FALSE(base64_from(text)) << text;
    }
}

TEST(TextForm, CarriesWhatXmlHas) {
    EXPECT_TRUE(is_carried("\t\r\n Ё🥛\x7F\xC2\x85"));
    for (const std::string_view text :
         {std::string_view("\0", 1), std::string_view("\x1D"), std::string_view("\x0B"),
          std::string_view("\xEF\xBF\xBE"), std::string_view("\xEF\xBF\xBF"),
          std::string_view("\xED\xA0\x80"), std::string_view("\xC0\x80"),
          std::string_view("\xD0")}) {
        EXPECT_FALSE(is_carried(text));
        EXPECT_TRUE(is_carried(made_carried(text)));
    }
    EXPECT_EQ(made_carried("a\x01"
                           "b"),
              "a\xEF\xBF\xBD"
              "b");
}

}  // namespace
}  // namespace tillhost::sumpd::exchange
