// Claim: who is not let in is told why within two seconds and counted by the reason; what was said
// once is worth nothing when it is said again; a right that is taken away is gone at once, with
// what it gave on connections that are open. Shown with real devd, its workstations, and bytes of
// theirs that are recorded on the way and sent again.
#include <arpa/inet.h>
#include <fmt/format.h>

#include <atomic>

#include "hal/os/thread.h"
#include "ipc/handshakes.h"
#include "ipc/host_file.h"
#include "ipc/msgpack.h"
#include "ipc/zmq_endpoint.h"
#include "tests/integration/network_host.h"

namespace tillhost::support {
namespace {

using base::ErrorCode;
using contract::RequestKind;
using contract::Role;

constexpr os::Duration kTold = std::chrono::seconds(2);

/// Connects to that port of this machine.
os::Descriptor connect_to(std::uint16_t port) {
    os::Descriptor fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
    return fd;
}

/// Stands on the way of one connection and keeps what the client says.
class Recorder final {
public:
    explicit Recorder(std::uint16_t to) : listening_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof at;
        auto* const any = reinterpret_cast<sockaddr*>(&at);
        INVARIANT(::bind(listening_.get(), any, size) == 0 && ::listen(listening_.get(), 1) == 0 &&
                  ::getsockname(listening_.get(), any, &size) == 0);
        port_ = ntohs(at.sin_port);
        thread_ = std::make_unique<os::Thread>("recorder", [this, to] { pass(to); });
    }
    std::uint16_t port() const { return port_; }
    /// Once the client has closed.
    std::string said() {
        thread_->join();
        return said_;
    }

private:
    void pass(std::uint16_t to) {
        const os::Descriptor client(::accept(listening_.get(), nullptr, nullptr));
        const os::Descriptor host = connect_to(to);
        while (true) {
            std::array<pollfd, 2> both{{{client.get(), POLLIN, 0}, {host.get(), POLLIN, 0}}};
            ::poll(both.data(), both.size(), -1);
            for (std::size_t i = 0; i < both.size(); ++i) {
                std::array<char, 4096> bytes{};
                const ssize_t count =
                    both[i].revents == 0 ? 0 : ::recv(both[i].fd, bytes.data(), bytes.size(), 0);
                if (both[i].revents != 0 && count <= 0) {
                    return;
                }
                const auto size = static_cast<std::size_t>(count);
                ::send(both[1 - i].fd, bytes.data(), size, MSG_NOSIGNAL);
                said_.append(bytes.data(), i == 0 ? size : 0);
            }
        }
    }
    os::Descriptor listening_;
    std::uint16_t port_ = 0;
    std::string said_;
    std::unique_ptr<os::Thread> thread_;
};

class StrangersTest : public testing::Test {
protected:
    void SetUp() override { host_.start(); }

    ipc::HostFile file(const std::string& name) const {
        return MUST(ipc::read_host_file_at(path(name)));
    }
    void write(const std::string& name, const ipc::HostFile& file) const {
        MUST(ipc::write_host_file_at(path(name), file));
    }
    std::string path(const std::string& name) const { return host_.hosts() + "/" + name + ".toml"; }
    /// The code that it is told within kTold; later it would be no_daemon.
    ErrorCode refusal(const std::string& name) {
        const auto made = client::Client::connect({.name = "till", .host = name}, host_.clock(),
                                                  host_.clock().now() + kTold);
        EXPECT_FALSE(made) << name;
        return made ? ErrorCode::internal : made.error().code;
    }
    std::uint64_t figure(const std::string& name) {
        const std::string text = host_.metrics();
        const std::size_t at = text.find("\n" + name + " ");
        EXPECT_NE(at, std::string::npos) << name;
        return at == std::string::npos ? 0 : std::stoull(text.substr(at + name.size() + 2));
    }
    std::uint64_t failed(const std::string& reason) {
        return figure("tillhost_network_handshake_failures_total{reason=\"" + reason + "\"}");
    }
    std::uint64_t all_failures() {
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i < ipc::kHandshakeFailures; ++i) {
            sum += failed(std::string(ipc::name_of(static_cast<ipc::HandshakeFailure>(i))));
        }
        return sum;
    }
    /// What devd is told by its sockets arrives when it does.
    void wait_for(const std::function<bool()>& condition) {
        const os::Deadline deadline = host_.deadline();
        while (!condition()) {
            ASSERT_LT(host_.clock().now(), deadline);
        }
    }

    NetworkHost host_;
};

TEST_F(StrangersTest, EachIsToldWhyAndCounted) {
    host_.pair("till", Role::cashier);
    ipc::HostFile stranger = file("till");
    stranger.own = MUST(ipc::KeyPair::make());
    write("stranger", stranger);
    EXPECT_EQ(refusal("stranger"), ErrorCode::not_paired);
    wait_for([&] { return failed("unknown_key") == 1; });

    ipc::HostFile other_host = file("till");
    other_host.host_key = MUST(ipc::KeyPair::make()).public_key;
    write("other", other_host);
    EXPECT_EQ(refusal("other"), ErrorCode::wrong_host_key);
    wait_for([&] { return failed("wrong_server_key") == 1; });

    // A greeting by hand (ZeroMQ RFC 23): libzmq's own client may close before the host does.
    const os::Descriptor plain = connect_to(host_.port());
    std::string greeting("\xFF\0\0\0\0\0\0\0\1\x7F\3\0NULL", 16);
    greeting.resize(64);
    ASSERT_EQ(::send(plain.get(), greeting.data(), greeting.size(), MSG_NOSIGNAL), 64);
    wait_for([&] { return failed("not_encrypted") == 1; });

    MUST(host_.connect("till"));
    const auto admin = host_.local();
    contract::RevokeRequest revoke{admin->hello().session, "till"};
    MUST(admin->request(RequestKind::revoke, contract::to_value(revoke), host_.deadline()));
    EXPECT_EQ(refusal("till"), ErrorCode::not_paired);
    wait_for([&] { return failed("unknown_key") == 2; });
    EXPECT_EQ(failed("wrong_server_key"), 1U);
    EXPECT_EQ(failed("not_encrypted"), 1U);
}

TEST_F(StrangersTest, ACodeThatWasUsedIsWorthNothingToAnother) {
    const std::string code = host_.code("till", Role::cashier);
    MUST(host_.use_code(code, "till"));
    const auto late = host_.use_code(code, "thief");
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().code, ErrorCode::no_daemon) << "nobody is asked in";
    host_.code("next", Role::administrator);
    const auto again = host_.use_code(code, "thief");
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, ErrorCode::wrong_code);
    EXPECT_EQ(figure("tillhost_pairing_wrong_codes_total"), 1U);
    EXPECT_FALSE(std::filesystem::exists(path("thief")));
}

TEST_F(StrangersTest, BytesThatAreSentAgainDoNothing) {
    host_.pair("till", Role::cashier);
    Recorder recorder(host_.port());
    ipc::HostFile by_way = file("till");
    by_way.address.port = recorder.port();
    write("way", by_way);
    {
        const auto client = MUST(host_.connect("way"));
        client::OperationOptions options;
        options.operation_id = client::make_operation_id(host_.clock());
        MUST(client->submit("kassa", contract::XReport{}, options, host_.deadline()));
    }
    const std::string bytes = recorder.said();
    ASSERT_GT(bytes.size(), 500U);
    const std::uint64_t requests = figure("tillhost_network_requests_total");
    const os::Descriptor fd = connect_to(host_.port());
    ASSERT_EQ(::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
    wait_for([&] { return all_failures() == 1; });
    EXPECT_EQ(figure("tillhost_network_requests_total"), requests);
}

/// A machine that is paired and means harm, and another one that works.
class HostileTest : public StrangersTest {
protected:
    void SetUp() override {
        StrangersTest::SetUp();
        host_.pair("hostile", Role::cashier);
        host_.pair("till", Role::cashier);
        till_ = MUST(host_.connect("till"));
    }
    bool till_works() {
        const auto answer = till_->devices(host_.deadline());
        return answer && answer->size() == 2;
    }
    std::unique_ptr<ipc::ZmqSocket> dial() {
        auto socket =
            MUST(ipc::ZmqSocket::create(ipc::ZmqKind::dealer, {.client = file("hostile").keys()}));
        MUST(socket->connect("tcp://127.0.0.1:" + std::to_string(host_.port())));
        return socket;
    }
    /// Waits until it is said, or the time is over.
    void wait_for_event(ipc::ZmqSocket& socket, ipc::ZmqSocket::Happened wanted) {
        bool seen = false;
        wait_for([&] {
            while (const auto event = socket.next_event()) {
                seen = seen || event->what == wanted;
            }
            return seen;
        });
    }
    std::unique_ptr<client::Client> till_;
};

TEST_F(HostileTest, AFloodOfRequestsIsCutDownAndCounted) {
    const auto socket = dial();
    wait_for_event(*socket, ipc::ZmqSocket::Happened::connected);
    const base::Bytes request = ipc::encode_msgpack(contract::to_value(
        contract::Request{RequestKind::health, 1, 0, contract::to_value(contract::Empty{})}));
    wait_for([&] {
        for (int i = 0; i < 1000; ++i) {
            socket->send({}, request);
            while (socket->receive()) {
            }
        }
        return figure("tillhost_network_refused_total{limit=\"rate\"}") > 0;
    });
    EXPECT_TRUE(till_works());
}

TEST_F(HostileTest, AFrameAboveTheLimitEndsItsConnectionAndNoOther) {
    const auto socket = dial();
    wait_for_event(*socket, ipc::ZmqSocket::Happened::connected);
    EXPECT_EQ(socket->send({}, base::Bytes(contract::kFrameBytesMax + 1)),
              ipc::ZmqSocket::Sent::sent);
    wait_for_event(*socket, ipc::ZmqSocket::Happened::ended);
    EXPECT_TRUE(till_works());
}

TEST_F(HostileTest, HalfOpenConnectionsShutTheDoorForStrangersOnly) {
    std::vector<os::Descriptor> open;
    wait_for([&] {
        if (open.size() < ipc::kNetworkLimits.half_open) {
            open.push_back(connect_to(host_.port()));
        }
        return figure("tillhost_network_door_shut_total") == 1;
    });
    EXPECT_TRUE(till_works());
    open.clear();
    wait_for([&] { return figure("tillhost_network_connections{state=\"half_open\"}") == 0; });
    EXPECT_GE(failed("broken_off") + failed("timed_out"), 60U);
    EXPECT_TRUE(host_.connect("till"));
}

/// A workstation that has the device "echo" for itself, and follows it.
class TakenAwayTest : public StrangersTest {
protected:
    void SetUp() override {
        StrangersTest::SetUp();
        host_.pair("till", Role::cashier);
        till_ = MUST(host_.connect("till"));
        admin_ = host_.local();
        MUST(till_->take_lease("echo", std::chrono::hours(1), client::Client::Wait::no,
                               host_.deadline()));
        MUST(till_->subscribe("lease/echo", {}, host_.deadline()));
        EXPECT_EQ(holder(), "till@till");
    }
    std::string holder() { return MUST(admin_->status("echo", host_.deadline())).leased_to; }
    std::size_t events() {
        std::size_t count = 0;
        while (true) {
            const auto event = till_->next_event(host_.clock().now());
            if (!event || !*event) {
                return count;
            }
            ++count;
        }
    }
    /// Something that a subscriber of lease/echo hears.
    void happen() {
        MUST(admin_->take_lease("echo", std::chrono::hours(1), client::Client::Wait::no,
                                host_.deadline()));
        MUST(admin_->release_lease("echo", host_.deadline()));
    }

    std::unique_ptr<client::Client> till_;
    std::unique_ptr<client::Client> admin_;
};

TEST_F(TakenAwayTest, ARevokedKeysConnectionHasNothingAnyMore) {
    const contract::RevokeRequest revoke{admin_->hello().session, "till"};
    MUST(admin_->request(RequestKind::revoke, contract::to_value(revoke), host_.deadline()));
    EXPECT_EQ(holder(), "");
    happen();
    EXPECT_EQ(till_->devices(host_.clock().now() + kTold).error().code, ErrorCode::not_paired);
    EXPECT_EQ(events(), 0U);
    EXPECT_EQ(figure("tillhost_network_refused_total{limit=\"revoked\"}"), 1U);
}

TEST_F(TakenAwayTest, ADeviceThatIsTakenAwayIsGoneFromOpenConnections) {
    contract::SetWorkstationRequest change;
    change.session = admin_->hello().session;
    change.name = "till";
    change.role = Role::cashier;
    change.devices = {"kassa"};
    MUST(admin_->request(RequestKind::set_workstation, contract::to_value(change),
                         host_.deadline()));
    EXPECT_EQ(holder(), "");
    happen();
    const auto seen = MUST(till_->devices(host_.deadline()));  // events before it would be here
    ASSERT_EQ(seen.size(), 1U);
    EXPECT_EQ(seen.at(0).device, "kassa");
    // When it was granted, when it was subscribed to, or nothing; nothing of what came later.
    EXPECT_EQ(events(), 0U);
    EXPECT_EQ(till_->status("echo", host_.deadline()).error().code, ErrorCode::not_permitted);
}

}  // namespace
}  // namespace tillhost::support
