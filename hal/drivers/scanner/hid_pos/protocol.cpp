#include "hal/drivers/scanner/hid_pos/protocol.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "hal/codec/aim.h"
#include "hal/drivers/scanner/hid_pos/descriptor.h"

namespace tillhost::drivers::hid_pos {
namespace {

using base::Bytes;
using base::ByteView;

constexpr std::uint16_t kScannerPage = 0x8C;
constexpr std::uint16_t kSymbology1 = 0xFB;
constexpr std::uint16_t kData = 0xFE;
constexpr std::uint16_t kContinued = 0xFF;
constexpr std::uint16_t kDesktopPage = 0x01;
constexpr std::uint16_t kByteCount = 0x3B;
constexpr std::uint32_t kByteBits = 8;

constexpr std::uint8_t kUsualReport = 0x02;
constexpr std::size_t kUsualBytes = 64;
constexpr std::size_t kUsualData = 56;

/// The byte of the report as it is read in which a field begins; nothing if it is not made of whole
/// bytes.
std::optional<std::size_t> byte_of(const InputField& field) {
    if (field.bit % kByteBits != 0 || field.size != kByteBits) {
        return std::nullopt;
    }
    return field.bit / kByteBits + (field.report != 0 ? 1 : 0);
}

const InputField* find(const std::vector<InputField>& fields, std::uint8_t report,
                       std::uint16_t page, std::uint16_t usage) {
    for (const InputField& field : fields) {
        if (field.report == report && field.page == page && field.usage == usage) {
            return &field;
        }
    }
    return nullptr;
}

const InputField* find_data(const std::vector<InputField>& fields) {
    for (const InputField& field : fields) {
        if (field.page == kScannerPage && field.usage == kData && byte_of(field)) {
            return &field;
        }
    }
    return nullptr;
}

std::string aim_in(ByteView three) {
    // A scanner that does not know sends zeros; anything that is no identifier says as little.
    return codec::split_aim(three).aim;
}

bool bit_of(ByteView report, std::size_t bit) {
    const std::size_t byte = bit / kByteBits;
    return byte < report.size() &&
           ((base::to_unsigned(report[byte]) >> (bit % kByteBits)) & 1U) != 0;
}

}  // namespace

std::optional<Layout> layout_of(ByteView descriptor) {
    const std::vector<InputField> fields = input_fields(descriptor);
    const InputField* data = find_data(fields);
    if (data == nullptr) {
        return std::nullopt;
    }
    Layout layout;
    layout.report = data->report;
    layout.data = *byte_of(*data);
    layout.data_bytes = data->count;
    layout.bytes = layout.data + layout.data_bytes;
    const std::size_t id_bits = data->report != 0 ? kByteBits : 0;
    if (const auto* aim = find(fields, data->report, kScannerPage, kSymbology1)) {
        layout.aim = byte_of(*aim);
    }
    if (const auto* length = find(fields, data->report, kDesktopPage, kByteCount)) {
        layout.length = byte_of(*length);
    }
    if (const auto* continued = find(fields, data->report, kScannerPage, kContinued)) {
        layout.continued_bit = id_bits + continued->bit;
        layout.bytes = std::max(layout.bytes, *layout.continued_bit / kByteBits + 1);
    }
    const std::size_t aim_end = layout.aim ? *layout.aim + codec::kAimBytes : 0;
    const std::size_t length_end = layout.length ? *layout.length + 1 : 0;
    layout.bytes = std::max({layout.bytes, aim_end, length_end});
    return layout;
}

bool is_scanner(ByteView descriptor) {
    const std::vector<InputField> fields = input_fields(descriptor);
    return std::any_of(fields.begin(), fields.end(),
                       [](const InputField& field) { return field.page == kScannerPage; });
}

Layout usual_layout() {
    return {.report = kUsualReport,
            .bytes = kUsualBytes,
            .length = 1,
            .aim = 2,
            .data = 5,
            .data_bytes = kUsualData,
            .continued_bit = (kUsualBytes - 1) * kByteBits};
}

Layout usual_layout_without_length() {
    Layout layout = usual_layout();
    layout.length.reset();
    layout.aim = 1;
    layout.data = 4;
    return layout;
}

base::Result<std::optional<Piece>> read_report(const Layout& layout, ByteView report) {
    if (layout.report != 0 &&
        (report.empty() || base::to_unsigned(report.front()) != layout.report)) {
        return std::optional<Piece>();
    }
    if (report.size() < layout.bytes) {
        return base::make_error(
            base::ErrorCode::frame_damaged,
            fmt::format("a report of {} bytes, {} were to come", report.size(), layout.bytes));
    }
    ByteView data = report.subspan(layout.data, layout.data_bytes);
    if (layout.length) {
        const std::size_t length = base::to_unsigned(report[*layout.length]);
        if (length > data.size()) {
            return base::make_error(base::ErrorCode::frame_damaged,
                                    fmt::format("{} bytes in a field of {}", length, data.size()));
        }
        data = data.first(length);
    }
    Piece piece;
    piece.continued = layout.continued_bit && bit_of(report, *layout.continued_bit);
    while (!layout.length && !piece.continued && !data.empty() && data.back() == std::byte{0}) {
        data = data.first(data.size() - 1);
    }
    piece.aim = layout.aim ? aim_in(report.subspan(*layout.aim, codec::kAimBytes)) : std::string();
    piece.data.assign(data.begin(), data.end());
    return std::optional(std::move(piece));
}

std::optional<Code> Assembler::add(Piece piece, os::Instant now) {
    if (waiting_ && (piece.aim != aim_ || now - last_ > kPieceGap)) {
        drop_half();
    }
    last_ = now;
    aim_ = std::move(piece.aim);
    too_long_ = too_long_ || data_.size() + piece.data.size() > kCodeBytesMax;
    if (!too_long_) {
        data_.insert(data_.end(), piece.data.begin(), piece.data.end());
    }
    waiting_ = piece.continued;
    return waiting_ ? std::nullopt : finish();
}

std::optional<Code> Assembler::finish() {
    Code code{std::exchange(aim_, {}), std::exchange(data_, {})};
    const bool too_long = std::exchange(too_long_, false);
    if (!suffix_.empty() && code.data.size() >= suffix_.size() &&
        std::equal(suffix_.begin(), suffix_.end(),
                   code.data.end() - static_cast<std::ptrdiff_t>(suffix_.size()))) {
        code.data.resize(code.data.size() - suffix_.size());
    }
    if (too_long || code.data.empty() || codec::aim_says_reply(code.aim)) {
        ++dropped_;
        return std::nullopt;
    }
    return code;
}

void Assembler::drop_half() {
    dropped_ += waiting_ ? 1 : 0;
    waiting_ = false;
    too_long_ = false;
    aim_.clear();
    data_.clear();
}

std::optional<Bytes> suffix_from(std::string_view word) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kWords{
        {{"none", ""}, {"cr", "\r"}, {"lf", "\n"}, {"crlf", "\r\n"}, {"tab", "\t"}}};
    for (const auto& [name, bytes] : kWords) {
        if (name == word) {
            return base::bytes_of(bytes);
        }
    }
    return std::nullopt;
}

}  // namespace tillhost::drivers::hid_pos
