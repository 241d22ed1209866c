// Claim: a book restored from an older copy doubles nothing: an id that it does not know and that
// may have been executed is refused and never called "never accepted", what was not settled in the
// copy is begun again by nobody, and a person's word settles both. Retention forgets what was
// acknowledged, and only that, and what it forgot is refused. Health says all of it.
// Shown: a core over images as a restore leaves them and over its own store, on a fake clock.
#include "devd/core/test/rig.h"

namespace tillhost::devd::core {
namespace {

using contract::HealthCause;
using contract::OperationState;
using contract::RequestKind;

constexpr os::Duration kDay = std::chrono::hours(24);

BookImage restored(std::uint64_t fence_ms) {
    BookImage image;
    image.book_epoch = 77;
    image.restore_fence_ms = fence_ms;
    return image;
}

std::uint64_t now_ms(const Rig& rig) { return static_cast<std::uint64_t>(rig.clock.unix_ms()); }

contract::HealthReply health(Rig& rig) {
    return Rig::ok<contract::HealthReply>(
        rig.ask(rig.peer, RequestKind::health, contract::to_value(contract::Empty{})));
}

std::optional<contract::Reply> decide(Rig& rig, const base::OperationId& id,
                                      contract::Verdict verdict, std::int64_t version = 0,
                                      std::int64_t document = 0) {
    contract::DecideRequest request;
    request.session = rig.session;
    request.operation_id = id;
    request.version = version;
    request.verdict = verdict;
    request.fiscal_document_number = document;
    request.note = "the owner, from the paper";
    return rig.ask(rig.peer, RequestKind::decide, contract::to_value(request));
}

/// A clock that shows the time of the fence a minute later.
struct Restored {
    Restored() : rig(restored(fence())) {}
    static std::uint64_t fence() {
        return static_cast<std::uint64_t>(os::FakeClock().unix_ms()) + 60'000;
    }
    Rig rig;
};

TEST(RestoredBook, RefusesAnUnknownIdOfTheLostTimeAndSaysThatItMayHaveHappened) {
    Restored shop;
    const auto id = shop.rig.new_id();
    const auto refused = Rig::error(shop.rig.submit(shop.rig.sale(id)));
    EXPECT_EQ(refused.code, "book_restored");
    EXPECT_EQ(refused.effect, base::Effect::unknown);
    EXPECT_EQ(refused.reaction, base::Reaction::ask_operator);
    const auto settled = Rig::error(shop.rig.of_operation(RequestKind::settle, id));
    EXPECT_EQ(settled.code, "book_restored") << "a tombstone would be a lie";
    EXPECT_TRUE(shop.rig.hosts.sent.empty() || shop.rig.hosts.last<contract::Execute>() == nullptr);
}

TEST(RestoredBook, TakesNewOperationsOnceTheFenceIsPassed) {
    Restored shop;
    shop.rig.clock.advance(std::chrono::seconds(61));
    EXPECT_EQ(Rig::ok<contract::Operation>(shop.rig.submit(shop.rig.sale(shop.rig.new_id()))).state,
              OperationState::accepted);
}

TEST(RestoredBook, NamesItsEpochInHello) {
    Restored shop;
    contract::HelloRequest hello;
    hello.client = "second";
    hello.versions = {1};
    const auto peer = shop.rig.endpoint.connect({});
    EXPECT_EQ(Rig::ok<contract::HelloReply>(
                  shop.rig.ask(peer, RequestKind::hello, contract::to_value(hello)))
                  .book_epoch,
              77);
}

TEST(RestoredBook, APersonSettlesWhatItDoesNotKnow) {
    Restored shop;
    Rig& rig = shop.rig;
    const auto sold = rig.new_id();
    const auto lost = rig.new_id();
    EXPECT_EQ(Rig::error(decide(rig, sold, contract::Verdict::executed, 3, 42)).code, "bad_field");
    EXPECT_EQ(Rig::error(decide(rig, sold, contract::Verdict::cannot_tell)).code, "bad_field");
    const auto done =
        Rig::ok<contract::Operation>(decide(rig, sold, contract::Verdict::executed, 0, 42));
    EXPECT_EQ(done.state, OperationState::done);
    const auto never =
        Rig::ok<contract::Operation>(decide(rig, lost, contract::Verdict::not_executed));
    EXPECT_EQ(never.state, OperationState::never_accepted);
    const auto repeated = Rig::ok<contract::Operation>(rig.submit(rig.sale(sold)));
    EXPECT_EQ(repeated.state, OperationState::done) << "the client learns it by its repeat";
    EXPECT_TRUE(repeated.repeat);
    EXPECT_EQ(std::get<contract::FiscalResult>(*repeated.result).fiscal_document_number, 42);
    EXPECT_EQ(Rig::error(rig.submit(rig.sale(lost))).code, "wrong_state");
}

TEST(RestoredBook, BeginsNothingOfWhatWasNotSettledInTheCopy) {
    Rig first;
    const auto waiting = first.new_id();
    first.submit(first.sale(waiting));
    BookImage image = first.store.image();
    for (OperationRow& row : image.operations) {
        row.state = OperationState::in_doubt;
        row.error = contract::to_contract(
            base::make_error(base::ErrorCode::book_restored, "", base::Effect::unknown));
    }
    Rig rig(std::move(image));
    rig.randoms = 1000;  // other ids than the first one's
    rig.say(contract::HostHello{1, "fiscal/toy", 7});
    const auto* open = rig.hosts.last<contract::Open>();
    ASSERT_NE(open, nullptr);
    EXPECT_FALSE(open->pending) << "no answer of the device can settle it";
    rig.say(contract::Opened{Rig::identity(), contract::FiscalStatus{}, std::nullopt});
    EXPECT_EQ(rig.look(waiting).state, OperationState::in_doubt);
    EXPECT_EQ(Rig::ok<contract::Operation>(rig.of_operation(RequestKind::resolve, waiting)).state,
              OperationState::in_doubt)
        << "answered at once";
    rig.submit(rig.sale(rig.new_id(), 777));
    EXPECT_EQ(rig.hosts.last<contract::Execute>(), nullptr) << "the money queue waits";
    EXPECT_EQ(health(rig).reasons.front().cause, HealthCause::doubt_waits_for_person);
    const std::int64_t version = rig.look(waiting).version;
    EXPECT_EQ(Rig::error(decide(rig, waiting, contract::Verdict::executed, version)).code,
              "wrong_verdict")
        << "a receipt has a number";
    EXPECT_EQ(
        Rig::ok<contract::Operation>(decide(rig, waiting, contract::Verdict::not_executed, version))
            .state,
        OperationState::failed);
    EXPECT_NE(rig.hosts.last<contract::Execute>(), nullptr) << "and goes on";
}

TEST(OperationId, OfAClockFarAheadIsRefused) {
    Rig rig;
    const auto ahead = [&rig](os::Duration by) {
        const auto by_ms = std::chrono::duration_cast<std::chrono::milliseconds>(by).count();
        return base::OperationId::make(now_ms(rig) + static_cast<std::uint64_t>(by_ms), {1, 2});
    };
    EXPECT_EQ(Rig::error(rig.submit(rig.sale(ahead(kIdLeadMax + std::chrono::seconds(1))))).code,
              "id_from_future");
    EXPECT_EQ(Rig::ok<contract::Operation>(rig.submit(rig.sale(ahead(kIdLeadMax)))).state,
              OperationState::accepted);
}

// --- retention

TEST(Retention, ForgetsAnAcknowledgedResultAfterItsTimeAndRefusesItsId) {
    CoreOptions options;
    options.retention = 2 * kDay;
    Rig rig({}, options);
    rig.open_device();
    const auto kept = rig.prepared_sale(100);
    rig.finish(kept, Rig::result(42));
    const auto gone = rig.prepared_sale(200);
    rig.finish(gone, Rig::result(43));
    rig.of_operation(RequestKind::acknowledge, gone);
    EXPECT_EQ(health(rig).unacknowledged, 1);
    for (int hour = 0; hour < 47; ++hour) {
        rig.wait(std::chrono::hours(1));
    }
    EXPECT_EQ(rig.look(gone).state, OperationState::done) << "before its time";
    for (int hour = 0; hour < 3; ++hour) {
        rig.wait(std::chrono::hours(1));
    }
    EXPECT_EQ(Rig::error(rig.of_operation(RequestKind::operation, gone)).code, "unknown_operation");
    EXPECT_EQ(Rig::error(rig.submit(rig.sale(gone, 200))).code, "id_too_old");
    EXPECT_EQ(rig.look(kept).state, OperationState::done) << "nobody has acknowledged it";
    const Figures figures = rig.core->figures();
    EXPECT_EQ(figures.operations, 1U);
    EXPECT_EQ(figures.unacknowledged, 1U);
    EXPECT_EQ(figures.watermark_ms, gone.unix_ms() + 1);
}

// --- figures and health

TEST(Health, NamesWhatIsInTheWay) {
    Rig rig;
    EXPECT_EQ(health(rig).state, contract::HealthState::ready) << "a start is no trouble";
    rig.open_device();
    rig.prepared_sale();
    rig.gone();
    auto sick = health(rig);
    EXPECT_EQ(sick.state, contract::HealthState::degraded);
    EXPECT_EQ(sick.reasons.front().cause, HealthCause::doubt);
    EXPECT_EQ(sick.reasons.front().device, "fr");
    rig.store.room = false;
    EXPECT_EQ(health(rig).reasons.front().cause, HealthCause::no_room);
    rig.core->stop();
    EXPECT_EQ(health(rig).state, contract::HealthState::stopping);
}

TEST(Figures, CountOperationsByStateAndStartsOfHosts) {
    Rig rig;
    rig.open_device();
    const auto sold = rig.prepared_sale();
    rig.finish(sold, Rig::result());
    rig.submit(rig.sale(rig.new_id(), 5));
    const Figures figures = rig.core->figures();
    const auto& counts = figures.counts.at("fr");
    const auto of = [](const auto& by_state, OperationState state) {
        return by_state[static_cast<std::size_t>(state)];
    };
    EXPECT_EQ(of(counts.held, OperationState::done), 1U);
    EXPECT_EQ(of(counts.held, OperationState::accepted), 1U);
    EXPECT_EQ(of(counts.held, OperationState::prepared), 0U);
    EXPECT_EQ(of(counts.entered, OperationState::prepared), 1U);
    EXPECT_EQ(of(counts.entered, OperationState::accepted), 2U);
    ASSERT_EQ(figures.devices.size(), 1U);
    EXPECT_EQ(figures.devices.front().host_starts, 1U);
}

TEST(Backup, IsForRootAndDevdsOwnUser) {
    CoreOptions options;
    options.own_uid = 1000;
    Rig rig({}, options);
    const auto ask = [&rig](std::int64_t uid) {
        const auto peer = rig.endpoint.connect({.uid = uid, .pid = 1});
        contract::BackupRequest request;
        request.session = rig.hello(peer);
        request.path = "/tmp/copy";
        return Rig::error(rig.ask(peer, RequestKind::backup, contract::to_value(request))).code;
    };
    EXPECT_EQ(ask(1001), "not_permitted");
    EXPECT_EQ(ask(-1), "not_permitted") << "not known who";
    EXPECT_EQ(ask(1000), "not_supported") << "let through; this rig has no book to copy";
    EXPECT_EQ(ask(0), "not_supported");
}

class Listener final : public OperatorPort {
public:
    std::string metrics_text() override { return "up 1\n"; }
    base::Done back_up(const std::string&, Copied) override { return {}; }
    void on_operation(const OperationNote& note) override { notes.push_back(note); }
    base::Done read_audit(std::uint64_t, std::size_t, Read) override { return {}; }
    std::vector<OperationNote> notes;
};

TEST(OperationNotes, ComeOnceForEachChangeAndOnlyWhenItIsDurable) {
    Listener listener;
    Rig rig;
    rig.core->set_operator(listener);
    rig.open_device();
    rig.store.held = true;
    const auto id = rig.prepared_sale();
    EXPECT_TRUE(listener.notes.empty());
    rig.sync();
    rig.finish(id, Rig::result());
    rig.sync();
    rig.of_operation(RequestKind::acknowledge, id);
    rig.sync();
    std::vector<OperationState> states;
    for (const OperationNote& note : listener.notes) {
        EXPECT_EQ(note.id, id);
        EXPECT_EQ(note.device, "fr");
        states.push_back(note.state);
    }
    EXPECT_EQ(states, (std::vector{OperationState::accepted, OperationState::prepared,
                                   OperationState::done}));
    const auto peer = rig.endpoint.connect({});
    rig.hello(peer);
    EXPECT_EQ(Rig::ok<contract::MetricsReply>(
                  rig.ask(peer, RequestKind::metrics, contract::to_value(contract::Empty{})))
                  .text,
              "up 1\n");
}

}  // namespace
}  // namespace tillhost::devd::core
