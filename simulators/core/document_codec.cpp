#include "simulators/core/document_codec.h"

#include <array>

namespace tillhost::simulators {
namespace {

std::uint64_t bits(std::int64_t value) { return static_cast<std::uint64_t>(value); }
std::int64_t i64(base::ByteReader& reader) { return static_cast<std::int64_t>(reader.uint_le(8)); }

std::optional<FiscalDocumentType> type_from(std::uint8_t number) {
    constexpr std::array kTypes{FiscalDocumentType::registration, FiscalDocumentType::shift_open,
                                FiscalDocumentType::receipt,      FiscalDocumentType::shift_close,
                                FiscalDocumentType::correction,   FiscalDocumentType::settlement,
                                FiscalDocumentType::cash_in,      FiscalDocumentType::cash_out};
    for (const FiscalDocumentType type : kTypes) {
        if (static_cast<std::uint8_t>(type) == number) {
            return type;
        }
    }
    return std::nullopt;
}

FiscalLine get_line(base::ByteReader& reader) {
    FiscalLine line;
    line.name = get_text(reader);
    line.quantity_micro = i64(reader);
    line.price_minor = i64(reader);
    line.sum_minor = i64(reader);
    line.vat_code = reader.u8();
    line.department = reader.u8();
    line.payment_method = reader.u8();
    line.item_type = reader.u8();
    return line;
}

void put_line(base::ByteWriter& writer, const FiscalLine& line) {
    put_text(writer, line.name);
    writer.uint_le(bits(line.quantity_micro), 8);
    writer.uint_le(bits(line.price_minor), 8).uint_le(bits(line.sum_minor), 8);
    writer.u8(line.vat_code).u8(line.department).u8(line.payment_method).u8(line.item_type);
}

void put_tags(base::ByteWriter& writer, const std::vector<FiscalTag>& tags) {
    writer.u16_le(tags.size());
    for (const FiscalTag& tag : tags) {
        writer.u16_le(tag.number).u16_le(tag.value.size()).raw(tag.value);
    }
}

std::vector<FiscalTag> get_tags(base::ByteReader& reader) {
    std::vector<FiscalTag> tags;
    const std::uint16_t count = reader.u16_le();
    for (std::uint16_t i = 0; i < count && !reader.failed(); ++i) {
        const std::uint16_t number = reader.u16_le();
        const base::ByteView value = reader.take(reader.u16_le());
        tags.push_back({.number = number, .value = {value.begin(), value.end()}});
    }
    return tags;
}

/// Behind what the first version of the format had.
void put_addition(base::ByteWriter& writer, const FiscalDocument& document) {
    writer.u8(document.tax_system).u8(document.correction_basis);
    writer.uint_le(bits(document.rounding_minor), 8).uint_le(bits(document.discount_minor), 8);
    writer.u8(document.electronic_only ? 1 : 0).u8(document.vat_minor.size());
    for (const std::int64_t vat : document.vat_minor) {
        writer.uint_le(bits(vat), 8);
    }
    put_tags(writer, document.tags);
    for (const FiscalLine& line : document.lines) {
        writer.uint_le(bits(line.vat_minor), 8);
        put_tags(writer, line.tags);
    }
}

bool get_addition(base::ByteReader& reader, FiscalDocument& document) {
    document.tax_system = reader.u8();
    document.correction_basis = reader.u8();
    document.rounding_minor = i64(reader);
    document.discount_minor = i64(reader);
    const std::uint8_t electronic = reader.u8();
    document.electronic_only = electronic != 0;
    const std::uint8_t rates = reader.u8();
    for (std::uint8_t i = 0; i < rates && !reader.failed(); ++i) {
        document.vat_minor.push_back(i64(reader));
    }
    document.tags = get_tags(reader);
    for (FiscalLine& line : document.lines) {
        line.vat_minor = i64(reader);
        line.tags = get_tags(reader);
    }
    return electronic <= 1;
}

}  // namespace

void put_text(base::ByteWriter& writer, std::string_view text) {
    writer.u32_le(text.size()).raw(base::bytes_of(text));
}

std::string get_text(base::ByteReader& reader) {
    const std::uint32_t length = reader.u32_le();
    return base::string_of(reader.take(length));
}

base::Bytes encode_document(const FiscalDocument& document) {
    base::ByteWriter writer;
    writer.u8(static_cast<std::uint8_t>(document.type));
    writer.u8(static_cast<std::uint8_t>(document.operation));
    writer.u32_le(document.number).u32_le(document.sign).u32_le(document.device_number);
    writer.u16_le(document.shift_number).u16_le(document.receipt_number);
    writer.uint_le(bits(document.total_minor), 8).uint_le(bits(document.change_minor), 8);
    writer.uint_le(bits(document.date_time_ms), 8).uint_le(document.tag, 8);
    put_text(writer, document.operator_name);
    writer.u32_le(document.lines.size());
    for (const FiscalLine& line : document.lines) {
        put_line(writer, line);
    }
    writer.u8(document.payments_minor.size());
    for (const std::int64_t payment : document.payments_minor) {
        writer.uint_le(bits(payment), 8);
    }
    put_addition(writer, document);
    return writer.take();
}

std::optional<FiscalDocument> decode_document(base::ByteView bytes) {
    base::ByteReader reader(bytes);
    FiscalDocument document;
    const auto type = type_from(reader.u8());
    const std::uint8_t operation = reader.u8();
    if (!type || operation > static_cast<std::uint8_t>(FiscalOperation::purchase_return)) {
        return std::nullopt;
    }
    document.type = *type;
    document.operation = static_cast<FiscalOperation>(operation);
    document.number = reader.u32_le();
    document.sign = reader.u32_le();
    document.device_number = reader.u32_le();
    document.shift_number = reader.u16_le();
    document.receipt_number = reader.u16_le();
    document.total_minor = i64(reader);
    document.change_minor = i64(reader);
    document.date_time_ms = i64(reader);
    document.tag = reader.uint_le(8);
    document.operator_name = get_text(reader);
    const std::uint32_t lines = reader.u32_le();
    for (std::uint32_t i = 0; i < lines && !reader.failed(); ++i) {
        document.lines.push_back(get_line(reader));
    }
    const std::uint8_t payments = reader.u8();
    for (std::uint8_t i = 0; i < payments && !reader.failed(); ++i) {
        document.payments_minor.push_back(i64(reader));
    }
    if (!get_addition(reader, document) || reader.failed() || reader.left() != 0) {
        return std::nullopt;
    }
    return document;
}

}  // namespace tillhost::simulators
