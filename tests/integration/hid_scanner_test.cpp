// Claim: a scanner on USB HID is found by its ids, its codes arrive byte for byte, and a pulled one
// is told. Shown with devd and its driver host, hidapi unmodified, on a device that umockdev plays.
#include <linux/hidraw.h>
#include <linux/ioctl.h>
#include <umockdev.h>
#include <unistd.h>

#include <cerrno>

#include "tests/integration/counter.h"

namespace tillhost {
namespace {

/// Derived from the layout of Honeywell's reports.
constexpr std::string_view kDescriptor =
    "05 8C 09 02 A1 01 09 12 A1 02 85 02 15 00 26 FF 00 75 08 95 01 05 01 09 3B 81 02 05 8C 95 03 "
    "09 FB 09 FC 09 FD 81 02 09 FE 95 38 82 02 01 06 66 FF 09 04 95 01 81 02 09 05 81 02 05 8C 09 "
    "FF 25 01 75 01 81 02 75 07 81 03 C0 C0";
constexpr const char* kMarkingHex =
    "30 31 30 32 39 30 30 30 30 32 33 31 37 37 30 31 32 31 6B 33 4C 49 6E 4E 62 48 5F 6F 47 30 51 "
    "1D 39 31 45 45 30 36 1D 39 32 59 58 69 79 4B 66 69 48 6A 45 34 59 45 38 62 2B 59 56 4D 43 31 "
    "4F 35 72 38 56 74 70 70 6C 41 33 41 77 63 43 71 72 63 47 39 44 6B 3D";
constexpr std::size_t kReportBytes = 64;
constexpr std::size_t kDataBytes = 56;

const base::Bytes& descriptor() {
    static const base::Bytes bytes = *base::from_hex(kDescriptor);
    return bytes;
}

/// Answers the requests of a hidraw node; called on a thread of umockdev.
gboolean on_ioctl(UMockdevIoctlBase*, UMockdevIoctlClient* client, gpointer) {
    const unsigned long request = umockdev_ioctl_client_get_request(client);
    if (_IOC_TYPE(request) != 'H') {
        return FALSE;
    }
    UMockdevIoctlData* data = umockdev_ioctl_data_resolve(
        umockdev_ioctl_client_get_arg(client), 0, static_cast<gsize>(_IOC_SIZE(request)), nullptr);
    const auto put = [data](gsize offset, const void* bytes, std::size_t count) {
        base::Bytes copy(static_cast<const std::byte*>(bytes),
                         static_cast<const std::byte*>(bytes) + count);
        umockdev_ioctl_data_update(data, offset, reinterpret_cast<guint8*>(copy.data()),
                                   static_cast<gint>(count));
    };
    glong result = 0;
    if (request == HIDIOCGRDESCSIZE) {
        const int size = static_cast<int>(descriptor().size());
        put(0, &size, sizeof size);
    } else if (request == HIDIOCGRDESC) {
        put(offsetof(hidraw_report_descriptor, value), descriptor().data(), descriptor().size());
    } else {
        result = -1;
    }
    g_object_unref(data);
    umockdev_ioctl_client_complete(client, result, result < 0 ? EINVAL : 0);
    return TRUE;
}

/// A scanner in a tree of its own, which this process's children take for /sys and /dev.
class MockScanner final {
public:
    MockScanner() : bed_(umockdev_testbed_new()) {
        const std::string usb = "/devices/pci0000:00/usb1/1-1";
        const std::string hid = usb + "/1-1:1.0/0003:0C2E:0B61.0001";
        const std::string record =
            "P: " + usb +
            "\nN: bus/usb/001/002\nE: SUBSYSTEM=usb\nE: DEVTYPE=usb_device\nA: idVendor=0c2e\\n\n"
            "A: idProduct=0b61\\n\nA: bcdDevice=0102\\n\nA: serial=SN0001\\n\n"
            "A: manufacturer=Acme\\n\nA: product=POS Scanner\\n\n\n"
            "P: " +
            usb +
            "/1-1:1.0\nE: SUBSYSTEM=usb\nE: DEVTYPE=usb_interface\nA: bInterfaceNumber=00\\n\n\n"
            "P: " +
            hid +
            "\nE: SUBSYSTEM=hid\nE: HID_ID=0003:00000C2E:00000B61\nE: HID_NAME=Acme POS Scanner\n"
            "E: HID_UNIQ=SN0001\n\n"
            "P: " +
            hid +
            "/hidraw/hidraw0\nN: hidraw0\nE: SUBSYSTEM=hidraw\nE: DEVNAME=/dev/hidraw0\n"
            "L: device=../../../0003:0C2E:0B61.0001\n\n";
        INVARIANT(umockdev_testbed_add_from_string(bed_, record.c_str(), nullptr));
        base::Bytes bytes = descriptor();
        umockdev_testbed_set_attribute_binary(bed_, ("/sys" + hid).c_str(), "report_descriptor",
                                              reinterpret_cast<guint8*>(bytes.data()),
                                              static_cast<gint>(bytes.size()));
        answers_ = umockdev_ioctl_base_new();
        g_signal_connect(answers_, "handle-ioctl", G_CALLBACK(on_ioctl), nullptr);
        INVARIANT(umockdev_testbed_attach_ioctl(bed_, "/dev/hidraw0", answers_, nullptr));
        reports_ = os::Descriptor(umockdev_testbed_get_dev_fd(bed_, "/dev/hidraw0"));
    }
    ~MockScanner() {
        g_object_unref(answers_);
        g_object_unref(bed_);
    }
    MockScanner(const MockScanner&) = delete;
    MockScanner& operator=(const MockScanner&) = delete;

    /// One code in as many reports as it needs, written at once.
    void scan(std::string_view aim, base::ByteView code) const {
        base::ByteWriter reports;
        while (!code.empty()) {
            const base::ByteView data = code.first(std::min(code.size(), kDataBytes));
            code = code.subspan(data.size());
            reports.u8(2).u8(data.size()).raw(base::bytes_of(aim)).raw(data);
            reports.fill(std::byte{0}, kDataBytes - data.size());
            reports.fill(std::byte{0x77}, 2).u8(code.empty() ? 0 : 1);
        }
        const base::Bytes bytes = reports.take();
        ASSERT_EQ(bytes.size() % kReportBytes, 0U);
        ASSERT_EQ(::write(reports_.get(), bytes.data(), bytes.size()),
                  static_cast<ssize_t>(bytes.size()));
    }
    void unplug() { reports_.reset(); }

private:
    UMockdevTestbed* bed_;
    UMockdevIoctlBase* answers_ = nullptr;
    os::Descriptor reports_;
};

class HidScannerTest : public support::CounterTest {
protected:
    HidScannerTest() {
        MUST(shop_->configure("scanner",
                              "driver = \"scanner/hid_pos\"\nport = \"hid:0c2e:0b61:SN0001\"\n"));
        ::setenv("LD_PRELOAD", "libumockdev-preload.so.0", 1);  // of the children
    }
    ~HidScannerTest() override { ::unsetenv("LD_PRELOAD"); }

    void start_scanner() {
        start_devd();
        connect();
        ASSERT_TRUE(client_->subscribe("device/scanner", {}, deadline()));
        ASSERT_TRUE(client_->subscribe("scan/scanner", {}, deadline()));
        until(contract::DeviceState::ready);
    }
    void until(contract::DeviceState state) {
        auto device = client_->status("scanner", deadline());
        ASSERT_TRUE(device) << base::to_text(device.error());
        while (device->state != state) {
            const auto event = client_->next_event(deadline());
            ASSERT_TRUE(event && *event) << device->reason;
            if (const auto* changed = std::get_if<contract::Device>(&(*event)->event.body)) {
                *device = *changed;
            }
        }
    }
    contract::Scan next_scan() {
        while (true) {
            const auto event = client_->next_event(deadline());
            if (!event || !*event) {
                ADD_FAILURE() << "no scan";
                return {};
            }
            if (const auto* scan = std::get_if<contract::Scan>(&(*event)->event.body)) {
                return *scan;
            }
        }
    }

    MockScanner scanner_;
};

TEST_F(HidScannerTest, IsFoundByItsIdsAndItsCodesArriveByteForByte) {
    start_scanner();
    const auto status =
        MUST(client_->query("scanner", contract::Query(contract::StatusQuery{}), deadline()));
    EXPECT_EQ(std::get<contract::ScannerStatus>(status).identity.serial, "SN0001");
    scanner_.scan("]X0", base::bytes_of("Product Name: Voyager 1602g"));
    scanner_.scan("]d2", *base::from_hex(kMarkingHex));
    const contract::Scan code = next_scan();
    EXPECT_EQ(base::to_hex(code.code), kMarkingHex);
    EXPECT_EQ(code.aim, "]d2");
    EXPECT_EQ(code.gs1.size(), 4U);
    scanner_.scan("]E0", base::bytes_of("4607001234562"));
    EXPECT_EQ(next_scan().text, "4607001234562");
}

TEST_F(HidScannerTest, APulledScannerIsTold) {
    start_scanner();
    scanner_.unplug();
    until(contract::DeviceState::opening);  // again and again, until it is back
}

}  // namespace
}  // namespace tillhost
