// Claim: nobody reaches licd by the panel but who has signed in and means it; each act is one
// request to licd, and a refusal of licd is said.
// Shown: every route called without a login; the panel with a licd that only notes what it is
// asked.
#include "licd/web/panel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <utility>

#include "hal/os/fake/fake_clock.h"
#include "hal/os/fake/kept_log.h"
#include "ipc/http/test/visitor.h"

namespace tillhost::licd::web {
namespace {

using contract::RequestKind;
using http::Method;
using http::Request;
using http::Response;

constexpr const char* kPassword = "correct horse battery";

/// Keeps what it was asked, and answers with one key and one lease.
class FakeDoor final : public Door {
public:
    base::Result<contract::Value> ask(std::string_view who, RequestKind kind,
                                      const contract::Value& body) override {
        asked.emplace_back(kind, body);
        EXPECT_EQ(who, user) << "licd is told who asks";
        if (const auto found = refusals.find(kind); found != refusals.end()) {
            return found->second;
        }
        contract::LicenceKey key;
        key.serial = "4410-0093-7721";
        key.kind = contract::LicenceKeyKind::software;
        key.state = contract::LicenceKeyState::active;
        if (kind == RequestKind::licence_keys || kind == RequestKind::remove_licence_key) {
            contract::LicenceKeysReply reply;
            reply.keys = {key};
            return contract::to_value(reply);
        }
        if (kind == RequestKind::licence_connections) {
            return contract::to_value(contract::LicenceConnectionsReply{});
        }
        if (kind == RequestKind::free_licences) {
            return contract::to_value(contract::FreeLicencesReply{1});
        }
        if (kind == RequestKind::licence_traits) {
            return contract::to_value(contract::LicenceTraitsReply{});
        }
        if (kind == RequestKind::licence_settings || kind == RequestKind::set_licence_settings) {
            return contract::to_value(settings);
        }
        if (kind == RequestKind::licence_acts) {
            return contract::to_value(acts_of_licd);
        }
        if (kind == RequestKind::pack_licence_logs) {
            return contract::to_value(
                contract::LicenceLogs{"licd-logs-1.tar", base::bytes_of("archive")});
        }
        if (kind == RequestKind::activate_licence) {
            contract::ActivateLicenceReply reply;
            reply.text = "the request";
            reply.file = "x.lreq";
            return contract::to_value(reply);
        }
        return contract::to_value(key);
    }
    /// The changes among what was asked.
    std::vector<std::pair<RequestKind, contract::Value>> acts() const {
        std::vector<std::pair<RequestKind, contract::Value>> found;
        for (const auto& one : asked) {
            const bool reads = one.first == RequestKind::licence_keys ||
                               one.first == RequestKind::licence_connections ||
                               one.first == RequestKind::licence_settings ||
                               one.first == RequestKind::licence_acts ||
                               one.first == RequestKind::licence_traits;
            if (!reads) {
                found.push_back(one);
            }
        }
        return found;
    }

    std::string user = "ann";
    contract::LicenceSettingsReply settings;
    contract::LicenceActsReply acts_of_licd;
    std::vector<std::pair<RequestKind, contract::Value>> asked;
    std::map<RequestKind, base::Error> refusals;
};

class PanelTest : public testing::Test {
protected:
    PanelTest()
        : folder_(testing::TempDir() + "panel_test"),
          passwords_(MUST(http::Passwords::create({.passes = 1, .memory_bytes = 64 * 1024}))),
          sign_ins_(MUST(SignIns::create())) {
        std::filesystem::remove_all(folder_);
        std::filesystem::create_directories(folder_);
    }
    Response get(std::string_view path) {
        return panel_.answer(http::request_of(Method::get, path, cookie_));
    }
    Response post(std::string_view path, std::string body, bool with_token = true) {
        Request request = http::request_of(Method::post, path, cookie_);
        request.headers.push_back({"Content-Type", "application/x-www-form-urlencoded"});
        request.peer = "127.0.0.1";
        if (with_token && !cookie_.empty()) {
            body += "&csrf=" + sessions_.find(request)->csrf;
        }
        request.body = std::move(body);
        return panel_.answer(request);
    }
    /// Keeps the cookie of an answer as a browser does.
    bool comes_in(const Response& response) {
        for (const http::Pair& header : response.headers) {
            if (header.name == "Set-Cookie") {
                cookie_ = http::kept_cookie(header.value);
                return response.status == 303;
            }
        }
        return false;
    }
    bool set_up() {
        const std::string token = MUST(login_.token());
        return comes_in(post("/set-up", "token=" + token + "&user=ann&password=" + kPassword +
                                            "&again=" + kPassword));
    }

    std::string folder_;
    os::FakeClock clock_;
    os::KeptLog log_;
    os::Logger logger_{log_};
    FakeDoor door_;
    panel::LoginFile login_{folder_, kResetLogin};
    http::Sessions sessions_{clock_};
    std::unique_ptr<http::Passwords> passwords_;
    http::LoginGuard guard_{clock_};
    std::unique_ptr<SignIns> sign_ins_;
    Panel panel_{{door_, login_, sessions_, *passwords_, guard_, logger_, sign_ins_.get()}};
    std::string cookie_;
};

TEST_F(PanelTest, WhoComesInAndLeavesIsToldAndAWrongTryIsNot) {
    post("/set-up", "token=guess&user=eve&password=" + std::string(kPassword));
    ASSERT_TRUE(set_up());
    post("/sign-out", "");
    cookie_.clear();
    post("/login", "user=ann&password=guess");
    ASSERT_TRUE(comes_in(post("/login", std::string("user=ann&password=") + kPassword)));
    const std::string again = "correct battery horse";
    post("/settings/login",
         "user=anna&old=" + std::string(kPassword) + "&password=" + again + "&again=" + again);
    std::vector<std::string> told;
    for (const SignIns::One& one : sign_ins_->take()) {
        told.push_back(one.act + " " + one.user + " " + one.from);
    }
    EXPECT_EQ(told,
              (std::vector<std::string>{"set_up ann 127.0.0.1", "sign_out ann 127.0.0.1",
                                        "sign_in ann 127.0.0.1", "change_login anna 127.0.0.1"}));
    EXPECT_TRUE(sign_ins_->take().empty());
}

TEST(SignIns, AreBoundedWhileNobodyTakesThem) {
    const auto sign_ins = MUST(SignIns::create());
    for (std::size_t i = 0; i <= SignIns::kWaitingMax; ++i) {
        sign_ins->put("sign_in", "a\x7F", "127.0.0.1");
    }
    const auto taken = sign_ins->take();
    EXPECT_EQ(taken.size(), SignIns::kWaitingMax);
    EXPECT_EQ(taken.front().user, "a?");
}

TEST_F(PanelTest, NoRouteReachesLicdWithoutALogin) {
    ASSERT_GT(panel_.routes().size(), 20U);
    for (const http::Router::Route& route : panel_.routes()) {
        Request request = http::request_of(route.method, route.pattern);
        request.headers.push_back({"Content-Type", "application/x-www-form-urlencoded"});
        request.body = "number=1&sure=yes&pin=x&text=y&set.log_level=0&was.log_level=1";
        const Response response = panel_.answer(request);
        if (route.access == http::Access::anyone) {
            EXPECT_NE(response.status, 500) << route.pattern;
        } else {
            EXPECT_EQ(response.status, http::is_safe(route.method) ? 303 : 403) << route.pattern;
        }
    }
    EXPECT_TRUE(door_.asked.empty());
    for (const char* pattern : {"/settings/change", "/settings/defaults", "/settings/login",
                                "/functions/acts", "/functions/logs"}) {
        const auto routes = panel_.routes();
        EXPECT_TRUE(std::any_of(routes.begin(), routes.end(), [&](const auto& route) {
            return route.pattern == pattern && route.access == http::Access::administrator;
        })) << pattern;
    }
}

TEST_F(PanelTest, TheFirstLoginNeedsTheToken) {
    EXPECT_NE(get("/login").body.find("One-time token"), std::string::npos);
    const std::string good = std::string("&user=ann&password=") + kPassword + "&again=" + kPassword;
    EXPECT_FALSE(comes_in(post("/set-up", "token=guess" + good)));
    const std::string token = MUST(login_.token());
    EXPECT_FALSE(comes_in(post("/set-up", "token=" + token + "&user=ann&password=short")));
    EXPECT_FALSE(comes_in(
        post("/set-up", "token=" + token + "&user=ann&password=" + kPassword + "&again=other")));
    EXPECT_FALSE(MUST(login_.read()).has_value());
    EXPECT_TRUE(set_up());
    EXPECT_EQ(get("/connections").status, 200);
    cookie_.clear();
    EXPECT_EQ(post("/set-up", "token=" + token + good).status, 303);  // to the login, no second one
    EXPECT_EQ(MUST(login_.read())->user, "ann");
    EXPECT_NE(get("/login").body.find("name=\"password\""), std::string::npos);
}

TEST_F(PanelTest, AWrongPasswordIsRefusedAndThenLocked) {
    ASSERT_TRUE(set_up());
    cookie_.clear();
    for (std::size_t i = 0; i < http::LoginGuard::kFailuresMax; ++i) {
        const Response refused = post("/login", "user=ann&password=wrong");
        EXPECT_NE(refused.body.find("User or password is wrong"), std::string::npos);
    }
    const std::string right = std::string("user=ann&password=") + kPassword;
    EXPECT_NE(post("/login", right).body.find("Too many wrong tries"), std::string::npos);
    clock_.advance(http::LoginGuard::kWindow);
    EXPECT_TRUE(comes_in(post("/login", right)));
    EXPECT_TRUE(log_.holds("web login refused"));
    EXPECT_FALSE(log_.holds(kPassword));
}

TEST_F(PanelTest, AnActIsOneRequestAndNeedsTheSessionsToken) {
    ASSERT_TRUE(set_up());
    EXPECT_EQ(post("/connections/release", "number=17", false).status, 403);
    EXPECT_TRUE(door_.acts().empty());
    EXPECT_EQ(post("/connections/release", "number=17").status, 303);
    ASSERT_EQ(door_.acts().size(), 1U);
    EXPECT_EQ(door_.acts()[0].first, RequestKind::free_licences);
    EXPECT_EQ(door_.acts()[0].second,
              contract::to_value(contract::FreeLicencesRequest{.number = 17}));
    EXPECT_EQ(post("/connections/release", "number=x").status, 400);
    EXPECT_EQ(door_.acts().size(), 1U);
    EXPECT_TRUE(log_.holds("act=release of=17 user=ann from=127.0.0.1"));
}

TEST_F(PanelTest, WhatCannotBeUndoneNeedsATick) {
    ASSERT_TRUE(set_up());
    EXPECT_NE(post("/functions/release-all", "").body.find("tick was not set"), std::string::npos);
    EXPECT_NE(post("/keys/4410-0093-7721/remove", "").body.find("tick was not set"),
              std::string::npos);
    EXPECT_TRUE(door_.acts().empty());
    EXPECT_EQ(post("/functions/release-all", "sure=yes").status, 303);
    EXPECT_EQ(post("/keys/4410-0093-7721/remove", "sure=yes").status, 303);
    ASSERT_EQ(door_.acts().size(), 2U);
    EXPECT_EQ(door_.acts()[0].second, contract::to_value(contract::FreeLicencesRequest{}));
    EXPECT_EQ(door_.acts()[1].first, RequestKind::remove_licence_key);
}

TEST_F(PanelTest, AKeyIsSetLoadedAndActivated) {
    ASSERT_TRUE(set_up());
    EXPECT_EQ(post("/keys/4410-0093-7721/set", "enabled=yes&code=secret").status, 303);
    contract::SetLicenceKeyRequest set{.serial = "4410-0093-7721", .enabled = true};
    set.access_code = "secret";
    EXPECT_EQ(door_.acts().back().second, contract::to_value(set));
    EXPECT_EQ(post("/keys/4410-0093-7721/set", "no_code=yes").status, 303);
    set.enabled = false;
    set.access_code = "";
    EXPECT_EQ(door_.acts().back().second, contract::to_value(set));
    EXPECT_EQ(post("/functions/load", "text=-----LICD+KEY+1-----").status, 303);
    EXPECT_EQ(door_.acts().back().second,
              contract::to_value(contract::LicenceKeyText{.text = "-----LICD KEY 1-----"}));
    EXPECT_NE(post("/keys/4410-0093-7721/activate", "pin=K7Q2").body.find("the request"),
              std::string::npos);
    EXPECT_FALSE(log_.holds("K7Q2"));
    EXPECT_FALSE(log_.holds("secret"));
}

TEST_F(PanelTest, ARefusalOfLicdIsSaid) {
    ASSERT_TRUE(set_up());
    door_.refusals.emplace(RequestKind::load_licence_file,
                           base::make_error(base::ErrorCode::key_damaged, "line 4 was changed"));
    EXPECT_NE(post("/functions/load", "text=x").body.find("line 4 was changed"), std::string::npos);
    door_.refusals.emplace(RequestKind::licence_connections,
                           base::make_error(base::ErrorCode::no_daemon, "nobody answers"));
    EXPECT_EQ(get("/connections").status, 503);
    EXPECT_EQ(get("/keys/other").status, 404);
}

TEST_F(PanelTest, ANewLoginEndsTheOtherSessions) {
    ASSERT_TRUE(set_up());
    const std::string first = cookie_;
    cookie_.clear();
    ASSERT_TRUE(comes_in(post("/login", std::string("user=ann&password=") + kPassword)));
    const std::string fresh = "&user=ann&password=another long one&again=another long one";
    EXPECT_NE(post("/settings/login", "old=wrong" + fresh).body.find("is wrong"),
              std::string::npos);
    EXPECT_TRUE(comes_in(post("/settings/login", std::string("old=") + kPassword + fresh)));
    EXPECT_EQ(get("/settings").status, 200);
    const std::string second = std::exchange(cookie_, first);
    EXPECT_EQ(get("/settings").status, 303);
    cookie_ = second;
    EXPECT_NE(post("/settings/login",
                   "old=another long one&user=a%09b&password=another long one"
                   "&again=another long one")
                  .body.find("1 to 64 characters"),
              std::string::npos);
    door_.user = "eve";  // from now on
    EXPECT_TRUE(comes_in(post("/settings/login",
                              "old=another long one&user=eve&password=another long one"
                              "&again=another long one")));
    EXPECT_EQ(MUST(login_.read())->user, "eve");
    EXPECT_EQ(get("/settings").status, 200);
}

contract::LicenceSetting lease_setting() {
    contract::LicenceSetting one;
    one.name = "times.lease_s";
    one.value = one.normal = "600";
    one.min = 70;
    one.max = 86'400;
    one.source = contract::LicenceSettingSource::normal;
    return one;
}

TEST_F(PanelTest, ChangesOfTheSettingsWhatWasTouchedAndNothingElse) {
    door_.settings.settings = {lease_setting(), lease_setting()};
    door_.settings.settings[1].name = "times.killed_s";
    ASSERT_TRUE(set_up());
    EXPECT_EQ(post("/settings/change", "set.times.lease_s=600&was.times.lease_s=600").status, 303);
    EXPECT_TRUE(door_.acts().empty());
    // Somebody else has changed it meanwhile; this form did not touch it.
    EXPECT_EQ(post("/settings/change",
                   "set.times.lease_s=500&was.times.lease_s=500"
                   "&set.times.killed_s=900&was.times.killed_s=600")
                  .status,
              303);
    contract::SetLicenceSettingsRequest wanted;
    wanted.changes = {{"times.killed_s", "900"}};
    ASSERT_EQ(door_.acts().size(), 1U);
    EXPECT_EQ(door_.acts()[0].second, contract::to_value(wanted));
    EXPECT_EQ(post("/settings/change", "forget.times.lease_s=yes&set.times.lease_s=7").status, 303);
    wanted.changes.clear();
    wanted.forget = {"times.lease_s"};
    EXPECT_EQ(door_.acts().back().second, contract::to_value(wanted));
}

TEST_F(PanelTest, SaysAtTheFieldWhyASettingIsNotTaken) {
    door_.settings.settings = {lease_setting()};
    ASSERT_TRUE(set_up());
    door_.refusals.emplace(RequestKind::set_licence_settings,
                           base::bad_field("times.lease_s", "at most <killed_s>"));
    const std::string page =
        post("/settings/change", "set.times.lease_s=8000&was.times.lease_s=600").body;
    EXPECT_NE(page.find("Not taken: at most &lt;killed_s&gt;"), std::string::npos) << page;
    EXPECT_NE(page.find("aria-invalid=\"true\""), std::string::npos);
    EXPECT_NE(page.find("value=\"8000\""), std::string::npos) << "what was typed stays";
    EXPECT_NE(page.find("role=\"alert\""), std::string::npos);
    door_.refusals.clear();
    door_.refusals.emplace(RequestKind::set_licence_settings,
                           base::make_error(base::ErrorCode::storage_full, "no room"));
    EXPECT_NE(post("/settings/change", "set.times.lease_s=8000").body.find("no room"),
              std::string::npos);
}

TEST_F(PanelTest, RestoresDefaultsOnlyAfterTheQuestion) {
    door_.settings.settings = {lease_setting()};
    ASSERT_TRUE(set_up());
    EXPECT_EQ(get("/settings/defaults").status, 200);
    contract::SetLicenceSettingsRequest all;
    all.forget_all = all.only_check = true;
    ASSERT_EQ(door_.acts().size(), 1U);
    EXPECT_EQ(door_.acts()[0].second, contract::to_value(all)) << "only looked at";
    EXPECT_NE(post("/settings/defaults", "").body.find("tick was not set"), std::string::npos);
    EXPECT_EQ(door_.acts().back().second, contract::to_value(all));
    EXPECT_EQ(post("/settings/defaults", "sure=yes").status, 303);
    all.only_check = false;
    EXPECT_EQ(door_.acts().back().second, contract::to_value(all));
}

TEST_F(PanelTest, HandsOutTheLogsAndShowsTheActs) {
    ASSERT_TRUE(set_up());
    const Response logs = post("/functions/logs", "");
    EXPECT_EQ(logs.body, "archive");
    EXPECT_EQ(logs.content_type, "application/x-tar");
    EXPECT_EQ(*http::find(logs.headers, "Content-Disposition"),
              "attachment; filename=\"licd-logs-1.tar\"");
    contract::LicenceAct act;
    act.number = 51;
    act.who = "panel:<ann>";
    act.act = "set_licence_key";
    door_.acts_of_licd.acts = {act};
    door_.acts_of_licd.truncated = true;
    const std::string page = get("/functions/acts").body;
    EXPECT_NE(page.find("panel:&lt;ann&gt;"), std::string::npos);
    EXPECT_NE(page.find("key changed"), std::string::npos);
    EXPECT_NE(page.find("/functions/acts?before=51"), std::string::npos);
    Request older = http::request_of(Method::get, "/functions/acts", cookie_);
    older.query = {{"before", "51"}};
    EXPECT_NE(panel_.answer(older).body.find("The newest"), std::string::npos);
    contract::LicenceActsRequest asked;
    asked.before = 51;
    asked.limit = kActsPerPage;
    EXPECT_EQ(door_.asked.back().second, contract::to_value(asked));
}

TEST_F(PanelTest, SpeaksTheLanguageThatWasChosen) {
    ASSERT_TRUE(set_up());
    EXPECT_EQ(post("/language", "language=pl").status, 303);
    EXPECT_NE(get("/keys").body.find("Klucze"), std::string::npos);
    EXPECT_EQ(post("/sign-out", "").status, 303);
    EXPECT_EQ(get("/keys").status, 303);
}

}  // namespace
}  // namespace tillhost::licd::web
