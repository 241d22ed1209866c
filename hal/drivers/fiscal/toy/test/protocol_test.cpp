// Claim: the driver's frames are those of the wire's page, and any bytes give a value or an error.
// Shown by the page's examples in both directions, and by each of them cut and changed.
#include "hal/drivers/fiscal/toy/protocol.h"

#include <gtest/gtest.h>

namespace tillhost::drivers::toy {
namespace {

using base::Bytes;
using base::ErrorCode;
using base::to_hex;

Bytes hex(std::string_view text) { return MUST(base::from_hex(text)); }

TEST(ToyProtocol, EncodesTheExamplesOfThePage) {
    EXPECT_EQ(to_hex(encode_identify()), "01 01 00");
    EXPECT_EQ(to_hex(encode_counters()), "01 02 03");
    EXPECT_EQ(to_hex(encode_register(25015, 7)),
              "11 03 B7 61 00 00 00 00 00 00 07 00 00 00 00 00 00 00 C3");
    EXPECT_EQ(to_hex(encode_document(1)), "05 04 01 00 00 00 00");
}

TEST(ToyProtocol, DecodesTheExamplesOfThePage) {
    EXPECT_EQ(*decode_identify(hex("0A 01 00 54 4F 59 30 30 30 30 31 78")), "TOY00001");
    const auto counters = decode_counters(hex("0E 02 00 01 00 00 00 B7 61 00 00 00 00 00 00 DB"));
    EXPECT_EQ(counters->last_number, 1U);
    EXPECT_EQ(counters->total_minor, 25015);
    EXPECT_EQ(*decode_register(hex("06 03 00 01 00 00 00 04")), 1U);
    const auto document = decode_document(
        hex("16 04 00 01 00 00 00 B7 61 00 00 00 00 00 00 07 00 00 00 00 00 00 00 C2"));
    EXPECT_EQ(document->number, 1U);
    EXPECT_EQ(document->total_minor, 25015);
    EXPECT_EQ(document->tag, 7U);
}

TEST(ToyProtocol, FindsAFrameOnlyWhenItIsWholeAndGood) {
    const Bytes frame = hex("06 03 00 01 00 00 00 04 FF FF");
    for (std::size_t length = 0; length < 8; ++length) {
        EXPECT_FALSE(frame_length(base::ByteView(frame).first(length))->has_value()) << length;
    }
    EXPECT_EQ(**frame_length(frame), 8U);
    EXPECT_EQ(command_of(frame), 3U);
    EXPECT_EQ(frame_length(hex("00")).error().code, ErrorCode::frame_damaged);
    for (unsigned bit = 0; bit < 8; ++bit) {
        Bytes damaged = frame;
        damaged[3] ^= static_cast<std::byte>(1U << bit);
        EXPECT_EQ(frame_length(damaged).error().code, ErrorCode::frame_damaged);
    }
}

TEST(ToyProtocol, RefusesOtherCommandsAndLengths) {
    EXPECT_EQ(decode_identify(hex("06 03 00 01 00 00 00 04")).error().code,
              ErrorCode::unexpected_answer);
    EXPECT_EQ(decode_counters(hex("03 02 00 01 00")).error().code, ErrorCode::unexpected_answer);
    EXPECT_EQ(decode_register(hex("07 03 00 01 00 00 00 00 05")).error().code,
              ErrorCode::unexpected_answer);
    EXPECT_EQ(decode_document(hex("01 04 05")).error().code, ErrorCode::unexpected_answer);
    EXPECT_EQ(decode_identify(hex("0A 01 00 07 4F 59 30 30 30 30 31 2B")).error().code,
              ErrorCode::unexpected_answer);
}

TEST(ToyProtocol, TellsRefusalsApart) {
    const std::pair<std::string_view, ErrorCode> refusals[] = {
        {"02 03 01 00", ErrorCode::not_supported},
        {"02 03 02 03", ErrorCode::device_refused},
        {"02 03 03 02", ErrorCode::device_refused},
        {"02 03 04 05", ErrorCode::paper_out},
        {"02 03 05 04", ErrorCode::fiscal_memory_full},
        {"02 03 77 76", ErrorCode::unexpected_answer}};
    for (const auto& [frame, code] : refusals) {
        const auto number = decode_register(hex(frame));
        ASSERT_FALSE(number);
        EXPECT_EQ(number.error().code, code) << frame;
        EXPECT_EQ(number.error().effect, base::Effect::none);
    }
}

}  // namespace
}  // namespace tillhost::drivers::toy
