// Claim: a chain is good only with the pinned root, for its purpose, its products and its time.
// Shown by certificates made here, one fault at a time, and by reading each of them cut short.
#include "hal/os/certificate.h"

#include <gtest/gtest.h>

namespace tillhost::os {
namespace {

constexpr std::int64_t kDay = 86'400;
constexpr std::int64_t kNow = 1'780'000'000;

Certificate taken(base::Result<Certificate> made) {
    EXPECT_TRUE(made) << base::to_text(made.error());
    return std::move(made).value();
}

struct Vendor {
    SigningKey root_key = SigningKey::make();
    SigningKey issuer_key = SigningKey::make();
    SigningKey tenant_key = SigningKey::make();
    Certificate root = taken(make_root({.name = "Root",
                                        .key = root_key.public_key(),
                                        .not_before_s = kNow,
                                        .not_after_s = kNow + 7300 * kDay,
                                        .path_length = 2,
                                        .products = {"till", "scale"}},
                                       root_key));
    CertificateContent issuer_content{.name = "Issuer",
                                      .key = issuer_key.public_key(),
                                      .not_before_s = kNow,
                                      .not_after_s = kNow + 1000 * kDay,
                                      .path_length = 0,
                                      .products = {"till"}};
    Certificate issuer = taken(issue_certificate(issuer_content, root, root_key));
};

base::ErrorCode code_of(const base::Done& done) {
    return done ? base::ErrorCode::unspecified : done.error().code;
}

TEST(Certificate, TellsWhatItWasMadeOf) {
    const Vendor vendor;
    EXPECT_EQ(vendor.issuer.content().name, "Issuer");
    EXPECT_EQ(vendor.issuer.content().products, std::vector<std::string>{"till"});
    EXPECT_EQ(vendor.issuer.content().not_after_s, kNow + 1000 * kDay);
    EXPECT_EQ(vendor.issuer.content().key, vendor.issuer_key.public_key());
    EXPECT_EQ(vendor.issuer.key_id(), key_id_of(vendor.issuer_key.public_key()));
    const auto again = certificate_from_pem(certificate_to_pem(vendor.issuer));
    ASSERT_TRUE(again);
    EXPECT_EQ(again->der(), vendor.issuer.der());
}

TEST(Certificate, AChainLeadsToItsRoot) {
    const Vendor vendor;
    EXPECT_TRUE(verify_chain(vendor.root, std::span(&vendor.issuer, 1), kNow + kDay));
    EXPECT_TRUE(verify_chain(vendor.root, {}, kNow + kDay));
    EXPECT_TRUE(verify_chain(vendor.root, std::span(&vendor.issuer, 1), std::nullopt));
}

TEST(Certificate, AnotherRootOfTheSameNameIsForeign) {
    const Vendor vendor;
    const Vendor other;
    EXPECT_EQ(code_of(verify_chain(other.root, std::span(&vendor.issuer, 1), kNow + kDay)),
              base::ErrorCode::key_foreign);
}

TEST(Certificate, IsJudgedAtTheInstantOfTheFile) {
    const Vendor vendor;
    for (const std::int64_t outside : {kNow - 1, kNow + 1001 * kDay}) {
        const auto done = verify_chain(vendor.root, std::span(&vendor.issuer, 1), outside);
        ASSERT_FALSE(done);
        EXPECT_EQ(done.error().code, base::ErrorCode::key_foreign);
        EXPECT_NE(done.error().detail.find("was not valid"), std::string::npos);
    }
}

TEST(Certificate, ATenantStandsBelowAnIssuerThatMayHaveOne) {
    Vendor vendor;
    const CertificateContent tenant{.name = "Tenant",
                                    .key = vendor.tenant_key.public_key(),
                                    .not_before_s = kNow,
                                    .not_after_s = kNow + kDay,
                                    .path_length = 0,
                                    .products = {"till"}};
    EXPECT_FALSE(issue_certificate(tenant, vendor.issuer, vendor.issuer_key));  // it is the lowest
    EXPECT_FALSE(issue_certificate(tenant, vendor.root, vendor.issuer_key));    // another key
    vendor.issuer_content.path_length = 1;
    const auto above =
        taken(issue_certificate(vendor.issuer_content, vendor.root, vendor.root_key));
    const std::vector chain{taken(issue_certificate(tenant, above, vendor.issuer_key)), above};
    EXPECT_TRUE(verify_chain(vendor.root, chain, kNow));
    const std::vector cut{chain.front()};
    EXPECT_EQ(code_of(verify_chain(vendor.root, cut, kNow)), base::ErrorCode::key_foreign);
    const std::vector foreign{chain.front(), vendor.issuer};  // the same key, of the lowest level
    EXPECT_EQ(code_of(verify_chain(vendor.root, foreign, kNow)), base::ErrorCode::key_foreign);
    const std::vector long_one{chain.front(), above, above};
    EXPECT_EQ(code_of(verify_chain(vendor.root, long_one, kNow)), base::ErrorCode::key_foreign);
}

TEST(Certificate, NoOneGivesOnWhatTheyDoNotHave) {
    Vendor vendor;
    vendor.issuer_content.products = {"bank"};
    EXPECT_FALSE(issue_certificate(vendor.issuer_content, vendor.root, vendor.root_key));
    vendor.issuer_content.products = {"till"};
    vendor.issuer_content.not_after_s = kNow + kIssuerSecondsMax + 1;
    EXPECT_FALSE(issue_certificate(vendor.issuer_content, vendor.root, vendor.root_key));
    vendor.issuer_content.not_after_s = kNow - 1;
    EXPECT_FALSE(issue_certificate(vendor.issuer_content, vendor.root, vendor.root_key));
}

TEST(Certificate, CutOrLengthenedItIsNone) {
    const Vendor vendor;
    const base::Bytes& der = vendor.issuer.der();
    for (std::size_t length = 0; length < der.size(); ++length) {
        EXPECT_FALSE(Certificate::from_der(base::ByteView(der).first(length)));
    }
    base::Bytes longer = der;
    longer.push_back(base::byte(0));
    EXPECT_FALSE(Certificate::from_der(longer));
}

TEST(Certificate, AChangedByteBreaksIt) {
    const Vendor vendor;
    for (std::size_t at = 0; at < vendor.issuer.der().size(); ++at) {
        base::Bytes changed = vendor.issuer.der();
        changed[at] ^= base::byte(1);
        const auto read = Certificate::from_der(changed);
        EXPECT_FALSE(read && verify_chain(vendor.root, std::span(&*read, 1), kNow + kDay)) << at;
    }
}

TEST(SecretKeyFile, OpensWithItsPassphraseOnly) {
    const SigningKey key = SigningKey::make();
    const SecretBytes passphrase(base::bytes_of("correct horse"));
    const std::string pem = secret_key_to_pem(key, passphrase);
    EXPECT_TRUE(is_encrypted_pem(pem));
    const auto read = secret_key_from_pem(pem, passphrase);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->public_key(), key.public_key());
    const auto wrong = secret_key_from_pem(pem, SecretBytes(base::bytes_of("wrong horse")));
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().code, base::ErrorCode::not_permitted);
    EXPECT_EQ(secret_key_from_pem(pem, {}).error().code, base::ErrorCode::not_permitted);
    const std::string plain = secret_key_to_pem(key, {});
    EXPECT_FALSE(is_encrypted_pem(plain));
    EXPECT_EQ(MUST(secret_key_from_pem(plain, {})).public_key(), key.public_key());
    EXPECT_FALSE(secret_key_from_pem("nothing", {}));
}

}  // namespace
}  // namespace tillhost::os
