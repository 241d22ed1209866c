// Claim: a code reaches programs byte for byte, and is called text or GS1 only where it is.
// Shown by codes of each kind with and without identifier.
#include "hal/device/scan.h"

#include <gtest/gtest.h>

namespace tillhost::device {
namespace {

using base::bytes_of;
using contract::ScanSymbology;

constexpr std::string_view kMarking =
    "0102900002317701"
    "21k3LInNbH_oG0Q\x1D"
    "91EE06\x1D"
    "92abc=";

TEST(Scan, KeepsEveryByteAndReadsGs1BesideThem) {
    for (const char* aim : {"]d2", ""}) {
        const contract::Scan scan = scan_of(bytes_of(kMarking), aim);
        EXPECT_EQ(base::string_of(scan.code), kMarking);
        EXPECT_EQ(scan.text, kMarking);
        EXPECT_EQ(scan.aim, aim);
        ASSERT_EQ(scan.gs1.size(), 4U) << aim;
        EXPECT_EQ(scan.gs1[1].ai, "21");
        EXPECT_EQ(scan.gs1[1].value, "k3LInNbH_oG0Q");
    }
    EXPECT_EQ(scan_of(bytes_of(kMarking), "]d2").symbology, ScanSymbology::data_matrix);
    EXPECT_EQ(scan_of(bytes_of(kMarking), "").symbology, ScanSymbology::unknown);
}

TEST(Scan, ALeadingStandInStaysInTheCode) {
    const std::string code = "\xE8" + std::string(kMarking);
    const contract::Scan scan = scan_of(bytes_of(code), "]d2");
    EXPECT_EQ(base::string_of(scan.code), code);
    EXPECT_EQ(scan.gs1.size(), 4U);
    EXPECT_EQ(scan.text, "");  // E8 followed by a digit is no UTF-8
}

TEST(Scan, DigitsAreNotTakenForElementStrings) {
    EXPECT_TRUE(scan_of(bytes_of("1012345678901"), "]E0").gs1.empty());
    EXPECT_TRUE(scan_of(bytes_of("1012345678901"), "").gs1.empty());
    EXPECT_TRUE(scan_of(bytes_of(kMarking), "]d1").gs1.empty());
    EXPECT_EQ(scan_of(bytes_of("1012345678901"), "]C1").gs1.size(), 1U);
}

TEST(Scan, BytesThatAreNoTextHaveNone) {
    EXPECT_EQ(scan_of(*base::from_hex("41 00 42"), "").text, "");
    EXPECT_EQ(scan_of(*base::from_hex("1B 5B 32 4A"), "").text, "");
    EXPECT_EQ(scan_of(*base::from_hex("FF FE"), "").text, "");
    EXPECT_EQ(scan_of(bytes_of("молоко"), "]Q1").text, "молоко");
}

}  // namespace
}  // namespace tillhost::device
