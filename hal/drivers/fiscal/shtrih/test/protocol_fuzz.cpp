#include "hal/drivers/fiscal/shtrih/frames.h"
#include "hal/drivers/fiscal/shtrih/marking.h"
#include "hal/drivers/fiscal/shtrih/protocol.h"

namespace shtrih = tillhost::drivers::shtrih;

namespace {

void read_everything(tillhost::base::ByteView body) {
    (void)shtrih::read_short_status(body);
    (void)shtrih::read_device_type(body);
    (void)shtrih::read_model_parameters(body);
    (void)shtrih::read_table_text(body);
    (void)shtrih::read_storage_status(body);
    (void)shtrih::read_shift_state(body);
    (void)shtrih::read_cash_moved(body);
    (void)shtrih::read_subtotal(body);
    (void)shtrih::read_cash_register(body);
    (void)shtrih::read_operation_register(body);
    (void)shtrih::read_exchange_status(body);
    (void)shtrih::read_closed_correction(body);
    (void)shtrih::read_font_metrics(body);
    (void)shtrih::read_table_structure(body);
    (void)shtrih::read_field_structure(body);
    (void)shtrih::read_storage_expiry(body);
    (void)shtrih::read_storage_version(body);
    (void)shtrih::read_registration(body);
    (void)shtrih::read_unconfirmed_count(body);
    (void)shtrih::read_marking_answer(body);
    (void)shtrih::read_marking_decision(body);
    (void)shtrih::read_marking_evidence(body);
    (void)shtrih::read_table_number(body);
    if (const auto full = shtrih::read_full_status(body)) {
        (void)shtrih::to_text(full->time);
        (void)shtrih::to_unix_seconds(full->time);
    }
    if (const auto found = shtrih::read_found_document(body)) {
        (void)shtrih::to_text(found->time);
    }
    if (const auto closed = shtrih::read_closed_document(body)) {
        INVARIANT(closed->change_minor >= 0);
    }
}

}  // namespace

/// Any bytes are an answer or an error; a frame that is read is written the same.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = std::as_bytes(std::span(data, size));
    const auto message = shtrih::decode_frame(bytes);
    if (message) {
        const auto again = shtrih::encode_frame(*message);
        INVARIANT(std::equal(again.begin(), again.end(), bytes.begin(), bytes.end()));
    }
    for (const auto command : {shtrih::Command::short_status, shtrih::Command::close_document}) {
        (void)shtrih::is_answer_to(command, bytes);
        if (const auto answer = shtrih::split_answer(command, bytes)) {
            read_everything(answer->body);
        }
    }
    read_everything(bytes);
    return 0;
}
