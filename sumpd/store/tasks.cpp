#include "sumpd/store/tasks.h"

#include <fmt/format.h>

#include "sumpd/core/lease.h"
#include "sumpd/store/staging.h"

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

/// As people call it; the id of a device that nobody has enrolled.
std::string name_of(Sql& sql, const std::string& device_id) {
    const std::string name = sql.text("SELECT model FROM app_device WHERE id = :a", {device_id});
    return name.empty() ? device_id : name;
}

}  // namespace

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
                return exchange::refuse(
                    FaultCode::task_locked,
                    fmt::format("task {} is with {}", request.task_id, name_of(sql, held->holder)));
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

}  // namespace tillhost::sumpd::store
