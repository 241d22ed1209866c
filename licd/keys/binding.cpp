#include "licd/keys/binding.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "hal/os/digest.h"
#include "licd/keys/fields.h"

namespace tillhost::licd::keys {
namespace {

constexpr std::size_t kDigestBytes = 16;
constexpr std::size_t kContainerNameMin = 12;  // hex digits of a container's short id
constexpr std::size_t kValueBytesMax = 256;

// What makers write where a number should be. Lower case, without blanks at the ends.
constexpr std::array<std::string_view, 12> kPlaceholders{"none",
                                                         "n/a",
                                                         "not specified",
                                                         "not applicable",
                                                         "default string",
                                                         "default",
                                                         "system serial number",
                                                         "base board serial number",
                                                         "to be filled by o.e.m.",
                                                         "to be filled by o.e.m",
                                                         "unknown",
                                                         "uninitialized"};

// Prefixes that virtual machines and containers give to addresses without the "made by software"
// bit, or that are known to repeat.
constexpr std::array<std::string_view, 3> kSoftwareAddresses{"02:42:", "02:fc:", "52:54:00"};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string plain(std::string_view value) {
    const auto is_blank = [](char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\0'; };
    while (!value.empty() && is_blank(value.front())) {
        value.remove_prefix(1);
    }
    while (!value.empty() && is_blank(value.back())) {
        value.remove_suffix(1);
    }
    std::string text(value.substr(0, kValueBytesMax));
    std::transform(text.begin(), text.end(), text.begin(), lower);
    return text;
}

bool is_one_digit(std::string_view value) {
    char only = 0;
    for (const char c : value) {
        if (c == '-' || c == ':' || c == '.' || c == ' ') {
            continue;
        }
        if (only != 0 && c != only) {
            return false;
        }
        only = c;
    }
    return true;
}

std::optional<std::string> weak_address(std::string_view value) {
    const bool has_form = value.size() == 17 && value[2] == ':' && is_hex(value.substr(0, 2), 1);
    if (!has_form) {
        return "no address of a network card";
    }
    const auto digit =
        static_cast<unsigned>(value[1] <= '9' ? value[1] - '0' : value[1] - 'a' + 10);
    if ((digit & 2U) != 0 || std::any_of(kSoftwareAddresses.begin(), kSoftwareAddresses.end(),
                                         [&](auto start) { return value.starts_with(start); })) {
        return "made by software";
    }
    return std::nullopt;
}

std::optional<std::string> weak_host(std::string_view value) {
    if (value == "localhost" || value.starts_with("localhost.")) {
        return "localhost";
    }
    const bool is_hex_only = std::all_of(value.begin(), value.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    });
    if (is_hex_only && value.size() >= kContainerNameMin) {
        return "a container's name";
    }
    return std::nullopt;
}

std::optional<std::string> weak_disk(std::string_view value) {
    if (value.starts_with("qm0") || value.starts_with("overlayblk") ||
        value.starts_with("drive-scsi")) {
        return "a virtual disk without a number of its own";
    }
    return std::nullopt;
}

/// Why a value is shared by many machines, or nothing.
std::optional<std::string> weak_reason(TraitKind kind, std::string_view value) {
    if (value.empty()) {
        return "empty";
    }
    if (is_one_digit(value)) {
        return "the same digit throughout";
    }
    if (std::find(kPlaceholders.begin(), kPlaceholders.end(), value) != kPlaceholders.end()) {
        return "the maker's placeholder";
    }
    switch (kind) {
        case TraitKind::nic: return weak_address(value);
        case TraitKind::host: return weak_host(value);
        case TraitKind::disk: return weak_disk(value);
        case TraitKind::board:
        case TraitKind::machine_id: return std::nullopt;
    }
    return std::nullopt;
}

const Trait* find(const Traits& traits, TraitKind kind) {
    const auto found = std::find_if(traits.begin(), traits.end(),
                                    [&](const Trait& trait) { return trait.kind == kind; });
    return found == traits.end() ? nullptr : &*found;
}

const std::vector<std::string>* find(const TraitDigests& digests, TraitKind kind) {
    const auto found = digests.find(kind);
    return found == digests.end() || found->second.empty() ? nullptr : &found->second;
}

bool matches(Strictness strictness, const std::vector<std::string>& recorded,
             const std::vector<std::string>& now) {
    const auto is_there = [&](const std::string& one) {
        return std::find(now.begin(), now.end(), one) != now.end();
    };
    return strictness == Strictness::strict
               ? std::all_of(recorded.begin(), recorded.end(), is_there)
               : std::any_of(recorded.begin(), recorded.end(), is_there);
}

TraitState state_of(const BindingPolicy& policy, const std::vector<std::string>* recorded,
                    const std::vector<std::string>* now) {
    if (recorded == nullptr) {
        return now == nullptr ? TraitState::weak : TraitState::fresh;
    }
    if (now == nullptr) {
        return TraitState::gone;
    }
    return matches(policy.strictness, *recorded, *now) ? TraitState::same : TraitState::differs;
}

std::string list_of(const std::vector<TraitVerdict>& traits, TraitState state) {
    std::string text;
    for (const TraitVerdict& trait : traits) {
        if (trait.state == state) {
            text += text.empty() ? "" : ", ";
            text += text_of(trait.kind);
            text += trait.weak.empty() ? "" : fmt::format(" ({})", trait.weak);
        }
    }
    return text;
}

}  // namespace

std::string_view name_of(TraitKind kind) {
    switch (kind) {
        case TraitKind::board: return "board";
        case TraitKind::disk: return "disk";
        case TraitKind::machine_id: return "mid";
        case TraitKind::nic: return "nic";
        case TraitKind::host: return "host";
    }
    return "";
}

std::string_view text_of(TraitKind kind) {
    switch (kind) {
        case TraitKind::board: return "serial number of the mainboard";
        case TraitKind::disk: return "serial number of the system disk";
        case TraitKind::machine_id: return "identity of the operating system";
        case TraitKind::nic: return "network cards";
        case TraitKind::host: return "host name";
    }
    return "";
}

int weight_of(TraitKind kind) {
    switch (kind) {
        case TraitKind::board: return 30;
        case TraitKind::disk: return 25;
        case TraitKind::machine_id: return 20;
        case TraitKind::nic: return 15;
        case TraitKind::host: return 10;
    }
    return 0;
}

bool is_hardware(TraitKind kind) {
    return kind == TraitKind::board || kind == TraitKind::disk || kind == TraitKind::nic;
}

std::string_view name_of(Strictness strictness) {
    switch (strictness) {
        case Strictness::strict: return "strict";
        case Strictness::tolerant: return "tolerant";
    }
    return "";
}

Trait make_trait(TraitKind kind, std::vector<std::string> values, std::string_view absent) {
    Trait trait{.kind = kind, .values = {}, .weak = std::string(absent)};
    for (const std::string& value : values) {
        std::string text = plain(value);
        if (const auto reason = weak_reason(kind, text)) {
            trait.weak = *reason;
        } else {
            trait.values.push_back(std::move(text));
        }
    }
    std::sort(trait.values.begin(), trait.values.end());
    trait.values.erase(std::unique(trait.values.begin(), trait.values.end()), trait.values.end());
    if (trait.values.size() > kTraitValuesMax) {
        trait.values.resize(kTraitValuesMax);
    }
    if (!trait.values.empty()) {
        trait.weak.clear();
    }
    return trait;
}

Traits with_facts(Traits own, const std::vector<std::pair<std::string, std::string>>& facts) {
    for (const TraitKind kind : kTraitKinds) {
        std::vector<std::string> told;
        for (const auto& [name, value] : facts) {
            if (name == name_of(kind)) {
                told.push_back(value);
            }
        }
        const auto found = std::find_if(own.begin(), own.end(),
                                        [&](const Trait& trait) { return trait.kind == kind; });
        const bool is_set = kind == TraitKind::disk || kind == TraitKind::nic;
        const bool is_known = found != own.end() && !found->values.empty();
        if (is_known && is_set) {
            told.insert(told.end(), found->values.begin(), found->values.end());
        }
        Trait trait = make_trait(kind, told, "");
        if (trait.values.empty() || (is_known && !is_set)) {
            continue;
        }
        if (found == own.end()) {
            own.push_back(std::move(trait));
        } else {
            *found = std::move(trait);
        }
    }
    return own;
}

TraitDigests digests_of(std::string_view serial, const Traits& traits) {
    TraitDigests digests;
    for (const Trait& trait : traits) {
        for (const std::string& value : trait.values) {
            std::string message(name_of(trait.kind));
            message += '\0';
            message += value;
            const os::Sha256 sum = os::hmac_sha256(base::bytes_of(serial), base::bytes_of(message));
            std::string text;
            for (const std::byte byte : base::ByteView(sum).first(kDigestBytes)) {
                text += fmt::format("{:02x}", base::to_unsigned(byte));
            }
            digests[trait.kind].push_back(std::move(text));
        }
    }
    return digests;
}

std::string digests_to_text(const TraitDigests& digests) {
    std::vector<std::string> parts;
    for (const auto& [kind, values] : digests) {
        if (!values.empty()) {
            parts.push_back(fmt::format("{}:{}", name_of(kind), joined(values, '+')));
        }
    }
    return joined(parts, ',');
}

base::Result<TraitDigests> digests_from_text(std::string_view text) {
    TraitDigests digests;
    for (const std::string& part : split(text, ',')) {
        const std::size_t colon = std::min(part.find(':'), part.size());
        const auto* const kind =
            std::find_if(std::begin(kTraitKinds), std::end(kTraitKinds),
                         [&](TraitKind one) { return name_of(one) == part.substr(0, colon); });
        auto values = split(std::string_view(part).substr(std::min(colon + 1, part.size())), '+');
        const bool is_right =
            kind != std::end(kTraitKinds) && !values.empty() && values.size() <= kTraitValuesMax &&
            std::all_of(values.begin(), values.end(),
                        [](const std::string& value) { return is_hex(value, kDigestBytes); });
        if (!is_right || !digests.emplace(*kind, std::move(values)).second) {
            return base::bad_field("traits", "kind:digest+digest, each kind once");
        }
    }
    return digests;
}

int weight_of(const TraitDigests& digests) {
    int weight = 0;
    for (const auto& [kind, values] : digests) {
        weight += values.empty() ? 0 : weight_of(kind);
    }
    return weight;
}

BindingVerdict judge(const BindingPolicy& policy, const TraitDigests& recorded,
                     const TraitDigests& now, const Traits& weak) {
    BindingVerdict verdict{.recorded_weight = weight_of(recorded), .traits = {}};
    int same_weight = 0;
    bool all_same = true;
    for (const TraitKind kind : kTraitKinds) {
        const TraitState state = state_of(policy, find(recorded, kind), find(now, kind));
        const Trait* const read = find(weak, kind);
        const bool has_reason = state == TraitState::gone || state == TraitState::weak;
        verdict.traits.push_back({kind, state, has_reason && read != nullptr ? read->weak : ""});
        same_weight += state == TraitState::same ? weight_of(kind) : 0;
        verdict.hardware_same |= state == TraitState::same && is_hardware(kind);
        all_same = all_same && state != TraitState::differs && state != TraitState::gone;
    }
    verdict.score = verdict.recorded_weight == 0 ? 0 : same_weight * 100 / verdict.recorded_weight;
    verdict.clean = verdict.score >= kCleanScore;
    // A machine that had no hardware trait when it was bound, which only a policy of its own
    // allows, cannot show one later.
    const bool had_hardware = std::any_of(recorded.begin(), recorded.end(), [](const auto& one) {
        return is_hardware(one.first) && !one.second.empty();
    });
    const bool hardware_enough = verdict.hardware_same || (policy.weak_allowed && !had_hardware);
    verdict.accepted =
        verdict.recorded_weight > 0 && (policy.strictness == Strictness::strict
                                            ? all_same
                                            : verdict.score >= kAcceptedScore && hardware_enough);
    return verdict;
}

std::string BindingVerdict::told() const {
    const auto count = [&](TraitState state) {
        return std::count_if(traits.begin(), traits.end(),
                             [&](const TraitVerdict& trait) { return trait.state == state; });
    };
    const auto same = count(TraitState::same);
    std::string text =
        fmt::format("{} of {} recorded traits match, score {} of 100", same,
                    same + count(TraitState::differs) + count(TraitState::gone), score);
    if (!hardware_same) {
        text += ", and none of the hardware";
    }
    constexpr std::array<std::pair<TraitState, std::string_view>, 5> kLists{
        {{TraitState::same, "the same"},
         {TraitState::differs, "differs"},
         {TraitState::gone, "no longer readable"},
         {TraitState::fresh, "not recorded"},
         {TraitState::weak, "too weak to count"}}};
    for (const auto& [state, words] : kLists) {
        const std::string list = list_of(traits, state);
        text += list.empty() ? "" : fmt::format("; {}: {}", words, list);
    }
    return text;
}

base::Done check_strong_enough(const BindingPolicy& policy, const TraitDigests& digests,
                               const Traits& weak) {
    const int weight = weight_of(digests);
    if (weight > 0 && (policy.weak_allowed || weight >= kStrongWeightMin)) {
        return {};
    }
    std::string reasons;
    for (const Trait& trait : weak) {
        if (trait.values.empty()) {
            reasons += fmt::format("; {}: {}", text_of(trait.kind), trait.weak);
        }
    }
    return base::make_error(
        base::ErrorCode::key_other_machine,
        fmt::format("this machine has too little to be known by ({} of 100, {} are needed){}",
                    weight, kStrongWeightMin, reasons));
}

}  // namespace tillhost::licd::keys
