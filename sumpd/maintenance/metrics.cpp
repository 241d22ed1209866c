#include "sumpd/maintenance/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "sumpd/exchange/json_codec.h"

namespace tillhost::sumpd::maintenance {
namespace {

using exchange::FieldVisitor;

double seconds(std::int64_t ms) { return static_cast<double>(ms) / 1000; }

/// One family after the other; labels come ready.
class Writer final {
public:
    void family(std::string_view name, std::string_view type, std::string_view help) {
        name_ = name;
        put("# HELP tillhost_sumpd_{} {}\n# TYPE tillhost_sumpd_{} {}\n", name, help, name, type);
    }
    template <class Number>
    void value(std::string_view labels, Number number) {
        if (labels.empty()) {
            put("tillhost_sumpd_{} {}\n", name_, number);
        } else {
            put("tillhost_sumpd_{}{{{}}} {}\n", name_, labels, number);
        }
    }
    template <class Number>
    void gauge(std::string_view name, std::string_view help, Number number) {
        family(name, "gauge", help);
        value("", number);
    }
    std::string take() { return fmt::to_string(text_); }

private:
    template <class... Arguments>
    void put(fmt::format_string<Arguments...> words, Arguments&&... arguments) {
        fmt::format_to(std::back_inserter(text_), words, std::forward<Arguments>(arguments)...);
    }
    fmt::memory_buffer text_;
    std::string_view name_;
};

void write_documents(Writer& to, const Facts& facts, std::int64_t now_ms) {
    to.family("documents", "gauge", "Documents of apps by what became of them.");
    to.value("state=\"waiting\"", facts.documents_waiting);
    to.value("state=\"in_message\"", facts.documents_in_message);
    to.value("state=\"rejected\"", facts.documents_rejected);
    to.value("state=\"forgotten\"", facts.documents_known);
    to.gauge("documents_held", "Documents of any state whose body is kept.", facts.documents);
    to.gauge("documents_deferred", "Of those that wait: deferred by the accounting system.",
             facts.documents_deferred);
    to.gauge("oldest_unsent_seconds", "Since the oldest document that waits came; 0: none waits.",
             facts.oldest_unsent_ms == 0
                 ? 0.0
                 : seconds(std::max<std::int64_t>(0, now_ms - facts.oldest_unsent_ms)));
    to.gauge("conflicts_open", "Second bodies of documents that nobody has resolved.",
             facts.conflicts_open);
    to.gauge("gaps", "Ranges of DeviceSeq that did not come.", facts.gaps);
}

void write_exchange(Writer& to, const Facts& facts) {
    to.family("message_number", "gauge", "Numbers of messages in both directions.");
    to.value("of=\"sent\"", facts.sent_no);
    to.value("of=\"acknowledged\"", facts.acked_no);
    to.value("of=\"received\"", facts.received_no);
    to.family("exchange_last_timestamp_seconds", "gauge", "Last message; 0: none yet.");
    to.value("direction=\"in\"", seconds(facts.last_in_ms));
    to.value("direction=\"out\"", seconds(facts.last_out_ms));
    to.gauge("import_running", "1 while a message is queued or being applied.",
             facts.import_job == 0 ? 0 : 1);
    to.gauge("objects", "Goods, prices, users and all else that apps get.", facts.objects);
    to.gauge("needs_full_message", "1 since a restore until a full message has come.",
             facts.needs_full_message ? 1 : 0);
}

void write_apps(Writer& to, const Facts& facts) {
    to.family("apps", "gauge", "Apps that are enrolled.");
    to.value("state=\"active\"", facts.apps_active);
    to.value("state=\"revoked\"", facts.apps_revoked);
    to.gauge("sessions", "People who are logged in to apps.", facts.sessions);
    to.family("commands", "gauge", "Commands of apps at devices that are not finished.");
    to.value("state=\"open\"", facts.commands_open);
    to.value("state=\"unknown\"", facts.commands_unknown);
}

void write_store(Writer& to, const Facts& facts) {
    to.family("commits_total", "counter", "Transactions on the disk since the start.");
    to.value("", facts.commits);
    to.gauge("writes_waiting", "Changes that wait for the disk.", facts.writes_waiting);
    to.gauge("database_bytes", "Size of the database.", facts.database_bytes);
    to.gauge("database_reusable_bytes", "Of it: what a compaction gives back.",
             facts.reusable_bytes);
    to.gauge("log_bytes", "Size of the write-ahead log.", facts.log_bytes);
    to.gauge("parts_bytes", "Files of messages that are under way.", facts.parts_bytes);
    to.gauge("disk_free_bytes", "Free room on the disk of the database.", facts.disk_free_bytes);
    to.family("store_room", "gauge", "1 while it is taken, 0 when the disk is too full for it.");
    to.value("for=\"documents\"", facts.has_room ? 1 : 0);
    to.value("for=\"messages\"", facts.has_spare ? 1 : 0);
    to.gauge("backup_last_timestamp_seconds", "When the newest copy was taken; 0: there is none.",
             seconds(facts.last_backup_ms));
    to.gauge("restored_timestamp_seconds", "When a copy was put back last; 0: never.",
             seconds(facts.restored_ms));
}

void add_unsent(std::vector<Alarm>& alarms, const Facts& facts, std::int64_t now_ms) {
    const std::int64_t age = now_ms - facts.oldest_unsent_ms;
    if (facts.oldest_unsent_ms != 0 && age >= kUnsentLookMs) {
        alarms.push_back({"documents_unsent", age >= kUnsentActMs ? Grave::act : Grave::look,
                          fmt::format("{} documents wait for the accounting system, the oldest for "
                                      "{} minutes",
                                      facts.documents_waiting, age / 60'000)});
    }
}

void add_disk(std::vector<Alarm>& alarms, const Facts& facts) {
    if (!facts.has_room) {
        alarms.push_back(
            {"disk_full", Grave::act,
             fmt::format("{} bytes are free: documents are refused", facts.disk_free_bytes)});
    } else if (!facts.has_spare) {
        alarms.push_back({"disk_short", Grave::act,
                          fmt::format("{} bytes are free: messages are refused, documents are "
                                      "still taken",
                                      facts.disk_free_bytes)});
    }
}

/// What "when" is a person's to decide.
void add_open(std::vector<Alarm>& alarms, const Facts& facts) {
    if (facts.commands_unknown > 0) {
        alarms.push_back({"commands_unknown", Grave::act,
                          fmt::format("of {} commands at devices nobody knows what became of them",
                                      facts.commands_unknown)});
    }
    if (facts.conflicts_open > 0) {
        alarms.push_back({"conflicts_open", Grave::look,
                          fmt::format("{} documents came with a DocId or DeviceSeq of another one",
                                      facts.conflicts_open)});
    }
    if (facts.gaps > 0) {
        alarms.push_back(
            {"documents_missing", Grave::look,
             fmt::format("{} ranges of documents did not come from apps", facts.gaps)});
    }
    if (facts.needs_full_message) {
        alarms.push_back({"needs_full_message", Grave::act,
                          "the server was restored: goods and prices are those of the copy until "
                          "the accounting system sends a full message"});
    }
}

void add_backup(std::vector<Alarm>& alarms, const Facts& facts, std::int64_t now_ms) {
    if (now_ms - facts.last_backup_ms >= kBackupOldMs) {
        alarms.push_back({"backup_old", Grave::look,
                          facts.last_backup_ms == 0 ? "there is no copy of the data"
                                                    : "the newest copy of the data is old"});
    }
    if (!facts.activity.is_running && !facts.activity.fault.empty()) {
        alarms.push_back({"maintenance_failed", Grave::look,
                          fmt::format("the last {} failed: {}", name_of(facts.activity.task),
                                      facts.activity.fault)});
    }
}

std::string_view word_of(Grave grave) {
    constexpr std::array<std::string_view, 3> kWords = {"fine", "look", "act"};
    return kWords.at(static_cast<std::size_t>(grave));
}

struct AlarmLine {
    std::string code{};
    std::string grave{};
    std::string text{};
};
struct Health {
    std::string state{};
    std::string version{};
    std::vector<AlarmLine> alarms{};
};
constexpr exchange::Length kText{0, 1000};
constexpr std::size_t kAlarmsMax = 32;

void fields(FieldVisitor& v, AlarmLine& x) {
    v.value("Code", x.code, kText);
    v.value("Grave", x.grave, kText);
    v.value("Text", x.text, kText);
}
void fields(FieldVisitor& v, Health& x) {
    v.value("State", x.state, kText);
    v.value("Version", x.version, kText);
    records(v, "Alarms", x.alarms, exchange::Count{0, kAlarmsMax});
}

}  // namespace

std::string metrics_text(const Facts& facts, std::string_view version, std::int64_t now_ms) {
    Writer to;
    to.family("build_info", "gauge", "1; the version is in its label.");
    to.value(fmt::format("version=\"{}\"", version), 1);
    write_documents(to, facts, now_ms);
    write_exchange(to, facts);
    write_apps(to, facts);
    write_store(to, facts);
    return to.take();
}

std::vector<Alarm> alarms_of(const Facts& facts, std::int64_t now_ms) {
    std::vector<Alarm> alarms;
    add_disk(alarms, facts);
    add_unsent(alarms, facts, now_ms);
    add_open(alarms, facts);
    add_backup(alarms, facts, now_ms);
    std::stable_sort(alarms.begin(), alarms.end(),
                     [](const Alarm& one, const Alarm& other) { return one.grave > other.grave; });
    return alarms;
}

std::string health_json(const std::vector<Alarm>& alarms, std::string_view version) {
    const Grave worst = alarms.empty() ? Grave::fine : alarms.front().grave;
    Health health{.state = std::string(word_of(worst)), .version = std::string(version)};
    for (const Alarm& one : alarms) {
        health.alarms.push_back({std::string(one.code), std::string(word_of(one.grave)), one.text});
    }
    return exchange::to_json(health);
}

}  // namespace tillhost::sumpd::maintenance
