#include "ipc/client/tillctl/grammar.h"

namespace tillhost::tillctl {
namespace {

template <class V>
void keep_admin(VerbGrammar& verb, Invocation& to, std::shared_ptr<V> filled) {
    verb.chosen([&to, filled] {
        to.verb = AdminVerb(std::move(*filled));
        return Problem();
    });
}

/// A setting NAME=VALUE, or nothing.
std::optional<contract::Setting> setting_in(const std::string& word) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos || equals == 0) {
        return std::nullopt;
    }
    return contract::Setting{word.substr(0, equals), word.substr(equals + 1)};
}

void declare_catalogue(CommandLine& line, Invocation& to) {
    VerbGrammar models = line.verb("models");
    keep_admin(models, to, std::make_shared<ModelsVerb>());
    VerbGrammar ports = line.verb("ports");
    auto which = std::make_shared<PortsVerb>();
    ports.text("ADDRESS", "ports.address", which->address);
    ports.text("--driver DRIVER", "ports.driver", which->driver);
    keep_admin(ports, to, which);
    VerbGrammar scan = line.verb("scan");
    keep_admin(scan, to, std::make_shared<ScanVerb>());
}

void declare_add(CommandLine& line, Invocation& to) {
    VerbGrammar add = line.verb("add");
    auto added = std::make_shared<AddVerb>();
    auto untested = std::make_shared<bool>(false);
    add.text("DRIVER", "add.driver", added->driver);
    add.take_all("SETTINGS", "add.settings",
                 [added, language = add.language()](const std::vector<std::string>& words) {
                     for (const std::string& word : words) {
                         if (auto setting = setting_in(word)) {
                             added->settings.push_back(std::move(*setting));
                         } else if (added->device.empty()) {
                             added->device = word;
                         } else {
                             return filled(language, Text::setting_wanted, word);
                         }
                     }
                     return Problem();
                 });
    add.text("--name TEXT", "add.name", added->name);
    add.flag("--no-test", "add.no_test", *untested);
    add.chosen([&to, added, untested] {
        added->test = !*untested;
        to.verb = AdminVerb(std::move(*added));
        return Problem();
    });
}

void declare_configure(CommandLine& line, Invocation& to) {
    VerbGrammar configure = line.verb("configure");
    auto changed = std::make_shared<ConfigureVerb>();
    auto untested = std::make_shared<bool>(false);
    configure.text("DEVICE", "device", changed->device, Presence::required);
    configure.take_all(
        "SETTINGS", "configure.settings",
        [changed, language = configure.language()](const std::vector<std::string>& words) {
            for (const std::string& word : words) {
                auto setting = setting_in(word);
                if (!setting) {
                    return filled(language, Text::setting_wanted, word);
                }
                changed->settings.push_back(std::move(*setting));
            }
            return Problem();
        });
    configure.take("--name TEXT", "add.name", [changed](const std::string& word) {
        changed->name = word;
        return Problem();
    });
    configure.take_all("--unset NAME", "configure.unset",
                       [changed](const std::vector<std::string>& names) {
                           changed->unset = names;
                           return Problem();
                       });
    configure.flag("--show", "configure.show", changed->show);
    configure.flag("--no-test", "add.no_test", *untested);
    configure.chosen([&to, changed, untested] {
        changed->test = !*untested;
        to.verb = AdminVerb(std::move(*changed));
        return Problem();
    });
}

/// A verb that wants a device and nothing else.
template <class V>
void declare_of_device(CommandLine& line, Invocation& to, std::string_view name,
                       Presence presence) {
    VerbGrammar verb = line.verb(name);
    auto filled = std::make_shared<V>();
    verb.text("DEVICE", "device", filled->device, presence);
    keep_admin(verb, to, filled);
}

void declare_test(CommandLine& line, Invocation& to) {
    VerbGrammar test = line.verb("test");
    auto tested = std::make_shared<TestVerb>();
    test.text("DEVICE", "device", tested->device, Presence::required);
    test.flag("--find-speed", "test.find_speed", tested->find_speed);
    keep_admin(test, to, tested);
}

}  // namespace

void declare_setup(CommandLine& line, Invocation& to) {
    declare_catalogue(line, to);
    declare_add(line, to);
    declare_configure(line, to);
    declare_of_device<RemoveVerb>(line, to, "remove", Presence::required);
    declare_test(line, to);
    declare_of_device<DoctorVerb>(line, to, "doctor", Presence::optional);
}

}  // namespace tillhost::tillctl
