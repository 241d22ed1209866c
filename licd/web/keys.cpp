#include <fmt/format.h>

#include "licd/web/barcode.h"
#include "licd/web/parts.h"

// The list of keys, and one key with what an administrator decides about it.
namespace tillhost::licd::web {

using http::fill;

namespace {

std::string_view kind_text(http::Language language, contract::LicenceKeyKind kind) {
    const bool token = kind == contract::LicenceKeyKind::token;
    return text(language, token ? Text::token_key : Text::software_key);
}

/// "3 / 20"; "uncounted" where no licence has seats.
std::string use_of(const View& view, const contract::LicenceKey& key) {
    std::int64_t used = 0;
    std::int64_t seats = 0;
    for (const contract::LicenceLine& line : key.lines) {
        used += line.used;
        seats += line.count;
    }
    return seats == 0 ? std::string(text(view.language, Text::uncounted))
                      : fmt::format("{} / {}", used, seats);
}

Markup lines_table(const View& view, const contract::LicenceKey& key) {
    Markup rows;
    for (const contract::LicenceLine& line : key.lines) {
        const bool counted = line.counting == contract::LicenceCounting::counted;
        rows += row(
            cell(line.name) +
            (counted ? number_cell(line.count) : cell(text(view.language, Text::uncounted))) +
            number_cell(line.used) + number_cell(line.waiting) +
            cell(line.until.empty() ? text(view.language, Text::for_ever) : line.until) +
            cell(line.versions.empty() ? text(view.language, Text::all_versions) : line.versions));
    }
    return table(text(view.language, Text::licences_of_key),
                 table_head(view, {Text::licence, Text::seats, Text::used, Text::waiting,
                                   Text::line_until, Text::versions}),
                 rows);
}

Markup facts(const View& view, const contract::LicenceKey& key) {
    const auto say = [&](Text which) { return text(view.language, which); };
    Markup rows = fact(say(Text::product), key.product) +
                  fact(say(Text::type), kind_text(view.language, key.kind)) +
                  fact(say(Text::state), text_of(view.language, key.state));
    const std::string_view reason = text_of(view.language, key.reason);
    if (!reason.empty()) {
        rows += fact(say(Text::reason), reason);
    }
    if (!key.text.empty()) {
        rows += fill("<dt>{name}</dt><dd{lang}>{text}</dd>\n",
                     {{"name", say(reason.empty() ? Text::reason : Text::in_detail)},
                      {"lang", Markup(" lang=\"en\"")},
                      {"text", key.text}});
    }
    if (key.left_s > 0) {
        rows += fact(say(Text::time_left), duration_text(view.language, key.left_s * 1000));
    }
    if (!key.device.empty()) {
        rows += fact(say(Text::dongle_device), key.device);
    }
    if (key.state != contract::LicenceKeyState::unbound) {
        rows += fact(say(Text::binding), fmt::format("{} %", key.score));
    }
    rows += fact(say(Text::revision), std::to_string(key.revision)) +
            fact(say(Text::pins_left), std::to_string(key.pins_left));
    return fill("<dl>{rows}</dl>\n", {{"rows", rows}});
}

Markup switches(const View& view, const contract::LicenceKey& key) {
    const auto say = [&](Text which) { return text(view.language, which); };
    Markup inside = tick(say(Text::use_key), "enabled", key.enabled) +
                    input(say(Text::access_code),
                          {.name = "code", .kind = "password", .autocomplete = "new-password"}) +
                    paragraph(say(key.has_code ? Text::code_is_set : Text::code_is_none));
    if (key.has_code) {
        inside += tick(say(Text::remove_code), "no_code", false);
    }
    return form(view, key_path(key.serial) + "/set", inside + button(say(Text::save)));
}

Markup activation(const View& view, const contract::LicenceKey& key,
                  const std::optional<contract::ActivateLicenceReply>& request) {
    const auto say = [&](Text which) { return text(view.language, which); };
    Markup html = heading(say(Text::activate), 2) + paragraph(say(Text::activate_says)) +
                  form(view, key_path(key.serial) + "/activate",
                       input(say(Text::pin), {.name = "pin", .required = true}) +
                           button(say(Text::make_request)));
    if (request) {
        const std::string to = request->vendor.empty() ? std::string() : ": " + request->vendor;
        html += paragraph(text(view.language, Text::request_made, request->file, to)) +
                fill(
                    "<textarea id=\"request\" rows=\"14\" readonly aria-label=\"{name}\">{text}"
                    "</textarea>\n",
                    {{"name", request->file}, {"text", request->text}});
    }
    return html;
}

}  // namespace

std::string keys_page(const View& view, const contract::LicenceKeysReply& reply) {
    const auto say = [&](Text which) { return text(view.language, which); };
    if (reply.keys.empty()) {
        return document(view, Tab::keys,
                        heading(say(Text::tab_keys)) + paragraph(say(Text::no_keys)));
    }
    Markup rows;
    for (const contract::LicenceKey& key : reply.keys) {
        rows += row(cell_of(link(key_path(key.serial), key.serial)) + cell(key.product) +
                    cell(kind_text(view.language, key.kind)) +
                    cell(text_of(view.language, key.state)) + cell(use_of(view, key)));
    }
    const Markup head =
        table_head(view, {Text::serial, Text::product, Text::type, Text::state, Text::used_of});
    return document(view, Tab::keys,
                    heading(say(Text::tab_keys)) + table(say(Text::tab_keys), head, rows));
}

std::string key_page(const View& view, const contract::LicenceKey& key,
                     const std::optional<contract::ActivateLicenceReply>& request) {
    const auto say = [&](Text which) { return text(view.language, which); };
    return document(
        view, Tab::keys,
        heading(fmt::format("{} {}", say(Text::key), key.serial)) + barcode(key.serial) +
            facts(view, key) + lines_table(view, key) + switches(view, key) +
            activation(view, key, request) + heading(say(Text::take_away), 2) +
            form(view, key_path(key.serial) + "/remove",
                 tick(say(Text::take_away_tick), "sure", false) + button(say(Text::take_away))));
}

}  // namespace tillhost::licd::web
