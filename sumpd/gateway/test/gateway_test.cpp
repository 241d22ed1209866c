// Claim: commands of apps at the shop's devices: each is carried out at most once and told truly,
// whatever gets lost and whoever is killed. devd is played; the book is a real database in a
// folder.
#include "sumpd/gateway/gateway.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <random>

#include "hal/os/fake/fake_clock.h"
#include "hal/os/fake/kept_log.h"
#include "sumpd/gateway/device_command.h"
#include "sumpd/gateway/test/played_devd.h"

namespace tillhost::sumpd::gateway {
namespace {

using exchange::DeviceCommandState;
using exchange::FaultCode;

constexpr auto kCashIn = R"({"amount_minor": 100, "currency": "RUB"})";

class GatewayTest : public testing::Test {
protected:
    GatewayTest() {
        folder_ = testing::TempDir() + "/gateway";
        std::filesystem::remove_all(folder_);
        std::filesystem::create_directory(folder_);
        open();
    }

    void open() {
        transactions_.reset();
        transactions_ = MUST(store::Transactions::open(folder_, clock_, logger_));
        book_.emplace(*transactions_);
        audit_.emplace(*transactions_, clock_);
    }

    std::string new_id() {
        return base::OperationId::make(static_cast<std::uint64_t>(clock_.unix_ms()) + ++made_,
                                       {chance_(), chance_()})
            .to_text();
    }

    CommandRow row(const std::string& id, std::int64_t time_ms) {
        return {.id = id,
                .app_device = "phone",
                .device_ref = "kassa",
                .op = "cash_in",
                .payload = kCashIn,
                .sha256 = id,
                .start_before_ms = clock_.unix_ms() + time_ms};
    }

    /// Taken from an app, each with some seconds to begin.
    std::vector<std::string> four_commands() {
        std::vector<std::string> ids;
        for (int i = 0; i < 4; ++i) {
            ids.push_back(new_id());
            EXPECT_TRUE(book_->add(row(ids.back(), 2000 + chance_() % 20000), false).has_value());
        }
        return ids;
    }

    Carrier::Parts parts(DevicePort& port) {
        return {
            .book = *book_, .port = port, .clock = clock_, .logger = logger_, .audit = &*audit_};
    }

    /// A life of the gateway, up to a kill.
    void live(PlayedDevd& devd, int turns) {
        Carrier carrier(parts(devd));
        for (CommandRow& each : unfinished()) {
            carrier.add(std::move(each));
        }
        for (CommandRow& each : decided()) {
            carrier.decided(std::move(each));
        }
        try {
            for (int i = 0; i < turns && !carrier.is_idle(); ++i) {
                carrier.turn();
                clock_.advance(kLookEvery * static_cast<int>(1 + chance_() % 30));
            }
        } catch (const Killed&) {
            return;
        }
    }

    std::vector<CommandRow> unfinished() {
        auto rows = book_->unfinished();
        EXPECT_TRUE(rows.has_value());
        return rows ? std::move(*rows) : std::vector<CommandRow>{};
    }
    std::vector<CommandRow> decided() {
        auto rows = book_->decided();
        EXPECT_TRUE(rows.has_value());
        return rows ? std::move(*rows) : std::vector<CommandRow>{};
    }

    std::mt19937_64 chance_{1};
    std::uint64_t made_ = 0;
    os::FakeClock clock_;
    os::KeptLog log_;
    os::Logger logger_{log_};
    std::string folder_;
    std::unique_ptr<store::Transactions> transactions_;
    std::optional<CommandBook> book_;
    std::optional<store::Audit> audit_;
};

// Claimed: by chance with 40 seeds of lost, late and refused messages, doubts and kills: a command
// is told done exactly if the device carried it out, once; told failed, nothing comes of it later
// either, when all that was under way has arrived; and when nothing gets lost any more all end.
TEST_F(GatewayTest, AtMostOnceAndToldTruly) {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        chance_.seed(seed);
        PlayedDevd devd(chance_, clock_);
        const std::vector<std::string> ids = four_commands();
        for (int life = 0; life < 30; ++life) {
            live(devd, 20);
            if (devd.one_in(3)) {
                devd.deliver_late();
            }
        }
        devd.is_wild = false;
        live(devd, 2000);
        devd.deliver_late();
        devd.move_all();
        devd.move_all();
        for (const std::string& id : ids) {
            const auto kept = book_->find(id, "phone");
            ASSERT_TRUE(kept.has_value());
            const int times = devd.executed[MUST(base::OperationId::from_text(id))];
            EXPECT_LE(times, 1) << "seed " << seed;
            ASSERT_TRUE(is_finished(kept->stage)) << "seed " << seed;
            ASSERT_TRUE(book_->told(id).has_value());
            EXPECT_EQ(kept->stage == Stage::done, times == 1) << "seed " << seed << ' ' << id;
        }
    }
}

// Claimed: the same, and devd loses its book now and then: still nothing is carried out twice, what
// is told is true, and what only the lost book knew is orphaned until a person decides.
TEST_F(GatewayTest, ALostBookDoublesNothing) {
    const store::Audit audit(*transactions_, clock_);
    std::size_t orphans = 0;
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        chance_.seed(seed);
        PlayedDevd devd(chance_, clock_);
        const std::vector<std::string> ids = four_commands();
        for (int life = 0; life < 20; ++life) {
            live(devd, 10);
            if (devd.one_in(6)) {
                devd.lose_book();
            }
        }
        devd.is_wild = false;
        live(devd, 500);
        for (const std::string& id : ids) {
            const auto kept = book_->find(id, "phone");
            ASSERT_TRUE(kept.has_value());
            const int times = devd.executed[MUST(base::OperationId::from_text(id))];
            EXPECT_LE(times, 1) << "seed " << seed;
            if (is_finished(kept->stage)) {
                EXPECT_EQ(kept->stage == Stage::done, times == 1) << "seed " << seed << ' ' << id;
            } else {
                ASSERT_EQ(kept->stage, Stage::orphaned) << "seed " << seed;
                ++orphans;
                ASSERT_TRUE(book_->decide({.id = id, .is_done = times == 1, .who = "anna"}, audit));
            }
            ASSERT_TRUE(book_->told(id).has_value());
        }
        EXPECT_TRUE(unfinished().empty());
    }
    EXPECT_GT(orphans, 0U);
}

// Claimed: a person decides about what is orphaned and about nothing else, once, and it is noted.
TEST_F(GatewayTest, WhatAPersonMayDecide) {
    store::Audit audit(*transactions_, clock_);
    CommandRow one = row(new_id(), 5000);
    ASSERT_TRUE(book_->add(one, false).has_value());
    const CommandBook::Decision decision{
        .id = one.id, .is_done = false, .note = "no receipt on the tape", .who = "anna"};
    for (const Stage stage : {Stage::queued, Stage::handed, Stage::unknown}) {
        one.stage = stage;
        ASSERT_TRUE(book_->update(one).has_value());
        EXPECT_EQ(book_->decide(decision, audit).error().code, FaultCode::bad_request);
    }
    one.stage = Stage::orphaned;
    ASSERT_TRUE(book_->update(one).has_value());
    EXPECT_EQ(book_->decide({.id = new_id()}, audit).error().code, FaultCode::not_found);
    EXPECT_EQ(book_->decide(decision, audit)->stage, Stage::failed);
    EXPECT_EQ(book_->decide(decision, audit).error().code, FaultCode::bad_request);
    EXPECT_EQ(book_->find(one.id, "phone")->decided_by, "anna");
    EXPECT_EQ(audit.page(0, 5)->front().act.after, "failed: no receipt on the tape");
}

// Claimed: what a person has decided is acknowledged at the devd that has it once that is back,
// whatever gets lost and whoever is killed meanwhile; it is never handed over again, and where the
// device says otherwise the decision stands and that is told, and noted once.
TEST_F(GatewayTest, TheDecidedIsAcknowledged) {
    std::size_t agreed = 0;
    std::size_t contradicted = 0;
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        chance_.seed(seed);
        PlayedDevd devd(chance_, clock_);
        for (const std::string& id : four_commands()) {
            CommandRow one = *book_->find(id, "phone");
            one.stage = Stage::orphaned;
            one.book = 1;
            ASSERT_TRUE(book_->update(one).has_value());
            if (!devd.one_in(4)) {  // else it never arrived
                devd.put_in_book(MUST(base::OperationId::from_text(id)), one.start_before_ms);
            }
            const bool says_done = devd.one_in(2);
            ASSERT_TRUE(book_->decide(
                {.id = id, .is_done = says_done, .note = "tape", .who = "anna"}, *audit_));
            ASSERT_TRUE(book_->told(id).has_value());
        }
        devd.lose_book();
        for (int life = 0; life < 10; ++life) {
            live(devd, 20);
        }
        EXPECT_TRUE(devd.acknowledged.empty()) << "another book, seed " << seed;
        devd.bring_back(1);
        for (int life = 0; life < 20; ++life) {
            devd.is_wild = life < 12;
            live(devd, 30);
            devd.move_all();
        }
        EXPECT_TRUE(decided().empty()) << "seed " << seed;
        EXPECT_EQ(devd.submits, 0) << "seed " << seed;
        for (const auto& [id, there] : devd.operations) {
            const CommandRow kept = *book_->find(id.to_text(), "phone");
            const bool was_done = there.state == OperationState::done;
            const bool is_same = was_done == (kept.stage == Stage::done);
            EXPECT_EQ(devd.acknowledged.count(id),
                      there.state == OperationState::never_accepted ? 0U : 1U)
                << "seed " << seed << ' ' << id.to_text();
            EXPECT_EQ(kept.decided_by, "anna");
            EXPECT_EQ(kept.device_says.empty(), is_same) << "seed " << seed;
            EXPECT_EQ(kept.result.empty(), !is_same) << "seed " << seed;
            ++(is_same ? agreed : contradicted);
        }
    }
    EXPECT_GT(agreed, 0U);
    EXPECT_GT(contradicted, 0U);
    std::size_t noted = 0;
    const auto acts = audit_->page(0, store::kActsPageMax);
    for (const store::ActRow& act : *acts) {
        noted += act.act.action == "command.contradicted" ? 1 : 0;
    }
    EXPECT_EQ(noted, contradicted);
}

// Claimed: a person's "not done" lets the phone sell anew; so a decision that the carrier has not
// heard of yet is not overtaken by handing the command over once more to a devd that is back.
TEST_F(GatewayTest, ADecisionIsNotOvertaken) {
    PlayedDevd devd(chance_, clock_);
    devd.is_wild = false;
    CommandRow one = row(new_id(), 60000);
    ASSERT_TRUE(book_->add(one, false).has_value());
    one.stage = Stage::handed;
    one.book = 1;
    ASSERT_TRUE(book_->update(one).has_value());
    devd.lose_book();
    Carrier carrier(parts(devd));
    carrier.add(unfinished().front());
    carrier.turn();
    ASSERT_EQ(book_->find(one.id, "phone")->stage, Stage::orphaned);
    const int submits = devd.submits;
    const auto row_of_it = book_->decide({.id = one.id, .note = "tape", .who = "anna"}, *audit_);
    ASSERT_TRUE(row_of_it.has_value());
    devd.bring_back(1);
    for (int i = 0; i < 5; ++i) {
        clock_.advance(std::chrono::seconds(2));
        carrier.turn();
        devd.move_all();
    }
    EXPECT_EQ(devd.submits, submits);
    EXPECT_EQ(devd.executed[MUST(base::OperationId::from_text(one.id))], 0);
    carrier.decided(*row_of_it);
    clock_.advance(kLookDecided);
    carrier.turn();
    EXPECT_TRUE(decided().empty());
    EXPECT_EQ(book_->find(one.id, "phone")->stage, Stage::failed);
    EXPECT_EQ(book_->find(one.id, "phone")->device_says, "");
}

// Claimed: while devd is away a command waits, and fails when its time is over, since it certainly
// was not handed over; one that may have arrived is settled instead.
TEST_F(GatewayTest, DevdIsAway) {
    class Away final : public DevicePort {
    public:
        base::Error error = nobody();
        int settled = 0;
        base::Result<std::vector<contract::Device>> devices(os::Deadline) override { return error; }
        base::Result<std::int64_t> book(os::Deadline) override { return 1; }
        base::Result<Operation> submit(const Handed&, const contract::Command&,
                                       const client::OperationOptions&, os::Deadline) override {
            return error;
        }
        base::Result<Operation> operation(const Handed&, os::Deadline) override { return error; }
        base::Result<Operation> settle(const Handed&, os::Deadline) override {
            ++settled;
            return error;
        }
        base::Result<Operation> decide(const Handed&, const client::Client::Decision&,
                                       os::Deadline) override {
            return error;
        }
        base::Done acknowledge(const Handed&, os::Deadline) override { return {}; }
    };
    const std::string id = new_id();
    ASSERT_TRUE(book_->add(row(id, 5000), false).has_value());
    Away away;
    Carrier carrier({*book_, away, clock_, logger_});
    carrier.add(unfinished().front());
    carrier.turn();
    EXPECT_EQ(book_->find(id, "phone")->stage, Stage::queued);
    clock_.advance(std::chrono::seconds(6));
    carrier.turn();
    EXPECT_EQ(book_->find(id, "phone")->stage, Stage::failed);
    EXPECT_EQ(away.settled, 0);

    const std::string other = new_id();
    ASSERT_TRUE(book_->add(row(other, 5000), false).has_value());
    away.error = lost();
    carrier.add(unfinished().front());
    carrier.turn();
    away.error = nobody();
    clock_.advance(std::chrono::seconds(6));
    carrier.turn();
    EXPECT_EQ(book_->find(other, "phone")->stage, Stage::handed);
    EXPECT_EQ(away.settled, 1);
}

// Claimed: an id is one command of one app; other content, another app and an equal command beside
// an unfinished one are refused, the last unless it is forced.
TEST_F(GatewayTest, OneIdOneCommand) {
    CommandRow one = row(new_id(), 5000);
    one.sha256 = "a";
    ASSERT_TRUE(book_->add(one, false).has_value());
    EXPECT_EQ(book_->add(one, false)->row, one);
    EXPECT_FALSE(book_->add(one, false)->is_new);
    CommandRow other = one;
    other.sha256 = "b";
    EXPECT_EQ(book_->add(other, true).error().code, FaultCode::doc_conflict);
    CommandRow foreign = one;
    foreign.app_device = "other phone";
    EXPECT_EQ(book_->add(foreign, true).error().code, FaultCode::not_found);
    EXPECT_EQ(book_->find(one.id, "other phone").error().code, FaultCode::not_found);
    CommandRow equal = one;
    equal.id = new_id();
    EXPECT_EQ(book_->add(equal, false).error().field, "force");
    EXPECT_TRUE(book_->add(equal, true).has_value());
    open();  // and so after a restart
    EXPECT_EQ(unfinished().size(), 2U);
}

// Claimed: what is finished stays as it is, whoever writes later; an equal command is refused until
// the app was told the end of the first.
TEST_F(GatewayTest, FinishedStays) {
    CommandRow one = row(new_id(), 5000);
    one.sha256 = "a";
    ASSERT_TRUE(book_->add(one, false).has_value());
    one.stage = Stage::done;
    ASSERT_TRUE(book_->update(one).has_value());
    CommandRow late = one;
    late.stage = Stage::failed;
    ASSERT_TRUE(book_->update(late).has_value());
    EXPECT_EQ(book_->find(one.id, "phone")->stage, Stage::done);
    CommandRow equal = row(new_id(), 5000);
    equal.sha256 = "a";
    EXPECT_EQ(book_->add(equal, false).error().code, FaultCode::doc_conflict);
    ASSERT_TRUE(book_->told(one.id).has_value());
    EXPECT_TRUE(book_->add(equal, false)->is_new);
}

// Claimed: a sale whose time is over is handed over once more instead of settled, since that is
// refused where devices of other hosts are used; refused for its time, it certainly is not there.
TEST_F(GatewayTest, LateSale) {
    class Relay final : public DevicePort {
    public:
        base::Error error = lost();
        base::Result<std::vector<contract::Device>> devices(os::Deadline) override { return error; }
        base::Result<std::int64_t> book(os::Deadline) override { return 1; }
        base::Result<Operation> submit(const Handed&, const contract::Command&,
                                       const client::OperationOptions&, os::Deadline) override {
            return error;
        }
        base::Result<Operation> operation(const Handed&, os::Deadline) override { return error; }
        base::Result<Operation> settle(const Handed&, os::Deadline) override {
            return base::bad_field("operation_id", "one that is known here");
        }
        base::Result<Operation> decide(const Handed&, const client::Client::Decision&,
                                       os::Deadline) override {
            return error;
        }
        base::Done acknowledge(const Handed&, os::Deadline) override { return {}; }
    };
    CommandRow sale = row(new_id(), 5000);
    sale.device_ref.clear();
    ASSERT_TRUE(book_->add(sale, false).has_value());
    Relay relay;
    Carrier carrier({*book_, relay, clock_, logger_});
    carrier.add(unfinished().front());
    carrier.turn();
    clock_.advance(std::chrono::seconds(6));
    relay.error = nobody();
    carrier.turn();
    EXPECT_EQ(book_->find(sale.id, "phone")->stage, Stage::handed) << "it may have arrived";
    relay.error = base::make_error(base::ErrorCode::id_too_old, "");
    clock_.advance(std::chrono::seconds(2));
    carrier.turn();
    EXPECT_EQ(book_->find(sale.id, "phone")->stage, Stage::orphaned)
        << "devd may have carried it out and forgotten it";
    relay.error = base::bad_field("start_before_ms", "a time that is not over");
    clock_.advance(std::chrono::seconds(2));
    carrier.turn();
    EXPECT_EQ(book_->find(sale.id, "phone")->stage, Stage::failed);
}

// Claimed: a payload is checked before anything is kept: its field is named, and what is more than
// a cashier's is refused; commands know their default device.
TEST_F(GatewayTest, Payload) {
    EXPECT_TRUE(command_of("cash_in", kCashIn).has_value());
    EXPECT_EQ(command_of("cash_in", R"({"amount_minor": "x"})").error().field,
              "payload.cash_in.amount_minor");
    EXPECT_EQ(command_of("none", "{}").error().code, FaultCode::schema_invalid);
    EXPECT_EQ(command_of("cash_in", "{").error().field, "payload");
    EXPECT_EQ(command_of("write_table", R"({"table":1,"row":1,"field":1,"value":"1"})").has_value(),
              false);
    EXPECT_EQ(default_kind(*command_of("cash_in", kCashIn)), DefaultKind::registrar);
    EXPECT_EQ(default_kind(*command_of("end_of_day", "{}")), DefaultKind::terminal);
}

// Claimed: the whole with its thread: a command that devd carries out is told done to who waits,
// and is acknowledged there.
TEST_F(GatewayTest, WholeWithItsThread) {
    os::SystemClock clock;
    PlayedDevd devd(chance_, clock);
    devd.is_wild = false;
    const auto gateway = MUST(Gateway::start({.book = *book_,
                                              .port = devd,
                                              .asked_port = devd,
                                              .clock = clock,
                                              .logger = logger_,
                                              .defaults = {.registrar = "kassa"}}));
    const exchange::StartCommand request{
        .command_id = {new_id()}, .op = "cash_in", .payload = kCashIn, .timeout_ms = 60000};
    const auto started = gateway->start_command({.app = "phone"}, request);
    ASSERT_TRUE(started.has_value()) << started.error().message;
    EXPECT_EQ(started->device_ref, "kassa");
    DeviceCommandState state = started->state;
    for (int i = 0;
         i < 100 && state != DeviceCommandState::done && state != DeviceCommandState::failed; ++i) {
        state = gateway->get_command("phone", {.command_id = request.command_id, .wait_ms = 20000})
                    ->state;
    }
    const auto id = MUST(base::OperationId::from_text(request.command_id.text));
    EXPECT_EQ(state == DeviceCommandState::done, devd.executed[id] == 1);
    EXPECT_EQ(gateway->start_command({.app = "phone"}, request)->state, state);
    EXPECT_EQ(devd.submits, 1);
    EXPECT_EQ(gateway->get_command("other", {.command_id = request.command_id}).error().code,
              FaultCode::not_found);
}

}  // namespace
}  // namespace tillhost::sumpd::gateway
