// Claim: an answer never holds a header that the handler did not mean or may not set, and a place
// is taken and given back. Shown on answers and places without a server.
#include "ipc/http/exchange.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "ipc/http/places.h"

namespace tillhost::http {
namespace {

TEST(Exchange, WritesADateAsHttpWantsIt) {
    const Wire wire = wire_of(plain_answer(404), {}, 784'111'777'000);
    EXPECT_TRUE(wire.head.starts_with("HTTP/1.1 404 Not Found\r\n"));
    EXPECT_NE(wire.head.find("Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"), std::string::npos);
    EXPECT_EQ(wire.body, "404 Not Found\n");
}

TEST(Exchange, KeepsItsOwnHeaders) {
    const Response response{200,
                            "text/plain",
                            {{"content-length", "1"},
                             {"Transfer-Encoding", "chunked"},
                             {"content-security-policy", "default-src *"},
                             {"X-Own", "kept"}},
                            "body"};
    const Wire wire = wire_of(response, {}, 0);
    EXPECT_NE(wire.head.find("Content-Length: 4\r\n"), std::string::npos);
    EXPECT_EQ(wire.head.find("content-length"), std::string::npos);
    EXPECT_EQ(wire.head.find("chunked"), std::string::npos);
    EXPECT_EQ(wire.head.find("default-src *"), std::string::npos);
    EXPECT_NE(wire.head.find("X-Own: kept\r\n"), std::string::npos);
}

TEST(Exchange, MakesA500OfWhatCannotBeSent) {
    const auto status = [](const Response& response) {
        return wire_of(response, {}, 0).head.substr(9, 3);
    };
    EXPECT_EQ(status({.status = 100}), "500");
    EXPECT_EQ(status({.status = 600}), "500");
    EXPECT_EQ(status({.content_type = "a\r\nX: y"}), "500");
    EXPECT_EQ(status({.headers = {{"X Y", "z"}}}), "500");
    EXPECT_EQ(status({.headers = {{"X", std::string("a\0b", 3)}}}), "500");
    EXPECT_EQ(status({.headers = {{"X", "ą\tb"}}}), "200");
}

TEST(Exchange, RedirectsWithinThisServerOnly) {
    EXPECT_EQ(see_other("/login?a=b").headers[0].value, "/login?a=b");
    for (const char* bad :
         {"//evil.example", "https://evil.example", "/a\r\nX: y", "/\\evil", ""}) {
        EXPECT_EQ(see_other(bad).headers[0].value, "/") << bad;
    }
}

TEST(Places, AreTakenAndGivenBack) {
    Places places(3, 2);
    std::vector<std::unique_ptr<Place>> taken;
    const auto take = [&](const char* address) {
        taken.push_back(std::make_unique<Place>(places, address));
        return taken.back()->admission();
    };
    EXPECT_EQ(take("a"), Admission::served);
    EXPECT_EQ(take("a"), Admission::served);
    EXPECT_EQ(take("a"), Admission::refused);  // its third
    EXPECT_EQ(take("b"), Admission::served);
    EXPECT_EQ(take("c"), Admission::refused);  // all are taken
    for (std::size_t i = 2; i < Places::kRefusedMax; ++i) {
        EXPECT_EQ(take("c"), Admission::refused);
    }
    EXPECT_EQ(take("c"), Admission::dropped);
    taken.clear();
    EXPECT_EQ(places.count(), 0U);
    EXPECT_EQ(take("a"), Admission::served);
}

}  // namespace
}  // namespace tillhost::http
