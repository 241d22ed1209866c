// Claim: each kind of line gives bytes, deadlines, hang-ups and cancellations as transport.h says.
// Shown on real pseudo-terminals and loopback TCP; a short deadline is only ever waited out.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <climits>
#include <cstdlib>

#include "hal/os/descriptor.h"
#include "hal/os/process.h"
#include "hal/transport/connector.h"

namespace tillhost::transport {
namespace {

using base::ErrorCode;
using std::chrono::milliseconds;
using std::chrono::seconds;

class LineTest : public testing::Test {
protected:
    os::Deadline soon() const { return clock_.now() + milliseconds(10); }
    os::Deadline late() const { return clock_.now() + seconds(30); }
    base::Result<std::unique_ptr<Transport>> connect(const std::string& address,
                                                     int cancel_fd = -1) const {
        return MUST(make_connector(address, clock_, cancel_fd))->connect(late());
    }
    os::SystemClock clock_;
};

base::Result<std::string> read_text(Transport& line, os::Deadline deadline) {
    std::array<std::byte, 256> buffer{};
    const std::size_t taken = TRY(line.read(buffer, deadline));
    return base::string_of(base::ByteView(buffer.data(), taken));
}

/// The device's side of a pseudo-terminal.
class PtyTest : public LineTest {
protected:
    void SetUp() override {
        master_ = os::Descriptor(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
        ASSERT_EQ(::grantpt(master_.get()), 0);
        ASSERT_EQ(::unlockpt(master_.get()), 0);
        std::array<char, PATH_MAX> name{};
        ASSERT_EQ(::ptsname_r(master_.get(), name.data(), name.size()), 0);
        path_ = name.data();
    }
    std::unique_ptr<Transport> open(int cancel_fd = -1) {
        return MUST(connect("pty:" + path_, cancel_fd));
    }
    void device_sends(std::string_view text) const {
        ASSERT_EQ(::write(master_.get(), text.data(), text.size()),
                  static_cast<ssize_t>(text.size()));
    }
    std::string device_reads() const {
        std::array<char, 256> buffer{};
        const ssize_t taken = ::read(master_.get(), buffer.data(), buffer.size());
        return taken < 0 ? "" : std::string(buffer.data(), static_cast<std::size_t>(taken));
    }
    os::Descriptor master_;
    std::string path_;
};

TEST_F(PtyTest, CarriesEveryByteUnchangedBothWays) {
    const auto line = open();
    const std::string odd = {'\x03', '\r', '\n', '\x11', '\x13', '\x1a', '\xff', '\0'};
    device_sends(odd);
    EXPECT_EQ(MUST(read_text(*line, late())), odd);
    ASSERT_TRUE(line->write(base::bytes_of(odd), late()));
    EXPECT_EQ(device_reads(), odd);
}

TEST_F(PtyTest, ASilentLineIsDeadlinePassed) {
    const auto line = open();
    EXPECT_EQ(read_text(*line, soon()).error().code, ErrorCode::deadline_passed);
}

TEST_F(PtyTest, BytesThatAreThereAreReadEvenPastTheDeadline) {
    const auto line = open();
    device_sends("ok");
    EXPECT_EQ(MUST(read_text(*line, clock_.now() - seconds(1))), "ok");
}

TEST_F(PtyTest, AHangUpIsLinkLostForReadsAndWritesAtOnce) {
    const auto line = open();
    master_.reset();
    EXPECT_EQ(read_text(*line, late()).error().code, ErrorCode::link_lost);
    const auto written = line->write(base::bytes_of("x"), late());
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, ErrorCode::link_lost);
    EXPECT_EQ(written.error().effect, base::Effect::none);
}

TEST_F(PtyTest, TheCancelDescriptorEndsAWait) {
    const os::Wakeup cancel = MUST(os::Wakeup::create());
    const auto line = open(cancel.fd());
    cancel.signal();
    EXPECT_EQ(read_text(*line, late()).error().code, ErrorCode::cancelled);
}

TEST_F(PtyTest, AWriteThatStopsHalfWayHasUnknownEffect) {
    const auto line = open();
    const base::Bytes much(1024 * 1024, std::byte{'x'});  // more than the kernel takes
    const auto written = line->write(much, soon());
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, ErrorCode::deadline_passed);
    EXPECT_EQ(written.error().effect, base::Effect::unknown);
}

TEST_F(PtyTest, FlushThrowsAwayWhatWasReceived) {
    const auto line = open();
    device_sends("old");
    ASSERT_TRUE(line->flush());
    device_sends("new");
    EXPECT_EQ(MUST(read_text(*line, late())), "new");
}

TEST_F(PtyTest, OpeningThrowsAwayWhatAnEarlierOwnerWasSent) {
    open();
    device_sends("for the former owner");
    const auto line = open();
    EXPECT_EQ(read_text(*line, soon()).error().code, ErrorCode::deadline_passed);
}

TEST_F(PtyTest, ABusyPortNamesItsHolder) {
    os::Descriptor held(::open(path_.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));
    ASSERT_EQ(::flock(held.get(), LOCK_EX | LOCK_NB), 0);
    const auto holder = MUST(os::Child::spawn(
        {.program = "/bin/sleep", .arguments = {"1000"}, .inherited = {held.get()}}));
    held.reset();
    const auto line = connect("pty:" + path_);
    ASSERT_FALSE(line);
    EXPECT_EQ(line.error().code, ErrorCode::port_busy);
    EXPECT_EQ(line.error().detail,
              path_ + " is held by " + std::to_string(holder->pid()) + " (sleep)");
}

TEST_F(PtyTest, FollowsALinkAnewAtEachOpening) {
    std::string folder = testing::TempDir() + "tillhost.XXXXXX";
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    const std::string link = folder + "/fr0";
    const auto connector = MUST(make_connector("pty:" + link, clock_));
    EXPECT_EQ(connector->connect(late()).error().code, ErrorCode::port_missing);
    ASSERT_EQ(::symlink(path_.c_str(), link.c_str()), 0);
    EXPECT_TRUE(connector->connect(late()));
    ::unlink(link.c_str());
    ::rmdir(folder.c_str());
}

TEST_F(PtyTest, SerialRefusesAPtyAndSaysThatItIsNoSerialPort) {
    const auto line = connect("serial:" + path_);
    ASSERT_FALSE(line);
    EXPECT_EQ(line.error().code, ErrorCode::port_failed);
    EXPECT_NE(line.error().detail.find("not a serial port"), std::string::npos);
}

TEST_F(LineTest, SaysWhatIsWrongWithAPort) {
    const auto code_of = [this](const std::string& address) {
        return connect(address).error().code;
    };
    EXPECT_EQ(code_of("serial:/dev/ttyNONE9"), ErrorCode::port_missing);
    EXPECT_EQ(code_of("pty:/dev/null"), ErrorCode::port_failed);
}

class TcpTest : public LineTest {
protected:
    void SetUp() override {
        listener_ = os::Descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_in any{};
        any.sin_family = AF_INET;
        any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        ASSERT_EQ(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&any), sizeof any), 0);
        ASSERT_EQ(::listen(listener_.get(), 4), 0);
        socklen_t length = sizeof any;
        ASSERT_EQ(::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&any), &length), 0);
        address_ = "tcp:127.0.0.1:" + std::to_string(ntohs(any.sin_port));
    }
    os::Descriptor listener_;
    std::string address_;
};

TEST_F(TcpTest, CarriesBytesAndSeesTheEnd) {
    const auto line = MUST(connect(address_));
    os::Descriptor device(::accept(listener_.get(), nullptr, nullptr));
    ASSERT_TRUE(line->write(base::bytes_of("ping"), late()));
    std::array<char, 16> buffer{};
    ASSERT_EQ(::recv(device.get(), buffer.data(), 4, MSG_WAITALL), 4);
    EXPECT_EQ(std::string(buffer.data()), "ping");
    ASSERT_EQ(::send(device.get(), "pong", 4, 0), 4);
    EXPECT_EQ(MUST(read_text(*line, late())), "pong");
    device.reset();
    EXPECT_EQ(read_text(*line, late()).error().code, ErrorCode::link_lost);
}

TEST_F(TcpTest, APeerThatEndsItBeforeItSaidAnythingServesSomebodyElse) {
    const auto line = MUST(connect(address_));
    os::Descriptor(::accept(listener_.get(), nullptr, nullptr)).reset();
    const auto read = read_text(*line, late());
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, ErrorCode::port_busy);
    EXPECT_NE(read.error().detail.find("another program"), std::string::npos);
}

TEST_F(TcpTest, AnAddressWithoutAPortIsNotOpened) {
    const auto made = make_connector("tcp:127.0.0.1", clock_);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, ErrorCode::bad_field);
}

TEST_F(TcpTest, AWriteToAClosedPeerIsLinkLostAndNoSignal) {
    const auto line = MUST(connect(address_));
    os::Descriptor(::accept(listener_.get(), nullptr, nullptr)).reset();
    base::Done written;
    while (written) {  // the first bytes may still be taken before the reset arrives
        written = line->write(base::bytes_of("x"), late());
    }
    EXPECT_EQ(written.error().code, ErrorCode::link_lost);
}

TEST_F(TcpTest, AClosedPortIsNoAnswer) {
    listener_.reset();
    const auto line = MUST(make_connector(address_, clock_))->connect(late());
    ASSERT_FALSE(line);
    EXPECT_EQ(line.error().code, ErrorCode::no_answer);
    EXPECT_NE(line.error().detail.find("Connection refused"), std::string::npos);
}

TEST_F(TcpTest, ClosingResetsTheConnectionSoThatNothingIsSentLater) {
    auto line = MUST(connect(address_));
    os::Descriptor device(::accept(listener_.get(), nullptr, nullptr));
    line.reset();
    char byte = 0;
    EXPECT_EQ(::recv(device.get(), &byte, 1, 0), -1);
    EXPECT_EQ(errno, ECONNRESET);
}

}  // namespace
}  // namespace tillhost::transport
