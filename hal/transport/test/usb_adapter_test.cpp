// Claim: a USB device behind a node is named by its serial number where that tells pieces apart,
// else by the place where it is plugged in, whatever the number of its bus and its node.
// Shown on a folder laid out like sysfs, with hubs, chips of several ports and poor serial numbers.
#include "hal/transport/usb_adapter.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>

#include "hal/os/files.h"
#include "hal/transport/ports.h"

namespace tillhost::transport {
namespace {

namespace fs = std::filesystem;

class UsbAdapterTest : public testing::Test {
protected:
    UsbAdapterTest() {
        std::string name = testing::TempDir() + "tillhost.XXXXXX";
        folder_ = ::mkdtemp(name.data());
        folders_ = {folder_ + "/sys", folder_ + "/dev"};
        fs::create_directories(folders_.sys + "/bus/usb/devices");
    }
    ~UsbAdapterTest() override { fs::remove_all(folder_); }

    static void write(const std::string& path, const std::string& text) {
        fs::create_directories(path.substr(0, path.rfind('/')));
        ASSERT_TRUE(os::write_atomically(path, base::bytes_of(text + "\n")));
    }
    /// A USB device at "1-1.2", below its host controller.
    std::string plug_in(const std::string& name, const std::string& serial,
                        const std::string& controller = "0000:00:14.0") const {
        const std::string device =
            fmt::format("{}/devices/pci0000:00/{}/usb{}/{}{}", folders_.sys, controller, name[0],
                        name.find('.') == std::string::npos ? "" : "1-1/", name);
        write(device + "/idVendor", "0403");
        write(device + "/idProduct", "6001");
        if (!serial.empty()) {
            write(device + "/serial", serial);
        }
        fs::create_directory_symlink(device, folders_.sys + "/bus/usb/devices/" + name);
        return device;
    }
    /// A node of one of its interfaces.
    std::string node(const std::string& device, const std::string& name, int interface = 0,
                     int channel = -1) const {
        const std::string folder =
            fmt::format("{}/{}:1.{}", device, device.substr(device.rfind('/') + 1), interface);
        write(folder + "/bInterfaceNumber", fmt::format("{:02x}", interface));
        const std::string port = folder + "/" + name;
        fs::create_directories(port);
        if (channel >= 0) {
            write(port + "/port_number", std::to_string(channel));
        }
        fs::create_directories(folders_.sys + "/class/tty/" + name);
        fs::create_directory_symlink(port, folders_.sys + "/class/tty/" + name + "/device");
        return folders_.dev + "/" + name;
    }
    UsbAdapter behind(const std::string& node) const {
        const auto adapter = adapter_behind(node, folders_);
        EXPECT_TRUE(adapter) << node;
        return adapter.value_or(UsbAdapter{});
    }
    std::string folder_;
    SystemFolders folders_;
};

TEST_F(UsbAdapterTest, IsNamedByItsNumberAndByItsPlace) {
    const UsbAdapter adapter = behind(node(plug_in("1-1.2", "A5069RR4"), "ttyUSB0", 0, 0));
    EXPECT_EQ(adapter.place, "0000:00:14.0/1.2");
    EXPECT_EQ(by_serial(adapter), "0403:6001:A5069RR4");
    EXPECT_EQ(by_place(adapter), "0403:6001@0000:00:14.0/1.2");
    EXPECT_EQ(name_of(adapter, folders_), by_serial(adapter));
    EXPECT_TRUE(is_named(adapter, "0403:6001:A5069RR4", folders_));
    EXPECT_TRUE(is_named(adapter, "0403:6001@0000:00:14.0/1.2", folders_));
    EXPECT_FALSE(is_named(adapter, "0403:6001@0000:00:14.0/1.3", folders_));
    EXPECT_FALSE(is_named(adapter, "", folders_));
}

TEST_F(UsbAdapterTest, ADeviceThatIsDrivenWholeIsFoundBehindItsNode) {
    const std::string device = plug_in("1-1.2", "J4");
    write(device + "/busnum", "1");
    write(device + "/devnum", "12");
    const UsbAdapter adapter = behind(folders_.dev + "/bus/usb/001/012");
    EXPECT_EQ(by_serial(adapter), "0403:6001:J4");
    EXPECT_EQ(adapter.place, "0000:00:14.0/1.2");
    EXPECT_FALSE(adapter_behind(folders_.dev + "/bus/usb/001/002", folders_));
    EXPECT_FALSE(adapter_behind(folders_.dev + "/bus/usb/011/012", folders_));
}

TEST_F(UsbAdapterTest, ItsPlaceDoesNotDependOnTheNumberOfTheBus) {
    const std::string place = behind(node(plug_in("1-4", ""), "ttyUSB0")).place;
    EXPECT_EQ(behind(node(plug_in("3-4", ""), "ttyUSB1")).place, place);
    EXPECT_NE(behind(node(plug_in("4-4", "", "0000:00:1a.0"), "ttyUSB2")).place, place);
}

TEST_F(UsbAdapterTest, ANumberThatTellsNothingApartIsNotUsed) {
    for (const char* const serial : {"", "0001", "00000000", "with blank", "\x01\x02"}) {
        const UsbAdapter adapter{0x10C4, 0xEA60, serial, "", "", "0000:00:14.0/2"};
        EXPECT_EQ(by_serial(adapter), "") << serial;
        EXPECT_EQ(name_of(adapter, folders_), "10c4:ea60@0000:00:14.0/2") << serial;
    }
}

TEST_F(UsbAdapterTest, TwoWithOneNumberAreToldApartByTheirPlaces) {
    const UsbAdapter one = behind(node(plug_in("1-1", "CLONE7"), "ttyUSB0"));
    EXPECT_EQ(name_of(one, folders_), "0403:6001:CLONE7");
    const UsbAdapter other = behind(node(plug_in("1-2", "CLONE7"), "ttyUSB1"));
    EXPECT_FALSE(is_only_one(one, folders_));
    EXPECT_EQ(name_of(one, folders_), "0403:6001@0000:00:14.0/1");
    EXPECT_EQ(name_of(other, folders_), "0403:6001@0000:00:14.0/2");
    EXPECT_FALSE(is_named(one, "0403:6001:CLONE7", folders_)) << "it may be the other";
    EXPECT_TRUE(is_named(one, "0403:6001@0000:00:14.0/1", folders_));
}

TEST_F(UsbAdapterTest, ANameOfAnInterfaceIsOneOfItsDevice) {
    const UsbAdapter device{0x0403, 0x6001, "A#1", "", "", "0000:00:14.0/2"};
    EXPECT_EQ(by_serial(device), "0403:6001:A#1#0");
    EXPECT_TRUE(names_device("0403:6001:A#1#0", device));
    EXPECT_TRUE(names_device("0403:6001:A#1#2.1", device));
    EXPECT_TRUE(names_device("0403:6001@0000:00:14.0/2#3", device));
    EXPECT_FALSE(names_device("0403:6001:A", device));
    EXPECT_FALSE(names_device("0403:6001@0000:00:14.0/3", device));
    EXPECT_FALSE(names_device("", device));
    EXPECT_FALSE(names_device("", UsbAdapter{0x0403, 0x6001, "", "", "", ""}));
}

TEST_F(UsbAdapterTest, PrintersAreListedByTheNameThatTheyKeep) {
    const auto printer = [this](const std::string& usb, const std::string& serial, int number) {
        const std::string device = plug_in(usb, serial);
        write(device + "/busnum", "1");
        write(device + "/devnum", std::to_string(number));
        write(device + "/" + usb + ":1.0/bInterfaceClass", "07");
        write(device + "/" + usb + ":1.0/bInterfaceNumber", "00");
        write(folders_.dev + "/bus/usb/001/" + fmt::format("{:03}", number), "");
    };
    printer("1-1", "J4", 4);
    printer("1-2", "CLONE", 5);
    printer("1-3", "CLONE", 6);
    plug_in("1-4", "NONE");
    const auto ports = list_usb_printers(folders_);
    ASSERT_EQ(ports.size(), 3U);
    EXPECT_EQ(to_text(ports[0].address), "usb:0403:6001:J4");
    EXPECT_EQ(ports[0].stable, "usb:0403:6001:J4");
    EXPECT_EQ(ports[0].obstacle, ENOTTY) << "a plain file is no device";
    EXPECT_EQ(ports[1].stable, "usb:0403:6001@0000:00:14.0/2");
    EXPECT_EQ(ports[2].stable, "usb:0403:6001@0000:00:14.0/3");
    ASSERT_TRUE(ports[0].adapter);
    EXPECT_EQ(ports[0].adapter->serial, "J4");
    EXPECT_EQ(look_at(UsbAddress{0x0403, 0x6001, "J4"}, folders_).adapter->serial, "J4");
    EXPECT_EQ(look_at(UsbAddress{0x0403, 0x6001, "J5"}, folders_).obstacle, ENOENT);
    EXPECT_EQ(look_at(UsbAddress{0x0403, 0x6001, "CLONE"}, folders_).obstacle, 0) << "which?";
}

TEST_F(UsbAdapterTest, PortsOfOneChipAreToldApart) {
    const std::string device = plug_in("1-1", "QUAD");
    EXPECT_EQ(by_serial(behind(node(device, "ttyUSB0", 0, 0))), "0403:6001:QUAD");
    EXPECT_EQ(by_serial(behind(node(device, "ttyUSB1", 1, 0))), "0403:6001:QUAD#1");
    EXPECT_EQ(by_serial(behind(node(device, "ttyUSB2", 2, 3))), "0403:6001:QUAD#2.3");
}

TEST_F(UsbAdapterTest, WhatIsNoUsbHasNone) {
    fs::create_directories(folders_.sys + "/devices/platform/serial8250");
    fs::create_directories(folders_.sys + "/class/tty/ttyS0");
    fs::create_directory_symlink(folders_.sys + "/devices/platform/serial8250",
                                 folders_.sys + "/class/tty/ttyS0/device");
    EXPECT_FALSE(adapter_behind(folders_.dev + "/ttyS0", folders_));
    EXPECT_FALSE(adapter_behind(folders_.dev + "/none", folders_));
    EXPECT_FALSE(adapter_behind("", folders_));
}

TEST_F(UsbAdapterTest, HidDevicesAreListedWithoutThoseOfPeople) {
    const auto hid = [this](const std::string& name, const std::string& usb,
                            const std::string& descriptor, const std::string& serial) {
        const std::string device = plug_in(usb, serial);
        const std::string folder = fmt::format("{}/{}:1.0/0003:0403:6001.0001", device, usb);
        write(device + "/" + usb + ":1.0/bInterfaceNumber", "00");
        fs::create_directories(folder);
        ASSERT_TRUE(
            os::write_atomically(folder + "/report_descriptor", *base::from_hex(descriptor)));
        fs::create_directories(folders_.sys + "/class/hidraw/" + name);
        fs::create_directory_symlink(folder, folders_.sys + "/class/hidraw/" + name + "/device");
        fs::create_directories(folders_.dev);
        fs::create_symlink("/dev/" + name, folders_.dev + "/" + name);
    };
    // Nodes that are there on every machine stand for /dev/hidraw…
    hid("full", "1-1", "05 01 09 06 A1 01 C0", "KEYBOARD");
    hid("null", "1-2", "05 8C 09 02 A1 01 C0", "SN0001");
    hid("random", "1-3", "05 0C 09 01 A1 01 C0", "REMOTE");
    hid("zero", "1-4", "06 D0 F1 09 01 A1 01 C0", "");
    const auto ports = list_hid_ports(folders_);
    ASSERT_EQ(ports.size(), 2U);
    EXPECT_EQ(std::get<HidAddress>(ports[0].address).path, folders_.dev + "/null");
    EXPECT_EQ(ports[0].stable, "hid:0403:6001:SN0001");
    EXPECT_EQ(ports[1].stable, "hid:0403:6001@0000:00:14.0/4");
}

}  // namespace
}  // namespace tillhost::transport
