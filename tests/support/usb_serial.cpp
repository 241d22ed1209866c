#include "tests/support/usb_serial.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <umockdev.h>

#include <array>
#include <cstdlib>
#include <filesystem>

namespace tillhost::support {
namespace {

using base::Done;
using base::ErrorCode;
using base::make_error;

constexpr const char* kPreload = "libumockdev-preload.so.0";
constexpr const char* kFolderVariable = "UMOCKDEV_DIR";

/// Modem lines, which a pseudo-terminal does not have; everything else is asked of the terminal.
/// Called on a thread of umockdev.
gboolean answer_ioctl(UMockdevIoctlBase* /*handler*/, UMockdevIoctlClient* client, gpointer) {
    const gulong request = umockdev_ioctl_client_get_request(client);
    if (request == TIOCMGET) {
        std::array<guint8, sizeof(int)> lines{};
        UMockdevIoctlData* answer = umockdev_ioctl_data_resolve(
            umockdev_ioctl_client_get_arg(client), 0, lines.size(), nullptr);
        umockdev_ioctl_data_update(answer, 0, lines.data(), static_cast<gint>(lines.size()));
        umockdev_ioctl_data_unref(answer);
        umockdev_ioctl_client_complete(client, 0, 0);
    } else if (request == TIOCMSET || request == TIOCMBIS || request == TIOCMBIC) {
        umockdev_ioctl_client_complete(client, 0, 0);
    } else {
        gint number = 0;
        const gint result = umockdev_ioctl_client_execute(client, &number, nullptr);
        umockdev_ioctl_client_complete(client, result, number);
    }
    return TRUE;
}

std::string usb_path(int number) {
    return fmt::format("/devices/pci0000:00/usb1/1-{}", number + 1);
}

/// As umockdev-record writes what it sees of a machine.
std::string record_of(int number, const std::string& serial) {
    return fmt::format(
        "P: {0}\nN: bus/usb/001/{1:03}\nE: SUBSYSTEM=usb\nE: DEVTYPE=usb_device\n"
        "A: idVendor=1fc9\\n\nA: idProduct=0089\\n\nA: busnum=1\\n\nA: devnum={1}\\n\n"
        "A: serial={2}\\n\nA: manufacturer=Maker\\n\nA: product=Registrar\\n\n\n"
        "P: {0}/1-{1}:1.0\nE: SUBSYSTEM=usb\nE: DEVTYPE=usb_interface\n"
        "A: bInterfaceNumber=00\\n\n\n"
        "P: {0}/1-{1}:1.0/ttyUSB{3}\nE: SUBSYSTEM=usb-serial\n\n"
        "P: {0}/1-{1}:1.0/ttyUSB{3}/tty/ttyUSB{3}\nN: ttyUSB{3}\nE: SUBSYSTEM=tty\n"
        "E: DEVNAME=/dev/ttyUSB{3}\nL: device=../../../ttyUSB{3}\n\n",
        usb_path(number), number + 1, serial, number);
}

std::string said(GError* error) {
    std::string text = error == nullptr ? "umockdev gives no reason" : error->message;
    g_clear_error(&error);
    return text;
}

}  // namespace

struct UsbSerialAdapters::Testbed {
    Testbed() : bed(umockdev_testbed_new()), handler(umockdev_ioctl_base_new()) {
        g_signal_connect(handler, "handle-ioctl", G_CALLBACK(answer_ioctl), nullptr);
        gchar* folder = umockdev_testbed_get_root_dir(bed);
        root = folder;
        g_free(folder);
    }
    ~Testbed() {
        g_object_unref(handler);
        g_object_unref(bed);  // removes its folder
    }
    Testbed(const Testbed&) = delete;
    Testbed& operator=(const Testbed&) = delete;

    UMockdevTestbed* bed;
    UMockdevIoctlBase* handler;
    std::string root;
};

UsbSerialAdapters::UsbSerialAdapters(std::unique_ptr<Testbed> testbed)
    : testbed_(std::move(testbed)) {}

UsbSerialAdapters::~UsbSerialAdapters() { show_to_children(false); }

base::Result<std::unique_ptr<UsbSerialAdapters>> UsbSerialAdapters::create() {
    auto testbed = std::make_unique<Testbed>();
    if (testbed->root.empty()) {
        return make_error(ErrorCode::system_failed, "umockdev made no folder");
    }
    ::unsetenv(kFolderVariable);  // umockdev sets it; who sees the adapters is said here
    return std::unique_ptr<UsbSerialAdapters>(new UsbSerialAdapters(std::move(testbed)));
}

Done UsbSerialAdapters::plug_in(int number, const std::string& serial) {
    GError* error = nullptr;
    if (!umockdev_testbed_add_from_string(testbed_->bed, record_of(number, serial).c_str(),
                                          &error)) {
        return make_error(ErrorCode::system_failed, said(error));
    }
    const std::string device = fmt::format("/dev/ttyUSB{}", number);
    if (!umockdev_testbed_attach_ioctl(testbed_->bed, device.c_str(), testbed_->handler, &error)) {
        return make_error(ErrorCode::system_failed, said(error));
    }
    return point_by_id(serial, number);
}

Done UsbSerialAdapters::point_by_id(const std::string& serial, int number) {
    namespace fs = std::filesystem;
    const fs::path link = testbed_->root + by_id(serial);
    std::error_code problem;
    fs::create_directories(link.parent_path(), problem);
    fs::remove(link, problem);
    fs::create_symlink(fmt::format("../../ttyUSB{}", number), link, problem);
    return problem ? Done(make_error(ErrorCode::system_failed, problem.message())) : Done();
}

std::string UsbSerialAdapters::node(int number) const {
    return fmt::format("{}/dev/ttyUSB{}", testbed_->root, number);
}

std::string UsbSerialAdapters::by_id(const std::string& serial) {
    return fmt::format("/dev/serial/by-id/usb-Maker_Registrar_{}-if00-port0", serial);
}

void UsbSerialAdapters::show_to_children(bool shown) const {
    if (shown) {
        ::setenv("LD_PRELOAD", kPreload, 1);
        ::setenv(kFolderVariable, testbed_->root.c_str(), 1);
    } else {
        ::unsetenv("LD_PRELOAD");
        ::unsetenv(kFolderVariable);
    }
}

}  // namespace tillhost::support
