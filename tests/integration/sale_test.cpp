// Claim: a sale of real programs charges a card at a simulated terminal and registers its receipt,
// takes the payment back where the receipt cannot be registered, and goes on after devd was killed;
// the terminal's ledger and the registrar's memory tell the same.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/integration/counter.h"
#include "tests/support/free_port.h"

namespace tillhost::support {
namespace {

using contract::OperationState;
using contract::SaleRole;
using contract::SaleStage;

constexpr std::int64_t kTotal = 12000;

class SaleTest : public CounterTest {
protected:
    /// A terminal that takes euro and a registrar that takes what it is given.
    void start_counter(const std::string& more = "") {
        const std::string address = fmt::format("127.0.0.1:{}", free_port());
        ASSERT_TRUE(shop_->start_simulator("pos", "payment/zvt", {"--pty", "", "--tcp", address}));
        ASSERT_TRUE(shop_->configure(
            "pos", fmt::format("driver = \"payment/zvt\"\nport = \"tcp:{}\"\n", address)));
        ASSERT_TRUE(shop_->configure("byhand",
                                     "driver = \"payment/manual\"\n\n[settings]\n"
                                     "confirm_above_minor = 10000\n" +
                                         more));
        start();
        wait_until_ready({"kassa", "pos", "byhand"});
    }
    static contract::Sale sale(const std::string& terminal = "pos") {
        contract::Sale sale;
        sale.receipt = tea();
        sale.receipt.currency = "EUR";
        sale.receipt.payments = {{contract::PaymentKind::electronic, kTotal}};
        sale.registrar = "kassa";
        sale.terminal = terminal;
        sale.printer = "-";
        return sale;
    }
    base::Result<contract::Operation> sell(const contract::Sale& what) {
        client::OperationOptions options = new_id();
        options.force = true;  // the same tea again
        options.doubt_patience = std::chrono::seconds(1);
        id_ = options.operation_id;
        return client_->carry_out("", what, options, deadline());
    }
    static const contract::SaleStep* step(const contract::Operation& of, SaleRole role) {
        for (const contract::SaleStep& one : of.sale->steps) {
            if (one.role == role) {
                return &one;
            }
        }
        return nullptr;
    }
    std::string why(const contract::SaleStep& of) {
        const auto operation = client_->operation(of.operation_id, deadline());
        return operation && operation->error ? operation->error->text : "";
    }
    std::size_t count(const std::string& of, const std::string& list, const std::string& what) {
        const std::string text = MUST(shop_->ctl(of, {list, "--json"}));
        std::size_t found = 0;
        for (std::size_t at = text.find(what); at != std::string::npos;
             at = text.find(what, at + 1)) {
            ++found;
        }
        return found;
    }
    std::size_t receipts() { return count("kassa", "documents", "\"receipt\""); }

    base::OperationId id_;
};

TEST_F(SaleTest, ChargesTheCardAndRegistersTheReceipt) {
    start_counter();
    const auto sold = sell(sale());
    ASSERT_TRUE(sold) << base::to_text(sold.error());
    ASSERT_EQ(sold->state, OperationState::done) << (sold->error ? sold->error->text : "");
    EXPECT_EQ(sold->sale->stage, SaleStage::completed);
    EXPECT_EQ(sold->sale->payment->amount_minor, kTotal);
    EXPECT_GT(sold->sale->fiscal->fiscal_document_number, 0);
    EXPECT_EQ(count("pos", "transactions", "\"stored\""), 1U);
    EXPECT_EQ(receipts(), 1U);
}

TEST_F(SaleTest, OfADeclinedCardRegistersNothing) {
    start_counter();
    ASSERT_TRUE(shop_->ctl("pos", {"fault", "card", "outcome=declined"}));
    const auto sold = sell(sale());
    ASSERT_TRUE(sold) << base::to_text(sold.error());
    EXPECT_EQ(sold->state, OperationState::failed);
    EXPECT_EQ(sold->error->code, "payment_declined");
    EXPECT_EQ(receipts(), 0U);
}

TEST_F(SaleTest, GoesOnWhereDevdWasKilled) {
    start_counter();
    // A terminal that never had a transaction does not tell that it has none.
    const auto before = MUST(sell(sale()));
    ASSERT_EQ(before.state, OperationState::done);
    client::OperationOptions options = new_id();
    options.force = true;
    ASSERT_TRUE(client_->subscribe("operation/pos", {}, deadline()));
    ASSERT_TRUE(client_->submit("", sale(), options, deadline()));
    while (true) {  // until the payment may be under way
        const auto event = client_->next_event(deadline());
        ASSERT_TRUE(event && *event) << "no event";
        const auto* operation = std::get_if<contract::Operation>(&(**event).event.body);
        if (operation != nullptr && operation->state == OperationState::prepared &&
            operation->operation_id != step(before, SaleRole::payment)->operation_id) {
            break;
        }
    }
    shop_->kill_devd();
    start_devd();
    connect();
    const auto sold = client_->await(options.operation_id, deadline());
    ASSERT_TRUE(sold) << base::to_text(sold.error());
    const std::size_t charged = count("pos", "transactions", "\"stored\"");
    EXPECT_EQ(charged, receipts()) << "charged and registered are not alike";
    EXPECT_EQ(sold->state, receipts() == 2 ? OperationState::done : OperationState::failed)
        << why(*step(*sold, SaleRole::payment));
}

TEST_F(SaleTest, WaitsForWhatThePersonReadsFromATerminalWithoutALink) {
    start_counter();
    const auto open = sell(sale("byhand"));
    ASSERT_TRUE(open) << base::to_text(open.error());
    ASSERT_EQ(open->state, OperationState::accepted);
    ASSERT_TRUE(open->error);
    EXPECT_EQ(receipts(), 0U);
    const contract::SaleStep* const payment = step(*open, SaleRole::payment);
    ASSERT_NE(payment, nullptr);
    client::Client::Decision decision;
    decision.operation_id = payment->operation_id;
    decision.version = MUST(client_->operation(payment->operation_id, deadline())).version;
    decision.verdict = contract::Verdict::executed;
    decision.note = "read from the slip";
    decision.payment.emplace();
    decision.payment->amount_minor = kTotal;
    decision.payment->receipt_number = 17;
    const auto once = client_->decide(decision, deadline());
    ASSERT_FALSE(once);
    EXPECT_NE(once.error().detail.find("payment.amount_again_minor"), std::string::npos);
    decision.payment->amount_again_minor = kTotal;
    const auto twice = client_->decide(decision, deadline());
    ASSERT_TRUE(twice) << base::to_text(twice.error());
    const auto sold = client_->await(id_, deadline());
    ASSERT_TRUE(sold) << base::to_text(sold.error());
    EXPECT_EQ(sold->state, OperationState::done);
    EXPECT_TRUE(sold->sale->payment->entered_by_hand);
    EXPECT_EQ(receipts(), 1U);
}

}  // namespace
}  // namespace tillhost::support
