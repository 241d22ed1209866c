#include "hal/codec/aim.h"

#include <algorithm>
#include <array>

namespace tillhost::codec {
namespace {

struct Row {
    char letter;
    Symbology symbology;
};

constexpr std::array kRows{
    Row{'A', Symbology::code39},      Row{'B', Symbology::other},    Row{'C', Symbology::code128},
    Row{'d', Symbology::data_matrix}, Row{'E', Symbology::ean13},    Row{'e', Symbology::databar},
    Row{'F', Symbology::codabar},     Row{'G', Symbology::code93},   Row{'H', Symbology::other},
    Row{'I', Symbology::itf},         Row{'J', Symbology::dot_code}, Row{'L', Symbology::pdf417},
    Row{'M', Symbology::other},       Row{'O', Symbology::other},    Row{'Q', Symbology::qr},
    Row{'R', Symbology::other},       Row{'S', Symbology::other},    Row{'X', Symbology::other},
    Row{'Z', Symbology::other},       Row{'z', Symbology::aztec},
};

const Row* row_of(char letter) {
    for (const Row& row : kRows) {
        if (row.letter == letter) {
            return &row;
        }
    }
    return nullptr;
}

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }

bool is_modifier(char letter) {
    return is_digit(letter) || (letter >= 'A' && letter <= 'Z') || (letter >= 'a' && letter <= 'z');
}

bool all_digits(base::ByteView bytes) {
    return std::all_of(bytes.begin(), bytes.end(),
                       [](std::byte byte) { return is_digit(static_cast<char>(byte)); });
}

}  // namespace

AimParts split_aim(base::ByteView bytes) {
    if (bytes.size() < kAimBytes) {
        return {{}, bytes};
    }
    const std::string head = base::string_of(bytes.first(kAimBytes));
    if (head[0] != ']' || row_of(head[1]) == nullptr || !is_modifier(head[2])) {
        return {{}, bytes};
    }
    return {head, bytes.subspan(kAimBytes)};
}

Symbology symbology_of(std::string_view aim) {
    const Row* row = aim.size() == kAimBytes ? row_of(aim[1]) : nullptr;
    if (row == nullptr) {
        return Symbology::unknown;
    }
    if (aim == "]E4") {
        return Symbology::ean8;
    }
    if (aim == "]E1" || aim == "]E2") {
        return Symbology::other;  // an add-on without its code
    }
    if (row->letter == 'e' && aim[2] != '0') {
        return Symbology::composite;
    }
    return row->symbology;
}

bool aim_says_gs1(std::string_view aim) {
    constexpr std::array<std::string_view, 7> kGs1{"]C1", "]d2", "]d5", "]e0", "]J1", "]Q3", "]Q4"};
    return std::find(kGs1.begin(), kGs1.end(), aim) != kGs1.end();
}

bool aim_says_reply(std::string_view aim) { return aim.starts_with("]X") || aim.starts_with("]Z"); }

base::Bytes join_add_on(std::string_view aim, base::ByteView data) {
    base::Bytes joined(data.begin(), data.end());
    if (!aim.starts_with("]E")) {
        return joined;
    }
    for (const std::size_t digits : {std::size_t{2}, std::size_t{5}}) {
        const std::size_t tail = kAimBytes + digits;
        if (data.size() <= tail) {
            continue;
        }
        const std::size_t at = data.size() - tail;
        const std::string second = base::string_of(data.subspan(at, kAimBytes));
        if (second == (digits == 2 ? "]E1" : "]E2") && all_digits(data.first(at)) &&
            all_digits(data.last(digits))) {
            const auto from = joined.begin() + static_cast<std::ptrdiff_t>(at);
            joined.erase(from, from + static_cast<std::ptrdiff_t>(kAimBytes));
            return joined;
        }
    }
    return joined;
}

}  // namespace tillhost::codec
