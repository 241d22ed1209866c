// Claim: "tillctl licence settings", "acts" and "logs" ask licd for what was typed and tell people
// what came of it; logs are written for nobody else to read.
// Shown on command lines, over a licd that answers from a list.
#include "ipc/client/tillctl/licence.h"

#include "ipc/client/tillctl/test/licence_rig.h"

namespace tillhost::tillctl {
namespace {

contract::LicenceSettingsReply settings_of_licd() {
    contract::LicenceSettingsReply reply;
    contract::LicenceSetting& lease = reply.settings.emplace_back();
    lease.name = "times.lease_s";
    lease.value = "900";
    lease.normal = "600";
    lease.min = 70;
    lease.max = 86'400;
    lease.source = contract::LicenceSettingSource::panel;
    contract::LicenceSetting& on = reply.settings.emplace_back();
    on.name = "web.on";
    on.value = on.normal = "yes";
    on.choices = {"yes", "no"};
    on.source = contract::LicenceSettingSource::normal;
    contract::LicenceSetting& key = reply.settings.emplace_back();
    key.name = "web.key";
    key.value = "/etc/k.pem";
    key.changeable = false;
    key.source = contract::LicenceSettingSource::file;
    return reply;
}

TEST_F(LicenceTest, ShowsTheSettingsAndChangesNoneUnasked) {
    licd_.answer(RequestKind::licence_settings, settings_of_licd());
    EXPECT_EQ(run_words({"settings"}), Exit::done);
    EXPECT_TRUE(told("times.lease_s  900         600      70-86400           set\n"))
        << console_.told;
    EXPECT_TRUE(told("web.on         yes         yes      yes, no            default\n"))
        << console_.told;
    EXPECT_TRUE(told("web.key        /etc/k.pem           in licd.toml only  the file\n"))
        << console_.told;
    EXPECT_FALSE(told("*"));
    EXPECT_FALSE(told("changed"));
}

TEST_F(LicenceTest, ChangesSettingsAsTheyWereTyped) {
    auto reply = settings_of_licd();
    reply.settings[1].needs_restart = true;
    licd_.answer(RequestKind::set_licence_settings, reply);
    EXPECT_EQ(run_words({"settings", "--set", "times.lease_s=900", "--set", "network.group=a=b",
                         "--forget", "web.on"}),
              Exit::done);
    contract::SetLicenceSettingsRequest wanted;
    wanted.changes = {{"times.lease_s", "900"}, {"network.group", "a=b"}};
    wanted.forget = {"web.on"};
    EXPECT_EQ(asked<contract::SetLicenceSettingsRequest>(), wanted);
    EXPECT_TRUE(told("yes *")) << console_.told;
    EXPECT_TRUE(told("systemctl restart licd")) << console_.told;
    EXPECT_TRUE(told("changed\n")) << console_.told;
    licd_.asked.clear();
    console_.told.clear();
    EXPECT_EQ(run_words({"settings", "--defaults", "--check"}), Exit::done);
    wanted = {};
    wanted.forget_all = wanted.only_check = true;
    EXPECT_EQ(asked<contract::SetLicenceSettingsRequest>(), wanted);
    EXPECT_TRUE(told("nothing was changed")) << console_.told;
}

TEST_F(LicenceTest, SaysWhichSettingIsWrong) {
    licd_.error = base::bad_field("times.lease_s", "\"a number from 70 to 86400\"");
    EXPECT_EQ(run_words({"settings", "--set", "times.lease_s=1"}), Exit::usage);
    EXPECT_TRUE(complained("times.lease_s: \"a number from 70 to 86400\"")) << console_.complained;
    licd_.error = make_error(ErrorCode::config_invalid, "settings.toml cannot be read");
    EXPECT_EQ(run_words({"settings", "--set", "times.lease_s=1"}), Exit::failed);
    EXPECT_TRUE(complained("--defaults")) << console_.complained;
}

TEST_F(LicenceTest, ShowsWhoDidWhat) {
    contract::LicenceActsReply reply;
    contract::LicenceAct& act = reply.acts.emplace_back();
    act.number = 17;
    act.who = "panel:ann";
    act.act = "set_licence_key";
    act.what = "4410-0093-7721, off: done";
    reply.truncated = true;
    licd_.answer(RequestKind::licence_acts, reply);
    EXPECT_EQ(run_words({"acts", "--limit", "1", "--before", "18"}), Exit::done);
    contract::LicenceActsRequest wanted;
    wanted.limit = 1;
    wanted.before = 18;
    EXPECT_EQ(asked<contract::LicenceActsRequest>(), wanted);
    EXPECT_TRUE(told("panel:ann  set_licence_key  4410-0093-7721, off: done\n")) << console_.told;
    EXPECT_TRUE(told("--before 17")) << console_.told;
}

TEST_F(LicenceTest, WritesTheLogsForNobodyElseToRead) {
    licd_.answer(RequestKind::pack_licence_logs,
                 contract::LicenceLogs{"licd-logs-1.tar", base::bytes_of("archive")});
    const std::string path = folder_ + "/logs.tar";
    EXPECT_EQ(run_words({"logs", "--out", path.c_str()}), Exit::done);
    EXPECT_EQ(base::string_of(MUST(os::read_file(path, 100))), "archive");
    using std::filesystem::perms;
    EXPECT_EQ(std::filesystem::status(path).permissions(), perms::owner_read | perms::owner_write);
    EXPECT_TRUE(told(path)) << console_.told;
    console_.told.clear();
    EXPECT_EQ(run_words({"logs", "--out", "-"}), Exit::done);
    EXPECT_EQ(console_.told, "archive");
}

}  // namespace
}  // namespace tillhost::tillctl
