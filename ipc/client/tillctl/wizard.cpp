// The steps on a terminal. Nothing is changed here: what a person wants comes back as the verb that
// the command line could have said.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "ipc/client/tillctl/setting_form.h"
#include "ipc/client/tillctl/verbs.h"

namespace tillhost::tillctl {
namespace {

using base::Result;
using contract::Manifest;

constexpr std::string_view kClears = "-";

/// The steps of tillctl add: driver, its settings, id, name, and whether it is to be done.
class AddDialogue final {
public:
    AddDialogue(const AdminContext& to, const std::vector<Manifest>& manifests)
        : to_(to), manifests_(manifests) {}

    /// Nothing if the person gave up.
    Result<std::optional<AddVerb>> hold() {
        say(to_, Text::empty_keeps);
        const bool through = TRY(walk(
            to_, [this] { return steps(); }, [this](std::size_t at) { return step(at); }));
        return through && wanted_ ? std::optional(verb_) : std::nullopt;
    }

private:
    /// Those behind the driver are the driver's own, and it may be changed.
    std::size_t steps() const { return 1 + (form_ ? form_->steps() : 0) + 3; }

    Result<Move> step(std::size_t at) {
        if (at == 0) {
            return ask_driver();
        }
        switch (steps() - at) {
            case 3: return ask_id();
            case 2: return ask_name();
            case 1: return confirm();
            default: return form_->ask_for(at - 1);
        }
    }

    Move ask_driver() {
        for (std::size_t i = 0; i < manifests_.size(); ++i) {
            to_.console.out(fmt::format("  {:>2}) {:<18} {}\n", i + 1, manifests_[i].driver,
                                        text(to_.language, manifests_[i].title)));
        }
        while (true) {
            const Answer answer = ask(to_, text(to_.language, Text::ask_driver));
            if (const auto* elsewhere = std::get_if<Move>(&answer)) {
                return *elsewhere;
            }
            if (const Manifest* chosen = manifest_named(std::get<std::string>(answer))) {
                if (verb_.driver != chosen->driver) {
                    verb_ = AddVerb();
                    verb_.driver = chosen->driver;
                    verb_.name = text(to_.language, chosen->title);
                    form_.emplace(to_, *chosen);
                }
                return Move::on;
            }
            to_.console.err(text(to_.language, Text::no_such_choice));
        }
    }

    const Manifest* manifest_named(const std::string& word) const {
        for (std::size_t i = 0; i < manifests_.size(); ++i) {
            if (manifests_[i].driver == word || std::to_string(i + 1) == word) {
                return &manifests_[i];
            }
        }
        return nullptr;
    }

    Result<Move> ask_id() {
        verb_.settings = form_->changes();
        if (verb_.device.empty()) {
            verb_.device = TRY(would_be("", "")).device;
        }
        return ask_checked(Text::ask_id, verb_.device,
                           [this](const std::string& id) { return would_be(id, ""); });
    }

    Result<Move> ask_name() {
        return ask_checked(Text::ask_name, verb_.name, [this](const std::string& name) {
            return would_be(verb_.device, name);
        });
    }

    /// Asks with what stands there; an answer that devd would refuse is asked for again at once.
    template <class Check>
    Result<Move> ask_checked(Text question, std::string& value, Check check) {
        while (true) {
            const Answer answer = ask(to_, filled(to_.language, question, value));
            if (const auto* elsewhere = std::get_if<Move>(&answer)) {
                return *elsewhere;
            }
            const auto& word = std::get<std::string>(answer);
            const std::string& chosen = word.empty() ? value : word;
            if (const auto good = check(chosen); !good) {
                to_.console.err(objection(to_.language, good.error()));
                continue;
            }
            value = std::string(chosen);
            return Move::on;
        }
    }

    Result<Move> confirm() {
        contract::DeviceSettings shown = TRY(would_be(verb_.device, verb_.name));
        to_.console.out("\n" + settings_text(to_.language, shown));
        Move move = Move::on;
        wanted_ = ask_whether(to_, text(to_.language, Text::ask_add), true, move).value_or(false);
        return move;
    }

    /// What devd would make of it.
    Result<contract::DeviceSettings> would_be(const std::string& id,
                                              const std::string& name) const {
        contract::AddDeviceRequest request;
        request.driver = verb_.driver;
        request.settings = verb_.settings;
        request.device = id;
        request.name = name;
        request.only_check = true;
        return to_.devd.add_device(request, to_.deadline());
    }

    const AdminContext& to_;
    const std::vector<Manifest>& manifests_;
    std::optional<SettingForm> form_;
    AddVerb verb_;
    bool wanted_ = false;
};

/// The steps of tillctl configure: the settings, the name, and whether it is to be done.
class ChangeDialogue final {
public:
    ChangeDialogue(const AdminContext& to, const Manifest& manifest,
                   const contract::DeviceSettings& now)
        : to_(to), now_(now), form_(to, manifest, now.device, now.settings), name_(now.name) {}

    /// Nothing if the person gave up.
    Result<std::optional<ConfigureVerb>> hold() {
        say(to_, Text::empty_keeps);
        const bool through = TRY(walk(
            to_, [this] { return form_.steps() + 2; },
            [this](std::size_t at) -> Result<Move> {
                if (at < form_.steps()) {
                    return form_.ask_for(at);
                }
                return at == form_.steps() ? ask_name() : confirm();
            }));
        if (!through || !wanted_) {
            return std::optional<ConfigureVerb>();
        }
        ConfigureVerb verb;
        verb.device = now_.device;
        verb.settings = form_.changes();
        verb.unset = form_.cleared();
        if (name_ != now_.name) {
            verb.name = name_;
        }
        return std::optional(verb);
    }

private:
    Move ask_name() {
        while (true) {
            const Answer answer = ask(to_, filled(to_.language, Text::ask_name, name_));
            if (const auto* elsewhere = std::get_if<Move>(&answer)) {
                return *elsewhere;
            }
            const auto& word = std::get<std::string>(answer);
            if (!is_good_name(word)) {
                continue;
            }
            name_ = word.empty() ? name_ : word == kClears ? "" : word;
            return Move::on;
        }
    }

    /// Said at once: the settings would be changed before the name is refused.
    bool is_good_name(const std::string& name) const {
        contract::AddDeviceRequest request;
        request.driver = now_.driver;
        request.name = name;
        request.only_check = true;
        const auto tried = to_.devd.add_device(request, to_.deadline());
        if (tried || !tried.error().detail.starts_with("name:")) {
            return true;
        }
        to_.console.err(objection(to_.language, tried.error()));
        return false;
    }

    Move confirm() {
        Move move = Move::on;
        wanted_ =
            ask_whether(to_, text(to_.language, Text::ask_change), true, move).value_or(false);
        return move;
    }

    const AdminContext& to_;
    const contract::DeviceSettings& now_;
    SettingForm form_;
    std::string name_;
    bool wanted_ = false;
};

}  // namespace

Result<std::optional<AddVerb>> ask_what_to_add(const AdminContext& context) {
    const auto models = TRY(context.devd.models(context.deadline()));
    return AddDialogue(context, models.manifests).hold();
}

Result<std::optional<ConfigureVerb>> ask_what_to_change(const AdminContext& context,
                                                        const std::string& device) {
    const auto now = TRY(context.devd.device_settings(device, context.deadline()));
    const auto models = TRY(context.devd.models(context.deadline()));
    const auto manifest =
        std::find_if(models.manifests.begin(), models.manifests.end(),
                     [&now](const Manifest& one) { return one.driver == now.driver; });
    if (manifest == models.manifests.end()) {
        return base::make_error(base::ErrorCode::internal, "the driver has no manifest");
    }
    return ChangeDialogue(context, *manifest, now).hold();
}

}  // namespace tillhost::tillctl
