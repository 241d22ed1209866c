// Claim: ports are listed with the adapter behind them and told apart from what has no hardware,
// and a port says what stands in its way. Shown on a folder laid out like sysfs, on a
// pseudo-terminal that a process holds, and on paths that are no ports.
#include "hal/transport/ports.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "hal/os/descriptor.h"
#include "hal/os/files.h"
#include "hal/os/process.h"

namespace tillhost::transport {
namespace {

class PortsTest : public testing::Test {
protected:
    PortsTest() {
        std::string name = testing::TempDir() + "tillhost.XXXXXX";
        folder_ = ::mkdtemp(name.data());
        folders_ = {folder_ + "/sys", folder_ + "/dev"};
        std::filesystem::create_directories(tty_class());
        std::filesystem::create_directories(folders_.dev + "/serial/by-id");
    }
    ~PortsTest() override { std::filesystem::remove_all(folder_); }
    void write(const std::string& path, const std::string& text) const {
        std::filesystem::create_directories(path.substr(0, path.rfind('/')));
        ASSERT_TRUE(os::write_atomically(path, base::bytes_of(text + "\n")));
    }
    /// A tty of the class; `device` is its hardware below devices/, none if empty.
    void add(const std::string& name, const std::string& device, const std::string& type) const {
        const std::string tty = tty_class() + "/" + name;
        write(tty + "/type", type);
        if (!device.empty()) {
            std::filesystem::create_directories(folder_ + "/devices/" + device);
            std::filesystem::create_directory_symlink(folder_ + "/devices/" + device,
                                                      tty + "/device");
        }
        std::filesystem::create_symlink("/dev/null", folders_.dev + "/" + name);
    }
    std::string tty_class() const { return folders_.sys + "/class/tty"; }
    std::string folder_;
    SystemFolders folders_;
};

TEST_F(PortsTest, ListsWhatHasHardwareBehindIt) {
    add("tty0", "", "");
    add("ttyS0", "platform/serial8250", "4");
    add("ttyS1", "platform/serial8250", "0");  // an empty slot
    const auto ports = list_serial_ports(folders_);
    ASSERT_EQ(ports.size(), 1U);
    EXPECT_EQ(std::get<SerialAddress>(ports[0].address).path, folders_.dev + "/ttyS0");
    EXPECT_FALSE(ports[0].adapter);
}

TEST_F(PortsTest, NamesTheUsbAdapterAndTheLinkThatKeepsItsName) {
    const std::string usb = folder_ + "/devices/usb1/1-2";
    write(usb + "/idVendor", "0403");
    write(usb + "/idProduct", "6001");
    write(usb + "/serial", "A5069RR4");
    write(usb + "/product", "FT232R USB UART");
    write(folders_.dev + "/node", "");
    std::filesystem::create_directories(usb + "/1-2:1.0/ttyUSB0");
    std::filesystem::create_directories(tty_class() + "/node");
    std::filesystem::create_directory_symlink(usb + "/1-2:1.0/ttyUSB0",
                                              tty_class() + "/node/device");
    std::filesystem::create_symlink(folders_.dev + "/node",
                                    folders_.dev + "/serial/by-id/usb-FTDI");
    const auto ports = list_serial_ports(folders_);
    ASSERT_EQ(ports.size(), 1U);
    EXPECT_EQ(ports[0].obstacle, ENOTTY) << "a plain file is no port";
    // The same as a device node would be.
    std::filesystem::remove(folders_.dev + "/node");
    std::filesystem::create_symlink("/dev/null", folders_.dev + "/node");
    std::filesystem::rename(tty_class() + "/node", tty_class() + "/null");
    std::filesystem::create_symlink("/dev/null", folders_.dev + "/null");
    const auto nodes = list_serial_ports(folders_);
    ASSERT_EQ(nodes.size(), 1U);
    EXPECT_EQ(nodes[0].by_id, folders_.dev + "/serial/by-id/usb-FTDI");
    ASSERT_TRUE(nodes[0].adapter);
    EXPECT_EQ(nodes[0].adapter->vendor, 0x0403);
    EXPECT_EQ(nodes[0].adapter->product, 0x6001);
    EXPECT_EQ(nodes[0].adapter->serial, "A5069RR4");
    EXPECT_EQ(nodes[0].adapter->name, "FT232R USB UART");
}

TEST_F(PortsTest, SaysThatAPortIsNotThere) {
    EXPECT_EQ(look_at(PtyAddress{folder_ + "/none"}, folders_).obstacle, ENOENT);
    EXPECT_EQ(look_at(TcpAddress{"127.0.0.1", 7778}, folders_).obstacle, 0) << "not tried";
}

TEST_F(PortsTest, NamesTheProcessThatHoldsAPort) {
    int ours = -1;
    int theirs = -1;
    char path[256];
    ASSERT_EQ(::openpty(&ours, &theirs, path, nullptr, nullptr), 0);
    const os::Descriptor main(ours);
    os::Descriptor terminal(theirs);
    const PtyAddress address{path};
    EXPECT_EQ(look_at(address, folders_).holder_pid, 0) << "this process does not count";
    const auto child = MUST(os::Child::spawn(
        {.program = "/bin/sleep", .arguments = {"60"}, .inherited = {terminal.get()}}));
    const FoundPort held = look_at(address, folders_);
    EXPECT_EQ(held.obstacle, 0);
    EXPECT_EQ(held.holder_pid, child->pid());
    EXPECT_EQ(held.holder, "sleep");
}

}  // namespace
}  // namespace tillhost::transport
