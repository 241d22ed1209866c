#include "devd/host/packet_reader.h"

#include <cerrno>

namespace tillhost::devd::host {

using base::ErrorCode;
using base::make_error;

PacketReader::PacketReader()
    : bytes_(std::make_unique_for_overwrite<std::byte[]>(kPacketsAtOnceMax * kPacketBytesMax)) {
    for (std::size_t i = 0; i < kPacketsAtOnceMax; ++i) {
        places_[i] = {.iov_base = bytes_.get() + i * kPacketBytesMax, .iov_len = kPacketBytesMax};
        packets_[i].msg_hdr.msg_iov = &places_[i];
        packets_[i].msg_hdr.msg_iovlen = 1;
    }
}

base::Result<std::optional<base::ByteView>> PacketReader::next(int link) {
    if (at_ == taken_) {
        if (emptied_) {
            emptied_ = false;
            return std::optional<base::ByteView>();
        }
        TRY(take(link));
        if (taken_ == 0) {
            return std::optional<base::ByteView>();
        }
    }
    const std::size_t length = packets_[at_].msg_len;
    const auto* first = static_cast<const std::byte*>(places_[at_].iov_base);
    if (length == 0) {
        // An end of file; an empty packet looks the same and is as fatal.
        return make_error(ErrorCode::link_lost, "the other end of the link is closed");
    }
    if (length > kPacketBytesMax) {
        return make_error(ErrorCode::too_large, "a packet above the limit");
    }
    ++at_;
    return std::optional(base::ByteView(first, length));
}

base::Done PacketReader::take(int link) {
    at_ = taken_ = 0;
    const int count =
        ::recvmmsg(link, packets_.data(), kPacketsAtOnceMax, MSG_DONTWAIT | MSG_TRUNC, nullptr);
    if (count < 0) {
        return errno == EAGAIN || errno == EINTR
                   ? base::Done()
                   : base::Done(make_error(ErrorCode::link_lost, "the link is broken"));
    }
    taken_ = static_cast<std::size_t>(count);
    emptied_ = taken_ < kPacketsAtOnceMax;
    return {};
}

}  // namespace tillhost::devd::host
