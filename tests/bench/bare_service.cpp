#include "tests/bench/bare_service.h"

#include <zmq.h>

#include <array>
#include <condition_variable>
#include <deque>
#include <mutex>

#include "hal/base/bytes.h"
#include "hal/os/descriptor.h"
#include "hal/os/thread.h"
#include "tests/bench/references.h"

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

/// Peers whose row is to be written, and those whose row is on disk.
class Queues final {
public:
    void ask(Bytes peer) {
        {
            const std::lock_guard<std::mutex> guard(mutex_);
            asked_.push_back(std::move(peer));
        }
        changed_.notify_one();
    }
    Bytes next_asked() {
        std::unique_lock<std::mutex> lock(mutex_);
        changed_.wait(lock, [this] { return !asked_.empty(); });
        Bytes peer = std::move(asked_.front());
        asked_.pop_front();
        return peer;
    }
    void written(Bytes peer) {
        const std::lock_guard<std::mutex> guard(mutex_);
        written_.push_back(std::move(peer));
    }
    std::deque<Bytes> take_written() {
        const std::lock_guard<std::mutex> guard(mutex_);
        return std::exchange(written_, {});
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Bytes> asked_;
    std::deque<Bytes> written_;
};

/// False when nothing waits.
bool take_request(void* router, Queues& queues) {
    Bytes peer(kPeerBytesMax);
    const int length = ::zmq_recv(router, peer.data(), peer.size(), ZMQ_DONTWAIT);
    if (length < 0) {
        return false;
    }
    std::array<std::byte, BareService::kRequestBytes> request{};
    ::zmq_recv(router, request.data(), request.size(), 0);
    peer.resize(static_cast<std::size_t>(length));
    queues.ask(std::move(peer));
    return true;
}

void reply(void* router, const Bytes& peer) {
    const std::array<std::byte, BareService::kReplyBytes> body{};
    ::zmq_send(router, peer.data(), peer.size(), ZMQ_SNDMORE);
    ::zmq_send(router, body.data(), body.size(), 0);
}

Done serve_in(const std::string& folder) {
    void* router = ::zmq_socket(::zmq_ctx_new(), ZMQ_ROUTER);
    if (::zmq_bind(router, address_in(folder).c_str()) != 0) {
        return zmq_error("bind");
    }
    const auto commits = TRY(Commits::open(folder, "bare.db"));
    const os::Wakeup moved = TRY(os::Wakeup::create());
    Queues queues;
    const os::Thread writer("writer", [&] {
        while (true) {
            Bytes peer = queues.next_asked();
            if (!commits->once()) {
                std::_Exit(1);
            }
            queues.written(std::move(peer));
            moved.signal();
        }
    });
    std::array<zmq_pollitem_t, 2> items{
        {{router, 0, ZMQ_POLLIN, 0}, {nullptr, moved.fd(), ZMQ_POLLIN, 0}}};
    while (::zmq_poll(items.data(), static_cast<int>(items.size()), -1) >= 0) {
        moved.clear();
        for (const Bytes& peer : queues.take_written()) {
            reply(router, peer);
        }
        while (take_request(router, queues)) {
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
