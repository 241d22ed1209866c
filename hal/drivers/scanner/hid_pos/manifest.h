#pragma once

#include <array>

#include "hal/device/manifest.h"

namespace tillhost::drivers::hid_pos {

inline constexpr std::array kLines{contract::LineKind::usb_hid};

inline constexpr std::array kSuffixChoices{
    device::Choice{"none", {"none", "нет", "brak"}},
    device::Choice{"cr", {"CR (Enter)", "CR (Enter)", "CR (Enter)"}},
    device::Choice{"lf", {"LF", "LF", "LF"}}, device::Choice{"crlf", {"CR LF", "CR LF", "CR LF"}},
    device::Choice{"tab", {"TAB", "TAB", "TAB"}}};

inline constexpr std::array kCommunicationFields{
    device::Field{
        .name = "port",
        .kind = contract::FieldKind::port,
        .title = {"Port", "Порт", "Port"},
        .help = {"vendor and product, and the serial number where there are two, or its node: "
                 "hid:0c2e:0b61, hid:0c2e:0b61:SERIAL, hid:/dev/hidraw0",
                 "изготовитель и изделие, при двух одинаковых — серийный номер, или узел: "
                 "hid:0c2e:0b61, hid:0c2e:0b61:НОМЕР, hid:/dev/hidraw0",
                 "producent i produkt, przy dwóch takich samych numer seryjny, lub węzeł: "
                 "hid:0c2e:0b61, hid:0c2e:0b61:NUMER, hid:/dev/hidraw0"},
        .required = true,
    },
    device::Field{
        .name = "suffix",
        .kind = contract::FieldKind::choice,
        .title = {"Suffix", "Суффикс", "Sufiks"},
        .help = {"what is taken off the end of a code, if the scanner puts it there",
                 "что снимается с конца кода, если сканер его добавляет",
                 "co jest zdejmowane z końca kodu, jeśli skaner to dodaje"},
        .default_value = "none",
        .choices = kSuffixChoices,
    },
};

inline constexpr std::array kPages{device::Page{device::kCommunicationTitle, kCommunicationFields}};

/// Vendors whose scanners have this interface (USB-IF's list of vendor ids): Honeywell and
/// Metrologic, Youjie, Zebra and Symbol, Datalogic, Intermec, Newland. Class 3: Device Class
/// Definition for HID 1.11, 4.1.
inline constexpr device::UsbMatch own(std::uint16_t vendor) {
    return {vendor, 0, contract::LineKind::usb_hid, 3};
}
inline constexpr std::array kUsb{own(0x0C2E), own(0x23D0), own(0x05E0),
                                 own(0x05F9), own(0x067E), own(0x1EAB)};

inline constexpr device::Manifest kManifest{
    .device_class = contract::DeviceClass::barcode_scanner,
    .title = {"Barcode scanner on USB, interface HID POS",
              "Сканер штрихкода на USB, интерфейс HID POS",
              "Skaner kodów na USB, interfejs HID POS"},
    .lines = kLines,
    .usb = kUsb,
    .pages = kPages,
    .recovery = contract::RecoveryClass::person,
};

}  // namespace tillhost::drivers::hid_pos
