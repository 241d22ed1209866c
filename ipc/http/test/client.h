#pragma once

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>
#include <csignal>
#include <memory>
#include <string>
#include <string_view>

#include "hal/base/invariant.h"
#include "hal/os/descriptor.h"

// A browser of a few lines, for the tests: it sends whatever it is told to.
namespace tillhost::http {

inline constexpr int kPatienceSeconds = 20;  // nothing waits so long unless something is broken

struct Answer {
    int status = 0;  ///< 0: the connection ended without an answer
    std::string head;
    std::string body;
    bool has(std::string_view line) const { return head.find(line) != std::string::npos; }
};

class Client {
public:
    explicit Client(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        const timeval patience{kPatienceSeconds, 0};
        ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        ::setsockopt(fd_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(port);
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        connected_ = ::connect(fd_.get(), reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
    }

    /// TLS up to that version (0: the newest). False if the server does not want it.
    bool secure(int version_max = 0) {
        ::signal(SIGPIPE, SIG_IGN);  // the library writes without MSG_NOSIGNAL
        context_.reset(::SSL_CTX_new(::TLS_client_method()));
        // So that an old version is offered at all.
        ::SSL_CTX_set_security_level(context_.get(), 0);
        ::SSL_CTX_set_max_proto_version(context_.get(), version_max);
        ssl_.reset(::SSL_new(context_.get()));
        ::SSL_set_fd(ssl_.get(), fd_.get());
        return ::SSL_connect(ssl_.get()) == 1;
    }

    bool connected() const { return connected_; }
    int fd() const { return fd_.get(); }

    /// False once the peer has closed.
    bool send(std::string_view text) {
        while (!text.empty()) {
            const ssize_t sent =
                ssl_ != nullptr
                    ? ::SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size()))
                    : ::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL);
            if (sent <= 0) {
                return false;
            }
            text.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    }

    /// The next answer by its Content-Length; `head_only` for one to HEAD.
    Answer receive(bool head_only = false) {
        Answer answer;
        std::size_t end = std::string::npos;
        while ((end = kept_.find("\r\n\r\n")) == std::string::npos) {
            if (!more()) {
                return answer;
            }
        }
        answer.head = kept_.substr(0, end + 2);
        kept_.erase(0, end + 4);
        constexpr std::string_view kLength = "Content-Length: ";
        const std::size_t at = answer.head.find(kLength);
        const std::size_t length =
            at == std::string::npos || head_only
                ? 0
                : static_cast<std::size_t>(std::stoul(answer.head.substr(at + kLength.size())));
        while (kept_.size() < length && more()) {
        }
        answer.body = kept_.substr(0, length);
        kept_.erase(0, length);
        answer.status = std::stoi(answer.head.substr(sizeof "HTTP/1.1"));
        return answer;
    }

    Answer ask(std::string_view text, bool head_only = false) {
        send(text);
        return receive(head_only);
    }

    /// What comes, up to and with that text; less if the connection ends before.
    std::string receive_until(std::string_view end) {
        while (kept_.find(end) == std::string::npos && more()) {
        }
        const std::size_t at = kept_.find(end);
        std::string text = kept_.substr(0, at == std::string::npos ? at : at + end.size());
        kept_.erase(0, text.size());
        return text;
    }
    /// What came and was not taken.
    const std::string& kept() const { return kept_; }

    /// Whether the server ends the connection, in order or by a reset.
    bool ends() {
        while (more()) {
        }
        return ended_;
    }

private:
    bool more() {
        char bytes[4096];
        const ssize_t count = ssl_ != nullptr ? ::SSL_read(ssl_.get(), bytes, sizeof bytes)
                                              : ::recv(fd_.get(), bytes, sizeof bytes, 0);
        if (count <= 0) {
            ended_ = count == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
            return false;
        }
        kept_.append(bytes, static_cast<std::size_t>(count));
        return true;
    }

    struct EndContext {
        void operator()(SSL_CTX* context) const { ::SSL_CTX_free(context); }
    };
    struct EndSsl {
        void operator()(SSL* ssl) const { ::SSL_free(ssl); }
    };
    os::Descriptor fd_;
    bool connected_ = false;
    bool ended_ = false;
    std::unique_ptr<SSL_CTX, EndContext> context_;
    std::unique_ptr<SSL, EndSsl> ssl_;
    std::string kept_;
};

inline std::string get(std::string_view target, std::string_view more = {}) {
    return fmt::format("GET {} HTTP/1.1\r\nHost: localhost\r\n{}\r\n", target, more);
}

inline std::string post(std::string_view body, std::string_view more = {}) {
    return fmt::format("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n{}\r\n{}",
                       body.size(), more, body);
}

}  // namespace tillhost::http
