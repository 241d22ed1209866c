// Claim: nobody gets by asking what his role or his devices do not give him, whatever request of
// the schema he uses, here or through another host; each refusal names the role and stands in the
// audit. Shown with real devd and paired workstations that go through the whole schema.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "ipc/json.h"
#include "tests/integration/network_host.h"

namespace tillhost::support {
namespace {

using contract::RequestKind;
using contract::Role;
using contract::Value;

/// Each refusal as the audit should tell it.
using Refusals = std::vector<std::string>;

std::vector<RequestKind> all_kinds() {
    std::vector<RequestKind> kinds;
    for (int number = 1;; ++number) {
        const auto kind = static_cast<RequestKind>(number);
        if (contract::name_of(kind) == "unspecified") {
            return kinds;
        }
        if (contract::daemon_of(kind) == contract::Daemon::devd) {
            kinds.push_back(kind);
        }
    }
}

struct Case {
    std::string name;
    Role least;
};
template <class Union, std::size_t... number>
std::vector<Case> cases_of(std::index_sequence<number...> /*all*/) {
    const std::vector<Union> all{
        Union{std::variant_alternative_t<number, typename Union::variant>{}}...};
    std::vector<Case> cases;
    for (const Union& one : all) {
        cases.push_back({std::string(contract::case_of(one)), contract::role_for(one)});
    }
    return cases;
}
template <class Union>
std::vector<Case> cases_of() {
    return cases_of<Union>(
        std::make_index_sequence<std::variant_size_v<typename Union::variant>>{});
}

Value one_entry(const std::string& name) { return Value(Value::Map{{name, Value(Value::Map{})}}); }

/// A body with every field that some request reads, all about that device.
Value body_about(const std::string& device, const client::Client& client, os::Clock& clock) {
    const std::string id = client::make_operation_id(clock).to_text();
    Value::Map body{{"session", Value(client.hello().session)},
                    {"device", Value(device)},
                    {"operation_id", Value(id)},
                    {"time_ms", Value(std::int64_t{60'000})},
                    {"token", Value(std::int64_t{1})},
                    {"version", Value(std::int64_t{1})},
                    {"consent", Value(true)},
                    {"note", Value(std::string("note"))},
                    {"topic", Value("operation/" + device)},
                    {"credit", Value(std::int64_t{10})},
                    {"subscription", Value(std::int64_t{1})},
                    {"display_name", Value(std::string("x"))},
                    {"query", one_entry("status")},
                    {"command", one_entry("open_drawer")}};
    return Value(std::move(body));
}

class RolesTest : public testing::TestWithParam<Role> {
protected:
    void SetUp() override {
        host_.start();
        host_.pair("far", GetParam());
        auto connected = host_.connect("far");
        ASSERT_TRUE(connected) << base::to_text(connected.error());
        client_ = std::move(*connected);
    }
    base::Result<Value> ask(RequestKind kind, Value body) {
        return client_->request(kind, std::move(body), host_.deadline());
    }
    /// Refused, for that role and before anything else of it was looked at.
    void expect_refused(const base::Result<Value>& answer, std::string_view what, Role least) {
        ASSERT_FALSE(answer) << what;
        EXPECT_EQ(answer.error().code, base::ErrorCode::not_permitted)
            << what << ": " << base::to_text(answer.error());
        EXPECT_EQ(answer.error().effect, base::Effect::none) << what;
        EXPECT_NE(answer.error().detail.find(
                      fmt::format("{} needs the role {}; workstation 'far' has {}", what,
                                  contract::name_of(least), contract::name_of(GetParam()))),
                  std::string::npos)
            << answer.error().detail;
    }
    Refusals refusals_in_audit() {
        Refusals seen;
        for (const std::string& text : host_.audit()) {
            const Value record = MUST(ipc::from_json(text));
            const auto word = [&](std::string_view field) {
                const Value* value = record.find(field);
                return value == nullptr ? std::string() : *value->get_if<std::string>();
            };
            if (word("kind") == "refused") {
                EXPECT_EQ(word("who"), "till@far");
                EXPECT_EQ(word("outcome"), "not_permitted");
                seen.push_back(word("action"));
            }
        }
        return seen;
    }
    /// Refusals are answered at once and written a moment later.
    void expect_in_audit(const Refusals& expected) {
        const os::Deadline deadline = host_.deadline();
        Refusals seen = refusals_in_audit();
        while (seen.size() < expected.size() && host_.clock().now() < deadline) {
            seen = refusals_in_audit();
        }
        EXPECT_EQ(seen, expected);
    }

    NetworkHost host_;
    std::unique_ptr<client::Client> client_;
};

TEST_P(RolesTest, EveryRequestOfTheSchemaAboveTheRoleIsRefused) {
    Refusals refused;
    int let_through = 0;
    for (const RequestKind kind : all_kinds()) {
        const auto answer = ask(kind, Value(Value::Map{}));
        const Role least = contract::role_for(kind);
        const std::string name(contract::name_of(kind));
        if (least > GetParam()) {
            expect_refused(answer, name, least);
            refused.push_back(name);
        } else {
            ++let_through;
            EXPECT_TRUE(answer || answer.error().code != base::ErrorCode::not_permitted)
                << name << ": " << base::to_text(answer.error());
        }
    }
    EXPECT_GT(refused.size(), 10U);
    EXPECT_GT(let_through, 10);
    expect_in_audit(refused);
}

TEST_P(RolesTest, EveryCommandAndQuestionOfTheSchemaAboveTheRoleIsRefused) {
    const Role submit = contract::role_for(RequestKind::submit);
    Refusals refused;
    for (const Case& one : cases_of<contract::Command>()) {
        if (std::max(one.least, submit) <= GetParam()) {
            continue;
        }
        Value body = body_about("kassa", *client_, host_.clock());
        *body.find("command") = one_entry(one.name);
        const auto answer = ask(RequestKind::submit, body);
        if (GetParam() < submit) {
            expect_refused(answer, "submit", submit);
        } else {
            expect_refused(answer, one.name, one.least);
        }
        refused.emplace_back("submit");
    }
    for (const Case& one : cases_of<contract::Query>()) {
        if (one.least <= GetParam()) {
            continue;
        }
        Value body = body_about("kassa", *client_, host_.clock());
        *body.find("query") = one_entry(one.name);
        expect_refused(ask(RequestKind::query, body), one.name, one.least);
        refused.emplace_back("query");
    }
    EXPECT_GE(refused.size(), 2U);
    expect_in_audit(refused);
    const auto operations = host_.ask<contract::OperationsReply>(RequestKind::operations,
                                                                 contract::OperationsRequest{});
    EXPECT_TRUE(operations.operations.empty());
}

INSTANTIATE_TEST_SUITE_P(Each, RolesTest,
                         testing::Values(Role::observer, Role::cashier, Role::operator_),
                         [](const auto& tested) {
                             return std::string(contract::name_of(tested.param));
                         });

/// Requests that concern one device, and are refused as that whatever else is in them.
bool names_a_device(RequestKind kind) {
    return kind == RequestKind::status || kind == RequestKind::query ||
           kind == RequestKind::submit || kind == RequestKind::lease ||
           kind == RequestKind::take_lease || kind == RequestKind::renew_lease ||
           kind == RequestKind::release_lease || kind == RequestKind::ask_takeover ||
           kind == RequestKind::answer_takeover || kind == RequestKind::subscribe ||
           kind == RequestKind::device_settings || kind == RequestKind::check_device;
}

TEST(DevicesOfAWorkstation, NoRequestOfTheSchemaReachesAnotherDevice) {
    NetworkHost host;
    host.start();
    host.pair("far", Role::operator_, {"echo"});
    const auto client = MUST(host.connect("far"));
    int refused = 0;
    for (const RequestKind kind : all_kinds()) {
        if (kind == RequestKind::hello) {
            continue;
        }
        const Value body = body_about("kassa", *client, host.clock());
        const auto answer = client->request(kind, body, host.deadline());
        const std::string_view name = contract::name_of(kind);
        if (answer) {
            EXPECT_EQ(ipc::to_json(*answer, -1).find("kassa"), std::string::npos) << name;
        }
        if (names_a_device(kind)) {
            ++refused;
            ASSERT_FALSE(answer) << name;
            EXPECT_EQ(answer.error().code, base::ErrorCode::not_permitted)
                << name << ": " << base::to_text(answer.error());
            EXPECT_EQ(answer.error().effect, base::Effect::none) << name;
        }
    }
    EXPECT_EQ(refused, 12);
    EXPECT_TRUE(client->query("echo", contract::EchoQuery{}, host.deadline()));
}

/// "hall" has the devices; "central" uses its registrar, and has a workstation.
class RelayedRolesTest : public testing::Test {
protected:
    void SetUp() override {
        hall_.start();
        hall_.pair("central", Role::operator_, {}, true);
        central_ = std::make_unique<NetworkHost>(
            fmt::format("[[remote]]\nhost = \"hall\"\nkeys = \"{}/central.toml\"\n"
                        "devices = {{ hall-kassa = \"kassa\" }}\n",
                        hall_.hosts()));
        central_->start();
    }
    NetworkHost hall_;
    std::unique_ptr<NetworkHost> central_;
};

TEST_F(RelayedRolesTest, AnotherHostsDeviceGivesNobodyMoreThanHisRole) {
    for (const Role role : {Role::observer, Role::cashier}) {
        const std::string name = fmt::format("till-{}", contract::name_of(role));
        central_->pair(name, role);
        const auto client = MUST(central_->connect(name));
        const auto refused = [&](RequestKind kind, const Value& body, std::string_view what) {
            const auto answer = client->request(kind, body, central_->deadline());
            ASSERT_FALSE(answer) << what;
            EXPECT_EQ(answer.error().code, base::ErrorCode::not_permitted)
                << what << ": " << base::to_text(answer.error());
            EXPECT_EQ(answer.error().effect, base::Effect::none) << what;
            EXPECT_NE(answer.error().detail.find("needs the role"), std::string::npos)
                << answer.error().detail;
        };
        const Value body = body_about("hall-kassa", *client, central_->clock());
        for (const RequestKind kind : all_kinds()) {
            if (contract::role_for(kind) > role) {
                refused(kind, body, contract::name_of(kind));
                // Named by nothing but an id that is not known here.
                Value bare = body;
                *bare.find("device") = Value(std::string());
                refused(kind, bare, contract::name_of(kind));
            }
        }
        for (const Case& one : cases_of<contract::Command>()) {
            if (std::max(one.least, Role::cashier) > role) {
                Value with = body;
                *with.find("command") = one_entry(one.name);
                refused(RequestKind::submit, with, one.name);
            }
        }
        for (const Case& one : cases_of<contract::Query>()) {
            if (one.least > role) {
                Value with = body;
                *with.find("query") = one_entry(one.name);
                refused(RequestKind::query, with, one.name);
            }
        }
    }
    const auto told = [](NetworkHost& host) {
        const auto texts = host.audit();
        return std::count_if(texts.begin(), texts.end(), [](const std::string& text) {
            return text.find("not_permitted") != std::string::npos;
        });
    };
    // What only the owner reads it refuses, and writes down: seven commands and two questions.
    const os::Deadline deadline = central_->deadline();
    while ((told(*central_) < 50 || told(hall_) < 7) && central_->clock().now() < deadline) {
    }
    EXPECT_GE(told(*central_), 50);
    EXPECT_GE(told(hall_), 7);
}

}  // namespace
}  // namespace tillhost::support
