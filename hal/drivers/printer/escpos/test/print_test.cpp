// Claim: "printed" is said where the printer said so; whatever else may have happened is an error
// that says whether a byte had left, and no document is sent twice. Nothing is sent of one that
// cannot be printed.
// Shown on scripted printers: paper, cover, silence, hang-ups before and behind the mark, marks of
// other documents, garbage.
#include "hal/drivers/printer/escpos/test/scripted.h"

namespace tillhost::drivers::escpos {
namespace {

using base::Effect;
using base::ErrorCode;
using contract::Printed;

/// document_of("Hi") for a mute printer without a cutter.
constexpr const char* kMuteHi = "1B 40 1C 2E 1B 52 00 1B 61 00 48 69 0A 1B 64 05";

void expect_error(const base::Result<contract::PrintResult>& result, ErrorCode code,
                  Effect effect) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, code) << base::to_text(result.error());
    EXPECT_EQ(result.error().effect, effect) << base::to_text(result.error());
}

/// How often the document's own bytes were written.
long times_sent(const ScriptedPrinter& printer) {
    return std::count_if(printer.written.begin(), printer.written.end(),
                         [](const std::string& hex) { return hex.starts_with(kPrelude); });
}

std::string marked(const std::string& bytes, const std::string& id) {
    return bytes + " " + ScriptedPrinter::ask_for(id);
}

TEST(Print, IsPrintedWhenItsMarkComesBack) {
    Counter counter;
    counter.opened();
    const std::string id = counter.printer.next_mark();
    counter.printer.tells_state().then(
        marked(kHi, id), {{ScriptedPrinter::kFine}, {ScriptedPrinter::answer_with(id), 3s}});
    counter.printer.tells_state();  // it is asked in a long silence
    const auto result = counter.execute(document_of("Hi"));
    ASSERT_TRUE(result) << base::to_text(result.error());
    EXPECT_EQ(result->printed, Printed::printed);
    EXPECT_FALSE(result->copy);
    EXPECT_EQ(counter.printer.connections, 1);
}

TEST(Print, ACopySaysSoAboveAndBelow) {
    Counter counter(Set{{"language", "ru"}});
    counter.opened();
    const std::string id = counter.printer.next_mark();
    const std::string word =
        "1B 61 01 1B 45 01 2A 2A 2A 20 1B 74 11 8A 8E 8F 88 9F 20 2A 2A 2A 0A 1B 45 00 ";
    const std::string again =
        "1B 61 01 1B 45 01 2A 2A 2A 20 8A 8E 8F 88 9F 20 2A 2A 2A 0A 1B 45 00 ";
    counter.printer.tells_state().then(
        marked(kPrelude + word + "1B 61 00 48 69 0A " + again + "1D 56 42 00", id),
        {{ScriptedPrinter::answer_with(id)}});
    const auto result = counter.execute(document_of("Hi", true));
    ASSERT_TRUE(result);
    EXPECT_TRUE(result->copy);
}

TEST(Print, NothingIsSentToAPrinterThatCannotPrint) {
    struct Case {
        const char *one, *two, *three, *four;
        ErrorCode code;
    };
    for (const Case& now : {Case{"1A", "32", "12", "72", ErrorCode::paper_out},
                            Case{"1A", "16", "12", "12", ErrorCode::cover_open},
                            Case{"1A", "52", "1A", "12", ErrorCode::cutter_failed},
                            Case{"1A", "52", "32", "12", ErrorCode::device_failed},
                            Case{"1A", "52", "52", "12", ErrorCode::still_printing},
                            Case{"1A", "12", "12", "12", ErrorCode::device_refused}}) {
        Counter counter;
        counter.opened();
        counter.printer.tells_state(now.one, now.two, now.three, now.four);
        expect_error(counter.execute(document_of("Hi")), now.code, Effect::none);
        EXPECT_EQ(times_sent(counter.printer), 0);
    }
}

TEST(Print, TextThatNoCodePageHasIsRefusedBeforeAByte) {
    Counter counter;
    counter.opened();
    const auto refused = counter.execute(document_of("Tea\n☕"));
    expect_error(refused, ErrorCode::text_not_printable, Effect::none);
    EXPECT_TRUE(refused.error().detail.starts_with("blocks[0].text: character 5 (U+2615)"))
        << refused.error().detail;
    contract::PrintText lines;
    lines.lines = {"a", "☕"};
    const auto line = counter.execute(lines);
    expect_error(line, ErrorCode::text_not_printable, Effect::none);
    EXPECT_TRUE(line.error().detail.starts_with("lines[1]: character 1")) << line.error().detail;
    contract::PrintBarcode code;
    code.symbology = contract::Symbology::ean13;
    code.payload = "4006381333932";
    const auto barcode = counter.execute(code);
    expect_error(barcode, ErrorCode::bad_field, Effect::none);
    EXPECT_TRUE(barcode.error().detail.starts_with("payload: ")) << barcode.error().detail;
    EXPECT_TRUE(counter.printer.written.empty());
}

TEST(Print, GoesOnByItselfWhenThePaperIsChanged) {
    Counter counter;
    counter.opened();
    const std::string id = counter.printer.next_mark();
    counter.printer.tells_state().then(marked(kHi, id), {{ScriptedPrinter::kPaperOut, 1s},
                                                         {"10 00 00 0F", 2500ms},
                                                         {ScriptedPrinter::answer_with(id), 4s}});
    const auto result = counter.execute(document_of("Hi"));
    ASSERT_TRUE(result) << base::to_text(result.error());
    EXPECT_EQ(result->printed, Printed::printed);
    EXPECT_EQ(times_sent(counter.printer), 1);
    EXPECT_EQ(counter.book.steps,
              (std::vector<std::string>{"printing", "waiting for the printer", "printing"}));
}

TEST(Print, PaperThatNobodyChangesLeavesItUnknown) {
    Counter counter(Set{{"wait_s", "5"}});
    counter.opened();
    const std::string id = counter.printer.next_mark();
    counter.printer.tells_state().then(marked(kHi, id), {{ScriptedPrinter::kPaperOut, 1s}});
    for (int i = 0; i < 3; ++i) {
        counter.printer.tells_state("1A", "32", "12", "72");
    }
    expect_error(counter.execute(document_of("Hi")), ErrorCode::paper_out, Effect::unknown);
    EXPECT_EQ(times_sent(counter.printer), 1);
    const auto known = counter.driver->known_status();
    ASSERT_TRUE(known);
    EXPECT_EQ(std::get<contract::PrinterStatus>(*known).paper, contract::PaperState::out);
}

TEST(Print, APrinterThatCannotBeAskedForItsBufferIsFullIsWaitedForAllTheSame) {
    for (const bool mended : {true, false}) {
        Counter counter(Set{{"wait_s", "15"}});
        counter.opened();
        const std::string id = counter.printer.next_mark();
        std::vector<ScriptedPrinter::Word> said{{ScriptedPrinter::kPaperOut, 1s}};
        if (mended) {
            said.push_back({"10 00 00 0F", 12s});
            said.push_back({ScriptedPrinter::answer_with(id), 13s});
        }
        counter.printer.tells_state().then(marked(kHi, id), said);
        for (int i = 0; i < (mended ? 5 : 8); ++i) {
            counter.printer.then_fail("10 04 01", ErrorCode::deadline_passed, Effect::none);
        }
        const auto done = counter.execute(document_of("Hi"));
        if (mended) {
            EXPECT_TRUE(done) << base::to_text(done.error());
        } else {
            expect_error(done, ErrorCode::paper_out, Effect::unknown);
        }
    }
}

TEST(Print, ALateMarkOfAnEarlierDocumentIsNotTheMarkOfThisOne) {
    Counter counter(Set{{"wait_s", "0"}});
    counter.opened();
    const std::string earlier = counter.printer.next_mark();
    counter.printer.tells_state().then(marked(kHi, earlier), {{ScriptedPrinter::kCoverOpen, 1s}});
    expect_error(counter.execute(document_of("Hi")), ErrorCode::cover_open, Effect::unknown);
    const std::string id = counter.printer.next_mark();
    counter.printer.tells_state().then(
        marked(kHi, id),
        {{ScriptedPrinter::answer_with(earlier), 1s}, {ScriptedPrinter::kPaperOut, 2s}});
    expect_error(counter.execute(document_of("Hi")), ErrorCode::paper_out, Effect::unknown);
}

TEST(Print, AMarkThatAnEarlierProcessAskedForIsNone) {
    Counter counter;
    counter.opened();
    const std::string earlier = counter.printer.next_mark();
    counter.printer.tells_state().then_hang_up(marked(kHi, earlier));
    expect_error(counter.execute(document_of("Hi")), ErrorCode::link_lost, Effect::unknown);
    counter.printer.clock.advance(1s);
    counter.restart();
    counter.opened();
    const std::string id = counter.printer.next_mark();
    counter.printer.tells_state().then(
        marked(kHi, id), {{ScriptedPrinter::answer_with(earlier)}, {ScriptedPrinter::kPaperOut}});
    for (int i = 0; i < 30; ++i) {
        counter.printer.tells_state("1A", "32", "12", "72");
    }
    expect_error(counter.execute(document_of("Hi")), ErrorCode::paper_out, Effect::unknown);
}

TEST(Print, WithoutAMarkItIsUnknown) {
    Counter counter;
    counter.opened();
    const std::string id = counter.printer.next_mark();
    counter.printer.tells_state().then(marked(kHi, id));
    for (int i = 0; i < 16; ++i) {
        counter.printer.tells_state();
    }
    expect_error(counter.execute(document_of("Hi")), ErrorCode::no_answer, Effect::unknown);
    EXPECT_EQ(times_sent(counter.printer), 1);
}

TEST(Print, APrinterThatFallsSilentLeavesItUnknown) {
    Counter counter;
    counter.opened();
    const std::string id = counter.printer.next_mark();
    counter.printer.tells_state().then(marked(kHi, id), {{ScriptedPrinter::kFine}});
    counter.printer.then("10 04 01").then("10 04 01").then("10 04 01");
    expect_error(counter.execute(document_of("Hi")), ErrorCode::no_answer, Effect::unknown);
}

TEST(Print, ALineLostBeforeTheMarkLeavesItUnknownAndNothingIsSentAgain) {
    Counter counter;
    counter.opened();
    counter.printer.tells_state().then_hang_up(marked(kHi, counter.printer.next_mark()));
    const auto lost = counter.execute(document_of("Hi"));
    expect_error(lost, ErrorCode::link_lost, Effect::unknown);
    EXPECT_NE(lost.error().detail.find("only as a copy"), std::string::npos);
    EXPECT_EQ(times_sent(counter.printer), 1);
    counter.printer.is_opened();
    ASSERT_TRUE(counter.status());
    EXPECT_EQ(times_sent(counter.printer), 1);
    EXPECT_EQ(counter.printer.connections, 2);
}

TEST(Print, ALineLostBehindTheMarkChangesNothing) {
    Counter counter;
    counter.opened();
    const std::string id = counter.printer.next_mark();
    counter.printer.tells_state().then_hang_up(marked(kHi, id),
                                               {{ScriptedPrinter::answer_with(id)}});
    const auto result = counter.execute(document_of("Hi"));
    ASSERT_TRUE(result) << base::to_text(result.error());
    EXPECT_EQ(result->printed, Printed::printed);
}

TEST(Print, ALineThatWasCutWhileIdleIsOpenedAnew) {
    Counter counter;
    counter.opened();
    counter.printer.then_hang_up("10 04 01");
    counter.printer.is_opened();
    const std::string id = counter.printer.next_mark();
    counter.printer.then(marked(kHi, id), {{ScriptedPrinter::answer_with(id)}});
    const auto result = counter.execute(document_of("Hi"));
    ASSERT_TRUE(result) << base::to_text(result.error());
    EXPECT_EQ(result->printed, Printed::printed);
    EXPECT_EQ(times_sent(counter.printer), 1);
    EXPECT_EQ(counter.printer.connections, 2);
}

TEST(Print, AWriteThatFailsBeforeItsFirstByteIsMadeAgainOnce) {
    Counter counter;
    counter.opened();
    counter.printer.tells_state().then_fail(marked(kHi, counter.printer.next_mark()),
                                            ErrorCode::link_lost, Effect::none);
    counter.printer.is_opened();
    const std::string id = counter.printer.next_mark();
    counter.printer.then(marked(kHi, id), {{ScriptedPrinter::answer_with(id)}});
    ASSERT_TRUE(counter.execute(document_of("Hi")));
}

TEST(Print, AWriteThatFailsBehindItsFirstByteIsNot) {
    Counter counter;
    counter.opened();
    counter.printer.tells_state().then_fail(marked(kHi, counter.printer.next_mark()),
                                            ErrorCode::link_lost, Effect::unknown);
    expect_error(counter.execute(document_of("Hi")), ErrorCode::link_lost, Effect::unknown);
    EXPECT_EQ(times_sent(counter.printer), 1);
}

TEST(Print, AStalledWriteSaysWhatStalledIt) {
    Counter counter;
    counter.opened();
    counter.printer.tells_state();
    counter.printer.script.push_back(
        {marked(kHi, counter.printer.next_mark()),
         {{ScriptedPrinter::kPaperOut}},
         false,
         base::make_error(ErrorCode::deadline_passed, "the line", Effect::unknown)});
    expect_error(counter.execute(document_of("Hi")), ErrorCode::paper_out, Effect::unknown);
    // It may stand in the middle of a command: the next document begins with a new opening.
    EXPECT_EQ(counter.printer.connections, 1);
    counter.printer.is_opened();
    const std::string id = counter.printer.next_mark();
    counter.printer.then(marked(kHi, id), {{ScriptedPrinter::answer_with(id)}});
    const auto next = counter.execute(document_of("Hi"));
    EXPECT_TRUE(next) << base::to_text(next.error());
    EXPECT_EQ(counter.printer.connections, 2);
}

TEST(Print, APrinterAtAStandstillThatTakesNoQuestionIsWaitedFor) {
    Counter counter(Set{{"wait_s", "9"}});
    counter.opened();
    const std::string id = counter.printer.next_mark();
    counter.printer.tells_state().then(marked(kHi, id), {{ScriptedPrinter::kPaperOut},
                                                         {ScriptedPrinter::kFine, 8500ms},
                                                         {ScriptedPrinter::answer_with(id), 9s}});
    for (int i = 0; i < 4; ++i) {
        counter.printer.then_fail("10 04 01", ErrorCode::deadline_passed, Effect::none);
    }
    const auto result = counter.execute(document_of("Hi"));
    ASSERT_TRUE(result) << base::to_text(result.error());
    EXPECT_EQ(result->printed, Printed::printed);
}

TEST(Print, GarbageBetweenTheAnswersHarmsNothing) {
    Counter counter;
    counter.opened();
    const std::string id = counter.printer.next_mark();
    counter.printer.tells_state().then(marked(kHi, id), {{"FF 81 10 00"},
                                                         {"93 37 22 41 42"},
                                                         {"43 44 45 5F"},
                                                         {"41 00 11 13"},
                                                         {ScriptedPrinter::answer_with(id), 1s}});
    ASSERT_TRUE(counter.execute(document_of("Hi")));
}

TEST(Print, ALongDocumentIsSentInPiecesAndWaitsForPaperBetweenThem) {
    Counter counter;
    counter.opened();
    const std::string id = counter.printer.next_mark();
    const std::string line(40, 'x');
    std::string text = line;
    std::vector<std::string> lines{"1B 61 00"};
    const std::string hex = base::to_hex(base::bytes_of(line)) + " 0A";
    lines.push_back(hex);
    for (int i = 1; i < 30; ++i) {
        text += "\n" + line;
        lines.push_back(hex);
    }
    std::string first = std::string(kPrelude) + lines[0];
    for (std::size_t i = 1; i <= 24; ++i) {
        first += " " + lines[i];
    }
    std::string second = lines[25];
    for (std::size_t i = 26; i < lines.size(); ++i) {
        second += " " + lines[i];
    }
    counter.printer.tells_state().then(
        first, {{ScriptedPrinter::kPaperOut}, {ScriptedPrinter::kFine, 3500ms}});
    counter.printer.tells_state("1A", "32", "12", "72");
    counter.printer.then(marked(second + " 1D 56 42 00", id), {{ScriptedPrinter::answer_with(id)}});
    const auto result = counter.execute(document_of(text));
    ASSERT_TRUE(result) << base::to_text(result.error());
}

TEST(Print, WhereNobodyConfirmsItIsNotSaidToBePrinted) {
    Counter basic(Set{{"model", "basic"}});
    basic.printer.tells_state().tells_names();
    ASSERT_TRUE(basic.open());
    basic.printer.tells_state().then("1B 40 1C 2E 1B 52 00 1B 61 00 48 69 0A 1D 56 42 00 1D 72 01",
                                     {{"00", 1s}});
    const auto taken = basic.execute(document_of("Hi"));
    ASSERT_TRUE(taken) << base::to_text(taken.error());
    EXPECT_EQ(taken->printed, Printed::printing);

    Counter mute(Set{{"model", "mute"}, {"cutter", "no"}});
    ASSERT_TRUE(mute.open());
    mute.printer.then(kRest).then(kMuteHi);
    const auto sent = mute.execute(document_of("Hi"));
    ASSERT_TRUE(sent) << base::to_text(sent.error());
    EXPECT_EQ(sent->printed, Printed::printing);
}

TEST(Print, AMutePrinterGetsTheRestOfACommandThatWasCutAndNoneElse) {
    Counter mute(Set{{"model", "mute"}, {"cutter", "no"}});
    ASSERT_TRUE(mute.open());
    mute.printer.then(kRest).then(kMuteHi).then(kMuteHi);
    ASSERT_TRUE(mute.execute(document_of("Hi")));
    ASSERT_TRUE(mute.execute(document_of("Hi"))) << "nothing was cut";
    mute.printer.then_fail(kMuteHi, ErrorCode::link_lost, Effect::unknown);
    expect_error(mute.execute(document_of("Hi")), ErrorCode::link_lost, Effect::unknown);
    mute.printer.then(kRest).then("1B 70 00 3C 78");
    const auto pulsed = mute.execute(contract::OpenDrawer{});
    ASSERT_TRUE(pulsed) << base::to_text(pulsed.error());
    mute.printer.then(kMuteHi);
    ASSERT_TRUE(mute.execute(document_of("Hi")));
}

TEST(Print, AMutePrinterThatTakesNoRestGotNothingOfTheDocument) {
    Counter mute(Set{{"model", "mute"}, {"cutter", "no"}, {"wait_s", "0"}});
    ASSERT_TRUE(mute.open());
    mute.printer.then_stall(kRest);
    expect_error(mute.execute(document_of("Hi")), ErrorCode::no_answer, Effect::none);
}

TEST(Print, AWriteThatThePrinterDoesNotTakeIsWaitedForAsLongAsAPersonIs) {
    Counter counter(Set{{"wait_s", "5"}});
    counter.opened();
    counter.printer.tells_state().then_stall(marked(kHi, counter.printer.next_mark()));
    const os::Instant begun = counter.printer.clock.now();
    expect_error(counter.execute(document_of("Hi")), ErrorCode::no_answer, Effect::unknown);
    EXPECT_GE(counter.printer.clock.now() - begun, 5s);
    EXPECT_LE(counter.printer.clock.now() - begun, 40s) << "30 s are the printing's own";
}

TEST(Print, AModelWithoutMarksIsAskedInTurn) {
    Counter counter;
    counter.printer.tells_state().tells_names().then("1D 61 0F", {{ScriptedPrinter::kFine}});
    counter.printer.then(ScriptedPrinter::ask_for(counter.printer.next_mark()));
    const auto opened = counter.open();
    ASSERT_TRUE(opened) << base::to_text(opened.error());
    EXPECT_FALSE(std::get<contract::PrinterStatus>(opened->status).confirms_printing);
    counter.printer.tells_state().then(kHi + " 1D 72 01", {{ScriptedPrinter::kFine}, {"00", 1s}});
    const auto result = counter.execute(document_of("Hi"));
    ASSERT_TRUE(result) << base::to_text(result.error());
    EXPECT_EQ(result->printed, Printed::printing);
}

TEST(Print, ALineThatIsNotKeptIsOpenedForEachDocument) {
    Counter counter(Set{{"keep_open", "no"}});
    counter.opened();
    counter.printer.is_opened();
    const std::string id = counter.printer.next_mark();
    counter.printer.then(marked(kHi, id), {{ScriptedPrinter::answer_with(id)}});
    ASSERT_TRUE(counter.execute(document_of("Hi")));
    EXPECT_EQ(counter.printer.connections, 2);
    EXPECT_EQ(counter.execute(contract::XReport{}).error().code, ErrorCode::not_supported);
}

}  // namespace
}  // namespace tillhost::drivers::escpos
