#include "devd/core/core.h"

#include <fmt/format.h>

#include "devd/core/device_lane.h"
#include "devd/core/leases.h"
#include "devd/core/requests.h"

namespace tillhost::devd::core {
namespace {

/// How often rows past their retention are looked for.
constexpr os::Duration kSweepInterval = std::chrono::hours(1);

}  // namespace

struct Core::Parts {
    Parts(CoreOptions options_given, BookImage image, const os::Clock& clock_given,
          BookStore& store_given, HostPort& hosts, ipc::ReplySink& replies,
          std::function<std::uint64_t()> random_given, KnownBugs bugs_given)
        : options(std::move(options_given)),
          bugs(bugs_given),
          clock(clock_given),
          store(store_given),
          audit(clock, image.audit),
          book(store, clock, audit, std::move(image)),
          outbox(store, bugs.reply_before_commit),
          waiters(
              timers, book,
              [this](ipc::PeerId peer, std::int64_t request_id, const OperationBook::Entry& entry) {
                  requests.answer(peer, request_id, entry);
              }),
          events(clock, timers, outbox, replies),
          leases({clock, timers, book, audit, outbox, events, replies}),
          random(std::move(random_given)),
          context{clock,  timers, book,    audit, outbox,   hosts,  waiters,
                  events, leases, replies, bugs,  stopping, random, options},
          sales(context, lanes),
          requests(options, context, lanes, sales, leases, random) {
        book.on_change([this](const OperationBook::Entry& entry) {
            events.operation_changed(entry);
            waiters.changed(entry);
        });
        using State = contract::OperationState;
        book.on_move([this](const OperationBook::Entry& entry, State from) {
            if (DeviceLane* of = lane(entry.row.device)) {
                of->moved(entry.row);
            }
            sales.moved(entry.row);
            settled = settled || is_final(entry.row.state) || from == State::in_doubt;
            note(entry);
        });
    }

    /// Said when it is true: behind the sync, like everything that is seen outside.
    void note(const OperationBook::Entry& entry) {
        if (port == nullptr) {
            return;
        }
        const OperationRow& row = entry.row;
        OperationNote note{row.id,
                           row.device,
                           row.command ? std::string(contract::case_of(*row.command)) : "",
                           row.client,
                           row.state,
                           row.attempt,
                           row.version,
                           row.error ? row.error->code : "",
                           row.decision};
        outbox.at(entry.position, [this, note = std::move(note)] { port->on_operation(note); });
    }

    DeviceLane* lane(const std::string& device) {
        const auto found = lanes.find(device);
        return found == lanes.end() ? nullptr : found->second.get();
    }

    /// The end of a turn: what has become of devices is told.
    void tell() {
        sales.run();
        if (std::exchange(settled, false)) {
            leases.look();
        }
        book.write_audit();
        for (const std::string& device : events.take_marked()) {
            const DeviceLane* const of = events.wants_device(device) ? lane(device) : nullptr;
            if (of != nullptr) {
                events.device_changed(of->describe(), book.last_position());
            }
        }
    }

    /// Once nothing that was left in the outbox names the lane any more.
    void forget_when_written(const std::string& device) {
        outbox.flush();  // what is on disk already and was not sent yet names it too
        outbox.at(book.last_position(), [this, device] { lanes.erase(device); });
    }

    void sweep() {
        const auto retention =
            std::chrono::duration_cast<std::chrono::milliseconds>(options.retention).count();
        book.forget_settled_before(clock.unix_ms() - retention);
        timers.call_at(clock.now() + kSweepInterval, [this] { sweep(); });
    }

    const CoreOptions options;
    bool started = false;
    const KnownBugs bugs;
    const os::Clock& clock;
    BookStore& store;
    bool stopping = false;
    Timers timers;
    Audit audit;
    OperationBook book;
    Outbox outbox;
    Waiters waiters;
    Events events;
    Leases leases;
    bool settled = false;  ///< an operation came to its end, or out of doubt, in this turn
    const std::function<std::uint64_t()> random;
    LaneContext context;
    Requests::Lanes lanes;
    SaleDesk sales;
    Requests requests;
    OperatorPort* port = nullptr;
};

Core::Core(CoreOptions options, std::vector<DeviceConfig> devices, BookImage image,
           const os::Clock& clock, BookStore& store, HostPort& hosts, ipc::ReplySink& replies,
           std::function<std::uint64_t()> random, KnownBugs bugs)
    : parts_(std::make_unique<Parts>(std::move(options), std::move(image), clock, store, hosts,
                                     replies, std::move(random), bugs)) {
    for (DeviceConfig& device : devices) {
        const std::string id = device.id;
        parts_->lanes.emplace(id, std::make_unique<DeviceLane>(std::move(device), parts_->context));
    }
}

Core::~Core() = default;

void Core::start() {
    // By the clock, so that a book restored from a copy does not give a number a second time.
    const auto now_ms = static_cast<std::uint64_t>(parts_->clock.unix_ms());
    const auto [epoch, position] = parts_->book.next_epoch(std::string(kEventsEpochName), now_ms);
    parts_->events.begin(epoch.value, position, parts_->book);
    contract::AuditRecord began;
    began.kind = contract::AuditKind::started;
    began.who = kOwnClient;
    began.note = fmt::format("version {}, book epoch {}", parts_->options.program_version,
                             parts_->book.book_epoch());
    parts_->audit.add(std::move(began));
    parts_->started = true;
    for (const auto& [id, lane] : parts_->lanes) {
        lane->start();
    }
    parts_->requests.resume();
    parts_->sales.resume();
    parts_->sweep();
    parts_->tell();
}

void Core::set_operator(OperatorPort& port) {
    parts_->port = &port;
    parts_->requests.set_operator(port);
}

Figures Core::figures() const { return parts_->requests.figures(); }

void Core::on_request(ipc::PeerId peer, const ipc::PeerIdentity& identity,
                      const contract::Request& request) {
    parts_->requests.handle(peer, identity, request);
    parts_->tell();
}

void Core::on_peer_gone(ipc::PeerId peer) {
    parts_->requests.forget(peer);
    parts_->waiters.forget(peer);
    parts_->events.forget(peer);
    parts_->leases.forget(peer);
    for (const auto& [id, lane] : parts_->lanes) {
        lane->forget(peer);
    }
    parts_->tell();
}

void Core::on_host_message(const std::string& device, base::HostEpoch epoch,
                           const contract::FromHost& message) {
    if (DeviceLane* lane = parts_->lane(device)) {
        lane->on_message(epoch, message);
        parts_->events.mark(device);
        parts_->tell();
    }
}

void Core::on_host_gone(const std::string& device, base::HostEpoch epoch,
                        const std::string& reason) {
    DeviceLane* lane = parts_->lane(device);
    if (lane == nullptr) {
        return;
    }
    lane->on_gone(epoch, reason);
    parts_->tell();
    if (lane->is_finished()) {
        parts_->forget_when_written(device);
    }
}

void Core::on_host_stuck(const std::string& device, base::HostEpoch epoch,
                         const std::string& reason) {
    if (DeviceLane* lane = parts_->lane(device)) {
        lane->on_stuck(epoch, reason);
        parts_->tell();
    }
}

base::Done Core::may_add(const std::string& device) const {
    if (const DeviceLane* taken = parts_->lane(device)) {
        return taken->is_retired()
                   ? base::make_error(base::ErrorCode::retry_later,
                                      "device: the former one of that id is still ending")
                   : base::make_error(base::ErrorCode::conflict,
                                      "device: the id is taken by another device");
    }
    return {};
}

base::Done Core::add_device(DeviceConfig device) {
    TRY(may_add(device.id));
    const std::string id = device.id;
    auto& lane = parts_->lanes[id];
    lane = std::make_unique<DeviceLane>(std::move(device), parts_->context);
    if (parts_->started && !parts_->stopping) {
        lane->start();
    }
    parts_->events.mark(id);
    parts_->tell();
    return {};
}

base::Done Core::may_configure(const DeviceConfig& device) const {
    return TRY(parts_->requests.lane(device.id))->may_become(device);
}

base::Done Core::configure_device(DeviceConfig device) {
    TRY(may_configure(device));
    const std::string id = device.id;
    parts_->lane(id)->become(std::move(device));
    parts_->events.mark(id);
    parts_->tell();
    return {};
}

base::Done Core::may_remove(const std::string& device) const {
    if (const std::string& holder = parts_->leases.holder(device); !holder.empty()) {
        return base::make_error(base::ErrorCode::device_leased,
                                "device: " + holder + " has it for itself");
    }
    return TRY(parts_->requests.lane(device))->may_retire();
}

base::Done Core::remove_device(const std::string& device) {
    TRY(may_remove(device));
    DeviceLane* lane = parts_->lane(device);
    lane->retire();
    parts_->events.mark(device);
    parts_->tell();
    if (lane->is_finished()) {
        parts_->forget_when_written(device);
    }
    return {};
}

std::optional<contract::Device> Core::device(const std::string& device) const {
    const auto lane = parts_->requests.lane(device);
    return lane ? std::optional((*lane)->describe()) : std::nullopt;
}

bool Core::connect_now(const std::string& device) {
    const auto lane = parts_->requests.lane(device);
    return lane && (*lane)->connect_now();
}

void Core::on_plugged(const std::string& device) {
    if (DeviceLane* lane = parts_->lane(device)) {
        lane->plugged();
        parts_->tell();
    }
}

void Core::on_unplugged(const std::string& device) {
    if (DeviceLane* lane = parts_->lane(device)) {
        lane->unplugged();
        parts_->tell();
    }
}

base::Done Core::remember(DeviceConfig device) {
    DeviceLane* const lane = TRY(parts_->requests.lane(device.id));
    lane->remember(std::move(device));
    return {};
}

void Core::on_mirrored(const std::string& device) {
    if (DeviceLane* of = parts_->lane(device)) {
        of->mirrored();
        parts_->tell();
    }
}

std::optional<std::string> Core::device_of(const base::OperationId& operation) const {
    const OperationBook::Entry* entry = parts_->book.find(operation);
    return entry == nullptr ? std::nullopt : std::optional(entry->row.device);
}

base::Result<Rights> Core::rights_of(ipc::PeerId peer, const ipc::PeerIdentity& identity) const {
    return parts_->requests.rights_of(peer, identity);
}

std::string Core::client_of(ipc::PeerId peer) const { return parts_->requests.client_of(peer); }

base::Done Core::check_session(ipc::PeerId peer, std::optional<std::int64_t> session) const {
    return parts_->requests.check_session(peer, session);
}

base::Result<Rights> Core::rights_of(const ipc::PeerIdentity& identity) const {
    return parts_->requests.rights_of(identity);
}

base::Result<Rights> Core::rights_of(ipc::PeerId peer) const {
    return parts_->requests.rights_of(peer);
}

void Core::look_at_rights() {
    parts_->requests.look_at_rights();
    parts_->tell();
}

base::Done Core::admit(ipc::PeerId peer, const ipc::PeerIdentity& identity,
                       const contract::Request& request, const std::string& device) {
    auto may = parts_->requests.admit(peer, identity, request, device);
    parts_->tell();
    return may;
}

void Core::audit(contract::AuditRecord record) {
    parts_->audit.add(std::move(record));
    parts_->book.write_audit();
}

std::string Core::name_of(ipc::PeerId peer, const ipc::PeerIdentity& identity) const {
    return parts_->requests.name_of(peer, identity);
}

void Core::on_durable() { parts_->outbox.flush(); }

std::optional<os::Instant> Core::next_timer() const { return parts_->timers.next(); }

void Core::on_timer() {
    parts_->timers.fire(parts_->clock.now());
    parts_->tell();
}

void Core::stop() { parts_->stopping = true; }

bool Core::at_rest() const {
    for (const auto& [id, lane] : parts_->lanes) {
        if (!lane->at_rest()) {
            return false;
        }
    }
    return !parts_->audit.has_waiting() && parts_->store.durable() >= parts_->book.last_position();
}

}  // namespace tillhost::devd::core
