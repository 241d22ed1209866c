// Claim: programs hear what happens in order, go on where they stopped, and learn by a gap what
// they missed; the example of the C++ client sells once although it is killed. Shown with the real
// programs, devd killed in between.
#include <csignal>

#include "hal/os/process.h"
#include "tests/integration/counter.h"
#include "tests/integration/run_program.h"

namespace tillhost {
namespace {

using contract::OperationState;

class EventsServiceTest : public support::CounterTest {
protected:
    EventsServiceTest() : loop_(MUST(os::EventLoop::create(clock_))) {}

    /// Reads the topic until the operation is so far; every event on the way.
    std::vector<client::TopicEvent> until(OperationState state) {
        std::vector<client::TopicEvent> seen;
        while (true) {
            auto event = client_->next_event(deadline());
            if (!event || !*event) {
                ADD_FAILURE() << "no event; the last of " << seen.size();
                return seen;
            }
            seen.push_back(**event);
            const auto* operation = std::get_if<contract::Operation>(&seen.back().event.body);
            if (operation != nullptr && operation->state >= state) {
                return seen;
            }
        }
    }
    void sell() {
        client::OperationOptions options = new_id();
        options.force = true;  // one tea after the other
        const auto sold = client_->sell("kassa", tea(), options, deadline());
        ASSERT_TRUE(sold) << base::to_text(sold.error());
        ASSERT_EQ(sold->state, OperationState::done);
    }
    std::unique_ptr<os::Child> start_example() const {
        return MUST(os::Child::spawn({.program = TILL_EXAMPLE, .arguments = example_words()}));
    }
    std::vector<std::string> example_words() const {
        return {"kassa", shop_->folder() + "/journal"};
    }
    std::size_t documents() const {
        const std::string text = MUST(shop_->ctl("kassa", {"documents", "--json"}));
        std::size_t count = 0;
        for (std::size_t at = text.find("\"number\""); at != std::string::npos;
             at = text.find("\"number\"", at + 1)) {
            ++count;
        }
        return count;
    }

    std::unique_ptr<os::EventLoop> loop_;
};

TEST_F(EventsServiceTest, AnotherConnectionGoesOnWhereOneStopped) {
    start();
    ASSERT_TRUE(client_->subscribe("operation/kassa", {}, deadline()));
    const auto place = client_->place_of("operation/kassa");
    sell();
    const auto whole = until(OperationState::done);
    connect();
    ASSERT_TRUE(client_->subscribe("operation/kassa", *place, deadline()));
    const auto again = until(OperationState::done);
    ASSERT_EQ(again.size(), whole.size());
    for (std::size_t i = 0; i < whole.size(); ++i) {
        EXPECT_EQ(again[i].event.seq, whole[i].event.seq);
        EXPECT_EQ(again[i].event.body, whole[i].event.body);
    }
}

TEST_F(EventsServiceTest, ARestartOfDevdIsAGapAndTheTopicGoesOn) {
    start();
    ASSERT_TRUE(client_->subscribe("operation/kassa", {}, deadline()));
    sell();
    const auto before = until(OperationState::done);
    shop_->kill_devd();
    start_devd();
    const auto gap = MUST(client_->next_event(deadline()));
    ASSERT_TRUE(gap);
    ASSERT_TRUE(std::holds_alternative<contract::Gap>(gap->event.body));
    const auto& lost = std::get<contract::Gap>(gap->event.body);
    EXPECT_TRUE(lost.restarted);
    EXPECT_EQ(lost.from_seq, before.back().next.next_seq);
    EXPECT_GT(gap->event.epoch, before.back().event.epoch);
    sell();
    const auto after = until(OperationState::done);
    ASSERT_FALSE(after.empty());
    EXPECT_EQ(std::get<contract::Operation>(after[0].event.body).state, OperationState::accepted);
}

TEST_F(EventsServiceTest, TheExampleSellsOnceAlthoughItIsKilled) {
    start();
    ASSERT_TRUE(client_->subscribe("operation/kassa", {}, deadline()));
    const auto till = start_example();
    const auto seen = until(OperationState::accepted);
    ASSERT_FALSE(seen.empty());
    till->kill();
    std::string how;
    while (!till->reap(how)) {
        loop_->run_once(clock_.now() + std::chrono::milliseconds(5));
    }
    const auto ran = support::run_program(*loop_, clock_, TILL_EXAMPLE, example_words());
    EXPECT_EQ(ran.exit, 0) << ran.err;
    const auto first = std::get<contract::Operation>(seen[0].event.body).operation_id;
    EXPECT_TRUE(MUST(client_->operation(first, deadline())).acknowledged);
    EXPECT_EQ(documents(), 2U) << ran.out;  // the one that was cut short, and the new one
}

}  // namespace
}  // namespace tillhost
