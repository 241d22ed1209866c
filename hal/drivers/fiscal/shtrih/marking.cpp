// Marking codes: each is checked (FF61h), accepted or dropped (FF69h) before the document is
// opened, and bound to its position (FF67h) inside.
#include "hal/drivers/fiscal/shtrih/marking.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "hal/drivers/fiscal/shtrih/outcome.h"
#include "hal/drivers/fiscal/shtrih/registrar.h"
#include "hal/drivers/fiscal/shtrih/tags.h"

namespace tillhost::drivers::shtrih {

using base::Done;
using base::ErrorCode;
using base::make_error;
using base::Result;
using contract::MarkingOutcome;
using contract::MarkingResult;

namespace {

constexpr unsigned kChecked = 0x01;
constexpr unsigned kRight = 0x02;
constexpr unsigned kStateAsked = 0x04;
constexpr unsigned kStateRight = 0x08;
constexpr std::size_t kEvidenceRow = 4;

/// For people; the code itself stands in no text.
std::string reason_text(MarkingOutcome outcome, std::uint8_t reason) {
    if (outcome == MarkingOutcome::checked) {
        return "";
    }
    if (outcome == MarkingOutcome::refused) {
        return "the code is not genuine, or its item may not be sold";
    }
    return reason == 0 ? "the state of the item could not be asked for"
                       : fmt::format("the storage could not check the code (reason {})", reason);
}

bool is_measured(contract::MarkingPlan plan) {
    return plan == contract::MarkingPlan::measured_sold ||
           plan == contract::MarkingPlan::measured_returned;
}

std::string field_of(const TicketPosition& position) {
    return fmt::format("lines[{}].marking", position.line);
}

/// A check moves no money, whatever became of it.
base::Error without_effect(base::Error error, std::string_view field) {
    error.effect = base::Effect::none;
    return base::with_context(std::move(error), field);
}

}  // namespace

MarkingResult marking_result(std::size_t line, std::uint8_t bits, std::uint8_t reason) {
    const bool wrong = ((bits & kChecked) != 0 && (bits & kRight) == 0) ||
                       ((bits & kStateAsked) != 0 && (bits & kStateRight) == 0);
    MarkingResult result;
    result.line = static_cast<std::int64_t>(line);
    result.outcome = MarkingOutcome::not_checked;
    if (wrong) {
        result.outcome = MarkingOutcome::refused;
    } else if ((bits & kStateAsked) != 0) {
        result.outcome = MarkingOutcome::checked;
    }
    result.result_bits = bits;
    result.reason = reason_text(result.outcome, reason);
    return result;
}

std::uint8_t bits_of(const MarkingAnswer& answer) {
    const auto local = static_cast<std::uint8_t>(answer.local_result & (kChecked | kRight));
    return answer.result.value_or(local);
}

base::Bytes marking_request(Password password, const contract::Marking& marking,
                            std::int64_t quantity_micro, std::int64_t measure) {
    base::Bytes tags;
    if (is_measured(marking.plan)) {
        const TagFields quantity = quantity_tag(quantity_micro);
        tags = tag_bytes(quantity.number, quantity.value);
        const base::Bytes unit{base::byte(static_cast<unsigned>(measure))};
        const base::Bytes second = tag_bytes(kTagMeasure, unit);
        tags.insert(tags.end(), second.begin(), second.end());
    }
    return check_marking_request(password, static_cast<std::uint8_t>(marking.plan), marking.code,
                                 tags);
}

contract::Evidence marking_evidence(const std::vector<MarkingResult>& results) {
    base::ByteWriter writer;
    for (const MarkingResult& result : results) {
        writer.u16_le(static_cast<std::uint64_t>(result.line));
        writer.u8(static_cast<std::uint8_t>(result.outcome));
        writer.u8(static_cast<std::uint64_t>(result.result_bits));
    }
    contract::Evidence evidence;
    evidence.source = kMarkingEvidence;
    evidence.payload = writer.take();
    return evidence;
}

std::vector<MarkingResult> read_marking_evidence(base::ByteView payload) {
    std::vector<MarkingResult> results;
    base::ByteReader reader(payload);
    while (reader.left() >= kEvidenceRow) {
        MarkingResult result;
        result.line = reader.u16_le();
        const auto outcome = static_cast<MarkingOutcome>(reader.u8());
        const bool known = outcome == MarkingOutcome::checked || outcome == MarkingOutcome::refused;
        result.outcome = known ? outcome : MarkingOutcome::not_checked;
        result.result_bits = reader.u8();
        result.reason = reason_text(result.outcome, 0);
        results.push_back(std::move(result));
    }
    return results;
}

/// All codes of a receipt, before anything of it is opened: what the policy forbids is dropped and
/// ends the operation without a document.
Result<std::vector<MarkingResult>> Registrar::check_markings(const Ticket& ticket,
                                                             device::Gate& gate,
                                                             os::Deadline deadline) {
    std::vector<MarkingResult> results;
    for (const TicketPosition& position : ticket.positions) {
        if (!position.marking) {
            continue;
        }
        const os::Deadline until = step(gate, "marking", kMarkingBudget, deadline);
        auto checked = check_one(position, ticket.marking_policy, until);
        if (!checked) {
            return without_effect(std::move(checked).error(), field_of(position));
        }
        results.push_back(std::move(*checked));
    }
    return results;
}

Result<MarkingResult> Registrar::check_one(const TicketPosition& position,
                                           contract::MarkingPolicy policy, os::Deadline deadline) {
    TRY(drop_marking_left(deadline));
    const MarkingAnswer answer =
        TRY(session_->marking(marking_request(session_->password(), *position.marking,
                                              position.fields.quantity_micro, position.measure),
                              deadline));
    MarkingResult result = marking_result(position.line, bits_of(answer), answer.reason);
    const auto allowed = [policy](const MarkingResult& found) {
        return found.outcome == MarkingOutcome::checked ||
               (found.outcome == MarkingOutcome::not_checked &&
                policy != contract::MarkingPolicy::require_checked);
    };
    const auto decided = TRY(session_->decide_marking(allowed(result), deadline));
    if (decided && allowed(result)) {
        result = marking_result(position.line, *decided, answer.reason);
    }
    if (!allowed(result)) {
        return make_error(ErrorCode::device_refused,
                          fmt::format("{}: {}", contract::name_of(result.outcome), result.reason));
    }
    return result;
}

/// A check that did not end in time has left something in the storage.
Done Registrar::drop_marking_left(os::Deadline deadline) {
    if (!marking_left_) {
        return {};
    }
    const auto dropped = session_->decide_marking(false, deadline);
    if (!dropped && !is_refusal(dropped.error())) {
        return dropped.error();
    }
    marking_left_ = false;
    return {};
}

Result<contract::MarkingCheck> Registrar::check_marking(const contract::MarkingQuery& query,
                                                        os::Deadline deadline) {
    constexpr std::int64_t kOnePiece = 1'000'000;
    TRY(require_open());
    TRY(drop_marking_left(deadline));
    const os::Deadline until =
        std::min(deadline, clock_.now() + std::chrono::milliseconds(query.wait_ms));
    contract::MarkingCheck check;
    const auto answer = session_->marking(
        marking_request(session_->password(), query.marking, kOnePiece, 0), until);
    if (answer) {
        check.result = marking_result(0, bits_of(*answer), answer->reason);
        marking_left_ = true;
        TRY(drop_marking_left(deadline));
        return check;
    }
    const bool late = !is_refusal(answer.error()) && clock_.now() >= until;
    if (!late && !is_refusal(answer.error())) {
        return without_effect(answer.error(), "marking");
    }
    // The answer may still come; it is taken before the next command, and then dropped.
    marking_left_ = late;
    check.result = marking_result(0, 0, 0);
    check.result.reason = late ? "the check did not end in time" : answer.error().detail;
    return check;
}

}  // namespace tillhost::drivers::shtrih
