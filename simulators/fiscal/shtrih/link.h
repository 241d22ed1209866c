#pragma once

#include <optional>

#include "simulators/core/frame_tracker.h"
#include "simulators/fiscal/shtrih/executor.h"
#include "simulators/fiscal/shtrih/variant1.h"
#include "simulators/fiscal/shtrih/variant2.h"

namespace tillhost::simulators::shtrih {

/// Both lower levels on one line. After power on, after command 14h and after a restart the first
/// byte that can begin one (02h or 05h, or 8Fh) chooses which of them is spoken until the next such
/// event; before it, junk is treated as variant 1 treats it.
class LinkLayer final {
public:
    LinkLayer(const LinkOptions& options, Executor& executor)
        : options_(options), variant1_(options, executor), variant2_(options, executor) {}

    void receive(std::byte byte, os::Instant now);
    void advance(os::Instant now) { spoken().advance(now); }
    std::optional<os::Instant> next_event() const { return spoken().next_event(); }
    base::Bytes take_output() { return spoken().take_output(); }

    /// Power was lost: kept answers, the number, and the choice are gone.
    void reset();
    /// The next byte chooses anew, once the running exchange is over.
    void choose_anew() { choose_anew_ = true; }
    void refuse_frames(std::int64_t count);
    void set_byte_timeout(os::Duration timeout);
    /// Variant 2 forgets its answer and continues as if `number` was the last one executed.
    void set_number(std::uint16_t number) { variant2_.set_number(number); }
    bool idle() const { return spoken().idle(); }
    bool executing() const { return spoken().executing(); }
    /// 0 while nothing has chosen.
    int variant() const { return choice_; }

private:
    LowerLevel& spoken() { return choice_ == 2 ? static_cast<LowerLevel&>(variant2_) : variant1_; }
    const LowerLevel& spoken() const {
        return choice_ == 2 ? static_cast<const LowerLevel&>(variant2_) : variant1_;
    }
    void choose(std::byte byte);

    LinkOptions options_;
    Variant1 variant1_;
    Variant2 variant2_;
    int choice_ = 0;
    bool choose_anew_ = false;
};

/// Units of either variant in either direction, for the fault layer: frames by their lengths, all
/// else single bytes.
class LineTracker final : public FrameTracker {
public:
    Step feed(std::byte byte) override;
    void reset() override;

private:
    enum class In { nothing, variant1_length, variant1, variant2_length, variant2 };
    Step within(bool ends);
    Step feed_variant2(std::byte byte);

    In in_ = In::nothing;
    unsigned left_ = 0;    ///< bytes to come
    unsigned length_ = 0;  ///< of variant 2, as far as it is known
    unsigned seen_ = 0;    ///< bytes of that length
    bool escaped_ = false;
};

}  // namespace tillhost::simulators::shtrih
