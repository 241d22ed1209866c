#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "devd/runtime/settings.h"
#include "devd/runtime/workstations.h"
#include "ipc/curve_keys.h"
#include "ipc/text_tables.h"

namespace tillhost::devd::runtime {
namespace {

using contract::Role;
using contract::WorkstationState;

constexpr std::string_view kFormat = "1";
constexpr std::string_view kTable = "workstation";
constexpr std::array kRoles{Role::observer, Role::cashier, Role::operator_, Role::administrator};
constexpr std::array kStates{WorkstationState::paired, WorkstationState::rolling,
                             WorkstationState::revoked};

base::Error fault(const ipc::TextTable& table, std::string_view right) {
    return base::bad_field(fmt::format("workstation in line {}", table.line), std::string(right));
}

/// "kassa,terminal": a device's id has no comma.
base::Result<std::vector<std::string>> read_devices(const ipc::TextTable& table) {
    std::vector<std::string> devices;
    std::string_view rest = *table.find("devices");
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find(','), rest.size());
        devices.emplace_back(rest.substr(0, end));
        if (!is_device_id(devices.back())) {
            return fault(table, "devices = \"ID,ID\"");
        }
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return devices;
}

base::Result<Workstation> read_one(const ipc::TextTable& table) {
    for (const char* key : {"name", "role", "devices", "host", "state", "key", "paired_at_ms"}) {
        if (table.find(key) == nullptr) {
            return fault(table, fmt::format("{} is missing", key));
        }
    }
    Workstation one{.name = table.get("name")};
    const auto role = role_from(table.get("role"));
    const auto* const state = std::find_if(kStates.begin(), kStates.end(), [&](auto known) {
        return contract::name_of(known) == table.get("state");
    });
    one.key = table.get("key");
    one.next_key = table.get("next_key");
    one.host = table.get("host") == "yes";
    const std::string at = table.get("paired_at_ms");
    const auto read = std::from_chars(at.data(), at.data() + at.size(), one.paired_at_ms);
    if (!is_workstation_name(one.name) || !role || state == kStates.end() ||
        !ipc::is_key(one.key) || (!one.next_key.empty() && !ipc::is_key(one.next_key)) ||
        read.ec != std::errc() || one.paired_at_ms < 0) {
        return fault(table, "name, role, state, key and paired_at_ms as devd writes them");
    }
    one.role = *role;
    one.state = *state;
    one.devices = TRY(read_devices(table));
    return one;
}

}  // namespace

std::optional<Role> role_from(std::string_view word) {
    for (const Role role : kRoles) {
        if (contract::name_of(role) == word) {
            return role;
        }
    }
    return std::nullopt;
}

std::string workstations_text(const std::map<std::string, Workstation>& all) {
    std::vector<ipc::TextTable> tables(1);
    tables.front().set("format", std::string(kFormat));
    for (const auto& [name, one] : all) {
        ipc::TextTable table{.name = std::string(kTable)};
        table.set("name", name);
        table.set("role", std::string(contract::name_of(one.role)));
        table.set("devices", fmt::format("{}", fmt::join(one.devices, ",")));
        table.set("host", one.host ? "yes" : "no");
        table.set("state", std::string(contract::name_of(one.state)));
        table.set("key", one.key);
        if (!one.next_key.empty()) {
            table.set("next_key", one.next_key);
        }
        table.set("paired_at_ms", std::to_string(one.paired_at_ms));
        tables.push_back(std::move(table));
    }
    return ipc::write_text_tables("Paired workstations, by devd; change them with tillctl.",
                                  tables);
}

base::Result<std::map<std::string, Workstation>> read_workstations(std::string_view text) {
    const auto tables = TRY(ipc::read_text_tables(text));
    if (tables.front().get("format") != kFormat) {
        return base::bad_field("format", fmt::format("\"{}\"", kFormat));
    }
    std::map<std::string, Workstation> all;
    for (const ipc::TextTable& table : tables) {
        if (table.line == 0) {
            continue;
        }
        if (table.name != kTable || all.size() >= kWorkstationsMax) {
            return fault(table, fmt::format("[[{}]], at most {}", kTable, kWorkstationsMax));
        }
        Workstation one = TRY(read_one(table));
        const std::string name = one.name;
        if (!all.emplace(name, std::move(one)).second) {
            return fault(table, "a name that stands once");
        }
    }
    return all;
}

}  // namespace tillhost::devd::runtime
