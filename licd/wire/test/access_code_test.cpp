// Claim: both ends make the same key of a code and a salt, and only who has it proves a nonce.
// Shown on a vector made with the argon2 program (-id -t 2 -k 65536 -p 1) and one made with
// Python's hmac.
#include "licd/wire/access_code.h"

#include <gtest/gtest.h>

namespace tillhost::licd::wire {
namespace {

base::Bytes filled(unsigned value, std::size_t count) {
    return base::Bytes(count, base::byte(value));
}

TEST(AccessCode, IsArgon2idOfCodeAndSalt) {
    const auto key = CodeKey::derive("2468-till", base::bytes_of("saltsaltsaltsalt"));
    ASSERT_TRUE(key.has_value());
    EXPECT_EQ(base::to_hex(key->reveal()),
              "A0 19 21 3E 05 7B A4 DA 0D 1B 0D 81 A9 C8 E2 0B 06 EC C6 1B C4 13 C3 82 BB 04 79 99 "
              "C4 FC BF 59");
}

TEST(AccessCode, ProvesANonceByHmacSha256) {
    base::Bytes bytes;
    for (unsigned i = 0; i < CodeKey::kBytes; ++i) {
        bytes.push_back(base::byte(i));
    }
    const auto key = CodeKey::from_bytes(bytes).value();
    const base::Bytes nonce = filled(0xCD, kCodeNonceBytes);
    const base::Bytes proof = key.proof(nonce).value();
    EXPECT_EQ(base::to_hex(proof),
              "8C 6F 93 24 52 1A 31 D1 5D 1B 1C 21 A8 4D 88 3D F9 94 ED BC 85 70 AF 9C 68 C5 C3 93 "
              "80 88 62 85");
    EXPECT_TRUE(key.is_proved_by(proof, nonce));
}

TEST(AccessCode, IsNotProvedByAnythingElse) {
    const auto key = CodeKey::from_bytes(filled(1, CodeKey::kBytes)).value();
    const auto other = CodeKey::from_bytes(filled(2, CodeKey::kBytes)).value();
    const base::Bytes nonce = filled(7, kCodeNonceBytes);
    base::Bytes proof = key.proof(nonce).value();
    EXPECT_FALSE(other.is_proved_by(proof, nonce));
    EXPECT_FALSE(key.is_proved_by(proof, filled(8, kCodeNonceBytes)));
    EXPECT_FALSE(key.is_proved_by({}, nonce));
    EXPECT_FALSE(key.is_proved_by(proof, {}));
    proof.back() ^= base::byte(1);
    EXPECT_FALSE(key.is_proved_by(proof, nonce));
}

TEST(AccessCode, RefusesWhatIsNoCodeOrNoSalt) {
    const base::Bytes salt = filled(3, kCodeSaltBytes);
    EXPECT_FALSE(CodeKey::derive("", salt).has_value());
    EXPECT_FALSE(CodeKey::derive(std::string(kCodeBytesMax + 1, 'x'), salt).has_value());
    EXPECT_FALSE(CodeKey::derive("\xFF", salt).has_value());
    EXPECT_FALSE(CodeKey::derive("code", filled(3, kCodeSaltBytes - 1)).has_value());
    EXPECT_FALSE(CodeKey::from_bytes(filled(1, 31)).has_value());
    EXPECT_FALSE(CodeKey::from_bytes(filled(1, 32))->proof(filled(1, 31)).has_value());
}

}  // namespace
}  // namespace tillhost::licd::wire
