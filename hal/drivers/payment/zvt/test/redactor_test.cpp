// Claim: a recording shows no card, no password and no free text, keeps what an engineer needs, and
// its checksums still fit.
// Shown on the vectors, twice over and in pieces of one byte, and on messages that hold a card.
#include "hal/drivers/payment/zvt/redactor.h"

#include <gtest/gtest.h>

#include "hal/drivers/payment/zvt/protocol.h"
#include "hal/drivers/payment/zvt/serial_frames.h"
#include "hal/drivers/payment/zvt/test/vectors.h"

namespace tillhost::drivers::zvt {
namespace {

using base::Bytes;
using base::to_hex;
using transport::Way;

Bytes redacted(Bytes bytes) {
    EXPECT_EQ(make_redactor()->settle(Way::from_device, bytes, true), bytes.size());
    return bytes;
}

Bytes in_pieces(const Bytes& bytes) {
    transport::Masker masker(make_redactor());
    Bytes all;
    for (const std::byte byte : bytes) {
        const Bytes settled = masker.add(Way::from_device, Bytes{byte});
        all.insert(all.end(), settled.begin(), settled.end());
    }
    const Bytes rest = masker.finish(Way::from_device);
    all.insert(all.end(), rest.begin(), rest.end());
    return all;
}

TEST(Redactor, HidesPasswordsAndKeepsChecksumsRight) {
    const Bytes frame = redacted(vector_of("serial.txt", "S1"));
    ASSERT_TRUE(decode_serial_frame(frame));
    EXPECT_EQ(to_hex(*decode_serial_frame(frame)), "06 00 06 2A 2A 2A BA 09 78");
    EXPECT_EQ(to_hex(redacted(*base::from_hex("06 20 05 12 34 56 03 03"))),
              "06 20 05 2A 2A 2A 03 03");
}

TEST(Redactor, HidesTheCardAndKeepsTheMoney) {
    const Bytes clean = redacted(vector_of("published.txt", "P7"));
    const StatusInfo info = read_status_info(decode_apdu(clean)->data);
    EXPECT_TRUE(info.whole);
    EXPECT_EQ(info.amount, 2040);
    EXPECT_EQ(info.receipt, 470);
    EXPECT_EQ(info.terminal_id, "28004869");
    EXPECT_EQ(info.card_number.find("4771"), std::string::npos);
    EXPECT_EQ(base::string_of(info.text), "**************");
}

TEST(Redactor, HidesLinesOfReceipts) {
    const Bytes clean = redacted(vector_of("derived.txt", "D16"));
    const Printed printed = read_print_block(decode_apdu(clean)->data);
    ASSERT_EQ(printed.lines.size(), 2U);
    EXPECT_EQ(base::string_of(printed.lines[0].text), "********");
    EXPECT_EQ(printed.receipt_type, 2);
    EXPECT_TRUE(printed.ends);
}

TEST(Redactor, HidesWhatIsDamaged) {
    Bytes bad = vector_of("serial.txt", "S1");
    bad[5] ^= std::byte{0x40};
    const Bytes clean = redacted(bad);
    EXPECT_EQ(to_hex(base::ByteView(clean).subspan(2, 9)), "2A 2A 2A 2A 2A 2A 2A 2A 2A");
    EXPECT_FALSE(decode_serial_frame(clean));
    EXPECT_EQ(to_hex(redacted(*base::from_hex("04 0F 09 22 F0 F8 41 11"))),
              "04 0F 09 2A 2A 2A 2A 2A");
}

TEST(Redactor, IsTheSameTwiceAndInPieces) {
    for (const char* file : {"published.txt", "derived.txt", "serial.txt"}) {
        for (const Vector& vector : vectors_of(file)) {
            const Bytes once = redacted(vector.bytes);
            EXPECT_EQ(to_hex(redacted(once)), to_hex(once)) << vector.name;
            EXPECT_EQ(to_hex(in_pieces(vector.bytes)), to_hex(once)) << vector.name;
        }
    }
}

}  // namespace
}  // namespace tillhost::drivers::zvt
