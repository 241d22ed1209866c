#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "hal/drivers/drivers.h"
#include "hal/os/fake/fake_clock.h"
#include "tests/conformance/book.h"

namespace tillhost::conformance {

/// How one scanner puts codes on its line.
struct ScannerManner {
    /// A code as the scanner tells it, a read each. `aim` may be empty.
    std::function<std::vector<base::Bytes>(base::ByteView code, const std::string& aim)> reads_of;
    /// Bytes that are no code whatever follows them after a pause.
    std::vector<base::Bytes> garbage{};
    /// Reads may be joined and cut anywhere; else one read is one report.
    bool stream = true;
    std::optional<transport::HidDescription> hid{};
};

/// One driver of class barcode_scanner with one choice of settings.
struct ScannerSubject {
    std::string name;
    const drivers::DriverEntry* driver = nullptr;
    std::vector<contract::Setting> settings{};
    ScannerManner manner{};
    friend void PrintTo(const ScannerSubject& subject, std::ostream* out) { *out << subject.name; }
};
const std::vector<ScannerSubject>& scanner_subjects();

/// A scanner's line that brings what it is told to, on virtual time.
class ScannerLine final {
public:
    ScannerLine(const ScannerManner& manner, os::FakeClock& clock)
        : manner_(manner), clock_(clock) {}

    /// The next read brings these bytes, `pause` after the one before.
    void bring(base::Bytes read, os::Duration pause = {});
    void bring_all(const std::vector<base::Bytes>& reads) {
        for (const base::Bytes& read : reads) {
            bring(read);
        }
    }
    void unplug(bool gone) { gone_ = gone; }
    bool empty() const { return reads_.empty(); }
    std::unique_ptr<transport::Connector> connector();

private:
    class Open;
    class Plug;
    struct Read {
        os::Instant at;
        base::Bytes bytes;
    };
    const ScannerManner& manner_;
    os::FakeClock& clock_;
    std::deque<Read> reads_;
    bool gone_ = false;
};

/// One driver and its scanner.
class ScannerWorld {
public:
    explicit ScannerWorld(const ScannerSubject& subject);

    base::Result<device::Opened> open();
    /// What the driver tells until the line is quiet, as its host asks for it.
    std::vector<contract::Scan> listen();
    std::vector<std::string> codes();
    contract::ScannerStatus status();
    std::vector<base::Bytes> reads_of(std::string_view code, const std::string& aim = "") const {
        return subject_.manner.reads_of(base::bytes_of(code), aim);
    }
    const ScannerSubject& subject() const { return subject_; }

    Book book;
    os::FakeClock clock;
    ScannerLine line;
    std::unique_ptr<device::Driver> driver;

private:
    const ScannerSubject& subject_;
};

}  // namespace tillhost::conformance
