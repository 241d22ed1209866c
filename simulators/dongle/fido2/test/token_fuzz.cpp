// Claim: a token takes any bytes at any time, its decoders are total, and what they take they write
// again as it was. Shown by any bytes, as a stream of reports and as each decoder's whole input.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "simulators/dongle/fido2/cbor.h"
#include "simulators/dongle/fido2/hid.h"
#include "simulators/dongle/fido2/memory.h"
#include "simulators/dongle/fido2/request.h"
#include "simulators/dongle/fido2/token.h"

namespace fido2 = tillhost::simulators::fido2;
namespace base = tillhost::base;
namespace os = tillhost::os;

namespace {

void must(bool holds) {
    if (!holds) {
        std::abort();
    }
}

void follow(tillhost::simulators::FrameTracker& tracker, base::ByteView input) {
    bool open = false;
    for (const std::byte byte : input) {
        const auto step = tracker.feed(byte);
        must(open || step.begins);  // a unit ended: the next byte begins one
        open = !step.ends;
    }
}

void decode(base::ByteView input) {
    if (const auto value = fido2::decode_cbor(input)) {
        const base::Bytes again = fido2::encode_cbor(*value);
        must(again == base::Bytes(input.begin(), input.end()));
    }
    for (const unsigned command : {1U, 2U, 6U}) {
        static_cast<void>(fido2::parse_request(static_cast<fido2::Command>(command), input));
    }
    if (const auto content = fido2::decode_content(input)) {
        must(fido2::decode_content(fido2::encode_content(*content)) == content);
    }
}

/// What the host writes, a report or a part of one at a time; the first byte of each run says how
/// long it is, and how much later than the one before.
void talk(base::ByteView input) {
    fido2::Fido2Options options;
    options.first_channel = 0x00000001;  // short ways to what stands behind a channel
    options.report_number = fido2::ReportNumber::no;
    options.touch_after = std::chrono::milliseconds(150);
    const auto token = fido2::make_fido2_token(options).value();
    os::Instant now{};
    base::Bytes init = base::from_hex("FF FF FF FF 86 00 08 01 02 03 04 05 06 07 08").value();
    init.resize(fido2::kReportBytes);
    token->receive(init, now);
    while (!input.empty()) {
        const unsigned head = base::to_unsigned(input.front());
        const std::size_t length = std::min<std::size_t>(head & 0x7FU, input.size() - 1);
        now += std::chrono::milliseconds((head & 0x80U) != 0 ? 120 : 0);
        base::Bytes run(input.begin() + 1, input.begin() + 1 + static_cast<long>(length));
        if (length < fido2::kReportBytes) {
            run.resize(fido2::kReportBytes);  // a report, filled up with zeros
        }
        input = input.subspan(1 + length);
        token->receive(run, now);
        must(token->take_output().size() % fido2::kReportBytes == 0);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const base::ByteView input = std::as_bytes(std::span(data, size));
    decode(input);
    follow(*fido2::make_report_tracker(fido2::ReportNumber::detect), input);
    follow(*fido2::make_report_tracker(fido2::ReportNumber::yes), input);
    talk(input);
    return 0;
}
