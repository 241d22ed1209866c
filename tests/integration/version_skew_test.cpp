// Claim: a program and a host of different versions of tillhost work together: what one says that
// the other does not know yet is passed over, what it does not say yet is taken as left out. Shown
// over the encrypted way with real devd and a client that says more, and with the client library
// and a host that says more and less.
#include <atomic>

#include "hal/os/thread.h"
#include "ipc/host_file.h"
#include "ipc/msgpack.h"
#include "ipc/zmq_endpoint.h"
#include "tests/integration/network_host.h"

namespace tillhost::support {
namespace {

using contract::RequestKind;
using contract::Role;
using contract::Value;

/// The case of a union is its only entry.
bool is_union(const std::string& key) {
    return key == "command" || key == "query" || key == "result" || key == "status";
}

/// The same with something in every structure that nobody knows yet.
Value from_the_future(Value value, bool open = true) {
    if (const auto* map = value.get_if<Value::Map>()) {
        Value::Map more;
        for (const auto& [key, entry] : *map) {
            more.emplace_back(key, from_the_future(entry, !is_union(key)));
        }
        if (open) {
            more.emplace_back("not_known_yet", Value(Value::Map{{"why", Value(Value::Array{})}}));
        }
        return Value(std::move(more));
    }
    if (const auto* list = value.get_if<Value::Array>()) {
        Value::Array more;
        for (const Value& entry : *list) {
            more.push_back(from_the_future(entry));
        }
        return Value(std::move(more));
    }
    return value;
}

class NewerClient final {
public:
    NewerClient(const ipc::HostFile& file, os::Clock& clock)
        : clock_(clock),
          socket_(MUST(ipc::ZmqSocket::create(ipc::ZmqKind::dealer, {.client = file.keys()}))) {
        MUST(socket_->connect(file.endpoint()));
    }
    template <class Reply, class Body>
    Reply ask(RequestKind kind, const Body& body) {
        const contract::Request request{kind, ++last_, 0, contract::to_value(body)};
        const base::Bytes bytes = ipc::encode_msgpack(from_the_future(contract::to_value(request)));
        const os::Deadline deadline = clock_.now() + std::chrono::seconds(30);
        bool sent = false;
        while (clock_.now() < deadline) {
            sent = sent || socket_->send({}, bytes) == ipc::ZmqSocket::Sent::sent;
            const auto incoming = socket_->receive();
            if (!incoming) {
                continue;
            }
            const auto reply = MUST(contract::read_reply(decoded(*incoming)));
            const auto* error = std::get_if<contract::Error>(&reply.outcome);
            EXPECT_EQ(error, nullptr) << (error == nullptr ? "" : error->code + error->text);
            return error == nullptr
                       ? MUST(contract::from_value<Reply>(std::get<Value>(reply.outcome)))
                       : Reply{};
        }
        ADD_FAILURE() << "no answer to " << contract::name_of(kind);
        return {};
    }

private:
    static Value decoded(const ipc::ZmqSocket::Incoming& incoming) {
        return MUST(ipc::decode_msgpack(incoming.payload));
    }
    os::Clock& clock_;
    std::unique_ptr<ipc::ZmqSocket> socket_;
    std::int64_t last_ = 0;
};

TEST(VersionSkew, AHostTakesWhatANewerClientSays) {
    NetworkHost host;
    host.start();
    host.pair("till", Role::cashier);
    NewerClient client(MUST(ipc::read_host_file_at(host.hosts() + "/till.toml")), host.clock());
    contract::HelloRequest hello;
    hello.client = "till";
    hello.versions = {contract::kProtocolVersion, contract::kProtocolVersion + 1};
    const auto greeting = client.ask<contract::HelloReply>(RequestKind::hello, hello);
    EXPECT_EQ(greeting.client, "till@till");
    contract::SubmitRequest submit;
    submit.session = greeting.session;
    submit.operation_id = client::make_operation_id(host.clock());
    submit.device = "kassa";
    submit.command = contract::XReport{};
    EXPECT_EQ(client.ask<contract::Operation>(RequestKind::submit, submit).operation_id,
              submit.operation_id);
    EXPECT_TRUE(client.ask<contract::Operation>(RequestKind::submit, submit).repeat)
        << "what is not known is no other content";
    EXPECT_EQ(client
                  .ask<contract::Operation>(RequestKind::operation,
                                            contract::OperationRequest{submit.operation_id, ""})
                  .device,
              "kassa");
}

/// Answers hello and devices as another version would.
class OtherHost final : public ipc::RequestHandler, public ipc::Admission {
public:
    OtherHost(ipc::KeyPair own, std::string guest, bool newer, const os::Clock& clock)
        : own_(std::move(own)), guest_(std::move(guest)), newer_(newer) {
        endpoint_ = MUST(ipc::ZmqEndpoint::bind(
            "tcp://127.0.0.1:*",
            {.secret_key = own_.secret_key, .admission = this, .clock = &clock}));
        thread_ = std::make_unique<os::Thread>("other host", [this] { serve(); });
    }
    ~OtherHost() override {
        stop_ = true;
        thread_->join();
    }
    OtherHost(const OtherHost&) = delete;
    OtherHost& operator=(const OtherHost&) = delete;

    std::string address() const { return endpoint_->address(); }
    Verdict admits(std::string_view key, std::string_view /*address*/) override {
        return key == guest_ ? Verdict::admitted : Verdict::unknown;
    }
    void on_peer_gone(ipc::PeerId /*peer*/) override {}
    void on_request(ipc::PeerId peer, const ipc::PeerIdentity& /*identity*/,
                    const contract::Request& request) override {
        Value body = request.kind == RequestKind::hello ? greeting() : devices();
        endpoint_->send(peer, {request.id, newer_ ? from_the_future(std::move(body)) : body});
    }

private:
    /// What has a default is left out, as by a host that does not know it yet.
    static Value greeting() {
        contract::HelloReply hello;
        hello.version = contract::kProtocolVersion;
        hello.session = 7;
        hello.program_version = "other";
        hello.schema_hash = "another";
        return contract::to_value(hello);
    }
    static Value devices() {
        contract::DevicesReply reply;
        contract::Device& device = reply.devices.emplace_back();
        device.device = "kassa";
        device.driver = "fiscal/toy";
        device.state = contract::DeviceState::ready;
        return contract::to_value(reply);
    }
    void serve() {
        while (!stop_) {
            while (endpoint_->receive(*this, 100)) {
            }
            pollfd one{.fd = endpoint_->fd(), .events = POLLIN, .revents = 0};
            ::poll(&one, 1, 10);
        }
    }
    const ipc::KeyPair own_;
    const std::string guest_;
    const bool newer_;
    std::unique_ptr<ipc::ZmqEndpoint> endpoint_;
    std::atomic<bool> stop_ = false;
    std::unique_ptr<os::Thread> thread_;
};

TEST(VersionSkew, AClientTakesWhatANewerOrAnOlderHostSays) {
    const auto shop = MUST(Shop::create(PROGRAMS_FOLDER));
    ::setenv("TILLHOST_HOSTS_DIR", (shop->folder() + "/hosts").c_str(), 1);
    os::SystemClock clock;
    const auto deadline = [&] { return clock.now() + std::chrono::seconds(30); };
    for (const bool newer : {true, false}) {
        const auto own = MUST(ipc::KeyPair::make());
        const auto guest = MUST(ipc::KeyPair::make());
        const OtherHost host(own, guest.public_key, newer, clock);
        ipc::HostFile file;
        file.address = MUST(ipc::parse_tcp_address(host.address().substr(6), 0));
        file.host_key = own.public_key;
        file.own = guest;
        file.workstation = "till";
        MUST(ipc::write_host_file_at(shop->folder() + "/hosts/other.toml", file));
        const auto client =
            MUST(client::Client::connect({.name = "till", .host = "other"}, clock, deadline()));
        EXPECT_EQ(client->hello().session, 7);
        const auto devices = MUST(client->devices(deadline()));
        ASSERT_EQ(devices.size(), 1U) << newer;
        EXPECT_EQ(devices.at(0).device, "kassa");
    }
}

}  // namespace
}  // namespace tillhost::support
