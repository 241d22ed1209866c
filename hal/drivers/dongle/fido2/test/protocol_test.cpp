// Claim: requests are the bytes that CTAP2 prescribes, and answers are read whole or refused.
// Shown by published and derived messages, and by answers with each part missing or wrong.
#include "hal/drivers/dongle/fido2/protocol.h"

#include <gtest/gtest.h>

#include "hal/drivers/dongle/fido2/errors.h"
#include "hal/drivers/dongle/fido2/test/vectors.h"

namespace tillhost::drivers::fido2 {
namespace {

using base::ErrorCode;

TEST(Requests, AreTheBytesOfTheProtocol) {
    EXPECT_EQ(base::to_hex(get_info()), "04");
    const base::Bytes sign = get_assertion(proof_query());
    EXPECT_EQ(sign.size(), 148U);
    EXPECT_EQ(base::to_hex(sign), assertion_request());
    NewCredential wanted;
    wanted.client_data_hash = bytes_in(kChallengeHash);
    wanted.rp = "licence.example";
    wanted.rp_name = "Host daemon";
    wanted.user = base::Bytes(16, std::byte{1});
    wanted.user_name = "store-0001";
    wanted.hmac_secret = true;
    wanted.resident = true;
    const base::Bytes make = make_credential(wanted);
    EXPECT_EQ(make.size(), 158U);
    EXPECT_EQ(base::to_hex(make), credential_request());
}

TEST(Requests, WithoutExtensionAndPlaceOfItsOwnTwoEntriesAreLeftOut) {
    const std::string plain = base::to_hex(make_credential({}));
    EXPECT_TRUE(plain.starts_with("01 A4 01 40 02"));
    EXPECT_TRUE(plain.ends_with("6B 65 79"));
}

TEST(Info, APublishedOneIsRead) {
    const Info info = MUST(read_info(bytes_in(kInfo)));
    EXPECT_EQ(info.versions, (std::vector<std::string>{"U2F_V2", "FIDO_2_0"}));
    EXPECT_TRUE(info.speaks_fido2());
    EXPECT_EQ(base::to_hex(info.aaguid), "F8 A0 11 F3 8C 0A 4D 15 80 06 17 11 1F 9E DC 7D");
    EXPECT_FALSE(info.pin_set);
    EXPECT_FALSE(info.always_verifies);
    EXPECT_EQ(info.message_bytes_max, 1200U);
}

TEST(Info, OptionsAreReadAndMayBeMissing) {
    constexpr std::string_view kId = "03 50 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00";
    const Info all = MUST(read_info(
        bytes_in("A3 01 81 66 55 32 46 5F 56 32 " + std::string(kId) +
                 " 04 A2 68 61 6C 77 61 79 73 55 76 F5 69 63 6C 69 65 6E 74 50 69 6E F5")));
    EXPECT_TRUE(all.pin_set);
    EXPECT_TRUE(all.always_verifies);
    EXPECT_FALSE(all.speaks_fido2());
    EXPECT_EQ(MUST(read_info(bytes_in("A2 01 80 " + std::string(kId)))).message_bytes_max, 1024U);
    EXPECT_FALSE(read_info(bytes_in("A1 " + std::string(kId)))) << "no versions";
    EXPECT_FALSE(read_info(bytes_in("A1 01 80"))) << "no make and model";
    EXPECT_FALSE(read_info(bytes_in("A2 01 80 03 41 00"))) << "a short one";
    EXPECT_FALSE(read_info(bytes_in("80"))) << "no map";
    EXPECT_EQ(read_info({}).error().code, ErrorCode::frame_damaged);
}

TEST(Assertion, IsHandedOnAsItCame) {
    const auto proof = MUST(read_assertion(bytes_in(assertion_answer()), bytes_in(credential())));
    EXPECT_EQ(base::to_hex(proof.authenticator_data), kAuthenticatorData);
    EXPECT_EQ(base::to_hex(proof.signature), kSignature);
    const std::string without =
        "A2 02 58 25 " + std::string(kAuthenticatorData) + " 03 58 46 " + std::string(kSignature);
    EXPECT_EQ(MUST(read_assertion(bytes_in(without), bytes_in(credential()))), proof);
}

TEST(Assertion, ForAnotherCredentialOrInPartIsNone) {
    const auto other = read_assertion(bytes_in(assertion_answer()), bytes_in("4A 4C"));
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code, ErrorCode::unexpected_answer);
    const std::string data(kAuthenticatorData);
    for (const std::string& wrong :
         {"A1 02 58 25 " + data, "A1 03 58 46 " + std::string(kSignature),
          "A2 02 41 00 03 58 46 " + std::string(kSignature), "A2 02 58 25 " + data + " 03 41 30",
          "A2 02 58 25 " + data + " 03 61 30", "A3 01 A0 02 58 25 " + data + " 03 41 30"}) {
        EXPECT_FALSE(read_assertion(bytes_in(wrong), bytes_in(credential()))) << wrong;
    }
}

TEST(Credential, IsTakenOutOfItsDataWithTheAttestation) {
    const auto told = MUST(read_credential(bytes_in(credential_answer())));
    EXPECT_EQ(base::to_hex(told.credential), "4A 4C 9E CC 81 7D 42 03 2B 41 D1 38 D3 49 B4 FC");
    EXPECT_EQ(base::to_hex(told.authenticator_data), data_with_credential());
    EXPECT_EQ(told.format, "packed");
    EXPECT_EQ(told.algorithm, -7);
    EXPECT_EQ(base::to_hex(told.signature), kSignature);
    ASSERT_EQ(told.certificates.size(), 1U);
    EXPECT_EQ(base::to_hex(told.certificates[0]), "30 01 AA");
}

TEST(Credential, WithoutAnAttestationAndOfU2f) {
    const std::string data = "02 58 4A " + data_with_credential();
    const auto none = MUST(read_credential(bytes_in("A3 01 64 6E 6F 6E 65 " + data + " 03 A0")));
    EXPECT_EQ(none.format, "none");
    EXPECT_EQ(none.algorithm, 0);
    EXPECT_TRUE(none.signature.empty());
    const auto u2f = MUST(read_credential(
        bytes_in("A3 01 68 66 69 64 6F 2D 75 32 66 " + data + " 03 A1 63 73 69 67 41 30")));
    EXPECT_EQ(u2f.algorithm, -7);
}

TEST(Credential, InPartIsNone) {
    std::string flags = data_with_credential();
    flags.replace(32 * 3, 2, "01");
    std::string length = data_with_credential();
    length.replace(53 * 3, 5, "03 FF");
    const std::string data = data_with_credential();
    for (const std::string& wrong :
         {"A2 02 58 4A " + data + " 03 A0", "A2 01 60 02 58 4A " + data,
          "A3 01 60 02 58 4A " + flags + " 03 A0", "A3 01 60 02 58 4A " + length + " 03 A0",
          "A3 01 60 02 58 25 " + std::string(kAuthenticatorData) + " 03 A0",
          "A3 01 60 02 58 4A " + data + " 03 A1 63 78 35 63 81 01",
          "A3 01 60 02 58 4A " + data + " 03 A1 63 61 6C 67 1A 7F FF FF FF"}) {
        const auto told = read_credential(bytes_in(wrong));
        ASSERT_FALSE(told) << wrong;
        EXPECT_EQ(told.error().code, ErrorCode::unexpected_answer);
    }
}

TEST(Statuses, EachIsAnErrorThatNamesItsNumber) {
    for (unsigned status = 1; status < 256; ++status) {
        const base::Error error = status_error(static_cast<std::uint8_t>(status));
        EXPECT_EQ(error.device_code, status);
        EXPECT_EQ(error.effect, base::Effect::none);
        EXPECT_FALSE(error.detail.empty());
    }
    EXPECT_EQ(status_error(0x2E).code, ErrorCode::credential_unknown);
    EXPECT_EQ(status_error(0x3B).code, ErrorCode::not_supported);
    EXPECT_EQ(status_error(0xF0).code, ErrorCode::device_failed);
}

}  // namespace
}  // namespace tillhost::drivers::fido2
