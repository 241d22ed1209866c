#include "sumpd/apps/registry_tables.h"

#include <fmt/format.h>

#include "sumpd/exchange/json_codec.h"
#include "sumpd/people/reading.h"

namespace tillhost::sumpd::apps {

using exchange::Outcome;
using store::integer;
using store::Sql;
using store::text;

namespace {

constexpr auto kDeviceColumns =
    "id, install_id, model, os, app, version, key_hash, former_key_hash, former_key_until_s,"
    " state, enrolled_s, name, kind, store_id, role_id, packet_bytes, rescue_until_s";
constexpr auto kPutDevice =
    "INSERT INTO app_device ({}) VALUES (:a, :b, :c, :d, :e, :f, :g, :h, :i, :j, :k, :l, :m, :n,"
    " :o, :p, :q)"
    " ON CONFLICT (id) DO UPDATE SET model = excluded.model, os = excluded.os,"
    " app = excluded.app, version = excluded.version, key_hash = excluded.key_hash,"
    " former_key_hash = excluded.former_key_hash, former_key_until_s = excluded.former_key_until_s,"
    " state = excluded.state, enrolled_s = excluded.enrolled_s, name = excluded.name,"
    " kind = excluded.kind, store_id = excluded.store_id, role_id = excluded.role_id,"
    " packet_bytes = excluded.packet_bytes, rescue_until_s = excluded.rescue_until_s";
constexpr auto kTokenColumns = "hash, made_by, expires_s, used_by, name, kind, store_id, role_id";
constexpr auto kPutToken =
    "INSERT INTO enroll_token ({}) VALUES (:a, :b, :c, :d, :e, :f, :g, :h)"
    " ON CONFLICT (hash) DO UPDATE SET used_by = excluded.used_by";
constexpr auto kSessionColumns = "hash, device_id, user_id, store_id, created_s, seen_s, lease_id";
constexpr auto kPutSession =
    "INSERT INTO session ({}) VALUES (:a, :b, :c, :d, :e, :f, :g)"
    " ON CONFLICT (hash) DO UPDATE SET seen_s = excluded.seen_s";
constexpr auto kCommandColumns = "number, device_id, kind, text, made_by, made_s";
constexpr auto kPutCommand = "INSERT INTO app_command ({}) VALUES (:a, :b, :c, :d, :e, :f)";
constexpr auto kSightColumns =
    "device_id, last_try_ms, last_ok_ms, address, heartbeat, heartbeat_ms, skew_ms, position";
constexpr auto kPutSight =
    "INSERT INTO app_sight ({}) VALUES (:a, :b, :c, :d, :e, :f, :g, :h)"
    " ON CONFLICT (device_id) DO UPDATE SET last_try_ms = excluded.last_try_ms,"
    " last_ok_ms = excluded.last_ok_ms, address = excluded.address,"
    " heartbeat = excluded.heartbeat, heartbeat_ms = excluded.heartbeat_ms,"
    " skew_ms = excluded.skew_ms, position = excluded.position";

std::string with_columns(const char* statement, const char* columns) {
    return fmt::format(fmt::runtime(statement), columns);
}

std::string all_of(const char* columns, const char* table) {
    return fmt::format("SELECT {} FROM {}", columns, table);
}

template <class E>
std::int64_t number_of(E value) {
    return static_cast<std::int64_t>(value);
}

void put(Sql& sql, const DeviceRow& row) {
    sql.run(with_columns(kPutDevice, kDeviceColumns),
            {row.id, row.install_id, row.model, row.os, row.app_name, row.app_version, row.key,
             row.former_key, row.former_key_until_s, number_of(row.state), row.enrolled_s, row.name,
             number_of(row.kind), row.store_id, row.role_id, row.packet_bytes, row.rescue_until_s});
}

void put(Sql& sql, const TokenRow& row) {
    sql.run(with_columns(kPutToken, kTokenColumns),
            {row.digest, row.made_by, row.expires_s, row.used_by, row.name, number_of(row.kind),
             row.store_id, row.role_id});
}

void put(Sql& sql, const SessionRow& row) {
    sql.run(with_columns(kPutSession, kSessionColumns),
            {row.digest, row.device_id, row.user_id, row.store_id, row.created_s, row.seen_s,
             row.lease_id});
}

void put(Sql& sql, const CommandRow& row) {
    sql.run(with_columns(kPutCommand, kCommandColumns),
            {row.number, row.device_id, number_of(row.kind), row.text, row.made_by, row.made_s});
}

void put(Sql& sql, const std::pair<std::string, DeviceSight>& row) {
    const DeviceSight& seen = row.second;
    const std::string heartbeat = seen.heartbeat ? exchange::to_json(*seen.heartbeat) : "";
    sql.run(with_columns(kPutSight, kSightColumns),
            {row.first, seen.last_try_ms, seen.last_ok_ms, seen.address, heartbeat,
             seen.heartbeat_ms, seen.skew_ms, seen.cursor});
}

template <class Row>
void put_all(Sql& sql, const std::vector<Row>& rows) {
    for (const Row& row : rows) {
        put(sql, row);
    }
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
            .enrolled_s = integer(row[10]),
            .name = text(row[11]),
            .kind = static_cast<AppKind>(integer(row[12])),
            .store_id = text(row[13]),
            .role_id = text(row[14]),
            .packet_bytes = integer(row[15]),
            .rescue_until_s = integer(row[16])};
}

TokenRow token_from(const store::Row& row) {
    return {.digest = text(row[0]),
            .made_by = text(row[1]),
            .expires_s = integer(row[2]),
            .used_by = text(row[3]),
            .name = text(row[4]),
            .kind = static_cast<AppKind>(integer(row[5])),
            .store_id = text(row[6]),
            .role_id = text(row[7])};
}

SessionRow session_from(const store::Row& row) {
    return {.digest = text(row[0]),
            .device_id = text(row[1]),
            .user_id = text(row[2]),
            .store_id = text(row[3]),
            .created_s = integer(row[4]),
            .seen_s = integer(row[5]),
            .lease_id = text(row[6])};
}

CommandRow command_from(const store::Row& row) {
    return {.number = integer(row[0]),
            .device_id = text(row[1]),
            .kind = static_cast<exchange::CommandKind>(integer(row[2])),
            .text = text(row[3]),
            .made_by = text(row[4]),
            .made_s = integer(row[5])};
}

std::pair<std::string, DeviceSight> sight_from(const store::Row& row) {
    DeviceSight seen{.last_try_ms = integer(row[1]),
                     .last_ok_ms = integer(row[2]),
                     .address = text(row[3]),
                     .heartbeat_ms = integer(row[5]),
                     .skew_ms = integer(row[6]),
                     .cursor = text(row[7])};
    if (auto heartbeat = exchange::from_json<exchange::Heartbeat>(text(row[4]))) {
        seen.heartbeat = std::move(*heartbeat);
    }
    return {text(row[0]), std::move(seen)};
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
        [this, &change](Sql& sql) -> Outcome<bool> {
            put_all(sql, change.devices);
            put_all(sql, change.tokens);
            put_all(sql, change.sessions);
            put_all(sql, change.commands);
            put_all(sql, change.sights);
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
            for (const std::int64_t number : change.taken_commands) {
                sql.run("DELETE FROM app_command WHERE number = :a", {number});
            }
            for (const store::Act& act : change.acts) {
                audit_.note(sql, act);
            }
            return true;
        },
        store::Need::nothing);  // its rows are bounded, and a full disk must not lock phones out
}

Outcome<std::int64_t> RegistryTables::last_seq(const std::string& device_id) {
    return transactions_.read<std::int64_t>([&](Sql& sql) -> Outcome<std::int64_t> {
        // What was rescued and waits for a decision counts when it is admitted.
        return sql.number(
            "SELECT max((SELECT coalesce(max(last_seq), 0) FROM device_seq WHERE device_id = :a),"
            " (SELECT coalesce(max(device_seq), 0) FROM document_quarantine WHERE device_id = :b"
            " AND rescued = 1))",
            {device_id, device_id});
    });
}

Outcome<RegistryImage> RegistryTables::read() {
    auto accounts = read_accounts(transactions_);
    if (!accounts) {
        return tl::unexpected(accounts.error());
    }
    auto image = read_own();
    if (image) {
        image->accounts = std::move(*accounts);
    }
    return image;
}

Outcome<RegistryImage> RegistryTables::read_own() {
    return transactions_.read<RegistryImage>([](Sql& sql) -> Outcome<RegistryImage> {
        RegistryImage image;
        for (const auto& row :
             sql.query(all_of(kDeviceColumns, "app_device"), "ttttttttiiitittii")) {
            image.devices.push_back(device_from(row));
        }
        for (const auto& row : sql.query(all_of(kTokenColumns, "enroll_token"), "ttittitt")) {
            image.tokens.push_back(token_from(row));
        }
        for (const auto& row : sql.query(all_of(kSessionColumns, "session"), "ttttiit")) {
            image.sessions.push_back(session_from(row));
        }
        for (const auto& row : sql.query(all_of(kCommandColumns, "app_command"), "ititti")) {
            image.commands.push_back(command_from(row));
        }
        for (const auto& row : sql.query(all_of(kSightColumns, "app_sight"), "tiittiit")) {
            image.sights.push_back(sight_from(row));
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
