#include "hal/drivers/scanner/serial/driver.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "hal/device/barcode_scanner.h"
#include "hal/device/scan.h"
#include "hal/device/setting.h"
#include "hal/drivers/scanner/serial/manifest.h"
#include "hal/drivers/scanner/serial/protocol.h"

namespace tillhost::drivers::serial {
namespace {

using base::Done;
using base::ErrorCode;
using base::Result;
using device::wrong_setting;

static_assert(kCodeBytesMax == device::kCodeBytesMax);

constexpr std::size_t kReadBytes = 512;
/// Codes after which one call of listen() reads no more.
constexpr std::size_t kScansMax = 64;
/// How long a line that is opened may go on with what it was saying.
constexpr os::Duration kDrainMax = std::chrono::seconds(2);

struct Settings {
    Framing framing{};
    AimMode aim = AimMode::automatic;
    std::optional<os::Duration> gap{};
};

class SerialScanner final : public device::BarcodeScanner {
public:
    SerialScanner(Settings settings, std::unique_ptr<transport::Connector> connector,
                  const os::Clock& clock)
        : aim_(settings.aim),
          gap_(settings.gap.value_or(settings.framing.suffix == Suffix::none ? kIdleGap
                                                                             : kStaleGap)),
          framer_(std::move(settings.framing)),
          connector_(std::move(connector)),
          clock_(clock) {}

    Result<device::Opened> open(os::Deadline deadline) override;
    int input_fd() const override { return line_ ? line_->input_fd() : -1; }
    Result<std::vector<contract::Scan>> listen(os::Deadline deadline) override;
    contract::ScannerStatus status() const override;

private:
    Done drain(os::Deadline deadline);
    void take_codes(std::vector<contract::Scan>& scans);

    AimMode aim_;
    os::Duration gap_;
    Framer framer_;
    std::unique_ptr<transport::Connector> connector_;
    const os::Clock& clock_;
    std::unique_ptr<transport::Transport> line_;
    os::Instant last_byte_{};
    std::int64_t scans_ = 0;
    std::int64_t no_codes_ = 0;        ///< frames that were no codes
    std::int64_t dropped_before_ = 0;  ///< what the framer had thrown away when the line was opened
};

Result<device::Opened> SerialScanner::open(os::Deadline deadline) {
    line_.reset();
    line_ = TRY(connector_->connect(deadline));
    TRY(drain(deadline));
    framer_.clear();
    dropped_before_ = framer_.dropped();
    scans_ = 0;
    no_codes_ = 0;
    device::Opened opened;
    opened.status = status();
    return opened;
}

/// A code that is on its way while the line is opened has lost its beginning: its rest is waited
/// for and thrown away.
Done SerialScanner::drain(os::Deadline deadline) {
    const os::Deadline end = std::min(deadline, clock_.now() + kDrainMax);
    std::array<std::byte, kReadBytes> buffer{};
    while (clock_.now() < end) {
        const auto count = line_->read(buffer, std::min(end, clock_.now() + kIdleGap));
        if (!count) {
            return count.error().code == ErrorCode::deadline_passed ? Done() : count.error();
        }
    }
    return {};
}

Result<std::vector<contract::Scan>> SerialScanner::listen(os::Deadline deadline) {
    std::vector<contract::Scan> scans;
    if (!line_) {
        return base::make_error(ErrorCode::device_not_ready, "the line is not open");
    }
    std::array<std::byte, kReadBytes> buffer{};
    if (clock_.now() - last_byte_ > gap_) {
        framer_.drop_half();  // the last call ended in it, and it never went on
    }
    bool first = true;
    while (scans.size() < kScansMax && (first || framer_.waiting())) {
        const os::Instant pause_ends = (first ? clock_.now() : last_byte_) + gap_;
        const auto count = line_->read(buffer, std::min(deadline, pause_ends));
        if (count) {
            framer_.add(base::ByteView(buffer).first(*count));
            last_byte_ = clock_.now();
        } else if (count.error().code != ErrorCode::deadline_passed) {
            return count.error();
        } else if (clock_.now() < pause_ends) {
            break;  // the budget is over, the pause is not
        } else {
            framer_.quiet();
        }
        take_codes(scans);
        first = false;
    }
    return scans;
}

void SerialScanner::take_codes(std::vector<contract::Scan>& scans) {
    while (const auto frame = framer_.take()) {
        if (const auto code = read_code(*frame, aim_)) {
            scans.push_back(device::scan_of(code->data, code->aim));
            ++scans_;
        } else {
            ++no_codes_;
        }
    }
}

contract::ScannerStatus SerialScanner::status() const {
    contract::ScannerStatus status;
    status.scans = scans_;
    status.dropped = framer_.dropped() - dropped_before_ + no_codes_;
    return status;
}

Done read_setting(const contract::Setting& setting, Settings& read) {
    const std::string& value = setting.value;
    if (setting.name == "suffix") {
        const auto suffix = suffix_from(value);
        if (!suffix) {
            return wrong_setting("suffix", "one of: cr, lf, crlf, tab, etx, none");
        }
        read.framing.suffix = *suffix;
    } else if (setting.name == "prefix") {
        auto prefix = unescape(value);
        if (!prefix || prefix->size() > kPrefixBytesMax) {
            return wrong_setting("prefix",
                                 fmt::format("at most {} bytes; \\xHH is a byte", kPrefixBytesMax));
        }
        read.framing.prefix = std::move(*prefix);
    } else if (setting.name == "aim") {
        if (value != "auto" && value != "on" && value != "off") {
            return wrong_setting("aim", "one of: auto, on, off");
        }
        read.aim = value == "on" ? AimMode::on : value == "off" ? AimMode::off : AimMode::automatic;
    } else if (setting.name == "gap_ms") {
        read.gap = std::chrono::milliseconds(TRY(device::number_of(setting, kGapMsMin, kGapMsMax)));
    } else {
        return wrong_setting(setting.name, "one of: port, suffix, prefix, aim, gap_ms");
    }
    return {};
}

}  // namespace

Result<std::unique_ptr<device::Driver>> make_driver(const std::vector<contract::Setting>& settings,
                                                    std::unique_ptr<transport::Connector> connector,
                                                    const os::Clock& clock) {
    Settings read;
    for (const contract::Setting& setting : settings) {
        TRY(read_setting(setting, read));
    }
    if (!connector) {
        return wrong_setting("port", "where the scanner is connected");
    }
    return device::make_driver(
        std::make_unique<SerialScanner>(std::move(read), std::move(connector), clock));
}

}  // namespace tillhost::drivers::serial
