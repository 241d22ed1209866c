#include "simulators/scanner/serial/scanner.h"

#include <algorithm>
#include <array>
#include <deque>

#include "simulators/core/wire.h"

namespace tillhost::simulators::scanner_serial {
namespace {

/// Bytes that wait to leave; a scanner's own memory is not endless.
constexpr std::size_t kQueueBytesMax = 4 * kScanBytesMax;
constexpr std::byte kGroupSeparator{0x1D};

/// Each code is one unit of the line: what ends with the suffix.
class CodeTracker final : public FrameTracker {
public:
    explicit CodeTracker(std::string suffix) : suffix_(std::move(suffix)) {}
    Step feed(std::byte byte) override {
        Step step{.begins = seen_.empty(), .frame = true};
        seen_ += static_cast<char>(byte);
        step.ends = !suffix_.empty() && seen_.ends_with(suffix_);
        if (step.ends) {
            seen_.clear();
        }
        return step;
    }
    void reset() override { seen_.clear(); }

private:
    std::string suffix_;
    std::string seen_;
};

/// The device without its wire. It never listens: a host has nothing to say to it.
class Scanner final : public LineDevice {
public:
    explicit Scanner(ScannerOptions options) : options_(std::move(options)) {}

    void receive(base::ByteView, os::Instant now) override { advance(now); }
    void advance(os::Instant now) override;
    std::optional<os::Instant> next_event() const override {
        return queue_.empty() ? std::nullopt : std::optional(queue_.front().at);
    }
    base::Bytes take_output() override { return std::exchange(output_, {}); }
    void power(bool on, os::Instant) override;
    bool powered() const override { return powered_; }

    base::Done read_barcode(const BarcodeRead& read, os::Instant now);
    std::uint64_t reads() const { return reads_; }
    std::uint64_t bytes() const { return bytes_; }

private:
    struct Timed {
        os::Instant at;
        std::byte value{};
        bool dies = false;  ///< instead of a byte: the power fails
    };
    base::Bytes frame_of(const BarcodeRead& read, base::ByteView code) const;

    ScannerOptions options_;
    std::deque<Timed> queue_;
    base::Bytes output_;
    bool powered_ = true;
    std::uint64_t reads_ = 0;
    std::uint64_t bytes_ = 0;
};

void Scanner::advance(os::Instant now) {
    while (!queue_.empty() && queue_.front().at <= now) {
        const Timed next = queue_.front();
        queue_.pop_front();
        if (next.dies) {
            power(false, now);
            return;
        }
        output_.push_back(next.value);
        ++bytes_;
    }
}

void Scanner::power(bool on, os::Instant) {
    powered_ = on;
    queue_.clear();
}

base::Bytes Scanner::frame_of(const BarcodeRead& read, base::ByteView code) const {
    base::ByteWriter frame;
    frame.raw(base::bytes_of(options_.prefix)).raw(base::bytes_of(read.aim));
    for (const std::byte byte : code) {
        if (read.separators || byte != kGroupSeparator) {
            frame.u8(base::to_unsigned(byte));
        }
    }
    if (read.suffix) {
        frame.raw(base::bytes_of(options_.suffix));
    }
    return frame.take();
}

base::Done Scanner::read_barcode(const BarcodeRead& read, os::Instant now) {
    if (!powered_) {
        return base::make_error(base::ErrorCode::wrong_state, "the scanner has no power");
    }
    if (read.code.empty() || read.code.size() > kScanBytesMax || read.glue.size() > kScanBytesMax) {
        return base::bad_field("code", "1 to " + std::to_string(kScanBytesMax) + " bytes");
    }
    base::ByteWriter line;
    line.raw(read.noise);
    if (!read.reply.empty()) {
        line.raw(base::bytes_of(read.reply + "\x06."));
    }
    line.raw(frame_of(read, read.code));
    if (!read.glue.empty()) {
        line.raw(frame_of(read, read.glue));
    }
    const base::Bytes bytes = line.take();
    if (queue_.size() + bytes.size() > kQueueBytesMax) {
        return base::make_error(base::ErrorCode::retry_later, "the scanner is still sending");
    }
    os::Instant at = queue_.empty() ? now : std::max(now, queue_.back().at);
    const std::size_t leaving =
        read.half > 0 ? std::min(bytes.size(), static_cast<std::size_t>(read.half)) : bytes.size();
    for (std::size_t i = 0; i < leaving; ++i) {
        at += i == 0 ? os::Duration{} : os::Duration(std::chrono::milliseconds(read.dribble_ms));
        queue_.push_back({.at = at, .value = bytes[i]});
    }
    if (read.half > 0) {
        queue_.push_back({.at = at, .dies = true});
    }
    ++reads_;
    return {};
}

/// The scanner behind its wire.
class WiredScanner final : public ScannerSimulator {
public:
    explicit WiredScanner(const ScannerOptions& options)
        : scanner_(options),
          wire_(scanner_, std::make_unique<CodeTracker>(""),
                std::make_unique<CodeTracker>(options.suffix), options.seed) {}

    void receive(base::ByteView bytes, os::Instant now) override { wire_.receive(bytes, now); }
    void advance(os::Instant now) override { wire_.advance(now); }
    std::optional<os::Instant> next_event() const override { return wire_.next_event(); }
    base::Bytes take_output() override { return wire_.take_output(); }
    void power(bool on, os::Instant now) override { wire_.power(on, now); }
    bool powered() const override { return wire_.powered(); }
    std::size_t room() const override { return wire_.room(); }
    LineFigures line() const override { return wire_.figures(); }
    void meter_anew(os::Instant now) override { wire_.meter_anew(now); }

    const std::vector<std::string>& tape() const override { return no_paper_; }
    base::Done inject(const Fault& fault, os::Instant now) override {
        advance(now);
        return Wire::is_line_fault(fault.kind)
                   ? wire_.inject(fault, now)
                   : base::make_error(base::ErrorCode::not_supported,
                                      "a scanner has nothing of that kind");
    }
    base::Done read_barcode(const BarcodeRead& read, os::Instant now) override {
        TRY(scanner_.read_barcode(read, now));
        advance(now);
        return {};
    }
    ScannerState scanner_state() const override {
        return {powered(), scanner_.reads(), scanner_.bytes(), wire_.faults_fired()};
    }

private:
    Scanner scanner_;
    Wire wire_;
    std::vector<std::string> no_paper_;
};

}  // namespace

std::unique_ptr<ScannerSimulator> make_scanner(const ScannerOptions& options) {
    return std::make_unique<WiredScanner>(options);
}

base::Result<std::string> suffix_bytes(std::string_view word) {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kWords{{{"cr", "\r"},
                                                                                   {"lf", "\n"},
                                                                                   {"crlf", "\r\n"},
                                                                                   {"tab", "\t"},
                                                                                   {"etx", "\x03"},
                                                                                   {"none", ""}}};
    for (const auto& [name, bytes] : kWords) {
        if (name == word) {
            return std::string(bytes);
        }
    }
    return base::bad_field("--suffix", "one of cr, lf, crlf, tab, etx, none");
}

}  // namespace tillhost::simulators::scanner_serial
