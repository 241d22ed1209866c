// Claim: devices that are plugged in and pulled out 200 times each come back and leave nothing
// behind; of two that are alike, the wrong one behind a port is refused and gets no receipt; and
// tillctl scan says what is plugged in and opens nothing.
// Shown with devd and its hosts, libudev, libserialport and hidapi as they come, on USB devices of
// umockdev, with simulated registrars and scanners behind them. This program is started with
// umockdev's library (CMakeLists.txt), else udev's events cannot be sent.
#include <filesystem>
#include <fstream>

#include "ipc/json.h"
#include "tests/integration/counter.h"
#include "tests/integration/run_program.h"
#include "tests/support/usb_bench.h"

namespace tillhost::support {
namespace {

namespace fs = std::filesystem;

using contract::DeviceState;

constexpr const char* kSerial = "0000000000001234";
constexpr const char* kOtherSerial = "0000000000005678";
constexpr const char* kAdapter = "FR0001";

/// What a process holds.
struct Held {
    std::ptrdiff_t descriptors = 0;
    long private_kb = 0;
};

Held held_by(pid_t pid) {
    Held held;
    const std::string folder = "/proc/" + std::to_string(pid);
    const fs::directory_iterator all(folder + "/fd");
    held.descriptors = std::distance(begin(all), end(all));
    std::ifstream rollup(folder + "/smaps_rollup");
    for (std::string word; rollup >> word;) {
        long kb = 0;
        // What a leak is made of. Clean pages are the program's file, of which the kernel takes and
        // gives as it likes.
        if (word == "Private_Dirty:" && rollup >> kb) {
            held.private_kb += kb;
        }
    }
    return held;
}

class HotplugTest : public CounterTest {
protected:
    HotplugTest() : bench_(MUST(UsbBench::create())) {
        fs::remove(shop_->folder() + "/config/devices.d/kassa.toml");
        fs::remove(shop_->folder() + "/config/devices.d/echo.toml");
        // The nodes of umockdev are there at once; contact is not made and broken.
        std::ofstream(shop_->folder() + "/config/devd.toml")
            << "log = \"info\"\nhotplug_settle_ms = 20\n";
    }
    void start_devd_with_devices() {
        bench_->show_to_children(true);
        start_devd();
        bench_->show_to_children(false);
        connect();
    }
    void start_registrar(const std::string& id, int number, const std::string& serial) {
        ASSERT_TRUE(shop_->start_simulator(id, "fiscal/shtrih",
                                           {"--pty", bench_->node(number), "--serial", serial}));
    }
    /// Set up as a person would; header and footer, and a shift that is open.
    void add_registrar(const std::string& id, int number) {
        contract::AddDeviceRequest add;
        add.driver = "fiscal/shtrih";
        add.device = id;
        add.settings = {{"port", "serial:/dev/ttyUSB" + std::to_string(number)},
                        {"link", "standard"}};
        const auto added = client_->add_device(add, deadline());
        ASSERT_TRUE(added) << base::to_text(added.error());
        const auto checked = client_->check_device(id, deadline());
        ASSERT_TRUE(checked) << base::to_text(checked.error());
        ASSERT_EQ(checked->outcome, contract::CheckOutcome::passed) << checked->text;
        set_layout(id);
        ASSERT_TRUE(client_->carry_out(id, contract::OpenShift{}, new_id(), deadline()));
    }
    std::string setting(const std::string& device, const std::string& name) {
        const auto now = client_->device_settings(device, deadline());
        EXPECT_TRUE(now);
        for (const contract::Setting& one :
             now ? now->settings : std::vector<contract::Setting>()) {
            if (one.name == name) {
                return one.value;
            }
        }
        return {};
    }
    /// Both adapters are pulled and come back, each under the node that the other one had.
    void put_in(const std::string& first, const std::string& first_serial,
                const std::string& second, const std::string& second_serial) {
        shop_->kill_simulator(first);
        shop_->kill_simulator(second);
        MUST(bench_->announce_gone(0));
        MUST(bench_->announce_gone(1));
        start_registrar(first, 0, first_serial);
        start_registrar(second, 1, second_serial);
        MUST(bench_->announce(0));
        MUST(bench_->announce(1));
    }
    /// Follows the devices of `states` until each is as it says. A gap is a failure.
    void until(const std::map<std::string, std::function<bool(const contract::Device&)>>& wanted) {
        std::map<std::string, bool> is;
        for (const auto& [id, right] : wanted) {
            const auto now = client_->status(id, deadline());
            ASSERT_TRUE(now) << base::to_text(now.error());
            is[id] = right(*now);
        }
        const auto all = [&is] {
            return std::all_of(is.begin(), is.end(), [](const auto& one) { return one.second; });
        };
        while (!all()) {
            const auto event = client_->next_event(deadline());
            ASSERT_TRUE(event && *event) << "no event";
            ASSERT_FALSE(std::holds_alternative<contract::Gap>((**event).event.body));
            const auto* device = std::get_if<contract::Device>(&(**event).event.body);
            if (device != nullptr && wanted.contains(device->device)) {
                is[device->device] = wanted.at(device->device)(*device);
            }
        }
    }
    static bool is_ready(const contract::Device& device) {
        return device.state == DeviceState::ready;
    }
    static bool is_away(const contract::Device& device) {
        return device.state == DeviceState::opening && device.error.has_value();
    }
    static bool is_wrong(const contract::Device& device) {
        return device.error && device.error->code == "wrong_device";
    }
    std::size_t receipts(const std::string& id) {
        const std::string text = MUST(shop_->ctl(id, {"documents", "--json"}));
        std::size_t count = 0;
        for (std::size_t at = text.find("\"receipt\""); at != std::string::npos;
             at = text.find("\"receipt\"", at + 1)) {
            ++count;
        }
        return count;
    }
    std::unique_ptr<UsbBench> bench_;
};

TEST_F(HotplugTest, TwoHundredPlugsComeBackAndLeaveNothingBehind) {
    constexpr int kCycles = 200;
    constexpr int kWarm = 100;  // the rings of events are full
    constexpr long kGrowthKbMax = 512;
    MUST(shop_->configure("till", std::string("driver = \"fiscal/shtrih\"\nport = \"serial:") +
                                      UsbBench::by_id(kAdapter) +
                                      "\"\n\n[settings]\nlink = \"standard\"\n"));
    MUST(shop_->configure("scanner",
                          "driver = \"scanner/hid_pos\"\nport = \"hid:0c2e:0b61:SN1\"\n"));
    start_devd_with_devices();
    for (const char* const topic : {"device/till", "device/scanner", "scan/scanner"}) {
        ASSERT_TRUE(client_->subscribe(topic, {}, deadline()));
    }
    std::map<std::string, pid_t> processes;
    std::map<std::string, Held> warm;
    for (int i = 0; i < kCycles; ++i) {
        MUST(bench_->plug_in(i, kAdapter));
        start_registrar("till", i, kSerial);
        MUST(bench_->point_by_id(kAdapter, i));
        MUST(bench_->announce(i));
        MUST(bench_->plug_in_scanner(i, "SN1"));
        MUST(bench_->announce_scanner(i));
        ASSERT_NO_FATAL_FAILURE(until({{"till", is_ready}, {"scanner", is_ready}})) << i;
        if (i == kWarm) {
            processes = {{"devd", shop_->devd()},
                         {"till", shop_->host_of("till")},
                         {"scanner", shop_->host_of("scanner")}};
            for (const auto& [name, pid] : processes) {
                warm[name] = held_by(pid);
            }
        }
        if (i + 1 < kCycles) {
            MUST(bench_->unplug(i));
            shop_->kill_simulator("till");
            MUST(bench_->unplug_scanner(i));
            ASSERT_NO_FATAL_FAILURE(until({{"till", is_away}, {"scanner", is_away}})) << i;
        }
    }
    for (const auto& [name, pid] : processes) {
        EXPECT_EQ(name == "devd" ? shop_->devd() : shop_->host_of(name), pid) << "was restarted";
        const Held now = held_by(pid);
        EXPECT_EQ(now.descriptors, warm[name].descriptors) << name;
        EXPECT_LE(now.private_kb, warm[name].private_kb + kGrowthKbMax) << name;
    }
    const auto status =
        MUST(client_->query("scanner", contract::Query(contract::StatusQuery{}), deadline()));
    EXPECT_EQ(std::get<contract::ScannerStatus>(status).identity.serial, "SN1");
}

TEST_F(HotplugTest, TwoRegistrarsThatChangePlacesGetNoReceiptOfTheOther) {
    MUST(bench_->plug_in(0, ""));  // adapters alike, without a number of their own
    MUST(bench_->plug_in(1, ""));
    start_registrar("till", 0, kSerial);
    start_registrar("other", 1, kOtherSerial);
    start_devd_with_devices();
    ASSERT_NO_FATAL_FAILURE(add_registrar("till", 0));
    ASSERT_NO_FATAL_FAILURE(add_registrar("other", 1));
    EXPECT_EQ(setting("till", "serial"), kSerial) << "remembered when the check passed";
    EXPECT_EQ(setting("till", "adapter"), "") << "it may be moved to any port";
    ASSERT_TRUE(client_->subscribe("device/till", {}, deadline()));
    ASSERT_TRUE(client_->subscribe("device/other", {}, deadline()));

    put_in("other", kOtherSerial, "till", kSerial);
    ASSERT_NO_FATAL_FAILURE(until({{"till", is_wrong}, {"other", is_wrong}}));
    const auto options = new_id();
    ASSERT_TRUE(client_->submit("till", contract::Command(tea()), options, deadline()));
    MUST(bench_->announce(0));  // a reason to try once more
    ASSERT_NO_FATAL_FAILURE(until({{"till", is_wrong}}));
    EXPECT_EQ(receipts("till"), 0U);
    EXPECT_EQ(receipts("other"), 0U);

    put_in("till", kSerial, "other", kOtherSerial);
    const auto sold = client_->await(options.operation_id, deadline());
    ASSERT_TRUE(sold) << base::to_text(sold.error());
    EXPECT_EQ(sold->state, contract::OperationState::done);
    EXPECT_EQ(receipts("till"), 1U);
    EXPECT_EQ(receipts("other"), 0U);
}

TEST_F(HotplugTest, AScannerIsToldByItsAdapter) {
    MUST(bench_->plug_in(0, kAdapter));
    ASSERT_TRUE(shop_->start_simulator("scanner", "scanner/serial", {"--pty", bench_->node(0)}));
    start_devd_with_devices();
    contract::AddDeviceRequest add;
    add.driver = "scanner/serial";
    add.device = "scanner";
    add.settings = {{"port", "serial:" + UsbBench::by_id(kAdapter)}};
    ASSERT_TRUE(client_->add_device(add, deadline()));
    const auto checked = client_->check_device("scanner", deadline());
    ASSERT_TRUE(checked) << base::to_text(checked.error());
    ASSERT_EQ(checked->outcome, contract::CheckOutcome::passed) << checked->text;
    EXPECT_EQ(setting("scanner", "adapter"), std::string("1fc9:0089:") + kAdapter);
    EXPECT_TRUE(client_->add_device(add, deadline())) << "the same request once more";
    ASSERT_TRUE(client_->subscribe("device/scanner", {}, deadline()));

    MUST(bench_->unplug(0));
    shop_->kill_simulator("scanner");
    ASSERT_NO_FATAL_FAILURE(until({{"scanner", is_away}}));
    MUST(bench_->plug_in(1, "FR0002"));
    MUST(bench_->point_by_id(kAdapter, 1));  // where the link's name stands for another one
    ASSERT_TRUE(shop_->start_simulator("scanner", "scanner/serial", {"--pty", bench_->node(1)}));
    const std::size_t touched = bench_->requests();
    MUST(bench_->announce(1));
    const auto wrong = client_->check_device("scanner", deadline());
    ASSERT_TRUE(wrong) << base::to_text(wrong.error());
    EXPECT_EQ(wrong->outcome, contract::CheckOutcome::wrong_device) << wrong->text;
    EXPECT_EQ(bench_->requests(), touched) << "the foreign device was opened";

    shop_->kill_simulator("scanner");
    MUST(bench_->plug_in(2, kAdapter));
    ASSERT_TRUE(shop_->start_simulator("scanner", "scanner/serial", {"--pty", bench_->node(2)}));
    MUST(bench_->announce(2));
    ASSERT_NO_FATAL_FAILURE(until({{"scanner", is_ready}}));
    EXPECT_EQ(client_->status("scanner", deadline())->node, "/dev/ttyUSB2");
}

TEST_F(HotplugTest, ScanProposesAndOpensNothing) {
    MUST(bench_->plug_in(0, kAdapter));
    MUST(bench_->plug_in_scanner(0, "SN1"));
    start_devd_with_devices();
    const auto loop = MUST(os::EventLoop::create(clock_));
    const auto tillctl = [&](std::vector<std::string> words) {
        words.insert(words.begin(), {"--endpoint", shop_->endpoint()});
        return run_program(*loop, clock_, PROGRAMS_FOLDER "tillctl", words);
    };
    const Ran told = tillctl({"scan"});
    EXPECT_EQ(told.exit, 0) << told.err;
    for (const char* const words :
         {"POS Scanner 0c2e:0b61 SN1", "its driver names 0c2e:0b61",
          "tillctl add scanner/hid_pos port=hid:0c2e:0b61:SN1", "Registrar 1fc9:0089 FR0001",
          "fiscal/shtrih, ", "tillctl add DRIVER port=serial:/dev/serial/by-id/"}) {
        EXPECT_NE(told.out.find(words), std::string::npos) << words << "\n" << told.out;
    }
    EXPECT_NE(tillctl({"--lang", "ru", "scan"}).out.find("драйвер называет"), std::string::npos);
    EXPECT_NE(tillctl({"--lang", "pl", "scan"}).out.find("sterownik wymienia"), std::string::npos);
    const auto tree = ipc::from_json(tillctl({"--json", "scan"}).out);
    ASSERT_TRUE(tree) << base::to_text(tree.error());
    EXPECT_EQ(bench_->requests(), 0U) << "something was opened";
    const Ran added = tillctl({"add", "scanner/hid_pos", "port=hid:0c2e:0b61:SN1"});
    EXPECT_EQ(added.exit, 0) << added.out << added.err;
    EXPECT_GT(bench_->requests(), 0U);
    const Ran after = tillctl({"scan"});
    EXPECT_NE(after.out.find("set up        hid_pos"), std::string::npos) << after.out;
    EXPECT_EQ(after.out.find("tillctl add scanner/hid_pos"), std::string::npos) << after.out;
}

}  // namespace
}  // namespace tillhost::support
