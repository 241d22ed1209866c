// Claim: the paper shows what was sent as README.md says: text in its code page, styles, alignment,
// codes, pictures, cuts. Shown line by line.
#include <gtest/gtest.h>

#include "hal/base/text.h"
#include "simulators/printer/escpos/code_pages.h"
#include "simulators/printer/escpos/mechanism.h"
#include "simulators/printer/escpos/test/host.h"

namespace tillhost::simulators::escpos {
namespace {

TEST(EscposPaper, ATextStandsInTheCodePageThatWasChosen) {
    Host host;
    host.print("abc\n");
    host.say("1B 74 11 8F E0 A8 A2 A5 E2 0A");     // 866
    host.say("1B 74 2E CF F0 E8 E2 B9 0A");        // 1251
    host.say("1B 74 10 80 20 FC 0A");              // 1252
    host.say("1B 74 12 88 A5 A9 0A");              // 852
    host.say("1B 74 2D B9 B3 0A");                 // 1250
    host.say("1B 74 02 84 E1 0A 1B 74 13 D5 0A");  // 850, 858
    host.say("1B 74 00 84 E1 0A");                 // 437
    EXPECT_EQ(host.paper(), (Lines{"abc", "Привет", "Прив№", "€ ü", "łąę", "ął", "äß", "€", "äß"}));
}

TEST(EscposPaper, CodePagesMayStandUnderOtherNumbers) {
    Host host({.pages = {{7, "866"}, {17, "437"}}});
    host.say("1B 74 07 8F 0A 1B 74 11 84 0A");
    host.say("1B 74 63 84 0A");  // there is none: as before
    EXPECT_EQ(host.paper(), (Lines{"П", "ä", "ä"}));
    EXPECT_FALSE(make_escpos_printer({.pages = {{7, "868"}}}));
}

TEST(EscposPaper, StylesStandInBraces) {
    Host host;
    host.print(
        "a\x1B\x45\x01"
        "b\x1B\x45" +
        std::string(1, '\0') + "c\n");
    host.say("1D 21 11 54 1D 21 00 0A");
    host.say("1B 21 B9 78 1B 21 00 0A");
    host.say("1B 2D 02 1D 42 01 1B 4D 01 79 0A 1B 40 7A 0A");
    EXPECT_EQ(host.paper(),
              (Lines{"a{b}b{/}c", "{2x2}T{/}", "{b,u,s,2x2}x{/}", "{u,i,s}y{/}", "z"}));
}

TEST(EscposPaper, ALineIsSetWhereItWasToldAtItsBeginning) {
    Host host({.columns = 32});
    host.say("1B 61 01 61 62 1B 61 02 0A");  // the second is not heard within a line
    host.say("1B 61 02 61 62 0A 1B 61 00 61 62 0A");
    host.say("1D 4C 18 00 61 0A");
    host.say("1D 4C 00 00 61 1B 24 60 00 62 09 63 0A");
    EXPECT_EQ(host.paper(), (Lines{std::string(15, ' ') + "ab", std::string(30, ' ') + "ab", "ab",
                                   "  a", "a       b       c"}));
}

TEST(EscposPaper, AFullLineEndsByItself) {
    Host host({.columns = 32});
    host.print(std::string(32, 'x') + "yz\n");
    host.say("1D 21 10");
    host.print(std::string(17, 'w') + "\n");
    EXPECT_EQ(host.paper(), (Lines{std::string(32, 'x'), "yz",
                                   "{2x1}" + std::string(16, 'w') + "{/}", "{2x1}w{/}"}));
}

TEST(EscposPaper, FeedsAndCutsStandAsLines) {
    Host host;
    host.say("61 1B 64 03 0A 62 1D 56 00 63 0A 1D 56 42 00");
    EXPECT_EQ(host.paper(),
              (Lines{"a", "", "", "", "b", std::string(kFullCut), "c", std::string(kPartialCut)}));
    EXPECT_EQ(host.state().cuts, 2U);
    EXPECT_EQ(host.state().printed_lines, 6U);
}

TEST(EscposPaper, CodesStandWithTheirKindAndData) {
    Host host({.columns = 32});
    host.say("1D 6B 43 0C 34 30 30 36 33 38 31 33 33 33 39 33");
    host.say("1D 6B 43 0D 34 30 30 36 33 38 31 33 33 33 39 33 32");  // its check digit is wrong
    host.say("1D 6B 49 05 7B 42 41 2D 31 1D 6B 49 03 41 2D 31");
    host.say("1D 6B 04 41 31 00 1D 6B 46 03 31 32 33 1D 6B 63 01 31");
    EXPECT_EQ(host.paper(), (Lines{"[EAN13 400638133393]", "[not printed: EAN13 4006381333932]",
                                   "[CODE128 {BA-1]", "[not printed: CODE128 A-1]", "[CODE39 A1]",
                                   "[not printed: ITF 123]", "[not printed: barcode 99 1]"}));
    host.say("1B 61 01 1D 28 6B 05 00 31 50 30 1D D1 1D 28 6B 03 00 31 51 30");
    host.say("1D 28 6B 03 00 31 51 30 1B 40 1D 28 6B 03 00 31 51 30");  // kept until ESC @
    EXPECT_EQ(host.paper(), (Lines{"         [QR \\x1D\\xD1]", "         [QR \\x1D\\xD1]"}));
}

TEST(EscposPaper, APictureIsASmallPictureOfIt) {
    Host host({.columns = 32});
    // Sixteen dots wide, four high: a frame.
    host.say("1D 76 30 00 02 00 04 00 FF FF 80 01 80 01 FF FF");
    EXPECT_EQ(host.paper(), (Lines{"[picture 16x4]", "█▀▀▀▀▀▀▀▀▀▀▀▀▀▀█", "█▄▄▄▄▄▄▄▄▄▄▄▄▄▄█"}));
    // 64 dots on 32 characters: two dots a half block.
    host.say("1D 76 30 00 08 00 02 00 F0 00 00 00 00 00 00 0F F0 00 00 00 00 00 00 0F");
    EXPECT_EQ(host.paper(), (Lines{"[picture 64x2]", "▀▀" + std::string(28, ' ') + "▀▀"}));
    host.say("61 1B 2A 01 02 00 FF 0F 0A");
    EXPECT_EQ(host.paper(), (Lines{"a", "[picture 2x8]", "█", "█", "██", "██"}));
    // It says that it is far higher than its data.
    host.say("1D 28 4C 0B 00 30 70 30 01 01 31 FF FF FF FF 80 1D 28 4C 02 00 30 32");
    EXPECT_EQ(host.paper(), (Lines{"[picture 65535x65535]"}));
}

TEST(EscposPaper, ChineseModeTakesPairsAndACloneBeginsInIt) {
    Host host;
    host.say("1C 26 CA BE 21 1C 2E 84 0A");
    EXPECT_EQ(host.paper(), (Lines{"〓!ä"}));
    Host clone({.model = Model::clone});
    clone.say("8F E0 0A 1C 2E 1B 74 11 8F E0 0A");
    EXPECT_EQ(clone.paper(), (Lines{"〓", "Пр"}));
}

TEST(EscposPaper, WhatIsMeantForTheDisplayIsNotPrinted) {
    Host host;
    host.say("61 1B 3D 02 62 63 0C 1B 3D 01 64 0A");
    EXPECT_EQ(host.paper(), (Lines{"ad"}));
    EXPECT_EQ(host.state().display_bytes, 4U);
}

TEST(EscposPaper, AnUnknownCommandLeavesItsParametersAsText) {
    Host host;
    host.say("1B 7E 41 1D 28 7A 02 00 31 32 42 0A");
    EXPECT_EQ(host.paper(), (Lines{"AB"}));
    EXPECT_EQ(host.state().unknown_commands, 1U);
}

TEST(EscposPaper, ACharacterThatMayBeAnotherAbroadIsNotShown) {
    Host host;
    host.say("1B 52 02 40 1B 52 00 40 7F 0A");
    EXPECT_EQ(host.paper(), (Lines{"\uFFFD@\uFFFD"}));
}

TEST(EscposCodePages, LettersOfEachPageStandWhereTheyShould) {
    EXPECT_EQ(character_of("437", 0x9B), U'¢');
    EXPECT_EQ(character_of("850", 0x9B), U'ø');
    EXPECT_EQ(character_of("852", 0xA5), U'ą');
    EXPECT_EQ(character_of("858", 0xD5), U'€');
    EXPECT_EQ(character_of("866", 0xB3), U'│');
    EXPECT_EQ(character_of("866", 0xFC), U'№');
    EXPECT_EQ(character_of("1250", 0xB9), U'ą');
    EXPECT_EQ(character_of("1251", 0xB9), U'№');
    EXPECT_EQ(character_of("1252", 0x80), U'€');
    EXPECT_EQ(character_of("1252", 0x81), 0xFFFDU);
    EXPECT_EQ(character_of("none", 0x81), 0xFFFDU);
    EXPECT_EQ(character_of("none", 'a'), U'a');
}

}  // namespace
}  // namespace tillhost::simulators::escpos
