#pragma once

#include <memory>
#include <string>

#include "hal/os/descriptor.h"
#include "hal/os/log.h"

namespace tillhost::os {

/// An entry longer than this loses its last fields; one datagram always holds it.
inline constexpr std::size_t kJournalEntryBytesMax = 16 * 1024;

/// systemd's journal by its own protocol, one datagram an entry (systemd's page "Native Journal
/// Protocol"): MESSAGE is the line as everywhere, and each field stands beside it under its name in
/// capitals, so that `journalctl OPERATION_ID=…` finds it. Never waits: an entry that the journal
/// does not take goes to standard error, which leads there too.
class JournalSink final : public LogSink {
public:
    static constexpr const char* kSocket = "/run/systemd/journal/socket";

    /// Errors: system_failed (no journal there).
    static base::Result<JournalSink> open(const std::string& identifier,
                                          const std::string& socket = kSocket);
    void line(Severity severity, std::string_view text) override;
    void entry(Severity severity, std::string_view text,
               std::initializer_list<LogField> fields) override;

private:
    JournalSink(std::string identifier, Descriptor fd)
        : identifier_(std::move(identifier)), fd_(std::move(fd)) {}

    std::string identifier_;
    Descriptor fd_;
    StderrSink otherwise_{true};
};

/// Where a daemon's lines go: to the journal if systemd started it, else to standard error.
std::unique_ptr<LogSink> open_log(const std::string& identifier);

}  // namespace tillhost::os
