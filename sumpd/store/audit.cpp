#include "sumpd/store/audit.h"

#include <algorithm>

#include "hal/base/bytes.h"
#include "hal/os/digest.h"
#include "sumpd/exchange/json_codec.h"

namespace tillhost::sumpd::store {

using exchange::FieldVisitor;
using exchange::Outcome;

namespace {

const std::string kNoHash(64, '0');

/// What the hash is made of.
struct Record {
    std::int64_t at_ms = 0;
    Act act{};
};

void fields(FieldVisitor& v, Record& x) {
    constexpr exchange::Length kText{0, kActTextMax};
    v.value("At", x.at_ms, {0, INT64_MAX});
    v.value("Actor", x.act.actor, kText);
    v.value("Address", x.act.address, kText);
    v.value("Action", x.act.action, kText);
    v.value("Target", x.act.target, kText);
    v.value("Before", x.act.before, kText);
    v.value("After", x.act.after, kText);
}

/// At most so many bytes, and no half character at the end.
std::string cut(std::string text) {
    std::size_t end = std::min(text.size(), kActTextMax);
    while (end < text.size() && end > 0 &&
           (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) {
        --end;
    }
    text.resize(end);
    return text;
}

std::string text_of(std::int64_t at_ms, const Act& act) {
    return exchange::to_json(Record{.at_ms = at_ms,
                                    .act = {.actor = cut(act.actor),
                                            .address = cut(act.address),
                                            .action = cut(act.action),
                                            .target = cut(act.target),
                                            .before = cut(act.before),
                                            .after = cut(act.after)}});
}

std::string hash_of(const std::string& former, const std::string& text) {
    return os::sha256_hex(base::bytes_of(former + "\n" + text));
}

ActRow row_from(const Row& row) {
    ActRow told{.number = integer(row[0]), .text = text(row[1]), .hash = text(row[2])};
    if (auto record = exchange::from_json<Record>(told.text)) {
        told.at_ms = record->at_ms;
        told.act = std::move(record->act);
    }
    return told;
}

}  // namespace

void Audit::note(Sql& sql, const Act& act) const {
    const auto newest =
        sql.first("SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1", "it");
    const std::string record = text_of(clock_.unix_ms(), act);
    sql.run("INSERT INTO audit VALUES (:a, :b, :c)",
            {newest ? integer((*newest)[0]) + 1 : 1, record,
             hash_of(newest ? text((*newest)[1]) : kNoHash, record)});
}

Outcome<bool> Audit::note(const Act& act) {
    return transactions_.run<bool>(
        [&](Sql& sql) -> Outcome<bool> {
            note(sql, act);
            return true;
        },
        Need::nothing);
}

Outcome<std::vector<ActRow>> Audit::page(std::int64_t before, std::size_t limit) {
    const auto most = static_cast<std::int64_t>(std::min(limit, kActsPageMax));
    return transactions_.read<std::vector<ActRow>>([&](Sql& sql) -> Outcome<std::vector<ActRow>> {
        std::vector<ActRow> rows;
        for (const Row& row : sql.query("SELECT number, text, hash FROM audit WHERE number < :a"
                                        " ORDER BY number DESC LIMIT :b",
                                        "itt", {before > 0 ? before : INT64_MAX, most})) {
            rows.push_back(row_from(row));
        }
        return rows;
    });
}

std::vector<ActRow> Audit::behind(Sql& sql, std::int64_t after) {
    std::vector<ActRow> rows;
    for (const Row& row : sql.query(
             "SELECT number, text, hash FROM audit WHERE number > :a ORDER BY number LIMIT :b",
             "itt", {after, static_cast<std::int64_t>(kActsPageMax)})) {
        rows.push_back(row_from(row));
    }
    return rows;
}

Outcome<Audit::Check> Audit::verify() {
    return transactions_.read<Check>([](Sql& sql) -> Outcome<Check> { return verify(sql); });
}

Audit::Check Audit::verify(Sql& sql) {
    Check check{.newest_hash = kNoHash};
    for (;;) {
        const auto rows = behind(sql, check.records);
        for (const ActRow& row : rows) {
            const bool fits =
                row.number == check.records + 1 && hash_of(check.newest_hash, row.text) == row.hash;
            if (!fits) {
                check.first_wrong = check.records + 1;
                return check;
            }
            ++check.records;
            check.newest_hash = row.hash;
        }
        if (rows.empty()) {
            return check;
        }
    }
}

}  // namespace tillhost::sumpd::store
