// Claim: the second link layer is section 4 of the protocol: a number is executed once, what is
// spoiled is dropped in silence, and the first byte after power on chooses the layer. Shown by
// every published and derived frame, by dialogues on virtual time, and by any bytes.
#include <gtest/gtest.h>

#include "simulators/core/random.h"
#include "simulators/fiscal/shtrih/test/host.h"

namespace tillhost::simulators::shtrih {
namespace {

using std::chrono::milliseconds;

std::string frame_of(std::uint16_t number, std::string_view message_hex) {
    return base::to_hex(encode_frame2({.number = number, .data = *base::from_hex(message_hex)}));
}

/// The message of the one frame that was said; "" if it was none or not of that number.
std::string message_of(const std::string& said, std::uint16_t number) {
    const auto bytes = base::from_hex(said);
    const auto frame = bytes ? decode_frame2(*bytes) : base::bad_field("hex", "hex");
    return frame && frame->number == number ? base::to_hex(frame->data) : "";
}

constexpr std::string_view kPing = "8F 00 00 0F 1D";

class Second : public testing::Test {
protected:
    std::string ask(std::uint16_t number, std::string_view message) {
        return message_of(host_.say(frame_of(number, message)), number);
    }
    std::size_t documents() { return host_.device().documents().size(); }
    Host host_;
};

TEST_F(Second, PingsAndCountsFromTwo) {
    EXPECT_EQ(host_.say(kPing), "8F 02 00 01 00 99 5A");
    EXPECT_EQ(host_.say("8F 07 00 02 00 E0 1E 00 00 00 CB 4B"), "8F 05 00 02 00 E0 00 1E 24 9F 83");
    EXPECT_EQ(host_.say(kPing), "8F 05 00 02 00 E0 00 1E 24 9F 83");
}

TEST_F(Second, ANumberIsExecutedOnce) {
    ask(2, kOpenShift);
    ask(3, kMilk);
    const std::string closed = ask(4, close_message(9980, 0));
    EXPECT_EQ(closed.substr(0, 8), "FF 45 00");
    EXPECT_EQ(documents(), 3U);
    EXPECT_EQ(ask(4, close_message(9980, 0)), closed);
    EXPECT_EQ(ask(4, kShortStatus), closed);  // the desync that hosts meet
    EXPECT_EQ(message_of(host_.say(frame_of(9, kOpenSale)), 4), closed);
    EXPECT_EQ(documents(), 3U);
    EXPECT_EQ(ask(5, kStorageStatus).substr(0, 8), "FF 01 00");
}

TEST_F(Second, PowerForgetsTheNumberAndTheAnswer) {
    ask(2, kOpenShift);
    host_.device().power(false, host_.now());
    host_.device().power(true, host_.now());
    EXPECT_EQ(host_.say(kPing), "8F 02 00 01 00 99 5A");
    EXPECT_EQ(message_of(host_.say(frame_of(3, kCloseShift)), 3), "");  // not the next one
    EXPECT_TRUE(host_.device().state().shift_open);
}

TEST_F(Second, WhatIsSpoiledIsDroppedInSilence) {
    EXPECT_EQ(host_.say("8F 07 00 02 00 E0 1E 00 00 00 CB 4C"), "");  // CRC
    EXPECT_EQ(host_.say("8F 01 00 00 00 00"), "");                    // LEN 1
    EXPECT_EQ(host_.say("8F 07 00 02 00 E0 9F 00 00 00 CB 4B"), "");  // a wrong pair
    EXPECT_EQ(host_.say("41 05 02"), "");                             // junk between frames
    EXPECT_EQ(host_.say("8F 07 00 02 00 E0", milliseconds(60)), "");  // the rest is late
    EXPECT_EQ(host_.say("1E 00 00 00 CB 4B"), "");
    EXPECT_FALSE(host_.device().state().shift_open);
    EXPECT_EQ(host_.say("8F 07 00 8F 07 00 02 00 E0 1E 00 00 00 CB 4B"),
              "8F 05 00 02 00 E0 00 1E 24 9F 83");  // 8F always begins one
}

TEST_F(Second, WhatComesWhileACommandExecutesIsLost) {
    EXPECT_EQ(host_.say("8F 07 00 02 00 E0 1E 00 00 00 CB 4B", milliseconds(1)), "");
    EXPECT_EQ(host_.say("8F 07 00 02 00 E0 1E 00 00 00 CB 4B", milliseconds(1)), "");
    EXPECT_EQ(host_.say("", milliseconds(100)), "8F 05 00 02 00 E0 00 1E 24 9F 83");
    EXPECT_EQ(documents(), 2U);
}

TEST_F(Second, NumbersAndDataAreStuffed) {
    host_.fault("number_reset", {{"number", "0x8E"}});
    EXPECT_EQ(host_.say("8F 07 00 9F 81 00 10 1E 00 00 00 6E 35").substr(0, 20),
              "8F 13 00 9F 81 00 10");
    host_.fault("number_reset", {{"number", "0xFFFF"}});
    EXPECT_EQ(ask(0, kShortStatus).substr(0, 5), "10 00");  // modulo 65536
}

TEST_F(Second, FaultsOfTheLineKnowItsFrames) {
    ask(2, kOpenShift);
    host_.fault("lose", {{"side", "device"}});
    EXPECT_EQ(host_.say(frame_of(3, kMilk)), "");
    EXPECT_EQ(ask(3, kMilk), "FF 46 00");
    host_.fault("bad_checksum");
    EXPECT_FALSE(decode_frame2(*base::from_hex(host_.say(frame_of(4, kSubtotal)))));
    EXPECT_EQ(ask(4, kSubtotal), "89 00 1E FC 26 00 00 00");
    host_.fault("refuse_frames");
    EXPECT_EQ(host_.say(frame_of(5, kSubtotal)), "");
    host_.fault("power_cut", {{"side", "host"}, {"at", "5"}, {"off_ms", "100"}});
    EXPECT_EQ(host_.say(frame_of(5, kSubtotal)), "");
    EXPECT_EQ(host_.say(kPing), "8F 02 00 01 00 99 5A");
}

TEST(Choice, TheFirstByteAfterPowerOnChooses) {
    Host host;
    EXPECT_EQ(host.say("00 00 FF"), "");
    EXPECT_EQ(host.say("41"), "15");  // junk chooses nothing
    EXPECT_EQ(host.say(kPing), "8F 02 00 01 00 99 5A");
    EXPECT_EQ(host.say("05"), "");
    host.device().power(false, host.now());
    host.device().power(true, host.now());
    EXPECT_EQ(host.say("05"), "15");
    EXPECT_EQ(host.say(kPing).substr(0, 2), "15");
}

TEST(Choice, ADeviceMaySpeakOneOfThemOnly) {
    ShtrihOptions options;
    options.link.variant2 = false;
    Host first(options);
    EXPECT_EQ(first.say("8F").substr(0, 2), "15");
    EXPECT_EQ(first.ask("F7 01").substr(6, 23), "08 00 C0 E7 3F 08 00 00");
    options.link.variant1 = false;
    options.link.variant2 = true;
    options.store.reset();
    Host second(options);
    EXPECT_EQ(second.say("05"), "");
    EXPECT_EQ(second.say(kPing), "8F 02 00 01 00 99 5A");
}

TEST(Frame2Codec, AnyBytesAreAFrameOrAnError) {
    EXPECT_EQ(crc16_of(*base::from_hex("00 00")), 0x1D0F);
    EXPECT_EQ(crc16_of(*base::from_hex("03 00 06 00 FC")), 0x63ED);
    Random random(2);
    for (int i = 0; i < 20'000; ++i) {
        Frame2 frame{.number = static_cast<std::uint16_t>(random.next())};
        for (std::uint64_t k = random.below(40); k > 0; --k) {
            frame.data.push_back(random.below(3) == 0 ? kStx2 : base::byte(random.next() & 0xFFU));
        }
        base::Bytes bytes = encode_frame2(frame);
        EXPECT_EQ(*decode_frame2(bytes), frame);
        bytes.resize(random.below(bytes.size() + 1));
        for (std::byte& byte : bytes) {
            byte = random.below(16) == 0 ? base::byte(random.next() & 0xFFU) : byte;
        }
        static_cast<void>(decode_frame2(bytes));
    }
}

}  // namespace
}  // namespace tillhost::simulators::shtrih
