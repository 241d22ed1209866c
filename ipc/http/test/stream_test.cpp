// Claim: a streamed body comes piece by piece, holds no worker, has one piece waiting at most, and
// whoever does not read it is cut; what there may be of streams is bounded. Shown with real sockets
// on loopback; deadlines are cut to fractions of a second.
#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <mutex>
#include <stdexcept>

#include "ipc/http/server.h"
#include "ipc/http/test/client.h"

namespace tillhost::http {
namespace {

using std::chrono::milliseconds;

/// What the sources of a test share with it.
struct Script {
    std::mutex mutex;
    std::deque<std::optional<std::string>> pieces;  // guarded by mutex; empty: nothing now
    std::atomic<int> asked = 0;
    std::atomic<int> alive = 0;
    std::string endless;  ///< given again and again, if there is one
};

class ScriptedSource final : public Source {
public:
    explicit ScriptedSource(std::shared_ptr<Script> script) : script_(std::move(script)) {
        ++script_->alive;
    }
    ~ScriptedSource() override { --script_->alive; }
    std::optional<std::string> next() override {
        ++script_->asked;
        if (!script_->endless.empty()) {
            return script_->endless;
        }
        const std::lock_guard lock(script_->mutex);
        if (script_->pieces.empty()) {
            return std::string();
        }
        auto piece = std::move(script_->pieces.front());
        script_->pieces.pop_front();
        if (piece == "throw") {
            throw std::runtime_error("of the test");
        }
        return piece;
    }

private:
    const std::shared_ptr<Script> script_;
};

class Streams : public testing::Test {
protected:
    void start(Options options) {
        server_ = HttpServer::start(std::move(options), [script = script_](const Request& request) {
                      if (request.method == Method::options) {
                          return Response{.status = 204, .headers = {{"X-Preflight", "yes"}}};
                      }
                      if (request.path != "/stream") {
                          return Response{.content_type = "text/plain", .body = "whole"};
                      }
                      Response response{.content_type = "text/plain"};
                      response.source = std::make_shared<ScriptedSource>(script);
                      return response;
                  }).value();
    }
    void SetUp() override { start({.workers = 1, .streams_max = 3, .streams_per_address_max = 3}); }
    void TearDown() override {
        server_.reset();
        EXPECT_EQ(script_->alive, 0);
    }
    void put(std::optional<std::string> piece) {
        const std::lock_guard lock(script_->mutex);
        script_->pieces.push_back(std::move(piece));
    }
    /// Until it is so; a test that waits in vain fails at its time limit.
    template <class What>
    static void await(What what) {
        bool is_so = what();
        for (int i = 0; i < kPatienceSeconds * 1000 && !is_so; ++i) {
            ::poll(nullptr, 0, 1);
            is_so = what();
        }
        EXPECT_TRUE(is_so);
    }

    const std::shared_ptr<Script> script_ = std::make_shared<Script>();
    std::unique_ptr<HttpServer> server_;
};

TEST_F(Streams, PiecesComeAsChunksAndTheConnectionGoesOn) {
    put("one");
    put("");
    put("twotwotwotwotwotwo");
    put(std::nullopt);
    Client client(server_->port());
    const Answer head = client.ask(get("/stream"));
    EXPECT_EQ(head.status, 200);
    EXPECT_TRUE(head.has("Transfer-Encoding: chunked\r\n"));
    EXPECT_FALSE(head.has("Content-Length"));
    EXPECT_EQ(client.receive_until("0\r\n\r\n"),
              "3\r\none\r\n12\r\ntwotwotwotwotwotwo\r\n0\r\n\r\n");
    EXPECT_EQ(client.ask(get("/")).body, "whole");
}

TEST_F(Streams, AnOldClientIsSentThemPlain) {
    put("one");
    put("two");
    put(std::nullopt);
    Client client(server_->port());
    const Answer head = client.ask("GET /stream HTTP/1.0\r\nHost: localhost\r\n\r\n");
    EXPECT_FALSE(head.has("Transfer-Encoding"));
    EXPECT_TRUE(head.has("Connection: close\r\n"));
    EXPECT_TRUE(client.ends());
    EXPECT_EQ(client.kept(), "onetwo");
}

TEST_F(Streams, TheHeadAloneOpensNone) {
    Client client(server_->port());
    EXPECT_EQ(client.ask("HEAD /stream HTTP/1.1\r\nHost: localhost\r\n\r\n", true).status, 200);
    EXPECT_EQ(client.ask(get("/")).body, "whole");
    EXPECT_EQ(script_->asked, 0);
}

TEST_F(Streams, HoldNoWorkerAndNoMoreThanTheirNumber) {
    std::vector<std::unique_ptr<Client>> open;
    for (int i = 0; i < 3; ++i) {
        open.push_back(std::make_unique<Client>(server_->port()));
        EXPECT_EQ(open.back()->ask(get("/stream")).status, 200);
    }
    Client client(server_->port());
    EXPECT_EQ(client.ask(get("/stream")).status, 503);
    EXPECT_EQ(client.ask(get("/")).body, "whole");  // by the one worker that there is
    open.pop_back();                                // its place is free when that is seen
    await([this] {
        Client another(server_->port());
        return another.ask(get("/stream")).status == 200;
    });
}

TEST_F(Streams, OfOneAddressNoMoreThanItsNumber) {
    start({.streams_max = 3, .streams_per_address_max = 1});
    Client first(server_->port());
    EXPECT_EQ(first.ask(get("/stream")).status, 200);
    Client second(server_->port());
    EXPECT_EQ(second.ask(get("/stream")).status, 503);
}

TEST_F(Streams, WithoutRoomForAnyTheyAreRefused) {
    start({});
    Client client(server_->port());
    EXPECT_EQ(client.ask(get("/stream")).status, 503);
}

TEST_F(Streams, WhoDoesNotReadIsCutAndNoMoreIsAskedFor) {
    Options options{.streams_max = 3, .streams_per_address_max = 3};
    options.deadlines.write = milliseconds(200);
    start(std::move(options));
    script_->endless = std::string(256 * 1024, 'x');
    Client client(server_->port());
    client.send(get("/stream"));
    await([this] { return script_->asked > 0 && server_->connections() == 0; });
    const int asked = script_->asked;
    // What the kernel takes for a peer that reads nothing, and one piece more.
    EXPECT_LT(asked, 200);
    await([this] { return script_->alive == 0; });
    EXPECT_EQ(script_->asked, asked);
}

TEST_F(Streams, WhoGoesIsNoticedThoughThereIsNothingToSend) {
    auto client = std::make_unique<Client>(server_->port());
    EXPECT_EQ(client->ask(get("/stream")).status, 200);
    await([this] { return script_->alive == 1; });
    client.reset();
    await([this] { return script_->alive == 0 && server_->connections() == 0; });
}

TEST_F(Streams, AreEndedInOrderAtTheirTime) {
    Options options{.streams_max = 1, .streams_per_address_max = 1};
    options.deadlines.stream = milliseconds(150);
    start(std::move(options));
    Client client(server_->port());
    EXPECT_EQ(client.ask(get("/stream")).status, 200);
    EXPECT_EQ(client.receive_until("0\r\n\r\n"), "0\r\n\r\n");
}

TEST_F(Streams, ASourceThatThrowsOrGivesTooMuchEndsItsOwnOnly) {
    for (const std::string& bad : {std::string("throw"), std::string(kPieceBytesMax + 1, 'x')}) {
        put("one");
        put(bad);
        Client client(server_->port());
        client.ask(get("/stream"));
        EXPECT_EQ(client.receive_until("0\r\n\r\n"), "3\r\none\r\n0\r\n\r\n");
        EXPECT_EQ(client.ask(get("/")).body, "whole");
    }
}

TEST_F(Streams, TheServerMayStopMeanwhile) {
    Client client(server_->port());
    EXPECT_EQ(client.ask(get("/stream")).status, 200);
    server_.reset();
    EXPECT_TRUE(client.ends());
}

TEST_F(Streams, OptionsReachesTheHandlerWhereItMay) {
    constexpr std::string_view kOptions = "OPTIONS / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    EXPECT_EQ(Client(server_->port()).ask(kOptions).status, 405);
    start({.preflights = true});
    const Answer answer = Client(server_->port()).ask(kOptions);
    EXPECT_EQ(answer.status, 204);
    EXPECT_TRUE(answer.has("X-Preflight: yes\r\n"));
}

}  // namespace
}  // namespace tillhost::http
