#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <deque>
#include <filesystem>
#include <functional>

#include "hal/os/fake/fake_clock.h"
#include "hal/os/fake/kept_log.h"
#include "ipc/contract/decoder.h"
#include "ipc/json.h"
#include "sumpd/apps/tokens.h"
#include "sumpd/webpos/web_tills.h"

// devd, played behind the connections of the client library, and web tills before it.
namespace tillhost::sumpd::webpos {

using base::ErrorCode;
using base::Result;
using contract::RequestKind;
using contract::Value;
using http::Method;
using http::Response;

inline constexpr std::string_view kId = "0190b8f2-0000-7000-8000-000000000001";
inline constexpr std::string_view kOrigin = "https://pos.example";

/// What all connections of a test share.
struct PlayedDevd {
    struct Seen {
        RequestKind kind{};
        Value body;
    };
    std::vector<Seen> seen;
    std::vector<contract::HelloRequest> hellos;
    std::function<Result<Value>(RequestKind, const Value&)> answer;
    std::deque<contract::Event> events;
    std::int64_t last_session = 100;
    std::int64_t subscriptions = 0;
    bool is_away = false;
    int alive = 0;
};

class PlayedConnection final : public client::Connection {
public:
    explicit PlayedConnection(PlayedDevd& devd) : devd_(devd) { ++devd_.alive; }
    ~PlayedConnection() override { --devd_.alive; }

    Result<Value> call(RequestKind kind, Value body, os::Deadline) override {
        if (devd_.is_away) {
            return base::make_error(ErrorCode::link_lost, "cut", base::Effect::unknown);
        }
        if (kind == RequestKind::hello) {
            devd_.hellos.push_back(contract::from_value<contract::HelloRequest>(body).value());
            session_ = ++devd_.last_session;
            return to_value(contract::HelloReply{.version = 1,
                                                 .session = session_,
                                                 .program_version = "test",
                                                 .schema_hash = "hash",
                                                 .book = 77});
        }
        devd_.seen.push_back({kind, body});
        if (kind == RequestKind::subscribe) {
            return to_value(contract::SubscribeReply{
                .subscription = ++devd_.subscriptions, .epoch = 5, .next_seq = 10});
        }
        if (kind == RequestKind::unsubscribe || kind == RequestKind::credit) {
            return to_value(contract::Empty{});
        }
        return devd_.answer(kind, body);
    }
    Result<std::optional<contract::Event>> next_event(os::Deadline) override {
        if (devd_.is_away) {
            return base::make_error(ErrorCode::link_lost, "cut");
        }
        if (devd_.events.empty()) {
            return std::optional<contract::Event>();
        }
        contract::Event event = devd_.events.front();
        devd_.events.pop_front();
        return std::optional(std::move(event));
    }
    bool lost() override {
        lost_ = lost_ || devd_.is_away;
        return lost_;
    }

private:
    PlayedDevd& devd_;
    std::int64_t session_ = 0;
    bool lost_ = false;
};

class PlayedConnector final : public client::Connector {
public:
    explicit PlayedConnector(PlayedDevd& devd) : devd_(devd) {}
    Result<std::unique_ptr<client::Connection>> connect(os::Deadline) override {
        if (devd_.is_away) {
            return base::make_error(ErrorCode::no_daemon, "nobody listens");
        }
        return std::make_unique<PlayedConnection>(devd_);
    }

private:
    PlayedDevd& devd_;
};

inline contract::Operation operation_in(contract::OperationState state) {
    contract::Operation operation;
    operation.operation_id = base::OperationId::from_text(kId).value();
    operation.device = "kassa";
    operation.command = "receipt";
    operation.state = state;
    return operation;
}

class WebTillsTest : public testing::Test {
protected:
    WebTillsTest() {
        std::filesystem::remove_all(folder_);
        std::filesystem::create_directories(folder_);
        transactions_ = store::Transactions::open(folder_, clock_, logger_).value();
        audit_ = std::make_unique<store::Audit>(*transactions_, clock_);
        tokens_ = WebTokens::open({*transactions_, *audit_, clock_, logger_, folder_}).value();
        lines_ = std::make_unique<DeviceLines>([this](const WebToken& token, os::Deadline until) {
            return client::Client::connect_over(std::make_unique<PlayedConnector>(devd_),
                                                options_for(token), clock_, until);
        });
        tills_ = std::make_unique<WebTills>(WebTills::Parts{*tokens_, *lines_, clock_, logger_});
        devd_.answer = [](RequestKind, const Value&) {
            return to_value(operation_in(contract::OperationState::accepted));
        };
        cashier_ = make({.name = "till-1",
                         .origin = std::string(kOrigin),
                         .role = contract::Role::cashier,
                         .devices = {"kassa", "pos"}});
    }
    ~WebTillsTest() override {
        tills_.reset();
        lines_.reset();
        tokens_.reset();
        std::filesystem::remove_all(folder_);
    }
    std::string make(const WebToken& token) {
        return leave_token(folder_, token, ++now_ms_).value();
    }
    static http::Request request_of(Method method, std::string path, std::string body = "",
                                    std::vector<http::Pair> query = {}) {
        http::Request request;
        request.method = method;
        request.path = std::move(path);
        request.body = std::move(body);
        request.query = std::move(query);
        return request;
    }
    Response ask(http::Request request, const std::string& secret) {
        request.headers.push_back({"Authorization", "Bearer " + secret});
        return tills_->answer(request);
    }
    Response submit(std::string body = R"({"device":"kassa","command":{"x_report":{}}})") {
        return ask(request_of(Method::put, fmt::format("/v1/operations/{}", kId), std::move(body)),
                   cashier_);
    }
    static std::string error_of(const Response& response, std::string_view field = "code") {
        const Value value = ipc::from_json(response.body).value();
        return *value.find("error")->find(field)->get_if<std::string>();
    }
    static std::string header(const Response& response, std::string_view name) {
        std::string all;
        for (const http::Pair& pair : response.headers) {
            all += pair.name == name ? pair.value : "";
        }
        return all;
    }

    const std::string folder_ = testing::TempDir() + "web_tills_" +
                                testing::UnitTest::GetInstance()->current_test_info()->name();
    os::FakeClock clock_;
    os::KeptLog log_;
    os::Logger logger_{log_};
    std::int64_t now_ms_ = 1000;
    PlayedDevd devd_;
    std::unique_ptr<store::Transactions> transactions_;
    std::unique_ptr<store::Audit> audit_;
    std::unique_ptr<WebTokens> tokens_;
    std::unique_ptr<DeviceLines> lines_;
    std::unique_ptr<WebTills> tills_;
    std::string cashier_;
};

}  // namespace tillhost::sumpd::webpos
