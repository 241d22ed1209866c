#include "tests/bench/bare_payment.h"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zmq.h>

#include <array>
#include <csignal>
#include <optional>

#include "hal/base/bytes.h"
#include "hal/drivers/payment/zvt/driver.h"
#include "hal/transport/connector.h"
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
constexpr os::Duration kPatience = std::chrono::seconds(10);

// First byte of a message; the others mean nothing.
constexpr char kPay = 'p';       // client to service
constexpr char kAwait = 'a';     // client to service
constexpr char kRecord = 'm';    // host to service: make it durable
constexpr char kResult = 'r';    // the same, and it is the result
constexpr char kFinished = 'f';  // host to service

using Message = std::array<char, BarePayment::kMessageBytes>;

std::string address_in(const std::string& folder) { return "ipc://" + folder + "/pay.sock"; }

base::Error zmq_error(std::string_view what) {
    return make_error(ErrorCode::system_failed,
                      std::string(what) + ": " + ::zmq_strerror(::zmq_errno()));
}

void say(int link, char what) {
    const Message message{what};
    ::send(link, message.data(), message.size(), MSG_NOSIGNAL);
}

/// Of a blocking link; nothing at its end.
std::optional<char> hear(int link) {
    Message message{};
    return ::recv(link, message.data(), message.size(), 0) > 0 ? std::optional(message[0])
                                                               : std::nullopt;
}

/// The book at the other end of the link.
class LinkedBook final : public device::Gate {
public:
    explicit LinkedBook(int link) : link_(link) {}
    Done persist(const contract::Record& record) override {
        say(link_, std::holds_alternative<contract::OperationResult>(record) ? kResult : kRecord);
        return hear(link_) ? Done() : Done(make_error(ErrorCode::link_lost, "the bare service"));
    }
    void announce(std::string_view, os::Deadline) override {}

private:
    int link_;
};

Done drive(int link, const std::string& address, const std::string& prints) {
    const os::SystemClock clock;
    auto connector = TRY(transport::make_connector("tcp:" + address, clock, -1));
    const auto driver =
        TRY(drivers::zvt::make_driver({{"prints", prints}}, std::move(connector), clock));
    LinkedBook book(link);
    TRY(driver->open(std::nullopt, book, clock.now() + kPatience));
    contract::Authorise payment;
    payment.currency = "EUR";
    payment.amount_minor = 100;
    while (hear(link)) {
        payment.amount_minor += 1;
        TRY(driver->execute(contract::Command(payment), book, clock.now() + kPatience));
        say(link, kFinished);
    }
    return {};
}

/// devd's part: who waits for what.
class Service final {
public:
    Service(void* router, BareWriter& writer, int link)
        : router_(router), writer_(writer), link_(link) {}

    /// False when nothing waits.
    bool take_request() {
        Bytes peer(kPeerBytesMax);
        const int length = ::zmq_recv(router_, peer.data(), peer.size(), ZMQ_DONTWAIT);
        if (length < 0) {
            return false;
        }
        Message message{};
        ::zmq_recv(router_, message.data(), message.size(), 0);
        peer.resize(static_cast<std::size_t>(length));
        if (message[0] == kPay) {
            writer_.write([this, peer] { reply(peer); });
            ordered_ = true;
            begin();
        } else {
            waiter_ = std::move(peer);
            tell();
        }
        return true;
    }

    void take_word(char word) {
        if (word == kFinished) {
            busy_ = false;
            begin();
            return;
        }
        writer_.write([this, word] {
            say(link_, word);
            done_ = done_ || word == kResult;
            tell();
        });
    }

private:
    void begin() {
        if (ordered_ && !busy_) {
            ordered_ = false;
            busy_ = true;
            say(link_, kPay);
        }
    }
    void tell() {
        if (done_ && waiter_) {
            reply(*waiter_);
            waiter_.reset();
            done_ = false;
        }
    }
    void reply(const Bytes& peer) const {
        const Message body{};
        ::zmq_send(router_, peer.data(), peer.size(), ZMQ_SNDMORE);
        ::zmq_send(router_, body.data(), body.size(), 0);
    }

    void* router_;
    BareWriter& writer_;
    int link_;
    bool ordered_ = false;
    bool busy_ = false;
    bool done_ = false;
    std::optional<Bytes> waiter_;
};

Done serve_in(const std::string& folder, int link) {
    void* router = ::zmq_socket(::zmq_ctx_new(), ZMQ_ROUTER);
    if (::zmq_bind(router, address_in(folder).c_str()) != 0) {
        return zmq_error("bind");
    }
    const auto writer = TRY(BareWriter::start(folder));
    Service service(router, *writer, link);
    std::array<zmq_pollitem_t, 3> items{{{router, 0, ZMQ_POLLIN, 0},
                                         {nullptr, writer->fd(), ZMQ_POLLIN, 0},
                                         {nullptr, link, ZMQ_POLLIN, 0}}};
    while (::zmq_poll(items.data(), static_cast<int>(items.size()), -1) >= 0) {
        if (items[1].revents != 0) {
            writer->take_written();
        }
        const auto word = items[2].revents != 0 ? hear(link) : std::nullopt;
        if (items[2].revents != 0 && !word) {
            return make_error(ErrorCode::link_lost, "the driver ended");
        }
        if (word) {
            service.take_word(*word);
        }
        while (service.take_request()) {
        }
    }
    return zmq_error("poll");
}

}  // namespace

Result<std::unique_ptr<BarePayment>> BarePayment::start(const std::string& folder,
                                                        const std::string& address,
                                                        const std::string& prints,
                                                        const Processors& processors) {
    std::unique_ptr<BarePayment> bare(new BarePayment);
    const std::string self = TRY(os::program_folder()) + "run_bench";
    processors.be_service();
    auto service =
        os::Child::spawn({.program = self, .arguments = {"--pay", folder, address, prints}});
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
    TRY(bare->once());
    return bare;
}

BarePayment::~BarePayment() {
    ::zmq_close(socket_);
    ::zmq_ctx_term(context_);
}

Done BarePayment::ask(char what) {
    const Message request{what};
    Message answer{};
    if (::zmq_send(socket_, request.data(), request.size(), 0) < 0 ||
        ::zmq_recv(socket_, answer.data(), answer.size(), 0) < 0) {
        return zmq_error("bare payment");
    }
    return {};
}

Done BarePayment::once() {
    TRY(ask(kPay));
    return ask(kAwait);
}

int BarePayment::serve(const std::string& folder, const std::string& address,
                       const std::string& prints) {
    std::array<int, 2> pair{};
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair.data()) != 0) {
        return 1;
    }
    if (::fork() == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::close(pair[0]);
        [[maybe_unused]] const Done driven = drive(pair[1], address, prints);
        ::_exit(1);
    }
    ::close(pair[1]);
    [[maybe_unused]] const Done served = serve_in(folder, pair[0]);
    return 1;
}

}  // namespace tillhost::bench
