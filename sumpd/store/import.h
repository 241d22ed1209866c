#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "hal/os/clock.h"
#include "sumpd/exchange/operations.h"
#include "sumpd/store/part_files.h"
#include "sumpd/store/staging.h"
#include "sumpd/store/transactions.h"

namespace tillhost::sumpd::store {

/// Objects that are put into the database in one transaction; documents of apps wait no longer.
inline constexpr std::size_t kImportBatchMax = 500;
/// Verdicts of one message: they are applied in its last transaction.
inline constexpr std::int64_t kImportVerdictsMax = 100'000;

/// in_message.state
enum class InState : std::uint8_t { open = 1, committed = 2, done = 3, failed = 4 };

/// A committed message that is to be applied.
struct ImportWork {
    std::int64_t job = 0;
    exchange::Uuid message_id{};
    std::int64_t message_no = 0;
    std::int64_t ack_no = 0;
    std::int64_t part_count = 0;
    std::string sha256{};
    bool full = false;
};

/// Applies one message, a step at a time: begin, each part, the absent ones of a full message, the
/// end. It can be dropped, or the process killed, between any two statements: see staging.h for why
/// nothing of it can be seen before the last transaction, and how the next attempt begins anew.
class Import final {
public:
    enum class State : std::uint8_t { going, done, failed };

    /// `stop` is asked at each object; true ends the step with a fault that may pass.
    /// `rules` may be none.
    Import(Transactions& transactions, const PartFiles& files, const os::Clock& clock,
           const SecretMaker& secrets, ObjectRules* rules, ImportWork work,
           std::function<bool()> stop);
    ~Import();

    /// One step, bounded by a part; call until it is not `going`. A fault (of the disk, the queue)
    /// may pass: drop this object and begin anew later. A message that is wrong ends as `failed`,
    /// with the job's row.
    exchange::Outcome<State> step();

    /// Objects so far, and what was wrong with some.
    const exchange::GetJobResponse& result() const;
    /// Up to where changes can be seen, once done.
    std::int64_t newest() const;
    /// Messages whose files can go, once done.
    const std::vector<std::string>& acknowledged() const;

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace tillhost::sumpd::store
