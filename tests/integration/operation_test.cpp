// Claim: after the book was put back from a copy that is older than a sale, a client that repeats
// its submit of that sale gets no second receipt: it is told that the book was restored, settling
// is refused too, and a person's word ends it; the epoch in hello has grown. What was not settled
// in the copy is left to a person. The figures and the health of a running devd can be read, by
// tillctl and by the listener on loopback, and no content of a sale is in its log.
// Shown with real processes: devd, a toy registrar, tillctl, and the registrar's own memory.
#include <netinet/in.h>
#include <sys/wait.h>

#include <filesystem>
#include <fstream>

#include "tests/integration/counter.h"
#include "tests/integration/run_program.h"

namespace tillhost::support {
namespace {

using base::ErrorCode;
using contract::OperationState;

class OperationTest : public CounterTest {
protected:
    OperationTest() : loop_(MUST(os::EventLoop::create(clock_))) {}

    contract::Operation sell(const client::OperationOptions& options) {
        auto sold = client_->sell("kassa", tea(), options, deadline());
        EXPECT_TRUE(sold) << base::to_text(sold.error());
        return sold ? *sold : contract::Operation{};
    }
    std::int64_t number_of(const contract::Operation& operation) {
        return std::get<contract::FiscalResult>(*operation.result).fiscal_document_number;
    }
    std::string documents() {
        const auto said = shop_->ctl("kassa", {"documents"});
        EXPECT_TRUE(said);
        return said ? *said : "";
    }
    Ran run(const std::string& program, std::vector<std::string> words) {
        return run_program(*loop_, clock_, PROGRAMS_FOLDER + program, std::move(words));
    }
    std::string tillctl(std::vector<std::string> words) {
        return run("tillctl", std::move(words)).out;
    }
    Ran restore(const std::string& from) {
        return run("devd", {"--config", shop_->folder() + "/config", "--restore", from});
    }

    std::unique_ptr<os::EventLoop> loop_;
};

TEST_F(OperationTest, ARestoredBookDoublesNoReceipt) {
    start();
    const auto first = new_id();
    sell(first);
    ASSERT_TRUE(client_->acknowledge(first.operation_id, deadline()));
    const std::string copy = shop_->folder() + "/copy";
    const auto copied = client_->backup(copy, deadline());
    ASSERT_TRUE(copied) << base::to_text(copied.error());
    EXPECT_EQ(copied->bytes, static_cast<std::int64_t>(std::filesystem::file_size(copy)));
    const auto lost = new_id();
    const contract::Operation sold = sell(lost);
    ASSERT_EQ(sold.state, OperationState::done);
    const std::string before = documents();

    const Ran refused = restore(copy);
    EXPECT_EQ(refused.exit, 1) << "not while devd runs";
    EXPECT_NE(refused.err.find("already_running"), std::string::npos) << refused.err;
    client_.reset();
    shop_->kill_devd();
    const Ran restored = restore(copy);
    EXPECT_EQ(restored.exit, 0) << restored.err;
    EXPECT_TRUE(restored.out.starts_with("restored 1 operations")) << restored.out;
    start_devd();
    connect();
    EXPECT_GT(client_->hello().book_epoch, 0);

    const auto again = client_->submit("kassa", contract::Command(tea()), lost, deadline());
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, ErrorCode::book_restored);
    EXPECT_EQ(again.error().effect, base::Effect::unknown);
    const auto settled = client_->settle(lost.operation_id, deadline());
    ASSERT_FALSE(settled) << "no tombstone for what was sold";
    EXPECT_EQ(settled.error().code, ErrorCode::book_restored);
    const auto carried = client_->sell("kassa", tea(), lost, deadline());
    ASSERT_FALSE(carried);
    EXPECT_EQ(carried.error().effect, base::Effect::unknown);
    EXPECT_EQ(documents(), before) << "the registrar's memory has not grown";

    const auto health = client_->health(deadline());
    ASSERT_TRUE(health && !health->reasons.empty());
    EXPECT_EQ(health->reasons.front().cause, contract::HealthCause::book_restored);

    client::Client::Decision decision;
    decision.operation_id = lost.operation_id;
    decision.verdict = contract::Verdict::executed;
    decision.fiscal_document_number = number_of(sold);
    decision.note = "the owner, from the roll";
    ASSERT_TRUE(client_->decide(decision, deadline()));
    const auto known = client_->submit("kassa", contract::Command(tea()), lost, deadline());
    ASSERT_TRUE(known) << base::to_text(known.error());
    EXPECT_EQ(known->state, OperationState::done);
    EXPECT_EQ(number_of(*known), number_of(sold));
    EXPECT_EQ(documents(), before);
}

TEST_F(OperationTest, WhatWaitedInTheCopyIsLeftToAPerson) {
    start();
    shop_->kill_simulator("kassa");
    const auto waiting = new_id();
    ASSERT_TRUE(client_->submit("kassa", contract::Command(tea()), waiting, deadline()));
    const std::string copy = shop_->folder() + "/copy";
    ASSERT_TRUE(client_->backup(copy, deadline()));
    ASSERT_TRUE(shop_->start_simulator("kassa", "fiscal/toy"));
    const auto sold = client_->await(waiting.operation_id, deadline());
    ASSERT_TRUE(sold);
    ASSERT_EQ(sold->state, OperationState::done) << "behind the copy";
    const std::string before = documents();
    client_.reset();
    shop_->kill_devd();
    const Ran restored = restore(copy);
    EXPECT_NE(restored.out.find(" 1 operations that were not settled"), std::string::npos)
        << restored.out << restored.err;
    start_devd();
    connect();
    const auto seen = client_->await(waiting.operation_id, deadline());
    ASSERT_TRUE(seen);
    EXPECT_EQ(seen->state, OperationState::in_doubt);
    ASSERT_TRUE(seen->error);
    EXPECT_EQ(seen->error->code, "book_restored");
    const auto asked = client_->query("kassa", contract::StatusQuery{}, deadline());
    EXPECT_TRUE(asked) << "the device works: " << base::to_text(asked.error());
    EXPECT_EQ(documents(), before);
}

/// GET PATH of the listener; what it answered.
std::string get(std::uint16_t port, const std::string& path) {
    const os::Descriptor fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        return "not there";
    }
    const std::string request = "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
    EXPECT_GT(::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL), 0);
    std::string answer;
    char block[65536];
    for (ssize_t count = 0; (count = ::recv(fd.get(), block, sizeof block, 0)) > 0;) {
        answer.append(block, static_cast<std::size_t>(count));
    }
    return answer;
}

/// A port nobody has at the moment.
std::uint16_t free_port() {
    const os::Descriptor fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const at = reinterpret_cast<sockaddr*>(&address);
    INVARIANT(::bind(fd.get(), at, size) == 0 && ::getsockname(fd.get(), at, &size) == 0);
    return ntohs(address.sin_port);
}

TEST_F(OperationTest, ItsFiguresAreReadByTillctlAndOnLoopback) {
    const std::uint16_t port = free_port();
    std::ofstream(shop_->folder() + "/config/devd.toml", std::ios::app)
        << "[metrics]\nlisten = \"127.0.0.1:" << port << "\"\n";
    start();
    sell(new_id());
    const std::string line = "tillhost_operations{device=\"kassa\",state=\"done\"} 1\n";
    EXPECT_NE(get(port, "/metrics").find(line), std::string::npos);
    EXPECT_TRUE(get(port, "/").starts_with("HTTP/1.0 404"));
    EXPECT_NE(tillctl({"metrics"}).find(line), std::string::npos);
    EXPECT_TRUE(tillctl({"health"}).starts_with("ready"));
    shop_->kill_simulator("kassa");
    const auto asked = client_->query("kassa", contract::StatusQuery{}, deadline());
    EXPECT_FALSE(asked);
    EXPECT_EQ(run("tillctl", {"health"}).exit, 1);
    const std::string sick = tillctl({"health"});
    EXPECT_TRUE(sick.starts_with("degraded")) << sick;
    EXPECT_NE(sick.find("device_not_ready"), std::string::npos) << sick;
}

TEST_F(OperationTest, APortOfAWatcherThatIsTakenIsNoReasonNotToSell) {
    const os::Descriptor fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const at = reinterpret_cast<sockaddr*>(&address);
    ASSERT_EQ(::bind(fd.get(), at, size), 0);
    ASSERT_EQ(::listen(fd.get(), 1), 0);
    ASSERT_EQ(::getsockname(fd.get(), at, &size), 0);
    std::ofstream(shop_->folder() + "/config/devd.toml", std::ios::app)
        << "[metrics]\nlisten = \"127.0.0.1:" << ntohs(address.sin_port) << "\"\n";
    start();
    EXPECT_EQ(sell(new_id()).state, OperationState::done);
}

TEST_F(OperationTest, ACopyIsMadeByTillctlAndNeverReplacesAFile) {
    start();
    const std::string copy = shop_->folder() + "/copy";
    EXPECT_NE(tillctl({"backup", copy}).find("whole and on disk"), std::string::npos);
    const auto twice = client_->backup(copy, deadline());
    ASSERT_FALSE(twice);
    EXPECT_EQ(twice.error().code, ErrorCode::bad_field);
}

}  // namespace
}  // namespace tillhost::support
