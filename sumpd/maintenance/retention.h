#pragma once

#include <cstdint>
#include <string_view>

#include "hal/os/clock.h"
#include "sumpd/maintenance/maintenance.h"
#include "sumpd/store/store.h"

// Forgetting what is over, in slices: what goes is chosen by a reader, and taken away by the writer
// in one transaction each, which looks again at what it was chosen for. A kill between two of them
// leaves rows that the next turn finds.
namespace tillhost::sumpd::maintenance {

/// Rows that one transaction takes away; documents of apps wait no longer.
inline constexpr std::int64_t kSliceRows = 200;

enum class Grade : std::uint8_t {
    documents,   ///< become rows of document_known
    messages,    ///< made for the accounting system, without documents
    tombstones,  ///< the counter "floor" moves behind them
    commands,
    conflicts,
    locks,  ///< of tasks, over
};
inline constexpr Grade kGrades[] = {Grade::documents, Grade::messages,  Grade::tombstones,
                                    Grade::commands,  Grade::conflicts, Grade::locks};
std::string_view name_of(Grade grade);

/// One slice of one grade. Gives how many rows went; fewer than kSliceRows: no more. Faults:
/// too_many, internal.
exchange::Outcome<std::int64_t> forget_slice(store::Transactions& transactions, Grade grade,
                                             const Retention& retention, std::int64_t now_ms);

/// Notes up to where objects can be seen now: that is how the age of tombstones is known.
exchange::Outcome<void> note_visible(store::Transactions& transactions, std::int64_t now_ms);

/// Documents (by id) become rows of document_known, those of them that are over. Gives how many.
std::int64_t make_known(store::Sql& sql, const std::vector<std::string>& doc_ids);

}  // namespace tillhost::sumpd::maintenance
