#include "sumpd/people/permissions.h"

#include <algorithm>

#include "sumpd/exchange/text_form.h"

namespace tillhost::sumpd::people {

using exchange::Outcome;
using exchange::Permission;

namespace {

constexpr std::array kPredefined{
    PredefinedRow{"admin", {"Administrator", "Администратор", "Administrator"}},
    PredefinedRow{"store_admin",
                  {"Store administrator", "Администратор магазина", "Administrator sklepu"}},
    PredefinedRow{"cashier", {"Cashier", "Кассир", "Kasjer"}},
    PredefinedRow{"consultant", {"Sales consultant", "Продавец-консультант", "Doradca klienta"}},
    PredefinedRow{"courier", {"Courier", "Курьер", "Kurier"}},
};
static_assert(kPredefined.size() == kPredefinedCount);

constexpr std::array kGroups{
#define GROUP(name, en, ru, pl) GroupRow{Group::name, #name, {en, ru, pl}},
#define LEAF(...)
#include "sumpd/people/permissions.def"
#undef GROUP
#undef LEAF
};

constexpr std::array kLeaves{
#define GROUP(...)
#define LEAF(group, area, word, type, choices, admin, store_admin, cashier, consultant, courier,   \
             en, ru, pl)                                                                           \
    LeafRow{Leaf::area##_##word, Group::group, #area "." #word,                                    \
            LeafType::type,      choices,      {admin, store_admin, cashier, consultant, courier}, \
            {en, ru, pl}},
#include "sumpd/people/permissions.def"
#undef GROUP
#undef LEAF
};

constexpr bool texts_are_complete() {
    std::array<http::Text, kGroups.size() + kLeaves.size()> all{};
    std::size_t at = 0;
    for (const GroupRow& row : kGroups) {
        all[at++] = row.text;
    }
    for (const LeafRow& row : kLeaves) {
        all[at++] = row.text;
    }
    return http::is_complete(all);
}
static_assert(texts_are_complete(), "a translation is missing, or a text stands twice");
static_assert(kLeaves.size() <= exchange::kPermissionsMax);

std::optional<std::string> number_text(std::string_view text, std::int64_t max) {
    const auto number = exchange::integer_from(text);
    return number && *number >= 0 && *number <= max ? std::optional(std::to_string(*number))
                                                    : std::nullopt;
}

std::optional<std::string> money_text(std::string_view text) {
    if (text == kUnlimited) {
        return std::string(text);
    }
    const auto amount = exchange::amount_from(text);
    return amount && amount->minor >= 0 ? std::optional(exchange::text_of(*amount)) : std::nullopt;
}

std::optional<std::string> written(const LeafRow& row, std::string_view text) {
    switch (row.type) {
        case LeafType::boolean:
            return text == "true" || text == "false" ? std::optional(std::string(text))
                                                     : std::nullopt;
        case LeafType::percent: return number_text(text, 100);
        case LeafType::money: return money_text(text);
        case LeafType::hours: return number_text(text, kHoursMax);
        case LeafType::word: break;
    }
    const auto words = choices_of(row);
    return std::find(words.begin(), words.end(), text) != words.end()
               ? std::optional(std::string(text))
               : std::nullopt;
}

std::string expected(const LeafRow& row) {
    switch (row.type) {
        case LeafType::boolean: return "true or false";
        case LeafType::percent: return "a whole number from 0 to 100";
        case LeafType::money: return "an amount like 100.00, or unlimited";
        case LeafType::hours: return "a whole number from 0 to 8760";
        case LeafType::word: break;
    }
    return "one of " + std::string(row.choices);
}

std::string_view value_of(const std::vector<Permission>& permissions, Leaf leaf) {
    const LeafRow& row = row_of(leaf);
    const auto at = std::find_if(permissions.begin(), permissions.end(),
                                 [&](const Permission& one) { return one.name == row.name; });
    return at == permissions.end() ? row.otherwise() : std::string_view(at->value);
}

}  // namespace

std::span<const PredefinedRow> predefined_roles() { return kPredefined; }

std::optional<Predefined> predefined_from(std::string_view role_id) {
    for (std::size_t i = 0; i < kPredefined.size(); ++i) {
        if (kPredefined[i].id == role_id) {
            return static_cast<Predefined>(i);
        }
    }
    return std::nullopt;
}

std::span<const GroupRow> groups() { return kGroups; }
std::span<const LeafRow> leaves() { return kLeaves; }
const LeafRow& row_of(Leaf leaf) { return kLeaves[static_cast<std::size_t>(leaf)]; }

std::optional<Leaf> leaf_from(std::string_view name) {
    for (const LeafRow& row : kLeaves) {
        if (row.name == name) {
            return row.leaf;
        }
    }
    return std::nullopt;
}

std::vector<std::string_view> choices_of(const LeafRow& row) {
    std::vector<std::string_view> words;
    std::string_view rest = row.choices;
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find(' '), rest.size());
        words.push_back(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return words;
}

std::string_view LeafRow::otherwise() const {
    switch (type) {
        case LeafType::boolean: return "false";
        case LeafType::money: return "0.00";
        case LeafType::hours: return "0";
        case LeafType::percent:
            // The lowest price is the one percentage that restricts by being high.
            return leaf == Leaf::sale_price_min_percent ? "100" : "0";
        case LeafType::word: break;
    }
    return choices_of(*this).front();
}

Outcome<std::string> value_from(Leaf leaf, std::string_view text) {
    const LeafRow& row = row_of(leaf);
    if (auto value = written(row, text)) {
        return std::move(*value);
    }
    return exchange::refuse_field(std::string(row.name), expected(row));
}

std::vector<Permission> effective(std::string_view role_id, const std::vector<Permission>& own) {
    const auto predefined = predefined_from(role_id);
    std::vector<Permission> all;
    for (const LeafRow& row : kLeaves) {
        const std::string_view otherwise =
            predefined ? row.values[static_cast<std::size_t>(*predefined)] : row.otherwise();
        Permission& one = all.emplace_back(Permission{std::string(row.name), ""});
        for (const Permission& given : own) {
            if (given.name == row.name) {
                one.value = written(row, given.value).value_or("");
            }
        }
        if (one.value.empty()) {
            one.value = otherwise;
        }
    }
    return all;
}

std::vector<Permission> none_allowed() { return effective("", {}); }

bool allows(const std::vector<Permission>& permissions, Leaf leaf) {
    return value_of(permissions, leaf) == "true";
}

std::int64_t number_of(const std::vector<Permission>& permissions, Leaf leaf) {
    return exchange::integer_from(value_of(permissions, leaf)).value_or(0);
}

std::int64_t money_of(const std::vector<Permission>& permissions, Leaf leaf) {
    const std::string_view value = value_of(permissions, leaf);
    return value == kUnlimited ? exchange::Amount::kMinorMax
                               : exchange::amount_from(value).value_or(exchange::Amount{}).minor;
}

std::string_view word_of(const std::vector<Permission>& permissions, Leaf leaf) {
    return value_of(permissions, leaf);
}

exchange::Policy policy_of(const std::vector<Permission>& permissions) {
    const std::string_view packet = word_of(permissions, Leaf::exchange_packet);
    const std::int64_t number =
        exchange::integer_from(packet.substr(0, packet.size() - 1)).value_or(1);
    const bool offline = allows(permissions, Leaf::offline_sale);
    const bool cards = offline && allows(permissions, Leaf::offline_card_payment);
    exchange::Policy policy;
    policy.packet_bytes = number * (packet.back() == 'M' ? 1024 * 1024 : 1024);
    policy.offline_hours = offline ? number_of(permissions, Leaf::offline_hours) : 0;
    policy.offline_card_max.minor = cards ? money_of(permissions, Leaf::offline_card_max) : 0;
    return policy;
}

}  // namespace tillhost::sumpd::people
