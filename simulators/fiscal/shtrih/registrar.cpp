#include "simulators/fiscal/shtrih/registrar.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "simulators/core/wired_registrar.h"
#include "simulators/fiscal/shtrih/commands.h"

namespace tillhost::simulators::shtrih {
namespace {

constexpr std::int64_t kMinuteMs = 60'000;
constexpr std::int64_t kForeignDocumentsMax = 1000;

/// Link layer and machine under one roof, without the faults of the line.
class Registrar final : public FiscalSimulator, private Executor {
public:
    explicit Registrar(std::unique_ptr<Machine> machine)
        : machine_(std::move(machine)), link_(machine_->options().link, *this) {}

    void receive(base::ByteView bytes, os::Instant now) override;
    void advance(os::Instant now) override;
    std::optional<os::Instant> next_event() const override;
    base::Bytes take_output() override { return link_.take_output(); }
    void power(bool on, os::Instant now) override;
    bool powered() const override { return powered_; }

    const std::vector<FiscalDocument>& documents() const override { return machine_->documents(); }
    const std::vector<std::string>& tape() const override { return machine_->tape(); }
    FiscalState state() const override;
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
    base::Done expire_shift();
    void swap_device(const Fault& fault);

    std::unique_ptr<Machine> machine_;
    LinkLayer link_;
    bool powered_ = true;
    Override slow_;
    Override wrong_code_;
    std::uint64_t fired_ = 0;
};

void Registrar::receive(base::ByteView bytes, os::Instant now) {
    advance(now);
    for (const std::byte byte : bytes) {
        if (powered_) {
            link_.receive(byte, now);
        }
    }
}

void Registrar::advance(os::Instant now) {
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
        return std::nullopt;
    }
    const auto line = machine_->next_event();
    const auto link = link_.next_event();
    return line && link ? std::min(*line, *link) : (line ? line : link);
}

void Registrar::power(bool on, os::Instant now) {
    const bool becomes = on && machine_->failure().empty();
    if (becomes == powered_) {
        return;
    }
    machine_->at(now);
    machine_->power(becomes);
    link_.reset();
    powered_ = becomes;
}

os::Duration Registrar::time_of(base::ByteView message) {
    if (slow_.matches(code_of(message))) {
        slow_.use();
        ++fired_;
        return std::chrono::milliseconds(std::max<std::int64_t>(slow_.value, 0));
    }
    return shtrih::time_of(*machine_, message);
}

std::optional<base::Bytes> Registrar::execute(base::ByteView message, os::Instant now) {
    machine_->at(now);
    base::Bytes answer = carry_out(*machine_, message);
    commit_or_die();
    if (!powered_) {
        return std::nullopt;
    }
    if (wrong_code_.count != 0) {
        wrong_code_.use();
        ++fired_;
        answer[0] = base::byte(static_cast<unsigned>(wrong_code_.value));
    }
    return answer;
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
    state.unsent_documents = memory.last_fd - memory.confirmed_fd;
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

base::Done Registrar::inject(const Fault& fault, os::Instant now) {
    machine_->at(now);
    switch (fault.kind) {
        case FaultKind::clear:
            slow_ = {};
            wrong_code_ = {};
            link_.refuse_frames(0);
            machine_->fail_fiscal_storage(0, 0);
            return {};
        case FaultKind::paper_out:
            if (fault.after > 0) {
                machine_->end_paper_after(fault.after);
                return {};
            }
            machine_->set_paper(false);
            break;
        case FaultKind::paper_in: machine_->set_paper(true); break;
        case FaultKind::cover_open: machine_->memory().cover_open = true; break;
        case FaultKind::cover_closed: machine_->memory().cover_open = false; break;
        case FaultKind::shift_expired: TRY(expire_shift()); break;
        case FaultKind::clock_shift: machine_->memory().clock_offset_ms += fault.ms; break;
        case FaultKind::other_master:
            for (std::int64_t i = 0; i < std::min(fault.count, kForeignDocumentsMax); ++i) {
                machine_->register_elsewhere(fault.total);
            }
            break;
        case FaultKind::swap_device: swap_device(fault); break;
        case FaultKind::refuse_frames: link_.refuse_frames(fault.count); return {};
        case FaultKind::slow_command:
            slow_ = {.count = fault.count == 0 ? -1 : fault.count,
                     .command = fault.command,
                     .value = fault.ms};
            return {};
        case FaultKind::wrong_code:
            wrong_code_ = {.count = fault.count == 0 ? -1 : fault.count, .value = fault.code};
            return {};
        case FaultKind::memory_error:
            machine_->fail_fiscal_storage(static_cast<std::uint8_t>(fault.code), fault.count);
            return {};
        case FaultKind::lose:
        case FaultKind::late:
        case FaultKind::twice:
        case FaultKind::cut:
        case FaultKind::garble:
        case FaultKind::power_cut:
        case FaultKind::silence:
        case FaultKind::slow:
        case FaultKind::noise:
            return base::make_error(base::ErrorCode::not_supported, "not a fault of the device");
    }
    ++fired_;
    commit_or_die();
    return {};
}

}  // namespace

base::Result<std::unique_ptr<FiscalSimulator>> make_shtrih_registrar(const ShtrihOptions& options) {
    std::unique_ptr<Machine> machine = TRY(Machine::create(options));
    if (!machine->commit()) {
        return base::make_error(base::ErrorCode::storage_failed, machine->failure());
    }
    std::unique_ptr<FiscalSimulator> wired = std::make_unique<WiredRegistrar>(
        std::make_unique<Registrar>(std::move(machine)), std::make_unique<Variant1Tracker>(),
        std::make_unique<Variant1Tracker>(), options.seed);
    return wired;
}

}  // namespace tillhost::simulators::shtrih
