#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "hal/os/clock.h"

namespace tillhost::simulators {

/// Waits of one kind that a meter keeps; later ones are counted only.
inline constexpr std::size_t kWaitsKeptMax = 64 * 1024;
/// A longer quiet is a pause: nobody had anything to ask.
inline constexpr os::Duration kWaitMax = std::chrono::seconds(1);

/// How a line was used, and how long it waited for its host.
struct LineFigures {
    struct Waits {
        std::uint64_t count = 0;
        os::Duration p50{};
        os::Duration p99{};
        os::Duration max{};
    };
    std::uint64_t host_bytes = 0;
    std::uint64_t device_bytes = 0;
    /// From the host's first byte until the last byte had passed and the device had finished.
    os::Duration span{};
    /// Of it: a byte was passing, in either direction, or the device was at work (executing or
    /// printing). What is left of the span is the host's.
    os::Duration busy{};
    /// From the end of the device's last byte to the host's next byte.
    Waits turns{};
    /// From the end of an answer to the question after it, the confirmation of the answer being
    /// sent in between; not while the device works, because then the host may rest.
    Waits questions{};
};

/// Takes the time on a line. Every instant is the one at which a byte passed, not the one at which
/// somebody got round to it: what the simulator itself is late by counts against the host.
class LineMeter final {
public:
    /// Forgets everything so far.
    void begin(os::Instant now);

    /// The first byte of a unit comes from the host. `quiet`: nothing of the device is on the way.
    void host_begins(os::Instant now, bool quiet, bool device_works);
    void host_byte() { ++figures_.host_bytes; }
    /// The end of a byte that the host may read from now on.
    void device_byte(os::Instant passed);
    /// Whether a byte is passing or the device works, from now on.
    void note(bool busy, os::Instant now);

    LineFigures figures() const;

private:
    /// Units that the host has begun since the device's last byte.
    enum class Heard : std::uint8_t { nothing, one, more };
    struct Kept {
        std::vector<os::Duration> waits{};
        std::uint64_t count = 0;
        void add(os::Duration wait);
        LineFigures::Waits summary() const;
    };

    LineFigures figures_;
    Kept turns_;
    Kept questions_;
    std::optional<os::Instant> spoke_at_;  ///< the end of the device's last byte
    Heard heard_ = Heard::nothing;
    std::optional<os::Instant> first_;
    os::Instant last_{};
    std::optional<os::Instant> busy_since_;
};

}  // namespace tillhost::simulators
