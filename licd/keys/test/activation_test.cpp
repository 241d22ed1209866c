// Claim: an answer takes effect only for its request, on its machine, at its server; a wrong PIN
// and a changed request are told. Shown from the blank key to the bound one, and by each wrong
// pairing.
#include "licd/keys/activation.h"

#include "licd/keys/test/vendor.h"

namespace tillhost::licd::keys::test {
namespace {

using base::ErrorCode;

Traits machine(const std::string& disk) {
    return {make_trait(TraitKind::disk, {disk}, ""),
            make_trait(TraitKind::machine_id, {"0b1c2d3e4f"}, ""),
            make_trait(TraitKind::host, {"kassa-1"}, "")};
}

class ActivationTest : public testing::Test {
protected:
    RequestContent request(int slot = 1, unsigned server = 50) const {
        return {.id = "0123456789abcdef0123456789abcdef",
                .serial = blank_.content.serial,
                .key_id = blank_.content.id,
                .revision = blank_.content.revision,
                .slot = slot,
                .made_s = kNow + kDay,
                .software = "licd-1.0",
                .nonce = "00000000000000000000000000000001",
                .traits = digests_of(blank_.content.serial, own_),
                .server = test_key(server).public_key()};
    }
    std::string written(const RequestContent& content, int pin_slot, unsigned server = 50) const {
        const auto pin = taken(Pin::read(test_pins()[static_cast<std::size_t>(pin_slot) - 1]));
        return taken(
            write_request(content, pin.key_for(content.serial, content.slot), test_key(server)));
    }
    std::string answered(const RequestContent& content) const {
        return vendor_.write(
            bind(blank_.content, content, "ffeeddccbbaa99887766554433221100", 2, kNow + 2 * kDay));
    }
    base::Result<KeyFile> apply(const std::string& answer, const RequestContent& own_request,
                                const Traits& own, const Revocations& list = {}) const {
        return apply_answer(own_request, blank_, answer, own, vendor_.root, list, kNow + 3 * kDay);
    }

    Vendor vendor_;
    Traits own_ = machine("WD-123456");
    KeyFile blank_ = taken(read_key(vendor_.write(blank_key()), vendor_.root));
};

TEST_F(ActivationTest, APinIsKnownByItsKey) {
    EXPECT_EQ(taken(slot_of(blank_, taken(Pin::read(test_pins()[1])))), 2);
    EXPECT_TRUE(refused(slot_of(blank_, Pin::make(7, 7)), ErrorCode::pin_wrong, "another key"));
}

TEST_F(ActivationTest, ARequestIsReadAsItWasWritten) {
    const std::string text = written(request(), 1);
    const RequestFile file = taken(read_request(text));
    EXPECT_EQ(file.content.id, request().id);
    EXPECT_EQ(file.content.traits, request().traits);
    EXPECT_EQ(file.content.server, request().server);
    EXPECT_TRUE(check_request(file, blank_));
    EXPECT_EQ(written(file.content, 1), text);
}

TEST_F(ActivationTest, ARequestSaysNothingOfTheMachineOrThePin) {
    const std::string text = written(request(), 1);
    for (const std::string& secret : {std::string("kassa-1"), std::string("WD-123456"),
                                      std::string("0b1c2d3e4f"), test_pins()[0]}) {
        EXPECT_EQ(text.find(secret), std::string::npos) << secret;
    }
}

TEST_F(ActivationTest, AChangedRequestIsRefused) {
    const std::string text = written(request(), 1);
    for (std::size_t at = 0; at < text.size(); ++at) {
        std::string changed = text;
        changed[at] = changed[at] == 'x' ? 'y' : 'x';
        EXPECT_FALSE(read_request(changed)) << at;
        EXPECT_FALSE(read_request(std::string_view(text).substr(0, at))) << at;
    }
}

TEST_F(ActivationTest, AWrongPinIsTold) {
    EXPECT_TRUE(refused(check_request(taken(read_request(written(request(1), 2))), blank_),
                        ErrorCode::pin_wrong, "not number 1"));
}

TEST_F(ActivationTest, APinOfAnotherRequestIsWrong) {
    RequestContent other = request();
    other.id = "99999999999999999999999999999999";
    const RequestFile stolen = taken(read_request(written(request(), 1)));
    RequestFile file = taken(read_request(written(other, 1)));
    file.pin_line = stolen.pin_line;
    EXPECT_EQ(code_of(check_request(file, blank_)), ErrorCode::pin_wrong);
}

TEST_F(ActivationTest, ARequestForAnotherKeyIsForeign) {
    KeyContent other = blank_key();
    other.serial = "9999-0000-0000";
    const KeyFile key = taken(read_key(vendor_.write(other), vendor_.root));
    EXPECT_TRUE(refused(check_request(taken(read_request(written(request(), 1))), key),
                        ErrorCode::key_foreign, "not for 9999-0000-0000"));
}

TEST_F(ActivationTest, AMachineThatIsTooWeakIsRefused) {
    RequestContent content = request();
    content.traits.erase(TraitKind::disk);
    EXPECT_TRUE(refused(check_request(taken(read_request(written(content, 1))), blank_),
                        ErrorCode::key_other_machine, "30 of 100"));
}

TEST_F(ActivationTest, TheAnswerTakesThePlaceOfTheKey) {
    const KeyFile bound = taken(apply(answered(request()), request(), own_));
    EXPECT_EQ(bound.content.revision, 2);
    EXPECT_TRUE(taken(check_bound_here(bound, own_, request().server)).clean);
    const auto again = apply_answer(request(), bound, bound.text, own_, vendor_.root, {}, kNow);
    EXPECT_TRUE(again);  // the same file once more
}

TEST_F(ActivationTest, AnAnswerForAnotherRequestIsForeign) {
    RequestContent newer = request();
    newer.id = "99999999999999999999999999999999";
    EXPECT_TRUE(refused(apply(answered(request()), newer, own_), ErrorCode::key_foreign,
                        "another request"));
    EXPECT_TRUE(refused(apply(answered(request(2)), request(1), own_), ErrorCode::key_foreign,
                        "another request"));
}

TEST_F(ActivationTest, OnAnotherMachineItIsRefusedWithTheTraitsThatDiffer) {
    Traits other = machine("ANOTHER");
    EXPECT_TRUE(refused(apply(answered(request()), request(), other), ErrorCode::key_other_machine,
                        "differs: serial number of the system disk"));
}

TEST_F(ActivationTest, AtAnotherServerItIsRefused) {
    EXPECT_TRUE(refused(apply(answered(request()), request(1, 51), own_),
                        ErrorCode::key_other_machine, "another licence server"));
}

TEST_F(ActivationTest, ABlankOrAnOlderKeyIsNoAnswer) {
    EXPECT_TRUE(refused(apply(vendor_.write(blank_key()), request(), own_), ErrorCode::key_foreign,
                        "blank key"));
    KeyContent old = bind(blank_.content, request(), "ffeeddccbbaa99887766554433221100", 1, kNow);
    EXPECT_TRUE(
        refused(apply(vendor_.write(old), request(), own_), ErrorCode::key_foreign, "revision 1"));
}

TEST_F(ActivationTest, ARevokedKeyIsNotTaken) {
    const Revocations list{.number = 1,
                           .issued_s = kNow,
                           .id = blank_.content.id,
                           .serials = {{blank_.content.serial, kNow, 0}},
                           .issuers = {},
                           .text = ""};
    EXPECT_EQ(code_of(apply(answered(request()), request(), own_, list)), ErrorCode::key_revoked);
}

TEST_F(ActivationTest, ABlankKeyIsNotAtHomeAnywhere) {
    EXPECT_TRUE(refused(check_bound_here(blank_, own_, request().server), ErrorCode::key_foreign,
                        "not activated"));
}

}  // namespace
}  // namespace tillhost::licd::keys::test
