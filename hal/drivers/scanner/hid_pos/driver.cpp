#include "hal/drivers/scanner/hid_pos/driver.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "hal/base/text.h"
#include "hal/device/barcode_scanner.h"
#include "hal/device/scan.h"
#include "hal/device/setting.h"
#include "hal/drivers/scanner/hid_pos/protocol.h"

namespace tillhost::drivers::hid_pos {
namespace {

using base::ErrorCode;
using base::Result;
using device::wrong_setting;

static_assert(kCodeBytesMax == device::kCodeBytesMax);

/// Codes after which one call of listen() reads no more.
constexpr std::size_t kScansMax = 64;
constexpr std::size_t kNameBytesMax = 64;

class HidScanner final : public device::BarcodeScanner {
public:
    HidScanner(base::Bytes suffix, std::unique_ptr<transport::Connector> connector,
               const os::Clock& clock)
        : suffix_(std::move(suffix)), connector_(std::move(connector)), clock_(clock) {}

    Result<device::Opened> open(os::Deadline deadline) override;
    int input_fd() const override { return line_ ? line_->input_fd() : -1; }
    Result<std::vector<contract::Scan>> listen(os::Deadline deadline) override;
    contract::ScannerStatus status() const override;

private:
    void take_report(base::ByteView report, std::vector<contract::Scan>& scans);
    Layout layout_for(base::ByteView report) const;

    base::Bytes suffix_;
    std::unique_ptr<transport::Connector> connector_;
    const os::Clock& clock_;
    std::unique_ptr<transport::Transport> line_;
    std::optional<Layout> layout_;  ///< of the descriptor; without it the usual ones are tried
    Assembler assembler_;
    contract::Identity identity_;
    std::int64_t scans_ = 0;
    std::int64_t damaged_ = 0;
};

Result<device::Opened> HidScanner::open(os::Deadline deadline) {
    line_.reset();
    auto line = TRY(connector_->connect(deadline));
    const transport::HidDescription* found = line->hid();
    if (found == nullptr || !is_scanner(found->report_descriptor)) {
        return base::make_error(ErrorCode::wrong_device,
                                "no HID POS scanner: switch its interface to HID POS by the "
                                "barcode of its manual");
    }
    layout_ = layout_of(found->report_descriptor);
    identity_.serial = base::cut_utf8(found->serial, kNameBytesMax);
    identity_.model = base::cut_utf8(found->name, kNameBytesMax);
    assembler_ = Assembler(suffix_);
    scans_ = 0;
    damaged_ = 0;
    TRY(line->flush());
    line_ = std::move(line);
    device::Opened opened;
    opened.identity = identity_;
    opened.status = status();
    return opened;
}

Result<std::vector<contract::Scan>> HidScanner::listen(os::Deadline deadline) {
    std::vector<contract::Scan> scans;
    if (!line_) {
        return base::make_error(ErrorCode::device_not_ready, "the line is not open");
    }
    std::array<std::byte, kReportBytesMax> buffer{};
    // One report a read. A longer buffer than the report would do on a real node; one that fits
    // does wherever reports are a stream.
    const std::size_t size = layout_ ? layout_->bytes : usual_layout().bytes;
    const std::span<std::byte> room = std::span(buffer).first(std::min(size, buffer.size()));
    bool first = true;
    while (scans.size() < kScansMax && (first || assembler_.waiting())) {
        const os::Instant until = std::min(deadline, clock_.now() + kPieceGap);
        const auto count = line_->read(room, until);
        if (count) {
            take_report(base::ByteView(buffer).first(*count), scans);
        } else if (count.error().code != ErrorCode::deadline_passed) {
            return count.error();
        } else {
            break;  // a half that stands here is judged by the pause when the next report comes
        }
        first = false;
    }
    return scans;
}

Layout HidScanner::layout_for(base::ByteView report) const {
    if (layout_) {
        return *layout_;
    }
    // 5D, "]", is no length of 56 bytes: the identifier stands where the length would.
    return report.size() > 1 && report[1] == std::byte{0x5D} ? usual_layout_without_length()
                                                             : usual_layout();
}

void HidScanner::take_report(base::ByteView report, std::vector<contract::Scan>& scans) {
    auto piece = read_report(layout_for(report), report);
    if (!piece) {
        ++damaged_;
        assembler_.drop_half();
        return;
    }
    if (!*piece) {
        return;
    }
    if (const auto code = assembler_.add(std::move(**piece), clock_.now())) {
        scans.push_back(device::scan_of(code->data, code->aim));
        ++scans_;
    }
}

contract::ScannerStatus HidScanner::status() const {
    contract::ScannerStatus status;
    status.identity = identity_;
    status.scans = scans_;
    status.dropped = assembler_.dropped() + damaged_;
    return status;
}

}  // namespace

Result<std::unique_ptr<device::Driver>> make_driver(const std::vector<contract::Setting>& settings,
                                                    std::unique_ptr<transport::Connector> connector,
                                                    const os::Clock& clock) {
    base::Bytes suffix;
    for (const contract::Setting& setting : settings) {
        if (setting.name != "suffix") {
            return wrong_setting(setting.name, "one of: port, suffix");
        }
        const auto bytes = suffix_from(setting.value);
        if (!bytes) {
            return wrong_setting("suffix", "one of: none, cr, lf, crlf, tab");
        }
        suffix = *bytes;
    }
    if (!connector) {
        return wrong_setting("port", "where the scanner is connected");
    }
    return device::make_driver(
        std::make_unique<HidScanner>(std::move(suffix), std::move(connector), clock));
}

}  // namespace tillhost::drivers::hid_pos
