#include "ipc/client/tillctl/grammar.h"

namespace tillhost::tillctl {
namespace {

constexpr std::size_t kDevicesMax = 64;

template <class V>
void keep_access(VerbGrammar& verb, Invocation& to, std::shared_ptr<V> filled) {
    verb.chosen([&to, filled] {
        to.verb = AccessVerb(std::move(*filled));
        return Problem();
    });
}

void take_role(VerbGrammar& verb, contract::Role& to) {
    using contract::Role;
    take_enumerator(verb, "--role ROLE", "pair.role",
                    {Role::observer, Role::cashier, Role::operator_, Role::administrator}, to);
}

void take_devices(VerbGrammar& verb, std::vector<std::string>& to) {
    verb.take_all("--device DEVICE", "pair.device",
                  [&to, language = verb.language()](const std::vector<std::string>& words) {
                      if (words.size() > kDevicesMax) {
                          return filled(language, Text::number_range, 1, kDevicesMax, words.size());
                      }
                      to = words;
                      return Problem();
                  });
}

/// "pair NAME" on the host, "pair --with HOST CODE" on the workstation.
void declare_pair(CommandLine& line, Invocation& to) {
    VerbGrammar verb = line.verb("pair");
    auto invite = std::make_shared<InviteVerb>();
    auto with = std::make_shared<PairWithVerb>();
    auto word = std::make_shared<std::string>();
    auto closes = std::make_shared<bool>(false);
    verb.text("NAME", "pair.name", *word);
    take_role(verb, invite->request.role);
    take_devices(verb, invite->request.devices);
    verb.flag("--as-host", "pair.as_host", invite->request.host);
    verb.flag("--close", "pair.close", *closes);
    verb.text("--with HOST", "pair.with", with->host);
    verb.text("--save-as NAME", "pair.save_as", with->save_as);
    verb.chosen([&to, invite, with, word, closes, language = verb.language()] {
        if (*closes) {
            to.verb = AccessVerb(ClosePairingVerb{});
            return Problem();
        }
        if (word->empty()) {
            return std::string(text(language, Text::pair_wants_word));
        }
        if (with->host.empty()) {
            invite->request.name = *word;
            to.verb = AccessVerb(std::move(*invite));
        } else {
            with->code = *word;
            to.verb = std::move(*with);
        }
        return Problem();
    });
}

void declare_set(CommandLine& line, Invocation& to) {
    VerbGrammar verb = line.verb("set-workstation");
    auto filled = std::make_shared<SetWorkstationVerb>();
    verb.text("NAME", "workstation", filled->name, Presence::required);
    take_role(verb, filled->role);
    take_devices(verb, filled->devices);
    verb.flag("--all-devices", "set-workstation.all_devices", filled->all_devices);
    verb.chosen([&to, filled, language = verb.language()] {
        filled->names_devices = !filled->devices.empty();
        const bool changes = filled->role != contract::Role::unspecified || filled->names_devices ||
                             filled->all_devices;
        if (!changes || (filled->names_devices && filled->all_devices)) {
            return std::string(text(language, Text::set_workstation_wants));
        }
        to.verb = AccessVerb(std::move(*filled));
        return Problem();
    });
}

}  // namespace

void declare_access(CommandLine& line, Invocation& to) {
    declare_pair(line, to);
    VerbGrammar list = line.verb("workstations");
    keep_access(list, to, std::make_shared<WorkstationsVerb>());
    declare_set(line, to);
    VerbGrammar revoke = line.verb("revoke");
    auto revoked = std::make_shared<RevokeVerb>();
    revoke.text("NAME", "workstation", revoked->name, Presence::required);
    keep_access(revoke, to, revoked);
    VerbGrammar roll = line.verb("roll-key");
    keep(roll, to, std::make_shared<RollKeyVerb>());
}

}  // namespace tillhost::tillctl
