#include "ipc/client/tillctl/setting_form.h"

#include <fmt/format.h>

#include <charconv>

#include "ipc/client/tillctl/verbs.h"

namespace tillhost::tillctl {
namespace {

using base::Result;
using contract::FieldKind;
using contract::SettingField;

constexpr std::string_view kClears = "-";
constexpr std::string_view kPort = "port";
constexpr std::string_view kUsualSpeed = "115200";

/// 0 if it is no number.
std::size_t number_in(const std::string& word) {
    std::size_t number = 0;
    const char* const end = word.data() + word.size();
    const auto [stop, problem] = std::from_chars(word.data(), end, number);
    return problem == std::errc() && stop == end ? number : 0;
}

}  // namespace

SettingForm::SettingForm(const AdminContext& to, const contract::Manifest& manifest)
    : SettingForm(to, manifest, "", {}) {}

SettingForm::SettingForm(const AdminContext& to, const contract::Manifest& manifest,
                         std::string device, const std::vector<contract::Setting>& settings)
    : to_(to), manifest_(manifest), device_(std::move(device)) {
    for (const contract::SettingPage& page : manifest_.pages) {
        for (const SettingField& field : page.fields) {
            if (field.kind != FieldKind::remembered) {
                steps_.push_back({&page, &field});
            }
        }
    }
    for (const contract::Setting& setting : settings) {
        before_[setting.name] = setting.value;
    }
    values_ = before_;
}

Result<Move> SettingForm::ask_for(std::size_t step) {
    const auto& [page, field] = steps_.at(step);
    if (field == &page->fields.front()) {
        to_.console.out(fmt::format("\n{}\n", text(to_.language, page->title)));
    }
    to_.console.out(fmt::format("  {}: {}\n", text(to_.language, field->title),
                                text(to_.language, field->help)));
    while (true) {
        const Answer answer =
            field->kind == FieldKind::port ? TRY(ask_port(*field)) : ask_value(*field);
        if (const auto* elsewhere = std::get_if<Move>(&answer)) {
            return *elsewhere;
        }
        if (TRY(take(*field, std::get<std::string>(answer)))) {
            return Move::on;
        }
    }
}

/// False if it is to be asked again; why was said.
Result<bool> SettingForm::take(const SettingField& field, const std::string& answer) {
    const bool must_be_said = field.required && now(field.name) == nullptr;
    if (answer.empty() && !must_be_said) {
        return true;
    }
    if (answer.empty() || (answer == kClears && field.required)) {
        to_.console.err(filled(to_.language, Text::value_required, field.name));
        return false;
    }
    if (answer == kClears) {
        values_.erase(field.name);
        return true;
    }
    if (!TRY(is_good(field, answer))) {
        return false;
    }
    values_[field.name] = answer;
    return true;
}

Answer SettingForm::ask_value(const SettingField& field) const {
    const std::string value = shown(field);
    for (const contract::SettingChoice& choice : field.choices) {
        to_.console.out(
            fmt::format("    {} – {}\n", choice.value, text(to_.language, choice.title)));
    }
    const std::string prompt = value.empty() ? fmt::format("  {}: ", field.name)
                                             : fmt::format("  {} [{}]: ", field.name, value);
    return ask(to_, prompt, field.kind == FieldKind::secret);
}

std::string SettingForm::shown(const SettingField& field) const {
    const std::string* value = now(field.name);
    if (value == nullptr) {
        return field.default_value;
    }
    return field.kind == FieldKind::secret ? std::string(text(to_.language, Text::secret_is_set))
                                           : *value;
}

Result<Answer> SettingForm::ask_port(const SettingField& field) const {
    const auto ports = TRY(to_.devd.ports({manifest_.driver, ""}, to_.deadline()));
    for (std::size_t i = 0; i < ports.ports.size(); ++i) {
        to_.console.out(
            fmt::format("  {:>2}) {}\n", i + 1, port_text(to_.language, ports.ports[i])));
    }
    const std::string* address = now(field.name);
    Answer answer =
        ask(to_, fmt::format("  {}", address == nullptr
                                         ? std::string(text(to_.language, Text::ask_port))
                                         : filled(to_.language, Text::ask_port_now, *address)));
    const auto* word = std::get_if<std::string>(&answer);
    const std::size_t number = word == nullptr ? 0 : number_in(*word);
    if (number == 0 || number > ports.ports.size()) {
        return answer;
    }
    const contract::Port& chosen = ports.ports[number - 1];
    if (chosen.address.starts_with("serial:")) {
        return with_speed(chosen);
    }
    return chosen.stable.empty() ? chosen.address : chosen.stable;
}

Answer SettingForm::with_speed(const contract::Port& port) const {
    const Answer speed = ask(to_, fmt::format("  {}", text(to_.language, Text::ask_speed)));
    const auto* word = std::get_if<std::string>(&speed);
    if (word == nullptr) {
        return speed;
    }
    const std::string& kept = port.stable.empty() ? port.address : port.stable;
    const std::string path = kept.substr(0, kept.find('?'));
    return fmt::format("{}?baud={}", path, word->empty() ? kUsualSpeed : std::string_view(*word));
}

/// devd's own word on one value, said to the person; other settings may still be missing.
Result<bool> SettingForm::is_good(const SettingField& field, const std::string& value) {
    const auto tried = try_with(field.name, value);
    if (!tried) {
        const bool of_this =
            !device_.empty() || tried.error().detail.starts_with("settings." + field.name + ":");
        if (of_this) {
            to_.console.err(objection(to_.language, tried.error()));
            return false;
        }
    }
    return field.name != kPort || TRY(may_use_port(value));
}

Result<contract::DeviceSettings> SettingForm::try_with(const std::string& name,
                                                       const std::string& value) const {
    if (device_.empty()) {
        contract::AddDeviceRequest request;
        request.driver = manifest_.driver;
        request.settings = {{name, value}};
        request.only_check = true;
        return to_.devd.add_device(request, to_.deadline());
    }
    contract::ConfigureDeviceRequest request;
    request.device = device_;
    request.settings = {{name, value}};
    request.only_check = true;
    return to_.devd.configure_device(request, to_.deadline());
}

/// A port that is not free is asked about: its device may be plugged in later.
Result<bool> SettingForm::may_use_port(const std::string& address) const {
    const auto ports = TRY(to_.devd.ports({manifest_.driver, address}, to_.deadline()));
    for (const contract::Port& port : ports.ports) {
        if (port.state == contract::PortState::available ||
            (!device_.empty() && port.device == device_)) {
            continue;
        }
        to_.console.out("  " + port_text(to_.language, port) + "\n");
        Move ignored = Move::on;
        const auto anyway = ask_whether(
            to_, fmt::format("  {}", text(to_.language, Text::ask_use_anyway)), false, ignored);
        if (!anyway.value_or(false)) {
            return false;
        }
    }
    return true;
}

const std::string* SettingForm::now(const std::string& name) const {
    const auto found = values_.find(name);
    return found == values_.end() ? nullptr : &found->second;
}

std::vector<contract::Setting> SettingForm::changes() const {
    std::vector<contract::Setting> changed;
    for (const auto& [name, value] : values_) {
        const auto was = before_.find(name);
        if (was == before_.end() || was->second != value) {
            changed.push_back({name, value});
        }
    }
    return changed;
}

std::vector<std::string> SettingForm::cleared() const {
    std::vector<std::string> names;
    for (const auto& [name, value] : before_) {
        if (!values_.contains(name)) {
            names.push_back(name);
        }
    }
    return names;
}

}  // namespace tillhost::tillctl
