#include "devd/runtime/machine_facts.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hal/base/text.h"

namespace tillhost::devd::runtime {
namespace {

// As in the contract.
constexpr std::size_t kFactsMax = 128;
constexpr std::size_t kValueBytesMax = 256;
constexpr std::size_t kMachineIdDigits = 32;  // machine-id(5)

void add(contract::MachineFactsReply& reply, std::string_view kind, std::string_view value) {
    if (!value.empty() && base::is_utf8(value) && reply.facts.size() < kFactsMax) {
        reply.facts.push_back(
            {std::string(kind), std::string(base::cut_utf8(value, kValueBytesMax))});
    }
}

void add_all(contract::MachineFactsReply& reply, std::string_view kind,
             const std::vector<std::string>& values) {
    for (const std::string& value : values) {
        add(reply, kind, value);
    }
}

/// In small letters, so that it is hashed as a licence server hashes its own.
std::optional<std::string> machine_id_in(std::string_view line) {
    std::string id(line.substr(0, line.find_last_not_of(" \t\r") + 1));
    for (char& digit : id) {
        digit = digit >= 'A' && digit <= 'F' ? static_cast<char>(digit - 'A' + 'a') : digit;
    }
    const bool is_one = id.size() == kMachineIdDigits &&
                        id.find_first_not_of("0123456789abcdef") == std::string::npos &&
                        id.find_first_not_of(id.front()) != std::string::npos;
    return is_one ? std::optional(std::move(id)) : std::nullopt;
}

}  // namespace

contract::MachineFactsReply told(const os::MachineFacts& facts) {
    contract::MachineFactsReply reply;
    add_all(reply, "board", facts.board);
    add_all(reply, "disk", facts.disks.value_or(std::vector<std::string>()));
    if (const auto id = machine_id_in(facts.machine_id)) {
        add(reply, "mid", os::hashed_machine_id(*id));
    }
    add_all(reply, "nic", facts.nics);
    add(reply, "host", facts.host);
    return reply;
}

}  // namespace tillhost::devd::runtime
