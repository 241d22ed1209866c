#include "simulators/payment/zvt/memory.h"

#include <utility>

#include "simulators/core/document_codec.h"

namespace tillhost::simulators::zvt {
namespace {

constexpr std::uint8_t kFormat = 1;

}  // namespace

base::Bytes encode_transaction(const CardTransaction& transaction) {
    base::ByteWriter writer;
    writer.u8(static_cast<std::uint8_t>(transaction.kind));
    writer.u8(static_cast<std::uint8_t>(transaction.state));
    writer.u32_le(transaction.number).u16_le(transaction.receipt_number);
    writer.u32_le(transaction.trace_number).u32_le(transaction.turnover_number);
    writer.u32_le(transaction.original_trace);
    writer.uint_le(static_cast<std::uint64_t>(transaction.amount_minor), 8);
    writer.u16_le(transaction.currency);
    writer.uint_le(static_cast<std::uint64_t>(transaction.date_time_ms), 8);
    writer.u8(transaction.card_type).u8(transaction.local ? 1 : 0);
    put_text(writer, transaction.pan);
    put_text(writer, transaction.card_name);
    return writer.take();
}

std::optional<CardTransaction> decode_transaction(base::ByteView bytes) {
    base::ByteReader reader(bytes);
    CardTransaction transaction;
    const std::uint8_t kind = reader.u8();
    const std::uint8_t state = reader.u8();
    transaction.number = reader.u32_le();
    transaction.receipt_number = reader.u16_le();
    transaction.trace_number = reader.u32_le();
    transaction.turnover_number = reader.u32_le();
    transaction.original_trace = reader.u32_le();
    transaction.amount_minor = static_cast<std::int64_t>(reader.uint_le(8));
    transaction.currency = reader.u16_le();
    transaction.date_time_ms = static_cast<std::int64_t>(reader.uint_le(8));
    transaction.card_type = reader.u8();
    const std::uint8_t local = reader.u8();
    transaction.pan = get_text(reader);
    transaction.card_name = get_text(reader);
    if (reader.failed() || reader.left() != 0 || kind < 1 || kind > 4 || state < 1 || state > 4 ||
        local > 1) {
        return std::nullopt;
    }
    transaction.kind = static_cast<CardTransactionKind>(kind);
    transaction.state = static_cast<CardTransactionState>(state);
    transaction.local = local == 1;
    return transaction;
}

base::Bytes encode_counters(const Counters& counters) {
    base::ByteWriter writer;
    writer.u8(kFormat).u16_le(counters.receipt).u32_le(counters.trace).u32_le(counters.turnover);
    writer.u8(counters.lock).u8(counters.pending ? 1 : 0);
    if (counters.pending) {
        writer.raw(encode_transaction(*counters.pending));
    }
    return writer.take();
}

std::optional<Counters> decode_counters(base::ByteView bytes) {
    base::ByteReader reader(bytes);
    Counters counters;
    const std::uint8_t format = reader.u8();
    counters.receipt = reader.u16_le();
    counters.trace = reader.u32_le();
    counters.turnover = reader.u32_le();
    counters.lock = reader.u8();
    const std::uint8_t pending = reader.u8();
    if (reader.failed() || format != kFormat || pending > 1) {
        return std::nullopt;
    }
    if (pending == 1) {
        counters.pending = decode_transaction(reader.take_rest());
        return counters.pending ? std::optional(counters) : std::nullopt;
    }
    return reader.left() == 0 ? std::optional(counters) : std::nullopt;
}

base::Result<Memory> Memory::open(std::shared_ptr<FiscalStore> store) {
    const auto foreign = [] {
        return base::make_error(base::ErrorCode::storage_failed, "not a ZVT terminal's memory");
    };
    FiscalStore::Content content = TRY(store->load());
    Memory memory(std::move(store));
    if (!content.state.empty()) {
        const auto counters = decode_counters(content.state);
        if (!counters) {
            return foreign();
        }
        memory.counters_ = *counters;
    }
    for (const base::Bytes& record : content.documents) {
        const auto transaction = decode_transaction(record);
        if (!transaction || transaction->number == 0 ||
            transaction->number > memory.next_number()) {
            return foreign();
        }
        memory.apply(*transaction);
    }
    memory.tape_ = std::move(content.tape);
    return memory;
}

void Memory::apply(const CardTransaction& transaction) {
    if (transaction.number == next_number()) {
        transactions_.push_back(transaction);
    } else {
        transactions_[transaction.number - 1] = transaction;
    }
}

base::Done Memory::set(const Counters& counters) {
    if (counters == counters_) {
        return {};
    }
    TRY(store_->commit({.state = encode_counters(counters)}));
    counters_ = counters;
    return {};
}

base::Done Memory::write(const std::vector<CardTransaction>& changed, const Counters& counters) {
    std::vector<base::Bytes> records;
    for (const CardTransaction& transaction : changed) {
        records.push_back(encode_transaction(transaction));
    }
    const base::Bytes state = encode_counters(counters);
    TRY(store_->commit({.state = state, .documents = records}));
    counters_ = counters;
    for (const CardTransaction& transaction : changed) {
        apply(transaction);
    }
    return {};
}

base::Done Memory::print(const std::vector<std::string>& lines) {
    TRY(store_->commit({.tape = lines}));
    tape_.insert(tape_.end(), lines.begin(), lines.end());
    return {};
}

}  // namespace tillhost::simulators::zvt
