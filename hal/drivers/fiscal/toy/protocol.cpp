#include "hal/drivers/fiscal/toy/protocol.h"

#include <fmt/format.h>

namespace tillhost::drivers::toy {
namespace {

using base::ByteReader;
using base::Bytes;
using base::ByteView;
using base::ByteWriter;
using base::ErrorCode;
using base::make_error;
using base::Result;

std::byte check_of(ByteView bytes) {
    std::byte check{0};
    for (const std::byte byte : bytes) {
        check ^= byte;
    }
    return check;
}

Bytes encode(Command command, const ByteWriter& payload = {}) {
    ByteWriter frame;
    frame.u8(payload.bytes().size() + 1).u8(static_cast<std::uint8_t>(command));
    frame.raw(payload.bytes());
    frame.u8(base::to_unsigned(check_of(frame.bytes())));
    return frame.take();
}

base::Error refusal(unsigned status) {
    ErrorCode code = ErrorCode::unexpected_answer;
    switch (static_cast<Status>(status)) {
        case Status::ok: break;
        case Status::unknown_command: code = ErrorCode::not_supported; break;
        case Status::bad_length:
        case Status::refused: code = ErrorCode::device_refused; break;
        case Status::no_paper: code = ErrorCode::paper_out; break;
        case Status::memory_full: code = ErrorCode::fiscal_memory_full; break;
    }
    base::Error error = make_error(code, fmt::format("the toy registrar says status {}", status));
    error.device_code = status;
    return error;
}

/// What follows the status of a good answer to that command.
Result<ByteReader> payload_of(ByteView frame, Command command) {
    ByteReader reader(frame.first(frame.size() - 1));
    reader.u8();
    const unsigned answered = reader.u8();
    const unsigned status = reader.u8();
    if (reader.failed() || answered != static_cast<unsigned>(command)) {
        return make_error(ErrorCode::unexpected_answer,
                          fmt::format("asked {}, answered {}", static_cast<unsigned>(command),
                                      base::to_hex(frame)));
    }
    if (status != static_cast<unsigned>(Status::ok)) {
        return refusal(status);
    }
    return reader;
}

base::Done ended(const ByteReader& reader) {
    if (reader.failed() || reader.left() != 0) {
        return make_error(ErrorCode::unexpected_answer, "the answer has another length");
    }
    return {};
}

}  // namespace

Bytes encode_identify() { return encode(Command::identify); }
Bytes encode_counters() { return encode(Command::counters); }
Bytes encode_register(std::int64_t total_minor, std::uint64_t tag) {
    ByteWriter payload;
    payload.uint_le(static_cast<std::uint64_t>(total_minor), 8).uint_le(tag, 8);
    return encode(Command::register_total, payload);
}
Bytes encode_document(std::uint32_t number) {
    return encode(Command::document, ByteWriter().u32_le(number));
}

Result<std::optional<std::size_t>> frame_length(ByteView bytes) {
    constexpr std::size_t kAround = 2;  // length and check
    if (bytes.empty()) {
        return std::optional<std::size_t>();
    }
    const std::size_t length = base::to_unsigned(bytes.front());
    if (length == 0) {
        return make_error(ErrorCode::frame_damaged, "a frame of length 0");
    }
    if (bytes.size() < length + kAround) {
        return std::optional<std::size_t>();
    }
    if (check_of(bytes.first(length + kAround)) != std::byte{0}) {
        return make_error(ErrorCode::frame_damaged, "wrong check: " + base::to_hex(bytes));
    }
    return std::optional(length + kAround);
}

unsigned command_of(ByteView frame) { return base::to_unsigned(frame[1]); }

Result<std::string> decode_identify(ByteView frame) {
    ByteReader reader = TRY(payload_of(frame, Command::identify));
    const std::string serial = base::string_of(reader.take(kSerialBytes));
    TRY(ended(reader));
    for (const char letter : serial) {
        if (letter < ' ' || letter > '~') {
            return make_error(ErrorCode::unexpected_answer, "the serial number is not ASCII");
        }
    }
    return serial;
}

Result<Counters> decode_counters(ByteView frame) {
    ByteReader reader = TRY(payload_of(frame, Command::counters));
    Counters counters;
    counters.last_number = reader.u32_le();
    counters.total_minor = static_cast<std::int64_t>(reader.uint_le(8));
    TRY(ended(reader));
    return counters;
}

Result<std::uint32_t> decode_register(ByteView frame) {
    ByteReader reader = TRY(payload_of(frame, Command::register_total));
    const std::uint32_t number = reader.u32_le();
    TRY(ended(reader));
    return number;
}

Result<Document> decode_document(ByteView frame) {
    ByteReader reader = TRY(payload_of(frame, Command::document));
    Document document;
    document.number = reader.u32_le();
    document.total_minor = static_cast<std::int64_t>(reader.uint_le(8));
    document.tag = reader.uint_le(8);
    TRY(ended(reader));
    return document;
}

}  // namespace tillhost::drivers::toy
