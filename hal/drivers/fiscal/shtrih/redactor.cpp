#include "hal/drivers/fiscal/shtrih/redactor.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "hal/drivers/fiscal/shtrih/decode.h"
#include "hal/drivers/fiscal/shtrih/frames.h"
#include "hal/drivers/fiscal/shtrih/protocol.h"

namespace tillhost::drivers::shtrih {
namespace {

using base::ByteView;
using device::DecodedField;
using transport::kHidden;
using transport::Way;
using Bytes = std::span<std::byte>;

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

template <class List, class Item>
bool holds(const List& list, const Item& item) {
    return std::find(list.begin(), list.end(), item) != list.end();
}

unsigned number_of(const std::string& text) {
    unsigned value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

void hide(Bytes bytes) { std::fill(bytes.begin(), bytes.end(), kHidden); }

/// Hides words of a free text that may be a customer's address or number.
void hide_contacts(Bytes text) {
    const auto is_digit = [](std::byte byte) {
        return byte >= std::byte{'0'} && byte <= std::byte{'9'};
    };
    while (!text.empty()) {
        const auto end = std::find(text.begin(), text.end(), std::byte{' '});
        const Bytes word = text.first(static_cast<std::size_t>(end - text.begin()));
        if (holds(word, std::byte{'@'}) ||
            std::count_if(word.begin(), word.end(), is_digit) > kTextDigitsMax) {
            hide(word);
        }
        text = text.subspan(std::min(word.size() + 1, text.size()));
    }
}

/// Whether a whole frame with a right checksum begins here.
bool is_sound_frame(ByteView bytes) {
    if (bytes.size() < 2 || bytes[0] != kStx) {
        return false;
    }
    const std::size_t whole = base::to_unsigned(bytes[1]) + kFrameOverheadBytes;
    return bytes.size() >= whole && decode_frame(bytes.first(whole)).has_value();
}

std::byte sum_of(ByteView bytes) {
    std::byte sum{};
    for (const std::byte byte : bytes) {
        sum ^= byte;
    }
    return sum;
}

class ShtrihRedactor final : public transport::Redactor {
public:
    std::size_t settle(Way way, Bytes bytes, bool complete) override {
        std::size_t at = 0;
        while (at < bytes.size()) {
            const std::byte first = bytes[at];
            if (first != kStx) {
                const bool control =
                    first == kEnq || first == kAck || first == kNak || first == kFill;
                bytes[at] = control ? first : kHidden;
                ++at;
                continue;
            }
            const Bytes rest = bytes.subspan(at);
            const std::size_t whole =
                rest.size() < 2 ? 0 : base::to_unsigned(rest[1]) + kFrameOverheadBytes;
            if (!complete && (whole == 0 || rest.size() < whole)) {
                return at;
            }
            at += settle_frame(way, rest, whole);
        }
        return at;
    }

private:
    /// Hides in the frame that begins here, damaged or not; returns how far it reaches.
    std::size_t settle_frame(Way way, Bytes rest, std::size_t whole) {
        if (!is_sound_frame(rest)) {
            std::size_t extent = std::min(whole == 0 ? rest.size() : whole, rest.size());
            for (std::size_t i = 1; i < extent; ++i) {
                extent = is_sound_frame(rest.subspan(i)) ? i : extent;
            }
            const bool has_sum = extent == whole;
            const Bytes inner = rest.subspan(std::min<std::size_t>(2, extent),
                                             extent - std::min<std::size_t>(2, extent));
            const std::byte before = sum_of(inner);
            const std::byte sum = inner.empty() ? std::byte{} : inner.back();
            hide(inner);
            if (has_sum && !inner.empty()) {  // as wrong as it was
                inner.back() = sum;
                inner.back() = sum ^ before ^ sum_of(inner);
            }
            return extent;
        }
        const Bytes frame = rest.first(whole);
        const std::byte before = sum_of(frame);
        const auto sender = way == Way::to_device ? device::Sender::host : device::Sender::device;
        hide_fields(way, frame, decode(frame, sender));
        frame.back() ^= before ^ sum_of(frame);
        return whole;
    }

    void hide_fields(Way way, Bytes frame, const std::vector<DecodedField>& fields) {
        const unsigned command = code_of(frame);
        const bool shown = holds(kShown, static_cast<Command>(command));
        unsigned tag = 0;
        for (const DecodedField& field : fields) {
            const Bytes bytes = frame.subspan(field.offset, field.length);
            if (field.name == "tag") {
                tag = number_of(field.value);
            }
            note_table(way, command, field);
            const bool frames_it = field.offset < kHeadBytes || field.offset + 1 == frame.size() ||
                                   field.name == "command" ||
                                   (way == Way::from_device && field.name == "error");
            if (frames_it) {
                continue;
            }
            if (!shown || is_secret(command, field, tag)) {
                hide(bytes);
            } else if (field.name == "text" && command != kErrorText) {
                hide_contacts(bytes);
            }
        }
    }

    bool is_secret(unsigned command, const DecodedField& field, unsigned tag) const {
        if (field.name == "tag_value") {
            return !holds(kShownTags, tag);
        }
        if (command == kReadTable && field.name == "value") {
            return !holds(kShownTables, table_) &&
                   !(table_ == kStorageTable && field_ == kSerialField);
        }
        return holds(kSecretFields, field.name);
    }

    /// Which table's field an answer will be about.
    void note_table(Way way, unsigned command, const DecodedField& field) {
        if (way != Way::to_device || command != kReadTable) {
            return;
        }
        if (field.name == "table") {
            table_ = number_of(field.value);
        } else if (field.name == "field") {
            field_ = number_of(field.value);
        }
    }

    static unsigned code_of(ByteView frame) {
        const unsigned first = base::to_unsigned(frame[kHeadBytes]);
        constexpr unsigned kExtended = 0xFF;
        const bool two = first == kExtended && base::to_unsigned(frame[1]) > 1;
        return two ? first << 8 | base::to_unsigned(frame[kHeadBytes + 1]) : first;
    }

    static constexpr std::size_t kHeadBytes = 2;
    static constexpr auto kReadTable = static_cast<unsigned>(Command::read_table);
    static constexpr auto kErrorText = static_cast<unsigned>(Command::error_text);

    unsigned table_ = 0;
    unsigned field_ = 0;
};

}  // namespace

std::unique_ptr<transport::Redactor> make_redactor() { return std::make_unique<ShtrihRedactor>(); }

}  // namespace tillhost::drivers::shtrih
