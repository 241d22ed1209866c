#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "hal/os/clock.h"

namespace tillhost::simulation {

/// What happened, one line an event, as the README explains. Costs nothing while it is off.
class Trace final {
public:
    explicit Trace(bool on) : on_(on) {}

    bool on() const { return on_; }
    template <class... Arguments>
    void say(os::Instant now, std::string_view who, fmt::format_string<Arguments...> words,
             Arguments&&... arguments) {
        if (on_) {
            line(now, who, fmt::format(words, std::forward<Arguments>(arguments)...));
        }
    }
    const std::string& text() const { return text_; }

private:
    void line(os::Instant now, std::string_view who, const std::string& words) {
        const std::int64_t us =
            std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count();
        text_ += fmt::format("{:>6}.{:06} {:<10} {}\n", us / 1'000'000, us % 1'000'000, who, words);
    }

    bool on_;
    std::string text_;
};

}  // namespace tillhost::simulation
