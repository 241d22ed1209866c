// Claim: a person sells, pays, takes back and decides from the command line, sees what the terminal
// asks, is told what to do where something is open, and can wait no longer without ending anything.
// Shown with the real programs, a simulated terminal and one without a link.
#include <fmt/format.h>

#include <filesystem>

#include "hal/os/files.h"
#include "tests/integration/counter.h"
#include "tests/integration/run_program.h"
#include "tests/integration/terminal.h"
#include "tests/support/free_port.h"

namespace tillhost::support {
namespace {

using contract::OperationState;

constexpr const char* kSale = R"({"receipt": {"kind": "sale", "currency": "EUR",
  "lines": [{"name": "Tea", "price_minor": 12000, "quantity_units": 1, "vat": "no_vat"}],
  "payments": [{"kind": "electronic", "amount_minor": 12000}]},
  "registrar": "kassa", "terminal": "pos", "printer": "-"})";

class SaleVerbsTest : public CounterTest {
protected:
    void SetUp() override {
        loop_ = MUST(os::EventLoop::create(clock_));
        const std::string address = fmt::format("127.0.0.1:{}", free_port());
        ASSERT_TRUE(shop_->start_simulator("pos", "payment/zvt", {"--pty", "", "--tcp", address}));
        ASSERT_TRUE(shop_->configure(
            "pos", fmt::format("driver = \"payment/zvt\"\nport = \"tcp:{}\"\n", address)));
        ASSERT_TRUE(shop_->configure("byhand",
                                     "driver = \"payment/manual\"\n\n[settings]\n"
                                     "confirm_above_minor = 10000\n"));
        start();
        wait_until_ready({"kassa", "pos", "byhand"});
    }
    Ran tillctl(std::vector<std::string> words) {
        words.insert(words.begin(), {"--endpoint", shop_->endpoint(), "--lang", "en"});
        return run_program(*loop_, clock_, PROGRAMS_FOLDER "tillctl", std::move(words));
    }
    std::string file(const std::string& name, const std::string& text) const {
        const std::string path = shop_->folder() + "/" + name;
        EXPECT_TRUE(os::write_atomically(path, base::bytes_of(text)));
        return path;
    }
    static void expect_all(const std::string& text, const std::vector<std::string>& parts) {
        for (const std::string& part : parts) {
            EXPECT_NE(text.find(part), std::string::npos) << part << " in\n" << text;
        }
    }
    bool has_stored_payment() {
        return MUST(shop_->ctl("pos", {"transactions", "--json"})).find("\"stored\"") !=
               std::string::npos;
    }
    contract::Operation newest(const std::string& device) {
        contract::OperationsRequest request;
        request.device = device;
        return MUST(client_->operations(request, deadline())).operations.at(0);
    }

    contract::Operation newest_sale() {
        const auto all = MUST(client_->operations({}, deadline()));
        for (const contract::Operation& one : all.operations) {
            if (one.sale) {
                return one;
            }
        }
        return {};
    }

    std::unique_ptr<os::EventLoop> loop_;
};

TEST_F(SaleVerbsTest, SellsAndSaysWhatWasPaidAndRegistered) {
    const Ran sold = tillctl({"sell", file("sale.json", kSale)});
    EXPECT_EQ(sold.exit, 0) << sold.err << sold.out;
    expect_all(sold.out, {"done", "completed: paid and registered", "120.00 EUR", "document",
                          "payment", "receipt", "for the customer"});
    expect_all(sold.err, {"paying at the terminal"});
    const Ran listed = tillctl({"operations"});
    expect_all(listed.out, {"sale", "authorise", "120.00 EUR"});
}

TEST_F(SaleVerbsTest, ASaleIsTakenBackByItsOwnId) {
    const Ran sold = tillctl({"sell", file("sale.json", kSale), "--print", "byhand"});
    EXPECT_EQ(sold.exit, 0) << "money and receipt are right";
    expect_all(sold.err, {"WARNING", "did not come out on byhand", "repeat-receipt pos"});
    const std::string id = newest_sale().operation_id.to_text();
    const Ran back = tillctl({"reverse", "pos", "--of", id});
    EXPECT_EQ(back.exit, 0) << back.err << back.out;
    expect_all(back.out, {"reverse", "120.00 EUR"});
    const std::string reversal = newest("pos").operation_id.to_text();
    expect_all(tillctl({"operation", id}).out, {"by operation " + reversal});
    const Ran again = tillctl({"reverse", "pos", "--of", id});
    EXPECT_EQ(again.exit, 1) << again.err;
    expect_all(again.err, {"operation " + reversal + " took this payment back already"});
}

TEST_F(SaleVerbsTest, ADeclinedCardIsSaidAndNothingIsSold) {
    ASSERT_TRUE(shop_->ctl("pos", {"fault", "card", "outcome=declined"}));
    const Ran declined = tillctl({"sell", file("sale.json", kSale)});
    EXPECT_EQ(declined.exit, 1) << declined.out;
    expect_all(declined.out, {"FAILED", "payment_declined", "Nothing was sold"});
}

TEST_F(SaleVerbsTest, AReceiptThatTheRegistrarDoesNotTakeChargesNoCard) {
    ASSERT_TRUE(shop_->start_simulator("till", "fiscal/shtrih"));
    const Ran added = tillctl({"add", "fiscal/shtrih", "till", "port=pty:" + shop_->pty("till")});
    EXPECT_EQ(added.exit, 1) << added.out;
    set_layout("till");
    EXPECT_EQ(tillctl({"shift", "till", "open"}).exit, 0);
    const Ran refused = tillctl({"sell", file("sale.json", kSale), "--registrar", "till"});
    EXPECT_EQ(refused.exit, 1) << refused.out;
    expect_all(refused.out, {"FAILED", "currency: RUB", "Nothing was sold"});
    EXPECT_FALSE(has_stored_payment());
    const Ran asked = tillctl({"query", "till", "receipt", "docs/examples/receipt.json"});
    EXPECT_EQ(asked.exit, 0) << asked.err;
}

TEST_F(SaleVerbsTest, PaysTakesBackByTheBookAndClosesTheDay) {
    const Ran paid = tillctl({"pay", "pos", "12.50"});
    EXPECT_EQ(paid.exit, 0) << paid.err << paid.out;
    expect_all(paid.out, {"12.50 EUR", "slip number", "for the customer"});
    const std::string id = newest("pos").operation_id.to_text();
    const Ran reversed = tillctl({"reverse", "pos", "--of", id});
    EXPECT_EQ(reversed.exit, 0) << reversed.err << reversed.out;
    EXPECT_EQ(tillctl({"refund", "pos", "3"}).exit, 0);
    EXPECT_EQ(tillctl({"end-of-day", "pos"}).exit, 0);
    EXPECT_EQ(tillctl({"query", "pos", "last"}).exit, 0);
    EXPECT_EQ(tillctl({"diagnose", "pos"}).exit, 0);
}

TEST_F(SaleVerbsTest, CtrlCEndsTheWaitingAndAbortThePayment) {
    const std::string address = fmt::format("127.0.0.1:{}", free_port());
    ASSERT_TRUE(shop_->start_simulator("slow", "payment/zvt",
                                       {"--pty", "", "--tcp", address, "--card-ms", "60000"}));
    ASSERT_EQ(tillctl({"add", "payment/zvt", "slow", "port=tcp:" + address}).exit, 0);
    Terminal terminal(PROGRAMS_FOLDER "tillctl", {"pay", "slow", "12.50"});
    ASSERT_TRUE(terminal.sees("insert or hold the card")) << terminal.screen();
    terminal.press(Terminal::kCtrlC);
    EXPECT_TRUE(terminal.sees("GOES ON")) << terminal.screen();
    EXPECT_TRUE(terminal.sees("tillctl abort")) << terminal.screen();
    EXPECT_EQ(terminal.ended(), 3) << terminal.screen();
    const contract::Operation open = newest("slow");
    EXPECT_FALSE(client::is_final(open.state));
    const base::OperationId id = open.operation_id;
    const Ran asked = tillctl({"abort", "slow"});
    EXPECT_EQ(asked.exit, 0) << asked.err;
    expect_all(asked.out, {"tillctl operation " + id.to_text()});
    const auto ended = client_->await(id, deadline());
    ASSERT_TRUE(ended) << base::to_text(ended.error());
    EXPECT_EQ(ended->state, OperationState::failed) << "a card that never came cannot be charged";
    const Ran late = tillctl({"abort", "slow"});
    EXPECT_EQ(late.exit, 1);
    expect_all(late.err, {"carries out nothing"});
}

TEST_F(SaleVerbsTest, APaymentWaitsForItsTerminalOnlyWhileTheCustomerDoes) {
    ASSERT_TRUE(shop_->configure("away", fmt::format("driver = \"payment/zvt\"\n"
                                                     "port = \"tcp:127.0.0.1:{}\"\n",
                                                     free_port())));
    shop_->kill_devd();
    start_devd();
    const Ran waited =
        tillctl({"pay", "away", "12.50", "--currency", "EUR", "--start-within", "2"});
    EXPECT_EQ(waited.exit, 1) << waited.err << waited.out;
    expect_all(waited.err, {"It waits for away", "within 2 s", "nothing is charged"});
    expect_all(waited.out, {"expired", "did not start before its time limit"});
    const Ran unnamed = tillctl({"pay", "away", "12.50"});
    EXPECT_EQ(unnamed.exit, 1) << unnamed.err;
    expect_all(unnamed.err, {"device_not_ready", "away"});
}

TEST_F(SaleVerbsTest, WhatAPersonReadsIsEnteredTwiceAboveTheLimit) {
    const Ran open = tillctl({"pay", "byhand", "120", "--currency", "EUR"});
    EXPECT_EQ(open.exit, 3) << open.err << open.out;
    expect_all(open.err, {"do this at the terminal"});
    const contract::Operation doubt = newest("byhand");
    const std::string id = doubt.operation_id.to_text();
    const std::string version = std::to_string(doubt.version);
    expect_all(open.out, {"tillctl decide " + id + " executed --version " + version, "--receipt"});
    const std::vector<std::string> decide{"decide",  id,          "executed", "--version",
                                          version,   "--receipt", "17",       "--note",
                                          "slip 17", "--amount",  "120"};
    const Ran once = tillctl(decide);
    EXPECT_EQ(once.exit, 2);
    expect_all(once.err, {"amount_again"});
    std::vector<std::string> twice = decide;
    twice.insert(twice.end(), {"--amount-again", "120.00"});
    const Ran decided = tillctl(twice);
    EXPECT_EQ(decided.exit, 0) << decided.err;
    expect_all(decided.out, {"120.00 EUR", "entered by a person"});
    EXPECT_TRUE(newest("byhand").acknowledged) << "an equal payment would be a possible duplicate";
    const Ran next = tillctl({"pay", "byhand", "120", "--currency", "EUR"});
    EXPECT_EQ(next.exit, 3) << next.err << next.out;
    const contract::Operation second = newest("byhand");
    std::vector<std::string> same = twice;
    same[1] = second.operation_id.to_text();
    same[4] = std::to_string(second.version);
    const Ran doubled = tillctl(same);
    EXPECT_EQ(doubled.exit, 1) << doubled.err;
    expect_all(doubled.err, {"slip 17 settled operation " + id});
}

TEST_F(SaleVerbsTest, ASaleThatWaitsForAPersonNamesTheStep) {
    const std::string path = file("sale.json", kSale);
    const Ran open = tillctl({"sell", path, "--terminal", "byhand"});
    EXPECT_EQ(open.exit, 3) << open.err << open.out;
    const contract::Operation payment = newest("byhand");
    const std::string id = payment.operation_id.to_text();
    expect_all(open.out, {"One of its steps waits", "tillctl operation " + id});
    EXPECT_EQ(tillctl({"decide", id, "not_executed", "--version", std::to_string(payment.version),
                       "--note", "declined at the terminal"})
                  .exit,
              0);
    const auto ended = client_->await(*payment.parent, deadline());
    ASSERT_TRUE(ended) << base::to_text(ended.error());
    EXPECT_EQ(ended->state, OperationState::failed);
}

TEST_F(SaleVerbsTest, NamesTheArgumentThatIsWrong) {
    for (const char* amount : {"0", "-5", "12.345", "12,50", "abc", "99999999999"}) {
        const Ran refused = tillctl({"pay", "pos", amount});
        EXPECT_EQ(refused.exit, 2) << amount << refused.out;
        expect_all(refused.err, {"AMOUNT: an amount above 0"});
    }
    const std::pair<std::vector<std::string>, const char*> wrong[] = {
        {{"pay", "pos", "5", "--currency", "eur"}, "--currency: three capital letters"},
        {{"pay", "byhand", "5"}, "--currency: must be named"},
        {{"reverse", "pos"}, "either AMOUNT (with --receipt) or --of ID"},
        {{"sell", "/nowhere.json"}, "/nowhere.json"},
        {{"sell", file("wrong.json", "{\"receipt\": {}, \"terminl\": \"pos\"}")}, "terminl"},
        {{"sell", file("wrong.xml", "<CheckPackage/>")}, "CheckPackage/Parameters: is missing"},
        {{"print-document", "kassa", file("doc.json", "{\"blocks\": [{\"txt\": {}}]}")},
         "blocks[0].txt"},
    };
    for (const auto& [words, what] : wrong) {
        const Ran refused = tillctl(words);
        EXPECT_EQ(refused.exit, 2) << what << refused.out;
        expect_all(refused.err, {what});
    }
    EXPECT_EQ(tillctl({"pay", "nothere", "5", "--currency", "EUR"}).exit, 1);
    EXPECT_TRUE(MUST(client_->operations({}, deadline())).operations.empty());
}

TEST_F(SaleVerbsTest, ReceiptsOfOneCAreReadByTheirContent) {
    const Ran sold =
        tillctl({"receipt", "kassa", "tests/vectors/check_package/trailing_zeros.xml"});
    EXPECT_EQ(sold.exit, 0) << sold.err << sold.out;
    expect_all(sold.out, {"document", "100.00"});
}

}  // namespace
}  // namespace tillhost::support
