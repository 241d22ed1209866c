// Claim: every field of a receipt and of a correction reaches the registrar as the sheet writes it,
// and what cannot be sent is refused, naming the field, before a byte leaves.
// Shown byte by byte on a scripted registrar.
#include "hal/base/money.h"
#include "hal/drivers/fiscal/shtrih/test/rig.h"
#include "hal/drivers/fiscal/shtrih/test/scripted.h"
#include "hal/drivers/fiscal/shtrih/ticket.h"

namespace tillhost::drivers::shtrih {
namespace {

using base::Effect;
using base::ErrorCode;
using contract::ReceiptKind;
using Strings = std::vector<std::string>;

contract::Receipt milk(ReceiptKind kind) {
    contract::Receipt receipt;
    receipt.kind = kind;
    receipt.lines = {line("Молоко 1л", 4990)};
    receipt.payments = {{contract::PaymentKind::cash, 4990}};
    return receipt;
}

/// A device that closes the document as number 8, whatever was in it.
void accept_documents(Scripted& device, int kind, std::int64_t total) {
    device.answer(Command::open_document, [&device, kind, total](base::ByteView) {
        device.in_document(kind, 1, total);
        return "00 1E";
    });
    device.answer(Command::close_document, [&device](base::ByteView) {
        device.in_document(-1, 0, 0);
        return "00 00 00 00 00 00 08 00 00 00 B1 68 DE 3A 18 05 1F 0E 20";
    });
}

TEST(ShtrihReceipt, TheTwoCountingsOfKindsAreNotMixedUp) {
    const struct {
        ReceiptKind kind;
        const char* opened;     // 8Dh: sale, purchase, return of a sale, return of a purchase
        const char* operation;  // FF46h: sale, return of a sale, purchase, return of a purchase
    } rows[] = {{ReceiptKind::sale, "00", "01"},
                {ReceiptKind::sale_return, "02", "02"},
                {ReceiptKind::purchase, "01", "03"},
                {ReceiptKind::purchase_return, "03", "04"}};
    for (const auto& row : rows) {
        Scripted device;
        ScriptedHost host(device);
        accept_documents(device, std::stoi(row.opened), 4990);
        const auto made = host.execute(milk(row.kind));
        ASSERT_TRUE(made) << base::to_text(made.error());
        EXPECT_EQ(made->fiscal_document_number, 8);
        EXPECT_EQ(device.sent(Command::open_document), Strings{row.opened});
        ASSERT_EQ(device.sent(Command::position).size(), 1U);
        EXPECT_EQ(device.sent(Command::position)[0].substr(0, 2), row.operation);
    }
}

TEST(ShtrihReceipt, ADocumentOfAnotherKindIsCancelledAndNotClosed) {
    Scripted device;
    ScriptedHost host(device);
    accept_documents(device, 1, 4990);  // the device takes a return for a purchase
    device.answer(Command::cancel_document, [&device](base::ByteView) {
        device.in_document(-1, 0, 0);
        return "00 1E";
    });
    const auto made = host.execute(milk(ReceiptKind::sale_return));
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, ErrorCode::device_refused);
    EXPECT_EQ(made.error().effect, Effect::none);
    EXPECT_TRUE(device.sent(Command::close_document).empty());
    EXPECT_EQ(device.sent(Command::cancel_document).size(), 1U);
}

TEST(ShtrihReceipt, EveryFieldOfALineAndOfTheReceiptIsSent) {
    Scripted device;
    ScriptedHost host(device);
    accept_documents(device, 0, 4990);
    contract::Receipt receipt = milk(ReceiptKind::sale);
    receipt.tax_system = contract::TaxSystem::patent;
    receipt.cashier = contract::Cashier{"Anna", "500100732259"};
    receipt.customer_contact = "+79001234567";
    receipt.customer_name = "OOO X";
    receipt.customer_tax_id = "7701234567";
    receipt.tags = {{1192, contract::TagKind::text, "42", 0, {}}};
    contract::ReceiptLine& goods = receipt.lines[0];
    goods.vat = contract::Vat::vat_7;
    goods.department = 3;
    goods.item_type = contract::ItemType::service;
    goods.payment_method = contract::PaymentMethod::advance;
    goods.measure = 11;
    goods.tags = {{1191, contract::TagKind::text, "A", 0, {}},
                  {1229, contract::TagKind::integer, "", 300, {}},
                  {1260, contract::TagKind::bytes, "", 0, {base::byte(1), base::byte(2)}}};
    const auto made = host.execute(receipt);
    ASSERT_TRUE(made) << base::to_text(made.error());
    EXPECT_EQ(device.sent(Command::position)[0],
              "01 40 42 0F 00 00 00 7E 13 00 00 00 7E 13 00 00 00 FF FF FF FF FF 82 03 03 04 CC EE "
              "EB EE EA EE 20 31 EB");
    EXPECT_EQ(
        device.sent(Command::operation_tag),
        (Strings{"3C 08 01 00 0B", "A7 04 01 00 41", "CD 04 02 00 2C 01", "EC 04 02 00 01 02"}));
    EXPECT_EQ(
        device.sent(Command::document_tag),
        (Strings{"FD 03 04 00 41 6E 6E 61", "B3 04 0C 00 35 30 30 31 30 30 37 33 32 32 35 39",
                 "F0 03 0C 00 2B 37 39 30 30 31 32 33 34 35 36 37", "CB 04 05 00 4F 4F 4F 20 58",
                 "CC 04 0C 00 37 37 30 31 32 33 34 35 36 37 20 20", "A8 04 02 00 34 32"}));
    const std::string close = device.sent(Command::close_document)[0];
    EXPECT_EQ(close.substr(close.size() - 2), "20");
}

TEST(ShtrihReceipt, AnOldDataFormatTakesTheUnitByName) {
    Scripted device;
    device.set_table(17, 1, 17, "02");
    ScriptedHost host(device);
    accept_documents(device, 0, 4990);
    contract::Receipt receipt = milk(ReceiptKind::sale);
    receipt.lines[0].measure = 11;
    ASSERT_TRUE(host.execute(receipt));
    EXPECT_EQ(device.sent(Command::operation_tag), Strings{"AD 04 02 00 AA A3"});
}

TEST(ShtrihReceipt, TheDataFormatStandsWhereTheModelSays) {
    Scripted device;
    device.say(
        Command::model_parameters,
        "08 00 C0 F7 3F 08 00 00 00 00 01 0C 0A 00 00 00 00 00 00 1E 00 00 00 00 06 FF 00 28 "
        "00 00 00 0D 0E 10 0A 1D");
    device.set_table(17, 1, 17, "02");
    device.set_table(10, 1, 29, "04");
    ScriptedHost host(device);
    accept_documents(device, 0, 4990);
    contract::Receipt receipt = milk(ReceiptKind::sale);
    receipt.lines[0].measure = 11;
    ASSERT_TRUE(host.execute(receipt));
    EXPECT_EQ(device.sent(Command::operation_tag), Strings{"3C 08 01 00 0B"});
}

TEST(ShtrihReceipt, SomeModelsWantTagsBeforeThePosition) {
    for (const bool first : {false, true}) {
        Scripted device;
        if (first) {  // ШТРИХ-МОБАЙЛ-Ф
            device.say(Command::device_type,
                       "00 00 02 00 2D 00 D8 D2 D0 C8 D5 2D CC CE C1 C0 C9 CB 2D D4");
        }
        ScriptedHost host(device);
        accept_documents(device, 0, 4990);
        contract::Receipt receipt = milk(ReceiptKind::sale);
        receipt.lines[0].measure = 11;
        ASSERT_TRUE(host.execute(receipt));
        const auto changes = device.changes();
        const auto tag = std::find(changes.begin(), changes.end(), Command::operation_tag);
        const auto position = std::find(changes.begin(), changes.end(), Command::position);
        EXPECT_EQ(tag < position, first);
    }
}

TEST(ShtrihReceipt, NothingIsPrintedOfAnElectronicOne) {
    Scripted device;
    ScriptedHost host(device);
    accept_documents(device, 0, 4990);
    contract::Receipt receipt = milk(ReceiptKind::sale);
    receipt.electronic_only = true;
    receipt.customer_contact = "a@b.ru";
    const auto made = host.execute(receipt);
    ASSERT_TRUE(made) << base::to_text(made.error());
    EXPECT_EQ(made->printed, contract::Printed::not_printed);
    EXPECT_EQ(device.sent(Command::write_table), Strings{"11 01 00 07 01"});
    EXPECT_EQ(device.changes().front(), Command::write_table) << "not while a document is open";
}

TEST(ShtrihReceipt, PaperComesBackWhereAnElectronicOneFails) {
    Scripted device;
    ScriptedHost host(device);
    device.answer(Command::write_table, [&device](base::ByteView parameters) {
        device.set_table(17, 1, 7, base::to_hex(parameters.subspan(4)));
        return "00";
    });
    device.refuse(Command::open_document, 0x4E);
    contract::Receipt receipt = milk(ReceiptKind::sale);
    receipt.electronic_only = true;
    receipt.customer_contact = "a@b.ru";
    const auto made = host.execute(receipt);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().effect, Effect::none);
    EXPECT_EQ(device.sent(Command::write_table), (Strings{"11 01 00 07 01", "11 01 00 07 00"}));

    device.set_table(17, 1, 7, "01");  // a host that died in between
    ScriptedHost next(device);
    device.say(Command::open_document, "1E");
    accept_documents(device, 0, 4990);
    ASSERT_TRUE(next.execute(milk(ReceiptKind::sale)));
    EXPECT_TRUE(device.sent(Command::write_table).empty()) << "put right when the line was opened";
}

TEST(ShtrihReceipt, WhatCannotBeSentIsRefusedBeforeAByteLeaves) {
    for (const char* format : {"02", "04"}) {
        Scripted device;
        device.set_table(17, 1, 17, format);
        ScriptedHost host(device);
        const auto refused = [&](const contract::Receipt& receipt, std::string_view field,
                                 ErrorCode code) {
            const auto made = host.execute(receipt);
            ASSERT_FALSE(made) << field;
            EXPECT_EQ(made.error().code, code) << base::to_text(made.error());
            EXPECT_EQ(made.error().effect, Effect::none);
            EXPECT_TRUE(made.error().detail.starts_with(field)) << made.error().detail;
            const auto checked = host.query(contract::ReceiptCheckQuery{receipt});
            ASSERT_FALSE(checked) << field;
            EXPECT_EQ(base::to_text(checked.error()), base::to_text(made.error()));
            EXPECT_EQ(device.messages(), 0U);
        };
        contract::Receipt receipt = milk(ReceiptKind::sale);
        receipt.currency = "EUR";
        refused(receipt, "currency", ErrorCode::bad_field);
        receipt = milk(ReceiptKind::sale);
        receipt.customer_name = "ООО «X»";
        refused(receipt, "customer_name", ErrorCode::text_not_printable);
        receipt = milk(ReceiptKind::sale);
        receipt.tags = {{1008, contract::TagKind::text, "a@b.ru", 0, {}}};
        refused(receipt, "tags[0].number", ErrorCode::bad_field);
        receipt.tags = {{1192, contract::TagKind::text, std::string(246, 'x'), 0, {}}};
        refused(receipt, "tags[0].text", ErrorCode::bad_field);
        receipt = milk(ReceiptKind::sale);
        receipt.lines[0].tags = {{2108, contract::TagKind::integer, "", 11, {}}};
        refused(receipt, "lines[0].tags[0].number", ErrorCode::bad_field);
        if (format[1] == '4') {
            continue;
        }
        receipt = milk(ReceiptKind::sale);
        receipt.lines[0].measure = 99;
        refused(receipt, "lines[0].measure", ErrorCode::not_supported);
        receipt.lines[0].measure = 0;
        receipt.lines[0].item_type = contract::ItemType::marked_goods;
        refused(receipt, "lines[0].item_type", ErrorCode::not_supported);
        receipt.lines[0].item_type = contract::ItemType::goods;
        receipt.lines[0].marking = contract::Marking{base::bytes_of("0104"), {}};
        refused(receipt, "lines[0].marking", ErrorCode::not_supported);
    }
}

contract::Correction correction_of(contract::Receipt receipt) {
    contract::Correction correction;
    correction.receipt = std::move(receipt);
    correction.basis = contract::CorrectionBasis::by_order;
    correction.basis_date = "2024-05-08";
    correction.basis_number = "17";
    return correction;
}

/// A device that makes document 8 of FF35h and FF4Ah.
void accept_old_corrections(Scripted& device) {
    device.answer(Command::begin_correction, [&device](base::ByteView) {
        device.say(Command::storage_status, Scripted::storage_status(0x14, 7));
        return "00";
    });
    device.answer(Command::cancel_in_storage, [&device](base::ByteView) {
        device.say(Command::storage_status, Scripted::storage_status(0, 7));
        return "00";
    });
    device.answer(Command::correction, [&device](base::ByteView) {
        device.say(Command::storage_status, Scripted::storage_status(0, 8));
        return "00 06 00 08 00 00 00 3D 1E A1 06 18 05 1F 0E 20";
    });
}

TEST(ShtrihReceipt, AStandardRateThatIsNamedIsThatOfTheRegistrarsTable) {
    Scripted device;
    device.set_table(6, 1, 1, "98 08");  // 22.00 %
    device.set_table(6, 5, 1, "98 08");
    ScriptedHost host(device);
    contract::Receipt receipt;
    receipt.kind = ReceiptKind::sale;
    receipt.lines = {line("any", 12'000)};
    receipt.payments = {{contract::PaymentKind::cash, 12'000}};
    for (const contract::Vat vat : {contract::Vat::standard, contract::Vat::standard_included}) {
        receipt.lines[0].vat = vat;
        receipt.lines[0].vat_percent = 22;
        EXPECT_TRUE(host.query(contract::ReceiptCheckQuery{receipt}));
        receipt.lines[0].vat_percent = 20;
        const auto asked = host.query(contract::ReceiptCheckQuery{receipt});
        ASSERT_FALSE(asked) << "a card would be charged for it";
        EXPECT_EQ(asked.error().code, ErrorCode::bad_field);
        EXPECT_TRUE(asked.error().detail.starts_with("lines[0].vat_percent: 22.00"))
            << asked.error().detail;
        const auto sold = host.execute(receipt);
        ASSERT_FALSE(sold);
        EXPECT_EQ(sold.error().code, ErrorCode::bad_field);
        EXPECT_EQ(sold.error().effect, base::Effect::none);
        EXPECT_TRUE(host.records.all.empty()) << "neither a marker nor a document";
    }
}

TEST(ShtrihCorrection, AnOldDataFormatTakesSumsOnceWithTheRegistrarsOwnRates) {
    Scripted device;
    device.set_table(17, 1, 17, "02");
    device.set_table(6, 1, 1, "D0 07");  // 20.00 %
    device.set_table(6, 2, 1, "E8 03");
    ScriptedHost host(device);
    accept_old_corrections(device);
    contract::Receipt receipt;
    receipt.kind = ReceiptKind::sale;
    receipt.lines = {line("any", 12'000)};
    receipt.payments = {{contract::PaymentKind::cash, 12'000}};
    contract::Correction correction = correction_of(receipt);
    correction.basis = contract::CorrectionBasis::own_initiative;
    const auto made = host.execute(correction);
    ASSERT_TRUE(made) << base::to_text(made.error());
    EXPECT_EQ(made->fiscal_document_number, 8);
    EXPECT_EQ(made->fiscal_sign, 111'222'333);
    EXPECT_EQ(made->receipt_number, 6);
    EXPECT_EQ(made->total_minor, 12'000);
    // D40 of the sheet
    EXPECT_EQ(device.sent(Command::correction),
              Strings{"00 01 E0 2E 00 00 00 E0 2E 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 "
                      "00 00 00 00 00 00 00 D0 07 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 "
                      "00 00 00 00 00 00 00 00 00 00 00 00 01"});
    EXPECT_EQ(device.sent(Command::document_tag),
              (Strings{"9A 04 04 00 80 C0 3A 66", "9B 04 02 00 31 37"}));
    EXPECT_TRUE(device.sent(Command::open_document).empty());
    EXPECT_TRUE(device.sent(Command::position).empty());
    ASSERT_EQ(host.records.all.size(), 2U) << "the marker, then the result";
    EXPECT_EQ(std::get<contract::FiscalMarker>(std::get<contract::Marker>(host.records.all[0]))
                  .total_minor,
              12'000);
}

TEST(ShtrihCorrection, ChangeIsNoPartOfASumAndEveryGroupHasItsPlace) {
    CorrectionFields sums;
    sums.vat_minor = {12'000, 11'000, 500, 700, 1'200, 1'100};
    set_taxes(sums, 2'000, 1'000);
    EXPECT_EQ(sums.vat_minor, (std::array<std::int64_t, 6>{2'000, 1'000, 500, 700, 200, 100}));
    contract::Receipt receipt = example_receipt();
    receipt.text.clear();
    receipt.kind = ReceiptKind::purchase;
    const auto ticket = prepare_correction(correction_of(receipt), Abilities{40, Format::v1_05});
    ASSERT_TRUE(ticket) << base::to_text(ticket.error());
    EXPECT_EQ(ticket->sums->total_minor, 25'015);
    EXPECT_EQ(ticket->sums->payments_minor, (std::array<std::int64_t, 5>{5'015, 20'000, 0, 0, 0}));
    EXPECT_EQ(ticket->sums->operation, FiscalOperation::purchase);
    EXPECT_TRUE(ticket->sums->by_order);
    EXPECT_EQ(ticket->sums->vat_minor[0], 9'980);
    EXPECT_EQ(ticket->sums->vat_minor[1], 15'035);
}

TEST(ShtrihCorrection, FormatOneTwoTakesPositionsAndTheBasisBehindThem) {
    Scripted device;
    ScriptedHost host(device);
    accept_documents(device, 3, 4990);
    const auto made = host.execute(correction_of(milk(ReceiptKind::purchase_return)));
    ASSERT_TRUE(made) << base::to_text(made.error());
    EXPECT_EQ(device.sent(Command::open_document), Strings{"83"});
    EXPECT_EQ(device.sent(Command::position)[0].substr(0, 2), "04");
    EXPECT_EQ(device.sent(Command::document_tag),
              (Strings{"95 04 01 00 01", "96 04 0E 00 9A 04 04 00 80 C0 3A 66 9B 04 02 00 31 37"}));
    EXPECT_EQ(device.sent(Command::close_document).size(), 1U);
    EXPECT_TRUE(device.sent(Command::correction).empty());
}

TEST(ShtrihCorrection, ARefusedOneIsTakenBackWithoutEffect) {
    Scripted device;
    device.set_table(17, 1, 17, "02");
    device.set_table(6, 1, 1, "D0 07");
    device.set_table(6, 2, 1, "E8 03");
    ScriptedHost host(device);
    accept_old_corrections(device);
    device.refuse(Command::correction, 0x09);
    const auto made = host.execute(correction_of(milk(ReceiptKind::sale)));
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().device_code, 0x09U);
    EXPECT_EQ(made.error().effect, Effect::none);
    EXPECT_EQ(device.sent(Command::correction).size(), 1U);
    EXPECT_EQ(device.sent(Command::cancel_in_storage).size(), 1U);
}

TEST(ShtrihCorrection, WhatAnOldFormatCannotHoldIsNamed) {
    const Abilities old{40, Format::v1_05};
    const auto refused = [&](const contract::Correction& correction, std::string_view field,
                             ErrorCode code) {
        const auto ticket = prepare_correction(correction, old);
        ASSERT_FALSE(ticket) << field;
        EXPECT_EQ(ticket.error().code, code);
        EXPECT_TRUE(ticket.error().detail.starts_with(field)) << ticket.error().detail;
    };
    contract::Correction correction = correction_of(milk(ReceiptKind::sale));
    correction.receipt.lines[0].vat = contract::Vat::vat_5;
    refused(correction, "receipt.lines[0].vat", ErrorCode::not_supported);
    correction = correction_of(milk(ReceiptKind::sale));
    correction.receipt.lines[0].tags = {{1191, contract::TagKind::text, "A", 0, {}}};
    refused(correction, "receipt.lines[0].tags", ErrorCode::not_supported);
    correction = correction_of(milk(ReceiptKind::sale));
    correction.receipt.lines[0].name = "→";
    refused(correction, "receipt: lines[0].name", ErrorCode::text_not_printable);
    correction = correction_of(milk(ReceiptKind::sale));
    correction.basis_number = "→";
    refused(correction, "basis_number", ErrorCode::text_not_printable);
}

TEST(ShtrihSettings, AForeignDocumentStaysWhereItIsNotToBeCancelled) {
    Scripted device;
    device.in_document(0, 1, 4990);
    device.say(Command::full_status, Scripted::full_status(8));
    ScriptedHost host(device, {{"foreign_receipt", "refuse"}});
    const auto& status = std::get<contract::FiscalStatus>((*host.opened)->status);
    EXPECT_TRUE(status.document_open);
    const auto made = host.execute(milk(ReceiptKind::sale));
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, ErrorCode::document_open);
    EXPECT_EQ(made.error().effect, Effect::none);
    EXPECT_TRUE(device.sent(Command::cancel_document).empty());
    EXPECT_TRUE(host.records.all.empty());
}

}  // namespace
}  // namespace tillhost::drivers::shtrih
