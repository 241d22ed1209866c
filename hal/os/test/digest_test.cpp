// Claim: sha256_hex is SHA-256 and hmac_sha256 is HMAC-SHA-256, as published.
// Shown by the vectors of NIST FIPS 180-4 (empty, one, two, many blocks) and of RFC 4231 (1, 2).
#include "hal/os/digest.h"

#include <gtest/gtest.h>

namespace tillhost::os {
namespace {

std::string digest(std::string_view text) { return sha256_hex(base::bytes_of(text)); }

TEST(Digest, AgreesWithThePublishedVectors) {
    EXPECT_EQ(digest(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(digest("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(digest("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    EXPECT_EQ(digest(std::string(1'000'000, 'a')),
              "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Digest, PiecesGiveTheDigestOfTheWhole) {
    const std::string text(1000, 'x');
    for (const std::size_t piece : {1U, 63U, 64U, 65U, 1000U}) {
        Sha256Sum sum;
        for (std::size_t at = 0; at < text.size(); at += piece) {
            sum.add(base::bytes_of(std::string_view(text).substr(at, piece)));
        }
        EXPECT_EQ(sum.take_hex(), digest(text));
    }
    EXPECT_EQ(Sha256Sum().take_hex(), digest(""));
}

TEST(Digest, TheKeyedOneAgreesWithThePublishedVectors) {
    const auto keyed = [](base::ByteView key, std::string_view text) {
        const Sha256 sum = hmac_sha256(key, base::bytes_of(text));
        return base::Bytes(sum.begin(), sum.end());
    };
    EXPECT_EQ(
        keyed(base::Bytes(20, base::byte(0x0b)), "Hi There"),
        MUST(base::from_hex("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")));
    EXPECT_EQ(
        keyed(base::bytes_of("Jefe"), "what do ya want for nothing?"),
        MUST(base::from_hex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")));
    EXPECT_EQ(
        keyed({}, ""),
        MUST(base::from_hex("b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad")));
}

}  // namespace
}  // namespace tillhost::os
