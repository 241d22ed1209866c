// Claim: signatures of P-256 are those that others make; one changed bit, another key or a point
// off the curve verifies nothing; a chain attests a key only if it leads to a trusted certificate.
// Shown by the vector of RFC 6979 A.2.5 and by certificates that another library made, long
// expired.
#include "hal/os/p256.h"

#include <gtest/gtest.h>

namespace tillhost::os {
namespace {

// RFC 6979 A.2.5: key, and its signature with SHA-256 of "sample".
constexpr std::string_view kSecret =
    "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721";
constexpr std::string_view kX = "60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6";
constexpr std::string_view kY = "7903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299";
constexpr std::string_view kSignature =
    "3046022100EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
    "022100F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8";

// Root → Middle → Leaf (the key above), Root → Leaf384 (of P-384), Leaf → Rogue (Leaf may not
// issue), all of 2015 to 2020; Other signs itself.
constexpr std::string_view kRoot =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBIDCBxqADAgECAgEBMAoGCCqGSM49BAMCMA8xDTALBgNVBAMMBFJvb3QwHhcN\n"
    "MTUwMTAxMDAwMDAwWhcNMjAwMTAxMDAwMDAwWjAPMQ0wCwYDVQQDDARSb290MFkw\n"
    "EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEL623V10b7A0u5FDPuCGMUj5layHaOOS6\n"
    "H240/AJeArxr/RwprYaPAez5b6SDAI+371dqEyDzoEn5pNu5JNNdgqMTMBEwDwYD\n"
    "VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNJADBGAiEAmviJo9brNBnnmxqUPptZ\n"
    "SKo1Ts590EYdE3H9qGmxjY0CIQDNhsHndxZGGW+OGVHcCW3HOyTxhkJsWG7gCdrM\n"
    "n7NqXg==\n"
    "-----END CERTIFICATE-----\n";
constexpr std::string_view kOther =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBIDCByKADAgECAgEBMAoGCCqGSM49BAMCMBAxDjAMBgNVBAMMBU90aGVyMB4X\n"
    "DTE1MDEwMTAwMDAwMFoXDTIwMDEwMTAwMDAwMFowEDEOMAwGA1UEAwwFT3RoZXIw\n"
    "WTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQRjBmKvqg4I3C6Li9fLjLBL14hRam1\n"
    "tdYGoqlkCVu/OAHHc1/NELijVCKcvawNWMU4JTRjzl2Jet7G2MrYm11EoxMwETAP\n"
    "BgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0cAMEQCIFBI4H1H6I9YFmLp/N0v\n"
    "O4xJlo60PcBL3e0IJiQ2WwyiAiBhpPqvQmryCBJuI7GXnMZj9j+UtTv98hkHt79f\n"
    "0eh3sg==\n"
    "-----END CERTIFICATE-----\n";
constexpr std::string_view kMiddle =
    "308201223081c8a003020102020101300a06082a8648ce3d040302300f310d300b06035504030c04526f6f74"
    "301e170d3135303130313030303030305a170d3230303130313030303030305a3011310f300d06035504030c"
    "064d6964646c653059301306072a8648ce3d020106082a8648ce3d0301070342000413cc6c9637b474e7a308"
    "be3e1f2af36e8bb2a788a7679463a76dcd2f137dc511fc4aa20484f5fe77750e63c19efdf8fbee6b4c51bde7"
    "84039ec88b1b10840ba8a3133011300f0603551d130101ff040530030101ff300a06082a8648ce3d04030203"
    "49003046022100ae8d70d2ba45e9e0e6e63b1c77c1251bb02d62ad3cb0e26423af0c3ab80f90ab022100e58d"
    "24deac736ce76bb624faeeded9f8722ff0547d703717fbd0ac5f9efa699d";
constexpr std::string_view kLeaf =
    "3082011e3081c5a003020102020102300a06082a8648ce3d0403023011310f300d06035504030c064d696464"
    "6c65301e170d3135303130313030303030305a170d3230303130313030303030305a300f310d300b06035504"
    "030c044c6561663059301306072a8648ce3d020106082a8648ce3d0301070342000460fed4ba255a9d31c961"
    "eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e"
    "9f5177a3c294d4462299a310300e300c0603551d130101ff04023000300a06082a8648ce3d04030203480030"
    "45022051bbd3c11003cd27bfc583cc5aefa21a5e12c8bc38f9db030d6bda43b1cd96a2022100d1429a9c3ce7"
    "da7c879286201b59f9922625dda42a942f717d7db57d167fc289";
constexpr std::string_view kLeaf384 =
    "3082013c3081e3a003020102020102300a06082a8648ce3d040302300f310d300b06035504030c04526f6f74"
    "301e170d3135303130313030303030305a170d3230303130313030303030305a30123110300e06035504030c"
    "074c6561663338343076301006072a8648ce3d020106052b810400220362000441acbde134b3247e1b820eee"
    "6c722a6a2d30d394d00ddd20a912483bc353dcaaef42df2f66591b7b1e0a391179cc803122ab4be0d043b9dd"
    "1e0657f878a03ca8820be5bc768eccc161aae6006a340d2e3833665bd8eaf938f23576ada240ea89a310300e"
    "300c0603551d130101ff04023000300a06082a8648ce3d04030203480030450221008e10dff40b30ab735113"
    "3285c9085cd3fcfc07dff456aabdcc98f8078a0a442a022059a06747b9c5a0e837bb723998f666defdf2e557"
    "120cfab999e4613f6b61f1c1";
constexpr std::string_view kRogue =
    "3082011d3081c4a003020102020102300a06082a8648ce3d040302300f310d300b06035504030c044c656166"
    "301e170d3135303130313030303030305a170d3230303130313030303030305a3010310e300c06035504030c"
    "05526f6775653059301306072a8648ce3d020106082a8648ce3d03010703420004bca65236359c9c4812bd70"
    "16dceb11b633890c4d6718268f88e7c56306b142647cb6217ac61f4628b8367751f8050b4b62fff08318b214"
    "e0c900a93bb786027fa310300e300c0603551d130101ff04023000300a06082a8648ce3d0403020348003045"
    "022100b8e0bbe7e27c4d0cbd7c24637cd147754631508718e75bd3a6277affc57124670220206643217d64e5"
    "36138ba737e731302c8a6875662b1ff64788fe34dd749b4f02";

base::Bytes hex(std::string_view text) { return MUST(base::from_hex(text)); }

P256PublicKey key_of(std::string_view x, std::string_view y) {
    P256PublicKey key;
    const base::Bytes first = hex(x);
    const base::Bytes second = hex(y);
    std::copy(first.begin(), first.end(), key.x.begin());
    std::copy(second.begin(), second.end(), key.y.begin());
    return key;
}

base::ErrorCode code_of(const base::Result<P256PublicKey>& result) {
    return result ? base::ErrorCode::unspecified : result.error().code;
}

base::Result<P256PublicKey> attested(const std::vector<std::string_view>& chain,
                                     const std::vector<std::string>& roots) {
    std::vector<base::Bytes> certificates;
    for (const std::string_view one : chain) {
        certificates.push_back(hex(one));
    }
    return attested_key(certificates, roots);
}

TEST(P256, AgreesWithThePublishedVector) {
    const P256Key key = MUST(P256Key::from_bytes(hex(kSecret)));
    EXPECT_EQ(key.public_key(), key_of(kX, kY));
    EXPECT_EQ(key.bytes(), hex(kSecret));
    EXPECT_TRUE(key.public_key().verifies(base::bytes_of("sample"), hex(kSignature)));
    EXPECT_FALSE(key.public_key().verifies(base::bytes_of("simple"), hex(kSignature)));
}

TEST(P256, ASignatureIsOfOneMessageAndOneKey) {
    const P256Key key = MUST(P256Key::make());
    const base::Bytes message = base::bytes_of("a challenge");
    const base::Bytes signature = MUST(key.sign(message));
    const P256Key again = MUST(P256Key::from_bytes(key.bytes()));
    EXPECT_TRUE(again.public_key().verifies(message, signature));
    EXPECT_FALSE(MUST(P256Key::make()).public_key().verifies(message, signature));
    for (std::size_t at = 0; at < signature.size(); ++at) {
        base::Bytes changed = signature;
        changed[at] ^= base::byte(1);
        EXPECT_FALSE(key.public_key().verifies(message, changed)) << at;
        changed.resize(at);
        EXPECT_FALSE(key.public_key().verifies(message, changed)) << at;
    }
    EXPECT_FALSE(key.public_key().verifies(message, base::Bytes(kP256SignatureBytesMax + 1)));
}

TEST(P256, APointOffTheCurveVerifiesNothing) {
    P256PublicKey off = key_of(kX, kY);
    off.y.back() ^= base::byte(1);
    EXPECT_FALSE(off.verifies(base::bytes_of("sample"), hex(kSignature)));
    EXPECT_FALSE(P256PublicKey{}.verifies(base::bytes_of("sample"), hex(kSignature)));
}

TEST(P256, ASecretIsANumberOfTheCurve) {
    EXPECT_FALSE(P256Key::from_bytes(base::Bytes(31, base::byte(1))));
    EXPECT_FALSE(P256Key::from_bytes(base::Bytes(33, base::byte(1))));
    EXPECT_FALSE(P256Key::from_bytes(base::Bytes(32)));
    // The order itself, and one below it.
    EXPECT_FALSE(P256Key::from_bytes(
        hex("FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551")));
    EXPECT_TRUE(P256Key::from_bytes(
        hex("FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632550")));
}

TEST(Attestation, AChainThatLeadsToATrustedRootGivesItsFirstKey) {
    const auto key = attested({kLeaf, kMiddle}, {std::string(kOther), std::string(kRoot)});
    ASSERT_TRUE(key) << base::to_text(key.error());
    EXPECT_EQ(*key, key_of(kX, kY));
    EXPECT_TRUE(attested({kLeaf, kMiddle}, {std::string(kOther) + std::string(kRoot)}));
}

TEST(Attestation, NobodyElseVouches) {
    using base::ErrorCode;
    const std::string root(kRoot);
    EXPECT_EQ(code_of(attested({kLeaf, kMiddle}, {std::string(kOther)})), ErrorCode::key_foreign);
    EXPECT_EQ(code_of(attested({kLeaf}, {root})), ErrorCode::key_foreign);
    EXPECT_EQ(code_of(attested({kRogue, kLeaf, kMiddle}, {root})), ErrorCode::key_foreign);
    EXPECT_EQ(code_of(attested({kLeaf384}, {root})), ErrorCode::key_foreign);
    std::string changed(kLeaf);
    changed.back() = changed.back() == '0' ? '1' : '0';
    EXPECT_EQ(code_of(attested({changed, kMiddle}, {root})), ErrorCode::key_foreign);
}

TEST(Attestation, WhatIsNoCertificateIsNamed) {
    using base::ErrorCode;
    const std::string root(kRoot);
    EXPECT_EQ(code_of(attested({}, {root})), ErrorCode::bad_field);
    EXPECT_EQ(code_of(attested({"30"}, {root})), ErrorCode::bad_field);
    EXPECT_EQ(code_of(attested({std::string(kLeaf) + "00"}, {root})), ErrorCode::bad_field);
    EXPECT_EQ(code_of(attested(std::vector(9, kLeaf), {root})), ErrorCode::bad_field);
    EXPECT_EQ(code_of(attested({kLeaf, kMiddle}, {})), ErrorCode::bad_field);
    EXPECT_EQ(code_of(attested({kLeaf, kMiddle}, {root, "no certificate"})), ErrorCode::bad_field);
}

}  // namespace
}  // namespace tillhost::os
