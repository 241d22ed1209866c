#pragma once

#include <deque>
#include <map>

#include "simulators/core/line_device.h"
#include "simulators/core/simulator.h"
#include "simulators/printer/escpos/composer.h"
#include "simulators/printer/escpos/mechanism.h"

namespace tillhost::simulators::escpos {

/// With Flow::xon_xoff the host is stopped when so few bytes are free, and heard again when so many
/// are.
inline constexpr std::size_t kStopBytes = 16;
inline constexpr std::size_t kGoOnBytes = 40;

/// The printer without its line: a receive buffer that real-time commands overtake, the commands in
/// their turn, and the mechanism. Off line it takes nothing out of the buffer.
class Machine final : public LineDevice {
public:
    Machine(const EscposOptions& options, Memory memory);
    Machine(const Machine&) = delete;
    Machine& operator=(const Machine&) = delete;

    void receive(base::ByteView bytes, os::Instant now) override;
    void advance(os::Instant now) override;
    std::optional<os::Instant> next_event() const override { return mechanism_.next_event(); }
    base::Bytes take_output() override;
    bool working() const override { return !mechanism_.idle() || !buffer_.empty(); }
    std::size_t room() const override;
    void line_closed(os::Instant now) override;
    void power(bool on, os::Instant now) override;
    bool powered() const override { return powered_; }

    base::Done inject(const Fault& fault, os::Instant now);
    PrinterState state() const;
    const Mechanism& mechanism() const { return mechanism_; }
    /// The code is lead and code: 0x1D72 is GS r, 0x1004 DLE EOT.
    CommandCount commands(std::uint16_t code) const;

private:
    void arrive(std::byte byte, os::Instant now);
    void keep(std::byte byte, os::Instant now);
    void do_at_once(const Command& command, os::Instant now);
    void pulse_at_once(const Command& command, os::Instant now);
    void clear_buffers();
    void run(os::Instant now);
    void carry_out(const Command& command, os::Instant now);
    void carry_out_esc(const Command& command, os::Instant now);
    void carry_out_gs(const Command& command, os::Instant now);
    void cut(const Command& command, os::Instant now);
    void identify(unsigned what);
    void set_automatic(unsigned mask);
    void mark(const Command& command, os::Instant now);
    bool knows(const Command& command) const;
    void hand_over(os::Instant now);
    void watch();
    void hold_back();
    void say(base::ByteView bytes);
    void say(std::byte byte) { say(base::ByteView(&byte, 1)); }

    EscposOptions options_;
    Mechanism mechanism_;
    Composer composer_;
    CommandReader arriving_;   ///< finds real-time commands
    RealTimeScanner scanner_;  ///< the same, of an old interface
    base::Bytes real_time_;    ///< what has come of one
    CommandReader reader_;     ///< takes commands out of the buffer
    std::deque<std::byte> buffer_;
    base::Bytes output_;
    bool powered_ = true;
    bool held_ = false;     ///< XOFF was sent
    bool display_ = false;  ///< ESC = chose the customer display
    unsigned automatic_ = 0;
    Condition told_{};  ///< what the host was last told by itself, or would have been
    std::map<std::uint16_t, CommandCount> counts_;
    CommandCount count_all_;
    std::uint64_t unknown_ = 0;
    std::uint64_t lost_ = 0;
    std::uint64_t display_bytes_ = 0;
    std::uint64_t marks_answered_ = 0;
};

}  // namespace tillhost::simulators::escpos
