#include "simulators/printer/escpos/printer.h"

#include <fmt/format.h>

#include <utility>

#include "simulators/core/wire.h"
#include "simulators/printer/escpos/code_pages.h"
#include "simulators/printer/escpos/link.h"
#include "simulators/printer/escpos/machine.h"

namespace tillhost::simulators::escpos {
namespace {

class WiredPrinter final : public PrinterSimulator {
public:
    WiredPrinter(const EscposOptions& options, Memory memory)
        : machine_(options, std::move(memory)),
          wire_(machine_, make_host_tracker(), make_printer_tracker(), options.seed) {}

    void receive(base::ByteView bytes, os::Instant now) override { wire_.receive(bytes, now); }
    void advance(os::Instant now) override { wire_.advance(now); }
    std::optional<os::Instant> next_event() const override { return wire_.next_event(); }
    base::Bytes take_output() override { return wire_.take_output(); }
    bool working() const override { return wire_.working(); }
    std::size_t room() const override { return wire_.room(); }
    void line_opened(os::Instant now) override { wire_.line_opened(now); }
    void line_closed(os::Instant now) override { wire_.line_closed(now); }
    void power(bool on, os::Instant now) override { wire_.power(on, now); }
    bool powered() const override { return wire_.powered(); }
    LineFigures line() const override { return wire_.figures(); }
    void meter_anew(os::Instant now) override { wire_.meter_anew(now); }

    const std::vector<std::string>& tape() const override {
        return machine_.mechanism().memory().tape();
    }
    CommandCount commands(std::uint16_t code) const override { return machine_.commands(code); }
    base::Done inject(const Fault& fault, os::Instant now) override {
        advance(now);
        if (Wire::is_line_fault(fault.kind)) {
            TRY(wire_.inject(fault, now));
            if (fault.kind != FaultKind::clear) {
                return {};
            }
        }
        TRY(machine_.inject(fault, now));
        advance(now);
        return {};
    }
    PrinterState printer_state() const override {
        PrinterState state = machine_.state();
        state.faults_fired = wire_.faults_fired();
        return state;
    }
    const std::vector<DrawerPulse>& pulses() const override {
        return machine_.mechanism().pulses();
    }

private:
    Machine machine_;
    Wire wire_;
};

base::Done check(const EscposOptions& options) {
    if (options.columns < kColumnsMin || options.columns > kColumnsMax) {
        return base::bad_field("columns", fmt::format("{} to {}", kColumnsMin, kColumnsMax));
    }
    if (options.buffer_bytes < kBufferBytesMin || options.buffer_bytes > kBufferBytesMax) {
        return base::bad_field("buffer",
                               fmt::format("{} to {} bytes", kBufferBytesMin, kBufferBytesMax));
    }
    if (options.drawer_pin != 2 && options.drawer_pin != 5) {
        return base::bad_field("drawer_pin", "2 or 5");
    }
    for (const auto& [number, page] : options.pages) {
        if (!is_code_page(page)) {
            return base::bad_field("pages",
                                   "437, 850, 852, 858, 866, 1250, 1251 or 1252 for each number");
        }
    }
    return {};
}

}  // namespace

base::Result<std::unique_ptr<PrinterSimulator>> make_escpos_printer(const EscposOptions& options) {
    TRY(check(options));
    std::shared_ptr<FiscalStore> store = options.store;
    if (!store) {
        store = std::make_shared<MemoryFiscalStore>();
    }
    Memory memory = TRY(Memory::open(std::move(store)));
    std::unique_ptr<PrinterSimulator> printer =
        std::make_unique<WiredPrinter>(options, std::move(memory));
    return printer;
}

}  // namespace tillhost::simulators::escpos
