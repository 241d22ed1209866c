// Claim: what a panel shows before anybody has signed in holds only what the program made, and a
// browser that has the style does not get it again.
// Shown: an entrance whose paths and names are markup, asked as a browser asks.
#include "ipc/panel/entrance.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "hal/os/fake/fake_clock.h"
#include "hal/os/fake/kept_log.h"
#include "ipc/http/test/visitor.h"
#include "ipc/panel/parts.h"

namespace tillhost::panel {
namespace {

using http::Method;
using http::Response;

std::string_view title_of(http::Language) { return "<i>Shop</i>"; }

class EntranceTest : public testing::Test {
protected:
    EntranceTest()
        : folder_(testing::TempDir() + "entrance_test<b>"),
          passwords_(MUST(http::Passwords::create({.passes = 1, .memory_bytes = 64 * 1024}))) {
        std::filesystem::remove_all(folder_);
        std::filesystem::create_directories(folder_);
        entrance_.add_to(router_);
    }
    Response get(std::string_view path) {
        return router_.answer(http::request_of(Method::get, path));
    }

    std::string folder_;
    os::FakeClock clock_;
    os::KeptLog log_;
    os::Logger logger_{log_, os::Severity::debug};
    http::Sessions sessions_{clock_};
    http::LoginGuard guard_{clock_};
    std::unique_ptr<http::Passwords> passwords_;
    LoginFile login_{folder_, "reset <command>"};
    Entrance entrance_{{.login = login_,
                        .sessions = sessions_,
                        .passwords = *passwords_,
                        .guard = guard_,
                        .logger = logger_,
                        .title = title_of,
                        .home = "/home"}};
    http::Router router_{sessions_};
};

TEST_F(EntranceTest, TextsAreEscapedInTheFrame) {
    const std::string set_up = get("/login").body;
    EXPECT_NE(set_up.find("&lt;i&gt;Shop"), std::string::npos);
    EXPECT_EQ(set_up.find("<b>"), std::string::npos);
    ASSERT_TRUE(login_.write({"ann", "$argon2id$x"}));
    const std::string sign_in = get("/login").body;
    EXPECT_NE(sign_in.find("reset &lt;command&gt;"), std::string::npos);
    View view{.user = "<u>", .csrf = "\"", .note = "<n>", .error = "<e>"};
    const std::string page = document(view, "t", {{"/a", "<tab>", true}}, Markup("<p>kept</p>"));
    for (const char* evil : {"<u>", "<n>", "<e>", "<tab>"}) {
        EXPECT_EQ(page.find(evil), std::string::npos) << evil;
    }
    EXPECT_NE(page.find("<p>kept</p>"), std::string::npos);
}

TEST_F(EntranceTest, AnAssetThatTheBrowserHasIsNotSentAgain) {
    const Response first = get("/assets/panel.css");
    ASSERT_EQ(first.status, 200);
    const std::string* tag = http::find(first.headers, "ETag");
    ASSERT_NE(tag, nullptr);
    http::Request again = http::request_of(Method::get, "/assets/panel.css");
    again.headers.push_back({"If-None-Match", *tag});
    const Response second = router_.answer(again);
    EXPECT_EQ(second.status, 304);
    EXPECT_TRUE(second.body.empty());
    EXPECT_EQ(get("/assets/panel.js").status, 200);
}

}  // namespace
}  // namespace tillhost::panel
