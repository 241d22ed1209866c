// Claim: web tokens are made and ended beside the running server, are kept over its restarts, and
// leave a record; their secrets are kept nowhere. Shown with a real database in a folder.
#include "sumpd/webpos/tokens.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "hal/os/fake/fake_clock.h"
#include "hal/os/fake/kept_log.h"
#include "hal/os/files.h"
#include "sumpd/apps/tokens.h"

namespace tillhost::sumpd::webpos {
namespace {

class TokensTest : public testing::Test {
protected:
    TokensTest() {
        std::filesystem::remove_all(folder_);
        std::filesystem::create_directories(folder_);
        open();
    }
    ~TokensTest() override {
        tokens_.reset();
        std::filesystem::remove_all(folder_);
    }
    void open() {
        tokens_.reset();
        audit_.reset();
        transactions_.reset();
        transactions_ = store::Transactions::open(folder_, clock_, logger_).value();
        audit_ = std::make_unique<store::Audit>(*transactions_, clock_);
        tokens_ = WebTokens::open({*transactions_, *audit_, clock_, logger_, folder_}).value();
    }
    static WebToken till(const std::string& name) {
        return {.name = name,
                .origin = "https://pos.example",
                .role = contract::Role::cashier,
                .devices = {"kassa", "pos"}};
    }
    std::string leave(const WebToken& token) {
        return leave_token(folder_, token, ++now_ms_).value();
    }
    std::size_t acts_left() { return os::list_files(folder_, ".webact").value().size(); }

    const std::string folder_ = testing::TempDir() + "web_tokens_" +
                                testing::UnitTest::GetInstance()->current_test_info()->name();
    os::FakeClock clock_;
    os::KeptLog log_;
    os::Logger logger_{log_};
    std::int64_t now_ms_ = 1000;
    std::unique_ptr<store::Transactions> transactions_;
    std::unique_ptr<store::Audit> audit_;
    std::unique_ptr<WebTokens> tokens_;
};

TEST_F(TokensTest, OneThatWasLeftIsGoodAtOnceAndAfterARestart) {
    const std::string secret = leave(till("till-1"));
    for (int life = 0; life < 2; ++life, open()) {
        const auto found = tokens_->find(secret);
        ASSERT_TRUE(found);
        WebToken wanted = till("till-1");
        wanted.digest = apps::digest_of_token(secret);
        wanted.made_ms = found->made_ms;
        EXPECT_EQ(*found, wanted);
        EXPECT_EQ(acts_left(), 0U);
    }
    EXPECT_FALSE(tokens_->find(secret + "x"));
    EXPECT_FALSE(tokens_->find(apps::digest_of_token(secret)));
    EXPECT_FALSE(tokens_->find(""));
    EXPECT_TRUE(tokens_->knows_origin("https://pos.example"));
    EXPECT_FALSE(tokens_->knows_origin("https://pos.example.org"));
    EXPECT_FALSE(tokens_->knows_origin("null"));
}

TEST_F(TokensTest, ANameHasOneTokenAndCanBeEnded) {
    const std::string first = leave(till("till-1"));
    ASSERT_TRUE(tokens_->find(first));
    const std::string second = leave(till("till-1"));
    const std::string other = leave(till("till-2"));
    EXPECT_FALSE(tokens_->find(first));
    EXPECT_TRUE(tokens_->find(second));
    ASSERT_TRUE(leave_revocation(folder_, "till-1", ++now_ms_));
    EXPECT_FALSE(tokens_->is_good(apps::digest_of_token(second)));
    open();
    EXPECT_FALSE(tokens_->find(second));
    EXPECT_TRUE(tokens_->find(other));
    EXPECT_EQ(tokens_->remove("till-1", "anna").value(), false);
}

TEST_F(TokensTest, ActsAreInTheAuditWithoutTheSecret) {
    const std::string secret = leave(till("till-1"));
    ASSERT_TRUE(tokens_->find(secret));
    ASSERT_TRUE(tokens_->remove("till-1", "anna").value());
    const auto acts = audit_->page(0, 10).value();
    ASSERT_EQ(acts.size(), 2U);
    EXPECT_EQ(acts[0].act.actor, "anna");
    EXPECT_EQ(acts[0].act.action, "web_token.revoke");
    EXPECT_EQ(acts[1].act.action, "web_token.put");
    EXPECT_EQ(acts[1].act.after, "origin https://pos.example, role cashier, devices kassa,pos");
    for (const store::ActRow& act : acts) {
        EXPECT_EQ(act.text.find(secret), std::string::npos);
        EXPECT_EQ(act.text.find(apps::digest_of_token(secret)), std::string::npos);
    }
}

TEST_F(TokensTest, WhatCannotBeIsRefusedByName) {
    const auto refusal = [](WebToken token) { return check(token).error().detail; };
    WebToken token = till("Till 1");
    EXPECT_EQ(refusal(token).substr(0, 5), "name:");
    for (const char* origin : {"", "*", "null", "https://pos.example/", "https://Pos.example",
                               "pos.example", "https://", "https://a b", "ftp://pos.example"}) {
        token = till("till-1");
        token.origin = origin;
        EXPECT_EQ(refusal(token).substr(0, 7), "origin:") << origin;
    }
    token = till("till-1");
    token.role = role_from("boss");
    EXPECT_EQ(refusal(token).substr(0, 5), "role:");
    token = till("till-1");
    token.devices = {""};
    EXPECT_EQ(refusal(token).substr(0, 8), "devices:");
    token = till("till-1");
    token.origin = "-";
    EXPECT_TRUE(check(token));
    EXPECT_FALSE(leave_revocation(folder_, "../x", 1));
}

TEST_F(TokensTest, AFileThatIsNoActIsToldAndTakenAway) {
    for (const std::string& text : {std::string("\xFF"), std::string("[[token]]\nname = \"x\"\n"),
                                    std::string("[[other]]\n"), std::string(20'000, '#')}) {
        ASSERT_TRUE(os::write_atomically(folder_ + "/1.webact", base::bytes_of(text)));
        EXPECT_TRUE(tokens_->all().empty());
        EXPECT_EQ(acts_left(), 0U);
    }
}

}  // namespace
}  // namespace tillhost::sumpd::webpos
