// Claim: every byte of the line is named, and damage is told where it is.
// Shown by the published frames, whole and damaged in every way that a line damages them.
#include "hal/drivers/fiscal/shtrih/decode.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "hal/drivers/fiscal/shtrih/test/vectors.h"

namespace tillhost::drivers::shtrih {
namespace {

using base::Bytes;
using device::DecodedField;
using device::Sender;
using Fields = std::vector<DecodedField>;

/// Commands that this driver does not use.
bool is_in_scope(const Bytes& frame) {
    const unsigned code = base::to_unsigned(frame[2]);
    const unsigned sub = base::to_unsigned(frame[3]);
    for (unsigned foreign : {0x80U, 0x85U}) {
        if (code == foreign) {
            return false;
        }
    }
    const bool extended = code == 0xFF;
    return !(extended && sub == 0x7F);
}

void expect_no_byte_left_out(const Fields& fields, std::size_t size) {
    std::size_t next = 0;
    for (const DecodedField& field : fields) {
        ASSERT_EQ(field.offset, next) << field.name;
        EXPECT_FALSE(field.name.empty());
        next += field.length;
    }
    EXPECT_EQ(next, size);
}

const DecodedField* find(const Fields& fields, std::string_view name) {
    const auto found = std::find_if(fields.begin(), fields.end(),
                                    [&](const DecodedField& field) { return field.name == name; });
    return found == fields.end() ? nullptr : &*found;
}

std::string value(const Fields& fields, std::string_view name) {
    const DecodedField* field = find(fields, name);
    return field == nullptr ? "missing" : field->value;
}

bool any_problem(const Fields& fields) {
    return std::any_of(fields.begin(), fields.end(),
                       [](const DecodedField& field) { return !field.problem.empty(); });
}

Bytes hex(std::string_view text) { return *base::from_hex(text); }

TEST(Decode, EveryPublishedFrameInScopeIsNamedWithoutAProblem) {
    std::size_t seen = 0;
    for (const char* file : {"published.txt", "derived.txt"}) {
        for (const Vector& one : vectors_of(file)) {
            for (bool host : {true, false}) {
                const Bytes& frame = host ? one.request : one.answer;
                if (frame.empty() || !is_in_scope(frame)) {
                    continue;
                }
                for (Sender sender : {host ? Sender::host : Sender::device, Sender::unknown}) {
                    const Fields fields = decode(frame, sender);
                    expect_no_byte_left_out(fields, frame.size());
                    for (const DecodedField& field : fields) {
                        EXPECT_EQ(field.problem, "") << one.name << " " << field.name;
                    }
                    const bool answered = find(fields, "error") != nullptr;
                    EXPECT_NE(answered, host) << one.name;
                }
                ++seen;
            }
        }
    }
    EXPECT_GT(seen, 70U);
}

TEST(Decode, TellsWhatStandsInAPosition) {
    const Fields fields = decode(
        hex("02 29 FF 46 1E 00 00 00 01 80 84 1E 00 00 00 7E 13 00 00 00 FF FF FF FF FF FF FF FF "
            "FF FF 01 01 04 01 CC EE EB EE EA EE 20 31 EB 24"),
        Sender::unknown);
    EXPECT_EQ(value(fields, "command"), "FF46h: position");
    EXPECT_EQ(value(fields, "password"), "30");
    EXPECT_EQ(value(fields, "operation"), "01h: sale");
    EXPECT_EQ(value(fields, "quantity"), "2.000000");
    EXPECT_EQ(value(fields, "price"), "49.90");
    EXPECT_EQ(value(fields, "sum"), "not given");
    EXPECT_EQ(value(fields, "vat"), "01h: main rate");
    EXPECT_EQ(value(fields, "name"), "\"Молоко 1л\"");
    EXPECT_EQ(value(fields, "checksum"), "24h");
}

TEST(Decode, TellsWhatStandsInAnswersTagsAndDocuments) {
    const Fields refused = decode(hex("02 03 FF 45 45 FC"), Sender::device);
    EXPECT_EQ(value(refused, "error"), "45h: the payments are below the total");
    const Fields found = decode(
        hex("02 18 FF 0A 00 03 00 18 05 1F 11 2A D2 04 00 00 B1 68 DE 3A 01 B7 61 00 00 00 EB"),
        Sender::device);
    EXPECT_EQ(value(found, "type"), "03h: receipt");
    EXPECT_EQ(value(found, "time"), "2024-05-31T17:42");
    EXPECT_EQ(value(found, "document"), "1234");
    EXPECT_EQ(value(found, "sum"), "250.15");
    const Fields tag =
        decode(hex("02 15 FF 0C 1E 00 00 00 FD 03 0B 00 88 A2 A0 AD AE A2 20 88 2E 88 2E 06"),
               Sender::host);
    EXPECT_EQ(value(tag, "tag"), "1021");
    EXPECT_EQ(value(tag, "tag_value"), "\"Иванов И.И.\"");
}

TEST(Decode, TellsCorrectionsAndNoMarkingCode) {
    const auto derived = vectors_of("derived.txt");
    const auto found = std::find_if(derived.begin(), derived.end(),
                                    [](const Vector& one) { return one.name == "D40"; });
    ASSERT_NE(found, derived.end());
    const Fields correction = decode(found->request, Sender::host);
    EXPECT_EQ(value(correction, "command"), "FF4Ah: correction");
    EXPECT_EQ(value(correction, "total"), "120.00");
    EXPECT_EQ(value(correction, "vat_1"), "20.00");
    EXPECT_EQ(value(decode(found->answer, Sender::device), "document"), "1235");
    const Fields check =
        decode(hex("02 27 FF 61 1E 00 00 00 02 00 1D 00 30 30 30 30 30 30 34 36 32 31 38 34 36 39 "
                   "2C 34 68 3F 67 26 6D 41 42 2A 6F 75 4A 39 4A D3"),
               Sender::host);
    EXPECT_EQ(value(check, "code_and_tags"), "29 bytes, not shown");
    const Fields made = decode(hex("02 06 8D 1E 00 00 00 82 17"), Sender::host);
    EXPECT_EQ(value(made, "kind"), "82h: correction: return of a sale");
}

TEST(Decode, SeveralFramesControlBytesAndJunkStandInARow) {
    const Bytes line =
        hex("05 15 02 05 88 1E 00 00 00 93 06 FF 02 03 88 00 1E 95 41 42 06 02 05 10");
    const Fields fields = decode(line, Sender::unknown);
    expect_no_byte_left_out(fields, line.size());
    EXPECT_EQ(fields[0].name, "ENQ");
    EXPECT_EQ(fields[1].name, "NAK");
    EXPECT_NE(find(fields, "fill"), nullptr);
    EXPECT_EQ(value(fields, "junk"), "41 42");
    EXPECT_EQ(value(fields, "error"), "00h: carried out");
    EXPECT_NE(fields.back().problem, "");
}

TEST(Decode, ADamagedFrameIsNamedAndDoesNotHideTheNext) {
    const Bytes wrong_sum = hex("02 05 88 1E 00 00 00 92");
    const Fields summed = decode(wrong_sum, Sender::host);
    EXPECT_EQ(find(summed, "checksum")->problem, "should be 93h");
    EXPECT_EQ(value(summed, "command"), "88h: cancel document");

    Bytes long_length = hex("02 45 88 1E 00 00 00 93 06 02 03 88 00 1E 95");
    const Fields fields = decode(long_length, Sender::unknown);
    expect_no_byte_left_out(fields, long_length.size());
    EXPECT_NE(find(fields, "length")->problem, "");
    EXPECT_EQ(value(fields, "operator"), "30");
}

TEST(Decode, EveryCutAndEveryTurnedBitIsSurvivedAndTold) {
    for (const Vector& one : vectors_of("derived.txt")) {
        for (const Bytes& frame : {one.request, one.answer}) {
            for (std::size_t i = 0; i < frame.size(); ++i) {
                for (Sender sender : {Sender::unknown, Sender::host, Sender::device}) {
                    const Bytes cut(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(i));
                    const Fields short_of = decode(cut, sender);
                    expect_no_byte_left_out(short_of, i);
                    EXPECT_TRUE(i == 0 || any_problem(short_of)) << one.name << " cut at " << i;
                    Bytes turned = frame;
                    turned[i] ^= std::byte{0x08};
                    const Fields damaged = decode(turned, sender);
                    expect_no_byte_left_out(damaged, turned.size());
                    EXPECT_TRUE(any_problem(damaged)) << one.name << " byte " << i;
                }
            }
        }
    }
}

TEST(Decode, NothingIsExplainedByNothing) { EXPECT_TRUE(decode({}, Sender::unknown).empty()); }

TEST(Decode, NumberedFramesAreNamedToo) {
    for (const Vector& one : vectors_of("numbered.txt")) {
        for (bool host : {true, false}) {
            const Bytes& frame = host ? one.request : one.answer;
            const Fields fields = decode(frame, host ? Sender::host : Sender::device);
            expect_no_byte_left_out(fields, frame.size());
            EXPECT_EQ(find(fields, "junk"), nullptr) << one.name;
            if (!frame.empty()) {
                EXPECT_EQ(find(fields, "checksum")->problem, "") << one.name;
            }
        }
    }
    const Fields stuffed = decode(hex("8F 07 00 9F 81 00 10 1E 00 00 00 6E 35"), Sender::host);
    EXPECT_EQ(value(stuffed, "number"), "143");
    EXPECT_EQ(find(stuffed, "number")->length, 3U);
    EXPECT_EQ(value(stuffed, "command"), "10h: short status");
    EXPECT_FALSE(any_problem(stuffed));
    EXPECT_EQ(value(decode(hex("8F 00 00 0F 1D"), Sender::unknown), "length"), "0: ping");
}

TEST(Decode, DamageOfANumberedFrameIsToldAndNoByteIsLeftOut) {
    const Bytes whole =
        hex("8F 12 00 9F 81 00 10 00 1E 92 02 02 00 00 9F 83 E5 00 00 00 2A 08 00 4F 2A");
    for (std::size_t i = 0; i < whole.size(); ++i) {
        Bytes damaged = whole;
        damaged[i] ^= std::byte{0x10};
        const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(i));
        for (const Bytes& bytes : {damaged, cut}) {
            const Fields fields = decode(bytes, Sender::device);
            expect_no_byte_left_out(fields, bytes.size());
            EXPECT_TRUE(any_problem(fields) || bytes.empty()) << i;
        }
    }
    Bytes two = hex("8F 02 00 01");
    two.insert(two.end(), whole.begin(), whole.end());
    const Fields fields = decode(two, Sender::device);
    expect_no_byte_left_out(fields, two.size());
    EXPECT_EQ(value(fields, "command"), "10h: short status") << "the second is whole";
}

}  // namespace
}  // namespace tillhost::drivers::shtrih
