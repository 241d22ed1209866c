// Reads requests by Beast's parser, writes answers, and holds every phase to its deadline. What it
// refuses and what it says is in exchange.h. This and server.cpp are the sources that know
// Boost.Asio, and this one Boost.Beast.
#include "ipc/http/connection.h"

#include <algorithm>
#include <array>
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
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

/// One connection from its first byte to its last. Exactly one operation is pending at a time, and
/// with it at most one deadline; all on the thread that moves bytes, only the handler and a
/// streamed body's source run elsewhere.
class Connection final : public std::enable_shared_from_this<Connection> {
public:
    Connection(Shared& shared, tcp::socket socket, std::string peer)
        : shared_(shared),
          place_(shared.places, counted_as(peer)),
          socket_(std::move(socket)),
          timer_(shared.io),
          buffer_(kBufferBytesMax),
          peer_(std::move(peer)) {
        error_code ignored;
        socket_.set_option(tcp::no_delay(true), ignored);
        local_ = host_name(plain_address(socket_.local_endpoint(ignored).address().to_string()));
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

    ~Connection() { hold(0); }

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
            if (!hold(parser_->get().body().size())) {
                return refuse(503);
            }
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
        if (checked_.request.method == Method::options && !shared_.options.preflights) {
            return refuse(405);
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

    /// What no quick handler answers goes to a worker and comes back, with the connection; no other
    /// thread lets go of it.
    void dispatch() {
        rest();
        checked_.request.body = std::move(parser_->get().body());
        checked_.request.peer = peer_;
        checked_.request.secure = tls_.has_value();
        keep_ = parser_->get().version() == 11 && parser_->keep_alive();
        if (auto response = handle_at_once(shared_.quick, checked_.request, shared_.fault)) {
            return answer(std::move(*response));
        }
        asio::post(shared_.work, [self = shared_from_this()]() mutable {
            Response response =
                handle(self->shared_.handler, self->checked_.request, self->shared_.fault);
            asio::io_context& io = self->shared_.io;
            asio::post(io, [self = std::move(self), response = std::move(response)]() mutable {
                self->answer(std::move(response));
            });
        });
    }

    /// So many bytes of a body are held by this connection. False: all hold too many together.
    bool hold(std::size_t bytes) {
        shared_.body_bytes = shared_.body_bytes - held_ + bytes;
        held_ = bytes;
        return shared_.body_bytes <= shared_.options.bodies_bytes_max;
    }

    void refuse(int status) {
        keep_ = false;
        parser_.reset();
        answer(plain_answer(status));
    }

    void answer(Response response) {
        const bool head_only = checked_.request.method == Method::head;
        checked_.request.body = std::string();
        hold(0);
        if (response.source != nullptr && !head_only && !open_stream(response.source)) {
            response = plain_answer(503, "too many streams are open");
        }
        const bool chunked = stream_ != nullptr && stream_->is_chunked();
        wire_ = wire_of(std::move(response), {tls_.has_value(), keep_, head_only, chunked},
                        os::SystemClock().unix_ms());
        send([](Connection& self, error_code failed) {
            self.stream_ != nullptr ? self.piece_sent(failed) : self.answered(failed);
        });
    }

    void send(void (*then)(Connection& self, error_code failed)) {
        begin(shared_.options.deadlines.write);
        const std::array<asio::const_buffer, 2> both = {asio::buffer(wire_.head),
                                                        asio::buffer(wire_.body)};
        write_all(both, [self = shared_from_this(), then](error_code failed, std::size_t) {
            self->wire_ = {};
            then(*self, failed);
        });
    }

    /// Of a streamed body one piece waits at most, and has its deadline. False: there is no room.
    bool open_stream(const std::shared_ptr<Source>& source) {
        const bool chunked = checked_.version == 11;
        stream_ =
            std::make_unique<Stream>(source, shared_.stream_places, peer_, chunked,
                                     os::SystemClock().now() + shared_.options.deadlines.stream);
        if (!stream_->is_admitted()) {
            stream_.reset();
            return false;
        }
        keep_ = keep_ && chunked;
        return true;
    }

    void ask_source() {
        if (has_gone(socket_.native_handle())) {
            return close();
        }
        if (stream_->is_late()) {
            return got_piece(std::nullopt);
        }
        rest();
        asio::post(shared_.sources, [self = shared_from_this()]() mutable {
            auto piece = piece_of(*self->stream_->source(), self->shared_.fault);
            asio::io_context& io = self->shared_.io;
            asio::post(io, [self = std::move(self), piece = std::move(piece)]() mutable {
                self->got_piece(std::move(piece));
            });
        });
    }

    /// Nothing: the end of the body.
    void got_piece(std::optional<std::string> piece) {
        if (piece && piece->empty()) {
            return look_again();
        }
        const bool is_end = !piece;
        wire_.body = piece_on_wire(std::move(piece), stream_->is_chunked());
        if (is_end) {
            drop_stream();
            return send([](Connection& self, error_code failed) { self.answered(failed); });
        }
        send([](Connection& self, error_code failed) { self.piece_sent(failed); });
    }

    void piece_sent(error_code failed) { failed || late_ ? reset() : ask_source(); }

    void look_again() {
        timer_.expires_after(kSourceAskedEvery);
        timer_.async_wait([self = shared_from_this(), turn = ++turn_](error_code cancelled) {
            if (!cancelled && turn == self->turn_) {
                self->ask_source();
            }
        });
    }

    /// A source may take a while to end, as it may to be asked.
    void drop_stream() {
        if (stream_ != nullptr) {
            asio::post(shared_.sources, [source = stream_->source()] {});
            stream_.reset();
        }
    }

    /// What the peer does not read would stay in the kernel.
    void reset() {
        error_code ignored;
        socket_.set_option(asio::socket_base::linger(true, 0), ignored);
        close();
    }

    void answered(error_code failed) {
        if (failed || late_) {
            return reset();
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
        drop_stream();
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
    std::size_t held_ = 0;  ///< bytes of the body, read and not answered
    bool keep_ = false;
    Wire wire_;
    std::unique_ptr<Stream> stream_;  ///< the body that is being sent, if it goes on
    std::array<char, kReadBytes> dropped_{};
    std::size_t dropped_bytes_ = 0;
    std::string peer_;
    std::string local_;
};

}  // namespace

std::string plain_address(std::string address) {
    constexpr std::string_view kMapped = "::ffff:";
    const bool mapped = address.starts_with(kMapped) && address.find('.') != std::string::npos;
    return mapped ? address.substr(kMapped.size()) : address;
}

void serve_connection(Shared& shared, Accepted accepted) {
    tcp::socket socket(shared.io);
    error_code failed;
    socket.assign(accepted.is_ipv6 ? tcp::v6() : tcp::v4(), accepted.socket.get(), failed);
    if (!failed) {
        accepted.socket.release();
        std::make_shared<Connection>(shared, std::move(socket), std::move(accepted.peer))->run();
    }
}

}  // namespace tillhost::http
