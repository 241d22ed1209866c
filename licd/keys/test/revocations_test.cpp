// Claim: a revocation list is the root's word only, its number only grows, and what it names is
// refused from the right moment on. Shown by lists signed by others, older ones, and by dates.
#include "licd/keys/revocations.h"

#include "licd/keys/test/vendor.h"

namespace tillhost::licd::keys::test {
namespace {

using base::ErrorCode;

class RevocationsTest : public testing::Test {
protected:
    Revocations list(std::int64_t number) const {
        return {.number = number,
                .issued_s = kNow,
                .id = blank_key().id,
                .serials = {{"4410-0093-7721", kNow + kDay, kDay}, {"AAAA-1111", kNow, 0}},
                .issuers = {{os::key_id_of(test_key(77).public_key()), {}},
                            {os::key_id_of(test_key(78).public_key()), kNow}},
                .text = ""};
    }
    Revocations read(const Revocations& one) const {
        return taken(
            read_revocations(taken(write_revocations(one, vendor_.root_key)), vendor_.root));
    }

    Vendor vendor_;
    KeyFile key_ = taken(read_key(vendor_.write(blank_key()), vendor_.root));
};

TEST_F(RevocationsTest, AreReadAsTheyWereWritten) {
    const Revocations once = read(list(3));
    EXPECT_EQ(once.number, 3);
    EXPECT_EQ(once.serials.size(), 2U);
    EXPECT_EQ(once.issuers[1].after_s, kNow);
    EXPECT_FALSE(once.issuers[0].after_s);
    EXPECT_EQ(taken(write_revocations(once, vendor_.root_key)), once.text);
}

TEST_F(RevocationsTest, AreTheRootsWordAndNotAnIssuers) {
    const std::string text = taken(write_revocations(list(1), vendor_.issuer_key));
    EXPECT_EQ(code_of(read_revocations(text, vendor_.root)), ErrorCode::key_damaged);
}

TEST_F(RevocationsTest, CutOrChangedTheyAreRefused) {
    const std::string text = taken(write_revocations(list(1), vendor_.root_key));
    for (std::size_t at = 0; at < text.size(); ++at) {
        std::string changed = text;
        changed[at] = changed[at] == 'x' ? 'y' : 'x';
        EXPECT_FALSE(read_revocations(changed, vendor_.root)) << at;
        EXPECT_FALSE(read_revocations(std::string_view(text).substr(0, at), vendor_.root)) << at;
    }
}

TEST_F(RevocationsTest, TheirNumberOnlyGrows) {
    const Revocations third = read(list(3));
    EXPECT_TRUE(check_newer(third, read(list(4))));
    EXPECT_TRUE(check_newer(third, third));
    EXPECT_TRUE(check_newer({}, third));
    EXPECT_TRUE(refused(check_newer(third, read(list(2))), ErrorCode::key_foreign, "number 3"));
}

TEST_F(RevocationsTest, ASerialIsOverAfterItsNotice) {
    const Revocations one = read(list(1));
    EXPECT_TRUE(check_not_revoked(key_, one, kNow + 2 * kDay - 1));
    EXPECT_TRUE(refused(check_not_revoked(key_, one, kNow + 2 * kDay), ErrorCode::key_revoked,
                        "4410-0093-7721"));
}

TEST_F(RevocationsTest, AnIssuerIsOverWhollyOrFromAnInstantOn) {
    Revocations one = list(1);
    one.serials.clear();
    EXPECT_TRUE(check_not_revoked(key_, one, kNow));
    one.issuers = {{key_.issuer_id(), {}}};
    EXPECT_TRUE(refused(check_not_revoked(key_, one, kNow), ErrorCode::key_revoked, "signer"));
    one.issuers = {{key_.issuer_id(), kNow}};
    EXPECT_TRUE(check_not_revoked(key_, one, kNow));
    one.issuers = {{key_.issuer_id(), kNow - 1}};
    EXPECT_EQ(code_of(check_not_revoked(key_, one, kNow)), ErrorCode::key_revoked);
}

}  // namespace
}  // namespace tillhost::licd::keys::test
