// Claim: nothing is reached but what a route gives to this visitor. Shown by calling every route
// without login and with the wrong one, and by forged forms.
#include "ipc/http/router.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "hal/os/fake/fake_clock.h"
#include "ipc/http/test/visitor.h"

namespace tillhost::http {
namespace {

class RouterTest : public testing::Test {
protected:
    RouterTest() {
        const Page page = [](const Visit& visit) {
            return Response{200,
                            "text/plain",
                            {},
                            fmt::format("{} {} {}", visit.request.path, visit.parameter("name"),
                                        visit.field("note"))};
        };
        router_.add(Method::get, "/login", Access::anyone, page);
        router_.add(Method::post, "/login", Access::anyone, page);
        router_.add(Method::get, "/", Access::session, page);
        router_.add(Method::post, "/note", Access::session, page);
        router_.add(Method::get, "/users/{name}", Access::administrator, page);
        router_.add(Method::get, "/users/new", Access::administrator, page);
        router_.add(Method::post, "/users/{name}/edit", Access::administrator, page);
        router_.add(Method::remove, "/users/{name}", Access::administrator, page);
        user_ = log_in(Role::user);
        administrator_ = log_in(Role::administrator);
    }
    std::string log_in(Role role) {
        return kept_cookie(
            sessions_.open(request_of(Method::post, "/login"), "ann", role, Language::ru));
    }
    std::string csrf(const std::string& cookie) {
        return sessions_.find(request_of(Method::get, "/", cookie))->csrf;
    }
    Request post(std::string_view path, const std::string& cookie, std::string body) {
        Request request = request_of(Method::post, path, cookie);
        request.headers.push_back({"Content-Type", "application/x-www-form-urlencoded"});
        request.body = std::move(body);
        return request;
    }
    int status(const Request& request) { return router_.answer(request).status; }
    int status(Method method, std::string_view path, std::string_view cookie = {}) {
        return status(request_of(method, path, cookie));
    }

    os::FakeClock clock_;
    Sessions sessions_{clock_};
    Router router_{sessions_};
    std::string user_;
    std::string administrator_;
};

TEST_F(RouterTest, GivesNothingWithoutLogin) {
    std::size_t closed = 0;
    for (const Router::Route& route : router_.routes()) {
        if (route.access == Access::anyone) {
            EXPECT_EQ(status(route.method, route.pattern), 200) << route.pattern;
            continue;
        }
        ++closed;
        const Response response = router_.answer(request_of(route.method, route.pattern));
        EXPECT_EQ(response.status, is_safe(route.method) ? 303 : 403) << route.pattern;
        EXPECT_EQ(response.headers == (std::vector<Pair>{{"Location", "/login"}}),
                  is_safe(route.method));
    }
    EXPECT_EQ(closed, 6U);
    // Unknown paths and methods do not tell that they are.
    EXPECT_EQ(status(Method::get, "/unknown"), 303);
    EXPECT_EQ(status(Method::head, "/"), 303);
    EXPECT_EQ(status(Method::post, "/unknown"), 403);
    EXPECT_EQ(status(Method::put, "/"), 403);
}

TEST_F(RouterTest, GivesEachRoleItsOwn) {
    for (const Router::Route& route : router_.routes()) {
        if (is_safe(route.method)) {
            EXPECT_EQ(status(route.method, route.pattern, user_),
                      route.access == Access::administrator ? 403 : 200);
            EXPECT_EQ(status(route.method, route.pattern, administrator_), 200);
            EXPECT_EQ(status(Method::head, route.pattern, administrator_), 200);
        } else {
            EXPECT_EQ(status(route.method, route.pattern, user_), 403);
        }
    }
    EXPECT_EQ(status(Method::get, "/unknown", user_), 404);
    EXPECT_EQ(status(Method::get, "/note", user_), 405);
}

TEST_F(RouterTest, FitsPatterns) {
    const auto body = [this](std::string_view path) {
        return router_.answer(request_of(Method::get, path, administrator_)).body;
    };
    EXPECT_EQ(body("/users/bob"), "/users/bob bob ");
    EXPECT_EQ(body("/users/new"), "/users/new  ");
    EXPECT_EQ(status(Method::get, "/users/", administrator_), 404);
    EXPECT_EQ(status(Method::get, "/users/bob/", administrator_), 404);
    EXPECT_EQ(status(Method::get, "/users", administrator_), 404);
}

TEST_F(RouterTest, ChangesNothingWithoutTheSessionsToken) {
    EXPECT_EQ(status(post("/note", user_, "note=x")), 403);
    EXPECT_EQ(status(post("/note", user_, "note=x&csrf=")), 403);
    EXPECT_EQ(status(post("/note", user_, "note=x&csrf=" + csrf(administrator_))), 403);
    const Response done = router_.answer(post("/note", user_, "note=x&csrf=" + csrf(user_)));
    EXPECT_EQ(done.status, 200);
    EXPECT_EQ(done.body, "/note  x");
    Request by_header = request_of(Method::remove, "/users/bob", administrator_);
    EXPECT_EQ(status(by_header), 403);
    by_header.headers.push_back({"X-CSRF-Token", csrf(administrator_)});
    EXPECT_EQ(status(by_header), 200);
    // A token in the query would end in logs and histories.
    Request by_query = post("/note", user_, "");
    by_query.query = {{"csrf", csrf(user_)}};
    EXPECT_EQ(status(by_query), 403);
    EXPECT_EQ(status(post("/note", user_, "csrf=%")), 400);
}

TEST_F(RouterTest, TakesNoFormsOfOtherSites) {
    const auto from = [this](std::vector<Pair> headers) {
        Request request = post("/note", user_, "csrf=" + csrf(user_));
        request.headers.insert(request.headers.end(), headers.begin(), headers.end());
        const int answered = status(request);
        Request login = post("/login", "", "");
        login.headers.insert(login.headers.end(), headers.begin(), headers.end());
        EXPECT_EQ(status(login), answered);
        return answered;
    };
    EXPECT_EQ(from({}), 200);
    EXPECT_EQ(from({{"Origin", "https://till.example:15201"}}), 200);
    EXPECT_EQ(from({{"Referer", "https://till.example:15201/note?x"}}), 200);
    EXPECT_EQ(from({{"Origin", "null"}, {"Sec-Fetch-Site", "same-origin"}}), 200);
    EXPECT_EQ(from({{"Origin", "null"}}), 403);
    EXPECT_EQ(from({{"Origin", "https://till.example"}}), 403);
    EXPECT_EQ(from({{"Origin", "http://till.example:15201"}}), 403);
    EXPECT_EQ(from({{"Origin", "https://evil.example"}}), 403);
    EXPECT_EQ(from({{"Referer", "https://till.example:15201.evil.example/"}}), 403);
    EXPECT_EQ(from({{"Referer", "evil"}}), 403);
    EXPECT_EQ(from({{"Sec-Fetch-Site", "cross-site"}}), 403);
    EXPECT_EQ(from({{"Sec-Fetch-Site", "same-site"}}), 403);
    EXPECT_EQ(
        from({{"Origin", "https://evil.example"}, {"Referer", "https://till.example:15201/"}}),
        403);
}

TEST_F(RouterTest, TellsPagesTheLanguage) {
    Language told = Language::en;
    router_.add(Method::get, "/language", Access::anyone, [&told](const Visit& visit) {
        told = visit.language;
        return Response{};
    });
    Request request = request_of(Method::get, "/language");
    request.headers.push_back({"Accept-Language", "pl"});
    EXPECT_EQ(status(request), 200);
    EXPECT_EQ(told, Language::pl);
    request.headers.push_back({"Cookie", user_});
    EXPECT_EQ(status(request), 200);
    EXPECT_EQ(told, Language::ru);
}

using RouterDeathTest = RouterTest;
TEST_F(RouterDeathTest, TwoRoutesDoNotShareAPath) {
    EXPECT_DEATH(router_.add(Method::get, "/users/{other}", Access::anyone, {}), "");
    EXPECT_DEATH(router_.add(Method::head, "/head", Access::anyone, {}), "");
}

}  // namespace
}  // namespace tillhost::http
