// Claim: each field of a descriptor is found at its bit, and any bytes are read without harm.
// Shown by descriptors written out, with push and pop, ranges, own pages, and cut at every byte.
#include "hal/drivers/scanner/hid_pos/descriptor.h"

#include <gtest/gtest.h>

#include "hal/drivers/scanner/hid_pos/test/vectors.h"

namespace tillhost::drivers::hid_pos {
namespace {

using Fields = std::vector<InputField>;

TEST(Descriptor, FieldsStandAtTheirBits) {
    const Fields expected{{2, 0x01, 0x3B, 0, 8, 1},     {2, 0x8C, 0xFB, 8, 8, 1},
                          {2, 0x8C, 0xFC, 16, 8, 1},    {2, 0x8C, 0xFD, 24, 8, 1},
                          {2, 0x8C, 0xFE, 32, 8, 56},   {2, 0xFF66, 0x04, 480, 8, 1},
                          {2, 0xFF66, 0x05, 488, 8, 1}, {2, 0x8C, 0xFF, 496, 1, 1}};
    EXPECT_EQ(input_fields(bytes_in(kUsualDescriptor)), expected);
}

TEST(Descriptor, ReportsAreCountedApart) {
    // Report 1: one byte; report 2: one byte; report 1 again.
    const Fields fields = input_fields(
        bytes_in("05 8C 75 08 95 01 85 01 09 FB 81 02 85 02 09 FC 81 02 85 01 09 FD 81 02"));
    const Fields expected{
        {1, 0x8C, 0xFB, 0, 8, 1}, {2, 0x8C, 0xFC, 0, 8, 1}, {1, 0x8C, 0xFD, 8, 8, 1}};
    EXPECT_EQ(fields, expected);
}

TEST(Descriptor, PushPopRangesAndPagesOfAUsage) {
    const Fields fields = input_fields(bytes_in(
        "05 8C 75 08 95 02 A4 05 01 75 01 95 08 81 03 B4 19 FB 29 FC 81 02 0B FE 00 66 FF 95 03 "
        "81 02 FE 02 00 AA BB 09 FF 95 01 81 02"));
    const Fields expected{{0, 0x8C, 0xFB, 8, 8, 1},
                          {0, 0x8C, 0xFC, 16, 8, 1},
                          {0, 0xFF66, 0xFE, 24, 8, 3},
                          {0, 0x8C, 0xFF, 48, 8, 1}};
    EXPECT_EQ(fields, expected);
}

TEST(Descriptor, OutputAndFeatureMoveNoInput) {
    const Fields fields =
        input_fields(bytes_in("05 8C 75 08 95 04 09 60 91 02 09 61 B1 02 09 FE 81 02"));
    EXPECT_EQ(fields, (Fields{{0, 0x8C, 0xFE, 0, 8, 4}}));
}

TEST(Descriptor, EveryBeginningIsReadAndGreedIsBounded) {
    const base::Bytes bytes = bytes_in(kUsualDescriptor);
    std::size_t most = 0;
    for (std::size_t length = 0; length <= bytes.size(); ++length) {
        const std::size_t found = input_fields(base::ByteView(bytes).first(length)).size();
        EXPECT_GE(found, most);
        most = found;
    }
    EXPECT_EQ(most, 8U);
    // 2^32 - 1 values of 2^32 - 1 bits; usages from 0 to 2^32 - 1.
    EXPECT_TRUE(input_fields(bytes_in("77 FF FF FF FF 97 FF FF FF FF 09 FE 81 02")).empty());
    EXPECT_LE(input_fields(bytes_in("75 01 96 00 40 17 00 00 00 00 27 FF FF FF FF 81 02")).size(),
              kFieldsMax);
}

}  // namespace
}  // namespace tillhost::drivers::hid_pos
