#pragma once

#include <memory>
#include <optional>

#include "hal/device/driver.h"

namespace tillhost::device {

/// A receipt printer with the drawer at it: paper that is not fiscal.
///
/// Nothing it does is money: a document whose outcome is not known is reported so (an error with
/// Effect::unknown), never printed again by itself, and printed again by a program only with
/// `copy`. Errors beside those of the line: paper_out, cover_open, cutter_failed,
/// text_not_printable, device_refused, device_failed.
class ReceiptPrinter {
public:
    virtual ~ReceiptPrinter() = default;

    /// Opens the line, asks the printer who it is and how it is. What its buffer holds is left.
    virtual base::Result<Opened> open(os::Deadline deadline) = 0;
    /// Prints the blocks in their order and cuts as the document says; `printed` only where the
    /// printer said that the paper came out, `printing` where it does not say so. May have no
    /// blocks: it cuts. Errors name fields as blocks[2].text, blocks[0].barcode.payload.
    virtual base::Result<contract::PrintResult> print(const contract::PrintDocument& document,
                                                      Gate& gate, os::Deadline deadline) = 0;
    /// One pulse. Never repeated by itself: a drawer that opens twice is a matter of security.
    virtual base::Done open_drawer(os::Deadline deadline) = 0;
    virtual base::Result<contract::PrinterStatus> status(os::Deadline deadline) = 0;
    /// As it last told by the way; nobody is asked. Nothing: it told nothing yet.
    virtual std::optional<contract::PrinterStatus> known_status() const = 0;
};

/// A printer as the driver host sees it. print_text, print_barcode, print_picture, feed_paper and
/// cut_paper are documents of one kind of block, and an error names the command's own field;
/// commands of other classes are not_supported.
std::unique_ptr<Driver> make_driver(std::unique_ptr<ReceiptPrinter> printer);

}  // namespace tillhost::device
