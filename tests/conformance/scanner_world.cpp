#include "tests/conformance/scanner_world.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace tillhost::conformance {

using namespace std::chrono_literals;

/// One opening of the line.
class ScannerLine::Open final : public transport::Transport {
public:
    explicit Open(ScannerLine& line) : line_(line) {}

    base::Result<std::size_t> read(std::span<std::byte> buffer, os::Deadline deadline) override {
        auto& reads = line_.reads_;
        if (reads.empty() || reads.front().at > deadline) {
            if (line_.gone_) {
                return base::make_error(base::ErrorCode::link_lost, "unplugged");
            }
            line_.clock_.advance_to(deadline);
            return base::make_error(base::ErrorCode::deadline_passed, "nothing came");
        }
        line_.clock_.advance_to(reads.front().at);
        base::Bytes& bytes = reads.front().bytes;
        const std::size_t count = std::min(buffer.size(), bytes.size());
        std::copy_n(bytes.begin(), count, buffer.begin());
        bytes.erase(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count));
        if (bytes.empty() || !line_.manner_.stream) {
            reads.pop_front();
        }
        return count;
    }
    base::Done write(base::ByteView, os::Deadline) override {
        ADD_FAILURE() << "a scanner is not spoken to";
        return {};
    }
    base::Done flush() override {
        line_.reads_.clear();
        return {};
    }
    os::Duration late_bytes_max() const override { return {}; }
    int input_fd() const override { return 0; }  // one that exists; nobody reads it
    const transport::HidDescription* hid() const override {
        return line_.manner_.hid ? &*line_.manner_.hid : nullptr;
    }

private:
    ScannerLine& line_;
};

class ScannerLine::Plug final : public transport::Connector {
public:
    explicit Plug(ScannerLine& line) : line_(line) {}
    base::Result<std::unique_ptr<transport::Transport>> connect(os::Deadline) override {
        if (line_.gone_) {
            return base::make_error(base::ErrorCode::port_missing, "unplugged");
        }
        return std::unique_ptr<transport::Transport>(std::make_unique<Open>(line_));
    }

private:
    ScannerLine& line_;
};

void ScannerLine::bring(base::Bytes read, os::Duration pause) {
    const os::Instant last =
        reads_.empty() ? clock_.now() : std::max(clock_.now(), reads_.back().at);
    reads_.push_back({last + pause, std::move(read)});
}

std::unique_ptr<transport::Connector> ScannerLine::connector() {
    return std::make_unique<Plug>(*this);
}

ScannerWorld::ScannerWorld(const ScannerSubject& subject)
    : line(subject.manner, clock), subject_(subject) {
    driver = MUST(subject.driver->make(subject.settings, line.connector(), clock));
}

base::Result<device::Opened> ScannerWorld::open() {
    return driver->open(std::nullopt, book, clock.now() + 10s);
}

std::vector<contract::Scan> ScannerWorld::listen() {
    std::vector<contract::Scan> all;
    for (int quiet = 0; quiet < 2;) {
        const auto scans = driver->listen(clock.now() + 1s);
        if (!scans) {
            ADD_FAILURE() << base::to_text(scans.error());
            return all;
        }
        quiet = scans->empty() && line.empty() ? quiet + 1 : 0;
        all.insert(all.end(), scans->begin(), scans->end());
    }
    return all;
}

std::vector<std::string> ScannerWorld::codes() {
    std::vector<std::string> all;
    for (const contract::Scan& scan : listen()) {
        all.push_back(base::string_of(scan.code));
    }
    return all;
}

contract::ScannerStatus ScannerWorld::status() {
    auto answer = driver->query(contract::Query(contract::StatusQuery{}), clock.now() + 1s);
    return std::get<contract::ScannerStatus>(MUST(answer));
}

}  // namespace tillhost::conformance
