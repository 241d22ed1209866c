#include "sumpd/apps/registry_tables.h"

#include "sumpd/exchange/json_codec.h"
#include "sumpd/store/staging.h"

namespace tillhost::sumpd::apps {

using exchange::Outcome;
using store::integer;
using store::Sql;
using store::text;

namespace {

constexpr auto kPutDevice =
    "INSERT INTO app_device VALUES (:a, :b, :c, :d, :e, :f, :g, :h, :i, :j, :k)"
    " ON CONFLICT (id) DO UPDATE SET model = excluded.model, os = excluded.os,"
    " app = excluded.app, version = excluded.version, key_hash = excluded.key_hash,"
    " former_key_hash = excluded.former_key_hash, former_key_until_s = excluded.former_key_until_s,"
    " state = excluded.state, enrolled_s = excluded.enrolled_s";
constexpr auto kPutToken =
    "INSERT INTO enroll_token VALUES (:a, :b, :c, :d)"
    " ON CONFLICT (hash) DO UPDATE SET used_by = excluded.used_by";
constexpr auto kPutSession =
    "INSERT INTO session VALUES (:a, :b, :c, :d, :e, :f)"
    " ON CONFLICT (hash) DO UPDATE SET seen_s = excluded.seen_s";

void put(Sql& sql, const DeviceRow& row) {
    sql.run(kPutDevice, {row.id, row.install_id, row.model, row.os, row.app_name, row.app_version,
                         row.key, row.former_key, row.former_key_until_s,
                         static_cast<std::int64_t>(row.state), row.enrolled_s});
}

void put(Sql& sql, const TokenRow& row) {
    sql.run(kPutToken, {row.digest, row.made_by, row.expires_s, row.used_by});
}

void put(Sql& sql, const SessionRow& row) {
    sql.run(kPutSession,
            {row.digest, row.device_id, row.user_id, row.store_id, row.created_s, row.seen_s});
}

DeviceRow device_from(const store::Row& row) {
    return {.id = text(row[0]),
            .install_id = text(row[1]),
            .model = text(row[2]),
            .os = text(row[3]),
            .app_name = text(row[4]),
            .app_version = text(row[5]),
            .key = text(row[6]),
            .former_key = text(row[7]),
            .former_key_until_s = integer(row[8]),
            .state = static_cast<DeviceState>(integer(row[9])),
            .enrolled_s = integer(row[10])};
}

/// Nothing if the body is none that can be read: it was checked when it came.
template <class Body>
std::optional<Body> body_of(const std::string& json) {
    auto object = exchange::from_json<exchange::Object>(json);
    if (!object || !object->body || !std::holds_alternative<Body>(*object->body)) {
        return std::nullopt;
    }
    return std::get<Body>(std::move(*object->body));
}

AccountRow account_from(const std::string& id, exchange::User user, std::string password,
                        std::string pin) {
    return {.id = id,
            .login = std::move(user.login),
            .name = std::move(user.name),
            .role_id = std::move(user.role_id),
            .enabled = user.enabled,
            .stores = std::move(user.stores),
            .valid_to_s = user.valid_to ? user.valid_to->unix_ms / 1000 : 0,
            .password = std::move(password),
            .pin = std::move(pin)};
}

}  // namespace

Outcome<bool> RegistryTables::write(const RegistryChange& change) {
    return transactions_.run<bool>(
        [&change](Sql& sql) -> Outcome<bool> {
            for (const DeviceRow& row : change.devices) {
                put(sql, row);
            }
            for (const TokenRow& row : change.tokens) {
                put(sql, row);
            }
            for (const SessionRow& row : change.sessions) {
                put(sql, row);
            }
            for (const std::string& digest : change.ended_sessions) {
                sql.run("DELETE FROM session WHERE hash = :a", {digest});
            }
            for (const std::string& digest : change.forgotten_tokens) {
                sql.run("DELETE FROM enroll_token WHERE hash = :a", {digest});
            }
            return true;
        },
        store::Need::nothing);  // its rows are bounded, and a full disk must not lock phones out
}

Outcome<RegistryImage> RegistryTables::read() {
    return transactions_.read<RegistryImage>([](Sql& sql) -> Outcome<RegistryImage> {
        RegistryImage image;
        for (const store::Row& row : sql.query("SELECT * FROM app_device", "ttttttttiii")) {
            image.devices.push_back(device_from(row));
        }
        for (const store::Row& row : sql.query("SELECT * FROM enroll_token", "ttit")) {
            image.tokens.push_back({.digest = text(row[0]),
                                    .made_by = text(row[1]),
                                    .expires_s = integer(row[2]),
                                    .used_by = text(row[3])});
        }
        for (const store::Row& row : sql.query("SELECT * FROM session", "ttttii")) {
            image.sessions.push_back({.digest = text(row[0]),
                                      .device_id = text(row[1]),
                                      .user_id = text(row[2]),
                                      .store_id = text(row[3]),
                                      .created_s = integer(row[4]),
                                      .seen_s = integer(row[5])});
        }
        return image;
    });
}

Outcome<std::vector<AccountRow>> read_accounts(store::Transactions& transactions) {
    using Rows = std::vector<AccountRow>;
    return transactions.read<Rows>([](Sql& sql) -> Outcome<Rows> {
        Rows accounts;
        const std::int64_t seen = store::visible_seq(sql);
        for (const store::Row& row :
             sql.query("SELECT o.id, o.body, COALESCE(s.password_hash, ''),"
                       " COALESCE(s.pin_hash, '') FROM object o"
                       " LEFT JOIN user_secret s ON s.user_id = o.id"
                       " WHERE o.kind = 'User' AND o.deleted = 0 AND o.seq <= :a"
                       " AND (o.superseded_by = 0 OR o.superseded_by > :b)",
                       "tttt", {seen, seen})) {
            if (auto user = body_of<exchange::User>(text(row[1]))) {
                accounts.push_back(
                    account_from(text(row[0]), std::move(*user), text(row[2]), text(row[3])));
            }
        }
        return accounts;
    });
}

Outcome<std::vector<exchange::Permission>> read_permissions(store::Transactions& transactions,
                                                            const std::string& role_id) {
    using Rows = std::vector<exchange::Permission>;
    return transactions.read<Rows>([&role_id](Sql& sql) -> Outcome<Rows> {
        const std::int64_t seen = store::visible_seq(sql);
        const auto row = sql.first(
            "SELECT body FROM object WHERE kind = 'Role' AND id = :a AND deleted = 0"
            " AND seq <= :b AND (superseded_by = 0 OR superseded_by > :c)",
            "t", {role_id, seen, seen});
        if (row) {
            if (auto role = body_of<exchange::Role>(text((*row)[0]))) {
                return std::move(role->permissions);
            }
        }
        return Rows{};
    });
}

}  // namespace tillhost::sumpd::apps
