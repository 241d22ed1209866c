#include "ipc/client/tillctl/grammar.h"

namespace tillhost::tillctl {
namespace {

constexpr std::int64_t kNumberMax = 9'007'199'254'740'991;

template <class V>
void keep_licence(VerbGrammar& verb, Invocation& to, std::shared_ptr<V> filled) {
    verb.chosen([&to, filled] {
        to.verb = LicenceVerb(std::move(*filled));
        return Problem();
    });
}

template <class V>
void declare_plain(VerbGrammar& licence, Invocation& to, std::string_view name) {
    VerbGrammar verb = licence.below(name);
    keep_licence(verb, to, std::make_shared<V>());
}

void declare_load(VerbGrammar& licence, Invocation& to) {
    VerbGrammar verb = licence.below("load");
    auto filled = std::make_shared<LoadLicenceVerb>();
    verb.text("FILE", "licence.load.file", filled->path, Presence::required);
    keep_licence(verb, to, filled);
}

void declare_activate(VerbGrammar& licence, Invocation& to) {
    VerbGrammar verb = licence.below("activate");
    auto filled = std::make_shared<ActivateLicenceVerb>();
    verb.text("SERIAL", "licence.serial", filled->request.serial, Presence::required);
    verb.text("PIN", "licence.activate.pin", filled->request.pin, Presence::required);
    verb.text("--save FILE", "licence.activate.save", filled->save);
    keep_licence(verb, to, filled);
}

void declare_free(VerbGrammar& licence, Invocation& to) {
    VerbGrammar verb = licence.below("free");
    auto filled = std::make_shared<FreeLicencesVerb>();
    auto all = std::make_shared<bool>(false);
    verb.number("NUMBER", "licence.free.number", 1, kNumberMax, filled->request.number);
    verb.flag("--all", "licence.free.all", *all);
    verb.flag("--accept-double-use", "licence.free.accept_double_use",
              filled->request.accept_double_use);
    verb.chosen([&to, filled, all, language = verb.language()] {
        const bool names_one = filled->request.number != 0;
        if (names_one == *all) {
            return std::string(text(language, Text::licence_free_wants));
        }
        to.verb = LicenceVerb(std::move(*filled));
        return Problem();
    });
}

void declare_set(VerbGrammar& licence, Invocation& to) {
    struct Switches {
        bool on = false;
        bool off = false;
        bool no_code = false;
    };
    VerbGrammar verb = licence.below("set");
    auto filled = std::make_shared<SetLicenceVerb>();
    auto switches = std::make_shared<Switches>();
    verb.text("SERIAL", "licence.serial", filled->request.serial, Presence::required);
    verb.flag("--on", "licence.set.on", switches->on);
    verb.flag("--off", "licence.set.off", switches->off);
    verb.take("--code CODE", "licence.set.code",
              [filled, language = verb.language()](const std::string& word) {
                  filled->request.access_code = word;
                  return word.empty() ? std::string(text(language, Text::licence_code_empty))
                                      : Problem();
              });
    verb.flag("--no-code", "licence.set.no_code", switches->no_code);
    verb.chosen([&to, filled, switches, language = verb.language()] {
        contract::SetLicenceKeyRequest& request = filled->request;
        const bool switches_it = switches->on || switches->off;
        const bool codes = request.access_code || switches->no_code;
        const bool contradicts =
            (switches->on && switches->off) || (request.access_code && switches->no_code);
        if (contradicts || (!switches_it && !codes)) {
            return std::string(text(language, Text::licence_set_wants));
        }
        if (switches_it) {
            request.enabled = switches->on;
        }
        if (switches->no_code) {
            request.access_code = "";
        }
        to.verb = LicenceVerb(std::move(*filled));
        return Problem();
    });
}

void declare_remove(VerbGrammar& licence, Invocation& to) {
    VerbGrammar verb = licence.below("remove");
    auto filled = std::make_shared<RemoveLicenceVerb>();
    verb.text("SERIAL", "licence.serial", filled->serial, Presence::required);
    keep_licence(verb, to, filled);
}

/// "NAME=VALUE"; the value may be empty and may hold "=".
Problem take_change(Language language, const std::string& word,
                    contract::SetLicenceSettingsRequest& to) {
    const std::size_t sign = word.find('=');
    if (sign == std::string::npos || sign == 0) {
        return std::string(text(language, Text::licence_setting_wanted));
    }
    to.changes.push_back({word.substr(0, sign), word.substr(sign + 1)});
    return {};
}

void declare_licence_settings(VerbGrammar& licence, Invocation& to) {
    VerbGrammar verb = licence.below("settings");
    auto filled = std::make_shared<LicenceSettingsVerb>();
    verb.take_all("--set NAME=VALUE", "licence.settings.set",
                  [filled, language = verb.language()](const std::vector<std::string>& words) {
                      for (const std::string& word : words) {
                          if (Problem wrong = take_change(language, word, filled->request);
                              !wrong.empty()) {
                              return wrong;
                          }
                      }
                      return Problem();
                  });
    verb.take_all("--forget NAME", "licence.settings.forget",
                  [filled](const std::vector<std::string>& words) {
                      filled->request.forget = words;
                      return Problem();
                  });
    verb.flag("--defaults", "licence.settings.defaults", filled->request.forget_all);
    verb.flag("--check", "licence.settings.check", filled->request.only_check);
    verb.chosen([&to, filled, language = verb.language()] {
        if (filled->request.only_check && only_shows(filled->request)) {
            return std::string(text(language, Text::licence_check_wants));
        }
        to.verb = LicenceVerb(std::move(*filled));
        return Problem();
    });
}

void declare_licence_acts(VerbGrammar& licence, Invocation& to) {
    constexpr std::int64_t kActsMax = 500;
    VerbGrammar verb = licence.below("acts");
    auto filled = std::make_shared<LicenceActsVerb>();
    verb.number("--limit N", "licence.acts.limit", 1, kActsMax, filled->request.limit);
    verb.number("--before NUMBER", "licence.acts.before", 1, kNumberMax, filled->request.before);
    keep_licence(verb, to, filled);
}

void declare_licence_logs(VerbGrammar& licence, Invocation& to) {
    VerbGrammar verb = licence.below("logs");
    auto filled = std::make_shared<LicenceLogsVerb>();
    verb.text("--out FILE", "licence.logs.out", filled->save, Presence::required);
    keep_licence(verb, to, filled);
}

}  // namespace

void declare_licence(CommandLine& line, Invocation& to) {
    VerbGrammar licence = line.verb("licence");
    declare_plain<LicenceKeysVerb>(licence, to, "keys");
    declare_plain<LicenceConnectionsVerb>(licence, to, "connections");
    declare_load(licence, to);
    declare_activate(licence, to);
    declare_free(licence, to);
    declare_set(licence, to);
    declare_remove(licence, to);
    declare_plain<LicenceTraitsVerb>(licence, to, "traits");
    declare_licence_settings(licence, to);
    declare_licence_acts(licence, to);
    declare_licence_logs(licence, to);
}

}  // namespace tillhost::tillctl
