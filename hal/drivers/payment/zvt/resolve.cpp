#include "hal/drivers/payment/zvt/resolve.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <variant>

#include "hal/base/money.h"
#include "hal/os/local_time.h"

namespace tillhost::drivers::zvt {
namespace {

using contract::TransactionKind;

/// How far a terminal's clock may be behind the till's before an old transaction looks new.
constexpr std::int64_t kClockToleranceS = 120;
constexpr std::int64_t kDaySeconds = 86'400;
/// A calendar of 12 months of 31 days: only "earlier or later" is asked of it.
constexpr std::int64_t kMonthDays = 31;
constexpr std::int64_t kYearSeconds = 12 * kMonthDays * kDaySeconds;

std::int64_t second_of_year(std::int64_t mmdd, std::int64_t hhmmss) {
    constexpr std::int64_t kHundred = 100;
    const std::int64_t days = (mmdd / kHundred - 1) * kMonthDays + mmdd % kHundred - 1;
    const std::int64_t hours = hhmmss / (kHundred * kHundred);
    const std::int64_t minutes = hhmmss / kHundred % kHundred;
    return days * kDaySeconds + (hours * 60 + minutes) * 60 + hhmmss % kHundred;
}

std::optional<std::int64_t> time_of(const StatusInfo& info) {
    if (!info.date || !info.time) {
        return std::nullopt;
    }
    return second_of_year(*info.date, *info.time);
}

/// The till's time as the terminal would show it.
std::int64_t time_of_start(const contract::PaymentMarker& marker) {
    constexpr std::int64_t kMsPerSecond = 1000;
    const std::int64_t local = marker.started_at_ms / kMsPerSecond +
                               os::utc_offset_s(marker.started_at_ms) + marker.clock_offset_s;
    const std::chrono::sys_seconds seconds{std::chrono::seconds(local)};
    const auto day = std::chrono::floor<std::chrono::days>(seconds);
    const std::chrono::year_month_day date(day);
    const std::int64_t month = static_cast<unsigned>(date.month());
    const std::int64_t of_month = static_cast<unsigned>(date.day());
    return ((month - 1) * kMonthDays + of_month - 1) * kDaySeconds + (seconds - day).count();
}

/// `a` less `b` in seconds across the turn of the year.
std::int64_t difference(std::int64_t a, std::int64_t b) {
    const std::int64_t raw = (a - b) % kYearSeconds;
    const std::int64_t half = kYearSeconds / 2;
    return raw > half ? raw - kYearSeconds : raw < -half ? raw + kYearSeconds : raw;
}

/// A transaction from before the operation: the terminal answers from old data.
bool is_too_old(const Doubt& doubt, const StatusInfo& now) {
    const auto time = time_of(now);
    if (!time) {
        return false;
    }
    const auto before = doubt.before ? time_of(*doubt.before) : std::nullopt;
    if (before) {
        return difference(*time, *before) < 0;  // both by the terminal's clock
    }
    return difference(*time, time_of_start(doubt.marker)) < -kClockToleranceS;
}

/// Whether the numbers by which a terminal counts are others than the marker's.
bool has_new_number(const Doubt& doubt, const StatusInfo& now) {
    const contract::PaymentMarker& marker = doubt.marker;
    const bool receipt = now.receipt && *now.receipt != marker.last_receipt_number;
    const bool trace = now.trace && *now.trace != marker.last_trace_number;
    return receipt || trace;
}

bool is_unchanged(const Doubt& doubt, const StatusInfo& now) {
    if (doubt.before) {
        return is_same_transaction(*doubt.before, now);
    }
    // The terminal told nothing; the numbers may be those of the last result in the book.
    const contract::PaymentMarker& marker = doubt.marker;
    const bool known = marker.last_receipt_number != 0 || marker.last_trace_number != 0;
    return known && !has_new_number(doubt, now);
}

/// Whether the result that came as answer to our command is this very transaction.
bool was_seen(const Doubt& doubt, const StatusInfo& now) {
    return std::any_of(doubt.seen.begin(), doubt.seen.end(), [&](const StatusInfo& seen) {
        const bool numbered = seen.receipt || seen.trace;
        return seen.approved() && numbered && seen.receipt == now.receipt &&
               seen.trace == now.trace && seen.amount == now.amount;
    });
}

bool fits_amount(const Doubt& doubt, const StatusInfo& now) {
    const std::int64_t asked = doubt.marker.amount_minor;
    return now.amount == asked ||
           (doubt.allow_partial && now.amount && *now.amount > 0 && *now.amount < asked);
}

bool fits_currency(const Doubt& doubt, const StatusInfo& now) {
    return !now.currency || currency_name(*now.currency) == doubt.marker.currency;
}

Judgement foreign(const StatusInfo& now, std::string_view why) {
    return {Finding::foreign,
            fmt::format("the terminal's last transaction is {}: {}", transaction_text(now), why)};
}

Judgement judge_end_of_day(const StatusInfo& now) {
    if (now.totals && now.result.value_or(0) == 0) {
        return {Finding::stored, "the terminal closed its business day"};
    }
    return foreign(now, "it is no end of day; look at the terminal's paper");
}

Judgement judge_new(const Doubt& doubt, const StatusInfo& now) {
    const bool reversal = doubt.kind == TransactionKind::reversal;
    const bool seen = was_seen(doubt, now);
    if (now.original_trace && !reversal) {
        return {Finding::reversed,
                fmt::format("the terminal's last transaction is a reversal ({}): the payment was "
                            "taken back, or another one was",
                            transaction_text(now))};
    }
    const bool same_refusal = now.result.value_or(0) != 0 && !doubt.seen.empty() &&
                              is_same_transaction(doubt.seen.back(), now);
    if (same_refusal) {
        return {Finding::declined,
                fmt::format("the terminal did not approve it ({})", transaction_text(now))};
    }
    if (!now.amount || !fits_amount(doubt, now) || !fits_currency(doubt, now)) {
        return foreign(now,
                       "it is not of the amount that was asked for; somebody may have used "
                       "the terminal by hand");
    }
    if (now.result && *now.result != 0) {
        return {Finding::declined,
                fmt::format("the terminal did not approve it ({})", transaction_text(now))};
    }
    if (!seen) {
        if (!now.result || !has_new_number(doubt, now)) {
            return foreign(now, "it has no result or no number of its own");
        }
        if (is_too_old(doubt, now)) {
            return foreign(now, "it is older than the operation");
        }
        if (reversal && !now.original_trace) {
            return foreign(now, "it does not say that it is a reversal");
        }
    }
    return {Finding::stored, fmt::format("the terminal keeps it as its last transaction ({})",
                                         transaction_text(now))};
}

void take_evidence(Doubt& doubt, const contract::Evidence& evidence) {
    base::ByteView rest = evidence.payload;
    while (!rest.empty()) {
        const auto whole = apdu_length(rest);
        const auto apdu =
            whole && *whole <= rest.size() ? decode_apdu(rest.first(*whole)) : decode_apdu(rest);
        if (!apdu) {
            return;  // one that was longer than a record: what follows is its rest
        }
        if (apdu->is(Command::result)) {
            doubt.seen.push_back(read_status_info(apdu->data));
        } else if (apdu->is(Command::print_line)) {
            doubt.printed.push_back(read_print_line(apdu->data));
        } else if (apdu->is(Command::print_block)) {
            doubt.printed.push_back(read_print_block(apdu->data));
        }
        rest = rest.subspan(*whole);
    }
}

}  // namespace

bool is_same_transaction(const StatusInfo& a, const StatusInfo& b) {
    return a.result == b.result && a.amount == b.amount && a.receipt == b.receipt &&
           a.trace == b.trace && a.turnover == b.turnover && a.date == b.date && a.time == b.time &&
           a.original_trace == b.original_trace;
}

std::string transaction_text(const StatusInfo& info) {
    std::string text;
    const auto add = [&](std::string_view part) {
        text += text.empty() ? "" : ", ";
        text += part;
    };
    if (info.receipt) {
        add(fmt::format("receipt {}", *info.receipt));
    }
    if (info.trace) {
        add(fmt::format("trace {}", *info.trace));
    }
    if (info.amount) {
        add(fmt::format("{} {}", base::minor_to_text(*info.amount, 2),
                        info.currency ? currency_name(*info.currency) : ""));
    }
    if (info.date && info.time) {
        add(fmt::format("{:02}-{:02} {:02}:{:02}", *info.date / 100, *info.date % 100,
                        *info.time / 10'000, *info.time / 100 % 100));
    }
    if (info.result) {
        add(fmt::format("result {:02X}", *info.result));
    }
    return text.empty() ? "without any number" : text;
}

base::Result<Doubt> doubt_of(const contract::Pending& pending) {
    const auto* marker = std::get_if<contract::PaymentMarker>(&pending.marker);
    Doubt doubt;
    const auto* payment = std::get_if<contract::Authorise>(&pending.command);
    if (payment != nullptr) {
        doubt.allow_partial = payment->allow_partial;
    } else if (std::holds_alternative<contract::Reverse>(pending.command)) {
        doubt.kind = TransactionKind::reversal;
    } else if (std::holds_alternative<contract::Refund>(pending.command)) {
        doubt.kind = TransactionKind::refund;
    } else if (std::holds_alternative<contract::EndOfDay>(pending.command)) {
        doubt.kind = TransactionKind::end_of_day;
    } else {
        marker = nullptr;
    }
    if (marker == nullptr) {
        return base::make_error(base::ErrorCode::internal,
                                "the pending operation is none of a card terminal");
    }
    doubt.marker = *marker;
    if (const auto apdu = decode_apdu(marker->last_transaction)) {
        doubt.before = read_status_info(apdu->data);
    }
    for (const contract::Evidence& evidence : pending.evidence) {
        take_evidence(doubt, evidence);
    }
    return doubt;
}

Judgement judge(const Doubt& doubt, const std::optional<StatusInfo>& now) {
    const bool end_of_day = doubt.kind == TransactionKind::end_of_day;
    if (!now) {
        return {Finding::silent, "the terminal does not tell its last transaction"};
    }
    if (is_unchanged(doubt, *now)) {
        // A terminal that keeps in step by an id does not take a payment back on its own.
        if (doubt.approved() && (doubt.seen.back().id || end_of_day)) {
            return foreign(*now,
                           "it has said that it carried the operation out, and does not keep "
                           "it");
        }
        return {Finding::unchanged,
                fmt::format("the terminal's last transaction is the one before it ({})",
                            transaction_text(*now))};
    }
    if (end_of_day) {
        return judge_end_of_day(*now);
    }
    if (now->totals) {
        return {Finding::end_of_day,
                "the terminal closed its business day meanwhile: look at its "
                "paper whether the operation is on it"};
    }
    return judge_new(doubt, *now);
}

}  // namespace tillhost::drivers::zvt
