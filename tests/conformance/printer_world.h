#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "hal/drivers/drivers.h"
#include "hal/os/fake/fake_clock.h"
#include "simulators/core/printer_control.h"
#include "tests/conformance/book.h"

namespace tillhost::conformance {

/// One driver of class receipt_printer with one choice of settings and one kind of printer.
struct PrinterSubject {
    std::string name;  ///< for the test's name: letters, digits and _
    const drivers::DriverEntry* driver = nullptr;
    std::vector<contract::Setting> settings{};
    std::string model{};    ///< of devsim's printer, for tests on real lines
    bool socket = false;    ///< its line is one, else a serial line
    bool tells = true;      ///< the printer says how it is
    bool confirms = false;  ///< and that the paper came out
    std::function<std::unique_ptr<simulators::PrinterSimulator>()> make_device{};
    friend void PrintTo(const PrinterSubject& subject, std::ostream* out) { *out << subject.name; }
};
const std::vector<PrinterSubject>& printer_subjects();

/// A printer to which something happens at its time.
class EventfulPrinter final : public simulators::LineDevice {
public:
    explicit EventfulPrinter(simulators::PrinterSimulator& printer) : printer_(printer) {}

    void at(os::Instant when, const simulators::Fault& fault) { coming_.emplace(when, fault); }

    void receive(base::ByteView bytes, os::Instant now) override {
        advance(now);
        printer_.receive(bytes, now);
    }
    void advance(os::Instant now) override;
    std::optional<os::Instant> next_event() const override;
    base::Bytes take_output() override { return printer_.take_output(); }
    std::size_t room() const override { return printer_.room(); }
    void line_opened(os::Instant now) override { printer_.line_opened(now); }
    void line_closed(os::Instant now) override { printer_.line_closed(now); }
    bool take_hang_up() override { return printer_.take_hang_up(); }
    void power(bool on, os::Instant now) override { printer_.power(on, now); }
    bool powered() const override { return printer_.powered(); }

private:
    simulators::PrinterSimulator& printer_;
    std::optional<std::pair<os::Instant, simulators::Fault>> coming_;
};

/// One driver, its simulated printer and the line between, on virtual time.
class PrinterWorld {
public:
    explicit PrinterWorld(const PrinterSubject& subject);

    base::Result<device::Opened> open();
    base::Result<contract::PrintResult> execute(const contract::Command& command);
    base::Result<contract::PrinterStatus> status();
    void bury() { driver_.reset(); }
    void heal();
    void fault(std::string_view name,
               const std::vector<std::pair<std::string, std::string>>& keys = {});
    /// The same after a time.
    void fault_later(os::Duration time, std::string_view name);

    const std::vector<std::string>& tape() const { return device->tape(); }
    /// Lines of the paper that hold this text.
    std::size_t lines_with(std::string_view text) const;
    std::size_t pulses() const {
        return device->printer_state().pulses[0] + device->printer_state().pulses[1];
    }

    Book book;
    os::FakeClock clock;
    std::unique_ptr<simulators::PrinterSimulator> device;
    EventfulPrinter eventful;
    std::optional<support::VirtualCable> cable;

private:
    const PrinterSubject& subject_;
    std::unique_ptr<device::Driver> driver_;
};

/// Text blocks of these lines, cut behind them.
contract::PrintDocument document_of(const std::vector<std::string>& lines);

}  // namespace tillhost::conformance
