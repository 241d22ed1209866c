#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hal/base/bytes.h"
#include "hal/base/result.h"
#include "hal/os/clock.h"

namespace tillhost::transport {

// The traffic of a line as a text: docs/formats/line-recording.md.

/// A file of recordings is never larger; the recorder stops there.
inline constexpr std::size_t kRecordingBytesMax = 16 * 1024 * 1024;
/// Bytes of one write or read.
inline constexpr std::size_t kEventBytesMax = 64 * 1024;

enum class EventKind : std::uint8_t { connect, write, read, flush, close };
std::string_view name_of(EventKind kind);

/// How a call ended that did not succeed.
struct EventError {
    base::ErrorCode code = base::ErrorCode::link_lost;
    base::Effect effect = base::Effect::none;
    friend bool operator==(const EventError&, const EventError&) = default;
};

/// One call of a transport. Times count from the beginning of the recording.
struct Event {
    EventKind kind = EventKind::read;
    os::Duration at{};                  ///< when it was called
    os::Duration took{};                ///< until it returned
    std::optional<os::Duration> by{};   ///< its deadline; nothing if it had none
    base::Bytes bytes{};                ///< written or read
    os::Duration late{};                ///< of connect: Transport::late_bytes_max()
    std::optional<EventError> error{};  ///< nothing: it succeeded
    std::size_t line = 0;               ///< in the file, from 1; 0 where there is none
    friend bool operator==(const Event&, const Event&) = default;
};

struct Recording {
    std::string driver;           ///< "fiscal/shtrih"
    std::int64_t started_ms = 0;  ///< Unix time
    bool full = false;            ///< the recorder stopped at its limit
    std::vector<Event> events{};
};

/// The first lines of a recording.
std::string heading_text(std::string_view driver, std::int64_t started_ms);
/// One line with its end. A placeholder (kHidden) is written as **.
std::string to_text(const Event& event);
/// The last line of a recording that came to its limit.
std::string_view full_text();

/// Ends a line that was cut when its recorder was killed; such a line is passed over.
std::string_view cut_text();

/// All recordings of a file, oldest first. Total. Errors: bad_field(line N): what should stand
/// there; too_large.
base::Result<std::vector<Recording>> parse_recordings(std::string_view text);

}  // namespace tillhost::transport
