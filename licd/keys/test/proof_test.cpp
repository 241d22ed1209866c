// Claim: a program with only the vendor's root learns from a proof which licence which server may
// hand out, and a fake server proves nothing. Shown by good proofs and by mixing parts of two.
#include "licd/keys/proof.h"

#include <functional>

#include "licd/keys/base64.h"
#include "licd/keys/test/vendor.h"

namespace tillhost::licd::keys::test {
namespace {

using base::ErrorCode;

class ProofTest : public testing::Test {
protected:
    base::Result<ProvenLicence> check(const Proof& proof, const Revocations* list = nullptr) const {
        return check_proof(vendor_.root, proof, "till", list);
    }

    Vendor vendor_;
    KeyFile key_ = taken(read_key(vendor_.write(bound_key()), vendor_.root));
    Proof proof_ = taken(proof_of(key_, "till.base"));
};

TEST_F(ProofTest, ProvesOneLicenceOfOneServer) {
    const ProvenLicence proven = taken(check(proof_));
    EXPECT_EQ(proven.serial, "4410-0093-7721");
    EXPECT_EQ(proven.line.name, "till.base");
    EXPECT_EQ(proven.line.count, 20);
    EXPECT_EQ(proven.server, test_key(50).public_key());
}

TEST_F(ProofTest, SaysNothingOfTheCustomer) {
    for (const std::string& part : {proof_.seal, proof_.licence, proof_.chain.front()}) {
        EXPECT_EQ(part.find("example shop"), std::string::npos);
        EXPECT_EQ(part.find("till.weigh"), std::string::npos);
        EXPECT_EQ(part.find("disk"), std::string::npos);
    }
}

TEST_F(ProofTest, AServersOwnSealIsForeign) {
    const KeyContent content = bound_key();
    proof_.seal = sign_line({domain::kSeal, content.id, content.serial},
                            std::string(taken(SignedLine::read(proof_.seal)).text), test_key(60));
    EXPECT_TRUE(refused(check(proof_), ErrorCode::key_foreign, "different keys"));
}

TEST_F(ProofTest, PartsOfTwoKeysAreForeign) {
    KeyContent other = bound_key();
    other.serial = "9999-0000-0000";
    other.lines[0].count = 100;
    const KeyFile bigger = taken(read_key(vendor_.write(other), vendor_.root));
    const Proof foreign = taken(proof_of(bigger, "till.base"));
    Proof mixed = proof_;
    mixed.licence = foreign.licence;
    EXPECT_EQ(code_of(check(mixed)), ErrorCode::key_foreign);
    mixed = proof_;
    mixed.seal = foreign.seal;
    EXPECT_EQ(code_of(check(mixed)), ErrorCode::key_foreign);
    mixed = proof_;
    mixed.serial = foreign.serial;
    EXPECT_EQ(code_of(check(mixed)), ErrorCode::key_foreign);
    EXPECT_TRUE(check(foreign));
}

TEST_F(ProofTest, AnotherRootOrProductIsForeign) {
    EXPECT_EQ(code_of(check_proof(Vendor(100).root, proof_, "till")), ErrorCode::key_foreign);
    EXPECT_TRUE(refused(check_proof(vendor_.root, proof_, "scale"), ErrorCode::key_foreign,
                        "for the product till, not for scale"));
}

TEST_F(ProofTest, NothingIsReadFromNothing) {
    EXPECT_FALSE(check({}));
    Proof cut = proof_;
    cut.licence = "L";
    EXPECT_FALSE(check(cut));
    cut = proof_;
    cut.seal.clear();
    EXPECT_FALSE(check(cut));
    cut = proof_;
    cut.chain = {"AAAA"};
    EXPECT_FALSE(check(cut));
}

TEST_F(ProofTest, ABlankKeyProvesNothing) {
    const KeyFile blank = taken(read_key(vendor_.write(blank_key()), vendor_.root));
    EXPECT_TRUE(refused(proof_of(blank, "till.base"), ErrorCode::key_foreign, "not activated"));
    EXPECT_EQ(code_of(proof_of(key_, "till.other")), ErrorCode::licence_unknown);
}

TEST_F(ProofTest, ARevokedKeyProvesNothing) {
    const Revocations list{.number = 1,
                           .issued_s = kNow + 2 * kDay,
                           .id = bound_key().id,
                           .serials = {{"4410-0093-7721", kNow + kDay, 0}},
                           .issuers = {},
                           .text = ""};
    EXPECT_EQ(code_of(check(proof_, &list)), ErrorCode::key_revoked);
}

class DongleProofTest : public testing::Test {
protected:
    Proof proof(const DongleWord& word) const {
        return taken(proof_of(key_, "till.base", write_dongle_word(word)));
    }
    base::Result<ProvenLicence> check(const Proof& proof) const {
        return check_proof(vendor_.root, proof, "till");
    }

    Vendor vendor_;
    KeyFile key_ = taken(read_key(vendor_.write(dongle_key()), vendor_.root));
    DongleWord word_ = spoken(test_dongle(), question_at(kNow + 60));
};

TEST_F(DongleProofTest, ProvesTheServerThatTheDongleNames) {
    const ProvenLicence proven = taken(check(proof(word_)));
    EXPECT_EQ(proven.server, test_key(50).public_key());
    EXPECT_EQ(proven.line.name, "till.base");
    EXPECT_EQ(proven.product, "till");
    EXPECT_EQ(proven.word_at_s, kNow + 60);
    EXPECT_LT(proof(word_).seal.size(), kLineBytesMax);
}

TEST_F(DongleProofTest, WithoutItsWordThereIsNone) {
    EXPECT_TRUE(refused(proof_of(key_, "till.base"), ErrorCode::key_foreign, "no word"));
    Proof cut = proof(word_);
    cut.seal = key_.dongle;
    EXPECT_EQ(code_of(check(cut)), ErrorCode::key_damaged);
    cut.seal += "\n";
    EXPECT_EQ(code_of(check(cut)), ErrorCode::key_damaged);
}

TEST_F(DongleProofTest, AnotherDonglesWordIsForeign) {
    EXPECT_TRUE(refused(check(proof(spoken(test_dongle(8), question_at(kNow + 60)))),
                        ErrorCode::key_foreign, "not of the dongle"));
}

TEST_F(DongleProofTest, AWordIsForOneServerOneTimeAndOneKey) {
    for (const auto& change : std::vector<std::function<void(DongleWord&)>>{
             [](DongleWord& word) { word.server = test_key(51).public_key(); },
             [](DongleWord& word) { word.at_s += 1; },
             [](DongleWord& word) { word.nonce[0] = base::byte(4); },
             [](DongleWord& word) { word.data[36] = base::byte(6); }}) {
        DongleWord changed = word_;
        change(changed);
        EXPECT_EQ(code_of(check(proof(changed))), ErrorCode::key_foreign);
    }
    DongleQuestion other = question_at(kNow + 60);
    other.serial = "9999-0000-0000";
    EXPECT_EQ(code_of(check(proof(spoken(test_dongle(), other)))), ErrorCode::key_foreign);
    EXPECT_TRUE(refused(check(proof(spoken(test_dongle(), question_at(kNow), "another.example"))),
                        ErrorCode::key_foreign, "relying party"));
}

TEST_F(DongleProofTest, ADongleThatTheVendorDidNotNameIsForeign) {
    const KeyContent content = dongle_key();
    DongleCredential own = *content.token;
    own.key = test_dongle(8).public_key();
    Proof made = proof(spoken(test_dongle(8), question_at(kNow)));
    const std::string line = sign_line({domain::kToken, content.id, content.serial},
                                       write_dongle_line({own, "till", kNow}), test_key(60));
    made.seal = line + made.seal.substr(made.seal.find('\n'));
    EXPECT_TRUE(refused(check(made), ErrorCode::key_foreign, "different keys"));
    KeyContent other = content;
    other.serial = "9999-0000-0000";
    const KeyFile foreign = taken(read_key(vendor_.write(other), vendor_.root));
    made = proof(word_);
    made.seal = foreign.dongle + made.seal.substr(made.seal.find('\n'));
    EXPECT_TRUE(refused(check(made), ErrorCode::key_foreign, "different keys"));
}

TEST_F(DongleProofTest, AWordHasAnAge) {
    EXPECT_TRUE(check_word_age(kNow, kNow));
    EXPECT_TRUE(check_word_age(kNow, kNow + 4 * kDay));
    EXPECT_TRUE(check_word_age(kNow + kDay, kNow));
    EXPECT_TRUE(refused(check_word_age(kNow, kNow + 4 * kDay + 1), ErrorCode::key_foreign,
                        "one of the two clocks"));
    EXPECT_EQ(code_of(check_word_age(kNow + kDay + 1, kNow)), ErrorCode::key_foreign);
}

}  // namespace
}  // namespace tillhost::licd::keys::test
