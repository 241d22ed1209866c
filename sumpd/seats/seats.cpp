#include "sumpd/seats/seats.h"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <mutex>

#include "hal/os/descriptor.h"
#include "hal/os/thread.h"
#include "licd/client/pauses.h"
#include "sumpd/seats/refusals.h"
#include "sumpd/seats/seat_table.h"

namespace tillhost::sumpd::seats {

using apps::SeatWish;
using exchange::Fault;
using exchange::FaultCode;
using exchange::Outcome;
using licd::client::LeaseId;
using licd::client::LicenceClient;
using licd::client::Standing;

namespace {

/// One talk of the thread with the licence server, so that a server which hangs is noticed soon.
constexpr os::Duration kTalkTime = std::chrono::seconds(4);
constexpr os::Duration kTryAgainFirst = std::chrono::seconds(1);
constexpr os::Duration kTryAgainLongest = std::chrono::seconds(30);
constexpr os::Duration kRestMax = std::chrono::seconds(30);
constexpr std::size_t kNameBytesMax = 64;  // of licd's contract
constexpr auto kTestDevice = "test";

/// At most so many bytes, and no half character at the end.
std::string cut(std::string text) {
    std::size_t end = std::min(text.size(), kNameBytesMax);
    while (end < text.size() && end > 0 &&
           (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
        --end;
    }
    text.resize(end);
    return text;
}

}  // namespace

struct Seats::Parts {
    Parts(SeatsOptions all, os::Clock& its_clock, const os::Logger& its_logger, os::Wakeup wakeup)
        : options(std::move(all)), clock(its_clock), logger(its_logger), wake(std::move(wakeup)) {}

    bool is_needed() const { return !options.address.empty(); }
    std::string licence_of(const SeatWish& wish) const {
        return wish.is_terminal && !options.terminal_licence.empty() ? options.terminal_licence
                                                                     : options.licence;
    }
    base::Result<SeatHandle> make_seat(const SeatWish& wish);
    base::Result<LeaseId> acquire(Seat& seat, os::Duration time);
    Outcome<SeatHandle> take_new(const SeatWish& wish);
    std::optional<Fault> may_ask();
    Outcome<std::string> keep_taken(const SeatWish& wish, const SeatHandle& seat);
    Standing standing_of(const Seat& seat);
    SeatRow row_of(const SeatHandle& seat);
    void heard(const std::optional<base::Error>& error);
    void leave(const SeatHandle& seat);

    void run();
    os::Duration work();
    void talk(const SeatHandle& seat);
    void say_goodbye();
    void resume(const SeatHandle& seat);
    void beat(const SeatHandle& seat);
    void end();

    const SeatsOptions options;
    os::Clock& clock;
    const os::Logger logger;
    const os::Wakeup wake;
    std::atomic<bool> stopping{false};

    std::mutex mutex;
    SeatTable table;                          // guarded by mutex
    std::deque<SeatHandle> leaving;           // guarded by mutex; given back, to be told
    std::size_t takers = 0;                   // guarded by mutex
    os::Instant away_until{};                 // guarded by mutex
    std::string last_error;                   // guarded by mutex
    std::int64_t last_heard_ms = 0;           // guarded by mutex
    os::Duration try_again = kTryAgainFirst;  // the thread's
    std::unique_ptr<os::Thread> thread;       ///< last: it uses the others
};

Seats::Seats(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

base::Result<std::unique_ptr<Seats>> Seats::start(SeatsOptions options, os::Clock& clock,
                                                  const os::Logger& logger) {
    auto wake = TRY(os::Wakeup::create());
    auto parts = std::make_unique<Parts>(std::move(options), clock, logger, std::move(wake));
    Parts* const all = parts.get();
    if (all->is_needed()) {
        // What is wrong with the options is told at the start, not to the first phone.
        static_cast<void>(TRY(all->make_seat({.device_id = kTestDevice})));
        all->thread = std::make_unique<os::Thread>("seats", [all] { all->run(); });
    }
    return std::unique_ptr<Seats>(new Seats(std::move(parts)));
}

Seats::~Seats() {
    parts_->stopping = true;
    parts_->wake.signal();
    parts_->thread.reset();
    parts_->end();
}

// ---- taking -------------------------------------------------------------------------------------

base::Result<SeatHandle> Seats::Parts::make_seat(const SeatWish& wish) {
    auto seat = std::make_shared<Seat>();
    seat->wish = wish;
    seat->licence = licence_of(wish);
    // Named for the device: after a kill the same seat is found again, and two logins of one device
    // share it.
    seat->client = TRY(LicenceClient::open({.servers = options.address,
                                            .program = "sumpd",
                                            .product = options.product,
                                            .vendor_root = options.vendor_root,
                                            .instance = "sumpd-" + wish.device_id,
                                            .user = cut(wish.user),
                                            .computer = cut(wish.device_id),
                                            .terminal_session = cut(wish.device_name),
                                            .pins = options.pins,
                                            .local_endpoint = options.local_endpoint},
                                           clock));
    return seat;
}

base::Result<LeaseId> Seats::Parts::acquire(Seat& seat, os::Duration time) {
    auto lease = seat.client->acquire({.licence = seat.licence, .access_code = options.access_code},
                                      clock.now() + time);
    seat.client->rest();  // one connection for each phone would be many
    heard(lease ? std::nullopt : std::optional(lease.error()));
    return lease;
}

void Seats::Parts::heard(const std::optional<base::Error>& error) {
    const std::lock_guard lock(mutex);
    if (error && is_away(*error)) {
        away_until = clock.now() + kAwayTime;
    } else {
        away_until = {};
        last_heard_ms = clock.unix_ms();
    }
    std::string words = error ? base::to_text(*error) : "";
    if (words != last_error && error) {
        logger.warning("the licence server", {{"says", words}});
    }
    last_error = std::move(words);
}

/// Takes the right to ask the licence server, or says why not now.
std::optional<Fault> Seats::Parts::may_ask() {
    const std::lock_guard lock(mutex);
    if (clock.now() < away_until) {
        return refusal_of(base::make_error(base::ErrorCode::no_daemon, ""), options.contact);
    }
    if (takers >= kTakersMax) {
        return refusal_of(base::make_error(base::ErrorCode::retry_later, ""), options.contact);
    }
    if (table.size() >= kSeatsMax) {
        return refusal_of(base::make_error(base::ErrorCode::no_seat,
                                           fmt::format("{} phones have licences, as many as one "
                                                       "server can have",
                                                       kSeatsMax)),
                          options.contact);
    }
    ++takers;
    return std::nullopt;
}

Outcome<SeatHandle> Seats::Parts::take_new(const SeatWish& wish) {
    auto seat = make_seat(wish);
    if (!seat) {
        return tl::unexpected(refusal_of(seat.error(), options.contact));
    }
    if (auto fault = may_ask()) {
        return tl::unexpected(std::move(*fault));
    }
    const auto lease = acquire(**seat, kTakeTime);
    {
        const std::lock_guard lock(mutex);
        --takers;
    }
    if (!lease) {
        (*seat)->client->abandon();  // what may be lent unheard ends by itself
        return tl::unexpected(refusal_of(lease.error(), options.contact));
    }
    (*seat)->lease = *lease;
    return std::move(*seat);
}

Standing Seats::Parts::standing_of(const Seat& seat) {
    if (seat.is_gone) {
        return Standing::gone;
    }
    if (!seat.lease) {
        return clock.now() < seat.resume_until ? Standing::held : Standing::gone;
    }
    return seat.client->status(*seat.lease).standing;
}

/// Under mutex: the session sits down on a seat that is there or was just taken.
Outcome<std::string> Seats::Parts::keep_taken(const SeatWish& wish, const SeatHandle& seat) {
    seat->wish = wish;
    table.sit(wish.session, seat);
    return seat->client->instance();
}

Outcome<std::string> Seats::take(const SeatWish& wish) {
    Parts& parts = *parts_;
    if (!parts.is_needed()) {
        return std::string();
    }
    {
        const std::lock_guard lock(parts.mutex);
        const SeatHandle seat = parts.table.of_device(wish.device_id);
        if (seat != nullptr && parts.standing_of(*seat) != Standing::gone) {
            return parts.keep_taken(wish, seat);
        }
        if (seat != nullptr) {
            parts.table.remove(seat);
            parts.leave(seat);
        }
    }
    auto made = parts.take_new(wish);
    if (!made) {
        return tl::unexpected(made.error());
    }
    const std::lock_guard lock(parts.mutex);
    const SeatHandle other = parts.table.of_device(wish.device_id);
    if (other != nullptr && parts.standing_of(*other) != Standing::gone) {
        parts.leave(*made);  // another login of the device was faster; both are one seat
        return parts.keep_taken(wish, other);
    }
    (*made)->next_talk = parts.clock.now() + licd::client::kBeatTime;
    parts.wake.signal();
    return parts.keep_taken(wish, *made);
}

void Seats::resume(const std::vector<SeatWish>& sessions) {
    Parts& parts = *parts_;
    if (!parts.is_needed()) {
        return;
    }
    const std::lock_guard lock(parts.mutex);
    for (const SeatWish& wish : sessions) {
        SeatHandle seat = parts.table.of_device(wish.device_id);
        if (seat == nullptr) {
            auto made = parts.make_seat(wish);
            if (!made || parts.table.size() >= kSeatsMax) {
                continue;  // the session has no seat: it ends
            }
            seat = std::move(*made);
            seat->resume_until = parts.clock.now() + kResumeTime;
            seat->next_talk = parts.clock.now();
        }
        static_cast<void>(parts.keep_taken(wish, seat));
    }
    parts.wake.signal();
}

// ---- having -------------------------------------------------------------------------------------

/// Under mutex.
void Seats::Parts::leave(const SeatHandle& seat) {
    seat->leave_until = clock.now() + kGoodbyeTime;
    leaving.push_back(seat);
    wake.signal();
}

void Seats::give_back(const std::string& session) {
    const std::lock_guard lock(parts_->mutex);
    if (const SeatHandle seat = parts_->table.stand_up(session)) {
        parts_->leave(seat);
    }
}

void Seats::used(const std::string& session) {
    const std::lock_guard lock(parts_->mutex);
    const SeatHandle seat = parts_->table.of_session(session);
    if (seat != nullptr && seat->lease) {
        seat->client->used(*seat->lease);
    }
}

bool Seats::holds(const std::string& session) {
    if (!parts_->is_needed()) {
        return true;
    }
    const std::lock_guard lock(parts_->mutex);
    const SeatHandle seat = parts_->table.of_session(session);
    return seat != nullptr && parts_->standing_of(*seat) != Standing::gone;
}

/// Under mutex.
SeatRow Seats::Parts::row_of(const SeatHandle& seat) {
    SeatRow row{.device_id = seat->wish.device_id,
                .device_name = seat->wish.device_name,
                .user = seat->wish.user,
                .licence = seat->licence};
    const Standing standing = standing_of(*seat);
    row.standing = standing == Standing::gone    ? SeatStanding::gone
                   : !seat->lease                ? SeatStanding::resuming
                   : standing == Standing::grace ? SeatStanding::grace
                                                 : SeatStanding::held;
    os::Duration left = seat->resume_until - clock.now();
    if (seat->lease) {
        const auto status = seat->client->status(*seat->lease);
        row.key = status.key;
        row.number = status.number;
        left = status.left;
    }
    row.left_s =
        std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::seconds>(left).count());
    return row;
}

SeatsState Seats::state() {
    const std::lock_guard lock(parts_->mutex);
    SeatsState state{.needed = parts_->is_needed(),
                     .address = parts_->options.address,
                     .licence = parts_->options.licence,
                     .terminal_licence = parts_->options.terminal_licence,
                     .last_error = parts_->last_error,
                     .last_heard_ms = parts_->last_heard_ms};
    for (const SeatHandle& seat : parts_->table.all()) {
        state.seats.push_back(parts_->row_of(seat));
    }
    return state;
}

Outcome<std::string> Seats::test() {
    if (!parts_->is_needed()) {
        return std::string();
    }
    auto made = parts_->take_new({.device_id = kTestDevice, .device_name = "test"});
    if (!made) {
        return tl::unexpected(made.error());
    }
    const std::string key = (*made)->client->status(*(*made)->lease).key;
    const std::lock_guard lock(parts_->mutex);
    parts_->leave(*made);
    return key;
}

// ---- the thread ---------------------------------------------------------------------------------

void Seats::Parts::run() {
    while (!stopping) {
        const auto rest = std::chrono::ceil<std::chrono::milliseconds>(work()).count();
        pollfd one{.fd = wake.fd(), .events = POLLIN, .revents = 0};
        if (rest > 0 && ::poll(&one, 1, static_cast<int>(rest)) > 0) {
            wake.clear();
        }
    }
}

/// Talks about one seat that is due; how long there is nothing to do.
os::Duration Seats::Parts::work() {
    SeatHandle seat;
    bool says_goodbye = false;
    {
        const std::lock_guard lock(mutex);
        const os::Instant now = clock.now();
        if (now < away_until) {
            return std::min<os::Duration>(away_until - now, try_again);
        }
        seat = table.next();
        const bool is_due = seat != nullptr && seat->next_talk <= now;
        says_goodbye = !is_due && !leaving.empty();
        if (!is_due && !says_goodbye) {
            return seat == nullptr ? kRestMax
                                   : std::min<os::Duration>(seat->next_talk - now, kRestMax);
        }
    }
    if (says_goodbye) {
        say_goodbye();
    } else {
        talk(seat);
    }
    return {};
}

void Seats::Parts::talk(const SeatHandle& seat) {
    bool has_lease = false;
    {
        const std::lock_guard lock(mutex);
        has_lease = seat->lease.has_value();
    }
    has_lease ? beat(seat) : resume(seat);
}

void Seats::Parts::beat(const SeatHandle& seat) {
    const auto next = seat->client->beat(clock.now() + kTalkTime);
    seat->client->rest();
    heard(next ? std::nullopt : std::optional(next.error()));
    const std::lock_guard lock(mutex);
    try_again = next ? kTryAgainFirst : std::min(try_again * 2, kTryAgainLongest);
    // One that fails goes behind the others, so that it keeps none of them from its beat.
    seat->next_talk = clock.now() + (next ? *next : licd::client::jittered(try_again));
    if (standing_of(*seat) == Standing::gone) {
        seat->is_gone = true;
        logger.notice("a session has lost its licence",
                      {{"device", seat->wish.device_id}, {"user", seat->wish.user}});
    }
}

void Seats::Parts::resume(const SeatHandle& seat) {
    const auto lease = acquire(*seat, kTalkTime);
    const std::lock_guard lock(mutex);
    if (lease) {
        seat->lease = *lease;
        seat->next_talk = clock.now() + licd::client::kBeatTime;
        try_again = kTryAgainFirst;
        return;
    }
    try_again = std::min(try_again * 2, kTryAgainLongest);
    seat->next_talk = clock.now() + licd::client::jittered(try_again);
    const bool passes =
        is_away(lease.error()) || lease.error().code == base::ErrorCode::retry_later;
    if (!passes || clock.now() >= seat->resume_until) {
        seat->is_gone = true;
        logger.notice("a session of before the restart gets no licence",
                      {{"device", seat->wish.device_id}, {"error", base::to_text(lease.error())}});
    }
}

void Seats::Parts::say_goodbye() {
    SeatHandle seat;
    {
        const std::lock_guard lock(mutex);
        seat = leaving.front();
        leaving.pop_front();
    }
    const auto said = seat->client->close(clock.now() + kTalkTime);
    heard(said ? std::nullopt : std::optional(said.error()));
    if (said || !is_away(said.error()) || clock.now() >= seat->leave_until) {
        seat->client->abandon();  // else its end would try once more
        return;
    }
    const std::lock_guard lock(mutex);
    leaving.push_back(seat);
}

/// Nobody else is here any more.
void Seats::Parts::end() {
    std::vector<SeatHandle> all = table.all();
    all.insert(all.end(), leaving.begin(), leaving.end());
    const os::Deadline deadline = clock.now() + kEndTime;
    bool is_there = true;
    for (const SeatHandle& seat : all) {
        is_there = is_there && clock.now() < deadline && seat->client->close(deadline).has_value();
        seat->client->abandon();
    }
}

}  // namespace tillhost::sumpd::seats
