#pragma once

#include <memory>

#include "simulators/core/fiscal_control.h"
#include "simulators/core/wire.h"

namespace tillhost::simulators {

/// A simulated registrar behind a Wire: what tests, scenarios and devsim hold. Faults of the line
/// go to the wire, all others to the registrar.
class WiredRegistrar final : public FiscalSimulator {
public:
    WiredRegistrar(std::unique_ptr<FiscalSimulator> registrar,
                   std::unique_ptr<FrameTracker> from_host,
                   std::unique_ptr<FrameTracker> from_device, std::uint64_t seed)
        : registrar_(std::move(registrar)),
          wire_(*registrar_, std::move(from_host), std::move(from_device), seed) {}

    void receive(base::ByteView bytes, os::Instant now) override { wire_.receive(bytes, now); }
    void advance(os::Instant now) override { wire_.advance(now); }
    std::optional<os::Instant> next_event() const override { return wire_.next_event(); }
    base::Bytes take_output() override { return wire_.take_output(); }
    void power(bool on, os::Instant now) override { wire_.power(on, now); }
    bool working() const override { return wire_.working(); }
    std::size_t room() const override { return wire_.room(); }
    bool powered() const override { return wire_.powered(); }

    const std::vector<FiscalDocument>& documents() const override {
        return registrar_->documents();
    }
    const std::vector<std::string>& tape() const override { return registrar_->tape(); }
    FiscalState state() const override;
    CommandCount commands(std::uint16_t code) const override { return registrar_->commands(code); }
    LineFigures line() const override { return wire_.figures(); }
    void meter_anew(os::Instant now) override { wire_.meter_anew(now); }
    base::Done inject(const Fault& fault, os::Instant now) override;

private:
    std::unique_ptr<FiscalSimulator> registrar_;
    Wire wire_;
};

}  // namespace tillhost::simulators
