// Claim: the driver makes the documents that it is asked for and tells what they became.
// Shown against the simulated registrar on virtual time; the simulator's memory is the judge.
#include "hal/drivers/fiscal/shtrih/driver.h"

#include "hal/drivers/fiscal/shtrih/test/rig.h"

namespace tillhost::drivers::shtrih {
namespace {

using base::Effect;
using base::ErrorCode;
using simulators::FiscalDocumentType;

class ShtrihDriver : public OnBothLayers {};
INSTANTIATE_TEST_SUITE_P(Layers, ShtrihDriver, kBothLayers, kLayerName);

TEST_P(ShtrihDriver, OpensAndTellsWhoAnswers) {
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

TEST_P(ShtrihDriver, SellsAReceiptAsTheFiscalMemoryHasIt) {
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

TEST_P(ShtrihDriver, ADayOfShiftCashAndReceipts) {
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

TEST_P(ShtrihDriver, DiscountsArriveAsFinalPricesThatAddUp) {
    Counter counter;
    begin_day(counter);
    Book book(counter);
    Host host(counter);
    ASSERT_TRUE(host.open(book));
    contract::Receipt receipt = example_receipt();
    receipt.lines.push_back(line("Хлеб", 3333, 3));
    receipt.lines[2].discount_minor = 100;
    receipt.discount_minor = 777;
    receipt.payments = {{contract::PaymentKind::prepayment, 1'000},
                        {contract::PaymentKind::credit, 2'000},
                        {contract::PaymentKind::barter, 3'000},
                        {contract::PaymentKind::electronic, 4'000},
                        {contract::PaymentKind::cash, 24'137}};
    receipt.tax_system = contract::TaxSystem::patent;
    const auto sold = host.execute(receipt, book);
    ASSERT_TRUE(sold) << base::to_text(sold.error());
    const auto& document = counter.last();
    EXPECT_EQ(document.total_minor, 25'015 + 9'999 - 100 - 777);
    std::int64_t sum = 0;
    for (const auto& position : document.lines) {
        sum += position.sum_minor;
    }
    EXPECT_EQ(sum, document.total_minor);
    const std::vector<std::int64_t> paid = document.payments_minor;
    ASSERT_EQ(paid.size(), 16U);
    EXPECT_EQ(paid[0], 24'137);
    EXPECT_EQ(paid[1], 4'000);
    EXPECT_EQ(paid[13], 1'000);
    EXPECT_EQ(paid[14], 2'000);
    EXPECT_EQ(paid[15], 3'000);
}

TEST_P(ShtrihDriver, WhatCannotBePrintedIsRefusedBeforeAnythingIsSent) {
    Counter counter;
    begin_day(counter);
    Book book(counter);
    Host host(counter);
    ASSERT_TRUE(host.open(book));
    const auto refused = [&](contract::Receipt receipt, std::string_view field, ErrorCode code) {
        const int acts = counter.acts;
        const auto sold = host.execute(receipt, book);
        ASSERT_FALSE(sold) << field;
        EXPECT_EQ(sold.error().code, code) << base::to_text(sold.error());
        EXPECT_EQ(sold.error().effect, Effect::none);
        EXPECT_TRUE(sold.error().detail.starts_with(field)) << sold.error().detail;
        EXPECT_EQ(counter.acts, acts) << "something was sent";
    };
    contract::Receipt receipt = example_receipt();
    receipt.lines[1].name = "Сыр 🧀";
    refused(receipt, "lines[1].name", ErrorCode::text_not_printable);
    receipt.lines[1].name = "//Сыр";
    refused(receipt, "lines[1].name", ErrorCode::text_not_printable);
    receipt = example_receipt();
    receipt.text[0] = "спасибо\n";
    refused(receipt, "text[0]", ErrorCode::text_not_printable);
    receipt = example_receipt();
    receipt.cashier->name = "«Иванов»";
    refused(receipt, "cashier.name", ErrorCode::text_not_printable);
    receipt = example_receipt();
    receipt.cashier->tax_id = "12345";
    refused(receipt, "cashier.tax_id", ErrorCode::bad_field);
    receipt = example_receipt();
    receipt.currency = "EUR";
    refused(receipt, "currency", ErrorCode::bad_field);
    receipt = example_receipt();
    receipt.payments = {{contract::PaymentKind::cash, 100}};
    refused(receipt, "payments", ErrorCode::payment_below_total);
}

TEST_P(ShtrihDriver, PaperCoverAndAnOldShiftAreSeenBeforeTheSale) {
    Counter counter;
    begin_day(counter);
    Book book(counter);
    Host host(counter);
    ASSERT_TRUE(host.open(book));
    const auto refused = [&](ErrorCode code) {
        const auto sold = host.execute(example_receipt(), book);
        ASSERT_FALSE(sold);
        EXPECT_EQ(sold.error().code, code) << base::to_text(sold.error());
        EXPECT_EQ(sold.error().effect, Effect::none);
        EXPECT_EQ(counter.count(FiscalDocumentType::receipt), 0U);
    };
    book.marker.reset();
    counter.fault("paper_out");
    refused(ErrorCode::paper_out);
    counter.fault("paper_in");
    counter.fault("cover_open");
    refused(ErrorCode::cover_open);
    counter.fault("cover_closed");
    counter.fault("shift_expired");
    refused(ErrorCode::shift_expired);
    EXPECT_FALSE(book.marker) << "nothing irreversible was near";
    const auto closed = host.execute(contract::CloseShift{}, book);
    EXPECT_TRUE(closed) << base::to_text(closed.error());
}

TEST_P(ShtrihDriver, RegisteredAndNotPrintedIsASuccessAndPrintingIsContinuedLater) {
    Counter counter;
    begin_day(counter);
    Book book(counter);
    Host host(counter);
    ASSERT_TRUE(host.open(book));
    contract::Receipt receipt = example_receipt();
    receipt.text.clear();
    counter.fault("paper_out", {{"after", "3"}});
    const auto sold = host.execute(receipt, book);
    ASSERT_TRUE(sold) << base::to_text(sold.error());
    EXPECT_TRUE(sold->registered);
    EXPECT_EQ(sold->printed, contract::Printed::not_printed);
    EXPECT_EQ(counter.count(FiscalDocumentType::receipt), 1U);

    counter.fault("paper_in");
    counter.pass(1s);
    const auto again = host.execute(receipt, book);
    ASSERT_TRUE(again) << base::to_text(again.error());
    EXPECT_EQ(again->printed, contract::Printed::printed);
    EXPECT_EQ(counter.count(FiscalDocumentType::receipt), 2U);
}

TEST_P(ShtrihDriver, AFaultOfTheFiscalMemoryIsADoubtThatTheCountersSettle) {
    Counter counter;
    begin_day(counter);
    Book book(counter);
    Host host(counter);
    ASSERT_TRUE(host.open(book));
    counter.fault("memory_error", {{"code", "0x2F"}});
    const auto sold = host.execute(example_receipt(), book);
    ASSERT_FALSE(sold);
    EXPECT_EQ(sold.error().code, ErrorCode::fiscal_memory_failed);
    EXPECT_EQ(sold.error().device_code, 0x2FU);
    EXPECT_EQ(sold.error().effect, Effect::unknown);
    Host next(counter);
    const auto opened = next.open(book, book.pending(contract::Command(example_receipt())));
    ASSERT_TRUE(opened) << base::to_text(opened.error());
    EXPECT_EQ(opened->resolution->verdict, contract::Verdict::not_executed);
}

TEST_P(ShtrihDriver, PlainCommandsPrintCutAndOpenTheDrawer) {
    Counter counter;
    begin_day(counter);
    Book book(counter);
    Host host(counter);
    ASSERT_TRUE(host.open(book));
    contract::PrintText text;
    text.lines = {"Добро пожаловать", std::string(100, 'x'), ""};
    const auto printed = host.execute(text, book);
    ASSERT_TRUE(printed) << base::to_text(printed.error());
    EXPECT_FALSE(printed->registered);
    counter.pass(2s);
    const auto& tape = counter.registrar->tape();
    const auto hello = std::find_if(tape.begin(), tape.end(), [](const std::string& line_text) {
        return line_text.find("Добро пожаловать") != std::string::npos;
    });
    EXPECT_NE(hello, tape.end());
    EXPECT_TRUE(host.execute(contract::CutPaper{}, book));
    EXPECT_TRUE(host.execute(contract::OpenDrawer{}, book));
    EXPECT_TRUE(host.execute(contract::XReport{}, book));
    text.lines = {"ok", "→"};
    EXPECT_EQ(host.execute(text, book).error().detail.substr(0, 8), "lines[1]");
}

TEST_P(ShtrihDriver, SettingsAreCheckedAndTheSerialNumberBindsTheDevice) {
    Counter counter;
    const auto wrong = [&](const std::string& name, const std::string& value) {
        const auto made =
            make_driver({{name, value}}, std::make_unique<SimulatedPort>(counter), counter.clock);
        ASSERT_FALSE(made) << name << " " << value;
        EXPECT_EQ(made.error().code, ErrorCode::config_invalid);
        EXPECT_TRUE(made.error().detail.starts_with("settings." + name)) << made.error().detail;
    };
    wrong("password", "");
    wrong("password", "-1");
    wrong("password", "4294967296");
    wrong("password", "30x");
    wrong("link", "8F");
    wrong("serial", "");
    wrong("serial", "12a");
    wrong("admin_password", "x");
    wrong("foreign_receipt", "keep");
    wrong("training", "true");
    wrong("speed", "9600");
    EXPECT_FALSE(make_driver({}, nullptr, counter.clock));

    Book book(counter);
    Host right(counter, {}, {{"serial", "1234"}, {"password", "30"}});
    EXPECT_TRUE(right.open(book));
    Host other(counter, {}, {{"serial", "1235"}});
    EXPECT_EQ(other.open(book).error().code, ErrorCode::wrong_device);
    Host stranger(counter, {}, {{"password", "77"}});
    EXPECT_EQ(stranger.open(book).error().code, ErrorCode::wrong_password);
}

contract::Correction example_correction() {
    contract::Correction correction;
    correction.receipt = example_receipt();
    correction.receipt.text.clear();
    correction.basis = contract::CorrectionBasis::by_order;
    correction.basis_date = "2024-05-08";
    correction.basis_number = "17";
    return correction;
}

/// Table 17 row 1 field 17: the format of the fiscal data.
contract::WriteTable format_is(const char* format) { return {17, 1, 17, format}; }

TEST_P(ShtrihDriver, CorrectsInEitherDataFormat) {
    for (const char* format : {"2", "4"}) {
        Counter counter;
        Book book(counter);
        Host host(counter);
        ASSERT_TRUE(host.open(book));
        const auto written = host.execute(format_is(format), book);
        ASSERT_TRUE(written) << base::to_text(written.error());
        ASSERT_TRUE(host.open(book));
        ASSERT_TRUE(host.execute(contract::OpenShift{}, book));
        const auto made = host.execute(example_correction(), book);
        ASSERT_TRUE(made) << format << " " << base::to_text(made.error());
        ASSERT_EQ(counter.count(FiscalDocumentType::correction), 1U) << format;
        const auto& document = counter.last();
        EXPECT_EQ(made->fiscal_document_number, document.number);
        EXPECT_EQ(made->fiscal_sign, document.sign);
        EXPECT_EQ(made->receipt_number, document.receipt_number);
        EXPECT_EQ(document.total_minor, 25'015);
        EXPECT_EQ(document.correction_basis, 1);
        EXPECT_EQ(document.operation, simulators::FiscalOperation::sale);
        EXPECT_EQ(document.lines.size(), format[0] == '4' ? 2U : 0U);
    }
}

TEST_P(ShtrihDriver, EveryFieldOfAReceiptStandsInTheFiscalMemory) {
    for (const auto& model : both_orders()) {
        SCOPED_TRACE(model.model_name);
        Counter counter(model);
        Book book(counter);
        Host host(counter);
        ASSERT_TRUE(host.open(book));
        ASSERT_TRUE(host.execute(format_is("4"), book));
        ASSERT_TRUE(host.open(book));
        ASSERT_TRUE(host.execute(contract::OpenShift{}, book));
        contract::Receipt receipt = example_receipt();
        receipt.tax_system = contract::TaxSystem::general;
        receipt.customer_contact = "a@b.ru";
        receipt.electronic_only = true;
        receipt.lines[1].measure = 11;
        receipt.lines[1].item_type = contract::ItemType::excise_goods;
        receipt.lines[1].payment_method = contract::PaymentMethod::full_prepayment;
        const auto sold = host.execute(receipt, book);
        ASSERT_TRUE(sold) << base::to_text(sold.error());
        const auto& document = counter.last();
        EXPECT_TRUE(document.electronic_only);
        EXPECT_EQ(document.lines[1].item_type, 2);
        EXPECT_EQ(document.lines[1].payment_method, 1);
        const simulators::FiscalTag kilogram{2108, {base::byte(11)}};
        EXPECT_NE(std::find(document.lines[1].tags.begin(), document.lines[1].tags.end(), kilogram),
                  document.lines[1].tags.end());
        const simulators::FiscalTag contact{1008, base::bytes_of("a@b.ru")};
        EXPECT_NE(std::find(document.tags.begin(), document.tags.end(), contact),
                  document.tags.end());
        receipt.electronic_only = false;
        ASSERT_TRUE(host.execute(receipt, book));
        EXPECT_FALSE(counter.last().electronic_only) << "the next one is printed again";
    }
}

TEST_P(ShtrihDriver, AMarkedItemIsCheckedBoundAndSold) {
    for (const auto& model : both_orders()) {
        SCOPED_TRACE(model.model_name);
        Counter counter(model);
        Book book(counter);
        Host host(counter);
        ASSERT_TRUE(host.open(book));
        ASSERT_TRUE(host.execute(format_is("4"), book));
        ASSERT_TRUE(host.open(book));
        ASSERT_TRUE(host.execute(contract::OpenShift{}, book));
        contract::Receipt receipt = example_receipt();
        receipt.lines[0].quantity_units = 1;
        receipt.lines[0].price_minor = 9980;
        receipt.lines[0].item_type = contract::ItemType::marked_goods;
        receipt.lines[0].marking =
            contract::Marking{base::bytes_of("0104606203090002215abcdefgh"
                                             "\x1d"
                                             "93abcd")};
        const auto sold = host.execute(receipt, book);
        ASSERT_TRUE(sold) << base::to_text(sold.error());
        ASSERT_EQ(sold->markings.size(), 1U);
        EXPECT_NE(sold->markings[0].outcome, contract::MarkingOutcome::refused);
        EXPECT_EQ(counter.count(FiscalDocumentType::receipt), 1U);
        EXPECT_EQ(sold->markings, book.result->markings);
    }
}

TEST_P(ShtrihDriver, ServiceCommandsWorkOnTheSimulatedDevice) {
    Counter counter;
    begin_day(counter);
    Book book(counter);
    Host host(counter);
    ASSERT_TRUE(host.open(book));
    ASSERT_TRUE(host.execute(example_receipt(), book));
    contract::PrintBarcode barcode;
    barcode.symbology = contract::Symbology::qr;
    barcode.payload = std::string(100, 'x');
    contract::PrintBarcode bars;
    bars.symbology = contract::Symbology::ean13;
    bars.payload = "4606224098432";
    contract::PrintPicture picture;
    picture.width_dots = 16;
    picture.rows = base::Bytes(64, base::byte(0xF0));
    contract::PrintText text;
    text.lines = {"шрифт"};
    text.font = 2;
    contract::FeedPaper feed;
    feed.lines = 2;
    for (const contract::Command& command :
         {contract::Command(contract::PrintCopy{}), contract::Command(barcode),
          contract::Command(bars), contract::Command(picture), contract::Command(text),
          contract::Command(feed), contract::Command(contract::ContinuePrint{})}) {
        const auto done = host.execute(command, book);
        EXPECT_TRUE(done) << base::to_text(done.error());
        counter.pass(3s);
    }
}

TEST_P(ShtrihDriver, InTrainingModeNoCounterMoves) {
    Counter counter;
    begin_day(counter);
    const auto before = counter.registrar->state();
    const std::size_t documents = counter.registrar->documents().size();
    Book book(counter);
    Host host(counter, {}, {{"training", "yes"}});
    ASSERT_TRUE(host.open(book));
    ASSERT_TRUE(host.execute(contract::OpenShift{}, book));
    for (const contract::Command& command :
         {contract::Command(example_receipt()), contract::Command(contract::CashIn{100, "RUB"}),
          contract::Command(contract::CashOut{100, "RUB"}), contract::Command(contract::XReport{}),
          contract::Command(contract::CloseShift{})}) {
        const auto done = host.execute(command, book);
        ASSERT_TRUE(done) << base::to_text(done.error());
        EXPECT_FALSE(done->registered);
    }
    counter.pass(5s);
    EXPECT_EQ(counter.registrar->documents().size(), documents);
    EXPECT_EQ(counter.registrar->state().last_document_number, before.last_document_number);
    EXPECT_EQ(counter.registrar->state().cash_minor, before.cash_minor);
    EXPECT_EQ(counter.registrar->state().shift_open, before.shift_open);
    EXPECT_FALSE(book.marker);
    const auto& tape = counter.registrar->tape();
    EXPECT_TRUE(std::any_of(tape.begin(), tape.end(), [](const std::string& text) {
        return text.find("УЧЕБНЫЙ РЕЖИМ") != std::string::npos;
    }));
}

TEST_P(ShtrihDriver, NoIrreversibleByteLeavesWithoutAMarker) {
    Counter counter;
    begin_day(counter);
    Book book(counter);
    Host host(counter);
    ASSERT_TRUE(host.open(book));
    book.refuses = true;
    for (const contract::Command& command :
         {contract::Command(example_receipt()), contract::Command(contract::CloseShift{}),
          contract::Command(contract::CashIn{100, "RUB"})}) {
        const std::size_t before = counter.registrar->documents().size();
        const auto done = host.execute(command, book);
        ASSERT_FALSE(done);
        EXPECT_EQ(done.error().code, ErrorCode::storage_full);
        EXPECT_EQ(done.error().effect, Effect::none);
        counter.pass(5s);
        EXPECT_EQ(counter.registrar->documents().size(), before);
        EXPECT_FALSE(counter.registrar->state().document_open);
    }
}

TEST_P(ShtrihDriver, AnotherDeviceInTheSamePlaceIsNoticed) {
    Counter counter;
    begin_day(counter);
    Book book(counter);
    Host host(counter);
    ASSERT_TRUE(host.open(book));
    counter.fault("swap_device", {{"serial", "77"}, {"memory", "9999078900099999"}});
    const auto sold = host.execute(example_receipt(), book);
    ASSERT_FALSE(sold);
    EXPECT_EQ(sold.error().code, ErrorCode::wrong_device);
    EXPECT_EQ(sold.error().effect, Effect::none);
    EXPECT_EQ(host.status().error().code, ErrorCode::wrong_device);
    EXPECT_EQ(counter.count(FiscalDocumentType::receipt), 0U);
}

}  // namespace
}  // namespace tillhost::drivers::shtrih
