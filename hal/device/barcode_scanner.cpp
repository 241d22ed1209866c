#include "hal/device/barcode_scanner.h"

#include <utility>

#include "hal/device/no_money.h"

namespace tillhost::device {
namespace {

using base::Result;

class ScannerDriver final : public Driver {
public:
    explicit ScannerDriver(std::unique_ptr<BarcodeScanner> scanner)
        : scanner_(std::move(scanner)) {}

    Result<Opened> open(const std::optional<contract::Pending>& pending, Gate&,
                        os::Deadline deadline) override {
        return with_verdict(TRY(scanner_->open(deadline)), pending);
    }
    Result<contract::OperationResult> execute(const contract::Command&, Gate&,
                                              os::Deadline) override {
        return base::make_error(base::ErrorCode::not_supported, "a scanner takes no commands");
    }
    Result<contract::Resolution> resolve(const contract::Pending&, Gate&, os::Deadline) override {
        return cannot_tell(scanner_->status().identity);
    }
    Result<contract::ClassStatus> query(const contract::Query& query, os::Deadline) override {
        if (std::holds_alternative<contract::StatusQuery>(query)) {
            return contract::ClassStatus(scanner_->status());
        }
        return base::make_error(base::ErrorCode::not_supported,
                                "a scanner does not answer this question");
    }
    int input_fd() const override { return scanner_->input_fd(); }
    Result<std::vector<contract::Scan>> listen(os::Deadline deadline) override {
        return scanner_->listen(deadline);
    }

private:
    std::unique_ptr<BarcodeScanner> scanner_;
};

}  // namespace

std::unique_ptr<Driver> make_driver(std::unique_ptr<BarcodeScanner> scanner) {
    return std::make_unique<ScannerDriver>(std::move(scanner));
}

}  // namespace tillhost::device
