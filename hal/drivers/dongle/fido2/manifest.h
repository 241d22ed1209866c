#pragma once

#include <array>

#include "hal/device/manifest.h"

namespace tillhost::drivers::fido2 {

inline constexpr std::array<std::string_view, 7> kModelNames{"Yubico YubiKey 5, Security Key",
                                                             "Feitian ePass FIDO2, BioPass",
                                                             "Token2 PIN+",
                                                             "SoloKeys Solo 2",
                                                             "Nitrokey FIDO2, 3",
                                                             "Google Titan",
                                                             "any other token of FIDO2 on USB"};

inline constexpr std::array kLines{contract::LineKind::usb_hid, contract::LineKind::pty};

inline constexpr std::array kCommunicationFields{
    device::Field{
        .name = "port",
        .kind = contract::FieldKind::port,
        .title = {"Port", "Порт", "Port"},
        .help = {"vendor and product, and the place where there are two, or its node: "
                 "hid:1050:0407, hid:1050:0407@PLACE, hid:/dev/hidraw0",
                 "изготовитель и изделие, при двух одинаковых — место, или узел: "
                 "hid:1050:0407, hid:1050:0407@МЕСТО, hid:/dev/hidraw0",
                 "producent i produkt, przy dwóch takich samych miejsce, lub węzeł: "
                 "hid:1050:0407, hid:1050:0407@MIEJSCE, hid:/dev/hidraw0"},
        .required = true,
    },
    device::Field{
        .name = "serial",
        .kind = contract::FieldKind::text,
        .title = {"Serial number", "Серийный номер", "Numer seryjny"},
        .help = {"as its USB device says; another dongle is then refused. Most say none: leave it "
                 "empty, the licence server knows a dongle by its credential",
                 "как сообщает устройство USB; другой ключ тогда не принимается. У большинства "
                 "его нет: оставьте пустым, сервер лицензий узнаёт ключ по его записи",
                 "jak podaje urządzenie USB; inny klucz będzie odrzucony. Większość go nie ma: "
                 "zostaw puste, serwer licencji rozpoznaje klucz po jego poświadczeniu"},
        .min = 1,
        .max = 64,
    },
};

inline constexpr std::array kPages{device::Page{device::kCommunicationTitle, kCommunicationFields}};

/// Tokens of one kind are bought by anybody, and may be somebody's own key for signing in: they are
/// proposed, and never taken from whoever sits at the machine. Ids: Yubico/libfido2, udev/fidodevs;
/// class 3: Device Class
/// Definition for HID 1.11, 4.1.
inline constexpr device::UsbMatch token(std::uint16_t vendor, std::uint16_t product) {
    return {vendor, product, contract::LineKind::usb_hid, 3, true};
}
inline constexpr std::array kUsb{
    token(0x1050, 0),       // Yubico
    token(0x096E, 0),       // Feitian
    token(0x349E, 0),       // Token2
    token(0x1209, 0xBEEE),  // SoloKeys Solo 2
    token(0x0483, 0xA2CA),  // SoloKeys Solo
    token(0x20A0, 0x42B1),  // Nitrokey FIDO2
    token(0x20A0, 0x42B2),  // Nitrokey 3
    token(0x18D1, 0x5026),  // Google Titan
    token(0x2CCF, 0x0880),  // Hypersecu HyperFIDO
    token(0x311F, 0),       // TrustKey, eWBM
    token(0x32A3, 0x3201),  // GoTrust Idem
};

inline constexpr device::Manifest kManifest{
    .device_class = contract::DeviceClass::dongle,
    .title = {"Licence dongle: FIDO2 token on USB", "Ключ защиты: токен FIDO2 на USB",
              "Klucz licencyjny: token FIDO2 na USB"},
    .models = kModelNames,
    .lines = kLines,
    .usb = kUsb,
    .pages = kPages,
    .recovery = contract::RecoveryClass::person,
    .budgets = {.open_ms = 20'000, .execute_ms = 60'000, .resolve_ms = 10'000, .query_ms = 20'000},
};

}  // namespace tillhost::drivers::fido2
