// Claim: a scanner on USB HID is found by its ids, its codes arrive byte for byte, and a pulled one
// is told. Shown with devd and its driver host, hidapi unmodified, on a device that umockdev plays.
#include "tests/integration/counter.h"
#include "tests/support/usb_bench.h"

namespace tillhost {
namespace {

constexpr const char* kMarkingHex =
    "30 31 30 32 39 30 30 30 30 32 33 31 37 37 30 31 32 31 6B 33 4C 49 6E 4E 62 48 5F 6F 47 30 51 "
    "1D 39 31 45 45 30 36 1D 39 32 59 58 69 79 4B 66 69 48 6A 45 34 59 45 38 62 2B 59 56 4D 43 31 "
    "4F 35 72 38 56 74 70 70 6C 41 33 41 77 63 43 71 72 63 47 39 44 6B 3D";
class HidScannerTest : public support::CounterTest {
protected:
    HidScannerTest() : bench_(MUST(support::UsbBench::create())) {
        MUST(bench_->plug_in_scanner(0, "SN0001"));
        MUST(shop_->configure("scanner",
                              "driver = \"scanner/hid_pos\"\nport = \"hid:0c2e:0b61:SN0001\"\n"));
        bench_->show_to_children(true);
    }

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

    std::unique_ptr<support::UsbBench> bench_;
};

TEST_F(HidScannerTest, IsFoundByItsIdsAndItsCodesArriveByteForByte) {
    start_scanner();
    const auto status =
        MUST(client_->query("scanner", contract::Query(contract::StatusQuery{}), deadline()));
    EXPECT_EQ(std::get<contract::ScannerStatus>(status).identity.serial, "SN0001");
    MUST(bench_->scan(0, "]X0", base::bytes_of("Product Name: Voyager 1602g")));
    MUST(bench_->scan(0, "]d2", *base::from_hex(kMarkingHex)));
    const contract::Scan code = next_scan();
    EXPECT_EQ(base::to_hex(code.code), kMarkingHex);
    EXPECT_EQ(code.aim, "]d2");
    EXPECT_EQ(code.gs1.size(), 4U);
    MUST(bench_->scan(0, "]E0", base::bytes_of("4607001234562")));
    EXPECT_EQ(next_scan().text, "4607001234562");
}

TEST_F(HidScannerTest, APulledScannerIsTold) {
    start_scanner();
    bench_->hang_up_scanner(0);
    until(contract::DeviceState::opening);  // again and again, until it is back
}

}  // namespace
}  // namespace tillhost
