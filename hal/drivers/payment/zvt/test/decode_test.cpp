// Claim: `tillctl decode` names every byte of messages and frames, whole or damaged, and shows no
// card data and no password.
// Shown on the vectors, on cut and joined ones, and on a message with a card in it.
#include "hal/drivers/payment/zvt/decode.h"

#include <gtest/gtest.h>

#include "hal/drivers/payment/zvt/serial_frames.h"
#include "hal/drivers/payment/zvt/test/vectors.h"

namespace tillhost::drivers::zvt {
namespace {

using base::Bytes;
using device::DecodedField;
using device::Sender;

std::vector<DecodedField> fields_of(base::ByteView bytes) {
    auto fields = decode(bytes, Sender::unknown);
    std::size_t next = 0;
    for (const DecodedField& field : fields) {
        EXPECT_EQ(field.offset, next);
        next += field.length;
    }
    EXPECT_EQ(next, bytes.size());
    return fields;
}

std::string value_of(const std::vector<DecodedField>& fields, const std::string& name) {
    for (const DecodedField& field : fields) {
        if (field.name == name) {
            return field.value;
        }
    }
    return "(no " + name + ")";
}

TEST(Decode, NamesEveryVectorWithoutAProblem) {
    for (const char* file : {"published.txt", "derived.txt", "serial.txt"}) {
        for (const Vector& vector : vectors_of(file)) {
            if (vector.name == "P11") {  // its data are a number without a bitmap
                continue;
            }
            for (const DecodedField& field : fields_of(vector.bytes)) {
                EXPECT_EQ(field.problem, "") << vector.name << " " << field.name;
                EXPECT_NE(field.name, "junk") << vector.name;
                EXPECT_NE(field.name, "more") << vector.name;
            }
        }
    }
}

TEST(Decode, TellsWhatAPaymentAndItsAnswerSay) {
    const auto payment = fields_of(vector_of("derived.txt", "D4"));
    EXPECT_EQ(value_of(payment, "command"), "06 01 payment");
    EXPECT_EQ(value_of(payment, "amount"), "12.34");
    EXPECT_EQ(value_of(payment, "currency"), "EUR");
    EXPECT_EQ(value_of(payment, "transaction_id"), "00 42");
    const auto answer = fields_of(vector_of("published.txt", "P7"));
    EXPECT_EQ(value_of(answer, "result"), "00 approved");
    EXPECT_EQ(value_of(answer, "receipt"), "0470");
    EXPECT_EQ(value_of(answer, "card_name"), "Debit Mastercard");
    EXPECT_EQ(value_of(answer, "card_number"), "************4771");
}

TEST(Decode, TellsWhatASerialFrameHolds) {
    const auto frame = fields_of(vector_of("serial.txt", "S3"));
    EXPECT_EQ(value_of(frame, "amount"), "110.00");
    EXPECT_EQ(value_of(frame, "checksum"), "FFF2");
    EXPECT_EQ(value_of(fields_of(vector_of("serial.txt", "S11")), "software"), "2.14.15");
}

TEST(Decode, TellsWhatIsWrong) {
    Bytes bad = vector_of("serial.txt", "S1");
    bad.back() ^= std::byte{1};
    EXPECT_EQ(fields_of(bad).back().problem, "would be C324");
    const auto cut = fields_of(*base::from_hex("04 0F 07 27 00"));
    EXPECT_EQ(cut[1].problem, "5 bytes are missing");
    const auto unknown = fields_of(*base::from_hex("04 0F 04 27 00 99 01"));
    EXPECT_EQ(unknown.back().problem, "a bitmap that is not known");
    EXPECT_EQ(fields_of(*base::from_hex("FF FF 80 00 00"))[0].problem, "begins no message");
}

TEST(Decode, ReadsControlBytesAndSeveralMessages) {
    Bytes line{kAck};
    const Bytes frame = vector_of("serial.txt", "S6");
    line.insert(line.end(), frame.begin(), frame.end());
    line.push_back(kNak);
    const auto fields = fields_of(line);
    EXPECT_EQ(fields.front().name, "ACK");
    EXPECT_EQ(fields.back().name, "NAK");
    EXPECT_EQ(fields_of(*base::from_hex("80 00 00 06 0F 00")).size(), 4U);
}

TEST(Decode, ShowsNoCardAndNoPassword) {
    const auto fields =
        fields_of(*base::from_hex("04 0F 13 22 F0 F8 41 11 11 11 11 11 11 11 23 F0 F4 12 34 56 78 "
                                  "27"));
    EXPECT_EQ(value_of(fields, "card_number"), "hidden");
    EXPECT_EQ(value_of(fields, "track_2"), "hidden");
    EXPECT_EQ(value_of(fields_of(vector_of("serial.txt", "S10")), "password"), "hidden");
}

TEST(Decode, NamesEveryBeginningOfEveryVector) {
    for (const char* file : {"published.txt", "derived.txt", "serial.txt"}) {
        for (const Vector& vector : vectors_of(file)) {
            for (std::size_t i = 0; i < vector.bytes.size(); ++i) {
                fields_of(base::ByteView(vector.bytes).first(i));
                Bytes changed = vector.bytes;
                changed[i] ^= std::byte{0x55};
                fields_of(changed);
            }
        }
    }
}

}  // namespace
}  // namespace tillhost::drivers::zvt
