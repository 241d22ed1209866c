#include "tests/simulation/sim_hosts.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "ipc/contract/decoder.h"
#include "ipc/msgpack.h"

namespace tillhost::simulation {

using base::Done;
using base::ErrorCode;
using base::Result;

namespace {

/// How long a message is on its way between two processes of one machine.
constexpr std::int64_t kLinkUsMin = 5;
constexpr std::int64_t kLinkUsMax = 120;
/// As the product's spawner: a killed host that is not gone by then is reported as stuck.
constexpr os::Duration kStuckAfter = std::chrono::seconds(5);

/// The message as the other side reads it. A message that the schema forbids ends a host.
template <class Message>
Result<Message> through_bytes(const Message& message) {
    const auto value = TRY(ipc::decode_msgpack(ipc::encode_msgpack(contract::to_value(message))));
    return contract::from_value<Message>(value);
}

}  // namespace

struct SimHosts::Host {
    Slot& slot;
    base::HostEpoch epoch;
    std::uint64_t life;
    ProcessId process{};
    bool runs = false;
    bool ended = false;
    bool gone_told = false;
    bool link_open = true;
    std::optional<os::Duration> linger{};
    std::deque<contract::ToHost> on_way{};
    std::deque<contract::ToHost> inbox{};
    std::deque<contract::FromHost> outbox{};
    Signal heard{};
};

/// A host's end of its link.
class SimHosts::Link final : public devd::host::HostLink {
public:
    Link(SimHosts& hosts, std::shared_ptr<Host> host) : hosts_(hosts), host_(std::move(host)) {}

    Done send(const contract::FromHost& message) override {
        hosts_.scheduler_.point();
        if (!host_->link_open) {
            return base::make_error(ErrorCode::link_lost, "devd is gone");
        }
        if (hosts_.scheduler_.trace().on()) {
            hosts_.scheduler_.trace().say(hosts_.scheduler_.now(), host_->slot.device.id,
                                          "host {} says {}", host_->epoch.value, words(message));
        }
        host_->outbox.push_back(message);
        hosts_.scheduler_.after(hosts_.chance_.us_between(kLinkUsMin, kLinkUsMax),
                                [&hosts = hosts_, host = host_] { hosts.deliver(host); });
        host_->slot.device.watch.host_said(message);
        hosts_.scheduler_.point();
        return {};
    }

    Result<contract::ToHost> receive(os::Deadline deadline) override {
        hosts_.scheduler_.point();
        while (host_->inbox.empty()) {
            if (!host_->link_open) {
                return base::make_error(ErrorCode::link_lost, "devd is gone");
            }
            if (!hosts_.scheduler_.wait(host_->heard, deadline)) {
                return base::make_error(ErrorCode::deadline_passed, "devd said nothing");
            }
        }
        contract::ToHost message = std::move(host_->inbox.front());
        host_->inbox.pop_front();
        hosts_.scheduler_.trace().say(hosts_.scheduler_.now(), host_->slot.device.id,
                                      "host {} hears {}", host_->epoch.value,
                                      contract::case_of(message));
        host_->slot.device.watch.host_heard(message);
        hosts_.scheduler_.point();
        return message;
    }

private:
    static std::string words(const contract::FromHost& message) {
        std::string said(contract::case_of(message));
        if (const auto* persist = std::get_if<contract::Persist>(&message)) {
            said += fmt::format(" {} of attempt {}", contract::case_of(persist->record),
                                persist->attempt);
        } else if (const auto* finished = std::get_if<contract::Finished>(&message)) {
            said += finished->error
                        ? fmt::format(
                              ": {} effect {}: {}", finished->error->code,
                              finished->error->effect == base::Effect::none ? "none" : "unknown",
                              finished->error->text)
                        : ": done";
        } else if (const auto* opened = std::get_if<contract::Opened>(&message)) {
            said += opened->resolution
                        ? fmt::format(": {}, {}", contract::name_of(opened->resolution->verdict),
                                      opened->resolution->reason)
                        : "";
        } else if (const auto* resolved = std::get_if<contract::Resolved>(&message)) {
            said += resolved->resolution
                        ? fmt::format(": {}, {}", contract::name_of(resolved->resolution->verdict),
                                      resolved->resolution->reason)
                        : fmt::format(": {}", resolved->error->text);
        } else if (const auto* failed = std::get_if<contract::OpenFailed>(&message)) {
            said += fmt::format(": {}: {}", failed->error.code, failed->error.text);
        } else if (const auto* announce = std::get_if<contract::Announce>(&message)) {
            said += fmt::format(" {} {} ms", announce->step, announce->budget_ms);
        }
        return said;
    }

    SimHosts& hosts_;
    std::shared_ptr<Host> host_;
};

SimHosts::SimHosts(Scheduler& scheduler, const os::Clock& clock, Findings& findings,
                   Options options, Chance chance)
    : scheduler_(scheduler),
      clock_(clock),
      findings_(findings),
      options_(options),
      chance_(chance) {}

SimHosts::~SimHosts() = default;

void SimHosts::add(Device device) {
    const std::string id = device.id;
    slots_.emplace(id, Slot{std::move(device), {}});
}

SimHosts::Slot& SimHosts::slot(const std::string& device) { return slots_.at(device); }

void SimHosts::spawn(const std::string& device, base::HostEpoch epoch) {
    scheduler_.point();
    Slot& of = slot(device);
    auto host = std::make_shared<Host>(Host{.slot = of, .epoch = epoch, .life = life_});
    const bool waits = !of.hosts.empty() && !options_.two_hosts;
    for (const auto& former : of.hosts) {
        if (former->life == life_ && !options_.two_hosts) {
            findings_.add(fmt::format("hosts: {} got host {} while host {} was not gone", device,
                                      epoch.value, former->epoch.value));
        }
    }
    of.hosts.push_back(host);
    scheduler_.trace().say(scheduler_.now(), device, "host {} is spawned{}", epoch.value,
                           waits ? ", waits for the lock" : "");
    if (!waits) {
        start(host);
    }
    scheduler_.point();
}

void SimHosts::start(const std::shared_ptr<Host>& host) {
    host->runs = true;
    scheduler_.after(chance_.us_between(500, 20'000), [this, host] {
        if (host->ended) {
            return;
        }
        host->process = scheduler_.start(
            fmt::format("host of {}", host->slot.device.id), [this, host] { run(host); },
            [this, host](bool killed) { on_ended(host, killed); });
    });
}

void SimHosts::run(const std::shared_ptr<Host>& host) {
    const Device& device = host->slot.device;
    Link link(*this, host);
    device.line.wish(false);  // it was for the process before
    devd::host::Self self{device.driver, 1000};
    self.take_abort = [&device] { return device.line.take_wish(); };
    devd::host::Host loop(link, clock_, std::move(self),
                          [&device](const std::vector<contract::Setting>& settings) {
                              return device.make(settings, device.line.connector());
                          });
    const base::Error why = loop.run();
    scheduler_.trace().say(scheduler_.now(), device.id, "host {} ends: {}", host->epoch.value,
                           base::to_text(why));
    if (why.code != ErrorCode::link_lost) {
        findings_.add(
            fmt::format("hosts: {}'s host ended itself: {}", device.id, base::to_text(why)));
    }
}

void SimHosts::deliver(const std::shared_ptr<Host>& host) {
    if (host->outbox.empty()) {
        return;
    }
    contract::FromHost message = std::move(host->outbox.front());
    host->outbox.pop_front();
    if (host->life != life_ || !listener_ || host->gone_told) {
        return;
    }
    if (options_.through_bytes) {
        auto read = through_bytes(message);
        if (!read) {
            findings_.add("hosts: a host's message breaks the schema: " +
                          base::to_text(read.error()));
            return;
        }
        message = std::move(*read);
    }
    listener_({host->slot.device.id, host->epoch, std::move(message), false});
}

void SimHosts::on_ended(const std::shared_ptr<Host>& host, bool killed) {
    host->ended = true;
    const os::Duration linger = host->linger.value_or(lingering(killed));
    scheduler_.trace().say(scheduler_.now(), host->slot.device.id, "host {} {}, gone in {} us",
                           host->epoch.value, killed ? "is killed" : "has ended", linger / us(1));
    host->slot.device.watch.host_gone();
    if (options_.two_hosts) {
        tell_gone(host);
    }
    if (linger > kStuckAfter) {
        scheduler_.after(kStuckAfter, [this, host] {
            if (host->life == life_ && listener_) {
                listener_({host->slot.device.id, host->epoch, std::nullopt, true});
            }
        });
    }
    scheduler_.after(linger, [this, host] { on_gone(host); });
}

/// A process that is killed while it writes hangs in the kernel for a while.
os::Duration SimHosts::lingering(bool killed) {
    if (!killed || chance_.percent(40)) {
        return chance_.us_between(50, 2000);
    }
    return chance_.percent(40) ? chance_.ms_between(2, 100) : chance_.ms_between(100, 4000);
}

void SimHosts::on_gone(const std::shared_ptr<Host>& host) {
    Slot& of = host->slot;
    of.device.line.release(host->process);
    scheduler_.trace().say(scheduler_.now(), of.device.id, "host {} is gone", host->epoch.value);
    tell_gone(host);
    std::erase(of.hosts, host);
    for (const auto& next : of.hosts) {
        if (!next->runs) {
            start(next);
            break;
        }
    }
}

void SimHosts::tell_gone(const std::shared_ptr<Host>& host) {
    while (!host->outbox.empty()) {
        deliver(host);
    }
    if (!host->gone_told && host->life == life_ && listener_) {
        listener_({host->slot.device.id, host->epoch, std::nullopt, false});
    }
    host->gone_told = true;
}

void SimHosts::kill(const std::string& device) {
    scheduler_.point();
    const Slot& of = slot(device);
    if (of.hosts.empty()) {
        return;
    }
    const std::shared_ptr<Host> host = of.hosts.back();
    scheduler_.trace().say(scheduler_.now(), device, "devd kills host {}", host->epoch.value);
    scheduler_.kill(host->process);
    if (!host->ended && host->process == ProcessId{}) {  // it has not begun to run
        host->ended = true;
        scheduler_.after(us(100), [this, host] { on_gone(host); });
    }
}

void SimHosts::send(const std::string& device, const contract::ToHost& message) {
    scheduler_.point();
    const Slot& of = slot(device);
    if (!of.hosts.empty()) {
        const std::shared_ptr<Host>& host = of.hosts.back();
        if (options_.through_bytes) {
            auto read = through_bytes(message);
            if (!read) {
                findings_.add("hosts: devd's message breaks the schema: " +
                              base::to_text(read.error()));
                return;
            }
            host->on_way.push_back(std::move(*read));
        } else {
            host->on_way.push_back(message);
        }
        scheduler_.after(chance_.us_between(kLinkUsMin, kLinkUsMax), [this, host] {
            host->inbox.push_back(std::move(host->on_way.front()));
            host->on_way.pop_front();
            scheduler_.notify(host->heard);
        });
    }
    scheduler_.point();
}

void SimHosts::abort(const std::string& device) {
    scheduler_.point();
    Slot& of = slot(device);
    scheduler_.trace().say(scheduler_.now(), device, "devd wants it to break off");
    if (!of.hosts.empty() && !of.hosts.back()->ended) {
        of.device.line.wish(true);
    }
}

void SimHosts::devd_died() {
    ++life_;
    for (auto& [id, of] : slots_) {
        for (const auto& host : of.hosts) {
            host->link_open = false;
            if (host->ended) {
                continue;
            }
            if (host->process == ProcessId{}) {
                host->ended = true;
                scheduler_.after(us(100), [this, gone = host] { on_gone(gone); });
            } else {
                scheduler_.kill(host->process);
            }
        }
    }
}

bool SimHosts::kill_at_point(const std::string& device, std::uint32_t points,
                             std::optional<os::Duration> linger) {
    const Slot& of = slot(device);
    if (of.hosts.empty() || of.hosts.back()->ended || of.hosts.back()->process == ProcessId{}) {
        return false;
    }
    of.hosts.back()->linger = linger;
    scheduler_.kill_at_point(of.hosts.back()->process, points, ms(20));
    return true;
}

}  // namespace tillhost::simulation
