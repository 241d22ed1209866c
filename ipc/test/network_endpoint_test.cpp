// Claim: the encrypted endpoint lets in only who has a known key, tells both ends what went wrong
// with a handshake, and holds every peer within its limits. Shown on real TCP connections.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <functional>
#include <set>
#include <vector>

#include "hal/base/invariant.h"
#include "hal/os/clock.h"
#include "hal/os/descriptor.h"
#include "hal/os/fake/fake_clock.h"
#include "hal/os/thread.h"
#include "ipc/msgpack.h"
#include "ipc/zmq_client.h"
#include "ipc/zmq_endpoint.h"
#include "tests/support/own_network.h"

namespace tillhost::ipc {
namespace {

using base::ErrorCode;
using contract::RequestKind;
using contract::Value;

constexpr os::Duration kPatience = std::chrono::seconds(20);

class Guests final : public Admission {
public:
    Verdict admits(std::string_view key, std::string_view address) override {
        asked.emplace_back(address);
        return keys.contains(std::string(key)) ? Verdict::admitted : Verdict::unknown;
    }
    std::set<std::string> keys;
    std::vector<std::string> asked;
};

class Handler final : public RequestHandler {
public:
    void on_request(PeerId peer, const PeerIdentity& identity,
                    const contract::Request& request) override {
        identities.push_back(identity);
        peers.push_back(peer);
        if (answer_with != nullptr) {
            answer_with->send(peer, {request.id, request.body});
        }
    }
    void on_peer_gone(PeerId peer) override { gone.push_back(peer); }
    ReplySink* answer_with = nullptr;
    std::vector<PeerIdentity> identities;
    std::vector<PeerId> peers;
    std::vector<PeerId> gone;
};

class NetworkEndpointTest : public ::testing::Test {
protected:
    void open(const PeerLimits& limits = kNetworkLimits, int heartbeat_ms = kHeartbeatMs,
              int heartbeat_timeout_ms = kHeartbeatTimeoutMs) {
        NetworkOptions options{
            .secret_key = host_.secret_key,
            .admission = &guests_,
            .clock = &rate_clock_,
            .limits = limits,
            .first_peer = 1000,
            .heartbeat_ms = heartbeat_ms,
            .heartbeat_timeout_ms = heartbeat_timeout_ms,
            .handshake_ms = 1'000,
            .on_failure = [this](const FailedHandshake& failed) { failures_.push_back(failed); }};
        endpoint_ = MUST(ZmqEndpoint::bind("tcp://127.0.0.1:*", std::move(options)));
        handler_.answer_with = endpoint_.get();
        address_ = endpoint_->address();
    }
    CurveClient keys() const { return {host_.public_key, guest_}; }

    void pump() {
        while (endpoint_->receive(handler_, 100)) {
        }
    }
    bool serve(const std::function<bool()>& condition) {
        const os::Deadline deadline = clock_.now() + kPatience;
        while (true) {
            pump();
            if (condition()) {
                return true;
            }
            if (clock_.now() > deadline) {
                return false;
            }
            pollfd one{.fd = endpoint_->fd(), .events = POLLIN, .revents = 0};
            ::poll(&one, 1, 20);
        }
    }
    /// Runs what blocks in a client, and serves meanwhile.
    void meanwhile(std::function<void()> body) {
        std::atomic<bool> done = false;
        os::Thread thread("client", [&] {
            body();
            done = true;
        });
        EXPECT_TRUE(serve([&] { return done.load(); }));
        thread.join();
    }
    base::Result<std::unique_ptr<ZmqClient>> connect(const CurveClient& with) {
        base::Result<std::unique_ptr<ZmqClient>> made = base::bad_field("client", "made");
        meanwhile(
            [&] { made = ZmqClient::connect(address_, with, clock_, clock_.now() + kPatience); });
        return made;
    }
    ErrorCode refusal(const CurveClient& with) {
        const os::Instant begun = clock_.now();
        const auto made = connect(with);
        EXPECT_FALSE(made.has_value());
        EXPECT_LT(clock_.now() - begun, ZmqClient::kNetworkConnectMax);
        return made ? ErrorCode::internal : made.error().code;
    }
    std::unique_ptr<ZmqClient> guest() {
        guests_.keys.insert(guest_.public_key);
        return MUST(connect(keys()));
    }
    base::Result<Value> call(ZmqClient& client) {
        base::Result<Value> answer = base::bad_field("answer", "there");
        meanwhile([&] {
            answer =
                client.call(RequestKind::devices, Value(Value::Map{}), clock_.now() + kPatience);
        });
        return answer;
    }
    os::Descriptor stranger() const {
        os::Descriptor fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port =
            htons(static_cast<std::uint16_t>(std::stoi(address_.substr(address_.rfind(':') + 1))));
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(::connect(fd.get(), reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
        return fd;
    }
    std::uint64_t failed(HandshakeFailure why) const { return endpoint_->handshakes().failed(why); }

    os::SystemClock clock_;
    os::FakeClock rate_clock_;
    const KeyPair host_ = KeyPair::make().value();
    const KeyPair guest_ = KeyPair::make().value();
    Guests guests_;
    Handler handler_;
    std::vector<FailedHandshake> failures_;
    std::unique_ptr<ZmqEndpoint> endpoint_;
    std::string address_;
};

TEST_F(NetworkEndpointTest, ServesAKnownKeyAndSaysWhoItIs) {
    open();
    const auto client = guest();
    ASSERT_TRUE(call(*client).has_value());
    EXPECT_EQ(handler_.identities.at(0).key, guest_.public_key);
    EXPECT_EQ(handler_.identities.at(0).address, "127.0.0.1");
    EXPECT_EQ(handler_.identities.at(0).uid, -1);
    EXPECT_GT(handler_.peers.at(0).value, 1000U);
    EXPECT_EQ(guests_.asked.at(0), "127.0.0.1");
    EXPECT_EQ(endpoint_->peers_of(guest_.public_key), 1U);
    EXPECT_EQ(endpoint_->handshakes().half_open(), 0U);
}

TEST_F(NetworkEndpointTest, AnUnknownKeyIsNotPairedAtBothEnds) {
    open();
    EXPECT_EQ(refusal(keys()), ErrorCode::not_paired);
    ASSERT_TRUE(serve([&] { return failed(HandshakeFailure::unknown_key) == 1; }));
    EXPECT_EQ(failures_.at(0).address, "127.0.0.1");
    EXPECT_TRUE(handler_.peers.empty());
}

TEST_F(NetworkEndpointTest, AnotherHostKeyIsToldAsThat) {
    open();
    guests_.keys.insert(guest_.public_key);
    EXPECT_EQ(refusal({MUST(KeyPair::make()).public_key, guest_}), ErrorCode::wrong_host_key);
    EXPECT_TRUE(serve([&] { return failed(HandshakeFailure::wrong_server_key) == 1; }));
    EXPECT_TRUE(guests_.asked.empty());
}

TEST_F(NetworkEndpointTest, APlainTextPeerIsRefusedAndCounted) {
    open();
    // A greeting by hand (ZeroMQ RFC 23): libzmq's own client may close before the server does.
    const os::Descriptor fd = stranger();
    std::string greeting("\xFF\0\0\0\0\0\0\0\1\x7F\3\0NULL", 16);
    greeting.resize(64);
    ASSERT_EQ(::send(fd.get(), greeting.data(), greeting.size(), MSG_NOSIGNAL), 64);
    EXPECT_TRUE(serve([&] { return failed(HandshakeFailure::not_encrypted) == 1; }));
    EXPECT_TRUE(handler_.peers.empty());
}

TEST_F(NetworkEndpointTest, RandomBytesAreCountedAndDisturbNobody) {
    open();
    const auto client = guest();
    ASSERT_TRUE(call(*client).has_value());
    const os::Descriptor fd = stranger();
    const std::string bytes = "GET / HTTP/1.0\r\n\r\n" + std::string(300, '\x5A');
    ASSERT_EQ(::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
    EXPECT_TRUE(serve([&] { return failed(HandshakeFailure::not_zmq) == 1; }));
    EXPECT_TRUE(call(*client).has_value());
}

TEST_F(NetworkEndpointTest, WhoSaysNothingIsEndedAndWhoClosesIsCounted) {
    open();
    {
        const os::Descriptor fd = stranger();
        ASSERT_TRUE(serve([&] { return endpoint_->handshakes().open() == 1; }));
    }
    EXPECT_TRUE(serve([&] { return failed(HandshakeFailure::broken_off) == 1; }));
    const os::Descriptor fd = stranger();
    EXPECT_TRUE(serve([&] { return failed(HandshakeFailure::timed_out) == 1; }));
    EXPECT_EQ(endpoint_->handshakes().half_open(), 0U);
}

TEST_F(NetworkEndpointTest, TheClientTellsWhatIsNoTillhost) {
    open();
    const auto plain = MUST(ZmqSocket::create(ZmqKind::router));
    MUST(plain->bind("tcp://127.0.0.1:*"));
    address_ = plain->bound_to();
    EXPECT_EQ(refusal(keys()), ErrorCode::not_encrypted);
    address_ = "tcp://127.0.0.1:1";
    EXPECT_EQ(refusal(keys()), ErrorCode::no_daemon);
    address_ = "nonsense";
    EXPECT_EQ(refusal(keys()), ErrorCode::bad_field);
}

TEST_F(NetworkEndpointTest, AListenerThatSaysNothingIsNoDaemonInTime) {
    open();
    os::Descriptor fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    auto* const any = reinterpret_cast<sockaddr*>(&at);
    ASSERT_EQ(::bind(fd.get(), any, size), 0);
    ASSERT_EQ(::listen(fd.get(), 1), 0);
    ASSERT_EQ(::getsockname(fd.get(), any, &size), 0);
    address_ = "tcp://127.0.0.1:" + std::to_string(ntohs(at.sin_port));
    EXPECT_EQ(refusal(keys()), ErrorCode::no_daemon);
}

TEST_F(NetworkEndpointTest, ADroppedKeyIsGoneAtOnceAndItsConnectionIsAnsweredNotPaired) {
    open();
    const auto client = guest();
    ASSERT_TRUE(call(*client).has_value());
    guests_.keys.clear();
    endpoint_->drop(guest_.public_key, handler_);
    EXPECT_EQ(handler_.gone, handler_.peers);
    EXPECT_FALSE(endpoint_->send(handler_.peers.at(0), {1, Value(true)}));
    const auto after = call(*client);
    ASSERT_FALSE(after.has_value());
    EXPECT_EQ(after.error().code, ErrorCode::not_paired);
    EXPECT_EQ(handler_.peers.size(), 1U);
    EXPECT_EQ(endpoint_->counters().after_drop, 1U);
    EXPECT_EQ(refusal(keys()), ErrorCode::not_paired);
    EXPECT_EQ(handler_.gone.size(), 1U);
}

TEST_F(NetworkEndpointTest, RequestsAboveTheRateAreTurnedAwayUntilTimePasses) {
    open({.requests_per_second = 2, .burst = 3});
    const auto client = guest();
    for (int i = 0; i < 3; ++i) {
        ASSERT_TRUE(call(*client).has_value());
    }
    EXPECT_EQ(call(*client).error().code, ErrorCode::retry_later);
    EXPECT_EQ(endpoint_->counters().over_rate, 1U);
    rate_clock_.advance(std::chrono::milliseconds(500));
    EXPECT_TRUE(call(*client).has_value());
    EXPECT_EQ(call(*client).error().code, ErrorCode::retry_later);
}

TEST_F(NetworkEndpointTest, AFloodIsToldSoManyTimesAndThenDroppedUnread) {
    open({.requests_per_second = 1, .burst = 1});
    const auto client = guest();
    ASSERT_TRUE(call(*client).has_value());
    constexpr std::uint64_t kFlood = kRefusalsToldPerSecond + 50;
    for (std::uint64_t i = 0; i < kFlood; ++i) {
        MUST(client->send(RequestKind::devices, Value(Value::Map{}), 0));
    }
    ASSERT_TRUE(serve([&] { return endpoint_->counters().over_rate == kFlood; }));
    EXPECT_EQ(endpoint_->counters().ignored, 50U);
    EXPECT_EQ(endpoint_->counters().replies, 1U + kRefusalsToldPerSecond);
    EXPECT_EQ(handler_.peers.size(), 1U);
    rate_clock_.advance(std::chrono::seconds(1));
    EXPECT_TRUE(call(*client).has_value());
}

TEST_F(NetworkEndpointTest, RequestsWithoutAnAnswerAreBounded) {
    open({.outstanding = 2});
    const auto client = guest();
    handler_.answer_with = nullptr;
    for (int i = 0; i < 3; ++i) {
        MUST(client->send(RequestKind::await, Value(Value::Map{}), 0));
    }
    ASSERT_TRUE(serve([&] { return endpoint_->counters().over_outstanding == 1; }));
    EXPECT_EQ(handler_.peers.size(), 2U);
    EXPECT_TRUE(endpoint_->send(handler_.peers.at(0), {1, Value(true)}));
    MUST(client->send(RequestKind::await, Value(Value::Map{}), 0));
    EXPECT_TRUE(serve([&] { return handler_.peers.size() == 3; }));
}

TEST_F(NetworkEndpointTest, AKeyHasSoManyConnectionsAndNoMore) {
    open({.connections_per_key = 2});
    const auto first = guest();
    const auto second = guest();
    ASSERT_TRUE(call(*first).has_value());
    ASSERT_TRUE(call(*second).has_value());
    EXPECT_EQ(refusal(keys()), ErrorCode::retry_later);
    EXPECT_TRUE(serve([&] { return failed(HandshakeFailure::too_many) == 1; }));
    EXPECT_EQ(endpoint_->counters().over_connections, 1U);
}

TEST_F(NetworkEndpointTest, AFloodOfHalfOpenConnectionsShutsTheDoorAndHurtsNoFriend) {
    open({.half_open = 3});
    const auto client = guest();
    ASSERT_TRUE(call(*client).has_value());
    std::vector<os::Descriptor> flood;
    for (int i = 0; i < 3; ++i) {
        flood.push_back(stranger());
    }
    ASSERT_TRUE(serve([&] { return endpoint_->counters().door_shut == 1; }));
    EXPECT_TRUE(call(*client).has_value());  // who is in stays in
    flood.clear();
    ASSERT_TRUE(serve([&] { return endpoint_->handshakes().half_open() == 0; }));
    EXPECT_TRUE(connect(keys()).has_value());
}

TEST_F(NetworkEndpointTest, AFrameAboveTheLimitEndsItsConnection) {
    open();
    guests_.keys.insert(guest_.public_key);
    const auto raw = MUST(ZmqSocket::create(ZmqKind::dealer, {.client = keys()}));
    MUST(raw->connect(address_));
    std::optional<ZmqSocket::Event> event;
    ASSERT_TRUE(serve([&] { return (event = raw->next_event()).has_value(); }));
    ASSERT_EQ(event->what, ZmqSocket::Happened::connected);
    EXPECT_EQ(raw->send({}, base::Bytes(contract::kFrameBytesMax + 1)), ZmqSocket::Sent::sent);
    ASSERT_TRUE(serve([&] { return (event = raw->next_event()).has_value(); }));
    EXPECT_EQ(event->what, ZmqSocket::Happened::ended);
    EXPECT_TRUE(handler_.peers.empty());
}

TEST_F(NetworkEndpointTest, AClientThatIsStoppedIsGoneAfterItsHeartbeat) {
    open(kNetworkLimits, 100, 400);
    guests_.keys.insert(guest_.public_key);
    const pid_t child = ::fork();
    if (child == 0) {
        const auto raw = MUST(ZmqSocket::create(ZmqKind::dealer, {.client = keys()}));
        MUST(raw->connect(address_));
        const base::Bytes bytes = encode_msgpack(
            contract::to_value(contract::Request{RequestKind::devices, 1, 0, Value(Value::Map{})}));
        while (raw->send({}, bytes) != ZmqSocket::Sent::sent) {
            ::poll(nullptr, 0, 10);
        }
        ::pause();
        ::_exit(0);
    }
    ASSERT_TRUE(serve([&] { return handler_.peers.size() == 1; }));
    ::kill(child, SIGSTOP);
    EXPECT_TRUE(serve([&] { return handler_.gone.size() == 1; }));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
}

TEST_F(NetworkEndpointTest, ATillWhoseCableIsPulledIsGoneForTheKernelAsksWithoutHeartbeats) {
    const support::OwnNetwork network;
    if (!network.made()) {
        GTEST_SKIP() << "no network namespace may be made here";
    }
    constexpr int kAnHour = 3'600'000;
    endpoint_ =
        MUST(ZmqEndpoint::bind("tcp://" + network.host() + ":*", {.secret_key = host_.secret_key,
                                                                  .admission = &guests_,
                                                                  .clock = &rate_clock_,
                                                                  .heartbeat_ms = kAnHour,
                                                                  .silence_ms = 0,
                                                                  .keepalive = {1, 1, 2, 3'000}}));
    guests_.keys.insert(guest_.public_key);
    handler_.answer_with = endpoint_.get();
    std::unique_ptr<ZmqClient> client;
    meanwhile([&] {
        ASSERT_TRUE(network.enter());
        client = MUST(
            ZmqClient::connect(endpoint_->address(), keys(), clock_, clock_.now() + kPatience));
        MUST(client->call(RequestKind::devices, Value(Value::Map{}), clock_.now() + kPatience));
    });
    ASSERT_EQ(handler_.peers.size(), 1U);
    ASSERT_TRUE(handler_.gone.empty());
    ASSERT_TRUE(network.vanish());
    EXPECT_TRUE(serve([&] { return handler_.gone == handler_.peers; }));
}

TEST_F(NetworkEndpointTest, AHostThatIsStoppedIsGoneAfterItsSilence) {
    // The host in a process of its own, that tells its address. The client itself asks only later.
    int tell[2];
    ASSERT_EQ(::pipe2(tell, O_CLOEXEC), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        guests_.keys.insert(guest_.public_key);
        NetworkOptions options{.secret_key = host_.secret_key,
                               .admission = &guests_,
                               .clock = &rate_clock_,
                               .heartbeat_ms = 100,
                               .heartbeat_timeout_ms = 400,
                               .silence_ms = 400};
        endpoint_ = MUST(ZmqEndpoint::bind("tcp://127.0.0.1:*", std::move(options)));
        const std::string address = endpoint_->address() + "\n";
        if (::write(tell[1], address.data(), address.size()) > 0) {
            serve([] { return false; });
        }
        ::_exit(0);
    }
    char c = 0;
    while (::read(tell[0], &c, 1) == 1 && c != '\n') {
        address_ += c;
    }
    const auto client =
        MUST(ZmqClient::connect(address_, keys(), clock_, clock_.now() + kPatience));
    const auto lost_until = [&](os::Deadline deadline) {
        while (!client->lost() && clock_.now() < deadline) {
            pollfd one{.fd = client->fd(), .events = POLLIN, .revents = 0};
            ::poll(&one, 1, 20);
        }
        return client->lost();
    };
    // Some questions of the host's libzmq, which nothing else shows; then none.
    EXPECT_FALSE(lost_until(clock_.now() + std::chrono::milliseconds(600)));
    ::kill(child, SIGSTOP);
    EXPECT_TRUE(lost_until(clock_.now() + kPatience));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    ::close(tell[0]);
    ::close(tell[1]);
}

TEST(CurveKeys, AreWrittenAsTheStandardSays) {
    // ZeroMQ RFC 32 gives the frame 86 4F D2 6F B5 59 F7 5B as "HelloWorld".
    const base::Bytes hello = MUST(base::from_hex("864FD26FB559F75B"));
    base::Bytes four;
    for (int i = 0; i < 4; ++i) {
        four.insert(four.end(), hello.begin(), hello.end());
    }
    EXPECT_EQ(key_text(four), "HelloWorldHelloWorldHelloWorldHelloWorld");
    EXPECT_EQ(MUST(key_bytes("HelloWorldHelloWorldHelloWorldHelloWorld")), four);
    for (const char* wrong : {"", "HelloWorld", "HelloWorldHelloWorldHelloWorldHelloWorl~",
                              "########################################"}) {
        EXPECT_FALSE(is_key(wrong)) << wrong;
    }
    EXPECT_EQ(fingerprint("nonsense"), "");
    EXPECT_EQ(fingerprint("HelloWorldHelloWorldHelloWorldHelloWorld").size(), 19U);
}

TEST(CurveKeys, AHostKeepsItsKeyInAFileOfItsOwn) {
    std::string pattern = (std::filesystem::temp_directory_path() / "tillhostXXXXXX").string();
    const std::string folder = ::mkdtemp(pattern.data());
    const std::string path = folder + "/network.key";
    const KeyPair made = MUST(load_or_make_key(path));
    struct stat status {};
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600U);
    const KeyPair again = MUST(load_or_make_key(path));
    EXPECT_EQ(again.public_key, made.public_key);
    EXPECT_EQ(again.secret_key.reveal(), made.secret_key.reveal());
    ::chmod(path.c_str(), 0644);
    EXPECT_EQ(load_or_make_key(path).error().code, ErrorCode::bad_field);
    std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace tillhost::ipc
