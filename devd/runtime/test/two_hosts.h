#pragma once

#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "devd/core/operation_book.h"
#include "devd/core/test/rig.h"
#include "devd/runtime/remote_driver.h"

namespace tillhost::devd::runtime {

/// Time, chance, and what happens next; everything in one thread.
class World final {
public:
    explicit World(std::uint64_t seed) : random(seed) {}

    void after(os::Duration wait, std::function<void()> action) {
        events_.emplace(clock.now() + wait, std::move(action));
    }
    os::Duration some(int ms_max) {
        return std::chrono::microseconds(std::uniform_int_distribution<>(0, ms_max * 1000)(random));
    }
    bool chance(double of) { return std::uniform_real_distribution<>(0, 1)(random) < of; }
    /// The earliest event, if it comes before `until`.
    bool step(os::Instant until) {
        if (events_.empty() || events_.begin()->first > until) {
            return false;
        }
        const auto next = events_.extract(events_.begin());
        if (next.key() > clock.now()) {
            clock.advance(next.key() - clock.now());
        }
        next.mapped()();
        return true;
    }

    os::FakeClock clock;
    std::mt19937_64 random;

private:
    std::multimap<os::Instant, std::function<void()>> events_;
};

/// What a registrar remembers whatever happens to its host: documents by operation.
using Memory = std::map<base::OperationId, int>;

/// A core with a disk that is late, and a life that may end at any moment.
class SimHost {
public:
    explicit SimHost(World& world) : world_(world) { store_.held = true; }
    virtual ~SimHost() = default;

    /// The process ends; what was not on disk is gone.
    void crash() {
        image_ = store_.image();
        store_.changes.resize(store_.durable());
        ++life_;
        end();
        core_.reset();
        endpoint_ = std::make_unique<ipc::LoopbackEndpoint>();
    }
    /// Alive until the next crash.
    bool is_life(int life) const { return core_ != nullptr && life == life_; }
    bool lives() const { return core_ != nullptr; }
    int life() const { return life_; }
    core::Core& core() { return *core_; }
    ipc::LoopbackEndpoint& endpoint() { return *endpoint_; }

    /// In this life and no later one.
    void after(os::Duration wait, std::function<void()> action) {
        world_.after(wait, [this, life = life_, action = std::move(action)] {
            if (is_life(life)) {
                action();
            }
        });
    }

protected:
    virtual void end() = 0;
    void begin(core::DeviceConfig device, core::CoreOptions options, core::HostPort& hosts) {
        core_ = std::make_unique<core::Core>(std::move(options),
                                             std::vector<core::DeviceConfig>{std::move(device)},
                                             std::exchange(image_, {}), world_.clock, store_, hosts,
                                             *endpoint_, [this] { return world_.random(); });
        core_->start();
        write_now_and_then();
        look_at_time();
    }

    World& world_;
    core::FakeStore store_;
    core::BookImage image_;
    std::unique_ptr<ipc::LoopbackEndpoint> endpoint_ = std::make_unique<ipc::LoopbackEndpoint>();
    std::unique_ptr<core::Core> core_;
    int life_ = 0;

private:
    void write_now_and_then() {
        after(std::chrono::milliseconds(2) + world_.some(10), [this] {
            store_.sync();
            core_->on_durable();
            write_now_and_then();
        });
    }
    void look_at_time() {
        after(std::chrono::milliseconds(50), [this] {
            const auto next = core_->next_timer();
            if (next && *next <= world_.clock.now()) {
                core_->on_timer();
            }
            look_at_time();
        });
    }
};

/// The host that owns the registrar "kassa". Its driver does as it is told, asks its device what
/// became of a doubt, and may die between any two words.
class Owner final : public SimHost, private core::HostPort {
public:
    explicit Owner(World& world) : SimHost(world) {}
    void start() { begin({.id = "kassa", .driver = "fiscal/toy", .settings = {}}, {}, *this); }
    /// The driver's process dies.
    void lose_driver() {
        if (lives() && driver_ != 0) {
            kill("kassa");
        }
    }

    /// The registrar is switched off for so long: what waits for it waits in this host's queue.
    void switch_off(os::Duration how_long) {
        off_until_ = world_.clock.now() + how_long;
        lose_driver();
    }

    Memory memory;

private:
    void end() override { driver_ = 0; }
    void spawn(const std::string&, base::HostEpoch epoch) override {
        epoch_ = epoch;
        driver_ = ++last_driver_;
        say(contract::HostHello{1, "fiscal/toy", 7});
        beat(driver_);
    }
    void beat(int driver) {
        after(std::chrono::seconds(2), [this, driver] {
            if (driver == driver_ && driver_ != 0) {
                say(contract::Beat{});
                beat(driver);
            }
        });
    }
    void kill(const std::string&) override {
        driver_ = 0;
        after(world_.some(5),
              [this, epoch = epoch_] { core_->on_host_gone("kassa", epoch, "killed"); });
    }
    void send(const std::string&, const contract::ToHost& message) override {
        const auto* open = std::get_if<contract::Open>(&message);
        if (open != nullptr && world_.clock.now() < off_until_) {
            say(contract::OpenFailed{contract::to_contract(
                base::make_error(base::ErrorCode::device_not_ready, "switched off"))});
        } else if (open != nullptr) {
            contract::Opened opened{core::Rig::identity(), contract::FiscalStatus{}, {}};
            if (open->pending) {
                note(open->pending->command);
                opened.resolution = judge(open->pending->operation_id);
            }
            say(std::move(opened));
        } else if (const auto* execute = std::get_if<contract::Execute>(&message)) {
            attempt_ = execute->attempt;
            note(execute->command);
            contract::PaymentMarker payment;
            payment.identity = core::Rig::identity();
            say(contract::Persist{execute->operation_id, attempt_,
                                  pays_ ? contract::Marker(payment) : core::Rig::marker()});
        } else if (const auto* go = std::get_if<contract::Go>(&message)) {
            register_document(go->operation_id);
        } else if (const auto* resolve = std::get_if<contract::ResolveCommand>(&message)) {
            note(resolve->pending.command);
            contract::Resolved resolved;
            resolved.operation_id = resolve->pending.operation_id;
            resolved.attempt = resolve->pending.attempt;
            resolved.resolution = judge(resolved.operation_id);
            say(std::move(resolved));
        } else if (const auto* query = std::get_if<contract::QueryCommand>(&message)) {
            say(contract::Queried{query->ticket, contract::FiscalStatus{}, {}, false});
        }
    }
    void register_document(const base::OperationId& id) {
        after(world_.some(20), [this, id, driver = driver_] {
            if (driver != driver_ || driver_ == 0) {
                return;
            }
            ++memory[id];
            contract::Finished finished;
            finished.operation_id = id;
            finished.attempt = attempt_;
            finished.result = result();
            say(std::move(finished));
        });
    }
    contract::Resolution judge(const base::OperationId& id) {
        contract::Resolution said;
        said.identity = core::Rig::identity();
        said.verdict =
            memory.contains(id) ? contract::Verdict::executed : contract::Verdict::not_executed;
        if (memory.contains(id)) {
            said.result = result();
        }
        return said;
    }
    void note(const contract::Command& command) {
        const auto* pay = std::get_if<contract::Authorise>(&command);
        pays_ = pay != nullptr;
        amount_ = pays_ ? pay->amount_minor : 0;
    }
    contract::OperationResult result() const {
        if (!pays_) {
            return core::Rig::result();
        }
        contract::PaymentResult paid;
        paid.amount_minor = amount_;
        paid.requested_minor = amount_;
        paid.currency = "EUR";
        return paid;
    }
    void say(contract::FromHost message) {
        after(world_.some(5), [this, driver = driver_, message = std::move(message)] {
            if (driver == driver_ && driver_ != 0) {
                core_->on_host_message("kassa", epoch_, message);
            }
        });
    }

    os::Instant off_until_{};
    base::HostEpoch epoch_;
    int driver_ = 0;  ///< 0: none lives
    int last_driver_ = 0;
    std::int64_t attempt_ = 0;
    bool pays_ = false;
    std::int64_t amount_ = 0;
};

}  // namespace tillhost::devd::runtime
