#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "hal/base/result.h"

namespace tillhost::transport {

/// Speeds outside these bounds are typing errors.
inline constexpr std::int64_t kBaudMin = 300;
inline constexpr std::int64_t kBaudMax = 4'000'000;
inline constexpr std::int64_t kBaudDefault = 115'200;
inline constexpr std::size_t kAddressBytesMax = 512;

/// How a device says that it can take no more for now.
enum class FlowControl : std::uint8_t {
    none,
    xonxoff,  ///< by the bytes 13h and 11h, which are no data then
    rtscts,   ///< by a wire: the device's RTS or DTR at this side's CTS
};

/// 8 data bits, no parity, one stop bit: what every device supported here uses.
struct SerialAddress {
    std::string path;  ///< absolute; a link (/dev/serial/by-id/…) is followed at each opening
    std::int64_t baud = kBaudDefault;
    FlowControl flow = FlowControl::none;
    friend bool operator==(const SerialAddress&, const SerialAddress&) = default;
};
struct PtyAddress {
    std::string path;  ///< absolute; usually a link that a simulator maintains
    friend bool operator==(const PtyAddress&, const PtyAddress&) = default;
};
struct TcpAddress {
    std::string host;        ///< IPv4 or IPv6 in figures; names are not looked up (no bounded wait)
    std::uint16_t port = 0;  ///< 0: none was named, see with_tcp_port()
    friend bool operator==(const TcpAddress&, const TcpAddress&) = default;
};
/// A USB HID device, by what it says of itself or by its node.
struct HidAddress {
    std::string path{};         ///< absolute, /dev/hidraw0; empty: the ids below name it
    std::uint16_t vendor = 0;   ///< not 0 where there is no path
    std::uint16_t product = 0;  ///< likewise
    std::string serial{};       ///< empty: any
    std::string place{};        ///< where it is plugged in (usb_adapter.h); empty: anywhere
    friend bool operator==(const HidAddress&, const HidAddress&) = default;
};
/// A USB device with bulk endpoints, by what it says of itself.
struct UsbAddress {
    std::uint16_t vendor = 0;   ///< not 0
    std::uint16_t product = 0;  ///< not 0
    std::string serial{};       ///< empty: any
    std::string place{};        ///< where it is plugged in (usb_adapter.h); empty: anywhere
    friend bool operator==(const UsbAddress&, const UsbAddress&) = default;
};
using Address = std::variant<SerialAddress, PtyAddress, TcpAddress, HidAddress, UsbAddress>;

/// Reads "serial:/dev/ttyUSB0?baud=115200", with "&flow=xonxoff" or "&flow=rtscts" behind it,
/// "pty:/run/till/fr0", "tcp:192.168.1.5:7778", "tcp:[fe80::1]:7778", without a port where the
/// family has a usual one, "hid:0c2e:0b61:SERIAL", "hid:0c2e:0b61",
/// "hid:0c2e:0b61@0000:00:14.0/1.2", "hid:/dev/hidraw0", and "usb:…" with ids likewise. Total: any
/// text gives an address or bad_field naming the part that is wrong (port, port.path, port.baud,
/// port.flow, port.host, port.number, port.vendor, port.product, port.place) and what would be
/// right.
base::Result<Address> parse_address(std::string_view text);
std::string to_text(const Address& address);

/// The address with this port if it is one of TCP that names none, else the text as it is.
std::string with_tcp_port(std::string_view text, std::uint16_t port);

}  // namespace tillhost::transport
