#include "sumpd/store/device_seqs.h"

#include <optional>
#include <utility>

#include "sumpd/core/seq_gaps.h"

namespace tillhost::sumpd::store {

DeviceSeqs::DeviceSeqs(Sql& sql, std::string device, std::int64_t now_ms)
    : sql_(sql), device_(std::move(device)), now_ms_(now_ms) {
    last_ = first_last_ =
        sql_.number("SELECT last_seq FROM device_seq WHERE device_id = :a", {device_});
}

bool DeviceSeqs::is_taken(std::int64_t seq) {
    return sql_.number(
               "SELECT (SELECT count(*) FROM document WHERE device_id = :a AND device_seq = :b) +"
               " (SELECT count(*) FROM document_known WHERE device_id = :c AND device_seq = :d)",
               {device_, seq, device_, seq}) != 0;
}

void DeviceSeqs::note(std::int64_t seq) {
    std::optional<exchange::SeqRange> around;
    if (seq <= last_) {
        const auto row = sql_.first(
            "SELECT from_seq, to_seq FROM seq_gap WHERE device_id = :a"
            " AND from_seq <= :b AND to_seq >= :c",
            "ii", {device_, seq, seq});
        if (!row) {
            return;
        }
        around = exchange::SeqRange{integer((*row)[0]), integer((*row)[1])};
    }
    const core::GapChange change = core::with_seq(last_, around, seq);
    if (change.removed) {
        sql_.run("DELETE FROM seq_gap WHERE device_id = :a AND from_seq = :b",
                 {device_, change.removed->from});
    }
    for (const exchange::SeqRange& range : change.added) {
        sql_.run("INSERT INTO seq_gap VALUES (:a, :b, :c, :d)",
                 {device_, range.from, range.to, now_ms_});
    }
    last_ = change.last;
}

void DeviceSeqs::finish() {
    if (last_ != first_last_) {
        sql_.run(
            "INSERT INTO device_seq VALUES (:a, :b) ON CONFLICT (device_id)"
            " DO UPDATE SET last_seq = excluded.last_seq",
            {device_, last_});
    }
}

std::vector<exchange::SeqRange> DeviceSeqs::missing() {
    std::vector<exchange::SeqRange> ranges;
    for (const Row& row : sql_.query("SELECT from_seq, to_seq FROM seq_gap"
                                     " WHERE device_id = :a ORDER BY from_seq LIMIT :b",
                                     "ii", {device_, std::int64_t{exchange::kMissingRangesMax}})) {
        ranges.push_back({integer(row[0]), integer(row[1])});
    }
    return ranges;
}

}  // namespace tillhost::sumpd::store
