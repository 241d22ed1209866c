#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "hal/base/bytes.h"

namespace tillhost::simulators::fido2 {

/// First byte of a request of CTAP2 (CTAP 2.1 §6).
enum class Command : std::uint8_t {
    make_credential = 0x01,
    get_assertion = 0x02,
    get_info = 0x04,
    client_pin = 0x06,
    reset = 0x07,
    next_assertion = 0x08,
};

/// First byte of an answer (CTAP 2.1 §8.2).
enum class Status : std::uint8_t {
    ok = 0x00,
    invalid_command = 0x01,
    unexpected_type = 0x11,
    invalid_cbor = 0x12,
    missing_parameter = 0x14,
    credential_excluded = 0x19,
    unsupported_algorithm = 0x26,
    key_store_full = 0x28,
    unsupported_option = 0x2B,
    invalid_option = 0x2C,
    cancelled = 0x2D,
    no_credentials = 0x2E,
    touch_timeout = 0x2F,
    not_allowed = 0x30,
    pin_auth_invalid = 0x33,
    pin_not_set = 0x35,
    pin_required = 0x36,
    too_large = 0x39,
    touch_required = 0x3B,
    invalid_subcommand = 0x3E,
    other = 0x7F,
};

inline constexpr std::int64_t kEs256 = -7;             ///< ECDSA with P-256 and SHA-256, in COSE
inline constexpr std::size_t kRequestBytesMax = 1200;  ///< what getInfo tells as maxMsgSize

struct MakeCredential {
    base::Bytes hash{};  ///< clientDataHash
    std::string rp{};
    base::Bytes user_id{};
    std::string user_name{};
    bool es256 = false;  ///< among the algorithms that would do
    std::vector<base::Bytes> excluded{};
    bool resident = false;
    bool up = true;
    bool uv = false;
    bool pin_auth = false;  ///< a parameter made with the PIN is there
};

struct GetAssertion {
    std::string rp{};
    base::Bytes hash{};
    std::vector<base::Bytes> allowed{};
    bool any = false;  ///< no list: whatever the token has for that rp
    bool up = true;
    bool uv = false;
    bool pin_auth = false;
};

struct ClientPin {
    std::int64_t subcommand = 0;
};

using Request = std::variant<std::monostate, MakeCredential, GetAssertion, ClientPin>;

struct Parsed {
    Status status = Status::ok;  ///< why there is no request
    Request request{};
};

/// What follows the command byte. Commands without parameters have the request monostate, whatever
/// follows. Total.
Parsed parse_request(Command command, base::ByteView parameters);

}  // namespace tillhost::simulators::fido2
