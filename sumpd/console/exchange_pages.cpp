#include "hal/base/text.h"
#include "hal/os/local_time.h"
#include "ipc/http/form.h"
#include "sumpd/console/pages.h"
#include "sumpd/exchange/text_form.h"

// The exchange with the accounting system, documents of apps, and their commands at devices.
namespace tillhost::sumpd::console {

using exchange::Outcome;
using http::Access;
using http::Method;
using http::Response;
using http::Visit;
using store::integer;
using store::Sql;

namespace {

constexpr std::string_view kExchange = "/settings/exchange";
constexpr std::string_view kDocuments = "/settings/documents";
constexpr std::string_view kCommands = "/settings/commands";
constexpr std::int64_t kRowsMax = 100;

using Rows = std::vector<store::Row>;

Outcome<Rows> rows_of(const Parts& parts, const std::string& statement, const std::string& columns,
                      const store::Row& parameters = {}) {
    return parts.store.transactions().read<Rows>([&](Sql& sql) -> Outcome<Rows> {
        Rows rows = sql.query(statement, columns, parameters);
        if (sql.fault()) {
            return tl::unexpected(*sql.fault());
        }
        return rows;
    });
}

Markup node_facts_of(const View& view, const store::NodeFacts& facts) {
    const auto say = [&](Text which) { return text(view.language, which); };
    const core::NodeState& node = facts.state;
    const auto number = [](std::int64_t value) { return std::to_string(value); };
    Markup rows = panel::fact(say(Text::node), node.code.empty() ? say(Text::no_node) : node.code) +
                  panel::fact(say(Text::sent_no), number(node.sent_no)) +
                  panel::fact(say(Text::acked_no), number(node.acked_no)) +
                  panel::fact(say(Text::received_no), number(node.received_no)) +
                  panel::fact(say(Text::last_in), moment_text(view.language, facts.last_in_ms)) +
                  panel::fact(say(Text::last_out), moment_text(view.language, facts.last_out_ms)) +
                  panel::fact(say(Text::documents_waiting), number(facts.waiting)) +
                  panel::fact(say(Text::documents_rejected), number(facts.rejected));
    if (facts.frozen_no != 0) {
        rows += panel::fact(say(Text::frozen_no), number(facts.frozen_no));
    }
    for (const store::NodeFacts::Refusal& one : facts.refusals) {
        rows += panel::fact(say(Text::was_refused),
                            panel::time_text(one.at_ms) + " " + one.code + ": " + one.message);
    }
    return panel::facts(rows);
}

Markup messages_table(const Parts& parts, const View& view) {
    const auto say = [&](Text which) { return text(view.language, which); };
    const auto sent = rows_of(parts,
                              "SELECT no, documents, bytes, created_ms, acked_ms FROM out_message"
                              " ORDER BY no DESC LIMIT 20",
                              "iiiii");
    const auto jobs = rows_of(parts,
                              "SELECT number, state, started_ms, ended_ms, result FROM job"
                              " ORDER BY number DESC LIMIT 20",
                              "iiiit");
    Markup out;
    for (const store::Row& one : sent.value_or(Rows())) {
        out +=
            panel::row(panel::number_cell(integer(one[0])) + panel::number_cell(integer(one[1])) +
                       panel::cell(bytes_text(integer(one[2]))) +
                       panel::cell(moment_text(view.language, integer(one[3]))) +
                       panel::cell(moment_text(view.language, integer(one[4]))));
    }
    constexpr Text kStates[] = {Text::job_queued, Text::job_queued, Text::job_running,
                                Text::job_done, Text::job_failed};
    Markup in;
    for (const store::Row& one : jobs.value_or(Rows())) {
        const auto state = static_cast<std::size_t>(integer(one[1]));
        in += panel::row(panel::number_cell(integer(one[0])) +
                         panel::cell(say(kStates[std::min(state, std::size(kStates) - 1)])) +
                         panel::cell(moment_text(view.language, integer(one[2]))) +
                         panel::cell(moment_text(view.language, integer(one[3]))) +
                         panel::code_cell(base::cut_utf8(store::text(one[4]), 400)));
    }
    return panel::heading(say(Text::messages_out), 2) +
           panel::table(say(Text::messages_out),
                        table_head(view, {Text::number, Text::documents, Text::size, Text::made,
                                          Text::acknowledged}),
                        out) +
           panel::heading(say(Text::messages_in), 2) +
           panel::table(say(Text::messages_in),
                        table_head(view, {Text::number, Text::state, Text::began, Text::ended,
                                          Text::outcome}),
                        in);
}

/// Which documents go once more.
Markup again_fields(const View& view) {
    const auto say = [&](Text which) { return text(view.language, which); };
    return panel::tick(say(Text::send_again), "again", true) +
           panel::input(say(Text::send_since), {.name = "since", .kind = "date"});
}

Markup node_forms(const View& view, const core::NodeState& node) {
    const auto say = [&](Text which) { return text(view.language, which); };
    Markup html = panel::heading(say(Text::hand_over), 2);
    if (node.code.empty()) {
        return html + panel::paragraph(say(Text::no_node_says));
    }
    const Markup word = panel::input(text(view.language, Text::type_node, node.code),
                                     {.name = "word", .required = true});
    html += panel::paragraph(say(Text::hand_over_says)) +
            form(view, "/settings/exchange/hand-over",
                 panel::input(say(Text::next_node), {.name = "code", .required = true}) +
                     again_fields(view) + word + panel::button(say(Text::hand_over)));
    html += panel::heading(say(Text::put_back), 2) + panel::paragraph(say(Text::put_back_says));
    return html +
           form(view, "/settings/exchange/numbers",
                panel::input(say(Text::its_ack_no),
                             {.name = "ack_no", .kind = "number", .required = true, .value = "0"}) +
                    panel::input(
                        say(Text::its_next_no),
                        {.name = "next_no", .kind = "number", .required = true, .value = "1"}) +
                    again_fields(view) + word + panel::button(say(Text::put_back)));
}

Response show_exchange(const Parts& parts, const View& view) {
    const auto facts = parts.store.exchange().facts();
    if (!facts) {
        return message_page(view, Section::settings, text(view.language, Text::no_answer), 503);
    }
    return settings_page(view, Place::exchange,
                         panel::heading(text(view.language, Text::exchange)) +
                             node_facts_of(view, *facts) + messages_table(parts, view) +
                             node_forms(view, facts->state));
}

/// What both forms say of documents; nothing: the day is none.
std::optional<store::SendAgain> again_in(const Visit& visit) {
    store::SendAgain again{.is_wanted = visit.field("again") == "yes"};
    const std::string day(visit.field("since"));
    if (!day.empty()) {
        const auto begins = exchange::moment_from(day + "T00:00:00.000+00:00");
        if (!begins) {
            return std::nullopt;
        }
        again.since_ms = begins->unix_ms - os::utc_offset_s(begins->unix_ms) * 1000;
    }
    return again;
}

/// Changes the exchange's numbers if the present system's code was typed.
Response renumber(const Parts& parts, const Visit& visit, bool is_other) {
    const auto facts = parts.store.exchange().facts();
    if (!facts) {
        return show_exchange(parts, refused_view(visit, facts.error()));
    }
    if (facts->state.code.empty() || visit.field("word") != facts->state.code) {
        return show_exchange(parts, error_view(visit, text(visit.language, Text::word_wrong)));
    }
    const auto again = again_in(visit);
    if (!again) {
        return show_exchange(parts, error_view(visit, text(visit.language, Text::since_wanted)));
    }
    const store::Person who{user_of(visit), visit.request.peer};
    const auto moved =
        is_other
            ? parts.store.exchange().hand_over(std::string(visit.field("code")), *again, who)
            : parts.store.exchange().accept_numbers({.ack_no = number_in(visit.field("ack_no")),
                                                     .next_no = number_in(visit.field("next_no"))},
                                                    *again, who);
    if (!moved) {
        return show_exchange(parts, refused_view(visit, moved.error()));
    }
    log(parts, visit, is_other ? "hand_over" : "accept_numbers", facts->state.code);
    return done(kExchange, is_other ? Text::did_hand_over : Text::did_accept_numbers,
                std::to_string(*moved));
}

// ---- documents ---------------------------------------------------------------------------------

constexpr Text kDocumentStates[] = {Text::any,           Text::doc_stored,   Text::doc_in_message,
                                    Text::doc_accepted,  Text::doc_rejected, Text::doc_deferred,
                                    Text::doc_superseded};

Markup document_search(const View& view, const std::string& id, const std::string& device,
                       std::int64_t state) {
    std::vector<panel::Option> states;
    for (std::size_t i = 0; i < std::size(kDocumentStates); ++i) {
        states.push_back({i == 0 ? "" : std::to_string(i),
                          std::string(text(view.language, kDocumentStates[i]))});
    }
    return http::fill(
        "<form method=\"get\" action=\"{action}\">{fields}{button}</form>\n",
        {{"action", kDocuments},
         {"fields",
          panel::input(text(view.language, Text::document_id), {.name = "id", .value = id}) +
              panel::input(text(view.language, Text::app_id), {.name = "app", .value = device}) +
              panel::choice(text(view.language, Text::state), "state", states,
                            state == 0 ? "" : std::to_string(state))},
         {"button", panel::button(text(view.language, Text::search))}});
}

std::string_view document_state(const View& view, std::int64_t state) {
    const auto at = static_cast<std::size_t>(state);
    return at == 0 || at >= std::size(kDocumentStates) ? std::string_view()
                                                       : text(view.language, kDocumentStates[at]);
}

Markup quarantine_table(const Parts& parts, const View& view) {
    const auto say = [&](Text which) { return text(view.language, which); };
    const auto waiting = parts.store.quarantine().waiting({}, kRowsMax);
    Markup html = panel::heading(say(Text::aside), 2) + panel::paragraph(say(Text::aside_says));
    if (!waiting || waiting->empty()) {
        return html + panel::paragraph(say(Text::none));
    }
    Markup rows;
    for (const store::QuarantineRow& one : *waiting) {
        const Markup which =
            panel::hidden("id", one.place.doc_id) + panel::hidden("sha256", one.place.sha256);
        rows += panel::row(
            panel::code_cell(one.place.doc_id) + panel::cell(one.kind) +
            panel::code_cell(one.device_id) +
            panel::cell(say(one.reason == store::QuarantineReason::rescued ? Text::was_rescued
                                                                           : Text::is_conflict)) +
            panel::cell(panel::time_text(one.at_ms)) +
            panel::cell_of(
                form(view, "/settings/documents/admit", which + panel::button(say(Text::admit))) +
                form(view, "/settings/documents/discard",
                     which + panel::button(say(Text::discard)))));
    }
    return html + panel::table(say(Text::aside),
                               table_head(view, {Text::id, Text::kind, Text::app, Text::reason,
                                                 Text::at, Text::action}),
                               rows);
}

Response show_documents(const Parts& parts, const Visit& visit, const View& view) {
    const auto say = [&](Text which) { return text(view.language, which); };
    const std::string id = asked(visit, "id");
    const std::string device = asked(visit, "app");
    const std::int64_t state = number_in(asked(visit, "state"));
    const std::int64_t before = number_in(asked(visit, "before"));
    const auto found = rows_of(
        parts,
        "SELECT place, doc_id, kind, device_id, device_seq, received_ms, state, message_no, error"
        " FROM document WHERE (:a = '' OR doc_id = :b) AND (:c = '' OR device_id = :d)"
        " AND (:e = 0 OR state = :f) AND (:g = 0 OR place < :h) ORDER BY place DESC LIMIT :i",
        "ittt"
        "iiiit",
        {id, id, device, device, state, state, before, before, kRowsMax});
    Markup html = panel::heading(say(Text::documents)) + document_search(view, id, device, state);
    if (!found) {
        return message_page(refused_view(visit, found.error()), Section::settings,
                            say(Text::no_answer), 503);
    }
    Markup rows;
    for (const store::Row& one : *found) {
        rows +=
            panel::row(panel::code_cell(store::text(one[1])) + panel::cell(store::text(one[2])) +
                       panel::code_cell(store::text(one[3])) + panel::number_cell(integer(one[4])) +
                       panel::cell(panel::time_text(integer(one[5]))) +
                       panel::cell(document_state(view, integer(one[6]))) +
                       panel::number_cell(integer(one[7])) + panel::cell(store::text(one[8])));
    }
    html += found->empty()
                ? panel::paragraph(say(Text::no_documents))
                : panel::table(
                      say(Text::documents),
                      table_head(view, {Text::id, Text::kind, Text::app, Text::number, Text::came,
                                        Text::state, Text::in_message_no, Text::reason}),
                      rows);
    if (static_cast<std::int64_t>(found->size()) == kRowsMax) {
        html += steps(view, "",
                      std::string(kDocuments) + "?state=" + std::to_string(state) +
                          "&app=" + http::percent_encode(device) +
                          "&before=" + std::to_string(integer(found->back()[0])));
    }
    return settings_page(view, Place::documents, html + quarantine_table(parts, view));
}

Response decide_aside(const Parts& parts, const Visit& visit, bool admit) {
    const store::QuarantinePlace which{std::string(visit.field("id")),
                                       std::string(visit.field("sha256"))};
    auto& aside = parts.store.quarantine();
    const std::string login = user_of(visit);
    const auto decided = admit ? aside.admit(which, login, visit.request.peer)
                               : aside.discard(which, login, visit.request.peer);
    if (!decided) {
        return show_documents(parts, visit, refused_view(visit, decided.error()));
    }
    log(parts, visit, admit ? "admit" : "discard", which.doc_id);
    return done(kDocuments, admit ? Text::did_admit : Text::did_discard, which.doc_id);
}

// ---- commands at devices -----------------------------------------------------------------------

/// Where no device can tell any more, a person says what the paper says.
Markup decision_form(const View& view, const std::string& id, std::size_t stage) {
    if (stage != static_cast<std::size_t>(gateway::Stage::orphaned)) {
        return {};
    }
    const auto say = [&](Text which) { return text(view.language, which); };
    return form(view, "/settings/commands/decide",
                panel::hidden("command", id) +
                    panel::choice(say(Text::decision), "done",
                                  {{"no", std::string(say(Text::was_not_done))},
                                   {"yes", std::string(say(Text::was_done))}},
                                  "no") +
                    panel::input(say(Text::why_so), {.name = "note", .required = true}) +
                    panel::button(say(Text::decide)));
}

/// Whose rule chose the device; empty: the command named it.
std::string rule_text(const View& view, std::int64_t rule) {
    constexpr Text kRules[] = {Text::user, Text::app, Text::store, Text::the_server};
    const bool is_one = rule >= 1 && rule <= static_cast<std::int64_t>(std::size(kRules));
    return is_one ? std::string(text(view.language, kRules[rule - 1])) : std::string();
}

/// Why it failed, and what the device says against the person who decided.
std::string reason_text(const View& view, const store::Row& row) {
    std::string reason = store::text(row[5]);
    const std::string& device_says = store::text(row[9]);
    if (!device_says.empty()) {
        reason += (reason.empty() ? "" : "; ") +
                  text(view.language, Text::device_says, store::text(row[8]), device_says);
    }
    return reason;
}

Response show_commands(const Parts& parts, const View& view) {
    const auto say = [&](Text which) { return text(view.language, which); };
    const auto found =
        rows_of(parts,
                "SELECT id, app_device, device_ref, op, stage, error, default_rule, asks_person,"
                " decided_by, device_says FROM device_command WHERE stage IN (1, 2, 5, 6)"
                " OR told = 0 OR device_says <> '' ORDER BY id DESC LIMIT 100",
                "ttttitiitt");
    constexpr Text kStages[] = {Text::command_queued,  Text::command_queued, Text::command_running,
                                Text::command_done,    Text::command_failed, Text::command_unknown,
                                Text::command_orphaned};
    constexpr auto kUnknown = static_cast<std::size_t>(gateway::Stage::unknown);
    Markup rows;
    for (const store::Row& one : found.value_or(Rows())) {
        const auto stage = static_cast<std::size_t>(integer(one[4]));
        const std::string& id = store::text(one[0]);
        const std::string& device = store::text(one[2]);
        const bool own = store::text(one[1]) == kConsoleApp;
        const std::string path =
            "/registrars/" + http::percent_encode(device) + "/test/" + http::percent_encode(id);
        rows += panel::row(
            (own ? panel::cell_of(panel::link(path, id)) : panel::code_cell(id)) +
            panel::code_cell(own ? std::string(say(Text::console)) : store::text(one[1])) +
            panel::cell(device) + panel::cell(rule_text(view, integer(one[6]))) +
            panel::cell(store::text(one[3])) +
            panel::cell(say(integer(one[7]) != 0 && stage == kUnknown
                                ? Text::command_asks
                                : kStages[std::min(stage, std::size(kStages) - 1)])) +
            panel::cell(reason_text(view, one)) + panel::cell_of(decision_form(view, id, stage)));
    }
    Markup html = panel::heading(say(Text::commands)) + panel::paragraph(say(Text::commands_say));
    html += !found || found->empty()
                ? panel::paragraph(say(Text::none))
                : panel::table(
                      say(Text::commands),
                      table_head(view, {Text::id, Text::app, Text::device, Text::chosen_by,
                                        Text::command, Text::state, Text::reason, Text::decision}),
                      rows);
    return settings_page(view, Place::commands, html);
}

Response decide(const Parts& parts, const Visit& visit) {
    const std::string id(visit.field("command"));
    const auto decided = parts.gateway.decide({.id = id,
                                               .is_done = visit.field("done") == "yes",
                                               .note = std::string(visit.field("note")),
                                               .who = user_of(visit),
                                               .address = visit.request.peer},
                                              parts.store.audit());
    if (!decided) {
        return show_commands(parts, refused_view(visit, decided.error()));
    }
    log(parts, visit, "decide", id);
    return done(kCommands, Text::did_decide, id);
}

}  // namespace

void add_exchange(http::Router& router, const Parts& parts) {
    router.add(Method::get, kExchange, Access::administrator,
               [&](const Visit& visit) { return show_exchange(parts, view_of(visit)); });
    router.add(Method::post, "/settings/exchange/hand-over", Access::administrator,
               [&](const Visit& visit) { return renumber(parts, visit, true); });
    router.add(Method::post, "/settings/exchange/numbers", Access::administrator,
               [&](const Visit& visit) { return renumber(parts, visit, false); });
}

void add_documents(http::Router& router, const Parts& parts) {
    router.add(Method::get, kDocuments, Access::administrator,
               [&](const Visit& visit) { return show_documents(parts, visit, view_of(visit)); });
    router.add(Method::post, "/settings/documents/admit", Access::administrator,
               [&](const Visit& visit) { return decide_aside(parts, visit, true); });
    router.add(Method::post, "/settings/documents/discard", Access::administrator,
               [&](const Visit& visit) { return decide_aside(parts, visit, false); });
}

void add_commands(http::Router& router, const Parts& parts) {
    router.add(Method::get, kCommands, Access::administrator,
               [&](const Visit& visit) { return show_commands(parts, view_of(visit)); });
    router.add(Method::post, "/settings/commands/decide", Access::administrator,
               [&](const Visit& visit) { return decide(parts, visit); });
}

}  // namespace tillhost::sumpd::console
