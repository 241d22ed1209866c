#include "sumpd/store/document_rows.h"

#include <fmt/format.h>

#include "hal/base/bytes.h"
#include "hal/os/digest.h"
#include "sumpd/exchange/json_codec.h"

namespace tillhost::sumpd::store {

using core::Stage;

namespace {

std::string kind_of(const exchange::Document& document) {
    return std::string(exchange::document_kinds()[document.body.index()]);
}

}  // namespace

ReadyDocument ready_of(const exchange::Document& document) {
    ReadyDocument ready{.document = &document, .body = exchange::to_json(document)};
    ready.sha256 = os::sha256_hex(base::bytes_of(ready.body));
    return ready;
}

std::optional<core::Known> known_under(Sql& sql, const std::string& doc_id) {
    auto row = sql.first("SELECT sha256, state, error, received_ms FROM document WHERE doc_id = :a",
                         "titi", {doc_id});
    if (!row) {
        row = sql.first(
            "SELECT sha256, state, error, received_ms FROM document_known WHERE doc_id = :a",
            "titi", {doc_id});
    }
    if (!row) {
        return std::nullopt;
    }
    return core::Known{.sha256 = text((*row)[0]),
                       .stage = static_cast<Stage>(integer((*row)[1])),
                       .error = text((*row)[2]),
                       .received_at = {.unix_ms = integer((*row)[3])}};
}

void insert_document(Sql& sql, const NewDocument& made) {
    const exchange::Document& document = *made.ready.document;
    const std::string supersedes = document.supersedes ? document.supersedes->text : "";
    sql.run(
        "INSERT INTO document (doc_id, place, device_id, device_seq, kind, schema_version,"
        " user_id, created_ms, received_ms, sha256, body, state, waiting, due_ms, message_no,"
        " error, erp_ref, erp_number, supersedes)"
        " VALUES (:a, :b, :c, :d, :e, :f, :g, :h, :i, :j, :k, :l, 1, 0, 0, '', '', '', :m)",
        {document.doc_id.text, made.place, made.device_id, made.device_seq, kind_of(document),
         document.schema_version, document.user_id, document.created_at.unix_ms, made.received_ms,
         made.ready.sha256, made.ready.body, static_cast<std::int64_t>(Stage::stored), supersedes});
    if (!supersedes.empty()) {
        for (const char* table : {"document", "document_known"}) {
            sql.run(fmt::format("UPDATE {} SET state = :a WHERE doc_id = :b AND state = :c", table),
                    {static_cast<std::int64_t>(Stage::superseded), supersedes,
                     static_cast<std::int64_t>(Stage::rejected)});
        }
    }
}

void insert_quarantine(Sql& sql, const ReadyDocument& ready, const std::string& device_id,
                       const std::string& words, bool is_rescued, std::int64_t now_ms) {
    sql.run(
        "INSERT INTO document_quarantine (doc_id, sha256, device_id, device_seq, body, reason,"
        " at_ms, resolved_by, kind, rescued) VALUES (:a, :b, :c, :d, :e, :f, :g, '', :h, :i)"
        " ON CONFLICT (doc_id, sha256) DO NOTHING",
        {ready.document->doc_id.text, ready.sha256, device_id, ready.document->device_seq,
         ready.body, words, now_ms, kind_of(*ready.document),
         static_cast<std::int64_t>(is_rescued ? 1 : 0)});
}

}  // namespace tillhost::sumpd::store
