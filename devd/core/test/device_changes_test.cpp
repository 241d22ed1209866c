// Claim: devices come, change and go while devd runs, and no operation is lost, doubled or handed
// to the wrong driver by it; two hosts of a device never live at once. Shown step by step, and by
// seeded walks of sales, crashes, slow disks and changes in any order.
#include <random>
#include <set>

#include "devd/core/device_lane.h"
#include "devd/core/test/rig.h"

namespace tillhost::devd::core {
namespace {

using contract::OperationState;
using contract::RequestKind;

DeviceConfig fr(std::vector<contract::Setting> settings = {}, std::string driver = "fiscal/toy") {
    return {"fr", std::move(driver), std::move(settings)};
}

TEST(DeviceChanges, GiveTheNextHostTheNewSettings) {
    Rig rig;
    rig.open_device();
    ASSERT_TRUE(rig.core->configure_device(fr({{"port", "pty:/b"}})));
    EXPECT_EQ(rig.hosts.kills, 1);
    ASSERT_EQ(rig.hosts.epochs.size(), 1U) << "no second host before the first is gone";
    rig.gone();
    ASSERT_EQ(rig.hosts.epochs.size(), 2U);
    rig.say(contract::HostHello{1, "fiscal/toy", 8});
    ASSERT_NE(rig.hosts.last<contract::Open>(), nullptr);
    EXPECT_EQ(rig.hosts.last<contract::Open>()->settings.at(0).value, "pty:/b");
}

TEST(DeviceChanges, GiveWorkTheTimeThatTheDriverNamesAndKillTheHostPastIt) {
    using std::chrono::seconds;
    Rig rig;
    DeviceConfig slow = fr({{"port", "pty:/b"}});
    slow.budgets = {seconds(400), seconds(500), seconds(600), seconds(700)};
    ASSERT_TRUE(rig.core->configure_device(slow));
    rig.gone();
    rig.say(contract::HostHello{1, "fiscal/toy", 8});
    ASSERT_NE(rig.hosts.last<contract::Open>(), nullptr);
    EXPECT_EQ(rig.hosts.last<contract::Open>()->budget_ms, 400'000);
    const int kills = rig.hosts.kills;
    rig.wait(seconds(400));
    EXPECT_EQ(rig.hosts.kills, kills);
    rig.wait(kKillGrace + seconds(1));
    EXPECT_EQ(rig.hosts.kills, kills + 1);
    rig.gone("killed");
    rig.say(contract::HostHello{1, "fiscal/toy", 9});
    rig.say(contract::Opened{Rig::identity(), contract::FiscalStatus{}, {}});
    rig.submit(rig.sale(rig.new_id()));
    ASSERT_NE(rig.hosts.last<contract::Execute>(), nullptr);
    EXPECT_EQ(rig.hosts.last<contract::Execute>()->budget_ms, 500'000);
}

TEST(DeviceChanges, ChangeTheNameWithoutTouchingTheHost) {
    Rig rig;
    rig.open_device();
    DeviceConfig named = fr();
    named.name = "Till 1";
    ASSERT_TRUE(rig.core->configure_device(named));
    EXPECT_EQ(rig.hosts.kills, 0);
    EXPECT_EQ(rig.device().name, "Till 1");
}

TEST(DeviceChanges, LeaveDriverAndIdentityAloneWhileAnOperationIsOpen) {
    Rig rig;
    const base::OperationId waiting = rig.new_id();
    rig.submit(rig.sale(waiting));
    for (const DeviceConfig& other : {fr({}, "fiscal/shtrih"), fr({{"serial", "S2"}})}) {
        const auto refused = rig.core->configure_device(other);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, base::ErrorCode::wrong_state);
    }
    const auto kept = rig.core->remove_device("fr");
    ASSERT_FALSE(kept);
    EXPECT_EQ(kept.error().code, base::ErrorCode::wrong_state);
    EXPECT_EQ(rig.hosts.kills, 0);
}

TEST(DeviceChanges, WaitWhileAnOperationIsCarriedOut) {
    Rig rig;
    rig.open_device();
    rig.prepared_sale();
    const auto refused = rig.core->configure_device(fr({{"port", "pty:/b"}}));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, base::ErrorCode::retry_later);
    EXPECT_EQ(rig.hosts.kills, 0);
}

TEST(DeviceChanges, LetADoubtMoveToAnotherPortAfterTheOldLineIsQuiet) {
    Rig rig;
    rig.open_device();
    const base::OperationId id = rig.prepared_sale();
    rig.gone();  // in doubt; the next host starts at once
    rig.say(contract::HostHello{1, "fiscal/toy", 8});
    ASSERT_TRUE(rig.core->configure_device(fr({{"port", "pty:/b"}})));
    rig.gone("killed");
    const std::size_t hosts = rig.hosts.epochs.size();
    rig.wait(kOldLineQuiet - std::chrono::seconds(1));
    EXPECT_EQ(rig.hosts.epochs.size(), hosts);
    rig.wait(std::chrono::seconds(2));
    ASSERT_EQ(rig.hosts.epochs.size(), hosts + 1);
    rig.say(contract::HostHello{1, "fiscal/toy", 9});
    const auto* open = rig.hosts.last<contract::Open>();
    ASSERT_NE(open, nullptr);
    ASSERT_TRUE(open->pending);
    EXPECT_EQ(open->pending->operation_id, id);
    EXPECT_EQ(open->pending->idle_ms, 0) << "nothing is known of this line";
}

TEST(DeviceChanges, RemoveADeviceAndForgetItsLaneWhenTheHostIsGone) {
    Rig rig;
    rig.open_device();
    ASSERT_TRUE(rig.core->remove_device("fr"));
    EXPECT_EQ(rig.hosts.kills, 1);
    EXPECT_EQ(rig.error(rig.submit(rig.sale(rig.new_id()))).code, "unknown_device");
    const auto again = rig.core->add_device(fr());
    ASSERT_FALSE(again) << "its host still lives";
    EXPECT_EQ(again.error().code, base::ErrorCode::retry_later);
    rig.gone();
    ASSERT_TRUE(rig.core->add_device(fr()));
    EXPECT_EQ(rig.hosts.epochs.size(), 2U);
    EXPECT_LT(rig.hosts.epochs[0], rig.hosts.epochs[1]) << "an epoch never repeats";
}

TEST(DeviceChanges, KeepTheLaneUntilTheDiskHasWhatItWaitsFor) {
    Rig rig;
    rig.open_device();
    rig.store.held = true;
    rig.gone();  // the next host's epoch is not on disk yet: its open waits
    rig.say(contract::HostHello{1, "fiscal/toy", 8});
    ASSERT_TRUE(rig.core->remove_device("fr"));
    rig.gone("killed");
    rig.sync();  // what waited names a lane that is still there
    rig.store.held = false;
    EXPECT_TRUE(rig.core->add_device(fr()));
}

TEST(DeviceChanges, AddADeviceThatTakesOperationsAtOnce) {
    Rig rig;
    ASSERT_TRUE(rig.core->add_device({"till2", "fiscal/toy", {}}));
    const auto taken = rig.core->add_device({"till2", "fiscal/toy", {}});
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().code, base::ErrorCode::conflict);
    contract::SubmitRequest sale = rig.sale(rig.new_id());
    sale.device = "till2";
    EXPECT_EQ(rig.ok<contract::Operation>(rig.submit(sale)).state, OperationState::accepted);
}

TEST(DeviceChanges, RefuseMoneyUntilTheSetUpIsComplete) {
    Rig rig;
    DeviceConfig incomplete = fr();
    incomplete.setup_missing = {contract::SetupStep::connection};
    ASSERT_TRUE(rig.core->configure_device(incomplete));
    const base::OperationId id = rig.new_id();
    EXPECT_EQ(rig.error(rig.submit(rig.sale(id))).code, "setup_incomplete");
    ASSERT_TRUE(rig.core->configure_device(fr()));
    EXPECT_EQ(rig.ok<contract::Operation>(rig.submit(rig.sale(id))).state, OperationState::accepted)
        << "a refusal does not use up the id";
}

TEST(DeviceChanges, RefuseWhatTheCatalogueRefusesAndLeaveNothingInTheBook) {
    CoreOptions options;
    options.check_command = [](const std::string& driver, const contract::Command&) -> base::Done {
        return base::make_error(base::ErrorCode::text_not_printable, "command: " + driver);
    };
    Rig rig({}, options);
    const base::OperationId id = rig.new_id();
    EXPECT_EQ(rig.error(rig.submit(rig.sale(id))).text, "command: fiscal/toy");
    EXPECT_EQ(rig.error(rig.of_operation(RequestKind::operation, id)).code, "unknown_operation");
}

/// A registrar that remembers what it sold, a host that obeys or dies, a person who reconfigures.
class Walk {
public:
    explicit Walk(unsigned seed) : chance_(seed) {}

    void run() {
        for (int step = 0; step < 400; ++step) {
            one_step();
            check();
        }
    }

private:
    bool is(int percent) { return static_cast<int>(chance_() % 100) < percent; }

    void one_step() {
        switch (chance_() % 8) {
            case 0: submit(); break;
            case 1: host_acts(); break;
            case 2: host_acts(); break;
            case 3: host_ends(); break;
            case 4: configure(); break;
            case 5: come_or_go(); break;
            case 6: rig_.store.held = is(50); break;
            default: rig_.sync(); rig_.wait(std::chrono::seconds(is(20) ? 60 : 1));
        }
    }
    void submit() {
        const base::OperationId id = rig_.new_id();
        const auto reply = rig_.submit(rig_.sale(id, 100 + static_cast<std::int64_t>(ids_.size())));
        if (!reply || std::holds_alternative<contract::Value>(reply->outcome)) {
            ids_.insert(id);  // told or not yet: the core has it
        }
    }
    bool host_lives() const { return rig_.hosts.epochs.size() > gone_; }
    /// Answers the next message, as a driver would.
    void host_acts() {
        if (!host_lives() || dying()) {
            return;
        }
        if (greeted_ != rig_.hosts.epochs.size()) {
            greeted_ = rig_.hosts.epochs.size();
            answered_ = 0;
            rig_.say(contract::HostHello{1, driver_, 7});
        } else if (answered_ < rig_.hosts.sent.size()) {
            const contract::ToHost message = rig_.hosts.sent[answered_++];
            std::visit([this](const auto& one) { answer(one); }, message);
        }
    }
    void answer(const contract::Execute& execute) {
        rig_.say(contract::Persist{execute.operation_id, execute.attempt,
                                   Rig::marker(static_cast<std::int64_t>(sold_.size()))});
    }
    void answer(const contract::Go& go) {
        EXPECT_TRUE(sold_.insert(go.operation_id).second) << "sold twice";
        if (is(70)) {
            contract::Finished finished;
            finished.operation_id = go.operation_id;
            finished.attempt = go.attempt;
            finished.result = Rig::result(static_cast<std::int64_t>(sold_.size()));
            rig_.say(finished);
        } else {
            host_ends();
        }
    }
    void answer(const contract::ResolveCommand& resolve) {
        contract::Resolved resolved;
        resolved.operation_id = resolve.pending.operation_id;
        resolved.attempt = resolve.pending.attempt;
        resolved.resolution = verdict(resolve.pending);
        rig_.say(resolved);
    }
    template <class Other>
    void answer(const Other&) {}
    contract::Resolution verdict(const contract::Pending& pending) const {
        contract::Resolution resolution;
        resolution.identity = Rig::identity();
        const bool sold = sold_.contains(pending.operation_id);
        resolution.verdict = sold ? contract::Verdict::executed : contract::Verdict::not_executed;
        if (sold) {
            resolution.result = Rig::result();
        }
        return resolution;
    }
    void answer(const contract::Open& open) {
        std::optional<contract::Resolution> resolution;
        if (open.pending) {
            resolution = verdict(*open.pending);
        }
        EXPECT_EQ(open.settings.empty() ? "" : open.settings[0].value, port_)
            << "the host has the settings that hold";
        rig_.say(contract::Opened{Rig::identity(), contract::FiscalStatus{}, resolution});
    }
    bool dying() const { return rig_.hosts.kills > kills_seen_; }
    void host_ends() {
        if (host_lives()) {
            kills_seen_ = rig_.hosts.kills;
            const base::HostEpoch epoch = rig_.hosts.epochs.back();
            gone_ = rig_.hosts.epochs.size();
            rig_.core->on_host_gone("fr", epoch, "gone");
        }
    }
    void configure() {
        const std::string port = is(50) ? "pty:/a" : "pty:/b";
        const std::string driver = is(20) ? (is(50) ? "fiscal/toy" : "fiscal/shtrih") : driver_;
        const DeviceConfig next{"fr", driver, {{"port", port}}};
        const bool open = has_open();
        if (rig_.core->configure_device(next)) {
            EXPECT_FALSE(open && driver != driver_);
            port_ = port;
            driver_ = driver;
        }
    }
    void come_or_go() {
        const bool open = has_open();
        const bool lives = host_lives();
        if (rig_.core->remove_device("fr")) {
            EXPECT_FALSE(open) << "a device with an open operation was removed";
        } else if (rig_.core->add_device({"fr", driver_, {{"port", port_}}})) {
            EXPECT_FALSE(lives) << "the former host lives";
        }
    }
    OperationState state_of(const base::OperationId& id) {
        rig_.store.sync();
        rig_.core->on_durable();
        while (rig_.next_reply()) {
        }
        return rig_.look(id).state;
    }
    bool has_open() {
        for (const base::OperationId& id : ids_) {
            const OperationState state = state_of(id);
            if (state == OperationState::accepted || state == OperationState::prepared ||
                state == OperationState::in_doubt) {
                return true;
            }
        }
        return false;
    }
    void check() {
        EXPECT_LE(rig_.hosts.epochs.size(), gone_ + 1) << "two hosts of one device";
        for (const base::OperationId& id : ids_) {
            const OperationState state = state_of(id);
            EXPECT_FALSE(state == OperationState::done && !sold_.contains(id));
            EXPECT_FALSE(state == OperationState::failed && sold_.contains(id));
        }
    }

    std::mt19937 chance_;
    Rig rig_;
    std::set<base::OperationId> ids_;
    std::set<base::OperationId> sold_;
    std::size_t gone_ = 0;
    std::size_t greeted_ = 0;
    std::size_t answered_ = 0;
    int kills_seen_ = 0;
    std::string port_;
    std::string driver_ = "fiscal/toy";
};

TEST(DeviceChanges, NeverLoseOrDoubleASaleInAnyOrderOfThings) {
    for (unsigned seed = 1; seed <= 60; ++seed) {
        SCOPED_TRACE(seed);
        Walk(seed).run();
        if (testing::Test::HasFailure()) {
            return;
        }
    }
}

TEST(DeviceChanges, WhatIsRememberedEndsNoHostAndCountsAtTheNextOpening) {
    Rig rig;
    rig.open_device();
    ASSERT_TRUE(rig.core->remember({"fr", "fiscal/toy", {{"serial", "S1"}}}));
    EXPECT_EQ(rig.hosts.kills, 0);
    EXPECT_EQ(rig.device().state, contract::DeviceState::ready);
    contract::LineLost lost;
    lost.error = contract::to_contract(base::make_error(base::ErrorCode::link_lost, "hung up"));
    rig.say(lost);
    const auto* open = rig.hosts.last<contract::Open>();
    ASSERT_NE(open, nullptr);
    ASSERT_EQ(open->settings.size(), 1U);
    EXPECT_EQ(open->settings[0].value, "S1");
    EXPECT_FALSE(rig.core->remember({"none", "fiscal/toy", {}}));
}

}  // namespace
}  // namespace tillhost::devd::core
