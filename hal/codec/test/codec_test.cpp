// Claim: text reaches a device exactly or not at all, and any bytes become text.
// Shown by round trips of whole code pages, by characters they lack, and by published checksums.
#include <gtest/gtest.h>

#include "hal/codec/checksum.h"
#include "hal/codec/code_page.h"

namespace tillhost::codec {
namespace {

base::Bytes all_codes_from(unsigned first) {
    base::Bytes bytes;
    for (unsigned code = first; code < 256; ++code) {
        bytes.push_back(base::byte(code));
    }
    return bytes;
}

TEST(Checksum, IsTheExclusiveOrOfAllBytes) {
    EXPECT_EQ(lrc_of({}), base::byte(0));
    const auto message = base::from_hex("05 10 1E 00 00 00");  // a published frame without 02
    EXPECT_EQ(lrc_of(*message), base::byte(0x0B));
}

TEST(Checksum, CrcIsThePublishedOne) {
    EXPECT_EQ(crc16_ccitt_of({}), 0xFFFF);
    EXPECT_EQ(crc16_ccitt_of(base::bytes_of("123456789")), 0x29B1);  // the catalogues' check value
    EXPECT_EQ(crc16_ccitt_of(*base::from_hex("00 00")), 0x1D0F);     // javapos_shtrih's unit tests
    EXPECT_EQ(crc16_ccitt_of(*base::from_hex("03 00 06 00 FC")), 0x63ED);
}

TEST(CodePage, WritesCyrillicAsTheDeviceWantsIt) {
    EXPECT_EQ(base::to_hex(*to_code_page(CodePage::cp1251, "Молоко 1л", "name")),
              "CC EE EB EE EA EE 20 31 EB");
    EXPECT_EQ(base::to_hex(*to_code_page(CodePage::cp866, "Иванов И.И.", "name")),
              "88 A2 A0 AD AE A2 20 88 2E 88 2E");
    EXPECT_EQ(base::to_hex(*to_code_page(CodePage::cp1251, "«Ё№»", "name")), "AB A8 B9 BB");
}

TEST(CodePage, WritesTheLettersOfEuropeAsTheDeviceWantsThem) {
    EXPECT_EQ(base::to_hex(*to_code_page(CodePage::cp437, "Äß½", "x")), "8E E1 AB");
    EXPECT_EQ(base::to_hex(*to_code_page(CodePage::cp850, "ÁØ¾", "x")), "B5 9D F3");
    EXPECT_EQ(base::to_hex(*to_code_page(CodePage::cp852, "ąęłżŚ", "x")), "A5 A9 88 BE 97");
    EXPECT_EQ(base::to_hex(*to_code_page(CodePage::cp858, "5 €", "x")), "35 20 D5");
    EXPECT_EQ(base::to_hex(*to_code_page(CodePage::cp1250, "ąęłżŚ€", "x")), "B9 EA B3 BF 8C 80");
    EXPECT_EQ(base::to_hex(*to_code_page(CodePage::cp1252, "5 € – é", "x")),
              "35 20 80 20 96 20 E9");
    EXPECT_FALSE(code_of(CodePage::cp850, U'€'));
    EXPECT_FALSE(code_of(CodePage::cp1252, U'\n'));
    EXPECT_EQ(number_of(CodePage::cp1252), "1252");
}

TEST(CodePage, EveryPrintableCodeSurvivesTheRoundTrip) {
    for (const CodePage page : kCodePages) {
        for (std::byte code : all_codes_from(0x20)) {
            const base::Bytes one{code};
            const std::string text = from_code_page(page, one);
            if (code == base::byte(0x7F) || text == "\xEF\xBF\xBD") {
                continue;  // a control code, and the gaps of the Windows pages
            }
            const auto back = to_code_page(page, text, "x");
            ASSERT_TRUE(back) << base::to_hex(one);
            EXPECT_EQ(*back, one);
        }
    }
}

TEST(CodePage, NamesTheCharacterItCannotShow) {
    const auto refused = to_code_page(CodePage::cp1251, "Чай ☕", "lines[2].name");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, base::ErrorCode::text_not_printable);
    EXPECT_EQ(with_substitutes(CodePage::cp1251, "Grüße, Петрова\t€"), "Gr??e, Петрова?€");
    EXPECT_EQ(with_substitutes(CodePage::cp866,
                               "a\xFF"
                               "b"),
              "a?b")
        << "no UTF-8";
    EXPECT_EQ(refused.error().effect, base::Effect::none);
    EXPECT_EQ(refused.error().detail,
              "lines[2].name: character 5 (U+2615) is not in code page 1251 of the device");
}

TEST(CodePage, RefusesControlCharactersAndWhatIsNotUtf8) {
    for (std::string_view text : {std::string_view("a\nb"), std::string_view("\x7F"),
                                  std::string_view("a\0b", 3), std::string_view("\xD0")}) {
        EXPECT_FALSE(to_code_page(CodePage::cp1251, text, "x"));
        EXPECT_FALSE(to_code_page(CodePage::cp866, text, "x"));
    }
}

TEST(CodePage, ReadsAnyByte) {
    for (const CodePage page : kCodePages) {
        EXPECT_FALSE(from_code_page(page, all_codes_from(0)).empty());
    }
    EXPECT_EQ(from_code_page(CodePage::cp1251, base::Bytes{base::byte(0x98)}), "\xEF\xBF\xBD");
}

}  // namespace
}  // namespace tillhost::codec
