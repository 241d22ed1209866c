#include "sumpd/store/command_fence.h"

#include <algorithm>

#include "hal/base/ids.h"

namespace tillhost::sumpd::store {

namespace {

constexpr auto kBefore = "command_before_ms";
constexpr auto kBook = "command_book";
constexpr auto kFormerBefore = "command_former_ms";

std::optional<std::int64_t> made_ms(const std::string& command_id) {
    const auto id = base::OperationId::from_text(command_id);
    return id ? std::optional(static_cast<std::int64_t>(id->unix_ms())) : std::nullopt;
}

std::int64_t number(Sql& sql, const char* name) {
    return sql.number("SELECT number FROM counter WHERE name = :a", {std::string(name)});
}

void set(Sql& sql, const char* name, std::int64_t number) {
    sql.run(
        "INSERT INTO counter VALUES (:a, :b) ON CONFLICT (name)"
        " DO UPDATE SET number = excluded.number",
        {std::string(name), number});
}

}  // namespace

CommandFence command_fence(Sql& sql) {
    return {.before_ms = number(sql, kBefore),
            .book = number(sql, kBook),
            .former_before_ms = number(sql, kFormerBefore)};
}

std::optional<std::int64_t> book_behind(const CommandFence& fence, const std::string& command_id) {
    const auto made = made_ms(command_id);
    if (!made || *made >= fence.before_ms) {
        return std::nullopt;
    }
    return *made < fence.former_before_ms ? kNoBook : fence.book;
}

void forget_command(Sql& sql, const std::string& id, std::int64_t now_ms) {
    const auto row =
        sql.first("SELECT book FROM device_command WHERE id = :a AND told = 1 AND stage IN (3, 4)",
                  "i", {id});
    if (!row) {
        return;
    }
    sql.run("DELETE FROM device_command WHERE id = :a", {id});
    const auto made = made_ms(id);
    if (!made || *made > now_ms + kCommandLeadMs) {
        return;  // of a clock that is ahead: devd has refused it
    }
    const CommandFence fence = command_fence(sql);
    set(sql, kBefore, std::max(fence.before_ms, *made + 1));
    const std::int64_t book = integer(row->front());
    if (book == 0 || book == fence.book) {
        return;  // handed to none, or as those before
    }
    const bool is_newest = *made >= fence.before_ms;
    if (fence.book != 0) {
        set(sql, kFormerBefore,
            std::max(fence.former_before_ms, is_newest ? fence.before_ms : *made + 1));
    }
    if (fence.book == 0 || is_newest) {
        set(sql, kBook, book);
    }
}

void fence_commands_of_copy(Sql& sql, std::int64_t now_ms) {
    const CommandFence fence = command_fence(sql);
    const std::int64_t newest =
        sql.number("SELECT book FROM device_command WHERE book <> 0 ORDER BY id DESC LIMIT 1");
    const std::int64_t known = newest != 0 ? newest : fence.book;
    const std::int64_t book = known != 0 ? known : kNoBook;
    set(sql, kBefore, std::max(fence.before_ms, now_ms + kCommandLeadMs));
    set(sql, kBook, book);
    if (fence.book != 0 && fence.book != book) {
        set(sql, kFormerBefore, std::max(fence.former_before_ms, fence.before_ms));
    }
    sql.run("UPDATE device_command SET book = :a WHERE book = 0 AND stage IN (1, 2, 5)", {book});
}

}  // namespace tillhost::sumpd::store
