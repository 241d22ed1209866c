// Claim: the decoders take any bytes, and what they take they write again as it was; the trackers
// of the fault layer follow any stream. Shown by any bytes.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "simulators/payment/zvt/link.h"
#include "simulators/payment/zvt/memory.h"
#include "simulators/payment/zvt/request.h"

namespace zvt = tillhost::simulators::zvt;
namespace base = tillhost::base;

namespace {

void follow(tillhost::simulators::FrameTracker& tracker, base::ByteView input) {
    bool open = false;
    for (const std::byte byte : input) {
        const auto step = tracker.feed(byte);
        if (!open && !step.begins) {
            std::abort();  // a unit ended and no other began
        }
        open = !step.ends;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const base::ByteView input = std::as_bytes(std::span(data, size));
    if (const auto apdu = zvt::decode_apdu(input)) {
        static_cast<void>(zvt::parse_request(*apdu));
        if (zvt::decode_apdu(zvt::encode_apdu(*apdu)) != apdu) {
            std::abort();
        }
    }
    if (const auto frame = zvt::decode_frame(input)) {
        if (zvt::decode_frame(zvt::encode_frame(*frame)) != frame) {
            std::abort();
        }
    }
    if (const auto record = zvt::decode_transaction(input)) {
        if (zvt::decode_transaction(zvt::encode_transaction(*record)) != record) {
            std::abort();
        }
    }
    static_cast<void>(zvt::decode_counters(input));
    static_cast<void>(zvt::parse_registration(input));
    const zvt::Bitmaps bitmaps = zvt::decode_bitmaps(input);
    base::ByteWriter again;
    for (const zvt::Field& field : bitmaps.fields) {
        zvt::put_bitmap(again, static_cast<std::uint8_t>(field.tag), field.value);
    }
    if (zvt::decode_bitmaps(again.bytes()).fields != bitmaps.fields) {
        std::abort();
    }
    if (const auto tags = zvt::decode_tlv(input)) {
        base::ByteWriter tlv;
        for (const zvt::Field& field : *tags) {
            zvt::put_tlv(tlv, field.tag, field.value);
        }
        const auto read = zvt::decode_tlv(tlv.bytes());
        if (!read || read->size() != tags->size()) {
            std::abort();
        }
    }
    follow(*zvt::make_tcp_tracker(), input);
    follow(*zvt::make_serial_tracker(), input);
    return 0;
}
