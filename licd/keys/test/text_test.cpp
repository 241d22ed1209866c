// Claim: base64, times, fields, licences and PINs read back what they wrote and nothing else.
// Shown by published vectors, by bounds, and by each typing error of a PIN.
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "licd/keys/base64.h"
#include "licd/keys/fields.h"
#include "licd/keys/instant.h"
#include "licd/keys/licence_line.h"
#include "licd/keys/pin.h"
#include "licd/keys/test/vendor.h"

namespace tillhost::licd::keys::test {
namespace {

using base::ErrorCode;

TEST(Base64, AgreesWithThePublishedVectors) {
    constexpr std::pair<const char*, const char*> kVectors[] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"}};  // RFC 4648 §10
    for (const auto& [plain, text] : kVectors) {
        EXPECT_EQ(to_base64(base::bytes_of(plain)), text);
        EXPECT_EQ(base::string_of(taken(from_base64(text))), plain);
    }
    for (const char* wrong :
         {"Zg", "Zg=", "Zh==", "Zm9=", "Z===", "====", "Zg==Zg==", "Zm 9", "-_=="}) {
        EXPECT_FALSE(from_base64(wrong)) << wrong;
    }
}

TEST(Instant, IsOneTextForOneTime) {
    EXPECT_EQ(instant_to_text(kNow), "2026-05-28T20:26:40Z");
    EXPECT_EQ(taken(instant_from_text("2026-05-28T20:26:40Z")), kNow);
    EXPECT_EQ(taken(day_from_text("2024-02-29")), 1'709'164'800);
    for (const char* wrong :
         {"2026-02-29T00:00:00Z", "2026-05-28T24:00:00Z", "2026-05-28 20:26:40Z",
          "2026-05-28T20:26:40", "1969-12-31T23:59:59Z", ""}) {
        EXPECT_FALSE(instant_from_text(wrong)) << wrong;
    }
}

TEST(Fields, ReadWhatTheyWrote) {
    const std::string text =
        FieldWriter("L").word("1").put("name", "50% off ~ tea\n").put("count", 7).text();
    EXPECT_EQ(text, "L 1 name=50%25%20off%20%7E%20tea%0A count=7");
    const Fields fields = taken(Fields::read(text, 3));
    EXPECT_EQ(fields.tag(), "L");
    EXPECT_EQ(fields.words(), std::vector<std::string>{"1"});
    EXPECT_EQ(taken(fields.need("name")), "50% off ~ tea\n");
    EXPECT_EQ(taken(fields.need_number("count", 1, 9)), 7);
}

TEST(Fields, RefuseWhatIsNoLine) {
    for (const char* wrong :
         {"", "l a=1", "L  a=1", "L a=1 ", "L a=1 a=2", "L a=%2", "L a=%zz", "L A=1", "L a=1 word",
          "L a=\x7f", "L =1", "L a=%FF", "LONGERTAG a=1"}) {
        EXPECT_TRUE(refused(Fields::read(wrong, 3), ErrorCode::key_damaged, "line 3: ")) << wrong;
    }
    const Fields fields = taken(Fields::read("L a=07 b=10 c=", 3));
    EXPECT_FALSE(fields.need_number("a", 0, 100));
    EXPECT_FALSE(fields.need_number("b", 11, 100));
    EXPECT_FALSE(fields.need("c"));
    EXPECT_FALSE(fields.need("d"));
}

TEST(Licence, IsCountedOrNot) {
    const LicenceLine counted = taken(licence_line_from_words("name=a count=5 mode=instance"));
    EXPECT_EQ(write_licence_line(counted, 2),
              "L 2 name=a type=counted count=5 mode=instance until=never");
    const LicenceLine uncounted = taken(licence_line_from_words("name=a ver=>=3 feat=x,y"));
    EXPECT_EQ(write_licence_line(uncounted, 1),
              "L 1 name=a type=uncounted until=never ver=>=3 feat=x,y");
    for (const char* wrong :
         {"", "name=a count=0", "name=a count=100001", "name=a mode=station", "name=a b", "name=a*",
          "name=a type=counted", "name=a count=1 mode=uncounted", "name=a until=2027-02-30",
          "name=a ver=3", "name=a ver=>=3,>=4", "name=a ver=<3.0.0.0", "name=a !new=1",
          "name=a feat=x,,y", "name=a feat=x,", "name=a offline_ok_s=-1",
          "name=a count=1 type=x"}) {
        EXPECT_FALSE(licence_line_from_words(wrong)) << wrong;
    }
}

TEST(Licence, AMisspeltCountIsNoLicenceWithoutBound) {
    for (const auto& [words, told] : std::map<std::string, std::string>{
             {"name=a cnt=3", "there is no field cnt, only name, type, count"},
             {"name=a until_=2027-12-31", "there is no field until_"},
             {"name=a count", "\"count\" is no field"},
             {"a count=3", "\"a\" is no field"}}) {
        EXPECT_TRUE(refused(licence_line_from_words(words), ErrorCode::bad_field, told)) << words;
        EXPECT_TRUE(refused(licence_line_from_words(words), ErrorCode::bad_field,
                            "line \"" + words + "\": "));
    }
}

TEST(Pin, IsReadHoweverItIsTyped) {
    const Pin pin = Pin::make(0x0123456789ABCDEF, 0xFEDCBA9876543210);
    const std::string text = pin.reveal();
    EXPECT_EQ(text.size(), 19U);
    std::string typed;
    for (const char c : text) {
        typed += c == '-' ? ' ' : c == '0' ? 'o' : c == '1' ? 'l' : static_cast<char>(tolower(c));
    }
    EXPECT_EQ(taken(Pin::read(typed)).reveal(), text);
    EXPECT_TRUE(refused(Pin::read("K7Q2"), ErrorCode::bad_field, "there are 4"));
    EXPECT_TRUE(refused(Pin::read(text + "0"), ErrorCode::bad_field, "more"));
    EXPECT_TRUE(refused(Pin::read("UUUU"), ErrorCode::bad_field, "without U"));
}

TEST(Pin, ATypingErrorIsTold) {
    for (std::uint64_t random = 1; random < 50; ++random) {
        const std::string text =
            Pin::make(random * 0x9E3779B97F4A7C15, random * 0xC2B2AE3D27D4EB4F).reveal();
        for (std::size_t at = 0; at < text.size(); ++at) {
            for (const char c : std::string_view("0123456789ABCDEFGHJKMNPQRSTVWXYZ")) {
                std::string wrong = text;
                wrong[at] = c;
                EXPECT_TRUE(text[at] == '-' || c == text[at] || !Pin::read(wrong)) << wrong;
            }
            std::string swapped = text;
            std::swap(swapped[at], swapped[std::min(at + 1, text.size() - 1)]);
            const bool same = taken(Pin::read(text)).reveal() == text &&
                              (swapped == text || swapped[at] == '-' ||
                               swapped[std::min(at + 1, text.size() - 1)] == '-');
            EXPECT_TRUE(same || !Pin::read(swapped)) << swapped;
        }
    }
}

TEST(Pin, StandsForAnotherKeyInEachSlotOfEachKey) {
    const Pin pin = Pin::make(1, 2);
    const auto key = pin.key_for("4410-0093-7721", 1).public_key();
    EXPECT_EQ(taken(Pin::read(pin.reveal())).key_for("4410-0093-7721", 1).public_key(), key);
    EXPECT_NE(pin.key_for("4410-0093-7721", 2).public_key(), key);
    EXPECT_NE(pin.key_for("4410-0093-7722", 1).public_key(), key);
    EXPECT_NE(Pin::make(1, 3).key_for("4410-0093-7721", 1).public_key(), key);
}

}  // namespace
}  // namespace tillhost::licd::keys::test
