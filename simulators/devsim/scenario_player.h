#pragma once

#include <memory>
#include <string>
#include <vector>

#include "simulators/core/fiscal_control.h"
#include "simulators/core/simulator.h"
#include "simulators/devsim/scenario.h"

namespace tillhost::devsim {

/// A simulated device to which a scenario happens. It stands where the device would stand: between
/// it and its line, and counts what passes. Pure, as the device is; `now` as for LineDevice.
class ScenarioPlayer final : public simulators::Simulator {
public:
    /// The start of the scenario happens here. `start` is when the device stands on its line.
    /// Errors: those of the device's inject().
    static base::Result<std::unique_ptr<ScenarioPlayer>> create(
        const Scenario& scenario, std::unique_ptr<simulators::Simulator> device, os::Instant start);

    void receive(base::ByteView bytes, os::Instant now) override;
    void advance(os::Instant now) override;
    std::optional<os::Instant> next_event() const override;
    base::Bytes take_output() override;
    void power(bool on, os::Instant now) override;
    bool working() const override { return device_->working(); }
    bool powered() const override { return device_->powered(); }
    std::size_t room() const override { return device_->room(); }
    void line_opened(os::Instant now) override;
    void line_closed(os::Instant now) override;
    bool take_hang_up() override { return device_->take_hang_up(); }

    const simulators::FiscalControl* fiscal() const override { return device_->fiscal(); }
    const simulators::TerminalControl* terminal() const override { return device_->terminal(); }
    simulators::ScannerControl* scanner() override { return device_->scanner(); }
    const simulators::PrinterControl* printer() const override { return device_->printer(); }
    const simulators::TokenControl* token() const override { return device_->token(); }
    /// Of a registrar; none of another device.
    const std::vector<simulators::FiscalDocument>& documents() const;
    const std::vector<std::string>& tape() const override { return device_->tape(); }
    simulators::CommandCount commands(std::uint16_t code) const override {
        return device_->commands(code);
    }
    simulators::LineFigures line() const override { return device_->line(); }
    void meter_anew(os::Instant now) override { device_->meter_anew(now); }
    base::Done inject(const simulators::Fault& fault, os::Instant now) override {
        return device_->inject(fault, now);
    }

    /// What happened since the last call, a line each: "line 12: power off".
    std::vector<std::string> take_log();
    /// What of the line's faults only its holder can do (second_client).
    using LineFault = std::function<base::Done(const simulators::Fault&)>;
    void on_line_fault(LineFault handler) { line_fault_ = std::move(handler); }

private:
    struct Armed {
        Event event;
        std::uint64_t base = 0;  ///< commands of that code that came before the start
        bool fired = false;
    };
    ScenarioPlayer(std::unique_ptr<simulators::Simulator> device, os::Instant start)
        : device_(std::move(device)), start_(start) {}

    void step(os::Instant now);
    void settle(os::Instant now);
    void fire_due(os::Instant now);
    void fire_commands(os::Instant now);
    void fire_bytes(simulators::Side side, os::Instant now);
    void fire(Armed& armed, os::Instant now);
    base::Done happen(const Happening& what, os::Instant now);

    std::unique_ptr<simulators::Simulator> device_;
    os::Instant start_;
    std::vector<Armed> events_;
    std::uint64_t host_bytes_ = 0;
    std::uint64_t device_bytes_ = 0;
    std::optional<os::Instant> power_on_at_;
    base::Bytes output_;
    std::vector<std::string> log_;
    LineFault line_fault_;
};

/// What an example host of a scenario heard otherwise than the scenario says.
struct TalkResult {
    std::vector<std::string> mistakes;
    std::size_t exchanges = 0;
};

/// Plays a scenario's talk on virtual time, as `devsim check` does.
TalkResult play_talk(const Scenario& scenario, ScenarioPlayer& player, os::Instant start);

}  // namespace tillhost::devsim
