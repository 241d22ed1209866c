// The part of the machine that checks marking codes and binds them to positions.
#include <algorithm>

#include "simulators/fiscal/shtrih/machine.h"
#include "simulators/fiscal/shtrih/tlv.h"

namespace tillhost::simulators::shtrih {
namespace {

constexpr std::uint16_t kTagCode = 2000, kTagResult = 2106, kTagStatus = 2003;
constexpr std::uint16_t kTagOldCode = 1162;

// Bits of tag 2106.
constexpr std::uint8_t kDeviceChecked = 1, kDeviceGood = 2, kServerChecked = 4, kServerGood = 8;
constexpr std::uint8_t kNotAsked = 1;  // reason: the server was not reached

MarkAnswer answer_of(MarkMood mood) {
    switch (mood) {
        case MarkMood::checked:
            return {.local = kDeviceChecked | kDeviceGood,
                    .asked = true,
                    .result = kDeviceChecked | kDeviceGood | kServerChecked | kServerGood};
        case MarkMood::refused:
            return {
                .local = kDeviceChecked, .asked = true, .result = kDeviceChecked | kServerChecked};
        case MarkMood::not_checked:
        case MarkMood::silence: break;
    }
    return {.local = 0, .reason = kNotAsked, .asked = false, .result = 0};
}

}  // namespace

void Machine::set_mark_mood(MarkMood mood, std::int64_t count) {
    mark_mood_ = mood;
    mark_moods_ = count == 0 ? -1 : count;
}

OrRefusal<MarkAnswer> Machine::check_mark(std::uint8_t status, base::ByteView code) {
    if (memory_.marks.size() >= kMarksMax) {
        return Refusal::marks_too_many;
    }
    const MarkAnswer answer = answer_of(mark_mood());
    mark_moods_ -= mark_moods_ > 0 ? 1 : 0;
    memory_.marks.push_back({.code = {code.begin(), code.end()},
                             .status = status,
                             .result = answer.result,
                             .accepted = false});
    return answer;
}

OrRefusal<std::uint8_t> Machine::settle_mark(bool accept) {
    if (memory_.marks.empty() || memory_.marks.back().accepted) {
        return Refusal::marks_sequence;
    }
    const std::uint8_t result = memory_.marks.back().result;
    if (accept) {
        memory_.marks.back().accepted = true;
    } else {
        memory_.marks.pop_back();
    }
    return result;
}

OrRefusal<MarkAnswer> Machine::bind_mark(base::ByteView code) {
    if (!receipt_open()) {
        return Refusal::bad_operation;
    }
    const auto accepted = [code](const MarkCheck& mark) {
        return mark.accepted &&
               std::equal(mark.code.begin(), mark.code.end(), code.begin(), code.end());
    };
    const auto mark = std::find_if(memory_.marks.begin(), memory_.marks.end(), accepted);
    const bool known = mark != memory_.marks.end();
    const bool new_format = ffd() >= kFfd12;
    if (new_format && !known) {
        return Refusal::mark_unchecked;
    }
    const base::Bytes bytes(code.begin(), code.end());
    std::vector<FiscalTag> tags;
    tags.push_back({.number = new_format ? kTagCode : kTagOldCode, .value = bytes});
    if (new_format) {
        tags.push_back({.number = kTagStatus, .value = encode_vln(mark->status)});
        tags.push_back({.number = kTagResult, .value = encode_vln(mark->result)});
    }
    if (const Refusal refusal = put_line_tags(std::move(tags)); refusal != Refusal::ok) {
        return refusal;
    }
    return MarkAnswer{.asked = new_format, .result = known ? mark->result : std::uint8_t{0}};
}

}  // namespace tillhost::simulators::shtrih
