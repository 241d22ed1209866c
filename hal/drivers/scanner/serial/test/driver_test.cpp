// Claim: every code that a scanner sent whole arrives once, byte for byte, and nothing else does.
// Shown against the simulator on virtual time, with each of its knobs and every place to cut.
#include "hal/drivers/scanner/serial/driver.h"

#include <gtest/gtest.h>

#include "simulators/scanner/serial/scanner.h"
#include "tests/support/virtual_line.h"

namespace tillhost::drivers::serial {
namespace {

using base::ErrorCode;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Keys = std::vector<std::pair<std::string, std::string>>;
using Settings = std::vector<contract::Setting>;

constexpr std::string_view kMarking =
    "010290000231770121k3LInNbH_oG0Q\\x1D91EE06\\x1D92YXiyKfiHjE4YE8b+YVMC1O5r8VtpplA3AwcCqrcG9Dk=";

class NoGate final : public device::Gate {
public:
    base::Done persist(const contract::Record&) override {
        return base::make_error(ErrorCode::internal, "a scanner has nothing to persist");
    }
    void announce(std::string_view, os::Deadline) override {}
};

class SerialScannerTest : public testing::Test {
protected:
    void start(const Settings& settings = {},
               const simulators::scanner_serial::ScannerOptions& options = {}) {
        driver_.reset();  // of the cable before
        scanner_ = simulators::scanner_serial::make_scanner(options);
        cable_ = std::make_unique<support::VirtualCable>(*scanner_, clock_, milliseconds(100));
        driver_ = MUST(make_driver(settings, cable_->connector(), clock_));
        open();
    }
    void open() {
        const auto opened = driver_->open(std::nullopt, gate_, clock_.now() + seconds(10));
        ASSERT_TRUE(opened) << base::to_text(opened.error());
    }
    void scan(std::string_view code, const Keys& keys = {}) {
        const auto read = simulators::parse_barcode_read(code, keys);
        ASSERT_TRUE(read) << base::to_text(read.error());
        ASSERT_TRUE(scanner_->read_barcode(*read, clock_.now()));
    }
    /// As the host does it: listens while something is on the line, a second at a time.
    std::vector<contract::Scan> listen() {
        std::vector<contract::Scan> all;
        for (int quiet = 0; quiet < 2;) {
            const auto scans = driver_->listen(clock_.now() + seconds(1));
            if (!scans) {
                ADD_FAILURE() << base::to_text(scans.error());
                return all;
            }
            quiet = scans->empty() && !scanner_->next_event() ? quiet + 1 : 0;
            all.insert(all.end(), scans->begin(), scans->end());
        }
        return all;
    }
    std::vector<std::string> codes() {
        std::vector<std::string> all;
        for (const contract::Scan& scan : listen()) {
            all.push_back(base::string_of(scan.code));
        }
        return all;
    }
    contract::ScannerStatus status() {
        auto answer = driver_->query(contract::Query(contract::StatusQuery{}), {});
        return std::get<contract::ScannerStatus>(MUST(answer));
    }

    using Codes = std::vector<std::string>;
    os::FakeClock clock_;
    NoGate gate_;
    std::unique_ptr<simulators::scanner_serial::ScannerSimulator> scanner_;
    std::unique_ptr<support::VirtualCable> cable_;
    std::unique_ptr<device::Driver> driver_;
};

TEST_F(SerialScannerTest, ACodeArrivesWithItsKindAndItsElements) {
    start();
    scan(kMarking, {{"aim", "]d2"}});
    const auto scans = listen();
    ASSERT_EQ(scans.size(), 1U);
    EXPECT_EQ(scans[0].aim, "]d2");
    EXPECT_EQ(scans[0].symbology, contract::ScanSymbology::data_matrix);
    EXPECT_EQ(scans[0].code.size(), 85U);
    ASSERT_EQ(scans[0].gs1.size(), 4U);
    EXPECT_EQ(scans[0].gs1[1].value, "k3LInNbH_oG0Q");
    EXPECT_EQ(status().scans, 1);
    EXPECT_EQ(status().dropped, 0);
}

TEST_F(SerialScannerTest, BinaryBytesAndControlCharactersPass) {
    start();
    scan("hex:00 11 13 1D FF 0A 03 7F");
    const auto scans = listen();
    ASSERT_EQ(scans.size(), 1U);
    EXPECT_EQ(base::to_hex(scans[0].code), "00 11 13 1D FF 0A 03 7F");
    EXPECT_EQ(scans[0].text, "");
}

TEST_F(SerialScannerTest, CodesThatDribbleOrAreGluedArriveWhole) {
    start();
    scan("4607001234562", {{"dribble_ms", "100"}});
    EXPECT_EQ(codes(), Codes{"4607001234562"});
    scan("1111", {{"glue", "2222"}, {"aim", "]E0"}});
    EXPECT_EQ(codes(), (Codes{"1111", "2222"}));
    EXPECT_EQ(status().dropped, 0);
}

TEST_F(SerialScannerTest, AHalfOfAnyLengthNeverBecomesACode) {
    start();
    for (int half = 1; half <= 14; ++half) {
        scan("46070012345629", {{"half", std::to_string(half)}});
        EXPECT_EQ(codes(), Codes{}) << half;
        scanner_->power(true, clock_.now());
        scan("4000");
        EXPECT_EQ(codes(), Codes{"4000"}) << half;
    }
    EXPECT_EQ(status().dropped, 14);
}

TEST_F(SerialScannerTest, APauseInsideACodeMakesItNone) {
    start();
    scan("46", {{"dribble_ms", "400"}});
    EXPECT_EQ(codes(), Codes{});
    scan("4000");
    EXPECT_EQ(codes(), Codes{"4000"});
}

TEST_F(SerialScannerTest, ALostSuffixDropsTheCodeUnlessPausesEndCodes) {
    start();
    scan("1111", {{"suffix", "no"}});
    EXPECT_EQ(codes(), Codes{});
    EXPECT_EQ(status().dropped, 1);
    start({{"suffix", "none"}}, {.suffix = ""});
    scan("1111");
    EXPECT_EQ(codes(), Codes{"1111"});
    scan("22\r22", {});
    EXPECT_EQ(codes(), Codes{"22\r22"});
}

TEST_F(SerialScannerTest, WithoutASuffixACodeLongerThanACallIsNotToldLate) {
    start({{"suffix", "none"}, {"gap_ms", "500"}}, {.suffix = ""});
    scan("1234", {{"dribble_ms", "300"}});
    EXPECT_TRUE(MUST(driver_->listen(clock_.now() + seconds(1))).empty());
    clock_.advance(seconds(5));  // nothing comes, so nobody asks
    scan("5678");
    EXPECT_EQ(codes(), Codes{"5678"});
}

TEST_F(SerialScannerTest, NoiseAndRepliesOfTheMenuAreNoCodes) {
    start({{"prefix", "\\x02"}}, {.prefix = "\x02"});
    scan("1111", {{"noise", "\\xFF\\x00"}});
    EXPECT_EQ(codes(), Codes{});
    scan("2222");
    EXPECT_EQ(codes(), Codes{"2222"});
    start();
    scan("REVINF\\x06.");
    scan("3333");
    EXPECT_EQ(codes(), Codes{"3333"});
    scan("Voyager", {{"aim", "]X0"}});
    EXPECT_EQ(codes(), Codes{});
    EXPECT_EQ(status().dropped, 2);
}

TEST_F(SerialScannerTest, ALostSeparatorIsNotRepaired) {
    start();
    scan("010460700123456221ab\\x1D93Zz+/", {{"aim", "]d2"}, {"gs", "lost"}});
    const auto scans = listen();
    ASSERT_EQ(scans.size(), 1U);
    EXPECT_EQ(base::string_of(scans[0].code), "010460700123456221ab93Zz+/");
}

TEST_F(SerialScannerTest, WhatWasReadBeforeOrWhileItOpensIsNotTold) {
    start();
    scan("1111");
    scan("2222", {{"dribble_ms", "20"}});
    clock_.advance(milliseconds(30));
    open();
    EXPECT_EQ(codes(), Codes{});
    scan("3333");
    EXPECT_EQ(codes(), Codes{"3333"});
    EXPECT_EQ(status().scans, 1);
}

TEST_F(SerialScannerTest, TheIdentifierIsWhatTheSettingSays) {
    start({{"aim", "off"}});
    scan("4607", {{"aim", "]E0"}});
    EXPECT_EQ(codes(), Codes{"]E04607"});
    start({{"aim", "on"}});
    scan("4607");
    scan("4608", {{"aim", "]E0"}});
    EXPECT_EQ(codes(), Codes{"4608"});
}

TEST_F(SerialScannerTest, CommandsAreRefusedAndSettingsNamed) {
    start();
    const auto done = driver_->execute(contract::Command(contract::Receipt{}), gate_, {});
    EXPECT_EQ(done.error().code, ErrorCode::not_supported);
    const Settings wrong{{"suffix", "enter"}, {"prefix", "\\x2"}, {"aim", "maybe"},
                         {"gap_ms", "5"},     {"gap_ms", "x"},    {"speed", "9600"}};
    for (const contract::Setting& setting : wrong) {
        const auto made = make_driver({setting}, cable_->connector(), clock_);
        ASSERT_FALSE(made) << setting.name;
        EXPECT_EQ(made.error().code, ErrorCode::config_invalid);
        EXPECT_NE(made.error().detail.find(setting.name), std::string::npos);
    }
    EXPECT_FALSE(make_driver({}, nullptr, clock_));
}

}  // namespace
}  // namespace tillhost::drivers::serial
