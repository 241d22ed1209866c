// Questions about state: status, storage, warnings.
#include <fmt/format.h>

#include <cstdlib>
#include <utility>

#include "hal/drivers/fiscal/shtrih/outcome.h"
#include "hal/drivers/fiscal/shtrih/registrar.h"
#include "hal/drivers/fiscal/shtrih/warnings.h"

namespace tillhost::drivers::shtrih {

using base::Result;
using contract::FiscalWarning;

namespace {

constexpr std::int64_t kDaySeconds = 86'400;
constexpr std::int64_t kHourSeconds = 3'600;
/// Documents between the opening of a shift and its first receipt, such as reports to the operator.
constexpr std::uint32_t kOpeningLooksMax = 8;

/// Seconds from `from` to `to`.
std::int64_t between(const DateTime& from, const DateTime& to) {
    return to_unix_seconds(to) - to_unix_seconds(from);
}

std::vector<contract::TaxSystem> tax_systems_of(std::uint8_t bits) {
    constexpr std::pair<unsigned, contract::TaxSystem> kBits[] = {
        {0x01, contract::TaxSystem::general},
        {0x02, contract::TaxSystem::simplified_income},
        {0x04, contract::TaxSystem::simplified_income_expense},
        {0x10, contract::TaxSystem::agricultural},
        {0x20, contract::TaxSystem::patent}};
    std::vector<contract::TaxSystem> systems;
    for (const auto& [bit, system] : kBits) {
        if ((bits & bit) != 0) {
            systems.push_back(system);
        }
    }
    return systems;
}

std::string format_text(Format format) {
    switch (format) {
        case Format::v1_05: return "1.05";
        case Format::v1_1: return "1.1";
        case Format::v1_2: return "1.2";
        case Format::unknown: break;
    }
    return "";
}

contract::ExchangeState exchange_state(const ExchangeStatus& exchange) {
    if (exchange.waits_for_answer) {
        return contract::ExchangeState::waiting_answer;
    }
    if (exchange.connected) {
        return contract::ExchangeState::connected;
    }
    return exchange.message_waits ? contract::ExchangeState::message_waiting
                                  : contract::ExchangeState::idle;
}

/// What a model does not know is left out; trouble of the line is not.
template <class T>
Result<std::optional<T>> if_known(Result<T> answer) {
    if (answer) {
        return std::optional<T>(std::move(*answer));
    }
    if (is_refusal(answer.error())) {
        return std::optional<T>();
    }
    return std::move(answer).error();
}

std::optional<DateTime> oldest_unsent(const std::optional<ExchangeStatus>& exchange) {
    const bool some = exchange && exchange->unsent > 0 && is_day(exchange->first_time);
    return some ? std::optional(exchange->first_time) : std::nullopt;
}

}  // namespace

std::string day_text(const DateTime& time) {
    return fmt::format("{:04}-{:02}-{:02}", time.year, time.month, time.day);
}

std::vector<FiscalWarning> warnings_of(const Signs& signs) {
    constexpr unsigned kReplaceNow = 0x01;   // the keys end in 3 days
    constexpr unsigned kReplaceSoon = 0x02;  // in 30 days
    constexpr unsigned kNearlyFull = 0x04;
    constexpr unsigned kBacklog = 0x08;
    constexpr unsigned kRefused = 0x10;
    const auto bit = [&](unsigned mask) { return (signs.storage_bits & mask) != 0; };
    const bool now_known = is_day(signs.now);
    const auto days_left = [&]() -> std::optional<std::int64_t> {
        if (!now_known || !signs.expires_on || !is_day(*signs.expires_on)) {
            return std::nullopt;
        }
        return (between(signs.now, *signs.expires_on) + kDaySeconds) / kDaySeconds;
    }();
    const bool over = days_left && between(signs.now, *signs.expires_on) + kDaySeconds <= 0;
    const bool soon =
        bit(kReplaceNow | kReplaceSoon) || (days_left && *days_left <= kExpiresSoonDays);
    const bool old = now_known && signs.unsent_since &&
                     between(*signs.unsent_since, signs.now) > kBacklogDays * kDaySeconds;
    const bool shift = now_known && signs.shift_opened_at &&
                       between(*signs.shift_opened_at, signs.now) >= kShiftSoonHours * kHourSeconds;
    const std::pair<bool, FiscalWarning> rows[] = {
        {over, FiscalWarning::memory_expired},
        {soon && !over, FiscalWarning::memory_expires_soon},
        {bit(kNearlyFull), FiscalWarning::memory_nearly_full},
        {bit(kBacklog) || old, FiscalWarning::data_operator_backlog},
        {bit(kRefused), FiscalWarning::data_operator_refused},
        {shift, FiscalWarning::shift_ends_soon},
        {std::llabs(signs.clock_offset_s) > kClockDiffersSeconds, FiscalWarning::clock_differs}};
    std::vector<FiscalWarning> warnings;
    for (const auto& [given, warning] : rows) {
        if (given) {
            warnings.push_back(warning);
        }
    }
    return warnings;
}

/// When the open shift was opened, by its own document. Asked once a shift.
Result<std::optional<DateTime>> Registrar::shift_opened_at(const ShiftState& shift,
                                                           std::uint32_t last_document,
                                                           os::Deadline deadline) {
    if (!shift.open) {
        return std::optional<DateTime>();
    }
    if (shift_known_ == shift.number) {
        return shift_opened_at_;
    }
    std::optional<DateTime> opened;
    for (std::uint32_t look = 0; look < kOpeningLooksMax; ++look) {
        const std::uint32_t back = std::uint32_t{shift.receipt} + look;
        if (back >= last_document) {
            break;
        }
        const auto document =
            TRY(if_known(session_->find_document(last_document - back, deadline)));
        if (!document || document->type == FoundDocument::kShiftClosing) {
            break;
        }
        if (document->type == FoundDocument::kShiftOpening) {
            opened = document->shift == shift.number ? std::optional(document->time) : opened;
            break;
        }
    }
    shift_known_ = shift.number;
    shift_opened_at_ = opened;
    return opened;
}

/// FF01h and what belongs to it, with the warnings.
Result<Registrar::Overview> Registrar::overview(os::Deadline deadline) {
    Overview seen;
    seen.full = TRY(session_->full_status(deadline));
    seen.storage = TRY(session_->storage_status(deadline));
    TRY(check_identity(seen.full, seen.storage));
    seen.shift = TRY(session_->shift_state(deadline));
    seen.exchange = TRY(if_known(session_->exchange_status(deadline)));
    seen.clock_offset_s = is_day(seen.full.time) ? between(local_time(clock_), seen.full.time) : 0;
    Signs signs;
    signs.storage_bits = seen.storage.warnings;
    signs.now = seen.full.time;
    signs.expires_on = expires_on_;
    signs.unsent_since = oldest_unsent(seen.exchange);
    signs.shift_opened_at = TRY(shift_opened_at(seen.shift, seen.storage.last_document, deadline));
    signs.clock_offset_s = seen.clock_offset_s;
    seen.warnings = warnings_of(signs);
    return seen;
}

Result<contract::FiscalStatus> Registrar::status(os::Deadline deadline) {
    TRY(require_open());
    const Overview seen = TRY(overview(deadline));
    contract::FiscalStatus status;
    status.identity = identity_;
    put(status, seen.full);
    put(status, seen.storage);
    put(status, seen.shift);
    status.unsent_documents = seen.exchange ? seen.exchange->unsent : 0;
    const auto unsent_since = oldest_unsent(seen.exchange);
    status.unsent_since = unsent_since ? to_text(*unsent_since) : "";
    status.warnings = seen.warnings;
    status.memory_expires_on = expires_on_ ? day_text(*expires_on_) : "";
    status.clock_offset_s = seen.clock_offset_s;
    known_ = status;
    return status;
}

Result<contract::FiscalMemory> Registrar::fiscal_memory(os::Deadline deadline) {
    TRY(require_open());
    const Overview seen = TRY(overview(deadline));
    const auto version = TRY(if_known(session_->storage_version(deadline)));
    const auto registration = TRY(if_known(session_->registration(deadline)));
    contract::FiscalMemory memory;
    memory.identity = identity_;
    memory.version = version.value_or("");
    memory.expires_on = expires_on_ ? day_text(*expires_on_) : "";
    memory.ffd_version = format_text(abilities_.format);
    if (registration) {
        memory.tax_id = registration->tax_id;
        memory.registration_number = registration->number;
        memory.tax_systems = tax_systems_of(registration->tax_systems);
    }
    memory.registrations_done = seen.full.registrations_done;
    memory.registrations_left = seen.full.registrations_left;
    memory.last_document_number = seen.storage.last_document;
    if (seen.exchange) {
        memory.unsent_documents = seen.exchange->unsent;
        memory.unsent_first_number = seen.exchange->first_number;
        memory.exchange = exchange_state(*seen.exchange);
    } else {
        memory.unsent_documents = TRY(if_known(session_->unconfirmed_count(deadline))).value_or(0);
    }
    const auto unsent_since = oldest_unsent(seen.exchange);
    memory.unsent_since = unsent_since ? to_text(*unsent_since) : "";
    memory.warnings = seen.warnings;
    return memory;
}

}  // namespace tillhost::drivers::shtrih
