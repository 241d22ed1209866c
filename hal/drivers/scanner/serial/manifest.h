#pragma once

#include <array>

#include "hal/device/manifest.h"

namespace tillhost::drivers::serial {

inline constexpr std::int64_t kGapMsMin = 10;
inline constexpr std::int64_t kGapMsMax = 500;

inline constexpr std::array kLines{contract::LineKind::serial, contract::LineKind::pty,
                                   contract::LineKind::tcp};

inline constexpr std::array kSuffixChoices{
    device::Choice{"cr", {"CR (Enter)", "CR (Enter)", "CR (Enter)"}},
    device::Choice{"lf", {"LF", "LF", "LF"}},
    device::Choice{"crlf", {"CR LF", "CR LF", "CR LF"}},
    device::Choice{"tab", {"TAB", "TAB", "TAB"}},
    device::Choice{"etx", {"ETX", "ETX", "ETX"}},
    device::Choice{"none", {"none: a pause", "нет: пауза", "brak: przerwa"}}};

inline constexpr std::array kAimChoices{
    device::Choice{"auto", {"where it is there", "если есть", "jeśli jest"}},
    device::Choice{"on", {"always there", "всегда есть", "zawsze jest"}},
    device::Choice{"off", {"never there", "никогда нет", "nigdy nie ma"}}};

inline constexpr std::array kCommunicationFields{
    device::kPortField,
    device::Field{
        .name = "suffix",
        .kind = contract::FieldKind::choice,
        .title = {"Suffix", "Суффикс", "Sufiks"},
        .help = {"what the scanner sends behind a code", "что сканер передаёт после кода",
                 "co skaner wysyła po kodzie"},
        .default_value = "cr",
        .choices = kSuffixChoices,
    },
    device::Field{
        .name = "prefix",
        .title = {"Prefix", "Префикс", "Prefiks"},
        .help = {"what it sends before a code; \\x02 is a byte. Empty: nothing",
                 "что передаёт перед кодом; \\x02 — байт. Пусто: ничего",
                 "co wysyła przed kodem; \\x02 to bajt. Puste: nic"},
        .min = 0,
        .max = 64,
    },
    device::Field{
        .name = "aim",
        .kind = contract::FieldKind::choice,
        .title = {"AIM identifier", "Идентификатор AIM", "Identyfikator AIM"},
        .help = {"three characters such as ]d2 that name the kind of barcode",
                 "три знака вида ]d2, называющие тип штрихкода",
                 "trzy znaki, np. ]d2, nazywające rodzaj kodu"},
        .default_value = "auto",
        .choices = kAimChoices,
    },
    device::Field{
        .name = "gap_ms",
        .kind = contract::FieldKind::integer,
        .title = {"Pause", "Пауза", "Przerwa"},
        .help = {"after it half a code is dropped; without suffix it ends a code. Empty: 300, "
                 "without suffix 50",
                 "после неё половина кода отбрасывается; без суффикса она завершает код. Пусто: "
                 "300, без суффикса 50",
                 "po niej połowa kodu jest odrzucana; bez sufiksu kończy kod. Puste: 300, bez "
                 "sufiksu 50"},
        .unit = "ms",
        .min = kGapMsMin,
        .max = kGapMsMax,
    },
};

inline constexpr std::array kPages{device::Page{device::kCommunicationTitle, kCommunicationFields}};

/// Makers of scanners (USB-IF's list of vendor ids): Honeywell and Metrologic, Youjie, Zebra and
/// Symbol, Datalogic, Intermec, Newland. In the interface USB-CDC they are a tty.
inline constexpr std::array kUsb{device::UsbMatch{0x0C2E}, device::UsbMatch{0x23D0},
                                 device::UsbMatch{0x05E0}, device::UsbMatch{0x05F9},
                                 device::UsbMatch{0x067E}, device::UsbMatch{0x1EAB}};

inline constexpr device::Manifest kManifest{
    .device_class = contract::DeviceClass::barcode_scanner,
    .title = {"Barcode scanner on a serial port or USB-CDC",
              "Сканер штрихкода на последовательном порту или USB-CDC",
              "Skaner kodów na porcie szeregowym lub USB-CDC"},
    .lines = kLines,
    .usb = kUsb,
    .pages = kPages,
    .recovery = contract::RecoveryClass::person,
};

}  // namespace tillhost::drivers::serial
