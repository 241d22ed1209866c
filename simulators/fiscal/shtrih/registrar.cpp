#include "simulators/fiscal/shtrih/registrar.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "simulators/core/wired_registrar.h"
#include "simulators/fiscal/shtrih/commands.h"

namespace tillhost::simulators::shtrih {
namespace {

constexpr std::int64_t kMinuteMs = 60'000;
constexpr std::int64_t kForeignDocumentsMax = 1000;
constexpr std::uint8_t kSocketPort = 128;

MarkMood mood_of(std::string_view answer) {
    if (answer == "refused") {
        return MarkMood::refused;
    }
    if (answer == "not_checked") {
        return MarkMood::not_checked;
    }
    return answer == "silence" ? MarkMood::silence : MarkMood::checked;
}

/// Link layer and machine under one roof, without the faults of the line.
class Registrar final : public FiscalSimulator, private Executor {
public:
    explicit Registrar(std::unique_ptr<Machine> machine)
        : machine_(std::move(machine)), link_(machine_->options().link, *this) {
        take_port_setting();
    }

    void receive(base::ByteView bytes, os::Instant now) override;
    void advance(os::Instant now) override;
    std::optional<os::Instant> next_event() const override;
    base::Bytes take_output() override { return link_.take_output(); }
    void power(bool on, os::Instant now) override;
    bool working() const override {
        return powered_ && (link_.executing() || machine_->next_event().has_value());
    }
    bool powered() const override { return powered_; }

    const std::vector<FiscalDocument>& documents() const override { return machine_->documents(); }
    const std::vector<std::string>& tape() const override { return machine_->tape(); }
    FiscalState state() const override;
    CommandCount commands(std::uint16_t code) const override;
    base::Done inject(const Fault& fault, os::Instant now) override;

private:
    struct Override {
        std::int64_t count = 0;
        std::int64_t command = 0;
        std::int64_t value = 0;
        bool matches(std::uint16_t code) const {
            return count != 0 && (command == 0 || command == code);
        }
        void use() { count -= count > 0 ? 1 : 0; }
    };

    os::Duration time_of(base::ByteView message) override;
    std::optional<base::Bytes> execute(base::ByteView message, os::Instant now) override;
    void commit_or_die();
    void after_command(std::uint16_t code, os::Instant now);
    void take_port_setting();
    void restart(os::Instant now);
    bool arm(const Fault& fault);
    base::Done happen(const Fault& fault);
    base::Done expire_shift();
    base::Done set_backlog(const Fault& fault);
    base::Done begin_elsewhere(const Fault& fault);
    void swap_device(const Fault& fault);

    std::unique_ptr<Machine> machine_;
    LinkLayer link_;
    bool powered_ = true;
    Override slow_;
    Override wrong_code_;
    std::optional<os::Instant> restart_at_;
    std::map<std::uint16_t, CommandCount> counts_;
    std::uint64_t fired_ = 0;
};

/// 0 to 150 are milliseconds, then steps of 150 ms, then of 15 s (14h; the formula is inferred).
os::Duration byte_timeout_of(std::uint8_t code) {
    const std::int64_t n = code;
    const std::int64_t ms = n <= 150 ? n : n <= 249 ? (n - 149) * 150 : (n - 248) * 15'000;
    return std::chrono::milliseconds(std::max<std::int64_t>(ms, 1));
}

void Registrar::receive(base::ByteView bytes, os::Instant now) {
    advance(now);
    for (const std::byte byte : bytes) {
        if (powered_) {
            link_.receive(byte, now);
        }
    }
}

void Registrar::advance(os::Instant now) {
    if (restart_at_ && *restart_at_ <= now) {
        restart(now);
    }
    if (!powered_) {
        return;
    }
    machine_->at(now);
    const bool printed = machine_->next_event().has_value();
    machine_->advance();
    // Not with every line: a process that dies while printing begins again where it last committed,
    // and the paper of its memory says so too.
    if (printed && !machine_->next_event()) {
        commit_or_die();
    }
    link_.advance(now);
}

std::optional<os::Instant> Registrar::next_event() const {
    if (!powered_) {
        return restart_at_;
    }
    std::optional<os::Instant> first = machine_->next_event();
    for (const auto& other : {link_.next_event(), restart_at_}) {
        first = first && other ? std::min(*first, *other) : (first ? first : other);
    }
    return first;
}

void Registrar::power(bool on, os::Instant now) {
    const bool becomes = on && machine_->failure().empty();
    if (becomes == powered_) {
        return;
    }
    machine_->at(now);
    machine_->power(becomes);
    link_.reset();
    restart_at_.reset();
    powered_ = becomes;
}

/// Off for a while, then on again: two events of the same timer.
void Registrar::restart(os::Instant now) {
    constexpr os::Duration kBootTime = std::chrono::seconds(1);
    const bool up = !powered_;
    power(up, now);
    restart_at_ = up ? std::nullopt : std::optional(now + kBootTime);
}

void Registrar::take_port_setting() {
    const LinkOptions& link = machine_->options().link;
    const auto& ports = machine_->memory().ports;
    const auto port = ports.find(link.tcp ? kSocketPort : std::uint8_t{0});
    link_.set_byte_timeout(port == ports.end() ? link.byte_timeout
                                               : byte_timeout_of(port->second[1]));
}

CommandCount Registrar::commands(std::uint16_t code) const {
    const auto found = counts_.find(code);
    return found == counts_.end() ? CommandCount{} : found->second;
}

os::Duration Registrar::time_of(base::ByteView message) {
    ++counts_[0].taken;
    ++counts_[code_of(message)].taken;
    if (slow_.matches(code_of(message))) {
        slow_.use();
        ++fired_;
        return std::chrono::milliseconds(std::max<std::int64_t>(slow_.value, 0));
    }
    return shtrih::time_of(*machine_, message);
}

std::optional<base::Bytes> Registrar::execute(base::ByteView message, os::Instant now) {
    const std::uint16_t code = code_of(message);
    machine_->at(now);
    const bool silent = code == kCheckMark && machine_->mark_mood() == MarkMood::silence;
    base::Bytes answer = carry_out(*machine_, message);
    ++counts_[0].done;
    ++counts_[code].done;
    commit_or_die();
    fired_ += silent ? 1 : 0;
    if (!powered_ || silent) {
        return std::nullopt;
    }
    if (answer.back() == std::byte{0}) {
        after_command(code, now);
    }
    if (wrong_code_.count != 0) {
        wrong_code_.use();
        ++fired_;
        answer[0] = base::byte(static_cast<unsigned>(wrong_code_.value));
    }
    return answer;
}

/// What a command that was carried out does beyond the machine.
void Registrar::after_command(std::uint16_t code, os::Instant now) {
    constexpr os::Duration kUntilRestart = std::chrono::milliseconds(500);
    if (code == kSetPort) {
        take_port_setting();
        link_.choose_anew();
    } else if (code == kReboot) {
        restart_at_ = now + kUntilRestart;
    }
}

void Registrar::commit_or_die() {
    if (!machine_->commit()) {
        machine_->power(false);
        powered_ = false;
    }
}

FiscalState Registrar::state() const {
    const Memory& memory = machine_->memory();
    FiscalState state;
    state.serial = memory.serial;
    state.fiscal_memory = memory.fn_number;
    state.mode = fmt::format("mode {} submode {}", machine_->mode(), machine_->submode());
    state.powered = powered_;
    state.paper = memory.paper == PaperState::present;
    state.printing = !memory.printing.empty();
    state.document_open = machine_->receipt_open();
    state.shift_open = memory.shift_open;
    state.shift_expired = machine_->shift_expired();
    state.shift_number = memory.shift_number;
    state.receipt_number = memory.receipt_number;
    state.last_document_number = memory.last_fd;
    state.unsent_documents = machine_->unsent();
    state.cash_minor = memory.cash[241];
    state.clock_ms = machine_->clock_ms();
    state.faults_fired = fired_;
    state.failure = machine_->failure();
    return state;
}

base::Done Registrar::expire_shift() {
    if (!machine_->memory().shift_open) {
        return base::make_error(base::ErrorCode::wrong_state, "no shift is open");
    }
    machine_->memory().shift_opened_ms = machine_->clock_ms() - kShiftMs - kMinuteMs;
    return {};
}

void Registrar::swap_device(const Fault& fault) {
    Memory& memory = machine_->memory();
    if (!fault.serial.empty()) {
        memory.serial = fault.serial;
    }
    if (!fault.memory.empty()) {
        memory.fn_number = fault.memory;
        memory.fn_number.resize(16, '0');
    }
    link_.reset();
}

base::Done Registrar::set_backlog(const Fault& fault) {
    Memory& memory = machine_->memory();
    if (fault.count > memory.last_fd) {
        return base::bad_field(
            "count", fmt::format("at most the {} documents that there are", memory.last_fd));
    }
    memory.ofd.up = false;
    memory.ofd.confirmed = memory.last_fd - static_cast<std::uint32_t>(fault.count);
    memory.ofd.backlog_age_ms = 0;
    const std::int64_t age = machine_->clock_ms() - machine_->unsent_since_ms();
    memory.ofd.backlog_age_ms = fault.count == 0 ? 0 : fault.ms - age;
    return {};
}

base::Done Registrar::begin_elsewhere(const Fault& fault) {
    const Refusal refusal = machine_->begin_elsewhere(
        ReceiptKind::sale, static_cast<std::uint8_t>(fault.operator_index), fault.total);
    if (refusal == Refusal::ok) {
        return {};
    }
    return base::make_error(base::ErrorCode::wrong_state,
                            fmt::format("refused with {:02X}h: {}", static_cast<int>(refusal),
                                        text_of_error(static_cast<std::uint8_t>(refusal))));
}

/// What is armed for later, and does not count as fired yet.
bool Registrar::arm(const Fault& fault) {
    const std::int64_t times = fault.count == 0 ? -1 : fault.count;
    if (fault.kind == FaultKind::clear) {
        slow_ = {};
        wrong_code_ = {};
        link_.refuse_frames(0);
        machine_->fail_fiscal_storage(0, 0);
        machine_->set_mark_mood(MarkMood::checked, 1);
    } else if (fault.kind == FaultKind::refuse_frames) {
        link_.refuse_frames(fault.count);
    } else if (fault.kind == FaultKind::slow_command) {
        slow_ = {.count = times, .command = fault.command, .value = fault.ms};
    } else if (fault.kind == FaultKind::wrong_code) {
        wrong_code_ = {.count = times, .value = fault.code};
    } else if (fault.kind == FaultKind::memory_error) {
        machine_->fail_fiscal_storage(static_cast<std::uint8_t>(fault.code), fault.count);
    } else if (fault.kind == FaultKind::marking) {
        machine_->set_mark_mood(mood_of(fault.answer), fault.count);
    } else if (fault.kind == FaultKind::paper_out && fault.after > 0) {
        machine_->end_paper_after(fault.after);
    } else {
        return false;
    }
    return true;
}

base::Done Registrar::inject(const Fault& fault, os::Instant now) {
    machine_->at(now);
    if (arm(fault)) {
        return {};
    }
    TRY(happen(fault));
    ++fired_;
    commit_or_die();
    return {};
}

base::Done Registrar::happen(const Fault& fault) {
    Memory& memory = machine_->memory();
    StorageWear& wear = memory.wear;
    if (fault.kind == FaultKind::paper_out || fault.kind == FaultKind::paper_in) {
        machine_->set_paper(fault.kind == FaultKind::paper_in);
    } else if (fault.kind == FaultKind::cover_open || fault.kind == FaultKind::cover_closed) {
        memory.cover_open = fault.kind == FaultKind::cover_open;
    } else if (fault.kind == FaultKind::shift_expired) {
        return expire_shift();
    } else if (fault.kind == FaultKind::clock_shift) {
        memory.clock_offset_ms += fault.ms;
    } else if (fault.kind == FaultKind::other_master) {
        for (std::int64_t i = 0; i < std::min(fault.count, kForeignDocumentsMax); ++i) {
            machine_->register_elsewhere(fault.total);
        }
    } else if (fault.kind == FaultKind::foreign_receipt) {
        return begin_elsewhere(fault);
    } else if (fault.kind == FaultKind::swap_device) {
        swap_device(fault);
    } else if (fault.kind == FaultKind::number_reset) {
        link_.set_number(static_cast<std::uint16_t>(fault.number));
    } else if (fault.kind == FaultKind::ofd_link) {
        memory.ofd.up = fault.up != 0;
        memory.ofd.delay_ms = std::max<std::int64_t>(fault.ms, 0);
    } else if (fault.kind == FaultKind::ofd_backlog) {
        return set_backlog(fault);
    } else if (fault.kind == FaultKind::storage_life) {
        wear.life_ends_ms = machine_->clock_ms() + fault.days * kDayMs;
    } else if (fault.kind == FaultKind::storage_full) {
        wear.used_percent = static_cast<std::uint8_t>(fault.percent);
    } else if (fault.kind == FaultKind::storage_clock) {
        wear.clock_skew_ms = fault.ms;
    } else {
        return base::make_error(base::ErrorCode::not_supported, "not a fault of this device");
    }
    return {};
}

}  // namespace

base::Result<std::unique_ptr<FiscalSimulator>> make_shtrih_registrar(const ShtrihOptions& options) {
    std::unique_ptr<Machine> machine = TRY(Machine::create(options));
    if (!machine->commit()) {
        return base::make_error(base::ErrorCode::storage_failed, machine->failure());
    }
    std::unique_ptr<FiscalSimulator> wired = std::make_unique<WiredRegistrar>(
        std::make_unique<Registrar>(std::move(machine)), std::make_unique<LineTracker>(),
        std::make_unique<LineTracker>(), options.seed);
    return wired;
}

base::Result<std::unique_ptr<FiscalSimulator>> make_registrar(const PlainOptions& options) {
    ShtrihOptions own;
    own.serial = options.serial.empty() ? own.serial : options.serial;
    own.seed = options.seed;
    own.clock_ms_at_zero = options.clock_ms_at_zero;
    own.store = options.store;
    return make_shtrih_registrar(own);
}

}  // namespace tillhost::simulators::shtrih
