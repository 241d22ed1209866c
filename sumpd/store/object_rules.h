#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sumpd/exchange/operations.h"
#include "sumpd/store/sql.h"

namespace tillhost::sumpd::store {

/// Who made a version of an object.
enum class Origin : std::uint8_t { accounting = 0, here = 1 };

/// What is above the store and knows the meaning of some kinds. Called by the import alone, on its
/// thread; by open() before that thread is there.
class ObjectRules {
public:
    virtual ~ObjectRules() = default;

    /// At each start, when no import runs: may stage objects of its own, as begin() to end() of an
    /// import do. `next` is the number of the next version.
    virtual void complete(Sql& sql, std::int64_t& next) = 0;

    /// A message begins, or begins anew.
    virtual void begin(Sql& sql) = 0;

    struct Verdict {
        bool skip = false;                         ///< it is not applied, and counted as skipped
        std::vector<exchange::JobError> errors{};  ///< for the job, whether skipped or not
    };
    /// Looks at an object of the message, and may change its body. Not in a transaction.
    virtual Verdict look(exchange::Object& object) = 0;

    /// Whether an object that a full message does not name stays all the same.
    virtual bool spares(const std::string& kind, const std::string& id, Origin origin) const = 0;

    /// In the last transaction, before all can be seen; may stage more.
    virtual void end(Sql& sql, std::int64_t job, std::int64_t now_ms, std::int64_t& next) = 0;
};

}  // namespace tillhost::sumpd::store
