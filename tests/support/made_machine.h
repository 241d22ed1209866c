#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace tillhost::support {

/// A test with a machine's /sys, /proc and /etc made below a folder of its own.
class MadeMachineTest : public testing::Test {
protected:
    void SetUp() override {
        std::string name = (std::filesystem::temp_directory_path() / "machine-XXXXXX").string();
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        root_ = name;
    }
    void TearDown() override { std::filesystem::remove_all(root_); }

    void put(const std::string& path, const std::string& text) const {
        std::filesystem::create_directories((root_ / path).parent_path());
        std::ofstream(root_ / path) << text;
    }
    void link(const std::string& path, const std::string& goal) const {
        std::filesystem::create_directories((root_ / path).parent_path());
        std::filesystem::create_symlink(goal, root_ / path);
    }
    /// A block device as sysfs shows it, below sys/devices.
    void block(const std::string& place, const std::string& number) const {
        const std::string name = std::filesystem::path(place).filename().string();
        put("sys/devices/" + place + "/dev", number + "\n");
        link("sys/class/block/" + name, "../../devices/" + place);
        link("sys/dev/block/" + number, "../../devices/" + place);
    }

    std::filesystem::path root_;
};

}  // namespace tillhost::support
