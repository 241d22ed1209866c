#include "licd/web/parts.h"

// Connections, functions and acts.
namespace tillhost::licd::web {

using http::fill;

namespace {

std::string act_text(http::Language language, const std::string& act) {
    constexpr std::pair<std::string_view, Text> kActs[] = {
        {"load_licence_file", Text::act_load}, {"remove_licence_key", Text::act_remove},
        {"set_licence_key", Text::act_set},    {"activate_licence", Text::act_activate},
        {"free_licences", Text::act_free},     {"set_licence_settings", Text::act_settings},
        {"pack_licence_logs", Text::act_logs}, {"key_state", Text::act_key_state},
        {"sign_in", Text::act_sign_in},        {"sign_out", Text::act_sign_out},
        {"set_up", Text::act_set_up},          {"change_login", Text::act_change_login}};
    for (const auto& [name, says] : kActs) {
        if (name == act) {
            return std::string(text(language, says));
        }
    }
    return act;
}

Markup connection_row(const View& view, const contract::LicenceConnection& one) {
    const std::string number = std::to_string(one.number);
    const Markup release =
        form(view, "/connections/release",
             hidden("number", number) + button(text(view.language, Text::release),
                                               text(view.language, Text::release_number, number)));
    return row(
        number_cell(one.number) + cell_of(release) + cell(one.licence) +
        (one.seat == 0 ? cell(text(view.language, Text::uncounted)) : number_cell(one.seat)) +
        cell(text_of(view.language, one.state)) + cell(one.user) + cell(one.computer) +
        cell(one.program) + code_cell(one.session) + cell(one.terminal_session) +
        cell_of(link(key_path(one.key), one.key)) +
        cell(duration_text(view.language, one.held_ms)));
}

Text trait_name(std::string_view kind) {
    constexpr std::pair<std::string_view, Text> kNames[] = {{"board", Text::trait_board},
                                                            {"disk", Text::trait_disk},
                                                            {"mid", Text::trait_mid},
                                                            {"nic", Text::trait_nic}};
    for (const auto& [one, name] : kNames) {
        if (one == kind) {
            return name;
        }
    }
    return Text::trait_host;
}

Markup traits_table(const View& view, const contract::LicenceTraitsReply& traits) {
    Markup rows;
    for (const contract::MachineTrait& one : traits.traits) {
        rows += row(cell(text(view.language, trait_name(one.kind))) + number_cell(one.weight) +
                    cell(one.weak));
    }
    return table(text(view.language, Text::traits),
                 table_head(view, {Text::trait, Text::weight, Text::reason}), rows) +
           paragraph(text(view.language, Text::strength, std::to_string(traits.strength)));
}

}  // namespace

std::string connections_page(const View& view, const contract::LicenceConnectionsReply& reply,
                             std::int64_t after) {
    const auto say = [&](Text which) { return text(view.language, which); };
    Markup html = heading(say(Text::tab_connections));
    if (reply.connections.empty() && after == 0) {
        return document(view, Tab::connections, html + paragraph(say(Text::no_connections)));
    }
    Markup rows;
    for (const contract::LicenceConnection& one : reply.connections) {
        rows += connection_row(view, one);
    }
    html +=
        table(say(Text::tab_connections),
              table_head(view, {Text::number, Text::action, Text::licence, Text::seat, Text::state,
                                Text::user, Text::computer, Text::program, Text::session,
                                Text::terminal_session, Text::key, Text::working_time}),
              rows, "live");
    html += paragraph(text(view.language, Text::connections_of,
                           std::to_string(reply.connections.size()), std::to_string(reply.total)));
    if (after != 0) {
        html += link("/connections", say(Text::first_page)) + Markup(" ");
    }
    if (reply.connections.size() == kConnectionsPerPage) {
        html += link("/connections?after=" + std::to_string(reply.connections.back().number),
                     say(Text::next_page));
    }
    return document(view, Tab::connections, html);
}

std::string functions_page(const View& view, const contract::LicenceTraitsReply& traits) {
    const auto say = [&](Text which) { return text(view.language, which); };
    const Markup file =
        input(say(Text::file), {.name = "file", .kind = "file", .accept = ".dongle,.lact,.lrev"}) +
        area(say(Text::or_text), "text") + button(say(Text::load_it));
    return document(
        view, Tab::functions,
        heading(say(Text::tab_functions)) + heading(say(Text::load), 2) +
            paragraph(say(Text::load_says)) + form(view, "/functions/load", file, true) +
            heading(say(Text::release_all), 2) +
            form(
                view, "/functions/release-all",
                tick(say(Text::release_all_tick), "sure", false) + button(say(Text::release_all))) +
            heading(say(Text::acts), 2) +
            fill("<p>{link}</p>\n", {{"link", link("/functions/acts", say(Text::see_acts))}}) +
            heading(say(Text::logs), 2) + paragraph(say(Text::logs_says)) +
            form(view, "/functions/logs", button(say(Text::pack_logs))) +
            heading(say(Text::traits), 2) + traits_table(view, traits));
}

std::string acts_page(const View& view, const contract::LicenceActsReply& reply,
                      std::int64_t before) {
    const auto say = [&](Text which) { return text(view.language, which); };
    Markup html = heading(say(Text::acts)) + paragraph(say(Text::acts_says));
    if (reply.acts.empty()) {
        return document(view, Tab::functions, html + paragraph(say(Text::no_acts)));
    }
    Markup rows;
    for (const contract::LicenceAct& one : reply.acts) {
        rows += row(number_cell(one.number) + cell(time_text(one.at_ms)) + cell(one.who) +
                    cell(act_text(view.language, one.act)) + cell(one.what));
    }
    html +=
        table(say(Text::acts),
              table_head(view, {Text::number, Text::at, Text::who, Text::act, Text::what}), rows);
    if (before != 0) {
        html += link("/functions/acts", say(Text::newest)) + Markup(" ");
    }
    if (reply.truncated) {
        html += link("/functions/acts?before=" + std::to_string(reply.acts.back().number),
                     say(Text::older));
    }
    return document(view, Tab::functions, html);
}

}  // namespace tillhost::licd::web
