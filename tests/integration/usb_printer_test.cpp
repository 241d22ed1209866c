// Claim: a receipt printer on USB is found by its ids, among alike ones by what was remembered of
// it, and listed for setting up; its kernel driver is put off, what it is sent and says passes
// whole, also behind stalls and empty packets, and one that is pulled in a document leaves it
// unknown. Shown with devd and its driver host, libusb unmodified, on devices that umockdev plays.
#include <fmt/format.h>
#include <linux/ioctl.h>
#include <linux/usbdevice_fs.h>
#include <umockdev.h>

#include <cerrno>
#include <cstddef>
#include <deque>
#include <map>
#include <mutex>
#include <optional>

#include "tests/integration/counter.h"

namespace tillhost {
namespace {

using contract::OperationState;

constexpr std::uint8_t kIn = 0x82;

/// A printer behind usbfs: bulk OUT 01h, bulk IN 82h, a serial number. Called on a thread of
/// umockdev.
class UsbPrinter final {
public:
    gboolean answer(UMockdevIoctlClient* client) {
        const std::lock_guard lock(mutex_);
        UMockdevIoctlData* arg = umockdev_ioctl_client_get_arg(client);
        glong result = 0;
        int error = 0;
        switch (umockdev_ioctl_client_get_request(client)) {
            case USBDEVFS_GET_CAPABILITIES: capabilities(arg); break;
            case USBDEVFS_DISCONNECT_CLAIM: put_off_ = claimed_ = true; break;
            case USBDEVFS_CLAIMINTERFACE:
            case USBDEVFS_RELEASEINTERFACE:
            case USBDEVFS_IOCTL: break;
            case USBDEVFS_GETDRIVER: error = ENODATA; break;
            case USBDEVFS_CLEAR_HALT: clear_halt(arg); break;
            case USBDEVFS_SUBMITURB: error = pulled_ ? ENODEV : submit(arg); break;
            case USBDEVFS_REAPURB:
            case USBDEVFS_REAPURBNDELAY: error = reap(arg); break;
            case USBDEVFS_DISCARDURB: error = discard(arg); break;
            default: error = ENOTTY;
        }
        result = error == 0 ? 0 : -1;
        umockdev_ioctl_client_complete(client, result, error);
        return TRUE;
    }
    /// It disappears when this text comes.
    void pull_at(std::string text) {
        const std::lock_guard lock(mutex_);
        pull_at_ = std::move(text);
    }
    /// It stalls what brings this text, and what comes behind it.
    void stall_at(std::string text) {
        const std::lock_guard lock(mutex_);
        stall_at_ = std::move(text);
    }
    /// Its way back stalls.
    void stall_answers() {
        const std::lock_guard lock(mutex_);
        in_halted_ = true;
    }
    /// It answers each reading at once, with nothing where it has nothing to say.
    void say_nothing_often() {
        const std::lock_guard lock(mutex_);
        says_nothing_ = true;
    }
    int readings() {
        const std::lock_guard lock(mutex_);
        return readings_;
    }
    bool was_claimed() {
        const std::lock_guard lock(mutex_);
        return claimed_;
    }
    std::string sent() {
        const std::lock_guard lock(mutex_);
        return sent_;
    }
    bool kernel_driver_is_off() {
        const std::lock_guard lock(mutex_);
        return put_off_;
    }

private:
    struct Urb {
        UMockdevIoctlData* urb = nullptr;
        UMockdevIoctlData* buffer = nullptr;
        unsigned long address = 0;
        std::uint8_t endpoint = 0;
        bool done = false;
    };

    static void write(UMockdevIoctlData* to, gsize offset, const void* from, std::size_t count) {
        if (to == nullptr) {
            return;
        }
        base::Bytes copy(static_cast<const std::byte*>(from),
                         static_cast<const std::byte*>(from) + count);
        umockdev_ioctl_data_update(to, offset, reinterpret_cast<guint8*>(copy.data()),
                                   static_cast<gint>(count));
    }
    static void capabilities(UMockdevIoctlData* arg) {
        const guint32 all = USBDEVFS_CAP_REAP_AFTER_DISCONNECT;
        write(umockdev_ioctl_data_resolve(arg, 0, sizeof all, nullptr), 0, &all, sizeof all);
    }
    static void finish(Urb& urb, int status, std::string_view data, int count, gsize at = 0) {
        if (!data.empty()) {
            write(urb.buffer, at, data.data(), data.size());
        }
        write(urb.urb, offsetof(usbdevfs_urb, status), &status, sizeof status);
        write(urb.urb, offsetof(usbdevfs_urb, actual_length), &count, sizeof count);
        urb.done = true;
    }
    int submit(UMockdevIoctlData* arg) {
        UMockdevIoctlData* data =
            umockdev_ioctl_data_resolve(arg, 0, sizeof(usbdevfs_urb), nullptr);
        if (data == nullptr) {
            return EIO;  // the program that asked was killed meanwhile
        }
        const auto* what = reinterpret_cast<const usbdevfs_urb*>(data->data);
        Urb urb{umockdev_ioctl_data_ref(data), nullptr, data->client_addr, what->endpoint, false};
        const auto length = static_cast<std::size_t>(what->buffer_length);
        if (length > 0) {
            UMockdevIoctlData* const buffer =
                umockdev_ioctl_data_resolve(data, offsetof(usbdevfs_urb, buffer), length, nullptr);
            if (buffer == nullptr) {
                return EIO;
            }
            urb.buffer = umockdev_ioctl_data_ref(buffer);
        }
        const std::string_view bytes(
            urb.buffer == nullptr ? "" : reinterpret_cast<const char*>(urb.buffer->data), length);
        if (what->type == USBDEVFS_URB_TYPE_CONTROL) {
            control(urb, bytes);
        } else if (what->endpoint == kIn) {
            ++readings_;
        } else if (const auto taken = takes_before_it_stalls(bytes)) {
            finish(urb, -EPIPE, "", static_cast<int>(*taken));
            take(bytes.substr(0, *taken));
        } else {
            finish(urb, 0, "", static_cast<int>(length));
            take(bytes);
        }
        urbs_.push_back(urb);
        return 0;
    }
    /// Strings are all it is asked for.
    static void control(Urb& urb, std::string_view setup) {
        constexpr std::size_t kSetupBytes = 8;
        const bool of_string = setup[1] == 6 && setup[3] == 3;
        const std::string text =
            setup[2] == 0 ? std::string("\x04\x03\x09\x04", 4) : std::string("\x06\x03J\0004\0", 6);
        if (of_string) {
            finish(urb, 0, text, static_cast<int>(text.size()), kSetupBytes);
        } else {
            finish(urb, -EPIPE, "", 0);
        }
    }
    /// How many of the bytes it takes; nothing: all, without a stall.
    std::optional<std::size_t> takes_before_it_stalls(std::string_view bytes) {
        const std::size_t at = stall_at_.empty() ? std::string_view::npos : bytes.find(stall_at_);
        if (at == std::string_view::npos) {
            return out_halted_ ? std::optional<std::size_t>(0) : std::nullopt;
        }
        stall_at_.clear();
        out_halted_ = true;
        return at;
    }
    void clear_halt(UMockdevIoctlData* arg) {
        const UMockdevIoctlData* endpoint =
            umockdev_ioctl_data_resolve(arg, 0, sizeof(unsigned), nullptr);
        if (endpoint == nullptr) {
            return;  // as in submit()
        }
        unsigned number = 0;
        std::memcpy(&number, endpoint->data, sizeof number);
        (number == kIn ? in_halted_ : out_halted_) = false;
    }
    void take(std::string_view bytes) {
        constexpr std::string_view kMark("\x1D(H\x06\0\x30\x30", 7);
        constexpr std::size_t kIdBytes = 4;
        sent_ += bytes;
        if (!pull_at_.empty() && bytes.find(pull_at_) != std::string_view::npos) {
            pulled_ = true;
            return;
        }
        const std::size_t mark = bytes.rfind(kMark);
        if (bytes.starts_with("\x10\x04")) {
            said_.emplace_back("\x12");
        } else if (bytes.starts_with("\x1Dr")) {
            said_.emplace_back(1, '\0');
        } else if (bytes.starts_with("\x1DI")) {
            said_.push_back(std::string("_TM") + '\0');
        } else if (mark != std::string_view::npos) {
            said_.push_back("7\"" + std::string(bytes.substr(mark + kMark.size(), kIdBytes)) +
                            '\0');
        }
    }
    int reap(UMockdevIoctlData* arg) {
        for (Urb& urb : urbs_) {
            if (urb.done || urb.endpoint != kIn) {
                continue;
            }
            if (pulled_) {
                finish(urb, -ESHUTDOWN, "", 0);
            } else if (in_halted_) {
                finish(urb, -EPIPE, "", 0);
            } else if (!said_.empty()) {
                finish(urb, 0, said_.front(), static_cast<int>(said_.front().size()));
                said_.pop_front();
            } else if (says_nothing_) {
                finish(urb, 0, "", 0);
            }
        }
        for (auto urb = urbs_.begin(); urb != urbs_.end(); ++urb) {
            if (urb->done) {
                UMockdevIoctlData* const to =
                    umockdev_ioctl_data_resolve(arg, 0, sizeof(void*), nullptr);
                if (to == nullptr) {
                    return EIO;
                }
                umockdev_ioctl_data_set_ptr(to, 0, urb->urb);
                urbs_.erase(urb);
                return 0;
            }
        }
        return pulled_ ? ENODEV : EAGAIN;
    }
    int discard(UMockdevIoctlData* arg) {
        unsigned long address = 0;
        std::memcpy(&address, arg->data, sizeof address);
        for (Urb& urb : urbs_) {
            if (!urb.done && urb.address == address) {
                finish(urb, -ENOENT, "", 0);
                return 0;
            }
        }
        return EINVAL;
    }

    std::mutex mutex_;
    std::deque<Urb> urbs_;
    std::deque<std::string> said_;
    std::string sent_;
    std::string pull_at_;
    std::string stall_at_;
    int readings_ = 0;
    bool pulled_ = false;
    bool put_off_ = false;
    bool claimed_ = false;
    bool in_halted_ = false;
    bool out_halted_ = false;
    bool says_nothing_ = false;
};

gboolean on_ioctl(UMockdevIoctlBase*, UMockdevIoctlClient* client, gpointer printer) {
    return static_cast<UsbPrinter*>(printer)->answer(client);
}

/// As umockdev records one at this port of the bus.
std::string record_of(int port, const std::string& serial) {
    return fmt::format(
        "P: /devices/pci0000:00/usb1/1-{0}\nN: bus/usb/001/00{1}\nE: SUBSYSTEM=usb\n"
        "E: DEVTYPE=usb_device\nE: BUSNUM=001\nE: DEVNUM=00{1}\n"
        "E: DEVNAME=/dev/bus/usb/001/00{1}\n"
        "A: busnum=1\\n\nA: devnum={1}\\n\nA: idVendor=04b8\\n\nA: idProduct=0202\\n\n"
        "A: serial={2}\\n\nA: speed=12\\n\nA: bConfigurationValue=1\\n\n"
        "H: descriptors=1201000200000040B8040202000101020301"
        "09022000010100C032"
        "090400000207010200"
        "07050102400000"
        "07058202400000\n\n"
        "P: /devices/pci0000:00/usb1/1-{0}/1-{0}:1.0\nE: SUBSYSTEM=usb\n"
        "E: DEVTYPE=usb_interface\nA: bInterfaceNumber=00\\n\nA: bInterfaceClass=07\\n\n\n",
        port, port + 1, serial);
}

/// The printer and its bus in a tree of its own, which this process's children take for theirs.
class Bus final {
public:
    explicit Bus(UsbPrinter& printer) : bed_(umockdev_testbed_new()) {
        const std::string record =
            "P: /devices/pci0000:00/usb1\nN: bus/usb/001/001\nE: SUBSYSTEM=usb\n"
            "E: DEVTYPE=usb_device\nE: BUSNUM=001\nE: DEVNUM=001\nA: busnum=1\\n\nA: devnum=1\\n\n"
            "A: speed=480\\n\nA: bConfigurationValue=1\\n\n"
            "H: descriptors=12010002090001406B1D020002060302010109021900010100E00009040000010900"
            "00000705810304000C\n\n";
        INVARIANT(umockdev_testbed_add_from_string(bed_, record.c_str(), nullptr));
        plug_in(1, "J4", printer);
    }
    /// The handlers stay until the program ends: a thread of umockdev may still be in one of them.
    ~Bus() { g_object_unref(bed_); }
    /// Another one of the same kind; it outlives the bus.
    void plug_in(int port, const std::string& serial, UsbPrinter& printer) {
        INVARIANT(umockdev_testbed_add_from_string(bed_, record_of(port, serial).c_str(), nullptr));
        answers_.push_back(umockdev_ioctl_base_new());
        g_signal_connect(answers_.back(), "handle-ioctl", G_CALLBACK(on_ioctl), &printer);
        const std::string node = fmt::format("/dev/bus/usb/001/00{}", port + 1);
        INVARIANT(umockdev_testbed_attach_ioctl(bed_, node.c_str(), answers_.back(), nullptr));
    }
    Bus(const Bus&) = delete;
    Bus& operator=(const Bus&) = delete;

private:
    UMockdevTestbed* bed_;
    std::vector<UMockdevIoctlBase*> answers_;
};

class UsbPrinterTest : public support::CounterTest {
protected:
    UsbPrinterTest() : bus_(printer_) {
        MUST(shop_->configure("slips",
                              "driver = \"printer/escpos\"\nport = \"usb:04b8:0202:J4\"\n"));
        ::setenv("LD_PRELOAD", "libumockdev-preload.so.0", 1);  // of the children
    }
    ~UsbPrinterTest() override { ::unsetenv("LD_PRELOAD"); }

    static contract::PrintDocument document(const std::string& words) {
        contract::PrintDocument document;
        contract::PrintedText text;
        text.text = words;
        document.blocks.emplace_back(std::move(text));
        return document;
    }
    contract::Operation print(const std::string& words) {
        const auto done = client_->carry_out("slips", document(words), new_id(), deadline());
        EXPECT_TRUE(done) << base::to_text(done.error());
        return done ? *done : contract::Operation();
    }

    UsbPrinter printer_;
    UsbPrinter other_;
    Bus bus_;
};

TEST_F(UsbPrinterTest, PrintsAndOpensTheDrawer) {
    start_devd();
    connect();
    const contract::Operation slip = print("paid by card");
    ASSERT_EQ(slip.state, OperationState::done) << (slip.error ? slip.error->text : "");
    EXPECT_EQ(std::get<contract::PrintResult>(*slip.result).printed, contract::Printed::printed);
    EXPECT_NE(printer_.sent().find("paid by card\n"), std::string::npos);
    EXPECT_TRUE(printer_.kernel_driver_is_off());
    const auto drawer = client_->carry_out("slips", contract::OpenDrawer{}, new_id(), deadline());
    ASSERT_TRUE(drawer) << base::to_text(drawer.error());
    EXPECT_EQ(drawer->state, OperationState::done);
    EXPECT_NE(printer_.sent().find(std::string("\x1Bp\0<x", 5)), std::string::npos);
    const auto status =
        MUST(client_->query("slips", contract::Query(contract::StatusQuery{}), deadline()));
    EXPECT_TRUE(std::get<contract::PrinterStatus>(status).confirms_printing);
}

TEST_F(UsbPrinterTest, PulledInADocumentItLeavesItUnknown) {
    printer_.pull_at("half");
    start_devd();
    connect();
    const contract::Operation slip = print("half a slip");
    EXPECT_EQ(slip.state, OperationState::failed);
    ASSERT_TRUE(slip.error);
    EXPECT_EQ(slip.error->code, "link_lost");
    EXPECT_EQ(slip.error->effect, base::Effect::unknown);
    const std::string sent = printer_.sent();
    EXPECT_EQ(sent.find("half"), sent.rfind("half")) << "sent again";
}

TEST_F(UsbPrinterTest, AmongAlikeOnesTheRememberedOneIsChosenAndNoOtherIsTouched) {
    bus_.plug_in(2, "J5", other_);
    MUST(shop_->configure("slips",
                          "driver = \"printer/escpos\"\nport = \"usb:04b8:0202\"\n[settings]\n"
                          "adapter = \"04b8:0202:J5\"\n"));
    start_devd();
    connect();
    ASSERT_EQ(print("to the other one").state, OperationState::done);
    EXPECT_NE(other_.sent().find("to the other one"), std::string::npos);
    EXPECT_FALSE(printer_.was_claimed());
}

TEST_F(UsbPrinterTest, AnotherOneOfItsKindIsNotOpened) {
    MUST(shop_->configure("slips",
                          "driver = \"printer/escpos\"\nport = \"usb:04b8:0202\"\n[settings]\n"
                          "adapter = \"04b8:0202@0000:00:14.0/7\"\n"));
    start_devd();
    connect();
    const auto checked = client_->check_device("slips", deadline());
    ASSERT_TRUE(checked) << base::to_text(checked.error());
    EXPECT_EQ(checked->outcome, contract::CheckOutcome::wrong_device);
    EXPECT_NE(checked->error->text.find("04b8:0202:J4, expected 04b8:0202@"), std::string::npos)
        << checked->error->text;
    EXPECT_FALSE(printer_.was_claimed());
}

TEST_F(UsbPrinterTest, IsListedAndKnownForThatOfItsDevice) {
    bus_.plug_in(2, "J5", other_);
    start_devd();
    connect();
    const auto found = client_->ports({}, deadline());
    ASSERT_TRUE(found) << base::to_text(found.error());
    std::map<std::string, contract::Port> printers;
    for (const contract::Port& port : found->ports) {
        printers[port.address] = port;
    }
    ASSERT_TRUE(printers.contains("usb:04b8:0202:J4"));
    ASSERT_TRUE(printers.contains("usb:04b8:0202:J5"));
    EXPECT_EQ(printers["usb:04b8:0202:J4"].device, "slips");
    EXPECT_EQ(printers["usb:04b8:0202:J5"].device, "");
    EXPECT_EQ(printers["usb:04b8:0202:J5"].drivers, std::vector<std::string>{"printer/escpos"});
    EXPECT_EQ(printers.size(), found->ports.size()) << "none twice";
}

TEST_F(UsbPrinterTest, AStallOfItsAnswersIsTakenBack) {
    printer_.stall_answers();
    start_devd();
    connect();
    const contract::Operation slip = print("paid by card");
    EXPECT_EQ(slip.state, OperationState::done) << (slip.error ? slip.error->text : "");
}

TEST_F(UsbPrinterTest, AStallOfADocumentLeavesItUnknownAndTheNextOneIsPrinted) {
    printer_.stall_at("stalls");
    start_devd();
    connect();
    const contract::Operation slip = print("this one stalls");
    EXPECT_EQ(slip.state, OperationState::failed);
    ASSERT_TRUE(slip.error);
    EXPECT_EQ(slip.error->code, "link_lost");
    EXPECT_EQ(slip.error->effect, base::Effect::unknown);
    EXPECT_EQ(print("the next one").state, OperationState::done);
    EXPECT_NE(printer_.sent().find("the next one"), std::string::npos);
}

TEST_F(UsbPrinterTest, OneThatOftenSaysNothingIsNotAskedWithoutAPause) {
    constexpr std::int64_t kPauseMs = 10;
    printer_.say_nothing_often();
    const os::Instant begun = clock_.now();
    start_devd();
    connect();
    EXPECT_EQ(print("paid by card").state, OperationState::done);
    const std::int64_t ms = (clock_.now() - begun) / std::chrono::milliseconds(1);
    const auto answers = static_cast<std::int64_t>(printer_.sent().size());
    EXPECT_LE(printer_.readings(), ms / kPauseMs + answers) << "in " << ms << " ms";
}

}  // namespace
}  // namespace tillhost
