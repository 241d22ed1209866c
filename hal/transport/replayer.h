#pragma once

#include <algorithm>
#include <memory>
#include <optional>

#include "hal/transport/recording.h"
#include "hal/transport/redactor.h"
#include "hal/transport/transport.h"

namespace tillhost::transport {

/// Plays a recording to a driver in place of its device: the driver has to write what was written,
/// in the same order, and reads what was read. So a recording is a test.
///
/// What the driver writes is redacted before it is compared. Time is that of the recording: the
/// clock stands between two events and moves to the end of each as it is played, so that the
/// driver's own time limits pass as they passed.
///
/// The first call that is not the recording's next event is the divergence: it and every later call
/// fail with wrong_state and a text that names event and line.
class Replay final {
public:
    /// `redactor` as the recorder had it.
    Replay(Recording recording, std::unique_ptr<Redactor> redactor);

    /// A connector that connects as often as the recording does. The replay outlives it.
    std::unique_ptr<Connector> connector();
    /// The recording's time; outlives nothing but the replay.
    const os::Clock& clock() const { return clock_; }

    /// Where the driver left the recording, if it did.
    const std::optional<base::Error>& divergence() const { return divergence_; }
    /// Success when every event was played. Errors: wrong_state, naming the divergence or the event
    /// that did not come to its turn.
    base::Done finish() const;

private:
    class Line;
    class Plug;
    class RecordedClock final : public os::Clock {
    public:
        os::Instant now() const override { return now_; }
        std::int64_t unix_ms() const override {
            return started_ms +
                   std::chrono::duration_cast<std::chrono::milliseconds>(now_.time_since_epoch())
                       .count();
        }
        void sleep_until(os::Instant when) override { now_ = std::max(now_, when); }
        std::int64_t started_ms = 0;

    private:
        os::Instant now_{};
    };

    base::Result<const Event*> next(EventKind kind, std::string_view what);
    base::Error diverge(std::string_view what);
    std::string where() const;
    base::Done outcome_of(const Event& event) const;
    base::Result<std::unique_ptr<Transport>> connect();
    base::Result<std::size_t> read(std::span<std::byte> buffer);
    base::Done write(base::ByteView bytes);
    base::Done compare(base::Bytes said);
    base::Done flush();
    void close();
    base::Done settle();

    Recording recording_;
    Masker masker_;
    RecordedClock clock_;
    std::size_t at_ = 0;    ///< the event whose turn it is
    base::Bytes unread_;    ///< of the read event just played
    base::Bytes expected_;  ///< written in the recording, not yet compared
    std::optional<base::Error> divergence_;
};

}  // namespace tillhost::transport
