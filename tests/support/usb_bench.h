#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "hal/base/bytes.h"
#include "hal/base/result.h"
#include "hal/os/descriptor.h"

namespace tillhost::support {

/// USB devices that only the programs of a test see: umockdev (Debian: umockdev, libumockdev-dev)
/// shows them another /dev and /sys. Serial adapters: a terminal of a simulator stands behind
/// /dev/ttyUSB… and answers modem lines as an adapter does. Barcode scanners on HID: a hidraw node
/// that sends reports. FIDO2 tokens: a hidraw node behind which devsim dongle/fido2 stands, as
/// behind an adapter; it is a terminal, so bytes come as a stream, and a read may bring less or
/// more than the one report that the kernel's hidraw gives. So libserialport, hidapi, libudev, the
/// kernel's terminals and the programs are the real ones; speeds are set and can be seen, but pace
/// nothing.
///
/// Each number is used once: a device that is plugged in again has another number, and so another
/// node, as it may have on a real machine.
///
/// For one test program: the other /dev is told by its environment. udev's events of what comes
/// and goes are sent only if the program itself was started with LD_PRELOAD=kPreload.
class UsbBench final {
public:
    static constexpr const char* kPreload = "libumockdev-preload.so.0";
    static constexpr std::string_view kTokenIds = "1050:0120";  ///< vendor and product of a token

    /// Errors: system_failed.
    static base::Result<std::unique_ptr<UsbBench>> create();
    ~UsbBench();
    UsbBench(const UsbBench&) = delete;
    UsbBench& operator=(const UsbBench&) = delete;

    /// An adapter with this serial number (empty: none) is plugged in and becomes
    /// /dev/ttyUSB<number>; nobody is told. Errors: system_failed.
    base::Done plug_in(int number, const std::string& serial);
    /// The link below /dev/serial/by-id leads to that number from now on, as udev would set it.
    base::Done point_by_id(const std::string& serial, int number);
    /// Where a simulator puts its link (devsim --pty) so that it stands behind /dev/ttyUSB<number>.
    std::string node(int number) const;
    static std::string by_id(const std::string& serial);

    /// A HID point of sale scanner becomes /dev/hidraw<number>; nobody is told.
    /// Errors: system_failed.
    base::Done plug_in_scanner(int number, const std::string& serial);
    /// One code in as many reports as it needs, written at once. Errors: system_failed.
    base::Done scan(int number, std::string_view aim, base::ByteView code) const;
    /// The node hangs up, as when the plug is pulled; nobody is told.
    void hang_up_scanner(int number) { reports_.erase(number); }

    /// A FIDO2 token becomes /dev/hidraw<number>, a number that no scanner has; nobody is told.
    /// Errors: system_failed.
    base::Done plug_in_token(int number, const std::string& serial);
    /// Where its simulator puts its link (devsim dongle/fido2 --pty).
    std::string token_node(int number) const;

    /// udev says that the adapter, the scanner or the token is there.
    base::Done announce(int number);
    base::Done announce_scanner(int number);
    base::Done announce_token(int number);
    /// udev says that the adapter is gone; what stands behind its node is changed by the caller.
    base::Done announce_gone(int number);
    /// udev says that it is gone, and its node is; a scanner hangs up, the simulator behind an
    /// adapter or a token is ended by the caller then. In this order, as of a real device: a node
    /// that is there and cannot be opened costs umockdev a descriptor in the program that tries.
    base::Done unplug(int number);
    base::Done unplug_scanner(int number);
    base::Done unplug_token(int number);

    /// How often a program asked anything of an adapter's modem lines or of a hidraw node: none
    /// does that without having opened it, and libserialport does it at each opening.
    std::size_t requests() const;

    /// Programs that this process starts from now on see the devices, or do not.
    void show_to_children(bool shown) const;

private:
    struct Testbed;
    explicit UsbBench(std::unique_ptr<Testbed> testbed);
    base::Done tell(const std::string& path, const char* action);
    base::Done add_hid(const std::string& record, const std::string& hid_path,
                       base::Bytes descriptor);

    std::unique_ptr<Testbed> testbed_;
    std::map<int, os::Descriptor> reports_;
};

}  // namespace tillhost::support
