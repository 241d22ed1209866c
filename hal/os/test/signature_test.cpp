// Claim: signatures are Ed25519 as published; a changed message, key or signature verifies nothing.
// Shown by test vectors 1 and 2 of RFC 8032 §7.1, and by changing each byte of each part.
#include "hal/os/signature.h"

#include <gtest/gtest.h>

namespace tillhost::os {
namespace {

constexpr std::string_view kSecret1 =
    "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
constexpr std::string_view kSecret2 =
    "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb";

SigningKey key_of(std::string_view hex) {
    SecretBytes secret(MUST(base::from_hex(hex)));
    return MUST(SigningKey::from_secret(secret));
}

TEST(Signature, AgreesWithThePublishedVectors) {
    const SigningKey key = key_of(kSecret1);
    EXPECT_EQ(
        MUST(base::from_hex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")),
        base::Bytes(key.public_key().bytes.begin(), key.public_key().bytes.end()));
    EXPECT_EQ(
        key.sign({}),
        MUST(base::from_hex("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
                            "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b")));
    EXPECT_EQ(
        key_of(kSecret2).sign(MUST(base::from_hex("72"))),
        MUST(base::from_hex("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")));
}

TEST(Signature, IsOfOneMessageAndOneKey) {
    const SigningKey key = SigningKey::make();
    const base::Bytes message = base::bytes_of("a lease");
    const base::Bytes signature = key.sign(message);
    EXPECT_TRUE(key.public_key().verifies(message, signature));
    EXPECT_FALSE(SigningKey::make().public_key().verifies(message, signature));
    EXPECT_FALSE(key.public_key().verifies(base::bytes_of("a Lease"), signature));
    for (std::size_t at = 0; at < signature.size(); ++at) {
        base::Bytes changed = signature;
        changed[at] ^= base::byte(1);
        EXPECT_FALSE(key.public_key().verifies(message, changed)) << at;
    }
    EXPECT_FALSE(key.public_key().verifies(message, {}));
    EXPECT_FALSE(PublicKey{}.verifies(message, base::Bytes(kSignatureBytes)));
}

TEST(Signature, AKeyOfAnotherLengthIsRefused) {
    EXPECT_FALSE(SigningKey::from_secret(SecretBytes(base::Bytes(31))));
    EXPECT_FALSE(PublicKey::from_bytes(base::Bytes(33)));
}

}  // namespace
}  // namespace tillhost::os
