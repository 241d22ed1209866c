// The one source that knows Boost.Asio and Boost.Beast: it reads requests by Beast's parser, writes
// answers, and holds every phase to its deadline. What it refuses and what it says is in
// exchange.h.
#include "ipc/http/server.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <optional>
#include <utility>

#include "hal/os/clock.h"
#include "hal/os/thread.h"
#include "ipc/http/exchange.h"
#include "ipc/http/places.h"

namespace tillhost::http {
namespace {

namespace asio = boost::asio;
namespace beast_http = boost::beast::http;
using boost::system::error_code;
using tcp = asio::ip::tcp;
using Millis = std::chrono::milliseconds;

constexpr std::size_t kReadBytes = 8 * 1024;
/// Also bounds the head of a chunk, which the parser wants whole.
constexpr std::size_t kBufferBytesMax = kHeaderBytesMax + kReadBytes;
constexpr std::size_t kLingerBytesMax = 8 * 1024 * 1024;
/// A cancelled operation may be on its way to its next step: it is cancelled again until it ends.
constexpr Millis kCancelAgain{50};
/// While accepting fails (no descriptors left), the wait before the next try.
constexpr Millis kAcceptAgain{100};
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

asio::ip::address plain(const asio::ip::address& address) {
    return address.is_v6() && address.to_v6().is_v4_mapped()
               ? asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6())
               : address;
}

std::string host_name(const asio::ip::address& address) {
    return address.is_v6() ? fmt::format("[{}]", address.to_string()) : address.to_string();
}

/// Who has many addresses at no cost has them in one network.
std::string counted_as(const asio::ip::address& address) {
    constexpr std::size_t kNetworkBytes = 8;
    if (address.is_v4()) {
        return address.to_string();
    }
    const auto bytes = address.to_v6().to_bytes();
    return {bytes.begin(), bytes.begin() + kNetworkBytes};
}

/// What all sessions share; belongs to the thread that moves bytes.
struct Shared {
    Options options;
    Handler handler;
    HostRule rule;
    asio::io_context& io;
    asio::io_context& work;
    asio::ssl::context* tls;  ///< nullptr: none
    Places places;

    void fault(std::string_view what, std::string_view why) const {
        if (options.log != nullptr) {
            options.log->error("http_fault",
                               {{"what", std::string(what)}, {"why", std::string(why)}});
        }
    }
};

/// One connection from its first byte to its last. Exactly one operation is pending at a time, and
/// with it at most one deadline; all on the thread that moves bytes, only the handler runs
/// elsewhere.
class Session final : public std::enable_shared_from_this<Session> {
public:
    Session(Shared& shared, tcp::socket socket, const asio::ip::address& peer)
        : shared_(shared),
          place_(shared.places, counted_as(peer)),
          socket_(std::move(socket)),
          timer_(shared.io),
          buffer_(kBufferBytesMax),
          peer_(peer.to_string()) {
        error_code ignored;
        socket_.set_option(tcp::no_delay(true), ignored);
        const auto local = socket_.local_endpoint(ignored);
        local_ = host_name(plain(local.address()));
        if (shared.tls != nullptr) {
            tls_.emplace(socket_, *shared.tls);
        }
    }

    void run() {
        if (place_.admission() == Admission::dropped) {
            return;
        }
        if (!tls_) {
            return opened();
        }
        begin(shared_.options.deadlines.handshake);
        tls_->async_handshake(asio::ssl::stream_base::server,
                              [self = shared_from_this()](error_code failed) {
                                  if (!failed && !self->late_) {
                                      self->opened();
                                  }
                              });
    }

private:
    using Parser = beast_http::request_parser<beast_http::string_body>;
    enum class Phase : std::uint8_t { idle, header, body };

    void opened() {
        if (place_.admission() != Admission::served) {
            return refuse(503);
        }
        expect(Phase::header);
    }

    /// The pending operation and what follows must be over then, until the next begin() or rest().
    void begin(Millis limit) {
        late_ = false;
        wait(limit, ++turn_);
    }
    void rest() {
        ++turn_;
        timer_.cancel();
    }
    void wait(Millis limit, std::uint64_t turn) {
        timer_.expires_after(limit);
        timer_.async_wait([weak = weak_from_this(), turn](error_code cancelled) {
            const auto self = weak.lock();
            if (self != nullptr && !cancelled && turn == self->turn_) {
                self->late_ = true;
                error_code ignored;
                self->socket_.cancel(ignored);
                self->wait(kCancelAgain, turn);
            }
        });
    }

    template <class Then>
    void read_some(asio::mutable_buffer into, Then then) {
        if (tls_) {
            tls_->async_read_some(into, std::move(then));
        } else {
            socket_.async_read_some(into, std::move(then));
        }
    }
    template <class Buffers, class Then>
    void write_all(const Buffers& buffers, Then then) {
        if (tls_) {
            asio::async_write(*tls_, buffers, std::move(then));
        } else {
            asio::async_write(socket_, buffers, std::move(then));
        }
    }

    void expect(Phase first) {
        parser_.emplace();
        parser_->header_limit(kHeaderBytesMax);
        parser_->body_limit(shared_.options.body_max);
        checked_ = {};
        phase_ = buffer_.size() > 0 ? Phase::header : first;
        begin(phase_ == Phase::idle ? shared_.options.deadlines.idle
                                    : shared_.options.deadlines.header);
        feed();
    }

    /// Gives the parser what is there until it wants more or the request is whole.
    void feed() {
        while (buffer_.size() > 0) {
            error_code failed;
            buffer_.consume(parser_->put(buffer_.data(), failed));
            if (failed == beast_http::error::need_more) {
                break;
            }
            if (failed) {
                return refuse(failed == beast_http::error::header_limit ? 431
                              : failed == beast_http::error::body_limit ? 413
                                                                        : 400);
            }
            if (phase_ == Phase::header && parser_->is_header_done()) {
                return header_done();
            }
            if (parser_->is_done()) {
                return dispatch();
            }
        }
        read_more();
    }

    void read_more() {
        const std::size_t room = kBufferBytesMax - buffer_.size();
        if (room == 0) {
            return refuse(phase_ == Phase::body ? 400 : 431);
        }
        read_some(buffer_.prepare(std::min(room, kReadBytes)),
                  [self = shared_from_this()](error_code failed, std::size_t count) {
                      self->got(failed, count);
                  });
    }

    void got(error_code failed, std::size_t count) {
        if (late_) {
            // Who has sent nothing was not asking: a browser's spare connection.
            const bool asking = phase_ == Phase::body || buffer_.size() > 0;
            return asking ? refuse(408) : close();
        }
        if (failed) {
            return close();
        }
        buffer_.commit(count);
        if (phase_ == Phase::idle) {
            phase_ = Phase::header;
            begin(shared_.options.deadlines.header);
        }
        feed();
    }

    RawHeader raw_header() const {
        const auto& message = parser_->get();
        RawHeader raw;
        raw.method = std::string(message.method_string());
        raw.target = std::string(message.target());
        raw.version = static_cast<int>(message.version());
        for (const auto& field : message) {
            raw.headers.push_back({std::string(field.name_string()), std::string(field.value())});
        }
        return raw;
    }

    void header_done() {
        Verdict verdict = check_header(raw_header(), shared_.rule, local_);
        checked_ = std::move(verdict.checked);
        if (verdict.refusal != 0) {
            return refuse(verdict.refusal);
        }
        if (parser_->is_done()) {
            return dispatch();
        }
        phase_ = Phase::body;
        begin(shared_.options.deadlines.body);
        if (checked_.expectation == Expectation::none) {
            return feed();
        }
        write_all(asio::buffer(kContinue),
                  [self = shared_from_this()](error_code failed, std::size_t) {
                      failed || self->late_ ? self->close() : self->feed();
                  });
    }

    /// The session goes to a worker and comes back; no other thread lets go of it.
    void dispatch() {
        rest();
        checked_.request.body = std::move(parser_->get().body());
        checked_.request.peer = peer_;
        checked_.request.secure = tls_.has_value();
        keep_ = parser_->get().version() == 11 && parser_->keep_alive();
        asio::post(shared_.work, [self = shared_from_this()]() mutable {
            Response response = self->handled();
            asio::io_context& io = self->shared_.io;
            asio::post(io, [self = std::move(self), response = std::move(response)]() mutable {
                self->answer(std::move(response));
            });
        });
    }

    Response handled() const {
        try {
            return shared_.handler(checked_.request);
        } catch (const std::exception& thrown) {
            shared_.fault(checked_.request.path, thrown.what());
        } catch (...) {
            shared_.fault(checked_.request.path, "not an exception of the library");
        }
        return plain_answer(500);
    }

    void refuse(int status) {
        keep_ = false;
        answer(plain_answer(status));
    }

    void answer(Response response) {
        wire_ = wire_of(std::move(response),
                        {tls_.has_value(), keep_, checked_.request.method == Method::head},
                        os::SystemClock().unix_ms());
        begin(shared_.options.deadlines.write);
        const std::array<asio::const_buffer, 2> both = {asio::buffer(wire_.head),
                                                        asio::buffer(wire_.body)};
        write_all(both, [self = shared_from_this()](error_code failed, std::size_t) {
            self->answered(failed);
        });
    }

    void answered(error_code failed) {
        wire_ = {};
        if (failed || late_) {
            // A reset: what the peer does not read would stay in the kernel.
            error_code ignored;
            socket_.set_option(asio::socket_base::linger(true, 0), ignored);
            return close();
        }
        if (keep_) {
            return expect(Phase::idle);
        }
        begin(shared_.options.deadlines.linger);
        if (!tls_) {
            return linger();
        }
        // Says that it was all; what the peer still sends makes it fail, and is dropped below.
        tls_->async_shutdown([self = shared_from_this()](error_code) {
            self->late_ ? self->close() : self->linger();
        });
    }

    void linger() {
        error_code ignored;
        socket_.shutdown(tcp::socket::shutdown_send, ignored);
        drop_some();
    }

    void drop_some() {
        socket_.async_read_some(asio::buffer(dropped_), [self = shared_from_this()](
                                                            error_code failed, std::size_t count) {
            self->dropped_bytes_ += count;
            if (failed || self->late_ || self->dropped_bytes_ > kLingerBytesMax) {
                return self->close();
            }
            self->drop_some();
        });
    }

    void close() {
        rest();
        error_code ignored;
        socket_.close(ignored);
    }

    Shared& shared_;
    Place place_;
    tcp::socket socket_;
    std::optional<asio::ssl::stream<tcp::socket&>> tls_;
    asio::steady_timer timer_;
    std::uint64_t turn_ = 0;  ///< which deadline is the current one
    bool late_ = false;       ///< the current deadline has passed
    Phase phase_ = Phase::header;
    boost::beast::flat_buffer buffer_;
    std::optional<Parser> parser_;
    Checked checked_;
    bool keep_ = false;
    Wire wire_;
    std::array<char, kReadBytes> dropped_{};
    std::size_t dropped_bytes_ = 0;
    std::string peer_;
    std::string local_;
};

class BeastServer final : public HttpServer {
public:
    BeastServer(const Options& options, Handler handler, std::unique_ptr<asio::ssl::context> tls)
        : tls_(std::move(tls)),
          shared_{options,
                  std::move(handler),
                  {options.hosts},
                  io_,
                  work_,
                  tls_.get(),
                  {options.connections_max, options.connections_per_address_max}} {}

    ~BeastServer() override {
        io_.stop();
        work_.stop();
    }

    base::Done listen(const tcp::endpoint& endpoint) {
        try {
            acceptor_.open(endpoint.protocol());
            acceptor_.set_option(asio::socket_base::reuse_address(true));
            acceptor_.bind(endpoint);
            acceptor_.listen();
            port_ = acceptor_.local_endpoint().port();
        } catch (const std::exception& refused) {
            return base::make_error(
                base::ErrorCode::system_failed,
                fmt::format("listening on {} port {}: {}", host_name(endpoint.address()),
                            endpoint.port(), refused.what()));
        }
        accept();
        threads_.push_back(std::make_unique<os::Thread>("http", [this] { run(io_); }));
        for (std::size_t i = 0; i < shared_.options.workers; ++i) {
            threads_.push_back(std::make_unique<os::Thread>("http_worker", [this] { run(work_); }));
        }
        return {};
    }

    std::uint16_t port() const override { return port_; }
    std::size_t connections() const override { return shared_.places.count(); }

private:
    /// What is thrown (no memory) costs the connection that was served, not the server.
    void run(asio::io_context& context) {
        while (!context.stopped()) {
            try {
                context.run();
            } catch (const std::exception& thrown) {
                shared_.fault("connection", thrown.what());
            }
        }
    }

    void accept() {
        acceptor_.async_accept([this](error_code failed, tcp::socket socket) {
            if (failed) {
                again_.expires_after(kAcceptAgain);
                again_.async_wait([this](error_code cancelled) {
                    if (!cancelled) {
                        accept();
                    }
                });
                return;
            }
            error_code gone;
            const auto peer = socket.remote_endpoint(gone);
            if (!gone) {
                std::make_shared<Session>(shared_, std::move(socket), plain(peer.address()))->run();
            }
            accept();
        });
    }

    // In this order: a context that goes ends the sessions that wait in it, and those count
    // themselves out of shared_. The threads are joined first of all.
    std::unique_ptr<asio::ssl::context> tls_;
    Shared shared_;
    asio::io_context io_{1};
    asio::io_context work_;
    tcp::acceptor acceptor_{io_};
    asio::steady_timer again_{io_};
    asio::executor_work_guard<asio::io_context::executor_type> keep_working_{work_.get_executor()};
    std::uint16_t port_ = 0;
    std::vector<std::unique_ptr<os::Thread>> threads_;
};

using Tls = std::unique_ptr<asio::ssl::context>;

base::Result<Tls> tls_of(const Options& options, const asio::ip::address& address) {
    if (options.certificate_pem.empty() && options.key_pem.empty()) {
        if (!address.is_loopback()) {
            return base::bad_field("certificate", "one, since the address is not loopback");
        }
        return Tls();
    }
    try {
        auto tls = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
        ::SSL_CTX_set_min_proto_version(tls->native_handle(), TLS1_2_VERSION);
        ::SSL_CTX_set_options(tls->native_handle(),
                              SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
        tls->use_certificate_chain(asio::buffer(options.certificate_pem));
        tls->use_private_key(asio::buffer(options.key_pem), asio::ssl::context::pem);
        return tls;
    } catch (const std::exception& refused) {
        return base::bad_field("certificate", fmt::format("PEM with its key: {}", refused.what()));
    }
}

}  // namespace

base::Result<std::unique_ptr<HttpServer>> HttpServer::start(Options options, Handler handler) {
    error_code failed;
    const auto address = asio::ip::make_address(options.address, failed);
    if (failed) {
        return base::bad_field("address", "one of IPv4 or IPv6");
    }
    if (options.workers == 0 || options.workers > kWorkersMax) {
        return base::bad_field("workers", fmt::format("1 to {}", kWorkersMax));
    }
    Tls tls = TRY(tls_of(options, address));
    options.key_pem.clear();
    const tcp::endpoint endpoint(address, options.port);
    auto server = std::make_unique<BeastServer>(options, std::move(handler), std::move(tls));
    TRY(server->listen(endpoint));
    return std::unique_ptr<HttpServer>(std::move(server));
}

}  // namespace tillhost::http
