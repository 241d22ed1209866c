// Claim: a server's own certificate is for the names it was asked for and has a key of its own;
// what is no name is refused and never gets into an extension. Shown: certificates made and read as
// text; a browser's view of one is in tests/licences.
#include "hal/os/server_certificate.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "hal/os/files.h"

namespace tillhost::os {
namespace {

constexpr std::int64_t kNow = 1'795'000'000;

TEST(ServerCertificate, HasAKeyOfItsOwn) {
    const auto one = MUST(make_server_certificate({"localhost", "127.0.0.1", "::1"}, kNow));
    const auto other = MUST(make_server_certificate({"localhost"}, kNow));
    EXPECT_EQ(one.certificate_pem.rfind("-----BEGIN CERTIFICATE-----", 0), 0U);
    EXPECT_EQ(one.key_pem.rfind("-----BEGIN PRIVATE KEY-----", 0), 0U);
    EXPECT_NE(one.key_pem, other.key_pem);
    EXPECT_NE(one.certificate_pem, other.certificate_pem);
}

TEST(ServerCertificate, RefusesWhatIsNoName) {
    const std::vector<std::vector<std::string>> bad{
        {},
        {""},
        {"a b"},
        {"localhost,IP:10.0.0.1"},
        {std::string(254, 'a')},
        std::vector<std::string>(kServerNamesMax + 1, "localhost")};
    for (const auto& names : bad) {
        const auto made = make_server_certificate(names, kNow);
        ASSERT_FALSE(made);
        EXPECT_EQ(made.error().code, base::ErrorCode::bad_field);
        EXPECT_EQ(made.error().detail.rfind("names", 0), 0U);
    }
}

// Claim: the own pair is made once and kept, its key for this user alone; files that are named are
// read instead; the pin names the public key and is no text of a thing that is no certificate.
TEST(ServerCertificate, IsKeptAndNamedByItsPin) {
    const std::string folder = testing::TempDir() + "/own_certificate";
    std::filesystem::remove_all(folder);
    MUST(make_folder(folder, 0700));
    const auto first = MUST(load_server_certificate({.folder = folder}, {"localhost"}, kNow));
    const auto again = MUST(load_server_certificate({.folder = folder}, {"other"}, kNow));
    EXPECT_EQ(first.certificate_pem, again.certificate_pem);
    EXPECT_EQ(first.key_pem, again.key_pem);
    EXPECT_EQ(std::filesystem::status(folder + "/web.key").permissions(),
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    const CertificatePlace named{.certificate = folder + "/web.crt", .key = folder + "/none.key"};
    EXPECT_FALSE(load_server_certificate(named, {"localhost"}, kNow));
    const std::string pin = MUST(public_key_pin(first.certificate_pem));
    EXPECT_EQ(pin.size(), 64U);
    const auto other = MUST(make_server_certificate({"localhost"}, kNow));
    EXPECT_NE(pin, MUST(public_key_pin(other.certificate_pem)));
    EXPECT_FALSE(public_key_pin("-----BEGIN CERTIFICATE-----\n"));
}

}  // namespace
}  // namespace tillhost::os
