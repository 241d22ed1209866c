#pragma once

#include <string>
#include <vector>

#include "hal/database/database.h"

namespace tillhost::sumpd::store {

/// "sump"
inline constexpr std::int32_t kApplicationId = 0x73756d70;

/// The numbered steps that make the tables; what each column means stands in
/// docs/formats/sumpd-database.md. A step that was released is never changed.
std::vector<std::vector<std::string>> table_steps();

/// Rows that are always there: the server's id and epoch, counters at 0, no accounting system. What
/// is there already stays. Errors: storage_failed, storage_full.
base::Done put_first_values(database::Database& database, std::int64_t now_ms);

}  // namespace tillhost::sumpd::store
