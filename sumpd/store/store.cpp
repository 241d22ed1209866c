#include "sumpd/store/store.h"

#include <utility>

namespace tillhost::sumpd::store {

Store::Store(std::unique_ptr<Transactions> transactions, std::unique_ptr<Changes> changes,
             const os::Clock& clock, exchange::Uuid server_id)
    : transactions_(std::move(transactions)),
      changes_(std::move(changes)),
      audit_(*transactions_, clock),
      documents_(*transactions_, clock),
      tasks_(*transactions_, audit_, clock),
      quarantine_(*transactions_, audit_, clock),
      server_id_(std::move(server_id)) {}

base::Result<std::unique_ptr<Store>> Store::open(const std::string& folder, const os::Clock& clock,
                                                 const os::Logger& logger,
                                                 ExchangeSettings settings) {
    auto transactions = TRY(Transactions::open(folder, clock, logger, settings.floors));
    const auto taken =
        transactions->read<std::string>([](Sql& sql) -> exchange::Outcome<std::string> {
            return sql.text("SELECT text FROM meta WHERE name = 'copy_taken_ms'");
        });
    if (!taken || !taken->empty()) {
        return base::make_error(base::ErrorCode::config_invalid,
                                "sumpd.db is a copy that was put there by hand: take it away and "
                                "use sumpd --restore");
    }
    auto changes = TRY(Changes::open(*transactions));
    const auto id = transactions->read<std::string>([](Sql& sql) -> exchange::Outcome<std::string> {
        return sql.text("SELECT text FROM meta WHERE name = 'server_id'");
    });
    if (!id) {
        return base::make_error(base::ErrorCode::storage_failed, id.error().message);
    }
    std::unique_ptr<Store> store(
        new Store(std::move(transactions), std::move(changes), clock, {*id}));
    store->exchange_ = TRY(Exchange::open(folder, *store->transactions_, *store->changes_, clock,
                                          logger, std::move(settings)));
    return store;
}

Store::~Store() { stop(); }

void Store::stop() {
    changes_->stop();
    if (exchange_ != nullptr) {
        exchange_->stop();
    }
}

}  // namespace tillhost::sumpd::store
