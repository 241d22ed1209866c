#pragma once

#include <memory>

#include "sumpd/apps/registry.h"
#include "sumpd/store/transactions.h"

namespace tillhost::sumpd::apps {

/// The registry's rows in sumpd.db (tables app_device, enroll_token, session, app_command,
/// app_sight), and what is known of devices' numbers there; acts go to the audit in the same
/// transaction.
class RegistryTables final : public RegistryStore {
public:
    RegistryTables(store::Transactions& transactions, const store::Audit& audit)
        : transactions_(transactions), audit_(audit) {}

    exchange::Outcome<bool> write(const RegistryChange& change) override;
    exchange::Outcome<std::int64_t> last_seq(const std::string& device_id) override;
    /// All of it, and the accounts as they are now. Blocks for the disk.
    exchange::Outcome<RegistryImage> read();

private:
    exchange::Outcome<RegistryImage> read_own();
    store::Transactions& transactions_;
    const store::Audit& audit_;
};

/// The users as they can be seen now. Blocks for the disk.
exchange::Outcome<std::vector<AccountRow>> read_accounts(store::Transactions& transactions);
/// What a role may in a store: all leaves of the tree.
exchange::Outcome<std::vector<exchange::Permission>> read_permissions(
    store::Transactions& transactions, const std::string& role_id, const std::string& store_id);

}  // namespace tillhost::sumpd::apps
