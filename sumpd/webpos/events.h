#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hal/os/clock.h"
#include "ipc/client/cpp/client.h"
#include "ipc/contract/value.h"
#include "ipc/http/message.h"
#include "sumpd/webpos/lines.h"

// Events of devd for web tills. Nothing of them is kept here: what a reader has not taken is held
// by devd, as long as its credit and its memory go, and what is gone is a gap.
namespace tillhost::sumpd::webpos {

inline constexpr std::size_t kTopicsMax = 16;  ///< of one reader
inline constexpr std::size_t kTopicBytesMax = 80;
inline constexpr std::size_t kEventsPerAnswerMax = 100;
/// A stream that has nothing to say says so this often, by a comment line.
inline constexpr os::Duration kHeartbeatEvery = std::chrono::seconds(10);
/// How often a stream looks whether its token is still good.
inline constexpr os::Duration kTokenLookedAtEvery = std::chrono::seconds(1);
/// A connection to devd that was lost is made again: the first pause, and the longest.
inline constexpr os::Duration kReconnectPauseMin = std::chrono::milliseconds(200);
inline constexpr os::Duration kReconnectPauseMax = std::chrono::seconds(10);
/// What one attempt may take of the thread that all streams share, unless devd hangs.
inline constexpr os::Duration kReconnectTimeMax = std::chrono::milliseconds(30);
/// Events that are sent as one piece, if there are so many; the last one may go beyond it.
inline constexpr std::size_t kPieceBytesUsual = 64 * 1024;
/// A larger event is told as a gap of its own number.
inline constexpr std::size_t kEventBytesMax = 1024 * 1024;

/// "device/kassa,alarms". Errors: bad_field (topics: none, too many, too long, twice).
base::Result<std::vector<std::string>> topics_from(std::string_view text);

/// Where a reader stands: of each topic, in their order, the epoch and the next number wanted,
/// "EPOCH.SEQ", with "_" between. For programs a word without meaning.
std::string cursor_text(const std::vector<client::Place>& places);
/// An empty text: from now on. Errors: bad_field (after).
base::Result<std::vector<client::Place>> cursor_from(std::string_view text, std::size_t topics);

/// Follows topics over one connection. For one thread.
class EventReader final {
public:
    /// Errors: unknown_device, bad_field (a topic), not_permitted, and the general ones.
    static base::Result<std::unique_ptr<EventReader>> begin(DeviceLines::Line line,
                                                            std::vector<std::string> topics,
                                                            const std::vector<client::Place>& from,
                                                            os::Deadline deadline);
    ~EventReader();
    EventReader(const EventReader&) = delete;
    EventReader& operator=(const EventReader&) = delete;
    /// {topic, epoch, seq, at_ms, body} as JSON has it; nothing at the deadline. Errors: as
    /// client::Client::next_event.
    base::Result<std::optional<contract::Value>> next(os::Deadline deadline);
    /// Behind the last event that next() gave.
    std::string cursor() const { return cursor_text(places_); }
    /// Of the devd that tells them.
    std::int64_t book() { return line_.client().hello().book; }
    /// So that the connection can be used for something else; one whose reader goes without it is
    /// closed. Errors: the general ones.
    base::Done end(os::Deadline deadline);

private:
    EventReader(DeviceLines::Line line, std::vector<std::string> topics)
        : line_(std::move(line)), topics_(std::move(topics)), places_(topics_.size()) {}

    DeviceLines::Line line_;
    const std::vector<std::string> topics_;
    std::vector<client::Place> places_;
    bool has_ended_ = false;
};

/// One event as text/event-stream has it (HTML, section 9.2): its id is the cursor behind it.
std::string as_server_sent(const contract::Value& event, std::string_view cursor);

/// A stream of events, until its token is ended or devd refuses it (an event "error").
class EventStream final : public http::Source {
public:
    struct Parts {
        std::unique_ptr<EventReader> reader;
        WebTokens& tokens;
        std::string digest;  ///< of its token
        const os::Clock& clock;
        /// Counted as long as the stream is there.
        std::shared_ptr<void> place;
    };
    explicit EventStream(Parts parts) : parts_(std::move(parts)) {}
    std::optional<std::string> next() override;

private:
    std::string opening();
    std::string events(os::Instant now);
    void later(os::Instant now);

    Parts parts_;
    bool is_open_ = false;
    bool is_over_ = false;
    bool is_away_ = false;  ///< devd
    os::Instant token_at_{};
    os::Instant heartbeat_at_{};
    os::Instant again_at_{};
    os::Duration pause_ = kReconnectPauseMin;
};

}  // namespace tillhost::sumpd::webpos
