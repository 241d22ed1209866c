// Claim: identifiers and element strings are read as their tables say, whole or not at all.
// Shown by published examples and by every way of cutting and spoiling one.
#include "hal/codec/gs1.h"

#include <gtest/gtest.h>

#include "hal/codec/aim.h"

namespace tillhost::codec {
namespace {

using base::bytes_of;
using Elements = std::vector<ElementString>;

/// The example of wiki.courierexe.ru, 85 bytes.
constexpr std::string_view kMarkingHex =
    "30 31 30 32 39 30 30 30 30 32 33 31 37 37 30 31 32 31 6B 33 4C 49 6E 4E 62 48 5F 6F 47 30 51 "
    "1D 39 31 45 45 30 36 1D 39 32 59 58 69 79 4B 66 69 48 6A 45 34 59 45 38 62 2B 59 56 4D 43 31 "
    "4F 35 72 38 56 74 70 70 6C 41 33 41 77 63 43 71 72 63 47 39 44 6B 3D";

base::Bytes marking() { return *base::from_hex(kMarkingHex); }

base::Bytes with_first(unsigned stand_in, base::Bytes code) {
    code.insert(code.begin(), base::byte(stand_in));
    return code;
}

std::string joined(std::string_view aim, std::string_view data) {
    return base::string_of(join_add_on(aim, bytes_of(data)));
}

TEST(Gs1, ReadsTheMarkingCodeOfTheExample) {
    const Elements expected{{"01", "02900002317701"},
                            {"21", "k3LInNbH_oG0Q"},
                            {"91", "EE06"},
                            {"92", "YXiyKfiHjE4YE8b+YVMC1O5r8VtpplA3AwcCqrcG9Dk="}};
    EXPECT_EQ(read_gs1(marking()), expected);
    for (const unsigned stand_in : {0x1DU, 0xE8U, 0xF8U}) {
        EXPECT_EQ(read_gs1(with_first(stand_in, marking())), expected) << stand_in;
    }
    EXPECT_EQ(read_gs1(with_first(0x1D, with_first(0x1D, marking()))), Elements{});
}

TEST(Gs1, ASerialNumberMayContainAnIdentifier) {
    const Elements expected{{"01", "04607001234562"}, {"21", "a91b93c"}, {"93", "Zz+/"}};
    EXPECT_EQ(read_gs1(bytes_of("010460700123456221a91b93c\x1D"
                                "93Zz+/")),
              expected);
}

TEST(Gs1, PredefinedLengthsNeedNoSeparatorAndForgiveOne) {
    const Elements expected{
        {"01", "04607001234562"}, {"3103", "001500"}, {"17", "261231"}, {"10", "LOT"}};
    EXPECT_EQ(read_gs1(bytes_of("0104607001234562310300150017261231"
                                "10LOT")),
              expected);
    EXPECT_EQ(read_gs1(bytes_of("0104607001234562\x1D"
                                "310300150017261231\x1D"
                                "10LOT")),
              expected);
}

TEST(Gs1, AnIdentifierOfFourDigitsBehindASeparator) {
    const Elements expected{
        {"01", "04606203090785"}, {"21", "abcdefg"}, {"8005", "112000"}, {"93", "dGVz"}};
    EXPECT_EQ(read_gs1(bytes_of("010460620309078521abcdefg\x1D"
                                "8005112000\x1D"
                                "93dGVz")),
              expected);
}

TEST(Gs1, WhatCannotBeReadWholeIsNothing) {
    EXPECT_EQ(read_gs1({}), Elements{});
    for (const char* code : {
             "0",                 // no identifier
             "01046070012345",    // too short
             "010460700123456A",  // a letter in a GTIN
             "0104607001234562"
             "0499",  // 04 is not assigned
             "0104607001234562"
             "21",  // no data
             "0104607001234562"
             "21123456789012345678901",  // 21 characters: a separator was lost
             "0104607001234562"
             "21ab^c",  // ^ is no character of GS1
             "http://example.org/01/04607001234562",
         }) {
        EXPECT_EQ(read_gs1(bytes_of(code)), Elements{}) << code;
    }
    // The tobacco pack of the example of a plain code: no identifiers in it.
    EXPECT_EQ(read_gs1(bytes_of("00000046209443a%bcdeAAABdGVz")), Elements{});
}

TEST(Gs1, ALostSeparatorBeforeTheKeyMakesTheSerialTooLong) {
    base::Bytes code = marking();
    code.erase(code.begin() + 31);  // the first of the two
    EXPECT_EQ(read_gs1(code), (Elements{{"01", "02900002317701"},
                                        {"21", "k3LInNbH_oG0Q91EE06"},
                                        {"92", "YXiyKfiHjE4YE8b+YVMC1O5r8VtpplA3AwcCqrcG9Dk="}}));
    std::erase(code, kGroupSeparator);
    EXPECT_EQ(read_gs1(code), Elements{});
}

TEST(Gs1, EveryBeginningIsReadOrRefused) {
    const base::Bytes code = marking();
    for (std::size_t length = 0; length <= code.size(); ++length) {
        for (const ElementString& element : read_gs1(base::ByteView(code).first(length))) {
            EXPECT_FALSE(element.value.empty());
        }
    }
    EXPECT_TRUE(looks_like_gs1(code));
    EXPECT_FALSE(looks_like_gs1(bytes_of("4607001234562")));
    EXPECT_FALSE(looks_like_gs1({}));
}

TEST(Gs1, MoreElementsThanTheBoundAreNothing) {
    std::string code;
    for (std::size_t i = 0; i < kGs1ElementsMax; ++i) {
        code += "2001";
    }
    EXPECT_EQ(read_gs1(bytes_of(code)).size(), kGs1ElementsMax);
    EXPECT_EQ(read_gs1(bytes_of(code + "2001")), Elements{});
}

TEST(Aim, IsTakenOffTheFrontAndNamesTheKind) {
    const auto code = bytes_of("]E0012345678905");
    const AimParts parts = split_aim(code);
    EXPECT_EQ(parts.aim, "]E0");
    EXPECT_EQ(base::string_of(parts.data), "012345678905");
    EXPECT_EQ(split_aim(bytes_of("]A7A+I+MI+DW")).aim, "]A7");
    EXPECT_EQ(symbology_of("]E0"), Symbology::ean13);
    EXPECT_EQ(symbology_of("]E4"), Symbology::ean8);
    EXPECT_EQ(symbology_of("]A7"), Symbology::code39);
    EXPECT_EQ(symbology_of("]I0"), Symbology::itf);
    EXPECT_EQ(symbology_of("]G0"), Symbology::code93);
    EXPECT_EQ(symbology_of("]C1"), Symbology::code128);
    EXPECT_EQ(symbology_of("]d2"), Symbology::data_matrix);
    EXPECT_EQ(symbology_of("]Q3"), Symbology::qr);
    EXPECT_EQ(symbology_of("]e0"), Symbology::databar);
    EXPECT_EQ(symbology_of("]e1"), Symbology::composite);
    EXPECT_EQ(symbology_of(""), Symbology::unknown);
    EXPECT_TRUE(aim_says_gs1("]d2") && aim_says_gs1("]C1") && aim_says_gs1("]Q3"));
    EXPECT_FALSE(aim_says_gs1("]d1") || aim_says_gs1("]E0") || aim_says_gs1(""));
    EXPECT_TRUE(aim_says_reply("]X0") && aim_says_reply("]Z6"));
}

TEST(Aim, WhatOnlyLooksLikeOneStaysInTheCode) {
    for (const char* code : {"", "]", "]d", "]y1abc", "]d abc", "a]d2", "[d2abc"}) {
        const auto bytes = bytes_of(code);
        const AimParts parts = split_aim(bytes);
        EXPECT_EQ(parts.aim, "") << code;
        EXPECT_EQ(base::string_of(parts.data), code);
    }
}

TEST(Aim, TheIdentifierOfAnAddOnIsTakenOut) {
    EXPECT_EQ(joined("]E0", "012345678950]E112"), "01234567895012");
    EXPECT_EQ(joined("]E0", "012345678950]E251234"), "01234567895051234");
    EXPECT_EQ(joined("]E0", "012345678950]E2512345"), "012345678950]E2512345");
    EXPECT_EQ(joined("]d1", "012345678950]E112"), "012345678950]E112");
    EXPECT_EQ(joined("]E0", "]E112"), "]E112");
}

}  // namespace
}  // namespace tillhost::codec
