// Claim: SOAP is the same door as JSON: the same tokens, roles, devices, ids and errors; what may
// have been carried out is another fault than what was refused.
// Shown: devd is played behind the connections of the client library; envelopes of both versions
// and broken ones are sent by hand.
#include <regex>

#include "sumpd/exchange/xml_tree.h"
#include "sumpd/webpos/soap.h"
#include "sumpd/webpos/test/played_devd.h"

namespace tillhost::sumpd::webpos {
namespace {

using exchange::Node;
using exchange::Space;

constexpr std::string_view kOld = "http://schemas.xmlsoap.org/soap/envelope/";
constexpr std::string_view kNew = "http://www.w3.org/2003/05/soap-envelope";
constexpr std::string_view kSubmit =
    "<operation_id>0190b8f2-0000-7000-8000-000000000001</operation_id><device>kassa</device>"
    "<command><x_report/></command>";

class SoapTest : public WebTillsTest {
protected:
    static std::string envelope(std::string_view name, std::string_view inside,
                                std::string_view soap = kOld) {
        return fmt::format(
            "<s:Envelope xmlns:s=\"{0}\"><s:Body><{1} xmlns=\"urn:tillhost:devices:1\">{2}</{1}>"
            "</s:Body></s:Envelope>",
            soap, name, inside);
    }
    Response send(std::string body, std::string_view type = "text/xml; charset=utf-8") {
        http::Request request = request_of(Method::post, std::string(kSoapPath), std::move(body));
        request.headers = {{"Content-Type", std::string(type)}};
        return ask(std::move(request), cashier_);
    }
    Response call(std::string_view name, std::string_view inside, std::string_view soap = kOld) {
        return send(envelope(name, inside, soap));
    }
    static Node body_of(const Response& response) {
        Node root = exchange::xml_tree(response.body, exchange::kAnswerBounds).value();
        Node* body = root.find(root.space, "Body");
        EXPECT_NE(body, nullptr) << response.body;
        return body == nullptr ? Node{} : body->children.at(0);
    }
    /// The text at a path of elements of the contract, below an answer or the detail of a fault.
    static std::string text_at(const Response& response, const std::vector<std::string>& path) {
        Node at = body_of(response);
        if (at.name == "Fault") {
            Node* old = at.find(Space::none, "detail");
            Node detail = old != nullptr ? *old : *at.find(Space::soap12, "Detail");
            at = detail;
        }
        for (const std::string& name : path) {
            const Node* next = at.find(Space::devices, name);
            if (next == nullptr) {
                return "(none)";
            }
            Node inner = *next;
            at = std::move(inner);
        }
        return at.text;
    }
};

TEST_F(SoapTest, AnOperationGoesUnderTheTillsOwnId) {
    for (const std::string_view soap : {kOld, kNew}) {
        const Response response = call("submit", kSubmit, soap);
        EXPECT_EQ(response.status, 200) << response.body;
        EXPECT_EQ(response.content_type.substr(0, 8), soap == kOld ? "text/xml" : "applicat");
        EXPECT_EQ(body_of(response).name, "submit_reply");
        EXPECT_EQ(text_at(response, {"reply", "state"}), "accepted");
        EXPECT_EQ(text_at(response, {"book"}), "77");
    }
    ASSERT_EQ(devd_.seen.size(), 2U);
    EXPECT_EQ(submit().status, 200);  // by JSON
    const auto asked = [this](std::size_t at) {
        auto read = contract::from_value<contract::SubmitRequest>(devd_.seen.at(at).body).value();
        read.session = 1;
        return read;
    };
    EXPECT_EQ(asked(0), asked(2)) << "one operation, in whatever form it came";
}

TEST_F(SoapTest, EveryRequestIsAnOperationForWhoMay) {
    cashier_ = make({.name = "all", .origin = "-", .role = contract::Role::administrator});
    devd_.answer = [](RequestKind kind, const Value&) {
        return base::make_error(ErrorCode::cutter_failed, std::string(contract::name_of(kind)));
    };
    for (const Route& route : routes()) {
        const std::string name(contract::name_of(route.kind));
        const Response response = call(name, "");
        EXPECT_EQ(response.status, 500);
        EXPECT_EQ(text_at(response, {"refused", "error", "text"}), name);
        EXPECT_EQ(text_at(response, {"refused", "error", "code"}), "cutter_failed");
        EXPECT_NE(wsdl_answer({}).body.find(fmt::format("<wsdl:operation name=\"{}\">", name)),
                  std::string::npos);
    }
}

TEST_F(SoapTest, ALostAnswerIsAnotherFaultThanARefusal) {
    for (const std::string_view soap : {kOld, kNew}) {
        devd_.answer = [](RequestKind, const Value&) {
            return base::make_error(ErrorCode::link_lost, "", base::Effect::unknown);
        };
        const Response lost = call("submit", kSubmit, soap);
        EXPECT_EQ(lost.status, 500);
        EXPECT_EQ(text_at(lost, {"outcome_unknown", "error", "effect"}), "unknown");
        EXPECT_EQ(text_at(lost, {"refused"}), "(none)");
        EXPECT_NE(lost.body.find("outcome unknown: link_lost"), std::string::npos) << lost.body;
        EXPECT_NE(lost.body.find(soap == kOld ? "soap:Server" : "env:Receiver"), std::string::npos);
        EXPECT_EQ(header(lost, "Retry-After"), "1");
        devd_.answer = [](RequestKind, const Value&) {
            return base::make_error(ErrorCode::conflict, "");
        };
        const Response refused = call("submit", kSubmit, soap);
        EXPECT_EQ(text_at(refused, {"refused", "error", "effect"}), "none");
        EXPECT_EQ(text_at(refused, {"outcome_unknown"}), "(none)");
        EXPECT_NE(refused.body.find(soap == kOld ? "soap:Client" : "env:Sender"),
                  std::string::npos);
    }
    devd_.answer = [](RequestKind, const Value&) {
        return to_value(operation_in(contract::OperationState::in_doubt));
    };
    EXPECT_EQ(text_at(call("submit", kSubmit), {"reply", "state"}), "in_doubt");
    devd_.is_away = true;
    EXPECT_EQ(text_at(call("submit", kSubmit), {"refused", "error", "effect"}), "none");
}

TEST_F(SoapTest, NothingWithoutATokenNorFromAForeignPage) {
    http::Request request =
        request_of(Method::post, std::string(kSoapPath), envelope("submit", kSubmit));
    for (const char* secret : {"", "tw-wrong", "ts-session"}) {
        const Response response = ask(request, secret);
        EXPECT_EQ(response.status, 401);
        EXPECT_NE(header(response, "WWW-Authenticate"), "");
        EXPECT_EQ(text_at(response, {"refused", "error", "code"}), "not_permitted");
    }
    request.body = "no XML, which nobody looks at";
    EXPECT_EQ(ask(request, "tw-wrong").status, 401);
    request.headers = {{"Origin", "https://evil.example"}};
    const Response foreign = ask(request, cashier_);
    EXPECT_EQ(text_at(foreign, {"refused", "error", "text"}).substr(0, 7), "Origin:");
    EXPECT_EQ(header(foreign, "Access-Control-Allow-Origin"), "");
    EXPECT_TRUE(devd_.seen.empty());
}

TEST_F(SoapTest, RolesDevicesAndTheRateAreThoseOfTheToken) {
    EXPECT_EQ(text_at(call("status", "<device>other</device>"), {"refused", "error", "code"}),
              "not_permitted");
    EXPECT_EQ(text_at(call("audit", ""), {"refused", "error", "code"}), "not_permitted");
    EXPECT_TRUE(devd_.seen.empty());
    Response last;
    for (int i = 0; i < static_cast<int>(kRequestsAtOnce); ++i) {
        last = call("status", "<device>kassa</device>");
    }
    EXPECT_EQ(text_at(last, {"refused", "error", "code"}), "retry_later");
    EXPECT_EQ(last.status, 500);
    EXPECT_EQ(submit().status, 429) << "one rate for both forms";
}

TEST_F(SoapTest, WhatIsWrongIsNamed) {
    const auto field = [this](std::string_view name, std::string_view inside) {
        const Response response = call(name, inside);
        EXPECT_EQ(response.status, 500);
        EXPECT_NE(response.body.find("soap:Client"), std::string::npos) << response.body;
        return text_at(response, {"refused", "field"});
    };
    EXPECT_EQ(field("operation", "<waitMs>25001</waitMs>"), "waitMs");
    EXPECT_EQ(field("operation", "<waitMs>soon</waitMs>"), "waitMs");
    EXPECT_EQ(field("operation", "<book>-1</book>"), "book");
    EXPECT_EQ(field("operations", "<limit>1.5</limit>"), "limit");
    EXPECT_EQ(field("submit", "<command><x_report/><x_report/></command>"), "command.x_report");
    EXPECT_EQ(field("events", "<topics></topics>"), "topics");
    EXPECT_EQ(field("events", "<topics>alarms</topics><after>7</after>"), "after");
    EXPECT_EQ(field("dance", ""), "(none)");
    EXPECT_EQ(text_at(call("dance", ""), {"refused", "error", "code"}), "unknown_kind");
    EXPECT_EQ(text_at(call("await", ""), {"refused", "error", "code"}), "unknown_kind");
    EXPECT_TRUE(devd_.seen.empty());
}

TEST_F(SoapTest, WhatIsNoEnvelopeIsRefused) {
    const auto text = [this](std::string body) {
        const Response response = send(std::move(body));
        EXPECT_EQ(response.status, 500);
        EXPECT_EQ(text_at(response, {"refused", "error", "code"}), "malformed");
        return text_at(response, {"refused", "error", "text"});
    };
    EXPECT_NE(text("").find("line 1"), std::string::npos);
    EXPECT_NE(text("<a><b></a>").find("line 1, column"), std::string::npos);
    EXPECT_NE(text("<submit xmlns=\"urn:tillhost:devices:1\"/>").find("envelope"),
              std::string::npos);
    EXPECT_NE(text("<!DOCTYPE x [<!ENTITY e \"x\">]><x>&e;</x>").find("DOCTYPE"),
              std::string::npos);
    EXPECT_NE(text(std::regex_replace(envelope("submit", kSubmit), std::regex("devices:1"), "x"))
                  .find("urn:tillhost:devices:1"),
              std::string::npos);
    EXPECT_NE(text(envelope("submit", kSubmit, "urn:foreign")).find("SOAP 1.1"), std::string::npos);
    std::string deep;
    for (int i = 0; i < 40; ++i) {
        deep = fmt::format("<a>{}</a>", deep);
    }
    EXPECT_NE(text(envelope("submit", deep)).find("deep"), std::string::npos);
    const Response must = send(std::regex_replace(
        envelope("submit", kSubmit), std::regex("<s:Body>"),
        "<s:Header><a xmlns=\"urn:a\" s:mustUnderstand=\"1\"/></s:Header><s:Body>"));
    EXPECT_NE(must.body.find("soap:MustUnderstand"), std::string::npos);
    const Response broken = send("<", "application/soap+xml");
    EXPECT_EQ(body_of(broken).space, Space::soap12);
    EXPECT_TRUE(devd_.seen.empty());
}

TEST_F(SoapTest, AWaitIsAnAwaitAndABookIsHeldTo) {
    call("operation", fmt::format("<operation_id>{}</operation_id>", kId));
    EXPECT_EQ(devd_.seen.back().kind, RequestKind::operation);
    devd_.answer = [this](RequestKind, const Value&) {
        clock_.advance(std::chrono::milliseconds(10));
        return to_value(operation_in(contract::OperationState::done));
    };
    call("operation", fmt::format("<operation_id>{}</operation_id><waitMs>5000</waitMs>", kId));
    EXPECT_EQ(devd_.seen.back().kind, RequestKind::await);
    EXPECT_EQ(devd_.seen.back().body.find("waitMs"), nullptr);
    const std::size_t before = devd_.seen.size();
    const Response other = call("submit", std::string(kSubmit) + "<book>76</book>");
    EXPECT_EQ(text_at(other, {"refused", "error", "code"}), "other_book");
    EXPECT_EQ(devd_.seen.size(), before);
    EXPECT_EQ(call("submit", std::string(kSubmit) + "<book>77</book>").status, 200);
}

TEST_F(SoapTest, EventsArePolled) {
    devd_.events.push_back({.subscription = 1,
                            .epoch = 5,
                            .seq = 10,
                            .at_ms = 7,
                            .body = operation_in(contract::OperationState::done)});
    const Response response = call("events", "<topics>operation/kassa</topics>");
    EXPECT_EQ(response.status, 200) << response.body;
    EXPECT_EQ(text_at(response, {"reply", "events", "topic"}), "operation/kassa");
    EXPECT_EQ(text_at(response, {"reply", "events", "body", "operation", "state"}), "done");
    EXPECT_EQ(text_at(response, {"reply", "after"}), "5.11");
    EXPECT_EQ(text_at(response, {"book"}), "77");
}

TEST_F(SoapTest, TheWsdlIsForEverybodyAndSaysWhereItCameFrom) {
    http::Request request = request_of(Method::get, std::string(kSoapPath), "", {{"wsdl", ""}});
    request.headers = {{"Host", "shop.example:8443"}};
    request.secure = true;
    const Response response = tills_->answer(request);
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.content_type, "text/xml; charset=utf-8");
    std::size_t count = 0;
    for (std::size_t at = 0; (at = response.body.find("location=\"", at)) != std::string::npos;
         ++at) {
        EXPECT_EQ(response.body.substr(at + 10, 39), "https://shop.example:8443/devices/soap\"");
        ++count;
    }
    EXPECT_EQ(count, 2U);
    request.method = Method::put;
    EXPECT_EQ(tills_->answer(request).status, 405);
}

}  // namespace
}  // namespace tillhost::sumpd::webpos
