#include "hal/drivers/fiscal/shtrih/tags.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "hal/codec/code_page.h"

namespace tillhost::drivers::shtrih {
namespace {

using base::bad_field;
using base::Bytes;
using base::Result;
using codec::CodePage;

/// What the contract has a field for, or the registrar makes itself: sent twice, it would be
/// refused at the end, or worse, count.
constexpr std::array<std::uint16_t, 18> kDocumentOwn{1008, 1020, 1021, 1031, 1054, 1055,
                                                     1059, 1081, 1173, 1174, 1178, 1179,
                                                     1203, 1215, 1216, 1217, 1227, 1228};
constexpr std::array<std::uint16_t, 12> kLineOwn{1023, 1030, 1043, 1059, 1079, 1197,
                                                 1199, 1200, 1212, 1214, 2000, kTagMeasure};

struct Unit {
    std::int64_t measure;
    std::string_view name;
};

/// Names for tag 1197 of the units that tag 2108 counts.
constexpr Unit kUnits[] = {
    {10, "г"},      {11, "кг"},     {12, "т"},     {20, "см"},    {21, "дм"},  {22, "м"},
    {30, "кв. см"}, {31, "кв. дм"}, {32, "кв. м"}, {40, "мл"},    {41, "л"},   {42, "куб. м"},
    {50, "кВт ч"},  {51, "Гкал"},   {70, "сутки"}, {71, "час"},   {72, "мин"}, {73, "с"},
    {80, "Кбайт"},  {81, "Мбайт"},  {82, "Гбайт"}, {83, "Тбайт"},
};

/// Little-endian without leading zeros; zero is one byte.
Bytes short_number(std::int64_t value) {
    base::ByteWriter writer;
    auto rest = static_cast<std::uint64_t>(value);
    do {
        writer.u8(rest & 0xFFU);
        rest >>= 8;
    } while (rest != 0);
    return writer.take();
}

Result<TagFields> tag_fields(const contract::Tag& tag, const std::string& field) {
    const auto number = static_cast<std::uint16_t>(tag.number);
    switch (tag.kind) {
        case contract::TagKind::text: return text_tag(number, tag.text, field + ".text");
        case contract::TagKind::integer: return TagFields{number, short_number(tag.integer)};
        case contract::TagKind::unspecified:
        case contract::TagKind::bytes: break;
    }
    if (tag.bytes.size() > kTagValueMax) {
        return bad_field(field + ".bytes", fmt::format("at most {} bytes", kTagValueMax));
    }
    return TagFields{number, tag.bytes};
}

template <class Own>
Result<std::vector<TagFields>> all_tags(const std::vector<contract::Tag>& tags,
                                        const std::string& field, const Own& own) {
    std::vector<TagFields> made;
    for (std::size_t i = 0; i < tags.size(); ++i) {
        const std::string one = fmt::format("{}[{}]", field, i);
        if (std::find(own.begin(), own.end(), tags[i].number) != own.end()) {
            return bad_field(
                one + ".number",
                fmt::format("a tag without a field of its own, {} has one", tags[i].number));
        }
        made.push_back(TRY(tag_fields(tags[i], one)));
    }
    return made;
}

/// YYYY-MM-DD, 00:00 of the day as if the registrar's clock showed UTC.
std::int64_t unix_seconds_of(const std::string& day) {
    DateTime time;
    time.year = std::stoi(day.substr(0, 4));
    time.month = std::stoi(day.substr(5, 2));
    time.day = std::stoi(day.substr(8, 2));
    return to_unix_seconds(time);
}

}  // namespace

Result<std::vector<TagFields>> line_tags(const std::vector<contract::Tag>& tags,
                                         const std::string& field) {
    return all_tags(tags, field, kLineOwn);
}

Result<std::vector<TagFields>> document_tags(const std::vector<contract::Tag>& tags,
                                             const std::string& field) {
    return all_tags(tags, field, kDocumentOwn);
}

Result<TagFields> text_tag(std::uint16_t number, std::string_view text, std::string_view field) {
    Bytes value = TRY(codec::to_code_page(CodePage::cp866, text, field));
    if (value.size() > kTagValueMax) {
        return bad_field(field, fmt::format("at most {} characters", kTagValueMax));
    }
    return TagFields{number, std::move(value)};
}

Result<TagFields> measure_tag(std::int64_t measure, const Abilities& abilities,
                              const std::string& field) {
    if (abilities.has_format_1_2()) {
        return TagFields{kTagMeasure, Bytes{base::byte(static_cast<unsigned>(measure))}};
    }
    const auto* const unit =
        std::find_if(std::begin(kUnits), std::end(kUnits),
                     [&](const Unit& each) { return each.measure == measure; });
    if (unit == std::end(kUnits)) {
        return base::make_error(
            base::ErrorCode::not_supported,
            fmt::format("{}: {} has no name in the registrar's data format", field, measure));
    }
    return text_tag(kTagUnit, unit->name, field);
}

TagFields quantity_tag(std::int64_t quantity_micro) {
    unsigned decimals = 6;
    while (decimals > 0 && quantity_micro % 10 == 0) {
        quantity_micro /= 10;
        --decimals;
    }
    Bytes value{base::byte(decimals)};
    const Bytes number = short_number(quantity_micro);
    value.insert(value.end(), number.begin(), number.end());
    return {kTagQuantity, std::move(value)};
}

Result<std::vector<TagFields>> basis_tags(const contract::Correction& correction) {
    std::vector<TagFields> tags;
    const auto day = static_cast<std::uint64_t>(unix_seconds_of(correction.basis_date));
    tags.push_back({kTagBasisDate, base::ByteWriter().u32_le(day).take()});
    if (!correction.basis_number.empty()) {
        tags.push_back(TRY(text_tag(kTagBasisNumber, correction.basis_number, "basis_number")));
    }
    return tags;
}

}  // namespace tillhost::drivers::shtrih
