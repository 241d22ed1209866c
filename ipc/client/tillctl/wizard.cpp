// The steps on a terminal. Nothing is changed here: what a person wants comes back as the verb that
// the command line could have said.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "ipc/client/tillctl/admin.h"
#include "ipc/client/tillctl/verbs.h"

namespace tillhost::tillctl {
namespace {

using base::Result;
using contract::FieldKind;
using contract::Setting;

constexpr std::string_view kClears = "-";
constexpr std::string_view kPort = "port";

/// An answer, or nothing if the person gave up.
using Answer = std::optional<std::string>;

std::size_t number_in(const std::string& word) {
    std::size_t number = 0;
    const char* const end = word.data() + word.size();
    const auto [stop, problem] = std::from_chars(word.data(), end, number);
    return problem == std::errc() && stop == end ? number : 0;
}

/// One run through a driver's form.
class Form final {
public:
    Form(const AdminContext& context, const contract::Manifest& manifest,
         std::vector<Setting> settings, bool is_new)
        : to_(context), manifest_(manifest), settings_(std::move(settings)), is_new_(is_new) {}

    /// False if the person gave up.
    Result<bool> fill(const std::string& device) {
        to_.console.out(text(to_.language, Text::empty_keeps));
        for (const contract::SettingPage& page : manifest_.pages) {
            to_.console.out(fmt::format("\n{}\n", text(to_.language, page.title)));
            for (const contract::SettingField& field : page.fields) {
                if (!TRY(fill(device, field))) {
                    return false;
                }
            }
        }
        return true;
    }
    const std::vector<Setting>& changes() const { return changes_; }
    const std::vector<std::string>& cleared() const { return cleared_; }

private:
    Result<bool> fill(const std::string& device, const contract::SettingField& field) {
        to_.console.out(fmt::format("  {}: {}\n", text(to_.language, field.title),
                                    text(to_.language, field.help)));
        while (true) {
            const Answer answer =
                field.kind == FieldKind::port ? TRY(ask_port(field)) : ask_value(field);
            if (!answer) {
                return false;
            }
            if (answer->empty() && (!field.required || has(field.name))) {
                return true;
            }
            if (*answer == kClears && !field.required) {
                clear(field.name);
                return true;
            }
            if (const auto wrong = TRY(what_is_wrong(device, field.name, *answer))) {
                to_.console.err(*wrong + "\n");
                continue;
            }
            set(field.name, *answer);
            return true;
        }
    }

    Answer ask_value(const contract::SettingField& field) const {
        const std::string now = shown(field);
        for (const contract::SettingChoice& choice : field.choices) {
            to_.console.out(
                fmt::format("    {} – {}\n", choice.value, text(to_.language, choice.title)));
        }
        const std::string prompt = now.empty() ? fmt::format("  {}: ", field.name)
                                               : fmt::format("  {} [{}]: ", field.name, now);
        return to_.console.ask(prompt, field.kind == FieldKind::secret);
    }

    std::string shown(const contract::SettingField& field) const {
        if (!has(field.name)) {
            return field.default_value;
        }
        const std::string& value = find(field.name)->value;
        return value.empty() ? std::string(text(to_.language, Text::secret_is_set)) : value;
    }

    Result<Answer> ask_port(const contract::SettingField& field) const {
        const auto ports = TRY(to_.devd.ports({manifest_.driver, ""}, to_.deadline()));
        for (std::size_t i = 0; i < ports.ports.size(); ++i) {
            to_.console.out(
                fmt::format("  {:>2}) {}\n", i + 1, port_text(to_.language, ports.ports[i])));
        }
        const std::string prompt =
            has(field.name) ? filled(to_.language, Text::ask_port_now, find(field.name)->value)
                            : std::string(text(to_.language, Text::ask_port));
        Answer answer = to_.console.ask("  " + prompt, false);
        const std::size_t number = answer ? number_in(*answer) : 0;
        if (number == 0 || number > ports.ports.size()) {
            return answer;
        }
        const contract::Port& chosen = ports.ports[number - 1];
        return chosen.address.starts_with("serial:") ? with_speed(chosen) : Answer(chosen.address);
    }

    Answer with_speed(const contract::Port& port) const {
        const Answer speed =
            to_.console.ask(fmt::format("  {}", text(to_.language, Text::ask_speed)), false);
        if (!speed) {
            return std::nullopt;
        }
        const std::string path = port.by_id.empty() ? port.address.substr(0, port.address.find('?'))
                                                    : "serial:" + port.by_id;
        return path + "?baud=" + (speed->empty() ? "115200" : *speed);
    }

    /// devd's own word on one value; other fields may still be missing.
    Result<std::optional<std::string>> what_is_wrong(const std::string& device,
                                                     const std::string& name,
                                                     const std::string& value) {
        contract::AddDeviceRequest request;
        request.driver = manifest_.driver;
        request.device = device;
        request.settings = {{name, value}};
        request.only_check = true;
        const auto checked = to_.devd.add_device(request, to_.deadline());
        if (!checked && checked.error().detail.starts_with("settings." + name)) {
            return std::optional(checked.error().detail);
        }
        if (name != kPort) {
            return std::optional<std::string>();
        }
        return look_at_port(value);
    }

    Result<std::optional<std::string>> look_at_port(const std::string& address) const {
        const auto ports = TRY(to_.devd.ports({manifest_.driver, address}, to_.deadline()));
        const bool ours = !is_new_ && has(kPort) && find(kPort)->value == address;
        for (const contract::Port& port : ports.ports) {
            if (port.state == contract::PortState::available || ours) {
                continue;
            }
            to_.console.out("  " + port_text(to_.language, port) + "\n");
            const Answer anyway = to_.console.ask(
                fmt::format("  {}", text(to_.language, Text::ask_use_anyway)), false);
            if (anyway.value_or("n") != "y") {
                return std::optional<std::string>("");
            }
        }
        return std::optional<std::string>();
    }

    const Setting* find(std::string_view name) const {
        const auto found = std::find_if(settings_.begin(), settings_.end(),
                                        [name](const Setting& one) { return one.name == name; });
        return found == settings_.end() ? nullptr : &*found;
    }
    bool has(std::string_view name) const { return find(name) != nullptr; }
    void clear(const std::string& name) {
        if (has(name)) {
            cleared_.push_back(name);
        }
    }
    void set(const std::string& name, const std::string& value) {
        if (!has(name) || find(name)->value != value) {
            changes_.push_back({name, value});
        }
    }

    const AdminContext& to_;
    const contract::Manifest& manifest_;
    std::vector<Setting> settings_;  ///< as they are
    bool is_new_;
    std::vector<Setting> changes_;
    std::vector<std::string> cleared_;
};

std::optional<bool> confirmed(const AdminContext& to, Text question) {
    const Answer answer = to.console.ask(text(to.language, question), false);
    return answer ? std::optional(answer->empty() || *answer == "y") : std::nullopt;
}

/// Nothing if the person gave up.
const contract::Manifest* ask_driver(const AdminContext& to,
                                     const std::vector<contract::Manifest>& manifests) {
    for (std::size_t i = 0; i < manifests.size(); ++i) {
        to.console.out(fmt::format("  {:>2}) {:<18} {}\n", i + 1, manifests[i].driver,
                                   text(to.language, manifests[i].title)));
    }
    while (const Answer answer = to.console.ask(text(to.language, Text::ask_driver), false)) {
        const std::size_t number = number_in(*answer);
        for (std::size_t i = 0; i < manifests.size(); ++i) {
            if (number == i + 1 || manifests[i].driver == *answer) {
                return &manifests[i];
            }
        }
        to.console.err(text(to.language, Text::no_such_choice));
    }
    return nullptr;
}

Answer ask_with_default(const AdminContext& to, Text question, const std::string& otherwise) {
    const Answer answer = to.console.ask(filled(to.language, question, otherwise), false);
    return answer && answer->empty() ? otherwise : answer;
}

}  // namespace

Result<std::optional<AddVerb>> ask_what_to_add(const AdminContext& context) {
    const auto models = TRY(context.devd.models(context.deadline()));
    const contract::Manifest* manifest = ask_driver(context, models.manifests);
    AddVerb wanted;
    if (manifest == nullptr) {
        return std::optional<AddVerb>();
    }
    Form form(context, *manifest, {}, true);
    if (!TRY(form.fill(""))) {
        return std::optional<AddVerb>();
    }
    wanted.driver = manifest->driver;
    wanted.settings = form.changes();
    contract::AddDeviceRequest request;
    request.driver = wanted.driver;
    request.settings = wanted.settings;
    request.only_check = true;
    auto would_be = TRY(context.devd.add_device(request, context.deadline()));
    const Answer id = ask_with_default(context, Text::ask_id, would_be.device);
    const Answer name = id ? ask_with_default(context, Text::ask_name,
                                              std::string(text(context.language, manifest->title)))
                           : std::nullopt;
    if (!name) {
        return std::optional<AddVerb>();
    }
    wanted.device = would_be.device = *id;
    wanted.name = would_be.name = *name;
    context.console.out("\n" + settings_text(context.language, would_be));
    return confirmed(context, Text::ask_add).value_or(false) ? std::optional(wanted) : std::nullopt;
}

Result<std::optional<ConfigureVerb>> ask_what_to_change(const AdminContext& context,
                                                        const std::string& device) {
    const auto now = TRY(context.devd.device_settings(device, context.deadline()));
    const auto models = TRY(context.devd.models(context.deadline()));
    const auto manifest =
        std::find_if(models.manifests.begin(), models.manifests.end(),
                     [&now](const contract::Manifest& one) { return one.driver == now.driver; });
    if (manifest == models.manifests.end()) {
        return base::make_error(base::ErrorCode::internal, "the driver has no manifest");
    }
    Form form(context, *manifest, now.settings, false);
    if (!TRY(form.fill(device))) {
        return std::optional<ConfigureVerb>();
    }
    ConfigureVerb wanted;
    wanted.device = device;
    wanted.settings = form.changes();
    wanted.unset = form.cleared();
    const Answer name = ask_with_default(context, Text::ask_name, now.name);
    if (!name || !confirmed(context, Text::ask_change).value_or(false)) {
        return std::optional<ConfigureVerb>();
    }
    if (*name != now.name) {
        wanted.name = *name == kClears ? "" : *name;
    }
    return std::optional(wanted);
}

}  // namespace tillhost::tillctl
