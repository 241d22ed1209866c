// Claim: the printer's name, state and drawer are told as it tells them; a drawer is pulsed once;
// whoever is on the line and however it was left, the driver finds out or says what is wrong.
// Shown on scripted printers.
#include "hal/drivers/printer/escpos/test/scripted.h"

namespace tillhost::drivers::escpos {
namespace {

using base::Effect;
using base::ErrorCode;
using contract::DrawerState;
using contract::PaperState;

constexpr const char* kPulse = "1B 70 00 3C 78";

TEST(Open, TellsWhoThePrinterIsAndHow) {
    Counter counter;
    counter.printer.tells_state("12", "12", "12", "1E").tells_names("J4KB");
    const std::string id = counter.printer.next_mark();
    counter.printer.then("1D 61 0F", {{"10 00 03 0F"}})
        .then(ScriptedPrinter::ask_for(id), {{ScriptedPrinter::answer_with(id)}});
    const auto opened = counter.open();
    ASSERT_TRUE(opened) << base::to_text(opened.error());
    EXPECT_EQ(opened->identity.serial, "J4KB");
    EXPECT_EQ(opened->identity.model, "EPSON TM");
    const auto& status = std::get<contract::PrinterStatus>(opened->status);
    EXPECT_TRUE(status.online);
    EXPECT_EQ(status.paper, PaperState::nearly_out);
    EXPECT_EQ(status.drawer, DrawerState::unknown);
    EXPECT_TRUE(status.confirms_printing);
    EXPECT_EQ(status.error, "");
}

TEST(Open, OfAPrinterAtAStandstillAsksNothingInTurn) {
    Counter counter;
    counter.printer.tells_state("1A", "16", "12", "12");
    const auto opened = counter.open();
    ASSERT_TRUE(opened) << base::to_text(opened.error());
    const auto& status = std::get<contract::PrinterStatus>(opened->status);
    EXPECT_FALSE(status.online);
    EXPECT_TRUE(status.cover_open);
    EXPECT_EQ(status.error, "the printer's cover is open");
    // Closed again, it is asked what it can do before the first document.
    counter.printer.is_opened();
    const std::string id = counter.printer.next_mark();
    counter.printer.then(kHi + " " + ScriptedPrinter::ask_for(id),
                         {{ScriptedPrinter::answer_with(id)}});
    ASSERT_TRUE(counter.execute(document_of("Hi")));
}

TEST(Open, APrinterLeftInTheMiddleOfACommandGetsItsRest) {
    Counter counter;
    const std::string rest = base::to_hex(base::Bytes(kCommandBytesMax));
    counter.printer.tells_state().then("1D 72 01").then(rest);
    counter.printer.tells_names().shows_that_it_marks();
    ASSERT_TRUE(counter.open());
}

TEST(Open, AQuestionThatWasTakenForTheRestOfACommandIsAskedAgain) {
    Counter counter;
    counter.printer.then("10 04 01").then(base::to_hex(base::Bytes(kCommandBytesMax)));
    counter.printer.is_opened();
    const auto opened = counter.open();
    ASSERT_TRUE(opened) << base::to_text(opened.error());
    Counter full;
    full.printer.then("10 04 01")
        .then_fail(base::to_hex(base::Bytes(kCommandBytesMax)), ErrorCode::deadline_passed,
                   Effect::none);
    EXPECT_EQ(full.open().error().code, ErrorCode::no_answer);
}

TEST(Open, APrinterThatAnswersNoCommandIsNotReady) {
    Counter counter(Set{{"model", "basic"}});
    counter.printer.tells_state()
        .then("1D 72 01")
        .then(base::to_hex(base::Bytes(kCommandBytesMax)));
    counter.printer.then("1D 72 01").then("1D 49 42");
    const auto opened = counter.open();
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::no_answer);
}

TEST(Open, SilenceAndStrangersAreNamed) {
    Counter silent;
    silent.printer.then("10 04 01").then(base::to_hex(base::Bytes(kCommandBytesMax)));
    silent.printer.then("10 04 01");
    EXPECT_EQ(silent.open().error().code, ErrorCode::no_answer);
    Counter stranger;
    stranger.printer.then("10 04 01", {{"FE 80"}});
    const auto opened = stranger.open();
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::unexpected_answer);
    EXPECT_NE(opened.error().detail.find("FE 80"), std::string::npos);
}

TEST(Open, AnotherPrinterThanBeforeIsSaidToBeOne) {
    Counter counter;
    counter.opened();
    counter.printer.then_hang_up("10 04 01");
    counter.printer.tells_state().tells_names("OTHER");
    const auto status = counter.status();
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, ErrorCode::wrong_device);
}

TEST(Open, AModelWithoutRealTimeQuestionsIsAskedInTurn) {
    Counter counter(Set{{"model", "basic"}});
    counter.printer.then("10 04 01", {{"00"}}).then("1D 72 01", {{"03"}});
    counter.printer.tells_names();
    const auto opened = counter.open();
    ASSERT_TRUE(opened) << base::to_text(opened.error());
    counter.printer.then("1D 72 01", {{"0C"}});
    const auto refused = counter.execute(document_of("Hi"));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::paper_out);
    EXPECT_EQ(refused.error().effect, Effect::none);
}

TEST(Status, IsAskedFreshAndKeepsWhatIsToldByTheWay) {
    Counter counter(Set{{"drawer_open_level", "low"}});
    counter.opened();
    counter.printer.tells_state("16");
    EXPECT_EQ(counter.status()->drawer, DrawerState::closed);
    const std::string id = counter.printer.next_mark();
    counter.printer.tells_state("16").then(
        kHi + " " + ScriptedPrinter::ask_for(id),
        {{"14 00 00 0F"}, {"10 00 03 0F", 1s}, {ScriptedPrinter::answer_with(id), 2s}});
    ASSERT_TRUE(counter.execute(document_of("Hi")));
    const auto known = counter.driver->known_status();
    ASSERT_TRUE(known);
    const auto& status = std::get<contract::PrinterStatus>(*known);
    EXPECT_EQ(status.paper, PaperState::nearly_out);
    EXPECT_EQ(status.drawer, DrawerState::open);
}

TEST(Drawer, IsPulsedOnceInItsTurn) {
    Counter counter;
    counter.opened();
    counter.printer.tells_state().then(kPulse).then("1D 72 02", {{"01"}});
    const auto done = counter.execute(contract::OpenDrawer{});
    ASSERT_TRUE(done) << base::to_text(done.error());
    EXPECT_EQ(done->printed, contract::Printed::not_printed);
}

TEST(Drawer, WithoutAnAnswerIsUnknownAndNotPulsedAgain) {
    Counter counter(Set{{"drawer_pin", "5"}, {"drawer_on_ms", "100"}, {"drawer_off_ms", "100"}});
    counter.opened();
    counter.printer.tells_state().then("1B 70 01 32 32").then("1D 72 02");
    const auto silent = counter.execute(contract::OpenDrawer{});
    ASSERT_FALSE(silent);
    EXPECT_EQ(silent.error().code, ErrorCode::no_answer);
    EXPECT_EQ(silent.error().effect, Effect::unknown);

    Counter lost;
    lost.opened();
    lost.printer.tells_state().then_hang_up(kPulse);
    const auto cut = lost.execute(contract::OpenDrawer{});
    ASSERT_FALSE(cut);
    EXPECT_EQ(cut.error().effect, Effect::unknown);
    EXPECT_EQ(lost.printer.connections, 1);
}

TEST(Drawer, OpensAtOnceWhereThePrinterStandsStill) {
    Counter counter;
    counter.opened();
    counter.printer.tells_state("1A", "32", "12", "72").then("10 14 01 00 02");
    counter.printer.tells_state("1E", "32", "12", "72");
    ASSERT_TRUE(counter.execute(contract::OpenDrawer{}));
}

TEST(Settings, AreRefusedByName) {
    const os::FakeClock clock;
    struct Case {
        const char *name, *value, *detail;
    };
    for (const Case& wrong :
         {Case{"model", "tm88", "settings.model: one of: epson, basic, mute"},
          Case{"columns", "8", "settings.columns: a whole number from 16 to 64"},
          Case{"code_pages", "437", "settings.code_pages: "},
          Case{"code_pages", "437:0,437:1", "settings.code_pages: "},
          Case{"code_pages", "437:256", "settings.code_pages: "},
          Case{"drawer_on_ms", "300", "settings.drawer_off_ms: "},
          Case{"port", "x", "settings.port: not known"}}) {
        const auto made = make_driver({{wrong.name, wrong.value}}, nullptr, clock);
        ASSERT_FALSE(made) << wrong.name;
        EXPECT_EQ(made.error().code, ErrorCode::config_invalid);
        EXPECT_TRUE(made.error().detail.starts_with(wrong.detail)) << made.error().detail;
    }
    const auto word = make_driver({{"code_pages", "437:0"}, {"language", "ru"}}, nullptr, clock);
    ASSERT_FALSE(word);
    EXPECT_TRUE(word.error().detail.starts_with("settings.language: ")) << word.error().detail;
    const auto mute = make_driver({{"model", "mute"}, {"keep_open", "no"}}, nullptr, clock);
    ASSERT_FALSE(mute);
    EXPECT_TRUE(mute.error().detail.starts_with("settings.keep_open: ")) << mute.error().detail;
}

}  // namespace
}  // namespace tillhost::drivers::escpos
