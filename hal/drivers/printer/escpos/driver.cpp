#include "hal/drivers/printer/escpos/driver.h"

#include <fmt/format.h>

#include <utility>

#include "hal/device/setting.h"
#include "hal/drivers/printer/escpos/manifest.h"
#include "hal/drivers/printer/escpos/printer.h"

namespace tillhost::drivers::escpos {
namespace {

using base::Done;
using base::Result;
using contract::Setting;
using device::wrong_setting;

const device::Field* field_of(std::string_view name) {
    for (const device::Page& page : kPages) {
        for (const device::Field& field : page.fields) {
            if (field.name == name) {
                return &field;
            }
        }
    }
    return nullptr;
}

/// One of the manifest's words.
Done check_choice(const Setting& setting, const device::Field& field) {
    std::string words;
    for (const device::Choice& choice : field.choices) {
        if (setting.value == choice.value) {
            return {};
        }
        words += fmt::format("{}{}", words.empty() ? "" : ", ", choice.value);
    }
    return wrong_setting(setting.name, "one of: " + words);
}

std::string_view copy_word(std::string_view language) {
    return language == "ru" ? "КОПИЯ" : language == "pl" ? "KOPIA" : "COPY";
}

void take_choice(std::string_view name, std::string_view value, Settings& read) {
    if (name == "model") {
        read.talk = value == "epson" ? Talk::marks : value == "basic" ? Talk::states : Talk::mute;
        read.layout.tells_changes = read.talk == Talk::marks;
    } else if (name == "keep_open") {
        read.keep_open = value == "yes";
    } else if (name == "cutter") {
        read.layout.cutter = value == "yes";
    } else if (name == "language") {
        read.layout.copy_word = copy_word(value);
    } else if (name == "drawer_pin") {
        read.pin = value == "5" ? Pin::five : Pin::two;
    } else if (name == "drawer_open_level" && value != "unknown") {
        read.open_is_high = value == "high";
    }
}

void take_number(std::string_view name, std::int64_t number, Settings& read) {
    if (name == "columns") {
        read.layout.columns = static_cast<unsigned>(number);
    } else if (name == "width_dots") {
        read.layout.width_dots = static_cast<unsigned>(number);
    } else if (name == "drawer_on_ms") {
        read.pulse_on_ms = static_cast<unsigned>(number);
    } else if (name == "drawer_off_ms") {
        read.pulse_off_ms = static_cast<unsigned>(number);
    } else if (name == "wait_s") {
        read.patience = std::chrono::seconds(number);
    }
}

Done read_setting(const Setting& setting, Settings& read) {
    const device::Field* const field = field_of(setting.name);
    if (field == nullptr || field->kind == contract::FieldKind::port) {
        return device::unknown_setting(setting.name, kPages);
    }
    if (field->kind == contract::FieldKind::choice) {
        TRY(check_choice(setting, *field));
        take_choice(setting.name, setting.value, read);
    } else if (field->kind == contract::FieldKind::integer) {
        take_number(setting.name, TRY(device::number_of(setting, field->min, field->max)), read);
    } else {
        auto pages = read_pages(setting.value, "settings." + setting.name);
        if (!pages) {
            return base::make_error(base::ErrorCode::config_invalid, pages.error().detail);
        }
        read.layout.pages = std::move(*pages);
    }
    return {};
}

/// What no setting alone can be blamed for.
Done check_together(const Settings& read) {
    if (read.pulse_off_ms < read.pulse_on_ms) {
        return wrong_setting("drawer_off_ms", "not below drawer_on_ms");
    }
    if (read.talk == Talk::mute && !read.keep_open) {
        return wrong_setting("keep_open",
                             "yes; a mute printer does not say when the line may be closed");
    }
    base::ByteWriter to;
    const Done mark = TextWriter(read.layout.pages).put(to, read.layout.copy_word, "copy");
    if (!mark) {
        return wrong_setting("language",
                             fmt::format("one whose word for a copy ({}) stands in code_pages",
                                         read.layout.copy_word));
    }
    return {};
}

}  // namespace

Result<std::unique_ptr<device::Driver>> make_driver(const std::vector<Setting>& settings,
                                                    std::unique_ptr<transport::Connector> connector,
                                                    const os::Clock& clock) {
    Settings read;
    read.layout.pages = TRY(read_pages(kCodePagesDefault, "code_pages"));
    for (const Setting& setting : settings) {
        TRY(read_setting(setting, read));
    }
    TRY(check_together(read));
    if (!connector) {
        return wrong_setting("port", "where the printer is connected");
    }
    return device::make_driver(
        std::make_unique<Printer>(std::move(read), std::move(connector), clock));
}

}  // namespace tillhost::drivers::escpos
