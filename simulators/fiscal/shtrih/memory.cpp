#include "simulators/fiscal/shtrih/memory.h"

#include "simulators/core/document_codec.h"

namespace tillhost::simulators::shtrih {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kRegisters = 256;

std::uint64_t bits(std::int64_t value) { return static_cast<std::uint64_t>(value); }
std::int64_t i64(base::ByteReader& reader) { return static_cast<std::int64_t>(reader.uint_le(8)); }

void put_texts(base::ByteWriter& writer, const std::vector<std::string>& texts) {
    writer.u32_le(texts.size());
    for (const std::string& text : texts) {
        put_text(writer, text);
    }
}

std::vector<std::string> get_texts(base::ByteReader& reader) {
    std::vector<std::string> texts;
    const std::uint32_t count = reader.u32_le();
    for (std::uint32_t i = 0; i < count && !reader.failed(); ++i) {
        texts.push_back(get_text(reader));
    }
    return texts;
}

void put_receipt(base::ByteWriter& writer, const OpenReceipt& receipt) {
    writer.u8(static_cast<std::uint8_t>(receipt.kind)).u8(receipt.operator_index);
    writer.uint_le(bits(receipt.discount_minor), 8).uint_le(bits(receipt.surcharge_minor), 8);
    put_texts(writer, receipt.body);
    FiscalDocument lines;  // the lines have a form already: that of a document
    lines.lines = receipt.lines;
    const base::Bytes document = encode_document(lines);
    writer.u32_le(document.size()).raw(document);
}

bool get_receipt(base::ByteReader& reader, OpenReceipt& receipt) {
    const std::uint8_t kind = reader.u8();
    receipt.kind = static_cast<ReceiptKind>(kind & 3U);
    receipt.operator_index = reader.u8();
    receipt.discount_minor = i64(reader);
    receipt.surcharge_minor = i64(reader);
    receipt.body = get_texts(reader);
    const std::uint32_t length = reader.u32_le();
    auto document = decode_document(reader.take(length));
    if (!document || kind > 3) {
        return false;
    }
    receipt.lines = std::move(document->lines);
    return true;
}

void put_registers(base::ByteWriter& writer, const Memory& memory) {
    std::uint32_t used = 0;
    base::ByteWriter rows;
    for (std::size_t i = 0; i < kRegisters; ++i) {
        if (memory.cash[i] != 0 || memory.operations[i] != 0) {
            rows.u8(i).uint_le(bits(memory.cash[i]), 8).u32_le(memory.operations[i]);
            ++used;
        }
    }
    writer.u32_le(used).raw(rows.bytes());
    writer.u32_le(memory.tables.size());
    for (const auto& [key, value] : memory.tables) {
        writer.u32_le(key).u32_le(value.size()).raw(value);
    }
}

void get_registers(base::ByteReader& reader, Memory& memory) {
    const std::uint32_t used = reader.u32_le();
    for (std::uint32_t i = 0; i < used && !reader.failed(); ++i) {
        const std::uint8_t number = reader.u8();
        memory.cash[number] = i64(reader);
        memory.operations[number] = reader.u32_le();
    }
    const std::uint32_t fields = reader.u32_le();
    for (std::uint32_t i = 0; i < fields && !reader.failed(); ++i) {
        const std::uint32_t key = reader.u32_le();
        const base::ByteView value = reader.take(reader.u32_le());
        memory.tables[key] = base::Bytes(value.begin(), value.end());
    }
}

std::optional<BegunDocument> begun_from(std::uint8_t number) {
    switch (static_cast<BegunDocument>(number)) {
        case BegunDocument::none:
        case BegunDocument::shift_open:
        case BegunDocument::receipt:
        case BegunDocument::shift_close:
        case BegunDocument::correction: return static_cast<BegunDocument>(number);
    }
    return std::nullopt;
}

}  // namespace

base::Bytes encode_memory(const Memory& memory) {
    base::ByteWriter writer;
    writer.u8(kVersion);
    put_text(writer, memory.serial);
    put_text(writer, memory.fn_number);
    writer.u32_le(memory.last_fd).u8(memory.shift_open ? 1 : 0).u16_le(memory.shift_number);
    writer.uint_le(bits(memory.shift_opened_ms), 8).u16_le(memory.receipt_number);
    writer.u32_le(memory.document_number).u32_le(memory.confirmed_fd);
    writer.uint_le(bits(memory.clock_offset_ms), 8);
    writer.u8(memory.date_to_confirm ? 1 : 0);
    writer.uint_le(bits(memory.date_to_confirm.value_or(0)), 8).u8(memory.previous_mode);
    writer.u8(static_cast<std::uint8_t>(memory.begun));
    put_receipt(writer, memory.receipt);
    put_text(writer, memory.cashier);
    put_text(writer, memory.cashier_inn);
    put_text(writer, memory.customer);
    writer.u8(static_cast<std::uint8_t>(memory.paper)).u8(memory.cover_open ? 1 : 0);
    writer.u8(memory.last_print_result);
    put_texts(writer, memory.printing);
    writer.u32_le(memory.printed);
    put_texts(writer, memory.last_receipt);
    put_registers(writer, memory);
    return writer.take();
}

std::optional<Memory> decode_memory(base::ByteView bytes) {
    base::ByteReader reader(bytes);
    Memory memory;
    if (reader.u8() != kVersion) {
        return std::nullopt;
    }
    memory.serial = get_text(reader);
    memory.fn_number = get_text(reader);
    memory.last_fd = reader.u32_le();
    memory.shift_open = reader.u8() != 0;
    memory.shift_number = reader.u16_le();
    memory.shift_opened_ms = i64(reader);
    memory.receipt_number = reader.u16_le();
    memory.document_number = reader.u32_le();
    memory.confirmed_fd = reader.u32_le();
    memory.clock_offset_ms = i64(reader);
    const bool to_confirm = reader.u8() != 0;
    const std::int64_t days = i64(reader);
    memory.date_to_confirm = to_confirm ? std::optional(days) : std::nullopt;
    memory.previous_mode = reader.u8();
    const auto begun = begun_from(reader.u8());
    const bool receipt_good = get_receipt(reader, memory.receipt);
    memory.cashier = get_text(reader);
    memory.cashier_inn = get_text(reader);
    memory.customer = get_text(reader);
    const std::uint8_t paper = reader.u8();
    memory.cover_open = reader.u8() != 0;
    memory.last_print_result = reader.u8();
    memory.printing = get_texts(reader);
    memory.printed = reader.u32_le();
    memory.last_receipt = get_texts(reader);
    get_registers(reader, memory);
    if (reader.failed() || reader.left() != 0 || !begun || !receipt_good || paper > 3 ||
        memory.printed > memory.printing.size()) {
        return std::nullopt;
    }
    memory.begun = *begun;
    memory.paper = static_cast<PaperState>(paper);
    return memory;
}

}  // namespace tillhost::simulators::shtrih
