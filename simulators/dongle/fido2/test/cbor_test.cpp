// Claim: the decoder takes CTAP2's canonical CBOR and nothing else, and the encoder writes it.
// Shown by the getInfo answer and the key agreement that python-fido2 and libfido2 publish, read
// and written again byte by byte, and by one breach of each rule.
#include "simulators/dongle/fido2/cbor.h"

#include <gtest/gtest.h>

namespace tillhost::simulators::fido2 {
namespace {

constexpr std::string_view kInfo =
    "A6 01 82 66 55 32 46 5F 56 32 68 46 49 44 4F 5F 32 5F 30 02 82 63 75 76 6D 6B 68 6D 61 63 2D "
    "73 65 63 72 65 74 03 50 F8 A0 11 F3 8C 0A 4D 15 80 06 17 11 1F 9E DC 7D 04 A4 62 72 6B F5 62 "
    "75 70 F5 64 70 6C 61 74 F4 69 63 6C 69 65 6E 74 50 69 6E F4 05 19 04 B0 06 81 01";
constexpr std::string_view kKeyAgreement =
    "A1 01 A5 01 02 03 38 18 20 01 21 58 20 2A B8 2D 36 69 AB 30 9D E3 5E 9B FB 94 FC 1D 92 95 AF "
    "01 47 FE 4B 87 E5 CF 3F 05 0B 39 DA 17 49 22 58 20 15 1B BE 08 78 60 4D 3C 3F F1 60 A6 D8 F8 "
    "ED CE 4A 30 5D 1A AF 80 C4 0A D2 6F 77 38 12 97 AA BD";

std::optional<Cbor> read(std::string_view hex) { return decode_cbor(*base::from_hex(hex)); }
std::string again(std::string_view hex) {
    const auto value = read(hex);
    return value ? base::to_hex(encode_cbor(*value)) : "";
}

TEST(Fido2Cbor, ReadsAndWritesWhatIsPublished) {
    const auto info = read(kInfo);
    ASSERT_TRUE(info);
    EXPECT_EQ(info->at(1)->items.at(1).text, "FIDO_2_0");
    EXPECT_EQ(info->at(5)->number, 1200);
    EXPECT_FALSE(info->at(4)->at("plat")->flag);
    EXPECT_TRUE(info->at(4)->at("rk")->flag);
    EXPECT_EQ(info->at(7), nullptr);
    EXPECT_EQ(again(kInfo), kInfo);
    const auto key = read(kKeyAgreement);
    ASSERT_TRUE(key);
    EXPECT_EQ(key->at(1)->at(3)->number, -25);
    EXPECT_EQ(key->at(1)->at(-2)->bytes.size(), 32U);
    EXPECT_EQ(again(kKeyAgreement), kKeyAgreement);
}

TEST(Fido2Cbor, NumbersAreShortest) {
    for (const std::string_view hex :
         {"17", "18 18", "18 FF", "19 01 00", "19 FF FF", "1A 00 01 00 00", "1A FF FF FF FF",
          "1B 00 00 00 01 00 00 00 00", "1B 7F FF FF FF FF FF FF FF", "20", "38 18",
          "3B 7F FF FF FF FF FF FF FF"}) {
        EXPECT_EQ(again(hex), hex);
    }
    for (const std::string_view hex :
         {"18 17", "19 00 FF", "1A 00 00 FF FF", "1B 00 00 00 00 FF FF FF FF",
          "1B 80 00 00 00 00 00 00 00", "3B 80 00 00 00 00 00 00 00", "58 01 00"}) {
        EXPECT_FALSE(read(hex)) << hex;
    }
}

TEST(Fido2Cbor, KeysStandInTheirOrderOnce) {
    EXPECT_TRUE(read("A3 01 00 20 00 61 61 00"));  // by kind
    EXPECT_TRUE(read("A2 61 62 00 62 61 61 00"));  // by length
    EXPECT_FALSE(read("A2 20 00 01 00"));
    EXPECT_FALSE(read("A2 62 61 61 00 61 62 00"));
    EXPECT_FALSE(read("A2 02 00 01 00"));
    EXPECT_FALSE(read("A2 01 00 01 00"));
    const Cbor map = Cbor::map({Cbor::of("aa"), Cbor::of(0), Cbor::of(-1), Cbor::of(0),
                                Cbor::of("b"), Cbor::of(0), Cbor::of(1), Cbor::of(0)});
    EXPECT_EQ(base::to_hex(encode_cbor(map)), "A4 01 00 20 00 61 62 00 62 61 61 00");
}

TEST(Fido2Cbor, NothingElseIsTaken) {
    EXPECT_TRUE(read("81 81 81 81 00")) << "four deep";
    for (const std::string_view hex :
         {"", "00 00", "C0 00", "F6", "F7", "F9 00 00", "F8 14", "5F 40 FF", "9F FF", "BF FF", "1C",
          "42 00", "62 61", "61 FF", "82 00", "A1 00", "9B FF FF FF FF FF FF FF FF",
          "5B FF FF FF FF FF FF FF FF", "81 81 81 81 80"}) {
        EXPECT_FALSE(read(hex)) << hex;
    }
}

TEST(Fido2Cbor, CutShortIsNothing) {
    const base::Bytes whole = *base::from_hex(kInfo);
    for (std::size_t size = 0; size < whole.size(); ++size) {
        EXPECT_FALSE(decode_cbor(base::ByteView(whole).first(size))) << size;
    }
}

}  // namespace
}  // namespace tillhost::simulators::fido2
