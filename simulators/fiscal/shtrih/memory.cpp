#include "simulators/fiscal/shtrih/memory.h"

#include "simulators/core/document_codec.h"

namespace tillhost::simulators::shtrih {
namespace {

constexpr std::uint8_t kVersion = 2;
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
    lines.tags = receipt.next_tags;
    lines.electronic_only = receipt.correction;
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
    receipt.next_tags = std::move(document->tags);
    receipt.correction = document->electronic_only;
    return true;
}

/// Tags have a form already as well.
void put_tags(base::ByteWriter& writer, const std::vector<FiscalTag>& tags) {
    FiscalDocument holder;
    holder.tags = tags;
    const base::Bytes document = encode_document(holder);
    writer.u32_le(document.size()).raw(document);
}

bool get_tags(base::ByteReader& reader, std::vector<FiscalTag>& tags) {
    const std::uint32_t length = reader.u32_le();
    auto document = decode_document(reader.take(length));
    tags = document ? std::move(document->tags) : std::vector<FiscalTag>{};
    return document.has_value();
}

void put_bytes(base::ByteWriter& writer, base::ByteView bytes) {
    writer.u32_le(bytes.size()).raw(bytes);
}

base::Bytes get_bytes(base::ByteReader& reader) {
    const base::ByteView bytes = reader.take(reader.u32_le());
    return {bytes.begin(), bytes.end()};
}

void put_marks(base::ByteWriter& writer, const std::vector<MarkCheck>& marks) {
    writer.u32_le(marks.size());
    for (const MarkCheck& mark : marks) {
        put_bytes(writer, mark.code);
        writer.u8(mark.status).u8(mark.result).u8(mark.accepted ? 1 : 0);
    }
}

std::vector<MarkCheck> get_marks(base::ByteReader& reader) {
    std::vector<MarkCheck> marks;
    const std::uint32_t count = reader.u32_le();
    for (std::uint32_t i = 0; i < count && !reader.failed(); ++i) {
        MarkCheck mark;
        mark.code = get_bytes(reader);
        mark.status = reader.u8();
        mark.result = reader.u8();
        mark.accepted = reader.u8() != 0;
        marks.push_back(std::move(mark));
    }
    return marks;
}

void put_storage(base::ByteWriter& writer, const Memory& memory) {
    const OperatorLink& ofd = memory.ofd;
    writer.u8(ofd.up ? 1 : 0).uint_le(bits(ofd.delay_ms), 8).u32_le(ofd.confirmed);
    writer.uint_le(bits(ofd.backlog_age_ms), 8).u32_le(ofd.tickets.size());
    for (const auto& [number, ticket] : ofd.tickets) {
        writer.u32_le(number);
        put_bytes(writer, ticket);
    }
    const StorageWear& wear = memory.wear;
    writer.uint_le(bits(wear.life_ends_ms), 8).u8(wear.used_percent);
    writer.uint_le(bits(wear.clock_skew_ms), 8);
}

void get_storage(base::ByteReader& reader, Memory& memory) {
    OperatorLink& ofd = memory.ofd;
    ofd.up = reader.u8() != 0;
    ofd.delay_ms = i64(reader);
    ofd.confirmed = reader.u32_le();
    ofd.backlog_age_ms = i64(reader);
    const std::uint32_t tickets = reader.u32_le();
    for (std::uint32_t i = 0; i < tickets && !reader.failed(); ++i) {
        const std::uint32_t number = reader.u32_le();
        ofd.tickets[number] = get_bytes(reader);
    }
    StorageWear& wear = memory.wear;
    wear.life_ends_ms = i64(reader);
    wear.used_percent = reader.u8();
    wear.clock_skew_ms = i64(reader);
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
    std::uint8_t paid = 0;
    base::ByteWriter payments;
    for (std::size_t i = 0; i < memory.paid_in_shift.size(); ++i) {
        if (memory.paid_in_shift[i] != 0) {
            payments.u8(i).uint_le(bits(memory.paid_in_shift[i]), 8);
            ++paid;
        }
    }
    writer.u8(paid).raw(payments.bytes());
    writer.u8(memory.ports.size());
    for (const auto& [port, codes] : memory.ports) {
        writer.u8(port).u8(codes[0]).u8(codes[1]);
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
    const std::uint8_t paid = reader.u8();
    for (std::uint8_t i = 0; i < paid && !reader.failed(); ++i) {
        const std::size_t place = reader.u8() % memory.paid_in_shift.size();
        memory.paid_in_shift[place] = i64(reader);
    }
    const std::uint8_t ports = reader.u8();
    for (std::uint8_t i = 0; i < ports && !reader.failed(); ++i) {
        auto& codes = memory.ports[reader.u8()];
        codes[0] = reader.u8();
        codes[1] = reader.u8();
    }
}

std::optional<BegunDocument> begun_from(std::uint8_t number) {
    switch (static_cast<BegunDocument>(number)) {
        case BegunDocument::none:
        case BegunDocument::shift_open:
        case BegunDocument::receipt:
        case BegunDocument::shift_close:
        case BegunDocument::settlement:
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
    writer.u32_le(memory.document_number);
    put_storage(writer, memory);
    writer.uint_le(bits(memory.clock_offset_ms), 8);
    writer.u8(memory.date_to_confirm ? 1 : 0);
    writer.uint_le(bits(memory.date_to_confirm.value_or(0)), 8).u8(memory.previous_mode);
    writer.u8(static_cast<std::uint8_t>(memory.begun));
    put_receipt(writer, memory.receipt);
    put_tags(writer, memory.tags);
    put_marks(writer, memory.marks);
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
    get_storage(reader, memory);
    memory.clock_offset_ms = i64(reader);
    const bool to_confirm = reader.u8() != 0;
    const std::int64_t days = i64(reader);
    memory.date_to_confirm = to_confirm ? std::optional(days) : std::nullopt;
    memory.previous_mode = reader.u8();
    const auto begun = begun_from(reader.u8());
    const bool receipt_good = get_receipt(reader, memory.receipt);
    const bool tags_good = get_tags(reader, memory.tags);
    memory.marks = get_marks(reader);
    const std::uint8_t paper = reader.u8();
    memory.cover_open = reader.u8() != 0;
    memory.last_print_result = reader.u8();
    memory.printing = get_texts(reader);
    memory.printed = reader.u32_le();
    memory.last_receipt = get_texts(reader);
    get_registers(reader, memory);
    if (reader.failed() || reader.left() != 0 || !begun || !receipt_good || !tags_good ||
        paper > 3 || memory.printed > memory.printing.size()) {
        return std::nullopt;
    }
    memory.begun = *begun;
    memory.paper = static_cast<PaperState>(paper);
    return memory;
}

}  // namespace tillhost::simulators::shtrih
