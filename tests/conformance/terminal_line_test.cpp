// Claim: a driver of card terminals works on a real line, a socket or a serial one, and an end of
// its wait from outside charges nobody. Shown for every such driver against devsim.
#include <gtest/gtest.h>

#include "hal/os/event_loop.h"
#include "hal/transport/connector.h"
#include "tests/conformance/terminal_world.h"
#include "tests/support/devsim_program.h"

namespace tillhost::conformance {
namespace {

using namespace std::chrono_literals;

class TerminalLine : public testing::TestWithParam<TerminalSubject> {
protected:
    TerminalLine() {
        std::string pattern = testing::TempDir() + "conformance-XXXXXX";
        EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
        const std::string line = GetParam().socket ? "127.0.0.1:0" : folder_ + "/line";
        devsim_.emplace(std::vector<std::string>{std::string(GetParam().driver->name),
                                                 GetParam().socket ? "--tcp" : "--pty", line,
                                                 "--card-ms", "0", "--host-ms", "0"});
        port_ = GetParam().socket ? "tcp:" + devsim_->address() : "pty:" + line;
    }
    ~TerminalLine() override {
        devsim_.reset();
        for (const char* file : {"/line", "/line.lock"}) {
            ::unlink((folder_ + file).c_str());
        }
        ::rmdir(folder_.c_str());
    }
    std::unique_ptr<device::Driver> driver(int cancel_fd = -1) {
        auto connector = MUST(transport::make_connector(port_, clock_, cancel_fd));
        return MUST(GetParam().driver->make(GetParam().settings, std::move(connector), clock_));
    }
    os::Deadline soon() const { return clock_.now() + 60s; }

    os::SystemClock clock_;
    std::string folder_;
    std::optional<support::DevsimProgram> devsim_;
    std::string port_;
    Book book_;
};

TEST_P(TerminalLine, CarriesAPaymentAndItsReversal) {
    const auto host = driver();
    const auto opened = host->open(std::nullopt, book_, soon());
    ASSERT_TRUE(opened) << base::to_text(opened.error());
    const auto done = host->execute(contract::Authorise{kPrice, kTerminalCurrency}, book_, soon());
    ASSERT_TRUE(done) << base::to_text(done.error());
    const auto& paid = std::get<contract::PaymentResult>(*done);
    EXPECT_EQ(paid.amount_minor, kPrice);
    EXPECT_EQ(paid.terminal_id, opened->identity.serial);
    book_.begin_next();
    const auto back =
        host->execute(contract::Reverse{kPrice, kTerminalCurrency, paid.receipt_number,
                                        paid.trace_number, paid.reference},
                      book_, soon());
    EXPECT_TRUE(back || back.error().code == base::ErrorCode::not_supported)
        << base::to_text(back.error());
}

TEST_P(TerminalLine, AFiredCancelDescriptorEndsTheWait) {
    const os::Wakeup stop = MUST(os::Wakeup::create());
    const auto host = driver(stop.fd());
    ASSERT_TRUE(host->open(std::nullopt, book_, soon()));
    stop.signal();
    const auto paid = host->execute(contract::Authorise{kPrice, kTerminalCurrency}, book_, soon());
    ASSERT_FALSE(paid);
    EXPECT_EQ(paid.error().effect, base::Effect::none) << base::to_text(paid.error());
    EXPECT_FALSE(book_.result);
}

INSTANTIATE_TEST_SUITE_P(Drivers, TerminalLine, testing::ValuesIn(terminal_subjects()),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace tillhost::conformance
