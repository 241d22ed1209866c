// Claim: the client and the core of licd understand each other: what one lends the other holds.
// Shown with the real core behind a real socket, its keys and its disk made for the test.
#include <poll.h>

#include <algorithm>

#include "licd/client/test/fixture.h"
#include "licd/core/licence_desk.h"
#include "licd/core/test/desk_rig.h"

namespace tillhost::licd::client::test {
namespace {

using contract::LicenceEnd;
using std::chrono::seconds;

constexpr int kTurnMs = 10;

/// One licence of the test vendor's key, with signatures that hold.
class SignedKeys final : public core::KeyPort {
public:
    explicit SignedKeys(std::int64_t seats) {
        terms_.key = "4410-0093-7721";
        terms_.licence = "till.base";
        terms_.count = seats;
        terms_.grace_ms = 900'000;
    }
    std::vector<const core::Terms*> licences(std::string_view name) const override {
        return name == terms_.licence ? std::vector<const core::Terms*>{&terms_}
                                      : std::vector<const core::Terms*>();
    }
    const core::Terms* find(const std::string& key, const std::string& licence) const override {
        return key == terms_.key && licence == terms_.licence ? &terms_ : nullptr;
    }
    base::Done gives(const core::Terms&, std::string_view) const override { return {}; }
    base::Done renews(const core::Terms&, std::string_view) const override { return {}; }
    bool knows_code(const std::string&, base::ByteView, base::ByteView) const override {
        return false;
    }
    contract::LicenceProof proof(const core::Terms& terms) const override {
        return FakeLicd::proof_of(vendor_, terms.licence);
    }
    contract::SignedLicenceLease sign(const core::LeaseFacts& facts) const override {
        const wire::LeaseText text{.number = static_cast<std::int64_t>(facts.number),
                                   .licence = facts.licence,
                                   .key = facts.key,
                                   .seat = facts.seat,
                                   .generation = static_cast<std::int64_t>(facts.generation),
                                   .instance = facts.instance,
                                   .request = facts.request_id,
                                   .renewal = facts.renewal,
                                   .time_s = facts.time_ms / 1000,
                                   .grace_s = facts.grace_ms / 1000};
        return FakeLicd::signed_lease(text, keys::test::test_key(50)).signed_lease;
    }

private:
    keys::test::Vendor vendor_;
    core::Terms terms_;
};

/// licd's core at a socket, in a thread of its own.
class DeskLicd final : private ipc::RequestHandler {
public:
    DeskLicd(std::string endpoint, const os::Clock& clock, std::int64_t seats)
        : endpoint_name_(std::move(endpoint)), clock_(clock), keys_(seats) {
        start();
    }
    ~DeskLicd() override { stop(); }

    void start() {
        endpoint_ =
            std::move(ipc::ZmqEndpoint::bind(endpoint_name_, contract::Daemon::licd).value());
        core::DeskOptions options;
        options.server = "server";
        const auto key = keys::test::test_key(50).public_key().bytes;  // a copy: the key goes
        options.server_key.assign(key.begin(), key.end());
        options.code_salt = base::Bytes(wire::kCodeSaltBytes);
        options.starts = ++starts_;
        desk_ = std::make_unique<core::LicenceDesk>(
            options, store_, clock_, keys_, processes_, *endpoint_,
            [](std::size_t bytes) { return base::Bytes(bytes); });
        desk_->start(store_.image());
        stopping_ = false;
        thread_ = std::make_unique<os::Thread>("licd core", [this] { run(); });
    }
    void stop() {
        stopping_ = true;
        thread_.reset();
        desk_.reset();
        endpoint_.reset();
    }
    /// What the core says, when nothing is under way.
    template <class Question>
    auto with_desk(Question question) {
        const std::lock_guard lock(mutex_);
        return question(*desk_);
    }
    std::size_t used() {
        return with_desk(
            [](auto& desk) { return desk.book().used("4410-0093-7721", "till.base"); });
    }

private:
    void run() {
        while (!stopping_) {
            pollfd one{.fd = endpoint_->fd(), .events = POLLIN, .revents = 0};
            ::poll(&one, 1, kTurnMs);
            const std::lock_guard lock(mutex_);
            while (endpoint_->receive(*this, 100)) {
            }
            desk_->on_time();
        }
    }
    void on_request(ipc::PeerId peer, const ipc::PeerIdentity& identity,
                    const contract::Request& request) override {
        EXPECT_TRUE(desk_->on_request(peer, identity, request));
        desk_->on_durable();
    }
    void on_peer_gone(ipc::PeerId peer) override { desk_->on_peer_gone(peer); }

    const std::string endpoint_name_;
    const os::Clock& clock_;
    SignedKeys keys_;
    core::FakeLeaseStore store_;
    core::FakeProcesses processes_;
    std::uint64_t starts_ = 0;
    std::unique_ptr<ipc::ZmqEndpoint> endpoint_;
    std::mutex mutex_;
    std::unique_ptr<core::LicenceDesk> desk_;
    std::atomic<bool> stopping_{false};
    std::unique_ptr<os::Thread> thread_;
};

class DeskTest : public ClientTest {
protected:
    DeskTest() : licd_("ipc://" + socket(), clock_, 1), client_(open(options())) {}

    std::unique_ptr<LicenceClient> another() {
        ClientOptions made = options();
        made.instance = "till-4-c7d9";
        return open(std::move(made));
    }
    Standing standing(LeaseId id) { return client_->status(id).standing; }

    DeskLicd licd_;
    std::unique_ptr<LicenceClient> client_;
};

TEST_F(DeskTest, ALeaseIsTakenKeptAndGivenBack) {
    const auto lease = acquire(*client_);
    ASSERT_TRUE(lease.has_value()) << base::to_text(lease.error());
    EXPECT_EQ(licd_.used(), 1U);
    // Longer than one lease time, beat by beat.
    for (int beat = 0; beat < 30; ++beat) {
        clock_.advance(seconds(60));
        client_->used();
        const auto next = client_->beat(soon());
        ASSERT_TRUE(next.has_value()) << base::to_text(next.error());
        ASSERT_EQ(standing(*lease), Standing::held) << beat;
    }
    ASSERT_TRUE(client_->release(*lease, soon()).has_value());
    EXPECT_EQ(licd_.used(), 0U);
}

TEST_F(DeskTest, TheSeatGoesToWhoeverWaits) {
    const auto lease = acquire(*client_).value();
    const auto second = another();
    EXPECT_EQ(outcome(acquire(*second)), "no_seat");
    Wanted wanted{.licence = "till.base", .wait = seconds(15)};
    wanted.watch = [&](const Place& place) {
        EXPECT_EQ(place.place, 1);
        EXPECT_TRUE(client_->release(lease, soon()).has_value());
        return true;
    };
    const auto taken = acquire(*second, wanted);
    EXPECT_EQ(outcome(taken), "ok");
    EXPECT_EQ(licd_.used(), 1U);
}

TEST_F(DeskTest, ALineThatIsLeftHoldsNobodyUp) {
    ASSERT_EQ(outcome(acquire(*client_)), "ok");
    const auto second = another();
    EXPECT_EQ(outcome(acquire(*second, {.licence = "till.base", .wait = seconds(1)})), "no_seat");
    EXPECT_TRUE(licd_.with_desk([](auto& desk) { return desk.lines().licences().empty(); }));
}

TEST_F(DeskTest, ARestartOfTheServerEndsNothing) {
    const auto lease = acquire(*client_).value();
    licd_.stop();
    clock_.advance(seconds(100));
    licd_.start();
    EXPECT_EQ(licd_.used(), 1U);
    for (int beat = 0; beat < 15; ++beat) {
        clock_.advance(seconds(60));
        client_->used();
        const auto next = client_->beat(soon());
        ASSERT_TRUE(next.has_value()) << base::to_text(next.error());
        ASSERT_EQ(standing(lease), Standing::held) << beat;
    }
}

TEST_F(DeskTest, ALeaseThatWasTakenAwayFreesItsSeatWhenThatIsKnown) {
    const auto lease = acquire(*client_).value();
    licd_.with_desk([this](auto& desk) {
        const auto number = static_cast<std::uint64_t>(client_->all_status().front().second.number);
        contract::Request request;
        request.kind = contract::RequestKind::free_licences;
        request.body = contract::to_value(
            contract::FreeLicencesRequest{.number = static_cast<std::int64_t>(number)});
        return desk.on_request(ipc::PeerId{1'000'000}, {.uid = 0, .pid = 1}, request);
    });
    EXPECT_EQ(licd_.used(), 1U);
    EXPECT_EQ(outcome(client_->beat(soon())), "ok");
    EXPECT_EQ(standing(lease), Standing::gone);
    EXPECT_EQ(client_->status(lease).why, LicenceEnd::revoked);
    EXPECT_EQ(licd_.used(), 0U);
}

}  // namespace
}  // namespace tillhost::licd::client::test
