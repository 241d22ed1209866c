#pragma once

#include "simulators/fiscal/shtrih/executor.h"

namespace tillhost::simulators::shtrih {

inline constexpr std::byte kStx2{0x8F};
inline constexpr std::byte kEscape{0x9F};
/// Longest DATA of a frame that is taken or sent.
inline constexpr std::size_t kData2BytesMax = 1024;
/// The number of a device that has executed nothing since power on.
inline constexpr std::uint16_t kFirstNumber = 1;

/// One frame of variant 2. LEN 0 is a ping (no number, no data), 2 has a number only.
struct Frame2 {
    bool ping = false;
    std::uint16_t number = 0;
    base::Bytes data{};
    bool operator==(const Frame2&) const = default;
};

/// CRC-16/CCITT-FALSE: polynomial 1021h, start FFFFh.
std::uint16_t crc16_of(base::ByteView bytes);
/// 8F, then LEN, NUM, DATA and CRC with 8F as 9F 81 and 9F as 9F 83.
base::Bytes encode_frame2(const Frame2& frame);
/// One whole frame. Errors: frame_damaged (no 8F, a bare 8F or a wrong pair within, LEN that does
/// not fit, LEN 1, CRC). Total.
base::Result<Frame2> decode_frame2(base::ByteView frame);

/// Lower level, variant 2 ("alternative"), device side, as section 4 of the protocol has it:
///  - the number after the last one is executed and its answer kept;
///  - any other number brings the kept answer again, under the kept number;
///  - a ping and a frame with a number only bring the same, or an empty frame before the first
///    command;
///  - what is spoiled is dropped without a word; an 8F always begins a frame;
///  - what arrives while a command executes is lost.
class Variant2 final : public LowerLevel {
public:
    Variant2(const LinkOptions& options, Executor& executor)
        : options_(options), executor_(executor) {}

    void receive(std::byte byte, os::Instant now) override;
    void advance(os::Instant now) override;
    std::optional<os::Instant> next_event() const override { return due_; }
    base::Bytes take_output() override;
    void reset() override;
    void refuse_frames(std::int64_t count) override { refuse_ = count; }
    void set_byte_timeout(os::Duration timeout) override { options_.byte_timeout = timeout; }
    bool idle() const override { return !executing_ && received_.empty(); }
    bool executing() const override { return executing_; }
    void set_number(std::uint16_t number);

private:
    void on_frame(const Frame2& frame, os::Instant now);
    void say_again();

    LinkOptions options_;
    Executor& executor_;
    base::Bytes received_;  ///< of the frame that is coming, 8F first, without stuffing
    bool escaped_ = false;
    bool executing_ = false;
    Frame2 command_;
    std::optional<os::Instant> due_;
    std::uint16_t number_ = kFirstNumber;  ///< of the last executed command
    std::optional<base::Bytes> answer_;    ///< its whole frame
    base::Bytes output_;
    std::int64_t refuse_ = 0;
};

}  // namespace tillhost::simulators::shtrih
