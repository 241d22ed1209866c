// Claim: a card terminal on a serial line is charged once and the truth of it is told, also where
// the driver's process or the terminal is killed in the middle. Shown with devd, its driver host
// and devsim on a pty; the terminal's ledger is compared.
#include <gtest/gtest.h>

#include "tests/integration/counter.h"

namespace tillhost::support {
namespace {

using contract::OperationState;

constexpr std::int64_t kAmount = 1234;
/// So slow that something can happen meanwhile.
const std::vector<std::string> kSlow{"--card-ms", "500", "--host-ms", "500"};

class SerialTerminalTest : public CounterTest {
protected:
    void start_counter(std::vector<std::string> more = {}) {
        ASSERT_TRUE(shop_->start_simulator("pos", "payment/zvt", std::move(more)));
        ASSERT_TRUE(
            shop_->configure("pos", "driver = \"payment/zvt\"\nport = \"pty:" + shop_->pty("pos") +
                                        "\"\n\n[settings]\nlink = \"serial\"\n"));
        start();
        ASSERT_TRUE(client_->subscribe("operation/pos", {}, deadline()));
    }
    /// A terminal that has a past can tell what is new.
    void pay_before() {
        const auto paid = carry_out(contract::Authorise{kAmount + 1, "EUR"});
        ASSERT_TRUE(paid) << base::to_text(paid.error());
        ASSERT_EQ(paid->state, OperationState::done);
    }
    static contract::Authorise payment() { return {kAmount, "EUR"}; }
    base::Result<contract::Operation> carry_out(const contract::Command& command) {
        return client_->carry_out("pos", command, new_id(), deadline());
    }
    /// Hands a payment over and waits until its bytes may be at the terminal.
    client::OperationOptions begin_payment() {
        const client::OperationOptions options = new_id();
        EXPECT_TRUE(client_->submit("pos", payment(), options, deadline()));
        while (true) {
            const auto event = client_->next_event(deadline());
            if (!event || !*event) {
                ADD_FAILURE() << "no event";
                return options;
            }
            const auto* operation = std::get_if<contract::Operation>(&(**event).event.body);
            if (operation != nullptr && operation->operation_id == options.operation_id &&
                operation->state == OperationState::prepared) {
                return options;
            }
        }
    }
    std::size_t stored() {
        const std::string text = MUST(shop_->ctl("pos", {"transactions", "--json"}));
        constexpr std::string_view kStored = "\"state\":\"stored\"";
        std::size_t found = 0;
        for (std::size_t at = text.find(kStored); at != std::string::npos;
             at = text.find(kStored, at + 1)) {
            ++found;
        }
        return found;
    }
    void expect_the_truth(const client::OperationOptions& options) {
        const auto done = client_->await(options.operation_id, deadline());
        ASSERT_TRUE(done) << base::to_text(done.error());
        ASSERT_TRUE(done->state == OperationState::done || done->state == OperationState::failed)
            << "no truth was told";
        EXPECT_EQ(stored(), done->state == OperationState::done ? 2U : 1U);
    }
};

TEST_F(SerialTerminalTest, ChargesACardReversesItAndClosesTheDay) {
    start_counter();
    const auto paid = carry_out(payment());
    ASSERT_TRUE(paid) << base::to_text(paid.error());
    ASSERT_EQ(paid->state, OperationState::done) << (paid->error ? paid->error->text : "");
    const auto& result = std::get<contract::PaymentResult>(*paid->result);
    EXPECT_EQ(result.amount_minor, kAmount);
    EXPECT_FALSE(result.receipts.empty());
    EXPECT_EQ(stored(), 1U);
    const auto back =
        carry_out(contract::Reverse{kAmount, "EUR", result.receipt_number, result.trace_number});
    ASSERT_TRUE(back) << base::to_text(back.error());
    ASSERT_EQ(back->state, OperationState::done) << (back->error ? back->error->text : "");
    const auto day = carry_out(contract::EndOfDay{});
    ASSERT_TRUE(day) << base::to_text(day.error());
    EXPECT_EQ(day->state, OperationState::done) << (day->error ? day->error->text : "");
}

TEST_F(SerialTerminalTest, ADriverKilledInAPaymentLeavesATruthThatItsSuccessorFinds) {
    start_counter(kSlow);
    pay_before();
    const auto options = begin_payment();
    ASSERT_TRUE(shop_->kill_host("pos"));
    expect_the_truth(options);
}

TEST_F(SerialTerminalTest, ATerminalThatDiesInAPaymentIsAskedWhenItIsBack) {
    start_counter(kSlow);
    pay_before();
    const auto options = begin_payment();
    shop_->kill_simulator("pos");
    ASSERT_TRUE(shop_->start_simulator("pos", "payment/zvt", kSlow));
    expect_the_truth(options);
}

}  // namespace
}  // namespace tillhost::support
