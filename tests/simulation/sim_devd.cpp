#include "tests/simulation/sim_devd.h"

#include <utility>

namespace tillhost::simulation {
namespace {

/// A message between two processes of one machine.
constexpr std::int64_t kMessageUsMin = 10;
constexpr std::int64_t kMessageUsMax = 200;
/// What systemd gives it.
constexpr os::Duration kStopTime = std::chrono::seconds(30);

}  // namespace

SimDevd::SimDevd(Scheduler& scheduler, const os::Clock& clock, SimStore& store, SimHosts& hosts,
                 Findings& findings, Setup setup, Chance chance)
    : scheduler_(scheduler),
      clock_(clock),
      store_(store),
      hosts_(hosts),
      findings_(findings),
      setup_(std::move(setup)),
      chance_(chance) {
    store_.set_listener([this] {
        durable_moved_ = true;
        scheduler_.notify(work_);
    });
    hosts_.set_listener([this](HostNews news) { push(std::move(news)); });
}

SimDevd::~SimDevd() = default;

void SimDevd::boot() {
    ++life_;
    endpoint_ = std::make_unique<ipc::LoopbackEndpoint>();
    process_ = scheduler_.start(
        "devd", [this] { run(); }, [this](bool killed) { on_death(killed); });
}

void SimDevd::kill_at_point(std::uint32_t points) {
    scheduler_.kill_at_point(process_, points, ms(20));
}

void SimDevd::stop() {
    stop_asked_ = true;
    scheduler_.notify(work_);
    scheduler_.after(kStopTime, [this, process = process_] { scheduler_.kill(process); });
}

void SimDevd::run() {
    devd::core::Core core(
        setup_.options, setup_.devices, store_.image(), clock_, store_, hosts_, *this,
        [this] { return chance_.next(); }, setup_.bugs);
    struct Known {
        SimDevd& devd;
        ~Known() { devd.core_ = nullptr; }
    } known{*this};
    core_ = &core;
    scheduler_.trace().say(scheduler_.now(), "devd", "starts");
    core.start();
    bool stopping = false;
    while (true) {
        const auto timer = core.next_timer();
        const bool timer_due = timer && *timer <= scheduler_.now();
        if (inbox_.empty() && !durable_moved_ && !stop_asked_ && !timer_due) {
            scheduler_.wait(work_, timer.value_or(os::Deadline::max()));
        }
        scheduler_.point();
        if (std::exchange(durable_moved_, false)) {
            core.on_durable();
        }
        if (core.next_timer() && *core.next_timer() <= scheduler_.now()) {
            core.on_timer();
        }
        if (!inbox_.empty()) {
            Item item = std::move(inbox_.front());
            inbox_.pop_front();
            handle(item);
        }
        if (std::exchange(stop_asked_, false)) {
            core.stop();
            stopping = true;
        }
        if (stopping && core.at_rest()) {
            return;
        }
    }
}

void SimDevd::handle(Item& item) {
    if (const auto* arrived = std::get_if<Arrived>(&item)) {
        endpoint_->request(arrived->connection->peer, arrived->request, *core_);
    } else if (const auto* closed = std::get_if<Closed>(&item)) {
        endpoint_->disconnect(closed->peer, *core_);
        connections_.erase(closed->peer);
    } else if (const auto* news = std::get_if<HostNews>(&item)) {
        if (news->stuck) {
            core_->on_host_stuck(news->device, news->epoch, "it was killed and is still there");
        } else if (news->message) {
            core_->on_host_message(news->device, news->epoch, *news->message);
        } else {
            core_->on_host_gone(news->device, news->epoch, "the process is gone");
        }
    }
}

void SimDevd::push(Item item) {
    if (core_ != nullptr) {
        inbox_.push_back(std::move(item));
        scheduler_.notify(work_);
    }
}

void SimDevd::on_death(bool killed) {
    scheduler_.trace().say(scheduler_.now(), "devd", "{}", killed ? "is dead" : "has ended");
    if (!killed && !store_.at_rest()) {
        findings_.add("devd: it ended in good order with changes that were not on disk");
    }
    stop_asked_ = false;
    store_.crash();
    hosts_.devd_died();
    inbox_.clear();
    durable_moved_ = false;
    for (auto& [peer, connection] : connections_) {
        connection->open = false;
        scheduler_.notify(connection->heard);
    }
    connections_.clear();
    endpoint_.reset();
    scheduler_.after(chance_.ms_between(20, 3000), [this] { boot(); });
}

// --- clients

ConnectionPtr SimDevd::connect() {
    if (core_ == nullptr) {
        return nullptr;
    }
    auto connection = std::make_shared<Connection>();
    connection->peer = endpoint_->connect({.uid = 1000, .pid = 0});
    connection->life = life_;
    connections_.emplace(connection->peer, connection);
    return connection;
}

void SimDevd::request(const ConnectionPtr& connection, const contract::Request& request,
                      os::Duration delay) {
    connection->on_way.push_back(request);
    const bool late = trouble_ != 0 && chance_.percent(trouble_);
    const os::Duration more = late ? chance_.ms_between(1, 8000) : os::Duration{};
    scheduler_.after(chance_.us_between(kMessageUsMin, kMessageUsMax) + delay + more,
                     [this, connection] {
                         if (!connection->open || connection->on_way.empty()) {
                             return;
                         }
                         contract::Request front = std::move(connection->on_way.front());
                         connection->on_way.pop_front();
                         push(Arrived{connection, std::move(front)});
                     });
}

std::deque<contract::Request> SimDevd::close(const ConnectionPtr& connection) {
    if (!connection->open) {
        return std::exchange(connection->on_way, {});
    }
    connection->open = false;
    if (connection->life == life_) {
        push(Closed{connection->peer});
    }
    return std::exchange(connection->on_way, {});
}

bool SimDevd::send(ipc::PeerId peer, const contract::Reply& reply) {
    scheduler_.point();
    const bool lost = trouble_ != 0 && chance_.percent(trouble_);
    if (lost && reply.is_event) {
        return false;  // a queue that is full says so; a reply it drops is asked for again
    }
    endpoint_->send(peer, reply);
    const auto found = connections_.find(peer);
    if (found == connections_.end()) {
        return false;
    }
    auto said = endpoint_->next_reply(peer);
    if (said && !lost) {
        const ConnectionPtr connection = found->second;
        connection->on_way_back.push_back(std::move(*said));
        scheduler_.after(chance_.us_between(kMessageUsMin, kMessageUsMax), [this, connection] {
            connection->arrived.push_back(std::move(connection->on_way_back.front()));
            connection->on_way_back.pop_front();
            scheduler_.notify(connection->heard);
        });
    }
    scheduler_.point();
    return true;
}

}  // namespace tillhost::simulation
