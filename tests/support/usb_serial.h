#pragma once

#include <memory>
#include <string>

#include "hal/base/result.h"

namespace tillhost::support {

/// USB serial adapters that only the programs of a test see: umockdev (Debian: umockdev,
/// libumockdev-dev) shows them another /dev and /sys, in which a terminal of a simulator stands
/// behind /dev/ttyUSB… and answers modem lines as an adapter does. So libserialport, the kernel's
/// terminals and the programs are the real ones; speeds are set and can be seen, but pace nothing.
///
/// For one test program: the other /dev is told by its environment.
class UsbSerialAdapters final {
public:
    /// Errors: system_failed.
    static base::Result<std::unique_ptr<UsbSerialAdapters>> create();
    ~UsbSerialAdapters();
    UsbSerialAdapters(const UsbSerialAdapters&) = delete;
    UsbSerialAdapters& operator=(const UsbSerialAdapters&) = delete;

    /// An adapter with this serial number is plugged in and becomes /dev/ttyUSB<number>; a number
    /// is used once. Errors: system_failed.
    base::Done plug_in(int number, const std::string& serial);
    /// The link below /dev/serial/by-id leads to that number from now on, as udev would set it.
    base::Done point_by_id(const std::string& serial, int number);

    /// Where a simulator puts its link (devsim --pty) so that it stands behind /dev/ttyUSB<number>.
    std::string node(int number) const;
    static std::string by_id(const std::string& serial);

    /// Programs that this process starts from now on see the adapters, or do not.
    void show_to_children(bool shown) const;

private:
    struct Testbed;
    explicit UsbSerialAdapters(std::unique_ptr<Testbed> testbed);

    std::unique_ptr<Testbed> testbed_;
};

}  // namespace tillhost::support
