// Claim: the configuration is read as documented, and every mistake is named with file, line and
// column. Shown by writing real folders and reading them.
#include "devd/runtime/config.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "devd/runtime/device_file.h"
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
        const auto config = load();
        return config ? "" : config.error().detail;
    }
    base::Result<Config> load() const {
        return load_config(folder_, folder_ + "/state", manifests_);
    }
    static contract::SettingField field(const std::string& name, contract::FieldKind kind,
                                        std::int64_t min, std::int64_t max) {
        contract::SettingField field;
        field.name = name;
        field.kind = kind;
        field.min = min;
        field.max = max;
        return field;
    }
    /// "echo" has nothing, "d" a port and settings.
    static std::vector<contract::Manifest> manifests() {
        using contract::FieldKind;
        contract::Manifest plain;
        plain.driver = "echo";
        contract::Manifest rich;
        rich.driver = "d";
        rich.lines = {contract::LineKind::serial, contract::LineKind::pty};
        rich.pages.resize(2);
        rich.pages[0].fields = {field("port", FieldKind::port, 0, 0)};
        rich.pages[1].fields = {field("password", FieldKind::secret, 1, 4),
                                field("table", FieldKind::integer, 1, 20),
                                field("note", FieldKind::text, 1, 10)};
        contract::Manifest needy;
        needy.driver = "needy";
        needy.pages.resize(1);
        needy.pages[0].fields = {field("who", FieldKind::text, 1, 10)};
        needy.pages[0].fields[0].required = true;
        needy.pages[0].fields[0].help.en = "somebody";
        contract::Manifest toy;
        toy.driver = "fiscal/toy";
        contract::Manifest echo;
        echo.driver = "test/echo";
        return {plain, rich, needy, toy, echo};
    }
    const std::vector<contract::Manifest> manifests_ = manifests();
    std::string folder_;
};

TEST_F(ConfigTest, AShopWithoutDevicesNeedsNoFolderForThem) {
    std::filesystem::remove(folder_ + "/devices.d");
    const auto config = load();
    ASSERT_TRUE(config) << base::to_text(config.error());
    EXPECT_TRUE(config->devices.empty());
    write("devices.d", "a file where the folder should be");
    EXPECT_NE(error(), "");
}

TEST_F(ConfigTest, ReadsDaemonAndDevices) {
    write("devd.toml", "retention_days = 3\nlog = \"debug\"\n");
    write("devices.d/zbar.toml", "driver = \"echo\"\n");
    write("devices.d/kassa.toml",
          "id = \"fr0\"\nname = \"Касса\"\ndriver = \"d\"\nport = \"pty:/run/fr0\"\n"
          "record = \"/var/tmp/fr0\"\n"
          "[settings]\ntable = 17\npassword = {file = \"secret\"}\nnote = \"x\"\n");
    write("secret", "30\nsecond line\n");
    const Config config = MUST(load());
    EXPECT_EQ(config.retention, std::chrono::hours(72));
    EXPECT_EQ(config.log_level, os::Severity::debug);
    ASSERT_EQ(config.devices.size(), 2U);
    const core::DeviceConfig& kassa = config.devices[0];
    EXPECT_EQ(kassa.id, "fr0");
    EXPECT_EQ(kassa.name, "Касса");
    EXPECT_EQ(kassa.driver, "d");
    const std::vector<contract::Setting> settings = {{"port", "pty:/run/fr0"},
                                                     {"password", "30"},
                                                     {"table", "17"},
                                                     {"note", "x"},
                                                     {"record", "/var/tmp/fr0"}};
    EXPECT_EQ(kassa.settings, settings) << "in the manifest's order";
    EXPECT_EQ(config.devices[1].id, "zbar");
}

TEST_F(ConfigTest, NamesADriverThatDoesNotExistWithItsPlace) {
    EXPECT_EQ(device_error("port = \"pty:/x\"\ndriver = \"dd\"\n"),
              "devices.d/kassa.toml:2:10: no driver \"dd\"; there are: echo, d, needy, "
              "fiscal/toy, test/echo");
}

TEST_F(ConfigTest, NamesASettingThatTheDriverDoesNotHaveWithItsPlace) {
    EXPECT_EQ(device_error("driver = \"d\"\n[settings]\npasword = 30\n"),
              "devices.d/kassa.toml:3:1: d has no setting \"pasword\"; it has: port, password, "
              "table, note");
    EXPECT_EQ(device_error("driver = \"echo\"\nport = \"pty:/x\"\n"),
              "devices.d/kassa.toml:2:8: echo has no setting \"port\"; it has: none");
}

TEST_F(ConfigTest, NamesAValueThatTheManifestDoesNotAllowWithItsPlace) {
    EXPECT_EQ(device_error("driver = \"d\"\n[settings]\n  table = 21\n"),
              "devices.d/kassa.toml:3:11: table: a whole number from 1 to 20");
    EXPECT_EQ(device_error("driver = \"d\"\nport = \"tcp:127.0.0.1:80\"\n"),
              "devices.d/kassa.toml:2:8: port: a line that d speaks over: serial:…, pty:…");
    const std::string secret = device_error("driver = \"d\"\n[settings]\npassword = 31415\n");
    EXPECT_EQ(secret, "devices.d/kassa.toml:3:12: password: from 1 to 4 characters");
}

TEST_F(ConfigTest, NamesARequiredSettingThatIsNotThere) {
    EXPECT_EQ(device_error("driver = \"needy\"\n"),
              "devices.d/kassa.toml:1:1: who is missing: somebody");
}

TEST_F(ConfigTest, ReadsWhatItWroteForAClientAndNothingOfItIsLost) {
    ASSERT_TRUE(os::make_folder(folder_ + "/state", 0755));
    core::DeviceConfig made{"till", "d", {{"port", "pty:/x"}, {"password", "a\"\\"}}};
    made.name = "Касса \"2\"";
    made.setup_missing = {contract::SetupStep::connection, contract::SetupStep::layout};
    ASSERT_TRUE(write_device_file(folder_ + "/state", made));
    EXPECT_EQ(MUST(load()).clients, std::vector{made});
    ASSERT_TRUE(remove_device_file(folder_ + "/state", "till"));
    EXPECT_TRUE(MUST(load()).clients.empty());
}

TEST_F(ConfigTest, TakesTheStateOfASetUpFromAClientsFileOnly) {
    EXPECT_EQ(device_error("driver = \"echo\"\nsetup_missing = []\n")
                  .rfind("devices.d/kassa.toml:2:1: unknown key", 0),
              0U);
}

TEST_F(ConfigTest, RefusesAnIdThatAClientsDeviceHas) {
    ASSERT_TRUE(os::make_folder(folder_ + "/state", 0755));
    ASSERT_TRUE(write_device_file(folder_ + "/state", {"kassa", "echo", {}}));
    write("devices.d/kassa.toml", "driver = \"echo\"\n");
    EXPECT_NE(error().find("the id \"kassa\" stands in another file"), std::string::npos);
}

TEST_F(ConfigTest, NamesAnUnknownKeyWithItsPlace) {
    EXPECT_EQ(device_error("driver = \"echo\"\n  prot = \"pty:/x\"\n"),
              "devices.d/kassa.toml:2:3: unknown key \"prot\"; known here: id, name, driver, port, "
              "record, shift, close_shift_at, remind_shift_after_h, settings");
    write("devices.d/kassa.toml", "driver = \"echo\"\n");
    write("devd.toml", "\nretention = 3\n");
    EXPECT_EQ(error(),
              "devd.toml:2:1: unknown key \"retention\"; known here: retention_days, log, metrics, "
              "shop, hotplug_settle_ms, network, access, remote");
}

TEST_F(ConfigTest, ReadsTheShiftPolicyOfARegistrar) {
    write("devices.d/kassa.toml",
          "driver = \"fiscal/toy\"\nshift = \"open_when_needed\"\nclose_shift_at = \"22:30\"\n"
          "remind_shift_after_h = 20\n");
    write("devices.d/other.toml", "driver = \"fiscal/toy\"\n");
    const auto config = load();
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

TEST_F(ConfigTest, ReadsTheShopsDevices) {
    write("devd.toml", "[shop]\nregistrar = \"kassa\"\nterminal = \"pos-1\"\n");
    const auto config = load();
    ASSERT_TRUE(config);
    EXPECT_EQ(config->shop.registrar, "kassa");
    EXPECT_EQ(config->shop.terminal, "pos-1");
    EXPECT_EQ(config->shop.substitute, "");
    write("devd.toml", "[shop]\nterminal = \"Pos 1\"\n");
    EXPECT_EQ(error(), "devd.toml:2:12: terminal is a device's id");
    write("devd.toml", "[shop]\nscales = \"one\"\n");
    EXPECT_NE(error().find("unknown key"), std::string::npos);
}

TEST_F(ConfigTest, RemarksOnDevicesOfTheShopThatAreNotThereOrOfAnotherClassWithTheirPlace) {
    write("devices.d/kassa.toml", "driver = \"fiscal/toy\"\n");
    write("devices.d/echo.toml", "driver = \"test/echo\"\n");
    ASSERT_TRUE(os::make_folder(folder_ + "/state", 0755));
    ASSERT_TRUE(write_device_file(folder_ + "/state", {"kassa2", "fiscal/toy", {}}));
    write("devd.toml",
          "[shop]\nregistrar = \"kassa\"\nsubstitute = \"kassa2\"\nterminal = \"echo\"\n"
          "printer   = \"slips\"\n");
    const auto config = load();
    ASSERT_TRUE(config) << "devd serves all the same: a client may make it later";
    ASSERT_EQ(config->remarks.size(), 2U);
    EXPECT_EQ(
        config->remarks[0].rfind("devd.toml:4:12: terminal names 'echo', which is no card", 0), 0U)
        << config->remarks[0];
    EXPECT_EQ(config->remarks[1].rfind("devd.toml:5:13: printer names 'slips', and no such", 0), 0U)
        << config->remarks[1];
    write("devd.toml", "[shop]\nregistrar = \"kassa\"\nsubstitute = \"kassa2\"\n");
    EXPECT_TRUE(MUST(load()).remarks.empty());
}

TEST_F(ConfigTest, ListensForAWatcherOnLoopbackOnlyAndOnlyWhenToldSo) {
    write("devices.d/kassa.toml", "driver = \"echo\"\n");
    EXPECT_FALSE(MUST(load()).metrics_port);
    write("devd.toml", "[metrics]\nlisten = \"127.0.0.1:9187\"\n");
    EXPECT_EQ(MUST(load()).metrics_port, 9187);
    for (const char* listen : {"\"0.0.0.0:9187\"", "\"127.0.0.1\"", "\"127.0.0.1:0\"",
                               "\"127.0.0.1:65536\"", "\"127.0.0.1:91x\"", "9187"}) {
        write("devd.toml", std::string("[metrics]\nlisten = ") + listen + "\n");
        EXPECT_NE(error().find("listen is \"127.0.0.1:PORT\""), std::string::npos) << listen;
    }
    write("devd.toml", "[metrics]\nport = 1\n");
    EXPECT_NE(error().find("known here: listen"), std::string::npos);
}

TEST_F(ConfigTest, IsOnTheNetworkOnlyIfItSaysSo) {
    const Config none = MUST(load());
    EXPECT_FALSE(none.network);
    EXPECT_EQ(none.local_roles.role, contract::Role::operator_);
    write("devd.toml",
          "[network]\nlisten = \"tcp://*:15210\"\npairing_port = 99\nname = \"shop\"\n"
          "[access]\nlocal_role = \"cashier\"\n[access.users]\nroot = \"observer\"\n");
    const Config config = MUST(load());
    EXPECT_EQ(config.network->address(), "tcp://*:15210");
    EXPECT_EQ(config.network->pairing_port, 99);
    EXPECT_EQ(config.network->name, "shop");
    EXPECT_EQ(config.local_roles.role, contract::Role::cashier);
    EXPECT_EQ(config.local_roles.users.at(0), contract::Role::observer);
    for (const char* wrong :
         {"[network]\n", "[network]\nlisten = 5\n", "[network]\nport = 5\n", "network = 5\n",
          "[access]\nlocal_role = \"root\"\n", "[access.users]\nroot = 5\n",
          "[access.users]\nnobody-of-that-name = \"cashier\"\n", "access = true\n"}) {
        write("devd.toml", wrong);
        EXPECT_EQ(error().substr(0, 10), "devd.toml:") << wrong;
    }
}

TEST_F(ConfigTest, ReadsOtherHostsAndTheirDevices) {
    write("devices.d/kassa.toml", "driver = \"fiscal/toy\"\n");
    write("devd.toml",
          "[shop]\nterminal = \"hall-pos\"\n"
          "[[remote]]\nhost = \"hall\"\ndevices = { hall-kassa = \"kassa\", hall-pos = \"pos\" }\n"
          "[[remote]]\nhost = \"yard\"\nkeys = \"keys/yard.toml\"\n"
          "devices = { yard-kassa = \"kassa\" }\n");
    const Config config = MUST(load());
    ASSERT_EQ(config.remotes.size(), 2U);
    EXPECT_EQ(config.remotes[0].name, "hall");
    EXPECT_TRUE(config.remotes[0].keys.ends_with("/hosts/hall.toml")) << config.remotes[0].keys;
    EXPECT_EQ(config.remotes[0].devices.at("hall-pos"), "pos");
    EXPECT_TRUE(config.remotes[1].keys.ends_with("/keys/yard.toml")) << config.remotes[1].keys;
    EXPECT_TRUE(config.remarks.empty()) << config.remarks.front();  // hall-pos is there
}

TEST_F(ConfigTest, NamesWhatIsWrongWithAnotherHost) {
    write("devices.d/kassa.toml", "driver = \"fiscal/toy\"\n");
    const std::string good = "[[remote]]\nhost = \"hall\"\ndevices = { k = \"kassa\" }\n";
    for (const std::string& wrong :
         {std::string("remote = 5\n"), std::string("[remote]\nhost = \"hall\"\n"),
          std::string("[[remote]]\nhost = \"a/b\"\ndevices = { k = \"kassa\" }\n"),
          std::string("[[remote]]\nhost = \"hall\"\n"),
          std::string("[[remote]]\nhost = \"hall\"\ndevices = {}\n"),
          std::string("[[remote]]\nhost = \"hall\"\ndevices = { k = true }\n"),
          std::string("[[remote]]\nhost = \"hall\"\ndevices = { K = \"kassa\" }\n"),
          std::string("[[remote]]\nhost = \"hall\"\ndevices = { k = \"a\", l = \"a\" }\n"),
          std::string("[[remote]]\nhost = \"hall\"\nkey = 5\ndevices = { k = \"kassa\" }\n"),
          std::string("[[remote]]\nhost = \"hall\"\ndevices = { kassa = \"kassa\" }\n"),
          good + good, good + "[[remote]]\nhost = \"yard\"\ndevices = { k = \"kassa\" }\n"}) {
        write("devd.toml", wrong);
        EXPECT_EQ(error().substr(0, 10), "devd.toml:") << wrong;
    }
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
    EXPECT_EQ(device_error("driver = \"d\"\n[settings]\ntable = 1.5\n")
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
    write("devices.d/kassa.toml", "driver = \"echo\"\n");
    write("devices.d/other.toml", "driver = \"echo\"\nid = \"kassa\"\n");
    EXPECT_NE(error().find("devices.d/other.toml: the id \"kassa\" stands in another file"),
              std::string::npos);
}

TEST_F(ConfigTest, RefusesAFolderWithoutDevdTomlAndSaysWhatToWrite) {
    std::filesystem::remove(folder_ + "/devd.toml");
    EXPECT_NE(error().find("devd.toml: No such file"), std::string::npos);
    EXPECT_NE(error().find("write one: it may be empty"), std::string::npos);
    write("devd.toml", "# nothing\n");
    EXPECT_TRUE(MUST(load()).is_all_default);
    write("devd.toml", "log = \"info\"\n");
    EXPECT_FALSE(MUST(load()).is_all_default);
}

}  // namespace
}  // namespace tillhost::devd::runtime
