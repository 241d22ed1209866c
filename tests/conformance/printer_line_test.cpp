// Claim: a driver of receipt printers works on a real line, a socket or a serial one, also where
// the printer's buffer is full and holds it back. Shown for every such driver against devsim.
#include <gtest/gtest.h>

#include "hal/transport/connector.h"
#include "tests/conformance/printer_world.h"
#include "tests/support/devsim_program.h"

namespace tillhost::conformance {
namespace {

using namespace std::chrono_literals;

class PrinterLine : public testing::TestWithParam<PrinterSubject> {
protected:
    PrinterLine() {
        std::string pattern = testing::TempDir() + "conformance-XXXXXX";
        EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
        const std::string line = GetParam().socket ? "127.0.0.1:0" : folder_ + "/line";
        devsim_.emplace(std::vector<std::string>{
            std::string(GetParam().driver->name), GetParam().socket ? "--tcp" : "--pty", line,
            "--model", GetParam().model, "--buffer", "256", "--line-ms", "1", "--columns", "48"});
        auto connector = MUST(transport::make_connector(
            GetParam().socket ? "tcp:" + devsim_->address() : "pty:" + line, clock_, -1));
        driver_ = MUST(GetParam().driver->make(GetParam().settings, std::move(connector), clock_));
    }
    ~PrinterLine() override {
        driver_.reset();
        devsim_.reset();
        for (const char* file : {"/line", "/line.lock"}) {
            ::unlink((folder_ + file).c_str());
        }
        ::rmdir(folder_.c_str());
    }
    os::Deadline soon() const { return clock_.now() + 60s; }

    os::SystemClock clock_;
    std::string folder_;
    std::optional<support::DevsimProgram> devsim_;
    std::unique_ptr<device::Driver> driver_;
    Book book_;
};

TEST_P(PrinterLine, CarriesADocumentThatIsLargerThanTheBufferAndAPulse) {
    const auto opened = driver_->open(std::nullopt, book_, soon());
    ASSERT_TRUE(opened) << base::to_text(opened.error());
    const std::vector<std::string> lines(200, std::string(40, 'x'));
    const auto done = driver_->execute(document_of(lines), book_, soon());
    ASSERT_TRUE(done) << base::to_text(done.error());
    EXPECT_EQ(std::get<contract::PrintResult>(*done).printed,
              GetParam().confirms ? contract::Printed::printed : contract::Printed::printing);
    const auto opens = driver_->execute(contract::OpenDrawer{}, book_, soon());
    EXPECT_TRUE(opens) << base::to_text(opens.error());
}

INSTANTIATE_TEST_SUITE_P(Drivers, PrinterLine, testing::ValuesIn(printer_subjects()),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace tillhost::conformance
