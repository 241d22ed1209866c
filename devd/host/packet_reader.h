#pragma once

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <memory>
#include <optional>

#include "devd/host/host_packets.h"

namespace tillhost::devd::host {

/// Packets taken from the kernel at once: one system call for many when there are many, and one
/// for one when there is one.
inline constexpr std::size_t kPacketsAtOnceMax = 8;

/// Reads packets from one end of a host link, without blocking.
class PacketReader final {
public:
    PacketReader();

    /// The next packet; it lives until the next call. Nothing = there was none at the last look:
    /// wait until the descriptor is readable, and call again. Errors: link_lost (the other end is
    /// closed and everything was read), too_large.
    base::Result<std::optional<base::ByteView>> next(int link);
    /// Packets already taken from the kernel: the descriptor does not tell of them.
    bool holds_more() const { return at_ < taken_; }

private:
    base::Done take(int link);

    std::unique_ptr<std::byte[]> bytes_;  ///< what is not used costs no memory
    std::array<iovec, kPacketsAtOnceMax> places_{};
    std::array<mmsghdr, kPacketsAtOnceMax> packets_{};
    std::size_t taken_ = 0;
    std::size_t at_ = 0;
    bool emptied_ = false;  ///< the last look took everything
};

}  // namespace tillhost::devd::host
