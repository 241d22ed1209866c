#include "hal/drivers/fiscal/shtrih/registrar.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "hal/drivers/fiscal/shtrih/link_auto.h"
#include "hal/drivers/fiscal/shtrih/models.h"

namespace tillhost::drivers::shtrih {

using base::Done;
using base::ErrorCode;
using base::make_error;
using base::Result;
using contract::FiscalMarker;
using contract::Verdict;

namespace {

constexpr os::Duration kConnectBudget = std::chrono::seconds(15);
/// An answer may still be prepared: opening a shift takes up to two minutes without internet.
constexpr os::Duration kOldAnswerBudget = std::chrono::seconds(150);
constexpr os::Duration kQuestionsBudget = std::chrono::seconds(30);
constexpr os::Duration kVerdictBudget = std::chrono::seconds(90);
constexpr os::Duration kCleanUpBudget = std::chrono::seconds(60);
/// Looks at the counters for one verdict: before and after cancelling, before and after waiting.
constexpr int kLooksMax = 5;
/// Longer quiet says nothing more.
constexpr std::int64_t kIdleMsMax = 3'600'000;
constexpr std::size_t kEvidenceMax = 64;

constexpr std::uint8_t kSerialTable = 18;
constexpr std::uint8_t kSerialField = 1;
constexpr std::uint8_t kFiscalTable = 17;
constexpr std::uint8_t kFormatField = 17;
constexpr std::uint8_t kCashRegister = 241;
constexpr std::uint8_t kCashInCount = 153;
constexpr std::uint8_t kCashOutCount = 154;
constexpr std::uint8_t kDocumentNumber = 152;

std::string without_leading_zeros(const std::string& text) {
    const std::size_t first = text.find_first_not_of('0');
    return first == std::string::npos ? "" : text.substr(first);
}

}  // namespace

/// While it lives, answers to former commands become evidence of the pending operation.
class Registrar::OldAnswers final {
public:
    OldAnswers(Session& session, contract::Pending& pending, device::Gate& gate)
        : session_(session) {
        session_.link().set_old_answer_witness([&pending, &gate](base::ByteView frame) -> Done {
            if (!may_prove(frame)) {
                return {};
            }
            contract::Evidence evidence = evidence_of_answer(frame);
            const auto known =
                std::find(pending.evidence.begin(), pending.evidence.end(), evidence);
            if (known != pending.evidence.end() || pending.evidence.size() >= kEvidenceMax) {
                return {};
            }
            TRY(gate.persist(contract::Record(evidence)));
            pending.evidence.push_back(std::move(evidence));
            return {};
        });
    }
    ~OldAnswers() { session_.link().set_old_answer_witness({}); }
    OldAnswers(const OldAnswers&) = delete;
    OldAnswers& operator=(const OldAnswers&) = delete;

private:
    Session& session_;
};

os::Deadline Registrar::step(device::Gate& gate, std::string_view name, os::Duration budget,
                             os::Deadline deadline) const {
    const os::Deadline until = std::min(deadline, clock_.now() + budget);
    gate.announce(name, until);
    return until;
}

Done Registrar::require_open() const {
    if (!session_) {
        return make_error(ErrorCode::link_lost, "the line is not open");
    }
    return {};
}

Done Registrar::connect(const std::optional<contract::Pending>& pending, device::Gate& gate,
                        os::Deadline deadline) {
    if (session_) {
        layer_ = session_->link().layer();
    }
    session_.reset();
    line_.reset();
    known_.reset();
    const os::Deadline until = step(gate, "connect", kConnectBudget, deadline);
    const std::int64_t idle_ms = pending ? std::min(pending->idle_ms, kIdleMsMax) : 0;
    quiet_since_ = clock_.now() - std::chrono::milliseconds(idle_ms);
    line_ = TRY(connector_->connect(until));
    session_ = std::make_unique<Session>(make_link(settings_.link, layer_, *line_, clock_, bugs_),
                                         clock_, settings_.password);
    if (settings_.admin_password) {
        session_->set_admin_password(*settings_.admin_password);
    }
    return {};
}

Result<device::Opened> Registrar::open(const std::optional<contract::Pending>& pending,
                                       device::Gate& gate, os::Deadline deadline) {
    TRY(connect(pending, gate, deadline));
    if (bugs_.clean_up_before_verdict) {
        TRY(cancel_document(deadline));
    }
    contract::Pending known = pending.value_or(contract::Pending{});
    std::optional<OldAnswers> old_answers;
    if (pending) {
        old_answers.emplace(*session_, known, gate);
    }
    TRY(session_->link().collect(step(gate, "old answers", kOldAnswerBudget, deadline)));
    TRY(identify(step(gate, "identify", kQuestionsBudget, deadline)));
    device::Opened opened;
    if (pending) {
        opened.resolution =
            TRY(verdict(known, true, step(gate, "verdict", kVerdictBudget, deadline)));
    }
    const os::Deadline until = step(gate, "clean up", kCleanUpBudget, deadline);
    if (settings_.cancel_foreign) {
        TRY(cancel_document(until));
    }
    TRY(print_next_document(true, until));
    TRY(continue_printing(until));
    opened.status = TRY(status(step(gate, "status", kQuestionsBudget, deadline)));
    opened.identity = identity_;
    return opened;
}

/// Asks who answers. The serial number on the device's plate stands in a table; the full status
/// has it as a number, which is all that some models tell.
Done Registrar::identify(os::Deadline deadline) {
    identity_ = {};
    identity_.model = TRY(session_->model(deadline));
    const FullStatus full = TRY(session_->full_status(deadline));
    serial_number_ = full.serial;
    const auto plate = session_->table_text(kSerialTable, 1, kSerialField, deadline);
    if (plate) {
        identity_.serial = *plate;
    } else if (!is_refusal(plate.error())) {
        return plate.error();
    }
    if (identity_.serial.empty() && full.serial) {
        identity_.serial = fmt::format("{}", *full.serial);
    }
    identity_.fiscal_memory = TRY(session_->storage_status(deadline)).number;
    if (!settings_.serial.empty() && without_leading_zeros(identity_.serial) != settings_.serial) {
        return make_error(ErrorCode::wrong_device,
                          fmt::format("the registrar's serial number is {}, configured is {}",
                                      identity_.serial, settings_.serial));
    }
    return ask_abilities(deadline);
}

/// What the model can, and which data format it is registered for. What a model does not tell is
/// what the oldest can.
Done Registrar::ask_abilities(os::Deadline deadline) {
    const auto parameters = session_->model_parameters(deadline);
    if (!parameters && !is_refusal(parameters.error())) {
        return parameters.error();
    }
    parameters_ = parameters.value_or(ModelParameters{});
    abilities_ = {};
    if (parameters_.columns > 0) {
        abilities_.columns = std::min<std::size_t>(parameters_.columns, kColumnsMax);
    }
    const bool told = parameters_.format_table != 0 && parameters_.format_field != 0;
    const auto format =
        session_->table_number(told ? parameters_.format_table : kFiscalTable, 1,
                               told ? parameters_.format_field : kFormatField, deadline);
    if (!format && !is_refusal(format.error())) {
        return format.error();
    }
    constexpr std::uint64_t kLast = 0xFF;
    abilities_.format = static_cast<Format>(std::min(format.value_or(0), kLast));
    TRY(ask_expiry(deadline));
    shift_known_.reset();
    const Model* model = find_model(identity_.model);
    tags_first_ = model != nullptr && model->tags_first;
    return {};
}

/// The storage's last day only warns. One that it does not tell, or tells as no day of the
/// calendar, stays unknown and keeps nobody from selling or from a verdict.
Done Registrar::ask_expiry(os::Deadline deadline) {
    const auto day = session_->storage_expiry(deadline);
    if (!day && !is_refusal(day.error()) && day.error().code != ErrorCode::unexpected_answer) {
        return day.error();
    }
    expires_on_ = day ? std::optional(*day) : std::nullopt;
    return {};
}

/// On a serial line another device can take the place of the known one without a hang-up.
Done Registrar::check_identity(const FullStatus& full, const StorageStatus& storage) const {
    if (full.serial == serial_number_ && storage.number == identity_.fiscal_memory) {
        return {};
    }
    return make_error(ErrorCode::wrong_device,
                      fmt::format("the registrar was changed: its fiscal storage is {}, it was {}",
                                  storage.number, identity_.fiscal_memory));
}

Result<contract::Resolution> Registrar::resolve(const contract::Pending& pending,
                                                device::Gate& gate, os::Deadline deadline) {
    TRY(require_open());
    contract::Pending known = pending;
    const OldAnswers old_answers(*session_, known, gate);
    TRY(session_->link().collect(step(gate, "old answers", kOldAnswerBudget, deadline)));
    TRY(identify(step(gate, "identify", kQuestionsBudget, deadline)));
    return verdict(known, false, step(gate, "verdict", kVerdictBudget, deadline));
}

/// Looks, judges and, before "not executed" is said, makes sure that it stays so.
Result<contract::Resolution> Registrar::verdict(contract::Pending& pending, bool may_clean_up,
                                                os::Deadline deadline) {
    const auto& marker = std::get<FiscalMarker>(pending.marker);
    const bool same = identity_.serial == marker.identity.serial &&
                      identity_.fiscal_memory == marker.identity.fiscal_memory;
    if (!same && !bugs_.judge_another_device) {
        return make_error(ErrorCode::wrong_device,
                          fmt::format("the operation was begun on registrar {}, fiscal storage {}; "
                                      "this is {}, {}",
                                      marker.identity.serial, marker.identity.fiscal_memory,
                                      identity_.serial, identity_.fiscal_memory));
    }
    bool cancelled = false;
    for (int look = 0; look < kLooksMax; ++look) {
        const Observed observed = TRY(observe(pending, deadline));
        Judgement judgement = judge(pending, observed);
        const bool unsure = judgement.verdict == Verdict::not_executed;
        if (unsure && observed.document_open()) {
            if (!may_clean_up) {
                base::Error error = make_error(ErrorCode::document_open,
                                               "the document is to be cancelled before a verdict");
                error.reaction = base::Reaction::reconnect;
                return error;
            }
            TRY(cancel_document(deadline));
            cancelled = true;
            continue;
        }
        if (unsure && !cancelled && !late_bytes_are_over()) {
            TRY(wait_for_late_bytes(deadline));
            TRY(session_->link().collect(deadline));
            continue;
        }
        contract::Resolution resolution;
        resolution.verdict = judgement.verdict;
        resolution.identity = identity_;
        resolution.reason = std::move(judgement.reason);
        if (judgement.result) {
            resolution.result = contract::OperationResult(std::move(*judgement.result));
        }
        return resolution;
    }
    return make_error(ErrorCode::device_not_ready, "the registrar does not come to rest");
}

Result<Observed> Registrar::observe(const contract::Pending& pending, os::Deadline deadline) {
    const auto& marker = std::get<FiscalMarker>(pending.marker);
    Observed observed;
    observed.identity = identity_;
    observed.status = TRY(session_->short_status(deadline));
    observed.storage = TRY(session_->storage_status(deadline));
    observed.shift = TRY(session_->shift_state(deadline));
    note(observed.status);
    note(observed.storage);
    note(observed.shift);
    for (std::int64_t number = marker.last_document_number + 1;
         number <= observed.storage.last_document && observed.later.size() < kLaterDocumentsMax;
         ++number) {
        auto found = session_->find_document(static_cast<std::uint32_t>(number), deadline);
        if (!found && !is_refusal(found.error())) {
            return found.error();
        }
        if (!found || found->number != number) {
            break;
        }
        observed.later.push_back(*found);
    }
    if (moves_cash(pending.command)) {
        observed.cash = TRY(cash_state(deadline));
    }
    return observed;
}

Result<CashState> Registrar::cash_state(os::Deadline deadline) {
    CashState state;
    state.cash_minor = TRY(session_->cash_register(kCashRegister, deadline));
    state.in_count = TRY(session_->operation_register(kCashInCount, deadline));
    state.out_count = TRY(session_->operation_register(kCashOutCount, deadline));
    state.document_number = TRY(session_->operation_register(kDocumentNumber, deadline));
    return state;
}

bool Registrar::late_bytes_are_over() const {
    const os::Instant since =
        std::max(quiet_since_, session_->link().last_once().value_or(quiet_since_));
    return clock_.now() >= since + line_->late_bytes_max() + kDeafTime;
}

/// What an earlier owner of the line wrote arrives within this time; then ENQ tells whether it is
/// being executed, and the counters whether it was.
Done Registrar::wait_for_late_bytes(os::Deadline deadline) {
    const os::Instant since =
        std::max(quiet_since_, session_->link().last_once().value_or(quiet_since_));
    const os::Instant until = since + line_->late_bytes_max() + kDeafTime;
    if (until >= deadline) {
        return make_error(ErrorCode::deadline_passed, "no time left to wait for late bytes");
    }
    return session_->link().rest(until);
}

}  // namespace tillhost::drivers::shtrih
