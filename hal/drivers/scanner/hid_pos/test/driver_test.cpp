// Claim: the driver tells the codes of a scanner in HID POS, of any layout, and refuses other
// devices. Shown over a line of written reports, on virtual time.
#include "hal/drivers/scanner/hid_pos/driver.h"

#include <gtest/gtest.h>

#include <deque>

#include "hal/drivers/scanner/hid_pos/test/vectors.h"
#include "hal/os/fake/fake_clock.h"

namespace tillhost::drivers::hid_pos {
namespace {

using base::ErrorCode;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// What the scanner will say, and when: one report a read.
struct Reports {
    struct Timed {
        os::Instant at;
        base::Bytes bytes;
    };
    std::deque<Timed> waiting;
    bool unplugged = false;
    std::optional<transport::HidDescription> what;
};

class ReportLine final : public transport::Transport {
public:
    ReportLine(Reports& reports, os::FakeClock& clock) : reports_(reports), clock_(clock) {}
    base::Result<std::size_t> read(std::span<std::byte> buffer, os::Deadline deadline) override {
        if (reports_.waiting.empty() && reports_.unplugged) {
            return base::make_error(ErrorCode::link_lost, "unplugged");
        }
        if (reports_.waiting.empty() || reports_.waiting.front().at > deadline) {
            clock_.advance_to(deadline);
            return base::make_error(ErrorCode::deadline_passed, "nothing came");
        }
        const Reports::Timed next = reports_.waiting.front();
        reports_.waiting.pop_front();
        clock_.advance_to(next.at);
        const std::size_t count = std::min(buffer.size(), next.bytes.size());
        std::copy_n(next.bytes.begin(), count, buffer.begin());
        return count;
    }
    base::Done write(base::ByteView, os::Deadline) override { return {}; }
    base::Done flush() override {
        reports_.waiting.clear();
        return {};
    }
    os::Duration late_bytes_max() const override { return {}; }
    const transport::HidDescription* hid() const override {
        return reports_.what ? &*reports_.what : nullptr;
    }

private:
    Reports& reports_;
    os::FakeClock& clock_;
};

class Plug final : public transport::Connector {
public:
    Plug(Reports& reports, os::FakeClock& clock) : reports_(reports), clock_(clock) {}
    base::Result<std::unique_ptr<transport::Transport>> connect(os::Deadline) override {
        return std::unique_ptr<transport::Transport>(
            std::make_unique<ReportLine>(reports_, clock_));
    }

private:
    Reports& reports_;
    os::FakeClock& clock_;
};

class NoGate final : public device::Gate {
public:
    base::Done persist(const contract::Record&) override {
        return base::make_error(ErrorCode::internal, "a scanner has nothing to persist");
    }
    void announce(std::string_view, os::Deadline) override {}
};

class HidScannerTest : public testing::Test {
protected:
    base::Result<device::Opened> open(std::string_view descriptor,
                                      const std::vector<contract::Setting>& settings = {}) {
        reports_.what =
            transport::HidDescription{bytes_in(descriptor), 0x0C2E, 0x0B61, "S1", "Voyager"};
        driver_ = MUST(make_driver(settings, std::make_unique<Plug>(reports_, clock_), clock_));
        return driver_->open(std::nullopt, gate_, clock_.now() + seconds(10));
    }
    void say(const std::string& hex, os::Duration after = {}) {
        at_ = std::max(at_, clock_.now()) + after;
        reports_.waiting.push_back({at_, bytes_in(hex)});
    }
    std::vector<std::string> codes() {
        std::vector<std::string> all;
        while (!reports_.waiting.empty()) {
            const auto scans = driver_->listen(clock_.now() + seconds(1));
            EXPECT_TRUE(scans);
            for (const contract::Scan& scan : *scans) {
                all.push_back(base::string_of(scan.code));
            }
        }
        return all;
    }
    contract::ScannerStatus status() {
        auto answer = driver_->query(contract::Query(contract::StatusQuery{}), {});
        return std::get<contract::ScannerStatus>(MUST(answer));
    }

    using Codes = std::vector<std::string>;
    os::FakeClock clock_;
    os::Instant at_{};
    NoGate gate_;
    Reports reports_;
    std::unique_ptr<device::Driver> driver_;
};

TEST_F(HidScannerTest, TheMarkingCodeArrivesByteForByte) {
    const auto opened = open(kUsualDescriptor);
    ASSERT_TRUE(opened) << base::to_text(opened.error());
    EXPECT_EQ(opened->identity.serial, "S1");
    EXPECT_EQ(opened->identity.model, "Voyager");
    say(marking_begins());
    say(marking_ends(), milliseconds(20));
    const auto scans = MUST(driver_->listen(clock_.now() + seconds(1)));
    ASSERT_EQ(scans.size(), 1U);
    EXPECT_EQ(base::to_hex(scans[0].code),
              std::string(kMarkingHead) + " " + std::string(kMarkingTail));
    EXPECT_EQ(scans[0].symbology, contract::ScanSymbology::data_matrix);
    EXPECT_EQ(scans[0].gs1.size(), 4U);
}

TEST_F(HidScannerTest, RepliesHalvesAndDamagedReportsAreNoCodes) {
    ASSERT_TRUE(open(kUsualDescriptor));
    say(std::string(kReplyBegins));
    say(reply_ends());
    say(reply_acknowledged());
    say(ean13());
    EXPECT_EQ(codes(), Codes{"4607001234562"});
    say(marking_begins());
    say(ean13(), milliseconds(1500));
    say("02 39" + zeros(62));
    say("04" + zeros(63));
    say(ean13());
    EXPECT_EQ(codes(), (Codes{"4607001234562", "4607001234562"}));
    EXPECT_EQ(status().scans, 3);
    EXPECT_EQ(status().dropped, 4);
}

TEST_F(HidScannerTest, AnotherLayoutAndASuffix) {
    ASSERT_TRUE(open(kOtherDescriptor, {{"suffix", "cr"}}));
    say("01 5D 45 30 34 36 30 37 0D" + zeros(35) + " 00");
    EXPECT_EQ(codes(), Codes{"4607"});
}

TEST_F(HidScannerTest, WithoutDataInTheDescriptorTheUsualLayoutsAreTried) {
    ASSERT_TRUE(open("05 8C 09 02 A1 01 85 02 75 08 95 3F 09 20 81 02 C0"));
    say(ean13());
    say("02 5D 45 30 34 36 30 38" + zeros(56));
    EXPECT_EQ(codes(), (Codes{"4607001234562", "4608"}));
}

TEST_F(HidScannerTest, AnotherDeviceIsRefused) {
    const auto keyboard = open("05 01 09 06 A1 01 05 07 19 E0 29 E7 75 01 95 08 81 02 C0");
    ASSERT_FALSE(keyboard);
    EXPECT_EQ(keyboard.error().code, ErrorCode::wrong_device);
}

TEST_F(HidScannerTest, AnUnpluggedScannerLosesItsLine) {
    ASSERT_TRUE(open(kUsualDescriptor));
    reports_.unplugged = true;
    const auto scans = driver_->listen(clock_.now() + seconds(1));
    ASSERT_FALSE(scans);
    EXPECT_EQ(scans.error().code, ErrorCode::link_lost);
}

TEST_F(HidScannerTest, SettingsAreNamed) {
    for (const contract::Setting& wrong :
         {contract::Setting{"suffix", "enter"}, contract::Setting{"aim", "on"}}) {
        const auto made = make_driver({wrong}, std::make_unique<Plug>(reports_, clock_), clock_);
        ASSERT_FALSE(made);
        EXPECT_EQ(made.error().code, ErrorCode::config_invalid);
        EXPECT_NE(made.error().detail.find(wrong.name), std::string::npos);
    }
    EXPECT_FALSE(make_driver({}, nullptr, clock_));
}

}  // namespace
}  // namespace tillhost::drivers::hid_pos
