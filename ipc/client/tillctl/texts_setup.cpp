#include <fmt/format.h>

#include <algorithm>

#include "ipc/client/tillctl/admin.h"
#include "ipc/client/tillctl/rows.h"

namespace tillhost::tillctl {
namespace {

using contract::CheckOutcome;
using contract::PortReason;
using contract::PortState;

Text text_of(contract::DeviceClass device_class) {
    using contract::DeviceClass;
    switch (device_class) {
        case DeviceClass::fiscal_registrar: return Text::class_fiscal_registrar;
        case DeviceClass::payment_terminal: return Text::class_payment_terminal;
        case DeviceClass::barcode_scanner: return Text::class_barcode_scanner;
        case DeviceClass::scale: return Text::class_scale;
        case DeviceClass::customer_display: return Text::class_customer_display;
        case DeviceClass::receipt_printer: return Text::class_receipt_printer;
        case DeviceClass::cash_drawer: return Text::class_cash_drawer;
        case DeviceClass::dongle: return Text::class_dongle;
        case DeviceClass::test:
        case DeviceClass::unspecified: break;
    }
    return Text::class_test;
}

Text text_of(CheckOutcome outcome) {
    switch (outcome) {
        case CheckOutcome::cable_or_power: return Text::check_cable_or_power;
        case CheckOutcome::permission: return Text::check_permission;
        case CheckOutcome::port_held: return Text::check_port_held;
        case CheckOutcome::wrong_speed: return Text::check_wrong_speed;
        case CheckOutcome::wrong_protocol: return Text::check_wrong_protocol;
        case CheckOutcome::wrong_device: return Text::check_wrong_device;
        case CheckOutcome::driver_failed: return Text::check_driver_failed;
        case CheckOutcome::no_time: return Text::check_no_time;
        case CheckOutcome::passed: return Text::check_passed;
        case CheckOutcome::device_error:
        case CheckOutcome::unspecified: break;
    }
    return Text::check_device_error;
}

/// What a failed check means and what to do: by its error where that says more than the outcome.
std::string_view cause_of_failure(Language language, const contract::CheckReply& reply) {
    const bool by_error =
        reply.error && (reply.outcome == CheckOutcome::device_error ||
                        (reply.outcome == CheckOutcome::cable_or_power &&
                         reply.error->code != base::name_of(base::ErrorCode::no_answer)));
    const std::string_view advice =
        by_error ? advice_on(language, reply.error->code) : std::string_view();
    return advice.empty() ? text(language, text_of(reply.outcome)) : advice;
}

std::string field_text(Language language, const contract::SettingField& field) {
    std::string row = fmt::format("    {:<14} {}: {}", field.name, text(language, field.title),
                                  text(language, field.help));
    if (field.required) {
        row += fmt::format(" ({})", text(language, Text::required));
    } else if (!field.default_value.empty()) {
        row += fmt::format(" ({})", filled(language, Text::default_is, field.default_value));
    }
    for (const contract::SettingChoice& choice : field.choices) {
        row += fmt::format("\n{:<21}{} – {}", "", choice.value, text(language, choice.title));
    }
    return row + "\n";
}

}  // namespace

std::string adapter_text(const contract::UsbAdapter& adapter) {
    const std::string name = adapter.name.empty() ? adapter.maker : adapter.name;
    return fmt::format("{}{}{:04x}:{:04x}{}{}", name, name.empty() ? "" : " ", adapter.vendor,
                       adapter.product, adapter.serial.empty() ? "" : " ", adapter.serial);
}

namespace {

/// What a port is and why it is not free, what matters most first.
std::vector<std::string> reasons_of(Language language, const contract::Port& port) {
    std::vector<std::string> reasons;
    if (port.adapter) {
        reasons.push_back(adapter_text(*port.adapter));
    }
    switch (port.reason) {
        case PortReason::absent: reasons.push_back(filled(language, Text::reason_absent)); break;
        case PortReason::denied: reasons.push_back(filled(language, Text::reason_denied)); break;
        case PortReason::busy:
            reasons.push_back(port.holder_pid == 0 ? filled(language, Text::reason_busy_unseen)
                                                   : filled(language, Text::reason_busy,
                                                            port.holder_pid, port.holder));
            break;
        case PortReason::used_by_device:
            reasons.push_back(filled(language, Text::reason_used, port.device));
            if (port.holder_pid != 0) {
                reasons.push_back(
                    filled(language, Text::reason_held, port.holder_pid, port.holder));
            }
            break;
        case PortReason::wrong_kind:
            reasons.push_back(filled(language, Text::reason_wrong_kind));
            break;
        case PortReason::failed: reasons.push_back(port.text); break;
        case PortReason::none:
        case PortReason::unspecified:
            if (port.address.starts_with("tcp:")) {
                reasons.push_back(filled(language, Text::reason_not_tried));
            }
            break;
    }
    if (port.reason != PortReason::used_by_device && !port.device.empty()) {
        reasons.push_back(filled(language, Text::reason_used, port.device));
    }
    return reasons;
}

}  // namespace

std::string models_text(Language language, const std::vector<contract::Manifest>& manifests) {
    std::string told;
    auto of_class = contract::DeviceClass::unspecified;
    for (const contract::Manifest& manifest : manifests) {
        if (manifest.device_class != of_class) {
            of_class = manifest.device_class;
            told += fmt::format("{}\n", text(language, text_of(of_class)));
        }
        told += fmt::format("  {:<18} {}\n", manifest.driver, text(language, manifest.title));
        if (!manifest.models.empty()) {
            told +=
                "    " + filled(language, Text::models_of_driver, fmt::join(manifest.models, ", "));
        }
        for (const contract::SettingPage& page : manifest.pages) {
            for (const contract::SettingField& field : page.fields) {
                told += field_text(language, field);
            }
        }
    }
    return told;
}

std::string port_text(Language language, const contract::Port& port, std::size_t width) {
    const Text state = port.state == PortState::available    ? Text::port_available
                       : port.state == PortState::not_usable ? Text::port_not_usable
                                                             : Text::port_unavailable;
    const std::string why = fmt::format("{}", fmt::join(reasons_of(language, port), "; "));
    return fmt::format("{:<{}} {:<12} {}", port.address, width, text(language, state), why);
}

std::string ports_text(Language language, const std::vector<contract::Port>& ports) {
    if (ports.empty()) {
        return std::string(text(language, Text::no_ports));
    }
    std::size_t width = kPortColumns;
    for (const contract::Port& port : ports) {
        width = std::max(width, port.address.size());
    }
    std::string told = fmt::format("{:<{}} {:<12} {}\n", text(language, Text::port_heading), width,
                                   text(language, Text::port_state_heading),
                                   text(language, Text::port_adapter_heading));
    for (const contract::Port& port : ports) {
        told += port_text(language, port, width) + "\n";
        const std::string& kept = port.by_id.empty() ? port.stable : port.by_id;
        if (!kept.empty() && kept != port.address) {
            told += fmt::format("{:<{}} {}\n", "", width, kept);
        }
    }
    return told;
}

std::string setup_text(Language language, const std::string& device,
                       const std::vector<contract::SetupStep>& missing) {
    if (missing.empty()) {
        return row(text(language, Text::label_setup), text(language, Text::setup_complete));
    }
    std::string steps;
    for (const contract::SetupStep step : missing) {
        const Text which =
            step == contract::SetupStep::layout ? Text::step_layout : Text::step_connection;
        steps += (steps.empty() ? "" : "; ") + filled(language, which, device);
    }
    return row(text(language, Text::label_setup), filled(language, Text::setup_incomplete, steps));
}

std::string settings_text(Language language, const contract::DeviceSettings& settings) {
    std::string told = row(text(language, Text::label_device), settings.device);
    if (!settings.name.empty()) {
        told += row(text(language, Text::label_name), settings.name);
    }
    told += row(text(language, Text::label_driver), settings.driver);
    told += row(text(language, Text::label_origin),
                text(language, settings.origin == contract::DeviceOrigin::client
                                   ? Text::origin_client
                                   : Text::origin_administrator));
    for (const contract::Setting& setting : settings.settings) {
        told += row(setting.name, setting.value.empty() ? text(language, Text::secret_is_set)
                                                        : std::string_view(setting.value));
    }
    return told + setup_text(language, settings.device, settings.setup_missing);
}

std::string check_text(Language language, const std::string& device,
                       const contract::CheckReply& reply) {
    if (reply.outcome == CheckOutcome::passed) {
        std::string told = filled(language, Text::check_passed) + "\n";
        return reply.setup_missing.empty()
                   ? told
                   : told + setup_text(language, device, reply.setup_missing);
    }
    const std::string why = reply.speed_found == 0
                                ? std::string(cause_of_failure(language, reply))
                                : filled(language, Text::check_speed_found, reply.speed_found);
    std::string told = filled(language, Text::check_failed, why) + "\n";
    if (reply.error) {
        told += filled(language, Text::seen,
                       reply.error->text.empty()
                           ? reply.error->code
                           : fmt::format("{}: {}", reply.error->code, reply.error->text));
    }
    return told;
}

}  // namespace tillhost::tillctl
