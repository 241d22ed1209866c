// Claim: a program in C takes, keeps and gives back a licence through the shared library alone, and
// the library shows no other name. Shown by such a program, and by looking its names up.
#include "licd/client/liclicence.h"

#include <dlfcn.h>

#include "licd/client/test/c_program.h"
#include "licd/client/test/fixture.h"

namespace tillhost::licd::client::test {
namespace {

class LibraryTest : public ClientTest {
protected:
    licence_options c_options(const std::string& servers, const std::string& root) {
        servers_ = servers;
        root_ = root;
        licence_options made{};
        made.size = sizeof made;
        made.servers = servers_.c_str();
        made.program = "till";
        made.product = "till";
        made.vendor_root = root_.c_str();
        return made;
    }
    std::string root() const { return os::certificate_to_pem(vendor_.root); }

    std::string servers_;
    std::string root_;
};

TEST_F(LibraryTest, ServesAProgramInC) {
    FakeLicd licd(FakeLicd::Network{});
    EXPECT_EQ(run_c_program(licd.address().c_str(), root().c_str()), 0);
    EXPECT_EQ(licd.lent(), 0U);
    EXPECT_EQ(licd.seen().used, 2);
}

TEST_F(LibraryTest, BeatsByItself) {
    FakeLicd licd(FakeLicd::Network{});
    licence_options options = c_options(licd.address(), root());
    options.beats_itself = 1;
    licence_client* client = nullptr;
    ASSERT_EQ(licence_open(&options, &client), LICENCE_OK) << licence_error_text();
    licence_wish wish{};
    wish.size = sizeof wish;
    wish.licence = "till.base";
    wish.time_limit_ms = 10'000;
    std::int64_t lease = 0;
    ASSERT_EQ(licence_acquire(client, &wish, &lease), LICENCE_OK) << licence_error_text();
    EXPECT_TRUE(licd.sees([](const auto& seen) { return seen.beats >= 1; }));
    std::int64_t next_ms = 0;
    EXPECT_EQ(licence_beat(client, 1000, &next_ms), LICENCE_BAD_FIELD);
    licence_close(client);
    EXPECT_EQ(licd.lent(), 0U);
}

TEST_F(LibraryTest, SaysWhatIsWrong) {
    FakeLicd licd(FakeLicd::Network{});
    licence_options options = c_options(licd.address(), root());
    licence_client* client = nullptr;
    ASSERT_EQ(licence_open(&options, &client), LICENCE_OK);
    licence_wish wish{};
    wish.size = sizeof wish;
    wish.licence = "till.base";
    wish.time_limit_ms = 10'000;
    std::int64_t lease = 0;
    licd.with([](auto& ways) { ways.refuses_acquire = base::ErrorCode::licence_expired; });
    EXPECT_EQ(licence_acquire(client, &wish, &lease), LICENCE_EXPIRED);
    licd.with([](auto& ways) { ways.refuses_acquire = base::ErrorCode::not_supported; });
    EXPECT_EQ(licence_acquire(client, &wish, &lease), LICENCE_NOT_FOR_VERSION);
    EXPECT_STREQ(licence_result_name(LICENCE_NOT_FOR_VERSION), "LICENCE_NOT_FOR_VERSION");
    EXPECT_STRNE(licence_advice(LICENCE_NOT_FOR_VERSION), licence_advice(LICENCE_OTHER));
    EXPECT_STREQ(licence_result_name(17), "LICENCE_OTHER");
    licd.with([](auto& ways) {
        ways.refuses_acquire.reset();
        ways.lease_key = keys::test::test_key(60);
    });
    EXPECT_EQ(licence_acquire(client, &wish, &lease), LICENCE_NOT_BELIEVED);
    EXPECT_EQ(lease, 0);
    licence_close(client);
}

TEST_F(LibraryTest, ShowsOnlyItsOwnNames) {
    void* const library = ::dlopen(LICCLIENT_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    ASSERT_NE(library, nullptr) << ::dlerror();
    EXPECT_NE(::dlvsym(library, "licence_open", "LICCLIENT_1"), nullptr);
    EXPECT_EQ(::dlsym(library, "_ZN8tillhost4base9make_errorENS0_9ErrorCodeE"), nullptr);
    ::dlclose(library);
}

}  // namespace
}  // namespace tillhost::licd::client::test
