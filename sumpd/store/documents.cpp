#include "sumpd/store/documents.h"

#include <optional>
#include <vector>

#include "hal/base/bytes.h"
#include "hal/os/digest.h"
#include "sumpd/core/put_rules.h"
#include "sumpd/core/seq_gaps.h"
#include "sumpd/exchange/json_codec.h"

namespace tillhost::sumpd::store {

using core::PutDeed;
using core::Stage;
using exchange::Outcome;

namespace {

/// A document with what was computed of it before the transaction began.
struct Ready {
    const exchange::Document* document = nullptr;
    std::string body{};
    std::string sha256{};
    std::string flags{};
};

std::optional<core::Known> known_under(Sql& sql, const std::string& doc_id) {
    const auto row =
        sql.first("SELECT sha256, state, error, received_ms FROM document WHERE doc_id = :a",
                  "titi", {doc_id});
    if (!row) {
        return std::nullopt;
    }
    return core::Known{.sha256 = text((*row)[0]),
                       .stage = static_cast<Stage>(integer((*row)[1])),
                       .error = text((*row)[2]),
                       .received_at = {.unix_ms = integer((*row)[3])}};
}

/// Puts the documents of one request, one behind the other.
class Putting final {
public:
    Putting(Sql& sql, std::string device, std::int64_t now_ms)
        : sql_(sql), device_(std::move(device)), now_ms_(now_ms) {
        last_seq_ = first_last_ =
            sql_.number("SELECT last_seq FROM device_seq WHERE device_id = :a", {device_});
        place_ = first_place_ = sql_.number("SELECT number FROM counter WHERE name = 'place'");
    }

    exchange::PutResult put(const Ready& one) {
        const auto known = known_under(sql_, one.document->doc_id.text);
        const bool taken = !known && sql_.number(
                                         "SELECT count(*) FROM document WHERE device_id = :a"
                                         " AND device_seq = :b",
                                         {device_, one.document->device_seq}) != 0;
        auto verdict = core::judge_put(*one.document, one.sha256, known, taken, {now_ms_, 0});
        if (verdict.deed == PutDeed::keep) {
            keep(one);
        } else if (verdict.deed == PutDeed::quarantine) {
            quarantine(one, verdict.result.error.value_or(""));
        }
        note_seq(one.document->device_seq);
        return verdict.result;
    }

    void finish() {
        if (place_ != first_place_) {
            sql_.run("UPDATE counter SET number = :a WHERE name = 'place'", {place_});
        }
        if (last_seq_ != first_last_) {
            sql_.run(
                "INSERT INTO device_seq VALUES (:a, :b) ON CONFLICT (device_id)"
                " DO UPDATE SET last_seq = excluded.last_seq",
                {device_, last_seq_});
        }
    }

    std::vector<exchange::SeqRange> missing() {
        std::vector<exchange::SeqRange> ranges;
        for (const Row& row :
             sql_.query("SELECT from_seq, to_seq FROM seq_gap"
                        " WHERE device_id = :a ORDER BY from_seq LIMIT :b",
                        "ii", {device_, std::int64_t{exchange::kMissingRangesMax}})) {
            ranges.push_back({integer(row[0]), integer(row[1])});
        }
        return ranges;
    }

private:
    void keep(const Ready& one) {
        const exchange::Document& document = *one.document;
        const std::string supersedes = document.supersedes ? document.supersedes->text : "";
        sql_.run(
            "INSERT INTO document (doc_id, place, device_id, device_seq, kind, schema_version,"
            " user_id, created_ms, received_ms, sha256, body, state, waiting, due_ms, message_no,"
            " error, erp_ref, erp_number, supersedes, flags) VALUES (:a, :b, :c, :d, :e, :f, :g,"
            " :h, :i, :j, :k, :l, 1, 0, 0, '', '', '', :m, :n)",
            {document.doc_id.text, ++place_, device_, document.device_seq,
             std::string(exchange::document_kinds()[document.body.index()]),
             document.schema_version, document.user_id, document.created_at.unix_ms, now_ms_,
             one.sha256, one.body, static_cast<std::int64_t>(Stage::stored), supersedes,
             one.flags});
        if (!supersedes.empty()) {
            sql_.run("UPDATE document SET state = :a WHERE doc_id = :b AND state = :c",
                     {static_cast<std::int64_t>(Stage::superseded), supersedes,
                      static_cast<std::int64_t>(Stage::rejected)});
        }
    }

    void quarantine(const Ready& one, const std::string& reason) {
        const std::int64_t kept =
            sql_.number("SELECT count(*) FROM document_quarantine WHERE device_id = :a", {device_});
        if (kept < kQuarantinePerDeviceMax) {
            sql_.run(
                "INSERT INTO document_quarantine VALUES (:a, :b, :c, :d, :e, :f, :g, '')"
                " ON CONFLICT (doc_id, sha256) DO NOTHING",
                {one.document->doc_id.text, one.sha256, device_, one.document->device_seq, one.body,
                 reason, now_ms_});
        }
    }

    /// Also of what was not kept: the number was used, and asking for it again would help nobody.
    void note_seq(std::int64_t seq) {
        std::optional<exchange::SeqRange> around;
        if (seq <= last_seq_) {
            const auto row = sql_.first(
                "SELECT from_seq, to_seq FROM seq_gap WHERE device_id = :a"
                " AND from_seq <= :b AND to_seq >= :c",
                "ii", {device_, seq, seq});
            if (!row) {
                return;
            }
            around = exchange::SeqRange{integer((*row)[0]), integer((*row)[1])};
        }
        const core::GapChange change = core::with_seq(last_seq_, around, seq);
        if (change.removed) {
            sql_.run("DELETE FROM seq_gap WHERE device_id = :a AND from_seq = :b",
                     {device_, change.removed->from});
        }
        for (const exchange::SeqRange& range : change.added) {
            sql_.run("INSERT INTO seq_gap VALUES (:a, :b, :c, :d)",
                     {device_, range.from, range.to, now_ms_});
        }
        last_seq_ = change.last;
    }

    Sql& sql_;
    const std::string device_;
    const std::int64_t now_ms_;
    std::int64_t first_last_ = 0;
    std::int64_t last_seq_ = 0;
    std::int64_t first_place_ = 0;
    std::int64_t place_ = 0;
};

exchange::DocumentStatus status_of(Sql& sql, const exchange::Uuid& doc_id) {
    exchange::DocumentStatus status{.doc_id = doc_id, .state = exchange::DocumentState::unknown};
    const auto row = sql.first("SELECT state, error, erp_number FROM document WHERE doc_id = :a",
                               "itt", {doc_id.text});
    if (!row) {
        return status;
    }
    status.state = core::state_of(static_cast<Stage>(integer((*row)[0])));
    if (!text((*row)[1]).empty()) {
        status.error = text((*row)[1]);
    }
    if (!text((*row)[2]).empty()) {
        status.erp_number = text((*row)[2]);
    }
    return status;
}

}  // namespace

Outcome<exchange::PutDocumentsResponse> Documents::put(const AskingDevice& device,
                                                       const exchange::PutDocuments& request,
                                                       const std::vector<std::string>& flags) {
    std::vector<Ready> ready;
    for (const exchange::Document& document : request.documents) {
        Ready& one = ready.emplace_back();
        one.flags = ready.size() <= flags.size() ? flags[ready.size() - 1] : "";
        one.document = &document;
        one.body = exchange::to_json(document);
        one.sha256 = os::sha256_hex(base::bytes_of(one.body));
    }
    const std::int64_t now_ms = clock_.unix_ms();
    return transactions_.run<exchange::PutDocumentsResponse>(
        [&](Sql& sql) -> Outcome<exchange::PutDocumentsResponse> {
            exchange::PutDocumentsResponse response;
            Putting putting(sql, device.id.text, now_ms);
            for (const Ready& one : ready) {
                response.results.push_back(putting.put(one));
            }
            putting.finish();
            response.missing_seq = putting.missing();
            return response;
        });
}

Outcome<exchange::GetDocumentStatusResponse> Documents::status(
    const exchange::GetDocumentStatus& request) {
    return transactions_.read<exchange::GetDocumentStatusResponse>(
        [&](Sql& sql) -> Outcome<exchange::GetDocumentStatusResponse> {
            exchange::GetDocumentStatusResponse response;
            for (const exchange::Uuid& doc_id : request.doc_ids) {
                response.results.push_back(status_of(sql, doc_id));
            }
            return response;
        });
}

}  // namespace tillhost::sumpd::store
