// Claim: who may ask devd what over HTTP, and that it is told truly: nothing without a token,
// nothing to foreign pages, nothing beyond a role; a lost answer is never called a failure. devd is
// played behind the connections of the client library.
#include "sumpd/webpos/test/played_devd.h"

namespace tillhost::sumpd::webpos {
namespace {

TEST_F(WebTillsTest, NoRouteIsServedWithoutAToken) {
    std::vector<std::pair<Method, std::string>> all = {{Method::get, "/v1/events"},
                                                       {Method::get, "/v1/devices/x/y/z"}};
    for (const Route& route : routes()) {
        all.emplace_back(route.method, std::string(route.path));
    }
    for (const auto& [method, path] : all) {
        for (const char* secret : {"", "tw-wrong", "ts-session"}) {
            EXPECT_TRUE(WebTills::is_for(request_of(method, path)));
            const Response response = ask(request_of(method, path), secret);
            EXPECT_EQ(response.status, 401) << path;
            EXPECT_NE(header(response, "WWW-Authenticate"), "");
        }
        EXPECT_EQ(tills_->answer(request_of(method, path)).status, 401) << path;
    }
    EXPECT_TRUE(devd_.hellos.empty());
    EXPECT_FALSE(WebTills::is_for(request_of(Method::get, "/v1/app/devices")));
    EXPECT_FALSE(WebTills::is_for(request_of(Method::get, "/v1/devicesx")));
}

TEST_F(WebTillsTest, EveryRouteReachesItsRequestForWhoMay) {
    const std::string secret =
        make({.name = "all", .origin = "-", .role = contract::Role::administrator});
    devd_.answer = [](RequestKind kind, const Value&) {
        return base::make_error(ErrorCode::cutter_failed, std::string(contract::name_of(kind)));
    };
    for (const Route& route : routes()) {
        const Response response = ask(request_of(route.method, std::string(route.path)), secret);
        EXPECT_EQ(error_of(response, "text"), contract::name_of(route.kind)) << route.path;
        EXPECT_EQ(response.status, 409);
    }
}

TEST_F(WebTillsTest, AnOperationGoesUnderTheTillsOwnId) {
    const Response response = submit();
    EXPECT_EQ(response.status, 200) << response.body;
    EXPECT_EQ(header(response, "X-Device-Book"), "77");
    const Value told = ipc::from_json(response.body).value();
    EXPECT_EQ(*told.find("state")->get_if<std::string>(), "accepted");
    ASSERT_EQ(devd_.seen.size(), 1U);
    const auto asked = contract::from_value<contract::SubmitRequest>(devd_.seen[0].body).value();
    EXPECT_EQ(asked.operation_id.to_text(), kId);
    EXPECT_EQ(asked.session, 101);
    EXPECT_EQ(asked.device, "kassa");
    EXPECT_EQ(devd_.hellos.at(0).client, "web-till-1");
    EXPECT_EQ(devd_.hellos.at(0).at_most, contract::Role::cashier);
    EXPECT_EQ(devd_.hellos.at(0).only_devices, (std::vector<std::string>{"kassa", "pos"}));
}

TEST_F(WebTillsTest, ALostAnswerIsNeverAFailure) {
    for (const ErrorCode code : {ErrorCode::link_lost, ErrorCode::deadline_passed}) {
        devd_.answer = [code](RequestKind, const Value&) {
            return base::make_error(code, "", base::Effect::unknown);
        };
        const Response response = submit();
        EXPECT_EQ(response.status, 504);
        EXPECT_EQ(error_of(response, "effect"), "unknown");
    }
    devd_.answer = [](RequestKind, const Value&) {
        return to_value(operation_in(contract::OperationState::in_doubt));
    };
    EXPECT_NE(submit().body.find(R"("state":"in_doubt")"), std::string::npos);
    devd_.is_away = true;
    EXPECT_EQ(submit().status, 503);
    EXPECT_EQ(error_of(submit(), "effect"), "none");
}

TEST_F(WebTillsTest, AConnectionThatWasMadeAnewHasItsOwnSession) {
    submit();
    devd_.answer = [this](RequestKind, const Value& body) -> Result<Value> {
        if (*body.find("session")->get_if<std::int64_t>() != devd_.last_session ||
            devd_.seen.size() == 2) {
            return base::make_error(ErrorCode::stale_session, "");
        }
        return to_value(operation_in(contract::OperationState::accepted));
    };
    EXPECT_EQ(submit().status, 200);
    EXPECT_EQ(devd_.seen.size(), 3U);
}

TEST_F(WebTillsTest, AnotherBookIsNotAsked) {
    auto request =
        request_of(Method::put, fmt::format("/v1/operations/{}", kId), "{}", {{"book", "76"}});
    const Response response = ask(request, cashier_);
    EXPECT_EQ(response.status, 409);
    EXPECT_EQ(error_of(response), "other_book");
    EXPECT_TRUE(devd_.seen.empty());
    EXPECT_EQ(submit().status, 200);
}

TEST_F(WebTillsTest, RolesAndDevicesAreThoseOfTheToken) {
    const std::string observer =
        make({.name = "eye", .origin = std::string(kOrigin), .role = contract::Role::observer});
    auto request = request_of(Method::put, fmt::format("/v1/operations/{}", kId), "{}");
    EXPECT_EQ(error_of(ask(request, observer)), "not_permitted");
    EXPECT_EQ(ask(request_of(Method::get, "/v1/devices/other"), cashier_).status, 403);
    EXPECT_EQ(submit(R"({"device":"other","command":{"x_report":{}}})").status, 403);
    EXPECT_TRUE(devd_.seen.empty());
}

TEST_F(WebTillsTest, WhatIsWrongIsNamed) {
    EXPECT_NE(error_of(submit("{"), "text").find("line 1"), std::string::npos);
    EXPECT_EQ(error_of(submit("[]")), "malformed");
    EXPECT_EQ(
        error_of(submit(fmt::format(R"({{"operation_id":"{}"}})", kId)), "text").substr(0, 13),
        "operation_id:");
    const auto query = [this](std::string name, std::string value) {
        return error_of(ask(request_of(Method::get, "/v1/operations", "",
                                       {{std::move(name), std::move(value)}}),
                            cashier_),
                        "text");
    };
    EXPECT_EQ(query("unsettled_only", "yes").substr(0, 15), "unsettled_only:");
    EXPECT_EQ(query("limit", "1.5").substr(0, 6), "limit:");
    EXPECT_EQ(query("colour", "red").substr(0, 7), "colour:");
    EXPECT_EQ(query("waitMs", "25001").substr(0, 7), "waitMs:");
    EXPECT_EQ(ask(request_of(Method::post, "/v1/events"), cashier_).status, 404);
    EXPECT_EQ(ask(request_of(Method::put, "/v1/devices"), cashier_).status, 405);
    EXPECT_TRUE(devd_.seen.empty());
}

// ---- pages --------------------------------------------------------------------------------------

TEST_F(WebTillsTest, PreflightsOfKnownOriginsOnly) {
    http::Request request = request_of(Method::options, "/v1/operations/x");
    request.headers = {{"Origin", std::string(kOrigin)},
                       {"Access-Control-Request-Method", "PUT"},
                       {"Access-Control-Request-Private-Network", "true"}};
    Response response = tills_->answer(request);
    EXPECT_EQ(response.status, 204);
    EXPECT_EQ(header(response, "Access-Control-Allow-Origin"), kOrigin);
    EXPECT_NE(header(response, "Access-Control-Allow-Methods").find("PUT"), std::string::npos);
    EXPECT_NE(header(response, "Access-Control-Allow-Headers").find("Authorization"),
              std::string::npos);
    EXPECT_EQ(header(response, "Access-Control-Allow-Private-Network"), "true");
    EXPECT_EQ(header(response, "Access-Control-Allow-Credentials"), "");
    EXPECT_NE(header(response, "Vary").find("Origin"), std::string::npos);
    for (const char* origin : {"https://evil.example", "null", "*", "-", "",
                               "https://pos.example.evil", "http://pos.example"}) {
        request.headers[0].value = origin;
        response = tills_->answer(request);
        EXPECT_EQ(response.status, 403) << origin;
        EXPECT_EQ(header(response, "Access-Control-Allow-Origin"), "");
    }
    request = request_of(Method::options, "/v1/app/devices");
    request.headers = {{"Origin", std::string(kOrigin)}};
    EXPECT_EQ(tills_->answer(request).status, 405);
}

TEST_F(WebTillsTest, AnotherPagesOriginIsRefusedThoughTheTokenIsGood) {
    make({.name = "other", .origin = "https://other.example", .role = contract::Role::cashier});
    const auto from = [this](const char* origin) {
        http::Request request = request_of(Method::get, "/v1/operations/x");
        request.headers = {{"Origin", origin}};
        return ask(request, cashier_);
    };
    Response response = from("https://pos.example");
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(header(response, "Access-Control-Allow-Origin"), kOrigin);
    EXPECT_EQ(header(response, "Vary"), "Origin");
    response = from("https://other.example");  // a page that may read why
    EXPECT_EQ(response.status, 403);
    EXPECT_EQ(error_of(response, "text").substr(0, 7), "Origin:");
    EXPECT_EQ(header(response, "Access-Control-Allow-Origin"), "https://other.example");
    response = from("https://evil.example");
    EXPECT_EQ(response.status, 403);
    EXPECT_EQ(header(response, "Access-Control-Allow-Origin"), "");
    EXPECT_EQ(devd_.seen.size(), 1U);
}

TEST_F(WebTillsTest, WhoAsksTooOftenIsToldSo) {
    const auto status = [this] {
        return ask(request_of(Method::get, "/v1/operations/x"), cashier_).status;
    };
    for (int i = 0; i < static_cast<int>(kRequestsAtOnce); ++i) {
        ASSERT_EQ(status(), 200);
    }
    EXPECT_EQ(status(), 429);
    clock_.advance(std::chrono::seconds(1));
    EXPECT_EQ(status(), 200);
}

TEST_F(WebTillsTest, ConnectionsAreBoundedAndUsedAgain) {
    const WebToken token = *tokens_->find(cashier_);
    std::vector<DeviceLines::Line> lines;
    for (std::size_t i = 0; i < kLinesPerTokenMax; ++i) {
        lines.push_back(lines_->take(token, clock_.now()).value());
    }
    EXPECT_EQ(error_of(submit()), "retry_later");
    lines.clear();
    EXPECT_EQ(devd_.alive, static_cast<int>(kIdleLinesPerTokenMax));
    EXPECT_EQ(submit().status, 200);
    EXPECT_EQ(devd_.hellos.size(), kLinesPerTokenMax);
}

TEST_F(WebTillsTest, TheListOfAllIsForEverybody) {
    const Response response = tills_->answer(request_of(Method::get, "/devices/openapi.json"));
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.content_type, "application/json");
    for (const Route& route : routes()) {
        EXPECT_NE(response.body.find(fmt::format("\"{}\": {{", route.path)), std::string::npos)
            << route.path;
    }
}

}  // namespace
}  // namespace tillhost::sumpd::webpos
