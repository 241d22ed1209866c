// Claim: every address form is read as documented, and each wrong part is named.
// Shown by pairs of text and result, and by writing what was read.
#include "hal/transport/address.h"

#include <gtest/gtest.h>

namespace tillhost::transport {
namespace {

TEST(Address, ReadsEachForm) {
    EXPECT_EQ(MUST(parse_address("serial:/dev/ttyUSB0")),
              Address(SerialAddress{"/dev/ttyUSB0", 115'200}));
    EXPECT_EQ(MUST(parse_address("serial:/dev/serial/by-id/x?baud=9600")),
              Address(SerialAddress{"/dev/serial/by-id/x", 9600}));
    EXPECT_EQ(MUST(parse_address("pty:/run/till/fr0")), Address(PtyAddress{"/run/till/fr0"}));
    EXPECT_EQ(MUST(parse_address("tcp:127.0.0.1:7778")), Address(TcpAddress{"127.0.0.1", 7778}));
    EXPECT_EQ(MUST(parse_address("tcp:[::1]:1")), Address(TcpAddress{"::1", 1}));
    EXPECT_EQ(MUST(parse_address("tcp:10.0.0.1")), Address(TcpAddress{"10.0.0.1", 0}));
    EXPECT_EQ(MUST(parse_address("tcp:[fe80::1]")), Address(TcpAddress{"fe80::1", 0}));
    EXPECT_EQ(MUST(parse_address("hid:/dev/hidraw0")), Address(HidAddress{.path = "/dev/hidraw0"}));
    EXPECT_EQ(MUST(parse_address("hid:0C2E:0b61")),
              Address(HidAddress{.vendor = 0x0C2E, .product = 0x0B61}));
    EXPECT_EQ(MUST(parse_address("hid:0c2e:0b61:S:1")),
              Address(HidAddress{.vendor = 0x0C2E, .product = 0x0B61, .serial = "S:1"}));
}

TEST(Address, ReadsFlowControlAndUsbDevices) {
    EXPECT_EQ(MUST(parse_address("serial:/dev/ttyS0?flow=xonxoff&baud=9600")),
              Address(SerialAddress{"/dev/ttyS0", 9600, FlowControl::xonxoff}));
    EXPECT_EQ(MUST(parse_address("usb:04B8:0202")),
              Address(UsbAddress{.vendor = 0x04B8, .product = 0x0202}));
    EXPECT_EQ(MUST(parse_address("usb:04b8:0202:J4:/1")),
              Address(UsbAddress{.vendor = 0x04B8, .product = 0x0202, .serial = "J4:/1"}));
    EXPECT_EQ(
        MUST(parse_address("usb:04b8:0202@0000:00:14.0/1.2")),
        Address(UsbAddress{.vendor = 0x04B8, .product = 0x0202, .place = "0000:00:14.0/1.2"}));
}

TEST(Address, WritesWhatItReads) {
    for (const std::string text :
         {"serial:/dev/ttyS0?baud=19200", "pty:/p", "tcp:10.0.0.1:65535", "tcp:[fe80::1]:7778",
          "tcp:10.0.0.1", "tcp:[fe80::1]", "hid:/dev/hidraw0", "hid:0c2e:0b61", "hid:0c2e:0b61:S1",
          "hid:0c2e:0b61@0000:00:14.0/1.2", "serial:/dev/ttyS0?baud=9600&flow=rtscts",
          "usb:04b8:0202", "usb:04b8:0202:S1", "usb:04b8:0202@0000:00:14.0/1.2"}) {
        EXPECT_EQ(to_text(MUST(parse_address(text))), text);
    }
}

TEST(Address, GetsAPortOnlyWhereItNamesNone) {
    EXPECT_EQ(with_tcp_port("tcp:10.0.0.1", 7778), "tcp:10.0.0.1:7778");
    EXPECT_EQ(with_tcp_port("tcp:[::1]", 7778), "tcp:[::1]:7778");
    EXPECT_EQ(with_tcp_port("tcp:10.0.0.1:1", 7778), "tcp:10.0.0.1:1");
    EXPECT_EQ(with_tcp_port("tcp:10.0.0.1", 0), "tcp:10.0.0.1");
    EXPECT_EQ(with_tcp_port("serial:/dev/ttyS0", 7778), "serial:/dev/ttyS0");
    EXPECT_EQ(with_tcp_port("no address", 7778), "no address");
}

struct Wrong {
    std::string text;
    std::string detail;
};

TEST(Address, NamesTheWrongPart) {
    const std::vector<Wrong> cases = {
        {"", "port: "},
        {"usb3:1", "port: serial:PATH"},
        {"usb:1", "port.vendor: "},
        {"usb:1-1.2", "port.vendor: "},
        {"usb:04b8:0202@1", "port.place: "},
        {"usb:04b8", "port.product: "},
        {"usb:04b8:2", "port.product: "},
        {"serial:/dev/x?baud=9600&", "port: only baud="},
        {"serial:/dev/x?flow=dtrdsr", "port.flow: "},
        {"serial:", "port.path: "},
        {"serial:ttyUSB0", "port.path: "},
        {"serial:/dev/x?speed=1", "port: only baud="},
        {"serial:/dev/x?baud=", "port.baud: "},
        {"serial:/dev/x?baud=299", "port.baud: "},
        {"serial:/dev/x?baud=99999999999999999999", "port.baud: "},
        {"pty:relative", "port.path: "},
        {"pty:/a\nb", "port: no control"},
        {"tcp:", "port.host: "},
        {"tcp:::1", "port.host: "},
        {"tcp:[::1]x", "port.host: "},
        {"tcp:kassa.local:7778", "port.host: "},
        {"tcp:::1:7778", "port.host: "},
        {"tcp:127.0.0.1:0", "port.number: "},
        {"tcp:127.0.0.1:65536", "port.number: "},
        {"hid:", "port.vendor: "},
        {"hid:0c2:0b61", "port.vendor: "},
        {"hid:0000:0b61", "port.vendor: "},
        {"hid:0c2e", "port.product: "},
        {"hid:0c2e:b61", "port.product: "},
        {"hid:0c2e:0xb6", "port.product: "},
        {"hid:0c2e:0b61@", "port.place: "},
        {"hid:0c2e:0b61@SN1", "port.place: "},
        {"pty:/" + std::string(kAddressBytesMax, 'x'), "port: at most"},
    };
    for (const Wrong& wrong : cases) {
        const auto parsed = parse_address(wrong.text);
        ASSERT_FALSE(parsed) << wrong.text;
        EXPECT_EQ(parsed.error().code, base::ErrorCode::bad_field);
        EXPECT_EQ(parsed.error().detail.rfind(wrong.detail, 0), 0U)
            << wrong.text << " gave " << parsed.error().detail;
    }
}

}  // namespace
}  // namespace tillhost::transport
