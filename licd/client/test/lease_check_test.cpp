// Claim: what a false or forgetful server says is not believed, and its lease is not held.
// Shown by answers of the fake server that differ from a good one in one thing.
#include "licd/client/lease_check.h"

#include "licd/client/test/fixture.h"
#include "licd/keys/proof.h"

namespace tillhost::licd::client::test {
namespace {

using std::chrono::seconds;

class LeaseCheckTest : public ClientTest {
protected:
    LeaseCheckTest() : licd_(socket()), client_(open(options())) {}

    /// What comes of an acquire whose answer was changed.
    std::string changed(const std::function<void(contract::LicenceGranted&)>& change) {
        licd_.with([&change](auto& ways) { ways.on_grant = change; });
        return outcome(acquire(*client_));
    }
    /// The same of the signed words, signed anew.
    std::string reworded(const std::function<void(wire::LeaseText&)>& change) {
        return changed([&change](auto& granted) {
            auto text = wire::LeaseText::read(granted.lease.signed_lease.text).value();
            change(text);
            granted.lease = FakeLicd::signed_lease(text, keys::test::test_key(50));
        });
    }

    FakeLicd licd_;
    std::unique_ptr<LicenceClient> client_;
};

TEST_F(LeaseCheckTest, AServerOfAnotherVendorIsNotBelieved) {
    const keys::test::Vendor other(100);
    EXPECT_EQ(changed([&other](auto& granted) {
                  granted.proof = FakeLicd::proof_of(other, "till.base");
              }),
              "key_foreign");
    // The seat that it may have taken for it is given back.
    EXPECT_EQ(licd_.lent(), 0U);
    EXPECT_TRUE(client_->all_status().empty());
}

TEST_F(LeaseCheckTest, AServerThatIsNotInTheSealIsNotBelieved) {
    licd_.with([](auto& ways) { ways.lease_key = keys::test::test_key(60); });
    EXPECT_EQ(outcome(acquire(*client_)), "key_foreign");
}

TEST_F(LeaseCheckTest, ASealOfAnotherKeyIsNotBelieved) {
    keys::KeyContent other = keys::test::bound_key();
    other.serial = "9999-0000-0000";
    const keys::test::Vendor vendor;
    EXPECT_EQ(changed([&](auto& granted) {
                  granted.proof.seal = FakeLicd::proof_of(vendor, "till.base", other).seal;
              }),
              "key_foreign");
}

TEST_F(LeaseCheckTest, AKeyOfAnotherProductIsNotBelieved) {
    ClientOptions scale = options();
    scale.product = "scale";
    EXPECT_EQ(outcome(acquire(*open(scale))), "key_foreign");
}

TEST_F(LeaseCheckTest, ALeaseOfAnotherLicenceRequestOrProgramIsNotBelieved) {
    EXPECT_EQ(reworded([](auto& text) { text.licence = "till.report"; }), "key_foreign");
    EXPECT_EQ(reworded([](auto& text) { text.instance = "till-4-0000"; }), "key_foreign");
    EXPECT_EQ(reworded([](auto& text) {
                  text.request = base::OperationId::make(1, {2, 3});
              }),
              "key_foreign");
    EXPECT_EQ(reworded([](auto& text) { text.key = "9999-0000-0000"; }), "key_foreign");
    EXPECT_EQ(reworded([](auto&) {}), "ok");
}

TEST_F(LeaseCheckTest, TheProofIsOfTheLicenceThatIsLent) {
    const keys::test::Vendor vendor;
    EXPECT_EQ(
        changed([&](auto& granted) { granted.proof = FakeLicd::proof_of(vendor, "till.weigh"); }),
        "key_foreign");
}

TEST_F(LeaseCheckTest, WhatStandsOutsideIsWhatIsSigned) {
    EXPECT_EQ(changed([](auto& granted) { ++granted.lease.number; }), "key_foreign");
    EXPECT_EQ(changed([](auto& granted) { ++granted.lease.generation; }), "key_foreign");
    EXPECT_EQ(changed([](auto& granted) { granted.lease.signed_lease.text += "more\n"; }),
              "key_foreign");
}

/// A proof of the same licence by a dongle, given so many seconds ago.
contract::LicenceProof dongle_proof(std::int64_t at_s, unsigned dongle = 7) {
    using namespace keys::test;
    const Vendor vendor;
    const auto key = taken(keys::read_key(vendor.write(dongle_key()), vendor.root));
    const auto word = keys::write_dongle_word(spoken(test_dongle(dongle), question_at(at_s)));
    const auto parts = taken(keys::proof_of(key, "till.base", word));
    contract::LicenceProof proof = FakeLicd::proof_of(vendor, "till.base", bound_key());
    proof.file_id = parts.file_id;
    proof.seal = parts.seal;
    proof.line = parts.licence;
    return proof;
}

TEST_F(LeaseCheckTest, ADonglesWordOnTheServerIsAsGoodAsTheVendors) {
    const std::int64_t now = clock_.unix_ms() / 1000;
    EXPECT_EQ(changed([&](auto& granted) { granted.proof = dongle_proof(now - 60); }), "ok");
}

TEST_F(LeaseCheckTest, AnotherDonglesWordOrAnOldOneIsNotBelieved) {
    const std::int64_t now = clock_.unix_ms() / 1000;
    EXPECT_EQ(changed([&](auto& granted) { granted.proof = dongle_proof(now - 60, 8); }),
              "key_foreign");
    EXPECT_EQ(changed([&](auto& granted) {
                  granted.proof = dongle_proof(now - keys::kDongleWordAgeMaxS - 60);
              }),
              "key_foreign");
    EXPECT_EQ(changed([&](auto& granted) {
                  granted.proof = dongle_proof(now + keys::kDongleWordAheadMaxS + 60);
              }),
              "key_foreign");
    EXPECT_EQ(licd_.lent(), 0U);
}

TEST_F(LeaseCheckTest, TheServerThatADongleNamesIsTheOneThatSigns) {
    licd_.with([](auto& ways) { ways.lease_key = keys::test::test_key(60); });
    const std::int64_t now = clock_.unix_ms() / 1000;
    EXPECT_EQ(changed([&](auto& granted) { granted.proof = dongle_proof(now); }), "key_foreign");
}

TEST_F(LeaseCheckTest, AnAnswerOfBeforeIsNotBelieved) {
    std::optional<contract::LicenceGranted> kept;
    ASSERT_EQ(changed([&kept](auto& granted) { kept = granted; }), "ok");
    const auto lease = client_->all_status().front().first;
    ASSERT_TRUE(client_->release(lease, soon()).has_value());
    EXPECT_EQ(changed([&kept](auto& granted) { granted = *kept; }), "key_foreign");
}

TEST_F(LeaseCheckTest, AnOlderGenerationIsNotBelieved) {
    ASSERT_EQ(reworded([](auto& text) { text.generation = 41; }), "ok");
    const auto lease = client_->all_status().front().first;
    ASSERT_TRUE(client_->release(lease, soon()).has_value());
    EXPECT_EQ(reworded([](auto& text) { text.generation = 40; }), "key_foreign");
    EXPECT_EQ(reworded([](auto& text) { text.generation = 42; }), "ok");
}

TEST_F(LeaseCheckTest, AnOldRenewalLetsTheLeaseRunOut) {
    const auto lease = acquire(*client_).value();
    std::optional<contract::LicenceLease> kept;
    licd_.with([&kept](auto& ways) { ways.on_renewal = [&kept](auto& one) { kept = one; }; });
    ASSERT_EQ(outcome(client_->beat(soon())), "ok");
    licd_.with([&kept](auto& ways) { ways.on_renewal = [&kept](auto& one) { one = *kept; }; });
    clock_.advance(seconds(300));
    EXPECT_EQ(outcome(client_->beat(soon())), "key_foreign");
    EXPECT_EQ(client_->status(lease).standing, Standing::held);
    EXPECT_LT(client_->status(lease).left, seconds(301));
    clock_.advance(seconds(301));
    EXPECT_EQ(outcome(client_->beat(soon())), "key_foreign");
    EXPECT_EQ(client_->status(lease).standing, Standing::gone);
}

TEST_F(LeaseCheckTest, ARenewalOfAnotherLeaseIsNotBelieved) {
    ASSERT_EQ(outcome(acquire(*client_)), "ok");
    licd_.with([](auto& ways) {
        ways.on_renewal = [](auto& one) {
            auto text = wire::LeaseText::read(one.signed_lease.text).value();
            text.seat = 2;
            one = FakeLicd::signed_lease(text, keys::test::test_key(50));
        };
    });
    EXPECT_EQ(outcome(client_->beat(soon())), "key_foreign");
}

}  // namespace
}  // namespace tillhost::licd::client::test
