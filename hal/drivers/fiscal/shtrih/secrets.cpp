#include "hal/drivers/fiscal/shtrih/secrets.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <string_view>

#include "hal/drivers/fiscal/shtrih/decode.h"
#include "hal/drivers/fiscal/shtrih/protocol.h"

namespace tillhost::drivers::shtrih {
namespace {

using base::ByteView;
using device::DecodedField;
using transport::Way;

/// Commands whose fields are known and no secret but those below; of any other, those that carry
/// marking codes and bar codes among them, only its code and the answer's error stay.
constexpr std::array kShown{Command::short_status,
                            Command::full_status,
                            Command::print_line,
                            Command::cash_register,
                            Command::operation_register,
                            Command::read_table,
                            Command::cut_paper,
                            Command::open_drawer,
                            Command::feed_paper,
                            Command::print_font_line,
                            Command::x_report,
                            Command::z_report,
                            Command::cash_in,
                            Command::cash_out,
                            Command::error_text,
                            Command::cancel_document,
                            Command::subtotal,
                            Command::open_document,
                            Command::continue_printing,
                            Command::open_shift,
                            Command::model_parameters,
                            Command::device_type,
                            Command::storage_status,
                            Command::storage_number,
                            Command::cancel_in_storage,
                            Command::find_document,
                            Command::open_shift_in_storage,
                            Command::document_tag,
                            Command::exchange_status,
                            Command::shift_state,
                            Command::begin_opening_shift,
                            Command::begin_closing_shift,
                            Command::close_shift_in_storage,
                            Command::close_document,
                            Command::position,
                            Command::operation_tag,
                            Command::set_time,
                            Command::set_date,
                            Command::confirm_date,
                            Command::font_metrics,
                            Command::table_structure,
                            Command::field_structure,
                            Command::print_copy,
                            Command::storage_expiry,
                            Command::storage_version,
                            Command::registration,
                            Command::unconfirmed_count,
                            Command::begin_correction,
                            Command::correction,
                            Command::accept_marking};

/// Fields that are hidden wherever they stand; "more" and "parameters" have no told meaning.
constexpr std::array<std::string_view, 6> kSecretFields{
    "password", "tax_password", "administrator_password", "tax_id", "more", "parameters"};

/// Tags whose value is shown: cashier, unit, quantity, totals, VAT rate, price, kinds of item and
/// of payment, document numbers and dates of a correction. Contacts (1008), tax numbers (1203,
/// 1227, 1228), marking codes (1162, 2000) and every other tag are not among them.
constexpr std::array<unsigned, 12> kShownTags{1020, 1021, 1023, 1030, 1055, 1079,
                                              1173, 1178, 1179, 1199, 1214, 2108};

/// Tables with settings of the device and texts that it prints on every receipt. Table 2 holds the
/// passwords, table 18 the owner's tax number beside the serial number.
constexpr std::array<unsigned, 9> kShownTables{1, 4, 5, 6, 7, 8, 9, 10, 17};
constexpr unsigned kStorageTable = 18;
constexpr unsigned kSerialField = 1;

/// In free text a word with so many digits may be a telephone or card number.
constexpr std::ptrdiff_t kTextDigitsMax = 6;

constexpr auto kReadTable = static_cast<unsigned>(Command::read_table);
constexpr auto kErrorText = static_cast<unsigned>(Command::error_text);

template <class List, class Item>
bool holds(const List& list, const Item& item) {
    return std::find(list.begin(), list.end(), item) != list.end();
}

unsigned number_of(const std::string& text) {
    unsigned value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

unsigned code_of(ByteView message) {
    constexpr unsigned kExtended = 0xFF;
    const unsigned first = base::to_unsigned(message[0]);
    const bool two = first == kExtended && message.size() > 1;
    return two ? first << 8 | base::to_unsigned(message[1]) : first;
}

/// Words of a free text that may be a customer's address or number.
void mark_contacts(ByteView text, std::span<Secret> marks) {
    const auto is_digit = [](std::byte byte) {
        return byte >= std::byte{'0'} && byte <= std::byte{'9'};
    };
    while (!text.empty()) {
        const auto end = std::find(text.begin(), text.end(), std::byte{' '});
        const ByteView word = text.first(static_cast<std::size_t>(end - text.begin()));
        if (holds(word, std::byte{'@'}) ||
            std::count_if(word.begin(), word.end(), is_digit) > kTextDigitsMax) {
            std::fill_n(marks.begin(), word.size(), Secret::word);
        }
        const std::size_t taken = std::min(word.size() + 1, text.size());
        text = text.subspan(taken);
        marks = marks.subspan(taken);
    }
}

}  // namespace

std::vector<Secret> SecretFinder::find(Way way, const WholeFrame& frame) {
    std::vector<Secret> marks(frame.bytes.size(), Secret::no);
    const unsigned command = code_of(frame.message);
    const bool shown = holds(kShown, static_cast<Command>(command));
    const auto sender = way == Way::to_device ? device::Sender::host : device::Sender::device;
    unsigned tag = 0;
    for (const DecodedField& field : decode(frame.bytes, sender)) {
        if (field.offset < frame.message_at || field.offset >= frame.checksum_at) {
            continue;
        }
        if (field.name == "tag") {
            tag = number_of(field.value);
        }
        note_table(way, command, field);
        if (field.name == "command" || (way == Way::from_device && field.name == "error")) {
            continue;
        }
        const auto its = std::span(marks).subspan(field.offset, field.length);
        if (!shown || is_secret(command, field, tag)) {
            std::fill(its.begin(), its.end(), Secret::field);
        } else if (field.name == "text" && command != kErrorText) {
            mark_contacts(frame.bytes.subspan(field.offset, field.length), its);
        }
    }
    return marks;
}

bool SecretFinder::is_secret(unsigned command, const DecodedField& field, unsigned tag) const {
    if (field.name == "tag_value") {
        return !holds(kShownTags, tag);
    }
    if (command == kReadTable && field.name == "value") {
        return !holds(kShownTables, table_) && !(table_ == kStorageTable && field_ == kSerialField);
    }
    return holds(kSecretFields, field.name);
}

/// Which table's field an answer will be about.
void SecretFinder::note_table(Way way, unsigned command, const DecodedField& field) {
    if (way != Way::to_device || command != kReadTable) {
        return;
    }
    if (field.name == "table") {
        table_ = number_of(field.value);
    } else if (field.name == "field") {
        field_ = number_of(field.value);
    }
}

}  // namespace tillhost::drivers::shtrih
