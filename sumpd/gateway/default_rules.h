#pragma once

#include <compare>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "sumpd/exchange/operations.h"
#include "sumpd/store/audit.h"
#include "sumpd/store/transactions.h"

namespace tillhost::sumpd::gateway {

using exchange::DefaultRule;

/// Defaults of users, apps and stores together; one more is refused.
inline constexpr std::size_t kDefaultsMax = 20'000;
inline constexpr std::size_t kDefaultTextMax = 64;  ///< bytes of an id, as in the contract

/// Of what kind of command it is the default. Numbers are on the disk.
enum class DefaultKind : std::uint8_t { registrar = 1, terminal = 2 };
std::string_view name_of(DefaultKind kind);  ///< "registrar", "terminal"

/// Devices of the whole server that commands without a device go to; empty: none.
struct DefaultDevices {
    std::string registrar{};
    std::string terminal{};
};

/// Who gives a command, as far as rules look at it.
struct Asker {
    std::string app{};    ///< id of the app's device
    std::string user{};   ///< id; empty: nobody has logged in
    std::string store{};  ///< id; empty: no store was chosen
};

/// A device, and whose rule chose it; `unspecified`: the command named it, or there is none.
struct DefaultChoice {
    std::string device{};
    DefaultRule rule = DefaultRule::unspecified;
    friend bool operator==(const DefaultChoice&, const DefaultChoice&) = default;
};

/// Whose default of which kind. `of`: id of the user, the app or the store.
struct DefaultPlace {
    DefaultRule rule = DefaultRule::unspecified;
    std::string of{};
    DefaultKind kind = DefaultKind::registrar;
    friend auto operator<=>(const DefaultPlace&, const DefaultPlace&) = default;
};

/// An empty device: none.
using DefaultEntry = std::pair<DefaultPlace, std::string>;

/// Default devices of users, apps and stores, as an administrator has set them (table
/// default_device); the server's are settings. Any thread; only set() waits for the disk.
class DefaultRules final {
public:
    /// Reads the table. Both outlive it. Errors: storage_failed.
    static base::Result<std::unique_ptr<DefaultRules>> open(store::Transactions& transactions,
                                                            const store::Audit& audit);

    /// The first that is set of the user's, the app's and the store's; nothing if none is. Whether
    /// the device can be used is not looked at: a rule that is wrong is told, not passed over.
    DefaultChoice choose(const Asker& from, DefaultKind kind) const;
    /// Empty: none.
    std::string device_of(const DefaultPlace& place) const;
    /// By rule, id and kind.
    std::vector<DefaultEntry> all() const;

    /// All of them or none; durable, and noted in the audit, when it returns. An empty device takes
    /// the default away. How many were not so before. Faults: schema_invalid naming the field
    /// ("rule", "of", "device"), too_large (kDefaultsMax), too_many, disk_full.
    exchange::Outcome<std::size_t> set(const std::vector<DefaultEntry>& wanted,
                                       const std::string& login, const std::string& address);

private:
    DefaultRules(store::Transactions& transactions, const store::Audit& audit)
        : transactions_(transactions), audit_(audit) {}
    exchange::Outcome<std::vector<DefaultEntry>> changes_in(
        const std::vector<DefaultEntry>& wanted) const;
    void hold(const std::vector<DefaultEntry>& changes);

    store::Transactions& transactions_;
    const store::Audit& audit_;
    std::mutex writing_;  ///< one change at a time, held until it is on the disk
    mutable std::mutex mutex_;
    std::map<DefaultPlace, std::string> devices_;  ///< under mutex_
};

}  // namespace tillhost::sumpd::gateway
