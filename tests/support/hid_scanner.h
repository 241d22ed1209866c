#pragma once

#include <umockdev.h>

#include <string>
#include <string_view>

#include "hal/base/bytes.h"

// A barcode scanner in the interface HID POS, as the bench of USB devices plays it.
namespace tillhost::support {

const base::Bytes& hid_descriptor();
/// As umockdev-record writes what it sees of a machine: 0c2e:0b61 as /dev/hidraw<number>.
std::string hid_record(int number, const std::string& serial);
std::string hid_usb_path(int number);
std::string hid_path(int number);
std::string hidraw_path(int number);
/// One code in as many reports as it needs.
base::Bytes hid_reports(std::string_view aim, base::ByteView code);
/// Answers the requests of a hidraw node whose device describes its reports so; called on a thread
/// of umockdev.
gboolean answer_hid_ioctl(UMockdevIoctlClient* client, const base::Bytes& descriptor);

}  // namespace tillhost::support
