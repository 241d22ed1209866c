#include "simulators/payment/zvt/terminal.h"

#include <utility>

#include "simulators/core/wire.h"
#include "simulators/payment/zvt/link.h"
#include "simulators/payment/zvt/machine.h"

namespace tillhost::simulators::zvt {
namespace {

constexpr std::size_t kTerminalIdDigits = 8, kPasswordDigits = 6;

base::Bytes foreign_banner() {
    constexpr std::size_t kLength = 0x3E;
    base::ByteWriter writer;
    writer.uint_be(kLength, 4).raw(base::bytes_of("VER|APP 1.0"));
    writer.fill(base::byte(' '), 4 + kLength - writer.bytes().size());
    return writer.take();
}

/// The machine behind its link.
class Terminal final : public LineDevice {
public:
    Terminal(const ZvtOptions& options, Memory memory) : machine_(options, std::move(memory)) {
        if (options.tcp) {
            link_ = std::make_unique<TcpLink>();
        } else {
            link_ = std::make_unique<SerialLink>();
        }
    }

    void receive(base::ByteView bytes, os::Instant now) override {
        advance(now);
        if (!machine_.powered()) {
            return;
        }
        if (speaks_foreign(bytes)) {
            return;
        }
        link_->receive(bytes, now);
        exchange(now);
    }
    void advance(os::Instant now) override {
        for (auto next = next_event(); next && *next < now; next = next_event()) {
            step(*next);
        }
        step(now);
    }
    std::optional<os::Instant> next_event() const override {
        std::optional<os::Instant> next = machine_.next_event();
        const auto link = link_->next_event();
        return !next || (link && *link < *next) ? link : next;
    }
    base::Bytes take_output() override { return std::exchange(output_, {}); }
    void line_opened(os::Instant now) override {
        link_->reset();
        machine_.line_opened(now);
        if (machine_.has_quirk("foreign_protocol")) {
            const auto quirk = machine_.take_quirk("foreign_protocol");
            foreign_ = quirk->code + 1;
            output_ = quirk->code == 1 ? foreign_banner() : base::Bytes{};
        }
    }
    void line_closed(os::Instant now) override {
        machine_.line_closed(now);
        link_->reset();
        output_.clear();
        foreign_ = 0;
    }
    bool take_hang_up() override { return machine_.take_hang_up(); }
    void power(bool on, os::Instant now) override {
        machine_.power(on, now);
        link_->reset();
        output_.clear();
        exchange(now);
    }
    bool powered() const override { return machine_.powered(); }

    Machine& machine() { return machine_; }
    const Machine& machine() const { return machine_; }
    base::Done inject(const Fault& fault, os::Instant now) {
        if (fault.kind == FaultKind::refuse_frames) {
            link_->refuse_frames(fault.count);
            return {};
        }
        TRY(machine_.inject(fault, now));
        if (const auto unstuffed = machine_.take_quirk("unstuffed")) {
            link_->leave_unstuffed(unstuffed->count);
        }
        exchange(now);
        return {};
    }

private:
    /// Another protocol stands on this port: the terminal answers as its owner would.
    bool speaks_foreign(base::ByteView bytes) {
        if (foreign_ == 0) {
            return false;
        }
        if (!bytes.empty() && foreign_ == 1) {
            for (const unsigned byte : {0x15U, 0x03U, 0x69U}) {
                output_.push_back(base::byte(byte));
            }
        }
        return true;
    }
    void step(os::Instant now) {
        link_->advance(now);
        machine_.link_busy(!link_->idle());
        machine_.advance(now);
        exchange(now);
    }
    void exchange(os::Instant now) {
        if (link_->take_failure()) {
            machine_.link_failed(now);
        }
        while (const auto apdu = link_->take_apdu()) {
            machine_.receive(*apdu, now);
            pass(now);
        }
        pass(now);
    }
    void pass(os::Instant now) {
        for (const std::vector<Apdu>& piece : machine_.take_output()) {
            for (const Apdu& apdu : piece) {
                link_->send(encode_apdu(apdu), now);
            }
        }
        machine_.link_busy(!link_->idle());
        const base::Bytes said = link_->take_output();
        output_.insert(output_.end(), said.begin(), said.end());
    }

    Machine machine_;
    std::unique_ptr<Link> link_;
    base::Bytes output_;
    std::int64_t foreign_ = 0;  ///< 0: none, 1: ECR17's NAK, 2: a banner and silence
};

/// The terminal behind a line on which things go wrong.
class WiredTerminal final : public TerminalSimulator {
public:
    WiredTerminal(std::unique_ptr<Terminal> terminal, const ZvtOptions& options)
        : terminal_(std::move(terminal)),
          wire_(*terminal_, tracker(options), tracker(options), options.seed) {}

    void receive(base::ByteView bytes, os::Instant now) override { wire_.receive(bytes, now); }
    void advance(os::Instant now) override {
        now_ = now;
        wire_.advance(now);
    }
    std::optional<os::Instant> next_event() const override { return wire_.next_event(); }
    base::Bytes take_output() override { return wire_.take_output(); }
    void line_opened(os::Instant now) override { wire_.line_opened(now); }
    void line_closed(os::Instant now) override { wire_.line_closed(now); }
    bool take_hang_up() override { return wire_.take_hang_up(); }
    void power(bool on, os::Instant now) override { wire_.power(on, now); }
    bool powered() const override { return wire_.powered(); }
    std::size_t room() const override { return wire_.room(); }
    LineFigures line() const override { return wire_.figures(); }
    void meter_anew(os::Instant now) override { wire_.meter_anew(now); }

    const std::vector<std::string>& tape() const override {
        return terminal_->machine().memory().tape();
    }
    CommandCount commands(std::uint16_t code) const override {
        return terminal_->machine().commands(code);
    }
    base::Done inject(const Fault& fault, os::Instant now) override {
        advance(now);
        if (Wire::is_line_fault(fault.kind)) {
            TRY(wire_.inject(fault, now));
            if (fault.kind != FaultKind::clear) {
                return {};
            }
        }
        TRY(terminal_->inject(fault, now));
        advance(now);
        return {};
    }
    const std::vector<CardTransaction>& transactions() const override {
        return terminal_->machine().memory().transactions();
    }
    TerminalState terminal_state() const override {
        TerminalState state = terminal_->machine().state(now_);
        state.faults_fired += wire_.faults_fired();
        return state;
    }

private:
    static std::unique_ptr<FrameTracker> tracker(const ZvtOptions& options) {
        return options.tcp ? make_tcp_tracker() : make_serial_tracker();
    }
    std::unique_ptr<Terminal> terminal_;
    Wire wire_;
    os::Instant now_{};
};

base::Done check_digits(std::string_view name, std::string_view value, std::size_t digits) {
    if (value.size() != digits || value.find_first_not_of("0123456789") != std::string_view::npos) {
        return base::bad_field(name, std::to_string(digits) + " digits");
    }
    return {};
}

}  // namespace

base::Result<std::unique_ptr<TerminalSimulator>> make_zvt_terminal(const ZvtOptions& options) {
    TRY(check_digits("terminal_id", options.terminal_id, kTerminalIdDigits));
    if (!options.password.empty()) {
        TRY(check_digits("password", options.password, kPasswordDigits));
    }
    std::shared_ptr<FiscalStore> store = options.store;
    if (!store) {
        store = std::make_shared<MemoryFiscalStore>();
    }
    Memory memory = TRY(Memory::open(std::move(store)));
    auto terminal = std::make_unique<Terminal>(options, std::move(memory));
    std::unique_ptr<TerminalSimulator> wired =
        std::make_unique<WiredTerminal>(std::move(terminal), options);
    return wired;
}

}  // namespace tillhost::simulators::zvt
