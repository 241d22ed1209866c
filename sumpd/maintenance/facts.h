#pragma once

#include <string>

#include "sumpd/maintenance/maintenance.h"

namespace tillhost::sumpd::maintenance {

/// What one reading of the database tells. Faults: too_many, internal.
exchange::Outcome<Facts> read_facts(store::Store& store, const Settings& settings,
                                    std::int64_t now_ms);

/// Bytes of the database and, of these, of its free pages.
struct Sizes {
    std::int64_t bytes = 0;
    std::int64_t reusable_bytes = 0;
};
Sizes sizes_of(store::Sql& sql);

}  // namespace tillhost::sumpd::maintenance
