#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "sumpd/store/sql.h"

// What is known of commands at devices (table device_command) that are not there any more, within
// one transaction. Their ids tell when they were made.
namespace tillhost::sumpd::store {

/// How far ahead a phone's clock may be at which devd takes its ids.
inline constexpr std::int64_t kCommandLeadMs = 5 * 60 * 1000;
/// No devd has it.
inline constexpr std::int64_t kNoBook = -1;

/// A command that is not in the table and whose id was made before `before_ms` may have been
/// there, and carried out by the devd that has `book` (HelloReply; 0: by any).
struct CommandFence {
    std::int64_t before_ms = 0;
    std::int64_t book = 0;
    /// Before that it may have been carried out by a devd with a former book.
    std::int64_t former_before_ms = 0;
};

CommandFence command_fence(Sql& sql);
/// Which book may have the command if it may be one that was forgotten: 0 any, kNoBook one that is
/// not known.
std::optional<std::int64_t> book_behind(const CommandFence& fence, const std::string& command_id);

/// Takes a finished command away whose end its app knows; any other stays.
void forget_command(Sql& sql, const std::string& id, std::int64_t now_ms);
/// In a copy that is put back: whatever came behind it is not there. Commands that were not handed
/// over in it may have been handed since, to the same book.
void fence_commands_of_copy(Sql& sql, std::int64_t now_ms);

}  // namespace tillhost::sumpd::store
