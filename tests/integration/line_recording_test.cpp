// Claim: the line of a device is recorded when its file or tillctl says so, and tillctl shows it.
// Shown with real processes: a sale between on and off, and a recording from the start.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "hal/os/files.h"
#include "hal/transport/recording.h"
#include "ipc/json.h"
#include "tests/integration/counter.h"
#include "tests/integration/run_program.h"

namespace tillhost::support {
namespace {

class LineRecordingTest : public CounterTest {
protected:
    Ran tillctl(std::vector<std::string> words) {
        const auto loop = MUST(os::EventLoop::create(clock_));
        return run_program(*loop, clock_, std::string(PROGRAMS_FOLDER) + "tillctl",
                           std::move(words));
    }
    std::string file() const { return shop_->folder() + "/kassa.recording"; }
    std::vector<transport::Recording> recordings() const {
        const auto bytes = os::read_file(file(), transport::kRecordingBytesMax);
        EXPECT_TRUE(bytes);
        auto all = transport::parse_recordings(base::string_of(*bytes));
        EXPECT_TRUE(all) << base::to_text(all.error());
        return all ? *all : std::vector<transport::Recording>{};
    }
    void sell() {
        client::OperationOptions options = new_id();
        options.force = true;  // the same tea again
        const auto sold = client_->carry_out("kassa", tea(), options, deadline());
        ASSERT_TRUE(sold) << base::to_text(sold.error());
        ASSERT_EQ(sold->state, contract::OperationState::done);
    }
};

TEST_F(LineRecordingTest, TillctlRecordsAndShowsASale) {
    start();
    sell();
    const Ran on = tillctl({"record", "kassa", "on", file()});
    ASSERT_EQ(on.exit, 0) << on.err;
    EXPECT_EQ(on.out, "Recorded into " + file() + ".\n");
    sell();
    const Ran off = tillctl({"record", "kassa", "off"});
    ASSERT_EQ(off.exit, 0) << off.err;
    struct stat found {};
    ASSERT_EQ(::stat(file().c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777U, 0600U);
    EXPECT_EQ(off.out,
              "Recording ended; its file has " + std::to_string(found.st_size) + " bytes.\n");
    sell();
    const auto all = recordings();
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].driver, "fiscal/toy");
    std::size_t written = 0;
    for (const auto& event : all[0].events) {
        written += event.kind == transport::EventKind::write ? 1 : 0;
    }
    EXPECT_EQ(written, 3U) << "identify, counters, register of the one sale";

    const Ran shown = tillctl({"replay", file()});
    EXPECT_EQ(shown.exit, 0) << shown.err;
    EXPECT_EQ(shown.out.rfind("fiscal/toy from ", 0), 0U) << shown.out;
    EXPECT_NE(shown.out.find("  host\n"), std::string::npos) << shown.out;
    const Ran json = tillctl({"--json", "replay", file()});
    EXPECT_TRUE(ipc::from_json(json.out)) << json.out;
}

TEST_F(LineRecordingTest, SaysWhyItDoesNotRecord) {
    start();
    EXPECT_EQ(tillctl({"record", "kassa", "on"}).exit, 2);
    EXPECT_EQ(tillctl({"record", "kassa", "off", file()}).exit, 2);
    ASSERT_TRUE(os::write_atomically(file(), base::bytes_of("precious")));
    const Ran there = tillctl({"record", "kassa", "on", file()});
    EXPECT_EQ(there.exit, 2);
    EXPECT_NE(there.err.find("is there already"), std::string::npos) << there.err;
    EXPECT_EQ(base::string_of(MUST(os::read_file(file(), 100))), "precious");
    const Ran echo = tillctl({"record", "echo", "on", shop_->folder() + "/echo"});
    EXPECT_NE(echo.err.find("not_supported"), std::string::npos) << echo.err;
    EXPECT_EQ(tillctl({"replay", file()}).exit, 2);
}

TEST_F(LineRecordingTest, ADevicesFileRecordsFromTheStartOfEachHost) {
    ASSERT_TRUE(
        shop_->configure("kassa", "driver = \"fiscal/toy\"\nport = \"pty:" + shop_->pty("kassa") +
                                      "\"\nrecord = \"" + file() + "\"\n"));
    start();
    sell();
    const auto all = recordings();
    ASSERT_EQ(all.size(), 1U);
    ASSERT_FALSE(all[0].events.empty());
    EXPECT_EQ(all[0].events[0].kind, transport::EventKind::connect);
}

}  // namespace
}  // namespace tillhost::support
