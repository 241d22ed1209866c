#pragma once

#include <string>

#include "hal/base/bytes.h"

// A FIDO2 token on USB, as the bench of USB devices plays it: what udev and hidraw tell of one. Who
// answers in its reports is devsim dongle/fido2.
namespace tillhost::support {

/// One interface of the usage page F1D0: 64 bytes each way, no report number.
const base::Bytes& token_descriptor();
/// As umockdev-record writes what it sees of a machine: UsbBench::kTokenIds as /dev/hidraw<number>.
std::string token_record(int number, const std::string& serial);
std::string token_usb_path(int number);
std::string token_hid_path(int number);
std::string token_hidraw_path(int number);

}  // namespace tillhost::support
