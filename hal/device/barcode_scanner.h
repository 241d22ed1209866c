#pragma once

#include <memory>
#include <vector>

#include "hal/device/driver.h"

namespace tillhost::device {

/// A barcode scanner: it speaks unasked. Codes go on byte for byte; a half of a code never does.
/// It has no operations, and nothing it read before open() or between two lines is told.
class BarcodeScanner {
public:
    virtual ~BarcodeScanner() = default;

    /// Opens the line, throws away what stood in it. Errors: those of the line, wrong_device.
    virtual base::Result<Opened> open(os::Deadline deadline) = 0;
    /// As Driver::input_fd; never -1 while the line is open.
    virtual int input_fd() const = 0;
    /// As Driver::listen. A code that is not whole yet may be waited for, as long as its pause
    /// allows.
    virtual base::Result<std::vector<contract::Scan>> listen(os::Deadline deadline) = 0;
    /// What is known without a word on the line.
    virtual contract::ScannerStatus status() const = 0;
};

/// A scanner as the driver host sees it: commands are not_supported.
std::unique_ptr<Driver> make_driver(std::unique_ptr<BarcodeScanner> scanner);

}  // namespace tillhost::device
