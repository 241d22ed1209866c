#include "devd/host/host_packets.h"

#include <algorithm>

namespace tillhost::devd::host {
namespace {

using base::ErrorCode;
using base::make_error;

constexpr std::byte kPartMark{0xC1};
constexpr std::byte kMore{1};
constexpr std::byte kLast{0};
constexpr std::size_t kHeadBytes = 2;

}  // namespace

base::Done split_message(base::ByteView message,
                         const std::function<base::Done(base::ByteView)>& send) {
    if (message.size() > kMessageBytesMax) {
        return make_error(ErrorCode::too_large, "a message of the host link");
    }
    if (message.size() <= kPartBytesMax) {
        return send(message);
    }
    base::Bytes packet;
    packet.reserve(kPacketBytesMax);
    while (!message.empty()) {
        const base::ByteView part = message.first(std::min(message.size(), kPartBytesMax));
        message = message.subspan(part.size());
        packet.assign({kPartMark, message.empty() ? kLast : kMore});
        packet.insert(packet.end(), part.begin(), part.end());
        TRY(send(packet));
    }
    return {};
}

base::Result<std::optional<base::ByteView>> PacketJoiner::take(base::ByteView packet) {
    if (packet.empty()) {
        return make_error(ErrorCode::malformed, "an empty packet");
    }
    const bool is_part = packet.front() == kPartMark;
    if (!is_part && joining_) {
        return make_error(ErrorCode::malformed, "a message between the parts of another");
    }
    if (!is_part) {
        return std::optional(packet);
    }
    if (packet.size() <= kHeadBytes || (packet[1] != kMore && packet[1] != kLast)) {
        return make_error(ErrorCode::malformed, "a part without content or with a wrong head");
    }
    if (!joining_) {
        parts_.clear();
    }
    const base::ByteView content = packet.subspan(kHeadBytes);
    if (parts_.size() + content.size() > kMessageBytesMax) {
        return make_error(ErrorCode::too_large, "a message in parts");
    }
    parts_.insert(parts_.end(), content.begin(), content.end());
    joining_ = packet[1] == kMore;
    if (joining_) {
        return std::optional<base::ByteView>();
    }
    return std::optional<base::ByteView>(parts_);
}

}  // namespace tillhost::devd::host
