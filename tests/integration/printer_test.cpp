// Claim: a sale's slip and drawer are a receipt printer's where the sale says so, and a document
// that was under way when devd was killed is told as unknown and never comes out a second time.
// Shown with devd, its hosts and devsim: the printer's paper tells.
#include <fmt/format.h>

#include "tests/integration/counter.h"

namespace tillhost::support {
namespace {

using contract::OperationState;

class PrinterTest : public CounterTest {
protected:
    PrinterTest() {
        MUST(shop_->configure(
            "slips", "driver = \"printer/escpos\"\nport = \"pty:" + shop_->pty("slips") + "\"\n"));
        MUST(shop_->configure("pos", "driver = \"payment/zvt\"\nport = \"pty:" + shop_->pty("pos") +
                                         "\"\n\n[settings]\nlink = \"serial\"\n"));
    }
    void start_printer() { ASSERT_TRUE(shop_->start_simulator("slips", "printer/escpos")); }
    void until_ready(const std::string& id) {
        ASSERT_TRUE(client_->subscribe("device/" + id, {}, deadline()));
        auto device = client_->status(id, deadline());
        ASSERT_TRUE(device) << base::to_text(device.error());
        while (device->state != contract::DeviceState::ready) {
            const auto event = client_->next_event(deadline());
            ASSERT_TRUE(event && *event) << device->reason;
            if (const auto* changed = std::get_if<contract::Device>(&(*event)->event.body);
                changed != nullptr && changed->device == id) {
                *device = *changed;
            }
        }
    }
    /// How often the paper has it.
    std::size_t on_paper(const std::string& words) {
        const std::string tape = MUST(shop_->ctl("slips", {"tape"}));
        std::size_t found = 0;
        for (std::size_t at = tape.find(words); at != std::string::npos;
             at = tape.find(words, at + 1)) {
            ++found;
        }
        return found;
    }
    static contract::PrintDocument document(const std::vector<std::string>& lines,
                                            bool copy = false) {
        contract::PrintDocument document;
        for (const std::string& line : lines) {
            contract::PrintedText text;
            text.text = line;
            document.blocks.emplace_back(std::move(text));
        }
        document.copy = copy;
        return document;
    }
};

TEST_F(PrinterTest, PrintsWhatItSaysAndMarksACopy) {
    start_printer();
    start_devd();
    connect();
    for (const bool copy : {false, true}) {
        const auto done =
            client_->carry_out("slips", document({"table 7"}, copy), new_id(), deadline());
        ASSERT_TRUE(done) << base::to_text(done.error());
        ASSERT_EQ(done->state, OperationState::done) << (done->error ? done->error->text : "");
        const auto& result = std::get<contract::PrintResult>(*done->result);
        EXPECT_EQ(result.printed, contract::Printed::printed);
        EXPECT_EQ(result.copy, copy);
    }
    EXPECT_EQ(on_paper("table 7"), 2U);
    EXPECT_EQ(on_paper("*** COPY ***"), 2U) << "above and below the second";
}

TEST_F(PrinterTest, ASalesSlipComesOutWholeAndItsDrawerOpens) {
    start_printer();
    ASSERT_TRUE(shop_->start_simulator("pos", "payment/zvt"));
    start();
    until_ready("kassa");
    until_ready("pos");
    contract::Sale sale;
    sale.receipt = tea();
    sale.receipt.currency = "EUR";
    sale.receipt.payments = {{contract::PaymentKind::electronic, 12000}};
    sale.registrar = "kassa";
    sale.terminal = "pos";
    sale.printer = "slips";
    sale.drawer = "slips";
    sale.open_drawer = true;
    const auto sold = client_->carry_out("", sale, new_id(), deadline());
    ASSERT_TRUE(sold) << base::to_text(sold.error());
    ASSERT_EQ(sold->state, OperationState::done) << (sold->error ? sold->error->text : "");
    std::size_t slips = 0;
    for (const contract::SaleStep& step : sold->sale->steps) {
        const bool at_printer = step.device == "slips";
        const auto done = client_->await(step.operation_id, deadline());
        ASSERT_TRUE(done) << base::to_text(done.error());
        EXPECT_EQ(done->state, OperationState::done) << (done->error ? done->error->text : "");
        slips += at_printer && step.role == contract::SaleRole::slip ? 1 : 0;
    }
    EXPECT_GT(slips, 0U);
    EXPECT_GT(on_paper("120"), 0U) << "the sum is on the slip";
}

TEST_F(PrinterTest, WhatWasUnderWayWhenDevdWasKilledComesOutOnceAtMost) {
    start_printer();
    start_devd();
    connect();
    ASSERT_TRUE(shop_->ctl("slips", {"fault", "paper_out", "after=2"}));
    const client::OperationOptions options = new_id();
    ASSERT_TRUE(client_->submit("slips", document({"line-1", "line-2", "line-3", "line-4"}),
                                options, deadline()));
    const os::Deadline end = deadline();
    while (on_paper("line-2") == 0) {  // each look is a round trip to the simulator
        ASSERT_LT(clock_.now(), end) << "nothing comes out";
    }
    shop_->kill_devd();
    start_devd();
    connect();
    const auto told = client_->await(options.operation_id, deadline());
    ASSERT_TRUE(told) << base::to_text(told.error());
    EXPECT_EQ(told->state, OperationState::failed);
    ASSERT_TRUE(told->error);
    EXPECT_EQ(told->error->code, "host_lost");
    EXPECT_EQ(told->error->effect, base::Effect::unknown);
    ASSERT_TRUE(shop_->ctl("slips", {"fault", "paper_in"}));
    const auto next = client_->carry_out("slips", document({"the next"}), new_id(), deadline());
    ASSERT_TRUE(next) << base::to_text(next.error());
    ASSERT_EQ(next->state, OperationState::done) << (next->error ? next->error->text : "");
    for (const char* line : {"line-1", "line-2", "line-3", "line-4"}) {
        EXPECT_LE(on_paper(line), 1U) << line;
    }
    EXPECT_EQ(on_paper("the next"), 1U);
}

}  // namespace
}  // namespace tillhost::support
