#pragma once

#include <functional>
#include <optional>

#include "hal/base/bytes.h"
#include "hal/base/result.h"

namespace tillhost::devd::host {

/// A message of the host link on its SOCK_SEQPACKET socket: one msgpack value, one packet. A longer
/// message than the kernel takes as one packet goes as several, each headed by two bytes: 0xC1
/// (which begins no msgpack value), then 1 while more parts follow and 0 in the last.
inline constexpr std::size_t kPartBytesMax =
    128 * 1024;  ///< below the kernel's default send buffer
inline constexpr std::size_t kPacketBytesMax = kPartBytesMax + 2;
inline constexpr std::size_t kMessageBytesMax = 1024 * 1024;

/// Gives the packets of a message in their order to `send`, until one returns an error.
/// Errors: too_large above kMessageBytesMax; what `send` says.
base::Done split_message(base::ByteView message,
                         const std::function<base::Done(base::ByteView)>& send);

/// Puts packets together again.
class PacketJoiner final {
public:
    /// The message that this packet completes, if it does; it lives until the next call.
    /// Errors: malformed (an empty packet, a header of a part that makes no sense, a message in
    /// the middle of parts), too_large. After an error the peer cannot be believed any more.
    base::Result<std::optional<base::ByteView>> take(base::ByteView packet);

private:
    base::Bytes parts_;
    bool joining_ = false;
};

}  // namespace tillhost::devd::host
