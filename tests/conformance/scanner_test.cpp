// Claim: a driver of class barcode_scanner means what hal/device/barcode_scanner.h says: every code
// that was sent whole is told once, byte for byte, and nothing else is.
// Shown for every driver over a line that joins, cuts, delays, garbles and loses reads, on virtual
// time.
#include <gtest/gtest.h>

#include <algorithm>

#include "hal/device/scan.h"
#include "tests/conformance/scanner_world.h"

namespace tillhost::conformance {
namespace {

using namespace std::chrono_literals;
using Codes = std::vector<std::string>;

constexpr os::Duration kPause = 3s;  // past any pause between two parts of a code

/// Without the bytes that end or begin a code on some line (CR, LF, STX, ETX).
std::string every_byte() {
    std::string code;
    for (int value = 0; value < 256; ++value) {
        const char letter = static_cast<char>(value);
        if (letter != '\r' && letter != '\n' && letter != '\x02' && letter != '\x03') {
            code += letter;
        }
    }
    return code;
}

class Scanner : public testing::TestWithParam<ScannerSubject> {
protected:
    void SetUp() override { ASSERT_TRUE(world_.open()); }
    bool stream() const { return GetParam().manner.stream; }
    void say(std::string_view code, const std::string& aim = "") {
        world_.line.bring_all(world_.reads_of(code, aim));
    }
    ScannerWorld world_{GetParam()};
};

TEST_P(Scanner, TellsCodesByteForByte) {
    const std::string marking =
        "010290000231770121k3LInNbH_oG0Q\x1D"
        "91EE06\x1D"
        "92YXiyKfiHjE4YE8b";
    const std::string long_one(device::kCodeBytesMax, 'x');
    for (const std::string& code : {std::string("1"), std::string("4607001234562"), marking,
                                    every_byte(), std::string("Zażółć Привет"), long_one}) {
        say(code, "]d2");
        const auto scans = world_.listen();
        ASSERT_EQ(scans.size(), 1U) << base::to_hex(base::bytes_of(code)).substr(0, 60);
        EXPECT_EQ(base::to_hex(scans[0].code), base::to_hex(base::bytes_of(code)));
        EXPECT_EQ(scans[0].aim, "]d2");
        EXPECT_EQ(scans[0].symbology, contract::ScanSymbology::data_matrix);
    }
    EXPECT_EQ(world_.status().scans, 6);
    EXPECT_EQ(world_.status().dropped, 0);
}

TEST_P(Scanner, ReadsTheElementsOfAGs1Code) {
    say("010460700123456221ab\x1D"
        "93Zz+/",
        "]d2");
    const auto scans = world_.listen();
    ASSERT_EQ(scans.size(), 1U);
    ASSERT_EQ(scans[0].gs1.size(), 3U);
    EXPECT_EQ(scans[0].gs1[1].value, "ab");
}

TEST_P(Scanner, TellsCodesThatComeTogetherOneByOneInTheirOrder) {
    base::Bytes together;
    for (const char* code : {"1111", "2222", "3333"}) {
        for (const base::Bytes& read : world_.reads_of(code)) {
            together.insert(together.end(), read.begin(), read.end());
            if (!stream()) {
                world_.line.bring(read);
            }
        }
    }
    if (stream()) {
        world_.line.bring(together);
    }
    EXPECT_EQ(world_.codes(), (Codes{"1111", "2222", "3333"}));
}

TEST_P(Scanner, PutsACodeTogetherWhereverItWasCut) {
    const std::string code = "46070\x1D" + std::string(100, '7');
    const auto reads = world_.reads_of(code);
    if (!stream()) {
        for (const base::Bytes& report : reads) {
            world_.line.bring(report, 100ms);
        }
        EXPECT_EQ(world_.codes(), Codes{code});
        return;
    }
    const base::Bytes& whole = reads.front();
    for (std::size_t at = 1; at < whole.size(); ++at) {
        const auto middle = whole.begin() + static_cast<std::ptrdiff_t>(at);
        world_.line.bring({whole.begin(), middle});
        world_.line.bring({middle, whole.end()}, 20ms);
        EXPECT_EQ(world_.codes(), Codes{code}) << at;
    }
    for (const std::byte byte : whole) {
        world_.line.bring({byte}, 5ms);
    }
    EXPECT_EQ(world_.codes(), Codes{code});
    EXPECT_EQ(world_.status().dropped, 0);
}

TEST_P(Scanner, NeverTellsAHalf) {
    const auto reads = world_.reads_of(std::string(120, '5'));
    std::vector<std::vector<base::Bytes>> halves;
    if (stream()) {
        const base::Bytes& whole = reads.front();
        for (std::size_t size = 1; size < whole.size(); ++size) {
            halves.push_back({{whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)}});
        }
    } else {
        for (std::size_t size = 1; size < reads.size(); ++size) {
            halves.emplace_back(reads.begin(), reads.begin() + static_cast<std::ptrdiff_t>(size));
        }
    }
    ASSERT_FALSE(halves.empty());
    for (const auto& half : halves) {
        world_.line.bring_all(half);
        EXPECT_EQ(world_.codes(), Codes{});
        world_.clock.advance(kPause);
        say("4000");
        EXPECT_EQ(world_.codes(), Codes{"4000"});
    }
    EXPECT_GT(world_.status().dropped, 0);
}

TEST_P(Scanner, GarbageIsNoCodeAndSpoilsNone) {
    for (const base::Bytes& garbage : GetParam().manner.garbage) {
        const auto before = world_.status().dropped;
        world_.line.bring(garbage);
        EXPECT_EQ(world_.codes(), Codes{});
        world_.clock.advance(kPause);
        say("4000");
        EXPECT_EQ(world_.codes(), Codes{"4000"}) << base::to_hex(garbage);
        EXPECT_GE(world_.status().dropped, before);
    }
}

TEST_P(Scanner, ACodeThatIsTooLongIsDroppedAndNotCut) {
    say(std::string(device::kCodeBytesMax + 1, 'x'));
    EXPECT_EQ(world_.codes(), Codes{});
    EXPECT_EQ(world_.status().dropped, 1);
    say("4000");
    EXPECT_EQ(world_.codes(), Codes{"4000"});
}

TEST_P(Scanner, WhatStoodOnTheLineBeforeItWasOpenedIsNotTold) {
    say("1111");
    const auto reads = world_.reads_of("2222");
    world_.line.bring_all(reads);
    ASSERT_TRUE(world_.open());
    EXPECT_EQ(world_.codes(), Codes{});
    say("3333");
    EXPECT_EQ(world_.codes(), Codes{"3333"});
    EXPECT_EQ(world_.status().scans, 1);
}

TEST_P(Scanner, ALineThatIsLostIsSaidAndComesBackWithoutTheHalfBefore) {
    say("1111");
    EXPECT_EQ(world_.codes(), Codes{"1111"});
    const auto reads = world_.reads_of(std::string(120, '5'));
    base::Bytes half = reads.front();
    half.resize(stream() ? half.size() / 2 : half.size());
    world_.line.bring(half);
    world_.line.unplug(true);
    auto heard = world_.driver->listen(world_.clock.now() + 1s);
    if (heard) {  // the half was waited for
        EXPECT_TRUE(heard->empty());
        heard = world_.driver->listen(world_.clock.now() + 1s);
    }
    ASSERT_FALSE(heard);
    EXPECT_EQ(heard.error().code, base::ErrorCode::link_lost) << base::to_text(heard.error());
    EXPECT_EQ(heard.error().reaction, base::Reaction::reconnect);
    EXPECT_FALSE(world_.open());
    world_.line.unplug(false);
    ASSERT_TRUE(world_.open());
    EXPECT_GE(world_.driver->input_fd(), 0);
    say("2222");
    EXPECT_EQ(world_.codes(), Codes{"2222"});
}

TEST_P(Scanner, HasNoOperationsAndNoVerdicts) {
    const auto done =
        world_.driver->execute(contract::EndOfDay{}, world_.book, world_.clock.now() + 1s);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, base::ErrorCode::not_supported);
    EXPECT_EQ(done.error().effect, base::Effect::none);
    world_.book.marker.emplace();
    const contract::Pending pending = world_.book.pending(contract::EndOfDay{});
    const auto opened = world_.driver->open(pending, world_.book, world_.clock.now() + 10s);
    ASSERT_TRUE(opened && opened->resolution);
    EXPECT_EQ(opened->resolution->verdict, contract::Verdict::cannot_tell);
}

INSTANTIATE_TEST_SUITE_P(Drivers, Scanner, testing::ValuesIn(scanner_subjects()),
                         [](const auto& row) { return row.param.name; });

TEST(ScannerSubjects, HaveEveryDriverOfTheClass) {
    for (const drivers::DriverEntry& driver : drivers::all()) {
        const auto is_it = [&](const ScannerSubject& one) { return one.driver == &driver; };
        EXPECT_TRUE(driver.manifest->device_class != contract::DeviceClass::barcode_scanner ||
                    std::any_of(scanner_subjects().begin(), scanner_subjects().end(), is_it))
            << driver.name << ": one line in scanner_subjects.cpp";
    }
}

}  // namespace
}  // namespace tillhost::conformance
