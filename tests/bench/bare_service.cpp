#include "tests/bench/bare_service.h"

#include <zmq.h>

#include <array>

#include "hal/base/bytes.h"
#include "tests/bench/bare_writer.h"

namespace tillhost::bench {
namespace {

using base::Bytes;
using base::Done;
using base::ErrorCode;
using base::make_error;
using base::Result;

constexpr int kAnswerMsMax = 10'000;
constexpr std::size_t kPeerBytesMax = 256;

std::string address_in(const std::string& folder) { return "ipc://" + folder + "/bare.sock"; }

base::Error zmq_error(std::string_view what) {
    return make_error(ErrorCode::system_failed,
                      std::string(what) + ": " + ::zmq_strerror(::zmq_errno()));
}

void reply(void* router, const Bytes& peer) {
    const std::array<std::byte, BareService::kReplyBytes> body{};
    ::zmq_send(router, peer.data(), peer.size(), ZMQ_SNDMORE);
    ::zmq_send(router, body.data(), body.size(), 0);
}

/// False when nothing waits.
bool take_request(void* router, BareWriter& writer) {
    Bytes peer(kPeerBytesMax);
    const int length = ::zmq_recv(router, peer.data(), peer.size(), ZMQ_DONTWAIT);
    if (length < 0) {
        return false;
    }
    std::array<std::byte, BareService::kRequestBytes> request{};
    ::zmq_recv(router, request.data(), request.size(), 0);
    peer.resize(static_cast<std::size_t>(length));
    writer.write([router, peer] { reply(router, peer); });
    return true;
}

Done serve_in(const std::string& folder) {
    void* router = ::zmq_socket(::zmq_ctx_new(), ZMQ_ROUTER);
    if (::zmq_bind(router, address_in(folder).c_str()) != 0) {
        return zmq_error("bind");
    }
    const auto writer = TRY(BareWriter::start(folder));
    std::array<zmq_pollitem_t, 2> items{
        {{router, 0, ZMQ_POLLIN, 0}, {nullptr, writer->fd(), ZMQ_POLLIN, 0}}};
    while (::zmq_poll(items.data(), static_cast<int>(items.size()), -1) >= 0) {
        writer->take_written();
        while (take_request(router, *writer)) {
        }
    }
    return zmq_error("poll");
}

}  // namespace

Result<std::unique_ptr<BareService>> BareService::start(const std::string& folder,
                                                        const Processors& processors) {
    std::unique_ptr<BareService> bare(new BareService);
    const std::string self = TRY(os::program_folder()) + "run_bench";
    processors.be_service();
    auto service = os::Child::spawn({.program = self, .arguments = {"--bare", folder}});
    processors.be_client();
    bare->service_ = TRY(std::move(service));
    bare->context_ = ::zmq_ctx_new();
    bare->socket_ = ::zmq_socket(bare->context_, ZMQ_DEALER);
    ::zmq_setsockopt(bare->socket_, ZMQ_RCVTIMEO, &kAnswerMsMax, sizeof kAnswerMsMax);
    const int linger = 0;
    ::zmq_setsockopt(bare->socket_, ZMQ_LINGER, &linger, sizeof linger);
    if (::zmq_connect(bare->socket_, address_in(folder).c_str()) != 0) {
        return zmq_error(folder);
    }
    TRY(bare->accept_once());
    return bare;
}

BareService::~BareService() {
    ::zmq_close(socket_);
    ::zmq_ctx_term(context_);
}

Done BareService::accept_once() {
    std::array<std::byte, kRequestBytes> request{};
    std::array<std::byte, kReplyBytes> answer{};
    if (::zmq_send(socket_, request.data(), request.size(), 0) < 0 ||
        ::zmq_recv(socket_, answer.data(), answer.size(), 0) < 0) {
        return zmq_error("bare service");
    }
    return {};
}

int BareService::serve(const std::string& place) {
    [[maybe_unused]] const Done served = serve_in(place);
    return 1;
}

}  // namespace tillhost::bench
