// Claim: printing, tables, clock and questions are what the sheet says, byte by byte; what the
// registrar cannot do is named before a byte leaves.
// Shown on a scripted registrar.
#include "hal/drivers/fiscal/shtrih/service_messages.h"

#include "hal/drivers/fiscal/shtrih/test/scripted.h"
#include "hal/drivers/fiscal/shtrih/warnings.h"

namespace tillhost::drivers::shtrih {
namespace {

using base::ErrorCode;
using contract::FiscalWarning;
using contract::Symbology;
using Strings = std::vector<std::string>;

std::string zeros(int count) {
    std::string text;
    for (int i = 0; i < count; ++i) {
        text += " 00";
    }
    return text;
}

/// 2Eh: name, then text of that size or a number with its bounds.
void structure(Scripted& device, const std::string& rest) {
    device.answer(Command::field_structure,
                  [rest](base::ByteView) { return "00 41" + zeros(39) + " " + rest; });
}

void expect_refused(ScriptedHost& host, const contract::Command& command, std::string_view field,
                    ErrorCode code) {
    host.device.forget();
    const auto done = host.execute(command);
    ASSERT_FALSE(done) << field;
    EXPECT_EQ(done.error().code, code) << base::to_text(done.error());
    EXPECT_TRUE(done.error().detail.starts_with(field)) << done.error().detail;
    EXPECT_TRUE(host.device.changes().empty());
}

TEST(ShtrihService, TextInAFontIsCutToThatFontsWidth) {
    Scripted device;
    ScriptedHost host(device);
    device.say(Command::font_metrics, "80 01 18 18 03");  // 384 dots, 24 a character, 3 fonts
    contract::PrintText text;
    text.font = 2;
    text.lines = {"abcdefghijklmnopqrst"};
    ASSERT_TRUE(host.execute(text));
    EXPECT_EQ(device.sent(Command::print_font_line),
              (Strings{"02 02 61 62 63 64 65 66 67 68 69 6A 6B 6C 6D 6E 6F 70" + zeros(24),
                       "02 02 71 72 73 74" + zeros(36)}));
    text.font = 4;
    expect_refused(host, text, "font", ErrorCode::bad_field);
}

TEST(ShtrihService, ATextMayComeOutWithSubstitutesAndBeCut) {
    Scripted device;
    ScriptedHost host(device);
    contract::PrintText text;
    text.lines = {"Danke f\u00FCr"};
    expect_refused(host, text, "lines[0]", ErrorCode::text_not_printable);
    text.substitute = true;
    text.cut = contract::CutMode::partial;
    device.refuse(Command::cut_paper, 0x37);  // it has no knife
    device.forget();
    ASSERT_TRUE(host.execute(text));
    EXPECT_EQ(device.sent(Command::print_line),
              (Strings{"02 44 61 6E 6B 65 20 66 3F 72" + zeros(31)}));
    EXPECT_EQ(device.sent(Command::cut_paper), Strings{"01"});
}

TEST(ShtrihService, BarcodesAreWrittenByTheirKind) {
    Scripted device;
    ScriptedHost host(device);
    for (const Command each : {Command::print_ean13, Command::print_bars, Command::load_data,
                               Command::print_square_code}) {
        device.say(each, "1E");
    }
    contract::PrintBarcode barcode;
    barcode.symbology = Symbology::ean13;
    barcode.payload = "4606224098432";
    ASSERT_TRUE(host.execute(barcode));
    EXPECT_EQ(device.sent(Command::print_ean13), Strings{"73 30 3C 3F 6B"});  // D34
    barcode.height_dots = 50;
    barcode.text_below = false;
    ASSERT_TRUE(host.execute(barcode));
    barcode = {};
    barcode.symbology = Symbology::code128;
    barcode.payload = "A1";
    ASSERT_TRUE(host.execute(barcode));
    EXPECT_EQ(
        device.sent(Command::print_bars),
        (Strings{"32 02 00 00 02 34 36 30 36 32 32 34 30 39 38 34 33", "50 02 02 00 08 41 31"}));
}

TEST(ShtrihService, AQrCodeIsLoadedInBlocks) {
    Scripted device;
    ScriptedHost host(device);
    device.say(Command::load_data, "1E");
    device.say(Command::print_square_code, "1E");
    contract::PrintBarcode barcode;
    barcode.symbology = Symbology::qr;
    barcode.payload = "t=20240531T1742&s=250.15&fn=9999078900012955&i=1234&fp=987654321&n=1";
    ASSERT_EQ(barcode.payload.size(), 68U);
    ASSERT_TRUE(host.execute(barcode));
    const auto blocks = device.sent(Command::load_data);
    ASSERT_EQ(blocks.size(), 2U);  // D35, D36, D37
    EXPECT_EQ(blocks[1], "00 01 26 6E 3D 31" + zeros(60));
    EXPECT_EQ(device.sent(Command::print_square_code), Strings{"03 44 00 00 00 00 04 00 01 01"});
}

TEST(ShtrihService, WhatABarcodeCannotBeIsNamed) {
    Scripted device;
    ScriptedHost host(device);
    contract::PrintBarcode barcode;
    barcode.symbology = Symbology::data_matrix;
    barcode.payload = "1";
    expect_refused(host, barcode, "symbology", ErrorCode::not_supported);
    barcode.symbology = Symbology::aztec;
    expect_refused(host, barcode, "symbology", ErrorCode::not_supported);
    barcode.symbology = Symbology::ean13;
    barcode.payload = "4606224098433";
    expect_refused(host, barcode, "payload", ErrorCode::bad_field);
    barcode.payload = "46062240984";
    expect_refused(host, barcode, "payload", ErrorCode::bad_field);
    barcode.payload = "4606224098432";
    barcode.alignment = contract::Alignment::left;
    expect_refused(host, barcode, "alignment", ErrorCode::not_supported);
    barcode = {};
    barcode.symbology = Symbology::code39;
    barcode.payload = std::string(49, 'A');
    expect_refused(host, barcode, "payload", ErrorCode::bad_field);
    barcode.symbology = Symbology::qr;
    barcode.module_dots = 2;
    expect_refused(host, barcode, "module_dots", ErrorCode::bad_field);
}

TEST(ShtrihService, EqualRowsOfAPictureAreOneCommand) {
    Scripted device;
    ScriptedHost host(device);
    device.say(Command::print_graphic_line, "1E");
    contract::PrintPicture picture;
    picture.width_dots = 16;
    picture.rows = *base::from_hex("FF 00 FF 00 81 42");
    ASSERT_TRUE(host.execute(picture));
    EXPECT_EQ(device.sent(Command::print_graphic_line),
              (Strings{"02 00 02" + zeros(19) + " FF 00" + zeros(19),
                       "01 00 02" + zeros(19) + " 81 42" + zeros(19)}));
    picture.alignment = contract::Alignment::right;
    device.forget();
    ASSERT_TRUE(host.execute(picture));
    EXPECT_EQ(device.sent(Command::print_graphic_line)[0], "02 00 02" + zeros(38) + " FF 00");
    picture.width_dots = 328;
    expect_refused(host, picture, "width_dots", ErrorCode::bad_field);
    picture.width_dots = 32;
    expect_refused(host, picture, "rows", ErrorCode::bad_field);
}

TEST(ShtrihService, CopyFeedAndContinue) {
    Scripted device;
    ScriptedHost host(device);
    ASSERT_TRUE(host.execute(contract::PrintCopy{}));
    EXPECT_EQ(device.sent(Command::print_copy), Strings{""});
    contract::FeedPaper feed;
    feed.lines = 3;
    ASSERT_TRUE(host.execute(feed));
    EXPECT_EQ(device.sent(Command::feed_paper), Strings{"02 03"});
    ASSERT_TRUE(host.execute(contract::ContinuePrint{}));
    EXPECT_TRUE(device.sent(Command::continue_printing).empty()) << "nothing waits";
    device.say(Command::short_status, "1E 92 02 02 03 00 9F E5 00 00 00 00 00 00 00");
    device.answer(Command::continue_printing, [&device](base::ByteView) {
        device.in_document(-1, 0, 0);
        return "00 1E";
    });
    ASSERT_TRUE(host.execute(contract::ContinuePrint{}));
    EXPECT_EQ(device.sent(Command::continue_printing), Strings{""});
    device.say(Command::short_status, "1E 92 02 02 02 00 9F E5 00 00 00 00 00 00 00");
    EXPECT_EQ(host.execute(contract::ContinuePrint{}).error().code, ErrorCode::paper_out);
}

TEST(ShtrihService, TheDateIsConfirmedBeforeTheTimeIsSet) {
    Scripted device;
    ScriptedHost host(device, {{"admin_password", "29"}});
    for (const Command each : {Command::set_time, Command::set_date, Command::confirm_date}) {
        device.say(each, "");
    }
    contract::SetClock clock;
    clock.time = "2024-05-31T17:42:05";
    expect_refused(host, clock, "", ErrorCode::shift_already_open);
    device.say(Command::full_status, Scripted::full_status(4));
    device.forget();
    ASSERT_TRUE(host.execute(clock));
    EXPECT_EQ(device.changes(),
              (std::vector{Command::set_date, Command::confirm_date, Command::set_time}));
    EXPECT_EQ(device.sent(Command::set_date), Strings{"1F 05 18"});
    EXPECT_EQ(device.sent(Command::confirm_date), Strings{"1F 05 18"});
    EXPECT_EQ(device.sent(Command::set_time), Strings{"11 2A 05"});
    for (const char* wrong :
         {"2024-05-31", "2024-13-31T00:00:00", "2024-02-30T00:00:00", "2024-05-31T24:00:00", "x"}) {
        clock.time = wrong;
        expect_refused(host, clock, "time", ErrorCode::bad_field);
    }
}

TEST(ShtrihService, ATableIsReadAndWrittenByItsOwnStructure) {
    Scripted device;
    ScriptedHost host(device);
    structure(device, "00 02 00 00 10 27");  // a number of 2 bytes, 0 to 10000
    device.set_table(6, 1, 1, "D0 07");
    const auto number = host.query(contract::TableQuery{6, 1, 1});
    ASSERT_TRUE(number) << base::to_text(number.error());
    const auto& rate = std::get<contract::TableField>(*number);
    EXPECT_TRUE(rate.numeric);
    EXPECT_EQ(rate.value, "2000");
    EXPECT_EQ(rate.max, 10'000);
    EXPECT_EQ(rate.name, "A");
    contract::WriteTable write{6, 1, 1, "2200"};
    ASSERT_TRUE(host.execute(write));
    EXPECT_EQ(device.sent(Command::write_table), Strings{"06 01 00 01 98 08"});
    write.value = "10001";
    expect_refused(host, write, "value", ErrorCode::bad_field);
    write.value = "20 %";
    expect_refused(host, write, "value", ErrorCode::bad_field);

    structure(device, "01 08");
    device.set_table(5, 2, 1, "CA C0 D0 D2 C0 00 00 00");
    const auto text = host.query(contract::TableQuery{5, 2, 1});
    ASSERT_TRUE(text);
    EXPECT_FALSE(std::get<contract::TableField>(*text).numeric);
    EXPECT_EQ(std::get<contract::TableField>(*text).value, "КАРТА");
    write = {5, 2, 1, "ab"};
    device.forget();
    ASSERT_TRUE(host.execute(write));
    EXPECT_EQ(device.sent(Command::write_table), Strings{"05 02 00 01 61 62" + zeros(6)});
}

TEST(ShtrihService, TheLayoutIsReadAndWrittenAsAWhole) {
    Scripted device;
    ScriptedHost host(device);
    structure(device, "01 04");
    for (int row = 1; row <= 14; ++row) {
        device.set_table(4, row, 1, row == 5 ? "41 00 00 00" : "00 00 00 00");
    }
    device.set_table(1, 1, 7, "02");
    device.set_table(5, 1, 1, "42 00 00 00");
    const auto found = host.query(contract::LayoutQuery{});
    ASSERT_TRUE(found) << base::to_text(found.error());
    const auto& layout = std::get<contract::Layout>(*found);
    EXPECT_EQ(layout.header, (Strings{"", "A"}));
    EXPECT_TRUE(layout.footer.empty());
    EXPECT_EQ(layout.auto_cut, contract::CutMode::partial);
    EXPECT_EQ(layout.payment_names, Strings{"B"});

    contract::SetLayout set;
    set.footer = {"ab"};
    set.auto_cut = contract::CutMode::none;
    set.payment_names = {"", "cd"};
    ASSERT_TRUE(host.execute(set));
    EXPECT_EQ(device.sent(Command::write_table),
              (Strings{"04 01 00 01 61 62 00 00", "04 02 00 01 00 00 00 00",
                       "04 03 00 01 00 00 00 00", "01 01 00 07 00", "05 02 00 01 63 64 00 00"}));
    set.footer = {"a", "abcde"};
    expect_refused(host, set, "footer[1]", ErrorCode::bad_field);
}

TEST(ShtrihService, ALastDayThatIsNoneOfTheCalendarIsAnErrorAndKeepsNobodyFromSelling) {
    for (const char* none : {"1A 02 1F", "1B 02 1D", "00 00 00", "1A 0D 01", "1A 01 00"}) {
        const auto day = read_storage_expiry(*base::from_hex(none));
        ASSERT_FALSE(day) << none;
        EXPECT_EQ(day.error().code, ErrorCode::unexpected_answer) << none;
        Scripted device;
        device.say(Command::storage_expiry, none);
        ScriptedHost host(device);  // opens it
        const auto found = host.query(contract::StatusQuery{});
        ASSERT_TRUE(found) << base::to_text(found.error());
        const auto& status = std::get<contract::FiscalStatus>(*found);
        EXPECT_EQ(status.memory_expires_on, "") << "unknown";
        EXPECT_EQ(std::count(status.warnings.begin(), status.warnings.end(),
                             FiscalWarning::memory_expired),
                  0);
    }
    EXPECT_EQ(MUST(read_storage_expiry(*base::from_hex("1C 02 1D"))),
              (DateTime{2028, 2, 29, 0, 0, 0}));
    EXPECT_EQ(read_storage_expiry(*base::from_hex("1A 02")).error().code, ErrorCode::frame_damaged);
}

TEST(ShtrihService, RegistersAreReadByTheirNumbers) {
    Scripted device;
    ScriptedHost host(device);
    device.say(Command::cash_register, "1E 37 9A 01 00 00 00");
    device.say(Command::operation_register, "1E 41 01");
    contract::RegistersQuery query;
    query.cash = {241, 4096};
    query.operation = {148};
    const auto found = host.query(query);
    ASSERT_TRUE(found) << base::to_text(found.error());
    const auto& registers = std::get<contract::Registers>(*found);
    ASSERT_EQ(registers.cash.size(), 2U);
    EXPECT_EQ(registers.cash[0].value, 105'015);
    EXPECT_EQ(registers.operation[0].value, 321);
    EXPECT_EQ(device.sent(Command::cash_register), (Strings{"F1", "00 10"}));
}

TEST(ShtrihService, TheStorageIsToldInDetailWithItsWarnings) {
    Scripted device;
    device.say(Command::storage_expiry, "18 06 0A");
    ScriptedHost host(device);
    device.say(Command::storage_version, "66 6E 5F 76 5F 31 5F 31" + zeros(8) + " 01");
    device.say(
        Command::registration,
        "18 01 01 0A 00 37 37 30 31 32 33 34 35 36 37 20 20 30 30 30 30 30 30 30 30 30 31 30 "
        "30 31 32 33 34 20 20 20 20 21 00");
    device.say(Command::exchange_status, "02 00 02 00 D1 04 00 00 18 05 14 11 1E");
    const auto found = host.query(contract::FiscalMemoryQuery{});
    ASSERT_TRUE(found) << base::to_text(found.error());
    const auto& memory = std::get<contract::FiscalMemory>(*found);
    EXPECT_EQ(memory.version, "fn_v_1_1");
    EXPECT_EQ(memory.expires_on, "2024-06-10");
    EXPECT_EQ(memory.ffd_version, "1.2");
    EXPECT_EQ(memory.tax_id, "7701234567");
    EXPECT_EQ(memory.registration_number, "0000000001001234");
    EXPECT_EQ(memory.tax_systems,
              (std::vector{contract::TaxSystem::general, contract::TaxSystem::patent}));
    EXPECT_EQ(memory.registrations_done, 2);
    EXPECT_EQ(memory.registrations_left, 5);
    EXPECT_EQ(memory.unsent_documents, 2);
    EXPECT_EQ(memory.unsent_first_number, 1233);
    EXPECT_EQ(memory.unsent_since, "2024-05-20T17:30");
    EXPECT_EQ(memory.exchange, contract::ExchangeState::message_waiting);
    const auto has = [&](FiscalWarning warning) {
        return std::find(memory.warnings.begin(), memory.warnings.end(), warning) !=
               memory.warnings.end();
    };
    EXPECT_TRUE(has(FiscalWarning::memory_expires_soon));
    EXPECT_TRUE(has(FiscalWarning::data_operator_backlog));
    EXPECT_FALSE(has(FiscalWarning::memory_nearly_full));
}

TEST(ShtrihService, AShiftThatEndsSoonIsWarnedOfByItsOwnDocument) {
    for (const bool long_ago : {false, true}) {
        Scripted device;  // 2024-05-31T14:30, 3 receipts in shift 12, last document 7
        device.answer(Command::find_document, [long_ago](base::ByteView parameters) {
            const bool opening = parameters[0] == base::byte(3);
            return opening ? std::string("00 02 00 18 05 ") + (long_ago ? "1E 0F" : "1F 08") +
                                 " 00 03 00 00 00 01 00 00 00 0C 00"
                           : std::string("00 15 00 18 05 1F 08 00 04 00 00 00 01 00 00 00");
        });
        ScriptedHost host(device);
        device.forget();
        const auto found = host.query(contract::StatusQuery{});
        ASSERT_TRUE(found);
        const auto& warnings = std::get<contract::FiscalStatus>(*found).warnings;
        const bool warned = std::find(warnings.begin(), warnings.end(),
                                      FiscalWarning::shift_ends_soon) != warnings.end();
        EXPECT_EQ(warned, long_ago);
        EXPECT_TRUE(device.sent(Command::find_document).empty()) << "asked once a shift";
    }
}

TEST(Warnings, EachHasItsSign) {
    Signs quiet;
    quiet.now = {2024, 5, 31, 12, 0, 0};
    EXPECT_TRUE(warnings_of(quiet).empty());
    const auto only = [](const Signs& signs) {
        const auto warnings = warnings_of(signs);
        EXPECT_EQ(warnings.size(), 1U);
        return warnings.empty() ? FiscalWarning::unspecified : warnings[0];
    };
    Signs signs = quiet;
    signs.expires_on = DateTime{2024, 5, 30, 0, 0, 0};
    EXPECT_EQ(only(signs), FiscalWarning::memory_expired);
    signs.expires_on = DateTime{2024, 5, 31, 0, 0, 0};
    EXPECT_EQ(only(signs), FiscalWarning::memory_expires_soon) << "the last day is a day";
    signs.expires_on = DateTime{2024, 8, 1, 0, 0, 0};
    EXPECT_TRUE(warnings_of(signs).empty());
    signs = quiet;
    signs.storage_bits = 0x02;
    EXPECT_EQ(only(signs), FiscalWarning::memory_expires_soon);
    signs.storage_bits = 0x04;
    EXPECT_EQ(only(signs), FiscalWarning::memory_nearly_full);
    signs.storage_bits = 0x08;
    EXPECT_EQ(only(signs), FiscalWarning::data_operator_backlog);
    signs.storage_bits = 0x10;
    EXPECT_EQ(only(signs), FiscalWarning::data_operator_refused);
    signs = quiet;
    signs.unsent_since = DateTime{2024, 5, 28, 11, 0, 0};
    EXPECT_EQ(only(signs), FiscalWarning::data_operator_backlog);
    signs = quiet;
    signs.shift_opened_at = DateTime{2024, 5, 30, 13, 0, 0};
    EXPECT_EQ(only(signs), FiscalWarning::shift_ends_soon);
    signs = quiet;
    signs.clock_offset_s = -301;
    EXPECT_EQ(only(signs), FiscalWarning::clock_differs);
}

}  // namespace
}  // namespace tillhost::drivers::shtrih
