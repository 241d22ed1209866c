#pragma once

#include "hal/drivers/payment/zvt/terminal.h"

namespace tillhost::drivers::zvt {

/// One call of the class: whose gate is asked, and whether the line stays open behind it.
class Terminal::Visit final {
public:
    Visit(Terminal& terminal, device::Gate* gate) : terminal_(terminal) {
        terminal_.gate_ = gate;
        terminal_.fresh_ = false;
    }
    ~Visit() {
        if (!terminal_.settings_.keep_open && !terminal_.settings_.serial_frames) {
            terminal_.drop();
        }
        terminal_.gate_ = nullptr;
        terminal_.recovering_ = false;
        terminal_.may_break_off_ = false;
        terminal_.prints_.reset();
    }
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;

private:
    Terminal& terminal_;
};

}  // namespace tillhost::drivers::zvt
