#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hal/os/clock.h"
#include "sumpd/store/transactions.h"

namespace tillhost::sumpd::store {

/// One act of an administrator, or of sumpd itself, that changes what others see or may. No secret
/// stands in it: a password or key that was changed is told as "changed".
struct Act {
    std::string actor{};    ///< login of who did it; "sumpd" or "accounting" for a program
    std::string address{};  ///< where it came from; empty: this machine
    std::string action{};   ///< what was done, a fixed word: "user.change"
    std::string target{};   ///< to what: an id
    std::string before{};   ///< as it was, in words or JSON; empty: was not there, or not told
    std::string after{};
    friend bool operator==(const Act&, const Act&) = default;
};

/// Texts of an act that are longer are cut.
inline constexpr std::size_t kActTextMax = 4096;
inline constexpr std::size_t kActsPageMax = 500;

struct ActRow {
    std::int64_t number = 0;
    std::int64_t at_ms = 0;
    Act act{};
    std::string text{};  ///< the record as its hash has it
    std::string hash{};
};

/// The audit: a chain of acts, each with the hash of the one before (docs/formats/sumpd-audit.md).
/// Records are only ever added. Any thread; each call blocks for the disk.
class Audit final {
public:
    Audit(Transactions& transactions, const os::Clock& clock)
        : transactions_(transactions), clock_(clock) {}

    /// In the transaction of what it tells, so that either both are on the disk or neither is.
    void note(Sql& sql, const Act& act) const;
    /// Of what is not in the database itself. Faults: too_many, internal.
    exchange::Outcome<bool> note(const Act& act);

    /// Newest first, those below `before`; 0 = from the newest on. At most kActsPageMax. Faults:
    /// too_many, internal.
    exchange::Outcome<std::vector<ActRow>> page(std::int64_t before, std::size_t limit);

    struct Check {
        std::int64_t records = 0;
        std::int64_t first_wrong = 0;  ///< the first record that does not fit; 0 = all fit
        std::string newest_hash{};
    };
    /// Reads the whole chain. Faults: as page().
    exchange::Outcome<Check> verify();

    /// The same of a connection of one's own.
    static Check verify(Sql& sql);
    /// Oldest first, those above `after`, at most kActsPageMax.
    static std::vector<ActRow> behind(Sql& sql, std::int64_t after);

private:
    Transactions& transactions_;
    const os::Clock& clock_;
};

}  // namespace tillhost::sumpd::store
