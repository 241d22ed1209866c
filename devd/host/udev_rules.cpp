#include "devd/host/udev_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>
#include <utility>

namespace tillhost::devd::host {
namespace {

using contract::LineKind;
using contract::Manifest;
using contract::UsbMatch;

constexpr int kPrinterClass = 7;  // USB Device Class Definition for Printing Devices 1.1, 4.2.1

constexpr std::string_view kHead =
    "# Made by `devd-driver --udev-rules` from what the drivers say is their own; not edited.\n"
    "# What it does and how it is installed: docs/devices/hotplug.md.\n";
constexpr std::string_view kLateHead =
    "# Made by `devd-driver --late-udev-rules` from what the drivers say is their own; not "
    "edited.\n"
    "# Comes after brltty's rules, which take some bridges for braille displays.\n";
constexpr std::string_view kIgnored = "ENV{ID_MM_DEVICE_IGNORE}=\"1\"\n";
/// What a licence server knows a machine by is for root only, as the kernel makes it.
constexpr std::string_view kBoardEntry =
    "SUBSYSTEM==\"dmi\", KERNEL==\"id\", GOTO=\"tillhost_board\"\n";
constexpr std::string_view kBoardPart =
    "\nLABEL=\"tillhost_board\"\n"
    "RUN+=\"/bin/sh -c 'cd $sys$devpath && for f in product_uuid board_serial; do "
    "if [ -e $$f ]; then chgrp tillhost $$f && chmod 0440 $$f; fi; done'\"\n"
    "GOTO=\"tillhost_end\"\n";
constexpr std::string_view kEnd = "\nLABEL=\"tillhost_end\"\n";

using Ids = std::pair<std::int64_t, std::int64_t>;

/// "ATTRS{idVendor}=="0c2e", ATTRS{idProduct}=="0b61"": `attribute` is ATTR of the device itself or
/// ATTRS of what it belongs to.
std::string ids_text(std::string_view attribute, const Ids& ids) {
    std::string text = fmt::format("{}{{idVendor}}==\"{:04x}\"", attribute, ids.first);
    if (ids.second != 0) {
        text += fmt::format(", {}{{idProduct}}==\"{:04x}\"", attribute, ids.second);
    }
    return text;
}

/// Rows that lead to `label`, driver by driver; each device once.
template <class Wanted>
std::string rows(const std::vector<Manifest>& manifests, std::string_view attribute,
                 std::string_view label, Wanted wanted) {
    std::string text;
    std::set<Ids> seen;
    for (const Manifest& manifest : manifests) {
        std::string of_driver;
        for (const UsbMatch& match : manifest.usb) {
            const Ids ids{match.vendor, match.product};
            if (!match.shared && wanted(match) && seen.insert(ids).second) {
                of_driver += fmt::format("{}, GOTO=\"{}\"\n", ids_text(attribute, ids), label);
            }
        }
        if (!of_driver.empty()) {
            text += fmt::format("# {}\n{}", manifest.driver, of_driver);
        }
    }
    return text;
}

/// A part of the file: entered by its name, what its rows lead to is done.
std::string part(std::string_view name, const std::string& its_rows, std::string_view done) {
    return its_rows.empty() ? std::string()
                            : fmt::format(
                                  "\nLABEL=\"tillhost_{0}\"\n{1}GOTO=\"tillhost_end\"\n"
                                  "LABEL=\"tillhost_{0}_own\"\n{2}GOTO=\"tillhost_end\"\n",
                                  name, its_rows, done);
}

std::string entry(std::string_view condition, std::string_view name, const std::string& its_part) {
    return its_part.empty() ? std::string()
                            : fmt::format("{}, GOTO=\"tillhost_{}\"\n", condition, name);
}

std::string opened_by_group() { return fmt::format("GROUP=\"{}\", MODE=\"0660\"\n", kDeviceGroup); }

/// Tokens are made by many, and udev knows each by its descriptor. They are opened to the group
/// beside whoever sits at the machine, whose key for signing in one may be.
std::string token_rows(const std::vector<Manifest>& manifests) {
    std::string text;
    for (const Manifest& manifest : manifests) {
        const auto& lines = manifest.lines;
        if (manifest.device_class == contract::DeviceClass::dongle &&
            std::find(lines.begin(), lines.end(), LineKind::usb_hid) != lines.end()) {
            text += fmt::format(
                "# {}: by 60-fido-id.rules\n"
                "ENV{{ID_FIDO_TOKEN}}==\"1\", GOTO=\"tillhost_hidraw_own\"\n",
                manifest.driver);
        }
    }
    return text;
}

std::string tty_part(const std::vector<Manifest>& manifests) {
    const auto wanted = [](const UsbMatch& match) { return match.line == LineKind::serial; };
    return part("tty", rows(manifests, "ATTRS", "tillhost_tty_own", wanted),
                opened_by_group() + "ENV{ID_MM_PORT_IGNORE}=\"1\"\n");
}

std::string hidraw_part(const std::vector<Manifest>& manifests) {
    const auto wanted = [](const UsbMatch& match) { return match.line == LineKind::usb_hid; };
    return part("hidraw",
                rows(manifests, "ATTRS", "tillhost_hidraw_own", wanted) + token_rows(manifests),
                opened_by_group() +
                    "IMPORT{builtin}=\"usb_id\"\n"
                    "IMPORT{builtin}=\"path_id\"\n"
                    "ENV{ID_SERIAL_SHORT}==\"?*\", SYMLINK+=\"tillhost/by-id/$env{ID_BUS}-"
                    "$env{ID_SERIAL}-if$env{ID_USB_INTERFACE_NUM}-hid\"\n"
                    "ENV{ID_PATH}==\"?*\", SYMLINK+=\"tillhost/by-path/$env{ID_PATH}-hid\"\n");
}

/// A device is what ModemManager asks; those that are driven whole, through usbfs, are opened too.
std::string device_part(const std::vector<Manifest>& manifests) {
    const auto whole = [](const UsbMatch& match) { return match.line == LineKind::usb; };
    const auto other = [](const UsbMatch& match) { return match.line != LineKind::usb; };
    const std::string opened = rows(manifests, "ATTR", "tillhost_usbfs_own", whole);
    const std::string ignored =
        part("device", opened + rows(manifests, "ATTR", "tillhost_device_own", other), kIgnored);
    return opened.empty() ? ignored
                          : ignored + "LABEL=\"tillhost_usbfs_own\"\n" + opened_by_group() +
                                std::string(kIgnored);
}

std::string printer_part(const std::vector<Manifest>& manifests) {
    const auto wanted = [](const UsbMatch& match) {
        return match.line == LineKind::usb && match.interface_class == kPrinterClass;
    };
    return part("usblp", rows(manifests, "ATTRS", "tillhost_usblp_own", wanted),
                "RUN+=\"/bin/sh -c 'echo $kernel > /sys/bus/usb/drivers/usblp/unbind'\"\n");
}

}  // namespace

std::string udev_rules(const std::vector<Manifest>& manifests) {
    const std::string tty = tty_part(manifests);
    const std::string hidraw = hidraw_part(manifests);
    const std::string device = device_part(manifests);
    const std::string printer = printer_part(manifests);
    std::string text(kHead);
    text += "\nACTION==\"remove\", GOTO=\"tillhost_end\"\n";
    text += entry("SUBSYSTEM==\"tty\", SUBSYSTEMS==\"usb\"", "tty", tty);
    text += entry("SUBSYSTEM==\"hidraw\", SUBSYSTEMS==\"usb\"", "hidraw", hidraw);
    text += entry("ACTION==\"bind\", SUBSYSTEM==\"usb\", DRIVER==\"usblp\"", "usblp", printer);
    text += kBoardEntry;
    text += "SUBSYSTEM!=\"usb\", GOTO=\"tillhost_end\"\n";
    text += entry("ENV{DEVTYPE}==\"usb_device\"", "device", device);
    return text + "GOTO=\"tillhost_end\"\n" + tty + hidraw + printer + std::string(kBoardPart) +
           device + std::string(kEnd);
}

std::string late_udev_rules(const std::vector<Manifest>& manifests) {
    const auto any = [](const UsbMatch&) { return true; };
    const std::string brltty = part("brltty", rows(manifests, "ATTR", "tillhost_brltty_own", any),
                                    "ENV{BRLTTY_BRAILLE_DRIVER}=\"\", ENV{SYSTEMD_WANTS}=\"\"\n");
    return std::string(kLateHead) +
           "\nSUBSYSTEM!=\"usb\", GOTO=\"tillhost_end\"\n"
           "ENV{BRLTTY_BRAILLE_DRIVER}!=\"?*\", GOTO=\"tillhost_end\"\n" +
           brltty + std::string(kEnd);
}

}  // namespace tillhost::devd::host
