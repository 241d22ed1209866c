#include <algorithm>

#include <gtest/gtest.h>

#include "simulators/scanner/serial/scanner.h"
#include "tests/conformance/scanner_world.h"

namespace tillhost::conformance {
namespace {

using simulators::scanner_serial::ScannerOptions;

/// As the simulated scanner sends it.
ScannerManner serial(const ScannerOptions& options, std::vector<base::Bytes> garbage) {
    ScannerManner manner;
    manner.garbage = std::move(garbage);
    manner.reads_of = [options](base::ByteView code, const std::string& aim) {
        const auto scanner = simulators::scanner_serial::make_scanner(options);
        simulators::BarcodeRead read{.code = {code.begin(), code.end()}, .aim = aim};
        EXPECT_TRUE(scanner->read_barcode(read, {}));
        return std::vector<base::Bytes>{scanner->take_output()};
    };
    return manner;
}

/// Reports of the usual layout (USB-IF, HID POS usage tables, page 8C, as Honeywell has it): id 02,
/// length, identifier, 56 bytes, two of the vendor, whether more follow.
std::vector<base::Bytes> reports_of(base::ByteView code, const std::string& aim) {
    constexpr std::size_t kPieceBytes = 56, kVendorBytes = 2, kAimBytes = 3;
    std::vector<base::Bytes> reports;
    do {
        const base::ByteView piece = code.first(std::min(code.size(), kPieceBytes));
        code = code.subspan(piece.size());
        base::ByteWriter report;
        report.u8(2).u8(piece.size()).raw(base::bytes_of(aim));
        report.fill(std::byte{0}, kAimBytes - aim.size()).raw(piece);
        report.fill(std::byte{0}, kPieceBytes - piece.size() + kVendorBytes);
        reports.push_back(report.u8(code.empty() ? 0 : 1).take());
    } while (!code.empty());
    return reports;
}

ScannerManner hid_pos() {
    // The collection of page 8C with byte count, identifier, data and flag.
    constexpr std::string_view kDescriptor =
        "05 8C 09 02 A1 01 09 12 A1 02 85 02 15 00 26 FF 00 75 08 95 01 05 01 09 3B 81 02 05 8C 95 "
        "03 09 FB 09 FC 09 FD 81 02 09 FE 95 38 82 02 01 06 66 FF 09 04 95 01 81 02 09 05 81 02 05 "
        "8C 09 FF 25 01 75 01 81 02 75 07 81 03 C0 C0";
    ScannerManner manner;
    manner.reads_of = &reports_of;
    base::Bytes beyond = reports_of(base::bytes_of("123"), "").front();
    beyond[1] = std::byte{0xFF};  // a length beyond its data
    manner.garbage = {*base::from_hex("02 05"), *base::from_hex("07 31 32 33"), beyond};
    manner.stream = false;
    manner.hid = {MUST(base::from_hex(kDescriptor)), 0x0C2E, 0x0B61, "S1", "Voyager"};
    return manner;
}

/// The drivers and how each of them is tried; a new one adds a line.
std::vector<ScannerSubject> make_list() {
    const auto* const serial_driver = drivers::find("scanner/serial");
    const std::vector<base::Bytes> noise{*base::from_hex("FF 00 31 32")};
    return {
        {"serial", serial_driver, {}, serial({}, noise)},
        {"serial_crlf", serial_driver, {{"suffix", "crlf"}}, serial({.suffix = "\r\n"}, noise)},
        {"serial_framed",
         serial_driver,
         {{"suffix", "etx"}, {"prefix", "\\x02"}},
         serial({.suffix = "\x03", .prefix = "\x02"}, {*base::from_hex("31 32 03")})},
        {"hid_pos", drivers::find("scanner/hid_pos"), {}, hid_pos()},
    };
}

}  // namespace

const std::vector<ScannerSubject>& scanner_subjects() {
    static const std::vector<ScannerSubject> list = make_list();
    return list;
}

}  // namespace tillhost::conformance
