// Claim: a serial number becomes the Code 128 symbol that scanners read, and nothing else becomes
// markup.
// Shown: against symbols written down by hand from the standard's table, and by reading symbols
// back with a decoder of the test's own.
#include "licd/web/barcode.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <vector>

namespace tillhost::licd::web {
namespace {

/// Bars and spaces by their widths.
std::vector<int> widths_of(const std::string& modules) {
    std::vector<int> widths;
    char last = '\0';
    for (const char module : modules) {
        if (module == last) {
            ++widths.back();
        } else {
            widths.push_back(1);
        }
        last = module;
    }
    return widths;
}

TEST(Barcode, IsTheSymbolOfTheStandard) {
    // "A": start B 211214, A 111323, check (104 + 33) % 103 = 34 which is "B" 131123, stop 2331112.
    EXPECT_EQ(code128_modules("A"),
              "11010010000"
              "10100011000"
              "10001011000"
              "1100011101011");
    // "0": start B, 0 123122, check (104 + 16) % 103 = 17 which is "1" 123221, stop.
    EXPECT_EQ(code128_modules("0"),
              "11010010000"
              "10011101100"
              "10011100110"
              "1100011101011");
}

TEST(Barcode, HasElevenModulesForEachCharacterAndAnEvenNumberOfDarkOnes) {
    std::map<std::string, char> symbols;
    for (char c = ' '; c < '\x7F'; ++c) {
        const std::string modules = code128_modules(std::string(1, c));
        ASSERT_EQ(modules.size(), 11U * 3 + 13);
        const std::string symbol = modules.substr(11, 11);
        EXPECT_TRUE(symbols.emplace(symbol, c).second) << c << " looks like another character";
        EXPECT_EQ(widths_of(symbol).size(), 6U);
        EXPECT_EQ(std::count(symbol.begin(), symbol.end(), '1') % 2, 0) << c;
    }
    const std::string serial = "4410-0093-7720";
    const std::string modules = code128_modules(serial);
    ASSERT_EQ(modules.size(), 11U * (serial.size() + 2) + 13);
    std::string read;
    std::size_t sum = 104;
    for (std::size_t i = 0; i < serial.size(); ++i) {
        read += symbols.at(modules.substr(11 * (i + 1), 11));
        sum += (i + 1) * static_cast<std::size_t>(read.back() - ' ');
    }
    EXPECT_EQ(read, serial);
    const std::size_t check = sum % 103;
    ASSERT_LT(check, 95U) << "else the test's table lacks it";
    EXPECT_EQ(symbols.at(modules.substr(11 * (serial.size() + 1), 11)) - ' ',
              static_cast<int>(check));
}

TEST(Barcode, IsNoneForWhatTheSetLacks) {
    EXPECT_EQ(code128_modules(""), "");
    EXPECT_EQ(code128_modules("a\n"), "");
    EXPECT_EQ(code128_modules("ż"), "");
    EXPECT_EQ(code128_modules(std::string(kBarcodeCharactersMax + 1, '1')), "");
    EXPECT_EQ(barcode("ż").html(), "");
}

TEST(Barcode, IsAnImageWithItsTextAsName) {
    const std::string html = barcode("1\"<2").html();
    EXPECT_NE(html.find("role=\"img\" aria-label=\"1&quot;&lt;2\""), std::string::npos) << html;
    EXPECT_EQ(html.find("style"), std::string::npos) << "the panel's policy forbids it";
    // Start B begins with two dark modules behind the quiet zone.
    EXPECT_NE(html.find("d=\"M10 0h2v40h-2z"), std::string::npos) << html;
}

}  // namespace
}  // namespace tillhost::licd::web
