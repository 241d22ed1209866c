#include "devd/runtime/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <variant>

#include "hal/base/text.h"
#include "hal/transport/address.h"
#include "hal/transport/follow_links.h"

namespace tillhost::devd::runtime {
namespace {

using base::bad_field;
using base::Done;
using contract::FieldKind;
using contract::LineKind;

constexpr std::size_t kIdBytesMax = 64;

LineKind kind_of(const transport::Address& address) {
    struct Kind {
        LineKind operator()(const transport::SerialAddress&) const { return LineKind::serial; }
        LineKind operator()(const transport::PtyAddress&) const { return LineKind::pty; }
        LineKind operator()(const transport::TcpAddress&) const { return LineKind::tcp; }
        LineKind operator()(const transport::HidAddress&) const { return LineKind::usb_hid; }
        LineKind operator()(const transport::UsbAddress&) const { return LineKind::usb; }
    };
    return std::visit(Kind{}, address);
}

std::string line_names(const contract::Manifest& manifest) {
    std::string names;
    for (const LineKind line : manifest.lines) {
        names += fmt::format("{}{}:…", names.empty() ? "" : ", ", address_kind(line));
    }
    return names;
}

Done check_port(const contract::Manifest& manifest, const std::string& field,
                std::string_view value) {
    const auto address = transport::parse_address(value);
    if (!address) {
        return address.error();
    }
    if (!speaks_over(manifest, value)) {
        return bad_field(field, fmt::format("a line that {} speaks over: {}", manifest.driver,
                                            line_names(manifest)));
    }
    const auto* tcp = std::get_if<transport::TcpAddress>(&*address);
    if (tcp != nullptr && tcp->port == 0 && manifest.tcp_port == 0) {
        return bad_field(field, "tcp:ADDRESS:PORT; its driver has no usual port");
    }
    return {};
}

Done check_integer(const contract::SettingField& field, std::string_view value) {
    std::int64_t number = 0;
    const char* const end = value.data() + value.size();
    const auto [stop, problem] = std::from_chars(value.data(), end, number);
    if (problem != std::errc() || stop != end || number < field.min || number > field.max) {
        return bad_field(field.name,
                         fmt::format("a whole number from {} to {}{}{}", field.min, field.max,
                                     field.unit.empty() ? "" : " ", field.unit));
    }
    return {};
}

Done check_choice(const contract::SettingField& field, std::string_view value) {
    std::string values;
    for (const contract::SettingChoice& choice : field.choices) {
        if (choice.value == value) {
            return {};
        }
        values += (values.empty() ? "" : ", ") + choice.value;
    }
    return bad_field(field.name, "one of: " + values);
}

Done check_text(const contract::SettingField& field, std::string_view value) {
    const bool good =
        base::is_utf8(value) && (field.kind != FieldKind::digits ||
                                 value.find_first_not_of("0123456789") == std::string_view::npos);
    const auto length = good ? static_cast<std::int64_t>(base::utf8_length(value)) : -1;
    if (length < field.min || length > field.max) {
        const char* const what = field.kind == FieldKind::digits ? "digits" : "characters";
        return bad_field(field.name,
                         field.min == field.max
                             ? fmt::format("{} {}", field.max, what)
                             : fmt::format("from {} to {} {}", field.min, field.max, what));
    }
    return {};
}

}  // namespace

const contract::Manifest* find_manifest(Manifests manifests, std::string_view driver) {
    const auto found =
        std::find_if(manifests.begin(), manifests.end(),
                     [driver](const contract::Manifest& one) { return one.driver == driver; });
    return found == manifests.end() ? nullptr : &*found;
}

bool speaks_over(const contract::Manifest& manifest, std::string_view port) {
    const auto address = transport::parse_address(port);
    const auto& lines = manifest.lines;
    return address && std::find(lines.begin(), lines.end(), kind_of(*address)) != lines.end();
}

std::string driver_names(Manifests manifests) {
    std::string names;
    for (const contract::Manifest& manifest : manifests) {
        names += (names.empty() ? "" : ", ") + manifest.driver;
    }
    return names;
}

const contract::SettingField* find_field(const contract::Manifest& manifest,
                                         std::string_view name) {
    for (const contract::SettingPage& page : manifest.pages) {
        for (const contract::SettingField& field : page.fields) {
            if (field.name == name) {
                return &field;
            }
        }
    }
    return nullptr;
}

std::string setting_names(const contract::Manifest& manifest) {
    std::string names;
    for (const contract::SettingPage& page : manifest.pages) {
        for (const contract::SettingField& field : page.fields) {
            names += (names.empty() ? "" : ", ") + field.name;
        }
    }
    return names.empty() ? "none" : names;
}

Done check_setting(const contract::Manifest& manifest, const contract::SettingField& field,
                   std::string_view value) {
    switch (field.kind) {
        case FieldKind::port: return check_port(manifest, field.name, value);
        case FieldKind::integer: return check_integer(field, value);
        case FieldKind::choice: return check_choice(field, value);
        case FieldKind::text:
        case FieldKind::digits:
        case FieldKind::secret:
        case FieldKind::remembered:
        case FieldKind::unspecified: break;
    }
    return check_text(field, value);
}

Done check_settings(const contract::Manifest& manifest,
                    const std::vector<contract::Setting>& settings) {
    for (auto setting = settings.begin(); setting != settings.end(); ++setting) {
        const contract::SettingField* field = find_field(manifest, setting->name);
        if (field == nullptr) {
            return bad_field("settings." + setting->name,
                             fmt::format("a setting of {}; it has: {}", manifest.driver,
                                         setting_names(manifest)));
        }
        if (std::any_of(settings.begin(), setting, [&](const contract::Setting& earlier) {
                return earlier.name == setting->name;
            })) {
            return bad_field("settings." + setting->name, "set once");
        }
        if (setting->value.empty()) {
            continue;  // its default
        }
        if (Done good = check_setting(manifest, *field, setting->value); !good) {
            good.error().detail = "settings." + good.error().detail;
            return good;
        }
    }
    if (const contract::SettingField* missing = missing_setting(manifest, settings)) {
        return bad_field("settings." + missing->name, "it is required: " + missing->help.en);
    }
    return {};
}

const contract::SettingField* missing_setting(const contract::Manifest& manifest,
                                              const std::vector<contract::Setting>& settings) {
    for (const contract::SettingPage& page : manifest.pages) {
        for (const contract::SettingField& field : page.fields) {
            const bool set = std::any_of(settings.begin(), settings.end(),
                                         [&field](const contract::Setting& one) {
                                             return one.name == field.name && !one.value.empty();
                                         });
            if (field.required && !set) {
                return &field;
            }
        }
    }
    return nullptr;
}

std::string whole_port(const contract::Manifest& manifest, const std::string& port) {
    return transport::with_tcp_port(port, static_cast<std::uint16_t>(manifest.tcp_port));
}

std::vector<contract::Setting> in_order(const contract::Manifest& manifest,
                                        const std::vector<contract::Setting>& settings) {
    std::vector<contract::Setting> ordered;
    for (const contract::SettingPage& page : manifest.pages) {
        for (const contract::SettingField& field : page.fields) {
            const std::string* value = value_of(settings, field.name);
            if (value != nullptr && !value->empty()) {
                ordered.push_back({field.name, field.name == kPortSetting
                                                   ? whole_port(manifest, *value)
                                                   : *value});
            }
        }
    }
    return ordered;
}

const std::string* value_of(const std::vector<contract::Setting>& settings, std::string_view name) {
    const auto found =
        std::find_if(settings.begin(), settings.end(),
                     [name](const contract::Setting& one) { return one.name == name; });
    return found == settings.end() ? nullptr : &found->value;
}

std::string line_of(const std::string& port) {
    struct Path {
        std::string operator()(const transport::SerialAddress& serial) const { return serial.path; }
        std::string operator()(const transport::PtyAddress& pty) const { return pty.path; }
        std::string operator()(const transport::TcpAddress&) const { return {}; }
        std::string operator()(const transport::HidAddress& hid) const { return hid.path; }
        std::string operator()(const transport::UsbAddress&) const { return {}; }
    };
    const auto address = transport::parse_address(port);
    const std::string path = address ? std::visit(Path{}, *address) : std::string();
    if (path.empty()) {
        return port;
    }
    const std::string real = transport::follow_links(path);
    return real.empty() ? path : real;
}

std::string_view address_kind(LineKind line) {
    return line == LineKind::usb_hid ? "hid" : contract::name_of(line);
}

bool is_device_id(std::string_view text) {
    const auto good = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    };
    return !text.empty() && text.size() <= kIdBytesMax &&
           std::all_of(text.begin(), text.end(), good);
}

core::WorkBudgets budgets_of(const contract::Manifest& manifest) {
    using std::chrono::milliseconds;
    return {milliseconds(manifest.open_budget_ms), milliseconds(manifest.execute_budget_ms),
            milliseconds(manifest.resolve_budget_ms), milliseconds(manifest.query_budget_ms)};
}

std::vector<contract::SetupStep> setup_of(const contract::Manifest& manifest) {
    std::vector<contract::SetupStep> steps{contract::SetupStep::connection};
    const auto& can = manifest.capabilities;
    if (manifest.device_class == contract::DeviceClass::fiscal_registrar &&
        std::find(can.begin(), can.end(), contract::Capability::layout) != can.end()) {
        steps.push_back(contract::SetupStep::layout);
    }
    return steps;
}

}  // namespace tillhost::devd::runtime
