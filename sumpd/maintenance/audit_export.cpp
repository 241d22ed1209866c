#include "sumpd/maintenance/audit_export.h"

#include <fmt/format.h>

#include "hal/database/database.h"
#include "sumpd/exchange/json_codec.h"
#include "sumpd/store/audit.h"
#include "sumpd/store/tables.h"

namespace tillhost::sumpd::maintenance {

using base::Result;
using exchange::FieldVisitor;
using store::ActRow;
using store::Sql;

namespace {

struct Line {
    ActRow row{};
};

void fields(FieldVisitor& v, Line& x) {
    constexpr exchange::Length kText{0, store::kActTextMax};
    v.value("Number", x.row.number, {0, INT64_MAX});
    v.value("AtMs", x.row.at_ms, {0, INT64_MAX});
    v.value("Actor", x.row.act.actor, kText);
    v.value("Address", x.row.act.address, kText);
    v.value("Action", x.row.act.action, kText);
    v.value("Target", x.row.act.target, kText);
    v.value("Before", x.row.act.before, kText);
    v.value("After", x.row.act.after, kText);
    v.value("Hash", x.row.hash, kText);
}

std::string cell_of(const std::string& text) {
    constexpr std::string_view kFormula = "=+-@\t\r";
    std::string cell = "\"";
    if (!text.empty() && kFormula.find(text.front()) != std::string_view::npos) {
        cell += '\'';
    }
    for (const char letter : text) {
        cell += letter == '"' ? "\"\"" : std::string(1, letter);
    }
    return cell + '"';
}

std::string csv_of(const ActRow& row) {
    return fmt::format("{},{},{},{},{},{},{},{},{}\r\n", row.number, row.at_ms,
                       cell_of(row.act.actor), cell_of(row.act.address), cell_of(row.act.action),
                       cell_of(row.act.target), cell_of(row.act.before), cell_of(row.act.after),
                       cell_of(row.hash));
}

base::Error error_of(const exchange::Fault& fault) {
    return base::make_error(base::ErrorCode::storage_failed, fault.message);
}

Result<std::unique_ptr<database::Database>> open(const std::string& folder) {
    return database::Database::open_to_read(folder + "/sumpd.db", store::kApplicationId);
}

}  // namespace

Result<AuditCheck> verify_audit(const std::string& folder) {
    const auto database = TRY(open(folder));
    Sql sql(*database);
    sql.run("BEGIN");  // one state of it, whatever is written meanwhile
    const store::Audit::Check check = store::Audit::verify(sql);
    if (sql.fault()) {
        return error_of(*sql.fault());
    }
    return AuditCheck{check.records, check.first_wrong, check.newest_hash};
}

Result<std::int64_t> export_audit(const std::string& folder, AuditForm form,
                                  const std::function<void(std::string_view)>& line) {
    const auto database = TRY(open(folder));
    Sql sql(*database);
    sql.run("BEGIN");
    if (form == AuditForm::csv) {
        line("number,at_ms,actor,address,action,target,before,after,hash\r\n");
    }
    std::int64_t count = 0;
    std::int64_t newest = 0;
    for (auto rows = store::Audit::behind(sql, 0); !rows.empty();
         rows = store::Audit::behind(sql, newest)) {
        for (const ActRow& row : rows) {
            line(form == AuditForm::csv ? csv_of(row) : exchange::to_json(Line{row}) + "\n");
            newest = row.number;
            ++count;
        }
    }
    if (sql.fault()) {
        return error_of(*sql.fault());
    }
    return count;
}

}  // namespace tillhost::sumpd::maintenance
