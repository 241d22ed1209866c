// Claim: a server's own certificate is for the names it was asked for and has a key of its own;
// what is no name is refused and never gets into an extension. Shown: certificates made and read as
// text; a browser's view of one is in tests/licences.
#include "hal/os/server_certificate.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace tillhost::os
