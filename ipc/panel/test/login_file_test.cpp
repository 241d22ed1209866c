// Claim: a login is made once with the token, is durable, is read by its daemon alone, and can be
// taken away; a damaged file lets nobody in. Shown: in a folder of the test's own, by the files and
// their modes.
#include "ipc/panel/login_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "hal/base/result.h"

namespace tillhost::panel {
namespace {

class LoginFileTest : public testing::Test {
protected:
    LoginFileTest()
        : folder_(testing::TempDir() + "login_file_test"),
          login_(folder_, "licd --reset-web-login") {
        std::filesystem::remove_all(folder_);
        std::filesystem::create_directories(folder_);
    }
    static unsigned mode_of(const std::string& path) {
        struct stat found {};
        EXPECT_EQ(::stat(path.c_str(), &found), 0);
        return found.st_mode & 0777U;
    }

    std::string folder_;
    LoginFile login_;
};

TEST_F(LoginFileTest, TheTokenStaysUntilThereIsALogin) {
    EXPECT_FALSE(MUST(login_.read()).has_value());
    const std::string token = MUST(login_.token());
    EXPECT_EQ(token.size(), 48U);
    EXPECT_EQ(MUST(login_.token()), token);
    EXPECT_EQ(mode_of(login_.token_path()), 0600U);
    ASSERT_TRUE(login_.write({"ann", "$argon2id$x"}));
    EXPECT_FALSE(std::filesystem::exists(login_.token_path()));
    EXPECT_EQ(mode_of(folder_ + "/web-login"), 0600U);
    const auto kept = MUST(login_.read());
    ASSERT_TRUE(kept.has_value());
    EXPECT_EQ(kept->user, "ann");
    EXPECT_EQ(kept->hash, "$argon2id$x");
    ASSERT_TRUE(login_.remove());
    EXPECT_FALSE(MUST(login_.read()).has_value());
    EXPECT_NE(MUST(login_.token()), token);
    EXPECT_TRUE(login_.remove());  // harmless where there is none
}

TEST_F(LoginFileTest, ADamagedFileIsSaid) {
    for (const char* content : {"", "ann", "ann\n", "ann\nhash\nmore\n"}) {
        std::ofstream(folder_ + "/web-login") << content;
        const auto kept = login_.read();
        ASSERT_FALSE(kept) << content;
        EXPECT_EQ(kept.error().code, base::ErrorCode::config_invalid);
        EXPECT_NE(kept.error().detail.find("--reset-web-login"), std::string::npos);
    }
}

}  // namespace
}  // namespace tillhost::panel
