// Claim: the door of the API: who is let in to which operation, in each encoding; paths, bodies and
// faults. Behind the door stands a fake that refuses everything with a code of its own, so that a
// request which reached it is known.
#include "sumpd/api/api.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "hal/os/fake/fake_clock.h"
#include "hal/os/fake/kept_log.h"
#include "sumpd/api/routes.h"
#include "sumpd/exchange/text_form.h"

namespace tillhost::sumpd::api {
namespace {

using exchange::FaultCode;
using http::Method;

constexpr os::Argon2Cost kCheap{.passes = 1, .memory_bytes = 8192};

class Reached final : public Operations {
public:
#define X(Request, Response)                                                                 \
    exchange::Outcome<exchange::Response> serve(const Caller& who,                           \
                                                const exchange::Request& request) override { \
        static_cast<void>(request);                                                          \
        operations.emplace_back(#Request);                                                   \
        last = who;                                                                          \
        return exchange::refuse(FaultCode::deadline, "reached");                             \
    }
    SUMP_OPERATIONS(X)
#undef X
    std::optional<std::string> changes_at_once(const Caller& who,
                                               const exchange::GetChanges&) override {
        last = who;
        return at_once;
    }
    std::vector<std::string> operations;
    Caller last;
    std::optional<std::string> at_once;
};

class StoreFake final : public apps::RegistryStore {
public:
    exchange::Outcome<bool> write(const apps::RegistryChange&) override { return true; }
    exchange::Outcome<std::int64_t> last_seq(const std::string&) override { return 0; }
};

http::Request request_of(Method method, const std::string& path, std::string body = "",
                         std::vector<http::Pair> query = {}) {
    http::Request request;
    request.method = method;
    request.path = path;
    request.body = std::move(body);
    request.query = std::move(query);
    return request;
}

class ApiTest : public testing::Test {
protected:
    ApiTest() {
        const std::string token = registry_.invite({.by = {.login = "test"}})->token;
        key_ = registry_.enroll({.token = {token}, .install_id = "p"})->device_key.text;
        session_ = registry_
                       .login({.device_key = {key_},
                               .login = "anna",
                               .password = exchange::Secret{"password"}},
                              "a")
                       ->session.text;
    }

    http::Response call(Method method, const std::string& path, const std::string& authorization,
                        std::string body = "", const std::string& content_type = "") {
        http::Request request = request_of(method, path, std::move(body));
        request.peer = "10.0.0.9";
        if (!authorization.empty()) {
            request.headers.push_back({"Authorization", authorization});
        }
        if (!content_type.empty()) {
            request.headers.push_back({"Content-Type", content_type});
        }
        return api_.answer(request);
    }

    static std::string fault_of(const http::Response& response) {
        const std::string* word = http::find(response.headers, "X-Sump-Fault");
        return word == nullptr ? "" : *word;
    }
    static std::string basic(const std::string& pair) {
        return "Basic " + exchange::base64_of(base::bytes_of(pair));
    }

    os::FakeClock clock_;
    os::KeptLog log_;
    StoreFake store_;
    apps::NoSeats seats_;
    std::unique_ptr<http::Passwords> passwords_ = *http::Passwords::create(kCheap);
    apps::Registry registry_{
        {.store = store_,
         .clock = clock_,
         .passwords = *passwords_,
         .server_name = "s",
         .server_id = "i",
         .pin = "p",
         .permissions = [](const std::string&,
                           const std::string&) { return std::vector<exchange::Permission>{}; },
         .seats = seats_},
        {.accounts = {{.id = "u1", .login = "anna", .password = *passwords_->hash("password")}}}};
    Reached operations_;
    Doorkeeper doorkeeper_{{.login = "erp", .password = "a long password"}, registry_, clock_};
    Api api_{{.operations = operations_, .doorkeeper = doorkeeper_, .logger = os::Logger(log_)}};
    std::string key_;
    std::string session_;
};

/// A path with something in each hole.
std::string path_of(const exchange::JsonRoute& route) {
    std::string path(route.path);
    for (std::size_t at = path.find('{'); at != std::string::npos; at = path.find('{')) {
        path.replace(at, path.find('}') - at + 1, "1");
    }
    return path;
}

// Claimed: a revoked device is refused everywhere at once; while its rescue is open it may deliver
// documents and ask for them, and nothing else.
TEST_F(ApiTest, RevokedAndRescued) {
    const std::string id = registry_.devices().front().row.id;
    const auto fault_of = [&](Method method, const std::string& path, const std::string& token) {
        const auto response = call(method, path, "Bearer " + token, R"({"docId":[]})");
        const std::string* word = http::find(response.headers, "X-Sump-Fault");
        return word == nullptr ? std::string() : *word;
    };
    ASSERT_TRUE(registry_.revoke_device(id, {.login = "admin"}));
    EXPECT_EQ(fault_of(Method::post, "/v1/app/documents/status", key_), "device_revoked");
    EXPECT_EQ(fault_of(Method::get, "/v1/app/changes", session_), "session_expired");
    EXPECT_TRUE(operations_.operations.empty());
    ASSERT_TRUE(registry_.open_rescue(id, 3600, {.login = "admin"}));
    EXPECT_EQ(fault_of(Method::post, "/v1/app/heartbeat", key_), "device_revoked");
    EXPECT_TRUE(operations_.operations.empty());
    call(Method::post, "/v1/app/documents/status", "Bearer " + key_,
         R"({"docId":["0b9e3c1e-5f5c-4a53-9d0e-2f6a1f7f2c11"]})", "application/json");
    ASSERT_EQ(operations_.operations, std::vector<std::string>{"GetDocumentStatus"});
    EXPECT_EQ(operations_.last.kind, Access::rescued);
    EXPECT_EQ(operations_.last.device_id, id);
}

// Claimed: without login every path of JSON, known or not, and every operation of XML is refused as
// unauthorized, but for those that bring their own secret along; none of them reaches the desk.
TEST_F(ApiTest, NothingWithoutLogin) {
    for (const exchange::JsonRoute& route : exchange::json_routes()) {
        const auto response = call(*http::method_from(route.method), path_of(route), "", "{}");
        const bool own_secret = access_of(route.operation) == Access::anyone;
        EXPECT_EQ(fault_of(response), own_secret ? "schema_invalid" : "unauthorized") << route.path;
    }
    EXPECT_EQ(fault_of(call(Method::get, "/v1/nothing", "")), "unauthorized");
    for (const std::string space : {"urn:sumpd:exchange:1"}) {
#define X(Request, Response)                                                                       \
    {                                                                                              \
        const auto response =                                                                      \
            call(Method::post, "/xml", "", fmt::format("<" #Request " xmlns='{}'/>", space));      \
        const bool own_secret = access_of(#Request) == Access::anyone;                             \
        EXPECT_EQ(fault_of(response), own_secret ? "schema_invalid" : "unauthorized") << #Request; \
    }
        SUMP_OPERATIONS(X)
#undef X
    }
    EXPECT_EQ(fault_of(call(Method::post, "/xml", "", "<No xmlns='urn:sumpd:exchange:1'/>")),
              "unauthorized");
    EXPECT_TRUE(operations_.operations.empty());
}

// Claimed: a large body is read only for somebody who shows who he is, in the header or by a
// Session at its beginning; before that not even whether it is XML is looked at.
TEST_F(ApiTest, LargeBodiesOfTheUnknownAreNotRead) {
    const std::string filling(kUnknownRequestBytesMax, 'x');
    const auto put = [&](const std::string& session) {
        return fmt::format(
            "<GetDocumentStatus xmlns='urn:sumpd:exchange:1'>{}<DocId>{}</DocId>"
            "</GetDocumentStatus>",
            session, filling);
    };
    const auto ask = [&](const std::string& body, const std::string& authorization = "") {
        return fault_of(call(Method::post, "/xml", authorization, body, "text/xml"));
    };
    EXPECT_EQ(ask("<no XML " + filling), "unauthorized");
    EXPECT_EQ(ask(put("")), "unauthorized");
    EXPECT_EQ(ask(put("<Session>tw-none</Session>")), "unauthorized");
    EXPECT_EQ(ask(put("<Session>" + session_ + "</Session>")), "schema_invalid") << "it was read";
    EXPECT_EQ(ask(put(""), "Bearer " + session_), "schema_invalid");
    const std::string large = R"({"installId":")" + filling + "\"}";
    EXPECT_EQ(fault_of(call(Method::post, "/v1/app/enroll", "", large)), "unauthorized");
    EXPECT_TRUE(operations_.operations.empty());
}

// Claimed: what is said at once is said to a session that asks for changes, and to nobody else; it
// looks like any other answer.
TEST_F(ApiTest, ChangesAtOnce) {
    const auto ask = [&](const std::string& path, const std::string& token,
                         const std::string& bytes = "4096") {
        http::Request request = request_of(Method::get, path, "", {{"maxBytes", bytes}});
        request.headers.push_back({"Authorization", "Bearer " + token});
        return api_.answer_at_once(request);
    };
    EXPECT_FALSE(ask("/v1/app/changes", session_)) << "the operations have to be asked";
    operations_.at_once = "{}";
    const auto response = ask("/v1/app/changes", session_);
    ASSERT_TRUE(response);
    EXPECT_EQ(response->body, "{}");
    EXPECT_EQ(operations_.last.kind, Access::session);
    EXPECT_NE(http::find(response->headers, "X-Request-Id"), nullptr);
    EXPECT_NE(http::find(response->headers, "X-Sump-Contract"), nullptr);
    EXPECT_FALSE(ask("/v1/app/changes", key_)) << "a device's key is no session";
    EXPECT_FALSE(ask("/v1/app/changes", "a long password"));
    EXPECT_FALSE(ask("/v1/app/changes", session_, "many")) << "who is wrong hears why, elsewhere";
    EXPECT_FALSE(ask("/v1/app/devices", session_));
    ASSERT_TRUE(registry_.logout(operations_.last.session));
    EXPECT_FALSE(ask("/v1/app/changes", session_));
    EXPECT_TRUE(operations_.operations.empty());
}

// Claimed: each kind of login reaches its own operations and no others.
TEST_F(ApiTest, EachLoginItsOwn) {
    const std::string node = basic("erp:a long password");
    EXPECT_EQ(fault_of(call(Method::get,
                            "/v1/erp/outbox/0b9e3c1e-5f5c-4a53-9d0e-2f6a1f7f2c11/"
                            "parts/1",
                            node)),
              "deadline");
    EXPECT_EQ(fault_of(call(Method::post, "/v1/app/logout", node)), "forbidden");
    const std::string session = "Bearer " + session_;
    EXPECT_EQ(fault_of(call(Method::post, "/v1/app/logout", session)), "deadline");
    EXPECT_EQ(operations_.last.user_id, "u1");
    EXPECT_EQ(fault_of(call(Method::get, "/v1/erp/status", session)), "forbidden");
    const std::string device = "Bearer " + key_;
    const std::string ids = R"({"docId":["0b9e3c1e-5f5c-4a53-9d0e-2f6a1f7f2c11"]})";
    EXPECT_EQ(fault_of(call(Method::post, "/v1/app/documents/status", device, ids)), "deadline");
    EXPECT_EQ(fault_of(call(Method::post, "/v1/app/logout", device)), "forbidden");
    EXPECT_EQ(operations_.operations,
              (std::vector<std::string>{"GetPart", "Logout", "GetDocumentStatus"}));
}

// Claimed: wrong credentials of any form are refused, after a few of the accounting system's with
// the time to wait; the right ones are let in all the same.
TEST_F(ApiTest, WrongCredentials) {
    for (const std::string& wrong :
         {basic("erp:wrong"), basic("erp"), basic(""), std::string("Basic !"),
          std::string("Digest x"), std::string("Bearer "), std::string("Bearer wrong")}) {
        const auto response = call(Method::get, "/v1/erp/status", wrong);
        EXPECT_TRUE(response.status == 401 || response.status == 429) << wrong;
    }
    for (std::size_t i = 0; i <= http::LoginGuard::kFailuresMax; ++i) {
        call(Method::get, "/v1/erp/status", basic("erp:wrong"));
    }
    const auto waits = call(Method::get, "/v1/erp/status", basic("erp:wrong"));
    EXPECT_EQ(waits.status, 429);
    EXPECT_NE(http::find(waits.headers, "Retry-After"), nullptr);
    EXPECT_EQ(fault_of(call(Method::get, "/v1/erp/jobs/7", "Bearer a long password")), "deadline");
    EXPECT_EQ(fault_of(call(Method::post, "/v1/app/logout", "Bearer " + session_ + "x")),
              "session_expired");
}

// Claimed: what stands in the path and in the query is part of the record; a field that stands
// twice, a number that is none and a body that is no object are refused by their names.
TEST_F(ApiTest, PathQueryAndBody) {
    const exchange::JsonRoute* job = find_route(Method::get, "/v1/erp/jobs/a\"b").route;
    ASSERT_NE(job, nullptr);
    EXPECT_EQ(*json_of(*job, request_of(Method::get, "/v1/erp/jobs/a\"b", "", {{"waitMs", "20"}})),
              R"({"jobId":"a\"b","waitMs":20})");
    EXPECT_EQ(json_of(*job, request_of(Method::get, "/v1/erp/jobs/a", "", {{"waitMs", "2.5"}}))
                  .error()
                  .field,
              "waitMs");
    const exchange::JsonRoute* lock = find_route(Method::post, "/v1/app/tasks/t1/lock").route;
    ASSERT_NE(lock, nullptr);
    EXPECT_EQ(
        *json_of(*lock, request_of(Method::post, "/v1/app/tasks/t1/lock", " {\"leaseSec\":5}")),
        R"({"taskId":"t1","leaseSec":5})");
    EXPECT_EQ(*json_of(*lock, request_of(Method::post, "/v1/app/tasks/t1/lock", "{ }")),
              R"({"taskId":"t1" })");
    EXPECT_EQ(json_of(*lock, request_of(Method::post, "/v1/app/tasks/t1/lock", "[]")).error().code,
              FaultCode::bad_request);
    EXPECT_EQ(fault_of(call(Method::post, "/v1/app/tasks/t1/lock", "Bearer " + session_,
                            R"({"taskId":"t2","leaseSec":5})")),
              "bad_request");
    EXPECT_EQ(find_route(Method::post, "/v1/app/documents/status").route->operation,
              "GetDocumentStatus");
    EXPECT_EQ(call(Method::remove, "/v1/erp/status", basic("erp:a long password")).status, 405);
    EXPECT_EQ(call(Method::get, "/v1/none", basic("erp:a long password")).status, 404);
}

// Claimed: every answer says the contract's version and the request's id: the client's where it is
// a name, else a new one; a fault has the id inside, and SOAP's faults have status 500.
TEST_F(ApiTest, HeadersAndFaults) {
    http::Request request = request_of(Method::get, "/healthz");
    request.headers.push_back({"X-Request-Id", "till-7.3"});
    auto response = api_.answer(request);
    EXPECT_EQ(response.status, 204);
    EXPECT_EQ(*http::find(response.headers, "X-Request-Id"), "till-7.3");
    EXPECT_EQ(*http::find(response.headers, "X-Sump-Contract"), "1.0");
    request.headers[0].value = "a b";
    EXPECT_NE(*http::find(api_.answer(request).headers, "X-Request-Id"), "a b");
    response = call(Method::post, "/soap", "",
                    "<e:Envelope xmlns:e='http://schemas.xmlsoap.org/soap/envelope/'><e:Body>"
                    "<Logout xmlns='urn:sumpd:exchange:1'/></e:Body></e:Envelope>",
                    "text/xml");
    EXPECT_EQ(response.status, 500);
    EXPECT_NE(response.body.find("<faultcode>"), std::string::npos) << response.body;
    EXPECT_NE(response.body.find(*http::find(response.headers, "X-Request-Id")), std::string::npos);
    EXPECT_EQ(call(Method::post, "/soap", "", "no XML").status, 500);
    EXPECT_EQ(call(Method::post, "/xml", "", "no XML").status, 400);
}

// Claimed: an app that cannot set headers signs in by the element Session.
TEST_F(ApiTest, SessionInTheElement) {
    const auto response =
        call(Method::post, "/xml", "",
             fmt::format("<Logout xmlns='urn:sumpd:exchange:1'><Session>{}</Session></Logout>",
                         session_));
    EXPECT_EQ(fault_of(response), "deadline");
    EXPECT_EQ(operations_.last.device_id, registry_.devices().front().row.id);
}

// Claimed: the schemas are for everybody, and the WSDL's address is where the client came to.
TEST_F(ApiTest, Schemas) {
    http::Request request = request_of(Method::get, "/soap");
    request.secure = true;
    request.headers.push_back({"Host", "shop.example:8443"});
    const auto wsdl = api_.answer(request);
    EXPECT_EQ(wsdl.status, 200);
    EXPECT_NE(wsdl.body.find("https://shop.example:8443/soap"), std::string::npos);
    EXPECT_EQ(call(Method::get, "/xsd", "").status, 200);
    EXPECT_EQ(call(Method::get, "/openapi.json", "").content_type, "application/json");
    EXPECT_EQ(call(Method::get, "/", "").status, 404);
    EXPECT_EQ(call(Method::post, "/", "").status, 404);
}

}  // namespace
}  // namespace tillhost::sumpd::api
