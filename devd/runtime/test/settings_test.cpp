// Claim: settings and texts are judged by the manifest alone, each refusal names what would be
// right, and an error of a device is told to an administrator as what it means.
// Shown on a manifest with every kind of field, on commands with texts in every place, and on
// codes.
#include "devd/runtime/settings.h"

#include <gtest/gtest.h>

#include "devd/runtime/command_check.h"
#include "devd/runtime/connection_check.h"

namespace tillhost::devd::runtime {
namespace {

using contract::CheckOutcome;
using contract::FieldKind;

contract::SettingField field(const std::string& name, FieldKind kind, std::int64_t min,
                             std::int64_t max) {
    contract::SettingField field;
    field.name = name;
    field.kind = kind;
    field.min = min;
    field.max = max;
    return field;
}

contract::Manifest manifest() {
    contract::Manifest manifest;
    manifest.driver = "fiscal/x";
    manifest.device_class = contract::DeviceClass::fiscal_registrar;
    manifest.lines = {contract::LineKind::tcp};
    manifest.text_page = contract::TextPage::cp1251;
    manifest.tag_page = contract::TextPage::cp866;
    manifest.pages.resize(1);
    auto& fields = manifest.pages[0].fields;
    fields = {field("port", FieldKind::port, 0, 0),  field("wait", FieldKind::integer, -5, 100),
              field("name", FieldKind::text, 2, 4),  field("serial", FieldKind::digits, 1, 3),
              field("pin", FieldKind::secret, 4, 4), field("mode", FieldKind::choice, 0, 0)};
    fields[0].required = true;
    fields[1].unit = "ms";
    fields[5].choices = {{"fast", {}}, {"slow", {}}};
    return manifest;
}

std::string refusal(std::vector<contract::Setting> settings) {
    settings.push_back({"port", "tcp:127.0.0.1:1"});
    const auto good = check_settings(manifest(), settings);
    return good ? "" : good.error().detail;
}

TEST(Settings, OfEveryKindAreTakenWithinTheirBounds) {
    EXPECT_EQ(refusal({{"wait", "-5"},
                       {"name", "Чай"},
                       {"serial", "007"},
                       {"pin", "1234"},
                       {"mode", "slow"}}),
              "");
    EXPECT_EQ(refusal({{"wait", ""}}), "") << "an empty value is the default";
}

TEST(Settings, OutsideTheirBoundsSayWhatWouldBeRight) {
    EXPECT_EQ(refusal({{"wait", "101"}}), "settings.wait: a whole number from -5 to 100 ms");
    EXPECT_EQ(refusal({{"wait", "1.5"}}), "settings.wait: a whole number from -5 to 100 ms");
    EXPECT_EQ(refusal({{"name", "x"}}), "settings.name: from 2 to 4 characters");
    EXPECT_EQ(refusal({{"name", "\xFF\xFE"}}), "settings.name: from 2 to 4 characters");
    EXPECT_EQ(refusal({{"serial", "12a"}}), "settings.serial: from 1 to 3 digits");
    EXPECT_EQ(refusal({{"pin", "12345"}}), "settings.pin: 4 characters") << "not the secret";
    EXPECT_EQ(refusal({{"mode", "Fast"}}), "settings.mode: one of: fast, slow");
    EXPECT_EQ(refusal({{"speed", "1"}}),
              "settings.speed: a setting of fiscal/x; it has: port, wait, name, serial, pin, mode");
    EXPECT_EQ(refusal({{"wait", "1"}, {"wait", "2"}}), "settings.wait: set once");
    EXPECT_EQ(refusal({{"port", "tcp:127.0.0.1:2"}}), "settings.port: set once");
}

TEST(Settings, ThatAreRequiredAreMissed) {
    const auto missing = check_settings(manifest(), {{"port", ""}});
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().detail.rfind("settings.port: it is required", 0), 0U);
}

TEST(Settings, StandInTheOrderOfTheManifestWithoutThoseOfNoValue) {
    const std::vector<contract::Setting> ordered{{"port", "a"}, {"pin", "1234"}};
    EXPECT_EQ(in_order(manifest(), {{"pin", "1234"}, {"wait", ""}, {"port", "a"}}), ordered);
}

TEST(Settings, APortOfTcpIsTheDriversUsualOneIfNoneIsNamed) {
    contract::Manifest one = manifest();
    EXPECT_EQ(check_settings(one, {{"port", "tcp:10.0.0.1"}}).error().detail,
              "settings.port: tcp:ADDRESS:PORT; its driver has no usual port");
    one.tcp_port = 7778;
    ASSERT_TRUE(check_settings(one, {{"port", "tcp:10.0.0.1"}}));
    const std::vector<contract::Setting> whole{{"port", "tcp:10.0.0.1:7778"}};
    EXPECT_EQ(in_order(one, {{"port", "tcp:10.0.0.1"}}), whole);
    EXPECT_EQ(in_order(one, whole), whole);
}

TEST(Settings, AnAddressOfALineIsTheSameHoweverItIsWritten) {
    EXPECT_EQ(line_of("serial:/dev/null?baud=9600"), line_of("serial:/dev/../dev/null"));
    EXPECT_NE(line_of("tcp:127.0.0.1:1"), line_of("tcp:127.0.0.1:2"));
}

TEST(Settings, TheTimeForWorkIsTheDrivers) {
    contract::Manifest one = manifest();
    EXPECT_EQ(budgets_of(one), core::WorkBudgets{}) << "the contract's defaults are the core's";
    one.resolve_budget_ms = 1'500;
    EXPECT_EQ(budgets_of(one).resolve, std::chrono::milliseconds(1'500));
    EXPECT_EQ(budgets_of(one).open, core::WorkBudgets{}.open);
}

TEST(Settings, ARegistrarThatCanReadItsLayoutNeedsOne) {
    contract::Manifest one = manifest();
    EXPECT_EQ(setup_of(one), std::vector{contract::SetupStep::connection});
    one.capabilities = {contract::Capability::layout};
    EXPECT_EQ(setup_of(one),
              (std::vector{contract::SetupStep::connection, contract::SetupStep::layout}));
}

std::string text_refusal(const contract::Command& command) {
    const auto good = check_texts(manifest(), command);
    return good ? "" : good.error().detail.substr(0, good.error().detail.find(": "));
}

TEST(CommandTexts, AreCheckedWhereverTheyStand) {
    const std::string chin = "\xE1\x83\xA9";  // a Georgian letter, in neither page
    contract::Receipt receipt;
    receipt.lines.resize(2);
    receipt.lines[0].name = "Чай «Утро»";
    receipt.lines[1].name = "Tea";
    EXPECT_EQ(text_refusal(receipt), "");
    receipt.lines[1].name = chin;
    EXPECT_EQ(text_refusal(receipt), "command.receipt.lines[1].name");
    contract::Correction correction;
    correction.receipt = receipt;
    EXPECT_EQ(text_refusal(correction), "command.correction.receipt.lines[1].name");
    receipt.lines[1].name = "Tea";
    receipt.text = {"a", chin};
    EXPECT_EQ(text_refusal(receipt), "command.receipt.text[1]");
    receipt.text.clear();
    receipt.cashier = contract::Cashier{"«А»", ""};  // in 1251 and not in 866
    EXPECT_EQ(text_refusal(receipt), "command.receipt.cashier.name");
    EXPECT_EQ(text_refusal(contract::OpenShift{receipt.cashier}),
              "command.open_shift.cashier.name");
    EXPECT_EQ(text_refusal(contract::PrintText{{"a", chin}, 0}), "command.print_text.lines[1]");
    contract::SetLayout layout;
    layout.footer = {chin};
    EXPECT_EQ(text_refusal(layout), "command.set_layout.footer[0]");
}

TEST(ConnectionCheck, TellsWhatAnErrorMeans) {
    using base::ErrorCode;
    const std::pair<ErrorCode, CheckOutcome> rows[] = {
        {ErrorCode::port_missing, CheckOutcome::cable_or_power},
        {ErrorCode::no_answer, CheckOutcome::cable_or_power},
        {ErrorCode::port_denied, CheckOutcome::permission},
        {ErrorCode::port_busy, CheckOutcome::port_held},
        {ErrorCode::frame_damaged, CheckOutcome::wrong_speed},
        {ErrorCode::unexpected_answer, CheckOutcome::wrong_protocol},
        {ErrorCode::wrong_device, CheckOutcome::wrong_device},
        {ErrorCode::host_lost, CheckOutcome::driver_failed},
        {ErrorCode::deadline_passed, CheckOutcome::no_time},
        {ErrorCode::wrong_password, CheckOutcome::device_error}};
    for (const auto& [code, outcome] : rows) {
        const contract::Error error = contract::to_contract(base::make_error(code, ""));
        EXPECT_EQ(outcome_of(error), outcome) << error.code;
        EXPECT_FALSE(advice_of(outcome).empty());
    }
}

}  // namespace
}  // namespace tillhost::devd::runtime
