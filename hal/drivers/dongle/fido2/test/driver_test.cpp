// Claim: the driver takes a channel of its own, tells what the token is, has challenges signed
// without a touch, and makes a credential once; other devices are refused. Shown over a scripted
// token on virtual time, by requests byte for byte.
#include "hal/drivers/dongle/fido2/driver.h"

#include "hal/drivers/dongle/fido2/test/scripted.h"

namespace tillhost::drivers::fido2 {
namespace {

using base::Effect;
using base::ErrorCode;

/// What the driver asks for enrol(): the user is the beginning of the challenge's hash.
std::string enrol_request() {
    const std::string hash(kChallengeHash);
    return "01 A4 01 58 20 " + hash +
           " 02 A2 62 69 64 6F 6C 69 63 65 6E 63 65 2E 65 78 61 6D 70 6C 65 64 6E 61 6D 65 6F 6C "
           "69 63 65 6E 63 65 2E 65 78 61 6D 70 6C 65 03 A2 62 69 64 50 " +
           hash.substr(0, 16 * 3 - 1) +
           " 64 6E 61 6D 65 6A 73 74 6F 72 65 2D 30 30 30 31 04 81 A2 63 61 6C 67 26 64 74 79 70 "
           "65 6A 70 75 62 6C 69 63 2D 6B 65 79";
}
std::vector<ScriptedToken::Word> wants_touch(os::Duration delay) {
    return ScriptedToken::words(Command::keepalive, "02", delay);
}

TEST_F(DongleTest, TellsWhatTheTokenIs) {
    token.tells_info();
    const auto opened = open();
    ASSERT_TRUE(opened) << base::to_text(opened.error());
    EXPECT_EQ(opened->identity.serial, "S1");
    EXPECT_EQ(opened->identity.model, "YubiKey OTP+FIDO+CCID");
    const auto& status = std::get<contract::DongleStatus>(opened->status);
    EXPECT_EQ(status.firmware, "5.2.1");
    EXPECT_EQ(status.versions, (std::vector<std::string>{"U2F_V2", "FIDO_2_0"}));
    EXPECT_EQ(base::to_hex(status.aaguid), "F8 A0 11 F3 8C 0A 4D 15 80 06 17 11 1F 9E DC 7D");
    EXPECT_FALSE(status.pin_set);
    ASSERT_EQ(token.reports.size(), 2U);
    EXPECT_TRUE(token.reports[0].starts_with("00 FF FF FF FF 86 00 08 "));
    EXPECT_TRUE(token.reports[1].starts_with("00 00 22 00 02 90 00 01 04 00 00"));
    token.tells_info();
    EXPECT_EQ(std::get<contract::DongleStatus>(
                  MUST(driver->query(contract::Query(contract::StatusQuery{}), deadline()))),
              status);
    EXPECT_EQ(std::get<contract::DongleStatus>(*driver->known_status()), status);
}

TEST_F(DongleTest, EachOpeningBringsANonceOfItsOwn) {
    std::vector<std::string> nonces;
    for (int i = 0; i < 3; ++i) {
        token.tells_info();
        ASSERT_TRUE(open());
        nonces.push_back(token.reports[0].substr(8 * 3, 8 * 3 - 1));
        token.reports.clear();
    }
    EXPECT_NE(nonces[0], nonces[1]);
    EXPECT_NE(nonces[1], nonces[2]);
}

TEST_F(DongleTest, OtherDevicesAreRefused) {
    token.hid->report_descriptor =
        bytes_in("05 01 09 06 A1 01 05 07 19 E0 29 E7 75 01 95 08 81 02 C0");
    EXPECT_EQ(open().error().code, ErrorCode::wrong_device);
    EXPECT_TRUE(token.reports.empty()) << "a keyboard is said nothing to";
    token.hid->report_descriptor = bytes_in(kTokenDescriptor);
    EXPECT_EQ(open({{"serial", "S2"}}).error().code, ErrorCode::wrong_device);
    EXPECT_TRUE(token.reports.empty());
    token.capabilities = 0x01;
    EXPECT_EQ(open().error().code, ErrorCode::wrong_device) << "U2F only";
    token.capabilities = 0x05;
    token.tells_info(
        "A2 01 81 66 55 32 46 5F 56 32 03 50 F8 A0 11 F3 8C 0A 4D 15 80 06 17 11 1F "
        "9E DC 7D");
    EXPECT_EQ(open().error().code, ErrorCode::wrong_device) << "U2F only, by its versions";
    EXPECT_EQ(prove().error().code, ErrorCode::device_not_ready);
}

TEST_F(DongleTest, AProofIsWhatTheTokenSigned) {
    is_open();
    token.then(assertion_request(), "00 " + assertion_answer());
    const auto proof = prove();
    ASSERT_TRUE(proof) << base::to_text(proof.error());
    EXPECT_EQ(base::to_hex(proof->authenticator_data), kAuthenticatorData);
    EXPECT_EQ(base::to_hex(proof->signature), kSignature);
    ASSERT_EQ(token.reports.size(), 3U);
    EXPECT_TRUE(token.reports[1].starts_with("00 00 22 00 02 00 62 69 64"));
}

TEST_F(DongleTest, AnotherDongleSaysThatItDoesNotHoldTheCredential) {
    is_open();
    token.then(assertion_request(), "2E");
    const auto proof = prove();
    ASSERT_FALSE(proof);
    EXPECT_EQ(proof.error().code, ErrorCode::credential_unknown);
    EXPECT_EQ(proof.error().device_code, 0x2EU);
    EXPECT_EQ(proof.error().effect, Effect::none);
}

TEST_F(DongleTest, WhatIsTooLongForTheTokenIsRefusedBeforeAByte) {
    is_open();
    contract::DongleProofQuery query = proof_query();
    query.rp = std::string(253, 'a');
    query.credential = base::Bytes(1023, std::byte{1});
    const auto proof = driver->query(contract::Query(query), deadline());
    ASSERT_FALSE(proof);
    EXPECT_EQ(proof.error().code, ErrorCode::bad_field);
    EXPECT_TRUE(proof.error().detail.starts_with("credential")) << proof.error().detail;
    EXPECT_TRUE(token.reports.empty());
}

TEST_F(DongleTest, ATokenThatWantsATouchIsNotLeftBlinking) {
    is_open();
    token.then_says(assertion_request(), wants_touch(100ms));
    token.is_cancelled(ScriptedToken::words(Command::cbor, "2D"));
    EXPECT_EQ(prove().error().code, ErrorCode::not_supported);
    token.then(assertion_request(), "3B");
    EXPECT_EQ(prove().error().code, ErrorCode::not_supported);
}

TEST_F(DongleTest, AnAnswerWithoutSenseIsAskedForOnceMore) {
    is_open();
    token.then(assertion_request(), "00 A0").then(assertion_request(), "00 " + assertion_answer());
    EXPECT_TRUE(prove());
    token.then(assertion_request(), "00 A0").then(assertion_request(), "00 F6");
    EXPECT_FALSE(prove());
}

TEST_F(DongleTest, AnEnrolmentPromptsOnceAndTellsTheCredential) {
    is_open();
    auto say = ScriptedToken::words(Command::keepalive, "01", 50ms);
    for (const auto delay : {100ms, 200ms, 300ms}) {
        say.push_back(wants_touch(delay)[0]);
    }
    for (const auto& word : ScriptedToken::words(Command::cbor, "00 " + credential_answer(), 8s)) {
        say.push_back(word);
    }
    token.then_says(enrol_request(), say);
    const auto told = enrol();
    ASSERT_TRUE(told) << base::to_text(told.error());
    EXPECT_EQ(base::to_hex(told->credential), "4A 4C 9E CC 81 7D 42 03 2B 41 D1 38 D3 49 B4 FC");
    EXPECT_EQ(told->format, "packed");
    EXPECT_EQ(book.prompts, std::vector<std::string>{"touch the dongle"});
    EXPECT_EQ(book.steps, std::vector<std::string>{"touch"});
}

TEST_F(DongleTest, ARefusalInWordsMadeNoCredential) {
    is_open();
    for (const std::string status : {"19", "27", "28", "36"}) {
        token.then(enrol_request(), status);
        const auto told = enrol();
        ASSERT_FALSE(told);
        EXPECT_EQ(told.error().code, ErrorCode::device_refused) << status;
        EXPECT_EQ(told.error().effect, Effect::none) << status;
    }
}

TEST_F(DongleTest, NobodyTouchesIt) {
    is_open();
    const os::Instant begin = token.clock.now();
    token.then_says(enrol_request(), wants_touch(100ms));
    token.is_cancelled(ScriptedToken::words(Command::cbor, "2D", 10ms));
    const auto told = enrol();
    ASSERT_FALSE(told);
    EXPECT_EQ(told.error().code, ErrorCode::deadline_passed);
    EXPECT_EQ(told.error().effect, Effect::none);
    EXPECT_EQ(token.clock.now() - begin, kTouchTime + 10ms);
}

TEST_F(DongleTest, ATouchAtTheLastMomentCounts) {
    is_open();
    token.then_says(enrol_request(), wants_touch(100ms));
    token.is_cancelled(ScriptedToken::words(Command::cbor, "00 " + credential_answer(), 10ms));
    EXPECT_TRUE(enrol());
}

TEST_F(DongleTest, AnOutcomeThatIsNotKnownIsSaidAndNothingIsRepeated) {
    const auto expect_unknown = [this] {
        const auto told = enrol();
        ASSERT_FALSE(told);
        EXPECT_EQ(told.error().effect, Effect::unknown) << base::to_text(told.error());
        EXPECT_NE(told.error().detail.find("may hold one more"), std::string::npos);
    };
    is_open();
    token.then_says(enrol_request(), wants_touch(100ms));
    token.is_cancelled({});
    expect_unknown();  // silent to the end
    is_open();
    token.then(enrol_request(), "00 A0");
    expect_unknown();  // an answer without sense
    is_open();
    auto cut = ScriptedToken::words(Command::cbor, "00 " + credential_answer());
    cut.erase(cut.begin() + 1);
    token.then_says(enrol_request(), cut);
    expect_unknown();  // an answer with a hole
    is_open();
    token.script.push_back({"90 " + enrol_request(), wants_touch(100ms), true});
    expect_unknown();  // pulled out while it waited
}

TEST_F(DongleTest, AnEnrolmentWaitsForAnotherProgramAndIsSentOnceThen) {
    is_open();
    token.then_says(enrol_request(), ScriptedToken::words(Command::error, "06"));
    token.then(enrol_request(), "00 " + credential_answer());
    EXPECT_TRUE(enrol());
}

TEST_F(DongleTest, BehindASimulatorPacketsAreAStreamAndTheSerialIsTheSetting) {
    token.hid.reset();
    token.piece = 7;
    token.tells_info();
    const auto opened = open({{"serial", "SIM1"}});
    ASSERT_TRUE(opened) << base::to_text(opened.error());
    EXPECT_EQ(opened->identity.serial, "SIM1");
    token.then(assertion_request(), "00 " + assertion_answer());
    EXPECT_TRUE(prove());
}

TEST_F(DongleTest, CommandsAndQuestionsOfOthersAreNotSupported) {
    is_open();
    EXPECT_EQ(driver->execute(contract::OpenDrawer{}, book, deadline()).error().code,
              ErrorCode::not_supported);
    EXPECT_EQ(driver->query(contract::Query(contract::LayoutQuery{}), deadline()).error().code,
              ErrorCode::not_supported);
    EXPECT_EQ(driver->input_fd(), -1);
}

TEST(DongleSettings, AreNamed) {
    const os::FakeClock clock;
    ScriptedToken token;
    for (const contract::Setting& wrong :
         {contract::Setting{"serial", std::string(65, '1')}, contract::Setting{"pin", "1234"}}) {
        const auto made = make_driver({wrong}, std::make_unique<ScriptedPort>(token), clock);
        ASSERT_FALSE(made);
        EXPECT_EQ(made.error().code, ErrorCode::config_invalid);
        EXPECT_NE(made.error().detail.find(wrong.name), std::string::npos);
    }
    EXPECT_FALSE(make_driver({}, nullptr, clock));
}

}  // namespace
}  // namespace tillhost::drivers::fido2
