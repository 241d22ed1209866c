#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "hal/os/clock.h"
#include "hal/os/log.h"
#include "hal/os/password_hash.h"
#include "hal/os/thread.h"
#include "sumpd/exchange/operations.h"
#include "sumpd/store/changes.h"
#include "sumpd/store/import.h"
#include "sumpd/store/outbox.h"
#include "sumpd/store/part_files.h"
#include "sumpd/store/transactions.h"

namespace tillhost::sumpd::store {

/// Bytes of one message from the accounting system.
inline constexpr std::int64_t kInMessageBytesMax = 4LL * 1024 * 1024 * 1024;
/// Messages whose parts are here without a commit; one more, and the oldest goes.
inline constexpr std::int64_t kOpenMessagesMax = 4;
/// Parts that PutPart's answer lists, the highest numbers of those that are here.
inline constexpr std::int64_t kPartsListedMax = 1000;
/// Jobs that can still be asked for.
inline constexpr std::int64_t kJobsKeptMax = 1000;
/// Calls that may wait for a job at one time; one more that would wait is refused.
inline constexpr std::size_t kJobWaitersMax = 4;

/// Messages from the accounting system, and the thread that applies them; see Exchange.
class Inbox final {
public:
    Inbox(Transactions& transactions, Changes& changes, Outbox& outbox, const PartFiles& files,
          const os::Clock& clock, const os::Logger& logger, const os::Argon2Cost& cost);
    ~Inbox();

    exchange::Outcome<exchange::PutPartResponse> put_part(const exchange::PutPart& request);
    exchange::Outcome<exchange::CommitMessageResponse> commit(
        const exchange::CommitMessage& request);
    exchange::Outcome<exchange::GetJobResponse> job(const exchange::GetJob& request);
    exchange::Outcome<exchange::Empty> cancel(const exchange::CancelMessage& request);
    /// Messages that are not committed, or failed, and whose first part came before that time;
    /// gives how many went.
    exchange::Outcome<std::int64_t> forget_abandoned(std::int64_t before_ms);

    /// Begins the thread, which first goes on with what was interrupted.
    void start();
    void stop();

private:
    void run();
    bool stopping();
    bool wait_for_work();
    bool apply(const ImportWork& work);  // false: begin anew later
    void tell(const std::string& job_id, const exchange::GetJobResponse& progress, bool ended);
    void tidy_all();
    void remove_parts(const std::vector<std::string>& names);
    exchange::Outcome<exchange::GetJobResponse> job_now(const std::string& job_id);

    Transactions& transactions_;
    Changes& changes_;
    Outbox& outbox_;
    const PartFiles& files_;
    const os::Clock& clock_;
    os::Logger logger_;
    const os::Argon2Cost cost_;

    std::mutex parts_mutex_;  ///< one part, commit or cancel at a time

    std::mutex mutex_;
    std::condition_variable changed_;
    bool work_ = true;                     // guarded by mutex_: there may be a queued job
    bool stop_ = false;                    // guarded by mutex_
    std::uint64_t ended_ = 0;              // guarded by mutex_: jobs that came to an end
    std::size_t waiters_ = 0;              // guarded by mutex_
    exchange::GetJobResponse progress_{};  // guarded by mutex_: of the running one
    std::string running_{};                // guarded by mutex_: its id
    std::unique_ptr<os::Thread> thread_;
};

}  // namespace tillhost::sumpd::store
