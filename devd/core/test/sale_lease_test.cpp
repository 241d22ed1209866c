// Claim: a lease on one device opens no other one, and stops no sale that does not use the device;
// what a limited workstation may not see is never told to have come to nothing. Shown on the core
// with two registrars and a terminal.
#include "devd/core/test/sale_rig.h"

namespace tillhost::devd::core {
namespace {

using contract::RequestKind;
using contract::SaleRole;

class SaleLease : public testing::Test {
protected:
    struct Till {
        ipc::PeerId peer;
        std::int64_t session = 0;
    };
    SaleLease() {
        shop_.open_all();
        other_ = connect("other");
    }
    Till connect(const std::string& name) {
        Till till{shop_.endpoint.connect({}), 0};
        contract::HelloRequest hello;
        hello.client = name;
        hello.versions = {1};
        till.session =
            Rig::ok<contract::HelloReply>(ask(till, RequestKind::hello, contract::to_value(hello)))
                .session;
        return till;
    }
    std::optional<contract::Reply> ask(const Till& till, RequestKind kind, contract::Value body) {
        shop_.endpoint.request(till.peer, {kind, ++shop_.requests, 0, std::move(body)},
                               *shop_.core);
        return shop_.endpoint.next_reply(till.peer);
    }
    std::int64_t take(const Till& till, const std::string& device) {
        contract::TakeLeaseRequest request{till.session, device, 60'000, false};
        return Rig::ok<contract::Lease>(
                   ask(till, RequestKind::take_lease, contract::to_value(request)))
            .token;
    }
    std::optional<contract::Reply> sell(const contract::Sale& sale, std::int64_t token) {
        contract::SubmitRequest request;
        request.session = shop_.session;
        request.operation_id = shop_.id;
        request.command = sale;
        request.lease = token;
        return shop_.ask(RequestKind::submit, contract::to_value(request));
    }
    Till own() const { return {shop_.peer, shop_.session}; }

    Shop shop_;
    Till other_;
};

TEST_F(SaleLease, ATokenOfOneDeviceOpensNoOther) {
    const std::int64_t token = take(own(), "fr");
    take(other_, "pos");
    EXPECT_EQ(Rig::error(sell(shop_.sale(), token)).code, "device_leased");
    EXPECT_FALSE(shop_.has(SaleRole::payment));
}

TEST_F(SaleLease, AStaleHolderOfTheTerminalIsNotLetInByItsRegistrar) {
    const std::int64_t registrar = take(own(), "fr");
    const std::int64_t terminal = take(own(), "pos");
    contract::EndLeaseRequest end{other_.session, "pos", "needed here"};
    Rig::ok<contract::Lease>(ask(other_, RequestKind::end_lease, contract::to_value(end)));
    take(other_, "pos");
    EXPECT_EQ(Rig::error(sell(shop_.sale(), terminal)).code, "stale_lease");
    EXPECT_EQ(Rig::error(sell(shop_.sale(), registrar)).code, "device_leased");
}

TEST_F(SaleLease, ASaleForCashNeedsNeitherTerminalNorSubstitute) {
    take(other_, "pos");
    take(other_, "fr2");
    contract::Sale cash = shop_.sale();
    cash.receipt.payments = {{contract::PaymentKind::cash, kTotal}};
    Rig::ok<contract::Operation>(sell(cash, 0));
    EXPECT_TRUE(shop_.has(SaleRole::registration));
}

TEST_F(SaleLease, ASubstituteThatSomebodyHasDoesNotTakeOver) {
    take(other_, "fr2");
    shop_.submit(shop_.sale());
    shop_.answer_preflight();
    shop_.carry_out("pos", SaleRole::payment);
    shop_.prepare("fr");
    shop_.refuse("fr", SaleRole::registration, base::ErrorCode::device_failed);
    EXPECT_FALSE(shop_.has(SaleRole::registration, 2));
    EXPECT_TRUE(shop_.has(SaleRole::reversal));
}

TEST_F(SaleLease, ALeaseIsGrantedBehindASaleThatIsUnderWay) {
    contract::Sale sale = shop_.sale();
    sale.printer = "-";
    shop_.submit(sale);
    shop_.answer_preflight();
    contract::TakeLeaseRequest request{other_.session, "fr", 60'000, true};
    EXPECT_FALSE(ask(other_, RequestKind::take_lease, contract::to_value(request)).has_value());
    shop_.carry_out("pos", SaleRole::payment);
    EXPECT_FALSE(shop_.endpoint.next_reply(other_.peer).has_value());
    shop_.carry_out("fr", SaleRole::registration);
    EXPECT_EQ(Rig::ok<contract::Lease>(shop_.endpoint.next_reply(other_.peer)).state,
              contract::LeaseState::held);
}

}  // namespace
}  // namespace tillhost::devd::core
