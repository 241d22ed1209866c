#pragma once

#include <memory>
#include <string>

#include "hal/device/fiscal_registrar.h"

namespace tillhost::device {

/// What training mode prints, in the shop's language and in characters that the registrar has.
struct TrainingWords {
    std::string mark = "*** TRAINING: NOT A FISCAL DOCUMENT ***";  ///< first and last line of all
    std::string sale = "SALE";
    std::string sale_return = "RETURN OF A SALE";
    std::string purchase = "PURCHASE";
    std::string purchase_return = "RETURN OF A PURCHASE";
    std::string correction = "CORRECTION";
    std::string open_shift = "SHIFT OPENED";
    std::string close_shift = "SHIFT CLOSED";
    std::string cash_in = "CASH IN";
    std::string cash_out = "CASH OUT";
    std::string x_report = "X REPORT";
    std::string total = "TOTAL";
    std::string change = "CHANGE";
};

/// A registrar on which people learn: documents are checked and printed as plain text, marked as
/// training, and nothing else. Of the registrar inside only open, resolve, questions, and printing
/// that is no document are ever called; no money command, no report, no copy and no writing of
/// clock, layout or tables reaches it, so that no counter of its fiscal memory can move. An
/// operation that was begun before training is resolved by the registrar inside.
///
/// Results have registered = false and training = true. The shift is the mode's own: closed when
/// the driver starts, and told by status(). Marking codes are not_checked.
/// Errors: of contract::check_receipt and check_correction, shift_not_open, shift_already_open,
/// not_supported (copy, clock, layout, tables), those of print_text; all without effect.
std::unique_ptr<FiscalRegistrar> make_training(std::unique_ptr<FiscalRegistrar> registrar,
                                               TrainingWords words = {});

}  // namespace tillhost::device
