#include "simulators/fiscal/shtrih/machine.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "simulators/core/document_codec.h"
#include "simulators/core/random.h"
#include "simulators/fiscal/shtrih/tlv.h"

namespace tillhost::simulators::shtrih {
namespace {

constexpr FieldPlace kZeroCashAtClose{.table = 1, .row = 1, .field = 2};
constexpr FieldPlace kShiftLimitMinutes{.table = 17, .row = 1, .field = 8};

std::uint32_t fiscal_sign(std::uint64_t seed, const FiscalDocument& document) {
    Random random(seed ^ (static_cast<std::uint64_t>(document.number) << 20));
    return static_cast<std::uint32_t>(random.next());
}

}  // namespace

Machine::Machine(const ShtrihOptions& options, std::shared_ptr<FiscalStore> store)
    : options_(options),
      store_(std::move(store)),
      tables_(options_, memory_),
      paper_(options_.paper_columns) {}

base::Result<std::unique_ptr<Machine>> Machine::create(const ShtrihOptions& options) {
    std::shared_ptr<FiscalStore> store = options.store;
    if (!store) {
        store = std::make_shared<MemoryFiscalStore>();
    }
    std::unique_ptr<Machine> machine(new Machine(options, std::move(store)));
    TRY(machine->load());
    return machine;
}

base::Done Machine::load() {
    FiscalStore::Content content = TRY(store_->load());
    if (content.state.empty() && content.documents.empty()) {
        make_new();
        return {};
    }
    auto memory = decode_memory(content.state);
    if (!memory) {
        return base::make_error(base::ErrorCode::storage_failed, "not a registrar's memory");
    }
    memory_ = std::move(*memory);
    for (const base::Bytes& record : content.documents) {
        auto document = decode_document(record);
        if (!document) {
            return base::make_error(base::ErrorCode::storage_failed, "a document is damaged");
        }
        documents_.push_back(std::move(*document));
    }
    tape_ = std::move(content.tape);
    committed_documents_ = documents_.size();
    committed_lines_ = tape_.size();
    committed_state_ = std::move(content.state);
    seen_mode_ = mode();
    power(true);
    return {};
}

void Machine::make_new() {
    memory_.serial = options_.serial;
    memory_.fn_number = options_.fn_number;
    sign(FiscalDocumentType::registration, 0);
    memory_.document_number = 1;
    seen_mode_ = mode();
}

void Machine::at(os::Instant now) {
    now_ = now;
    // What the device sends by itself is reckoned, not waited for: nothing wakes it.
    OperatorLink& ofd = memory_.ofd;
    while (ofd.up && ofd.confirmed < memory_.last_fd) {
        const FiscalDocument* next = document(ofd.confirmed + 1);
        if (next != nullptr && next->date_time_ms + ofd.delay_ms > clock_ms()) {
            break;
        }
        ++ofd.confirmed;
        ofd.backlog_age_ms = 0;
    }
}

std::int64_t Machine::clock_ms() const {
    const auto since =
        std::chrono::duration_cast<std::chrono::milliseconds>(now_.time_since_epoch());
    return options_.clock_ms_at_zero + since.count() + memory_.clock_offset_ms;
}

bool Machine::shift_expired() const {
    constexpr std::int64_t kMsAMinute = 60'000;
    const auto earlier = static_cast<std::int64_t>(tables_.number(kShiftLimitMinutes)) * kMsAMinute;
    return memory_.shift_open && clock_ms() - memory_.shift_opened_ms >= kShiftMs - earlier;
}

std::uint8_t Machine::mode() const {
    if (receipt_open()) {
        return kModeDocument;
    }
    if (memory_.date_to_confirm) {
        return kModeConfirmDate;
    }
    if (!memory_.shift_open) {
        return kModeShiftClosed;
    }
    return shift_expired() ? kModeShiftExpired : kModeShiftOpen;
}

std::uint8_t Machine::mode_byte() const {
    const unsigned kind = receipt_open() ? static_cast<unsigned>(memory_.receipt.kind) : 0;
    return static_cast<std::uint8_t>(kind << 4 | mode());
}

std::uint8_t Machine::submode() const {
    switch (memory_.paper) {
        case PaperState::absent: return 1;
        case PaperState::ran_out: return 2;
        case PaperState::put_in_again: return 3;
        case PaperState::present: break;
    }
    return memory_.printing.empty() ? 0 : 5;
}

const FiscalDocument* Machine::document(std::uint32_t number) const {
    if (number == 0) {
        return nullptr;
    }
    // Numbers grow; cash movements, which have none, stand between.
    const auto found =
        std::find_if(documents_.rbegin(), documents_.rend(),
                     [number](const FiscalDocument& each) { return each.number == number; });
    return found == documents_.rend() ? nullptr : &*found;
}

std::string Machine::operator_text(std::uint8_t index) const {
    if (const std::string cashier = tag_text(memory_.tags, 1021); !cashier.empty()) {
        return cashier;
    }
    return index == 0 ? "" : tables_.operator_name(index);
}

FiscalDocument& Machine::sign(FiscalDocumentType type, std::uint8_t operator_index) {
    FiscalDocument document;
    document.type = type;
    document.number = ++memory_.last_fd;
    document.sign = fiscal_sign(options_.seed, document);
    document.device_number = ++memory_.document_number;
    document.shift_number = memory_.shift_number;
    document.receipt_number = memory_.receipt_number;
    document.date_time_ms = clock_ms();
    document.operator_name = operator_text(operator_index);
    document.tags = memory_.tags;
    documents_.push_back(std::move(document));
    return documents_.back();
}

Closed Machine::closed_of(const FiscalDocument& document) const {
    return {.change_minor = document.change_minor,
            .number = document.number,
            .sign = document.sign,
            .date_time_ms = document.date_time_ms};
}

void Machine::end_document() {
    memory_.begun = BegunDocument::none;
    memory_.receipt = {};
    memory_.tags.clear();
    memory_.marks.clear();
}

OrRefusal<Closed> Machine::open_shift(std::uint8_t operator_index) {
    if (const Refusal fault = fiscal_storage_fault(); fault != Refusal::ok) {
        return fault;
    }
    memory_.shift_open = true;
    memory_.shift_opened_ms = clock_ms();
    ++memory_.shift_number;
    memory_.receipt_number = 0;
    const FiscalDocument& document = sign(FiscalDocumentType::shift_open, operator_index);
    std::vector<std::string> lines;
    add_head(lines, "ОТЧЕТ ОБ ОТКРЫТИИ СМЕНЫ");
    add_foot(lines, document);
    cut(lines);
    print_document(lines, PaperKind::report);
    end_document();
    return closed_of(document);
}

OrRefusal<Closed> Machine::close_shift(std::uint8_t operator_index) {
    if (const Refusal fault = fiscal_storage_fault(); fault != Refusal::ok) {
        return fault;
    }
    const FiscalDocument& document = sign(FiscalDocumentType::shift_close, operator_index);
    memory_.cash[120] = memory_.cash[241];
    ++memory_.operations[159];
    std::vector<std::string> lines;
    add_head(lines, "ОТЧЕТ О ЗАКРЫТИИ СМЕНЫ");
    const std::vector<std::string> report = shift_report("СМЕННЫЙ ИТОГ");
    lines.insert(lines.end(), report.begin(), report.end());
    add_foot(lines, document);
    cut(lines);
    print_document(lines, PaperKind::report);
    memory_.paid_in_shift.fill(0);
    std::fill(memory_.cash.begin() + 121, memory_.cash.begin() + 241, 0);
    std::fill(memory_.cash.begin() + 242, memory_.cash.begin() + 244, 0);
    std::fill(memory_.cash.begin() + 249, memory_.cash.begin() + 253, 0);
    if (tables_.number(kZeroCashAtClose) == 1) {
        memory_.cash[241] = 0;
    }
    std::fill(memory_.operations.begin() + 144, memory_.operations.begin() + 148, 0);
    for (const std::size_t number : {153U, 154U, 166U, 179U, 180U, 181U, 182U}) {
        memory_.operations[number] = 0;
    }
    memory_.shift_open = false;
    end_document();
    return closed_of(document);
}

Refusal Machine::x_report(std::uint8_t operator_index) {
    ++memory_.operations[158];
    ++memory_.document_number;
    std::vector<std::string> lines = shift_report("СУТОЧНЫЙ ОТЧЕТ БЕЗ ГАШЕНИЯ");
    lines.push_back("КАССИР: " + operator_text(operator_index));
    cut(lines);
    print_document(lines, PaperKind::report);
    return Refusal::ok;
}

OrRefusal<std::uint16_t> Machine::move_cash(bool in, std::int64_t amount_minor,
                                            std::uint8_t operator_index) {
    if (amount_minor > kTotalMinorMax || memory_.cash[241] > kTotalMinorMax) {
        return Refusal::total_overflow;
    }
    if (!in && amount_minor > memory_.cash[241]) {
        return Refusal::not_enough_cash;
    }
    memory_.cash[241] += in ? amount_minor : -amount_minor;
    memory_.cash[in ? 242 : 243] += amount_minor;
    ++memory_.operations[in ? 153 : 154];
    ++memory_.operations[in ? 155 : 156];
    FiscalDocument document;
    document.type = in ? FiscalDocumentType::cash_in : FiscalDocumentType::cash_out;
    document.device_number = ++memory_.document_number;
    document.shift_number = memory_.shift_number;
    document.total_minor = amount_minor;
    document.date_time_ms = clock_ms();
    document.operator_name = operator_text(operator_index);
    documents_.push_back(document);
    std::vector<std::string> lines;
    lines.push_back(paper_.centred(in ? "ВНЕСЕНИЕ" : "ВЫПЛАТА"));
    lines.push_back(paper_.pair("СУММА", money_text(amount_minor)));
    lines.push_back("КАССИР: " + document.operator_name);
    lines.push_back(paper_.pair(date_text(document.date_time_ms),
                                fmt::format("ДОК. {:06}", document.device_number)));
    cut(lines);
    print_document(lines, PaperKind::document);
    return static_cast<std::uint16_t>(document.device_number & 0xFFFFU);
}

bool Machine::commit() {
    if (const std::uint8_t now = mode(); now != seen_mode_) {
        memory_.previous_mode = seen_mode_;
        seen_mode_ = now;
    }
    base::Bytes state = encode_memory(memory_);
    if (state == committed_state_ && documents_.size() == committed_documents_ &&
        tape_.size() == committed_lines_) {
        return true;
    }
    std::vector<base::Bytes> added;
    for (std::size_t i = committed_documents_; i < documents_.size(); ++i) {
        added.push_back(encode_document(documents_[i]));
    }
    const auto done = store_->commit(
        {.state = state, .documents = added, .tape = std::span(tape_).subspan(committed_lines_)});
    if (!done) {
        failure_ = base::to_text(done.error());
        return false;
    }
    committed_documents_ = documents_.size();
    committed_lines_ = tape_.size();
    committed_state_ = std::move(state);
    return true;
}

}  // namespace tillhost::simulators::shtrih
