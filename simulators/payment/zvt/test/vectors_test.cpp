// Claim: the simulator's codec reads and writes every published and derived vector byte for byte.
// Shown by vectors.txt: taken apart and put together again, and messages of the terminal built
// anew.
#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <map>

#include "simulators/payment/zvt/messages.h"
#include "simulators/payment/zvt/test/till.h"

namespace tillhost::simulators::zvt {
namespace {

using Vector = std::map<std::string, std::string>;

std::map<std::string, Vector> read_vectors() {
    std::ifstream input("simulators/payment/zvt/test/vectors.txt");
    std::map<std::string, Vector> vectors;
    std::string line;
    std::string name;
    while (std::getline(input, line)) {
        const auto blank = line.find(' ');
        if (line.empty() || line[0] == '#' || blank == std::string::npos) {
            continue;
        }
        const std::string key = line.substr(0, blank);
        name = key == "name" ? line.substr(blank + 1) : name;
        vectors[name][key] = line.substr(blank + 1);
    }
    return vectors;
}

base::Bytes put_again(const Bitmaps& bitmaps) {
    base::ByteWriter writer;
    for (const Field& field : bitmaps.fields) {
        put_bitmap(writer, static_cast<std::uint8_t>(field.tag), field.value);
    }
    return writer.take();
}

TEST(ZvtVectors, EveryFrameAndEveryApduComesOutAsItWentIn) {
    std::size_t frames = 0, apdus = 0;
    for (auto& [name, vector] : read_vectors()) {
        if (vector.contains("frame")) {
            const base::Bytes frame = *base::from_hex(vector["frame"]);
            const auto apdu = decode_frame(frame);
            ASSERT_TRUE(apdu) << name;
            EXPECT_TRUE(decode_apdu(*apdu)) << name;
            EXPECT_EQ(base::to_hex(encode_frame(*apdu)), vector["frame"]) << name;
            ++frames;
        } else {
            const auto apdu = decode_apdu(*base::from_hex(vector["apdu"]));
            ASSERT_TRUE(apdu) << name;
            EXPECT_EQ(base::to_hex(encode_apdu(*apdu)), vector["apdu"]) << name;
            ++apdus;
        }
        if (vector.contains("crc")) {
            const base::Bytes frame = encode_frame(*base::from_hex(vector["apdu"]));
            EXPECT_EQ(base::to_hex(base::ByteView(frame).last(2)), vector["crc"]) << name;
        }
    }
    EXPECT_EQ(frames, 11U);
    EXPECT_GE(apdus, 40U);
}

TEST(ZvtVectors, BitmapsOfResultsComeOutAsTheyWentIn) {
    auto vectors = read_vectors();
    for (const std::string name : {"P1", "P3", "P5", "P6", "P7", "P13c", "P22a", "P23", "P36", "D2",
                                   "D3", "D4", "D5", "D16", "D17", "D20", "D24"}) {
        const auto apdu = decode_apdu(*base::from_hex(vectors[name]["apdu"]));
        const Bitmaps bitmaps = decode_bitmaps(apdu->data);
        EXPECT_TRUE(bitmaps.complete && !bitmaps.unknown) << name;
        EXPECT_EQ(base::to_hex(put_again(bitmaps)), base::to_hex(apdu->data)) << name;
    }
}

TEST(ZvtVectors, ACrcAloneIsTheKermitOne) {
    // Its check value is over the digits alone; ours takes a byte 03 in at the end.
    EXPECT_EQ(base::to_hex(encode_frame(*base::from_hex("06 B0 00"))),
              "10 02 06 B0 00 10 03 43 F3");
}

TEST(ZvtVectors, ExtendedLengthsAreLowByteFirst) {
    EXPECT_EQ(decode_apdu(*base::from_hex("04 0F FF 01 00 6C"))->data.size(), 1U);
    EXPECT_EQ(apdu_length(*base::from_hex("04 0F FF 00 01"))->data, 256U);
    EXPECT_EQ(apdu_length(*base::from_hex("04 0F FF FF FF"))->data, 65'535U);
    EXPECT_FALSE(apdu_length(*base::from_hex("04 0F FF 00")));
    const Apdu large{.command = 0x06D3, .data = base::Bytes(255)};
    EXPECT_EQ(base::to_hex(base::ByteView(encode_apdu(large)).first(5)), "06 D3 FF FF 00");
    EXPECT_EQ(decode_apdu(encode_apdu(large)), large);
    // The length is too small for the text behind it.
    EXPECT_FALSE(
        decode_apdu(*base::from_hex("06 D1 10 40 2A 2A 20 4B 41 53 53 45 4E 53 43 48 4E 49 "
                                    "54 54 20 2A 2A")));
}

TEST(ZvtVectors, TlvLengthsAreHighByteFirst) {
    base::ByteWriter writer;
    put_tlv(writer, 0x25, base::Bytes(300));
    EXPECT_EQ(base::to_hex(base::ByteView(writer.bytes()).first(4)), "25 82 01 2C");
    EXPECT_EQ(decode_tlv(writer.bytes())->front().value.size(), 300U);
    EXPECT_FALSE(decode_tlv(*base::from_hex("25 82 01")));
    EXPECT_FALSE(decode_tlv(*base::from_hex("25 83 00 00 01 00")));
}

TEST(ZvtVectors, TheTerminalsOwnMessagesAreTheDerivedOnes) {
    using namespace std::chrono;
    auto vectors = read_vectors();
    const auto at = sys_days(year(2026) / 6 / 11) + hours(14) + minutes(30) + seconds(5);
    const CardTransaction transaction{
        .receipt_number = 43,
        .trace_number = 187,
        .turnover_number = 43,
        .amount_minor = 1234,
        .date_time_ms = duration_cast<milliseconds>(at.time_since_epoch()).count(),
        .pan = "************4771",
        .card_name = "MASTERCARD",
        .card_type = 6};
    const StatusLook look{.currency = true, .tlv = true, .sync_id = true};
    EXPECT_EQ(base::to_hex(encode_apdu(status_apdu(transaction, "28004869", look))),
              vectors["D16"]["apdu"]);
    EXPECT_EQ(base::to_hex(encode_apdu(failed_status_apdu(5, "28004869", 1234, 978))),
              vectors["D17"]["apdu"]);
    EXPECT_EQ(base::to_hex(encode_apdu(failed_status_apdu(0x6C, "29001006", {}, {}))),
              vectors["P22a"]["apdu"]);
    const Receipt receipt{.type = ReceiptType::customer,
                          .lines = {{0x40, "TESTSHOP"}, {0, "EUR      12,34"}}};
    EXPECT_EQ(base::to_hex(encode_apdu(print_block(receipt, {}))), vectors["D24"]["apdu"]);
    EXPECT_EQ(base::to_hex(encode_apdu(intermediate_apdu(0x0A, 3))), vectors["D14"]["apdu"]);
    EXPECT_EQ(base::to_hex(encode_apdu(refusal_apdu(Code::not_possible))), vectors["D23"]["apdu"]);
}

TEST(ZvtVectors, ATextIsWrittenInTheCharsetThatWasAgreed) {
    EXPECT_EQ(base::to_hex(encode_text("HÄNDLER", Charset::latin1)), "48 C4 4E 44 4C 45 52");
    EXPECT_EQ(base::to_hex(encode_text("HÄ€", Charset::cp437)), "48 8E 3F");
    EXPECT_EQ(base::to_hex(encode_text("Ä", Charset::utf8)), "C3 84");
}

}  // namespace
}  // namespace tillhost::simulators::zvt
