// Claim: a driver works on a real line, pty or TCP, and a fired cancel descriptor ends its wait.
// Shown for every driver against devsim.
#include <gtest/gtest.h>
#include <unistd.h>

#include "hal/transport/connector.h"
#include "tests/conformance/world.h"
#include "tests/support/devsim_program.h"

namespace tillhost::conformance {
namespace {

using namespace std::chrono_literals;

class Line : public testing::TestWithParam<std::tuple<Subject, std::string>> {
protected:
    Line() {
        std::string pattern = testing::TempDir() + "conformance-XXXXXX";
        EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
        pty_ = pattern + "/line";
        const std::string family(subject().driver->name);
        const bool tcp = std::get<1>(GetParam()) == "tcp";
        devsim_.emplace(tcp ? std::vector<std::string>{family, "--tcp", "127.0.0.1:0"}
                            : std::vector<std::string>{family, "--pty", pty_});
        port_ = tcp ? "tcp:" + devsim_->address() : "pty:" + pty_;
    }
    ~Line() override {
        devsim_.reset();
        ::unlink(pty_.c_str());
        ::rmdir(pty_.substr(0, pty_.rfind('/')).c_str());
    }
    const Subject& subject() const { return std::get<0>(GetParam()); }
    std::unique_ptr<device::Driver> driver(int cancel_fd = -1) {
        auto connector = MUST(transport::make_connector(port_, clock_, cancel_fd));
        return MUST(subject().driver->make(subject().settings, std::move(connector), clock_));
    }
    os::Deadline soon() const { return clock_.now() + 60s; }

    os::SystemClock clock_;
    std::string pty_;
    std::optional<support::DevsimProgram> devsim_;
    std::string port_;
    Book book_;
};

TEST_P(Line, CarriesASale) {
    const auto host = driver();
    const auto opened = host->open(std::nullopt, book_, soon());
    ASSERT_TRUE(opened) << base::to_text(opened.error());
    const auto shift = host->execute(contract::OpenShift{}, book_, soon());
    ASSERT_TRUE(shift || shift.error().code == base::ErrorCode::not_supported)
        << base::to_text(shift.error());
    const auto sold = host->execute(receipt_of(100), book_, soon());
    ASSERT_TRUE(sold) << base::to_text(sold.error());
    const auto status = host->query(contract::StatusQuery{}, soon());
    ASSERT_TRUE(status) << base::to_text(status.error());
    EXPECT_EQ(std::get<contract::FiscalStatus>(*status).last_document_number,
              std::get<contract::FiscalResult>(*sold).fiscal_document_number);
}

TEST_P(Line, AFiredCancelDescriptorEndsTheWait) {
    const os::Wakeup stop = MUST(os::Wakeup::create());
    const auto host = driver(stop.fd());
    ASSERT_TRUE(host->open(std::nullopt, book_, soon()));
    stop.signal();
    const auto sold = host->execute(receipt_of(100), book_, soon());
    ASSERT_FALSE(sold);
    EXPECT_EQ(sold.error().code, base::ErrorCode::cancelled) << base::to_text(sold.error());
    EXPECT_EQ(sold.error().effect, base::Effect::none);
}

INSTANTIATE_TEST_SUITE_P(
    Drivers, Line, testing::Combine(testing::ValuesIn(subjects()), testing::Values("pty", "tcp")),
    [](const auto& row) { return std::get<0>(row.param).name + "_" + std::get<1>(row.param); });

}  // namespace
}  // namespace tillhost::conformance
