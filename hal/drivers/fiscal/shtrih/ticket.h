#pragma once

#include <optional>
#include <vector>

#include "hal/drivers/fiscal/shtrih/protocol.h"
#include "ipc/contract/messages.h"
#include "ipc/contract/receipt_rules.h"

namespace tillhost::drivers::shtrih {

/// A cashier as the storage's tags take him.
struct CashierTags {
    base::Bytes name;    ///< tag 1021, code page 866
    base::Bytes tax_id;  ///< tag 1203, 12 digits; empty: not sent
};

/// A receipt in the registrar's own terms, checked as a whole before anything is sent.
struct Ticket {
    contract::ReceiptTotals totals;
    std::optional<CashierTags> cashier;
    std::vector<PositionFields> positions;
    std::vector<base::Bytes> lines;  ///< free lines, cut to the paper's width
    CloseFields close;
};

/// Errors, each naming the field: those of contract::check_receipt, bad_field (currency, kind,
/// quantity, tax number), text_not_printable. Columns of the paper: 1 to kColumnsMax.
base::Result<Ticket> prepare_ticket(const contract::Receipt& receipt, std::size_t columns);

inline constexpr std::size_t kColumnsMax = 40;  ///< what one print line command surely takes

base::Result<std::optional<CashierTags>> prepare_cashier(
    const std::optional<contract::Cashier>& cashier);

/// One text as lines of at most `columns` bytes. Errors: text_not_printable naming `field`.
base::Done append_lines(std::string_view text, std::string_view field, std::size_t columns,
                        std::vector<base::Bytes>& lines);

/// Errors: bad_field(currency) unless RUB.
base::Done check_currency(std::string_view currency);

}  // namespace tillhost::drivers::shtrih
