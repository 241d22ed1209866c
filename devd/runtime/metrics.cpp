#include "devd/runtime/metrics.h"

#include <fmt/format.h>

#include <iterator>
#include <string_view>

namespace tillhost::devd::runtime {
namespace {

using contract::OperationState;

double seconds(os::Duration duration) { return std::chrono::duration<double>(duration).count(); }

std::string escaped(std::string_view text) {
    std::string safe;
    for (const char letter : text) {
        if (letter == '\\' || letter == '"') {
            safe += '\\';
        }
        safe += letter == '\n' ? ' ' : letter;
    }
    return safe;
}

/// One family after the other; labels come ready.
class Writer final {
public:
    void family(std::string_view name, std::string_view type, std::string_view help) {
        name_ = name;
        put("# HELP tillhost_{} {}\n# TYPE tillhost_{} {}\n", name, help, name, type);
    }
    void value(const std::string& labels, double number) { sample("", labels, number); }
    void value(const std::string& labels, std::uint64_t number) { sample("", labels, number); }
    void histogram(const LatencyHistogram::Counts& counts) {
        std::uint64_t below = 0;
        for (std::size_t i = 0; i < counts.within.size(); ++i) {
            below += counts.within[i];
            sample("_bucket", fmt::format("le=\"{}\"", seconds(LatencyHistogram::kBounds[i])),
                   below);
        }
        sample("_bucket", "le=\"+Inf\"", counts.count);
        sample("_sum", "", seconds(counts.sum));
        sample("_count", "", counts.count);
    }
    std::string take() { return fmt::to_string(text_); }

private:
    template <class Number>
    void sample(std::string_view suffix, const std::string& labels, Number number) {
        if (labels.empty()) {
            put("tillhost_{}{} {}\n", name_, suffix, number);
        } else {
            put("tillhost_{}{}{{{}}} {}\n", name_, suffix, labels, number);
        }
    }
    template <class... Arguments>
    void put(fmt::format_string<Arguments...> words, Arguments&&... arguments) {
        fmt::format_to(std::back_inserter(text_), words, std::forward<Arguments>(arguments)...);
    }
    fmt::memory_buffer text_;
    std::string_view name_;
};

std::string device_label(const std::string& id) {
    return fmt::format("device=\"{}\"", escaped(id));
}

using ByState = std::array<std::uint64_t, 9>;

/// Labels and number of each state that has any; `all` also of those that have none now.
void write_states(Writer& to, const core::Figures& figures,
                  ByState core::OperationBook::Counts::*of,
                  const ByState core::OperationBook::Counts::*shown) {
    for (const auto& [device, counts] : figures.counts) {
        for (std::size_t i = 1; i < counts.held.size(); ++i) {
            if ((counts.*of)[i] != 0 || (counts.*shown)[i] != 0) {
                to.value(fmt::format("{},state=\"{}\"", device_label(device),
                                     contract::name_of(static_cast<OperationState>(i))),
                         (counts.*of)[i]);
            }
        }
    }
}

void write_operations(Writer& to, const core::Figures& figures) {
    using Counts = core::OperationBook::Counts;
    to.family("operations", "gauge", "Operations in the book by device and state.");
    write_states(to, figures, &Counts::held, &Counts::entered);
    to.family("operations_entered_total", "counter",
              "Operations that came into a state since devd started.");
    write_states(to, figures, &Counts::entered, &Counts::entered);
    std::uint64_t waiting_for_person = 0;
    for (const core::DoubtFigures& doubt : figures.doubts) {
        waiting_for_person += doubt.needs_person ? 1 : 0;
    }
    to.family("doubts_waiting", "gauge", "Operations in doubt by who can settle them.");
    to.value("by=\"person\"", waiting_for_person);
    to.value("by=\"device\"", figures.doubts.size() - waiting_for_person);
}

void write_book(Writer& to, const core::Figures& figures) {
    to.family("book_operations", "gauge", "Operations the book holds.");
    to.value("", figures.operations);
    to.family("book_operations_max", "gauge", "Operations the book may hold.");
    to.value("", figures.operations_max);
    to.family("book_unacknowledged", "gauge", "Final operations whose result nobody acknowledged.");
    to.value("", figures.unacknowledged);
    to.family("book_retention_seconds", "gauge", "How long acknowledged operations are kept.");
    to.value("", seconds(figures.retention));
    to.family("book_watermark_timestamp_seconds", "gauge",
              "Operation ids made before are refused; 0 when nothing was forgotten yet.");
    to.value("", static_cast<double>(figures.watermark_ms) / 1000);
    to.family("book_restore_fence_timestamp_seconds", "gauge",
              "Unknown operation ids made before are refused; 0 if never restored.");
    to.value("", static_cast<double>(figures.fence_ms) / 1000);
    to.family("book_epoch_timestamp_seconds", "gauge", "Last restore of the book; 0: never.");
    to.value("", static_cast<double>(figures.book_epoch) / 1000);
}

void write_store(Writer& to, const SqliteStore::Figures& store, bool has_room) {
    to.family("store_room", "gauge", "1 while new operations are taken, 0 when the disk is full.");
    to.value("", std::uint64_t{has_room && store.room ? 1U : 0U});
    to.family("store_free_bytes", "gauge", "Free room on the disk of the book as last measured.");
    to.value("", store.free_bytes);
    to.family("store_queue_length", "gauge", "Changes of the book that wait for the disk.");
    to.value("", store.changes_waiting);
    to.family("store_commit_seconds", "histogram", "Time of a commit of the book with its sync.");
    to.histogram(store.commit);
    to.family("backups_total", "counter", "Copies of the book made since devd started.");
    to.value("", store.backups);
    to.family("backup_last_timestamp_seconds", "gauge",
              "When the last copy was taken; 0: none since devd started.");
    to.value("", static_cast<double>(store.last_backup_ms) / 1000);
}

void write_device_states(Writer& to, const core::Figures& figures) {
    using State = contract::DeviceState;
    to.family("device_state", "gauge", "1 for the state in which a device is.");
    for (const core::DeviceFigures& one : figures.devices) {
        for (const State state : {State::offline, State::opening, State::ready, State::busy,
                                  State::in_doubt, State::quarantined}) {
            to.value(fmt::format("{},state=\"{}\"", device_label(one.device.device),
                                 contract::name_of(state)),
                     std::uint64_t{one.device.state == state ? 1U : 0U});
        }
    }
}

void write_devices(Writer& to, const core::Figures& figures) {
    write_device_states(to, figures);
    to.family("device_queue_length", "gauge", "Operations accepted that wait for a device.");
    for (const core::DeviceFigures& one : figures.devices) {
        to.value(device_label(one.device.device), static_cast<std::uint64_t>(one.device.queue));
    }
    to.family("device_host_starts_total", "counter",
              "Starts of a device's driver host since devd started; the first is no trouble.");
    for (const core::DeviceFigures& one : figures.devices) {
        to.value(device_label(one.device.device), one.host_starts);
    }
    to.family("device_last_ok_age_seconds", "gauge",
              "Age of a device's last good answer; absent while it has given none.");
    for (const core::DeviceFigures& one : figures.devices) {
        if (one.device.last_ok_ms >= 0) {
            to.value(device_label(one.device.device),
                     static_cast<double>(one.device.last_ok_ms) / 1000);
        }
    }
    to.family("device_shift_open_seconds", "gauge",
              "How long a shift kept by devd's policy has been open; absent while it is closed.");
    for (const core::DeviceFigures& one : figures.devices) {
        if (one.shift_open_for) {
            to.value(device_label(one.device.device), seconds(*one.shift_open_for));
        }
    }
}

void write_refusals(Writer& to, const NetworkFigures& network) {
    to.family("network_handshake_failures_total", "counter",
              "Connections that did not come in, by what they lacked.");
    for (std::size_t i = 0; i < network.failures.size(); ++i) {
        to.value(fmt::format("reason=\"{}\"", ipc::name_of(static_cast<ipc::HandshakeFailure>(i))),
                 network.failures.at(i));
    }
    const ipc::EndpointCounters& counters = network.counters;
    to.family("network_refused_total", "counter",
              "What peers on the network asked for beyond a limit, by limit.");
    to.value("limit=\"rate\"", counters.over_rate);
    to.value("limit=\"outstanding\"", counters.over_outstanding);
    to.value("limit=\"connections\"", counters.over_connections);
    to.value("limit=\"revoked\"", counters.after_drop);
    to.family("network_door_shut_total", "counter",
              "Times that no more connections were taken for a while: too many, or half open.");
    to.value("", counters.door_shut);
    to.family("pairing_wrong_codes_total", "counter", "Wrong pairing codes.");
    to.value("", network.wrong_codes);
}

void write_hosts(Writer& to, const NetworkFigures& network) {
    if (network.hosts == 0) {
        return;
    }
    to.family("remote_hosts", "gauge", "Hosts of [[remote]], and those connected now.");
    to.value("state=\"configured\"", std::uint64_t{network.hosts});
    to.value("state=\"connected\"", std::uint64_t{network.hosts_connected});
    to.family("remote_sessions", "gauge", "Programs of this host at devices of other hosts.");
    to.value("", std::uint64_t{network.relayed});
}

void write_network(Writer& to, const NetworkFigures& network) {
    to.family("network_listening", "gauge", "1 while devd serves workstations at the address.");
    to.value(fmt::format("address=\"{}\"", escaped(network.address)),
             std::uint64_t{network.on ? 1U : 0U});
    if (!network.on) {
        return;
    }
    to.family("workstations", "gauge", "Workstations that are paired, and those connected now.");
    to.value("state=\"paired\"", std::uint64_t{network.paired});
    to.value("state=\"connected\"", std::uint64_t{network.connected});
    to.family("pairing_open", "gauge", "1 while a pairing code is worth something.");
    to.value("", std::uint64_t{network.pairing_open ? 1U : 0U});
    to.family("network_connections", "gauge", "Connections from the network.");
    to.value("state=\"open\"", std::uint64_t{network.connections});
    to.value("state=\"half_open\"", std::uint64_t{network.half_open});
    to.family("network_requests_total", "counter", "Requests taken from the network.");
    to.value("", network.counters.requests);
    write_refusals(to, network);
}

}  // namespace

std::string metrics_text(const core::Figures& core, const SqliteStore::Figures& store,
                         const LoopFigures& loop, const NetworkFigures& network) {
    Writer to;
    to.family("build_info", "gauge", "Always 1; the version is in the label.");
    to.value(fmt::format("version=\"{}\"", escaped(core.program_version)), std::uint64_t{1});
    to.family("uptime_seconds", "gauge", "Since devd started.");
    to.value("", seconds(core.up));
    const contract::HealthReply health = core::health_of(core);
    to.family("health_reasons", "gauge", "Reasons in `tillctl health`; 0: devd is ready.");
    to.value("", std::uint64_t{health.reasons.size()});
    write_operations(to, core);
    write_book(to, core);
    write_store(to, store, core.has_room);
    write_devices(to, core);
    write_network(to, network);
    write_hosts(to, network);
    to.family("loop_lag_seconds", "histogram", "How late devd's own timers came.");
    to.histogram(loop.lag);
    to.family("scrapes_total", "counter", "Answers of the listener for these figures.");
    to.value("", loop.scrapes);
    to.family("scrapes_refused_total", "counter", "Connections that it ended without an answer.");
    to.value("", loop.scrapes_refused);
    return to.take();
}

}  // namespace tillhost::devd::runtime
