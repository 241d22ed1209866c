#include "hal/drivers/printer/escpos/answers.h"

#include <algorithm>

namespace tillhost::drivers::escpos {
namespace {

using base::ByteView;
using base::to_unsigned;

constexpr std::byte kBlockHead{0x37};
constexpr std::byte kMarkSecond{0x22};
constexpr std::byte kNameHead{0x5F};
constexpr std::byte kXon{0x11};
constexpr std::byte kXoff{0x13};
constexpr std::size_t kToldBytes = 4;
constexpr std::size_t kMarkAnswerBytes = 7;

bool has(std::byte value, unsigned bits) { return (to_unsigned(value) & bits) != 0; }
bool has_all(std::byte value, unsigned bits) { return (to_unsigned(value) & bits) == bits; }

bool is_in_turn(std::byte value) { return (to_unsigned(value) & 0x90U) == 0x00; }
bool is_now(std::byte value) { return (to_unsigned(value) & 0x93U) == 0x12; }
bool begins_told(std::byte value) { return (to_unsigned(value) & 0x93U) == 0x10; }

AnswerFound junk(ByteView bytes) { return {bytes.size(), Junk{{bytes.begin(), bytes.end()}}}; }

AnswerFound find_told(ByteView bytes) {
    StatusTold told;
    for (std::size_t i = 0; i < kToldBytes; ++i) {
        if (i == bytes.size()) {
            return {};
        }
        if (i > 0 && !is_in_turn(bytes[i])) {
            return junk(bytes.first(i));
        }
        told.value[i] = bytes[i];
    }
    return {kToldBytes, told};
}

AnswerFound find_mark(ByteView bytes) {
    if (bytes.size() < kMarkAnswerBytes) {
        return {};
    }
    if (bytes[kMarkAnswerBytes - 1] != std::byte{0}) {
        return junk(bytes.first(1));
    }
    return {kMarkAnswerBytes, MarkSeen{base::string_of(bytes.subspan(2, kMarkAnswerBytes - 3))}};
}

/// A head, bytes, and a 00.
AnswerFound find_ended(ByteView bytes) {
    const ByteView seen = bytes.first(std::min(bytes.size(), kNamedBytesMax));
    const auto end = std::find(seen.begin(), seen.end(), std::byte{0});
    if (end == seen.end()) {
        return seen.size() == kNamedBytesMax ? junk(bytes.first(1)) : AnswerFound{};
    }
    const auto length = static_cast<std::size_t>(end - seen.begin()) + 1;
    if (bytes[0] == kNameHead) {
        return {length, Named{base::string_of(bytes.subspan(1, length - 2))}};
    }
    return {length, Block{{bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length)}}};
}

}  // namespace

AnswerFound find_answer(ByteView bytes) {
    if (bytes.empty()) {
        return {};
    }
    const std::byte first = bytes[0];
    if (first == kBlockHead && bytes.size() == 1) {
        return {};
    }
    if (first == kBlockHead && bytes[1] == kMarkSecond) {
        return find_mark(bytes);
    }
    if (first == kBlockHead || first == kNameHead) {
        return find_ended(bytes);
    }
    if (first == kXon || first == kXoff) {
        return {1, Pace{first == kXoff}};
    }
    if (is_now(first)) {
        return {1, StatusNow{first}};
    }
    if (begins_told(first)) {
        return find_told(bytes);
    }
    if (is_in_turn(first)) {
        return {1, StatusInTurn{first}};
    }
    return junk(bytes.first(1));
}

std::optional<Answer> AnswerReader::take() {
    AnswerFound found = find_answer(bytes_);
    bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(found.length));
    return found.length == 0 ? std::nullopt : std::move(found.answer);
}

void take_now(State& state, int n, std::byte value) {
    if (n == 1) {
        state.drawer_high = has(value, 0x04);
        state.offline = has(value, 0x08);
        state.feeding = has(value, 0x40);
    } else if (n == 2) {
        state.cover_open = has(value, 0x04);
        state.paper_end = has(value, 0x20);
    } else if (n == 3) {
        state.recoverable = has(value, 0x04);
        state.cutter = has(value, 0x08);
        state.unrecoverable = has(value, 0x20);
        state.hot = has(value, 0x40);
    } else if (n == 4) {
        state.paper_near_end = has_all(value, 0x0C);
        state.paper_end = state.paper_end || has_all(value, 0x60);
    }
}

void take_in_turn(State& state, int n, std::byte value) {
    if (n == 1) {
        state.paper_near_end = has(value, 0x03);
        state.paper_end = has(value, 0x0C);
    } else if (n == 2) {
        state.drawer_high = has(value, 0x01);
    }
}

void take_told(State& state, const StatusTold& told) {
    state.drawer_high = has(told.value[0], 0x04);
    state.offline = has(told.value[0], 0x08);
    state.cover_open = has(told.value[0], 0x20);
    state.feeding = has(told.value[0], 0x40);
    state.recoverable = has(told.value[1], 0x04);
    state.cutter = has(told.value[1], 0x08);
    state.unrecoverable = has(told.value[1], 0x20);
    state.hot = has(told.value[1], 0x40);
    state.paper_near_end = has(told.value[2], 0x03);
    state.paper_end = has(told.value[2], 0x0C);
}

}  // namespace tillhost::drivers::escpos
