#include "tests/bench/bare_chain.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zmq.h>

#include <array>
#include <csignal>

#include "hal/base/error.h"

namespace tillhost::bench {
namespace {

constexpr std::size_t kBytesMax = 64;
constexpr int kWaitMsMax = 10'000;

base::Error zmq_error(std::string_view what) {
    return base::make_error(base::ErrorCode::system_failed,
                            std::string(what) + ": " + ::zmq_strerror(::zmq_errno()));
}

/// Whole codes only, as a driver would: up to the carriage return.
[[noreturn]] void read_line(const std::string& terminal, int onward) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int line = ::open(terminal.c_str(), O_RDWR | O_NOCTTY);
    std::array<char, kBytesMax> code{};
    std::size_t size = 0;
    ssize_t got = 0;
    while ((got = ::read(line, code.data() + size, code.size() - size)) > 0) {
        size += static_cast<std::size_t>(got);
        if (code[size - 1] == '\r' || size == code.size()) {
            ::send(onward, code.data(), size, 0);
            size = 0;
        }
    }
    ::_exit(1);
}

}  // namespace

base::Result<std::unique_ptr<BareChain>> BareChain::start(const std::string& folder,
                                                          const std::string& terminal,
                                                          const Processors& processors) {
    std::unique_ptr<BareChain> chain(new BareChain);
    const std::string address = "ipc://" + folder + "/chain.sock";
    const std::string self = TRY(os::program_folder()) + "run_bench";
    chain->context_ = ::zmq_ctx_new();
    chain->socket_ = ::zmq_socket(chain->context_, ZMQ_PULL);
    ::zmq_setsockopt(chain->socket_, ZMQ_RCVTIMEO, &kWaitMsMax, sizeof kWaitMsMax);
    if (::zmq_bind(chain->socket_, address.c_str()) != 0) {
        return zmq_error(address);
    }
    processors.be_service();
    auto child = os::Child::spawn({.program = self, .arguments = {"--chain", address, terminal}});
    processors.be_client();
    chain->chain_ = TRY(std::move(child));
    TRY(chain->take());  // it is there
    return chain;
}

BareChain::~BareChain() {
    ::zmq_close(socket_);
    ::zmq_ctx_term(context_);
}

base::Done BareChain::take() {
    std::array<std::byte, kBytesMax> message{};
    return ::zmq_recv(socket_, message.data(), message.size(), 0) < 0 ? zmq_error("the bare chain")
                                                                      : base::Done();
}

int BareChain::pass_on(const std::string& address, const std::string& terminal) {
    std::array<int, 2> pair{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair.data()) != 0) {
        return 1;
    }
    if (::fork() == 0) {
        read_line(terminal, pair[1]);
    }
    void* context = ::zmq_ctx_new();
    void* socket = ::zmq_socket(context, ZMQ_PUSH);
    if (::zmq_connect(socket, address.c_str()) != 0) {
        return 1;
    }
    std::array<std::byte, kBytesMax> message{};
    do {
        ::zmq_send(socket, message.data(), message.size(), 0);
    } while (::recv(pair[0], message.data(), message.size(), 0) > 0);
    return 1;
}

}  // namespace tillhost::bench
