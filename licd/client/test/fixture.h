#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "licd/client/licence_client.h"
#include "licd/client/test/fake_licd.h"
#include "licd/client/test/stepped_clock.h"

namespace tillhost::licd::client::test {

/// A folder of its own, a clock that it moves, and clients whose vendor is the fake server's.
class ClientTest : public ::testing::Test {
protected:
    ClientTest() {
        std::string pattern = (std::filesystem::temp_directory_path() / "licdXXXXXX").string();
        folder_ = ::mkdtemp(pattern.data());
    }
    ~ClientTest() override { std::filesystem::remove_all(folder_); }

    std::string socket() const { return folder_ + "/licd.sock"; }
    ClientOptions options() const {
        return {.program = "till",
                .program_version = "3.1",
                .product = "till",
                .vendor_root = os::certificate_to_pem(vendor_.root),
                .instance = "till-3-b5e1",
                .local_endpoint = "ipc://" + socket()};
    }
    std::unique_ptr<LicenceClient> open(ClientOptions options) {
        auto opened = LicenceClient::open(std::move(options), clock_);
        EXPECT_TRUE(opened.has_value()) << (opened ? "" : base::to_text(opened.error()));
        return opened ? std::move(*opened) : nullptr;
    }
    os::Deadline soon() const { return clock_.now() + std::chrono::seconds(20); }
    base::Result<LeaseId> acquire(LicenceClient& client, Wanted wanted = {.licence = "till.base"}) {
        return client.acquire(wanted, soon());
    }
    /// What came of it: "ok", or the error's name.
    template <class T>
    static std::string outcome(const base::Result<T>& result) {
        return result ? "ok" : std::string(base::name_of(result.error().code));
    }

    keys::test::Vendor vendor_;
    SteppedClock clock_;
    std::string folder_;
};

}  // namespace tillhost::licd::client::test
