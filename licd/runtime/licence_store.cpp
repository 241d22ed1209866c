#include "licd/runtime/licence_store.h"

#include <cstdlib>
#include <limits>
#include <utility>

#include "hal/os/files.h"

namespace tillhost::licd::runtime {

using base::Done;
using base::Result;
using database::Row;

namespace {

constexpr std::int32_t kApplicationId = 0x6c696364;  // "licd"
constexpr const char* kPutLease =
    "INSERT INTO lease (number, generation, request_id, key_serial, licence, seat, share, instance,"
    " program, program_version, user_name, computer, terminal_session, since_ms, taken, ended)"
    " VALUES (:a, :b, :c, :d, :e, :f, :g, :h, :i, :j, :k, :l, :m, :n, :o, :p)";
constexpr const char* kEndLease = "UPDATE lease SET taken = :a, ended = :b WHERE number = :c";
constexpr const char* kForgetLease = "DELETE FROM lease WHERE number = :a";
constexpr const char* kPutKey =
    "INSERT INTO key_choice (serial, enabled, code_key, request) VALUES (:a, :b, :c, :d)"
    " ON CONFLICT (serial) DO UPDATE SET enabled = excluded.enabled,"
    " code_key = excluded.code_key, request = excluded.request";
constexpr const char* kPutValue =
    "INSERT INTO value (name, text) VALUES (:a, :b)"
    " ON CONFLICT (name) DO UPDATE SET text = excluded.text";
constexpr const char* kPutAct =
    "INSERT INTO act (number, at_ms, who, act, what) VALUES (:a, :b, :c, :d, :e)";
constexpr const char* kForgetActs = "DELETE FROM act WHERE number <= :a";
constexpr const char* kLastNumber = "last_number";

std::vector<std::vector<std::string>> steps() {
    return {
        {
            "CREATE TABLE lease (number BIGINT PRIMARY KEY, generation BIGINT NOT NULL,"
            " request_id TEXT NOT NULL, key_serial TEXT NOT NULL, licence TEXT NOT NULL,"
            " seat BIGINT NOT NULL, share TEXT NOT NULL, instance TEXT NOT NULL,"
            " program TEXT NOT NULL, program_version TEXT NOT NULL, user_name TEXT NOT NULL,"
            " computer TEXT NOT NULL, terminal_session TEXT NOT NULL, since_ms BIGINT NOT NULL,"
            " taken BIGINT NOT NULL, ended BIGINT NOT NULL)",
            "CREATE TABLE key_choice (serial TEXT PRIMARY KEY, enabled BIGINT NOT NULL,"
            " code_key TEXT NOT NULL, request TEXT NOT NULL)",
            "CREATE TABLE value (name TEXT PRIMARY KEY, text TEXT NOT NULL)",
        },
        {
            "CREATE TABLE act (number BIGINT PRIMARY KEY, at_ms BIGINT NOT NULL, who TEXT NOT NULL,"
            " act TEXT NOT NULL, what TEXT NOT NULL)",
        }};
}

std::int64_t integer(const database::Field& field) { return std::get<std::int64_t>(field); }
const std::string& text(const database::Field& field) { return std::get<std::string>(field); }

std::int64_t number_of(const std::optional<contract::LicenceEnd>& end) {
    return end ? static_cast<std::int64_t>(*end) : 0;
}

std::optional<contract::LicenceEnd> end_from(std::int64_t number) {
    return number == 0 ? std::nullopt : std::optional(static_cast<contract::LicenceEnd>(number));
}

Result<core::LeaseRow> lease_from(const Row& row) {
    core::LeaseRow lease;
    lease.number = static_cast<std::uint64_t>(integer(row[0]));
    lease.generation = static_cast<std::uint64_t>(integer(row[1]));
    lease.request_id = TRY(base::OperationId::from_text(text(row[2])));
    lease.key = text(row[3]);
    lease.licence = text(row[4]);
    lease.seat = integer(row[5]);
    lease.share = text(row[6]);
    lease.holder = {.instance = text(row[7]),
                    .program = text(row[8]),
                    .program_version = text(row[9]),
                    .user = text(row[10]),
                    .computer = text(row[11]),
                    .terminal_session = text(row[12])};
    lease.since_ms = integer(row[13]);
    lease.taken = end_from(integer(row[14]));
    lease.ended = end_from(integer(row[15]));
    return lease;
}

}  // namespace

Result<std::unique_ptr<LicenceStore>> LicenceStore::open(const std::string& folder,
                                                         const os::Clock& clock,
                                                         const os::Logger& logger) {
    const std::string path = folder + "/licd.db";
    auto database = TRY(database::Database::open(path, kApplicationId));
    TRY(database->migrate(steps()));
    auto reader = TRY(database::Database::open(path, kApplicationId));
    std::unique_ptr<LicenceStore> store(
        new LicenceStore(folder, clock, logger, std::move(database), std::move(reader)));
    TRY(store->read());
    store->writer_ = std::make_unique<os::GroupWriter<Change>>(
        "lease writer", TRY(os::Wakeup::create()),
        [to = store.get()](const std::vector<Change>& group) { to->write_group(group); });
    return store;
}

Done LicenceStore::read() {
    const auto leases = TRY(database_->query(
        "SELECT number, generation, request_id, key_serial, licence, seat, share, instance,"
        " program, program_version, user_name, computer, terminal_session, since_ms, taken, ended"
        " FROM lease",
        "iittti"
        "ttttttt"
        "iii"));
    for (const Row& row : leases) {
        leases_.leases.push_back(TRY(lease_from(row)));
    }
    for (const Row& row : TRY(database_->query(
             "SELECT serial, enabled, code_key, request FROM key_choice", "titt"))) {
        keys_.push_back({text(row[0]), integer(row[1]) != 0, text(row[2]), text(row[3])});
    }
    for (const Row& row : TRY(database_->query("SELECT name, text FROM value", "tt"))) {
        values_.emplace_back(text(row[0]), text(row[1]));
    }
    const auto act = TRY(database_->query("SELECT coalesce(max(number), 0) FROM act", "i"));
    last_act_ = integer(act.at(0).at(0));
    const std::string last = value(kLastNumber);
    reserved_ = last.empty() ? 0 : std::strtoull(last.c_str(), nullptr, 10);
    leases_.last_number = reserved_;
    return {};
}

std::string LicenceStore::value(const std::string& name) const {
    for (const auto& [one, text_of_it] : values_) {
        if (one == name) {
            return text_of_it;
        }
    }
    return "";
}

core::Position LicenceStore::write(core::LeaseChange change) {
    return last_ = writer_->write({.leases = std::move(change)});
}

core::Position LicenceStore::put_key(const KeyRow& row) {
    std::erase_if(keys_, [&](const KeyRow& one) { return one.serial == row.serial; });
    keys_.push_back(row);
    return last_ = writer_->write({.key = row});
}

core::Position LicenceStore::put_value(const std::string& name, const std::string& text_of_it) {
    std::erase_if(values_, [&](const auto& one) { return one.first == name; });
    values_.emplace_back(name, text_of_it);
    return last_ = writer_->write({.value = std::pair(name, text_of_it)});
}

core::Position LicenceStore::put_act(ActRow act) {
    act.number = ++last_act_;
    return last_ = writer_->write({.act = std::move(act)});
}

Result<std::vector<ActRow>> LicenceStore::acts(std::int64_t before, std::size_t limit) const {
    const std::int64_t end = before == 0 ? std::numeric_limits<std::int64_t>::max() : before;
    std::vector<ActRow> acts;
    for (const Row& row :
         TRY(reader_->query("SELECT number, at_ms, who, act, what FROM act WHERE number < :a"
                            " ORDER BY number DESC LIMIT :b",
                            "iittt", {end, static_cast<std::int64_t>(limit)}))) {
        acts.push_back(
            {integer(row[0]), integer(row[1]), text(row[2]), text(row[3]), text(row[4])});
    }
    return acts;
}

bool LicenceStore::has_room() const {
    const os::Instant now = clock_.now();
    if (!looked_at_ || now - *looked_at_ >= kRoomLookedAtEvery) {
        looked_at_ = now;
        const auto bytes = os::free_bytes(folder_);
        room_ = bytes && *bytes >= kRoomBytesMin;
    }
    return room_ && writer_->has_room();
}

Done LicenceStore::put(const core::LeaseRow& row) {
    if (row.taken || row.ended) {  // nothing else of it changes, and binding all takes longer
        return database_->run(kEndLease, {number_of(row.taken), number_of(row.ended),
                                          static_cast<std::int64_t>(row.number)});
    }
    return database_->run(
        kPutLease,
        {static_cast<std::int64_t>(row.number), static_cast<std::int64_t>(row.generation),
         row.request_id.to_text(), row.key, row.licence, row.seat, row.share, row.holder.instance,
         row.holder.program, row.holder.program_version, row.holder.user, row.holder.computer,
         row.holder.terminal_session, row.since_ms, number_of(row.taken), number_of(row.ended)});
}

Done LicenceStore::try_change(const Change& change) {
    for (const core::LeaseRow& row : change.leases.put) {
        TRY(put(row));
    }
    for (const std::uint64_t number : change.leases.forget) {
        TRY(database_->run(kForgetLease, {static_cast<std::int64_t>(number)}));
    }
    if (change.key) {
        TRY(database_->run(kPutKey, {change.key->serial, std::int64_t{change.key->enabled},
                                     change.key->code_key, change.key->request}));
    }
    if (change.value) {
        TRY(database_->run(kPutValue, {change.value->first, change.value->second}));
    }
    if (change.act) {
        const ActRow& act = *change.act;
        TRY(database_->run(kPutAct, {act.number, act.at_ms, act.who, act.act, act.what}));
        TRY(database_->run(kForgetActs, {act.number - kActsKeptMax}));
    }
    return {};
}

/// A number is never given twice, also if the lease that had it is forgotten: after a start they go
/// on behind all that were reserved. The record is one of the group whose leases it covers.
Done LicenceStore::reserve(std::uint64_t last_number) {
    if (last_number <= reserved_) {
        return {};
    }
    reserved_ = last_number + kNumbersReserved;
    return database_->run(kPutValue, {std::string(kLastNumber), std::to_string(reserved_)});
}

Done LicenceStore::try_group(const std::vector<Change>& group) {
    TRY(database_->begin());
    std::uint64_t last_number = 0;
    for (const Change& change : group) {
        TRY(try_change(change));
        last_number = std::max(last_number, change.leases.last_number);
    }
    TRY(reserve(last_number));
    return database_->commit();
}

void LicenceStore::write_group(const std::vector<Change>& group) {
    if (const auto done = try_group(group); !done) {
        logger_.error("the leases cannot be written; ending",
                      {{"error", base::to_text(done.error())}});
        std::_Exit(kExitStorageFailed);
    }
}

}  // namespace tillhost::licd::runtime
