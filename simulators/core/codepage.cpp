#include "simulators/core/codepage.h"

#include <array>

#include "hal/base/text.h"

namespace tillhost::simulators {
namespace {

constexpr char32_t kNone = 0xFFFD;

// Codes 80h to BFh; C0h to FFh are U+0410 to U+044F.
constexpr std::array<char32_t, 64> kCp1251{
    0x0402, 0x0403, 0x201A, 0x0453, 0x201E, 0x2026, 0x2020, 0x2021, 0x20AC, 0x2030, 0x0409,
    0x2039, 0x040A, 0x040C, 0x040B, 0x040F, 0x0452, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
    0x2013, 0x2014, kNone,  0x2122, 0x0459, 0x203A, 0x045A, 0x045C, 0x045B, 0x045F, 0x00A0,
    0x040E, 0x045E, 0x0408, 0x00A4, 0x0490, 0x00A6, 0x00A7, 0x0401, 0x00A9, 0x0404, 0x00AB,
    0x00AC, 0x00AD, 0x00AE, 0x0407, 0x00B0, 0x00B1, 0x0406, 0x0456, 0x0491, 0x00B5, 0x00B6,
    0x00B7, 0x0451, 0x2116, 0x0454, 0x00BB, 0x0458, 0x0405, 0x0455, 0x0457};

// Codes F0h to FFh; the box drawing of B0h to DFh is not used in text tags.
constexpr std::array<char32_t, 16> kCp866Tail{0x0401, 0x0451, 0x0404, 0x0454, 0x0407, 0x0457,
                                              0x040E, 0x045E, 0x00B0, 0x2219, 0x00B7, 0x221A,
                                              0x2116, 0x00A4, 0x25A0, 0x00A0};

char32_t from_cp1251(unsigned code) {
    if (code < 0x80) {
        return code;
    }
    return code < 0xC0 ? kCp1251[code - 0x80] : 0x0410 + (code - 0xC0);
}

char32_t from_cp866(unsigned code) {
    if (code < 0x80) {
        return code;
    }
    if (code < 0xB0) {
        return 0x0410 + (code - 0x80);
    }
    if (code < 0xE0) {
        return kNone;
    }
    return code < 0xF0 ? 0x0440 + (code - 0xE0) : kCp866Tail[code - 0xF0];
}

unsigned to_cp1251(char32_t point) {
    if (point < 0x80) {
        return static_cast<unsigned>(point);
    }
    if (point >= 0x0410 && point <= 0x044F) {
        return static_cast<unsigned>(point - 0x0410) + 0xC0;
    }
    for (std::size_t i = 0; i < kCp1251.size(); ++i) {
        if (kCp1251[i] == point && point != kNone) {
            return 0x80 + static_cast<unsigned>(i);
        }
    }
    return '?';
}

unsigned to_cp866(char32_t point) {
    for (unsigned code = 0; code < 0x100; ++code) {
        if (from_cp866(code) == point && point != kNone) {
            return code;
        }
    }
    return '?';
}

}  // namespace

std::string utf8_from_cp1251(base::ByteView bytes) {
    std::string text;
    for (const std::byte byte : bytes) {
        base::append_utf8(text, from_cp1251(base::to_unsigned(byte)));
    }
    return text;
}

std::string utf8_from_cp866(base::ByteView bytes) {
    std::string text;
    for (const std::byte byte : bytes) {
        base::append_utf8(text, from_cp866(base::to_unsigned(byte)));
    }
    return text;
}

base::Bytes cp1251_from_utf8(std::string_view text) {
    base::ByteWriter bytes;
    while (const auto point = base::take_code_point(text)) {
        bytes.u8(to_cp1251(*point));
    }
    return bytes.take();
}

base::Bytes cp866_from_utf8(std::string_view text) {
    base::ByteWriter bytes;
    while (const auto point = base::take_code_point(text)) {
        bytes.u8(to_cp866(*point));
    }
    return bytes.take();
}

}  // namespace tillhost::simulators
