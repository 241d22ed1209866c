#include "sumpd/runtime/administration.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "hal/base/text.h"
#include "sumpd/exchange/text_form.h"

namespace tillhost::sumpd::runtime {

using exchange::FaultCode;
using exchange::Outcome;
using exchange::refuse;

namespace {

constexpr std::int64_t kRescueLifeS = 3600;
constexpr std::size_t kIdBeginningMin = 6;
const apps::Actor kActor{.login = "command line"};

constexpr std::array kForms = {
    OrderForm{"apps", 0, "", "list the mobile applications"},
    OrderForm{"revoke", 1, "DEVICE", "refuse a device from now on"},
    OrderForm{"rescue", 1, "DEVICE", "take a revoked device's documents aside, for an hour"},
    OrderForm{"quarantine", 0, "", "list documents that wait for a decision"},
    OrderForm{"admit", 1, "DOCUMENT", "make one a document like others"},
    OrderForm{"discard", 1, "DOCUMENT", "let one go nowhere"},
    OrderForm{"rename", 2, "DEVICE NAME", "call a device so"},
    OrderForm{"packet", 2, "DEVICE BYTES", "its largest packet; 0 = the server's"},
    OrderForm{"tell", 3, "DEVICE KIND TEXT", "KIND: resync, wipe, revoke, message, minVersion"},
    OrderForm{"tasks", 0, "", "list tasks, and who holds them"},
    OrderForm{"release-task", 1, "TASK", "take a task from the device that holds it"},
    OrderForm{"seats", 0, "", "list the licences of sessions"},
};

std::string moment_of(std::int64_t unix_ms) {
    return unix_ms == 0 ? "never" : exchange::text_of(exchange::Moment{unix_ms, 0});
}

std::string_view word_of(apps::AppKind kind) {
    const auto names = exchange::names_of(kind);
    const auto at = static_cast<std::size_t>(kind);
    return at == 0 || at > names.size() ? "any" : names[at - 1];
}

std::string_view word_of(seats::SeatStanding standing) {
    switch (standing) {
        case seats::SeatStanding::held: return "held";
        case seats::SeatStanding::grace: return "grace";
        case seats::SeatStanding::resuming: return "resuming";
        case seats::SeatStanding::gone: return "gone";
    }
    return "";
}

/// A line of the list: fields with tabs between, so that scripts can cut it.
std::string line_of(const apps::DeviceCard& card, std::int64_t now_s) {
    const apps::DeviceRow& row = card.row;
    const bool is_rescued = row.state == apps::DeviceState::revoked && now_s < row.rescue_until_s;
    const std::string_view state = row.state == apps::DeviceState::active ? "active"
                                   : is_rescued                           ? "rescue"
                                                                          : "revoked";
    const auto& heartbeat = card.sight.heartbeat;
    return fmt::format("{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\n", row.id,
                       row.name.empty() ? row.model : row.name, word_of(row.kind), state,
                       heartbeat ? heartbeat->app_version : row.app_version,
                       moment_of(card.sight.last_try_ms), moment_of(card.sight.last_ok_ms),
                       card.sight.address,
                       heartbeat ? std::to_string(heartbeat->queue_length) : "?",
                       heartbeat ? std::to_string(card.sight.skew_ms) : "?", card.sessions);
}

std::string done(std::string words) { return words + "\n"; }

template <class T>
Outcome<std::string> told(const Outcome<T>& outcome, std::string words) {
    return outcome ? Outcome<std::string>(done(std::move(words))) : tl::unexpected(outcome.error());
}

}  // namespace

std::span<const OrderForm> order_forms() { return kForms; }

Outcome<std::string> Administration::carry_out(const Words& words) {
    const auto form = std::find_if(kForms.begin(), kForms.end(), [&](const OrderForm& one) {
        return !words.empty() && one.name == words.front();
    });
    if (form == kForms.end() || words.size() != form->words + 1) {
        return refuse(FaultCode::bad_request, "there is no such order");
    }
    using Act = Yield (Administration::*)(const Words&);
    using List = Yield (Administration::*)();
    static const std::map<std::string_view, List> kLists = {
        {"apps", &Administration::apps},
        {"quarantine", &Administration::quarantine},
        {"tasks", &Administration::tasks},
        {"seats", &Administration::seats}};
    static const std::map<std::string_view, Act> kActs = {
        {"revoke", &Administration::revoke}, {"rescue", &Administration::rescue},
        {"admit", &Administration::admit},   {"discard", &Administration::discard},
        {"rename", &Administration::rename}, {"packet", &Administration::packet},
        {"tell", &Administration::tell},     {"release-task", &Administration::release_task}};
    const auto list = kLists.find(words.front());
    return list != kLists.end() ? (this->*list->second)() : (this->*kActs.at(words.front()))(words);
}

// ---- lists --------------------------------------------------------------------------------------

Administration::Yield Administration::apps() {
    std::string text =
        "device\tname\tkind\tstate\tversion\tlast try\tlast ok\taddress\tqueue\tskew ms"
        "\tsessions\n";
    for (const apps::DeviceCard& card : registry_.devices()) {
        text += line_of(card, clock_.unix_ms() / 1000);
    }
    return text;
}

Administration::Yield Administration::seats() {
    const seats::SeatsState state = seats_.state();
    if (!state.needed) {
        return done("no licences are needed: sumpd.toml has no [[licences]]");
    }
    std::string text =
        fmt::format("server {}\nlast heard {}\n{}", state.address, moment_of(state.last_heard_ms),
                    state.last_error.empty() ? "" : state.last_error + "\n");
    text += "device\tname\tuser\tstanding\tlicence\tkey\tnumber\tleft s\n";
    for (const seats::SeatRow& row : state.seats) {
        text += fmt::format("{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\n", row.device_id, row.device_name,
                            row.user, word_of(row.standing), row.licence, row.key, row.number,
                            row.left_s);
    }
    return text;
}

Outcome<std::vector<store::QuarantineRow>> Administration::all_aside() {
    std::vector<store::QuarantineRow> all;
    while (true) {
        auto page = store_.quarantine().waiting(
            all.empty() ? store::QuarantinePlace{} : all.back().place, store::kQuarantinePageMax);
        if (!page) {
            return page;
        }
        all.insert(all.end(), page->begin(), page->end());
        if (page->size() < store::kQuarantinePageMax) {
            return all;
        }
    }
}

Administration::Yield Administration::quarantine() {
    const auto all = all_aside();
    if (!all) {
        return tl::unexpected(all.error());
    }
    std::string text = "document\tdevice\tseq\tkind\treason\tat\tsha256\n";
    for (const store::QuarantineRow& row : *all) {
        text += fmt::format("{}\t{}\t{}\t{}\t{}\t{}\t{}\n", row.place.doc_id, row.device_id,
                            row.device_seq, row.kind,
                            row.reason == store::QuarantineReason::rescued ? "rescued" : "conflict",
                            moment_of(row.at_ms), row.place.sha256);
    }
    return text;
}

Administration::Yield Administration::tasks() {
    std::string text = "task\tnumber\tstore\tholder\tuntil\n";
    std::string after;
    while (true) {
        const auto page = store_.tasks().page(after, store::kTasksPageMax);
        if (!page) {
            return tl::unexpected(page.error());
        }
        for (const store::TaskRow& row : *page) {
            text += fmt::format("{}\t{}\t{}\t{}\t{}\n", row.id, row.task.number, row.store_id,
                                row.holder_name,
                                row.holder_id.empty() ? "" : moment_of(row.locked_until_ms));
            after = row.id;
        }
        if (page->size() < store::kTasksPageMax) {
            return text;
        }
    }
}

// ---- devices ------------------------------------------------------------------------------------

Outcome<std::string> Administration::device_id_of(const std::string& word) const {
    std::string found;
    for (const apps::DeviceCard& card : registry_.devices()) {
        const bool begins = word.size() >= kIdBeginningMin && card.row.id.starts_with(word);
        if (!begins && card.row.name != word) {
            continue;
        }
        if (!found.empty()) {
            return refuse(FaultCode::bad_request, word + ": several devices; give the whole id");
        }
        found = card.row.id;
    }
    return found.empty() ? refuse(FaultCode::not_found, word + ": there is no such device")
                         : Outcome<std::string>(found);
}

Administration::Yield Administration::revoke(const Words& words) {
    const auto id = device_id_of(words[1]);
    return id ? told(registry_.revoke_device(*id, kActor), *id + " is revoked") : id;
}

Administration::Yield Administration::rescue(const Words& words) {
    const auto id = device_id_of(words[1]);
    return id ? told(registry_.open_rescue(*id, kRescueLifeS, kActor),
                     *id + " may deliver its documents for an hour; then: --quarantine")
              : id;
}

Administration::Yield Administration::rename(const Words& words) {
    const auto id = device_id_of(words[1]);
    return id ? told(registry_.change_device(*id, {.name = words[2]}, kActor), *id + " is renamed")
              : id;
}

Administration::Yield Administration::packet(const Words& words) {
    const auto id = device_id_of(words[1]);
    const auto bytes = base::parse_decimal(words[2]);
    if (!bytes || bytes->scale != 0) {
        return refuse(FaultCode::bad_request, words[2] + ": a number of bytes is wanted");
    }
    return id ? told(registry_.change_device(*id, {.packet_bytes = bytes->units}, kActor),
                     *id + " has its packet size")
              : id;
}

Administration::Yield Administration::tell(const Words& words) {
    const auto id = device_id_of(words[1]);
    if (!id) {
        return id;
    }
    const auto names = exchange::names_of(exchange::CommandKind::unspecified);
    const auto name = std::find(names.begin(), names.end(), words[2]);
    const auto kind = name == names.end()
                          ? exchange::CommandKind::unspecified
                          : static_cast<exchange::CommandKind>(name - names.begin() + 1);
    return told(registry_.command(*id, kind, words[3], kActor),
                *id + " is told at its next heartbeat");
}

// ---- documents and tasks ------------------------------------------------------------------------

/// DOCUMENT, or DOCUMENT/SHA256 where several bodies have one id.
Outcome<store::QuarantinePlace> Administration::aside_of(const std::string& word) {
    const std::size_t slash = std::min(word.find('/'), word.size());
    const std::string doc_id = word.substr(0, slash);
    const std::string sha256 = word.substr(std::min(slash + 1, word.size()));
    const auto all = all_aside();
    if (!all) {
        return tl::unexpected(all.error());
    }
    std::optional<store::QuarantinePlace> found;
    for (const store::QuarantineRow& row : *all) {
        if (row.place.doc_id != doc_id || !row.place.sha256.starts_with(sha256)) {
            continue;
        }
        if (found) {
            return refuse(FaultCode::bad_request,
                          word + ": several bodies; give DOCUMENT/SHA256 of one");
        }
        found = row.place;
    }
    return found ? Outcome<store::QuarantinePlace>(*found)
                 : refuse(FaultCode::not_found, word + ": no such document waits");
}

Administration::Yield Administration::admit(const Words& words) {
    const auto place = aside_of(words[1]);
    if (!place) {
        return tl::unexpected(place.error());
    }
    return told(store_.quarantine().admit(*place, kActor.login, kActor.address),
                place->doc_id + " goes to the accounting system");
}

Administration::Yield Administration::discard(const Words& words) {
    const auto place = aside_of(words[1]);
    if (!place) {
        return tl::unexpected(place.error());
    }
    return told(store_.quarantine().discard(*place, kActor.login, kActor.address),
                place->doc_id + " goes nowhere");
}

Administration::Yield Administration::release_task(const Words& words) {
    return told(store_.tasks().free(words[1], kActor.login, kActor.address), words[1] + " is free");
}

}  // namespace tillhost::sumpd::runtime
