#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "hal/base/bytes.h"
#include "hal/base/result.h"
#include "hal/os/clock.h"

// The wire of the toy registrar, version 1: simulators/fiscal/toy/README.md. Bytes and structs
// only.
namespace tillhost::drivers::toy {

/// From the last byte of a request to the first of its answer ("Frame").
inline constexpr os::Duration kExecutionMax = std::chrono::milliseconds(50);
/// A longer pause inside a frame makes the device drop it ("Frame").
inline constexpr os::Duration kByteTimeout = std::chrono::milliseconds(20);
inline constexpr std::int64_t kTotalMinorMax = 10'000'000'000'000;
inline constexpr std::size_t kFrameBytesMax = 257;
inline constexpr std::size_t kSerialBytes = 8;

enum class Command : std::uint8_t { identify = 1, counters = 2, register_total = 3, document = 4 };

enum class Status : std::uint8_t {
    ok = 0,
    unknown_command = 1,
    bad_length = 2,
    refused = 3,
    no_paper = 4,
    memory_full = 5,
};

struct Counters {
    std::uint32_t last_number = 0;
    std::int64_t total_minor = 0;
};
struct Document {
    std::uint32_t number = 0;
    std::int64_t total_minor = 0;
    std::uint64_t tag = 0;
};

base::Bytes encode_identify();
base::Bytes encode_counters();
base::Bytes encode_register(std::int64_t total_minor, std::uint64_t tag);
base::Bytes encode_document(std::uint32_t number);

/// The frame that the bytes begin with: how many of them it takes, or nothing while it is not
/// complete. Errors: frame_damaged (length 0, wrong check).
base::Result<std::optional<std::size_t>> frame_length(base::ByteView bytes);
/// What a whole, good frame answers to; any byte.
unsigned command_of(base::ByteView frame);

// The answers, from a whole good frame. A status that is not ok is an error with Effect::none and
// the status as device code: device_refused, paper_out, fiscal_memory_full, not_supported.
// Another command or length: unexpected_answer.
base::Result<std::string> decode_identify(base::ByteView frame);
base::Result<Counters> decode_counters(base::ByteView frame);
base::Result<std::uint32_t> decode_register(base::ByteView frame);
base::Result<Document> decode_document(base::ByteView frame);

}  // namespace tillhost::drivers::toy
