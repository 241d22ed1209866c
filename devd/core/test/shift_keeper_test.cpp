// Claim: devd keeps a shift by its device's policy: it opens one before a receipt that waits, once
// and only when the registrar says that none is open; it closes one at its time when nothing waits
// and nothing is in doubt, once a day, whatever the wall clock does and however often devd is
// started; it neither loops on a registrar that refuses nor leaves its results unacknowledged.
// Shown: a core with a registrar under a policy, a fake clock, and starts from the store's image.
#include "devd/core/shift_keeper.h"
#include "devd/core/test/rig.h"

namespace tillhost::devd::core {
namespace {

using contract::HealthCause;
using contract::OperationState;
using contract::RequestKind;
using std::chrono::hours;
using std::chrono::minutes;

constexpr std::int64_t kHourMs = 3'600'000;
constexpr std::int64_t kMidnight = 1'780'012'800'000;  // 2026-05-29T00:00:00Z

ShiftPolicy opening() {
    ShiftPolicy policy;
    policy.open_when_needed = true;
    return policy;
}
/// At 22:00.
ShiftPolicy closing() {
    ShiftPolicy policy;
    policy.close_at_minute = 22 * 60;
    return policy;
}

contract::FiscalStatus status(bool open, std::int64_t number = 5) {
    contract::FiscalStatus status;
    status.identity = Rig::identity();
    status.shift_open = open;
    status.shift_number = number;
    status.paper_present = true;
    return status;
}

class ShiftTest : public testing::Test {
protected:
    /// The clock shows `hour` o'clock of the first day.
    void begin(const ShiftPolicy& policy, bool open, int hour = 12, CoreOptions options = {}) {
        policy_ = policy;
        options_ = std::move(options);
        make({}, kMidnight + hour * kHourMs);
        answer_open(open);
    }
    /// devd is started anew over what is durable; its clock goes on.
    void restart(bool open, std::int64_t number = 5) {
        make(rig_->store.image(), rig_->clock.unix_ms());
        answer_open(open, number);
    }
    void make(const BookImage& image, std::int64_t unix_ms) {
        rig_ = std::make_unique<Rig>();
        rig_->clock.set_unix_ms_at_zero(unix_ms);
        BookChange all;
        all.put = image.operations;
        rig_->store.write(all);
        rig_->core = std::make_unique<Core>(
            options_, std::vector<DeviceConfig>{{"fr", "fiscal/toy", {}, policy_}}, image,
            rig_->clock, rig_->store, rig_->hosts, rig_->endpoint, [this] { return ++randoms_; });
        rig_->core->start();
        rig_->session = rig_->hello(rig_->peer);
    }
    void set_wall(int hour) {
        const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
                             rig_->clock.now().time_since_epoch())
                             .count();
        rig_->clock.set_unix_ms_at_zero(kMidnight + hour * kHourMs - now);
    }
    void answer_open(bool open, std::int64_t number = 5) {
        rig_->say(contract::HostHello{1, "fiscal/toy", 7});
        rig_->say(contract::Opened{Rig::identity(), status(open, number), std::nullopt});
    }
    /// Time passes, a minute at a time; the host beats.
    void pass(os::Duration time) {
        for (os::Duration left = time; left > os::Duration::zero(); left -= minutes(1)) {
            for (int second = 0; second < 60; second += 5) {
                rig_->clock.advance(std::chrono::seconds(5));
                rig_->say(contract::Beat{});
            }
            rig_->core->on_timer();
            rig_->answer_idle_question();
        }
    }
    /// What the host was given to do, if that is not answered yet.
    const contract::Execute* at_work() const { return rig_->hosts.last<contract::Execute>(); }
    template <class Command>
    bool is_at_work() const {
        return at_work() != nullptr && std::holds_alternative<Command>(at_work()->command);
    }
    /// The host does what it was given.
    void carry_out(std::int64_t shift_number = 6) {
        const contract::Execute work = *at_work();
        contract::FiscalResult result;
        result.registered = true;
        result.printed = contract::Printed::printed;
        result.fiscal_document_number = ++document_;
        result.shift_number = shift_number;
        rig_->say(contract::Persist{work.operation_id, work.attempt, Rig::marker(document_ - 1)});
        rig_->hosts.sent.clear();
        rig_->finish(work.operation_id, result);
    }
    void refuse(base::ErrorCode code) {
        contract::Finished finished;
        finished.operation_id = at_work()->operation_id;
        finished.attempt = 1;
        finished.error = contract::to_contract(base::make_error(code, ""));
        rig_->hosts.sent.clear();
        rig_->say(finished);
    }
    std::vector<contract::Operation> own() const {
        std::vector<contract::Operation> own;
        const auto peer = rig_->endpoint.connect({});  // no older reply waits for it
        rig_->hello(peer);
        const auto all = Rig::ok<contract::OperationsReply>(rig_->ask(
            peer, RequestKind::operations, contract::to_value(contract::OperationsRequest{})));
        for (const contract::Operation& operation : all.operations) {
            if (operation.client == kOwnClient) {
                own.push_back(operation);
            }
        }
        return own;
    }

    ShiftPolicy policy_;
    CoreOptions options_;
    std::unique_ptr<Rig> rig_;
    std::int64_t document_ = 41;
    std::uint64_t randoms_ = 1'000'000;  // other numbers than the rig's
};

// --- opening

TEST_F(ShiftTest, IsOpenedBeforeAReceiptThatWaits) {
    begin(opening(), false);
    EXPECT_EQ(at_work(), nullptr) << "nobody needs one";
    const auto sale = rig_->new_id();
    rig_->submit(rig_->sale(sale));
    ASSERT_TRUE(is_at_work<contract::OpenShift>());
    carry_out();
    ASSERT_TRUE(is_at_work<contract::Receipt>());
    EXPECT_EQ(at_work()->operation_id, sale);
    carry_out();
    rig_->submit(rig_->sale(rig_->new_id(), 77));
    EXPECT_TRUE(is_at_work<contract::Receipt>()) << "it is open now";
    ASSERT_EQ(own().size(), 1U);
    EXPECT_TRUE(own().front().acknowledged);
}

TEST_F(ShiftTest, IsLeftAloneWhenItIsOpenOrThePolicyIsAnother) {
    begin(opening(), true);
    rig_->submit(rig_->sale(rig_->new_id()));
    EXPECT_TRUE(is_at_work<contract::Receipt>());
    begin(ShiftPolicy{}, false);
    rig_->submit(rig_->sale(rig_->new_id()));
    EXPECT_TRUE(is_at_work<contract::Receipt>());
}

TEST_F(ShiftTest, ThatCannotBeOpenedIsTriedOnceForAReceipt) {
    begin(opening(), false);
    rig_->submit(rig_->sale(rig_->new_id()));
    ASSERT_TRUE(is_at_work<contract::OpenShift>());
    refuse(base::ErrorCode::paper_out);
    EXPECT_TRUE(is_at_work<contract::Receipt>()) << "the registrar refuses it for its own reason";
    EXPECT_EQ(own().size(), 1U);
}

TEST_F(ShiftTest, WhoseOpeningWaitedInTheBookIsNotOpenedTwice) {
    begin(opening(), false);
    rig_->submit(rig_->sale(rig_->new_id()));
    ASSERT_TRUE(is_at_work<contract::OpenShift>());
    const auto id = at_work()->operation_id;
    restart(false);
    ASSERT_TRUE(is_at_work<contract::OpenShift>());
    EXPECT_EQ(at_work()->operation_id, id) << "the same one";
    restart(true);
    EXPECT_TRUE(is_at_work<contract::Receipt>()) << "somebody opened it meanwhile";
    ASSERT_EQ(own().size(), 1U);
    EXPECT_EQ(own().front().state, OperationState::cancelled);
}

TEST_F(ShiftTest, ThatNobodyNeedsAnyMoreIsNotOpened) {
    begin(opening(), false);
    const auto sale = rig_->new_id();
    rig_->submit(rig_->sale(sale));
    rig_->of_operation(RequestKind::cancel, sale);
    restart(false);
    EXPECT_EQ(at_work(), nullptr);
    EXPECT_EQ(own().front().state, OperationState::cancelled);
}

TEST_F(ShiftTest, InDoubtBlocksTheReceiptLikeAnyMoney) {
    begin(opening(), false);
    rig_->submit(rig_->sale(rig_->new_id()));
    const contract::Execute work = *at_work();
    rig_->say(contract::Persist{work.operation_id, 1, Rig::marker()});
    rig_->gone();
    answer_open(false);
    EXPECT_EQ(at_work(), nullptr) << "the driver gave no verdict: its host is ended";
    EXPECT_EQ(own().front().state, OperationState::in_doubt);
}

// --- closing

TEST_F(ShiftTest, IsClosedAtItsTimeAndOnceADay) {
    begin(closing(), true);
    pass(hours(10) - minutes(1));
    EXPECT_EQ(at_work(), nullptr) << "21:59";
    pass(minutes(2));
    ASSERT_TRUE(is_at_work<contract::CloseShift>());
    carry_out(5);
    EXPECT_EQ(own().front().sale_ref, "close 2026-05-29");
    EXPECT_TRUE(own().front().acknowledged);
    // It is opened again in the evening, and stays open over midnight.
    contract::SubmitRequest open = rig_->sale(rig_->new_id());
    open.command = contract::OpenShift{};
    rig_->submit(open);
    carry_out(6);
    pass(hours(23));
    EXPECT_EQ(own().size(), 1U);
    pass(hours(1));
    EXPECT_TRUE(is_at_work<contract::CloseShift>()) << "the next day's";
}

TEST_F(ShiftTest, IsClosedByLocalTime) {
    CoreOptions options;
    options.utc_offset_s = [](std::int64_t) { return std::int64_t{3} * 3600; };
    begin(closing(), true, 12, options);
    pass(hours(7) + minutes(2));
    EXPECT_TRUE(is_at_work<contract::CloseShift>()) << "19:02 UTC is 22:02 in Moscow";
}

TEST_F(ShiftTest, WaitsWithItsClosingForWorkAndDoubt) {
    begin(closing(), true, 21);
    const auto id = rig_->prepared_sale();
    rig_->gone();
    rig_->clock.advance(hours(2));
    EXPECT_TRUE(own().empty()) << "a doubt is open";
    rig_->say(contract::HostHello{1, "fiscal/toy", 7});
    contract::Resolution executed;
    executed.verdict = contract::Verdict::executed;
    executed.identity = Rig::identity();
    executed.result = Rig::result(42);
    rig_->say(contract::Opened{Rig::identity(), status(true), executed});
    EXPECT_EQ(rig_->look(id).state, OperationState::done);
    EXPECT_TRUE(is_at_work<contract::CloseShift>());
}

TEST_F(ShiftTest, IsNotClosedTwiceByAClockThatJumps) {
    begin(closing(), true);
    pass(minutes(2));
    set_wall(36);  // noon of the next day: a time of closing has passed by the wall clock alone
    pass(minutes(2));
    EXPECT_TRUE(own().empty()) << "it has been open for four minutes";
    set_wall(12);  // it was wrong
    pass(hours(10) + minutes(1));
    ASSERT_TRUE(is_at_work<contract::CloseShift>());
    carry_out(5);
    EXPECT_EQ(own().front().sale_ref, "close 2026-05-29");
    contract::SubmitRequest open = rig_->sale(rig_->new_id());
    open.command = contract::OpenShift{};
    rig_->submit(open);
    carry_out(6);
    set_wall(21);
    pass(hours(2));
    EXPECT_EQ(own().size(), 1U) << "22:00 comes again, and that day is closed";
    restart(true, 6);
    pass(minutes(2));
    EXPECT_EQ(own().size(), 1U) << "the book says so";
    pass(hours(23));
    EXPECT_TRUE(is_at_work<contract::CloseShift>()) << "the next one is the next day's";
}

TEST_F(ShiftTest, OpenedByAClockThatWasBehindIsNotClosedWhenItIsSet) {
    begin(closing(), false, 9 - 24);
    contract::SubmitRequest open = rig_->sale(rig_->new_id());
    open.command = contract::OpenShift{};
    rig_->submit(open);
    carry_out(6);
    pass(minutes(10));
    set_wall(9);
    pass(minutes(10));
    EXPECT_TRUE(own().empty()) << "yesterday's 22:00 was not today's";
    pass(hours(13));
    EXPECT_TRUE(is_at_work<contract::CloseShift>());
}

TEST_F(ShiftTest, IsNeitherForgottenNorRepeatedByARestart) {
    begin(closing(), false, 9);
    contract::SubmitRequest open = rig_->sale(rig_->new_id());
    open.command = contract::OpenShift{};
    rig_->submit(open);
    carry_out(6);
    set_wall(23);  // devd does not run at 22:00
    restart(true, 6);
    ASSERT_TRUE(is_at_work<contract::CloseShift>()) << "the book knows that it was opened before";
    const auto id = at_work()->operation_id;
    restart(true, 6);
    ASSERT_TRUE(is_at_work<contract::CloseShift>());
    EXPECT_EQ(at_work()->operation_id, id) << "the same one";
    carry_out(6);
    restart(false, 6);
    EXPECT_EQ(at_work(), nullptr);
    EXPECT_EQ(own().size(), 1U);
}

TEST_F(ShiftTest, OpenedByAnotherHandIsNotClosedForATimeThatPassedBefore) {
    begin(closing(), true, 9);
    set_wall(23);
    restart(true, 9);
    EXPECT_EQ(at_work(), nullptr) << "nobody knows whether it was opened before 22:00";
    pass(hours(23));
    EXPECT_TRUE(is_at_work<contract::CloseShift>()) << "the next time passed before devd's eyes";
}

TEST_F(ShiftTest, ThatCannotBeClosedIsTriedAFewTimesAndReported) {
    begin(closing(), true, 21);
    pass(minutes(61));
    int tries = 0;
    for (int look = 0; look < 20; ++look) {
        if (is_at_work<contract::CloseShift>()) {
            ++tries;
            refuse(base::ErrorCode::paper_out);
        }
        pass(minutes(6));
    }
    EXPECT_EQ(tries, kCloseTriesMax);
    const Figures figures = rig_->core->figures();
    EXPECT_EQ(health_of(figures).reasons.front().cause, HealthCause::shift_not_closed);
}

// --- reminding

TEST_F(ShiftTest, OpenTooLongIsAReasonInHealth) {
    ShiftPolicy policy;
    policy.remind_after = hours(20);
    begin(policy, true);
    EXPECT_TRUE(health_of(rig_->core->figures()).reasons.empty());
    pass(hours(20));
    ASSERT_FALSE(health_of(rig_->core->figures()).reasons.empty());
    EXPECT_EQ(health_of(rig_->core->figures()).reasons.front().cause, HealthCause::shift_long_open);
    EXPECT_TRUE(own().empty());
}

TEST(OwnClient, IsNoProgramsName) {
    Rig rig;
    contract::HelloRequest request;
    request.client = std::string(kOwnClient);
    request.versions = {1};
    EXPECT_EQ(Rig::error(rig.ask(rig.endpoint.connect({}), RequestKind::hello,
                                 contract::to_value(request)))
                  .code,
              "bad_field");
}

}  // namespace
}  // namespace tillhost::devd::core
