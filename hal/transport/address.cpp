#include "hal/transport/address.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <optional>

namespace tillhost::transport {
namespace {

using base::bad_field;
using base::Result;

constexpr std::int64_t kTcpPortMax = 65'535;

std::optional<std::int64_t> number_of(std::string_view text) {
    std::int64_t number = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (text.empty() || problem != std::errc{} || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return number;
}

Result<std::string> read_path(std::string_view text) {
    if (text.size() < 2 || text.front() != '/') {
        return bad_field("port.path", "an absolute path such as /dev/ttyUSB0");
    }
    return std::string(text);
}

std::string_view name_of(FlowControl flow) {
    switch (flow) {
        case FlowControl::none: return "none";
        case FlowControl::xonxoff: return "xonxoff";
        case FlowControl::rtscts: return "rtscts";
    }
    return "";
}

base::Done read_serial_option(std::string_view option, SerialAddress& address) {
    constexpr std::string_view kBaud = "baud=";
    constexpr std::string_view kFlow = "flow=";
    if (option.starts_with(kBaud)) {
        const auto baud = number_of(option.substr(kBaud.size()));
        if (!baud || *baud < kBaudMin || *baud > kBaudMax) {
            return bad_field("port.baud",
                             fmt::format("a number from {} to {}", kBaudMin, kBaudMax));
        }
        address.baud = *baud;
        return {};
    }
    if (option.starts_with(kFlow)) {
        for (const FlowControl flow :
             {FlowControl::none, FlowControl::xonxoff, FlowControl::rtscts}) {
            if (option.substr(kFlow.size()) == name_of(flow)) {
                address.flow = flow;
                return {};
            }
        }
        return bad_field("port.flow", "none, xonxoff or rtscts");
    }
    return bad_field("port", "only baud=… and flow=… may stand behind the ?");
}

Result<Address> read_serial(std::string_view text) {
    SerialAddress address;
    const std::size_t mark = text.find('?');
    address.path = TRY(read_path(text.substr(0, mark)));
    if (mark == std::string_view::npos) {
        return address;
    }
    std::string_view options = text.substr(mark + 1);
    while (true) {
        const std::size_t end = options.find('&');
        TRY(read_serial_option(options.substr(0, end), address));
        if (end == std::string_view::npos) {
            return address;
        }
        options.remove_prefix(end + 1);
    }
}

bool is_numeric_host(const std::string& host) {
    std::array<unsigned char, sizeof(in6_addr)> binary{};
    return ::inet_pton(AF_INET, host.c_str(), binary.data()) == 1 ||
           ::inet_pton(AF_INET6, host.c_str(), binary.data()) == 1;
}

Result<Address> read_tcp(std::string_view text) {
    const bool in_brackets = text.ends_with(']');
    const std::size_t colon = in_brackets ? std::string_view::npos : text.rfind(':');
    std::string_view host = text.substr(0, colon);
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
    } else if (host.find(':') != std::string_view::npos) {
        return bad_field("port.host", "an IPv6 address in brackets");
    }
    TcpAddress address;
    address.host = host;
    if (!is_numeric_host(address.host)) {
        return bad_field("port.host", "an IP address in figures");
    }
    if (colon == std::string_view::npos) {
        return address;
    }
    const auto number = number_of(text.substr(colon + 1));
    if (!number || *number < 1 || *number > kTcpPortMax) {
        return bad_field("port.number", "a number from 1 to 65535");
    }
    address.port = static_cast<std::uint16_t>(*number);
    return address;
}

std::optional<std::uint16_t> usb_id(std::string_view text) {
    constexpr std::size_t kDigits = 4;
    std::uint16_t number = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number, 16);
    const bool whole = text.size() == kDigits && end == text.data() + text.size();
    return problem == std::errc{} && whole && number != 0 ? std::optional(number) : std::nullopt;
}

/// "VENDOR:PRODUCT", with ":SERIAL" or "@PLACE" behind it.
template <class UsbDevice>
Result<Address> read_ids(std::string_view text, UsbDevice address) {
    const std::size_t colon = text.find(':');
    const auto vendor = usb_id(text.substr(0, colon));
    if (!vendor) {
        return bad_field("port.vendor", "four hex digits such as 0c2e, or the path of a node");
    }
    std::string_view rest =
        colon == std::string_view::npos ? std::string_view{} : text.substr(colon + 1);
    const std::size_t second = rest.find_first_of(":@");
    const auto product = usb_id(rest.substr(0, second));
    if (!product) {
        return bad_field("port.product", "four hex digits such as 0b61");
    }
    address.vendor = *vendor;
    address.product = *product;
    if (second == std::string_view::npos) {
        return address;
    }
    const std::string_view last = rest.substr(second + 1);
    if (rest[second] == ':') {
        address.serial = last;
    } else if (last.find('/') == std::string_view::npos) {
        return bad_field("port.place", "a place such as 0000:00:14.0/1.2; tillctl scan shows it");
    } else {
        address.place = last;
    }
    return address;
}

Result<Address> read_hid(std::string_view text) {
    if (text.starts_with('/')) {
        return HidAddress{.path = TRY(read_path(text))};
    }
    return read_ids(text, HidAddress{});
}

template <class UsbDevice>
std::string ids_text(std::string_view kind, const UsbDevice& device) {
    const std::string place = device.place.empty() ? "" : "@" + device.place;
    const std::string serial = device.serial.empty() ? "" : ":" + device.serial;
    return fmt::format("{}:{:04x}:{:04x}{}{}", kind, device.vendor, device.product, place, serial);
}

}  // namespace

Result<Address> parse_address(std::string_view text) {
    if (text.size() > kAddressBytesMax) {
        return bad_field("port", fmt::format("at most {} characters", kAddressBytesMax));
    }
    for (const char letter : text) {
        if (static_cast<unsigned char>(letter) < 0x20) {
            return bad_field("port", "no control characters");
        }
    }
    const std::size_t colon = text.find(':');
    const std::string_view kind = text.substr(0, colon);
    const std::string_view rest =
        colon == std::string_view::npos ? std::string_view{} : text.substr(colon + 1);
    if (kind == "serial") {
        return read_serial(rest);
    }
    if (kind == "pty") {
        return PtyAddress{TRY(read_path(rest))};
    }
    if (kind == "tcp") {
        return read_tcp(rest);
    }
    if (kind == "hid") {
        return read_hid(rest);
    }
    if (kind == "usb") {
        return read_ids(rest, UsbAddress{});
    }
    return bad_field("port",
                     "serial:PATH[?baud=N], pty:PATH, tcp:ADDRESS[:PORT], hid:VENDOR:PRODUCT or "
                     "usb:VENDOR:PRODUCT");
}

std::string to_text(const Address& address) {
    struct Writer {
        std::string operator()(const SerialAddress& serial) const {
            const bool flow = serial.flow != FlowControl::none;
            return fmt::format("serial:{}?baud={}{}{}", serial.path, serial.baud,
                               flow ? "&flow=" : "", flow ? name_of(serial.flow) : "");
        }
        std::string operator()(const PtyAddress& pty) const { return "pty:" + pty.path; }
        std::string operator()(const TcpAddress& tcp) const {
            const bool six = tcp.host.find(':') != std::string::npos;
            const std::string host = six ? "[" + tcp.host + "]" : tcp.host;
            return "tcp:" + host + (tcp.port == 0 ? "" : fmt::format(":{}", tcp.port));
        }
        std::string operator()(const HidAddress& hid) const {
            if (!hid.path.empty()) {
                return "hid:" + hid.path;
            }
            return ids_text("hid", hid);
        }
        std::string operator()(const UsbAddress& usb) const { return ids_text("usb", usb); }
    };
    return std::visit(Writer{}, address);
}

std::string with_tcp_port(std::string_view text, std::uint16_t port) {
    auto address = parse_address(text);
    auto* tcp = address ? std::get_if<TcpAddress>(&*address) : nullptr;
    if (tcp == nullptr || tcp->port != 0) {
        return std::string(text);
    }
    tcp->port = port;
    return to_text(*address);
}

}  // namespace tillhost::transport
