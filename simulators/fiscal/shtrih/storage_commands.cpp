// Commands of the fiscal storage: state, documents, tags, the data operator, marking codes.
#include <algorithm>
#include <array>

#include "simulators/fiscal/shtrih/answers.h"
#include "simulators/fiscal/shtrih/commands.h"
#include "simulators/fiscal/shtrih/tlv.h"

namespace tillhost::simulators::shtrih {
namespace {

constexpr FieldPlace kReplica{.table = 17, .row = 1, .field = 31};
constexpr FieldPlace kExtendedAnswers{.table = 17, .row = 1, .field = 36};
constexpr std::size_t kBlockBytesMax = 240;
constexpr std::size_t kTagBytesMax = 250;
constexpr std::size_t kIncomingBytesMax = 4096;

Answer storage_status(Machine& machine, Call& /*call*/) { return encode_storage_status(machine); }

Answer storage_number(Machine& machine, Call& /*call*/) {
    return base::bytes_of(machine.memory().fn_number);
}

Answer storage_version(Machine& /*machine*/, Call& /*call*/) {
    return base::ByteWriter().raw(base::bytes_of("fn debug 1.17   ")).u8(0).take();
}

Answer cancel_in_storage(Machine& machine, Call& call) {
    if (machine.receipt_open()) {
        return as_answer(machine.cancel_receipt(call.operator_index));
    }
    machine.memory().begun = BegunDocument::none;
    machine.memory().tags.clear();
    return nothing();
}

Answer find_document(Machine& machine, Call& call) {
    const FiscalDocument* document = machine.document(call.reader.u32_le());
    if (document == nullptr) {
        return Refusal::fn_no_data;
    }
    return encode_found(*document, document->number <= machine.memory().ofd.confirmed,
                        machine.options().inn, machine.options().rnm);
}

Answer storage_expiry(Machine& machine, Call& /*call*/) {
    base::ByteWriter data;
    put_date_time(data, machine.storage_ends_ms());
    base::Bytes date = data.take();
    date.resize(3);
    return date;
}

Answer registration(Machine& machine, Call& /*call*/) {
    return encode_registration(machine, *machine.document(1));
}

Answer registration_by_number(Machine& machine, Call& call) {
    if (call.reader.u8() != 1) {  // it was registered once
        return Refusal::fn_no_data;
    }
    return encode_registration(machine, *machine.document(1));
}

Answer registration_tag(Machine& machine, Call& call) {
    const std::uint8_t number = call.reader.u8();
    const std::uint16_t tag = call.reader.u16_le();
    const auto found = encode_registration_tag(machine, tag);
    if (number != 1 || !found) {
        return Refusal::fn_no_data;
    }
    return *found;
}

/// With table 17 field 31, number 0 means the last document.
Answer begin_reading(Machine& machine, Call& call) {
    const std::uint32_t asked = call.reader.u32_le();
    const bool replica = asked == 0 && machine.tables().number(kReplica) == 1;
    const FiscalDocument* document = machine.document(replica ? machine.memory().last_fd : asked);
    if (document == nullptr) {
        return Refusal::fn_no_data;
    }
    machine.reading = machine.document_tags(*document);
    base::ByteWriter data;
    data.u16_le(static_cast<std::uint8_t>(document->type));
    return data.u16_le(machine.reading.size()).take();
}

Answer go_on_reading(Machine& machine, Call& /*call*/) {
    if (machine.reading.empty()) {
        return Refusal::fn_no_data;
    }
    const auto count =
        static_cast<std::ptrdiff_t>(std::min(machine.reading.size(), kBlockBytesMax));
    const base::Bytes block(machine.reading.begin(), machine.reading.begin() + count);
    machine.reading.erase(machine.reading.begin(), machine.reading.begin() + count);
    return block;
}

// --- tags

Answer tags_of(base::ByteView bytes, std::vector<FiscalTag>& tags) {
    auto decoded = decode_tags(bytes);
    if (!decoded || decoded->empty()) {
        return Refusal::fn_bad_parameter;
    }
    if (bytes.size() > kTagBytesMax) {
        return Refusal::fn_tag_too_long;
    }
    tags = std::move(*decoded);
    return nothing();
}

Answer put_tag(Machine& machine, Call& call) {
    std::vector<FiscalTag> tags;
    Answer answer = tags_of(call.reader.take_rest(), tags);
    return tags.empty() ? answer : as_answer(machine.put_tags(std::move(tags)));
}

/// FF64h: one tag, longer than a message can be, from the blocks that DDh has loaded from 0 on.
Answer put_loaded_tag(Machine& machine, Call& /*call*/) {
    constexpr std::size_t kHeadBytes = 4;  // number and length
    base::Bytes loaded;
    for (unsigned block = 0; block <= 0xFF; ++block) {
        const auto found = machine.loaded.find(static_cast<std::uint8_t>(block));
        if (found == machine.loaded.end()) {
            break;
        }
        loaded.insert(loaded.end(), found->second.begin(), found->second.end());
    }
    base::ByteReader head(loaded);
    head.u16_le();
    const std::size_t length = head.u16_le();
    if (head.failed() || length > loaded.size() - kHeadBytes) {
        return Refusal::no_data;
    }
    auto tags = decode_tags(base::ByteView(loaded).first(kHeadBytes + length));
    if (!tags) {
        return Refusal::fn_bad_parameter;
    }
    return as_answer(machine.put_tags(std::move(*tags)));
}

Answer put_line_tag(Machine& machine, Call& call) {
    std::vector<FiscalTag> tags;
    Answer answer = tags_of(call.reader.take_rest(), tags);
    return tags.empty() ? answer : as_answer(machine.put_line_tags(std::move(tags)));
}

// --- the data operator

const FiscalDocument* first_unsent(const Machine& machine) {
    return machine.document(machine.memory().ofd.confirmed + 1);
}

std::uint16_t unsent_count(const Machine& machine) {
    return static_cast<std::uint16_t>(std::min<std::uint32_t>(machine.unsent(), 0xFFFF));
}

Answer exchange_status(Machine& machine, Call& /*call*/) {
    return encode_exchange(unsent_count(machine), machine.memory().ofd.confirmed + 1,
                           machine.unsent_since_ms());
}

Answer unsent(Machine& machine, Call& /*call*/) {
    return base::ByteWriter().u16_le(unsent_count(machine)).take();
}

Answer ticket(Machine& machine, Call& call) {
    const std::uint32_t number = call.reader.u32_le();
    const OperatorLink& ofd = machine.memory().ofd;
    const FiscalDocument* document = machine.document(number);
    if (document == nullptr || number > ofd.confirmed) {
        return Refusal::fn_no_data;
    }
    const auto brought = ofd.tickets.find(number);
    return brought != ofd.tickets.end() ? brought->second : encode_ticket(*document);
}

base::Bytes message_to_operator(const Machine& machine) {
    const FiscalDocument* document = first_unsent(machine);
    return document == nullptr ? base::Bytes{} : machine.document_tags(*document);
}

Answer buffer_state(Machine& machine, Call& /*call*/) {
    base::ByteWriter data;
    return data.u16_le(message_to_operator(machine).size()).u8(kBlockBytesMax).take();
}

Answer read_buffer(Machine& machine, Call& call) {
    const std::size_t offset = call.reader.u16_le();
    const std::size_t count = call.reader.u8();
    const base::Bytes message = message_to_operator(machine);
    if (message.empty() || offset > message.size() || count > message.size() - offset ||
        count > kBlockBytesMax) {
        return message.empty() ? Refusal::fn_no_data : Refusal::fn_bad_parameter;
    }
    const base::ByteView block = base::ByteView(message).subspan(offset, count);
    return base::Bytes(block.begin(), block.end());
}

Answer begin_writing(Machine& machine, Call& call) {
    const std::size_t size = call.reader.u16_le();
    if (size == 0 || size > kIncomingBytesMax) {
        return Refusal::fn_bad_parameter;
    }
    machine.incoming.clear();
    machine.incoming_size = size;
    return base::ByteWriter().u8(kBlockBytesMax).take();
}

/// The last block of a message is taken for the operator's ticket of the first unsent document.
Answer write_buffer(Machine& machine, Call& call) {
    const std::size_t offset = call.reader.u16_le();
    const std::size_t count = call.reader.u8();
    const base::ByteView block = call.reader.take(count);
    if (call.reader.failed() || offset != machine.incoming.size() ||
        count > machine.incoming_size - machine.incoming.size()) {
        return Refusal::fn_bad_parameter;
    }
    machine.incoming.insert(machine.incoming.end(), block.begin(), block.end());
    if (machine.incoming.size() < machine.incoming_size) {
        return nothing();
    }
    machine.incoming_size = 0;
    base::Bytes message = std::move(machine.incoming);
    machine.incoming.clear();
    if (machine.unsent() == 0) {
        return Refusal::fn_message_refused;
    }
    machine.take_ticket(std::move(message));
    return nothing();
}

Answer begin_settlement(Machine& machine, Call& /*call*/) {
    machine.memory().tags.clear();
    machine.memory().begun = BegunDocument::settlement;
    return nothing();
}

Answer settlement(Machine& machine, Call& call) {
    const std::uint32_t waiting = machine.unsent();
    const std::int64_t since = machine.unsent_since_ms();
    const auto done = machine.settlement_report(call.operator_index);
    if (const auto* refusal = std::get_if<Refusal>(&done)) {
        return *refusal;
    }
    const bool extended = machine.tables().number(kExtendedAnswers) == 1;
    return encode_settlement(std::get<Closed>(done), waiting, since, extended);
}

// --- marking codes

Answer check_mark(Machine& machine, Call& call) {
    const std::uint8_t status = call.reader.u8();
    const std::uint8_t mode = call.reader.u8();
    const std::size_t code_bytes = call.reader.u8();
    const std::size_t tag_bytes = call.reader.u8();
    const base::ByteView code = call.reader.take(code_bytes);
    const base::ByteView tags = call.reader.take(tag_bytes);
    if (call.reader.failed() || mode != 0 || code.empty() || !decode_tags(tags)) {
        return Refusal::bad_parameters;
    }
    const auto answer = machine.check_mark(status, code);
    if (const auto* refusal = std::get_if<Refusal>(&answer)) {
        return *refusal;
    }
    return encode_mark_check(std::get<MarkAnswer>(answer));
}

Answer settle_mark(Machine& machine, Call& call) {
    const std::uint8_t decision = call.reader.u8();
    if (decision > 1) {
        return Refusal::bad_parameters;
    }
    const auto result = machine.settle_mark(decision == 1);
    if (const auto* refusal = std::get_if<Refusal>(&result)) {
        return *refusal;
    }
    return base::ByteWriter().u8(std::get<std::uint8_t>(result)).take();
}

Answer bind_mark(Machine& machine, Call& call) {
    const std::size_t length = call.reader.u8();
    const base::ByteView code = call.reader.take(length);
    if (call.reader.failed() || code.empty()) {
        return Refusal::bad_parameters;
    }
    const auto answer = machine.bind_mark(code);
    if (const auto* refusal = std::get_if<Refusal>(&answer)) {
        return *refusal;
    }
    constexpr unsigned kGoodsCode = 0x444D;  // "DM": a data matrix
    constexpr unsigned kTypeShort = 1;
    base::ByteWriter data;
    data.u16_le(kGoodsCode).u8(kTypeShort);
    if (std::get<MarkAnswer>(answer).asked) {
        data.u8(std::get<MarkAnswer>(answer).result);
    }
    return data.take();
}

Answer synchronise(Machine& /*machine*/, Call& /*call*/) { return nothing(); }

Answer free_memory(Machine& machine, Call& /*call*/) {
    constexpr std::uint32_t kDocuments = 250'000;
    const std::uint32_t used = std::min(kDocuments, machine.memory().last_fd);
    base::ByteWriter data;
    return data.u32_le(kDocuments - used).u32_le(kDocuments - used).u8(0).take();
}

// code, least bytes, password, operator in the answer, prints, signs
constexpr std::array kRows{
    CommandRow{0xFF01, 4, true, false, false, false, storage_status},
    CommandRow{0xFF02, 4, true, false, false, false, storage_number},
    CommandRow{0xFF03, 4, true, false, false, false, storage_expiry},
    CommandRow{0xFF04, 4, true, false, false, false, storage_version},
    CommandRow{0xFF08, 4, true, false, false, false, cancel_in_storage},
    CommandRow{0xFF09, 4, true, false, false, false, registration},
    CommandRow{0xFF0A, 8, true, false, false, false, find_document},
    CommandRow{0xFF0C, 8, true, false, false, false, put_tag},
    CommandRow{0xFF0E, 7, true, false, false, false, registration_tag},
    CommandRow{0xFF30, 4, true, false, false, false, buffer_state},
    CommandRow{0xFF31, 7, true, false, false, false, read_buffer},
    CommandRow{0xFF32, 6, true, false, false, false, begin_writing},
    CommandRow{0xFF33, 7, true, false, false, false, write_buffer},
    CommandRow{0xFF37, 4, true, false, false, false, begin_settlement},
    CommandRow{0xFF38, 4, true, false, true, true, settlement},
    CommandRow{0xFF39, 4, true, false, false, false, exchange_status},
    CommandRow{0xFF3A, 8, true, false, false, false, begin_reading},
    CommandRow{0xFF3B, 4, true, false, false, false, go_on_reading},
    CommandRow{0xFF3C, 8, true, false, false, false, ticket},
    CommandRow{0xFF3F, 4, true, false, false, false, unsent},
    CommandRow{0xFF4C, 5, true, false, false, false, registration_by_number},
    CommandRow{0xFF4D, 8, true, false, false, false, put_line_tag},
    CommandRow{0xFF60, 7, true, false, false, false, registration_tag},
    CommandRow{kCheckMark, 8, true, false, false, true, check_mark},
    CommandRow{0xFF62, 4, true, false, false, false, synchronise},
    CommandRow{0xFF63, 4, true, false, false, false, free_memory},
    CommandRow{0xFF64, 4, true, false, false, false, put_loaded_tag},
    CommandRow{0xFF67, 5, true, false, false, false, bind_mark},
    CommandRow{0xFF69, 5, true, false, false, false, settle_mark},
};

}  // namespace

std::span<const CommandRow> storage_commands() { return kRows; }

}  // namespace tillhost::simulators::shtrih
