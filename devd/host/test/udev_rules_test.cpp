// Claim: the rules in udev/ are those of the drivers of this tree; each line is one that udev
// takes; every device of a match table gets group and mode on the node by which it is opened, and
// ModemManager, usblp and brltty are kept off it; FIDO tokens are opened whoever made them, and
// the mainboard's numbers to devd's group.
// Shown by a strict reader of udev's grammar (udev(7)), and by playing the rules on devices as udev
// would: conditions, jumps and assignments in the order of the file.
#include "devd/host/udev_rules.h"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <set>
#include <sstream>

#include "hal/device/manifest.h"
#include "hal/drivers/drivers.h"
#include "hal/os/files.h"

namespace tillhost::devd::host {
namespace {

using contract::LineKind;
using contract::Manifest;

std::vector<Manifest> manifests_of_this_tree() {
    std::vector<Manifest> manifests;
    for (const drivers::DriverEntry& entry : drivers::all()) {
        manifests.push_back(device::to_contract(entry.name, *entry.manifest));
    }
    return manifests;
}

/// One of each kind of line, a printer among them.
std::vector<Manifest> manifests_of_all_kinds() {
    Manifest serial;
    serial.driver = "fiscal/one";
    serial.usb = {{0x1111, 0x0001, LineKind::serial, 0}};
    Manifest hid;
    hid.driver = "scanner/two";
    hid.usb = {{0x2222, 0, LineKind::usb_hid, 3}};
    Manifest printer;
    printer.driver = "printer/three";
    printer.usb = {{0x3333, 0x0003, LineKind::usb, 7}, {0x4444, 0x0004, LineKind::usb, 7, true}};
    return {serial, hid, printer};
}

struct Term {
    std::string key;
    std::string of;  ///< "idVendor" of ATTRS{idVendor}
    std::string op;
    std::string value;
    bool is_condition() const { return op == "==" || op == "!="; }
};
using Rule = std::vector<Term>;

/// A term at the front of the text, which it is taken off; nothing if it is none.
std::optional<Term> take_term(std::string_view& text) {
    Term term;
    const std::size_t key_end = text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    term.key = text.substr(0, key_end);
    text.remove_prefix(std::min(key_end, text.size()));
    if (text.starts_with('{')) {
        const std::size_t end = text.find('}');
        if (end == std::string_view::npos) {
            return std::nullopt;
        }
        term.of = text.substr(1, end - 1);
        text.remove_prefix(end + 1);
    }
    for (const std::string_view op : {"==", "!=", "+=", "="}) {
        if (text.starts_with(op)) {
            term.op = op;
            text.remove_prefix(op.size());
            break;
        }
    }
    const std::size_t end = text.find('"', 1);
    if (term.key.empty() || term.op.empty() || !text.starts_with('"') ||
        end == std::string_view::npos) {
        return std::nullopt;
    }
    term.value = text.substr(1, end - 1);
    text.remove_prefix(end + 1);
    return term;
}

/// Which operators a key takes (udev(7)); of those that are used here.
bool may(const Term& term) {
    static const std::map<std::string, std::set<std::string>> kOps{{"ACTION", {"==", "!="}},
                                                                   {"SUBSYSTEM", {"==", "!="}},
                                                                   {"SUBSYSTEMS", {"==", "!="}},
                                                                   {"DRIVER", {"==", "!="}},
                                                                   {"KERNEL", {"==", "!="}},
                                                                   {"ATTR", {"==", "!="}},
                                                                   {"ATTRS", {"==", "!="}},
                                                                   {"ENV", {"==", "!=", "=", "+="}},
                                                                   {"GROUP", {"="}},
                                                                   {"MODE", {"="}},
                                                                   {"SYMLINK", {"+="}},
                                                                   {"RUN", {"+="}},
                                                                   {"IMPORT", {"="}},
                                                                   {"GOTO", {"="}},
                                                                   {"LABEL", {"="}}};
    static const std::set<std::string> kWithName{"ATTR", "ATTRS", "ENV", "IMPORT"};
    const auto ops = kOps.find(term.key);
    return ops != kOps.end() && ops->second.contains(term.op) &&
           kWithName.contains(term.key) == !term.of.empty();
}

std::vector<Rule> read(const std::string& text) {
    std::vector<Rule> rules;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (line.empty() || line.starts_with('#')) {
            continue;
        }
        Rule& rule = rules.emplace_back();
        std::string_view rest = line;
        while (!rest.empty()) {
            const auto term = take_term(rest);
            EXPECT_TRUE(term && may(*term)) << line;
            if (!term) {
                return rules;
            }
            rule.push_back(*term);
            const bool goes_on = rest.starts_with(", ") && rest.size() > 2;
            EXPECT_TRUE(rest.empty() || goes_on) << line;
            rest.remove_prefix(goes_on ? 2 : rest.size());
        }
    }
    EXPECT_TRUE(text.ends_with('\n'));
    return rules;
}

/// A device as udev sees it: properties of itself, and attributes of what it belongs to.
struct Node {
    std::string action = "add";
    std::string subsystem;
    std::string driver{};
    std::string kernel{};
    std::map<std::string, std::string> env{};
    std::map<std::string, std::string> attributes{};
    // what the rules set
    std::string group{};
    std::string mode{};
    std::vector<std::string> links{};
    std::vector<std::string> runs{};
};

bool holds(const Term& term, const Node& node) {
    const auto of = [&term](const std::map<std::string, std::string>& all) {
        const auto found = all.find(term.of);
        return found == all.end() ? std::string() : found->second;
    };
    const std::string value = term.key == "ACTION"       ? node.action
                              : term.key == "SUBSYSTEM"  ? node.subsystem
                              : term.key == "SUBSYSTEMS" ? "usb"
                              : term.key == "DRIVER"     ? node.driver
                              : term.key == "KERNEL"     ? node.kernel
                              : term.key == "ENV"        ? of(node.env)
                                                         : of(node.attributes);
    const bool equal = term.value == "?*" ? !value.empty() : value == term.value;
    return equal == (term.op == "==");
}

void assign(const Term& term, Node& node) {
    if (term.key == "GROUP") {
        node.group = term.value;
    } else if (term.key == "MODE") {
        node.mode = term.value;
    } else if (term.key == "SYMLINK") {
        node.links.push_back(term.value);
    } else if (term.key == "RUN") {
        node.runs.push_back(term.value);
    } else if (term.key == "ENV") {
        node.env[term.of] = term.value;
    } else if (term.key == "IMPORT") {
        node.env[term.value == "usb_id" ? "ID_SERIAL_SHORT" : "ID_PATH"] = "x";
    }
}

/// The device after the rules. A jump that leads nowhere, or back, is a failure.
Node played(const std::vector<Rule>& rules, Node node) {
    std::string sought;
    for (const Rule& rule : rules) {
        if (!sought.empty()) {
            sought = rule.front().key == "LABEL" && rule.front().value == sought ? "" : sought;
            continue;
        }
        bool all = true;
        for (const Term& term : rule) {
            if (term.is_condition()) {
                all = all && holds(term, node);
            } else if (all && term.key == "GOTO") {
                sought = term.value;
            } else if (all) {
                assign(term, node);
            }
        }
    }
    EXPECT_EQ(sought, "") << "no such label further down";
    return node;
}

std::string hex(std::int64_t number) {
    std::ostringstream text;
    text << std::hex;
    text.width(4);
    text.fill('0');
    text << number;
    return text.str();
}

Node node_of(const std::string& subsystem, std::int64_t vendor, std::int64_t product) {
    Node node;
    node.subsystem = subsystem;
    node.attributes = {{"idVendor", hex(vendor)}, {"idProduct", hex(product)}};
    if (subsystem == "usb") {
        node.env["DEVTYPE"] = "usb_device";
    }
    return node;
}

std::string file(const std::string& name) {
    const auto bytes = os::read_file("udev/" + name, 1024 * 1024);
    return bytes ? base::string_of(*bytes) : "missing";
}

TEST(UdevRules, InTheTreeAreThoseOfItsDrivers) {
    EXPECT_EQ(file("60-tillhost.rules"), udev_rules(manifests_of_this_tree()))
        << "devd-driver --udev-rules > udev/60-tillhost.rules";
    EXPECT_EQ(file("99-tillhost.rules"), late_udev_rules(manifests_of_this_tree()))
        << "devd-driver --late-udev-rules > udev/99-tillhost.rules";
}

TEST(UdevRules, OpenEachDeviceOfATableToTheGroupOnly) {
    for (const auto& manifests : {manifests_of_this_tree(), manifests_of_all_kinds()}) {
        const auto rules = read(udev_rules(manifests));
        for (const Manifest& manifest : manifests) {
            for (const contract::UsbMatch& match : manifest.usb) {
                if (match.shared) {
                    continue;
                }
                const std::string subsystem = match.line == LineKind::serial    ? "tty"
                                              : match.line == LineKind::usb_hid ? "hidraw"
                                                                                : "usb";
                const std::int64_t product = match.product == 0 ? 0x0b61 : match.product;
                const Node node = played(rules, node_of(subsystem, match.vendor, product));
                EXPECT_EQ(node.group, kDeviceGroup) << manifest.driver;
                EXPECT_EQ(node.mode, "0660") << manifest.driver;
                EXPECT_EQ(node.links.size(), match.line == LineKind::usb_hid ? 2U : 0U);
                Node device = played(rules, node_of("usb", match.vendor, product));
                EXPECT_EQ(device.env["ID_MM_DEVICE_IGNORE"], "1") << manifest.driver;
                EXPECT_EQ(device.group.empty(), match.line != LineKind::usb) << manifest.driver;
            }
        }
    }
}

TEST(UdevRules, LeaveEverythingElseAlone) {
    const auto rules = read(udev_rules(manifests_of_all_kinds()));
    const auto expect_untouched = [&rules](Node node) {
        const auto env = node.env;
        const Node after = played(rules, std::move(node));
        EXPECT_EQ(after.group, "");
        EXPECT_EQ(after.env, env);
        EXPECT_TRUE(after.links.empty());
        EXPECT_TRUE(after.runs.empty());
    };
    for (const char* const subsystem : {"tty", "hidraw", "usb", "block", "net"}) {
        expect_untouched(node_of(subsystem, 0x0403, 0x6001));
    }
    expect_untouched(node_of("tty", 0x1111, 0x0002));     // another product of the vendor
    expect_untouched(node_of("hidraw", 0x1111, 0x0001));  // another node of the device
    expect_untouched(node_of("usb", 0x4444, 0x0004));     // ids that others have too
    Node gone = node_of("tty", 0x1111, 0x0001);
    gone.action = "remove";
    expect_untouched(gone);
}

TEST(UdevRules, OpenEachFidoTokenWhoeverMadeIt) {
    Manifest dongles;
    dongles.driver = "dongle/four";
    dongles.device_class = contract::DeviceClass::dongle;
    dongles.lines = {LineKind::usb_hid, LineKind::pty};
    for (auto manifests : {manifests_of_this_tree(), std::vector<Manifest>{dongles}}) {
        const auto rules = read(udev_rules(manifests));
        Node token = node_of("hidraw", 0x7777, 0x0007);
        EXPECT_EQ(played(rules, token).group, "") << "not said to be one";
        token.env["ID_FIDO_TOKEN"] = "1";
        const Node after = played(rules, token);
        EXPECT_EQ(after.group, kDeviceGroup);
        EXPECT_EQ(after.mode, "0660");
        EXPECT_EQ(after.links.size(), 2U);
    }
}

TEST(UdevRules, LetDevdsGroupReadTheBoardsNumbers) {
    const auto rules = read(udev_rules({}));
    Node board;
    board.subsystem = "dmi";
    board.kernel = "id";
    ASSERT_EQ(played(rules, board).runs.size(), 1U);
    EXPECT_NE(played(rules, board).runs[0].find("chgrp tillhost"), std::string::npos);
    board.kernel = "other";
    EXPECT_TRUE(played(rules, board).runs.empty());
}

TEST(UdevRules, TakeUsblpOffPrintersThatAreDrivenWhole) {
    const auto rules = read(udev_rules(manifests_of_all_kinds()));
    Node interface = node_of("usb", 0x3333, 0x0003);
    interface.env["DEVTYPE"] = "usb_interface";
    interface.driver = "usblp";
    EXPECT_TRUE(played(rules, interface).runs.empty()) << "not bound yet";
    interface.action = "bind";
    ASSERT_EQ(played(rules, interface).runs.size(), 1U);
    EXPECT_NE(played(rules, interface).runs[0].find("usblp/unbind"), std::string::npos);
    interface.attributes["idVendor"] = "04f9";
    EXPECT_TRUE(played(rules, interface).runs.empty()) << "somebody's office printer";
    interface.attributes = {{"idVendor", "4444"}, {"idProduct", "0004"}};
    EXPECT_TRUE(played(rules, interface).runs.empty()) << "perhaps no receipt printer";
}

TEST(UdevRules, TakeBackWhatBrlttyHasBegun) {
    const auto rules = read(late_udev_rules(manifests_of_all_kinds()));
    Node device = node_of("usb", 0x1111, 0x0001);
    device.env["SYSTEMD_WANTS"] = "something.service";
    EXPECT_EQ(played(rules, device).env["SYSTEMD_WANTS"], "something.service");
    device.env["BRLTTY_BRAILLE_DRIVER"] = "sk";
    Node after = played(rules, device);
    EXPECT_EQ(after.env["SYSTEMD_WANTS"], "");
    EXPECT_EQ(after.env["BRLTTY_BRAILLE_DRIVER"], "");
    device.attributes["idVendor"] = "0403";
    EXPECT_EQ(played(rules, device).env["BRLTTY_BRAILLE_DRIVER"], "sk") << "a real display";
}

}  // namespace
}  // namespace tillhost::devd::host
