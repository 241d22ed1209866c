// Claim: files that were given out once are read for ever, and are written byte for byte the same.
// Shown by files kept in the tree, made with the test vendor's keys.
#include "hal/os/files.h"
#include "licd/keys/activation.h"
#include "licd/keys/test/vendor.h"

namespace tillhost::licd::keys::test {
namespace {

const std::string kFolder = "licd/keys/test/golden/";

RequestContent request() {
    return {.id = "0123456789abcdef0123456789abcdef",
            .serial = blank_key().serial,
            .key_id = blank_key().id,
            .revision = 1,
            .slot = 1,
            .made_s = kNow + kDay,
            .software = "licd-1.0",
            .nonce = "00112233445566778899aabbccddeeff",
            .traits = bound_key().activation->traits,
            .server = test_key(50).public_key()};
}

std::map<std::string, std::string> files() {
    const Vendor vendor;
    const auto pin = taken(Pin::read(test_pins()[0])).key_for(blank_key().serial, 1);
    KeyContent token = dongle_key();
    token.policy = {Strictness::strict, true};
    token.terms = {.contact_h = 72, .dongle_grace_s = 0, .hosts = {"act.example.org"}};
    const Revocations list{.number = 3,
                           .issued_s = kNow,
                           .id = blank_key().id,
                           .serials = {{"4410-0093-7721", kNow, kDay}},
                           .issuers = {{os::key_id_of(test_key(77).public_key()), kNow}},
                           .text = ""};
    return {{"blank.dongle", vendor.write(blank_key())},
            {"token.dongle", vendor.write(token)},
            {"bound.lact", vendor.write(bound_key())},
            {"request.lreq", taken(write_request(request(), pin, test_key(50)))},
            {"revocations.lrev", taken(write_revocations(list, vendor.root_key))},
            {"root.crt", os::certificate_to_pem(vendor.root)}};
}

TEST(Golden, FilesAreWrittenAsTheyWere) {
    for (const auto& [name, text] : files()) {
        const auto kept = os::read_file(kFolder + name, kFileBytesMax);
        ASSERT_TRUE(kept) << name;
        EXPECT_EQ(base::string_of(*kept), text) << name;
    }
}

TEST(Golden, FilesAreReadAsTheyWere) {
    const auto text = [](const std::string& name) {
        return base::string_of(taken(os::read_file(kFolder + name, kFileBytesMax)));
    };
    const os::Certificate root = taken(os::certificate_from_pem(text("root.crt")));
    EXPECT_EQ(taken(read_key(text("blank.dongle"), root)).content.lines.size(), 3U);
    EXPECT_EQ(taken(read_key(text("token.dongle"), root)).content.terms.contact_h, 72);
    EXPECT_EQ(taken(read_key(text("bound.lact"), root)).content.activation->slot, 1);
    EXPECT_EQ(taken(read_request(text("request.lreq"))).content.slot, 1);
    EXPECT_EQ(taken(read_revocations(text("revocations.lrev"), root)).number, 3);
}

/// Makes the kept files anew; only for a new kind of file, never for one that was given out:
/// licd_keys_test --gtest_filter=Golden.* --gtest_also_run_disabled_tests
TEST(Golden, DISABLED_WritesThemAnew) {
    for (const auto& [name, text] : files()) {
        ASSERT_TRUE(os::write_atomically(kFolder + name, base::bytes_of(text), 0644));
    }
}

}  // namespace
}  // namespace tillhost::licd::keys::test
