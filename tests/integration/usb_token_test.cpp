// Claim: a token on the bench of USB devices is found by its ids and by its node, answers INIT to a
// host that writes the report number, and is gone when it is pulled out. Shown with hidapi and
// hidraw as they are, through the transport that a driver gets, and with devsim as the token. Run
// by ctest, which loads umockdev's library into this program.
#include <gtest/gtest.h>

#include "hal/os/clock.h"
#include "hal/transport/connector.h"
#include "tests/support/devsim_program.h"
#include "tests/support/usb_bench.h"

namespace tillhost {
namespace {

constexpr os::Duration kPatience = std::chrono::seconds(20);  // of a test machine
constexpr std::size_t kReportBytes = 64;

class UsbTokenTest : public testing::Test {
protected:
    UsbTokenTest() : bench_(MUST(support::UsbBench::create())) {
        MUST(bench_->plug_in_token(0, "TK0001"));
        token_.emplace(std::vector<std::string>{"dongle/fido2", "--pty", bench_->token_node(0),
                                                "--serial", "TK0001"});
        EXPECT_NE(token_->ready(), "");
        bench_->show_to_children(true);  // and to this program
    }

    base::Result<std::unique_ptr<transport::Transport>> open(const std::string& address) {
        connector_ = MUST(transport::make_connector(address, clock_));
        return connector_->connect(clock_.now() + kPatience);
    }
    base::Bytes read_report(transport::Transport& line) {
        base::Bytes report;
        while (report.size() < kReportBytes) {
            std::array<std::byte, kReportBytes> buffer{};
            const auto got = line.read(std::span(buffer).first(kReportBytes - report.size()),
                                       clock_.now() + kPatience);
            if (!got) {
                ADD_FAILURE() << base::to_text(got.error());
                return report;
            }
            report.insert(report.end(), buffer.begin(),
                          buffer.begin() + static_cast<std::ptrdiff_t>(*got));
        }
        return report;
    }
    /// As hidraw wants it: the report number, and 64 bytes.
    base::Done init(transport::Transport& line, std::string_view nonce) {
        base::Bytes report = *base::from_hex("00 FF FF FF FF 86 00 08 " + std::string(nonce));
        report.resize(1 + kReportBytes);
        return line.write(report, clock_.now() + kPatience);
    }

    const os::SystemClock clock_;
    std::unique_ptr<support::UsbBench> bench_;
    std::optional<support::DevsimProgram> token_;
    std::unique_ptr<transport::Connector> connector_;
};

TEST_F(UsbTokenTest, IsFoundAndAnswers) {
    const std::string ids = "hid:" + std::string(support::UsbBench::kTokenIds);
    for (const std::string& address : {ids + ":TK0001", ids, std::string("hid:/dev/hidraw0")}) {
        const auto line = open(address);
        ASSERT_TRUE(line) << address << ": " << base::to_text(line.error());
        ASSERT_NE((*line)->hid(), nullptr);
        EXPECT_EQ((*line)->hid()->serial, "TK0001");
        EXPECT_EQ((*line)->hid()->vendor, 0x1050);
        EXPECT_EQ(base::to_hex((*line)->hid()->report_descriptor).substr(0, 14), "06 D0 F1 09 01");
        ASSERT_TRUE(init(**line, "80 43 56 40 B1 4E D9 2D"));
        const base::Bytes report = read_report(**line);
        EXPECT_EQ(base::to_hex(report).substr(0, 44),
                  "FF FF FF FF 86 00 11 80 43 56 40 B1 4E D9 2D");
        const base::Bytes ping_head = *base::from_hex(
            "00 " + base::to_hex(base::ByteView(report).subspan(15, 4)) + " 81 00 02 48 49");
        base::Bytes ping = ping_head;
        ping.resize(1 + kReportBytes);
        ASSERT_TRUE((*line)->write(ping, clock_.now() + kPatience));
        EXPECT_EQ(read_report(**line), base::Bytes(ping.begin() + 1, ping.end()));
    }
}

TEST_F(UsbTokenTest, AnotherSerialIsNotThere) {
    const auto line = open("hid:" + std::string(support::UsbBench::kTokenIds) + ":TK0002");
    ASSERT_FALSE(line);
    EXPECT_EQ(line.error().code, base::ErrorCode::port_missing);
}

TEST_F(UsbTokenTest, APulledTokenIsGone) {
    const std::string address = "hid:" + std::string(support::UsbBench::kTokenIds);
    const auto line = open(address);
    ASSERT_TRUE(line) << base::to_text(line.error());
    token_->end(SIGKILL);
    std::array<std::byte, kReportBytes> buffer{};
    const auto got = (*line)->read(buffer, clock_.now() + kPatience);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, base::ErrorCode::link_lost);
    MUST(bench_->unplug_token(0));
    bench_->show_to_children(true);  // telling hides it
    const auto again = open(address);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, base::ErrorCode::port_missing);
}

}  // namespace
}  // namespace tillhost
