// Claim: messages and serial frames are written and read as the published bytes stand, and damaged
// ones give an error or what could be read.
// Shown on the vectors of tests/vectors/payment/zvt, each way, and on bytes that are cut or
// changed.
#include <gtest/gtest.h>

#include "hal/drivers/payment/zvt/protocol.h"
#include "hal/drivers/payment/zvt/serial_frames.h"
#include "hal/drivers/payment/zvt/test/vectors.h"

namespace tillhost::drivers::zvt {
namespace {

using base::Bytes;
using base::to_hex;

constexpr Password kFactory = 123456;
constexpr std::int64_t kEuro = 978;

std::string published(const std::string& name) { return to_hex(vector_of("published.txt", name)); }
std::string derived(const std::string& name) { return to_hex(vector_of("derived.txt", name)); }
/// The message in a published serial frame.
std::string serial(const std::string& name) {
    return to_hex(*decode_serial_frame(vector_of("serial.txt", name)));
}
Bytes data_of(const std::string& file, const std::string& name) {
    return decode_apdu(vector_of(file, name))->data;
}

TEST(Apdu, EveryVectorIsReadAndWrittenTheSame) {
    std::size_t seen = 0;
    for (const char* file : {"published.txt", "derived.txt"}) {
        for (const Vector& vector : vectors_of(file)) {
            const auto apdu = decode_apdu(vector.bytes);
            ASSERT_TRUE(apdu) << vector.name;
            if (vector.name != "P11") {  // a long length where a short one would do
                EXPECT_EQ(to_hex(encode_apdu(apdu->code, apdu->data)), to_hex(vector.bytes))
                    << vector.name;
            }
            ++seen;
        }
    }
    EXPECT_EQ(seen, 62U);
}

TEST(Apdu, ALongLengthIsLittleEndian) {
    EXPECT_EQ(to_hex(data_of("published.txt", "P11")), "6C");
    EXPECT_EQ(apdu_length(*base::from_hex("04 0F FF 00 01 6C")), 5U + 256U);
    EXPECT_EQ(apdu_length(*base::from_hex("04 0F FF FF FF")), kApduBytesMax);
    EXPECT_FALSE(apdu_length(*base::from_hex("04 0F FF 00")));
    const Bytes longer = encode_apdu(Command::print_block, Bytes(255));
    EXPECT_EQ(to_hex(base::ByteView(longer).first(5)), "06 D3 FF FF 00");
    EXPECT_EQ(decode_apdu(longer)->data.size(), 255U);
    EXPECT_EQ(encode_apdu(Command::print_block, Bytes(254)).size(), 257U);
}

TEST(Apdu, BytesTooManyAndTooFewAreDamage) {
    // "** KASSENSCHNITT **" with a length that is too small, and an answer with bytes behind it.
    for (const char* hex : {"06 D1 10 40 2A 2A 20 4B 41 53 53 45 4E 53 43 48 4E 49 54 54 20 2A 2A",
                            "80 00 00 01 02", "80 00", "80", "", "06 0F 02 27"}) {
        EXPECT_FALSE(decode_apdu(*base::from_hex(hex))) << hex;
    }
}

TEST(SerialFrame, EveryPublishedFrameIsReadAndWrittenTheSame) {
    const auto vectors = vectors_of("serial.txt");
    EXPECT_EQ(vectors.size(), 11U);
    for (const Vector& vector : vectors) {
        const auto apdu = decode_serial_frame(vector.bytes);
        ASSERT_TRUE(apdu) << vector.name;
        EXPECT_EQ(to_hex(encode_serial_frame(*apdu)), to_hex(vector.bytes)) << vector.name;
        EXPECT_TRUE(decode_apdu(*apdu)) << vector.name;
    }
}

TEST(SerialFrame, DerivedChecksumsFit) {
    for (const Vector& vector : vectors_of("derived.txt")) {
        base::ByteWriter crc;
        crc.u16_le(frame_crc_of(vector.bytes));
        EXPECT_EQ(to_hex(crc.bytes()), to_hex(vector.crc)) << vector.name;
    }
    EXPECT_EQ(crc_of(base::bytes_of("123456789")), 0x2189);
}

TEST(SerialFrame, ALengthByteOf10IsDoubledToo) {
    const Bytes frame = encode_serial_frame(vector_of("derived.txt", "D8"));
    EXPECT_EQ(to_hex(base::ByteView(frame).first(7)), "10 02 06 30 10 10 00");
    EXPECT_EQ(to_hex(*decode_serial_frame(frame)), derived("D8"));
}

TEST(SerialFrame, EveryChangedByteIsDamage) {
    const Bytes good = vector_of("serial.txt", "S3");
    for (std::size_t i = 0; i < good.size(); ++i) {
        Bytes bad = good;
        bad[i] ^= std::byte{0x41};
        EXPECT_FALSE(decode_serial_frame(bad)) << i;
        EXPECT_FALSE(decode_serial_frame(base::ByteView(good).first(i))) << i;
    }
}

TEST(Protocol, WritesRegistrationsAsPublished) {
    EXPECT_EQ(to_hex(write_registration({kFactory, 0xBA, kEuro})), serial("S1"));
    EXPECT_EQ(to_hex(write_registration({kFactory, 0x08, kEuro})), published("P33b"));
    EXPECT_EQ(to_hex(write_registration({kFactory, 0x3E, kEuro, 0x01, Bytes{}})),
              published("P34b"));
    const Bytes blocks = *base::from_hex("26 04 0A 02 06 D3");
    EXPECT_EQ(to_hex(write_registration({kFactory, 0xBE, kEuro, 0x01, blocks})), published("P34a"));
    EXPECT_EQ(to_hex(write_registration({kFactory, 0x8E, kEuro, {}, blocks})), published("P33a"));
    EXPECT_EQ(
        to_hex(write_registration({0, 0xBE, kEuro, 0x01, registration_container(true, true)})),
        derived("D1"));
}

TEST(Protocol, WritesCommandsAsPublished) {
    EXPECT_EQ(to_hex(write_initialisation(kFactory)), serial("S2"));
    EXPECT_EQ(to_hex(write_payment({11000, kEuro})), serial("S3"));
    EXPECT_EQ(to_hex(write_diagnosis()), serial("S4"));
    EXPECT_EQ(to_hex(write_accepted()), serial("S6"));
    EXPECT_EQ(to_hex(write_status_enquiry(kFactory, true)), serial("S10"));
    EXPECT_EQ(to_hex(write_payment({190})), serial("S14"));
    EXPECT_EQ(to_hex(write_payment({1000})), published("P1"));
    EXPECT_EQ(to_hex(write_repeat_receipt(0, false)), published("P35"));
    EXPECT_EQ(to_hex(write_not_possible()), published("P19a"));
    EXPECT_EQ(to_hex(write_payment({1234, kEuro, kTerminalDecides})), derived("D3"));
    EXPECT_EQ(to_hex(write_payment({1234, kEuro, {}, *base::from_hex("00 42")})), derived("D4"));
    EXPECT_EQ(to_hex(write_payment({1234, kEuro, {}, Bytes{}})), derived("D5"));
    EXPECT_EQ(to_hex(write_repeat_receipt(0, true)), derived("D6"));
    EXPECT_EQ(to_hex(write_status_enquiry(0, false)), derived("D7"));
    EXPECT_EQ(to_hex(write_reversal(0, 42, {1234, kEuro})), derived("D8"));
    EXPECT_EQ(to_hex(write_refund(0, {1234, kEuro})), derived("D9"));
    EXPECT_EQ(to_hex(write_end_of_day(0, {})), derived("D10a"));
    EXPECT_EQ(to_hex(write_initialisation(0)), derived("D10b"));
    EXPECT_EQ(to_hex(write_abort()), derived("D10d"));
}

TEST(Protocol, ReadsAnApproval) {
    const StatusInfo info = read_status_info(data_of("published.txt", "P7"));
    EXPECT_TRUE(info.whole);
    EXPECT_TRUE(info.approved());
    EXPECT_EQ(info.amount, 2040);
    EXPECT_EQ(info.currency, kEuro);
    EXPECT_EQ(info.trace, 470);
    EXPECT_EQ(info.receipt, 470);
    EXPECT_EQ(info.turnover, 470);
    EXPECT_EQ(info.time, 223953);
    EXPECT_EQ(info.date, 1006);
    EXPECT_EQ(info.terminal_id, "28004869");
    EXPECT_EQ(info.merchant_id, "100461763");
    EXPECT_EQ(info.authorisation, "611804");
    EXPECT_EQ(info.card_number, "************4771");
    EXPECT_EQ(to_utf8(Charset::automatic, info.card_name), "Debit Mastercard");
    EXPECT_EQ(to_utf8(Charset::automatic, info.text), "GEN.NR.:611804");
    EXPECT_FALSE(info.original_trace);
    EXPECT_FALSE(info.id);
}

TEST(Protocol, ReadsTheIdByWhichATerminalIsKeptInStep) {
    const StatusInfo info = read_status_info(data_of("derived.txt", "D12"));
    ASSERT_TRUE(info.id);
    EXPECT_EQ(to_hex(*info.id), "00 43");
    EXPECT_EQ(info.receipt, 43);
}

TEST(Protocol, ReadsWhatIsNoApproval) {
    const StatusInfo cancelled = read_status_info(data_of("published.txt", "P5"));
    EXPECT_EQ(cancelled.result, 0x6C);
    EXPECT_EQ(to_utf8(Charset::automatic, cancelled.text), "Abbruch durch Kunde");
    const StatusInfo wrong = read_status_info(data_of("published.txt", "P6"));
    EXPECT_EQ(wrong.result, 0xFF);
    const StatusInfo declined = read_status_info(data_of("derived.txt", "D13"));
    EXPECT_EQ(declined.result, 0x05);
    EXPECT_EQ(declined.amount, 1234);
    EXPECT_FALSE(read_status_info({}).approved());
    EXPECT_TRUE(read_status_info(data_of("published.txt", "P3")).approved());
}

TEST(Protocol, KeepsWhatStandsBeforeAnUnknownBitmap) {
    const StatusInfo info = read_status_info(*base::from_hex("27 00 87 00 43 99 01 02"));
    EXPECT_FALSE(info.whole);
    EXPECT_TRUE(info.approved());
    EXPECT_EQ(info.receipt, 43);
}

TEST(Protocol, ALongTraceStandsInForAShortOneOfZero) {
    for (const char* hex : {"0B 00 00 00 06 09 1F 2B 06 00 00 12 34 56 78",
                            "06 09 1F 2B 06 00 00 12 34 56 78 0B 00 00 00"}) {
        EXPECT_EQ(read_status_info(*base::from_hex(hex)).trace, 12345678) << hex;
    }
}

TEST(Protocol, AFingerprintTellsTheSameNumbersAndNothingOfTheCard) {
    const StatusInfo info = read_status_info(data_of("derived.txt", "D12"));
    const Bytes print = write_fingerprint(info);
    const StatusInfo again = read_status_info(decode_apdu(print)->data);
    EXPECT_EQ(again.result, info.result);
    EXPECT_EQ(again.amount, info.amount);
    EXPECT_EQ(again.receipt, info.receipt);
    EXPECT_EQ(again.trace, info.trace);
    EXPECT_EQ(again.turnover, info.turnover);
    EXPECT_EQ(again.date, info.date);
    EXPECT_EQ(again.time, info.time);
    EXPECT_EQ(again.id, info.id);
    EXPECT_EQ(again.card_number, "");
    StatusInfo long_trace;
    long_trace.trace = 12345678;
    EXPECT_EQ(read_status_info(decode_apdu(write_fingerprint(long_trace))->data).trace, 12345678);
}

TEST(Protocol, HidesWhatACardHolds) {
    Bytes apdu = *base::from_hex(
        "04 0F 16 27 00 22 F0 F8 41 11 11 11 11 11 11 11 23 F0 F4 12 34 56"
        " 78 87 00");
    apdu[2] = base::byte(static_cast<unsigned>(apdu.size() - kHeadBytes));
    hide_card(apdu);
    EXPECT_EQ(to_hex(apdu),
              "04 0F 16 27 00 22 F0 F8 EE EE EE EE EE EE 11 11 23 F0 F4 EE EE EE EE "
              "87 00");
}

TEST(Protocol, ReadsCompletions) {
    const Registered registered = read_registered(data_of("derived.txt", "D2"));
    EXPECT_EQ(registered.terminal_id, "28004869");
    EXPECT_EQ(registered.currency, kEuro);
    EXPECT_TRUE(registered.utf8);
    EXPECT_FALSE(read_registered(data_of("published.txt", "P31")).utf8);
    const Enquired with_version =
        read_enquired(decode_apdu(*decode_serial_frame(vector_of("serial.txt", "S11")))->data);
    EXPECT_EQ(with_version.software, "2.14.15");
    EXPECT_EQ(with_version.status, 0);
    EXPECT_EQ(read_enquired(data_of("published.txt", "P24")).status, 0xDC);
    EXPECT_FALSE(read_enquired({}).status);
    EXPECT_EQ(read_completion(data_of("published.txt", "P13d")), 0xE0);
    EXPECT_FALSE(read_completion({}));
    EXPECT_EQ(read_aborted(data_of("published.txt", "P2d")).code, 0x64);
    EXPECT_EQ(read_aborted({}).code, 0);
}

TEST(Protocol, ReadsStepsWithAndWithoutATimeout) {
    const Intermediate insert = read_intermediate(data_of("published.txt", "P20"));
    EXPECT_EQ(insert.code, 0x0A);
    EXPECT_EQ(insert.minutes, 1);
    EXPECT_EQ(to_utf8(Charset::automatic, insert.text), "Karte vorhalten einstecken/durchziehen");
    const Intermediate wait = read_intermediate(data_of("published.txt", "P21"));
    EXPECT_EQ(wait.code, 0x0E);
    EXPECT_FALSE(wait.minutes);
    EXPECT_FALSE(read_intermediate(data_of("published.txt", "P32b")).minutes);
    EXPECT_EQ(read_intermediate(data_of("published.txt", "P32c")).minutes, 3);
    EXPECT_EQ(base::string_of(read_intermediate(data_of("published.txt", "P32c")).text),
              "00 Approved");
    EXPECT_EQ(read_intermediate(data_of("derived.txt", "D11a")).minutes, 3);
}

TEST(Protocol, ReadsPrintedLines) {
    const Printed centred = read_print_line(data_of("published.txt", "P12"));
    ASSERT_EQ(centred.lines.size(), 1U);
    EXPECT_EQ(centred.lines[0].attribute, kLineCentred);
    EXPECT_EQ(base::string_of(centred.lines[0].text), "** KASSENSCHNITT **");
    EXPECT_FALSE(centred.ends);
    EXPECT_EQ(read_print_line(data_of("published.txt", "P13a")).lines.size(), 1U);
    const Printed end = read_print_line(data_of("published.txt", "P13c"));
    EXPECT_TRUE(end.ends);
    EXPECT_TRUE(end.lines.empty());
    const Printed typed = read_print_line(*base::from_hex("00 41 42 06 04 1F 07 01 02"));
    EXPECT_EQ(base::string_of(typed.lines[0].text), "AB");
    EXPECT_EQ(typed.receipt_type, 2);
}

TEST(Protocol, ReadsAPrintedBlock) {
    const Printed block = read_print_block(data_of("derived.txt", "D16"));
    ASSERT_EQ(block.lines.size(), 2U);
    EXPECT_EQ(block.receipt_type, 2);
    EXPECT_EQ(base::string_of(block.lines[0].text), "TESTSHOP");
    EXPECT_EQ(block.lines[0].attribute, kLineCentred);
    EXPECT_EQ(base::string_of(block.lines[1].text), "EUR      12,34");
    EXPECT_EQ(block.lines[1].attribute, 0);
    EXPECT_TRUE(block.ends);
}

TEST(Charset, TakesATextForWhatItIs) {
    EXPECT_EQ(to_utf8(Charset::automatic, *base::from_hex("48 C4 4E 44 4C 45 52")), "HÄNDLER");
    EXPECT_EQ(to_utf8(Charset::automatic, *base::from_hex("48 8E 4E 44 4C 45 52")), "HÄNDLER");
    EXPECT_EQ(to_utf8(Charset::automatic, base::bytes_of("HÄNDLER")), "HÄNDLER");
    EXPECT_EQ(to_utf8(Charset::cp437, *base::from_hex("81 94 84 E1")), "üöäß");
    EXPECT_EQ(to_utf8(Charset::latin1, *base::from_hex("FC F6 E4 DF")), "üöäß");
    EXPECT_EQ(to_utf8(Charset::utf8, *base::from_hex("41 C4 42 07")),
              "A\xEF\xBF\xBD"
              "B");
    EXPECT_EQ(charset_of_tag(0xFE), Charset::utf8);
    EXPECT_EQ(charset_of_tag(0x02), Charset::latin1);
    EXPECT_EQ(charset_of_tag(0xFF), Charset::cp437);
}

}  // namespace
}  // namespace tillhost::drivers::zvt
