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
    }
    Visit(const Visit&) = delete;
    Visit& operator=(const Visit&) = delete;

private:
    Terminal& terminal_;
};

/// Bytes of one record of evidence (contract::Evidence).
inline constexpr std::size_t kEvidenceBytesMax = 4096;

/// Makes a 04 0F durable, without what of a card must not be kept.
base::Done keep_result(device::Gate& gate, base::ByteView apdu);

}  // namespace tillhost::drivers::zvt
