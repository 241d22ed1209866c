// Claims: a sale charges nothing before its registrar can register, and takes a payment back only
// after its receipt is finally failed, and once.
// Shown: a core over hosts played message by message, on a clock that the test moves.
#include "devd/core/test/sale_rig.h"

namespace tillhost::devd::core {
namespace {

using base::ErrorCode;
using contract::OperationState;
using contract::RequestKind;
using contract::SaleRole;
using contract::SaleStage;
using std::chrono::seconds;

TEST(Sale, ChargesRegistersAndPrintsTheSlip) {
    Shop shop;
    shop.open_all();
    Rig::ok<contract::Operation>(shop.submit(shop.sale()));
    EXPECT_FALSE(shop.has(SaleRole::payment)) << "charged before the registrar was asked";
    shop.answer_preflight();
    const auto charge = shop.last<contract::Execute>("pos");
    ASSERT_TRUE(charge);
    EXPECT_EQ(std::get<contract::Authorise>(charge->command).amount_minor, kTotal);
    EXPECT_FALSE(shop.has(SaleRole::registration));
    shop.carry_out("pos", SaleRole::payment);
    EXPECT_EQ(shop.look().sale->stage, SaleStage::registering);
    shop.carry_out("fr", SaleRole::registration);
    const contract::Operation sale = shop.look();
    EXPECT_EQ(sale.state, OperationState::done);
    EXPECT_EQ(sale.sale->stage, SaleStage::completed);
    EXPECT_EQ(sale.sale->fiscal->fiscal_document_number, 42);
    EXPECT_EQ(sale.sale->payment->receipt_number, 77);
    EXPECT_EQ(shop.step(SaleRole::slip).parent, shop.id);
    EXPECT_EQ(shop.step(SaleRole::slip).command, "print_text");
    const auto slip = shop.last<contract::Execute>("fr");
    ASSERT_TRUE(slip);
    const auto& text = std::get<contract::PrintText>(slip->command);
    EXPECT_TRUE(text.substitute) << "a letter that it lacks would lose the slip";
    EXPECT_EQ(text.cut, contract::CutMode::partial);
}

TEST(Sale, ItsSlipAndDrawerMayBeAPrintersOwn) {
    Shop shop;
    shop.open_all();
    shop.open("slips");
    contract::Sale sale = shop.sale();
    sale.printer = "slips";
    sale.drawer = "slips";
    sale.open_drawer = true;
    Rig::ok<contract::Operation>(shop.submit(sale));
    shop.answer_preflight();
    shop.carry_out("pos", SaleRole::payment);
    shop.carry_out("fr", SaleRole::registration);
    EXPECT_EQ(shop.look().state, OperationState::done);
    EXPECT_EQ(shop.step(SaleRole::drawer).device, "slips");
    const auto drawer = shop.last<contract::Execute>("slips");
    ASSERT_TRUE(drawer);
    EXPECT_TRUE(std::holds_alternative<contract::OpenDrawer>(drawer->command));
    contract::Finished finished;
    finished.operation_id = drawer->operation_id;
    finished.attempt = drawer->attempt;
    contract::PrintResult opened;
    opened.printed = contract::Printed::not_printed;
    finished.result = opened;
    shop.say("slips", finished);
    const auto slip = shop.last<contract::Execute>("slips");
    ASSERT_TRUE(slip);
    const auto* document = std::get_if<contract::PrintDocument>(&slip->command);
    ASSERT_NE(document, nullptr) << "the whole slip is one document, cut at its end";
    ASSERT_EQ(document->blocks.size(), 1U);
    EXPECT_EQ(std::get<contract::PrintedText>(document->blocks[0]).text, "PAID");
    EXPECT_EQ(document->cut, contract::CutMode::partial);
    EXPECT_FALSE(document->copy);
    EXPECT_TRUE(document->substitute);
    // The printer lost its line: the slip is failed, and neither it nor the sale is done again.
    contract::Finished lost;
    lost.operation_id = slip->operation_id;
    lost.attempt = slip->attempt;
    lost.error =
        contract::to_contract(base::make_error(ErrorCode::link_lost, "", base::Effect::unknown));
    shop.say("slips", lost);
    EXPECT_EQ(shop.step(SaleRole::slip).state, OperationState::failed);
    EXPECT_EQ(shop.step(SaleRole::slip).error->effect, base::Effect::unknown);
    EXPECT_EQ(shop.look().state, OperationState::done);
}

TEST(Sale, PaidInCashIsOneReceipt) {
    Shop shop;
    shop.open_all();
    contract::Sale sale = shop.sale();
    sale.receipt.payments = {{contract::PaymentKind::cash, kTotal}};
    sale.open_drawer = true;
    shop.submit(sale);
    shop.carry_out("fr", SaleRole::registration);
    EXPECT_EQ(shop.look().state, OperationState::done);
    EXPECT_FALSE(shop.has(SaleRole::payment));
    EXPECT_EQ(shop.step(SaleRole::drawer).device, "fr");
}

TEST(Sale, OfADeclinedCardIsFailedAndRegistersNothing) {
    Shop shop;
    shop.open_all();
    shop.submit(shop.sale());
    shop.answer_preflight();
    shop.prepare("pos");
    shop.refuse("pos", SaleRole::payment, ErrorCode::payment_declined);
    EXPECT_EQ(shop.look().state, OperationState::failed);
    EXPECT_EQ(shop.look().error->code, "payment_declined");
    EXPECT_EQ(shop.look().sale->stage, SaleStage::declined);
    EXPECT_FALSE(shop.has(SaleRole::registration));
}

TEST(Sale, TakesThePaymentBackOnceWhenNoRegistrarRegisters) {
    Shop shop;
    shop.open_all();
    shop.submit(shop.sale());
    shop.answer_preflight();
    shop.carry_out("pos", SaleRole::payment);
    shop.prepare("fr");
    shop.refuse("fr", SaleRole::registration, ErrorCode::device_failed);
    EXPECT_FALSE(shop.has(SaleRole::reversal)) << "there is a substitute";
    EXPECT_EQ(shop.step(SaleRole::registration, 2).device, "fr2");
    shop.prepare("fr2");
    shop.refuse("fr2", SaleRole::registration, ErrorCode::device_failed, 2);
    const auto reversal = shop.last<contract::Execute>("pos");
    ASSERT_TRUE(reversal);
    const auto& command = std::get<contract::Reverse>(reversal->command);
    EXPECT_EQ(command.amount_minor, kTotal);
    EXPECT_EQ(command.receipt_number, 77);
    EXPECT_EQ(command.terminal_id, "pos") << "another terminal has a payment 77 too";
    shop.carry_out("pos", SaleRole::reversal);
    EXPECT_EQ(shop.look().state, OperationState::failed);
    EXPECT_EQ(shop.look().error->code, "payment_reversed");
    EXPECT_EQ(shop.look().sale->stage, SaleStage::compensated);
    EXPECT_FALSE(shop.has(SaleRole::reversal, 2));
}

TEST(Sale, TakesNothingBackWhileTheReceiptIsInDoubt) {
    Shop shop;
    shop.open_all();
    shop.submit(shop.sale());
    shop.answer_preflight();
    shop.carry_out("pos", SaleRole::payment);
    shop.prepare("fr");
    shop.core->on_host_gone("fr", shop.hosts.epochs.at("fr"), "crashed");
    EXPECT_EQ(shop.step(SaleRole::registration).state, OperationState::in_doubt);
    shop.open("fr", false,
              contract::Resolution{contract::Verdict::cannot_tell, Shop::identity("fr"), {}, ""});
    shop.wait(std::chrono::hours(1));
    EXPECT_FALSE(shop.has(SaleRole::reversal));
    EXPECT_FALSE(shop.has(SaleRole::registration, 2));
    EXPECT_EQ(shop.look().state, OperationState::accepted);
    shop.core->on_host_gone("fr", shop.hosts.epochs.at("fr"), "silent");
    shop.wait(seconds(1));
    shop.open("fr", false,
              contract::Resolution{contract::Verdict::executed, Shop::identity("fr"),
                                   Shop::result("fr"), ""});
    EXPECT_EQ(shop.look().state, OperationState::done);
}

TEST(Sale, WaitsForARegistrarThatWentAwayAndThenUsesTheSubstitute) {
    Shop shop;
    shop.open_all();
    shop.submit(shop.sale());
    shop.answer_preflight();
    shop.prepare("pos");
    shop.core->on_host_gone("fr", shop.hosts.epochs.at("fr"), "crashed");
    contract::Finished paid;
    paid.operation_id = step_id(shop.id, SaleRole::payment, 1);
    paid.attempt = 1;
    paid.result = Shop::result("pos");
    // It is back in time for the choice, and gone again.
    shop.open("fr");
    shop.say("pos", paid);
    shop.core->on_host_gone("fr", shop.hosts.epochs.at("fr"), "crashed");
    EXPECT_EQ(shop.step(SaleRole::registration).device, "fr");
    EXPECT_FALSE(shop.has(SaleRole::registration, 2));
    for (int i = 0; i < 4; ++i) {
        shop.wait(kRegistrarPatience / 2);
    }
    EXPECT_EQ(shop.step(SaleRole::registration).state, OperationState::cancelled);
    EXPECT_EQ(shop.step(SaleRole::registration, 2).device, "fr2");
}

TEST(Sale, KeepsAnOpenCompensationUntilItSucceedsOrAPersonSaysSo) {
    Shop shop;
    shop.open_all();
    contract::Sale sale = shop.sale();
    sale.substitute = "-";
    shop.submit(sale);
    shop.answer_preflight();
    shop.carry_out("pos", SaleRole::payment);
    shop.prepare("fr");
    shop.refuse("fr", SaleRole::registration, ErrorCode::device_failed);
    shop.prepare("pos");
    shop.refuse("pos", SaleRole::reversal, ErrorCode::reversal_impossible);
    EXPECT_EQ(shop.look().state, OperationState::accepted);
    EXPECT_EQ(shop.look().error->code, "compensation_open");
    EXPECT_EQ(shop.look().sale->stage, SaleStage::compensation_open);
    shop.of_operation(RequestKind::resolve);
    EXPECT_EQ(shop.step(SaleRole::reversal, 2).state, OperationState::accepted);
    EXPECT_FALSE(shop.look().error);
    shop.prepare("pos");
    shop.refuse("pos", SaleRole::reversal, ErrorCode::reversal_impossible, 2);
    contract::DecideRequest decide;
    decide.session = shop.session;
    decide.operation_id = shop.id;
    decide.version = shop.look().version;
    decide.verdict = contract::Verdict::executed;
    decide.note = "M. paid 25.00 back in cash";
    EXPECT_EQ(Rig::error(shop.ask(RequestKind::decide, contract::to_value(decide))).code,
              "bad_field");
    decide.verdict = contract::Verdict::not_executed;
    Rig::ok<contract::Operation>(shop.ask(RequestKind::decide, contract::to_value(decide)));
    EXPECT_EQ(shop.look().state, OperationState::failed);
    EXPECT_EQ(shop.look().error->code, "payment_reversed");
    EXPECT_EQ(Rig::error(shop.of_operation(RequestKind::resolve)).code, "wrong_state")
        << "the money was paid back already";
    EXPECT_FALSE(shop.has(SaleRole::reversal, 3));
}

TEST(Sale, APaymentThatWaitsForItsTerminalIsNotBegunAfterAnAbort) {
    Shop shop;
    shop.open_all();
    shop.submit(shop.sale());
    shop.answer_preflight();
    shop.core->on_host_gone("pos", shop.hosts.epochs.at("pos"), "crashed");
    const auto aborted = Rig::ok<contract::Operation>(shop.of_operation(RequestKind::abort));
    EXPECT_EQ(aborted.state, OperationState::cancelled);
    shop.wait(seconds(1));
    shop.open("pos", true);
    EXPECT_FALSE(shop.last<contract::Execute>("pos")) << "a card is charged after the abort";
    EXPECT_EQ(shop.look().state, OperationState::failed);
}

TEST(Sale, APaymentThatCannotBeginInTimeEndsTheSale) {
    Shop shop;
    shop.open_all();
    shop.submit(shop.sale());
    shop.answer_preflight();
    shop.core->on_host_gone("pos", shop.hosts.epochs.at("pos"), "crashed");
    shop.wait(kPaymentStartMax + seconds(1));
    EXPECT_EQ(shop.step(SaleRole::payment).state, OperationState::expired);
    EXPECT_EQ(shop.look().state, OperationState::failed);
    EXPECT_FALSE(shop.has(SaleRole::registration));
}

TEST(Sale, AReceiptOfARegistrarInTrainingIsNone) {
    Shop shop;
    shop.open_all();
    contract::Sale sale = shop.sale();
    sale.substitute = "-";
    shop.submit(sale);
    shop.answer_preflight();
    shop.carry_out("pos", SaleRole::payment);
    contract::FiscalResult practised;
    practised.training = true;
    practised.printed = contract::Printed::printed;
    contract::Finished finished;
    finished.operation_id = step_id(shop.id, SaleRole::registration, 1);
    finished.attempt = 1;
    finished.result = practised;
    shop.say("fr", finished);
    EXPECT_TRUE(shop.has(SaleRole::reversal)) << "a card was charged and nothing registered";
    shop.carry_out("pos", SaleRole::reversal);
    EXPECT_EQ(shop.look().error->code, "payment_reversed");
}

TEST(Sale, AsksNoCustomerASecondTimeAfterALostPayment) {
    Shop shop;
    shop.open_all();
    shop.submit(shop.sale());
    shop.answer_preflight();
    shop.prepare("pos");
    shop.core->on_host_gone("pos", shop.hosts.epochs.at("pos"), "crashed");
    EXPECT_EQ(shop.step(SaleRole::payment).state, OperationState::in_doubt);
    shop.open("pos", true,
              contract::Resolution{contract::Verdict::not_executed, Shop::identity("pos"), {}, ""});
    EXPECT_EQ(shop.step(SaleRole::payment).state, OperationState::failed);
    EXPECT_EQ(shop.look().error->code, "payment_cancelled");
    EXPECT_FALSE(shop.last<contract::Execute>("pos"));
}

TEST(Sale, IsNotEndedByItsStartLimitOnceACardIsBeingCharged) {
    Shop shop;
    shop.open_all();
    contract::SubmitRequest request;
    request.session = shop.session;
    request.operation_id = shop.id;
    request.command = shop.sale();
    request.start_before_ms = shop.clock.unix_ms() + 5000;
    Rig::ok<contract::Operation>(shop.ask(RequestKind::submit, contract::to_value(request)));
    shop.answer_preflight();
    shop.prepare("pos");
    shop.wait(seconds(6));
    EXPECT_EQ(shop.look().state, OperationState::accepted);
    shop.finish("pos", SaleRole::payment);
    shop.carry_out("fr", SaleRole::registration);
    EXPECT_EQ(shop.look().sale->stage, SaleStage::completed);
}

TEST(Sale, ThatCouldNotBeginInItsTimeExpiresAndChargesNothing) {
    Shop shop;
    shop.open_all();
    contract::SubmitRequest request;
    request.session = shop.session;
    request.operation_id = shop.id;
    request.command = shop.sale();
    request.start_before_ms = shop.clock.unix_ms() + 5000;
    Rig::ok<contract::Operation>(shop.ask(RequestKind::submit, contract::to_value(request)));
    shop.wait(seconds(6));
    EXPECT_EQ(shop.look().state, OperationState::expired);
    shop.answer_preflight();
    EXPECT_FALSE(shop.has(SaleRole::payment));
}

TEST(Sale, NamesTheFieldOfWhatIsWrong) {
    Shop shop;
    shop.open_all();
    contract::Sale sale = shop.sale();
    EXPECT_EQ(Rig::error(shop.submit(sale, "fr")).text.substr(0, 7), "device:");
    sale.terminal = "till9";
    EXPECT_NE(Rig::error(shop.submit(sale)).text.find("command.sale.terminal"), std::string::npos);
    sale = shop.sale();
    sale.receipt.kind = contract::ReceiptKind::sale_return;
    EXPECT_NE(Rig::error(shop.submit(sale)).text.find("command.sale.receipt.kind"),
              std::string::npos);
    sale = shop.sale();
    sale.receipt.payments[0].amount_minor = 1;
    EXPECT_NE(Rig::error(shop.submit(sale)).text.find("command.sale.receipt"), std::string::npos);
}

TEST(Sale, AbortBreaksThePaymentOff) {
    Shop shop;
    shop.open_all();
    shop.submit(shop.sale());
    EXPECT_EQ(Rig::error(shop.of_operation(RequestKind::abort)).code, "wrong_state");
    shop.answer_preflight();
    shop.prepare("pos");
    Rig::ok<contract::Operation>(shop.of_operation(RequestKind::abort));
    EXPECT_EQ(shop.hosts.aborted, std::vector<std::string>{"pos"});
}

TEST(Sale, IsAcknowledgedWithItsSteps) {
    Shop shop;
    shop.open_all();
    shop.submit(shop.sale());
    shop.answer_preflight();
    shop.carry_out("pos", SaleRole::payment);
    shop.carry_out("fr", SaleRole::registration);
    shop.of_operation(RequestKind::acknowledge);
    EXPECT_TRUE(shop.look().acknowledged);
    EXPECT_TRUE(shop.step(SaleRole::payment).acknowledged);
    EXPECT_TRUE(shop.step(SaleRole::registration).acknowledged);
}

TEST(Sale, ItsStepsAreToldInTheirOrderAndForgottenWithIt) {
    Shop shop;
    shop.open_all();
    shop.submit(shop.sale());
    shop.answer_preflight();
    shop.carry_out("pos", SaleRole::payment);
    shop.prepare("fr");
    shop.refuse("fr", SaleRole::registration, ErrorCode::device_failed);
    shop.prepare("fr2");
    shop.refuse("fr2", SaleRole::registration, ErrorCode::device_failed, 2);
    shop.carry_out("pos", SaleRole::reversal);
    std::vector<std::pair<SaleRole, base::OperationId>> told;
    const contract::Operation sale = shop.look();
    for (const contract::SaleStep& step : sale.sale->steps) {
        told.emplace_back(step.role, step.operation_id);
    }
    const std::vector<std::pair<SaleRole, base::OperationId>> right{
        {SaleRole::payment, step_id(shop.id, SaleRole::payment, 1)},
        {SaleRole::registration, step_id(shop.id, SaleRole::registration, 1)},
        {SaleRole::registration, step_id(shop.id, SaleRole::registration, 2)},
        {SaleRole::reversal, step_id(shop.id, SaleRole::reversal, 1)}};
    EXPECT_EQ(told, right);
    shop.of_operation(RequestKind::acknowledge);
    shop.wait(CoreOptions().retention + std::chrono::hours(24));
    contract::OperationsRequest all;
    const auto left = Rig::ok<contract::OperationsReply>(
        shop.ask(RequestKind::operations, contract::to_value(all)));
    EXPECT_TRUE(left.operations.empty());
}

}  // namespace
}  // namespace tillhost::devd::core
