// Claim: a scenario file is read or refused with its line, column and what would be right; what it
// scripts happens at its byte, command or time; every scenario of the tree tells what its device
// does. Shown by mistakes, by a power cut at each byte of a receipt, and by playing the files.
#include <gtest/gtest.h>

#include <filesystem>

#include "hal/os/fake/fake_clock.h"
#include "simulators/core/random.h"
#include "simulators/core/scanner_control.h"
#include "simulators/devsim/family.h"
#include "simulators/devsim/scenario_player.h"

namespace tillhost::devsim {
namespace {

std::string refusal(std::string_view text) {
    const auto scenario = parse_scenario(text, "x.toml");
    EXPECT_FALSE(scenario) << text;
    return scenario ? "" : scenario.error().detail;
}

std::unique_ptr<ScenarioPlayer> make_player(const Scenario& scenario, const os::Clock& clock) {
    auto device = make_device(scenario.serve, clock);
    EXPECT_TRUE(device);
    auto player = ScenarioPlayer::create(scenario, std::move(*device), clock.now());
    EXPECT_TRUE(player) << base::to_text(player.error());
    return std::move(*player);
}

TEST(Scenario, EveryOneOfTheTreeTellsTheTruth) {
    std::size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator("simulators/scenarios")) {
        if (entry.path().extension() != ".toml") {
            continue;
        }
        ++files;
        const auto scenario = read_scenario(entry.path().string());
        ASSERT_TRUE(scenario) << base::to_text(scenario.error());
        const os::FakeClock clock;
        const auto player = make_player(*scenario, clock);
        const TalkResult result = play_talk(*scenario, *player, clock.now());
        EXPECT_GT(result.exchanges, 0U) << entry.path();
        for (const std::string& mistake : result.mistakes) {
            ADD_FAILURE() << entry.path() << ": " << mistake;
        }
        const std::vector<std::string> log = player->take_log();
        EXPECT_EQ(log.size(), scenario->events.size()) << entry.path();
        for (const std::string& line : log) {
            EXPECT_EQ(line.find("refused"), std::string::npos) << entry.path() << line;
        }
    }
    EXPECT_GE(files, 6U);
}

TEST(Scenario, HappensToAScannerWhoseBackDoorStaysOpen) {
    const auto scenario = parse_scenario(
        "about = \"x\"\nfamily = \"scanner/serial\"\n[[event]]\nafter_ms = 100\npower = \"off\"",
        "x.toml");
    ASSERT_TRUE(scenario) << base::to_text(scenario.error());
    const os::FakeClock clock;
    const auto player = make_player(*scenario, clock);
    ASSERT_NE(player->scanner(), nullptr);
    EXPECT_EQ(player->fiscal(), nullptr);
    EXPECT_TRUE(player->documents().empty());
    const simulators::BarcodeRead read{.code = *base::from_hex("31")};
    EXPECT_TRUE(player->scanner()->read_barcode(read, clock.now()));
    player->advance(clock.now() + std::chrono::milliseconds(50));
    EXPECT_EQ(base::to_hex(player->take_output()), "31 0D");
    EXPECT_EQ(player->line().device_bytes, 2U);
    player->advance(clock.now() + std::chrono::milliseconds(100));
    EXPECT_EQ(player->take_log().size(), 1U);
    EXPECT_FALSE(player->scanner()->scanner_state().powered);
}

TEST(Scenario, MistakesSayWhereAndWhatWouldBeRight) {
    EXPECT_EQ(refusal("about = \"x\"\nspeed = 3").substr(0, 34),
              "x.toml:2:1: unknown key \"speed\"; k");
    EXPECT_NE(refusal("about = \"x\"\n[device]\n  width = 3").find("x.toml:3:3: unknown key"),
              std::string::npos);
    EXPECT_NE(refusal("").find("about"), std::string::npos);
    EXPECT_NE(refusal("about = \"x\"\nfamily = \"fiscal/none\"").find("2:10"), std::string::npos);
    EXPECT_NE(refusal("about = \"x\"\n[device]\ncolumns = 99").find("32 to 48"), std::string::npos);
    EXPECT_NE(refusal("about = \"x\"\n[[event]]\npower = \"off\"").find("one of after_ms"),
              std::string::npos);
    EXPECT_NE(refusal("about = \"x\"\n[[event]]\nafter_ms = 1\nfault = \"rain\"").find("4:9"),
              std::string::npos);
    EXPECT_NE(refusal("about = \"x\"\n[[event]]\nafter_ms = 1\nnth = 2\npower = \"on\"")
                  .find("nth belongs to after_command"),
              std::string::npos);
    EXPECT_NE(refusal("about = \"x\"\n[[talk]]\nsay = \"0\"").find("bytes in hex"),
              std::string::npos);
    EXPECT_NE(refusal("about = \"x\"\n[[event]]\nafter_command = \"XY\"\npower = \"on\"")
                  .find("a code in hex"),
              std::string::npos);
    EXPECT_NE(refusal("about = ").find("x.toml:1:"), std::string::npos);
}

TEST(Scenario, AnyTextIsReadOrRefused) {
    const auto good = read_scenario("simulators/scenarios/lost-close.toml");
    ASSERT_TRUE(good);
    constexpr std::string_view kText =
        "about = \"x\"\n[device]\nffd = \"1.2\"\n[[event]]\nafter_byte = 3\nfault = \"lose\"\n"
        "keys = { nth = 2 }\n[[talk]]\nsay = \"05\"\nhears = \"15 ...\"\n";
    ASSERT_TRUE(parse_scenario(kText, "x"));
    simulators::Random random(4);
    for (int i = 0; i < 3000; ++i) {
        std::string text(kText);
        text.resize(random.below(text.size() + 1));
        for (char& letter : text) {
            letter = random.below(24) == 0 ? static_cast<char>(random.below(256)) : letter;
        }
        static_cast<void>(parse_scenario(text, "x"));
    }
}

constexpr std::string_view kSale =
    "[[talk]]\nmessage = \"E0 1E 00 00 00\"\nwait_ms = 2000\n"
    "[[talk]]\nmessage = \"FF 46 1E 00 00 00 01 80 84 1E 00 00 00 7E 13 00 00 00 FF FF FF FF FF FF "
    "FF FF FF FF 01 01 04 01 41\"\nwait_ms = 2000\n"
    "[[talk]]\nmessage = \"85 1E 00 00 00 10 27 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 "
    "00 00 00 00 00 00 00\"\nwait_ms = 2000\n";

/// How many documents there are after a sale into which the power was cut at that byte.
std::size_t documents_after_cut(std::string_view side, int byte) {
    const std::string text = "about = \"x\"\n[[event]]\nafter_byte = " + std::to_string(byte) +
                             "\nside = \"" + std::string(side) +
                             "\"\npower = \"off\"\noff_ms = 300\n" + std::string(kSale);
    const auto scenario = parse_scenario(text, "x.toml");
    EXPECT_TRUE(scenario) << base::to_text(scenario.error());
    const os::FakeClock clock;
    const auto player = make_player(*scenario, clock);
    play_talk(*scenario, *player, clock.now());
    EXPECT_EQ(player->take_log().size(), 1U) << side << byte;
    EXPECT_TRUE(player->powered());
    return player->documents().size();
}

TEST(Player, APowerCutAtAnyByteLeavesAllOrNothingOfEachCommand) {
    constexpr int kHostBytes = 8 + 1 + 36 + 1 + 34;  // three frames and two confirmations
    for (int byte = 1; byte <= kHostBytes; ++byte) {
        // Registration; the shift, unless its frame was cut; the receipt, if both others stand.
        const bool opened = byte > 8;
        const std::size_t expected = !opened                                      ? 1
                                     : byte > 8 + 1 + 36 + 1 && byte < kHostBytes ? 2
                                                                                  : 0;
        const std::size_t documents = documents_after_cut("host", byte);
        EXPECT_GE(documents, 1U);
        EXPECT_LE(documents, 3U);
        if (expected != 0) {
            EXPECT_EQ(documents, expected) << byte;
        }
    }
    // ACK and frame of E0, of FF46, of 85h: the deed is done once its answer begins.
    EXPECT_EQ(documents_after_cut("device", 1), 1U);
    EXPECT_EQ(documents_after_cut("device", 2), 3U);
    EXPECT_EQ(documents_after_cut("device", 14), 3U);
}

TEST(Player, TimeAndTheSecondOfACommandAreKept) {
    const auto scenario = parse_scenario(
        "about = \"x\"\n[[event]]\nafter_command = \"10\"\nnth = 2\nmoment = \"done\"\nfault = "
        "\"cover_open\"\n[[event]]\nafter_ms = 10000\npower = \"off\"\n"
        "[[talk]]\nmessage = \"10 1E 00 00 00\"\nanswer = \"10 00 1E 92 02 ...\"\n"
        "[[talk]]\nmessage = \"10 1E 00 00 00\"\nanswer = \"10 00 1E 92 02 ...\"\n"
        "[[talk]]\nmessage = \"10 1E 00 00 00\"\nanswer = \"10 00 1E 92 06 ...\"\n"
        "[[talk]]\nsay = \"05\"\nhears = \"15\"\nwait_ms = 10000\n"
        "[[talk]]\nsay = \"05\"\nhears = \"\"\n",
        "x.toml");
    ASSERT_TRUE(scenario) << base::to_text(scenario.error());
    const os::FakeClock clock;
    const auto player = make_player(*scenario, clock);
    EXPECT_EQ(play_talk(*scenario, *player, clock.now()).mistakes, std::vector<std::string>{});
    EXPECT_EQ(player->take_log(),
              (std::vector<std::string>{"line 2: fault cover_open", "line 7: power off"}));
}

}  // namespace
}  // namespace tillhost::devsim
