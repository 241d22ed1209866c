#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hal/base/result.h"

// How a key knows its machine. What is recorded of a machine is a digest of each trait under the
// key's serial: two keys on one machine cannot be linked by what they record. Pure.
namespace tillhost::licd::keys {

enum class TraitKind : std::uint8_t { board, disk, machine_id, nic, host };
inline constexpr TraitKind kTraitKinds[] = {TraitKind::board, TraitKind::disk,
                                            TraitKind::machine_id, TraitKind::nic, TraitKind::host};
std::string_view name_of(TraitKind kind);  ///< as in files: "disk"
std::string_view text_of(TraitKind kind);  ///< for people: "serial number of the system disk"
int weight_of(TraitKind kind);             ///< 30, 25, 20, 15, 10
bool is_hardware(TraitKind kind);          ///< board, disk, network cards

inline constexpr std::size_t kTraitValuesMax = 16;  ///< recorded of one trait
inline constexpr int kCleanScore = 80;
inline constexpr int kAcceptedScore = 60;
inline constexpr int kStrongWeightMin = 40;  ///< below it the machine has too little to be known by

/// One trait of a machine as it was read. Without values it is weak, for that reason.
struct Trait {
    TraitKind kind = TraitKind::host;
    std::vector<std::string> values;  ///< strong ones, sorted, each once
    std::string weak;                 ///< why there is no strong value; or none, if empty
};
using Traits = std::vector<Trait>;  ///< each kind at most once

/// Sorts out the values that many machines share: zeros, makers' placeholders, addresses made by
/// software, names of containers. `absent` says why, if there are none at all.
Trait make_trait(TraitKind kind, std::vector<std::string> values, std::string_view absent);

/// `own` with what another program of this machine could read, as pairs of name_of(kind) and value:
/// it stands in where nothing strong was read here, and adds to the sets of disks and cards. Names
/// that are not known mean nothing.
Traits with_facts(Traits own, const std::vector<std::pair<std::string, std::string>>& facts);

/// What is recorded: for each kind HMAC-SHA-256(serial, kind ‖ 0 ‖ value), 16 bytes in hex.
using TraitDigests = std::map<TraitKind, std::vector<std::string>>;
TraitDigests digests_of(std::string_view serial, const Traits& traits);
/// "disk:hex+hex,nic:hex"; empty for none.
std::string digests_to_text(const TraitDigests& digests);
/// Errors: bad_field(traits).
base::Result<TraitDigests> digests_from_text(std::string_view text);
/// What the recorded kinds weigh together, 0 to 100.
int weight_of(const TraitDigests& digests);

enum class Strictness : std::uint8_t {
    strict,    ///< all that was recorded must still be there; what is new costs nothing
    tolerant,  ///< 60 of 100 of the recorded weight, and one hardware trait
};
std::string_view name_of(Strictness strictness);

/// A key's signed word on it.
struct BindingPolicy {
    Strictness strictness = Strictness::tolerant;
    bool weak_allowed = false;  ///< machines with less than 40 of 100
    friend bool operator==(const BindingPolicy&, const BindingPolicy&) = default;
};

/// What became of one recorded or readable trait.
enum class TraitState : std::uint8_t {
    same,     ///< at least one recorded value is there; if strict, each
    differs,  ///< another value is there
    gone,     ///< recorded, and now weak or unreadable
    fresh,    ///< strong now, and not recorded: counts neither way
    weak,     ///< neither recorded nor strong
};
struct TraitVerdict {
    TraitKind kind = TraitKind::host;
    TraitState state = TraitState::weak;
    std::string weak;  ///< why, if it is gone or weak
};

struct BindingVerdict {
    bool accepted = false;
    bool clean = false;  ///< 80 or more: nothing to tell
    bool hardware_same = false;
    int score = 0;  ///< of 100 of what was recorded
    int recorded_weight = 0;
    std::vector<TraitVerdict> traits;

    /// For an administrator: "3 of 4 traits match (score 70 of 100, at least 60 needed); differs:
    /// host name; weak: network cards (made by software)".
    std::string told() const;
};

/// Compares by digests, so that vendor and server judge by the same function; `weak` gives reasons
/// for people and may be empty.
BindingVerdict judge(const BindingPolicy& policy, const TraitDigests& recorded,
                     const TraitDigests& now, const Traits& weak = {});

/// Whether a machine with these may be bound at all. Errors: key_other_machine (too little to be
/// known by; the detail names the weak traits and why they are).
base::Done check_strong_enough(const BindingPolicy& policy, const TraitDigests& digests,
                               const Traits& weak = {});

}  // namespace tillhost::licd::keys
