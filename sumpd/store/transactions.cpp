#include "sumpd/store/transactions.h"

#include <algorithm>
#include <cstdlib>

#include "hal/os/files.h"
#include "sumpd/store/tables.h"

namespace tillhost::sumpd::store {

using base::Done;
using base::Result;
using exchange::Fault;
using exchange::FaultCode;

/// A change whose caller waits; it stands in the caller's frame.
struct Transactions::Waiting {
    const Change* change = nullptr;
    std::optional<Fault> refused{};
    bool done = false;  // guarded by mutex_
    std::condition_variable woken{};
};

namespace {

Fault busy(const char* message) {
    return {.code = FaultCode::too_many, .message = message, .retry_after_ms = kBusyRetryMs};
}

}  // namespace

Result<std::unique_ptr<Transactions>> Transactions::open(const std::string& folder,
                                                         const os::Clock& clock,
                                                         const os::Logger& logger, Floors floors) {
    const std::string path = folder + "/sumpd.db";
    std::unique_ptr<Transactions> made(new Transactions(folder, clock, logger, floors));
    made->writing_ = TRY(database::Database::open(path, kApplicationId));
    TRY(made->renew_old_form());
    TRY(made->writing_->migrate(table_steps()));
    TRY(put_first_values(*made->writing_, clock.unix_ms()));
    for (std::size_t i = 0; i < kReadersMax; ++i) {
        made->readers_.push_back(TRY(database::Database::open(path, kApplicationId)));
    }
    made->writer_ =
        std::make_unique<os::Thread>("sumpd writer", [to = made.get()] { to->write_groups(); });
    return made;
}

Transactions::~Transactions() {
    {
        const std::lock_guard<std::mutex> guard(mutex_);
        stop_ = true;
    }
    changed_.notify_all();
}

/// Once in the life of a file that an early version made: before anybody else uses it.
Done Transactions::renew_old_form() {
    can_shrink_ = TRY(writing_->can_shrink());
    if (can_shrink_) {
        return {};
    }
    const auto rows = TRY(writing_->query(
        "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size", "i"));
    const auto bytes = static_cast<std::uint64_t>(integer(rows.at(0).at(0)));
    const auto free = TRY(os::free_bytes(folder_));
    if (free < 2 * bytes + floors_.spare_bytes) {
        logger_.warning("sumpd.db has an old form and the disk no room to renew it",
                        {{"needed_bytes", std::to_string(2 * bytes + floors_.spare_bytes)}});
        return {};
    }
    TRY(writing_->renew());
    can_shrink_ = TRY(writing_->can_shrink());
    return {};
}

bool Transactions::has_room(Need need) {
    if (need == Need::nothing) {
        return true;
    }
    const std::lock_guard<std::mutex> guard(room_mutex_);
    const os::Instant now = clock_.now();
    if (!looked_at_ || now - *looked_at_ >= kRoomLookedAtEvery) {
        looked_at_ = now;
        free_bytes_ = os::free_bytes(folder_).value_or(0);
    }
    return free_bytes_ >= (need == Need::room ? floors_.room_bytes : floors_.spare_bytes);
}

std::optional<Fault> Transactions::write(const Change& change, Need need) {
    if (!has_room(need)) {
        return Fault{.code = FaultCode::disk_full, .message = "the server's disk is nearly full"};
    }
    Waiting one;
    one.change = &change;
    std::unique_lock<std::mutex> lock(mutex_);
    if (queue_.size() >= kWriteQueueMax) {
        return busy("too many changes wait for the server's disk");
    }
    queue_.push_back(&one);
    changed_.notify_one();
    one.woken.wait(lock, [&] { return one.done; });
    return std::move(one.refused);
}

std::size_t Transactions::waiting() {
    const std::lock_guard<std::mutex> guard(mutex_);
    return queue_.size();
}

bool Transactions::take(std::vector<Waiting*>& group) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [this] { return !queue_.empty() || stop_; });
    const auto count = static_cast<std::ptrdiff_t>(std::min(queue_.size(), kGroupMax));
    group.assign(queue_.begin(), queue_.begin() + count);
    queue_.erase(queue_.begin(), queue_.begin() + count);
    return !group.empty();
}

void Transactions::write_groups() {
    std::vector<Waiting*> group;
    while (take(group)) {
        if (const auto done = try_group(group); !done) {
            logger_.error("sumpd.db cannot be written; ending",
                          {{"error", base::to_text(done.error())}});
            std::_Exit(kExitStorageFailed);
        }
        commits_.fetch_add(1, std::memory_order_relaxed);
        // Under the lock: a caller that is woken takes its frame away, with what is notified here.
        const std::lock_guard<std::mutex> guard(mutex_);
        for (Waiting* one : group) {
            one->done = true;
            one->woken.notify_one();
        }
    }
}

Done Transactions::try_group(const std::vector<Waiting*>& group) {
    TRY(writing_->begin());
    for (Waiting* one : group) {
        TRY(try_one(*one));
    }
    return writing_->commit();
}

Done Transactions::try_one(Waiting& one) {
    TRY(writing_->savepoint());
    Sql sql(*writing_);
    const bool keep = (*one.change)(sql);
    one.refused = sql.fault();
    return keep && !one.refused ? writing_->keep() : writing_->take_back();
}

std::unique_ptr<database::Database> Transactions::take_reader(std::optional<Fault>& fault) {
    std::unique_lock<std::mutex> lock(readers_mutex_);
    if (readers_.empty() && read_waiters_ >= kReadWaitersMax) {
        fault = busy("too many wait to read the server's database");
        return nullptr;
    }
    ++read_waiters_;
    reader_free_.wait(lock, [this] { return !readers_.empty(); });
    --read_waiters_;
    auto reader = std::move(readers_.back());
    readers_.pop_back();
    return reader;
}

std::optional<Fault> Transactions::look(const Change& body) {
    std::optional<Fault> fault;
    auto reader = take_reader(fault);
    if (reader == nullptr) {
        return fault;
    }
    Sql sql(*reader);
    sql.run("BEGIN");
    body(sql);
    fault = sql.fault();
    if (const auto ended = reader->commit(); !ended && !fault) {
        fault = fault_of(ended.error());
    }
    {
        const std::lock_guard<std::mutex> guard(readers_mutex_);
        readers_.push_back(std::move(reader));
    }
    reader_free_.notify_one();
    return fault;
}

}  // namespace tillhost::sumpd::store
