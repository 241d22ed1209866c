#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hal/database/database.h"
#include "hal/os/clock.h"
#include "hal/os/group_writer.h"
#include "hal/os/log.h"
#include "licd/core/lease_store.h"

namespace tillhost::licd::runtime {

/// Numbers of leases that one record of `last_number` reserves: so many leases are written without
/// it, and so many numbers at most are passed over by a start.
inline constexpr std::uint64_t kNumbersReserved = 1000;
/// Below this much free room no new lease is given.
inline constexpr std::uint64_t kRoomBytesMin = 16ULL * 1024 * 1024;
inline constexpr os::Duration kRoomLookedAtEvery = std::chrono::seconds(1);
/// Exit status of a process that could not write its leases (EX_IOERR of sysexits.h).
inline constexpr int kExitStorageFailed = 74;

/// What the administrator has decided about a key, and what is remembered of its activation.
struct KeyRow {
    std::string serial;
    bool enabled = true;
    std::string code_key{};  ///< of its access code, base64; empty = none
    std::string request{};   ///< the open activation, a .lreq without its PIN; empty = none
    friend bool operator==(const KeyRow&, const KeyRow&) = default;
};

/// Acts that are kept; one more, and the oldest goes.
inline constexpr std::int64_t kActsKeptMax = 100'000;

/// Something that an administrator did, or that became of a key; see LicenceAct of the contract.
struct ActRow {
    std::int64_t number = 0;
    std::int64_t at_ms = 0;
    std::string who{};
    std::string act{};
    std::string what{};
    friend bool operator==(const ActRow&, const ActRow&) = default;
};

/// licd.db: the leases, what was decided about keys, acts, and single values by name
/// (docs/formats/licence-database.md). One writer thread with group commit: what is written waits
/// for hand_over(). A failed commit logs one line and ends the process.
class LicenceStore final : public core::LeaseStore {
public:
    /// Opens or makes the database and reads it. Blocks for the disk. Errors: storage_failed,
    /// storage_full, system_failed.
    static base::Result<std::unique_ptr<LicenceStore>> open(const std::string& folder,
                                                            const os::Clock& clock,
                                                            const os::Logger& logger);

    /// Once.
    core::LeaseImage take_leases() { return std::move(leases_); }
    /// As they stand, written or being written.
    const std::vector<KeyRow>& keys() const { return keys_; }
    /// The same; empty if it was never set.
    std::string value(const std::string& name) const;

    core::Position write(core::LeaseChange change) override;
    /// Lets the writer have what was written since the last time. Once a turn of the loop.
    void hand_over() { writer_->hand_over(); }
    /// A commit runs, or one waits for it.
    bool is_writing() const { return writer_->is_writing(); }
    core::Position durable() const override { return writer_->durable(); }
    bool has_room() const override;
    /// Of the newest change handed over.
    core::Position position() const { return last_; }
    core::Position put_key(const KeyRow& row);
    core::Position put_value(const std::string& name, const std::string& text);
    /// Numbers it.
    core::Position put_act(ActRow act);
    /// Acts with smaller numbers than `before`, newest first; 0 = from the newest. Those whose
    /// position is not durable yet may be missing. Blocks for the disk. Errors: storage_failed.
    base::Result<std::vector<ActRow>> acts(std::int64_t before, std::size_t limit) const;

    const os::Wakeup& moved() const { return writer_->moved(); }
    std::uint64_t commits() const { return writer_->groups(); }

private:
    struct Change {
        core::LeaseChange leases{};
        std::optional<KeyRow> key{};
        std::optional<std::pair<std::string, std::string>> value{};
        std::optional<ActRow> act{};
    };
    LicenceStore(std::string folder, const os::Clock& clock, const os::Logger& logger,
                 std::unique_ptr<database::Database> database,
                 std::unique_ptr<database::Database> reader)
        : folder_(std::move(folder)),
          clock_(clock),
          logger_(logger),
          database_(std::move(database)),
          reader_(std::move(reader)) {}

    base::Done read();
    void write_group(const std::vector<Change>& group);
    base::Done try_group(const std::vector<Change>& group);
    base::Done try_change(const Change& change);
    base::Done put(const core::LeaseRow& row);
    base::Done reserve(std::uint64_t last_number);

    const std::string folder_;
    const os::Clock& clock_;
    os::Logger logger_;
    std::unique_ptr<database::Database> database_;  ///< the writer's once it runs
    std::unique_ptr<database::Database> reader_;    ///< the loop's, for acts
    std::uint64_t reserved_ = 0;  ///< no lease on disk has a larger number; the writer's
    std::int64_t last_act_ = 0;
    core::LeaseImage leases_;
    std::vector<KeyRow> keys_;
    std::vector<std::pair<std::string, std::string>> values_;
    mutable std::optional<os::Instant> looked_at_;
    mutable bool room_ = true;
    core::Position last_ = 0;
    std::unique_ptr<os::GroupWriter<Change>> writer_;  ///< last: it uses the others
};

}  // namespace tillhost::licd::runtime
