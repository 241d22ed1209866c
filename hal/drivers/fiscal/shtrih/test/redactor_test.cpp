// Claim: no password, tax number, contact or marking code passes the redactor, however the bytes
// come; what is damaged or not known is hidden, and a sound frame stays sound.
// Shown on the published and derived vectors, on frames made here, whole, in pieces and damaged.
#include "hal/drivers/fiscal/shtrih/redactor.h"

#include <gtest/gtest.h>

#include "hal/codec/code_page.h"
#include "hal/drivers/fiscal/shtrih/frames.h"
#include "hal/drivers/fiscal/shtrih/protocol.h"
#include "hal/drivers/fiscal/shtrih/test/vectors.h"

namespace tillhost::drivers::shtrih {
namespace {

using base::Bytes;
using base::ByteView;
using transport::Way;

constexpr Password kSecretPassword = 0x51525354;

/// All of it, handed over in pieces of that many bytes.
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

Bytes tag(Command command, std::uint16_t number, std::string_view value) {
    return encode_frame(tag_request(command, kSecretPassword, number, base::bytes_of(value)));
}

/// FF, code, password, one byte, the code of a package.
Bytes marking_frame(unsigned command, std::string_view code) {
    base::ByteWriter message;
    message.u16_le(command << 8 | 0xFF).u32_le(kSecretPassword).u8(code.size());
    return encode_frame(message.raw(base::bytes_of(code)).bytes());
}

TEST(Redactor, HidesContactsTaxNumbersCodesAndPasswords) {
    const std::string secret = "+79161234567";
    constexpr std::array<std::uint16_t, 8> kTags{1008, 1203, 1227, 1228, 1162, 2000, 1256, 9999};
    for (const std::uint16_t number : kTags) {
        for (const Command command : {Command::document_tag, Command::operation_tag}) {
            const Bytes hidden = masked(Way::to_device, tag(command, number, secret));
            EXPECT_FALSE(contains(hidden, base::bytes_of(secret))) << number;
            EXPECT_TRUE(decode_frame(hidden)) << base::to_hex(hidden);
        }
    }
    const std::string code =
        "0104601234567890215'W9Um\x1D"
        "93dGVz";
    for (const unsigned command : {0x61U, 0x67U, 0x64U, 0x22U}) {
        const Bytes hidden = masked(Way::to_device, marking_frame(command, code));
        EXPECT_FALSE(contains(hidden, base::bytes_of(code.substr(3, 6)))) << command;
        EXPECT_TRUE(decode_frame(hidden));
    }
    base::ByteWriter password;
    password.u32_le(kSecretPassword);
    for (const Bytes& frame :
         {encode_frame(plain_request(Command::z_report, kSecretPassword)),
          tag(Command::document_tag, 1021, "Ivanov"), marking_frame(0x61, code),
          encode_frame(cash_request(Command::cash_in, kSecretPassword, 100))}) {
        EXPECT_TRUE(contains(frame, password.bytes()));
        EXPECT_FALSE(contains(masked(Way::to_device, frame), password.bytes()));
    }
}

TEST(Redactor, KeepsNamesSumsAndCashiers) {
    const Bytes cashier = masked(Way::to_device, tag(Command::document_tag, 1021, "Ivanov"));
    EXPECT_TRUE(contains(cashier, base::bytes_of("Ivanov")));
    PositionFields position;
    position.name = base::bytes_of("Bread 4601234567890");
    position.price_minor = 4990;
    const Bytes frame = encode_frame(position_request(kSecretPassword, position));
    const Bytes hidden = masked(Way::to_device, frame);
    EXPECT_TRUE(contains(hidden, position.name));
    EXPECT_EQ(Bytes(hidden.begin() + 8, hidden.end() - 1),
              Bytes(frame.begin() + 8, frame.end() - 1))
        << "only the password is hidden";
}

TEST(Redactor, HidesNumbersAndAddressesInFreeText) {
    const auto line = [](std::string_view text) {
        return masked(Way::to_device,
                      encode_frame(print_line_request(kSecretPassword, base::bytes_of(text))));
    };
    const Bytes hidden = line("Thanks ivan@example.org +79161234567 123456");
    EXPECT_TRUE(contains(hidden, base::bytes_of("Thanks **************** ************ 123456")))
        << base::string_of(hidden);
}

TEST(Redactor, HidesTheFieldsOfTablesThatHoldPasswordsAndTheOwner) {
    const auto answer_of = [](std::uint8_t table, std::uint8_t field) {
        transport::Masker masker(make_redactor());
        masker.add(Way::to_device,
                   encode_frame(read_table_request(kSecretPassword, table, 1, field)));
        base::ByteWriter answer;
        answer.u8(0x1F).u8(0).raw(base::bytes_of("500100732259"));
        return masker.add(Way::from_device, encode_frame(answer.bytes()));
    };
    EXPECT_FALSE(contains(answer_of(2, 1), base::bytes_of("500100732259")));
    EXPECT_FALSE(contains(answer_of(18, 2), base::bytes_of("500100732259")));
    EXPECT_FALSE(contains(answer_of(19, 1), base::bytes_of("500100732259")));
    EXPECT_TRUE(contains(answer_of(18, 1), base::bytes_of("500100732259"))) << "the serial number";
    EXPECT_TRUE(contains(answer_of(17, 36), base::bytes_of("500100732259")));
}

/// Both directions of every vector in a row, with control bytes between.
Bytes stream_of(Way way) {
    Bytes all;
    for (const char* file : {"derived.txt", "published.txt"}) {
        for (const Vector& vector : vectors_of(file)) {
            const Bytes& bytes = way == Way::to_device ? vector.request : vector.answer;
            all.push_back(way == Way::to_device ? kEnq : kNak);
            all.insert(all.end(), bytes.begin(), bytes.end());
            all.push_back(kAck);
        }
    }
    return all;
}

TEST(Redactor, PiecesMakeNoDifferenceAndASecondTimeChangesNothing) {
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

TEST(Redactor, ADamagedFrameShowsNothingAndStaysDamaged) {
    const std::string name = "Sausage";
    PositionFields position;
    position.name = base::bytes_of(name);
    const Bytes frame = encode_frame(position_request(30, position));
    for (std::size_t i = 2; i < frame.size(); ++i) {
        Bytes damaged = frame;
        damaged[i] ^= std::byte{0x40};
        const Bytes hidden = masked(Way::to_device, damaged);
        EXPECT_FALSE(contains(hidden, base::bytes_of(name.substr(0, 4)))) << i;
        EXPECT_FALSE(decode_frame(hidden)) << i;
    }
    for (std::size_t length = 1; length < frame.size(); ++length) {
        const Bytes hidden = masked(Way::to_device, ByteView(frame).first(length));
        EXPECT_EQ(hidden.size(), length);
        EXPECT_FALSE(contains(hidden, base::bytes_of(name.substr(0, 4)))) << length;
    }
    const Bytes junk = masked(Way::from_device, base::bytes_of("secret"));
    EXPECT_EQ(base::string_of(junk), "******");
}

TEST(Redactor, WaitsForTheRestOfAFrame) {
    transport::Masker masker(make_redactor());
    const Bytes frame = tag(Command::document_tag, 1008, "ivan@example.org");
    EXPECT_TRUE(masker.add(Way::to_device, ByteView(frame).first(20)).empty());
    EXPECT_EQ(masker.add(Way::to_device, ByteView(frame).subspan(20)).size(), frame.size());
}

}  // namespace
}  // namespace tillhost::drivers::shtrih
