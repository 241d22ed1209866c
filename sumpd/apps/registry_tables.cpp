#include "sumpd/apps/registry_tables.h"

#include "sumpd/people/reading.h"

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

AccountRow account_from(people::UserRow row) {
    return {.id = std::move(row.id),
            .login = std::move(row.user.login),
            .name = std::move(row.user.name),
            .role_id = std::move(row.user.role_id),
            .enabled = row.user.enabled,
            .stores = std::move(row.user.stores),
            .valid_to_s = row.user.valid_to ? row.user.valid_to->unix_ms / 1000 : 0,
            .password = std::move(row.secrets.password_hash),
            .pin = std::move(row.secrets.pin_hash),
            .pin_is_peppered = !row.secrets.pin_digest.empty(),
            .pin_tries = row.pin_tries,
            .badge = std::move(row.secrets.badge_digest)};
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
            for (const auto& [user_id, tries] : change.pin_tries) {
                sql.run("UPDATE user_secret SET pin_tries = :a WHERE user_id = :b",
                        {tries, user_id});
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
        for (people::UserRow& row : people::visible_users(sql)) {
            accounts.push_back(account_from(std::move(row)));
        }
        return accounts;
    });
}

Outcome<std::vector<exchange::Permission>> read_permissions(store::Transactions& transactions,
                                                            const std::string& role_id,
                                                            const std::string& store_id) {
    using Rows = std::vector<exchange::Permission>;
    return transactions.read<Rows>(
        [&](Sql& sql) -> Outcome<Rows> { return people::permissions_in(sql, role_id, store_id); });
}

}  // namespace tillhost::sumpd::apps
