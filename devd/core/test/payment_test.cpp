// Claims: what a person reads from a terminal's slip settles one payment; what was taken back is
// known of the payment.
// Shown: a core over hosts played message by message.
#include "devd/core/test/sale_rig.h"

namespace tillhost::devd::core {
namespace {

using base::ErrorCode;
using contract::OperationState;
using contract::RequestKind;

class Payments : public testing::Test {
protected:
    void SetUp() override { shop_.open_all(); }
    base::OperationId submit(const contract::Command& command) {
        const base::OperationId id = base::OperationId::make(1'780'000'000'000, {7, ++ids_});
        contract::SubmitRequest request;
        request.session = shop_.session;
        request.operation_id = id;
        request.device = "pos";
        request.command = command;
        request.force = true;
        Rig::ok<contract::Operation>(shop_.ask(RequestKind::submit, contract::to_value(request)));
        return id;
    }
    /// A payment of which the terminal cannot tell what became.
    base::OperationId doubt() { return doubt(charge()); }
    base::OperationId doubt(const contract::Command& command) {
        const base::OperationId id = submit(command);
        shop_.prepare("pos");
        contract::Finished finished;
        finished.operation_id = id;
        finished.attempt = 1;
        finished.error = contract::to_contract(
            base::make_error(ErrorCode::needs_entry, "", base::Effect::unknown));
        shop_.say("pos", finished);
        return id;
    }
    static contract::Command charge(std::int64_t amount = kTotal) {
        return contract::Authorise{amount, "RUB"};
    }
    static contract::PaymentEntry slip(std::int64_t number, std::int64_t amount = kTotal) {
        contract::PaymentEntry entry;
        entry.amount_minor = amount;
        entry.receipt_number = number;
        return entry;
    }
    std::optional<contract::Reply> decide(const base::OperationId& id,
                                          const contract::PaymentEntry& entry, bool force = false) {
        contract::DecideRequest request;
        request.session = shop_.session;
        request.operation_id = id;
        request.version = shop_.look(id).version;
        request.verdict = contract::Verdict::executed;
        request.payment = entry;
        request.note = "M. read the slip";
        request.force = force;
        const auto reply = shop_.ask(RequestKind::decide, contract::to_value(request));
        // The host was asked about it meanwhile.
        if (const auto asked = shop_.last<contract::ResolveCommand>("pos")) {
            contract::Resolved resolved;
            resolved.operation_id = asked->pending.operation_id;
            resolved.error =
                contract::to_contract(base::make_error(ErrorCode::no_answer, "asked too late"));
            shop_.say("pos", resolved);
        }
        return reply;
    }
    void settle(const base::OperationId& id, const contract::PaymentEntry& entry) {
        EXPECT_EQ(Rig::ok<contract::Operation>(decide(id, entry)).state, OperationState::done);
    }

    Shop shop_;
    std::uint64_t ids_ = 0;
};

TEST_F(Payments, ASlipSettlesOnePayment) {
    const base::OperationId first = doubt();
    settle(first, slip(12));
    const base::OperationId second = doubt();
    const contract::Error refused = Rig::error(decide(second, slip(12)));
    EXPECT_EQ(refused.code, "possible_duplicate");
    EXPECT_NE(refused.text.find(first.to_text()), std::string::npos) << refused.text;
    EXPECT_NE(refused.text.find("payment.receipt_number"), std::string::npos) << refused.text;
    EXPECT_EQ(shop_.look(second).state, OperationState::in_doubt);
    settle(second, slip(13));
}

TEST_F(Payments, ASlipThatIsAnotherOneIsTaken) {
    settle(doubt(), slip(12));
    settle(doubt(charge(kTotal + 1)), slip(12, kTotal + 1));  // the numbers began anew
    settle(doubt(contract::Refund{kTotal, "RUB"}), slip(12));
    contract::PaymentEntry entry = slip(14);
    entry.authorisation_code = "A1";
    settle(doubt(), entry);
    entry.authorisation_code = "A2";
    settle(doubt(), entry);
}

TEST_F(Payments, APersonMayInsistThatTheTerminalGaveTheNumberTwice) {
    settle(doubt(), slip(12));
    const base::OperationId second = doubt();
    EXPECT_EQ(Rig::ok<contract::Operation>(decide(second, slip(12), true)).state,
              OperationState::done);
}

TEST_F(Payments, APaymentTellsThatItWasTakenBack) {
    const base::OperationId payment = doubt();
    settle(payment, slip(12));
    EXPECT_FALSE(shop_.look(payment).taken_back_by);
    contract::Reverse back;
    back.amount_minor = kTotal;
    back.currency = "RUB";
    back.payment = payment;
    const base::OperationId reversal = doubt(back);
    EXPECT_FALSE(shop_.look(payment).taken_back_by) << "nobody knows yet";
    settle(reversal, slip(13));
    EXPECT_EQ(shop_.look(payment).taken_back_by, reversal);
}

}  // namespace
}  // namespace tillhost::devd::core
