#include "devd/runtime/host_channel.h"

#include <sys/socket.h>

#include <cerrno>

#include "ipc/contract/decoder.h"
#include "ipc/msgpack.h"

namespace tillhost::devd::runtime {
namespace {

using base::Done;
using base::ErrorCode;
using base::make_error;
using base::Result;

base::Error link_lost() { return make_error(ErrorCode::link_lost, "the host closed its link"); }

}  // namespace

Done HostChannel::send(const contract::ToHost& message) {
    return host::split_message(ipc::encode_msgpack(contract::to_value(message)),
                               [this](base::ByteView packet) { return send_packet(packet); });
}

Done HostChannel::send_packet(base::ByteView packet) {
    if (unsent_.empty()) {
        const ssize_t sent =
            ::send(link_.get(), packet.data(), packet.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent >= 0) {
            return {};
        }
        if (errno != EAGAIN && errno != EINTR) {
            return link_lost();
        }
    }
    if (unsent_bytes_ + packet.size() > kUnsentBytesMax) {
        return make_error(ErrorCode::too_large, "the host does not read");
    }
    unsent_bytes_ += packet.size();
    unsent_.emplace_back(packet.begin(), packet.end());
    return {};
}

Done HostChannel::flush() {
    while (!unsent_.empty()) {
        const base::Bytes& packet = unsent_.front();
        const ssize_t sent =
            ::send(link_.get(), packet.data(), packet.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0) {
            return errno == EAGAIN || errno == EINTR ? Done() : Done(link_lost());
        }
        unsent_bytes_ -= packet.size();
        unsent_.pop_front();
    }
    return {};
}

Result<bool> HostChannel::receive(std::size_t messages_max,
                                  const std::function<bool(const contract::FromHost&)>& handler) {
    for (std::size_t count = 0; count < messages_max || reader_.holds_more(); ++count) {
        const auto packet = TRY(reader_.next(link_.get()));
        if (!packet) {
            return false;
        }
        const auto message = TRY(joiner_.take(*packet));
        if (!message) {
            continue;
        }
        const contract::Value value = TRY(ipc::decode_msgpack(*message));
        const auto read = TRY(contract::from_value<contract::FromHost>(value, "from_host"));
        if (!handler(read)) {
            return false;
        }
    }
    return true;
}

}  // namespace tillhost::devd::runtime
