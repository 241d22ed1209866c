#include "sumpd/store/tasks.h"

#include <fmt/format.h>

#include <algorithm>

#include "sumpd/core/lease.h"
#include "sumpd/exchange/json_codec.h"
#include "sumpd/store/staging.h"
#include "sumpd/store/task_locks.h"

namespace tillhost::sumpd::store {

using exchange::FaultCode;
using exchange::Outcome;

namespace {

constexpr std::int64_t kMsOfSecond = 1000;

bool is_there(Sql& sql, const std::string& task_id, const std::string& store_id) {
    const std::int64_t visible = visible_seq(sql);
    return sql.number(
               "SELECT count(*) FROM object WHERE kind = 'Task' AND id = :a AND seq <= :b"
               " AND (superseded_by = 0 OR superseded_by > :c) AND deleted = 0"
               " AND (scope = '' OR scope = :d)",
               {task_id, visible, visible, store_id}) > 0;
}

std::optional<core::TaskLease> held_now(Sql& sql, const std::string& task_id) {
    const auto row =
        sql.first("SELECT device_id, until_ms FROM task_lock WHERE task_id = :a", "ti", {task_id});
    return row ? std::optional(core::TaskLease{text((*row)[0]), integer((*row)[1])}) : std::nullopt;
}

TaskRow task_from(Sql& sql, const Row& row, std::int64_t now_ms) {
    TaskRow task{.id = text(row[0]), .store_id = text(row[1])};
    auto object = exchange::from_json<exchange::Object>(text(row[2]));
    if (object && object->body && std::holds_alternative<exchange::Task>(*object->body)) {
        task.task = std::get<exchange::Task>(std::move(*object->body));
    }
    if (const auto held = held_now(sql, task.id); held && held->until_ms > now_ms) {
        task.holder_id = held->holder;
        task.holder_name = name_of_device(sql, held->holder);
        task.locked_until_ms = held->until_ms;
    }
    return task;
}

}  // namespace

std::string name_of_device(Sql& sql, const std::string& device_id) {
    const std::string name = sql.text(
        "SELECT CASE WHEN name <> '' THEN name ELSE model END FROM app_device WHERE id = :a",
        {device_id});
    return name.empty() ? device_id : name;
}

void note_unlocked(Sql& sql, const std::string& doc_id, const std::string& task_id,
                   const std::string& device_id, std::int64_t now_ms) {
    const auto held = held_now(sql, task_id);
    const bool is_held = held && held->until_ms > now_ms;
    if (is_held && held->holder == device_id) {
        return;
    }
    sql.run("INSERT INTO task_unlocked VALUES (:a, :b, :c)",
            {doc_id, task_id, is_held ? held->holder : std::string()});
}

Outcome<exchange::LockTaskResponse> Tasks::lock(const AskingDevice& device,
                                                const exchange::LockTask& request) {
    const std::int64_t now_ms = clock_.unix_ms();
    return transactions_.run<exchange::LockTaskResponse>(
        [&](Sql& sql) -> Outcome<exchange::LockTaskResponse> {
            if (!is_there(sql, request.task_id, device.store_id)) {
                return exchange::refuse(FaultCode::not_found,
                                        fmt::format("there is no task {}", request.task_id));
            }
            const auto held = held_now(sql, request.task_id);
            const auto lease =
                core::lease_for(held, device.id.text, now_ms, request.lease_sec * kMsOfSecond);
            if (!lease) {
                return exchange::refuse(FaultCode::task_locked,
                                        fmt::format("task {} is with {}", request.task_id,
                                                    name_of_device(sql, held->holder)));
            }
            sql.run(
                "INSERT INTO task_lock VALUES (:a, :b, :c) ON CONFLICT (task_id) DO UPDATE SET"
                " device_id = excluded.device_id, until_ms = excluded.until_ms",
                {request.task_id, lease->holder, lease->until_ms});
            return exchange::LockTaskResponse{.locked_until = {.unix_ms = lease->until_ms}};
        });
}

Outcome<exchange::Empty> Tasks::release(const AskingDevice& device,
                                        const exchange::ReleaseTask& request) {
    return transactions_.run<exchange::Empty>(
        [&](Sql& sql) -> Outcome<exchange::Empty> {
            sql.run("DELETE FROM task_lock WHERE task_id = :a AND device_id = :b",
                    {request.task_id, device.id.text});
            return exchange::Empty{};
        },
        Need::nothing);
}

Outcome<std::vector<TaskRow>> Tasks::page(const std::string& after, std::size_t limit) {
    using Rows = std::vector<TaskRow>;
    const std::int64_t now_ms = clock_.unix_ms();
    const auto most = static_cast<std::int64_t>(std::min(limit, kTasksPageMax));
    return transactions_.read<Rows>([&](Sql& sql) -> Outcome<Rows> {
        Rows rows;
        const std::int64_t visible = visible_seq(sql);
        for (const Row& row :
             sql.query("SELECT id, scope, body FROM object WHERE kind = 'Task' AND deleted = 0"
                       " AND seq <= :a AND (superseded_by = 0 OR superseded_by > :b) AND id > :c"
                       " ORDER BY id LIMIT :d",
                       "ttt", {visible, visible, after, most})) {
            rows.push_back(task_from(sql, row, now_ms));
        }
        return rows;
    });
}

Outcome<std::vector<UnlockedResult>> Tasks::unlocked(std::size_t limit) {
    using Rows = std::vector<UnlockedResult>;
    const auto most = static_cast<std::int64_t>(std::min(limit, kTasksPageMax));
    return transactions_.read<Rows>([&](Sql& sql) -> Outcome<Rows> {
        Rows rows;
        for (const Row& row :
             sql.query("SELECT u.doc_id, u.task_id, u.holder_id, d.device_id, d.received_ms"
                       " FROM task_unlocked u JOIN document d ON d.doc_id = u.doc_id"
                       " ORDER BY d.place DESC LIMIT :a",
                       "tttti", {most})) {
            rows.push_back(
                {text(row[0]), text(row[1]), text(row[3]), text(row[2]), integer(row[4])});
        }
        return rows;
    });
}

Outcome<exchange::Empty> Tasks::free(const std::string& task_id, const std::string& login,
                                     const std::string& address) {
    const std::int64_t now_ms = clock_.unix_ms();
    return transactions_.run<exchange::Empty>(
        [&](Sql& sql) -> Outcome<exchange::Empty> {
            const auto held = held_now(sql, task_id);
            if (!held || held->until_ms <= now_ms) {
                return exchange::refuse(FaultCode::not_found,
                                        fmt::format("nobody holds task {}", task_id));
            }
            sql.run("DELETE FROM task_lock WHERE task_id = :a", {task_id});
            audit_.note(sql, {.actor = login,
                              .address = address,
                              .action = "task.release",
                              .target = task_id,
                              .before = held->holder});
            return exchange::Empty{};
        },
        Need::nothing);
}

}  // namespace tillhost::sumpd::store
