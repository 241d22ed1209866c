#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "ipc/contract/messages.h"

// What a driver says of itself, as data in its own folder (manifest.h there). Clients draw their
// forms, devd checks settings and texts, and the udev rules are made from it; the words are those
// of docs/ipc/admin.md.
namespace tillhost::device {

/// One text for people in each language of the user interface.
struct Texts {
    std::string_view en;
    std::string_view ru;
    std::string_view pl;
};

struct Choice {
    std::string_view value;
    Texts title;
};

/// One setting. `min` and `max` bound an integer, or the characters of a text or a secret.
struct Field {
    std::string_view name;
    contract::FieldKind kind = contract::FieldKind::text;
    Texts title;
    Texts help;
    std::string_view unit{};
    std::int64_t min = 0;
    std::int64_t max = 0;
    std::string_view default_value{};
    bool required = false;
    std::span<const Choice> choices{};
};

/// One step of the form. The first is about communication: the port and its parameters.
struct Page {
    Texts title;
    std::span<const Field> fields;
};

/// A USB device that is the driver's own, whoever made its chips: a bridge that anything may stand
/// behind (FTDI, CP210x, CH340, PL2303) belongs in no table. Such a device is proposed by
/// `tillctl scan` and gets the udev rules of udev/60-tillhost.rules. Each row has its source.
struct UsbMatch {
    std::uint16_t vendor = 0;
    std::uint16_t product = 0;  ///< 0: all of that vendor
    /// The node by which it is reached: serial (a tty), usb_hid (hidraw), usb (usbfs).
    contract::LineKind line = contract::LineKind::serial;
    /// bInterfaceClass of the interface behind that node; 0: any. 7 are printers: from those the
    /// kernel's usblp is taken off.
    std::uint8_t interface_class = 0;
    /// Other makers' devices, for other programs, have these ids too: it is proposed, and no rule
    /// is made for it.
    bool shared = false;
};

/// How long each kind of work may take unless the driver announces a step of its own: the time that
/// devd gives with the command, and after which (and a grace) it kills the host.
struct Budgets {
    std::int64_t open_ms = 120'000;
    std::int64_t execute_ms = 300'000;
    std::int64_t resolve_ms = 120'000;
    std::int64_t query_ms = 60'000;
};

struct Manifest {
    contract::DeviceClass device_class = contract::DeviceClass::unspecified;
    Texts title;
    std::span<const std::string_view> models{};
    std::span<const contract::LineKind> lines{};  ///< none: it has no port
    std::span<const UsbMatch> usb{};
    std::uint16_t tcp_port = 0;  ///< its usual one, where an address names none; 0: it has none
    /// Speeds of its serial line, the most likely first; none: they cannot be looked through.
    std::span<const std::int64_t> speeds{};
    std::span<const Page> pages{};
    std::span<const contract::Capability> capabilities{};
    contract::RecoveryClass recovery = contract::RecoveryClass::person;
    /// Characters of goods, free lines, header and footer.
    contract::TextPage text_page = contract::TextPage::utf8;
    /// Characters of people's names and of other tags.
    contract::TextPage tag_page = contract::TextPage::utf8;
    Budgets budgets{};
};

/// The port as every driver with a line asks for it.
inline constexpr Field kPortField{
    .name = "port",
    .kind = contract::FieldKind::port,
    .title = {"Port", "Порт", "Port"},
    .help = {"where the device is connected, such as serial:/dev/ttyUSB0?baud=115200 or "
             "tcp:192.168.1.5:7778",
             "куда подключено устройство: serial:/dev/ttyUSB0?baud=115200 или "
             "tcp:192.168.1.5:7778",
             "gdzie podłączono urządzenie: serial:/dev/ttyUSB0?baud=115200 lub "
             "tcp:192.168.1.5:7778"},
    .required = true,
};
/// Every driver with a line on this machine has this setting too, without naming it: which USB
/// device the line belongs to. Filled in by devd when the connection check passes.
inline constexpr Field kAdapterField{
    .name = "adapter",
    .kind = contract::FieldKind::remembered,
    .title = {"USB device", "Устройство USB", "Urządzenie USB"},
    .help = {"what stood behind the port when the check passed: VENDOR:PRODUCT:SERIAL, or "
             "VENDOR:PRODUCT@PLACE; anything else is then refused. Empty: any is taken",
             "что стояло за портом при проверке связи: VENDOR:PRODUCT:НОМЕР или "
             "VENDOR:PRODUCT@МЕСТО; другое не принимается. Пусто: любое",
             "co było za portem podczas testu połączenia: VENDOR:PRODUCT:NUMER lub "
             "VENDOR:PRODUCT@MIEJSCE; inne będzie odrzucone. Puste: dowolne"},
    .min = 1,
    .max = 256,
};
inline constexpr Texts kCommunicationTitle{"Connection", "Связь", "Połączenie"};
inline constexpr Texts kDriverTitle{"Driver", "Драйвер", "Sterownik"};

/// The manifest as it travels.
contract::Manifest to_contract(std::string_view driver, const Manifest& manifest);

}  // namespace tillhost::device
