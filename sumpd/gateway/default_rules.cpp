#include "sumpd/gateway/default_rules.h"

#include <fmt/format.h>

#include <optional>

namespace tillhost::sumpd::gateway {

using exchange::FaultCode;
using exchange::Outcome;
using store::integer;
using store::Sql;
using store::text;

namespace {

using Devices = std::map<DefaultPlace, std::string>;

std::string_view word_of(DefaultRule rule) {
    return exchange::names_of(rule)[static_cast<std::size_t>(rule) - 1];
}

/// What is wrong with a wish, or nothing.
std::optional<exchange::Fault> fault_of(const DefaultPlace& place, const std::string& device) {
    const auto wrong = [](const char* field, const char* expected) {
        return exchange::refuse_field(field, expected).value();
    };
    if (place.rule != DefaultRule::user && place.rule != DefaultRule::app &&
        place.rule != DefaultRule::store) {
        return wrong("rule", "user, app or store");
    }
    if (place.of.empty() || place.of.size() > kDefaultTextMax) {
        return wrong("of", "an id of 1 to 64 bytes");
    }
    if (device.size() > kDefaultTextMax) {
        return wrong("device", "an id of at most 64 bytes");
    }
    return std::nullopt;
}

void write(Sql& sql, const DefaultPlace& place, const std::string& device) {
    const store::Row where{static_cast<std::int64_t>(place.rule), place.of,
                           static_cast<std::int64_t>(place.kind)};
    sql.run("DELETE FROM default_device WHERE rule = :a AND of_id = :b AND kind = :c", where);
    if (!device.empty()) {
        sql.run("INSERT INTO default_device VALUES (:a, :b, :c, :d)",
                {where[0], where[1], where[2], device});
    }
}

}  // namespace

std::string_view name_of(DefaultKind kind) {
    return kind == DefaultKind::terminal ? "terminal" : "registrar";
}

base::Result<std::unique_ptr<DefaultRules>> DefaultRules::open(store::Transactions& transactions,
                                                               const store::Audit& audit) {
    std::unique_ptr<DefaultRules> made(new DefaultRules(transactions, audit));
    auto devices = transactions.read<Devices>([](Sql& sql) -> Outcome<Devices> {
        Devices all;
        for (const store::Row& row :
             sql.query("SELECT rule, of_id, kind, device_ref FROM default_device", "itit")) {
            all.emplace(DefaultPlace{static_cast<DefaultRule>(integer(row[0])), text(row[1]),
                                     static_cast<DefaultKind>(integer(row[2]))},
                        text(row[3]));
        }
        return all;
    });
    if (!devices) {
        return base::make_error(base::ErrorCode::storage_failed, devices.error().message);
    }
    made->devices_ = std::move(*devices);
    return made;
}

DefaultChoice DefaultRules::choose(const Asker& from, DefaultKind kind) const {
    const DefaultPlace places[] = {{DefaultRule::user, from.user, kind},
                                   {DefaultRule::app, from.app, kind},
                                   {DefaultRule::store, from.store, kind}};
    const std::lock_guard<std::mutex> guard(mutex_);
    for (const DefaultPlace& place : places) {
        if (const auto found = devices_.find(place); found != devices_.end()) {
            return {.device = found->second, .rule = place.rule};
        }
    }
    return {};
}

std::string DefaultRules::device_of(const DefaultPlace& place) const {
    const std::lock_guard<std::mutex> guard(mutex_);
    const auto found = devices_.find(place);
    return found == devices_.end() ? std::string() : found->second;
}

std::vector<std::pair<DefaultPlace, std::string>> DefaultRules::all() const {
    const std::lock_guard<std::mutex> guard(mutex_);
    return {devices_.begin(), devices_.end()};
}

/// Those of the wanted that are not so yet.
Outcome<std::vector<DefaultEntry>> DefaultRules::changes_in(
    const std::vector<DefaultEntry>& wanted) const {
    const std::lock_guard<std::mutex> guard(mutex_);
    std::vector<DefaultEntry> changes;
    std::size_t count = devices_.size();
    for (const DefaultEntry& entry : wanted) {
        const auto& [place, device] = entry;
        if (auto fault = fault_of(place, device)) {
            return tl::unexpected(std::move(*fault));
        }
        const auto now = devices_.find(place);
        if ((now == devices_.end() ? std::string() : now->second) != device) {
            count += now == devices_.end() ? 1 : 0;
            changes.push_back(entry);
        }
    }
    if (count > kDefaultsMax) {
        return exchange::refuse(FaultCode::too_large, "too many default devices are set");
    }
    return changes;
}

void DefaultRules::hold(const std::vector<DefaultEntry>& changes) {
    const std::lock_guard<std::mutex> guard(mutex_);
    for (const auto& [place, device] : changes) {
        if (device.empty()) {
            devices_.erase(place);
        } else {
            devices_.insert_or_assign(place, device);
        }
    }
}

Outcome<std::size_t> DefaultRules::set(const std::vector<DefaultEntry>& wanted,
                                       const std::string& login, const std::string& address) {
    const std::lock_guard<std::mutex> one_change(writing_);
    const auto changes = changes_in(wanted);
    if (!changes || changes->empty()) {
        return changes ? Outcome<std::size_t>(0) : tl::unexpected(changes.error());
    }
    const auto written = transactions_.run<bool>([&](Sql& sql) -> Outcome<bool> {
        for (const auto& [place, device] : *changes) {
            write(sql, place, device);
            audit_.note(sql, {.actor = login,
                              .address = address,
                              .action = "default.set",
                              .target = fmt::format("{} {} {}", word_of(place.rule), place.of,
                                                    name_of(place.kind)),
                              .before = device_of(place),
                              .after = device});
        }
        return true;
    });
    if (!written) {
        return tl::unexpected(written.error());
    }
    hold(*changes);
    return changes->size();
}

}  // namespace tillhost::sumpd::gateway
