// Claim: the driver makes the documents that it is asked for and tells what they became.
// Shown against the simulated registrar on virtual time; the simulator's memory is the judge.
#include "hal/drivers/fiscal/shtrih/driver.h"

#include "hal/drivers/fiscal/shtrih/test/rig.h"

namespace tillhost::drivers::shtrih {
namespace {

using base::Effect;
using base::ErrorCode;
using simulators::FiscalDocumentType;

TEST(ShtrihDriver, OpensAndTellsWhoAnswers) {
    Counter counter;
    Book book(counter);
    Host host(counter);
    const auto opened = host.open(book);
    ASSERT_TRUE(opened) << base::to_text(opened.error());
    EXPECT_EQ(opened->identity.serial, counter.options.serial);
    EXPECT_EQ(opened->identity.fiscal_memory, counter.options.fn_number);
    EXPECT_EQ(opened->identity.model, counter.options.model_name);
    EXPECT_FALSE(opened->resolution);
    const auto& status = std::get<contract::FiscalStatus>(opened->status);
    EXPECT_FALSE(status.shift_open);
    EXPECT_TRUE(status.paper_present);
    EXPECT_FALSE(status.cover_open);
    EXPECT_FALSE(status.document_open);
    EXPECT_EQ(status.last_document_number, counter.registrar->state().last_document_number);
}

TEST(ShtrihDriver, SellsAReceiptAsTheFiscalMemoryHasIt) {
    Counter counter;
    begin_day(counter);
    Book book(counter);
    Host host(counter);
    ASSERT_TRUE(host.open(book));
    const auto sold = host.execute(example_receipt(), book);
    ASSERT_TRUE(sold) << base::to_text(sold.error());
    ASSERT_EQ(counter.count(FiscalDocumentType::receipt), 1U);
    const auto& document = counter.last();
    EXPECT_TRUE(sold->registered);
    EXPECT_EQ(sold->printed, contract::Printed::printed);
    EXPECT_EQ(sold->fiscal_document_number, document.number);
    EXPECT_EQ(sold->fiscal_sign, document.sign);
    EXPECT_EQ(sold->shift_number, document.shift_number);
    EXPECT_EQ(sold->receipt_number, document.receipt_number);
    EXPECT_EQ(sold->total_minor, 25'015);
    EXPECT_EQ(document.total_minor, 25'015);
    EXPECT_EQ(sold->change_minor, 4'985);
    EXPECT_EQ(document.change_minor, 4'985);
    EXPECT_EQ(sold->registered_at.size(), 16U);
    ASSERT_EQ(document.lines.size(), 2U);
    EXPECT_EQ(document.lines[0].name, "Молоко 1л");
    EXPECT_EQ(document.lines[1].quantity_micro, 485'000);
    EXPECT_EQ(document.lines[1].vat_code, 2);
    EXPECT_EQ(document.payments_minor[0], 10'000);
    EXPECT_EQ(document.payments_minor[1], 20'000);
    EXPECT_EQ(document.operator_name, "Иванов И.И.");
    ASSERT_TRUE(book.marker && book.result);
    EXPECT_EQ(book.marker->total_minor, 25'015);
    EXPECT_EQ(book.marker->last_document_number + 1, document.number);
    EXPECT_EQ(book.result->fiscal_document_number, sold->fiscal_document_number);
}

TEST(ShtrihDriver, ADayOfShiftCashAndReceipts) {
    Counter counter;
    Book book(counter);
    Host host(counter);
    ASSERT_TRUE(host.open(book));
    const auto early = host.execute(example_receipt(), book);
    ASSERT_FALSE(early);
    EXPECT_EQ(early.error().code, ErrorCode::shift_not_open);
    EXPECT_EQ(early.error().effect, Effect::none);

    contract::OpenShift open;
    open.cashier = contract::Cashier{"Петрова А.А.", ""};
    const auto opened = host.execute(open, book);
    ASSERT_TRUE(opened) << base::to_text(opened.error());
    EXPECT_EQ(opened->fiscal_document_number, counter.last().number);
    EXPECT_EQ(opened->shift_number, 1);
    EXPECT_EQ(host.execute(open, book).error().code, ErrorCode::shift_already_open);

    const auto cash = host.execute(contract::CashIn{50'000, "RUB"}, book);
    ASSERT_TRUE(cash) << base::to_text(cash.error());
    EXPECT_EQ(cash->document_number, counter.last().device_number);
    EXPECT_EQ(counter.last().total_minor, 50'000);
    EXPECT_EQ(host.execute(contract::CashOut{60'000, "RUB"}, book).error().code,
              ErrorCode::not_enough_cash);
    ASSERT_TRUE(host.execute(contract::CashOut{20'000, "RUB"}, book));
    ASSERT_TRUE(host.execute(example_receipt(), book));
    EXPECT_EQ(counter.registrar->state().cash_minor, 50'000 - 20'000 + 10'000 - 4'985);
    ASSERT_TRUE(host.execute(contract::XReport{}, book));

    const auto closed = host.execute(contract::CloseShift{open.cashier}, book);
    ASSERT_TRUE(closed) << base::to_text(closed.error());
    EXPECT_EQ(closed->fiscal_document_number, counter.last().number);
    EXPECT_EQ(counter.last().type, FiscalDocumentType::shift_close);
    EXPECT_EQ(host.execute(contract::CloseShift{}, book).error().code, ErrorCode::shift_not_open);
}

}  // namespace
}  // namespace tillhost::drivers::shtrih
