// Claim: a peer does what its role and its devices allow and nothing else, whatever it says of
// itself; the schema's whole list of requests, commands and questions is gone through. Shown on the
// core with peers whose rights the test sets.
#include <fmt/format.h>

#include <map>

#include "devd/core/requests.h"
#include "devd/core/test/rig.h"

namespace tillhost::devd::core {
namespace {

using contract::RequestKind;
using contract::Role;

constexpr std::array kRoles{Role::observer, Role::cashier, Role::operator_, Role::administrator};

/// Rights by the peer's key.
class FakeAccess final : public AccessPort {
public:
    std::optional<Rights> rights_of(const ipc::PeerIdentity& identity) const override {
        const auto found = by_key.find(identity.key);
        return found == by_key.end() ? std::nullopt : std::optional(found->second);
    }
    std::map<std::string, Rights> by_key{{"", {.role = Role::administrator}}};
};

CoreOptions with(const AccessPort& access) {
    CoreOptions options;
    options.access = &access;
    return options;
}

class RightsTest : public testing::Test {
protected:
    struct Till {
        ipc::PeerId peer;
        contract::HelloReply hello;
    };
    RightsTest() : rig_({}, with(access_)) { rig_.open_device(); }

    Till connect(const std::string& key, Rights rights, const std::string& client = "pos",
                 const std::string& for_client = "") {
        access_.by_key[key] = std::move(rights);
        Till till{rig_.endpoint.connect({.key = key}), {}};
        till.hello = Rig::ok<contract::HelloReply>(say_hello(till.peer, client, for_client));
        return till;
    }
    std::optional<contract::Reply> say_hello(ipc::PeerId peer, const std::string& client,
                                             const std::string& for_client = "") {
        contract::HelloRequest hello;
        hello.client = client;
        hello.versions = {1};
        hello.on_behalf_of = for_client;
        return rig_.ask(peer, RequestKind::hello, contract::to_value(hello));
    }
    std::string code_of(const std::optional<contract::Reply>& reply) {
        const auto* error = reply ? std::get_if<contract::Error>(&reply->outcome) : nullptr;
        return error == nullptr ? "" : error->code;
    }
    std::optional<contract::Reply> submit(const Till& till, const base::OperationId& id,
                                          std::int64_t total = 700) {
        contract::SubmitRequest request = rig_.sale(id, total);
        request.session = till.hello.session;
        return rig_.ask(till.peer, RequestKind::submit, contract::to_value(request));
    }
    std::optional<contract::Reply> change(const Till& till, RequestKind kind,
                                          const base::OperationId& id) {
        contract::SessionOperationRequest request{till.hello.session, id, ""};
        return rig_.ask(till.peer, kind, contract::to_value(request));
    }

    FakeAccess access_;
    Rig rig_;
    std::uint64_t accepted_ = 0;
};

TEST_F(RightsTest, EveryRequestOfTheSchemaKnowsItsRole) {
    // The role comes before the body is looked at, so that an empty one tells.
    for (const Role role : kRoles) {
        const Till till = connect(fmt::format("key {}", contract::name_of(role)),
                                  {.role = role, .workstation = "w"});
        int kinds = 0;
        for (int number = 1;; ++number) {
            const auto kind = static_cast<RequestKind>(number);
            if (contract::name_of(kind) == "unspecified") {
                break;
            }
            ++kinds;
            const auto reply = rig_.ask(till.peer, kind, contract::Value(contract::Value::Map{}));
            if (contract::daemon_of(kind) != contract::Daemon::devd) {
                EXPECT_EQ(code_of(reply), "unknown_kind") << contract::name_of(kind);
                continue;
            }
            const bool may = role >= contract::role_for(kind);
            EXPECT_EQ(code_of(reply) != "not_permitted", may)
                << contract::name_of(kind) << " as " << contract::name_of(role);
        }
        EXPECT_GT(kinds, 40);
    }
}

template <std::size_t... number>
void submit_each(const std::function<void(contract::Command)>& use,
                 std::index_sequence<number...>) {
    (use(std::variant_alternative_t<number, contract::Command::variant>{}), ...);
}

TEST_F(RightsTest, EveryCommandOfTheSchemaKnowsItsRole) {
    // A command that the role does not allow is refused as such, before what is missing in it is
    // looked at; another fails, if it does, for that.
    for (const Role role : kRoles) {
        const Till till = connect(fmt::format("key {}", contract::name_of(role)),
                                  {.role = role, .workstation = "w"});
        submit_each(
            [&](contract::Command command) {
                const Role least = std::max(contract::role_for(command), Role::cashier);
                contract::SubmitRequest request;
                request.session = till.hello.session;
                request.operation_id = rig_.new_id();
                request.device = "fr";
                request.command = std::move(command);
                const auto reply =
                    rig_.ask(till.peer, RequestKind::submit, contract::to_value(request));
                if (role < least) {
                    EXPECT_EQ(code_of(reply), "not_permitted")
                        << contract::case_of(request.command);
                    EXPECT_EQ(rig_.core->figures().operations, accepted_)
                        << contract::case_of(request.command);
                } else {
                    EXPECT_NE(code_of(reply), "not_permitted")
                        << contract::case_of(request.command);
                }
                accepted_ = rig_.core->figures().operations;
            },
            std::make_index_sequence<std::variant_size_v<contract::Command::variant>>{});
    }
    EXPECT_GT(accepted_, 0U);
}

TEST_F(RightsTest, ARefusalSaysWhichRoleIsMissing) {
    const Till till = connect("k", {.role = Role::observer, .workstation = "till-3"});
    const contract::Error refused = Rig::error(submit(till, rig_.new_id()));
    EXPECT_EQ(refused.code, "not_permitted");
    EXPECT_EQ(refused.text, "submit needs the role cashier; workstation 'till-3' has observer");
}

TEST_F(RightsTest, ANameOverTheNetworkIsTheWorkstationsToo) {
    const Till till = connect("k", {.role = Role::cashier, .workstation = "till-3"});
    EXPECT_EQ(till.hello.client, "pos@till-3");
    EXPECT_EQ(till.hello.role, Role::cashier);
    EXPECT_EQ(Rig::error(say_hello(rig_.peer, "pos@till-3")).code, "bad_field");
    EXPECT_EQ(Rig::error(say_hello(till.peer, "pos", "boss")).code, "not_permitted");
    const Till host = connect("h", {.role = Role::cashier, .workstation = "hall", .host = true},
                              "devd relay", "pos@till-9");
    EXPECT_EQ(host.hello.client, "pos@till-9@hall");
    const std::string long_name(60, 'x');
    EXPECT_EQ(Rig::error(say_hello(till.peer, long_name)).code, "bad_field");
}

TEST_F(RightsTest, OnlyItsDevicesAreThereForAWorkstation) {
    const Till till = connect("k", {.role = Role::cashier, .workstation = "w", .devices = {"x"}});
    EXPECT_TRUE(Rig::ok<contract::DevicesReply>(rig_.ask(till.peer, RequestKind::devices,
                                                         contract::to_value(contract::Empty{})))
                    .devices.empty());
    for (const RequestKind kind : {RequestKind::status, RequestKind::lease}) {
        EXPECT_EQ(
            code_of(rig_.ask(till.peer, kind, contract::to_value(contract::DeviceRequest{"fr"}))),
            "not_permitted");
    }
    EXPECT_EQ(code_of(rig_.ask(
                  till.peer, RequestKind::query,
                  contract::to_value(contract::QueryRequest{"fr", contract::StatusQuery{}}))),
              "not_permitted");
    EXPECT_EQ(code_of(submit(till, rig_.new_id())), "not_permitted");
    contract::SubscribeRequest follow;
    follow.topic = "operation/fr";
    follow.credit = 1;
    EXPECT_EQ(code_of(rig_.ask(till.peer, RequestKind::subscribe, contract::to_value(follow))),
              "not_permitted");
    const base::OperationId id = rig_.new_id();
    rig_.submit(rig_.sale(id));
    for (const RequestKind kind : {RequestKind::operation, RequestKind::await}) {
        EXPECT_EQ(code_of(rig_.ask(till.peer, kind,
                                   contract::to_value(contract::OperationRequest{id, ""}))),
                  "not_permitted");
    }
    EXPECT_EQ(code_of(change(till, RequestKind::settle, id)), "not_permitted");
    EXPECT_TRUE(Rig::ok<contract::OperationsReply>(
                    rig_.ask(till.peer, RequestKind::operations,
                             contract::to_value(contract::OperationsRequest{})))
                    .operations.empty());
}

TEST_F(RightsTest, AKnownIdThatMayNotBeSeenIsNoProofThatNothingHappened) {
    const base::OperationId id = rig_.new_id();
    rig_.submit(rig_.sale(id));
    const Till till = connect("k", {.role = Role::cashier, .workstation = "w", .devices = {"x"}});
    const contract::Error refused = Rig::error(submit(till, id));
    EXPECT_EQ(refused.code, "not_permitted");
    EXPECT_EQ(refused.effect, base::Effect::unknown);
    const base::OperationId given_up = rig_.new_id();
    rig_.of_operation(RequestKind::settle, given_up);
    EXPECT_EQ(Rig::ok<contract::Operation>(change(till, RequestKind::settle, given_up)).state,
              contract::OperationState::never_accepted);
}

TEST_F(RightsTest, AnotherProgramsOperationIsAnOperatorsToMeddleWith) {
    const Till one = connect("1", {.role = Role::cashier, .workstation = "one"});
    const Till two = connect("2", {.role = Role::cashier, .workstation = "two"});
    const Till chief = connect("3", {.role = Role::operator_, .workstation = "office"});
    const base::OperationId id = rig_.new_id();
    Rig::ok<contract::Operation>(submit(one, id));
    for (const RequestKind kind :
         {RequestKind::cancel, RequestKind::abort, RequestKind::acknowledge}) {
        EXPECT_EQ(code_of(change(two, kind, id)), "not_permitted") << contract::name_of(kind);
    }
    EXPECT_EQ(Rig::ok<contract::Operation>(change(chief, RequestKind::cancel, id)).state,
              contract::OperationState::cancelled);
    EXPECT_TRUE(
        Rig::ok<contract::Operation>(change(one, RequestKind::acknowledge, id)).acknowledged);
}

TEST_F(RightsTest, ARevokedKeyIsRefusedOnAnOpenConnection) {
    const Till till = connect("k", {.role = Role::cashier, .workstation = "w"});
    access_.by_key.erase("k");
    EXPECT_EQ(code_of(submit(till, rig_.new_id())), "not_paired");
    EXPECT_EQ(code_of(say_hello(till.peer, "pos")), "not_paired");
    EXPECT_EQ(rig_.core->figures().operations, 0U);
}

TEST_F(RightsTest, ACommandAboveTheRoleIsRefusedBeforeItsTokenIsLookedAt) {
    const Till till = connect("k", {.role = Role::cashier, .workstation = "w"});
    contract::SubmitRequest request;
    request.session = till.hello.session;
    request.operation_id = rig_.new_id();
    request.device = "fr";
    request.command = contract::SetLayout{};
    request.lease = 7;
    EXPECT_EQ(code_of(rig_.ask(till.peer, RequestKind::submit, contract::to_value(request))),
              "not_permitted");
    EXPECT_EQ(code_of(rig_.ask(till.peer, RequestKind::query,
                               contract::to_value(
                                   contract::QueryRequest{"unheard-of", contract::RecordQuery{}}))),
              "not_permitted");
}

/// A till that follows the device, has it, and waits for an operation of another program there.
class TakenAwayTest : public RightsTest {
protected:
    TakenAwayTest() {
        till_ = connect("k", {.role = Role::operator_, .workstation = "w"});
        contract::SubscribeRequest follow;
        follow.topic = "operation/fr";
        follow.credit = 100;
        followed_ = Rig::ok<contract::SubscribeReply>(
                        rig_.ask(till_.peer, RequestKind::subscribe, contract::to_value(follow)))
                        .subscription;
        EXPECT_EQ(Rig::ok<contract::Lease>(take(till_)).state, contract::LeaseState::held);
    }
    std::optional<contract::Reply> take(const Till& till, bool wait = false) {
        return rig_.ask(till.peer, RequestKind::take_lease,
                        contract::to_value(
                            contract::TakeLeaseRequest{till.hello.session, "fr", 600'000, wait}));
    }
    void now_may(Rights rights) {
        access_.by_key["k"] = std::move(rights);
        rig_.core->look_at_rights();
    }
    std::string leased_to() { return rig_.device().leased_to; }
    bool follows() {
        return code_of(rig_.ask(till_.peer, RequestKind::credit,
                                contract::to_value(contract::CreditRequest{followed_, 1})))
            .empty();
    }
    Till till_;
    std::int64_t followed_ = 0;
};

TEST_F(TakenAwayTest, WhatARightGaveEndsWithIt) {
    const Till next = connect("n", {.role = Role::cashier, .workstation = "n"});
    EXPECT_FALSE(take(next, true).has_value());
    EXPECT_EQ(leased_to(), "pos@w");
    now_may({.role = Role::operator_, .workstation = "w", .devices = {"x"}});
    EXPECT_FALSE(follows());
    EXPECT_EQ(leased_to(), "pos@n");
    EXPECT_EQ(Rig::ok<contract::Lease>(rig_.next_reply(next.peer)).state,
              contract::LeaseState::held);
    rig_.told.clear();
    Rig::ok<contract::Operation>(change(next, RequestKind::settle, rig_.new_id()));
    EXPECT_FALSE(rig_.next_reply(till_.peer).has_value());
    EXPECT_TRUE(rig_.told[till_.peer].empty());
}

TEST_F(TakenAwayTest, WhatItStillGivesGoesOn) {
    now_may({.role = Role::cashier, .workstation = "w", .devices = {"fr"}});
    EXPECT_TRUE(follows());
    EXPECT_EQ(leased_to(), "pos@w");
    now_may({.role = Role::observer, .workstation = "w"});
    EXPECT_TRUE(follows());
    EXPECT_EQ(leased_to(), "") << "only a cashier has a device";
}

TEST_F(TakenAwayTest, WhoWaitsIsToldSo) {
    const Till other = connect("o", {.role = Role::cashier, .workstation = "o"});
    EXPECT_FALSE(take(other, true).has_value());
    access_.by_key["o"] = {.role = Role::cashier, .workstation = "o", .devices = {"x"}};
    rig_.core->look_at_rights();
    EXPECT_EQ(Rig::error(rig_.next_reply(other.peer)).code, "not_permitted");
    EXPECT_EQ(leased_to(), "pos@w");

    now_may({.role = Role::cashier, .workstation = "w", .devices = {"x"}});
    const base::OperationId id = rig_.new_id();
    Rig::ok<contract::Operation>(rig_.submit(rig_.sale(id)));
    now_may({.role = Role::cashier, .workstation = "w"});
    EXPECT_FALSE(rig_.ask(till_.peer, RequestKind::await,
                          contract::to_value(contract::OperationRequest{id, ""}))
                     .has_value());
    now_may({.role = Role::cashier, .workstation = "w", .devices = {"x"}});
    const contract::Error refused = Rig::error(rig_.next_reply(till_.peer));
    EXPECT_EQ(refused.code, "not_permitted");
    EXPECT_EQ(refused.effect, base::Effect::unknown) << "the operation goes on";
    rig_.wait(kRequestDeadline);
    EXPECT_FALSE(rig_.next_reply(till_.peer).has_value());
}

TEST_F(RightsTest, AlarmsOfOthersDevicesAreNotTold) {
    const Till all = connect("a", {.role = Role::observer, .workstation = "a"});
    const Till few = connect("f", {.role = Role::observer, .workstation = "f", .devices = {"x"}});
    contract::SubscribeRequest follow;
    follow.topic = "alarms";
    follow.credit = 10;
    for (const Till* till : {&all, &few}) {
        Rig::ok<contract::SubscribeReply>(
            rig_.ask(till->peer, RequestKind::subscribe, contract::to_value(follow)));
    }
    rig_.prepared_sale();
    rig_.gone();
    const auto heard = [this](const Till& till) {
        while (rig_.next_reply(till.peer)) {
        }
        return rig_.told[till.peer].size();
    };
    EXPECT_EQ(heard(all), 1U);
    EXPECT_EQ(heard(few), 0U);
}

}  // namespace
}  // namespace tillhost::devd::core
