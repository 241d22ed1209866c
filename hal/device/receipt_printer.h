#pragma once

#include <memory>

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
    /// printer said that the paper came out. May have no blocks: it cuts.
    virtual base::Result<contract::PrintResult> print(const contract::PrintDocument& document,
                                                      Gate& gate, os::Deadline deadline) = 0;
    /// One pulse. Never repeated by itself: a drawer that opens twice is a matter of security.
    virtual base::Done open_drawer(os::Deadline deadline) = 0;
    virtual base::Result<contract::PrinterStatus> status(os::Deadline deadline) = 0;
};

/// A printer as the driver host sees it. print_text, print_barcode, print_picture, feed_paper and
/// cut_paper are documents of one kind of block; commands of other classes are not_supported.
std::unique_ptr<Driver> make_driver(std::unique_ptr<ReceiptPrinter> printer);

}  // namespace tillhost::device
