#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "devd/host/host_link.h"
#include "hal/device/driver.h"

namespace tillhost::devd::host {

/// Version of the link spoken here, told in hello.
inline constexpr std::int64_t kLinkVersion = 1;
/// While it waits for work a host says so at least this often. devd expects it every two seconds.
inline constexpr os::Duration kBeatEvery = std::chrono::milliseconds(1500);
/// Time a driver has to take what its device said unasked.
inline constexpr os::Duration kListenBudget = std::chrono::seconds(1);
/// A step that goes on is announced anew when its deadline has moved by so much: less than devd's
/// grace behind a deadline, so that a driver which keeps its own is never taken for a stuck one.
inline constexpr os::Duration kAnnounceAgainAfter = std::chrono::seconds(1);
/// Queries that may arrive while a driver waits for devd's word; they are answered afterwards.
inline constexpr std::size_t kDeferredQueriesMax = 64;

/// A driver for the settings of one device, its line not opened yet. Errors: bad_field.
using MakeDriver = std::function<base::Result<std::unique_ptr<device::Driver>>(
    const std::vector<contract::Setting>&)>;

/// Begins or ends the recording of the device's line. Errors: those of transport::Recorder::start.
using Record = std::function<base::Result<contract::RecordingStatus>(const contract::RecordQuery&)>;

/// What a driver's line was found behind.
struct Place {
    std::string node{};
    std::string adapter{};
};

/// What a host says of itself in hello, and what it can do beside driving.
struct Self {
    std::string driver;
    std::int64_t pid = 0;
    Record record{};  ///< null: its line cannot be recorded
    /// Whether the operation under way is to be broken off; takes the wish. Null: never.
    std::function<bool()> take_abort{};
    /// What the line was found behind when it was opened last. Null: nothing.
    std::function<Place()> place{};
};

/// A driver host: carries devd's commands to one driver, one at a time, and the driver's records to
/// devd's book. Runs unchanged in a process of its own and as a fibre of the simulation: its only
/// ways out are the link and the driver.
///
/// Rules of the link that it keeps:
/// * The first word is open; a command before it is out of order. Each open makes the driver anew.
/// * When the line is lost, the answer says link_lost, the driver is gone, and devd has to say open
///   again; a command in between is answered with device_not_ready and touches nothing.
/// * A marker counts as durable only by a go that names its operation, attempt and the epoch of the
///   last open. Any other word is a refusal.
/// * A driver waits for devd's word without a time limit of its own: devd stops the kill clock.
/// * Finished carries the status that the driver knows by the way. Nothing is asked for it: that
///   costs as much as a short command, and devd asks when the line is free.
class Host final {
public:
    /// Everything handed in outlives the host.
    Host(HostLink& link, const os::Clock& clock, Self self, MakeDriver make);

    /// Says hello and serves until the link ends. Returns why it ended: link_lost (devd is gone,
    /// the ordinary end), malformed (devd broke the rules of the link), or the link's own error.
    base::Error run();

private:
    class OperationGate;
    struct Handler;
    /// What devd was told last of the step at hand.
    struct Announced {
        std::string step;
        os::Deadline deadline;
    };
    /// The operation whose records may be written now.
    struct Bound {
        base::OperationId operation_id;
        std::int64_t attempt = 0;
    };

    base::Result<contract::ClassStatus> ask(const contract::QueryCommand& message);
    base::Done step();
    base::Result<std::optional<contract::ToHost>> next_word();
    base::Done listen();
    base::Done handle(const contract::ToHost& message);
    bool is_announced(std::string_view step, os::Deadline deadline) const;
    base::Done on_open(const contract::Open& message);
    base::Done on_execute(const contract::Execute& message);
    base::Done on_resolve(const contract::ResolveCommand& message);
    base::Done on_query(const contract::QueryCommand& message);
    base::Result<contract::Opened> open_driver(const contract::Open& message);

    base::Done persist(const std::optional<Bound>& bound, const contract::Record& record);
    base::Done await_word(const Bound& bound, bool marker);
    base::Done read_word(const Bound& bound, bool marker, const contract::ToHost& word);
    void announce(std::string_view step, os::Deadline deadline);
    void prompt(const std::optional<Bound>& bound, contract::PromptKind kind,
                std::string_view text);

    base::Done ready() const;
    base::Done out_of_order(const contract::ToHost& message) const;
    base::Done answer(contract::FromHost message, bool line_lost);
    base::Error end_with(base::Error error);
    os::Deadline deadline_of(std::int64_t budget_ms) const;

    HostLink& link_;
    const os::Clock& clock_;
    Self self_;
    MakeDriver make_;
    std::int64_t epoch_ = 0;  ///< of the last open; 0 before the first
    std::unique_ptr<device::Driver> driver_;
    std::deque<contract::QueryCommand> deferred_;
    std::optional<contract::OperationResult> last_result_;  ///< as the command under way brought it
    std::optional<Announced> announced_;                    ///< in the command under way
    std::optional<base::Error> end_;  ///< the link ended while a driver was at work
    os::Instant beat_at_{};
};

}  // namespace tillhost::devd::host
