#pragma once

#include <array>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "simulators/core/fault.h"
#include "simulators/core/printer_control.h"
#include "simulators/printer/escpos/memory.h"
#include "simulators/printer/escpos/options.h"
#include "simulators/printer/escpos/status.h"

namespace tillhost::simulators::escpos {

/// What stands on the tape where the paper was cut.
inline constexpr std::string_view kFullCut = "- - - - - - full cut - - - - - -";
inline constexpr std::string_view kPartialCut = "- - - - - partial cut - - - - -";
/// Things to do that the mechanism takes on before commands wait.
inline constexpr std::size_t kWorkMax = 8;
/// Lines of text that a cut takes as long as.
inline constexpr int kCutLines = 10;

using MarkId = std::array<std::byte, 4>;

/// One thing that the mechanism does, in its turn.
struct Work {
    enum class Kind : std::uint8_t { line, cut, pulse, mark };
    Kind kind = Kind::line;
    std::string line{};  ///< of paper; of a cut how it looks
    DrawerPulse pulse{};
    MarkId mark{};
};

/// Paper, head, cutter and drawer. It does its work one thing after another, each in its time, and
/// rests while the printer is off line. What it has done stands on the paper, whatever comes later.
class Mechanism final {
public:
    Mechanism(const EscposOptions& options, Memory memory);

    void add(Work work, os::Instant now);
    bool has_room() const { return work_.size() < kWorkMax; }
    bool idle() const { return work_.empty(); }
    void advance(os::Instant now);
    std::optional<os::Instant> next_event() const;

    /// A pulse of DLE DC4, done at once, off line too; ignored while another one runs.
    void pulse_now(const DrawerPulse& pulse, os::Instant now);
    /// DLE ENQ: goes on after a cutter's error. False if nothing waits for it.
    bool recover(os::Instant now);
    /// What was still to do is forgotten.
    void forget_work();
    void power_off();
    /// Faults of the device. Errors: not_supported.
    base::Done inject(const Fault& fault, os::Instant now);

    Condition condition() const;
    /// Marks whose turn has come, since the last call.
    std::vector<MarkId> take_marks() { return std::exchange(marks_, {}); }
    const Memory& memory() const { return memory_; }
    const std::vector<DrawerPulse>& pulses() const { return pulses_; }
    std::uint64_t pulses_ignored() const { return pulses_ignored_; }
    const std::string& failure() const { return failure_; }

private:
    os::Duration time_of(const Work& work) const;
    void begin_next(os::Instant now);
    void finish();
    void interrupt();
    void print(const std::string& line, Mechanics mechanics);
    void set(const Mechanics& mechanics) { note(memory_.set(mechanics)); }
    void note(const base::Done& done);
    void give(const DrawerPulse& pulse, os::Instant now);
    void inject_paper(const Fault& fault, Mechanics& mechanics) const;
    base::Done inject_error(const Fault& fault, os::Instant now);
    void end_rests(os::Instant now);

    const EscposOptions& options_;
    Memory memory_;
    std::deque<Work> work_;
    std::optional<os::Instant> done_at_;  ///< when the first of it is done, once begun
    os::Instant pulsing_until_{};
    std::optional<os::Instant> feeding_until_;
    std::optional<os::Instant> hot_until_;
    bool hot_ = false;
    bool cutter_error_ = false;
    bool dead_ = false;
    std::int64_t jams_ = 0;
    std::int64_t stuck_ = 0;
    std::vector<MarkId> marks_;
    std::vector<DrawerPulse> pulses_;
    std::uint64_t pulses_ignored_ = 0;
    std::string failure_;
};

}  // namespace tillhost::simulators::escpos
