#include "tests/bench/licence_wire.h"

#include <poll.h>
#include <zmq.h>

#include <cerrno>
#include <chrono>
#include <utility>

#include "ipc/curve_keys.h"
#include "ipc/msgpack.h"

namespace tillhost::bench {

using base::Done;
using base::ErrorCode;
using base::make_error;
using base::Result;

namespace {

constexpr std::int64_t kDeadlineMs = 10'000;

/// Of all wires of this process, until it ends.
void* context() {
    static void* const one = ::zmq_ctx_new();
    return one;
}

base::Error failed(const std::string& what) {
    return make_error(ErrorCode::system_failed, what + ": " + ::zmq_strerror(::zmq_errno()));
}

void set(void* socket, int option, int value) {
    ::zmq_setsockopt(socket, option, &value, sizeof value);
}

Done encrypt(void* socket, const std::string& server_key) {
    const ipc::KeyPair own = TRY(ipc::KeyPair::make());
    for (const auto& [option, key] : {std::pair(ZMQ_CURVE_SERVERKEY, server_key),
                                      std::pair(ZMQ_CURVE_PUBLICKEY, own.public_key),
                                      std::pair(ZMQ_CURVE_SECRETKEY, own.secret_key.reveal())}) {
        if (::zmq_setsockopt(socket, option, key.c_str(), key.size() + 1) != 0) {
            return failed("a key");
        }
    }
    return {};
}

struct Message {
    zmq_msg_t content;
    Message() { ::zmq_msg_init(&content); }
    ~Message() { ::zmq_msg_close(&content); }
    Message(const Message&) = delete;
    Message& operator=(const Message&) = delete;
    base::ByteView bytes() {
        return {static_cast<const std::byte*>(::zmq_msg_data(&content)), ::zmq_msg_size(&content)};
    }
};

}  // namespace

Result<std::unique_ptr<LicenceWire>> LicenceWire::open(const std::string& address,
                                                       const std::string& server_key,
                                                       const os::Clock& clock) {
    constexpr int kTryAgainMs = 2;
    std::unique_ptr<LicenceWire> wire(new LicenceWire(::zmq_socket(context(), ZMQ_DEALER), clock));
    set(wire->socket_, ZMQ_LINGER, 0);
    set(wire->socket_, ZMQ_RECONNECT_IVL, kTryAgainMs);
    if (!server_key.empty()) {
        TRY(encrypt(wire->socket_, server_key));
    }
    std::size_t size = sizeof wire->fd_;
    if (::zmq_connect(wire->socket_, address.c_str()) != 0 ||
        ::zmq_getsockopt(wire->socket_, ZMQ_FD, &wire->fd_, &size) != 0) {
        return failed(address);
    }
    return wire;
}

LicenceWire::~LicenceWire() { ::zmq_close(socket_); }

Done LicenceWire::send(contract::RequestKind kind, contract::Value body) {
    const base::Bytes bytes = ipc::encode_msgpack(
        contract::to_value(contract::Request{kind, ++last_id_, kDeadlineMs, std::move(body)}));
    if (::zmq_send(socket_, bytes.data(), bytes.size(), ZMQ_DONTWAIT) < 0) {
        return failed("send");
    }
    return {};
}

Result<contract::Value> LicenceWire::receive(os::Deadline deadline) {
    Message message;
    while (::zmq_msg_recv(&message.content, socket_, ZMQ_DONTWAIT) < 0) {
        const os::Duration left =
            deadline == os::Deadline{} ? os::Duration{} : deadline - clock_.now();
        if (::zmq_errno() != EAGAIN || left <= os::Duration{}) {
            return make_error(ErrorCode::deadline_passed, "licd has not answered");
        }
        pollfd wait{fd_, POLLIN, 0};
        const auto ms = std::chrono::ceil<std::chrono::milliseconds>(left).count();
        ::poll(&wait, 1, static_cast<int>(ms));
    }
    const auto tree = TRY(ipc::decode_msgpack(message.bytes()));
    auto reply = TRY(contract::read_reply(tree));
    if (const auto* error = std::get_if<contract::Error>(&reply.outcome)) {
        return contract::to_base(*error);
    }
    return std::get<contract::Value>(std::move(reply.outcome));
}

}  // namespace tillhost::bench
