#include "hal/base/text.h"
#include "ipc/http/form.h"
#include "sumpd/console/pages.h"

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

Markup node_facts(const Parts& parts, const View& view, const core::NodeState& node) {
    const auto say = [&](Text which) { return text(view.language, which); };
    const auto moments =
        rows_of(parts, "SELECT last_in_ms, last_out_ms FROM node WHERE id = 1", "ii");
    const bool known = moments && !moments->empty();
    return panel::facts(
        panel::fact(say(Text::node), node.code.empty() ? say(Text::no_node) : node.code) +
        panel::fact(say(Text::sent_no), std::to_string(node.sent_no)) +
        panel::fact(say(Text::acked_no), std::to_string(node.acked_no)) +
        panel::fact(say(Text::received_no), std::to_string(node.received_no)) +
        panel::fact(say(Text::last_in),
                    moment_text(view.language, known ? integer((*moments)[0][0]) : 0)) +
        panel::fact(say(Text::last_out),
                    moment_text(view.language, known ? integer((*moments)[0][1]) : 0)));
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

Markup hand_over_form(const View& view, const core::NodeState& node) {
    const auto say = [&](Text which) { return text(view.language, which); };
    Markup html = panel::heading(say(Text::hand_over), 2);
    if (node.code.empty()) {
        return html + panel::paragraph(say(Text::no_node_says));
    }
    return html + panel::paragraph(say(Text::hand_over_says)) +
           form(view, "/settings/exchange/hand-over",
                panel::input(text(view.language, Text::type_node, node.code),
                             {.name = "word", .required = true}) +
                    panel::button(say(Text::hand_over)));
}

Response show_exchange(const Parts& parts, const View& view) {
    const auto node = parts.store.exchange().node();
    if (!node) {
        return message_page(view, Section::settings, text(view.language, Text::no_answer), 503);
    }
    return settings_page(view, Place::exchange,
                         panel::heading(text(view.language, Text::exchange)) +
                             node_facts(parts, view, *node) + messages_table(parts, view) +
                             hand_over_form(view, *node));
}

Response hand_over(const Parts& parts, const Visit& visit) {
    const auto node = parts.store.exchange().node();
    if (!node) {
        return show_exchange(parts, refused_view(visit, node.error()));
    }
    if (node->code.empty() || visit.field("word") != node->code) {
        return show_exchange(parts, error_view(visit, text(visit.language, Text::word_wrong)));
    }
    const auto let_go = parts.store.exchange().let_go(node->code, parts.store.audit(),
                                                      {.actor = user_of(visit),
                                                       .address = visit.request.peer,
                                                       .action = "exchange.hand_over",
                                                       .target = node->code});
    if (!let_go) {
        return show_exchange(parts, refused_view(visit, let_go.error()));
    }
    log(parts, visit, "hand_over", node->code);
    return done(kExchange, Text::did_hand_over, node->code);
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

Response show_commands(const Parts& parts, const View& view) {
    const auto say = [&](Text which) { return text(view.language, which); };
    const auto found =
        rows_of(parts,
                "SELECT id, app_device, device_ref, op, stage, error FROM device_command"
                " WHERE stage IN (1, 2, 5) OR told = 0 ORDER BY id DESC LIMIT 100",
                "ttttit");
    constexpr Text kStages[] = {Text::command_queued, Text::command_queued, Text::command_running,
                                Text::command_done,   Text::command_failed, Text::command_unknown};
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
            panel::cell(device) + panel::cell(store::text(one[3])) +
            panel::cell(say(kStages[std::min(stage, std::size(kStages) - 1)])) +
            panel::cell(store::text(one[5])));
    }
    Markup html = panel::heading(say(Text::commands)) + panel::paragraph(say(Text::commands_say));
    html += !found || found->empty()
                ? panel::paragraph(say(Text::none))
                : panel::table(say(Text::commands),
                               table_head(view, {Text::id, Text::app, Text::device, Text::command,
                                                 Text::state, Text::reason}),
                               rows);
    return settings_page(view, Place::commands, html);
}

}  // namespace

void add_exchange(http::Router& router, const Parts& parts) {
    router.add(Method::get, kExchange, Access::administrator,
               [&](const Visit& visit) { return show_exchange(parts, view_of(visit)); });
    router.add(Method::post, "/settings/exchange/hand-over", Access::administrator,
               [&](const Visit& visit) { return hand_over(parts, visit); });
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
}

}  // namespace tillhost::sumpd::console
