// Any bytes are a message or an error; a message or frame that is read is written the same.
#include "hal/drivers/payment/zvt/protocol.h"
#include "hal/drivers/payment/zvt/serial_frames.h"

namespace zvt = tillhost::drivers::zvt;

namespace {

void read_everything(tillhost::base::ByteView data) {
    const zvt::StatusInfo info = zvt::read_status_info(data);
    const auto print = zvt::decode_apdu(zvt::write_fingerprint(info));
    INVARIANT(print.has_value());
    INVARIANT(zvt::read_status_info(print->data).receipt == info.receipt);
    (void)zvt::read_registered(data);
    (void)zvt::read_enquired(data);
    (void)zvt::read_completion(data);
    (void)zvt::read_aborted(data);
    (void)zvt::read_intermediate(data);
    (void)zvt::read_print_line(data);
    (void)zvt::read_print_block(data);
    (void)zvt::to_utf8(zvt::Charset::automatic, data);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = std::as_bytes(std::span(data, size));
    if (const auto apdu = zvt::decode_apdu(bytes)) {
        const auto again = zvt::decode_apdu(zvt::encode_apdu(apdu->code, apdu->data));
        INVARIANT(again && *again == *apdu);
        read_everything(apdu->data);
    }
    if (const auto apdu = zvt::decode_serial_frame(bytes)) {
        INVARIANT(zvt::encode_serial_frame(*apdu).size() == size);
    }
    tillhost::base::Bytes copy(bytes.begin(), bytes.end());
    zvt::hide_card(copy);
    INVARIANT(copy.size() == size);
    read_everything(bytes);
    return 0;
}
