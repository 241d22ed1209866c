#include "devd/core/shift_keeper.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "devd/core/submission.h"

namespace tillhost::devd::core {
namespace {

using contract::OperationState;
using std::chrono::milliseconds;

constexpr std::int64_t kDaySeconds = 86'400;
constexpr std::string_view kCloseRef = "close ";

std::int64_t floor_div(std::int64_t value, std::int64_t by) {
    return value / by - (value % by < 0 ? 1 : 0);
}

std::string close_ref(std::int64_t day) {
    const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{day}}};
    return fmt::format("{}{:04}-{:02}-{:02}", kCloseRef, static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

/// The day of close_ref(); nothing for any other text.
std::optional<std::int64_t> day_of(std::string_view ref) {
    if (!ref.starts_with(kCloseRef)) {
        return std::nullopt;
    }
    int parts[3]{};
    const char* at = ref.data() + kCloseRef.size();
    const char* const end = ref.data() + ref.size();
    for (int& part : parts) {
        const auto [next, error] = std::from_chars(at, end, part);
        if (error != std::errc()) {
            return std::nullopt;
        }
        at = next == end ? end : next + 1;
    }
    const std::chrono::year_month_day date{std::chrono::year{parts[0]},
                                           std::chrono::month{static_cast<unsigned>(parts[1])},
                                           std::chrono::day{static_cast<unsigned>(parts[2])}};
    if (!date.ok()) {
        return std::nullopt;
    }
    return std::chrono::sys_days{date}.time_since_epoch().count();
}

bool needs_shift(const contract::Command& command) {
    return std::holds_alternative<contract::Receipt>(command) ||
           std::holds_alternative<contract::Correction>(command);
}

bool opens(const OperationRow& row) {
    return row.command && std::holds_alternative<contract::OpenShift>(*row.command);
}
bool closes(const OperationRow& row) {
    return row.command && std::holds_alternative<contract::CloseShift>(*row.command);
}
std::int64_t shift_number_of(const OperationRow& row) {
    const auto* fiscal = row.result ? std::get_if<contract::FiscalResult>(&*row.result) : nullptr;
    return fiscal == nullptr || fiscal->shift_number == 0 ? -1 : fiscal->shift_number;
}

}  // namespace

ShiftKeeper::ShiftKeeper(std::string device, const ShiftPolicy& policy,
                         const ShiftKeeperParts& parts)
    : device_(std::move(device)), policy_(policy), parts_(parts) {
    read_book();
}

void ShiftKeeper::read_book() {
    for (const auto& [sequence, entry] : parts_.book.all()) {
        const OperationRow& row = entry->row;
        if (row.device != device_) {
            continue;
        }
        if (opens(row) && row.state == OperationState::done) {
            book_opened_at_ms_ = row.settled_at_ms;
            book_opened_number_ = shift_number_of(row);
        }
        if (row.client != kOwnClient) {
            continue;
        }
        if (!row.acknowledged) {
            own_.push_back(row.id);
        }
        note_closing(row);
    }
}

/// A closing of devd's own that happened: its day is over for good.
void ShiftKeeper::note_closing(const OperationRow& row) {
    const auto day = day_of(row.sale_ref);
    if (day && closes(row) && row.client == kOwnClient && row.state == OperationState::done) {
        last_closed_day_ = std::max(last_closed_day_.value_or(*day), *day);
    }
}

// --- what is known of the shift

void ShiftKeeper::saw(const contract::FiscalStatus& status) {
    const bool same_shift = open_ == true && shift_number_ == status.shift_number;
    shift_number_ = status.shift_number;
    expired_ = status.shift_open && status.shift_expired;
    if (status.shift_open && same_shift) {
        return;
    }
    // Opened by another hand: since now at the latest, which is all that is known.
    const bool by_book = status.shift_open && book_opened_number_ == status.shift_number;
    set_open(status.shift_open, by_book ? book_opened_at_ms_ : parts_.clock.unix_ms());
}

void ShiftKeeper::set_open(bool open, std::int64_t opened_at_ms) {
    open_ = open;
    opened_at_.reset();
    if (!open) {
        expired_ = false;
        return;
    }
    const std::int64_t age_ms = std::max<std::int64_t>(0, parts_.clock.unix_ms() - opened_at_ms);
    opened_at_ = parts_.clock.now() - milliseconds(age_ms);
}

void ShiftKeeper::moved(const OperationRow& row) {
    if (row.state != OperationState::done || (!opens(row) && !closes(row))) {
        return;
    }
    if (const std::int64_t number = shift_number_of(row); number >= 0) {
        shift_number_ = number;
    }
    note_closing(row);
    set_open(opens(row), row.settled_at_ms);
    if (opens(row)) {
        book_opened_at_ms_ = row.settled_at_ms;
        book_opened_number_ = shift_number_;
    }
}

std::optional<os::Duration> ShiftKeeper::open_for() const {
    if (!opened_at_) {
        return std::nullopt;
    }
    return parts_.clock.now() - *opened_at_;
}

bool ShiftKeeper::reminds() const {
    const auto open = open_for();
    return policy_.remind_after > os::Duration::zero() && open && *open >= policy_.remind_after;
}

// --- its own operations

void ShiftKeeper::tidy() {
    const bool wanted =
        std::any_of(parts_.book.waiting(device_).begin(), parts_.book.waiting(device_).end(),
                    [](const auto& waiting) { return needs_shift(*waiting.second->row.command); });
    std::erase_if(own_, [this, wanted](const base::OperationId& id) {
        const Entry* entry = parts_.book.find(id);
        if (entry == nullptr) {
            return true;
        }
        const OperationRow& row = entry->row;
        const bool idle_open = opens(row) && (open_ == true || !wanted);
        const bool idle_close = closes(row) && open_ == false;
        if (row.state == OperationState::accepted && (idle_open || idle_close)) {
            parts_.book.cancel(id);
        }
        if (!is_final(row.state)) {
            return false;
        }
        parts_.book.acknowledge(id);
        return true;
    });
}

const OperationBook::Entry* ShiftKeeper::waiting_own_open() const {
    for (const base::OperationId& id : own_) {
        const Entry* entry = parts_.book.find(id);
        if (entry != nullptr && opens(entry->row) && entry->row.state == OperationState::accepted) {
            return entry;
        }
    }
    return nullptr;
}

const OperationBook::Entry* ShiftKeeper::before(const Entry& next) {
    if (!policy_.open_when_needed || open_ != false || !needs_shift(*next.row.command)) {
        return nullptr;
    }
    if (const Entry* waiting = waiting_own_open()) {
        return waiting;
    }
    if (opened_for_ == next.row.sequence) {
        return nullptr;  // it failed: the registrar says why, of the receipt itself
    }
    opened_for_ = next.row.sequence;
    return hand_over(contract::OpenShift{}, "");
}

const OperationBook::Entry* ShiftKeeper::at_leisure() {
    const auto day = due_day();
    if (!day) {
        return nullptr;
    }
    if (close_tries_day_ != day) {
        close_tries_day_ = day;
        close_tries_ = 0;
        close_after_.reset();
    }
    const os::Instant now = parts_.clock.now();
    if (close_tries_ >= kCloseTriesMax || (close_after_ && now < *close_after_)) {
        return nullptr;
    }
    const Entry* closing = hand_over(contract::CloseShift{}, close_ref(*day));
    if (closing != nullptr) {
        close_tries_ += 1;
        close_after_ = now + kCloseRetry;
    }
    return closing;
}

const OperationBook::Entry* ShiftKeeper::hand_over(contract::Command command,
                                                   std::string sale_ref) {
    if (!parts_.book.has_room()) {
        return nullptr;
    }
    OperationRow row;
    row.id = base::OperationId::make(static_cast<std::uint64_t>(parts_.clock.unix_ms()),
                                     {parts_.random(), parts_.random()});
    row.device = device_;
    row.client = kOwnClient;
    row.sale_ref = std::move(sale_ref);
    row.content_hash = content_hash_of(device_, command, row.sale_ref);
    row.command = std::move(command);
    own_.push_back(row.id);
    return &parts_.book.accept(std::move(row));
}

// --- when a shift is to be closed

std::int64_t ShiftKeeper::local_s(std::int64_t unix_ms) const {
    const std::int64_t offset = parts_.utc_offset_s ? parts_.utc_offset_s(unix_ms) : 0;
    return floor_div(unix_ms, 1000) + offset;
}

/// The day whose time of closing was the last to pass.
std::int64_t ShiftKeeper::last_target_day() const {
    const std::int64_t into_day = std::int64_t{policy_.close_at_minute.value_or(0)} * 60;
    return floor_div(local_s(parts_.clock.unix_ms()) - into_day, kDaySeconds);
}

/// A closing of its own is under way.
bool ShiftKeeper::has_open_closing() const {
    return std::any_of(own_.begin(), own_.end(), [this](const base::OperationId& id) {
        const Entry* entry = parts_.book.find(id);
        return entry != nullptr && closes(entry->row) && !is_final(entry->row.state);
    });
}

std::optional<std::int64_t> ShiftKeeper::due_day() const {
    if (!policy_.close_at_minute || open_ != true) {
        return std::nullopt;
    }
    const std::int64_t day = last_target_day();
    if ((last_closed_day_ && day <= *last_closed_day_) || has_open_closing()) {
        return std::nullopt;
    }
    // Was it open when that time passed? Measured backwards from now by the monotonic clock: a wall
    // clock that was just set moves the time of closing, and not how old the shift is.
    const std::int64_t target_s = day * kDaySeconds + std::int64_t{*policy_.close_at_minute} * 60;
    const auto since = std::chrono::seconds(local_s(parts_.clock.unix_ms()) - target_s);
    return *open_for() >= since ? std::optional(day) : std::nullopt;
}

}  // namespace tillhost::devd::core
