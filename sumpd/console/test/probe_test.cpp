// Claim: an administrator who tries an address hears what an app would meet there.
// Shown with a real server of TLS on loopback, its key and another one, a closed port, a name that
// there is not, and a peer that says nothing.
#include "sumpd/console/probe.h"

#include <gtest/gtest.h>

#include "hal/os/server_certificate.h"
#include "ipc/http/server.h"

namespace tillhost::sumpd::console {
namespace {

constexpr std::chrono::milliseconds kPatience{20'000};
constexpr std::int64_t kNow = 1'760'000'000;

class ProbeTest : public testing::Test {
protected:
    std::string url(const std::string& path = "/") const {
        return "https://127.0.0.1:" + std::to_string(server_->port()) + path;
    }

    os::ServerCertificate certificate_ = *os::make_server_certificate({"test"}, kNow);
    std::string pin_ = *os::public_key_pin(certificate_.certificate_pem);
    std::unique_ptr<http::HttpServer> server_ = *http::HttpServer::start(
        {.certificate_pem = certificate_.certificate_pem, .key_pem = certificate_.key_pem},
        [](const http::Request& request) {
            return http::plain_answer(request.path == "/" ? 200 : 404);
        });
};

TEST_F(ProbeTest, TellsWhatIsAnswered) {
    const Probed probed = probe(url(), pin_, kPatience);
    EXPECT_EQ(probed.outcome, ProbeOutcome::answered) << probed.text;
    EXPECT_EQ(probed.status, 200);
    EXPECT_EQ(probe(url("/none"), pin_, kPatience).status, 404);
}

TEST_F(ProbeTest, TrustsOneKeyOnly) {
    const auto other = *os::make_server_certificate({"test"}, kNow);
    const std::string pin = *os::public_key_pin(other.certificate_pem);
    EXPECT_EQ(probe(url(), pin, kPatience).outcome, ProbeOutcome::other_key);
    EXPECT_NE(probe(url(), "no pin", kPatience).outcome, ProbeOutcome::answered);
}

TEST_F(ProbeTest, TellsWhyNobodyAnswers) {
    const std::string there = url();
    server_.reset();
    EXPECT_EQ(probe(there, pin_, kPatience).outcome, ProbeOutcome::no_answer);
    // No resolver is asked for a part of a name that is longer than such a part may be.
    EXPECT_EQ(probe("https://" + std::string(70, 'x') + ".invalid/", pin_, kPatience).outcome,
              ProbeOutcome::no_name);
    EXPECT_EQ(probe("http://127.0.0.1:1/", pin_, kPatience).outcome, ProbeOutcome::failed);
}

}  // namespace
}  // namespace tillhost::sumpd::console
