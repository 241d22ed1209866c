// Claim: a stream of bytes is cut into commands at their lengths, unknown ones cost two bytes, and
// any bytes are read. Shown by commands written out, and by random ones.
#include "simulators/printer/escpos/command.h"

#include <gtest/gtest.h>

#include "simulators/core/random.h"
#include "simulators/printer/escpos/link.h"

namespace tillhost::simulators::escpos {
namespace {

std::vector<Command> read(base::ByteView bytes) {
    CommandReader reader;
    std::vector<Command> commands;
    for (const std::byte byte : bytes) {
        if (auto command = reader.feed(byte)) {
            commands.push_back(std::move(*command));
        }
    }
    return commands;
}

/// How many bytes of parameters the first command of these takes.
std::uint64_t size_of(std::string_view hex) {
    const auto commands = read(*base::from_hex(hex));
    EXPECT_FALSE(commands.empty()) << hex;
    return commands.empty() ? 0 : commands[0].size;
}

TEST(EscposCommand, EndsWhereItsLengthSays) {
    EXPECT_EQ(size_of("1B 40 41"), 0U);
    EXPECT_EQ(size_of("1B 70 00 32 32 41"), 3U);
    EXPECT_EQ(size_of("1D 56 00 41 42"), 1U);
    EXPECT_EQ(size_of("1D 56 42 00 41"), 2U);
    EXPECT_EQ(size_of("1D 76 30 00 02 00 03 00 01 02 03 04 05 06 41"), 6U + 6U);
    EXPECT_EQ(size_of("1B 2A 21 02 00 01 02 03 04 05 06 41"), 3U + 6U);
    EXPECT_EQ(size_of("1B 2A 00 02 00 01 02 41"), 3U + 2U);
    EXPECT_EQ(size_of("1D 28 48 06 00 30 30 30 30 30 31 41"), 3U + 6U);
    EXPECT_EQ(size_of("1D 38 4C 02 00 00 00 30 32 41"), 5U + 2U);
    EXPECT_EQ(size_of("1D 6B 02 31 32 00 41"), 4U);
    EXPECT_EQ(size_of("1D 6B 49 03 7B 42 31 41"), 2U + 3U);
    EXPECT_EQ(size_of("1D 6B 00 31 00 41"), 3U);
    EXPECT_EQ(size_of("1B 44 08 10 00 41"), 3U);
    EXPECT_EQ(size_of("1B 44 00 41"), 1U);
    EXPECT_EQ(size_of("10 04 01 41"), 1U);
    EXPECT_EQ(size_of("10 04 07 01 41"), 2U);
    EXPECT_EQ(size_of("10 14 01 00 03 41"), 3U);
    EXPECT_EQ(size_of("10 14 08 01 03 14 01 06 02 08 41"), 8U);
}

TEST(EscposCommand, WhatIsUnknownCostsTwoBytes) {
    const auto commands = read(*base::from_hex("1B 7E 41 1D 5F 42"));
    ASSERT_EQ(commands.size(), 4U);
    EXPECT_FALSE(commands[0].known);
    EXPECT_EQ(commands[1].code, 'A');
    EXPECT_FALSE(commands[2].known);
    EXPECT_EQ(commands[3].code, 'B');
}

TEST(EscposCommand, MoreThanIsKeptIsCountedAndDropped) {
    base::ByteWriter writer;
    writer.raw(*base::from_hex("1D 76 30 00 FF 00 FF FF")).fill(std::byte{1}, 0xFFUL * 0xFFFF);
    const auto commands = read(writer.u8('A').bytes());
    ASSERT_EQ(commands.size(), 2U);
    EXPECT_EQ(commands[0].data.size(), kPayloadBytesMax);
    EXPECT_FALSE(commands[0].whole());
    EXPECT_EQ(commands[0].size, 6U + 0xFFUL * 0xFFFF);
    EXPECT_EQ(commands[1].code, 'A');
}

TEST(EscposCommand, AListWithoutAnEndEndsNevertheless) {
    base::ByteWriter writer;
    writer.raw(*base::from_hex("1D 6B 04")).fill(base::byte('1'), 1000);
    const auto commands = read(writer.bytes());
    ASSERT_FALSE(commands.empty());
    EXPECT_EQ(commands[0].size, 255U);
}

TEST(EscposCommand, ARealTimeCommandIsFoundAnywhereOnlyByTheScanner) {
    const auto picture = *base::from_hex("1D 76 30 00 03 00 01 00 10 04 01");
    const auto commands = read(picture);
    ASSERT_EQ(commands.size(), 1U);
    EXPECT_EQ(commands[0].code, 'v');
    RealTimeScanner scanner;
    std::size_t found = 0;
    for (const std::byte byte : picture) {
        const auto command = scanner.feed(byte);
        found += command && command->lead == Lead::dle && command->at(0) == 1 ? 1 : 0;
    }
    EXPECT_EQ(found, 1U);
}

TEST(EscposCommand, AnyBytesAreReadAndEachUnitThatBeginsEnds) {
    Random random(7);
    for (int round = 0; round < 200; ++round) {
        CommandReader reader;
        RealTimeScanner scanner;
        const auto host = make_host_tracker();
        const auto printer = make_printer_tracker();
        bool host_open = false;
        bool printer_open = false;
        for (int i = 0; i < 500; ++i) {
            constexpr std::array kLikely{0x1BU, 0x1DU, 0x10U, 0x28U, 0x04U, 0x00U, 0x37U, 0x5FU};
            const std::byte byte =
                base::byte(random.below(2) == 0 ? kLikely[random.below(kLikely.size())]
                                                : static_cast<unsigned>(random.below(256)));
            static_cast<void>(reader.feed(byte));
            static_cast<void>(scanner.feed(byte));
            const auto said = host->feed(byte);
            EXPECT_NE(said.begins, host_open);
            host_open = !said.ends;
            const auto answered = printer->feed(byte);
            EXPECT_NE(answered.begins, printer_open);
            printer_open = !answered.ends;
        }
    }
}

}  // namespace
}  // namespace tillhost::simulators::escpos
