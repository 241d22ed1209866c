#include "sumpd/people/people.h"

#include <algorithm>
#include <sstream>

#include "sumpd/exchange/json_codec.h"
#include "sumpd/people/edit.h"
#include "sumpd/people/reading.h"

namespace tillhost::sumpd::people {

using exchange::Empty;
using exchange::Fault;
using exchange::FaultCode;
using exchange::Outcome;
using exchange::refuse;
using store::integer;
using store::Row;
using store::Sql;
using store::text;

namespace {

constexpr std::array<std::string_view, 2> kKeepers{"accounting", "here"};

std::int64_t page_limit(std::size_t limit) {
    return static_cast<std::int64_t>(std::min(limit, kPageMax));
}

std::int64_t page_before(std::int64_t before) { return before > 0 ? before : INT64_MAX; }

}  // namespace

std::string_view name_of(Keeper keeper) { return kKeepers[static_cast<std::size_t>(keeper)]; }

std::optional<Keeper> keeper_from(std::string_view name) {
    for (std::size_t i = 0; i < kKeepers.size(); ++i) {
        if (kKeepers[i] == name) {
            return static_cast<Keeper>(i);
        }
    }
    return std::nullopt;
}

Outcome<Empty> check_bounds(const exchange::Object& object) {
    const auto read = exchange::from_json<exchange::Object>(exchange::to_json(object));
    if (read) {
        return Empty{};
    }
    Fault fault = read.error();
    std::string field = fault.field.value_or("");
    field = field.substr(field.rfind('.') + 1);
    if (const auto at = fault.message.find(": "); at != std::string::npos && !field.empty()) {
        fault.message = field + fault.message.substr(at);
    }
    fault.field = field;
    return tl::unexpected(std::move(fault));
}

Outcome<Empty> check_version(std::int64_t asked, std::int64_t is) {
    if (asked == 0 || asked == is) {
        return Empty{};
    }
    Fault fault{.code = FaultCode::doc_conflict,
                .message = "somebody else has changed it meanwhile; look at it again"};
    fault.field = "version";
    return tl::unexpected(std::move(fault));
}

People::People(store::Store& store, const os::Clock& clock, const os::Argon2Cost& cost)
    : store_(store), clock_(clock), secrets_(store.key(), cost) {}

void People::note(Sql& sql, const Editor& editor, const std::string& action,
                  const std::string& target, std::string before, std::string after) {
    store_.audit().note(sql, {.actor = editor.login,
                              .address = editor.address,
                              .action = action,
                              .target = target,
                              .before = std::move(before),
                              .after = std::move(after)});
}

Outcome<Keeper> People::keeper() {
    return store_.transactions().read<Keeper>(
        [](Sql& sql) -> Outcome<Keeper> { return keeper_in(sql); });
}

/// Not while a message is applied, which asked at its beginning.
Outcome<Empty> People::set_keeper(const Editor& editor, Keeper keeper) {
    return edit<Empty>([&](Sql& sql, std::int64_t&) -> Outcome<Empty> {
        const std::string before(name_of(keeper_in(sql)));
        const std::string after(name_of(keeper));
        sql.run(
            "INSERT INTO setting VALUES ('users.keeper', '', :a, 'here', :b, :c)"
            " ON CONFLICT (name, scope) DO UPDATE SET value = excluded.value,"
            " updated_ms = excluded.updated_ms, updated_by = excluded.updated_by",
            {after, clock_.unix_ms(), editor.login});
        note(sql, editor, "users.keeper", "", before, after);
        return Empty{};
    });
}

Outcome<std::vector<Replaced>> People::replaced(std::int64_t before, std::size_t limit) {
    using Rows = std::vector<Replaced>;
    return store_.transactions().read<Rows>([&](Sql& sql) -> Outcome<Rows> {
        Rows found;
        for (const Row& row : sql.query("SELECT number, at_ms, kind, id, here, came FROM replaced"
                                        " WHERE number < :a ORDER BY number DESC LIMIT :b",
                                        "iitttt", {page_before(before), page_limit(limit)})) {
            found.push_back({integer(row[0]), integer(row[1]), text(row[2]), text(row[3]),
                             text(row[4]), text(row[5])});
        }
        return found;
    });
}

Outcome<std::vector<FlaggedDocument>> People::flagged(std::int64_t before, std::size_t limit) {
    using Rows = std::vector<FlaggedDocument>;
    return store_.transactions().read<Rows>([&](Sql& sql) -> Outcome<Rows> {
        Rows found;
        for (const Row& row :
             sql.query("SELECT place, doc_id, kind, device_id, user_id, received_ms, flags"
                       " FROM document WHERE flags <> '' AND place < :a"
                       " ORDER BY place DESC LIMIT :b",
                       "ittttit", {page_before(before), page_limit(limit)})) {
            FlaggedDocument& one = found.emplace_back();
            one.place = integer(row[0]);
            one.doc_id = {text(row[1])};
            one.kind = text(row[2]);
            one.device_id = text(row[3]);
            one.user_id = text(row[4]);
            one.received_ms = integer(row[5]);
            std::istringstream flags(text(row[6]));
            for (std::string flag; flags >> flag;) {
                one.flags.push_back(flag);
            }
        }
        return found;
    });
}

}  // namespace tillhost::sumpd::people
