#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "simulators/printer/escpos/printer.h"

namespace tillhost::simulators::escpos {

/// A host at a simulated printer, on virtual time.
class Host {
public:
    explicit Host(EscposOptions options = {}) : printer_(*make_escpos_printer(options)) {}

    /// Says bytes and gives what the printer answers at once, in hex.
    std::string say(std::string_view hex) { return say_bytes(*base::from_hex(hex)); }
    std::string say_bytes(base::ByteView bytes) {
        printer_->receive(bytes, now_);
        return heard();
    }
    std::string print(std::string_view text) { return say_bytes(base::bytes_of(text)); }
    std::string heard() { return base::to_hex(printer_->take_output()); }
    /// Lets time pass until nothing is under way any more, or so much of it.
    std::string wait(os::Duration most = std::chrono::seconds(60)) {
        const os::Instant end = now_ + most;
        for (auto next = printer_->next_event(); next && *next <= end;
             next = printer_->next_event()) {
            now_ = std::max(now_, *next);
            printer_->advance(now_);
        }
        return heard();
    }
    void fault(std::string_view name,
               const std::vector<std::pair<std::string, std::string>>& keys = {}) {
        const auto fault = parse_fault(name, keys);
        ASSERT_TRUE(fault) << base::to_text(fault.error());
        const auto done = printer_->inject(*fault, now_);
        EXPECT_TRUE(done) << base::to_text(done.error());
    }
    /// What came out since the last call, once it is printed.
    std::vector<std::string> paper() {
        wait();
        const auto& tape = printer_->tape();
        std::vector<std::string> fresh(tape.begin() + static_cast<std::ptrdiff_t>(seen_),
                                       tape.end());
        seen_ = tape.size();
        return fresh;
    }
    PrinterState state() const { return printer_->printer_state(); }
    PrinterSimulator& printer() { return *printer_; }
    os::Instant now() const { return now_; }
    void pass(os::Duration time) {
        now_ += time;
        printer_->advance(now_);
    }

private:
    std::unique_ptr<PrinterSimulator> printer_;
    os::Instant now_{};
    std::size_t seen_ = 0;
};

using Lines = std::vector<std::string>;

}  // namespace tillhost::simulators::escpos
