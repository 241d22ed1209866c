#include "hal/drivers/printer/escpos/host_commands.h"

#include <algorithm>

namespace tillhost::drivers::escpos {
namespace {

using base::ByteView;
using base::to_unsigned;

/// How far a command reaches behind its first bytes.
enum class Shape {
    fixed,
    cut,      ///< one byte, or two where the first is 41h or more
    counted,  ///< a letter, a length of two bytes, so many bytes
    barcode,  ///< a kind; up to a 00, or (41h and more) a length of one byte and so many
    picture,  ///< m, bytes a row, rows, the dots
    columns,  ///< m, columns, the dots of one or three bytes a column
};

struct Row {
    std::string_view begin;
    std::string_view name;
    Shape shape;
    std::size_t fixed;
};
constexpr Row kRows[] = {
#define X(begin, name, shape, fixed) {begin, #name, Shape::shape, fixed},
#include "hal/drivers/printer/escpos/commands.def"
#undef X
};

constexpr std::size_t kLengthBytes = 2;
constexpr std::size_t kBarcodeBytesMax = 255;

bool is_text(std::byte value) { return to_unsigned(value) >= 0x20; }

std::size_t length_at(ByteView bytes, std::size_t at) {
    return to_unsigned(bytes[at]) | to_unsigned(bytes[at + 1]) << 8;
}

/// A whole command of so many bytes, its data from there; none if they are not there yet.
HostCommand whole(ByteView bytes, const Row& row, std::size_t length, std::size_t data_from) {
    if (bytes.size() < length) {
        return {};
    }
    return {length, row.name, std::min(data_from, length)};
}

HostCommand find_barcode(ByteView bytes, const Row& row, std::size_t at) {
    constexpr unsigned kCounted = 0x41;
    if (bytes.size() < at + 2) {
        return {};
    }
    if (to_unsigned(bytes[at]) >= kCounted) {
        return whole(bytes, row, at + 2 + to_unsigned(bytes[at + 1]), at + 2);
    }
    const ByteView data =
        bytes.subspan(at + 1, std::min(bytes.size() - at - 1, kBarcodeBytesMax + 1));
    const auto end = std::find(data.begin(), data.end(), std::byte{0});
    if (end == data.end() && data.size() <= kBarcodeBytesMax) {
        return {};
    }
    const std::size_t ends = end == data.end() ? 0 : 1;  // without an end it is cut at the longest
    return {at + 1 + static_cast<std::size_t>(end - data.begin()) + ends, row.name, at + 1};
}

/// GS ( k 80 holds a payload behind cn fn m, GS ( L 112 a picture; the others only numbers.
HostCommand find_counted(ByteView bytes, const Row& row, std::size_t at) {
    constexpr std::size_t kHead = 1 + kLengthBytes;
    constexpr std::size_t kStoreHead = 3;
    if (bytes.size() < at + kHead) {
        return {};
    }
    const std::size_t length = at + kHead + length_at(bytes, at + 1);
    const bool stores = bytes[at] == std::byte{'k'} || bytes[at] == std::byte{'L'};
    return whole(bytes, row, length, stores ? at + kHead + kStoreHead : length);
}

HostCommand find_shape(ByteView bytes, const Row& row) {
    const std::size_t at = row.begin.size();
    constexpr std::size_t kPictureHead = 1 + 2 * kLengthBytes;
    switch (row.shape) {
        case Shape::fixed: return whole(bytes, row, at + row.fixed, at + row.fixed);
        case Shape::cut:
            if (bytes.size() <= at) {
                return {};
            }
            return whole(bytes, row, at + (to_unsigned(bytes[at]) >= 0x41 ? 2 : 1), at + 2);
        case Shape::counted: return find_counted(bytes, row, at);
        case Shape::barcode: return find_barcode(bytes, row, at);
        case Shape::picture:
            if (bytes.size() < at + kPictureHead) {
                return {};
            }
            return whole(bytes, row,
                         at + kPictureHead +
                             length_at(bytes, at + 1) * length_at(bytes, at + 1 + kLengthBytes),
                         at + kPictureHead);
        case Shape::columns:
            if (bytes.size() < at + 1 + kLengthBytes) {
                return {};
            }
            return whole(bytes, row,
                         at + 1 + kLengthBytes +
                             length_at(bytes, at + 1) * (to_unsigned(bytes[at]) >= 0x20 ? 3 : 1),
                         at + 1 + kLengthBytes);
    }
    return {};
}

}  // namespace

HostCommand find_command(ByteView bytes) {
    const auto* const text = std::find_if_not(bytes.begin(), bytes.end(), is_text).base();
    if (const auto length = static_cast<std::size_t>(text - bytes.data()); length > 0) {
        return {length, "text", 0};
    }
    bool begins = false;
    for (const Row& row : kRows) {
        const std::size_t seen = std::min(bytes.size(), row.begin.size());
        const bool fits =
            std::equal(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(seen),
                       row.begin.begin(), [](std::byte value, char letter) {
                           return value == std::byte(static_cast<unsigned char>(letter));
                       });
        if (fits && seen == row.begin.size()) {
            return find_shape(bytes, row);
        }
        begins = begins || fits;
    }
    return begins ? HostCommand{} : HostCommand{1, "junk", 0};
}

}  // namespace tillhost::drivers::escpos
