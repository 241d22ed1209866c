#pragma once

#include <deque>
#include <functional>
#include <map>
#include <utility>

#include "devd/core/book_store.h"
#include "tests/simulation/chance.h"
#include "tests/simulation/findings.h"
#include "tests/simulation/scheduler.h"

namespace tillhost::simulation {

/// The disk under the book: changes gather while a group is being synced, become durable a group at
/// a time, and are lost, a group as a whole, in a crash. Outlives every devd.
///
/// It is also the book's auditor: each row handed over is compared with the one before it.
class SimStore final : public devd::core::BookStore {
public:
    SimStore(Scheduler& scheduler, Findings& findings, Chance chance);

    devd::core::Position write(devd::core::BookChange change) override;
    devd::core::Position durable() const override { return durable_; }
    bool has_room() const override { return room_; }

    /// Who is told that the durable position has moved.
    void set_listener(std::function<void()> listener) { listener_ = std::move(listener); }
    /// Who reads along what is written: a row as it was (null: it is new) and as it is now.
    using Reader = std::function<void(const devd::core::OperationRow* before,
                                      const devd::core::OperationRow& after)>;
    void set_reader(Reader reader) { reader_ = std::move(reader); }
    void set_room(bool room) { room_ = room; }
    /// Every sync takes so much longer.
    void set_slowness(os::Duration extra) { slowness_ = extra; }

    /// devd is dead: what is not on disk is gone. A group whose sync was under way is there whole
    /// or not at all.
    void crash();
    /// What is on disk.
    devd::core::BookImage image() const;
    const std::map<base::OperationId, devd::core::OperationRow>& rows() const { return disk_.rows; }
    /// The row as it was written last, on disk or not; null if there is none.
    const devd::core::OperationRow* newest(const base::OperationId& id) const {
        const auto found = newest_.rows.find(id);
        return found == newest_.rows.end() ? nullptr : &found->second;
    }
    bool at_rest() const { return queue_.empty() && group_.empty(); }

private:
    struct Content {
        std::map<base::OperationId, devd::core::OperationRow> rows;
        std::map<std::string, std::uint64_t> epochs;
        std::uint64_t watermark_ms = 0;
        devd::core::AuditTip audit{};
        bool audit_holds = true;  ///< each record followed the one before it
    };
    void begin_sync();
    void end_sync(std::uint64_t life);
    static void apply(Content& content, const devd::core::BookChange& change);
    void audit(const devd::core::BookChange& change);

    Scheduler& scheduler_;
    Findings& findings_;
    Chance chance_;
    std::function<void()> listener_;
    Reader reader_;
    Content disk_;
    Content newest_;  ///< with what is not on disk yet
    std::deque<devd::core::BookChange> queue_;
    std::deque<devd::core::BookChange> group_;  ///< being synced
    devd::core::Position last_ = 0;
    devd::core::Position durable_ = 0;
    std::uint64_t life_ = 0;  ///< of devd; a sync of a former one means nothing
    os::Duration pace_;
    os::Duration slowness_{};
    bool room_ = true;
};

/// Why `after` may not follow `before` (nullptr: a new row); empty if it may.
std::string broken_rule(const devd::core::OperationRow* before,
                        const devd::core::OperationRow& after);

}  // namespace tillhost::simulation
