// Claim: peers of the loopback are served as those of a socket are, in order, and lose what they
// do not read. Shown with a handler that answers at once, and with one that is spoken to badly.
#include "ipc/loopback_endpoint.h"

#include <gtest/gtest.h>

#include <vector>

namespace tillhost::ipc {
namespace {

/// Answers each request with its body, and remembers who went.
class Echo final : public RequestHandler {
public:
    explicit Echo(ReplySink& replies) : replies_(replies) {}
    void on_request(PeerId peer, const PeerIdentity& identity,
                    const contract::Request& request) override {
        uids.push_back(identity.uid);
        replies_.send(peer, {request.id, request.body});
    }
    void on_peer_gone(PeerId peer) override { gone.push_back(peer); }

    std::vector<std::int64_t> uids;
    std::vector<PeerId> gone;

private:
    ReplySink& replies_;
};

contract::Request request(std::int64_t id) {
    return {contract::RequestKind::status, id, 0,
            contract::to_value(contract::DeviceRequest{"till"})};
}

TEST(LoopbackEndpoint, AnswersEachPeerInOrder) {
    LoopbackEndpoint endpoint;
    Echo echo(endpoint);
    const PeerId first = endpoint.connect({.uid = 1000});
    const PeerId second = endpoint.connect({.uid = 1001});
    endpoint.request(first, request(1), echo);
    endpoint.request(second, request(7), echo);
    endpoint.request(first, request(2), echo);
    EXPECT_EQ(endpoint.next_reply(first)->id, 1);
    EXPECT_EQ(endpoint.next_reply(first)->id, 2);
    EXPECT_FALSE(endpoint.next_reply(first).has_value());
    EXPECT_EQ(std::get<contract::Value>(endpoint.next_reply(second)->outcome), request(7).body);
    EXPECT_EQ(echo.uids, (std::vector<std::int64_t>{1000, 1001, 1000}));
}

TEST(LoopbackEndpoint, ATypedErrorComesBackForWhatIsNoRequest) {
    LoopbackEndpoint endpoint;
    Echo echo(endpoint);
    const PeerId peer = endpoint.connect({});
    endpoint.request_bytes(peer, base::Bytes{base::byte(0xC1)}, echo);
    const auto reply = endpoint.next_reply(peer);
    ASSERT_TRUE(reply.has_value());
    EXPECT_EQ(std::get<contract::Error>(reply->outcome).code, "malformed");
    EXPECT_TRUE(echo.uids.empty());
}

TEST(LoopbackEndpoint, APeerThatWentLosesItsRepliesAndIsReported) {
    LoopbackEndpoint endpoint;
    Echo echo(endpoint);
    const PeerId peer = endpoint.connect({});
    endpoint.request(peer, request(1), echo);
    endpoint.disconnect(peer, echo);
    EXPECT_EQ(echo.gone, std::vector<PeerId>{peer});
    EXPECT_FALSE(endpoint.next_reply(peer).has_value());
    endpoint.send(peer, {1, contract::Value()});
    EXPECT_EQ(endpoint.replies_lost(), 1U);
}

TEST(LoopbackEndpoint, KeepsOnlySoManyRepliesForAPeerThatDoesNotRead) {
    LoopbackEndpoint endpoint;
    const PeerId peer = endpoint.connect({});
    for (std::size_t i = 0; i < kLoopbackRepliesMax + 3; ++i) {
        endpoint.send(peer, {1, contract::Value()});
    }
    EXPECT_EQ(endpoint.replies_lost(), 3U);
}

}  // namespace
}  // namespace tillhost::ipc
