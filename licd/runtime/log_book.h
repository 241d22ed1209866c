#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

#include "hal/os/clock.h"
#include "hal/os/log.h"

namespace tillhost::licd::runtime {

/// Lines and bytes of the log that licd remembers for whoever is asked for help.
inline constexpr std::size_t kLogBookLinesMax = 4096;
inline constexpr std::size_t kLogBookBytesMax = 512 * 1024;
inline constexpr std::size_t kLogBookLineBytesMax = 4096;  ///< longer ones are cut

/// Stands before the log: passes on what is grave enough, which can be changed while licd runs, and
/// remembers the newest lines with the time of each. Loggers are made with the least grave level,
/// so that this alone decides. Any thread.
class LogBook final : public os::LogSink {
public:
    LogBook(os::LogSink& to, const os::Clock& clock, os::Severity least = os::Severity::notice)
        : to_(to), clock_(clock), least_(least) {}

    void set_least(os::Severity least) { least_ = least; }
    void line(os::Severity severity, std::string_view text) override;
    void entry(os::Severity severity, std::string_view text,
               std::initializer_list<os::LogField> fields) override;

    /// Oldest first: "2026-03-02T09:00:00.125Z notice starting version=0.1.0".
    std::vector<std::string> lines() const;

private:
    void remember(os::Severity severity, std::string_view text);

    os::LogSink& to_;
    const os::Clock& clock_;
    std::atomic<os::Severity> least_;
    mutable std::mutex mutex_;
    std::deque<std::string> lines_;  ///< under mutex_
    std::size_t bytes_ = 0;          ///< of them; under mutex_
};

/// "2026-03-02T09:00:00.125Z".
std::string utc_text(std::int64_t unix_ms);

}  // namespace tillhost::licd::runtime
