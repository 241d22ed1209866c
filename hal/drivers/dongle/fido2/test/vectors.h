#pragma once

#include <string>
#include <string_view>

#include "hal/base/bytes.h"
#include "ipc/contract/messages.h"

// Frames of tokens as hex. Published ones stand in Yubico/libfido2, fuzz/wiredata_fido2.h, and in
// Yubico/python-fido2, tests/test_ctap2.py and tests/test_hid.py; the others are derived by CTAP
// 2.1 and were computed apart from this code.
namespace tillhost::drivers::fido2 {

inline base::Bytes bytes_in(std::string_view hex) { return *base::from_hex(hex); }

/// Published: the report descriptor of a token.
inline constexpr std::string_view kTokenDescriptor =
    "06 D0 F1 09 01 A1 01 09 20 15 00 26 FF 00 75 08 95 40 81 02 09 21 15 00 26 FF 00 75 08 95 40 "
    "91 02 C0";
/// Published: what INIT was answered, its nonce 11 80 43 56 40 B1 4E D9.
inline constexpr std::string_view kInitReply =
    "FF FF FF FF 86 00 11 80 43 56 40 B1 4E D9 2D 00 22 00 02 02 05 02 01 05";
/// Published: the map of getInfo; U2F_V2 and FIDO_2_0, no PIN, messages of 1200 bytes.
inline constexpr std::string_view kInfo =
    "A6 01 82 66 55 32 46 5F 56 32 68 46 49 44 4F 5F 32 5F 30 02 82 63 75 76 6D 6B 68 6D 61 63 2D "
    "73 65 63 72 65 74 03 50 F8 A0 11 F3 8C 0A 4D 15 80 06 17 11 1F 9E DC 7D 04 A4 62 72 6B F5 62 "
    "75 70 F5 64 70 6C 61 74 F4 69 63 6C 69 65 6E 74 50 69 6E F4 05 19 04 B0 06 81 01";
/// Published: a message of 82 bytes, status byte and map, in two packets; a key for PINs.
inline constexpr std::string_view kTwoPackets[] = {
    "00 22 00 02 90 00 51 00 A1 01 A5 01 02 03 38 18 20 01 21 58 20 2A B8 2D 36 69 AB 30 9D E3 5E "
    "9B FB 94 FC 1D 92 95 AF 01 47 FE 4B 87 E5 CF 3F 05 0B 39 DA 17 49 22 58 20 15 1B BE 08 78 60 "
    "4D 3C",
    "00 22 00 02 00 3F F1 60 A6 D8 F8 ED CE 4A 30 5D 1A AF 80 C4 0A D2 6F 77 38 12 97 AA BD"};
/// Published: authenticator data of a touched token, counter 29, and a signature.
inline constexpr std::string_view kAuthenticatorData =
    "00 21 F5 FC 0B 85 CD 22 E6 06 23 BC D7 D1 CA 48 94 89 09 24 9B 47 76 EB 51 51 54 E5 7B 66 AE "
    "12 01 00 00 00 1D";
inline constexpr std::string_view kSignature =
    "30 44 02 20 67 65 CB F6 E8 71 D3 AF 7F 01 AE 96 F0 6B 13 C9 0F 26 F5 4B 90 5C 51 66 A2 C7 91 "
    "27 4F C2 39 71 02 20 0B 14 38 93 58 6C C7 99 FB A4 DA 83 B1 19 EA EA 1B D8 0A C3 CE 88 FC ED "
    "B3 EF BD 59 6A 1F 4F 63";

/// Derived: SHA-256 of "licence challenge 0001".
inline constexpr std::string_view kChallengeHash =
    "66 88 77 C9 13 3E 14 7F 3A 7B CC 23 90 E6 E1 75 24 8F 05 5F CB 52 E5 1A E8 D7 03 EE A8 DE 35 "
    "0D";
/// 64 bytes of a credential's id.
inline std::string credential() {
    constexpr std::string_view kQuarter = "4A 4C 9E CC 81 7D 42 03 2B 41 D1 38 D3 49 B4 FC";
    std::string id(kQuarter);
    for (int i = 1; i < 4; ++i) {
        id += " " + std::string(kQuarter);
    }
    return id;
}
inline contract::DongleProofQuery proof_query() {
    return {"licence.example", bytes_in(credential()), bytes_in(kChallengeHash)};
}
/// Derived: proof_query() as a request, 148 bytes.
inline std::string assertion_request() {
    return "02 A4 01 6F 6C 69 63 65 6E 63 65 2E 65 78 61 6D 70 6C 65 02 58 20 " +
           std::string(kChallengeHash) + " 03 81 A2 62 69 64 58 40 " + credential() +
           " 64 74 79 70 65 6A 70 75 62 6C 69 63 2D 6B 65 79 05 A1 62 75 70 F4";
}
/// Derived: a request for a credential, 158 bytes.
inline std::string credential_request() {
    return "01 A6 01 58 20 " + std::string(kChallengeHash) +
           " 02 A2 62 69 64 6F 6C 69 63 65 6E 63 65 2E 65 78 61 6D 70 6C 65 64 6E 61 6D 65 6B 48 "
           "6F 73 74 20 64 61 65 6D 6F 6E 03 A2 62 69 64 50 01 01 01 01 01 01 01 01 01 01 01 01 01 "
           "01 01 01 64 6E 61 6D 65 6A 73 74 6F 72 65 2D 30 30 30 31 04 81 A2 63 61 6C 67 26 64 74 "
           "79 70 65 6A 70 75 62 6C 69 63 2D 6B 65 79 06 A1 6B 68 6D 61 63 2D 73 65 63 72 65 74 F5 "
           "07 A1 62 72 6B F5";
}
/// An answer to getAssertion for proof_query(), without its status byte.
inline std::string assertion_answer() {
    return "A3 01 A2 62 69 64 58 40 " + credential() +
           " 64 74 79 70 65 6A 70 75 62 6C 69 63 2D 6B 65 79 02 58 25 " +
           std::string(kAuthenticatorData) + " 03 58 46 " + std::string(kSignature);
}
/// Authenticator data with a credential of 16 bytes and the first bytes of its key.
inline std::string data_with_credential() {
    return "0B 48 BC 01 3A 1A 76 86 3A 08 59 41 C6 7E 69 FA A8 5D 2C 28 D5 B4 FA F9 C2 85 74 3E FC "
           "38 F5 6F 41 00 00 00 01 F8 A0 11 F3 8C 0A 4D 15 80 06 17 11 1F 9E DC 7D 00 10 4A 4C 9E "
           "CC 81 7D 42 03 2B 41 D1 38 D3 49 B4 FC A5 01 02";
}
/// An answer to makeCredential with one certificate, without its status byte.
inline std::string credential_answer() {
    return "A3 01 66 70 61 63 6B 65 64 02 58 4A " + data_with_credential() +
           " 03 A3 63 61 6C 67 26 63 73 69 67 58 46 " + std::string(kSignature) +
           " 63 78 35 63 81 43 30 01 AA";
}

}  // namespace tillhost::drivers::fido2
