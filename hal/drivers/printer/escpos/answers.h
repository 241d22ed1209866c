#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <variant>

#include "hal/base/bytes.h"

// What a printer says, unframed and in any order: which byte belongs to what is told by its bits
// (Epson's ESC/POS reference, "Differentiating between transmission data"; Citizen CT-S310 manual,
// page 310). Total.
namespace tillhost::drivers::escpos {

/// Answer to DLE EOT: 0xx1xx10. Which n it answers, only who asked knows.
struct StatusNow {
    std::byte value{};
    friend bool operator==(const StatusNow&, const StatusNow&) = default;
};
/// Answer to GS r, or to GS I in its short form: 0xx0xxxx.
struct StatusInTurn {
    std::byte value{};
    friend bool operator==(const StatusInTurn&, const StatusInTurn&) = default;
};
/// Told by itself (GS a): 0xx1xx00 and three of 0xx0xxxx.
struct StatusTold {
    std::array<std::byte, 4> value{};
    friend bool operator==(const StatusTold&, const StatusTold&) = default;
};
/// 37h 22h, four characters, 00: everything before this GS ( H is on paper.
struct MarkSeen {
    std::string id{};
    friend bool operator==(const MarkSeen&, const MarkSeen&) = default;
};
/// 5Fh, a text, 00: answer to GS I; or 37h and another letter: of no use here.
struct Named {
    std::string text{};
    friend bool operator==(const Named&, const Named&) = default;
};
struct Block {
    base::Bytes bytes{};
    friend bool operator==(const Block&, const Block&) = default;
};
/// XOFF and XON, where the line does not take them out.
struct Pace {
    bool stop = false;
    friend bool operator==(const Pace&, const Pace&) = default;
};
/// Belongs to nothing.
struct Junk {
    base::Bytes bytes{};
    friend bool operator==(const Junk&, const Junk&) = default;
};
using Answer =
    std::variant<StatusNow, StatusInTurn, StatusTold, MarkSeen, Named, Block, Pace, Junk>;

/// Longer texts and blocks are junk.
inline constexpr std::size_t kNamedBytesMax = 96;

/// One answer at the beginning of bytes.
struct AnswerFound {
    std::size_t length = 0;  ///< 0: more bytes are needed
    std::optional<Answer> answer{};
};
AnswerFound find_answer(base::ByteView bytes);

/// Cuts a stream into answers.
class AnswerReader final {
public:
    void add(base::ByteView bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
    /// The next whole answer; nothing: more bytes are needed.
    std::optional<Answer> take();
    void clear() { bytes_.clear(); }

private:
    base::Bytes bytes_;
};

/// How the printer is, as far as it has told.
struct State {
    bool offline = false;
    bool cover_open = false;
    bool paper_end = false;
    bool paper_near_end = false;
    bool drawer_high = false;  ///< level of pin 3; what it means depends on the cable
    bool feeding = false;      ///< by its button
    bool cutter = false;
    bool unrecoverable = false;
    bool recoverable = false;
    bool hot = false;  ///< goes on by itself
    friend bool operator==(const State&, const State&) = default;
};
/// Takes over what the answer to DLE EOT n (1 to 4) says.
void take_now(State& state, int n, std::byte value);
/// Takes over what the answer to GS r n (1 or 2) says.
void take_in_turn(State& state, int n, std::byte value);
void take_told(State& state, const StatusTold& told);

}  // namespace tillhost::drivers::escpos
