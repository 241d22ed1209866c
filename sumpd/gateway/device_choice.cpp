#include "sumpd/gateway/device_choice.h"

namespace tillhost::sumpd::gateway {

using exchange::Outcome;
using store::Sql;

base::Result<std::unique_ptr<DeviceChoice>> DeviceChoice::open(store::Transactions& transactions,
                                                               const store::Audit& audit) {
    std::unique_ptr<DeviceChoice> made(new DeviceChoice(transactions, audit));
    using Names = std::set<std::string>;
    auto hidden = transactions.read<Names>([](Sql& sql) -> Outcome<Names> {
        Names names;
        for (const store::Row& row :
             sql.query("SELECT device_ref FROM device_choice WHERE visible = 0", "t")) {
            names.insert(store::text(row[0]));
        }
        return names;
    });
    if (!hidden) {
        return base::make_error(base::ErrorCode::storage_failed, hidden.error().message);
    }
    made->hidden_ = std::move(*hidden);
    return made;
}

bool DeviceChoice::is_visible(const std::string& device) const {
    const std::lock_guard<std::mutex> guard(mutex_);
    return hidden_.count(device) == 0;
}

Outcome<bool> DeviceChoice::set_visible(const std::string& device, bool is_visible,
                                        const std::string& login, const std::string& address) {
    const std::lock_guard<std::mutex> one_change(writing_);
    const auto written = transactions_.run<bool>([&](Sql& sql) -> Outcome<bool> {
        sql.run(
            "INSERT INTO device_choice VALUES (:a, :b)"
            " ON CONFLICT (device_ref) DO UPDATE SET visible = excluded.visible",
            {device, static_cast<std::int64_t>(is_visible ? 1 : 0)});
        audit_.note(sql, {.actor = login,
                          .address = address,
                          .action = is_visible ? "device.show" : "device.hide",
                          .target = device});
        return true;
    });
    if (written) {
        const std::lock_guard<std::mutex> guard(mutex_);
        if (is_visible) {
            hidden_.erase(device);
        } else {
            hidden_.insert(device);
        }
    }
    return written;
}

}  // namespace tillhost::sumpd::gateway
