// Claim: a driver of class receipt_printer means what hal/device/receipt_printer.h says, where the
// line is sound. Shown for every driver over its simulator on virtual time; its paper is compared
// with every word.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/conformance/printer_world.h"

namespace tillhost::conformance {
namespace {

using namespace std::chrono_literals;
using base::Effect;
using base::ErrorCode;
using contract::Printed;

class Printer : public testing::TestWithParam<PrinterSubject> {
protected:
    void SetUp() override {
        const auto opened = world_.open();
        ASSERT_TRUE(opened) << base::to_text(opened.error());
        before_ = world_.tape().size();
    }
    const PrinterSubject& subject() const { return GetParam(); }
    /// What came out since the test began, once it is out.
    std::vector<std::string> paper() {
        world_.cable->run_for(30s);
        return {world_.tape().begin() + static_cast<std::ptrdiff_t>(before_), world_.tape().end()};
    }
    void print(const contract::Command& command) {
        const auto done = world_.execute(command);
        ASSERT_TRUE(done) << base::to_text(done.error());
        EXPECT_EQ(done->printed, subject().confirms ? Printed::printed : Printed::printing);
    }
    /// It is refused before a byte, and the error names that.
    void expect_refused(const contract::Command& command, std::string_view named) {
        const int writes = world_.cable->writes();
        const auto done = world_.execute(command);
        ASSERT_FALSE(done) << named;
        EXPECT_EQ(done.error().effect, Effect::none) << base::to_text(done.error());
        EXPECT_EQ(done.error().reaction, base::Reaction::reject) << base::to_text(done.error());
        EXPECT_NE(done.error().detail.find(named), std::string::npos)
            << base::to_text(done.error());
        EXPECT_EQ(world_.cable->writes(), writes) << base::to_text(done.error());
    }
    /// Each text stands in a line below the one before.
    static void expect_in_order(const std::vector<std::string>& paper,
                                const std::vector<std::string>& texts) {
        auto from = paper.begin();
        for (const std::string& text : texts) {
            from = std::find_if(from, paper.end(), [&](const std::string& line) {
                return line.find(text) != std::string::npos;
            });
            ASSERT_NE(from, paper.end()) << text;
            ++from;
        }
    }

    PrinterWorld world_{GetParam()};
    std::size_t before_ = 0;
};

TEST_P(Printer, SaysWhoItIsAndHowItIs) {
    const auto opened = world_.open();
    ASSERT_TRUE(opened) << base::to_text(opened.error());
    const auto status = world_.status();
    ASSERT_TRUE(status) << base::to_text(status.error());
    EXPECT_EQ(status->confirms_printing, subject().confirms);
    EXPECT_EQ(status->error, "");
    if (subject().tells) {
        EXPECT_TRUE(status->online);
        EXPECT_EQ(status->paper, contract::PaperState::present);
        EXPECT_FALSE(opened->identity.model.empty());
    }
    EXPECT_EQ(paper(), std::vector<std::string>{}) << "opening prints nothing";
}

TEST_P(Printer, PrintsTheBlocksInTheirOrderAndCuts) {
    contract::PrintDocument document = document_of({"first line", "second\nthird"});
    auto& bold = std::get<contract::PrintedText>(document.blocks[1]);
    bold.bold = true;
    contract::PrintBarcode ean;
    ean.symbology = contract::Symbology::ean13;
    ean.payload = "4006381333931";
    document.blocks.emplace_back(ean);
    contract::PrintBarcode qr;
    qr.symbology = contract::Symbology::qr;
    qr.payload = "t=20261126T1200&s=12.34";
    document.blocks.emplace_back(qr);
    document.blocks.emplace_back(contract::FeedPaper{2});
    contract::PrintPicture picture;
    picture.width_dots = 16;
    picture.rows = base::Bytes(32, std::byte{0xFF});
    document.blocks.emplace_back(picture);
    document.blocks.emplace_back(contract::PrintedText{.text = "last"});
    print(document);
    expect_in_order(paper(), {"first line", "{b}second{/}", "{b}third{/}", "EAN13 4006381333931",
                              "QR t=20261126T1200&s=12.34", "[picture", "last", "partial cut"});
    EXPECT_EQ(world_.lines_with("not printed"), 0U);
    EXPECT_EQ(world_.lines_with("cut"), 1U);
}

TEST_P(Printer, TextStandsAsItWasWritten) {
    const std::vector<std::string> lines{"Ärger & Größe", "Zażółć gęślą jaźń", "Сумма 12.34 №7",
                                         "10 € {}[]|~^"};
    print(document_of(lines));
    expect_in_order(paper(), lines);
}

TEST_P(Printer, StylesAndAlignmentAreTheBlocksOwn) {
    contract::PrintDocument document;
    document.blocks.emplace_back(contract::PrintedText{.text = "TOTAL",
                                                       .alignment = contract::Alignment::right,
                                                       .double_width = true,
                                                       .double_height = true});
    document.blocks.emplace_back(contract::PrintedText{.text = "signed", .underline = true});
    document.blocks.emplace_back(contract::PrintedText{.text = "plain"});
    print(document);
    const auto lines = paper();
    ASSERT_GE(lines.size(), 3U);
    EXPECT_TRUE(lines[0].starts_with("   ")) << lines[0];
    EXPECT_TRUE(lines[0].ends_with("{2x2}TOTAL{/}")) << lines[0];
    EXPECT_EQ(lines[1], "{u}signed{/}");
    EXPECT_EQ(lines[2], "plain");
}

TEST_P(Printer, CutsAsTheDocumentSays) {
    contract::PrintDocument document = document_of({"a"});
    document.cut = contract::CutMode::none;
    print(document);
    EXPECT_EQ(world_.lines_with("cut"), 0U);
    document.cut = contract::CutMode::full;
    print(document);
    static_cast<void>(paper());
    EXPECT_EQ(world_.lines_with("full cut"), 1U);
    print(contract::CutPaper{});
    static_cast<void>(paper());
    EXPECT_EQ(world_.lines_with("partial cut"), 1U);
}

TEST_P(Printer, ACommandOfOneBlockPrintsThatBlock) {
    contract::PrintText text;
    text.lines = {"one", "two"};
    print(text);
    contract::PrintBarcode code;
    code.symbology = contract::Symbology::code128;
    code.payload = "AB-12";
    print(code);
    print(contract::FeedPaper{3});
    expect_in_order(paper(), {"one", "two", "CODE128", "", ""});
    EXPECT_EQ(world_.lines_with("cut"), 0U);
}

TEST_P(Printer, ACopyIsMarkedAndSaysSo) {
    contract::PrintDocument document = document_of({"receipt 7"});
    document.copy = true;
    const auto done = world_.execute(document);
    ASSERT_TRUE(done) << base::to_text(done.error());
    EXPECT_TRUE(done->copy);
    static_cast<void>(paper());
    EXPECT_GE(world_.lines_with("COPY"), 1U);
}

TEST_P(Printer, RefusesBadInputBeforeAByte) {
    expect_refused(document_of({"fine", "a\u3042b"}), "blocks[1].text");
    contract::PrintDocument document = document_of({"fine"});
    contract::PrintBarcode code;
    code.symbology = contract::Symbology::ean13;
    code.payload = "4006381333932";  // its check digit is wrong
    document.blocks.emplace_back(code);
    expect_refused(document, "blocks[1].barcode.payload");
    contract::PrintPicture picture;
    picture.width_dots = 16;
    picture.rows = base::Bytes(3);  // half a row
    document.blocks[1] = picture;
    expect_refused(document, "blocks[1].picture");
    expect_refused(contract::OpenShift{}, "");
    EXPECT_EQ(paper(), std::vector<std::string>{});
}

TEST_P(Printer, OpensTheDrawerWithOnePulse) {
    for (std::size_t i = 1; i <= 2; ++i) {
        const auto done = world_.execute(contract::OpenDrawer{});
        ASSERT_TRUE(done) << base::to_text(done.error());
        world_.cable->run_for(5s);
        EXPECT_EQ(world_.pulses(), i);
    }
    EXPECT_TRUE(world_.device->printer_state().drawer_open);
    EXPECT_EQ(paper(), std::vector<std::string>{});
}

TEST_P(Printer, ThatStandsStillIsRefusedBeforeAByteOfTheDocument) {
    if (!subject().tells) {
        GTEST_SKIP() << "it does not say";
    }
    const std::vector<std::tuple<const char*, const char*, ErrorCode>> troubles{
        {"paper_out", "paper_in", ErrorCode::paper_out},
        {"cover_open", "cover_closed", ErrorCode::cover_open}};
    for (const auto& [begins, ends, code] : troubles) {
        world_.fault(begins);
        const auto done = world_.execute(document_of({begins}));
        ASSERT_FALSE(done) << begins;
        EXPECT_EQ(done.error().code, code) << base::to_text(done.error());
        EXPECT_EQ(done.error().effect, Effect::none) << base::to_text(done.error());
        const auto status = world_.status();
        ASSERT_TRUE(status);
        EXPECT_FALSE(status->online);
        world_.fault(ends);
        world_.cable->run_for(10s);
        EXPECT_EQ(world_.lines_with(begins), 0U);
        print(document_of({std::string("then ") + ends}));
    }
}

TEST_P(Printer, ThatIsMendedInTimeGoesOnAndPrintsOnce) {
    if (!subject().tells) {
        GTEST_SKIP() << "it does not say";
    }
    world_.fault("paper_out", {{"after", "2"}});
    world_.fault_later(5s, "paper_in");
    print(document_of({"line-1", "line-2", "line-3", "line-4"}));
    static_cast<void>(paper());
    for (const char* line : {"line-1", "line-2", "line-3", "line-4", "cut"}) {
        EXPECT_EQ(world_.lines_with(line), 1U) << line;
    }
}

TEST_P(Printer, ThatIsNotMendedIsSaidAndNothingIsPrintedTwice) {
    if (!subject().tells) {
        GTEST_SKIP() << "it does not say";
    }
    world_.fault("paper_out", {{"after", "2"}});
    const auto done = world_.execute(document_of({"line-1", "line-2", "line-3", "line-4"}));
    if (done) {  // it was taken in, and nobody says more
        EXPECT_FALSE(subject().confirms);
        EXPECT_EQ(done->printed, Printed::printing);
    } else {
        EXPECT_EQ(done.error().code, ErrorCode::paper_out) << base::to_text(done.error());
        EXPECT_EQ(done.error().effect, Effect::unknown) << base::to_text(done.error());
    }
    world_.fault("paper_in");
    static_cast<void>(paper());
    const auto opened = world_.open();
    ASSERT_TRUE(opened) << base::to_text(opened.error());
    print(document_of({"the next one"}));
    static_cast<void>(paper());
    for (const char* line : {"line-1", "line-2", "line-3", "line-4"}) {
        EXPECT_LE(world_.lines_with(line), 1U) << line;
    }
    EXPECT_EQ(world_.lines_with("the next one"), 1U);
}

TEST_P(Printer, PrintedIsSaidWhenItIsOnPaperAndNotBefore) {
    if (!subject().confirms) {
        GTEST_SKIP() << "it does not say";
    }
    std::vector<std::string> lines;
    for (int i = 0; i < 200; ++i) {
        lines.push_back("line " + std::to_string(i) + ".");
    }
    const auto done = world_.execute(document_of(lines));
    ASSERT_TRUE(done) << base::to_text(done.error());
    ASSERT_EQ(done->printed, Printed::printed);
    EXPECT_EQ(world_.lines_with("line 199."), 1U);
    EXPECT_EQ(world_.lines_with("cut"), 1U);
}

INSTANTIATE_TEST_SUITE_P(Drivers, Printer, testing::ValuesIn(printer_subjects()),
                         [](const auto& row) { return row.param.name; });

TEST(PrinterSubjects, HaveEveryDriverOfTheClass) {
    for (const drivers::DriverEntry& driver : drivers::all()) {
        const auto is_it = [&](const PrinterSubject& one) { return one.driver == &driver; };
        EXPECT_TRUE(driver.manifest->device_class != contract::DeviceClass::receipt_printer ||
                    std::any_of(printer_subjects().begin(), printer_subjects().end(), is_it))
            << driver.name << ": one line in printer_subjects.cpp";
    }
}

}  // namespace
}  // namespace tillhost::conformance
