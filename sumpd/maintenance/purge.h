#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sumpd/maintenance/maintenance.h"
#include "sumpd/store/store.h"

// A purge, a transaction at a time. The first one decides: it looks for what is in the way and
// writes up to where it reaches (counters "purge_place", "purge_seq", 0 = no purge). The slices
// take rows away. The last one gives the numbering of objects a new epoch, so that apps read all
// again, and ends it. Between the first and the last imports wait; a kill leaves the counters, and
// the next start goes on. Documents that come meanwhile lie beyond and stay.
namespace tillhost::sumpd::maintenance {

/// What is in the way now; empty: nothing.
std::vector<PurgeBar> purge_bars(store::Sql& sql);
std::string text_of(const std::vector<PurgeBar>& bars);

/// Faults: message_conflict (bars), too_many, internal.
exchange::Outcome<void> decide_purge(store::Store& store, const std::string& actor,
                                     const std::string& address, const std::string& copy);

/// Whether one is decided and not ended.
exchange::Outcome<bool> is_purging(store::Transactions& transactions);

/// Gives how many rows went; 0: all. Faults: too_many, internal.
exchange::Outcome<std::int64_t> purge_slice(store::Store& store, std::int64_t now_ms);

/// Behind the last slice. Faults: too_many, internal.
exchange::Outcome<void> end_purge(store::Store& store);

}  // namespace tillhost::sumpd::maintenance
