// Claim: on a terminal tillctl add and configure ask step by step, say at once what is wrong, go
// back when asked to, and change nothing before the last yes, whichever way a person leaves.
// Shown with the real program on a pseudo-terminal, devd and a simulator.
#include <filesystem>
#include <optional>

#include "tests/integration/counter.h"
#include "tests/integration/terminal.h"

namespace tillhost::support {
namespace {

constexpr const char* kDriver = "Driver (number or name): ";
constexpr const char* kPort = "Port (number or address): ";
constexpr const char* kSerial = "serial: ";
constexpr const char* kId = "Id for programs [";
constexpr const char* kName = "Name for people [";
constexpr const char* kAdd = "Add it? y/n [y]: ";
constexpr const char* kNothing = "Nothing was changed.";

/// The toy's registrar, asked for step by step: what is seen, and what is answered to it.
struct Step {
    std::string question;
    std::optional<std::string> answer;  ///< nothing: it is only to be seen
};

class DeviceDialogueTest : public CounterTest {
protected:
    void SetUp() override {
        std::filesystem::remove(shop_->folder() + "/config/devices.d/kassa.toml");
        std::filesystem::remove(shop_->folder() + "/config/devices.d/echo.toml");
        ASSERT_TRUE(shop_->start_simulator("till", "fiscal/toy"));
        start_devd();
        connect();
    }
    std::string port() const { return "pty:" + shop_->pty("till"); }
    std::vector<Step> steps() const {
        return {{kDriver, "fiscal/toy"}, {kPort, port()}, {kSerial, ""},
                {kId, "till"},           {kName, ""},     {kAdd, ""}};
    }
    /// The check that passed has added whose port it is.
    std::vector<contract::Setting> remembered() const {
        return {{"port", port()}, {"serial", "TOY00001"}};
    }
    static std::unique_ptr<Terminal> tillctl(const std::vector<std::string>& words) {
        return std::make_unique<Terminal>(PROGRAMS_FOLDER "tillctl", words);
    }
    /// Sees each question and answers it.
    static void answer(Terminal& terminal, const std::vector<Step>& steps) {
        for (const Step& step : steps) {
            ASSERT_TRUE(terminal.sees(step.question)) << step.question << " in\n"
                                                      << terminal.screen();
            if (step.answer) {
                terminal.type(*step.answer);
            }
        }
    }
    std::size_t devices() { return MUST(client_->devices(deadline())).size(); }
    bool has_files() const {
        const std::string folder = shop_->folder() + "/state/devices.d";
        return std::filesystem::exists(folder) && !std::filesystem::is_empty(folder);
    }
    void expect_nothing_changed(Terminal& terminal) {
        EXPECT_TRUE(terminal.sees(kNothing)) << terminal.screen();
        EXPECT_EQ(terminal.ended(), 1) << terminal.screen();
        EXPECT_EQ(devices(), 0U);
        EXPECT_FALSE(has_files());
    }
    void add_till() {
        const auto terminal = tillctl({"add"});
        answer(*terminal, steps());
        ASSERT_EQ(terminal->ended(), 0) << terminal->screen();
    }
};

TEST_F(DeviceDialogueTest, AddsADeviceStepByStep) {
    const auto terminal = tillctl({"add"});
    answer(*terminal, steps());
    EXPECT_TRUE(terminal->sees("The connection check passed.")) << terminal->screen();
    EXPECT_EQ(terminal->ended(), 0) << terminal->screen();
    const auto settings = client_->device_settings("till", deadline());
    ASSERT_TRUE(settings) << base::to_text(settings.error());
    EXPECT_EQ(settings->driver, "fiscal/toy");
    EXPECT_EQ(settings->settings, remembered());
    EXPECT_TRUE(settings->setup_missing.empty());
}

TEST_F(DeviceDialogueTest, ChangesNothingWhicheverQuestionIsLeft) {
    for (const char key : {Terminal::kCtrlC, Terminal::kCtrlD}) {
        for (std::size_t left = 0; left < steps().size(); ++left) {
            const auto terminal = tillctl({"add"});
            std::vector<Step> before = steps();
            before.resize(left);
            answer(*terminal, before);
            ASSERT_TRUE(terminal->sees(steps()[left].question)) << terminal->screen();
            terminal->press(key);
            expect_nothing_changed(*terminal);
        }
    }
}

TEST_F(DeviceDialogueTest, ChangesNothingAfterANo) {
    const auto terminal = tillctl({"add"});
    std::vector<Step> all = steps();
    all.back().answer = "n";
    answer(*terminal, all);
    expect_nothing_changed(*terminal);
}

TEST_F(DeviceDialogueTest, GoesBackAndKeepsWhatWasAnswered) {
    const auto terminal = tillctl({"add"});
    const std::string now = "Port (number or address) [" + port() + "]: ";
    answer(*terminal, {{kDriver, "back"},
                       {"This is the first question.", {}},
                       {kDriver, "fiscal/toy"},
                       {kPort, port()},
                       {kSerial, "TOY99999"},
                       {kId, "<"},
                       {"serial [TOY99999]: ", "<"},
                       {now, "<"},
                       {kDriver, "fiscal/toy"},
                       {now, ""},
                       {"serial [TOY99999]: ", "-"},
                       {kId, "till"},
                       {kName, "Till 1"},
                       {kAdd, "back"},
                       {"Name for people [Till 1]: ", "<"},
                       {"Id for programs [till]: ", ""},
                       {"Name for people [Till 1]: ", "Till 2"},
                       {kAdd, "y"}});
    EXPECT_EQ(terminal->ended(), 0) << terminal->screen();
    const auto settings = client_->device_settings("till", deadline());
    ASSERT_TRUE(settings) << terminal->screen();
    EXPECT_EQ(settings->name, "Till 2");
    EXPECT_EQ(settings->settings, remembered());
}

TEST_F(DeviceDialogueTest, BackOutOfEverythingChangesNothing) {
    const auto terminal = tillctl({"add"});
    answer(*terminal, {{kDriver, "fiscal/toy"},
                       {kPort, port()},
                       {kSerial, "back"},
                       {"Port (number", "back"},
                       {kDriver, "back"},
                       {"This is the first question.", {}}});
    ASSERT_TRUE(terminal->sees(kDriver)) << terminal->screen();
    terminal->press(Terminal::kCtrlD);
    expect_nothing_changed(*terminal);
}

TEST_F(DeviceDialogueTest, SaysAtOnceWhatIsWrong) {
    add_till();
    ASSERT_TRUE(shop_->start_simulator("other", "fiscal/toy"));
    const auto terminal = tillctl({"add"});
    const std::string other = "pty:" + shop_->pty("other");
    const std::string absent = "pty:" + shop_->pty("absent");
    const std::string too_long(65, 'x');
    answer(*terminal, {{kDriver, "99"},
                       {"There is no such choice.", {}},
                       {kDriver, "fiscal/toy"},
                       {kPort, ""},
                       {"port must be given.", {}},
                       {kPort, "com1"},
                       {"settings.port: serial:PATH", {}},
                       {kPort, port()},
                       {"the device 'till' has this one", {}},
                       {kPort, absent},
                       {"not there: check cable and power", {}},
                       {"Use it nevertheless? y/n [n]: ", ""},
                       {kPort, other},
                       {kSerial, "SHORT"},
                       {"settings.serial: 8 characters", {}},
                       {kSerial, "-"},
                       {kId, "Till 2"},
                       {"device: a-z, 0-9, - and _", {}},
                       {kId, "till"},
                       {"the id is taken by another device", {}},
                       {kId, "till2"},
                       {kName, too_long},
                       {"name: ", {}},
                       {kName, "Till 2"},
                       {kAdd, "perhaps"},
                       {"There is no such choice.", {}},
                       {kAdd, "y"}});
    EXPECT_EQ(terminal->ended(), 0) << terminal->screen();
    const auto settings = client_->device_settings("till2", deadline());
    ASSERT_TRUE(settings) << terminal->screen();
    EXPECT_EQ(settings->name, "Till 2");
}

TEST_F(DeviceDialogueTest, HidesASecretAndGivesTheEchoBack) {
    for (const char key : {Terminal::kCtrlC, Terminal::kCtrlD}) {
        const auto terminal = tillctl({"add"});
        answer(*terminal, {{kDriver, "fiscal/shtrih"},
                           {kPort, port()},
                           {"serial: ", ""},
                           {"link [auto]: ", ""},
                           {"password [30]: ", ""}});
        ASSERT_TRUE(terminal->sees("admin_password: ")) << terminal->screen();
        EXPECT_FALSE(terminal->echoes());
        terminal->type("1234");
        ASSERT_TRUE(terminal->sees("foreign_receipt [")) << terminal->screen();
        EXPECT_TRUE(terminal->echoes());
        terminal->type("<");
        ASSERT_TRUE(terminal->sees("admin_password [(set)]: ")) << terminal->screen();
        EXPECT_FALSE(terminal->echoes());
        terminal->press(key);
        expect_nothing_changed(*terminal);
        EXPECT_EQ(terminal->screen().find("1234"), std::string::npos) << terminal->screen();
    }
}

TEST_F(DeviceDialogueTest, ConfiguresWhatIsAnsweredAndNothingElse) {
    add_till();
    const std::string now = "Port (number or address) [" + port() + "]: ";
    constexpr const char* kSet = "serial [TOY00001]: ";
    const auto left = tillctl({"configure", "till"});
    answer(*left, {{now, ""}, {kSet, "TOY99999"}, {kName, "Till 9"}});
    ASSERT_TRUE(left->sees("Change it? y/n [y]: ")) << left->screen();
    left->press(Terminal::kCtrlC);
    EXPECT_TRUE(left->sees(kNothing)) << left->screen();
    EXPECT_EQ(left->ended(), 1);
    const auto before = client_->device_settings("till", deadline());
    ASSERT_TRUE(before);
    EXPECT_EQ(before->settings, remembered());
    EXPECT_NE(before->name, "Till 9");

    const auto changed = tillctl({"configure", "till"});
    answer(*changed, {{now, ""},
                      {kSet, "SHORT"},
                      {"settings.serial: 8 characters", {}},
                      {kSet, ""},
                      {kName, std::string(65, 'x')},
                      {"name: ", {}},
                      {kName, "Till 9"},
                      {"Change it? y/n [y]: ", "yes"}});
    EXPECT_EQ(changed->ended(), 0) << changed->screen();
    const auto after = client_->device_settings("till", deadline());
    ASSERT_TRUE(after);
    EXPECT_EQ(after->name, "Till 9");
    EXPECT_EQ(after->settings, before->settings);
}

}  // namespace
}  // namespace tillhost::support
