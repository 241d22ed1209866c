#pragma once

#include <optional>

#include "simulators/payment/zvt/messages.h"

namespace tillhost::simulators::zvt {

/// A command's data, taken apart.
struct Request {
    std::uint16_t command = 0;
    std::optional<std::uint64_t> password{};
    Fields fields{};
    Fields tlv{};  ///< of BMP 06
    bool has_tlv = false;

    /// BMP 04, 49, 87, 03; nothing where it is missing or no number.
    std::optional<std::int64_t> amount() const;
    std::optional<std::uint16_t> currency() const;
    std::optional<std::uint16_t> receipt() const;
    unsigned service() const;  ///< 0 where it is missing
    std::optional<unsigned> byte_of(std::uint8_t tag) const;
    /// Tag 1F70: the till can take less than the whole amount.
    bool takes_part() const;
    /// Tag 1F1F as a number; nothing where it is missing or empty.
    std::optional<std::uint64_t> sync_id() const;
};

/// True where the command begins with a password of three bytes.
bool has_password(std::uint16_t command);
/// Errors by their code: not_possible for a BMP that is unknown or cut off. Commands with data of
/// their own before the bitmaps (06 00, 06 12) hand in what is behind. Total.
struct RequestResult {
    std::optional<Request> request{};
    Code code = Code::ok;
};
RequestResult parse_request(const Apdu& apdu);

/// 06 00: password, config byte, currency, bitmaps (PA00P015, chapter on registration).
struct RegistrationRequest {
    std::optional<std::uint64_t> password{};
    Registration registration{};
    std::optional<std::uint16_t> currency{};
    bool columns = false;   ///< tag 12 came
    bool charsets = false;  ///< exactly one tag 14 came, and it was UTF-8
    bool well_formed = true;
};
RegistrationRequest parse_registration(base::ByteView data);

}  // namespace tillhost::simulators::zvt
