#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hal/drivers/fiscal/shtrih/protocol.h"
#include "ipc/contract/messages.h"
#include "ipc/contract/receipt_rules.h"

namespace tillhost::drivers::shtrih {

/// Format of the fiscal data (FFD) that the registrar is registered for: table 17 field 17 has 2
/// for 1.05 and 4 for 1.2. A registrar that does not tell is taken for an old one.
enum class Format : std::uint8_t { unknown = 0, v1_05 = 2, v1_1 = 3, v1_2 = 4 };

inline constexpr std::size_t kColumnsMax = 40;  ///< what one print line command surely takes

/// What a receipt must be fitted to.
struct Abilities {
    std::size_t columns = kColumnsMax;  ///< of the paper, 1 to kColumnsMax
    Format format = Format::unknown;
    bool has_format_1_2() const { return format >= Format::v1_2; }
};

/// One tag as FF0Ch and FF4Dh take it.
struct TagFields {
    std::uint16_t number = 0;
    base::Bytes value{};
};

/// A cashier as the storage's tags take him.
struct CashierTags {
    base::Bytes name;    ///< tag 1021, code page 866
    base::Bytes tax_id;  ///< tag 1203, 12 digits; empty: not sent
};

/// A position with what belongs to it.
struct TicketPosition {
    PositionFields fields;
    std::vector<TagFields> tags{};               ///< FF4Dh
    std::optional<contract::Marking> marking{};  ///< FF61h, FF69h, FF67h
    std::int64_t measure = 0;                    ///< tag 2108
    std::size_t line = 0;                        ///< of the receipt
};

/// A receipt or a correction in the registrar's own terms, checked as a whole before anything is
/// sent.
struct Ticket {
    /// The standard rate that a line names.
    struct NamedRate {
        std::size_t line = 0;     ///< of the receipt
        std::uint16_t group = 1;  ///< row of table 6
        std::int64_t percent = 0;
    };
    contract::ReceiptTotals totals;
    DocumentKind kind = DocumentKind::sale;
    bool correction = false;
    std::optional<CashierTags> cashier;
    std::vector<TagFields> tags;  ///< FF0Ch, behind the cashier
    std::vector<TicketPosition> positions;
    std::vector<base::Bytes> lines;       ///< free lines, cut to the paper's width
    std::vector<TagFields> closing_tags;  ///< FF0Ch, behind the positions
    CloseFields close;
    /// With data formats before 1.2 a correction is this one command, without positions. Its
    /// vat_minor holds turnovers by group until the rates are known (set_taxes).
    std::optional<CorrectionFields> sums;
    bool electronic_only = false;
    contract::MarkingPolicy marking_policy = contract::MarkingPolicy::allow_unchecked;
    std::vector<NamedRate> named_rates;
    std::vector<contract::MarkingResult> markings;  ///< what their checks found
};

/// Errors, each naming the field: those of contract::check_receipt, bad_field (currency, quantity,
/// tax number, a tag too long or with a field of its own), text_not_printable, not_supported (what
/// the registrar's data format cannot hold).
base::Result<Ticket> prepare_ticket(const contract::Receipt& receipt, const Abilities& abilities);

/// The same of a correction. Errors beside those of prepare_ticket: of contract::check_correction;
/// with formats before 1.2 not_supported (VAT of 5 % and 7 %, tags of lines).
base::Result<Ticket> prepare_correction(const contract::Correction& correction,
                                        const Abilities& abilities);

/// Turnovers of the groups become taxes. Rates in 0.01 %: of the main rate and of the lower one,
/// table 6 rows 1 and 2.
void set_taxes(CorrectionFields& sums, std::uint16_t main_rate, std::uint16_t lower_rate);

base::Result<std::optional<CashierTags>> prepare_cashier(
    const std::optional<contract::Cashier>& cashier);

/// One text as lines of at most `columns` bytes. Errors: text_not_printable naming `field`.
base::Done append_lines(std::string_view text, std::string_view field, std::size_t columns,
                        std::vector<base::Bytes>& lines);

/// Errors: bad_field(currency) unless RUB.
base::Done check_currency(std::string_view currency);

}  // namespace tillhost::drivers::shtrih
