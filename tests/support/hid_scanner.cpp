#include "tests/support/hid_scanner.h"

#include <fmt/format.h>
#include <linux/hidraw.h>
#include <linux/ioctl.h>

#include <algorithm>
#include <cerrno>

namespace tillhost::support {
namespace {

/// Derived from the layout of Honeywell's reports.
constexpr std::string_view kDescriptor =
    "05 8C 09 02 A1 01 09 12 A1 02 85 02 15 00 26 FF 00 75 08 95 01 05 01 09 3B 81 02 05 8C 95 03 "
    "09 FB 09 FC 09 FD 81 02 09 FE 95 38 82 02 01 06 66 FF 09 04 95 01 81 02 09 05 81 02 05 8C 09 "
    "FF 25 01 75 01 81 02 75 07 81 03 C0 C0";
constexpr std::size_t kDataBytes = 56;

}  // namespace

const base::Bytes& hid_descriptor() {
    static const base::Bytes bytes = *base::from_hex(kDescriptor);
    return bytes;
}

std::string hid_usb_path(int number) {
    return fmt::format("/devices/pci0000:00/usb2/2-{}", number + 1);
}

std::string hid_path(int number) {
    return fmt::format("{}/2-{}:1.0/0003:0C2E:0B61.{:04X}", hid_usb_path(number), number + 1,
                       number + 1);
}

std::string hidraw_path(int number) {
    return fmt::format("{}/hidraw/hidraw{}", hid_path(number), number);
}

std::string hid_record(int number, const std::string& serial) {
    return fmt::format(
        "P: {0}\nN: bus/usb/002/{1:03}\nE: SUBSYSTEM=usb\nE: DEVTYPE=usb_device\n"
        "A: idVendor=0c2e\\n\nA: idProduct=0b61\\n\nA: bcdDevice=0102\\n\n"
        "A: serial={2}\\n\nA: manufacturer=Acme\\n\nA: product=POS Scanner\\n\n\n"
        "P: {0}/2-{1}:1.0\nE: SUBSYSTEM=usb\nE: DEVTYPE=usb_interface\n"
        "A: bInterfaceNumber=00\\n\n\n"
        "P: {3}\nE: SUBSYSTEM=hid\nE: HID_ID=0003:00000C2E:00000B61\n"
        "E: HID_NAME=Acme POS Scanner\nE: HID_UNIQ={2}\n\n"
        "P: {4}\nN: hidraw{5}\nE: SUBSYSTEM=hidraw\nE: DEVNAME=/dev/hidraw{5}\n"
        "L: device=../../../0003:0C2E:0B61.{6:04X}\n\n",
        hid_usb_path(number), number + 1, serial, hid_path(number), hidraw_path(number), number,
        number + 1);
}

base::Bytes hid_reports(std::string_view aim, base::ByteView code) {
    base::ByteWriter reports;
    while (!code.empty()) {
        const base::ByteView data = code.first(std::min(code.size(), kDataBytes));
        code = code.subspan(data.size());
        reports.u8(2).u8(data.size()).raw(base::bytes_of(aim)).raw(data);
        reports.fill(std::byte{0}, kDataBytes - data.size());
        reports.fill(std::byte{0x77}, 2).u8(code.empty() ? 0 : 1);
    }
    return reports.take();
}

gboolean answer_hid_ioctl(UMockdevIoctlClient* client, const base::Bytes& descriptor) {
    const unsigned long request = umockdev_ioctl_client_get_request(client);
    if (_IOC_TYPE(request) != 'H') {
        return FALSE;
    }
    UMockdevIoctlData* data = umockdev_ioctl_data_resolve(
        umockdev_ioctl_client_get_arg(client), 0, static_cast<gsize>(_IOC_SIZE(request)), nullptr);
    const auto put = [data](gsize offset, const void* bytes, std::size_t count) {
        base::Bytes copy(static_cast<const std::byte*>(bytes),
                         static_cast<const std::byte*>(bytes) + count);
        if (data != nullptr) {  // the program that asked may have been killed meanwhile
            umockdev_ioctl_data_update(data, offset, reinterpret_cast<guint8*>(copy.data()),
                                       static_cast<gint>(count));
        }
    };
    glong result = 0;
    if (request == HIDIOCGRDESCSIZE) {
        const int size = static_cast<int>(descriptor.size());
        put(0, &size, sizeof size);
    } else if (request == HIDIOCGRDESC) {
        put(offsetof(hidraw_report_descriptor, value), descriptor.data(), descriptor.size());
    } else {
        result = -1;
    }
    g_object_unref(data);
    umockdev_ioctl_client_complete(client, result, result < 0 ? EINVAL : 0);
    return TRUE;
}

}  // namespace tillhost::support
