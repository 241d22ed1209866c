#include "hal/drivers/payment/zvt/apdu.h"

#include <fmt/format.h>

namespace tillhost::drivers::zvt {
namespace {

constexpr unsigned kLongLength = 0xFF;

}  // namespace

base::Bytes encode_apdu(std::uint16_t code, base::ByteView data) {
    base::ByteWriter writer;
    writer.u8(code >> 8).u8(code & 0xFF);
    if (data.size() < kLongLength) {
        writer.u8(data.size());
    } else {
        writer.u8(kLongLength).u16_le(data.size());
    }
    return writer.raw(data).take();
}

base::Bytes encode_apdu(Command command, base::ByteView data) {
    return encode_apdu(static_cast<std::uint16_t>(command), data);
}

std::optional<std::size_t> apdu_length(base::ByteView bytes) {
    if (bytes.size() < kHeadBytes) {
        return std::nullopt;
    }
    const unsigned length = base::to_unsigned(bytes[2]);
    if (length != kLongLength) {
        return kHeadBytes + length;
    }
    if (bytes.size() < kLongHeadBytes) {
        return std::nullopt;
    }
    return kLongHeadBytes + (base::to_unsigned(bytes[3]) | base::to_unsigned(bytes[4]) << 8);
}

base::Result<Apdu> decode_apdu(base::ByteView bytes) {
    const auto whole = apdu_length(bytes);
    if (!whole || *whole != bytes.size()) {
        return base::make_error(
            base::ErrorCode::frame_damaged,
            whole ? fmt::format("a message of {} bytes came in {}", *whole, bytes.size())
                  : "a message without a whole head");
    }
    const bool is_long = base::to_unsigned(bytes[2]) == kLongLength;
    const base::ByteView data = bytes.subspan(is_long ? kLongHeadBytes : kHeadBytes);
    Apdu apdu;
    apdu.code =
        static_cast<std::uint16_t>(base::to_unsigned(bytes[0]) << 8 | base::to_unsigned(bytes[1]));
    apdu.data.assign(data.begin(), data.end());
    return apdu;
}

}  // namespace tillhost::drivers::zvt
