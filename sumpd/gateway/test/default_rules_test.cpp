// Claim: a command without a device goes to the first default that is set of the user's, the app's,
// the store's and the server's, chosen once; what cannot be used is told with its rule. A person's
// answer at a terminal without a link goes to devd, and again is the same answer.
// Shown: devd is played; the book and the rules are a real database in a folder.
#include "sumpd/gateway/default_rules.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <random>

#include "hal/os/fake/fake_clock.h"
#include "hal/os/fake/kept_log.h"
#include "sumpd/gateway/answers.h"
#include "sumpd/gateway/gateway.h"
#include "sumpd/gateway/test/played_devd.h"

namespace tillhost::sumpd::gateway {
namespace {

using exchange::DeviceCommandState;
using exchange::FaultCode;
using exchange::PaymentOutcome;

constexpr auto kCashIn = R"({"amount_minor": 100, "currency": "RUB"})";
const Asker kAnna{.app = "phone", .user = "anna", .store = "s1"};

class DefaultRulesTest : public testing::Test {
protected:
    DefaultRulesTest() {
        folder_ = testing::TempDir() + "/default_rules";
        std::filesystem::remove_all(folder_);
        std::filesystem::create_directory(folder_);
        devd_.is_wild = false;
        open();
    }
    ~DefaultRulesTest() override { gateway_.reset(); }

    /// A life of sumpd.
    void open() {
        gateway_.reset();
        transactions_.reset();
        transactions_ = MUST(store::Transactions::open(folder_, clock_, logger_));
        book_.emplace(*transactions_);
        audit_.emplace(*transactions_, clock_);
        choice_ = MUST(DeviceChoice::open(*transactions_, *audit_));
        rules_ = MUST(DefaultRules::open(*transactions_, *audit_));
        gateway_ = MUST(Gateway::start({.book = *book_,
                                        .port = devd_,
                                        .asked_port = asked_,
                                        .clock = clock_,
                                        .logger = logger_,
                                        .defaults = {.registrar = "kassa"},
                                        .choice = choice_.get(),
                                        .rules = rules_.get()}));
    }

    void set(DefaultRule rule, const std::string& of, const std::string& device) {
        EXPECT_TRUE(rules_->set({{{rule, of, DefaultKind::registrar}, device}}, "ann", ""));
    }

    exchange::StartCommand cash_in() {
        return {.command_id = {client::make_operation_id(clock_).to_text()},
                .op = "cash_in",
                .payload = kCashIn,
                .timeout_ms = 60000,
                .force = true};
    }

    std::mt19937_64 chance_{1};
    os::SystemClock clock_;
    os::KeptLog log_;
    os::Logger logger_{log_};
    PlayedDevd devd_{chance_, clock_};
    PlayedDevd asked_{chance_, clock_};
    std::string folder_;
    std::unique_ptr<store::Transactions> transactions_;
    std::optional<CommandBook> book_;
    std::optional<store::Audit> audit_;
    std::unique_ptr<DeviceChoice> choice_;
    std::unique_ptr<DefaultRules> rules_;
    std::unique_ptr<Gateway> gateway_;
};

TEST_F(DefaultRulesTest, TheFirstThatIsSetHoldsAlsoAfterARestart) {
    const auto now = [&] { return gateway_->default_for(kAnna, DefaultKind::registrar); };
    EXPECT_EQ(now(), (DefaultChoice{"kassa", DefaultRule::server}));
    EXPECT_EQ(gateway_->default_for(kAnna, DefaultKind::terminal), DefaultChoice{});
    set(DefaultRule::store, "s1", "a");
    EXPECT_EQ(now(), (DefaultChoice{"a", DefaultRule::store}));
    set(DefaultRule::app, "phone", "b");
    EXPECT_EQ(now(), (DefaultChoice{"b", DefaultRule::app}));
    set(DefaultRule::user, "anna", "c");
    open();
    EXPECT_EQ(now(), (DefaultChoice{"c", DefaultRule::user}));
    EXPECT_EQ(gateway_->default_for({.app = "other", .user = "eve"}, DefaultKind::registrar),
              (DefaultChoice{"kassa", DefaultRule::server}));
    set(DefaultRule::user, "anna", "");
    EXPECT_EQ(now(), (DefaultChoice{"b", DefaultRule::app}));
    const auto acts = audit_->page(0, 10);
    ASSERT_EQ(acts->size(), 4U);
    EXPECT_EQ(acts->front().act.target, "user anna registrar");
    EXPECT_EQ(acts->front().act.before, "c");
}

TEST_F(DefaultRulesTest, WhatIsNoRuleIsRefusedAsAWhole) {
    const DefaultEntry good{{DefaultRule::user, "anna", DefaultKind::registrar}, "kassa"};
    const auto field_of = [&](DefaultRule rule, const std::string& of, const std::string& device) {
        const auto told =
            rules_->set({good, {{rule, of, DefaultKind::registrar}, device}}, "ann", "");
        return told ? std::string() : told.error().field.value_or("none");
    };
    EXPECT_EQ(field_of(DefaultRule::server, "x", "kassa"), "rule");
    EXPECT_EQ(field_of(DefaultRule::unspecified, "x", "kassa"), "rule");
    EXPECT_EQ(field_of(DefaultRule::user, "", "kassa"), "of");
    EXPECT_EQ(field_of(DefaultRule::user, "x", std::string(65, 'x')), "device");
    EXPECT_TRUE(rules_->all().empty());
    EXPECT_EQ(rules_->set({good}, "ann", "").value(), 1U);
    EXPECT_EQ(rules_->set({good}, "ann", "").value(), 0U) << "it was so before";
}

TEST_F(DefaultRulesTest, ARepeatIsTheSameCommandWhateverIsSetOrHidden) {
    devd_.listed.push_back({.device = "other", .driver = "fiscal/toy"});
    asked_.listed = devd_.listed;
    const auto request = cash_in();
    EXPECT_EQ(gateway_->start_command(kAnna, request)->default_rule, DefaultRule::server);
    set(DefaultRule::user, "anna", "other");
    const auto again = gateway_->start_command(kAnna, request);
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(again->device_ref, "kassa");
    EXPECT_EQ(again->default_rule, DefaultRule::server);
    ASSERT_TRUE(choice_->set_visible("kassa", false, "ann", ""));
    EXPECT_EQ(gateway_->start_command(kAnna, request)->device_ref, "kassa");
    auto named = request;
    named.device_ref = "kassa";
    EXPECT_EQ(gateway_->start_command(kAnna, named)->default_rule, DefaultRule::server);
    named.device_ref = "other";
    EXPECT_EQ(gateway_->start_command(kAnna, named).error().code, FaultCode::doc_conflict);
    const auto fresh = gateway_->start_command(kAnna, cash_in());
    ASSERT_TRUE(fresh) << fresh.error().message;
    EXPECT_EQ(fresh->default_rule, DefaultRule::user);
}

TEST_F(DefaultRulesTest, ADefaultThatCannotBeUsedIsToldWithItsRule) {
    const auto why = [&] {
        const auto told = gateway_->start_command(kAnna, cash_in());
        EXPECT_FALSE(told);
        EXPECT_EQ(told.error().code, FaultCode::default_unusable);
        EXPECT_EQ(told.error().field, "deviceRef");
        return told.error().message;
    };
    set(DefaultRule::store, "s1", "gone");
    EXPECT_NE(why().find("the store's default registrar gone is not there"), std::string::npos);
    set(DefaultRule::app, "phone", "pos");
    EXPECT_NE(why().find("the app's default registrar pos is a device of another"),
              std::string::npos);
    set(DefaultRule::user, "anna", "kassa");
    ASSERT_TRUE(choice_->set_visible("kassa", false, "ann", ""));
    EXPECT_NE(why().find("the user's default registrar kassa is not shown"), std::string::npos);
    const auto told = gateway_->get_devices(kAnna);
    ASSERT_TRUE(told);
    for (const exchange::DeviceEntry& one : told->devices) {
        EXPECT_FALSE(one.default_rule) << one.ref;
    }
    ASSERT_TRUE(choice_->set_visible("kassa", true, "ann", ""));
    EXPECT_EQ(gateway_->get_devices(kAnna)->devices.front().default_rule, DefaultRule::user);
}

// --- a terminal without a link

class ManualTerminalTest : public DefaultRulesTest {
protected:
    /// A payment of 12.50 that waits for a person.
    CommandRow waiting() {
        const base::OperationId id = client::make_operation_id(clock_);
        CommandRow row{.id = id.to_text(),
                       .app_device = "phone",
                       .device_ref = "byhand",
                       .op = "authorise",
                       .payload = R"({"amount_minor": 1250, "currency": "EUR"})",
                       .sha256 = "h",
                       .start_before_ms = clock_.unix_ms() + 60000,
                       .stage = Stage::unknown,
                       .book = 1};
        row.asks_person = true;
        EXPECT_TRUE(book_->add(row, true));
        EXPECT_TRUE(book_->update(row));
        Operation operation;
        operation.operation_id = id;
        operation.device = "byhand";
        operation.version = 3;
        operation.state = OperationState::in_doubt;
        asked_.operations[id] = operation;
        asked_.stands_still = true;
        return row;
    }
    exchange::AnswerCommand approved(const CommandRow& row) {
        return {.command_id = {row.id},
                .outcome = PaymentOutcome::approved,
                .amount_minor = 1250,
                .receipt_number = 17};
    }
};

TEST_F(ManualTerminalTest, AskedOfItsPerson) {
    const CommandRow row = waiting();
    const auto told = gateway_->get_command("phone", {.command_id = {row.id}});
    ASSERT_TRUE(told);
    EXPECT_EQ(told->state, DeviceCommandState::running);
    EXPECT_EQ(told->prompt->text, "charge 12.50 EUR");
    EXPECT_EQ(told->prompt->amount_minor, 1250);
    auto wrong = approved(row);
    wrong.amount_minor = 1251;
    EXPECT_EQ(gateway_->answer_command(kAnna, wrong).error().field, "amountMinor");
    EXPECT_EQ(gateway_->answer_command({.app = "other"}, wrong).error().code, FaultCode::not_found);
    ASSERT_EQ(asked_.decisions.size(), 1U);
    EXPECT_EQ(asked_.decisions[0].version, 3);
    EXPECT_EQ(asked_.decisions[0].note, "approved, user anna, app phone");
}

TEST_F(ManualTerminalTest, NobodyIsAskedOfAnother) {
    CommandRow row = waiting();
    row.asks_person = false;
    ASSERT_TRUE(book_->update(row));
    EXPECT_EQ(gateway_->answer_command(kAnna, approved(row)).error().code, FaultCode::bad_request);
    EXPECT_TRUE(asked_.decisions.empty());
}

TEST_F(ManualTerminalTest, AnEndIsComparedWithTheAnswer) {
    CommandRow row = waiting();
    contract::PaymentResult paid;
    paid.amount_minor = 1250;
    paid.receipt_number = 17;
    paid.requested_minor = 1250;
    paid.currency = "EUR";
    Operation operation;
    operation.operation_id = client::make_operation_id(clock_);
    operation.device = "byhand";
    operation.command = "authorise";
    operation.state = OperationState::done;
    operation.result = contract::OperationResult(paid);
    const CommandRow done = with_end(row, operation);
    EXPECT_EQ(done.stage, Stage::done);
    EXPECT_TRUE(is_said_by(approved(row), done));
    auto other = approved(row);
    other.receipt_number = 18;
    EXPECT_FALSE(is_said_by(other, done));
    other = {.command_id = {row.id}, .outcome = PaymentOutcome::declined};
    EXPECT_FALSE(is_said_by(other, done));
    operation.state = OperationState::failed;
    EXPECT_TRUE(is_said_by(other, with_end(row, operation)));
    EXPECT_FALSE(prompt_of(done));
    row.stage = Stage::done;
    EXPECT_FALSE(is_said_by(approved(row), row)) << "done by an administrator's word, no slip";
}

TEST_F(ManualTerminalTest, RefusalsNameTheFieldsOfTheAnswer) {
    EXPECT_EQ(refusal_of(base::bad_field("payment.amount_minor", "7")).field, "amountMinor");
    EXPECT_EQ(refusal_of(base::bad_field("payment.amount_again_minor", "7")).field,
              "amountAgainMinor");
    EXPECT_EQ(refusal_of(base::bad_field("payment", "what the paper says")).field, "amountMinor");
    EXPECT_EQ(refusal_of(base::make_error(base::ErrorCode::possible_duplicate, "x")).code,
              FaultCode::doc_conflict);
    EXPECT_EQ(refusal_of(nobody()).code, FaultCode::device_unavailable);
}

}  // namespace
}  // namespace tillhost::sumpd::gateway
