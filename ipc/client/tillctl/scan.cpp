#include "ipc/client/tillctl/scan.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "ipc/client/tillctl/admin.h"
#include "ipc/client/tillctl/rows.h"
#include "ipc/contract/decoder.h"

namespace tillhost::tillctl {
namespace {

using contract::LineKind;
using contract::Manifest;
using contract::Port;
using contract::Value;

/// Nothing for networks and simulators.
std::optional<LineKind> line_of(const Port& port) {
    for (const auto& [beginning, line] :
         {std::pair("serial:", LineKind::serial), std::pair("hid:", LineKind::usb_hid),
          std::pair("usb:", LineKind::usb)}) {
        if (port.address.starts_with(beginning)) {
            return line;
        }
    }
    return std::nullopt;
}

bool is_plugged_in(const Port& port) {
    return line_of(port) && port.reason != contract::PortReason::absent;
}

bool speaks_over(const Manifest& manifest, LineKind line) {
    return manifest.device_class != contract::DeviceClass::test &&
           std::find(manifest.lines.begin(), manifest.lines.end(), line) != manifest.lines.end();
}

/// As a shell reads it as one word. A serial number is its maker's text.
std::string shell_word(std::string_view text) {
    constexpr std::string_view kPlain =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:/@.,_+=%-";
    if (!text.empty() && text.find_first_not_of(kPlain) == std::string_view::npos) {
        return std::string(text);
    }
    std::string word = "'";
    for (const char letter : text) {
        word += letter == '\'' ? std::string("'\\''") : std::string(1, letter);
    }
    return word + "'";
}

/// An address without the speed that was only assumed.
std::string without_speed(const std::string& address) {
    return address.substr(0, address.find("?baud="));
}

std::string command_for(const Proposal& proposal) {
    const bool fits = !proposal.own.empty() || !proposal.by_line.empty();
    if (!proposal.port.device.empty() || !fits) {
        return {};
    }
    const std::vector<std::string>& drivers =
        proposal.own.empty() ? proposal.by_line : proposal.own;
    return fmt::format("tillctl add {} port={}", drivers.size() == 1 ? drivers.front() : "DRIVER",
                       shell_word(proposal.address));
}

Proposal proposal_for(const Port& port, const std::vector<Manifest>& manifests) {
    Proposal to;
    to.port = port;
    to.address = without_speed(port.stable.empty() ? port.address : port.stable);
    to.own = port.drivers;
    for (const Manifest& manifest : manifests) {
        if (to.own.empty() && speaks_over(manifest, *line_of(port))) {
            to.by_line.push_back(manifest.driver);
        }
    }
    to.command = command_for(to);
    return to;
}

std::string title_of(Language language, const std::vector<Manifest>& manifests,
                     const std::string& driver) {
    const auto found =
        std::find_if(manifests.begin(), manifests.end(),
                     [&driver](const Manifest& one) { return one.driver == driver; });
    return found == manifests.end() ? driver : std::string(text(language, found->title));
}

std::string fits_text(Language language, const Proposal& found,
                      const std::vector<Manifest>& manifests) {
    std::string told;
    for (const std::string& driver : found.own) {
        const contract::UsbAdapter adapter = found.port.adapter.value_or(contract::UsbAdapter{});
        told += row(language, Text::scan_fits,
                    filled(language, Text::scan_own, driver, title_of(language, manifests, driver),
                           adapter.vendor, adapter.product));
    }
    if (found.own.empty()) {
        told +=
            row(language, Text::scan_fits,
                found.by_line.empty() ? std::string(text(language, Text::scan_none))
                                      : filled(language, Text::scan_by_line,
                                               fmt::format("{}", fmt::join(found.by_line, ", "))));
    }
    return told;
}

std::string one_text(Language language, const Proposal& found,
                     const std::vector<Manifest>& manifests) {
    const Port& port = found.port;
    std::string told =
        fmt::format("{}\n", port.adapter ? adapter_text(*port.adapter)
                                         : std::string(text(language, Text::scan_built_in)));
    const std::string now = without_speed(port.address);
    told += row(language, Text::scan_port,
                found.address == now ? now : filled(language, Text::scan_now, found.address, now));
    if (port.adapter && !port.adapter->place.empty()) {
        told += row(language, Text::scan_place, port.adapter->place);
    }
    if (!port.device.empty()) {
        return told + row(language, Text::scan_set_up, port.device);
    }
    told += fits_text(language, found, manifests);
    if (port.state == contract::PortState::unavailable) {
        told += row(language, Text::scan_hindered, port.text);
    }
    return found.command.empty() ? told : told + row(language, Text::scan_type, found.command);
}

Value names_tree(const std::vector<std::string>& names) {
    Value::Array tree;
    for (const std::string& name : names) {
        tree.emplace_back(name);
    }
    return Value(std::move(tree));
}

}  // namespace

std::vector<Proposal> proposals(const std::vector<Port>& ports,
                                const std::vector<Manifest>& manifests) {
    std::vector<Proposal> found;
    for (const Port& port : ports) {
        if (is_plugged_in(port)) {
            found.push_back(proposal_for(port, manifests));
        }
    }
    return found;
}

std::string scan_text(Language language, const std::vector<Proposal>& found,
                      const std::vector<Manifest>& manifests) {
    if (found.empty()) {
        return fmt::format("{}{}", text(language, Text::no_hardware),
                           text(language, Text::not_listed));
    }
    std::string told;
    for (const Proposal& one : found) {
        told += (told.empty() ? "" : "\n") + one_text(language, one, manifests);
    }
    return told + "\n" + std::string(text(language, Text::not_listed));
}

Value scan_tree(const std::vector<Proposal>& found) {
    Value::Array tree;
    for (const Proposal& one : found) {
        tree.emplace_back(Value::Map{
            {"address", Value(one.address)},
            {"own", names_tree(one.own)},
            {"by_line", names_tree(one.by_line)},
            {"command", Value(one.command)},
            {"port", contract::to_value(one.port, contract::Style::readable)},
        });
    }
    return Value(Value::Map{{"found", Value(std::move(tree))}});
}

}  // namespace tillhost::tillctl
