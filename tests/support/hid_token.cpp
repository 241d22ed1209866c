#include "tests/support/hid_token.h"

#include <fmt/format.h>

#include "tests/support/usb_bench.h"

namespace tillhost::support {
namespace {

/// As python-fido2 publishes it (tests/test_hid.py).
constexpr std::string_view kDescriptor =
    "06 D0 F1 09 01 A1 01 09 20 15 00 26 FF 00 75 08 95 40 81 02 09 21 15 00 26 FF 00 75 08 95 40 "
    "91 02 C0";

std::string vendor() { return std::string(UsbBench::kTokenIds.substr(0, 4)); }
std::string product() { return std::string(UsbBench::kTokenIds.substr(5)); }

}  // namespace

const base::Bytes& token_descriptor() {
    static const base::Bytes bytes = *base::from_hex(kDescriptor);
    return bytes;
}

std::string token_usb_path(int number) {
    return fmt::format("/devices/pci0000:00/usb3/3-{}", number + 1);
}

std::string token_hid_path(int number) {
    return fmt::format("{}/3-{}:1.0/0003:{}:{}.{:04X}", token_usb_path(number), number + 1,
                       vendor(), product(), number + 1);
}

std::string token_hidraw_path(int number) {
    return fmt::format("{}/hidraw/hidraw{}", token_hid_path(number), number);
}

std::string token_record(int number, const std::string& serial) {
    const std::string serial_line =
        serial.empty() ? std::string() : fmt::format("A: serial={}\\n\n", serial);
    return fmt::format(
        "P: {0}\nN: bus/usb/003/{1:03}\nE: SUBSYSTEM=usb\nE: DEVTYPE=usb_device\n"
        "A: idVendor={7}\\n\nA: idProduct={8}\\n\nA: bcdDevice=0521\\n\n"
        "{2}A: manufacturer=Acme\\n\nA: product=Security Token\\n\n\n"
        "P: {0}/3-{1}:1.0\nE: SUBSYSTEM=usb\nE: DEVTYPE=usb_interface\n"
        "A: bInterfaceNumber=00\\n\n\n"
        "P: {3}\nE: SUBSYSTEM=hid\nE: HID_ID=0003:0000{7}:0000{8}\n"
        "E: HID_NAME=Acme Security Token\nE: HID_UNIQ={6}\n\n"
        "P: {4}\nN: hidraw{5}\nE: SUBSYSTEM=hidraw\nE: DEVNAME=/dev/hidraw{5}\n"
        "L: device=../../../0003:{7}:{8}.{1:04X}\n\n",
        token_usb_path(number), number + 1, serial_line, token_hid_path(number),
        token_hidraw_path(number), number, serial, vendor(), product());
}

}  // namespace tillhost::support
