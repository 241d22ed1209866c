// Claim: numbered frames are written byte for byte as published, and only whole ones are read.
// Shown by the vectors of tests/vectors/fiscal/shtrih/numbered.txt, and by every byte damaged, cut
// off, or followed by others.
#include "hal/drivers/fiscal/shtrih/frames_numbered.h"

#include <gtest/gtest.h>

#include "hal/drivers/fiscal/shtrih/frames.h"
#include "hal/drivers/fiscal/shtrih/protocol.h"
#include "hal/drivers/fiscal/shtrih/test/vectors.h"

namespace tillhost::drivers::shtrih {
namespace {

using base::Bytes;
using base::from_hex;
using base::to_hex;

std::vector<Bytes> published_frames() {
    std::vector<Bytes> frames;
    for (const Vector& one : vectors_of("numbered.txt")) {
        for (const Bytes& frame : {one.request, one.answer}) {
            if (!frame.empty()) {
                frames.push_back(frame);
            }
        }
    }
    return frames;
}

/// What a line with these bytes brings.
std::vector<NumberedFrame> read_all(NumberedReader& reader, base::ByteView bytes) {
    std::vector<NumberedFrame> frames;
    for (const std::byte value : bytes) {
        if (auto frame = reader.feed(value)) {
            frames.push_back(std::move(*frame));
        }
    }
    return frames;
}

TEST(NumberedFrames, EveryVectorIsReadAndWrittenExactly) {
    const auto frames = published_frames();
    EXPECT_EQ(frames.size(), 19U);
    for (const Bytes& bytes : frames) {
        const auto frame = decode_numbered(bytes);
        ASSERT_TRUE(frame) << base::to_text(frame.error());
        EXPECT_EQ(to_hex(encode_numbered(*frame)), to_hex(bytes));
        NumberedReader reader;
        const auto read = read_all(reader, bytes);
        ASSERT_EQ(read.size(), 1U) << to_hex(bytes);
        EXPECT_EQ(read[0], *frame);
        EXPECT_FALSE(reader.inside());
    }
}

TEST(NumberedFrames, SayWhatThePublishedOnesSay) {
    EXPECT_EQ(to_hex(encode_numbered({})), "8F 00 00 0F 1D");
    EXPECT_EQ(to_hex(encode_numbered({1, {}})), "8F 02 00 01 00 99 5A");
    EXPECT_EQ(to_hex(encode_numbered({6, device_type_request()})), "8F 03 00 06 00 FC ED 63");
    EXPECT_EQ(to_hex(encode_numbered({2, plain_request(Command::open_shift, 30)})),
              "8F 07 00 02 00 E0 1E 00 00 00 CB 4B");
    EXPECT_EQ(to_hex(encode_numbered({0x8F, plain_request(Command::short_status, 30)})),
              "8F 07 00 9F 81 00 10 1E 00 00 00 6E 35");
    const auto closed = message_of(
        *from_hex("8F 12 00 25 00 FF 45 00 00 00 00 00 00 52 00 00 00 F2 BF 0B 3E 90 6B"));
    ASSERT_TRUE(closed);
    const auto answer = split_answer(Command::close_document, *closed);
    ASSERT_TRUE(answer);
    EXPECT_EQ(read_closed_document(answer->body)->number, 82U);
    EXPECT_EQ(read_closed_document(answer->body)->sign, 1040957426U);
}

TEST(NumberedFrames, ADamagedFrameIsRefusedWhateverByteIsDamaged) {
    for (const Bytes& frame : published_frames()) {
        for (std::size_t i = 0; i < frame.size(); ++i) {
            Bytes damaged = frame;
            damaged[i] ^= std::byte{0x10};
            EXPECT_FALSE(decode_numbered(damaged)) << to_hex(damaged);
            EXPECT_FALSE(decode_numbered(base::ByteView(frame).first(i))) << i;
        }
        Bytes longer = frame;
        longer.push_back(std::byte{0});
        EXPECT_FALSE(decode_numbered(longer));
    }
    EXPECT_FALSE(decode_numbered(*from_hex("8F 01 00 05 2E 3E"))) << "a length of 1 is none";
    EXPECT_FALSE(decode_numbered(*from_hex("8F 9F 82 00 00 00"))) << "9F stands before 81 or 83";
    EXPECT_FALSE(message_of({}));
}

TEST(NumberedFrames, AFrameIsFoundBehindJunkAndBehindADamagedOne) {
    NumberedReader reader;
    const auto read = read_all(
        reader, *from_hex("05 15 FF 00 8F 12 00 25 8F 02 00 01 00 99 5A 9F 83 8F 00 00 0F 1D 06"));
    ASSERT_EQ(read.size(), 2U);
    EXPECT_EQ(read[0].number, 1U);
    EXPECT_TRUE(read[1].is_ping());
}

TEST(NumberedFrames, AFrameThatBeganIsForgottenInSilence) {
    NumberedReader reader;
    EXPECT_TRUE(read_all(reader, *from_hex("8F 02 00 01")).empty());
    EXPECT_TRUE(reader.inside());
    reader.abandon();
    EXPECT_TRUE(read_all(reader, *from_hex("00 99 5A")).empty());
    EXPECT_FALSE(reader.inside());
}

TEST(NumberedFrames, NothingLongerThanTheBoundIsCollected) {
    NumberedReader reader;
    EXPECT_TRUE(read_all(reader, *from_hex("8F FF FF 01 00 00")).empty());
    EXPECT_FALSE(reader.inside());
}

}  // namespace
}  // namespace tillhost::drivers::shtrih
