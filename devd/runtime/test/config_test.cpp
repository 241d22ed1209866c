// Claim: the configuration is read as documented, and every mistake is named with file, line and
// column. Shown by writing real folders and reading them.
#include "devd/runtime/config.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "hal/os/files.h"

namespace tillhost::devd::runtime {
namespace {

class ConfigTest : public testing::Test {
protected:
    void SetUp() override {
        std::string name = testing::TempDir() + "tillhost.XXXXXX";
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        folder_ = name;
        ASSERT_TRUE(os::make_folder(folder_ + "/devices.d", 0755));
        write("devd.toml", "");
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }
    void write(const std::string& name, const std::string& text) const {
        ASSERT_TRUE(os::write_atomically(folder_ + "/" + name, base::bytes_of(text)));
    }
    /// The message for a device file of this text.
    std::string device_error(const std::string& text) const {
        write("devices.d/kassa.toml", text);
        return error();
    }
    std::string error() const {
        const auto config = load_config(folder_);
        return config ? "" : config.error().detail;
    }
    std::string folder_;
};

TEST_F(ConfigTest, ReadsDaemonAndDevices) {
    write("devd.toml", "retention_days = 3\nlog = \"debug\"\n");
    write("devices.d/zbar.toml", "driver = \"echo\"\n");
    write("devices.d/kassa.toml",
          "id = \"fr0\"\ndriver = \"fiscal/shtrih\"\nport = \"pty:/run/fr0\"\n"
          "record = \"/var/tmp/fr0\"\n[settings]\npassword = {file = \"secret\"}\ntable = 17\ncut "
          "= true\nname = \"x\"\n");
    write("secret", "30\nsecond line\n");
    const Config config = MUST(load_config(folder_));
    EXPECT_EQ(config.retention, std::chrono::hours(72));
    EXPECT_EQ(config.log_level, os::Severity::debug);
    ASSERT_EQ(config.devices.size(), 2U);
    const core::DeviceConfig& kassa = config.devices[0];
    EXPECT_EQ(kassa.id, "fr0");
    EXPECT_EQ(kassa.driver, "fiscal/shtrih");
    const std::vector<contract::Setting> settings = {
        {"port", "pty:/run/fr0"}, {"record", "/var/tmp/fr0"},
        {"cut", "true"},          {"name", "x"},
        {"password", "30"},       {"table", "17"}};
    EXPECT_EQ(kassa.settings, settings);
    EXPECT_EQ(config.devices[1].id, "zbar");
}

TEST_F(ConfigTest, NamesADriverThatDoesNotExistWithItsPlace) {
    write("devices.d/kassa.toml", "port = \"pty:/x\"\ndriver = \"fiscal/shtrich\"\n");
    const std::vector<KnownDriver> drivers{{"fiscal/shtrih", {"password"}}, {"test/echo", {}}};
    const auto config = load_config(folder_, drivers);
    ASSERT_FALSE(config);
    EXPECT_EQ(config.error().detail,
              "devices.d/kassa.toml:2:10: no driver \"fiscal/shtrich\"; there are: fiscal/shtrih, "
              "test/echo");
}

TEST_F(ConfigTest, NamesASettingThatTheDriverDoesNotHaveWithItsPlace) {
    write("devices.d/kassa.toml", "driver = \"fiscal/shtrih\"\n[settings]\npasword = 30\n");
    const std::vector<KnownDriver> drivers{{"fiscal/shtrih", {"password"}}};
    const auto config = load_config(folder_, drivers);
    ASSERT_FALSE(config);
    EXPECT_EQ(config.error().detail,
              "devices.d/kassa.toml:3:1: fiscal/shtrih has no setting \"pasword\"; it has: "
              "password");
}

TEST_F(ConfigTest, NamesAnUnknownKeyWithItsPlace) {
    EXPECT_EQ(device_error("driver = \"echo\"\n  prot = \"pty:/x\"\n"),
              "devices.d/kassa.toml:2:3: unknown key \"prot\"; known here: id, driver, port, "
              "record, shift, close_shift_at, remind_shift_after_h, settings");
    write("devices.d/kassa.toml", "driver = \"echo\"\n");
    write("devd.toml", "\nretention = 3\n");
    EXPECT_EQ(error(),
              "devd.toml:2:1: unknown key \"retention\"; known here: retention_days, log, metrics");
}

TEST_F(ConfigTest, ReadsTheShiftPolicyOfARegistrar) {
    write("devices.d/kassa.toml",
          "driver = \"fiscal/toy\"\nshift = \"open_when_needed\"\nclose_shift_at = \"22:30\"\n"
          "remind_shift_after_h = 20\n");
    write("devices.d/other.toml", "driver = \"fiscal/toy\"\n");
    const auto config = load_config(folder_);
    ASSERT_TRUE(config) << config.error().detail;
    const auto& policy = config->devices.front().shift;
    ASSERT_TRUE(policy);
    EXPECT_TRUE(policy->open_when_needed);
    EXPECT_EQ(policy->close_at_minute, 22 * 60 + 30);
    EXPECT_EQ(policy->remind_after, std::chrono::hours(20));
    EXPECT_FALSE(config->devices.back().shift);
}

TEST_F(ConfigTest, NamesAWrongShiftPolicyWithItsPlace) {
    for (const char* line :
         {"shift = \"always\"", "close_shift_at = \"24:00\"", "close_shift_at = \"9:30\"",
          "close_shift_at = \"22:3x\"", "remind_shift_after_h = 0", "remind_shift_after_h = 25"}) {
        const std::string said = device_error(std::string("driver = \"fiscal/toy\"\n") + line);
        EXPECT_EQ(said.rfind("devices.d/kassa.toml:2:", 0), 0U) << line << ": " << said;
    }
    EXPECT_NE(device_error("driver = \"test/echo\"\nshift = \"manual\"\n")
                  .find("shift is for fiscal registrars"),
              std::string::npos);
}

TEST_F(ConfigTest, ListensForAWatcherOnLoopbackOnlyAndOnlyWhenToldSo) {
    write("devices.d/kassa.toml", "driver = \"echo\"\n");
    EXPECT_FALSE(MUST(load_config(folder_)).metrics_port);
    write("devd.toml", "[metrics]\nlisten = \"127.0.0.1:9187\"\n");
    EXPECT_EQ(MUST(load_config(folder_)).metrics_port, 9187);
    for (const char* listen : {"\"0.0.0.0:9187\"", "\"127.0.0.1\"", "\"127.0.0.1:0\"",
                               "\"127.0.0.1:65536\"", "\"127.0.0.1:91x\"", "9187"}) {
        write("devd.toml", std::string("[metrics]\nlisten = ") + listen + "\n");
        EXPECT_NE(error().find("listen is \"127.0.0.1:PORT\""), std::string::npos) << listen;
    }
    write("devd.toml", "[metrics]\nport = 1\n");
    EXPECT_NE(error().find("known here: listen"), std::string::npos);
}

TEST_F(ConfigTest, NamesAWrongTypeAndAWrongValueWithTheirPlace) {
    EXPECT_EQ(device_error("driver = 5\n").rfind("devices.d/kassa.toml:1:10: driver is a text", 0),
              0U);
    EXPECT_EQ(device_error("driver = \"d\"\nport = \"com1\"\n")
                  .rfind("devices.d/kassa.toml:2:8: port: serial:PATH", 0),
              0U);
    EXPECT_EQ(device_error("driver = \"d\"\nsettings = 1\n")
                  .rfind("devices.d/kassa.toml:2:12: settings is a table", 0),
              0U);
    EXPECT_EQ(device_error("driver = \"d\"\n[settings]\nspeed = 1.5\n")
                  .rfind("devices.d/kassa.toml:3:9: a setting is", 0),
              0U);
    EXPECT_EQ(device_error("driver = \"d\"\nrecord = \"here\"\n"),
              "devices.d/kassa.toml:2:10: record is the absolute path of a file");
    EXPECT_EQ(device_error("driver = \"d\"\n[settings]\nport = \"pty:/x\"\n")
                  .rfind("devices.d/kassa.toml:3:1: port and record stand above", 0),
              0U);
}

TEST_F(ConfigTest, NamesAWrongSyntaxWithItsPlace) {
    const std::string said = device_error("driver = \"echo\"\nport = = \n");
    EXPECT_EQ(said.rfind("devices.d/kassa.toml:2:8: ", 0), 0U) << said;
}

TEST_F(ConfigTest, NamesASecretFileThatIsMissingWithoutItsContent) {
    const std::string said =
        device_error("driver = \"d\"\n[settings]\npassword = { file = \"none\" }\n");
    EXPECT_EQ(said.rfind("devices.d/kassa.toml:3:21: ", 0), 0U) << said;
    EXPECT_NE(said.find("/none: No such file"), std::string::npos) << said;
}

TEST_F(ConfigTest, RefusesAMissingDriverABadIdAndAnIdGivenTwice) {
    EXPECT_NE(device_error("").find("driver is missing"), std::string::npos);
    EXPECT_NE(device_error("driver = \"d\"\nid = \"Касса 1\"\n").find("no device id"),
              std::string::npos);
    write("devices.d/kassa.toml", "driver = \"d\"\n");
    write("devices.d/other.toml", "driver = \"d\"\nid = \"kassa\"\n");
    EXPECT_NE(error().find("devices.d/other.toml: the id \"kassa\" stands in another file"),
              std::string::npos);
}

TEST_F(ConfigTest, RefusesAFolderWithoutDevdToml) {
    std::filesystem::remove(folder_ + "/devd.toml");
    EXPECT_NE(error().find("devd.toml: No such file"), std::string::npos);
}

}  // namespace
}  // namespace tillhost::devd::runtime
