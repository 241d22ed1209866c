// Claim: devsim's words, on its command line and on its control socket, are read or refused with
// what would be right. Shown by examples, by mistakes, and by random lines.
#include <gtest/gtest.h>

#include "simulators/core/random.h"
#include "simulators/devsim/arguments.h"
#include "simulators/devsim/control_protocol.h"
#include "simulators/dongle/fido2/token.h"
#include "simulators/fiscal/toy/registrar.h"
#include "simulators/payment/zvt/terminal.h"
#include "simulators/printer/escpos/printer.h"
#include "simulators/scanner/serial/scanner.h"

namespace tillhost::devsim {
namespace {

using Words = std::vector<std::string>;

std::string refusal(const Words& words) {
    const auto arguments = parse_arguments(words);
    EXPECT_FALSE(arguments);
    return arguments ? "" : arguments.error().detail;
}

TEST(Arguments, AreReadAsTheHelpShows) {
    const auto serve = parse_arguments(Words{"fiscal/shtrih", "--pty", "/tmp/till", "--state",
                                             "/tmp/s", "--seed", "9", "--pace", "9600"});
    ASSERT_TRUE(serve);
    EXPECT_EQ(serve->serve->family, "fiscal/shtrih");
    EXPECT_EQ(serve->serve->pty, "/tmp/till");
    EXPECT_EQ(serve->serve->seed, 9U);
    EXPECT_EQ(serve->serve->pace_baud, 9600);
    const auto fault =
        parse_arguments(Words{"ctl", "/tmp/c", "fault", "lose", "side=host", "nth=2", "--json"});
    ASSERT_TRUE(fault);
    EXPECT_EQ(fault->control->name, "lose");
    EXPECT_EQ(fault->control->keys[1].second, "2");
    EXPECT_TRUE(fault->control->json);
    EXPECT_TRUE(parse_arguments(Words{"ctl", "/tmp/c", "power", "on"})->control->power_on);
    const auto scan = parse_arguments(Words{"ctl", "/tmp/c", "scan", "1\\x1D", "aim=]d2"});
    ASSERT_TRUE(scan);
    EXPECT_EQ(scan->control->question, Question::scan);
    EXPECT_EQ(scan->control->name, "1\\x1D");
    EXPECT_EQ(parse_arguments(Words{"scanner/serial", "--suffix", "etx"})->serve->suffix, "etx");
    const auto printer = parse_arguments(Words{
        "printer/escpos", "--model", "clone", "--flow", "xonxoff", "--buffer", "64", "--pages",
        "7=866", "--drawer-pin", "5", "--drawer-open", "low", "--old-interface", "yes"});
    ASSERT_TRUE(printer);
    EXPECT_EQ(printer->serve->model, "clone");
    EXPECT_EQ(printer->serve->buffer, 64);
    EXPECT_EQ(printer->serve->drawer_pin, 5);
    const auto token =
        parse_arguments(Words{"dongle/fido2", "--attestation", "self", "--touch-ms", "-1", "--pin",
                              "yes", "--always-uv", "yes", "--report-number", "no"});
    ASSERT_TRUE(token);
    EXPECT_EQ(token->serve->attestation, "self");
    EXPECT_EQ(token->serve->touch_ms, -1);
    EXPECT_EQ(token->serve->pin + token->serve->always_uv, "yesyes");
    EXPECT_EQ(token->serve->report_number, "no");
    EXPECT_TRUE(parse_arguments(Words{"ctl", "/tmp/c", "line", "anew"})->control->anew);
    EXPECT_FALSE(parse_arguments(Words{"ctl", "/tmp/c", "line"})->control->anew);
    const auto times = parse_arguments(Words{"fiscal/shtrih", "--command-ms", "4", "--position-ms",
                                             "50", "--document-ms", "366", "--line-ms", "15"});
    ASSERT_TRUE(times);
    EXPECT_EQ(times->serve->command_ms, 4);
    EXPECT_EQ(times->serve->position_ms, 50);
    EXPECT_EQ(times->serve->document_ms, 366);
    EXPECT_EQ(times->serve->line_ms, 15);
    EXPECT_TRUE(parse_arguments(Words{"fiscal/toy", "--help"})->help);
    EXPECT_NE(help_text().find("power_cut"), std::string::npos);
}

TEST(Arguments, MistakesSayWhatWouldBeRight) {
    EXPECT_NE(refusal({}).find("fiscal/shtrih"), std::string::npos);
    EXPECT_NE(refusal({"fiscal/none"}).find("fiscal/toy"), std::string::npos);
    EXPECT_NE(refusal({"fiscal/toy", "--pty"}).find("value"), std::string::npos);
    EXPECT_NE(refusal({"fiscal/toy", "--colour", "1"}).find("--help"), std::string::npos);
    EXPECT_NE(refusal({"fiscal/toy", "--seed", "x"}).find("number"), std::string::npos);
    EXPECT_NE(refusal({"fiscal/toy", "--pty", "a", "--tcp", "b:1"}).find("either"),
              std::string::npos);
    EXPECT_NE(refusal({"ctl"}).find("ENDPOINT"), std::string::npos);
    EXPECT_NE(refusal({"ctl", "x", "power", "maybe"}).find("on|off"), std::string::npos);
    EXPECT_NE(refusal({"ctl", "x", "line", "again"}).find("line [anew]"), std::string::npos);
    EXPECT_NE(refusal({"fiscal/shtrih", "--position-ms", "-1"}).find("0 to"), std::string::npos);
    EXPECT_NE(refusal({"printer/escpos", "--model", "big"}).find("no_mark"), std::string::npos);
    EXPECT_NE(refusal({"dongle/fido2", "--attestation", "me"}).find("maker, self, none"),
              std::string::npos);
    EXPECT_NE(refusal({"printer/escpos", "--buffer", "44"}).find("from 45"), std::string::npos);
    EXPECT_NE(refusal({"ctl", "x", "fault"}).find("name"), std::string::npos);
    EXPECT_NE(refusal({"ctl", "x", "fault", "lose", "nth"}).find("key=value"), std::string::npos);
}

class Control : public testing::Test {
protected:
    std::string ask(std::string_view line) { return answer_request(line, *device_, {}); }
    std::unique_ptr<simulators::FiscalSimulator> device_ = *simulators::toy::make_toy_registrar({});
};

TEST_F(Control, ARequestSurvivesItsEncoding) {
    ControlArguments request;
    request.question = Question::fault;
    request.name = "lose";
    request.keys = {{"nth", "3"}, {"side", "host"}};
    const auto back = decode_request(encode_request(request));
    ASSERT_TRUE(back);
    EXPECT_EQ(back->name, "lose");
    EXPECT_EQ(back->keys, request.keys);
}

TEST_F(Control, AnswersStateDocumentsTapeAndPower) {
    EXPECT_EQ(ask(R"({"command":"fault","name":"other_master","keys":{"total":250}})"),
              R"({"ok":true})");
    EXPECT_NE(ask(R"({"command":"state"})").find(R"("last_document_number":1)"), std::string::npos);
    EXPECT_NE(ask(R"({"command":"documents"})").find(R"("total_minor":250)"), std::string::npos);
    EXPECT_EQ(ask(R"({"command":"tape"})"), R"({"ok":true,"tape":["#1 2.50 tag 0"]})");
    EXPECT_EQ(ask(R"({"command":"power","on":false})"), R"({"ok":true})");
    EXPECT_FALSE(device_->powered());
}

TEST_F(Control, TellsHowTheLineWasUsedAndBeginsAnewWhereAsked) {
    device_->receive(*base::from_hex("00 00 00"), {});
    ControlArguments request;
    request.question = Question::line;
    EXPECT_NE(ask(encode_request(request)).find(R"("host_bytes":3)"), std::string::npos);
    request.anew = true;
    const std::string told = ask(encode_request(request));
    EXPECT_NE(told.find(R"("host_bytes":3)"), std::string::npos);
    EXPECT_NE(told.find(R"("turns":{"count":0,"max_us":0.0,"p50_us":0.0,"p99_us":0.0})"),
              std::string::npos);
    const std::string after = ask(R"({"command":"line"})");
    EXPECT_NE(after.find(R"("host_bytes":0)"), std::string::npos);
    bool failed = true;
    EXPECT_NE(answer_for_people(after, failed).find("busy_us"), std::string::npos);
    EXPECT_FALSE(failed);
}

TEST_F(Control, RefusalsAreTyped) {
    EXPECT_NE(ask("state").find(R"("code":"malformed")"), std::string::npos);
    EXPECT_NE(ask("[]").find(R"("code":"malformed")"), std::string::npos);
    EXPECT_NE(ask(R"({"command":"dance"})").find("fault, state"), std::string::npos);
    EXPECT_NE(ask(R"({"command":"power"})").find("true or false"), std::string::npos);
    EXPECT_NE(ask(R"({"command":"line","anew":1})").find("true or false"), std::string::npos);
    EXPECT_NE(ask(R"({"command":"fault","name":7})").find("name"), std::string::npos);
    EXPECT_NE(ask(R"({"command":"fault","name":"lose","keys":{"nth":[]}})").find("nth"),
              std::string::npos);
    EXPECT_NE(ask(R"({"command":"fault","name":"shift_expired"})").find("not_supported"),
              std::string::npos);
}

TEST(ControlOfAScanner, ItReadsBarcodesAndHasNoDocuments) {
    const auto scanner = simulators::scanner_serial::make_scanner({});
    const auto ask = [&scanner](std::string_view line) {
        return answer_request(line, *scanner, {});
    };
    ControlArguments scan;
    scan.question = Question::scan;
    scan.name = "1\\x1D2";
    scan.keys = {{"aim", "]d2"}};
    EXPECT_EQ(ask(encode_request(scan)), R"({"ok":true})");
    EXPECT_EQ(base::to_hex(scanner->take_output()), "5D 64 32 31 1D 32 0D");
    EXPECT_NE(ask(R"({"command":"state"})").find(R"("reads":1)"), std::string::npos);
    EXPECT_EQ(ask(R"({"command":"tape"})"), R"({"ok":true,"tape":[]})");
    EXPECT_NE(ask(R"({"command":"documents"})").find("not_supported"), std::string::npos);
    EXPECT_NE(ask(R"({"command":"scan","name":"\\x"})").find("code"), std::string::npos);
    EXPECT_NE(ask(R"({"command":"scan"})").find("name"), std::string::npos);
}

TEST_F(Control, ARegistrarReadsNoBarcodes) {
    EXPECT_NE(ask(R"({"command":"scan","name":"1"})").find("not_supported"), std::string::npos);
}

TEST_F(Control, ARegistrarHasNoTransactions) {
    EXPECT_NE(ask(R"({"command":"transactions"})").find("not_supported"), std::string::npos);
}

TEST(ControlOfATerminal, ItTellsItsTransactionsAndHasNoDocuments) {
    const auto terminal = *simulators::zvt::make_zvt_terminal({});
    const auto ask = [&terminal](std::string_view line) {
        return answer_request(line, *terminal, {});
    };
    EXPECT_EQ(ask(R"({"command":"fault","name":"other_master","keys":{"total":700}})"),
              R"({"ok":true})");
    ControlArguments question;
    question.question = Question::transactions;
    const std::string answer = ask(encode_request(question));
    EXPECT_NE(answer.find(R"("amount_minor":700)"), std::string::npos) << answer;
    EXPECT_NE(answer.find(R"("state":"stored")"), std::string::npos) << answer;
    bool failed = true;
    EXPECT_NE(answer_for_people(answer, failed).find("7.00  receipt 0001"), std::string::npos);
    EXPECT_FALSE(failed);
    EXPECT_NE(ask(R"({"command":"state"})").find(R"("phase":"idle")"), std::string::npos);
    EXPECT_NE(ask(R"({"command":"documents"})").find("not_supported"), std::string::npos);
    EXPECT_EQ(ask(R"({"command":"tape"})"), R"({"ok":true,"tape":[]})");
    EXPECT_NE(ask(R"({"command":"fault","name":"cover_open"})").find("not_supported"),
              std::string::npos);
}

TEST(ControlOfAPrinter, ItTellsItsPaperItsDrawerAndItsTroubles) {
    const auto printer = *simulators::escpos::make_escpos_printer({.line_time = {}});
    const auto ask = [&printer](std::string_view line) {
        return answer_request(line, *printer, {});
    };
    printer->receive(*base::from_hex("61 0A 1B 70 00 32 32"), {});
    EXPECT_EQ(ask(R"({"command":"tape"})"), R"({"ok":true,"tape":["a"]})");
    EXPECT_EQ(ask(R"({"command":"fault","name":"paper_low"})"), R"({"ok":true})");
    const std::string state = ask(R"({"command":"state"})");
    for (const char* part :
         {R"("pulses_pin_2":1)", R"("paper":"low")", R"("drawer_open":true)",
          R"("pulses":[{"off_ms":100,"on_ms":100,"pin":2,"real_time":false}])"}) {
        EXPECT_NE(state.find(part), std::string::npos) << part << state;
    }
    bool failed = true;
    EXPECT_NE(answer_for_people(state, failed).find("printed_lines"), std::string::npos);
    EXPECT_FALSE(failed);
    EXPECT_NE(ask(R"({"command":"documents"})").find("not_supported"), std::string::npos);
    EXPECT_NE(ask(R"({"command":"fault","name":"shift_expired"})").find("not_supported"),
              std::string::npos);
}

TEST(ControlOfAToken, ItTellsItsCredentialsAndWhoVouchesForIt) {
    const auto token = *simulators::fido2::make_fido2_token({.serial = "TK0001"});
    const auto ask = [&token](std::string_view line) { return answer_request(line, *token, {}); };
    const auto say = [&token](std::string_view hex) {
        base::Bytes report = *base::from_hex(hex);
        report.resize(64);
        token->receive(report, {});
    };
    say("FF FF FF FF 86 00 08 01 02 03 04 05 06 07 08");
    // makeCredential for "a", the user 01, and nothing that is not needed; it is touched at once.
    say("51 00 00 01 90 00 4B 01 A4 01 58 20 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 "
        "00 00 00 00 00 00 00 00 00 00 00 00 00 00 02 A1 62 69 64 61 61 03 A1 62 69 64 41 01 04 81 "
        "A2 63 61 6C");
    say("51 00 00 01 00 67 26 64 74 79 70 65 6A 70 75 62 6C 69 63 2D 6B 65 79");
    const std::string state = ask(R"({"command":"state"})");
    for (const char* part : {R"("serial":"TK0001")", R"("counter":1)", R"("rp":"a")",
                             R"("attestation_root":"-----BEGIN CERTIFICATE-----\n)"}) {
        EXPECT_NE(state.find(part), std::string::npos) << part << state;
    }
    EXPECT_EQ(ask(R"({"command":"fault","name":"forget"})"), R"({"ok":true})");
    EXPECT_NE(ask(R"({"command":"state"})").find(R"("credentials":[])"), std::string::npos);
    bool failed = true;
    EXPECT_NE(answer_for_people(state, failed).find("attestation_root"), std::string::npos);
    EXPECT_FALSE(failed);
    EXPECT_NE(ask(R"({"command":"documents"})").find("not_supported"), std::string::npos);
    EXPECT_NE(ask(R"({"command":"fault","name":"paper_out"})").find("not_supported"),
              std::string::npos);
}

TEST_F(Control, RandomLinesAreAnsweredInJson) {
    simulators::Random random(1);
    constexpr std::string_view kLetters = R"({}[]":,0123456789abcdefnstruelcommand )";
    for (int i = 0; i < 20'000; ++i) {
        std::string line;
        for (std::uint64_t k = random.below(40); k > 0; --k) {
            line += kLetters[random.below(kLetters.size())];
        }
        EXPECT_EQ(ask(line).substr(0, 5), R"({"err)") << line;
    }
}

TEST_F(Control, PeopleGetTextAndFailuresAreSaid) {
    ask(R"({"command":"fault","name":"other_master","keys":{"total":250}})");
    bool failed = true;
    EXPECT_EQ(answer_for_people(ask(R"({"command":"tape"})"), failed), "#1 2.50 tag 0\n");
    EXPECT_FALSE(failed);
    EXPECT_NE(answer_for_people(ask(R"({"command":"documents"})"), failed).find("2.50"),
              std::string::npos);
    EXPECT_NE(answer_for_people(ask(R"({"command":"state"})"), failed).find("TOY00001"),
              std::string::npos);
    EXPECT_NE(answer_for_people(ask("x"), failed).find("malformed"), std::string::npos);
    EXPECT_TRUE(failed);
    answer_for_people("nonsense", failed);
    EXPECT_TRUE(failed);
}

}  // namespace
}  // namespace tillhost::devsim
