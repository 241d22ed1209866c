// Claim: whoever listens on the network learns neither what is sold nor a pairing's secret, neither
// an answer nor an operation's id. Shown on the packets of this machine's own network while a
// workstation pairs, sells and asks; the same content without encryption is found in them.
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>

#include <atomic>
#include <mutex>

#include "hal/os/thread.h"
#include "ipc/msgpack.h"
#include "ipc/pairing.h"
#include "ipc/zmq_socket.h"
#include "tests/integration/network_host.h"

namespace tillhost::support {
namespace {

constexpr int kNotAllowed = 77;  ///< how ctest is told that a test cannot be run here
constexpr int kBufferBytes = 64 << 20;
constexpr const char* kText = "Assam, recognisable";
constexpr const char* kProgram = "recognisable-program";

/// Everything that passes the loopback device.
class Capture final {
public:
    static std::unique_ptr<Capture> start() {
        os::Descriptor fd(::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, htons(ETH_P_ALL)));
        sockaddr_ll at{};
        at.sll_family = AF_PACKET;
        at.sll_protocol = htons(ETH_P_ALL);
        at.sll_ifindex = static_cast<int>(::if_nametoindex("lo"));
        if (!fd.valid() ||
            ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0) {
            return nullptr;
        }
        ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUFFORCE, &kBufferBytes, sizeof kBufferBytes);
        return std::unique_ptr<Capture>(new Capture(std::move(fd)));
    }
    ~Capture() { stop(); }
    Capture(const Capture&) = delete;
    Capture& operator=(const Capture&) = delete;

    /// All of it, in the order it came; nothing was lost, or the test fails.
    const std::string& stop() {
        stop_ = true;
        thread_->join();
        tpacket_stats lost{};
        socklen_t size = sizeof lost;
        EXPECT_EQ(::getsockopt(fd_.get(), SOL_PACKET, PACKET_STATISTICS, &lost, &size), 0);
        EXPECT_EQ(lost.tp_drops, 0U);
        return bytes_;
    }

private:
    explicit Capture(os::Descriptor fd) : fd_(std::move(fd)) {
        thread_ = std::make_unique<os::Thread>("capture", [this] { take(); });
    }
    /// Until nothing has come for a moment after stop().
    void take() {
        std::vector<char> packet(1 << 17);
        while (true) {
            pollfd one{fd_.get(), POLLIN, 0};
            const bool last = stop_;
            if (::poll(&one, 1, 50) == 0) {
                if (last) {
                    return;
                }
                continue;
            }
            const ssize_t count = ::recv(fd_.get(), packet.data(), packet.size(), 0);
            bytes_.append(packet.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
        }
    }
    os::Descriptor fd_;
    std::atomic<bool> stop_ = false;
    std::string bytes_;
    std::unique_ptr<os::Thread> thread_;
};

contract::SubmitRequest receipt(const base::OperationId& id) {
    contract::Receipt receipt;
    receipt.kind = contract::ReceiptKind::sale;
    contract::ReceiptLine& line = receipt.lines.emplace_back();
    line.name = kText;
    line.price_minor = 12000;
    line.quantity_units = 1;
    line.vat = contract::Vat::no_vat;
    receipt.payments.push_back({contract::PaymentKind::cash, 12000});
    contract::SubmitRequest submit;
    submit.session = 1;
    submit.operation_id = id;
    submit.device = "kassa";
    submit.command = receipt;
    return submit;
}

/// One message over TCP without encryption.
void send_plainly(const contract::Value& body, os::Clock& clock) {
    const auto host = MUST(ipc::ZmqSocket::create(ipc::ZmqKind::router));
    MUST(host->bind("tcp://127.0.0.1:*"));
    const auto till = MUST(ipc::ZmqSocket::create(ipc::ZmqKind::dealer));
    MUST(till->connect(host->bound_to()));
    const base::Bytes bytes = ipc::encode_msgpack(body);
    const os::Deadline deadline = clock.now() + std::chrono::seconds(20);
    bool sent = false;
    while (!host->receive() && clock.now() < deadline) {
        sent = sent || till->send({}, bytes) == ipc::ZmqSocket::Sent::sent;
    }
    ASSERT_LT(clock.now(), deadline);
}

class PacketsTest : public testing::Test {
protected:
    void SetUp() override {
        host_.start();
        code_ = host_.code("till", contract::Role::cashier);
        secret_ = MUST(ipc::PairingCode::read(code_)).secret;
        capture_ = Capture::start();
        if (capture_ == nullptr) {
            std::exit(kNotAllowed);
        }
    }
    /// What of the secret things is in the packets.
    std::vector<std::string> found() {
        const std::string& all = capture_->stop();
        EXPECT_GT(all.size(), 1000U);
        const auto& raw = id_.bytes();
        const std::vector<std::pair<std::string, std::string>> wanted{
            {"text", kText},
            {"answer", std::string(kProgram) + "@till"},
            {"secret", secret_},
            {"id", id_.to_text()},
            {"id's bytes", std::string(raw.begin(), raw.end())}};
        std::vector<std::string> names;
        for (const auto& [name, bytes] : wanted) {
            if (all.find(bytes) != std::string::npos) {
                names.push_back(name);
            }
        }
        return names;
    }
    NetworkHost host_;
    std::string code_;
    std::string secret_;
    const base::OperationId id_ = client::make_operation_id(host_.clock());
    std::unique_ptr<Capture> capture_;
};

TEST_F(PacketsTest, AListenerLearnsNothing) {
    MUST(host_.use_code(code_, "till"));
    const auto client = MUST(host_.connect("till", kProgram));
    EXPECT_EQ(client->hello().client, std::string(kProgram) + "@till");
    client::OperationOptions options;
    options.operation_id = id_;
    MUST(client->submit("kassa", std::get<contract::Receipt>(receipt(id_).command), options,
                        host_.deadline()));
    MUST(client->operation(id_, host_.deadline()));
    EXPECT_EQ(found(), std::vector<std::string>());
}

TEST_F(PacketsTest, WithoutEncryptionItWouldAllBeSeen) {
    send_plainly(contract::to_value(contract::PairRequest{secret_}), host_.clock());
    send_plainly(contract::to_value(receipt(id_)), host_.clock());
    contract::HelloReply hello;
    hello.client = std::string(kProgram) + "@till";
    send_plainly(contract::to_value(hello), host_.clock());
    const std::string raw(id_.bytes().begin(), id_.bytes().end());
    send_plainly(contract::Value(base::bytes_of(raw)), host_.clock());
    EXPECT_EQ(found(), (std::vector<std::string>{"text", "answer", "secret", "id", "id's bytes"}));
}

}  // namespace
}  // namespace tillhost::support
