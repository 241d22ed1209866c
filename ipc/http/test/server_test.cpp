// Claim: the server answers what is well formed, over TLS as without, and survives its handler.
// Shown with real sockets on loopback by a client that sends raw bytes.
#include "ipc/http/server.h"

#include <gtest/gtest.h>

#include <future>
#include <stdexcept>

#include "ipc/http/test/client.h"
#include "ipc/http/test/test_certificate.h"

namespace tillhost::http {
namespace {

Response serve(const Request& request) {
    if (request.path == "/throws") {
        throw std::runtime_error("as the test wants");
    }
    if (request.path == "/throws-a-number") {
        throw 42;
    }
    if (request.path == "/bad-header") {
        return {200, "text/plain", {{"X-Name", "one\r\nSet-Cookie: two=2"}}, "body"};
    }
    if (request.path == "/cached") {
        return {200, "text/css", {{"cache-control", "max-age=60"}, {"X-Frame", "1"}}, "a{}"};
    }
    if (request.path == "/nothing") {
        return {204};
    }
    if (request.path == "/echo") {
        return {200, "text/plain", {}, request.body};
    }
    return {200,
            "text/plain",
            {},
            fmt::format("{} {} {}", name_of(request.method), request.path,
                        request.secure ? "secure" : "plain")};
}

std::unique_ptr<HttpServer> started(Options options = {}) {
    return HttpServer::start(std::move(options), serve).value();
}

Options with_tls() {
    Options options;
    options.certificate_pem = kTestCertificate;
    options.key_pem = kTestKey;
    return options;
}

TEST(HttpServer, AnswersSeveralRequestsOfOneConnection) {
    const auto server = started();
    Client client(server->port());
    for (int i = 0; i < 3; ++i) {
        const Answer answer = client.ask(get("/a%20b?x=1"));
        EXPECT_EQ(answer.status, 200);
        EXPECT_EQ(answer.body, "GET /a b plain");
    }
    const std::string two = get("/one") + post("second");
    EXPECT_EQ(client.ask(two).body, "GET /one plain");
    EXPECT_EQ(client.receive().body, "second");
}

TEST(HttpServer, SetsTheHeadersOfSafety) {
    const auto server = started();
    Client client(server->port());
    const Answer answer = client.ask(get("/"));
    EXPECT_TRUE(answer.has("X-Content-Type-Options: nosniff\r\n"));
    EXPECT_TRUE(answer.has("Referrer-Policy: no-referrer\r\n"));
    EXPECT_TRUE(
        answer.has("Content-Security-Policy: default-src 'self'; frame-ancestors 'none'; "
                   "form-action 'self'; base-uri 'none'\r\n"));
    EXPECT_TRUE(answer.has("Cache-Control: no-store\r\n"));
    EXPECT_FALSE(answer.has("Strict-Transport-Security"));
    const Answer cached = client.ask(get("/cached"));
    EXPECT_TRUE(cached.has("cache-control: max-age=60\r\n"));
    EXPECT_FALSE(cached.has("no-store"));
    EXPECT_TRUE(cached.has("X-Frame: 1\r\n"));
}

TEST(HttpServer, AnswersHeadAsGetWithoutTheBody) {
    const auto server = started();
    Client client(server->port());
    const Answer head = client.ask("HEAD /x HTTP/1.1\r\nHost: localhost\r\n\r\n", true);
    EXPECT_EQ(head.status, 200);
    EXPECT_TRUE(head.has("Content-Length: 13\r\n"));  // HEAD /x plain
    EXPECT_EQ(client.ask(get("/nothing")).status, 204);
    EXPECT_EQ(client.ask(get("/y")).body, "GET /y plain");  // no stray byte between them
}

TEST(HttpServer, ReadsChunkedBodies) {
    const auto server = started();
    Client client(server->port());
    const Answer answer = client.ask(
        "POST /echo HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
        "3;note=x\r\nabc\r\n4\r\ndefg\r\n0\r\nX-Trailer: 1\r\n\r\n");
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "abcdefg");
    EXPECT_EQ(client.ask(get("/y")).status, 200);
}

TEST(HttpServer, LetsWaitForContinueProceedAtOnce) {
    const auto server = started();
    Client client(server->port());
    const std::string whole = post("body", "Expect: 100-continue\r\n");
    const std::string_view head = std::string_view(whole).substr(0, whole.size() - 4);
    EXPECT_EQ(client.ask(head).status, 100);
    EXPECT_EQ(client.ask("body").body, "body");
}

TEST(HttpServer, ClosesWhenAskedToAndForOldClients) {
    const auto server = started();
    Client asks(server->port());
    EXPECT_TRUE(asks.ask(get("/", "Connection: close\r\n")).has("Connection: close\r\n"));
    EXPECT_TRUE(asks.ends());
    Client old(server->port());
    EXPECT_EQ(old.ask("GET / HTTP/1.0\r\nHost: localhost\r\n\r\n").status, 200);
    EXPECT_TRUE(old.ends());
}

TEST(HttpServer, OutlivesAHandlerThatThrows) {
    const auto server = started();
    Client client(server->port());
    EXPECT_EQ(client.ask(get("/throws")).status, 500);
    EXPECT_EQ(client.ask(get("/throws-a-number")).status, 500);
    const Answer split = client.ask(get("/bad-header"));
    EXPECT_EQ(split.status, 500);
    EXPECT_FALSE(split.has("Set-Cookie"));
    EXPECT_EQ(client.ask(get("/")).status, 200);
}

TEST(HttpServer, AsksTheQuickHandlerFirst) {
    const auto quick = [](const Request& request) -> std::optional<Response> {
        if (request.path == "/throws") {
            throw std::runtime_error("as the test wants");
        }
        return request.path == "/quick" ? std::optional(Response{.body = "from memory"})
                                        : std::nullopt;
    };
    const auto server = HttpServer::start({}, serve, quick).value();
    Client client(server->port());
    EXPECT_EQ(client.ask(get("/quick")).body, "from memory");
    EXPECT_EQ(client.ask(get("/slow")).body, "GET /slow plain");
    EXPECT_EQ(client.ask(get("/throws")).status, 500);
    EXPECT_EQ(client.ask(get("/quick")).body, "from memory");
}

TEST(HttpServer, AnswersQuicklyWhileAllWorkersAreBusy) {
    std::promise<void> asked;
    std::promise<void> end;
    const auto server =
        HttpServer::start(
            {.workers = 1},
            [&](const Request&) {
                asked.set_value();
                end.get_future().wait();
                return Response{.body = "at last"};
            },
            [](const Request& request) {
                return request.path == "/quick" ? std::optional(Response{}) : std::nullopt;
            })
            .value();
    Client waiting(server->port());
    auto answer = std::async(std::launch::async, [&] { return waiting.ask(get("/")); });
    asked.get_future().wait();
    Client client(server->port());
    EXPECT_EQ(client.ask(get("/quick")).status, 200);
    end.set_value();
    EXPECT_EQ(answer.get().body, "at last");
}

TEST(HttpServer, SpeaksTls) {
    const auto server = started(with_tls());
    Client client(server->port());
    ASSERT_TRUE(client.secure());
    const Answer answer = client.ask(get("/"));
    EXPECT_EQ(answer.body, "GET / secure");
    EXPECT_TRUE(answer.has("Strict-Transport-Security: max-age=31536000\r\n"));
    EXPECT_EQ(client.ask(post(std::string(100'000, 'x'))).body.size(), 100'000U);
    EXPECT_EQ(client.ask(get("/", "Connection: close\r\n")).status, 200);
    EXPECT_TRUE(client.ends());
}

TEST(HttpServer, TakesTls12AndNothingOlder) {
    const auto server = started(with_tls());
    Client twelve(server->port());
    ASSERT_TRUE(twelve.secure(TLS1_2_VERSION));
    EXPECT_EQ(twelve.ask(get("/")).status, 200);
    Client eleven(server->port());
    EXPECT_FALSE(eleven.secure(TLS1_1_VERSION));
    Client none(server->port());
    none.send(get("/"));
    EXPECT_TRUE(none.ends());
    EXPECT_EQ(none.receive().status, 0);
}

TEST(HttpServer, RefusesBadOptions) {
    Options open_to_all;
    open_to_all.address = "0.0.0.0";
    EXPECT_EQ(HttpServer::start(open_to_all, serve).error().code, base::ErrorCode::bad_field);
    Options name;
    name.address = "localhost";
    EXPECT_EQ(HttpServer::start(name, serve).error().code, base::ErrorCode::bad_field);
    Options no_workers;
    no_workers.workers = 0;
    EXPECT_EQ(HttpServer::start(no_workers, serve).error().code, base::ErrorCode::bad_field);
    Options no_key = with_tls();
    no_key.key_pem = kTestCertificate;
    EXPECT_EQ(HttpServer::start(no_key, serve).error().code, base::ErrorCode::bad_field);
    const auto first = started();
    Options taken;
    taken.port = first->port();
    EXPECT_EQ(HttpServer::start(taken, serve).error().code, base::ErrorCode::system_failed);
}

TEST(HttpServer, ServesOthersWhileAHandlerBlocks) {
    std::promise<void> go;
    const std::shared_future<void> gone = go.get_future().share();
    auto server = HttpServer::start({}, [gone](const Request& request) {
                      if (request.path == "/waits") {
                          gone.wait();
                      }
                      return plain_answer(200);
                  }).value();
    Client waits(server->port());
    waits.send(get("/waits"));
    Client other(server->port());
    EXPECT_EQ(other.ask(get("/")).status, 200);
    go.set_value();
    EXPECT_EQ(waits.receive().status, 200);
}

TEST(HttpServer, EndsConnectionsWhenItGoes) {
    auto server = started(with_tls());
    Client idle(server->port());
    Client half(server->port());
    ASSERT_TRUE(half.secure());
    half.send("GET / HTTP/1.1\r\n");
    Client full(server->port());
    ASSERT_TRUE(full.secure());
    EXPECT_EQ(full.ask(get("/")).status, 200);
    server.reset();
    EXPECT_TRUE(idle.ends());
    EXPECT_TRUE(half.ends());
    EXPECT_TRUE(full.ends());
}

}  // namespace
}  // namespace tillhost::http
