#include "simulators/fiscal/shtrih/tlv.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "simulators/core/codepage.h"
#include "simulators/fiscal/shtrih/paper.h"

namespace tillhost::simulators::shtrih {
namespace {

constexpr std::array<std::uint16_t, 12> kStructures{1059, 1084, 1174, 1223, 1224, 1256,
                                                    1260, 1261, 1270, 1291, 1300, 1301};

enum class Look : std::uint8_t { text, number, date, measure };

struct PaperRow {
    std::uint16_t number;
    Look look;
    std::string_view title;
};

// Tags that a customer sees; the others stay in the fiscal storage.
constexpr std::array kPaperRows{
    PaperRow{1005, Look::text, "АДР. ОПЕР. ПЕРЕВОДА"},
    PaperRow{1008, Look::text, "ЭЛ. АДР. ПОКУПАТЕЛЯ"},
    PaperRow{1016, Look::text, "ИНН ОПЕР. ПЕРЕВОДА"},
    PaperRow{1026, Look::text, "ОПЕР. ПЕРЕВОДА"},
    PaperRow{1044, Look::text, "ОП. АГЕНТА"},
    PaperRow{1073, Look::text, "ТЕЛ. ПЛ. АГЕНТА"},
    PaperRow{1074, Look::text, "ТЕЛ. ОП. ПР. ПЛАТЕЖА"},
    PaperRow{1075, Look::text, "ТЕЛ. ОП. ПЕРЕВОДА"},
    PaperRow{1085, Look::text, "РЕКВИЗИТ"},
    PaperRow{1086, Look::text, "ЗНАЧЕНИЕ"},
    PaperRow{1117, Look::text, "ЭЛ. АДР. ОТПРАВИТЕЛЯ"},
    PaperRow{1171, Look::text, "ТЕЛ. ПОСТАВЩИКА"},
    PaperRow{1173, Look::number, "ТИП КОРРЕКЦИИ"},
    PaperRow{1177, Look::text, "ОСНОВАНИЕ"},
    PaperRow{1178, Look::date, "ДАТА КОРРЕКТИРУЕМОГО РАСЧЕТА"},
    PaperRow{1179, Look::text, "№ ПРЕДПИСАНИЯ"},
    PaperRow{1187, Look::text, "МЕСТО РАСЧЕТОВ"},
    PaperRow{1191, Look::text, "ДОП. РЕКВ. ПРЕДМЕТА"},
    PaperRow{1192, Look::text, "ДОП. РЕКВИЗИТ ЧЕКА"},
    PaperRow{1197, Look::text, "ЕД. ИЗМ."},
    PaperRow{1203, Look::text, "ИНН КАССИРА"},
    PaperRow{1225, Look::text, "ПОСТАВЩИК"},
    PaperRow{1226, Look::text, "ИНН ПОСТАВЩИКА"},
    PaperRow{1227, Look::text, "ПОКУПАТЕЛЬ"},
    PaperRow{1228, Look::text, "ИНН ПОКУПАТЕЛЯ"},
    PaperRow{2108, Look::measure, "МЕРА КОЛ-ВА"},
};

// Codes of the measure of a quantity that a shop meets (tag 2108, FFD 1.2).
constexpr std::array<std::pair<std::uint8_t, std::string_view>, 10> kMeasures{{{0, "шт"},
                                                                               {10, "г"},
                                                                               {11, "кг"},
                                                                               {12, "т"},
                                                                               {20, "см"},
                                                                               {22, "м"},
                                                                               {32, "кв. м"},
                                                                               {40, "мл"},
                                                                               {41, "л"},
                                                                               {42, "куб. м"}}};

bool well_formed(base::ByteView bytes, int depth) {
    if (depth > kTlvDepthMax) {
        return false;
    }
    base::ByteReader reader(bytes);
    while (reader.left() != 0 && !reader.failed()) {
        const std::uint16_t number = reader.u16_le();
        const base::ByteView value = reader.take(reader.u16_le());
        if (!reader.failed() && is_structure(number) && !well_formed(value, depth + 1)) {
            return false;
        }
    }
    return !reader.failed();
}

std::string value_for_paper(const FiscalTag& tag, Look look) {
    if (look == Look::text) {
        return utf8_from_cp866(tag.value);
    }
    const std::uint64_t number = decode_vln(tag.value).value_or(0);
    if (look == Look::date) {
        constexpr std::size_t kDayLetters = 8;  // of "31.05.24 17:42"
        const auto seconds = static_cast<std::int64_t>(number & 0xFFFF'FFFFU);
        return date_text(seconds * 1000).substr(0, kDayLetters);
    }
    if (look == Look::measure) {
        for (const auto& [code, name] : kMeasures) {
            if (code == number) {
                return std::string(name);
            }
        }
    }
    return std::to_string(number);
}

}  // namespace

bool is_structure(std::uint16_t number) {
    return std::find(kStructures.begin(), kStructures.end(), number) != kStructures.end();
}

std::optional<std::vector<FiscalTag>> decode_tags(base::ByteView bytes) {
    if (!well_formed(bytes, 1)) {
        return std::nullopt;
    }
    std::vector<FiscalTag> tags;
    base::ByteReader reader(bytes);
    while (reader.left() != 0) {
        const std::uint16_t number = reader.u16_le();
        const base::ByteView value = reader.take(reader.u16_le());
        tags.push_back({.number = number, .value = {value.begin(), value.end()}});
    }
    return tags;
}

void put_tag(base::ByteWriter& writer, std::uint16_t number, base::ByteView value) {
    writer.u16_le(number).u16_le(value.size()).raw(value);
}

void put_tag_text(base::ByteWriter& writer, std::uint16_t number, std::string_view utf8) {
    put_tag(writer, number, cp866_from_utf8(utf8));
}

void put_tag_number(base::ByteWriter& writer, std::uint16_t number, std::uint64_t value) {
    put_tag(writer, number, encode_vln(value));
}

base::Bytes encode_vln(std::uint64_t value) {
    base::Bytes bytes;
    do {
        bytes.push_back(base::byte(static_cast<unsigned>(value & 0xFFU)));
        value >>= 8;
    } while (value != 0);
    return bytes;
}

base::Bytes encode_fvln(std::uint64_t value, std::uint8_t decimals) {
    return base::ByteWriter().u8(decimals).raw(encode_vln(value)).take();
}

std::optional<std::uint64_t> decode_vln(base::ByteView bytes) {
    constexpr std::size_t kBytesMax = 8;
    if (bytes.empty() || bytes.size() > kBytesMax) {
        return std::nullopt;
    }
    return base::ByteReader(bytes).uint_le(bytes.size());
}

const base::Bytes* find_tag(const std::vector<FiscalTag>& tags, std::uint16_t number) {
    const auto found = std::find_if(tags.rbegin(), tags.rend(), [number](const FiscalTag& tag) {
        return tag.number == number;
    });
    return found == tags.rend() ? nullptr : &found->value;
}

std::string tag_text(const std::vector<FiscalTag>& tags, std::uint16_t number) {
    const base::Bytes* value = find_tag(tags, number);
    return value == nullptr ? "" : utf8_from_cp866(*value);
}

void set_tag(std::vector<FiscalTag>& tags, FiscalTag tag, bool repeats) {
    if (!repeats) {
        std::erase_if(tags, [&tag](const FiscalTag& old) { return old.number == tag.number; });
    }
    tags.push_back(std::move(tag));
}

std::optional<std::string> tag_for_paper(const FiscalTag& tag) {
    if (is_structure(tag.number)) {
        std::string all;
        for (const FiscalTag& inner : decode_tags(tag.value).value_or(std::vector<FiscalTag>{})) {
            const auto text = tag_for_paper(inner);
            all += text ? (all.empty() ? "" : ", ") + *text : "";
        }
        return all.empty() ? std::nullopt : std::optional(all);
    }
    for (const PaperRow& row : kPaperRows) {
        if (row.number == tag.number) {
            return fmt::format("{}: {}", row.title, value_for_paper(tag, row.look));
        }
    }
    return std::nullopt;
}

}  // namespace tillhost::simulators::shtrih
