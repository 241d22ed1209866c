#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "hal/base/bytes.h"
#include "hal/base/result.h"
#include "hal/os/clock.h"

// What a scanner puts on a serial line: [prefix] [AIM identifier] code [suffix]; no length, no
// check, no acknowledgement. Bytes only; no line, no clock.
namespace tillhost::drivers::serial {

/// Longest code, and so the longest frame beside its prefix, identifier and suffix.
inline constexpr std::size_t kCodeBytesMax = 4096;
/// Longest prefix.
inline constexpr std::size_t kPrefixBytesMax = 16;
/// A pause that ends a code where no suffix does: at 9600 baud a byte takes 1.04 ms, and adapters
/// hold bytes back for up to 16 ms.
inline constexpr os::Duration kIdleGap = std::chrono::milliseconds(50);
/// A pause after which what stands without its suffix is a half of a code.
inline constexpr os::Duration kStaleGap = std::chrono::milliseconds(300);

/// What ends a code.
enum class Suffix : std::uint8_t { none, cr, lf, crlf, tab, etx };
/// The word of the setting: "none", "cr", …
std::optional<Suffix> suffix_from(std::string_view word);

struct Framing {
    Suffix suffix = Suffix::cr;
    base::Bytes prefix{};  ///< empty: none
};

/// Cuts the stream into frames. Total; holds at most one frame's bytes.
class Framer final {
public:
    explicit Framer(Framing framing);

    /// Bytes came. Whole frames are to be taken before more are added.
    void add(base::ByteView bytes);
    /// The line was quiet for the framing's gap: without a suffix that ends a code, with one it
    /// makes what is there a half, which is thrown away.
    void quiet();
    /// Throws away what has begun and is not whole.
    void drop_half();
    /// Forgets what has begun, and frames that nobody took; counts nothing.
    void clear();
    /// The next whole frame without prefix and suffix, not empty. One without the prefix is none.
    std::optional<base::Bytes> take();
    /// A frame has begun and is not whole.
    bool waiting() const { return begun_ > 0; }
    /// Frames that were thrown away: halves, too long, without their prefix.
    std::int64_t dropped() const { return dropped_; }

private:
    void finish();

    Framing framing_;
    base::Bytes ending_;
    base::Bytes frame_;
    std::size_t begun_ = 0;  ///< bytes of the frame so far, those beyond the bound included
    std::deque<base::Bytes> whole_;
    std::int64_t dropped_ = 0;
};

/// Whether scanners put the AIM identifier in front of a code: always, never, or as it looks.
enum class AimMode : std::uint8_t { automatic, on, off };

/// A code in two parts.
struct Code {
    std::string aim;   ///< "]d2", or empty
    base::Bytes data;  ///< never empty, at most kCodeBytesMax
};

/// What a frame says; nothing where it is no code: without data, without the identifier that has to
/// be there, or a reply to the scanner's menu ("]X…", "]Z…", or words and 06, 15 or 05 with a full
/// stop behind them).
std::optional<Code> read_code(base::ByteView frame, AimMode mode);

/// The bytes of a setting, in which \xHH is a byte and \\ a backslash. Errors: bad_field(prefix).
base::Result<base::Bytes> unescape(std::string_view text);

}  // namespace tillhost::drivers::serial
