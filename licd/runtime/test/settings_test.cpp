// Claim: what an administrator sets goes before licd.toml, is kept in settings.toml alone, holds at
// once or says that it waits for a start; a wrong value changes nothing and is named; a
// settings.toml that cannot be used is left alone and licd starts without it. Shown: in a folder of
// the test's own, by the files and by what licd would work with.
#include "licd/runtime/settings.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "hal/os/fake/kept_log.h"
#include "licd/runtime/settings_table.h"

namespace tillhost::licd::runtime {
namespace {

using contract::LicenceSetting;
using contract::LicenceSettingSource;
using contract::SetLicenceSettingsRequest;

SetLicenceSettingsRequest setting(const std::string& name, const std::string& value) {
    SetLicenceSettingsRequest request;
    request.changes = {{name, value}};
    return request;
}

SetLicenceSettingsRequest forgetting(const std::string& name) {
    SetLicenceSettingsRequest request;
    request.forget = {name};
    return request;
}

const LicenceSetting& find(const contract::LicenceSettingsReply& reply, std::string_view name) {
    const auto found = std::find_if(reply.settings.begin(), reply.settings.end(),
                                    [&](const LicenceSetting& one) { return one.name == name; });
    EXPECT_NE(found, reply.settings.end()) << name;
    return *found;
}

class SettingsTest : public testing::Test {
protected:
    SettingsTest() : folder_(testing::TempDir() + "settings_test") {
        std::filesystem::remove_all(folder_);
        std::filesystem::create_directories(folder_ + "/state");
    }
    std::unique_ptr<Settings> open() {
        auto settings = MUST(Settings::open(folder_, folder_ + "/state", logger_));
        settings->set_apply([](const Config& wanted, bool) {
            Config running = wanted;
            running.web_port = Config().web_port;  // waits for the start
            return running;
        });
        return settings;
    }
    void write(const std::string& name, const std::string& text) const {
        std::ofstream(folder_ + "/" + name) << text;
    }
    std::string read(const std::string& name) const {
        std::ifstream file(folder_ + "/" + name);
        return {std::istreambuf_iterator<char>(file), {}};
    }

    std::string folder_;
    os::KeptLog log_;
    os::Logger logger_{log_};
};

TEST_F(SettingsTest, TellWhereEachComesFrom) {
    write("licd.toml", "[[times]]\nlease_s = \"500\"\n");
    const auto settings = open();
    const auto told = MUST(settings->set(setting("times.killed_s", "900")));
    EXPECT_EQ(told.settings.size(), settings_table().size());
    EXPECT_EQ(told.file, folder_ + "/licd.toml");
    EXPECT_EQ(find(told, "times.lease_s").value, "500");
    EXPECT_EQ(find(told, "times.lease_s").normal, "600");
    EXPECT_EQ(find(told, "times.lease_s").source, LicenceSettingSource::file);
    EXPECT_EQ(find(told, "times.killed_s").value, "900");
    EXPECT_EQ(find(told, "times.killed_s").source, LicenceSettingSource::panel);
    EXPECT_EQ(find(told, "times.beat_s").source, LicenceSettingSource::normal);
    EXPECT_EQ(find(told, "times.lease_s").min, 70);
    EXPECT_EQ(find(told, "times.lease_s").max, 86'400);
    EXPECT_EQ(find(told, "log_level").choices, (std::vector<std::string>{"0", "1", "2", "3"}));
    EXPECT_FALSE(find(told, "web.listen").changeable);
    EXPECT_FALSE(find(told, "web.key").changeable);
}

TEST_F(SettingsTest, GoBeforeTheFileAndOutliveARestart) {
    write("licd.toml", "log_level = \"0\"\n[[network]]\ngroup = \"shop\"\n");
    ASSERT_TRUE(open()->set(setting("network.group", "back \"office\"")));
    EXPECT_EQ(read("licd.toml"), "log_level = \"0\"\n[[network]]\ngroup = \"shop\"\n");
    auto again = open();
    EXPECT_EQ(again->config().group, "back \"office\"");
    EXPECT_EQ(again->config().log_level, os::Severity::error);
    const auto told = MUST(again->set(forgetting("network.group")));
    EXPECT_EQ(find(told, "network.group").value, "shop");
    EXPECT_EQ(find(told, "network.group").source, LicenceSettingSource::file);
    EXPECT_EQ(open()->config().group, "shop");
}

TEST_F(SettingsTest, RestoreWhatTheFileSays) {
    write("licd.toml", "[[web]]\nport = \"1\"\n");
    const auto settings = open();
    ASSERT_TRUE(settings->set(setting("web.port", "2")));
    ASSERT_TRUE(settings->set(setting("log_level", "3")));
    SetLicenceSettingsRequest all;
    all.forget_all = true;
    all.only_check = true;
    const auto would = MUST(settings->set(all));
    EXPECT_EQ(find(would, "web.port").value, "1");
    EXPECT_EQ(find(settings->told(), "web.port").value, "2") << "only looked at";
    EXPECT_NE(read("state/settings.toml").find("port = \"2\""), std::string::npos);
    all.only_check = false;
    ASSERT_TRUE(settings->set(all));
    EXPECT_EQ(find(settings->told(), "web.port").value, "1");
    EXPECT_EQ(find(settings->told(), "log_level").value, "1");
    EXPECT_EQ(read("state/settings.toml").find("port"), std::string::npos);
}

TEST_F(SettingsTest, SayWhatWaitsForTheNextStart) {
    const auto settings = open();
    const auto told = MUST(settings->set(setting("web.port", "15300")));
    EXPECT_TRUE(find(told, "web.port").needs_restart);
    EXPECT_EQ(find(told, "web.port").value, "15300");
    EXPECT_EQ(settings->config().web_port, 15201) << "what licd works with";
    EXPECT_FALSE(find(MUST(settings->set(setting("log_level", "2"))), "log_level").needs_restart);
    EXPECT_EQ(settings->config().log_level, os::Severity::info);
    EXPECT_EQ(open()->config().web_port, 15300);
    EXPECT_FALSE(find(MUST(settings->set(forgetting("web.port"))), "web.port").needs_restart);
}

TEST_F(SettingsTest, RefuseWhatIsWrongWithItsNameAndChangeNothing) {
    const auto settings = open();
    ASSERT_TRUE(settings->set(setting("log_level", "2")));
    const std::string before = read("state/settings.toml");
    const std::pair<SetLicenceSettingsRequest, std::string> wrong[] = {
        {setting("times.lease_s", "69"), "times.lease_s: \"a number from 70 to 86400\""},
        {setting("times.lease_s", "600 "), "times.lease_s: "},
        {setting("times.lease_s", "86400"), "times.lease_s: at most killed_s"},
        {setting("times.beat_s", "301"), "times.beat_s: \"a number from 1 to 300\""},
        {setting("times.lease_s", "100"),
         "times.beat_s: at most half of times.lease_s; 60 is more than half of 100"},
        {setting("times.idle_s", "5"), "times.idle_s: "},
        {setting("network.on", "true"), "network.on: \"yes\" or \"no\""},
        {setting("log_level", "4"), "log_level: \"0\", \"1\", \"2\" or \"3\""},
        {setting("network.group", "a\nb"), "network.group: "},
        {setting("network.group", std::string(33, 'x')), "network.group: "},
        {setting("web.listen", "0.0.0.0"), "web.listen: changed in licd.toml only"},
        {setting("web.port", ""), "web.port: "},
        {setting("nothing", "x"), "nothing: one of log_level, network.on"},
        {forgetting("web.key"), "web.key: changed in licd.toml only"},
        {forgetting("nothing"), "nothing: one of"}};
    for (const auto& [request, said] : wrong) {
        const auto refused = settings->set(request);
        ASSERT_FALSE(refused) << said;
        EXPECT_EQ(refused.error().code, base::ErrorCode::bad_field);
        EXPECT_EQ(refused.error().detail.compare(0, said.size(), said), 0)
            << refused.error().detail << " instead of " << said;
        EXPECT_EQ(read("state/settings.toml"), before);
    }
    SetLicenceSettingsRequest both = setting("log_level", "1");
    both.changes.push_back({"times.lease_s", "1"});
    EXPECT_FALSE(settings->set(both));
    EXPECT_EQ(find(settings->told(), "log_level").value, "2") << "all or none";
    both.changes = {{"log_level", "1"}, {"log_level", "3"}};
    EXPECT_FALSE(settings->set(both));
    both.changes.pop_back();
    both.forget = {"log_level"};
    EXPECT_FALSE(settings->set(both));
}

TEST_F(SettingsTest, GoTogetherOnlyAsAWhole) {
    const auto settings = open();
    SetLicenceSettingsRequest both;
    both.changes = {{"times.lease_s", "3600"}, {"times.killed_s", "3600"}};
    EXPECT_TRUE(settings->set(both)) << "lease_s alone would be more than killed_s";
    EXPECT_FALSE(settings->set(forgetting("times.killed_s")));
}

TEST_F(SettingsTest, StartWithoutAFileThatCannotBeUsedAndLeaveItAlone) {
    for (const char* damaged : {"\xFF", "log_level = 1\n", "[[times]]\nlease_s = \"1\"\n",
                                "[[web]]\nlisten = \"0.0.0.0\"\n",
                                "[[times]]\nlease_s = \"80000\"\n", "[[other]]\na = \"b\"\n"}) {
        write("licd.toml", "[[network]]\nport = \"1234\"\n");
        write("state/settings.toml", damaged);
        const auto settings = open();
        EXPECT_EQ(settings->config().port, 1234);
        EXPECT_EQ(settings->config().times.lease, core::LeaseTimes().lease);
        EXPECT_TRUE(log_.holds("settings.toml is not used")) << damaged;
        const auto refused = settings->set(setting("log_level", "2"));
        ASSERT_FALSE(refused) << damaged;
        EXPECT_EQ(refused.error().code, base::ErrorCode::config_invalid);
        EXPECT_EQ(read("state/settings.toml"), damaged);
        SetLicenceSettingsRequest all;
        all.forget_all = true;
        ASSERT_TRUE(settings->set(all));
        EXPECT_EQ(read("state/settings.toml.damaged"), damaged);
        EXPECT_TRUE(settings->set(setting("log_level", "2")));
    }
}

TEST_F(SettingsTest, AreRefusedAsAWholeIfLicdTomlIsWrong) {
    write("licd.toml", "[[times]]\nbeat_s = \"0\"\n");
    const auto settings = Settings::open(folder_, folder_ + "/state", logger_);
    ASSERT_FALSE(settings);
    EXPECT_NE(settings.error().detail.find("licd.toml, [[times]] of line 1: times.beat_s"),
              std::string::npos)
        << settings.error().detail;
}

TEST(SettingsTable, WritesWhatItReads) {
    SettingTexts texts;
    for (const SettingRow& row : settings_table()) {
        EXPECT_EQ(find_setting(row.name), &row);
        texts.emplace(row.name, row.get(Config()));
        EXPECT_TRUE(check_setting(row, row.get(Config()))) << row.name;
    }
    EXPECT_EQ(MUST(read_setting_texts(write_setting_texts("all", texts), "f")), texts);
    const Config config = MUST(make_config(texts));
    for (const SettingRow& row : settings_table()) {
        EXPECT_EQ(row.get(config), row.get(Config())) << row.name;
    }
}

}  // namespace
}  // namespace tillhost::licd::runtime
