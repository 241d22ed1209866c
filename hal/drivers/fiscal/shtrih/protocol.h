#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "hal/base/bytes.h"
#include "hal/base/result.h"

namespace tillhost::drivers::shtrih {

// Messages of the protocol, without their frames. Source of every layout: vendor's "KKT with FN
// protocol v1.17" (24.06.2021), command descriptions; where frames on the wire differ from it, the
// published frames in tests/vectors/fiscal/shtrih hold. Numbers are little-endian, money is
// kopecks. Readers are total: any bytes give a value or frame_damaged, surplus bytes are ignored,
// since newer firmware appends fields.

/// Codes of the commands in use; two-byte ones begin with FFh.
enum class Command : std::uint16_t {
    short_status = 0x10,
    full_status = 0x11,
    print_line = 0x17,
    cash_register = 0x1A,
    operation_register = 0x1B,
    write_table = 0x1E,
    read_table = 0x1F,
    set_time = 0x21,
    set_date = 0x22,
    confirm_date = 0x23,
    cut_paper = 0x25,
    font_metrics = 0x26,
    open_drawer = 0x28,
    feed_paper = 0x29,
    table_structure = 0x2D,
    field_structure = 0x2E,
    print_font_line = 0x2F,
    x_report = 0x40,
    z_report = 0x41,
    cash_in = 0x50,
    cash_out = 0x51,
    error_text = 0x6B,
    cancel_document = 0x88,
    subtotal = 0x89,
    print_copy = 0x8C,
    open_document = 0x8D,
    continue_printing = 0xB0,
    print_ean13 = 0xC2,
    print_graphic_line = 0xC5,
    print_bars = 0xCB,
    load_data = 0xDD,
    print_square_code = 0xDE,
    open_shift = 0xE0,
    model_parameters = 0xF7,
    device_type = 0xFC,
    storage_status = 0xFF01,
    storage_number = 0xFF02,
    storage_expiry = 0xFF03,
    storage_version = 0xFF04,
    cancel_in_storage = 0xFF08,
    registration = 0xFF09,
    find_document = 0xFF0A,
    open_shift_in_storage = 0xFF0B,
    document_tag = 0xFF0C,
    begin_correction = 0xFF35,
    exchange_status = 0xFF39,
    unconfirmed_count = 0xFF3F,
    shift_state = 0xFF40,
    begin_opening_shift = 0xFF41,
    begin_closing_shift = 0xFF42,
    close_shift_in_storage = 0xFF43,
    close_document = 0xFF45,
    position = 0xFF46,
    correction = 0xFF4A,
    operation_tag = 0xFF4D,
    check_marking = 0xFF61,
    bind_marking = 0xFF67,
    accept_marking = 0xFF69,
};

/// The name of a command for people ("close document"), or "unknown command".
std::string_view name_of(Command command);

using Password = std::uint32_t;

// --- requests -----------------------------------------------------------------------------------

/// A command that has no parameters but the password.
base::Bytes plain_request(Command command, Password password);
base::Bytes device_type_request();
base::Bytes model_parameters_request();
/// 6Bh: the device's own text of an error.
base::Bytes error_text_request(std::uint8_t error);
base::Bytes read_table_request(Password password, std::uint8_t table, std::uint16_t row,
                               std::uint8_t field);
base::Bytes write_table_request(Password password, std::uint8_t table, std::uint16_t row,
                                std::uint8_t field, base::ByteView value);
/// 1Ah and 1Bh.
base::Bytes register_request(Command command, Password password, std::uint8_t number);
/// 17h; text in code page 1251, filled up to the 40 bytes that the device wants at least.
base::Bytes print_line_request(Password password, base::ByteView text);
/// 2Fh, the same in one of the device's fonts.
base::Bytes print_font_line_request(Password password, std::uint8_t font, base::ByteView text);
base::Bytes cut_request(Password password, bool partial);
base::Bytes drawer_request(Password password, std::uint8_t drawer);
base::Bytes feed_request(Password password, std::uint8_t lines);
/// 50h and 51h.
base::Bytes cash_request(Command command, Password password, std::int64_t sum_minor);
/// FF0Ah.
base::Bytes find_request(Password password, std::uint32_t document_number);

/// What 8Dh opens. FF46h, FF4Ah and FF0Ah count differently; see FiscalOperation.
enum class DocumentKind : std::uint8_t {
    sale = 0,
    purchase = 1,
    sale_return = 2,
    purchase_return = 3,
};
/// 8Dh; a correction (80h and the kind) needs data format 1.2.
base::Bytes open_document_request(Password password, DocumentKind kind, bool correction = false);

/// How FF46h, FF4Ah and FF0Ah count operations.
enum class FiscalOperation : std::uint8_t {
    sale = 1,
    sale_return = 2,
    purchase = 3,
    purchase_return = 4,
};

/// FF46h: one position.
struct PositionFields {
    FiscalOperation operation = FiscalOperation::sale;
    std::int64_t quantity_micro = 0;
    std::int64_t price_minor = 0;
    std::optional<std::int64_t> sum_minor{};  ///< computed by the device if absent
    std::optional<std::int64_t> vat_minor{};  ///< computed by the device if absent
    std::uint8_t vat_code = 0;                ///< bits and groups, README.md
    std::uint8_t department = 0;
    std::uint8_t payment_method = 0;  ///< tag 1214; 4 = full payment
    std::uint8_t item_type = 0;       ///< tag 1212; 1 = goods
    base::Bytes name{};               ///< code page 1251, at most kNameBytesMax
};
inline constexpr std::size_t kNameBytesMax = 128;
base::Bytes position_request(Password password, const PositionFields& position);

/// FF45h.
struct CloseFields {
    std::array<std::int64_t, 16> payments_minor{};  ///< 1 cash, 2 electronic, 14 prepayment, …
    std::uint8_t rounding_minor = 0;
    std::array<std::int64_t, 6> vat_minor{};  ///< zeros: the device computes
    std::uint8_t tax_system = 0;              ///< one bit
    base::Bytes text{};
};
base::Bytes close_document_request(Password password, const CloseFields& close);

/// FF4Ah: a correction of data formats before 1.2, sums only.
struct CorrectionFields {
    bool by_order = false;
    FiscalOperation operation = FiscalOperation::sale;
    std::int64_t total_minor = 0;
    std::array<std::int64_t, 5> payments_minor{};  ///< cash, electronic, prepayment, credit, barter
    /// Tax of the groups 1, 2, 5, 6; turnover of 3 (0 %) and 4 (no VAT).
    std::array<std::int64_t, 6> vat_minor{};
    std::uint8_t tax_system = 0;  ///< one bit
};
base::Bytes correction_request(Password password, const CorrectionFields& correction);

/// FF0Ch and FF4Dh. Texts of tags are in code page 866.
inline constexpr std::uint16_t kTagCustomerContact = 1008;
inline constexpr std::uint16_t kTagCashier = 1021;
inline constexpr std::uint16_t kTagQuantity = 1023;
inline constexpr std::uint16_t kTagCorrectionBasis = 1173;
inline constexpr std::uint16_t kTagBasis = 1174;  ///< holds the two that follow
inline constexpr std::uint16_t kTagBasisDate = 1178;
inline constexpr std::uint16_t kTagBasisNumber = 1179;
inline constexpr std::uint16_t kTagUnit = 1197;
inline constexpr std::uint16_t kTagCashierTaxId = 1203;
inline constexpr std::uint16_t kTagCustomerName = 1227;
inline constexpr std::uint16_t kTagCustomerTaxId = 1228;
inline constexpr std::uint16_t kTagMeasure = 2108;
/// A message has at most 255 bytes; code, password and the head of the tag take 10 of them.
inline constexpr std::size_t kTagValueMax = 245;
base::Bytes tag_request(Command command, Password password, std::uint16_t tag,
                        base::ByteView value);
/// Number, length and value of a tag, as it stands in a composed one.
base::Bytes tag_bytes(std::uint16_t tag, base::ByteView value);

// --- answers ------------------------------------------------------------------------------------

/// Whether a message is the answer to this command: same code, or the short form FF, error with
/// which some firmware refuses an extended command.
bool is_answer_to(Command asked, base::ByteView message);

/// An answer's error byte (0: carried out) and what follows it, within `message`.
struct Answer {
    std::uint8_t error = 0;
    base::ByteView body{};
};
/// Splits an answer to `asked`; the code itself is not compared (is_answer_to does).
/// Errors: frame_damaged if there is no error byte.
base::Result<Answer> split_answer(Command asked, base::ByteView message);

/// A moment of the registrar's clock, which knows no zone.
struct DateTime {
    int year = 0;
    int month = 0;
    int day = 0;
    int hour = 0;
    int minute = 0;
    int second = 0;
    friend bool operator==(const DateTime&, const DateTime&) = default;
};
/// Whether year, month and day are one of the calendar: no 31 February, no zeros.
bool is_day(const DateTime& time);
/// "2024-05-31T17:42"
std::string to_text(const DateTime& time);
/// Seconds since 1970-01-01 as if the clock showed UTC. Only where is_day().
std::int64_t to_unix_seconds(const DateTime& time);

/// Flags of 10h and 11h. Which sensors exist depends on the model.
struct Flags {
    bool receipt_roll = false;     ///< bit 1
    bool receipt_optical = false;  ///< bit 7: the optical sensor sees paper
    bool cover_open = false;       ///< bit 10
    bool drawer_open = false;      ///< bit 11
    static Flags from(std::uint16_t word);
};

/// Low half of the mode byte.
enum class Mode : std::uint8_t {
    dump = 1,
    shift_open = 2,
    shift_expired = 3,
    shift_closed = 4,
    locked = 5,
    confirm_date = 6,
    decimal_point = 7,
    document = 8,
    reset_allowed = 9,
    test_run = 10,
    full_report = 11,
};

enum class Submode : std::uint8_t {
    idle = 0,
    no_paper = 1,           ///< nothing was being printed
    paper_ran_out = 2,      ///< while printing
    waits_to_continue = 3,  ///< new paper after 2: continue_printing
    printing_report = 4,
    printing = 5,
};

/// 10h: 16 bytes, or 17 with the last print result.
struct ShortStatus {
    std::uint8_t operator_index = 0;
    std::uint16_t flags = 0;
    std::uint8_t mode_byte = 0;
    std::uint8_t submode_byte = 0;
    std::uint16_t operations = 0;                     ///< positions of the open document
    std::optional<std::uint8_t> last_print_result{};  ///< 0 ok, 1 paper, 2 printer, 5 printing
    Mode mode() const { return static_cast<Mode>(mode_byte & 0x0F); }
    Submode submode() const { return static_cast<Submode>(submode_byte); }
};
base::Result<ShortStatus> read_short_status(base::ByteView body);

/// 11h: 48 bytes, more with the high half of the serial number.
struct FullStatus {
    std::string firmware;  ///< "C.1, 24041"
    std::uint16_t document_number = 0;
    std::uint16_t flags = 0;
    std::uint8_t mode_byte = 0;
    std::uint8_t submode_byte = 0;
    DateTime time{};
    std::optional<std::uint64_t> serial{};
    std::uint16_t last_closed_shift = 0;
    std::uint8_t registrations_done = 0;
    std::uint8_t registrations_left = 0;
    Mode mode() const { return static_cast<Mode>(mode_byte & 0x0F); }
    Submode submode() const { return static_cast<Submode>(submode_byte); }
};
base::Result<FullStatus> read_full_status(base::ByteView body);

/// FCh: name of the model, UTF-8.
base::Result<std::string> read_device_type(base::ByteView body);
/// F7h 01; zeros where the device does not say.
struct ModelParameters {
    std::uint8_t columns = 0;        ///< of font 1
    std::uint8_t graphic_bytes = 0;  ///< of a graphic line
    std::uint8_t format_table = 0;   ///< where the format of the fiscal data stands
    std::uint8_t format_field = 0;
};
base::Result<ModelParameters> read_model_parameters(base::ByteView body);
/// Text of a table's field, UTF-8, up to the first 00.
std::string read_table_text(base::ByteView body);
/// A table's field as a little-endian number of 1 to 8 bytes.
base::Result<std::uint64_t> read_table_number(base::ByteView body);

/// FF01h.
struct StorageStatus {
    std::uint8_t phase = 0;             ///< 3: fiscal mode is open, which alone takes documents
    std::uint8_t current_document = 0;  ///< 0 none, 2 shift opening, 4 receipt, 8 shift closing, …
    bool shift_open = false;
    std::uint8_t warnings = 0;
    std::string number{};  ///< of the storage, 16 digits
    std::uint32_t last_document = 0;
};
inline constexpr std::uint8_t kPhaseFiscal = 3;
base::Result<StorageStatus> read_storage_status(base::ByteView body);

/// FF40h.
struct ShiftState {
    bool open = false;
    std::uint16_t number = 0;
    std::uint16_t receipt = 0;
};
base::Result<ShiftState> read_shift_state(base::ByteView body);

/// FF0Ah: a document of the storage.
struct FoundDocument {
    static constexpr std::uint8_t kShiftOpening = 2;
    static constexpr std::uint8_t kReceipt = 3;
    static constexpr std::uint8_t kShiftClosing = 5;
    static constexpr std::uint8_t kCorrection = 31;

    std::uint8_t type = 0;
    DateTime time{};
    std::uint32_t number = 0;
    std::uint32_t sign = 0;
    std::uint8_t operation = 0;  ///< of receipts and corrections: FiscalOperation
    std::int64_t sum_minor = 0;  ///< of receipts and corrections
    std::uint16_t shift = 0;     ///< of shift documents
};
base::Result<FoundDocument> read_found_document(base::ByteView body);

/// FF45h and FF4Ah.
struct ClosedDocument {
    std::int64_t change_minor = 0;  ///< FF45h only
    std::uint32_t number = 0;
    std::uint32_t sign = 0;
    std::optional<DateTime> time{};          ///< only if table 17 field 36 is 1
    std::optional<std::uint16_t> receipt{};  ///< in the shift; FF4Ah only
};
base::Result<ClosedDocument> read_closed_document(base::ByteView body);
base::Result<ClosedDocument> read_closed_correction(base::ByteView body);

/// 50h, 51h: running number of the cash document.
base::Result<std::uint16_t> read_cash_moved(base::ByteView body);
/// 89h.
base::Result<std::int64_t> read_subtotal(base::ByteView body);
/// 1Ah: 6 bytes. 1Bh: 2 bytes.
base::Result<std::int64_t> read_cash_register(base::ByteView body);
base::Result<std::uint16_t> read_operation_register(base::ByteView body);
/// FF39h: the exchange with the data operator.
struct ExchangeStatus {
    bool connected = false;
    bool message_waits = false;
    bool waits_for_answer = false;  ///< for a ticket or another answer
    std::uint16_t unsent = 0;       ///< documents that the data operator has not confirmed
    std::uint32_t first_number = 0;
    DateTime first_time{};  ///< of the oldest of them
};
base::Result<ExchangeStatus> read_exchange_status(base::ByteView body);

}  // namespace tillhost::drivers::shtrih
