#include "sumpd/store/quarantine.h"

#include <fmt/format.h>

#include "sumpd/exchange/json_codec.h"
#include "sumpd/store/device_seqs.h"
#include "sumpd/store/document_rows.h"

namespace tillhost::sumpd::store {

using exchange::Empty;
using exchange::FaultCode;
using exchange::Outcome;
using exchange::PutResult;
using exchange::PutStatus;
using exchange::refuse;

namespace {

/// Of a body that an administrator does not want; no login has a blank.
constexpr auto kDiscarded = "discarded by ";
constexpr auto kRescuedWords = "the device was revoked";

std::optional<Row> waiting_row(Sql& sql, const std::string& doc_id, const std::string& sha256) {
    return sql.first(
        "SELECT device_id, device_seq, body, at_ms FROM document_quarantine WHERE doc_id = :a"
        " AND sha256 = :b AND resolved_by = ''",
        "titi", {doc_id, sha256});
}

void resolve(Sql& sql, const std::string& doc_id, const std::string& sha256,
             const std::string& by) {
    sql.run("UPDATE document_quarantine SET resolved_by = :a WHERE doc_id = :b AND sha256 = :c",
            {by, doc_id, sha256});
}

tl::unexpected<exchange::Fault> none_waits(const std::string& doc_id) {
    return refuse(FaultCode::not_found, fmt::format("no document {} waits aside", doc_id));
}

/// Takes documents of one revoked device.
class Rescuing final {
public:
    Rescuing(Sql& sql, std::string device, std::int64_t now_ms)
        : sql_(sql), device_(std::move(device)), now_ms_(now_ms) {
        waiting_ = sql_.number(
            "SELECT count(*) FROM document_quarantine WHERE device_id = :a AND rescued = 1"
            " AND resolved_by = ''",
            {device_});
    }

    PutResult take(const ReadyDocument& one) {
        PutResult result{.doc_id = one.document->doc_id};
        if (const auto known = known_under(sql_, one.document->doc_id.text)) {
            return of_known(one, *known);
        }
        const auto aside = sql_.first(
            "SELECT at_ms, resolved_by FROM document_quarantine WHERE doc_id = :a"
            " AND sha256 = :b",
            "it", {one.document->doc_id.text, one.sha256});
        if (aside && !text((*aside)[1]).empty()) {
            result.status = PutStatus::rejected;
            result.error = "an administrator has discarded it";
        } else if (aside) {
            result.status = PutStatus::duplicate;
            result.received_at = exchange::Moment{integer((*aside)[0]), 0};
        } else if (waiting_ >= kRescuedPerDeviceMax) {
            result = too_many(one);
        } else {
            ++waiting_;
            insert_quarantine(sql_, one, device_, kRescuedWords, true, now_ms_);
            result.status = PutStatus::stored;
            result.received_at = exchange::Moment{now_ms_, 0};
        }
        return result;
    }

private:
    PutResult of_known(const ReadyDocument& one, const core::Known& known) {
        const auto verdict = core::judge_put(*one.document, one.sha256, known, false, {now_ms_, 0});
        if (verdict.deed != core::PutDeed::quarantine || is_aside(one)) {
            return verdict.result;
        }
        if (waiting_ >= kRescuedPerDeviceMax) {
            return too_many(one);
        }
        ++waiting_;
        insert_quarantine(sql_, one, device_, verdict.result.error.value_or(""), true, now_ms_);
        return verdict.result;
    }

    bool is_aside(const ReadyDocument& one) {
        return sql_.number(
                   "SELECT count(*) FROM document_quarantine WHERE doc_id = :a AND sha256 = :b",
                   {one.document->doc_id.text, one.sha256}) != 0;
    }

    /// Its body is nowhere but at the device, which must keep it.
    static PutResult too_many(const ReadyDocument& one) {
        return {.doc_id = one.document->doc_id,
                .status = PutStatus::retry,
                .error = "too many documents of this device wait for a decision"};
    }

    Sql& sql_;
    const std::string device_;
    const std::int64_t now_ms_;
    std::int64_t waiting_ = 0;
};

/// A document that stood aside becomes one like others.
void make_document(Sql& sql, const Row& aside, const ReadyDocument& ready, std::int64_t now_ms) {
    const std::string device_id = text(aside[0]);
    const std::int64_t place = sql.number("SELECT number FROM counter WHERE name = 'place'") + 1;
    DeviceSeqs seqs(sql, device_id, now_ms);
    // Where its number is another document's, the column has one that no device can give; the body
    // keeps its own.
    const bool is_taken = seqs.is_taken(integer(aside[1]));
    insert_document(sql, {.ready = ready,
                          .device_id = device_id,
                          .device_seq = is_taken ? -place : integer(aside[1]),
                          .place = place,
                          .received_ms = integer(aside[3])});
    sql.run("UPDATE counter SET number = :a WHERE name = 'place'", {place});
    seqs.note(integer(aside[1]));
    seqs.finish();
}

}  // namespace

Outcome<exchange::PutDocumentsResponse> Quarantine::rescue(const AskingDevice& device,
                                                           const exchange::PutDocuments& request) {
    std::vector<ReadyDocument> ready;
    for (const exchange::Document& document : request.documents) {
        ready.push_back(ready_of(document));
    }
    const std::int64_t now_ms = clock_.unix_ms();
    return transactions_.run<exchange::PutDocumentsResponse>(
        [&](Sql& sql) -> Outcome<exchange::PutDocumentsResponse> {
            exchange::PutDocumentsResponse response;
            Rescuing rescuing(sql, device.id.text, now_ms);
            for (const ReadyDocument& one : ready) {
                response.results.push_back(rescuing.take(one));
            }
            return response;
        });
}

Outcome<std::vector<QuarantineRow>> Quarantine::waiting(const QuarantinePlace& after,
                                                        std::size_t limit) {
    using Rows = std::vector<QuarantineRow>;
    const auto most = static_cast<std::int64_t>(std::min(limit, kQuarantinePageMax));
    return transactions_.read<Rows>([&](Sql& sql) -> Outcome<Rows> {
        Rows rows;
        for (const Row& row : sql.query(
                 "SELECT doc_id, sha256, device_id, device_seq, kind, body, rescued, reason, at_ms"
                 " FROM document_quarantine WHERE resolved_by = '' AND (doc_id > :a"
                 " OR (doc_id = :b AND sha256 > :c)) ORDER BY doc_id, sha256 LIMIT :d",
                 "tttittiti", {after.doc_id, after.doc_id, after.sha256, most})) {
            rows.push_back({.place = {.doc_id = text(row[0]), .sha256 = text(row[1])},
                            .device_id = text(row[2]),
                            .device_seq = integer(row[3]),
                            .kind = text(row[4]),
                            .body = text(row[5]),
                            .reason = integer(row[6]) != 0 ? QuarantineReason::rescued
                                                           : QuarantineReason::conflict,
                            .words = text(row[7]),
                            .at_ms = integer(row[8])});
        }
        return rows;
    });
}

Outcome<Empty> Quarantine::admit(const QuarantinePlace& which, const std::string& login,
                                 const std::string& address) {
    const std::int64_t now_ms = clock_.unix_ms();
    return transactions_.run<Empty>([&](Sql& sql) -> Outcome<Empty> {
        const auto aside = waiting_row(sql, which.doc_id, which.sha256);
        if (!aside) {
            return none_waits(which.doc_id);
        }
        const auto document =
            exchange::from_json<exchange::Document>(text((*aside)[2]), exchange::kAnswerBounds);
        if (!document) {
            return refuse(FaultCode::internal, fmt::format("document {} cannot be read back: {}",
                                                           which.doc_id, document.error().message));
        }
        if (known_under(sql, which.doc_id)) {
            return refuse(
                FaultCode::doc_conflict,
                fmt::format("another document {} is stored already; it stays", which.doc_id));
        }
        make_document(sql, *aside, ready_of(*document), now_ms);
        resolve(sql, which.doc_id, which.sha256, login);
        audit_.note(sql, {.actor = login,
                          .address = address,
                          .action = "document.admit",
                          .target = which.doc_id,
                          .after = which.sha256});
        return Empty{};
    });
}

Outcome<Empty> Quarantine::discard(const QuarantinePlace& which, const std::string& login,
                                   const std::string& address) {
    return transactions_.run<Empty>(
        [&](Sql& sql) -> Outcome<Empty> {
            if (!waiting_row(sql, which.doc_id, which.sha256)) {
                return none_waits(which.doc_id);
            }
            resolve(sql, which.doc_id, which.sha256, kDiscarded + login);
            audit_.note(sql, {.actor = login,
                              .address = address,
                              .action = "document.discard",
                              .target = which.doc_id,
                              .before = which.sha256});
            return Empty{};
        },
        Need::nothing);
}

}  // namespace tillhost::sumpd::store
