// Claim: whatever is sent, and however slowly, the server keeps its bounds and goes on answering.
// Shown with real sockets on loopback; its deadlines are cut to fractions of a second.
#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include <array>

#include "ipc/http/server.h"
#include "ipc/http/test/client.h"
#include "ipc/http/test/test_certificate.h"

namespace tillhost::http {
namespace {

using std::chrono::milliseconds;

Response serve(const Request& request) {
    return {200, "text/plain", {}, fmt::format("{}", request.body.size())};
}

class Abuse : public testing::Test {
protected:
    void start(Options options) { server_ = HttpServer::start(std::move(options), serve).value(); }
    void SetUp() override {
        Options options;
        options.body_max = 64 * 1024;
        start(options);
    }
    /// What the server says to these bytes on a connection of their own, and that it ends.
    int refusal(std::string_view bytes) {
        Client client(server_->port());
        const Answer answer = client.ask(bytes);
        if (answer.status >= 400) {
            EXPECT_TRUE(answer.has("Connection: close\r\n"));
            EXPECT_TRUE(client.ends());
        }
        return answer.status;
    }
    void still_answers() {
        Client probe(server_->port());
        EXPECT_EQ(probe.ask(get("/")).status, 200);
    }

    std::unique_ptr<HttpServer> server_;
};

constexpr std::string_view kChunked =
    "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";

TEST_F(Abuse, EndlessHeaderLine) {
    Client client(server_->port());
    client.send("GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: ");
    const std::string block(64 * 1024, 'x');
    for (int i = 0; i < 64 && client.send(block); ++i) {
    }
    EXPECT_EQ(client.receive().status, 431);
    still_answers();
}

// Claimed: bodies of all connections together are bounded, also of those that never end; and what
// was answered, refused or cut counts no more.
TEST_F(Abuse, BodiesOfAllConnectionsTogether) {
    Options options;
    options.body_max = 64 * 1024;
    options.bodies_bytes_max = 100 * 1024;
    start(options);
    const std::string head = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 65536\r\n\r\n";
    const std::string whole = head + std::string(65536, 'x');
    Client first(server_->port());
    first.send(std::string_view(whole).substr(0, head.size() + 60'000));
    int status = 200;  // until the server has read the first one's
    for (int i = 0; i < 1000 && status == 200; ++i) {
        status = Client(server_->port()).ask(whole).status;
    }
    EXPECT_EQ(status, 503);
    still_answers();
    first.send(std::string_view(whole).substr(head.size() + 60'000));
    EXPECT_EQ(first.receive().status, 200);
    {
        Client cut(server_->port());
        cut.send(std::string_view(whole).substr(0, head.size() + 60'000));
    }
    for (int i = 0; i < 1000 && status == 503; ++i) {
        status = Client(server_->port()).ask(whole).status;
    }
    EXPECT_EQ(status, 200);
}

TEST_F(Abuse, AMillionHeaderLines) {
    Client client(server_->port());
    client.send("GET / HTTP/1.1\r\nHost: localhost\r\n");
    std::string block;
    for (int i = 0; i < 1000; ++i) {
        block += "a: b\r\n";
    }
    for (int i = 0; i < 1000 && client.send(block); ++i) {
    }
    EXPECT_EQ(client.receive().status, 431);
    still_answers();
}

TEST_F(Abuse, MoreHeaderLinesThanThereMayBe) {
    const auto lines = [](std::size_t count) {
        std::string text = "GET / HTTP/1.1\r\nHost: localhost\r\n";
        for (std::size_t i = 1; i < count; ++i) {
            text += "a: b\r\n";
        }
        return text + "\r\n";
    };
    EXPECT_EQ(refusal(lines(kHeaderLinesMax)), 200);
    EXPECT_EQ(refusal(lines(kHeaderLinesMax + 1)), 431);
}

TEST_F(Abuse, TargetsThatAreTooLongOrLeadElsewhere) {
    EXPECT_EQ(refusal(get("/" + std::string(kTargetBytesMax - 1, 'a'))), 200);
    EXPECT_EQ(refusal(get("/" + std::string(kTargetBytesMax, 'a'))), 414);
    EXPECT_EQ(refusal(get("/../etc/passwd")), 400);
    EXPECT_EQ(refusal(get("/a/%2e%2e/b")), 400);
    EXPECT_EQ(refusal(get("/a%00b")), 400);
    EXPECT_EQ(refusal(get("/%ff")), 400);
    EXPECT_EQ(refusal(get("http://localhost/")), 400);
    EXPECT_EQ(refusal(get("/?a=%zz")), 400);
}

TEST_F(Abuse, BodiesBeyondTheLimit) {
    EXPECT_EQ(refusal(post(std::string(64 * 1024, 'x'))), 200);
    EXPECT_EQ(refusal(post(std::string(64 * 1024 + 1, 'x'))), 413);
    // Said before anything of it was sent.
    EXPECT_EQ(refusal("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n"),
              413);
    EXPECT_EQ(refusal("POST / HTTP/1.1\r\nHost: localhost\r\n"
                      "Content-Length: 99999999999999999999999\r\n\r\n"),
              400);
}

TEST_F(Abuse, AnEndlessChunkedBody) {
    Client client(server_->port());
    client.send(kChunked);
    const std::string block = fmt::format("2000\r\n{}\r\n", std::string(0x2000, 'x'));
    for (int i = 0; i < 256 && client.send(block); ++i) {  // 2 MiB: sent on behind the answer
    }
    EXPECT_EQ(client.receive().status, 413);
    still_answers();
}

TEST_F(Abuse, WhatComesBehindARefusalIsReadAndDropped) {
    Options options;
    options.deadlines.linger = std::chrono::seconds(kPatienceSeconds);
    start(options);
    Client client(server_->port());
    EXPECT_EQ(client.ask("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999999999\r\n\r\n")
                  .status,
              413);
    // A connection that was closed answers the first of these with a reset, and the others fail.
    const std::string block(256 * 1024, 'x');
    for (int i = 0; i < 8; ++i) {
        EXPECT_TRUE(client.send(block));
    }
    while (client.send(block)) {  // until the server has had enough
    }
    still_answers();
}

TEST_F(Abuse, AnEndlessChunkHead) {
    Client client(server_->port());
    client.send(kChunked);
    client.send("1;note=");
    const std::string block(16 * 1024, 'x');
    for (int i = 0; i < 64 && client.send(block); ++i) {
    }
    EXPECT_EQ(client.receive().status, 400);
    still_answers();
}

TEST_F(Abuse, LengthsThatContradictEachOther) {
    EXPECT_EQ(refusal("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n"
                      "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
              400);
    EXPECT_EQ(refusal("POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n"
                      "Content-Length: 3\r\n\r\n0\r\n\r\n"),
              400);
    EXPECT_EQ(refusal("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n"
                      "Content-Length: 4\r\n\r\nabcd"),
              400);
    EXPECT_EQ(refusal("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n"), 400);
    EXPECT_EQ(refusal("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3, 3\r\n\r\nabc"),
              400);
}

TEST_F(Abuse, EncodingsOfWhichOthersMayThinkOtherwise) {
    for (const std::string_view encoding : {"gzip, chunked", "chunked, chunked", "identity",
                                            "xchunked", "chunked, gzip", "\"chunked\""}) {
        EXPECT_EQ(refusal(fmt::format("POST / HTTP/1.1\r\nHost: localhost\r\n"
                                      "Transfer-Encoding: {}\r\n\r\n0\r\n\r\n",
                                      encoding)),
                  400)
            << encoding;
    }
    EXPECT_EQ(refusal("POST / HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
                      "0\r\n\r\n"),
              400);
}

TEST_F(Abuse, ChunksOfNoSize) {
    for (const std::string_view size : {"-2", "0x2", "g", "", "FFFFFFFFFFFFFFFFF", " 2"}) {
        EXPECT_EQ(refusal(fmt::format("{}{}\r\nab\r\n0\r\n\r\n", kChunked, size)), 400) << size;
    }
}

TEST_F(Abuse, HostsThatAreNotServedHere) {
    EXPECT_EQ(refusal("GET / HTTP/1.1\r\n\r\n"), 400);
    EXPECT_EQ(refusal("GET / HTTP/1.1\r\nHost:\r\n\r\n"), 400);
    EXPECT_EQ(refusal("GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n"), 400);
    EXPECT_EQ(refusal("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n"), 421);
    EXPECT_EQ(refusal("GET / HTTP/1.1\r\nHost: localhost.evil.example:80\r\n\r\n"), 421);
    EXPECT_EQ(refusal("GET / HTTP/1.1\r\nHost: 127.0.0.1:15201\r\n\r\n"), 200);
    EXPECT_EQ(refusal("GET / HTTP/1.1\r\nHost: LOCALHOST\r\n\r\n"), 200);
    Options options;
    options.hosts = {"till.example"};
    start(options);
    EXPECT_EQ(refusal("GET / HTTP/1.1\r\nHost: till.example:15201\r\n\r\n"), 200);
    EXPECT_EQ(refusal(get("/")), 421);
}

TEST_F(Abuse, MethodsAndLinesThatAreNone) {
    EXPECT_EQ(refusal("TRACE / HTTP/1.1\r\nHost: localhost\r\n\r\n"), 405);
    EXPECT_EQ(refusal("CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n"), 405);
    EXPECT_EQ(refusal("BREW / HTTP/1.1\r\nHost: localhost\r\n\r\n"), 405);
    EXPECT_EQ(refusal("hello\r\n\r\n"), 400);
    EXPECT_EQ(refusal(std::string("\x16\x03\x01\x02\x00\x01\x00\x01\r\n\r\n", 12)), 400);
    EXPECT_EQ(refusal("GET / HTTP/2.0\r\nHost: localhost\r\n\r\n"), 400);
    EXPECT_EQ(refusal("GET / HTTP/1.1\r\nHost : localhost\r\n\r\n"), 400);
    EXPECT_EQ(refusal(get("/", "Expect: a miracle\r\n")), 417);
}

TEST_F(Abuse, EachPhaseHasOneDeadlineHoweverTheBytesDrip) {
    Options options;
    options.deadlines.header = milliseconds(300);
    options.deadlines.body = milliseconds(300);
    options.deadlines.idle = milliseconds(300);
    start(options);
    for (const std::string_view start : {std::string_view("GET / HTTP/1.1\r\nX: "), kChunked}) {
        Client client(server_->port());
        client.send(start);
        pollfd readable{client.fd(), POLLIN, 0};
        int dripped = 0;
        // A byte each 50 ms (in a header, in a chunk's head) must not win more time.
        while (::poll(&readable, 1, 50) == 0 && client.send("1") && ++dripped < 200) {
        }
        EXPECT_LT(dripped, 200);
        EXPECT_EQ(client.receive().status, 408);
        EXPECT_TRUE(client.ends());
    }
    Client silent(server_->port());
    EXPECT_TRUE(silent.ends());
    EXPECT_EQ(silent.receive().status, 0);
    Client idle(server_->port());
    EXPECT_EQ(idle.ask(get("/")).status, 200);
    EXPECT_TRUE(idle.ends());
}

TEST_F(Abuse, AHandshakeThatDoesNotEndIsCut) {
    Options options;
    options.certificate_pem = kTestCertificate;
    options.key_pem = kTestKey;
    options.deadlines.handshake = milliseconds(200);
    start(options);
    Client client(server_->port());
    client.send("\x16\x03\x01");
    EXPECT_TRUE(client.ends());
}

TEST_F(Abuse, WhoDoesNotReadItsAnswerIsCut) {
    Options options;
    options.deadlines.write = milliseconds(300);
    server_ = HttpServer::start(options, [](const Request&) {
                  return Response{200, "text/plain", {}, std::string(32 << 20, 'x')};
              }).value();
    Client client(server_->port());
    client.send(get("/"));
    pollfd gone{client.fd(), POLLRDHUP, 0};
    EXPECT_EQ(::poll(&gone, 1, kPatienceSeconds * 1000), 1);
}

TEST_F(Abuse, ThreeHundredSlowConnectionsHinderNobody) {
    Options options;
    options.connections_max = 400;
    options.connections_per_address_max = 400;
    options.deadlines.header = milliseconds(1500);
    start(options);
    std::vector<std::unique_ptr<Client>> slow;
    for (int i = 0; i < 300; ++i) {
        slow.push_back(std::make_unique<Client>(server_->port()));
        ASSERT_TRUE(slow.back()->send("GET / HTTP/1.1\r\nHost: local"));
    }
    for (int i = 0; i < 20; ++i) {
        still_answers();
    }
    for (const auto& client : slow) {
        EXPECT_EQ(client->receive().status, 408);
    }
    still_answers();
}

TEST_F(Abuse, ConnectionsOverTheLimitsAreToldSo) {
    for (const auto& [all, per_address] : {std::pair{2U, 9U}, std::pair{9U, 2U}}) {
        Options options;
        options.connections_max = all;
        options.connections_per_address_max = per_address;
        start(options);
        Client first(server_->port());
        auto second = std::make_unique<Client>(server_->port());
        EXPECT_EQ(first.ask(get("/")).status, 200);
        EXPECT_EQ(second->ask(get("/")).status, 200);
        EXPECT_EQ(refusal(get("/")), 503);
        EXPECT_EQ(first.ask(get("/")).status, 200);
        second.reset();
        while (server_->connections() > 1) {  // until the server has seen it
            first.ask(get("/"));
        }
        EXPECT_EQ(refusal(get("/", "Connection: close\r\n")), 200);
    }
}

TEST_F(Abuse, ARefusalOverTlsArrivesToo) {
    Options options;
    options.certificate_pem = kTestCertificate;
    options.key_pem = kTestKey;
    options.body_max = 1000;
    start(options);
    Client client(server_->port());
    ASSERT_TRUE(client.secure());
    client.send(post(std::string(200'000, 'x')));
    EXPECT_EQ(client.receive().status, 413);
    EXPECT_TRUE(client.ends());
}

}  // namespace
}  // namespace tillhost::http
