// Listens, and gives each connection to connection.h.
#include "ipc/http/server.h"

#include <fmt/format.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <utility>

#include "hal/os/thread.h"
#include "ipc/http/connection.h"

namespace tillhost::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using tcp = asio::ip::tcp;

/// While accepting fails (no descriptors left), the wait before the next try.
constexpr std::chrono::milliseconds kAcceptAgain{100};

Fault fault_of(const os::Logger* log) {
    return [log](std::string_view what, std::string_view why) {
        if (log != nullptr) {
            log->error("http_fault", {{"what", std::string(what)}, {"why", std::string(why)}});
        }
    };
}

class BeastServer final : public HttpServer {
public:
    BeastServer(const Options& options, Handler handler, QuickHandler quick,
                std::unique_ptr<asio::ssl::context> tls)
        : tls_(std::move(tls)),
          shared_{options,
                  std::move(handler),
                  std::move(quick),
                  {options.hosts},
                  io_,
                  work_,
                  sources_,
                  tls_.get(),
                  {options.connections_max, options.connections_per_address_max},
                  {options.streams_max, options.streams_per_address_max},
                  fault_of(options.log)} {}

    ~BeastServer() override {
        io_.stop();
        work_.stop();
        sources_.stop();
    }

    base::Done listen(const tcp::endpoint& endpoint) {
        try {
            acceptor_.open(endpoint.protocol());
            acceptor_.set_option(asio::socket_base::reuse_address(true));
            acceptor_.bind(endpoint);
            acceptor_.listen();
            port_ = acceptor_.local_endpoint().port();
        } catch (const std::exception& refused) {
            return base::make_error(base::ErrorCode::system_failed,
                                    fmt::format("listening on {} port {}: {}",
                                                host_name(endpoint.address().to_string()),
                                                endpoint.port(), refused.what()));
        }
        accept();
        threads_.push_back(std::make_unique<os::Thread>("http", [this] { run(io_); }));
        for (std::size_t i = 0; i < shared_.options.workers; ++i) {
            threads_.push_back(std::make_unique<os::Thread>("http_worker", [this] { run(work_); }));
        }
        if (shared_.options.streams_max > 0) {
            threads_.push_back(
                std::make_unique<os::Thread>("http_source", [this] { run(sources_); }));
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
                os::Descriptor own(socket.release(gone));
                serve_connection(shared_, {std::move(own), peer.protocol() == tcp::v6(),
                                           plain_address(peer.address().to_string())});
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
    asio::io_context sources_{1};
    tcp::acceptor acceptor_{io_};
    asio::steady_timer again_{io_};
    asio::executor_work_guard<asio::io_context::executor_type> keep_working_{work_.get_executor()};
    asio::executor_work_guard<asio::io_context::executor_type> keep_asking_{
        sources_.get_executor()};
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

base::Result<std::unique_ptr<HttpServer>> HttpServer::start(Options options, Handler handler,
                                                            QuickHandler quick) {
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
    auto server = std::make_unique<BeastServer>(options, std::move(handler), std::move(quick),
                                                std::move(tls));
    TRY(server->listen(endpoint));
    return std::unique_ptr<HttpServer>(std::move(server));
}

}  // namespace tillhost::http
