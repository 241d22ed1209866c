#include "sumpd/store/own_settings.h"

#include <unistd.h>

#include "hal/database/database.h"
#include "sumpd/store/tables.h"

namespace tillhost::sumpd::store {

using exchange::Outcome;

namespace {

constexpr auto kSelect = "SELECT name, value FROM setting WHERE scope = 'server'";
constexpr auto kHas = "SELECT count(*) FROM sqlite_master WHERE name = 'setting'";

std::string value_of(Sql& sql, const std::string& name) {
    return sql.text("SELECT value FROM setting WHERE name = :a AND scope = 'server'", {name});
}

}  // namespace

base::Result<OwnSettings> read_own_settings(const std::string& folder) {
    const std::string path = folder + "/sumpd.db";
    OwnSettings settings;
    if (::access(path.c_str(), R_OK) != 0) {
        return settings;
    }
    const auto database = TRY(database::Database::open(path, kApplicationId));
    const auto has = TRY(database->query(kHas, "i"));
    if (has.empty() || integer(has[0][0]) == 0) {
        return settings;  // it was made and never filled
    }
    for (const Row& row : TRY(database->query(kSelect, "tt"))) {
        settings.emplace(text(row[0]), text(row[1]));
    }
    return settings;
}

Outcome<bool> write_own_settings(Transactions& transactions, const Audit& audit,
                                 const OwnSettings& set, const std::vector<std::string>& forget,
                                 const Act& act, std::int64_t now_ms) {
    return transactions.run<bool>([&](Sql& sql) -> Outcome<bool> {
        for (const auto& [name, value] : set) {
            Act one = act;
            one.target = name;
            one.before = value_of(sql, name);
            one.after = value;
            sql.run(
                "INSERT INTO setting VALUES (:a, 'server', :b, 'console', :c, :d)"
                " ON CONFLICT (name, scope) DO UPDATE SET value = excluded.value,"
                " updated_ms = excluded.updated_ms, updated_by = excluded.updated_by",
                {name, value, now_ms, act.actor});
            audit.note(sql, one);
        }
        for (const std::string& name : forget) {
            Act one = act;
            one.target = name;
            one.before = value_of(sql, name);
            sql.run("DELETE FROM setting WHERE name = :a AND scope = 'server'", {name});
            audit.note(sql, one);
        }
        return true;
    });
}

}  // namespace tillhost::sumpd::store
