#include "tests/support/usb_bench.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <umockdev.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <filesystem>

#include "tests/support/hid_scanner.h"
#include "tests/support/hid_token.h"

namespace tillhost::support {
namespace {

using base::Done;
using base::ErrorCode;
using base::make_error;

constexpr const char* kFolderVariable = "UMOCKDEV_DIR";

/// Modem lines, which a pseudo-terminal does not have; everything else is asked of the terminal.
/// Called on a thread of umockdev.
gboolean answer_ioctl(UMockdevIoctlBase* /*handler*/, UMockdevIoctlClient* client,
                      gpointer requests) {
    ++*static_cast<std::atomic<std::size_t>*>(requests);
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

gboolean answer_hid(UMockdevIoctlBase* /*handler*/, UMockdevIoctlClient* client,
                    gpointer requests) {
    ++*static_cast<std::atomic<std::size_t>*>(requests);
    return answer_hid_ioctl(client, hid_descriptor());
}

/// Requests of a token's node: those of its terminal are the terminal's own affair.
gboolean answer_token(UMockdevIoctlBase* /*handler*/, UMockdevIoctlClient* client,
                      gpointer requests) {
    ++*static_cast<std::atomic<std::size_t>*>(requests);
    return answer_hid_ioctl(client, token_descriptor());
}

std::string usb_path(int number) {
    return fmt::format("/devices/pci0000:00/usb1/1-{}", number + 1);
}
std::string tty_path(int number) {
    return fmt::format("{0}/1-{1}:1.0/ttyUSB{2}/tty/ttyUSB{2}", usb_path(number), number + 1,
                       number);
}

/// As umockdev-record writes what it sees of a machine.
std::string record_of(int number, const std::string& serial) {
    const std::string number_line =
        serial.empty() ? std::string() : fmt::format("A: serial={}\\n\n", serial);
    return fmt::format(
        "P: {0}\nN: bus/usb/001/{1:03}\nE: SUBSYSTEM=usb\nE: DEVTYPE=usb_device\n"
        "A: idVendor=1fc9\\n\nA: idProduct=0089\\n\nA: busnum=1\\n\nA: devnum={1}\\n\n"
        "{2}A: manufacturer=Maker\\n\nA: product=Registrar\\n\n\n"
        "P: {0}/1-{1}:1.0\nE: SUBSYSTEM=usb\nE: DEVTYPE=usb_interface\n"
        "A: bInterfaceNumber=00\\n\n\n"
        "P: {0}/1-{1}:1.0/ttyUSB{3}\nE: SUBSYSTEM=usb-serial\n\n"
        "P: {0}/1-{1}:1.0/ttyUSB{3}/tty/ttyUSB{3}\nN: ttyUSB{3}\nE: SUBSYSTEM=tty\n"
        "E: DEVNAME=/dev/ttyUSB{3}\nE: DEVLINKS={4}\nL: device=../../../ttyUSB{3}\n\n",
        usb_path(number), number + 1, number_line, number, UsbBench::by_id(serial));
}

std::string said(GError* error) {
    std::string text = error == nullptr ? "umockdev gives no reason" : error->message;
    g_clear_error(&error);
    return text;
}

}  // namespace

struct UsbBench::Testbed {
    Testbed()
        : bed(umockdev_testbed_new()),
          handler(umockdev_ioctl_base_new()),
          hid_handler(umockdev_ioctl_base_new()),
          token_handler(umockdev_ioctl_base_new()) {
        g_signal_connect(handler, "handle-ioctl", G_CALLBACK(answer_ioctl), &requests);
        g_signal_connect(hid_handler, "handle-ioctl", G_CALLBACK(answer_hid), &requests);
        g_signal_connect(token_handler, "handle-ioctl", G_CALLBACK(answer_token), &requests);
        gchar* folder = umockdev_testbed_get_root_dir(bed);
        root = folder;
        g_free(folder);
    }
    ~Testbed() {
        g_object_unref(handler);
        g_object_unref(hid_handler);
        g_object_unref(token_handler);
        g_object_unref(bed);  // removes its folder
    }
    Testbed(const Testbed&) = delete;
    Testbed& operator=(const Testbed&) = delete;

    std::atomic<std::size_t> requests{0};
    UMockdevTestbed* bed;
    UMockdevIoctlBase* handler;
    UMockdevIoctlBase* hid_handler;
    UMockdevIoctlBase* token_handler;
    std::string root;
};

UsbBench::UsbBench(std::unique_ptr<Testbed> testbed) : testbed_(std::move(testbed)) {}

UsbBench::~UsbBench() { show_to_children(false); }

base::Result<std::unique_ptr<UsbBench>> UsbBench::create() {
    auto testbed = std::make_unique<Testbed>();
    if (testbed->root.empty()) {
        return make_error(ErrorCode::system_failed, "umockdev made no folder");
    }
    ::unsetenv(kFolderVariable);  // umockdev sets it; who sees the adapters is said here
    return std::unique_ptr<UsbBench>(new UsbBench(std::move(testbed)));
}

Done UsbBench::plug_in(int number, const std::string& serial) {
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

Done UsbBench::point_by_id(const std::string& serial, int number) {
    namespace fs = std::filesystem;
    const fs::path link = testbed_->root + by_id(serial);
    std::error_code problem;
    fs::create_directories(link.parent_path(), problem);
    fs::remove(link, problem);
    fs::create_symlink(fmt::format("../../ttyUSB{}", number), link, problem);
    return problem ? Done(make_error(ErrorCode::system_failed, problem.message())) : Done();
}

std::string UsbBench::node(int number) const {
    return fmt::format("{}/dev/ttyUSB{}", testbed_->root, number);
}

std::string UsbBench::by_id(const std::string& serial) {
    return fmt::format("/dev/serial/by-id/usb-Maker_Registrar_{}-if00-port0", serial);
}

Done UsbBench::add_hid(const std::string& record, const std::string& hid_path,
                       base::Bytes descriptor) {
    GError* error = nullptr;
    if (!umockdev_testbed_add_from_string(testbed_->bed, record.c_str(), &error)) {
        return make_error(ErrorCode::system_failed, said(error));
    }
    umockdev_testbed_set_attribute_binary(
        testbed_->bed, ("/sys" + hid_path).c_str(), "report_descriptor",
        reinterpret_cast<guint8*>(descriptor.data()), static_cast<gint>(descriptor.size()));
    return {};
}

Done UsbBench::plug_in_scanner(int number, const std::string& serial) {
    TRY(add_hid(hid_record(number, serial), hid_path(number), hid_descriptor()));
    GError* error = nullptr;
    const std::string device = fmt::format("/dev/hidraw{}", number);
    if (!umockdev_testbed_attach_ioctl(testbed_->bed, device.c_str(), testbed_->hid_handler,
                                       &error)) {
        return make_error(ErrorCode::system_failed, said(error));
    }
    reports_.insert_or_assign(
        number, os::Descriptor(umockdev_testbed_get_dev_fd(testbed_->bed, device.c_str())));
    return {};
}

Done UsbBench::plug_in_token(int number, const std::string& serial) {
    TRY(add_hid(token_record(number, serial), token_hid_path(number), token_descriptor()));
    GError* error = nullptr;
    const std::string device = fmt::format("/dev/hidraw{}", number);
    if (!umockdev_testbed_attach_ioctl(testbed_->bed, device.c_str(), testbed_->token_handler,
                                       &error)) {
        return make_error(ErrorCode::system_failed, said(error));
    }
    return {};
}

std::string UsbBench::token_node(int number) const {
    return fmt::format("{}/dev/hidraw{}", testbed_->root, number);
}

Done UsbBench::scan(int number, std::string_view aim, base::ByteView code) const {
    const base::Bytes bytes = hid_reports(aim, code);
    const ssize_t written = ::write(reports_.at(number).get(), bytes.data(), bytes.size());
    return written == static_cast<ssize_t>(bytes.size())
               ? Done()
               : Done(make_error(ErrorCode::system_failed, "the scanner could not send"));
}

/// The sender looks the device up as its receivers will, in the other /sys.
Done UsbBench::tell(const std::string& path, const char* action) {
    ::setenv(kFolderVariable, testbed_->root.c_str(), 1);
    umockdev_testbed_uevent(testbed_->bed, ("/sys" + path).c_str(), action);
    ::unsetenv(kFolderVariable);
    return {};
}

Done UsbBench::announce(int number) { return tell(tty_path(number), "add"); }

Done UsbBench::announce_scanner(int number) { return tell(hidraw_path(number), "add"); }

Done UsbBench::announce_token(int number) { return tell(token_hidraw_path(number), "add"); }

Done UsbBench::announce_gone(int number) { return tell(tty_path(number), "remove"); }

Done UsbBench::unplug(int number) {
    TRY(announce_gone(number));
    umockdev_testbed_detach_ioctl(testbed_->bed, fmt::format("/dev/ttyUSB{}", number).c_str(),
                                  nullptr);
    umockdev_testbed_remove_device(testbed_->bed, ("/sys" + usb_path(number)).c_str());
    std::error_code ignored;
    std::filesystem::remove(node(number), ignored);
    return {};
}

Done UsbBench::unplug_scanner(int number) {
    TRY(tell(hidraw_path(number), "remove"));
    umockdev_testbed_detach_ioctl(testbed_->bed, fmt::format("/dev/hidraw{}", number).c_str(),
                                  nullptr);
    umockdev_testbed_remove_device(testbed_->bed, ("/sys" + hid_usb_path(number)).c_str());
    hang_up_scanner(number);
    return {};
}

Done UsbBench::unplug_token(int number) {
    TRY(tell(token_hidraw_path(number), "remove"));
    umockdev_testbed_detach_ioctl(testbed_->bed, fmt::format("/dev/hidraw{}", number).c_str(),
                                  nullptr);
    umockdev_testbed_remove_device(testbed_->bed, ("/sys" + token_usb_path(number)).c_str());
    std::error_code ignored;
    std::filesystem::remove(token_node(number), ignored);
    return {};
}

std::size_t UsbBench::requests() const { return testbed_->requests; }

void UsbBench::show_to_children(bool shown) const {
    if (shown) {
        ::setenv("LD_PRELOAD", kPreload, 1);
        ::setenv(kFolderVariable, testbed_->root.c_str(), 1);
    } else {
        ::unsetenv("LD_PRELOAD");
        ::unsetenv(kFolderVariable);
    }
}

}  // namespace tillhost::support
