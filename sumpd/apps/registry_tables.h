#pragma once

#include <memory>

#include "sumpd/apps/registry.h"
#include "sumpd/store/transactions.h"

namespace tillhost::sumpd::apps {

/// The registry's rows in sumpd.db (tables app_device, enroll_token, session).
class RegistryTables final : public RegistryStore {
public:
    explicit RegistryTables(store::Transactions& transactions) : transactions_(transactions) {}

    exchange::Outcome<bool> write(const RegistryChange& change) override;
    /// All but the accounts. Blocks for the disk.
    exchange::Outcome<RegistryImage> read();

private:
    store::Transactions& transactions_;
};

/// The users as they can be seen now. Blocks for the disk.
exchange::Outcome<std::vector<AccountRow>> read_accounts(store::Transactions& transactions);
/// What a role may in a store: all leaves of the tree.
exchange::Outcome<std::vector<exchange::Permission>> read_permissions(
    store::Transactions& transactions, const std::string& role_id, const std::string& store_id);

}  // namespace tillhost::sumpd::apps
