#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ipc/http/texts.h"
#include "sumpd/exchange/fault.h"
#include "sumpd/exchange/operations.h"

// The tree of permissions: two groups of leaves, each with a type. Pure.
namespace tillhost::sumpd::people {

enum class Group : std::uint8_t {
#define GROUP(name, en, ru, pl) name,
#define LEAF(...)
#include "sumpd/people/permissions.def"
#undef GROUP
#undef LEAF
};

enum class Leaf : std::uint8_t {
#define GROUP(...)
#define LEAF(group, area, word, ...) area##_##word,
#include "sumpd/people/permissions.def"
#undef GROUP
#undef LEAF
};

/// How a leaf's value is written, on the wire and in forms.
enum class LeafType : std::uint8_t {
    boolean,  ///< "true", "false"
    percent,  ///< whole, "0" to "100"
    money,    ///< "0.00" to "100000000000.00" in the shop's currency, or "unlimited"
    hours,    ///< whole, "0" to "8760"
    word,     ///< one of the leaf's choices
};

inline constexpr std::string_view kUnlimited = "unlimited";
inline constexpr std::int64_t kHoursMax = 8760;

/// Which of the predefined roles, in the order of the values of a LeafRow.
enum class Predefined : std::uint8_t { admin, store_admin, cashier, consultant, courier };
inline constexpr std::size_t kPredefinedCount = 5;

struct PredefinedRow {
    std::string_view id;  ///< "store_admin"; it never changes
    http::Text name;
};
std::span<const PredefinedRow> predefined_roles();
/// By its id.
std::optional<Predefined> predefined_from(std::string_view role_id);

struct GroupRow {
    Group group;
    std::string_view name;  ///< "settings"
    http::Text text;
};
struct LeafRow {
    Leaf leaf;
    Group group;
    std::string_view name;  ///< "sale.return_without_receipt"
    LeafType type;
    std::string_view choices;  ///< of a word, blanks between; else empty
    std::array<std::string_view, kPredefinedCount> values;
    http::Text text;

    /// What a role that is not predefined has where it says nothing: the most restricted.
    std::string_view otherwise() const;
};
std::span<const GroupRow> groups();
std::span<const LeafRow> leaves();
const LeafRow& row_of(Leaf leaf);
std::optional<Leaf> leaf_from(std::string_view name);
std::vector<std::string_view> choices_of(const LeafRow& row);

/// The value in its one written form ("015" is "15", "7" of money is "7.00"), or what would be
/// right, in English: schema_invalid with the leaf's name as field.
exchange::Outcome<std::string> value_from(Leaf leaf, std::string_view text);

/// All leaves with the value that holds for a role: its own; else, of a predefined one, that of the
/// table; else the most restricted. A value of its own that is none is as if it were not there.
std::vector<exchange::Permission> effective(std::string_view role_id,
                                            const std::vector<exchange::Permission>& own);
/// As all leaves at their most restricted: of a role that there is not.
std::vector<exchange::Permission> none_allowed();

/// What of permissions that effective() gave is asked for in the program.
bool allows(const std::vector<exchange::Permission>& permissions, Leaf leaf);
/// Percent or hours.
std::int64_t number_of(const std::vector<exchange::Permission>& permissions, Leaf leaf);
/// Money in minor units; exchange::Amount::kMinorMax for "unlimited".
std::int64_t money_of(const std::vector<exchange::Permission>& permissions, Leaf leaf);
std::string_view word_of(const std::vector<exchange::Permission>& permissions, Leaf leaf);

/// What a login tells the app of its limits.
exchange::Policy policy_of(const std::vector<exchange::Permission>& permissions);

}  // namespace tillhost::sumpd::people
