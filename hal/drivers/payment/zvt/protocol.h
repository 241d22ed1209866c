#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hal/base/bytes.h"
#include "hal/drivers/payment/zvt/apdu.h"
#include "hal/drivers/payment/zvt/charset.h"
#include "hal/drivers/payment/zvt/fields.h"

namespace tillhost::drivers::zvt {

// Commands of the till and messages of the terminal as structs (PA00P015 chapters 2 to 4). No line,
// no clock. Every reader is total: what it cannot read it leaves empty, because a message of the
// terminal must be acknowledged whatever it holds.

using Password = std::int64_t;  ///< six digits

// --- what the till says; each returns a whole message

struct Registration {
    Password password = 0;
    std::uint8_t config = 0;
    std::int64_t currency = 0;  ///< ISO 4217 number; 0: not sent
    std::optional<std::uint8_t> service{};
    std::optional<base::Bytes> container{};  ///< items of bitmap 06
};
namespace config {
inline constexpr std::uint8_t kTillPrintsPayments = 0x02;
inline constexpr std::uint8_t kTillPrintsRest = 0x04;
inline constexpr std::uint8_t kTellSteps = 0x08;
inline constexpr std::uint8_t kNoAmountAtTerminal = 0x10;
inline constexpr std::uint8_t kNoStartAtTerminal = 0x20;
inline constexpr std::uint8_t kPrintCommands = 0x80;
}  // namespace config
base::Bytes write_registration(const Registration& registration);
/// Bitmap 06 of a registration: columns, UTF-8 where it is wanted, print blocks.
base::Bytes registration_container(bool offer_utf8, bool print_blocks);

base::Bytes write_status_enquiry(Password password, bool with_version);

struct Payment {
    std::int64_t amount = 0;
    std::int64_t currency = 0;
    std::optional<std::uint8_t> type{};
    std::optional<base::Bytes> last_id{};  ///< tag 1F1F; empty: "none known"
    bool allow_partial = false;
};
/// Payment type: the terminal decides how (PA00P015 2.2, BMP 19).
inline constexpr std::uint8_t kTerminalDecides = 0x40;
base::Bytes write_payment(const Payment& payment);
base::Bytes write_reversal(Password password, std::int64_t receipt, const Payment& payment);
base::Bytes write_refund(Password password, const Payment& payment);
base::Bytes write_end_of_day(Password password, const std::optional<base::Bytes>& last_id);
base::Bytes write_initialisation(Password password);
base::Bytes write_diagnosis();

enum class Repeat : std::uint8_t { last = 1, merchant = 2, customer = 3, end_of_day = 4 };
/// 06 20. With `result_only` the terminal sends 04 0F and prints nothing; without, prints only.
base::Bytes write_repeat_receipt(Password password, bool result_only, Repeat which = Repeat::last);
base::Bytes write_abort();
base::Bytes write_accepted();
/// 84 83: a command that is not known or not possible now.
base::Bytes write_not_possible();

// --- what the terminal says

struct CardTotals {
    std::string name;
    std::int64_t count = 0;
    std::int64_t amount = 0;
};

/// 04 0F. Numbers are absent where the terminal sends none.
struct StatusInfo {
    std::optional<std::uint8_t> result;
    std::optional<std::int64_t> amount;
    std::optional<std::int64_t> currency;
    std::optional<std::int64_t> receipt;
    std::optional<std::int64_t> trace;  ///< the long one of tag 1F2B where the short one is 0
    std::optional<std::int64_t> turnover;
    std::optional<std::int64_t> original_trace;  ///< of a reversal: what it took back
    std::optional<std::int64_t> date;            ///< MMDD
    std::optional<std::int64_t> time;            ///< HHMMSS
    std::optional<base::Bytes> id;               ///< tag 1F1F
    std::int64_t tip = 0;
    std::string terminal_id;
    std::string merchant_id;
    std::string card_number;  ///< masked digits as '*'
    std::string authorisation;
    std::optional<std::uint8_t> cardholder_check;
    base::Bytes card_name;
    base::Bytes text;
    std::optional<std::uint8_t> charset;
    std::optional<std::vector<CardTotals>> totals;  ///< bitmap 60
    bool whole = true;                              ///< false: something could not be read

    bool approved() const { return result == 0; }
    friend bool operator==(const StatusInfo&, const StatusInfo&) = default;
};
bool operator==(const CardTotals& a, const CardTotals& b);
StatusInfo read_status_info(base::ByteView data);
/// A 04 0F with only what tells one transaction from another: result, amount, currency, numbers,
/// date, time, terminal, original trace. Nothing of the card.
base::Bytes write_fingerprint(const StatusInfo& info);
/// Hides tracks and whole card numbers in a 04 0F, length for length, so that it may be kept.
void hide_card(base::Bytes& apdu);

/// 06 0F of a registration.
struct Registered {
    std::uint8_t status = 0;
    std::string terminal_id;
    std::optional<std::int64_t> currency;
    bool utf8 = false;
};
inline constexpr std::uint8_t kNeedsInitialisation = 0x01;
inline constexpr std::uint8_t kNeedsDiagnosis = 0x02;
Registered read_registered(base::ByteView data);

/// 06 0F of a status enquiry: its fields have places, not tags.
struct Enquired {
    std::string software;
    std::optional<std::uint8_t> status;
    std::string terminal_id;
};
Enquired read_enquired(base::ByteView data);

/// 06 0F of any other procedure: its result code where it carries one.
std::optional<std::uint8_t> read_completion(base::ByteView data);

/// 06 1E.
struct Aborted {
    std::uint8_t code = 0;
    base::Bytes text;
};
Aborted read_aborted(base::ByteView data);

/// 04 FF.
struct Intermediate {
    std::uint8_t code = 0;
    std::optional<std::int64_t> minutes;  ///< a new T4
    base::Bytes text;
    std::optional<std::uint8_t> charset;
};
Intermediate read_intermediate(base::ByteView data);

/// 06 D1 and 06 D3: a piece of a receipt.
struct PrintedLine {
    std::uint8_t attribute = 0;
    base::Bytes text;
    friend bool operator==(const PrintedLine&, const PrintedLine&) = default;
};
struct Printed {
    std::vector<PrintedLine> lines;
    std::optional<std::uint8_t> receipt_type;  ///< 1 merchant, 2 customer, 3 administration
    std::optional<std::uint8_t> charset;
    bool signature = false;
    bool ends = false;  ///< the receipt's last piece
    friend bool operator==(const Printed&, const Printed&) = default;
};
inline constexpr std::uint8_t kLineCentred = 0x40;
inline constexpr std::uint8_t kLineWide = 0x20;
inline constexpr std::uint8_t kLineHigh = 0x10;
inline constexpr std::uint8_t kLineIndent = 0x0F;
inline constexpr std::uint8_t kLineEnd = 0x81;    ///< this and above
inline constexpr std::uint8_t kLineFeeds = 0xFF;  ///< the text is a number of empty lines
Printed read_print_line(base::ByteView data);
Printed read_print_block(base::ByteView data);

}  // namespace tillhost::drivers::zvt
