#include "sumpd/store/documents.h"

#include <optional>
#include <vector>

#include "sumpd/core/put_rules.h"
#include "sumpd/store/device_seqs.h"
#include "sumpd/store/document_rows.h"
#include "sumpd/store/task_locks.h"

namespace tillhost::sumpd::store {

using core::PutDeed;
using exchange::Outcome;

namespace {

/// Puts the documents of one request, one behind the other.
class Putting final {
public:
    Putting(Sql& sql, std::string device, std::int64_t now_ms)
        : sql_(sql), device_(std::move(device)), now_ms_(now_ms), seqs_(sql, device_, now_ms) {
        place_ = first_place_ = sql_.number("SELECT number FROM counter WHERE name = 'place'");
    }

    exchange::PutResult put(const ReadyDocument& one) {
        const auto known = known_under(sql_, one.document->doc_id.text);
        const bool taken = !known && seqs_.is_taken(one.document->device_seq);
        auto verdict = core::judge_put(*one.document, one.sha256, known, taken, {now_ms_, 0});
        if (verdict.deed == PutDeed::keep) {
            keep(one);
        } else if (verdict.deed == PutDeed::quarantine) {
            quarantine(one, verdict.result);
        }
        seqs_.note(one.document->device_seq);
        return verdict.result;
    }

    void finish() {
        if (place_ != first_place_) {
            sql_.run("UPDATE counter SET number = :a WHERE name = 'place'", {place_});
        }
        seqs_.finish();
    }

    std::vector<exchange::SeqRange> missing() { return seqs_.missing(); }

private:
    void keep(const ReadyDocument& one) {
        insert_document(sql_, {.ready = one,
                               .device_id = device_,
                               .device_seq = one.document->device_seq,
                               .place = ++place_,
                               .received_ms = now_ms_});
        // It was rescued, and its device was enrolled anew before anybody has decided.
        sql_.run(
            "UPDATE document_quarantine SET resolved_by = 'device' WHERE doc_id = :a"
            " AND sha256 = :b AND resolved_by = ''",
            {one.document->doc_id.text, one.sha256});
        if (const auto* result = std::get_if<exchange::TaskResult>(&one.document->body)) {
            note_unlocked(sql_, one.document->doc_id.text, result->task_id, device_, now_ms_);
        }
    }

    /// What is not kept is nowhere but at the app, which must keep it then.
    void quarantine(const ReadyDocument& one, exchange::PutResult& result) {
        const std::int64_t waiting = sql_.number(
            "SELECT count(*) FROM document_quarantine WHERE device_id = :a AND rescued = 0"
            " AND resolved_by = ''",
            {device_});
        if (waiting < kQuarantinePerDeviceMax) {
            insert_quarantine(sql_, one, device_, result.error.value_or(""), false, now_ms_);
            return;
        }
        const bool is_aside = sql_.number(
                                  "SELECT count(*) FROM document_quarantine WHERE doc_id = :a"
                                  " AND sha256 = :b",
                                  {one.document->doc_id.text, one.sha256}) != 0;
        if (!is_aside) {
            result = {.doc_id = result.doc_id,
                      .status = exchange::PutStatus::retry,
                      .error = "too many conflicts of this device wait for a decision"};
        }
    }

    Sql& sql_;
    const std::string device_;
    const std::int64_t now_ms_;
    DeviceSeqs seqs_;
    std::int64_t first_place_ = 0;
    std::int64_t place_ = 0;
};

/// One that is aside is here, too: its app must not think that it is lost.
bool is_aside(Sql& sql, const std::string& doc_id) {
    return sql.number(
               "SELECT count(*) FROM document_quarantine WHERE doc_id = :a AND rescued = 1"
               " AND resolved_by = ''",
               {doc_id}) != 0;
}

exchange::DocumentStatus status_of(Sql& sql, const exchange::Uuid& doc_id) {
    exchange::DocumentStatus status{.doc_id = doc_id, .state = exchange::DocumentState::unknown};
    auto row = sql.first("SELECT state, error, erp_number FROM document WHERE doc_id = :a", "itt",
                         {doc_id.text});
    if (!row) {
        row = sql.first("SELECT state, error, erp_number FROM document_known WHERE doc_id = :a",
                        "itt", {doc_id.text});
    }
    if (!row) {
        if (is_aside(sql, doc_id.text)) {
            status.state = exchange::DocumentState::stored;
        }
        return status;
    }
    status.state = core::state_of(static_cast<core::Stage>(integer((*row)[0])));
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
    std::vector<ReadyDocument> ready;
    for (const exchange::Document& document : request.documents) {
        ready.push_back(ready_of(document));
        ready.back().flags = ready.size() <= flags.size() ? flags[ready.size() - 1] : "";
    }
    const std::int64_t now_ms = clock_.unix_ms();
    return transactions_.run<exchange::PutDocumentsResponse>(
        [&](Sql& sql) -> Outcome<exchange::PutDocumentsResponse> {
            exchange::PutDocumentsResponse response;
            Putting putting(sql, device.id.text, now_ms);
            for (const ReadyDocument& one : ready) {
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
