// Claim: the program serves a device on a pty and on a port, and its memory outlives kill -9.
// Shown with the real program: opened and closed again by a host, killed, and started anew.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <filesystem>

#include "hal/base/bytes.h"
#include "hal/os/descriptor.h"
#include "simulators/devsim/control_server.h"
#include "tests/support/devsim_program.h"

namespace tillhost::devsim {
namespace {

using support::DevsimProgram;

constexpr int kPatienceMs = 20'000;  // of a test machine, not of the device

/// Exactly so many bytes, or what came before the patience ended.
std::string read_hex(int fd, std::size_t count) {
    base::Bytes bytes;
    while (bytes.size() < count) {
        pollfd waiting{.fd = fd, .events = POLLIN, .revents = 0};
        std::array<std::byte, 256> buffer{};
        if (::poll(&waiting, 1, kPatienceMs) != 1) {
            break;
        }
        const ssize_t got =
            ::read(fd, buffer.data(), std::min(buffer.size(), count - bytes.size()));
        if (got <= 0) {
            break;
        }
        bytes.insert(bytes.end(), buffer.begin(), buffer.begin() + got);
    }
    return base::to_hex(bytes);
}

std::string say(int fd, std::string_view hex, std::size_t answer_bytes) {
    const base::Bytes bytes = *base::from_hex(hex);
    EXPECT_EQ(::write(fd, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    return read_hex(fd, answer_bytes);
}

class Devsim : public testing::Test {
protected:
    void SetUp() override {
        folder_ = testing::TempDir() + "devsim_" +
                  testing::UnitTest::GetInstance()->current_test_info()->name();
        std::filesystem::remove_all(folder_);
        std::filesystem::create_directories(folder_);
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    std::string at(const std::string& name) const { return folder_ + "/" + name; }
    std::vector<std::string> toy() const {
        return {"fiscal/toy", "--pty",     at("line"),   "--state",
                at("state"),  "--control", at("control")};
    }
    /// As hosts do it: what an earlier one left unread is thrown away.
    os::Descriptor open_line() const {
        os::Descriptor line(::open(at("line").c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));
        ::tcflush(line.get(), TCIOFLUSH);
        return line;
    }
    std::string ask(const std::string& line) const {
        const os::SystemClock clock;
        const auto answer = ask_control(at("control"), line, clock,
                                        clock.now() + std::chrono::milliseconds(kPatienceMs));
        return answer ? *answer : base::to_text(answer.error());
    }

    static constexpr std::string_view kRegister =
        "11 03 B7 61 00 00 00 00 00 00 07 00 00 00 00 00 00 00 C3";
    static constexpr std::string_view kCounters = "01 02 03";
    std::string folder_;
};

TEST_F(Devsim, SaysWhenItIsReadyAndEndsCleanly) {
    DevsimProgram program(toy());
    EXPECT_EQ(program.ready(), "ready fiscal/toy on " + at("line") + " seed 1");
    EXPECT_TRUE(std::filesystem::is_symlink(at("line")));
    const int status = program.end(SIGTERM);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
    EXPECT_FALSE(std::filesystem::exists(std::filesystem::symlink_status(at("line"))));
    EXPECT_FALSE(std::filesystem::exists(at("control")));
}

TEST_F(Devsim, ALineIsNotTakenFromAnotherSimulator) {
    DevsimProgram first(toy());
    ASSERT_NE(first.ready(), "");
    const auto target = std::filesystem::read_symlink(at("line"));
    DevsimProgram second({"fiscal/toy", "--pty", at("line")});
    EXPECT_EQ(second.ready(), "") << "it has to end before it is ready";
    EXPECT_EQ(std::filesystem::read_symlink(at("line")), target);
    EXPECT_EQ(first.end(SIGKILL), SIGKILL);
    DevsimProgram third(toy());
    EXPECT_NE(third.ready(), "") << "a lock whose process was killed holds nobody off";
}

TEST_F(Devsim, MemoryOutlivesKillNine) {
    {
        DevsimProgram program(toy());
        const os::Descriptor line = open_line();
        EXPECT_EQ(say(line.get(), kRegister, 8), "06 03 00 01 00 00 00 04");
        program.end(SIGKILL);
    }
    DevsimProgram again(toy());
    const os::Descriptor line = open_line();
    EXPECT_EQ(say(line.get(), kCounters, 16), "0E 02 00 01 00 00 00 B7 61 00 00 00 00 00 00 DB");
}

TEST_F(Devsim, ATokensCredentialOutlivesKillNine) {
    const std::vector<std::string> words{"dongle/fido2", "--pty",     at("line"),   "--state",
                                         at("state"),    "--control", at("control")};
    const auto report = [](std::string_view hex) {
        base::Bytes bytes = *base::from_hex(hex);
        bytes.resize(64);
        return base::to_hex(bytes);
    };
    std::string state;
    {
        DevsimProgram program(words);
        const os::Descriptor line = open_line();
        say(line.get(), report("FF FF FF FF 86 00 08 01 02 03 04 05 06 07 08"), 64);
        // makeCredential; the answer's first packet comes behind a keepalive.
        say(line.get(),
            "51 00 00 01 90 00 4B 01 A4 01 58 20 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 "
            "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 02 A1 62 69 64 61 61 03 A1 62 69 64 "
            "41 01 04 81 A2 63 61 6C",
            0);
        EXPECT_EQ(say(line.get(),
                      report("51 00 00 01 00 67 26 64 74 79 70 65 6A 70 75 62 6C 69 63 2D 6B 65 "
                             "79"),
                      128)
                      .substr(3 * 64, 14),
                  "51 00 00 01 90");
        state = ask(R"({"command":"state"})");
        EXPECT_EQ(program.end(SIGKILL), SIGKILL);
    }
    DevsimProgram again(words);
    const std::string kept = ask(R"({"command":"state"})");
    const auto credentials = [](const std::string& all) {
        return all.substr(all.find("\"credentials\":["), all.find("]") - all.find("[{"));
    };
    EXPECT_NE(kept.find("\"rp\":\"a\""), std::string::npos);
    EXPECT_EQ(credentials(kept), credentials(state));
}

TEST_F(Devsim, AHostMayCloseTheLineAndOpenItAgain) {
    DevsimProgram program(toy());
    for (int i = 0; i < 5; ++i) {
        os::Descriptor line = open_line();
        EXPECT_EQ(say(line.get(), "01 01 00", 12), "0A 01 00 54 4F 59 30 30 30 30 31 78");
        say(line.get(), kCounters, 0);  // and leaves without reading the answer
        pollfd answered{.fd = line.get(), .events = POLLIN, .revents = 0};
        EXPECT_EQ(::poll(&answered, 1, kPatienceMs), 1);
        line.reset();
    }
    const os::Descriptor line = open_line();
    EXPECT_EQ(say(line.get(), "01 09 08", 4), "02 09 01 0A");
}

TEST_F(Devsim, ADeviceOfOneSpeedIsUnderstoodAtThatSpeedOnly) {
    DevsimProgram program({"fiscal/shtrih", "--pty", at("line"), "--speed", "9600"});
    const os::Descriptor line = open_line();
    const auto set_speed = [&line](speed_t speed) {
        termios mode{};
        EXPECT_EQ(::tcgetattr(line.get(), &mode), 0);
        ::cfsetspeed(&mode, speed);
        EXPECT_EQ(::tcsetattr(line.get(), TCSANOW, &mode), 0);
    };
    set_speed(B9600);
    EXPECT_EQ(say(line.get(), "05", 1), "15");
    set_speed(B115200);
    EXPECT_NE(say(line.get(), "05", 1), "15");
    set_speed(B9600);
    EXPECT_EQ(say(line.get(), "02 01 FC FD", 28).substr(0, 11), "06 02 18 FC");
    DevsimProgram impossible({"fiscal/shtrih", "--pty", at("other"), "--speed", "9601"});
    EXPECT_EQ(impossible.ready(), "");
}

TEST_F(Devsim, AHostThatOpensTheLineTwiceAndClosesItOnceIsStillThere) {
    DevsimProgram program(toy());
    for (int i = 0; i < 20; ++i) {
        const os::Descriptor line = open_line();
        open_line();  // as libserialport does it to set the speed
        EXPECT_EQ(say(line.get(), "01 09 08", 4), "02 09 01 0A");
    }
}

TEST_F(Devsim, FaultsComeThroughTheControlSocket) {
    DevsimProgram program(toy());
    const os::Descriptor line = open_line();
    EXPECT_EQ(ask(R"({"command":"fault","name":"garble","keys":{"at":2,"mask":5}})"),
              R"({"ok":true})");
    EXPECT_EQ(say(line.get(), kRegister, 8), "06 03 05 01 00 00 00 04");
    EXPECT_NE(ask(R"({"command":"documents"})").find(R"("tag":"0000000000000007")"),
              std::string::npos);
    EXPECT_EQ(ask(R"({"command":"power","on":false})"), R"({"ok":true})");
    EXPECT_NE(ask(R"({"command":"state"})").find(R"("powered":false)"), std::string::npos);
}

TEST_F(Devsim, ASecondProgramIsRefusedTheSameMemory) {
    DevsimProgram first(toy());
    DevsimProgram second({"fiscal/toy", "--state", at("state")});
    EXPECT_EQ(second.ready(), "");
    const int status = second.end(0);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 1);
}

os::Descriptor connect_to(const std::string& ready) {
    const std::string port = ready.substr(ready.find(':') + 1);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(port)));
    os::Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    EXPECT_EQ(::connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    return socket;
}

TEST_F(Devsim, ServesAPortToOneClientAtATime) {
    DevsimProgram program({"fiscal/shtrih", "--tcp", "127.0.0.1:0"});
    os::Descriptor first = connect_to(program.ready());
    EXPECT_EQ(say(first.get(), "02 01 FC FD", 28).substr(0, 11), "06 02 18 FC");
    EXPECT_EQ(say(first.get(), "06", 1), "FF");
    const os::Descriptor second = connect_to(program.ready());
    EXPECT_EQ(read_hex(second.get(), 1), "");  // turned away
    first.reset();
    const os::Descriptor third = connect_to(program.ready());
    EXPECT_EQ(say(third.get(), "05", 1), "15");
}

TEST_F(Devsim, ASecondClientMayWaitOrStealTheLine) {
    DevsimProgram program({"fiscal/shtrih", "--tcp", "127.0.0.1:0", "--control", at("control")});
    os::Descriptor first = connect_to(program.ready());
    EXPECT_EQ(say(first.get(), "05", 1), "15");
    EXPECT_EQ(ask(R"({"command":"fault","name":"second_client","keys":{"mode":"steal"}})"),
              R"({"ok":true})");
    os::Descriptor thief = connect_to(program.ready());
    EXPECT_EQ(read_hex(first.get(), 1), "");  // thrown out
    EXPECT_EQ(say(thief.get(), "05", 1), "15");
    EXPECT_EQ(ask(R"({"command":"fault","name":"second_client","keys":{"mode":"wait"}})"),
              R"({"ok":true})");
    const os::Descriptor patient = connect_to(program.ready());
    EXPECT_EQ(say(thief.get(), "05", 1), "15");
    thief.reset();
    EXPECT_EQ(say(patient.get(), "05", 1), "15");
}

TEST_F(Devsim, ACardTerminalHangsUpAndItsLedgerOutlivesKillNine) {
    const std::vector<std::string> words{
        "payment/zvt", "--tcp", "127.0.0.1:0", "--state", at("state"), "--control", at("control"),
        "--card-ms",   "0",     "--host-ms",   "0",       "--policy",  "keep"};
    constexpr std::string_view kRegisterTill = "06 00 0A 00 00 00 10 09 78 03 01 06 00";
    constexpr std::string_view kPay = "06 01 0A 04 00 00 00 00 12 34 49 09 78";
    constexpr std::size_t kRegisteredBytes = 16, kApprovedBytes = 3 + 3 + 0x53;
    {
        DevsimProgram program(words);
        const os::Descriptor till = connect_to(program.ready());
        EXPECT_TRUE(say(till.get(), kRegisterTill, kRegisteredBytes).starts_with("80 00 00 06 0F"));
        say(till.get(), "80 00 00", 0);
        EXPECT_EQ(ask(R"({"command":"fault","name":"quirk","keys":{"kind":"hang_up_on_status"}})"),
                  R"({"ok":true})");
        const std::string heard = say(till.get(), kPay, kApprovedBytes);
        EXPECT_TRUE(heard.starts_with("80 00 00 04 0F 53 27 00")) << heard;
        EXPECT_EQ(read_hex(till.get(), 1), "");  // closed
        const os::Descriptor next = connect_to(program.ready());
        EXPECT_EQ(say(next.get(), "05 01 05 00 00 00 03 02", 7), "80 00 00 06 0F 01 00");
        program.end(SIGKILL);
    }
    DevsimProgram again(words);
    EXPECT_NE(ask(R"({"command":"transactions"})").find(R"("amount_minor":1234)"),
              std::string::npos);
}

constexpr std::string_view kMark = "1D 28 48 06 00 30 30 30 30 30 31";
constexpr std::string_view kMarkAnswer = "37 22 30 30 30 31 00";

/// More than the printer's receive buffer and one read of its line, in lines of nine.
std::string many_lines() {
    std::string hex;
    for (int i = 0; i < 1000; ++i) {
        hex += "31 32 33 34 35 36 37 38 0A ";
    }
    return hex;
}

TEST_F(Devsim, AReceiptPrintersPaperOutlivesKillNine) {
    const std::vector<std::string> words{"printer/escpos", "--pty",     at("line"),   "--state",
                                         at("state"),      "--control", at("control")};
    {
        DevsimProgram program(words);
        const os::Descriptor line = open_line();
        EXPECT_EQ(say(line.get(), "61 62 0A 1D 56 00 " + std::string(kMark), 7), kMarkAnswer);
        program.end(SIGKILL);
    }
    DevsimProgram again(words);
    EXPECT_NE(ask(R"({"command":"tape"})").find(R"("tape":["ab","- -)"), std::string::npos);
    EXPECT_NE(ask(R"({"command":"state"})").find(R"("cuts":1)"), std::string::npos);
}

TEST_F(Devsim, APrinterWhoseBufferIsFullHoldsItsHostBackOnAPortAndOnAPty) {
    for (const std::string link : {"--tcp", "--pty"}) {
        const bool tcp = link == "--tcp";
        DevsimProgram program({"printer/escpos", link, tcp ? "127.0.0.1:0" : at("line"),
                               "--control", at("control"), "--buffer", "64", "--line-ms", "0"});
        const os::Descriptor line = tcp ? connect_to(program.ready()) : open_line();
        EXPECT_EQ(ask(R"({"command":"fault","name":"cover_open"})"), R"({"ok":true})");
        say(line.get(), many_lines() + std::string(kMark), 0);
        EXPECT_EQ(ask(R"({"command":"fault","name":"cover_closed"})"), R"({"ok":true})");
        EXPECT_EQ(read_hex(line.get(), 7), kMarkAnswer);
        const std::string state = ask(R"({"command":"state"})");
        EXPECT_NE(state.find(R"("printed_lines":1000)"), std::string::npos) << link << state;
        EXPECT_NE(state.find(R"("lost_bytes":0)"), std::string::npos) << link << state;
    }
}

TEST_F(Devsim, RunsAScenarioAndChecksOne) {
    const std::string file = "simulators/scenarios/lost-close.toml";
    DevsimProgram program({"run", file, "--pty", at("line"), "--control", at("control")});
    EXPECT_EQ(program.ready(), "ready fiscal/shtrih on " + at("line") + " seed 1");
    const os::Descriptor line = open_line();
    EXPECT_EQ(say(line.get(), "05", 1), "15");
    DevsimProgram check({"check", file});
    EXPECT_EQ(check.ready(), "line 3: fault lose");
    DevsimProgram wrong({"check", "simulators/scenarios/none.toml"});
    EXPECT_EQ(wrong.ready(), "");
}

}  // namespace
}  // namespace tillhost::devsim
