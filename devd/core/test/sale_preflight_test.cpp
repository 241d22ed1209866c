// Claims: before a card is charged the devices of the sale are looked at, those that are being
// opened are waited for, and what stands in the way is said. Shown: a core over hosts played
// message by message, on a clock that the test moves.
#include "devd/core/test/sale_rig.h"

namespace tillhost::devd::core {
namespace {

using base::ErrorCode;
using contract::OperationState;
using contract::RequestKind;
using contract::SaleRole;
using contract::SaleStage;
using std::chrono::seconds;

TEST(Sale, ChargesNothingWhenTheRegistrarHasNoPaper) {
    Shop shop;
    shop.open_all();
    shop.submit(shop.sale());
    shop.answer_preflight(false);
    const contract::Operation sale = shop.look();
    EXPECT_EQ(sale.state, OperationState::failed);
    EXPECT_EQ(sale.error->code, "paper_out");
    EXPECT_EQ(sale.error->effect, base::Effect::none);
    EXPECT_FALSE(shop.has(SaleRole::payment));
}

TEST(Sale, ChargesNothingWhenTheRegistrarDoesNotTakeTheReceipt) {
    Shop shop;
    shop.open_all();
    contract::Sale sale = shop.sale();
    sale.receipt.currency = "EUR";
    shop.submit(sale);
    const auto asked = shop.last<contract::QueryCommand>("fr");
    ASSERT_TRUE(asked);
    const auto* check = std::get_if<contract::ReceiptCheckQuery>(&asked->query);
    ASSERT_NE(check, nullptr) << "it must be asked about this receipt";
    EXPECT_EQ(check->receipt, sale.receipt);
    contract::Queried answer;
    answer.ticket = asked->ticket;
    answer.error = contract::to_contract(base::bad_field("currency", "RUB"));
    shop.say("fr", answer);
    const contract::Operation failed = shop.look();
    EXPECT_EQ(failed.state, OperationState::failed);
    EXPECT_EQ(failed.error->code, "bad_field");
    EXPECT_NE(failed.error->text.find("currency"), std::string::npos);
    EXPECT_EQ(failed.error->effect, base::Effect::none);
    EXPECT_FALSE(shop.has(SaleRole::payment));
}

TEST(Sale, ChargesNothingForARegistrarInTrainingMode) {
    Shop shop;
    shop.open_all();
    shop.submit(shop.sale());
    contract::FiscalStatus status = Shop::status();
    status.training = true;
    const auto asked = shop.last<contract::QueryCommand>("fr");
    ASSERT_TRUE(asked);
    shop.say("fr", contract::Queried{asked->ticket, contract::ClassStatus(status), {}, false});
    EXPECT_EQ(shop.look().state, OperationState::failed);
    EXPECT_EQ(shop.look().error->code, "wrong_mode");
    EXPECT_FALSE(shop.has(SaleRole::payment));
}

void wait_out_the_preflight(Shop& shop) {
    for (os::Duration waited{}; waited <= kPreflightMax; waited += seconds(1)) {
        shop.wait(seconds(1));
        for (const std::string device : {"fr", "fr2", "pos"}) {
            shop.say(device, contract::Beat{});
        }
    }
}

TEST(Sale, ChargesNothingWhenARegistrarOrTheTerminalIsAway) {
    Shop shop;
    shop.open("fr");
    shop.submit(shop.sale());
    wait_out_the_preflight(shop);
    EXPECT_EQ(shop.look().error->code, "device_not_ready");
    Shop other;
    other.open("pos", true);
    other.submit(other.sale());
    wait_out_the_preflight(other);
    EXPECT_EQ(other.look().error->code, "device_not_ready");
    EXPECT_FALSE(other.has(SaleRole::payment));
}

TEST(Sale, RightAfterAStartWaitsForItsDevicesToBeOpened) {
    Shop shop;
    shop.submit(shop.sale());
    shop.wait(seconds(1));
    EXPECT_EQ(shop.look().state, OperationState::accepted);
    shop.open_all();
    shop.wait(kOpeningLook);
    shop.answer_preflight();
    shop.carry_out("pos", SaleRole::payment);
    shop.carry_out("fr", SaleRole::registration);
    EXPECT_EQ(shop.look().sale->stage, SaleStage::completed);
}

TEST(Sale, WaitsForNoDeviceThatCouldNotBeOpened) {
    Shop shop;
    shop.open("fr");
    shop.say("pos", contract::HostHello{1, "payment/zvt", 7});
    shop.say("pos", contract::OpenFailed{
                        contract::to_contract(base::make_error(ErrorCode::port_missing, ""))});
    shop.submit(shop.sale());
    EXPECT_EQ(shop.look().state, OperationState::failed);
    EXPECT_EQ(shop.look().error->code, "device_not_ready");
}

TEST(Sale, NamesTheDoubtOfItsTerminal) {
    Shop shop;
    shop.open_all();
    shop.submit(shop.sale());
    shop.answer_preflight();
    shop.prepare("pos");
    shop.core->on_host_gone("pos", shop.hosts.epochs.at("pos"), "crashed");
    const base::OperationId doubt = step_id(shop.id, SaleRole::payment, 1);
    shop.id = base::OperationId::make(1'780'000'000'000, {1, 3});
    contract::Sale next = shop.sale();
    next.receipt.lines[0].name = "bread";
    shop.submit(next);
    EXPECT_EQ(shop.look().state, OperationState::failed);
    EXPECT_EQ(shop.look().error->code, "device_in_doubt");
    EXPECT_NE(shop.look().error->text.find(doubt.to_text()), std::string::npos);
}

TEST(Sale, ForCashIsCancelledWhileItsReceiptWaits) {
    Shop shop;
    shop.open_all();
    shop.core->on_host_gone("fr", shop.hosts.epochs.at("fr"), "crashed");
    contract::Sale sale = shop.sale();
    sale.receipt.payments = {{contract::PaymentKind::cash, kTotal}};
    shop.submit(sale);
    const contract::Error abort = Rig::error(shop.of_operation(RequestKind::abort));
    EXPECT_NE(abort.text.find("cancel ends it"), std::string::npos) << abort.text;
    EXPECT_EQ(Rig::ok<contract::Operation>(shop.of_operation(RequestKind::cancel)).state,
              OperationState::cancelled);
    EXPECT_EQ(shop.step(SaleRole::registration).state, OperationState::cancelled);
    shop.wait(seconds(1));
    shop.open("fr");
    EXPECT_FALSE(shop.last<contract::Execute>("fr"));
}

TEST(Sale, ThatIsPaidAndWaitsForItsReceiptSaysWhatCanBeDone) {
    Shop shop;
    shop.open_all();
    contract::Sale sale = shop.sale();
    sale.substitute = "-";
    shop.submit(sale);
    shop.answer_preflight();
    shop.prepare("pos");
    shop.core->on_host_gone("fr", shop.hosts.epochs.at("fr"), "crashed");
    shop.finish("pos", SaleRole::payment);
    const base::OperationId receipt = step_id(shop.id, SaleRole::registration, 1);
    for (const RequestKind kind : {RequestKind::cancel, RequestKind::abort}) {
        const contract::Error error = Rig::error(shop.of_operation(kind));
        EXPECT_EQ(error.code, "wrong_state");
        EXPECT_NE(error.text.find(receipt.to_text()), std::string::npos) << error.text;
    }
    const base::OperationId id = shop.id;
    shop.id = receipt;
    Rig::ok<contract::Operation>(shop.of_operation(RequestKind::cancel));
    shop.id = id;
    EXPECT_TRUE(shop.has(SaleRole::reversal)) << "what the text promised";
}

}  // namespace
}  // namespace tillhost::devd::core
