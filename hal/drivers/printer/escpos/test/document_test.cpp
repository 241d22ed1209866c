// Claim: a document becomes the bytes that others published for its parts, or is refused by the
// name of the field before anything is sent.
// Shown on the vectors, on every code page, and on payloads at and beyond their bounds.
#include "hal/drivers/printer/escpos/document.h"

#include <gtest/gtest.h>

#include "hal/drivers/printer/escpos/barcode.h"
#include "hal/drivers/printer/escpos/protocol.h"
#include "hal/drivers/printer/escpos/test/vectors.h"

namespace tillhost::drivers::escpos {
namespace {

using base::ErrorCode;
using contract::PrintBarcode;
using contract::Symbology;

std::string published(const std::string& name) { return vector_of("published.txt", name).request; }

Layout layout(std::string_view pages = "437:0,858:19,866:17") {
    Layout layout;
    layout.pages = *read_pages(pages, "pages");
    return layout;
}

/// The commands of one block, without what goes before every document.
base::Result<std::string> bytes_of(contract::PrintBlock block, const Layout& with = layout()) {
    contract::PrintDocument document;
    document.blocks.push_back(std::move(block));
    document.cut = contract::CutMode::none;
    const auto commands = TRY(compose(document, with));
    std::string hex;
    for (std::size_t i = 4; i < commands.size(); ++i) {
        EXPECT_LE(commands[i].size(), kCommandBytesMax);
        hex += (hex.empty() ? "" : " ") + base::to_hex(commands[i]);
    }
    return hex;
}

contract::PrintedText text(const std::string& words) {
    contract::PrintedText block;
    block.text = words;
    return block;
}

PrintBarcode code(Symbology symbology, const std::string& payload) {
    PrintBarcode block;
    block.symbology = symbology;
    block.payload = payload;
    return block;
}

TEST(Protocol, SaysWhatOthersPublished) {
    EXPECT_EQ(base::to_hex(pulse(Pin::two, 100, 100)), published("pulse_pin2"));
    EXPECT_EQ(base::to_hex(pulse(Pin::five, 100, 100)), published("pulse_pin5"));
    EXPECT_EQ("1B 40 " + base::to_hex(cut(false, 3)), published("cut_full_feed"));
    EXPECT_EQ(base::to_hex(cut(true, 0)), published("cut_partial"));
    EXPECT_EQ(base::to_hex(qr("1234", 3, QrCorrection::low)), published("qr_1234"));
    EXPECT_TRUE(base::to_hex(pdf417("1234", 2)).starts_with(published("pdf417_options")));
    EXPECT_TRUE(base::to_hex(pdf417("1234", 2)).ends_with(published("pdf417_store_print")));
    EXPECT_EQ(base::to_hex(raster(1, base::Bytes{base::byte(0x80)})), published("raster_dot"));
    EXPECT_EQ(base::to_hex(initialise()) + " 1B 3D 01 " + base::to_hex(ask_now(1)),
              published("handshake"));
    EXPECT_EQ(base::to_hex(mark("0001")), vector_of("derived.txt", "mark").request);
}

TEST(Protocol, MarksRunOnInFourPrintableCharacters) {
    EXPECT_EQ(mark_of(0), "!!!!");
    EXPECT_EQ(mark_of(1), "!!!\"");
    EXPECT_EQ(mark_of(94), "!!\"!");
    EXPECT_EQ(mark_of(78'074'896), mark_of(0));
    EXPECT_EQ(mark_of(78'074'895), "~~~~");
}

TEST(Document, AnEan13IsTheBytesThatOthersPublished) {
    PrintBarcode ean = code(Symbology::ean13, "4006381333931");
    ean.height_dots = 64;
    EXPECT_EQ(*bytes_of(ean), published("ean13") + " 0A");
    ean.payload = "400638133393";  // the check digit is added
    EXPECT_EQ(*bytes_of(ean), published("ean13") + " 0A");
}

TEST(Document, TextChangesItsCodePageWhereItMust) {
    EXPECT_EQ(*bytes_of(text("Hi")), "1B 61 00 48 69 0A");
    EXPECT_EQ(*bytes_of(text("Ä")), "1B 61 00 1B 74 00 8E 0A");
    EXPECT_EQ(*bytes_of(text("Чай 5 €")), "1B 61 00 1B 74 11 97 A0 A9 20 35 20 1B 74 13 D5 0A");
    EXPECT_EQ(*bytes_of(text("№1")), "1B 61 00 1B 74 11 FC 31 0A");
    EXPECT_EQ(*bytes_of(text("ąź"), layout("437:0,852:18")), "1B 61 00 1B 74 12 A5 AB 0A");
}

TEST(Document, TextIsBrokenAtTheLastColumn) {
    Layout narrow = layout();
    narrow.columns = 16;
    EXPECT_EQ(*bytes_of(text("0123456789abcdefgh\n\nЯ"), narrow),
              "1B 61 00 30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66 0A 67 68 0A 0A "
              "1B 74 11 9F 0A");
    contract::PrintedText wide = text("01234567 9");
    wide.double_width = true;
    wide.bold = true;
    wide.underline = true;
    wide.alignment = contract::Alignment::right;
    EXPECT_EQ(*bytes_of(wide, narrow),
              "1B 61 02 1B 45 01 1B 2D 01 1D 21 10 30 31 32 33 34 35 36 37 0A 20 39 0A "
              "1B 45 00 1B 2D 00 1D 21 00");
}

TEST(Document, ACharacterThatNoPageHasIsNamedWithItsPlace) {
    const auto refused = bytes_of(text("0123456789\nab\u2615"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::text_not_printable);
    EXPECT_EQ(refused.error().detail,
              "blocks[0].text: character 14 (U+2615) is in none of the printer's code pages (437, "
              "858, 866)");
    for (const char* words : {"a\tb", "\x1B@", "\xD0", "\x7F", "\x10"}) {
        const auto control = bytes_of(text(words));
        ASSERT_FALSE(control) << words;
        EXPECT_EQ(control.error().code, ErrorCode::text_not_printable);
    }
}

TEST(Document, WhatNoPageHasMayComeOutAsAQuestionMark) {
    contract::PrintDocument document;
    document.blocks.emplace_back(text("a☕é"));
    document.cut = contract::CutMode::none;
    document.substitute = true;
    const auto commands = compose(document, layout());
    ASSERT_TRUE(commands);
    std::string bytes;
    for (const base::Bytes& command : *commands) {
        bytes += base::to_hex(command) + " ";
    }
    EXPECT_NE(bytes.find("61 3F"), std::string::npos) << bytes;
    EXPECT_NE(bytes.find("82"), std::string::npos) << "what it has is not replaced: " << bytes;
}

TEST(Document, BarcodesAreDrawnWithinTheirBounds) {
    for (const PrintBarcode& good :
         {code(Symbology::ean8, "96385074"), code(Symbology::upc_a, "036000291452"),
          code(Symbology::code39, "A-1 $/+%."), code(Symbology::itf, "1234"),
          code(Symbology::codabar, "A12-3B"), code(Symbology::code128, "{a}~ 1604"),
          code(Symbology::qr, std::string(1000, 'x')), code(Symbology::qr, "Чай\x1D"),
          code(Symbology::pdf417, std::string(800, 'x'))}) {
        const auto bytes = bytes_of(good);
        ASSERT_TRUE(bytes) << good.payload << " " << bytes.error().detail;
    }
    EXPECT_NE(bytes_of(code(Symbology::code128, "a{"))->find("1D 6B 49 05 7B 42 61 7B 7B 0A"),
              std::string::npos);
}

TEST(Document, WhatNoBarcodeCanSayIsRefusedByName) {
    struct Case {
        PrintBarcode code;
        const char* field;
    };
    PrintBarcode coarse = code(Symbology::code128, std::string(20, 'x'));
    coarse.module_dots = 6;
    PrintBarcode fine = code(Symbology::ean13, "4006381333931");
    fine.module_dots = 1;
    for (const Case& wrong : {Case{code(Symbology::ean13, "4006381333932"), "payload"},
                              Case{code(Symbology::ean13, "40063813339"), "payload"},
                              Case{code(Symbology::ean8, "9638507a"), "payload"},
                              Case{code(Symbology::upc_a, "0360002914521"), "payload"},
                              Case{code(Symbology::code39, "abc"), "payload"},
                              Case{code(Symbology::code39, std::string(30, 'A')), "payload"},
                              Case{code(Symbology::itf, "123"), "payload"},
                              Case{code(Symbology::codabar, "123"), "payload"},
                              Case{code(Symbology::codabar, "AB"), "payload"},
                              Case{code(Symbology::code128, "Чай"), "payload"},
                              Case{code(Symbology::code128, std::string(40, 'x')), "payload"},
                              Case{code(Symbology::qr, std::string(2332, 'x')), "payload"},
                              Case{code(Symbology::qr, "\x10\x04\x01"), "payload"},
                              Case{code(Symbology::pdf417, std::string(801, 'x')), "payload"},
                              Case{code(Symbology::qr, ""), "payload"}, Case{coarse, "module_dots"},
                              Case{fine, "module_dots"}}) {
        const auto refused = bytes_of(wrong.code);
        ASSERT_FALSE(refused) << wrong.code.payload;
        EXPECT_EQ(refused.error().code, ErrorCode::bad_field);
        EXPECT_TRUE(refused.error().detail.starts_with(std::string("blocks[0].barcode.") +
                                                       wrong.field + ": "))
            << refused.error().detail;
    }
    EXPECT_EQ(bytes_of(code(Symbology::aztec, "x")).error().code, ErrorCode::not_supported);
}

TEST(Document, AModuleIsMadeSmallerRatherThanACodeTooWide) {
    EXPECT_NE(bytes_of(code(Symbology::qr, "x"))->find("31 43 04"), std::string::npos);
    Layout narrow = layout();
    narrow.width_dots = 384;
    const auto whole = bytes_of(code(Symbology::qr, std::string(1000, 'x')), narrow);
    ASSERT_TRUE(whole) << whole.error().detail;
    EXPECT_NE(whole->find("31 43 03"), std::string::npos);  // version 26, 121 modules
}

TEST(Document, APictureIsSentInPiecesWithoutCommandsInIt) {
    contract::PrintPicture picture;
    picture.width_dots = 16;
    picture.rows = *base::from_hex("10 04 10 14 10 05 10 10");
    picture.rows.resize(2 * (kRasterRowsMax + 1), base::byte(0xFF));
    picture.alignment = contract::Alignment::left;
    const std::string bytes = *bytes_of(picture);
    EXPECT_TRUE(bytes.starts_with("1B 61 00 1D 76 30 00 02 00 18 00 00 04 00 14 00 05 10 10 FF"))
        << bytes;
    EXPECT_TRUE(bytes.ends_with("1D 76 30 00 02 00 01 00 FF FF")) << bytes;
    picture.rows.pop_back();
    EXPECT_TRUE(bytes_of(picture).error().detail.starts_with("blocks[0].picture.rows: "));
    picture.width_dots = 584;
    EXPECT_TRUE(bytes_of(picture).error().detail.starts_with("blocks[0].picture.width_dots: "));
}

TEST(Document, HasABound) {
    contract::PrintPicture picture;
    picture.width_dots = 576;
    picture.rows.resize(72 * 900, base::byte(0xFF));
    contract::PrintDocument document;
    document.blocks.assign(20, picture);
    const auto refused = compose(document, layout());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::too_large);
}

}  // namespace
}  // namespace tillhost::drivers::escpos
