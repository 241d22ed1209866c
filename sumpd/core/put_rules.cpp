#include "sumpd/core/put_rules.h"

#include <fmt/format.h>

namespace tillhost::sumpd::core {

using exchange::PutStatus;

namespace {

PutVerdict of_known(const exchange::Document& document, const std::string& sha256,
                    const Known& known) {
    PutVerdict verdict;
    verdict.result = {.doc_id = document.doc_id, .received_at = known.received_at};
    if (known.sha256 != sha256) {
        verdict.deed = PutDeed::quarantine;
        verdict.result.status = PutStatus::conflict;
        verdict.result.error = "another document is stored under this DocId; it stays";
    } else if (known.stage == Stage::rejected || known.stage == Stage::superseded) {
        verdict.result.status = PutStatus::rejected;
        verdict.result.error =
            known.error.empty() ? "rejected by the accounting system" : known.error;
    } else {
        verdict.result.status = PutStatus::duplicate;
    }
    return verdict;
}

}  // namespace

PutVerdict judge_put(const exchange::Document& document, const std::string& sha256,
                     const std::optional<Known>& same_id, bool seq_taken, exchange::Moment now) {
    if (same_id) {
        return of_known(document, sha256, *same_id);
    }
    PutVerdict verdict;
    verdict.result.doc_id = document.doc_id;
    if (seq_taken) {
        verdict.deed = PutDeed::quarantine;
        verdict.result.status = PutStatus::conflict;
        verdict.result.error =
            fmt::format("DeviceSeq {} is another document's", document.device_seq);
        return verdict;
    }
    verdict.deed = PutDeed::keep;
    verdict.result.status = PutStatus::stored;
    verdict.result.received_at = now;
    return verdict;
}

exchange::DocumentState state_of(Stage stage) {
    switch (stage) {
        case Stage::stored: return exchange::DocumentState::stored;
        case Stage::in_message: return exchange::DocumentState::sent;
        case Stage::accepted: return exchange::DocumentState::accepted;
        case Stage::rejected:
        case Stage::superseded: return exchange::DocumentState::rejected;
        case Stage::deferred: return exchange::DocumentState::deferred;
    }
    return exchange::DocumentState::unknown;
}

Stage stage_of(exchange::Verdict verdict) {
    switch (verdict) {
        case exchange::Verdict::rejected: return Stage::rejected;
        case exchange::Verdict::deferred: return Stage::deferred;
        case exchange::Verdict::accepted:
        case exchange::Verdict::unspecified: break;
    }
    return Stage::accepted;
}

bool takes_verdict(Stage now) { return now != Stage::stored && now != Stage::superseded; }

}  // namespace tillhost::sumpd::core
