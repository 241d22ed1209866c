#include "hal/drivers/fiscal/shtrih/resolve.h"

#include <fmt/format.h>

#include <algorithm>

#include "hal/base/money.h"
#include "hal/drivers/fiscal/shtrih/frames.h"
#include "hal/drivers/fiscal/shtrih/frames_numbered.h"
#include "hal/drivers/fiscal/shtrih/marking.h"
#include "ipc/contract/receipt_rules.h"

namespace tillhost::drivers::shtrih {
namespace {

using base::Bytes;
using contract::FiscalMarker;
using contract::FiscalResult;
using contract::Verdict;

constexpr int kRubleDecimals = 2;

/// What the storage holds if the operation was carried out.
struct Expected {
    std::uint8_t type = FoundDocument::kReceipt;
    /// Whose good answer proves it: the closing frame of the kind, of either data format.
    std::vector<Command> closing{Command::close_document};
    contract::ReceiptKind kind = contract::ReceiptKind::unspecified;
    contract::ReceiptTotals totals{};
    std::int64_t shift = 0;
    bool electronic_only = false;

    bool is_receipt() const {
        return type == FoundDocument::kReceipt || type == FoundDocument::kCorrection;
    }
};

std::optional<Expected> expected_receipt(const contract::Receipt& receipt,
                                         const FiscalMarker& marker) {
    const auto totals = contract::check_receipt(receipt);
    if (!totals) {
        return std::nullopt;
    }
    Expected expected;
    expected.kind = receipt.kind;
    expected.totals = *totals;
    expected.shift = marker.shift_number;
    expected.electronic_only = receipt.electronic_only;
    return expected;
}

/// Nothing for commands that leave no document.
std::optional<Expected> expected_of(const contract::Command& command, const FiscalMarker& marker) {
    if (const auto* receipt = std::get_if<contract::Receipt>(&command)) {
        return expected_receipt(*receipt, marker);
    }
    if (const auto* correction = std::get_if<contract::Correction>(&command)) {
        auto expected = expected_receipt(correction->receipt, marker);
        if (expected) {
            expected->type = FoundDocument::kCorrection;
            expected->closing = {Command::correction, Command::close_document};
        }
        return expected;
    }
    Expected expected;
    if (std::holds_alternative<contract::OpenShift>(command)) {
        expected.closing = {Command::open_shift};
        expected.type = FoundDocument::kShiftOpening;
        expected.shift = marker.shift_number + 1;
        return expected;
    }
    if (std::holds_alternative<contract::CloseShift>(command)) {
        expected.closing = {Command::z_report};
        expected.type = FoundDocument::kShiftClosing;
        expected.shift = marker.shift_number;
        return expected;
    }
    return std::nullopt;
}

constexpr std::string_view kNumberSource = "frame_number";
constexpr std::string_view kAnswerSource = "pending_answer";

/// Whether an irreversible frame of this operation had this number.
bool is_own_number(const contract::Pending& pending, std::uint16_t number) {
    const contract::Evidence noted = evidence_of_number(number);
    return std::get<FiscalMarker>(pending.marker).frame_number == number ||
           std::find(pending.evidence.begin(), pending.evidence.end(), noted) !=
               pending.evidence.end();
}

/// On the numbered layer the device keeps its last answer for ever, so that somebody else's may
/// have been found; the number tells.
bool is_of_another(const contract::Pending& pending, const Bytes& frame) {
    const auto numbered = decode_numbered(frame);
    return numbered && (numbered->is_ping() || !is_own_number(pending, *numbered->number));
}

/// The bodies of kept answers to that command which say "carried out".
std::vector<Bytes> good_answers(const contract::Pending& pending, Command command) {
    std::vector<Bytes> bodies;
    for (const contract::Evidence& evidence : pending.evidence) {
        const auto message = message_of(evidence.payload);
        if (evidence.source == kMarkingEvidence || !message || !is_answer_to(command, *message) ||
            is_of_another(pending, evidence.payload)) {
            continue;
        }
        const auto answer = split_answer(command, *message);
        if (answer && answer->error == 0) {
            bodies.emplace_back(answer->body.begin(), answer->body.end());
        }
    }
    return bodies;
}

/// The kept answer to closing that names a document after the marker's last.
std::optional<ClosedDocument> kept_closing(const contract::Pending& pending,
                                           const FiscalMarker& marker, const Expected& expected) {
    for (const Command closing : expected.closing) {
        for (const Bytes& body : good_answers(pending, closing)) {
            const auto closed = closing == Command::correction ? read_closed_correction(body)
                                                               : read_closed_document(body);
            if (closed && closed->number > marker.last_document_number) {
                return *closed;
            }
        }
    }
    return std::nullopt;
}

bool is_receipt(const FoundDocument& document) {
    return document.type == FoundDocument::kReceipt || document.type == FoundDocument::kCorrection;
}

std::string describe(const FoundDocument& document) {
    if (is_receipt(document)) {
        return fmt::format("document {}: {}, operation {}, total {}", document.number,
                           document.type == FoundDocument::kReceipt ? "receipt" : "correction",
                           document.operation,
                           base::minor_to_text(document.sum_minor, kRubleDecimals));
    }
    return fmt::format("document {}: type {}, shift {}", document.number, document.type,
                       document.shift);
}

bool fits(const FoundDocument& document, const Expected& expected) {
    if (document.type != expected.type) {
        return false;
    }
    if (is_receipt(document)) {
        return document.operation == static_cast<std::uint8_t>(expected.kind) &&
               document.sum_minor == expected.totals.total_minor;
    }
    return document.shift == expected.shift;
}

/// Receipt's number in the shift: one more than the marker's, and one for each that came between.
std::int64_t receipt_number(const FoundDocument& document, const FiscalMarker& marker,
                            const Observed& observed) {
    std::int64_t number = marker.receipt_number;
    for (const FoundDocument& each : observed.later) {
        number += is_receipt(each) && each.number <= document.number ? 1 : 0;
    }
    return number;
}

FiscalResult result_of(const FoundDocument& document, const Expected& expected,
                       const FiscalMarker& marker, const Observed& observed) {
    const bool receipt = is_receipt(document);
    const bool newest = document.number == observed.storage.last_document;
    FiscalResult result;
    result.registered = true;
    result.printed = newest ? printed_of(observed.status) : contract::Printed::printed;
    if (expected.electronic_only) {
        result.printed = contract::Printed::not_printed;
    }
    result.fiscal_document_number = document.number;
    result.fiscal_sign = document.sign;
    result.shift_number = receipt ? marker.shift_number : document.shift;
    result.receipt_number = receipt ? receipt_number(document, marker, observed) : 0;
    result.total_minor = receipt ? document.sum_minor : 0;
    result.change_minor = expected.totals.change_minor;
    result.registered_at = to_text(document.time);
    result.serial = observed.identity.serial;
    result.fiscal_memory = observed.identity.fiscal_memory;
    return result;
}

/// What proves that the operation was carried out, though others may have used the device too.
struct Proof {
    std::optional<ClosedDocument> closed;  ///< names the document
    bool shift_done = false;               ///< a shift's answer names none; its number is unique

    explicit operator bool() const { return closed || shift_done; }
};

/// The document that must be the operation's own, if it is any.
const FoundDocument* candidate(const Expected& expected, const Proof& proof,
                               const std::vector<FoundDocument>& later) {
    const auto found = std::find_if(later.begin(), later.end(), [&](const FoundDocument& document) {
        if (proof.closed) {
            return document.number == proof.closed->number;
        }
        return proof.shift_done ? fits(document, expected) : true;
    });
    return found == later.end() ? nullptr : &*found;
}

Judgement judge_document(const contract::Pending& pending, const FiscalMarker& marker,
                         const Expected& expected, const Observed& observed) {
    const std::int64_t moved =
        std::int64_t{observed.storage.last_document} - marker.last_document_number;
    Proof proof;
    if (expected.is_receipt()) {
        proof.closed = kept_closing(pending, marker, expected);
    } else {
        proof.shift_done = !good_answers(pending, expected.closing.front()).empty();
    }
    Judgement judgement;
    judgement.reason = fmt::format("last document {} before, {} now", marker.last_document_number,
                                   observed.storage.last_document);
    if (moved == 0 && !proof) {
        judgement.verdict = Verdict::not_executed;
        return judgement;
    }
    if (moved <= 0) {
        judgement.reason += ": the storage has lost documents";
        return judgement;
    }
    const FoundDocument* document = candidate(expected, proof, observed.later);
    if (document == nullptr) {
        judgement.reason += ": the document cannot be found";
        return judgement;
    }
    judgement.reason += "; " + describe(*document);
    if (!fits(*document, expected)) {
        judgement.reason += ", which is not what was asked: somebody else used the registrar";
        return judgement;
    }
    if (moved > 1 && !proof) {
        judgement.reason += ", and further documents: somebody else used the registrar";
        return judgement;
    }
    judgement.verdict = Verdict::executed;
    judgement.result = result_of(*document, expected, marker, observed);
    if (proof.closed && !proof.closed->receipt) {
        judgement.result->change_minor = proof.closed->change_minor;
    }
    for (const contract::Evidence& evidence : pending.evidence) {
        if (evidence.source == kMarkingEvidence) {
            judgement.result->markings = read_marking_evidence(evidence.payload);
        }
    }
    if (proof) {
        judgement.reason += "; the registrar's own answer was kept";
    }
    return judgement;
}

struct CashMove {
    bool in = true;
    std::int64_t amount = 0;
};

CashMove move_of(const contract::Command& command) {
    if (const auto* in = std::get_if<contract::CashIn>(&command)) {
        return {true, in->amount_minor};
    }
    const auto* out = std::get_if<contract::CashOut>(&command);
    return {false, out == nullptr ? 0 : out->amount_minor};
}

FiscalResult cash_result(const CashMove& move, const FiscalMarker& marker, const Observed& observed,
                         std::int64_t number) {
    FiscalResult result;
    result.registered = true;
    result.printed = printed_of(observed.status);
    result.document_number = number;
    result.shift_number = marker.shift_number;
    result.total_minor = move.amount;
    result.serial = observed.identity.serial;
    result.fiscal_memory = observed.identity.fiscal_memory;
    return result;
}

Judgement judge_cash(const contract::Pending& pending, const FiscalMarker& marker,
                     const Observed& observed, const CashState& cash) {
    const CashMove move = move_of(pending.command);
    const std::int64_t before = move.in ? marker.cash_in_count : marker.cash_out_count;
    const std::int64_t count = move.in ? cash.in_count : cash.out_count;
    const std::int64_t wanted = marker.cash_minor + (move.in ? move.amount : -move.amount);
    const auto kept = good_answers(pending, move.in ? Command::cash_in : Command::cash_out);
    Judgement judgement;
    judgement.reason = fmt::format("{} movements before, {} now; cash {} before, {} now", before,
                                   count, base::minor_to_text(marker.cash_minor, kRubleDecimals),
                                   base::minor_to_text(cash.cash_minor, kRubleDecimals));
    if (count == before && kept.empty()) {
        judgement.verdict = Verdict::not_executed;
        return judgement;
    }
    std::int64_t number = cash.document_number;
    if (!kept.empty()) {
        const auto moved = read_cash_moved(kept.front());
        number = moved ? std::int64_t{*moved} : number;
    }
    const bool ours = count == before + 1 && (cash.cash_minor == wanted || !kept.empty());
    if (!ours) {
        judgement.reason += ": somebody else used the registrar";
        return judgement;
    }
    judgement.verdict = Verdict::executed;
    judgement.result = cash_result(move, marker, observed, number);
    return judgement;
}

}  // namespace

contract::Evidence evidence_of_number(std::int64_t number) {
    contract::Evidence evidence;
    evidence.source = kNumberSource;
    base::ByteWriter payload;
    payload.u16_le(static_cast<std::uint64_t>(number));
    evidence.payload = payload.take();
    return evidence;
}

contract::Evidence evidence_of_answer(base::ByteView frame) {
    contract::Evidence evidence;
    evidence.source = kAnswerSource;
    evidence.payload.assign(frame.begin(), frame.end());
    return evidence;
}

bool may_prove(base::ByteView frame) {
    const auto message = message_of(frame);
    const auto answers = [&](Command command) { return is_answer_to(command, *message); };
    constexpr Command kMakeDocuments[] = {Command::close_document, Command::open_shift,
                                          Command::z_report,       Command::cash_in,
                                          Command::cash_out,       Command::correction};
    return message && std::any_of(std::begin(kMakeDocuments), std::end(kMakeDocuments), answers);
}

bool moves_cash(const contract::Command& command) {
    return std::holds_alternative<contract::CashIn>(command) ||
           std::holds_alternative<contract::CashOut>(command);
}

contract::Printed printed_of(const ShortStatus& status) {
    switch (status.submode()) {
        case Submode::printing:
        case Submode::printing_report: return contract::Printed::printing;
        case Submode::paper_ran_out:
        case Submode::waits_to_continue: return contract::Printed::not_printed;
        case Submode::idle:
        case Submode::no_paper: break;
    }
    constexpr std::uint8_t kPrinting = 5;
    const std::uint8_t last = status.last_print_result.value_or(0);
    if (last == kPrinting) {
        return contract::Printed::printing;
    }
    return last == 0 ? contract::Printed::printed : contract::Printed::not_printed;
}

Judgement judge(const contract::Pending& pending, const Observed& observed) {
    const auto& marker = std::get<FiscalMarker>(pending.marker);
    if (moves_cash(pending.command) && observed.cash) {
        return judge_cash(pending, marker, observed, *observed.cash);
    }
    const auto expected = expected_of(pending.command, marker);
    if (!expected) {
        Judgement judgement;
        judgement.reason = "this command leaves no trace that could be compared";
        return judgement;
    }
    return judge_document(pending, marker, *expected, observed);
}

}  // namespace tillhost::drivers::shtrih
