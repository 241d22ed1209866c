// Claim: events of devd reach a page once and in order, behind a break too, or it is told of the
// gap; a stream ends with its token. devd is played behind the connections of the client library.
#include "sumpd/webpos/test/played_devd.h"

namespace tillhost::sumpd::webpos {
namespace {

contract::Event scan(std::int64_t subscription, std::int64_t seq) {
    contract::Event event;
    event.subscription = subscription;
    event.epoch = 5;
    event.seq = seq;
    event.body = contract::Gap{.from_seq = seq, .to_seq = seq};
    return event;
}

TEST_F(WebTillsTest, EventsAreWaitedForAndGoOnWhereTheyWere) {
    const auto poll = [this](std::string after) {
        std::vector<http::Pair> query = {{"topics", "device/kassa,alarms"}};
        if (!after.empty()) {
            query.push_back({"after", std::move(after)});
        }
        const Response response =
            ask(request_of(Method::get, "/v1/events", "", std::move(query)), cashier_);
        EXPECT_EQ(response.status, 200) << response.body;
        return ipc::from_json(response.body).value();
    };
    Value told = poll("");
    EXPECT_TRUE(told.find("events")->get_if<Value::Array>()->empty());
    EXPECT_EQ(*told.find("after")->get_if<std::string>(), "5.10_5.10");
    devd_.events = {scan(3, 11), scan(4, 12), scan(3, 14)};
    told = poll("5.10_5.10");
    const auto& events = *told.find("events")->get_if<Value::Array>();
    ASSERT_EQ(events.size(), 3U);
    EXPECT_EQ(*events[0].find("topic")->get_if<std::string>(), "device/kassa");
    EXPECT_EQ(*events[1].find("topic")->get_if<std::string>(), "alarms");
    EXPECT_NE(events[2].find("body")->find("gap"), nullptr);
    EXPECT_EQ(*told.find("after")->get_if<std::string>(), "5.15_5.13");
    const auto asked =
        contract::from_value<contract::SubscribeRequest>(devd_.seen.at(4).body).value();
    EXPECT_EQ(asked.epoch, 5);
    EXPECT_EQ(asked.from_seq, 10);
    EXPECT_EQ(devd_.alive, 1);
}

TEST_F(WebTillsTest, CursorsAndTopicsAreReadWhole) {
    for (const char* bad : {"5", "5.", ".5", "5.1_", "5.1_x", "-5.1", "5.1_5.1_5.1", "5.1.1",
                            "99999999999999999999.1_1.1"}) {
        EXPECT_FALSE(cursor_from(bad, 2)) << bad;
    }
    const auto places = cursor_from("5.1_9007199254740991.0", 2).value();
    EXPECT_EQ(cursor_text(places), "5.1_9007199254740991.0");
    for (const std::string& bad :
         {std::string(), std::string(","), std::string("a,a"), std::string(81, 'x'),
          std::string("a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q")}) {
        EXPECT_FALSE(topics_from(bad)) << bad;
    }
    EXPECT_EQ(topics_from("alarms,device/kassa").value().size(), 2U);
}

class StreamTest : public WebTillsTest {
protected:
    Response open(std::string last = "") {
        http::Request request =
            request_of(Method::get, "/v1/events", "", {{"topics", "device/kassa"}});
        request.headers = {{"Accept", "text/event-stream"}};
        if (!last.empty()) {
            request.headers.push_back({"Last-Event-ID", std::move(last)});
        }
        return ask(request, cashier_);
    }
};

TEST_F(StreamTest, TellsItsPlaceThenEventsAndGapsThenThatItLives) {
    const Response response = open();
    ASSERT_EQ(response.status, 200);
    EXPECT_EQ(response.content_type, "text/event-stream");
    EXPECT_EQ(response.source->next(), "retry: 1000\nid: 5.10\nevent: open\ndata: {}\n\n");
    EXPECT_EQ(response.source->next(), "");
    devd_.events = {scan(1, 11)};
    EXPECT_EQ(response.source->next(),
              "id: 5.12\nevent: gap\ndata: {\"topic\":\"device/kassa\",\"epoch\":5,\"seq\":11,"
              "\"at_ms\":0,\"body\":{\"gap\":{\"from_seq\":11,\"to_seq\":11}}}\n\n");
    EXPECT_EQ(response.source->next(), "");
    clock_.advance(kHeartbeatEvery);
    EXPECT_EQ(response.source->next(), ":\n\n");
    EXPECT_EQ(response.source->next(), "");
}

TEST_F(StreamTest, GoesOnBehindTheLastEventAndOverALostConnection) {
    const Response response = open("4.99");
    response.source->next();
    auto asked = contract::from_value<contract::SubscribeRequest>(devd_.seen.at(0).body).value();
    EXPECT_EQ(asked.epoch, 4);
    EXPECT_EQ(asked.from_seq, 99);
    devd_.events = {scan(1, 11)};
    EXPECT_NE(response.source->next()->find("id: 5.12"), std::string::npos);
    devd_.is_away = true;
    for (int i = 0; i < 5; ++i) {
        ASSERT_TRUE(response.source->next());
        clock_.advance(kReconnectPauseMax);
    }
    devd_.is_away = false;
    devd_.events = {scan(2, 12)};
    EXPECT_NE(response.source->next()->find("id: 5.13"), std::string::npos);
    asked = contract::from_value<contract::SubscribeRequest>(devd_.seen.at(1).body).value();
    EXPECT_EQ(asked.epoch, 5);
    EXPECT_EQ(asked.from_seq, 12);
}

TEST_F(StreamTest, EndsWithItsToken) {
    const Response response = open();
    response.source->next();
    EXPECT_TRUE(response.source->next());
    ASSERT_TRUE(tokens_->remove("till-1", "anna").value());
    clock_.advance(kTokenLookedAtEvery);
    EXPECT_FALSE(response.source->next());
}

TEST_F(StreamTest, OfOneTokenNoMoreThanTheirNumber) {
    std::vector<Response> streams;
    for (std::size_t i = 0; i < kStreamsPerTokenMax; ++i) {
        streams.push_back(open());
        EXPECT_EQ(streams.back().status, 200);
    }
    EXPECT_EQ(error_of(open()), "retry_later");
    streams.pop_back();
    EXPECT_EQ(open().status, 200);
    streams.clear();
    EXPECT_EQ(devd_.alive, 0);  // whoever was followed on is not used for something else
}

}  // namespace
}  // namespace tillhost::sumpd::webpos
