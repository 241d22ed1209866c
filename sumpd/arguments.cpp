#include "sumpd/arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "hal/base/text.h"
#include "sumpd/help_text.h"
#include "sumpd/runtime/administration.h"

namespace tillhost::sumpd {
namespace {

base::Done set_kind(apps::InvitationWish& wish, std::string_view text) {
    const auto names = exchange::names_of(apps::AppKind::unspecified);
    const auto name = std::find(names.begin(), names.end(), text);
    if (name == names.end()) {
        return base::bad_field("--kind", "cashier or dataTerminal");
    }
    wish.kind = static_cast<apps::AppKind>(name - names.begin() + 1);
    return {};
}

base::Done set_minutes(apps::InvitationWish& wish, std::string_view text) {
    const auto number = base::parse_decimal(text);
    if (!number || number->scale != 0 || number->units < 1 ||
        number->units > apps::kInvitationLifeSMax / 60) {
        return base::bad_field("--minutes", "1 to 1440");
    }
    wish.life_s = number->units * 60;
    return {};
}

/// An option with one text behind it.
base::Done set_option(Arguments& to, std::string_view option, const std::string& text) {
    if (option == "--kind") {
        return set_kind(to.wish, text);
    }
    if (option == "--minutes") {
        return set_minutes(to.wish, text);
    }
    for (const auto& [name, field] : {std::pair{"--config", &to.config},
                                      {"--name", &to.wish.name},
                                      {"--store", &to.wish.store_id},
                                      {"--role", &to.wish.role_id},
                                      {"--picture", &to.picture},
                                      {"--web-token", &to.web_origin},
                                      {"--devices", &to.web_devices},
                                      {"--web-revoke", &to.web_revoke},
                                      {"--backup", &to.backup},
                                      {"--restore", &to.restore},
                                      {"--audit", &to.audit}}) {
        if (option == name) {
            *field = text;
            return {};
        }
    }
    return base::bad_field(option, "an option that there is");
}

/// How many words an order takes, if the option is one.
std::optional<std::size_t> order_words(std::string_view option) {
    for (const runtime::OrderForm& form : runtime::order_forms()) {
        if (option.starts_with("--") && option.substr(2) == form.name) {
            return form.words;
        }
    }
    return std::nullopt;
}

}  // namespace

base::Result<Arguments> parse(int count, char** words) {
    Arguments arguments;
    for (int i = 1; i < count; ++i) {
        const std::string_view word = words[i];
        if (word == "--help" || word == "-h") {
            arguments.help = true;
            return arguments;
        }
        const auto order = order_words(word);
        const int behind = order ? static_cast<int>(*order) : 1;
        if (word == "--reset-web-login") {
            arguments.reset_web_login = true;
        } else if (word == "--check" || word == "--invite") {
            (word == "--check" ? arguments.check : arguments.invite) = true;
        } else if (i + behind >= count) {
            return base::bad_field(word, fmt::format("{} words behind it", behind));
        } else if (order) {
            arguments.order.assign(words + i, words + i + behind + 1);
            arguments.order.front().erase(0, 2);
            i += behind;
        } else {
            TRY(set_option(arguments, word, words[++i]));
        }
    }
    if (arguments.config.empty()) {
        return base::bad_field("--config", "it is required: the folder with sumpd.toml");
    }
    return arguments;
}

std::string help() {
    std::string orders;
    for (const runtime::OrderForm& form : runtime::order_forms()) {
        orders += fmt::format("  --{} {}\n                {}\n", form.name, form.usage, form.does);
    }
    return fmt::format(fmt::runtime(kHelp), orders);
}

}  // namespace tillhost::sumpd
