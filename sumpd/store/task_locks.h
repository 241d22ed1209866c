#pragma once

#include <cstdint>
#include <string>

#include "sumpd/store/sql.h"

namespace tillhost::sumpd::store {

/// A result of a task that another device holds, or nobody, is kept like any document; that it
/// came so is noted, with who held the task then.
void note_unlocked(Sql& sql, const std::string& doc_id, const std::string& task_id,
                   const std::string& device_id, std::int64_t now_ms);

/// As people call a device: its name, else its model; the id of one that nobody has enrolled.
std::string name_of_device(Sql& sql, const std::string& device_id);

}  // namespace tillhost::sumpd::store
