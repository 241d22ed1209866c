#include "simulators/payment/zvt/request.h"

#include <algorithm>
#include <array>

namespace tillhost::simulators::zvt {
namespace {

constexpr std::size_t kPasswordBytes = 3;

std::optional<std::uint64_t> number_of(const Fields& fields, std::uint32_t tag) {
    const base::Bytes* value = find(fields, tag);
    return value == nullptr ? std::nullopt : from_bcd(*value);
}

/// Tag 0A, list of allowed commands: two bytes each.
bool lists_command(base::ByteView commands, std::uint16_t command) {
    base::ByteReader reader(commands);
    while (reader.left() >= 2) {
        if (reader.uint_be(2) == command) {
            return true;
        }
    }
    return false;
}

void read_tags(const Fields& tags, RegistrationRequest& request) {
    constexpr std::byte kUtf8{0xFE};
    if (const auto columns = number_of(tags, 0x12); columns && *columns > 0) {
        request.registration.columns = static_cast<std::uint8_t>(*columns);
        request.columns = true;
    }
    if (const base::Bytes* allowed = find(tags, 0x26)) {
        const auto commands = decode_tlv(*allowed);
        const base::Bytes* list = commands ? find(*commands, 0x0A) : nullptr;
        request.registration.blocks = list != nullptr && lists_command(*list, 0x06D3);
    }
    if (const base::Bytes* charsets = find(tags, 0x27)) {
        const auto offered = decode_tlv(*charsets);
        request.charsets = offered && offered->size() == 1 && offered->front().tag == 0x14 &&
                           offered->front().value == base::Bytes{kUtf8};
        request.registration.charset = request.charsets ? Charset::utf8 : Charset::cp437;
    }
}

}  // namespace

std::optional<std::int64_t> Request::amount() const {
    const auto amount = number_of(fields, 0x04);
    return amount ? std::optional(static_cast<std::int64_t>(*amount)) : std::nullopt;
}

std::optional<std::uint16_t> Request::currency() const {
    const auto currency = number_of(fields, 0x49);
    return currency ? std::optional(static_cast<std::uint16_t>(*currency)) : std::nullopt;
}

std::optional<std::uint16_t> Request::receipt() const {
    const auto receipt = number_of(fields, 0x87);
    return receipt ? std::optional(static_cast<std::uint16_t>(*receipt)) : std::nullopt;
}

unsigned Request::service() const { return byte_of(0x03).value_or(0); }

std::optional<unsigned> Request::byte_of(std::uint8_t tag) const {
    const base::Bytes* value = find(fields, tag);
    return value == nullptr || value->empty() ? std::nullopt
                                              : std::optional(base::to_unsigned(value->front()));
}

bool Request::takes_part() const {
    const base::Bytes* value = find(tlv, 0x1F70);
    return value != nullptr && std::any_of(value->begin(), value->end(),
                                           [](std::byte byte) { return byte != std::byte{0}; });
}

std::optional<std::uint64_t> Request::sync_id() const {
    const base::Bytes* value = find(tlv, 0x1F1F);
    return value == nullptr || value->empty() ? std::nullopt : from_bcd(*value);
}

bool has_password(std::uint16_t command) {
    constexpr std::array<std::uint16_t, 10> kWith{0x0610, 0x0612, 0x061B, 0x0620, 0x0621,
                                                  0x0630, 0x0631, 0x0650, 0x0691, 0x0693};
    return std::find(kWith.begin(), kWith.end(), command) != kWith.end();
}

RequestResult parse_request(const Apdu& apdu) {
    Request request{.command = apdu.command};
    base::ByteReader reader(apdu.data);
    // The status enquiry may leave it out.
    if (has_password(apdu.command) || (apdu.command == 0x0501 && !apdu.data.empty())) {
        request.password = from_bcd(reader.take(kPasswordBytes));
    }
    if (apdu.command == 0x0612) {  // receipt numbers without a tag stand in front
        request.fields.push_back({.tag = 0x87, .value = [&reader] {
                                      const base::ByteView from = reader.take(2);
                                      return base::Bytes(from.begin(), from.end());
                                  }()});
        reader.take_rest();
    }
    const Bitmaps bitmaps = decode_bitmaps(reader.take_rest());
    if (reader.failed() || bitmaps.unknown || !bitmaps.complete) {
        return {.code = Code::not_possible};
    }
    request.fields.insert(request.fields.end(), bitmaps.fields.begin(), bitmaps.fields.end());
    if (const base::Bytes* container = find(bitmaps.fields, 0x06)) {
        const auto tlv = decode_tlv(*container);
        if (!tlv) {
            return {.code = Code::not_possible};
        }
        request.tlv = *tlv;
        request.has_tlv = true;
    }
    return {.request = std::move(request)};
}

RegistrationRequest parse_registration(base::ByteView data) {
    RegistrationRequest request;
    base::ByteReader reader(data);
    request.password = from_bcd(reader.take(kPasswordBytes));
    request.registration.config = reader.u8();
    if (reader.left() != 0) {
        const auto currency = from_bcd(reader.take(2));
        request.currency = static_cast<std::uint16_t>(currency.value_or(0));
    }
    const Bitmaps bitmaps = decode_bitmaps(reader.take_rest());
    request.well_formed = !reader.failed() && !bitmaps.unknown && bitmaps.complete;
    request.registration.done = true;
    if (const base::Bytes* container = find(bitmaps.fields, 0x06)) {
        const auto tags = decode_tlv(*container);
        request.well_formed = request.well_formed && tags.has_value();
        request.registration.tlv = true;
        read_tags(tags.value_or(Fields{}), request);
    }
    return request;
}

}  // namespace tillhost::simulators::zvt
