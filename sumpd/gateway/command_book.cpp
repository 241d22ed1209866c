#include "sumpd/gateway/command_book.h"

#include "sumpd/store/command_fence.h"

namespace tillhost::sumpd::gateway {

using exchange::FaultCode;
using exchange::Outcome;
using exchange::refuse;
using store::integer;
using store::Need;
using store::Sql;
using store::text;

namespace {

constexpr auto kColumns =
    "SELECT id, app_device, device_ref, op, payload, sha256, start_before_ms, stage, result, error,"
    " told, book, decided_by, default_rule, asks_person, owed, device_says"
    " FROM device_command ";
constexpr auto kTypes = "ttttttiittiitiiit";
constexpr auto kUnfinished = "stage IN (1, 2, 5, 6)";
constexpr auto kDecided = "owed = 1";

CommandRow row_from(const store::Row& row) {
    return {.id = text(row[0]),
            .app_device = text(row[1]),
            .device_ref = text(row[2]),
            .op = text(row[3]),
            .payload = text(row[4]),
            .sha256 = text(row[5]),
            .start_before_ms = integer(row[6]),
            .stage = static_cast<Stage>(integer(row[7])),
            .result = text(row[8]),
            .error = text(row[9]),
            .is_told = integer(row[10]) != 0,
            .book = integer(row[11]),
            .decided_by = text(row[12]),
            .default_rule = static_cast<DefaultRule>(integer(row[13])),
            .asks_person = integer(row[14]) != 0,
            .is_owed = integer(row[15]) != 0,
            .device_says = text(row[16])};
}

/// Ids of version 7 are in the order of their making.
Outcome<std::vector<CommandRow>> rows_where(store::Transactions& transactions,
                                            const char* condition) {
    using Rows = std::vector<CommandRow>;
    return transactions.read<Rows>([condition](Sql& sql) -> Outcome<Rows> {
        Rows rows;
        for (const store::Row& row :
             sql.query(std::string(kColumns) + "WHERE " + condition + " ORDER BY id", kTypes)) {
            rows.push_back(row_from(row));
        }
        return rows;
    });
}

std::optional<CommandRow> known(Sql& sql, const std::string& id) {
    const auto row = sql.first(std::string(kColumns) + "WHERE id = :a", kTypes, {id});
    return row ? std::optional(row_from(*row)) : std::nullopt;
}

/// The command that has the id already, or why it is another one.
Outcome<CommandBook::Added> same_or_conflict(const CommandRow& row, CommandRow before) {
    if (before.app_device != row.app_device) {
        return refuse(FaultCode::not_found, "there is no such command of this app");
    }
    if (before.sha256 != row.sha256) {
        return refuse(FaultCode::doc_conflict,
                      "the id is taken by another command; a new command needs a new id");
    }
    return CommandBook::Added{std::move(before), false};
}

/// Why a new one is not taken, or nothing.
std::optional<exchange::Fault> refusal_of(Sql& sql, const CommandRow& row, bool force) {
    const std::int64_t open = sql.number(
        "SELECT COUNT(*) FROM device_command WHERE app_device = :a AND told = 0", {row.app_device});
    if (open >= kOpenPerAppMax) {
        return exchange::Fault{.code = FaultCode::too_many,
                               .message =
                                   "too many commands of this app are not finished, or it "
                                   "has not asked for their end"};
    }
    const std::string equal =
        sql.text("SELECT id FROM device_command WHERE app_device = :a AND sha256 = :b AND told = 0",
                 {row.app_device, row.sha256});
    if (!equal.empty() && !force) {
        return exchange::Fault{
            .code = FaultCode::doc_conflict,
            .message = "this app has not asked for the end of an equal command: " + equal +
                       "; ask for that one, or force this one",
            .field = "force"};
    }
    return std::nullopt;
}

/// As it begins. One that may have been here and is forgotten may be at devd, whose book tells;
/// that book alone is given it.
CommandRow begun(Sql& sql, CommandRow row) {
    const auto book = store::book_behind(store::command_fence(sql), row.id);
    if (row.stage == Stage::queued && book) {
        row.stage = Stage::handed;
        row.book = *book;
    }
    return row;
}

}  // namespace

bool is_finished(Stage stage) { return stage == Stage::done || stage == Stage::failed; }

Outcome<CommandBook::Added> CommandBook::add(const CommandRow& row, bool force) {
    return transactions_.run<Added>([&](Sql& sql) -> Outcome<Added> {
        if (auto before = known(sql, row.id)) {
            return same_or_conflict(row, std::move(*before));
        }
        if (auto fault = refusal_of(sql, row, force)) {
            return tl::unexpected(std::move(*fault));
        }
        CommandRow made = begun(sql, row);
        sql.run(
            "INSERT INTO device_command VALUES"
            " (:a, :b, :c, :d, :e, :f, :g, :h, :i, :j, 0, :k, '', :l, 0, 0, '')",
            {made.id, made.app_device, made.device_ref, made.op, made.payload, made.sha256,
             made.start_before_ms, static_cast<std::int64_t>(made.stage), made.result, made.error,
             made.book, static_cast<std::int64_t>(made.default_rule)});
        return Added{std::move(made), true};
    });
}

Outcome<CommandRow> CommandBook::find(const std::string& id, const std::string& app_device) {
    return transactions_.read<CommandRow>([&](Sql& sql) -> Outcome<CommandRow> {
        auto row = known(sql, id);
        if (!row || row->app_device != app_device) {
            return refuse(FaultCode::not_found, "there is no such command of this app");
        }
        return std::move(*row);
    });
}

Outcome<bool> CommandBook::update(const CommandRow& row) {
    return transactions_.run<bool>(
        [&row](Sql& sql) -> Outcome<bool> {
            sql.run(
                "UPDATE device_command SET stage = :a, result = :b, error = :c, book = :d,"
                " asks_person = :e WHERE id = :f AND stage NOT IN (3, 4)",
                {static_cast<std::int64_t>(row.stage), row.result, row.error, row.book,
                 static_cast<std::int64_t>(row.asks_person ? 1 : 0), row.id});
            return true;
        },
        Need::nothing);
}

Outcome<CommandRow> CommandBook::decide(const Decision& decision, const store::Audit& audit) {
    return transactions_.run<CommandRow>(
        [&](Sql& sql) -> Outcome<CommandRow> {
            auto row = known(sql, decision.id);
            if (!row) {
                return refuse(FaultCode::not_found, "there is no such command");
            }
            if (row->stage != Stage::orphaned) {
                return refuse(FaultCode::bad_request,
                              "devd tells what became of this command, or has told it: a doubt is "
                              "settled there");
            }
            row->stage = decision.is_done ? Stage::done : Stage::failed;
            row->error = decision.is_done ? "" : decision.note;
            row->decided_by = decision.who;
            row->is_owed = true;
            sql.run(
                "UPDATE device_command SET stage = :a, error = :b, decided_by = :c, owed = 1"
                " WHERE id = :d",
                {static_cast<std::int64_t>(row->stage), row->error, row->decided_by, row->id});
            audit.note(sql, {.actor = decision.who,
                             .address = decision.address,
                             .action = "command.decide",
                             .target = row->id,
                             .before = "unknown",
                             .after = (decision.is_done ? "done: " : "failed: ") + decision.note});
            return std::move(*row);
        },
        Need::nothing);
}

Outcome<bool> CommandBook::told_by_devd(const CommandRow& row, const store::Audit* audit) {
    return transactions_.run<bool>(
        [&](Sql& sql) -> Outcome<bool> {
            const auto before = known(sql, row.id);
            if (!before || !is_finished(before->stage)) {
                return refuse(FaultCode::not_found, "there is no such command that was decided");
            }
            sql.run(
                "UPDATE device_command SET result = :a, device_says = :b, owed = :c WHERE id = :d",
                {row.result, row.device_says, static_cast<std::int64_t>(row.is_owed ? 1 : 0),
                 row.id});
            if (audit != nullptr && !row.device_says.empty() && before->device_says.empty()) {
                const bool is_done = before->stage == Stage::done;
                audit->note(sql, {.actor = "sumpd",
                                  .action = "command.contradicted",
                                  .target = row.id,
                                  .before = (is_done ? "done, as " : "failed, as ") +
                                            before->decided_by + " decided",
                                  .after = "devd: " + row.device_says});
            }
            return true;
        },
        Need::nothing);
}

Outcome<bool> CommandBook::told(const std::string& id) {
    return transactions_.run<bool>(
        [&id](Sql& sql) -> Outcome<bool> {
            sql.run("UPDATE device_command SET told = 1 WHERE id = :a", {id});
            return true;
        },
        Need::nothing);
}

Outcome<std::vector<CommandRow>> CommandBook::unfinished() {
    return rows_where(transactions_, kUnfinished);
}

Outcome<std::vector<CommandRow>> CommandBook::decided() {
    return rows_where(transactions_, kDecided);
}

}  // namespace tillhost::sumpd::gateway
