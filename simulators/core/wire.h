#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "hal/base/result.h"
#include "simulators/core/fault.h"
#include "simulators/core/frame_tracker.h"
#include "simulators/core/line_device.h"
#include "simulators/core/line_meter.h"
#include "simulators/core/random.h"

namespace tillhost::simulators {

/// Faults waiting at once.
inline constexpr std::size_t kArmedFaultsMax = 64;
/// Bytes on the way in one direction; more are lost, as a full line buffer loses them.
inline constexpr std::size_t kLineBytesMax = 64 * 1024;
/// Quiet time after which the next byte begins a unit.
inline constexpr os::Duration kUnitGap = std::chrono::milliseconds(100);

/// The line between host and device, and everything that can go wrong on it. A LineDevice around
/// another one: the inner device knows nothing of faults. Bytes keep their order in each direction;
/// a late one delays those behind it. Without faults and at full speed bytes pass in the same call;
/// on a slow line the n-th byte of a run ends n byte times after the run's begin, in both
/// directions and however late somebody calls.
class Wire final : public LineDevice {
public:
    /// `device` is kept by reference. One tracker for each direction.
    Wire(LineDevice& device, std::unique_ptr<FrameTracker> from_host,
         std::unique_ptr<FrameTracker> from_device, std::uint64_t seed);

    void receive(base::ByteView bytes, os::Instant now) override;
    void advance(os::Instant now) override;
    std::optional<os::Instant> next_event() const override;
    base::Bytes take_output() override;
    void power(bool on, os::Instant now) override;
    bool working() const override { return device_.working(); }
    bool powered() const override { return device_.powered(); }
    /// What is on the way takes its room too.
    std::size_t room() const override;
    void line_opened(os::Instant now) override;
    /// What was on the way is gone.
    void line_closed(os::Instant now) override;
    bool take_hang_up() override { return from_device_.queue.empty() && device_.take_hang_up(); }

    /// True for the kinds that happen on the line; the others belong to the device.
    static bool is_line_fault(FaultKind kind);
    /// Errors: retry_later when kArmedFaultsMax wait.
    base::Done inject(const Fault& fault, os::Instant now);
    std::uint64_t faults_fired() const { return fired_; }
    /// Since the start, or the last call of meter_anew().
    LineFigures figures() const { return meter_.figures(); }
    void meter_anew(os::Instant now) { meter_.begin(now); }

private:
    struct Armed {
        Fault fault;
        std::int64_t seen = 0;
        std::int64_t fired = 0;
    };
    struct TimedByte {
        os::Instant at;
        std::byte value;
        std::uint32_t power_cut = 0;  ///< 1 + index into cuts_: power fails when it has passed
    };
    struct PowerCut {
        os::Duration delay;
        os::Duration off;
    };
    struct Lane {
        Side side;
        std::unique_ptr<FrameTracker> tracker;
        std::deque<TimedByte> queue{};
        std::vector<Fault> active{};  ///< faults upon the unit that is passing
        base::Bytes unit{};           ///< what of it was let through, for `double`
        std::int64_t index = 0;       ///< of the next byte within the unit
        os::Instant last{};           ///< when the last byte came in
        os::Instant free_at{};        ///< when the line can carry the next one
        os::Instant run_at{};         ///< when the bytes began that follow without a gap
        std::int64_t run_bytes = 0;   ///< how many they are
        os::Duration lateness{};      ///< of the unit that is passing
    };

    void accept(Lane& lane, std::byte byte, os::Instant now);
    void choose_faults(Lane& lane, bool frame);
    bool hits(Armed& armed, bool counted);
    std::optional<std::byte> shape(Lane& lane, std::byte byte, std::uint32_t& power_cut);
    void push(Lane& lane, std::byte byte, std::uint32_t power_cut, os::Instant now);
    void set_speed(std::int64_t baud);
    bool spoils_checksum(const Lane& lane) const;
    void finish_unit(Lane& lane, os::Instant now);
    void deliver(Lane& lane, os::Instant now);
    void deliver_to_device(base::ByteView bytes, os::Instant now);
    void collect(os::Instant now);
    void step(os::Instant now);
    void clear_lanes(os::Instant now);
    void cut_power(std::uint32_t cut, os::Instant now);
    void switch_power(os::Instant now);
    bool busy() const;
    bool silent(os::Instant now) const { return silent_always_ || now < silent_until_; }

    LineDevice& device_;
    Lane from_host_;
    Lane from_device_;
    Random random_;
    std::vector<Armed> armed_;
    std::vector<PowerCut> cuts_;
    std::optional<os::Instant> power_off_at_;
    std::optional<os::Instant> power_on_at_;
    os::Duration off_for_{};
    base::Bytes output_;
    std::int64_t baud_ = 0;  ///< 0: bytes take no time
    LineMeter meter_;
    os::Instant silent_until_{};
    bool silent_always_ = false;
    std::uint64_t fired_ = 0;
};

}  // namespace tillhost::simulators
