#include "sumpd/arguments.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "hal/base/text.h"
#include "sumpd/runtime/administration.h"

namespace tillhost::sumpd {
namespace {

constexpr std::string_view kHelp =
    "sumpd: the exchange server; the accounting system and the shop's phones meet here, and no\n"
    "document is lost or doubled between them.\n"
    "\n"
    "usage: sumpd --config DIR [--check]\n"
    "       sumpd --config DIR --invite [OPTION TEXT]...\n"
    "       sumpd --config DIR --ORDER [WORD]...\n"
    "       sumpd --config DIR --reset-web-login\n"
    "       sumpd --config DIR --web-token ORIGIN --name NAME [--role ROLE] [--devices ID,ID]\n"
    "       sumpd --config DIR --web-revoke NAME\n"
    "\n"
    "  --config DIR  holds sumpd.toml, which may be absent: then phones of this machine only are\n"
    "                served, and no accounting system is admitted\n"
    "  --check       only look whether the configuration is in order; starts nothing\n"
    "  --invite      print a QR code by which one app is enrolled within 15 minutes, by the sumpd\n"
    "                that is running; --minutes N: within so many (1 to 1440); --name NAME: it is\n"
    "                called so; --kind cashier|dataTerminal, --store ID, --role ID: it is bound "
    "to\n"
    "                that; --picture FILE: also a picture (SVG), to be printed\n"
    "{}"
    "  --reset-web-login  take the console's login away; a new one is made with a one-time token.\n"
    "                sumpd must not be running\n"
    "  --web-token   print a token, once, by which one web till of pages of ORIGIN\n"
    "                (\"https://pos.example\"; - for a program that is no browser) uses the\n"
    "                devices named, or all, as observer, cashier (unless said otherwise),\n"
    "                operator or administrator; an older token of that NAME ends\n"
    "  --web-revoke  end the token of that name\n"
    "  -h, --help    this text\n"
    "\n"
    "TILLHOST_STATE_DIR (default /var/lib/tillhost) holds the folder sumpd with documents, "
    "messages\n"
    "and the certificate. The API: https://localhost:8443, for this machine unless sumpd.toml "
    "says\n"
    "more; SOAP at /soap (WSDL at /soap?wsdl), RAW-XML at /xml, JSON below /v1 (/openapi.json).\n"
    "The console: https://localhost:8444, for this machine unless sumpd.toml says more.\n"
    "\n"
    "Example: look, serve until Ctrl-C, and enrol a phone from another terminal\n"
    "  sumpd --config /etc/tillhost --check && sumpd --config /etc/tillhost\n"
    "  sumpd --config /etc/tillhost --invite\n"
    "\n"
    "Exit: 0 stopped by SIGTERM or SIGINT, or all in order; 1 a fault at the start, or not in\n"
    "order; 2 usage; 74 documents cannot be written\n";

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
                                      {"--web-revoke", &to.web_revoke}}) {
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
