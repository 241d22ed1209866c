// Claim: a code reaches the program that follows scan/ID byte for byte, once, and no half ever
// does; a scanner that was pulled comes back. Shown with devd, its driver host, devsim and tillctl.
#include <fcntl.h>
#include <unistd.h>

#include <array>

#include "hal/os/process.h"
#include "tests/integration/counter.h"

namespace tillhost {
namespace {

constexpr std::string_view kTopic = "scan/scanner";
constexpr const char* kMarkingWords =
    "010290000231770121k3LInNbH_oG0Q\\x1D91EE06\\x1D92YXiyKfiHjE4YE8b+YVMC1O5r8VtpplA3AwcCqrcG9Dk=";
/// The same as bytes (wiki.courierexe.ru).
constexpr const char* kMarkingHex =
    "30 31 30 32 39 30 30 30 30 32 33 31 37 37 30 31 32 31 6B 33 4C 49 6E 4E 62 48 5F 6F 47 30 51 "
    "1D 39 31 45 45 30 36 1D 39 32 59 58 69 79 4B 66 69 48 6A 45 34 59 45 38 62 2B 59 56 4D 43 31 "
    "4F 35 72 38 56 74 70 70 6C 41 33 41 77 63 43 71 72 63 47 39 44 6B 3D";

class ScannerServiceTest : public support::CounterTest {
protected:
    ScannerServiceTest() {
        MUST(shop_->configure("scanner", "driver = \"scanner/serial\"\nport = \"pty:" +
                                             shop_->pty("scanner") + "\"\n"));
    }
    void start_scanner() {
        ASSERT_TRUE(shop_->start_simulator("scanner", "scanner/serial"));
        start_devd();
        connect();
        follow();
    }
    void follow() {
        ASSERT_TRUE(client_->subscribe("device/scanner", {}, deadline()));
        ASSERT_TRUE(client_->subscribe(std::string(kTopic), {}, deadline()));
        until_device([](const contract::Device& device) {
            return device.state == contract::DeviceState::ready;
        });
    }
    /// Waits for a state of the device; codes must not come meanwhile.
    template <class Wanted>
    void until_device(Wanted wanted) {
        auto device = client_->status("scanner", deadline());
        ASSERT_TRUE(device) << base::to_text(device.error());
        while (!wanted(*device)) {
            const auto event = next();
            ASSERT_TRUE(event);
            ASSERT_NE(event->topic, kTopic);
            if (const auto* changed = std::get_if<contract::Device>(&event->event.body)) {
                *device = *changed;
            }
        }
    }
    std::optional<client::TopicEvent> next() {
        auto event = client_->next_event(deadline());
        if (!event || !*event) {
            ADD_FAILURE() << "no event";
            return std::nullopt;
        }
        return std::move(*event);
    }
    /// The next event of the scanner's topic.
    std::optional<client::TopicEvent> next_of_topic() {
        while (true) {
            auto event = next();
            if (!event || event->topic == kTopic) {
                return event;
            }
        }
    }
    contract::Scan next_scan() {
        const auto event = next_of_topic();
        const auto* scan = event ? std::get_if<contract::Scan>(&event->event.body) : nullptr;
        if (scan == nullptr) {
            ADD_FAILURE() << "no scan";
            return {};
        }
        return *scan;
    }
    void scan(std::vector<std::string> words) {
        words.insert(words.begin(), "scan");
        const auto said = shop_->ctl("scanner", std::move(words));
        ASSERT_TRUE(said);
        ASSERT_EQ(*said, "");
    }
};

TEST_F(ScannerServiceTest, AMarkingCodeArrivesByteForByte) {
    start_scanner();
    scan({kMarkingWords, "aim=]d2"});
    const contract::Scan code = next_scan();
    EXPECT_EQ(code.device, "scanner");
    EXPECT_EQ(base::to_hex(code.code), kMarkingHex);
    EXPECT_EQ(code.aim, "]d2");
    EXPECT_EQ(code.symbology, contract::ScanSymbology::data_matrix);
    ASSERT_EQ(code.gs1.size(), 4U);
    EXPECT_EQ(code.gs1[0].value, "02900002317701");
    EXPECT_EQ(code.gs1[3].ai, "92");
}

TEST_F(ScannerServiceTest, CodesComeOnceInOrderAndNothingElseDoes) {
    start_scanner();
    scan({"1111", "glue=2222"});
    scan({"3333", "dribble_ms=5"});
    scan({"Voyager", "aim=]X0"});
    scan({"4444"});
    for (const char* expected : {"1111", "2222", "3333", "4444"}) {
        EXPECT_EQ(next_scan().text, expected);
    }
    const auto status =
        client_->query("scanner", contract::Query(contract::StatusQuery{}), deadline());
    ASSERT_TRUE(status) << base::to_text(status.error());
    const auto& counted = std::get<contract::ScannerStatus>(*status);
    EXPECT_EQ(counted.scans, 4);
    EXPECT_EQ(counted.dropped, 1);
}

TEST_F(ScannerServiceTest, APulledScannerComesBackWithoutTheHalfItHadSaid) {
    start_scanner();
    scan({"46070012345", "half=5"});
    shop_->kill_simulator("scanner");
    until_device([](const contract::Device& device) {
        return device.state != contract::DeviceState::ready;
    });
    ASSERT_TRUE(shop_->start_simulator("scanner", "scanner/serial"));
    until_device([](const contract::Device& device) {
        return device.state == contract::DeviceState::ready;
    });
    scan({"5555"});
    EXPECT_EQ(next_scan().text, "5555");
}

TEST_F(ScannerServiceTest, ARestartOfDevdIsAGapAndCodesOfBeforeAreNotRepeated) {
    start_scanner();
    scan({"1111"});
    EXPECT_EQ(next_scan().text, "1111");
    shop_->kill_devd();
    scan({"2222"});  // nobody hears it
    start_devd();
    const auto gap = next_of_topic();
    ASSERT_TRUE(gap);
    ASSERT_TRUE(std::holds_alternative<contract::Gap>(gap->event.body));
    EXPECT_TRUE(std::get<contract::Gap>(gap->event.body).restarted);
    until_device([](const contract::Device& device) {
        return device.state == contract::DeviceState::ready;
    });
    scan({"3333"});
    EXPECT_EQ(next_scan().text, "3333");
}

TEST_F(ScannerServiceTest, TillctlShowsCodes) {
    start_scanner();
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    const os::Descriptor ours(ends[0]);
    os::Descriptor theirs(ends[1]);
    const auto watch =
        MUST(os::Child::spawn({.program = "/bin/sh",
                               .arguments = {"-c", "exec \"$0\" watch scanner 2>&1",
                                             std::string(PROGRAMS_FOLDER) + "tillctl"},
                               .output = theirs.get()}));
    theirs.reset();
    std::string line;
    char letter = 0;
    while (!line.starts_with(kTopic) && ::read(ours.get(), &letter, 1) == 1) {
        line = line.ends_with('\n') ? std::string(1, letter) : line + letter;
        if (line == "watching; interrupt to end\n") {
            scan({"4607001234562", "aim=]E0"});
        }
    }
    while (!line.ends_with('\n') && ::read(ours.get(), &letter, 1) == 1) {
        line += letter;
    }
    EXPECT_NE(line.find("4607001234562"), std::string::npos) << line;
    watch->kill();
}

}  // namespace
}  // namespace tillhost
