// Claim: links are followed as realpath(3) follows them, and what cannot be followed says why.
// Shown on a folder with links of every kind, against realpath itself.
#include "hal/transport/follow_links.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace tillhost::transport {
namespace {

namespace fs = std::filesystem;

class FollowLinksTest : public testing::Test {
protected:
    FollowLinksTest() {
        std::string name = testing::TempDir() + "tillhost.XXXXXX";
        folder_ = ::mkdtemp(name.data());
        fs::create_directories(folder_ + "/dev/serial/by-id");
        std::ofstream(folder_ + "/dev/ttyUSB0") << "a node";
        link("../../ttyUSB0", "dev/serial/by-id/usb-one");
        link(folder_ + "/dev/serial", "lines");
        link("usb-one", "dev/serial/by-id/usb-again");
        link("nowhere", "dangling");
        link("b", "a");
        link("a", "b");
    }
    ~FollowLinksTest() override { fs::remove_all(folder_); }
    void link(const std::string& target, const std::string& name) const {
        fs::create_symlink(target, folder_ + "/" + name);
    }
    std::string folder_;
};

std::string by_libc(const std::string& path) {
    std::array<char, PATH_MAX> real{};
    return ::realpath(path.c_str(), real.data()) == nullptr ? "" : real.data();
}

TEST_F(FollowLinksTest, SaysWhatRealpathSays) {
    for (const std::string& path :
         {folder_ + "/dev/serial/by-id/usb-one", folder_ + "/dev/serial/by-id/usb-again",
          folder_ + "/lines/by-id/usb-one", folder_ + "//lines/./by-id/../../ttyUSB0",
          folder_ + "/dev/ttyUSB0", folder_, folder_ + "/lines/", std::string("/"),
          std::string("/.."), std::string("/dev/null"), std::string("/proc/self/fd/..")}) {
        EXPECT_EQ(follow_links(path), by_libc(path)) << path;
        EXPECT_FALSE(follow_links(path).empty()) << path;
    }
}

TEST_F(FollowLinksTest, SaysWhyAPathLeadsNowhere) {
    const auto why = [](const std::string& path) {
        errno = 0;
        EXPECT_EQ(follow_links(path), "") << path;
        return errno;
    };
    EXPECT_EQ(why(folder_ + "/dangling"), ENOENT);
    EXPECT_EQ(why(folder_ + "/a"), ELOOP);
    EXPECT_EQ(why(folder_ + "/dev/ttyUSB0/more"), ENOTDIR);
    EXPECT_EQ(why("dev/ttyUSB0"), EINVAL);
    EXPECT_EQ(why(""), EINVAL);
}

TEST_F(FollowLinksTest, FollowsTheLinkAnew) {
    const std::string by_id = folder_ + "/dev/serial/by-id/usb-one";
    EXPECT_EQ(follow_links(by_id), by_libc(folder_) + "/dev/ttyUSB0");
    fs::remove(by_id);
    std::ofstream(folder_ + "/dev/ttyUSB1") << "a node";
    link("../../ttyUSB1", "dev/serial/by-id/usb-one");
    EXPECT_EQ(follow_links(by_id), by_libc(folder_) + "/dev/ttyUSB1");
}

}  // namespace
}  // namespace tillhost::transport
