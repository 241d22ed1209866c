#include "hal/device/manifest.h"

#include <algorithm>
#include <string>

namespace tillhost::device {
namespace {

contract::Texts texts_of(const Texts& texts) {
    return {std::string(texts.en), std::string(texts.ru), std::string(texts.pl)};
}

contract::SettingField field_of(const Field& field) {
    contract::SettingField to;
    to.name = field.name;
    to.kind = field.kind;
    to.title = texts_of(field.title);
    to.help = texts_of(field.help);
    to.unit = field.unit;
    to.min = field.min;
    to.max = field.max;
    to.default_value = field.default_value;
    to.required = field.required;
    for (const Choice& choice : field.choices) {
        to.choices.push_back({std::string(choice.value), texts_of(choice.title)});
    }
    return to;
}

/// Whether its line may have a USB device behind it.
bool may_be_usb(const Manifest& manifest) {
    return std::any_of(manifest.lines.begin(), manifest.lines.end(), [](contract::LineKind line) {
        return line == contract::LineKind::serial || line == contract::LineKind::usb_hid ||
               line == contract::LineKind::usb;
    });
}

}  // namespace

contract::Manifest to_contract(std::string_view driver, const Manifest& manifest) {
    contract::Manifest to;
    to.driver = driver;
    to.device_class = manifest.device_class;
    to.title = texts_of(manifest.title);
    to.models.assign(manifest.models.begin(), manifest.models.end());
    to.lines.assign(manifest.lines.begin(), manifest.lines.end());
    for (const UsbMatch& match : manifest.usb) {
        to.usb.push_back(
            {match.vendor, match.product, match.line, match.interface_class, match.shared});
    }
    to.tcp_port = manifest.tcp_port;
    to.speeds.assign(manifest.speeds.begin(), manifest.speeds.end());
    for (const Page& page : manifest.pages) {
        contract::SettingPage& added = to.pages.emplace_back();
        added.title = texts_of(page.title);
        for (const Field& field : page.fields) {
            added.fields.push_back(field_of(field));
        }
    }
    if (may_be_usb(manifest) && !to.pages.empty()) {
        to.pages.front().fields.push_back(field_of(kAdapterField));
    }
    to.capabilities.assign(manifest.capabilities.begin(), manifest.capabilities.end());
    to.recovery = manifest.recovery;
    to.text_page = manifest.text_page;
    to.tag_page = manifest.tag_page;
    to.open_budget_ms = manifest.budgets.open_ms;
    to.execute_budget_ms = manifest.budgets.execute_ms;
    to.resolve_budget_ms = manifest.budgets.resolve_ms;
    to.query_budget_ms = manifest.budgets.query_ms;
    return to;
}

}  // namespace tillhost::device
