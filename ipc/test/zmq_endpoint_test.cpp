// Claim: the endpoint answers requests, survives any bytes, knows who its peers are and when they
// go, and never blocks. Shown on real sockets in a temporary folder, server and clients in one
// thread.
#include "ipc/zmq_endpoint.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include <filesystem>
#include <functional>
#include <vector>

#include "hal/os/clock.h"
#include "ipc/msgpack.h"
#include "ipc/zmq_client.h"

namespace tillhost::ipc {
namespace {

using contract::RequestKind;
using contract::Value;

constexpr os::Duration kPatience = std::chrono::seconds(20);

class Recorder final : public RequestHandler {
public:
    void on_request(PeerId peer, const PeerIdentity& identity,
                    const contract::Request& request) override {
        peers.push_back(peer);
        identities.push_back(identity);
        requests.push_back(request);
        if (answer_with != nullptr) {
            answer_with->send(peer, {request.id, request.body});
        }
    }
    void on_peer_gone(PeerId peer) override { gone.push_back(peer); }

    ReplySink* answer_with = nullptr;
    std::vector<PeerId> peers;
    std::vector<PeerIdentity> identities;
    std::vector<contract::Request> requests;
    std::vector<PeerId> gone;
};

class ZmqEndpointTest : public ::testing::Test {
protected:
    ZmqEndpointTest() {
        std::string pattern = (std::filesystem::temp_directory_path() / "tillhostXXXXXX").string();
        folder_ = ::mkdtemp(pattern.data());
        address_ = "ipc://" + folder_ + "/devd.sock";
        endpoint_ = std::move(ZmqEndpoint::bind(address_).value());
        recorder_.answer_with = endpoint_.get();
    }
    ~ZmqEndpointTest() override {
        endpoint_.reset();
        std::filesystem::remove_all(folder_);
    }

    std::unique_ptr<ZmqClient> client() {
        auto connected = ZmqClient::connect(address_, clock_, clock_.now() + kPatience);
        EXPECT_TRUE(connected.has_value()) << (connected ? "" : base::to_text(connected.error()));
        return connected ? std::move(*connected) : nullptr;
    }
    /// A client that may say anything.
    std::unique_ptr<ZmqSocket> raw_client() {
        auto socket = std::move(ZmqSocket::create(ZmqKind::dealer).value());
        EXPECT_TRUE(socket->connect(address_).has_value());
        std::optional<ZmqSocket::Event> event;
        EXPECT_TRUE(
            until({socket->fd()}, [&] { return (event = socket->next_event()).has_value(); }));
        EXPECT_TRUE(event && event->what == ZmqSocket::Happened::connected);
        return socket;
    }
    /// Waits for something on the descriptors until the condition holds.
    bool until(std::vector<int> fds, const std::function<bool()>& condition) {
        const os::Deadline deadline = clock_.now() + kPatience;
        while (!condition()) {
            if (clock_.now() > deadline) {
                return false;
            }
            std::vector<pollfd> polled;
            for (const int fd : fds) {
                polled.push_back({.fd = fd, .events = POLLIN, .revents = 0});
            }
            ::poll(polled.data(), polled.size(), 100);
        }
        return true;
    }
    /// Serves until the condition holds.
    bool serve(const std::function<bool()>& condition) {
        return until({endpoint_->fd()}, [&] {
            while (endpoint_->receive(recorder_, 100)) {
            }
            return condition();
        });
    }
    /// What the endpoint answers to these bytes.
    std::string answer_to(ZmqSocket& socket, base::ByteView bytes) {
        EXPECT_EQ(socket.send({}, bytes), ZmqSocket::Sent::sent);
        std::string code;
        EXPECT_TRUE(until({endpoint_->fd(), socket.fd()}, [&] {
            while (endpoint_->receive(recorder_, 100)) {
            }
            if (const auto incoming = socket.receive()) {
                const auto reply =
                    contract::read_reply(decode_msgpack(incoming->payload).value()).value();
                const auto* error = std::get_if<contract::Error>(&reply.outcome);
                code = std::to_string(reply.id) + " " + (error ? error->code : "ok");
            }
            return !code.empty();
        }));
        return code;
    }
    std::string answer_to(ZmqSocket& socket, const Value& value) {
        return answer_to(socket, encode_msgpack(value));
    }

    os::SystemClock clock_;
    std::string folder_;
    std::string address_;
    std::unique_ptr<ZmqEndpoint> endpoint_;
    Recorder recorder_;
};

Value status_request(std::int64_t id) {
    return contract::to_value(contract::Request{
        RequestKind::status, id, 0, contract::to_value(contract::DeviceRequest{"till"})});
}

TEST_F(ZmqEndpointTest, AnswersManyRequestsOfManyClientsEachInOrder) {
    std::vector<std::unique_ptr<ZmqClient>> clients;
    for (int i = 0; i < 5; ++i) {
        clients.push_back(client());
    }
    for (std::int64_t id = 1; id <= 200; ++id) {
        for (const auto& one : clients) {
            ASSERT_EQ(one->send(RequestKind::status, Value(id), 0).value(), id);
        }
    }
    ASSERT_TRUE(serve([&] { return recorder_.requests.size() == 1000; }));
    for (const auto& one : clients) {
        for (std::int64_t id = 1; id <= 200; ++id) {
            const auto reply = one->receive(clock_.now() + kPatience);
            ASSERT_TRUE(reply.has_value());
            EXPECT_EQ(reply->id, id);
            EXPECT_EQ(std::get<Value>(reply->outcome), Value(id));
        }
    }
    EXPECT_EQ(endpoint_->counters().replies, 1000U);
    EXPECT_EQ(endpoint_->peers(), 5U);
}

TEST_F(ZmqEndpointTest, TakesNoMoreThanItIsAskedTo) {
    const auto one = client();
    for (int i = 0; i < 10; ++i) {
        ASSERT_TRUE(one->send(RequestKind::devices, Value(Value::Map{}), 0).has_value());
    }
    ASSERT_TRUE(until({endpoint_->fd()}, [&] {
        bool more = true;
        while (more) {
            const std::size_t before = recorder_.requests.size();
            more = endpoint_->receive(recorder_, 3);
            EXPECT_LE(recorder_.requests.size(), before + 3);
            EXPECT_TRUE(more || recorder_.requests.size() < before + 3);
        }
        return recorder_.requests.size() == 10;
    }));
}

TEST_F(ZmqEndpointTest, KnowsItsPeersByTheConnection) {
    const auto one = client();
    ASSERT_TRUE(one->send(RequestKind::devices, Value(Value::Map{}), 0).has_value());
    ASSERT_TRUE(serve([&] { return !recorder_.requests.empty(); }));
    EXPECT_EQ(recorder_.identities[0].uid, static_cast<std::int64_t>(::getuid()));
    EXPECT_EQ(recorder_.identities[0].pid, static_cast<std::int64_t>(::getpid()));
}

TEST_F(ZmqEndpointTest, TheSocketIsForOwnerAndGroupOnly) {
    struct stat status {};
    ASSERT_EQ(::stat((folder_ + "/devd.sock").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0660U);
}

TEST_F(ZmqEndpointTest, ASecondOneOnTheSamePathIsRefused) {
    const auto second = ZmqEndpoint::bind(address_);
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().code, base::ErrorCode::already_running);
    EXPECT_EQ(ZmqEndpoint::bind("tcp://127.0.0.1:1").error().code, base::ErrorCode::bad_field);
    EXPECT_EQ(ZmqEndpoint::bind("ipc:///no/such/folder/devd.sock").error().code,
              base::ErrorCode::system_failed);
}

TEST_F(ZmqEndpointTest, ReportsEveryPeerThatGoes) {
    for (std::size_t i = 0; i < 20; ++i) {
        const auto one = client();
        ASSERT_TRUE(one->send(RequestKind::devices, Value(Value::Map{}), 0).has_value());
        ASSERT_TRUE(serve([&] { return recorder_.peers.size() == i + 1; }));
    }
    ASSERT_TRUE(serve([&] { return recorder_.gone.size() == 20; }));
    EXPECT_EQ(recorder_.gone, recorder_.peers);
    EXPECT_EQ(endpoint_->peers(), 0U);
}

TEST_F(ZmqEndpointTest, AClientThatKeepsItsRoutingIdIsAnotherPeerEachTime) {
    for (std::size_t i = 0; i < 10; ++i) {
        void* context = ::zmq_ctx_new();
        void* dealer = ::zmq_socket(context, ZMQ_DEALER);
        const int linger_ms = 1000;
        ::zmq_setsockopt(dealer, ZMQ_LINGER, &linger_ms, sizeof linger_ms);
        ::zmq_setsockopt(dealer, ZMQ_ROUTING_ID, "till-1", 6);
        ASSERT_EQ(::zmq_connect(dealer, address_.c_str()), 0);
        const base::Bytes bytes = encode_msgpack(status_request(1));
        ASSERT_GE(::zmq_send(dealer, bytes.data(), bytes.size(), 0), 0);
        ASSERT_TRUE(serve([&] { return recorder_.peers.size() == i + 1; }));
        ::zmq_close(dealer);
        ::zmq_ctx_term(context);
        // Its successor with the same routing id is refused while libzmq still sees it.
        ASSERT_TRUE(serve([&] { return recorder_.gone.size() == i + 1; }));
    }
    EXPECT_EQ(recorder_.gone, recorder_.peers);
}

TEST_F(ZmqEndpointTest, AReplyToAPeerThatWentIsLostAndCounted) {
    auto one = client();
    recorder_.answer_with = nullptr;
    ASSERT_TRUE(one->send(RequestKind::devices, Value(Value::Map{}), 0).has_value());
    ASSERT_TRUE(serve([&] { return !recorder_.peers.empty(); }));
    one.reset();
    ASSERT_TRUE(serve([&] { return !recorder_.gone.empty(); }));
    endpoint_->send(recorder_.peers[0], {1, Value()});
    EXPECT_EQ(endpoint_->counters().replies_unroutable, 1U);
}

TEST_F(ZmqEndpointTest, APeerThatDoesNotReadLosesRepliesAndHoldsNobodyUp) {
    const auto deaf = client();
    recorder_.answer_with = nullptr;
    ASSERT_TRUE(deaf->send(RequestKind::devices, Value(Value::Map{}), 0).has_value());
    ASSERT_TRUE(serve([&] { return !recorder_.peers.empty(); }));
    const contract::Reply large{1, Value(base::Bytes(100'000))};
    for (int i = 0; i < 3 * kQueuedMessagesMax && endpoint_->counters().replies_full == 0; ++i) {
        endpoint_->send(recorder_.peers[0], large);
    }
    EXPECT_GT(endpoint_->counters().replies_full, 0U);
    recorder_.answer_with = endpoint_.get();
    const auto other = raw_client();
    EXPECT_EQ(answer_to(*other, status_request(5)), "5 ok");
}

TEST_F(ZmqEndpointTest, AReplyAboveTheLimitBecomesATypedError) {
    const auto one = client();
    recorder_.answer_with = nullptr;
    ASSERT_TRUE(one->send(RequestKind::devices, Value(Value::Map{}), 0).has_value());
    ASSERT_TRUE(serve([&] { return !recorder_.peers.empty(); }));
    endpoint_->send(recorder_.peers[0], {1, Value(base::Bytes(contract::kFrameBytesMax))});
    const auto reply = one->receive(clock_.now() + kPatience);
    ASSERT_TRUE(reply.has_value());
    EXPECT_EQ(std::get<contract::Error>(reply->outcome).code, "too_large");
}

TEST_F(ZmqEndpointTest, EveryBadRequestIsAnsweredByATypedError) {
    using Map = Value::Map;
    const auto socket = raw_client();
    const auto text = [](const char* of) { return Value(std::string(of)); };
    const auto number = [](std::int64_t of) { return Value(of); };
    EXPECT_EQ(answer_to(*socket, base::Bytes()), "0 malformed");
    EXPECT_EQ(answer_to(*socket, base::Bytes{base::byte(0xC1)}), "0 malformed");
    EXPECT_EQ(answer_to(*socket, base::Bytes(100, base::byte(0x91))), "0 too_large");
    const base::Bytes whole = encode_msgpack(status_request(1));
    EXPECT_EQ(answer_to(*socket, base::ByteView(whole).first(whole.size() - 1)), "0 malformed");
    base::Bytes trailing = whole;
    trailing.push_back(base::byte(0));
    EXPECT_EQ(answer_to(*socket, trailing), "0 malformed");
    EXPECT_EQ(answer_to(*socket, Value(true)), "0 malformed");
    EXPECT_EQ(answer_to(*socket, Value(Map{{"v", number(2)}, {"id", number(9)}})),
              "9 wrong_version");
    EXPECT_EQ(answer_to(*socket,
                        Value(Map{{"v", number(1)}, {"id", number(10)}, {"kind", text("dance")}})),
              "10 unknown_kind");
    EXPECT_EQ(answer_to(*socket, Value(Map{{"v", number(1)}, {"id", number(11)}})), "11 bad_field");
    EXPECT_EQ(answer_to(*socket, Value(Map{{"v", number(1)}, {"kind", text("status")}})),
              "0 bad_field");
    EXPECT_TRUE(recorder_.requests.empty());
    // No body is an empty one, and a number may be used again: what it means is the client's.
    EXPECT_EQ(
        answer_to(*socket,
                  Value(Map{{"v", number(1)}, {"id", number(12)}, {"kind", text("devices")}})),
        "12 ok");
    EXPECT_EQ(answer_to(*socket, status_request(12)), "12 ok");
    EXPECT_EQ(endpoint_->counters().bad_requests, 10U);
    EXPECT_EQ(endpoint_->counters().requests, 2U);
}

TEST_F(ZmqEndpointTest, NonsenseIsAnsweredAFewTimesAndThenIgnored) {
    const auto socket = raw_client();
    const base::Bytes nonsense{base::byte(0xC1)};
    for (std::uint32_t i = 0; i < kNonsensePerPeerMax; ++i) {
        EXPECT_EQ(answer_to(*socket, nonsense), "0 malformed");
    }
    socket->send({}, nonsense);
    socket->send({}, encode_msgpack(status_request(1)));
    ASSERT_TRUE(serve([&] { return endpoint_->counters().ignored == 2; }));
    EXPECT_TRUE(recorder_.requests.empty());
    const auto other = raw_client();
    EXPECT_EQ(answer_to(*other, status_request(5)), "5 ok");
}

TEST_F(ZmqEndpointTest, AFrameAboveTheLimitEndsItsConnectionAndNoOther) {
    const auto good = raw_client();
    EXPECT_EQ(answer_to(*good, status_request(1)), "1 ok");
    const auto bad = raw_client();
    EXPECT_EQ(bad->send({}, base::Bytes(contract::kFrameBytesMax + 1)), ZmqSocket::Sent::sent);
    std::optional<ZmqSocket::Event> event;
    ASSERT_TRUE(until({endpoint_->fd(), bad->fd()}, [&] {
        while (endpoint_->receive(recorder_, 100)) {
        }
        return (event = bad->next_event()).has_value();
    }));
    EXPECT_EQ(event->what, ZmqSocket::Happened::ended);
    EXPECT_EQ(answer_to(*good, status_request(2)), "2 ok");
}

TEST_F(ZmqEndpointTest, AMessageOfSeveralFramesIsRefused) {
    void* context = ::zmq_ctx_new();
    void* dealer = ::zmq_socket(context, ZMQ_DEALER);
    ASSERT_EQ(::zmq_connect(dealer, address_.c_str()), 0);
    const base::Bytes bytes = encode_msgpack(status_request(1));
    ASSERT_GE(::zmq_send(dealer, bytes.data(), bytes.size(), ZMQ_SNDMORE), 0);
    ASSERT_GE(::zmq_send(dealer, bytes.data(), bytes.size(), ZMQ_SNDMORE), 0);
    ASSERT_GE(::zmq_send(dealer, bytes.data(), bytes.size(), 0), 0);
    ASSERT_GE(::zmq_send(dealer, bytes.data(), bytes.size(), 0), 0);
    EXPECT_TRUE(serve([&] { return !recorder_.requests.empty(); }));
    EXPECT_EQ(endpoint_->counters().bad_requests, 1U);
    EXPECT_EQ(recorder_.requests.size(), 1U);
    ::zmq_close(dealer);
    ::zmq_ctx_term(context);
}

TEST_F(ZmqEndpointTest, TheClientNoticesThatItsServerWent) {
    const auto one = client();
    endpoint_.reset();
    ASSERT_TRUE(until({one->fd()}, [&] { return one->lost(); }));
    const auto sent = one->send(RequestKind::devices, Value(Value::Map{}), 0);
    ASSERT_FALSE(sent.has_value());
    EXPECT_EQ(sent.error().code, base::ErrorCode::link_lost);
    EXPECT_EQ(sent.error().effect, base::Effect::none);
    const auto nobody = ZmqClient::connect(address_, clock_, clock_.now() + kPatience);
    ASSERT_FALSE(nobody.has_value());
    EXPECT_EQ(nobody.error().code, base::ErrorCode::no_daemon);
}

TEST_F(ZmqEndpointTest, NobodyIsToldAtOnceWhereThereIsNoSocket) {
    const auto nobody =
        ZmqClient::connect("ipc://" + folder_ + "/other.sock", clock_, clock_.now() + kPatience);
    ASSERT_FALSE(nobody.has_value());
    EXPECT_EQ(nobody.error().code, base::ErrorCode::no_daemon);
    EXPECT_EQ(nobody.error().detail.substr(0, 14), "nobody answers");
}

TEST(PeerIdentity, IsReadFromTheAddressThatLibzmqGives) {
    EXPECT_EQ(identity_from("localhost:1000:100:4242").uid, 1000);
    EXPECT_EQ(identity_from("localhost:1000:100:4242").pid, 4242);
    for (const char* wrong : {"", "127.0.0.1", "localhost:", "localhost:1:2", "localhost:1:2:x",
                              "localhost:-1:2:3", "localhost:1:2:3:4"}) {
        EXPECT_EQ(identity_from(wrong).uid, -1) << wrong;
    }
}

}  // namespace
}  // namespace tillhost::ipc
