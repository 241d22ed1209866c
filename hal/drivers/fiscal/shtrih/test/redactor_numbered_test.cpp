// Claim: what the redactor hides in the standard layer it hides in numbered frames, whose bytes on
// the line stay as many as they were; what is damaged shows nothing and stays damaged.
// Shown on the published and derived messages in numbered frames, under every number, in pieces,
// damaged at every byte, with noise before and behind them, and on bytes made at random by a seed.
#include <gtest/gtest.h>

#include <array>
#include <random>

#include "hal/drivers/fiscal/shtrih/frames.h"
#include "hal/drivers/fiscal/shtrih/frames_numbered.h"
#include "hal/drivers/fiscal/shtrih/protocol.h"
#include "hal/drivers/fiscal/shtrih/redactor.h"
#include "hal/drivers/fiscal/shtrih/test/vectors.h"

namespace tillhost::drivers::shtrih {
namespace {

using base::Bytes;
using base::ByteView;
using transport::kHidden;
using transport::Way;

constexpr Password kSecretPassword = 0x51525354;
constexpr std::string_view kName = "Sausage";

Bytes masked(Way way, ByteView bytes, std::size_t piece = 4096) {
    transport::Masker masker(make_redactor());
    Bytes out;
    for (std::size_t i = 0; i < bytes.size(); i += piece) {
        const Bytes some = masker.add(way, bytes.subspan(i, std::min(piece, bytes.size() - i)));
        out.insert(out.end(), some.begin(), some.end());
    }
    const Bytes rest = masker.finish(way);
    out.insert(out.end(), rest.begin(), rest.end());
    return out;
}

bool contains(ByteView bytes, ByteView part) {
    return std::search(bytes.begin(), bytes.end(), part.begin(), part.end()) != bytes.end();
}

Bytes tag(std::uint16_t number, std::string_view value) {
    return tag_request(Command::document_tag, kSecretPassword, number, base::bytes_of(value));
}

Bytes position() {
    PositionFields fields;
    fields.name = base::bytes_of(kName);
    return position_request(kSecretPassword, fields);
}

/// A stream of numbered frames that begins with a ping's answer, so that the layer is known.
Bytes after_ping(ByteView bytes) {
    Bytes all = encode_numbered({1, {}});
    all.insert(all.end(), bytes.begin(), bytes.end());
    return all;
}

/// All messages of the vectors that go this way.
std::vector<Bytes> messages(Way way) {
    std::vector<Bytes> found;
    for (const char* file : {"derived.txt", "published.txt"}) {
        for (const Vector& vector : vectors_of(file)) {
            const auto read = decode_frame(way == Way::to_device ? vector.request : vector.answer);
            if (read) {
                found.push_back(*read);
            }
        }
    }
    return found;
}

TEST(NumberedRedactor, HidesWhatTheStandardLayerHides) {
    for (const Way way : {Way::to_device, Way::from_device}) {
        transport::Masker standard(make_redactor());
        transport::Masker numbered(make_redactor());
        ASSERT_GT(messages(way).size(), 50U);
        for (const Bytes& message : messages(way)) {
            const auto wanted = decode_frame(standard.add(way, encode_frame(message)));
            const Bytes line = encode_numbered({7, message});
            const Bytes hidden = numbered.add(way, line);
            const auto got = decode_numbered(hidden);
            ASSERT_TRUE(wanted && got) << base::to_hex(message);
            EXPECT_EQ(hidden.size(), line.size());
            ASSERT_EQ(got->message.size(), message.size());
            for (std::size_t i = 0; i < message.size(); ++i) {
                const bool shown = (*wanted)[i] == message[i] && message[i] != kHidden;
                EXPECT_TRUE(!shown || got->message[i] == message[i]) << base::to_hex(message);
                EXPECT_TRUE(shown || message[i] != got->message[i] || message[i] == kHidden)
                    << base::to_hex(message);
            }
        }
    }
}

TEST(NumberedRedactor, KeepsTheNumberOfBytesUnderEveryNumber) {
    const Bytes message = position();
    base::ByteWriter password;
    password.u32_le(kSecretPassword);
    transport::Masker masker(make_redactor());
    std::size_t other_placeholders = 0;
    for (unsigned number = 0; number <= 0xFFFF; ++number) {
        const Bytes line = encode_numbered({static_cast<std::uint16_t>(number), message});
        const Bytes hidden = masker.add(Way::to_device, line);
        ASSERT_EQ(hidden.size(), line.size()) << number;
        const auto read = decode_numbered(hidden);
        ASSERT_TRUE(read) << number;
        ASSERT_EQ(read->number, number);
        ASSERT_FALSE(contains(hidden, password.bytes())) << number;
        ASSERT_TRUE(contains(hidden, base::bytes_of(kName)));
        other_placeholders += contains(hidden, Bytes(4, kHidden)) ? 0 : 1;
    }
    EXPECT_GT(other_placeholders, 0U) << "checksums of three bytes were met";
    EXPECT_LT(other_placeholders, 0x10000U / 20);
}

TEST(NumberedRedactor, HidesStuffedBytesAsStuffedBytes) {
    const std::string secret = {'\x8F', '\x9F', '7', '\x9F', '\x8F'};
    for (const unsigned number : {1008U, 1227U}) {
        const Bytes line =
            encode_numbered({0x8F9F, tag(static_cast<std::uint16_t>(number), secret)});
        const Bytes hidden = masked(Way::to_device, after_ping(line));
        const Bytes shown(hidden.end() - static_cast<std::ptrdiff_t>(line.size()), hidden.end());
        const auto read = decode_numbered(shown);
        ASSERT_TRUE(read);
        EXPECT_EQ(base::to_hex(Bytes(read->message.end() - 5, read->message.end())),
                  "9F 9F 2A 9F 9F");
    }
    const Bytes code = masked(Way::to_device, encode_numbered({9, tag(1162, "0104601234567890")}));
    EXPECT_FALSE(contains(code, base::bytes_of("0460")));
}

TEST(NumberedRedactor, AMessageLongerThanTheStandardLayerHasIsReadToo) {
    // FF45h with texts behind its fields is longer than one length byte tells.
    base::ByteWriter message;
    message.u16_le(0x61FF).u32_le(kSecretPassword).raw(Bytes(600, std::byte{'7'}));
    const Bytes hidden = masked(Way::to_device, encode_numbered({3, message.bytes()}));
    EXPECT_TRUE(decode_numbered(hidden));
    EXPECT_FALSE(contains(hidden, base::bytes_of("777")));
}

/// Frames of one direction in a row, and damage of every kind between them.
Bytes stream_of(Way way) {
    Bytes all = base::bytes_of("x\x05");
    std::uint16_t number = 0x8E;
    for (const Bytes& message : messages(way)) {
        const Bytes line = encode_numbered({number++, message});
        all.insert(all.end(), line.begin(), line.end());
        switch (number % 5) {
            case 0: all.insert(all.end(), line.begin(), line.end() - 3); break;  // cut
            case 1:                                                              // damaged
                all.insert(all.end(), line.begin(), line.end());
                all.back() ^= std::byte{0x10};
                break;
            case 2:  // a length that cannot be, 9F with something wrong behind it
                all.insert(all.end(), {kNumberedStart, std::byte{1}, std::byte{0}});
                all.insert(all.end(), line.begin() + 1, line.end());
                all.insert(all.end(), line.begin(), line.begin() + 7);
                all.insert(all.end(), {kStuffing, std::byte{'7'}, std::byte{'7'}});
                break;
            default: break;
        }
    }
    return all;
}

TEST(NumberedRedactor, PiecesMakeNoDifferenceAndASecondTimeChangesNothing) {
    for (const Way way : {Way::to_device, Way::from_device}) {
        const Bytes bytes = stream_of(way);
        const Bytes whole = masked(way, bytes);
        EXPECT_EQ(whole.size(), bytes.size());
        EXPECT_EQ(masked(way, whole), whole);
        for (const std::size_t piece : {1U, 2U, 7U, 100U}) {
            EXPECT_EQ(masked(way, bytes, piece), whole) << piece;
        }
    }
}

TEST(NumberedRedactor, AnyBytesAreSettledAsOnePieceWouldBe) {
    // Without 02: what is hidden of a damaged frame of the standard layer may look sound by chance.
    constexpr std::array<unsigned, 16> kAlphabet{0x8F, 0x8F, 0x9F, 0x9F, 0x81, 0x83, 0x07, 0x05,
                                                 0x06, 0x15, 0xFF, 0x00, 0x01, 0x03, 0x10, 0x40};
    std::mt19937 chance(20240611);
    for (int round = 0; round < 20'000; ++round) {
        Bytes bytes = round % 2 == 0 ? Bytes() : after_ping({});
        for (auto left = chance() % 60; left > 0; --left) {
            bytes.push_back(base::byte(kAlphabet[chance() % kAlphabet.size()]));
        }
        const Way way = chance() % 2 == 0 ? Way::to_device : Way::from_device;
        const Bytes whole = masked(way, bytes);
        ASSERT_EQ(whole.size(), bytes.size());
        ASSERT_EQ(masked(way, bytes, 1 + chance() % 5), whole) << base::to_hex(bytes);
        ASSERT_EQ(masked(way, whole), whole) << base::to_hex(bytes);
    }
}

TEST(NumberedRedactor, ADamagedFrameShowsNothingAndStaysDamaged) {
    const Bytes frame = encode_numbered({0x21, position()});
    const Bytes next = encode_numbered({0x22, device_type_request()});
    for (std::size_t i = 1; i < frame.size(); ++i) {
        Bytes damaged = frame;
        damaged[i] ^= std::byte{0x40};
        damaged.insert(damaged.end(), next.begin(), next.end());
        const Bytes hidden = masked(Way::to_device, after_ping(damaged));
        EXPECT_FALSE(contains(hidden, base::bytes_of(kName.substr(0, 4)))) << i;
        EXPECT_TRUE(contains(hidden, next)) << i << ": " << base::to_hex(hidden);
        const auto begin = hidden.begin() + static_cast<std::ptrdiff_t>(after_ping({}).size());
        EXPECT_FALSE(decode_numbered(Bytes(begin, hidden.end() - std::ssize(next)))) << i;
    }
    for (std::size_t length = 1; length < frame.size(); ++length) {
        const Bytes hidden = masked(Way::to_device, after_ping(ByteView(frame).first(length)));
        EXPECT_EQ(hidden.size(), after_ping({}).size() + length);
        EXPECT_FALSE(contains(hidden, base::bytes_of(kName.substr(0, 4)))) << length;
    }
}

TEST(NumberedRedactor, WhatFollowsADamagedFrameIsHiddenUpToTheNextOne) {
    Bytes bytes = encode_numbered({5, position()});
    bytes.back() ^= std::byte{0x40};
    // A sound frame of the other layer by chance, and bytes that mean something there.
    const Bytes chance =
        encode_frame(tag_request(Command::document_tag, 30, 1021, base::bytes_of("Ivanov")));
    bytes.insert(bytes.end(), chance.begin(), chance.end());
    bytes.push_back(kEnq);
    const Bytes hidden = masked(Way::from_device, after_ping(bytes));
    EXPECT_FALSE(contains(hidden, base::bytes_of("Ivan")));
    EXPECT_EQ(hidden.back(), kHidden);
}

TEST(NumberedRedactor, NoiseOnALineOfTheStandardLayerHidesOnlyItself) {
    Bytes bytes{kNumberedStart, kNak, kNumberedStart, kStuffing, kAck};
    const Bytes status = encode_frame(*base::from_hex("FC 00 00 00 02 00 2D 00 D8"));
    bytes.insert(bytes.end(), status.begin(), status.end());
    const Bytes hidden = masked(Way::from_device, bytes);
    Bytes wanted{kHidden, kNak, kHidden, kHidden, kAck};
    wanted.insert(wanted.end(), status.begin(), status.end());
    EXPECT_EQ(base::to_hex(hidden), base::to_hex(wanted));
}

TEST(NumberedRedactor, WaitsForTheRestOfAFrame) {
    transport::Masker masker(make_redactor());
    const Bytes frame = encode_numbered({2, tag(1008, "ivan@example.org")});
    EXPECT_TRUE(masker.add(Way::to_device, ByteView(frame).first(20)).empty());
    EXPECT_EQ(masker.add(Way::to_device, ByteView(frame).subspan(20)).size(), frame.size());
}

}  // namespace
}  // namespace tillhost::drivers::shtrih
