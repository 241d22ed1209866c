// Claim: tillctl understands its command line and receipts, and refuses wrong ones naming the
// place. Shown on command lines and texts, and on every receipt of docs/examples.
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "ipc/client/tillctl/arguments.h"
#include "ipc/client/tillctl/document_file.h"
#include "ipc/client/tillctl/plain_text.h"
#include "ipc/client/tillctl/scan.h"
#include "ipc/client/tillctl/texts.h"
#include "ipc/contract/envelope.h"
#include "ipc/contract/receipt_rules.h"

namespace tillhost::tillctl {
namespace {

std::variant<Invocation, Explanation> parse(std::vector<const char*> words) {
    words.insert(words.begin(), "tillctl");
    return parse_arguments(static_cast<int>(words.size()), words.data(), Language::english);
}
Invocation understood(std::vector<const char*> words) {
    auto parsed = parse(std::move(words));
    const auto* wrong = std::get_if<Explanation>(&parsed);
    EXPECT_EQ(wrong, nullptr) << wrong->text;
    return wrong == nullptr ? std::get<Invocation>(parsed) : Invocation{};
}
std::string refused(std::vector<const char*> words) {
    const auto parsed = parse(std::move(words));
    const auto* wrong = std::get_if<Explanation>(&parsed);
    EXPECT_NE(wrong, nullptr);
    EXPECT_FALSE(wrong == nullptr || wrong->is_help);
    return wrong == nullptr ? "" : wrong->text;
}
template <class T>
T command_of(std::vector<const char*> words) {
    const Invocation invocation = understood(std::move(words));
    return std::get<T>(std::get<SubmitVerb>(invocation.verb).command);
}

constexpr const char* kId = "0190b8f2-7c1e-7a00-8000-000000000001";

TEST(Arguments, MakeTheCommandOfEachVerb) {
    EXPECT_EQ(command_of<contract::OpenShift>({"shift", "kassa", "open"}).cashier, std::nullopt);
    const auto close =
        command_of<contract::CloseShift>({"shift", "kassa", "close", "--cashier", "Petrova"});
    EXPECT_EQ(close.cashier->name, "Petrova");
    EXPECT_EQ(command_of<contract::CashIn>({"cash", "kassa", "in", "499.9"}).amount_minor, 49990);
    EXPECT_EQ(command_of<contract::CashOut>({"cash", "kassa", "out", "5"}).amount_minor, 500);
    EXPECT_EQ(command_of<contract::PrintText>({"print", "kassa", "a b", "c"}).lines,
              (std::vector<std::string>{"a b", "c"}));
    EXPECT_TRUE(command_of<contract::CutPaper>({"cut", "kassa"}).partial);
    EXPECT_FALSE(command_of<contract::CutPaper>({"cut", "kassa", "--full"}).partial);
    command_of<contract::XReport>({"report", "kassa", "x"});
    command_of<contract::PrintCopy>({"copy", "kassa"});
    command_of<contract::ContinuePrint>({"continue", "kassa"});
    EXPECT_EQ(command_of<contract::FeedPaper>({"feed", "kassa", "3"}).lines, 3);
    const auto barcode = command_of<contract::PrintBarcode>({"barcode", "kassa", "qr", "a b"});
    EXPECT_EQ(barcode.symbology, contract::Symbology::qr);
    EXPECT_EQ(barcode.payload, "a b");
    command_of<contract::OpenDrawer>({"drawer", "kassa"});
    const auto layout = command_of<contract::SetLayout>(
        {"layout", "kassa", "--header", "Shop", "--header", "Street 1", "--footer", "Thanks"});
    EXPECT_EQ(layout.header, (std::vector<std::string>{"Shop", "Street 1"}));
    EXPECT_EQ(layout.footer, (std::vector<std::string>{"Thanks"}));
}

TEST(Arguments, TakeTheCommonOptionsBeforeAndBehindTheVerb) {
    const Invocation before = understood({"--json", "--timeout", "2.5", "devices"});
    EXPECT_TRUE(before.json);
    EXPECT_EQ(before.timeout, std::chrono::milliseconds(2500));
    const Invocation behind = understood({"devices", "--endpoint", "ipc:///x", "--json"});
    EXPECT_TRUE(behind.json);
    EXPECT_EQ(behind.endpoint, "ipc:///x");
}

TEST(Arguments, TakeIdsAndReferences) {
    const Invocation invocation =
        understood({"receipt", "kassa", "r.json", "--id", kId, "--sale-ref", "77", "--force"});
    const auto& verb = std::get<ReceiptVerb>(invocation.verb);
    EXPECT_EQ(verb.path, "r.json");
    EXPECT_EQ(verb.how.operation_id.to_text(), kId);
    EXPECT_EQ(verb.how.sale_ref, "77");
    EXPECT_TRUE(verb.how.force);
    const Invocation settle = understood({"settle", kId});
    EXPECT_EQ(std::get<OperationVerb>(settle.verb).what, OnOperation::settle);
}

TEST(Arguments, TakeADecisionWhole) {
    const Invocation invocation = understood({"decide", kId, "executed", "--version", "4", "--note",
                                              "seen on the roll", "--document", "41"});
    const auto& decision = std::get<DecideVerb>(invocation.verb).decision;
    EXPECT_EQ(decision.verdict, contract::Verdict::executed);
    EXPECT_EQ(decision.version, 4);
    EXPECT_EQ(decision.fiscal_document_number, 41);
    EXPECT_EQ(decision.note, "seen on the roll");
}

TEST(Arguments, TakeMoneyAtATerminal) {
    const Invocation paid = understood({"pay", "card1", "12.50"});
    const auto& pay = std::get<PayVerb>(paid.verb);
    EXPECT_EQ(pay.how.device, "card1");
    EXPECT_EQ(pay.amount, "12.50");
    EXPECT_EQ(paid.timeout, kCustomerTimeout);
    EXPECT_EQ(pay.start_within_s, 60) << "then the customer has gone";
    const Invocation patient = understood({"refund", "card1", "5", "--start-within", "300"});
    EXPECT_EQ(std::get<PayVerb>(patient.verb).start_within_s, 300);
    EXPECT_EQ(understood({"--timeout", "5", "pay", "card1", "1"}).timeout, std::chrono::seconds(5));
    EXPECT_EQ(understood({"end-of-day", "card1"}).timeout, kTimeout);
    const Invocation back =
        understood({"reverse", "card1", "5", "--receipt", "17", "--trace", "9"});
    const auto& reverse = std::get<PayVerb>(back.verb);
    EXPECT_EQ(reverse.what, OnCard::take_back);
    EXPECT_EQ(reverse.numbers.receipt_number, 17);
    EXPECT_EQ(reverse.numbers.trace_number, 9);
    const Invocation sold = understood({"sell", "s.json", "--terminal", "card1", "--print", "-"});
    EXPECT_EQ(std::get<SellVerb>(sold.verb).terminal, "card1");
    EXPECT_EQ(std::get<SellVerb>(sold.verb).printer, "-");
    EXPECT_EQ(std::get<AbortVerb>(understood({"abort", "card1"}).verb).what, "card1");
    const Invocation told = understood({"decide", kId, "executed", "--version", "4", "--note", "x",
                                        "--amount", "5", "--receipt", "17"});
    const auto& entry = std::get<DecideVerb>(told.verb);
    EXPECT_EQ(entry.amount, "5");
    EXPECT_EQ(entry.decision.payment->receipt_number, 17);
}

TEST(Arguments, RefuseWhatIsWrongAndSayWhy) {
    const std::pair<std::vector<const char*>, std::string> mistakes[] = {
        {{}, "tillctl --help"},
        {{"cash", "kassa", "in", "5.123"}, "at most two decimals"},
        {{"shift", "kassa", "ajar"}, "one of open, close, not 'ajar'"},
        {{"shift", "kassa", "open", "--tax-id", "5"}, "--tax-id: goes with --cashier"},
        {{"operation", "17"}, "ID: an id such as"},
        {{"decide", kId, "executed", "--note", "x"}, "--version is missing"},
        {{"receipt", "kassa"}, "FILE is missing"},
        {{"receipt", "kassa", "a.json", "b.json"}, "not expected here: b.json"},
        {{"devices", "--endpoint"}, "--endpoint wants a value"},
        {{"devices", "--timeout", "0"}, "seconds from 0.1 to 3600"},
        {{"operations", "--limit", "1001"}, "a whole number from 1 to 1000, not '1001'"},
        {{"play", "kassa", "5"}, "no verb 'play'"},
        {{"pay", "card1", "0"}, "AMOUNT: an amount above 0"},
        {{"pay", "card1", "12.345"}, "AMOUNT: an amount above 0"},
        {{"pay", "card1", "5", "--currency", "euro"}, "--currency: three capital letters"},
        {{"refund", "card1", "5.5", "--currency", "JPY"}, "AMOUNT: an amount above 0"},
        {{"reverse", "card1"}, "either AMOUNT"},
        {{"reverse", "card1", "5", "--of", kId}, "either AMOUNT"},
        {{"sell"}, "FILE is missing"},
        {{"decide", kId, "executed", "--version", "4", "--note", "x", "--receipt", "5"},
         "--amount: what stands"},
        {{"record", "kassa", "on"}, "on wants a file"},
        {{"decode", "fiscal/shtrih", "0G"}, "hex digits"},
        {{"query", "kassa"}, "one of: status, clock, memory"},
        {{"query", "kassa", "money"}, "not expected here: money"},
        {{"query", "kassa", "registers"}, "--cash and --operation"},
        {{"query", "kassa", "registers", "--cash", "7-3"}, "not '7-3'"},
        {{"query", "kassa", "registers", "--cash", "0-256"}, "256 at most"},
        {{"query", "kassa", "table", "1", "0", "1"}, "ROW: a whole number from 1 to 65535"},
        {{"query", "kassa", "marking", "\\x1"}, "two hex digits"},
        {{"layout", "kassa"}, "nothing to set"},
        {{"clock", "kassa"}, "TIME is missing"}};
    for (const auto& [words, said] : mistakes) {
        const std::string told = refused(words);
        EXPECT_NE(told.find(said), std::string::npos) << said << " in " << told;
    }
}

TEST(Arguments, NameTheVerbWhoseHelpIsWanted) {
    EXPECT_NE(refused({"query", "kassa", "table", "1"}).find("tillctl query DEVICE table --help"),
              std::string::npos);
}

template <class Q>
Q question_in(std::vector<const char*> words) {
    words.insert(words.begin(), {"query", "kassa"});
    const Invocation invocation = understood(std::move(words));
    const auto& verb = std::get<QueryVerb>(invocation.verb);
    EXPECT_EQ(verb.device, "kassa");
    return std::get<Q>(verb.query);
}

TEST(Arguments, MakeEachQuestion) {
    question_in<contract::StatusQuery>({"status"});
    question_in<contract::StatusQuery>({"clock"});
    question_in<contract::FiscalMemoryQuery>({"memory"});
    question_in<contract::LayoutQuery>({"layout"});
    question_in<contract::LastTransactionQuery>({"last"});
    const auto registers = question_in<contract::RegistersQuery>(
        {"registers", "--cash", "241,5", "--operation", "148-150", "--cash", "7"});
    EXPECT_EQ(registers.cash, (std::vector<std::int64_t>{241, 5, 7}));
    EXPECT_EQ(registers.operation, (std::vector<std::int64_t>{148, 149, 150}));
    const auto field = question_in<contract::TableQuery>({"table", "4", "1", "2"});
    EXPECT_EQ(field, (contract::TableQuery{4, 1, 2}));
    const auto marking = question_in<contract::MarkingQuery>(
        {"marking", "01\\\\\\x1d93", "--plan", "piece_returned", "--wait", "7"});
    EXPECT_EQ(marking.marking.code, base::bytes_of("01\\\x1d"
                                                   "93"));
    EXPECT_EQ(marking.marking.plan, contract::MarkingPlan::piece_returned);
    EXPECT_EQ(marking.wait_ms, 7000);
    EXPECT_EQ(question_in<contract::EchoQuery>({"echo", "hello"}).payload, base::bytes_of("hello"));
    const Invocation receipt = understood({"query", "kassa", "receipt", "receipt.json"});
    EXPECT_EQ(std::get<QueryVerb>(receipt.verb).receipt_path, "receipt.json");
    // Recording and proofs of dongles have verbs of their own; whoever adds a question to the
    // contract adds its verb.
    understood({"record", "kassa", "off"});
    understood({"dongle", "d1", "prove", "--rp", "a", "--credential", "SkyezA=="});
    static_assert(std::variant_size_v<contract::Query::variant> == 11);
}

TEST(Arguments, MakeWhatADeviceKeepsItself) {
    EXPECT_EQ(command_of<contract::SetClock>({"clock", "kassa", "now"}).time, "");
    EXPECT_EQ(command_of<contract::SetClock>({"clock", "kassa", "2026-03-02T09:00:00"}).time,
              "2026-03-02T09:00:00");
    const auto layout =
        command_of<contract::SetLayout>({"layout", "kassa", "--header", "Tea House", "--header",
                                         "Main street", "--cut", "partial"});
    EXPECT_EQ(layout.header, (std::vector<std::string>{"Tea House", "Main street"}));
    EXPECT_EQ(layout.auto_cut, contract::CutMode::partial);
    EXPECT_TRUE(layout.footer.empty());
    const auto field =
        command_of<contract::WriteTable>({"write-table", "kassa", "1", "1", "8", "2"});
    EXPECT_EQ(field, (contract::WriteTable{1, 1, 8, "2"}));
}

TEST(Arguments, LookForASpeedOnlyIfAsked) {
    const auto is_looked_for = [](std::vector<const char*> words) {
        const Invocation invocation = understood(std::move(words));
        return std::get<TestVerb>(std::get<AdminVerb>(invocation.verb)).find_speed;
    };
    EXPECT_FALSE(is_looked_for({"test", "kassa"}));
    EXPECT_TRUE(is_looked_for({"test", "kassa", "--find-speed"}));
}

TEST(Arguments, TakeACorrectionWhole) {
    const Invocation invocation = understood({"correction", "kassa", "r.json", "--basis",
                                              "by_order", "--date", "2026-03-02", "--number", "7"});
    const auto& verb = std::get<CorrectionVerb>(invocation.verb);
    EXPECT_EQ(verb.path, "r.json");
    EXPECT_EQ(verb.basis, contract::CorrectionBasis::by_order);
    EXPECT_EQ(verb.date, "2026-03-02");
    EXPECT_EQ(verb.number, "7");
}

TEST(Arguments, KnowNoVerbThatIsNotThereYet) {
    for (const char* verb : {"lend", "bench"}) {
        refused({verb, "kassa"});
    }
}

std::string fault_of(std::string_view json) {
    const auto receipt = read_receipt(json);
    EXPECT_FALSE(receipt);
    return receipt ? "" : receipt.error().detail;
}

std::string with_line(const std::string& fields) {
    return R"({"kind": "sale", "lines": [{"name": "Tea", "quantity_units": 1, )" + fields +
           R"(}], "payments": [{"kind": "cash", "amount_minor": 100}]})";
}

TEST(ReceiptFile, ReadsEveryExample) {
    const std::map<std::string, std::int64_t> totals{
        {"receipt.json", 28845},       {"receipt-discounts.json", 1014400},
        {"receipt-marked.json", 9000}, {"receipt-return.json", 12000},
        {"sale.json", 28500},          {"checkpackage.xml", 28845}};
    int seen = 0;
    for (const auto& entry : std::filesystem::directory_iterator("docs/examples")) {
        if (entry.path().extension() != ".json" && entry.path().extension() != ".xml") {
            continue;
        }
        const auto sale = read_sale_file(entry.path().string());
        ASSERT_TRUE(sale) << base::to_text(sale.error());
        EXPECT_EQ(contract::check_receipt(sale->receipt)->total_minor,
                  totals.at(entry.path().filename().string()));
        ++seen;
    }
    EXPECT_EQ(seen, 6);
    EXPECT_TRUE(read_receipt_file("docs/examples/receipt.json"));
    EXPECT_TRUE(read_sale_file("docs/examples/sale.json")->open_drawer);
}

TEST(SaleFile, NamesWhatIsWrongInIt) {
    const auto said = [](const std::string& text) {
        const auto sale = read_sale(text);
        return sale ? std::string() : sale.error().detail;
    };
    const std::string receipt = R"({"receipt": )" + with_line(R"("price_minor": 100, "vat": 4)");
    EXPECT_EQ(said(receipt + "}"), "");
    EXPECT_EQ(said(receipt + R"(, "terminl": "pos"})").substr(0, 8), "terminl:");
    EXPECT_EQ(said(receipt + R"(, "terminal": 5})").substr(0, 9), "terminal:");
    const std::string little = R"({"receipt": )" + with_line(R"("price_minor": 200, "vat": 4)");
    EXPECT_EQ(said(little + "}").substr(0, 8), "receipt.");
}

TEST(PrintDocumentFile, TakesEachKindOfBlock) {
    const auto document = read_print_document(R"({"blocks": [
        {"text": {"text": "Closed", "alignment": "centre", "bold": true}},
        {"barcode": {"symbology": "qr", "payload": "x", "text_below": false}},
        {"picture": {"width_dots": 8, "rows": "ff"}}, {"feed": {"lines": 3}}],
        "copy": true, "cut": "full"})");
    ASSERT_TRUE(document) << base::to_text(document.error());
    EXPECT_EQ(document->blocks.size(), 4U);
    const auto wrong = read_print_document(R"({"blocks": [{"text": {"txt": "Closed"}}]})");
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().detail.substr(0, 19), "blocks[0].text.txt:");
}

TEST(ReceiptFile, TakesEveryFieldOfTheContract) {
    const auto receipt = read_receipt(R"({
        "kind": "sale_return", "tax_system": "patent", "electronic_only": true,
        "customer_contact": "a@b.ru", "customer_name": "X", "customer_tax_id": "7701234567",
        "marking_policy": "require_checked",
        "tags": [{"number": 1192, "kind": "text", "text": "42"}],
        "lines": [{"name": "Shoes", "price_minor": 100, "quantity_units": 1, "vat": "vat_5",
                   "item_type": "marked_goods", "payment_method": "advance", "measure": 0,
                   "marking": {"code": "30 31 1D 39", "plan": "piece_returned"},
                   "tags": [{"number": 1229, "kind": "integer", "integer": 300}]}],
        "payments": [{"kind": "electronic", "amount_minor": 100}]})");
    ASSERT_TRUE(receipt) << base::to_text(receipt.error());
    EXPECT_EQ(receipt->kind, contract::ReceiptKind::sale_return);
    EXPECT_EQ(receipt->lines[0].marking->code.size(), 4U);
    EXPECT_EQ(receipt->lines[0].tags[0].integer, 300);
}

TEST(ReceiptFile, NamesLineAndColumnOfBrokenJson) {
    const std::string fault = fault_of("{\"kind\": \"sale\",\n  \"lines\": [}");
    EXPECT_NE(fault.find("line 2"), std::string::npos) << fault;
}

TEST(ReceiptFile, NamesTheFieldThatIsWrongAndWhatWouldBeRight) {
    EXPECT_EQ(fault_of(with_line(R"("price_minor": -5, "vat": "no_vat")")),
              "lines[0].price_minor: an integer from 0 to 99999999999, not -5");
    EXPECT_NE(fault_of(with_line(R"("price_minor": 12.5, "vat": "no_vat")"))
                  .find("lines[0].price_minor: an integer"),
              std::string::npos);
    EXPECT_EQ(fault_of(with_line(R"("price_minor": 5, "vat": "vat_77")")).find("lines[0].vat: "),
              0U);
    EXPECT_EQ(fault_of(with_line(R"("price_minor": 5)")), "lines[0].vat: is required");
}

TEST(ReceiptFile, RefusesAFieldThatIsNotKnown) {
    const std::string fault =
        fault_of(with_line(R"("price_minor": 5, "discont_minor": 1, "vat": "no_vat")"));
    EXPECT_EQ(fault.find("lines[0].discont_minor: no such field; known here: name, price_minor"),
              0U)
        << fault;
}

TEST(ReceiptFile, ChecksTheSumsAsDevdWill) {
    const auto receipt = read_receipt(with_line(R"("price_minor": 500, "vat": "no_vat")"));
    ASSERT_FALSE(receipt);
    EXPECT_EQ(receipt.error().code, base::ErrorCode::payment_below_total);
}

TEST(Texts, TellWhatToDoInDoubtWithTheCommandsToCopy) {
    contract::Operation operation;
    operation.operation_id = MUST(base::OperationId::from_text(kId));
    operation.device = "kassa";
    operation.command = "receipt";
    operation.state = contract::OperationState::in_doubt;
    operation.version = 7;
    const std::string text = operation_text(Language::english, operation);
    EXPECT_NE(text.find("IN DOUBT"), std::string::npos);
    EXPECT_NE(text.find(std::string("tillctl resolve ") + kId), std::string::npos);
    EXPECT_NE(text.find("executed --version 7 --document NUMBER"), std::string::npos);
}

TEST(Texts, TellWhatADeviceThatWorksStillWants) {
    contract::FiscalStatus status;
    status.paper_present = true;
    EXPECT_TRUE(wishes_of(Language::english, status).empty());
    status.warnings = {contract::FiscalWarning::memory_expires_soon};
    ASSERT_EQ(wishes_of(Language::english, status).size(), 1U);
    EXPECT_FALSE(wishes_of(Language::english, status)[0].stops);
    status.paper_present = false;
    status.cover_open = true;
    const auto wishes = wishes_of(Language::english, status);
    ASSERT_EQ(wishes.size(), 3U);
    EXPECT_EQ(wishes[0].text, "paper: NONE: put in a roll");
    EXPECT_TRUE(wishes[0].stops);
    const std::string shown = answer_text(Language::polish, contract::ClassStatus(status));
    EXPECT_NE(shown.find("zamów nową"), std::string::npos) << shown;
}

TEST(Texts, TellWhatAReceiptPrinterWants) {
    contract::PrinterStatus status;
    status.paper = contract::PaperState::nearly_out;
    EXPECT_TRUE(wishes_of(Language::english, status).empty());
    status.error = "the paper cutter is stuck";
    ASSERT_EQ(wishes_of(Language::english, status).size(), 1U);
    EXPECT_EQ(wishes_of(Language::english, status)[0].text, "the paper cutter is stuck");
    status.paper = contract::PaperState::out;
    const auto wishes = wishes_of(Language::english, status);
    ASSERT_EQ(wishes.size(), 1U);
    EXPECT_EQ(wishes[0].text, "paper: NONE: put in a roll");
    EXPECT_TRUE(wishes[0].stops);
}

TEST(Texts, TellOfEachPortWhyItIsNotFree) {
    contract::Port port;
    port.address = "serial:/dev/ttyUSB0";
    port.state = contract::PortState::unavailable;
    const std::pair<contract::PortReason, std::string> reasons[] = {
        {contract::PortReason::absent, "check cable and power"},
        {contract::PortReason::denied, "usually dialout"},
        {contract::PortReason::busy, "held by process 17 (minicom): end it"},
        {contract::PortReason::used_by_device, "the device kassa is set up on it"}};
    port.holder_pid = 17;
    port.holder = "minicom";
    port.device = "kassa";
    for (const auto& [reason, said] : reasons) {
        port.reason = reason;
        const std::string told = port_text(Language::english, port);
        EXPECT_NE(told.find(said), std::string::npos) << told;
        EXPECT_NE(told.find("kassa"), std::string::npos) << told;
    }
    port.holder_pid = 0;
    port.reason = contract::PortReason::busy;
    EXPECT_NE(port_text(Language::english, port).find("fuser -v"), std::string::npos);
}

TEST(Texts, HoldNothingThatATerminalObeys) {
    EXPECT_EQ(plain_text("Zażółć\tgęślą\n"), "Zażółć\tgęślą\n");
    EXPECT_EQ(plain_text("a\x1b[2Jb\rc\x7f"), "a?[2Jb?c?");
    EXPECT_EQ(plain_text("\xC2\x9B"
                         "1m \xC2\xA0"),
              "?1m \xC2\xA0")
        << "ISO 6429 in UTF-8";
    EXPECT_EQ(plain_text("half \xD0"), "half ?");
}

TEST(Scan, ProposesACommandThatAShellReadsAsItIsMeant) {
    contract::Manifest printer;
    printer.driver = "printer/escpos";
    printer.lines = {contract::LineKind::usb};
    contract::Port port;
    port.address = "usb:04b8:0202:A'1;$(id)";
    port.state = contract::PortState::available;
    contract::Port plain = port;
    plain.address = "usb:04b8:0202@0000:00:14.0/1.2";
    contract::Port net = port;
    net.address = "tcp:10.0.0.1:9100";
    const auto found = proposals({port, plain, net}, {printer});
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].command, "tillctl add printer/escpos port='usb:04b8:0202:A'\\''1;$(id)'");
    EXPECT_EQ(found[1].command, "tillctl add printer/escpos port=usb:04b8:0202@0000:00:14.0/1.2");
    EXPECT_NE(scan_text(Language::english, {}, {}).find("port=tcp:ADDRESS:PORT"),
              std::string::npos);
}

TEST(Texts, TellOfEachFailedCheckWhatToDo) {
    const std::pair<base::ErrorCode, contract::CheckOutcome> failures[] = {
        {base::ErrorCode::port_missing, contract::CheckOutcome::cable_or_power},
        {base::ErrorCode::no_answer, contract::CheckOutcome::cable_or_power},
        {base::ErrorCode::port_denied, contract::CheckOutcome::permission},
        {base::ErrorCode::port_busy, contract::CheckOutcome::port_held},
        {base::ErrorCode::frame_damaged, contract::CheckOutcome::wrong_speed},
        {base::ErrorCode::unexpected_answer, contract::CheckOutcome::wrong_protocol},
        {base::ErrorCode::wrong_device, contract::CheckOutcome::wrong_device},
        {base::ErrorCode::wrong_password, contract::CheckOutcome::device_error}};
    std::set<std::string> told;
    for (const auto& [code, outcome] : failures) {
        contract::CheckReply reply;
        reply.outcome = outcome;
        reply.error = contract::to_contract(base::make_error(code, "as it was seen"));
        const std::string text = check_text(Language::english, "kassa", reply);
        EXPECT_NE(text.find("  seen: " + std::string(base::name_of(code)) + ": as it was seen"),
                  std::string::npos)
            << text;
        EXPECT_TRUE(told.insert(text.substr(0, text.find('\n'))).second) << text;
    }
}

TEST(Texts, TellTheSpeedThatWasFoundAndWhereItIsSet) {
    contract::CheckReply reply;
    reply.outcome = contract::CheckOutcome::wrong_speed;
    reply.speed_found = 57600;
    const std::string text = check_text(Language::english, "kassa", reply);
    EXPECT_NE(text.find("it answers at 57600. Set ?baud=57600"), std::string::npos) << text;
}

TEST(Texts, TellThatARegisteredReceiptWithoutPaperCounts) {
    contract::Operation operation;
    operation.state = contract::OperationState::done;
    contract::FiscalResult result;
    result.registered = true;
    result.printed = contract::Printed::not_printed;
    result.fiscal_document_number = 41;
    result.total_minor = 28845;
    operation.result = result;
    const std::string text = operation_text(Language::english, operation);
    EXPECT_NE(text.find("document      41"), std::string::npos) << text;
    EXPECT_NE(text.find("288.45"), std::string::npos);
    EXPECT_NE(text.find("Do not sell again"), std::string::npos);
}

}  // namespace
}  // namespace tillhost::tillctl
