#include "simulators/printer/escpos/memory.h"

#include <array>
#include <utility>

namespace tillhost::simulators::escpos {
namespace {

constexpr std::uint8_t kFormat = 1;

constexpr std::array kFlags{&Mechanics::cover_open, &Mechanics::paper_out, &Mechanics::paper_low,
                            &Mechanics::drawer_open};
constexpr std::array kCounts{&Mechanics::printed_lines, &Mechanics::cuts, &Mechanics::pulses_2,
                             &Mechanics::pulses_5};

}  // namespace

base::Bytes encode_mechanics(const Mechanics& mechanics) {
    base::ByteWriter writer;
    writer.u8(kFormat);
    for (const auto flag : kFlags) {
        writer.u8(mechanics.*flag ? 1 : 0);
    }
    writer.uint_le(static_cast<std::uint64_t>(mechanics.lines_to_end), 8);
    writer.uint_le(static_cast<std::uint64_t>(mechanics.lines_to_low), 8);
    for (const auto count : kCounts) {
        writer.uint_le(mechanics.*count, 8);
    }
    return writer.take();
}

std::optional<Mechanics> decode_mechanics(base::ByteView bytes) {
    base::ByteReader reader(bytes);
    Mechanics mechanics;
    bool right = reader.u8() == kFormat;
    for (const auto flag : kFlags) {
        const std::uint8_t value = reader.u8();
        right = right && value <= 1;
        mechanics.*flag = value == 1;
    }
    mechanics.lines_to_end = static_cast<std::int64_t>(reader.uint_le(8));
    mechanics.lines_to_low = static_cast<std::int64_t>(reader.uint_le(8));
    for (const auto count : kCounts) {
        mechanics.*count = reader.uint_le(8);
    }
    return right && !reader.failed() && reader.left() == 0 ? std::optional(mechanics)
                                                           : std::nullopt;
}

base::Result<Memory> Memory::open(std::shared_ptr<FiscalStore> store) {
    FiscalStore::Content content = TRY(store->load());
    Memory memory(std::move(store));
    if (!content.state.empty()) {
        const auto mechanics = decode_mechanics(content.state);
        if (!mechanics) {
            return base::make_error(base::ErrorCode::storage_failed,
                                    "not a receipt printer's memory");
        }
        memory.mechanics_ = *mechanics;
    }
    memory.tape_ = std::move(content.tape);
    return memory;
}

base::Done Memory::set(const Mechanics& mechanics) {
    if (mechanics == mechanics_) {
        return {};
    }
    TRY(store_->commit({.state = encode_mechanics(mechanics)}));
    mechanics_ = mechanics;
    return {};
}

base::Done Memory::print(const std::string& line, const Mechanics& mechanics) {
    const base::Bytes state = encode_mechanics(mechanics);
    const std::array lines{line};
    TRY(store_->commit({.state = state, .tape = lines}));
    mechanics_ = mechanics;
    tape_.push_back(line);
    return {};
}

}  // namespace tillhost::simulators::escpos
