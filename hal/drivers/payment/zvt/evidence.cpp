#include "hal/drivers/payment/zvt/evidence.h"

#include <utility>

#include "hal/drivers/payment/zvt/resolve.h"

namespace tillhost::drivers::zvt {

using base::Bytes;
using base::Done;

namespace {

/// Pieces are kept together up to this.
constexpr std::size_t kTogetherMax = kEvidenceBytesMax;
constexpr std::size_t kRecordsMax = 40;

}  // namespace

base::Error not_asked_for() {
    return base::make_error(base::ErrorCode::unexpected_answer,
                            "the terminal tells a result that was not asked for");
}

Done keep_result(device::Gate& gate, base::ByteView apdu) {
    contract::Evidence evidence;
    evidence.source = kEvidenceResult;
    evidence.payload.assign(apdu.begin(), apdu.end());
    hide_card(evidence.payload);
    if (evidence.payload.size() > kEvidenceBytesMax) {
        const auto message = decode_apdu(apdu);
        evidence.payload = write_fingerprint(read_status_info(message ? message->data : Bytes()));
    }
    return gate.persist(contract::Record(std::move(evidence)));
}

Done PrintKeeper::take(base::ByteView apdu, const Printed& printed) {
    printed_.push_back(printed);
    if (waiting_.size() + apdu.size() > kTogetherMax) {
        TRY(keep());
    }
    if (apdu.size() <= kTogetherMax) {
        waiting_.insert(waiting_.end(), apdu.begin(), apdu.end());
    }
    return printed.ends ? keep() : Done();
}

Done PrintKeeper::keep() {
    if (waiting_.empty() || records_ >= kRecordsMax) {
        waiting_.clear();
        return {};
    }
    ++records_;
    contract::Evidence evidence;
    evidence.source = kEvidencePrints;
    evidence.payload = std::exchange(waiting_, {});
    return gate_.persist(contract::Record(std::move(evidence)));
}

Done take_stray(base::ByteView apdu, const Apdu& message, device::Gate* evidence,
                PrintKeeper* prints) {
    if (message.is(Command::result)) {
        return evidence == nullptr ? Done(not_asked_for()) : keep_result(*evidence, apdu);
    }
    if (prints != nullptr && message.is(Command::print_line)) {
        return prints->take(apdu, read_print_line(message.data));
    }
    if (prints != nullptr && message.is(Command::print_block)) {
        return prints->take(apdu, read_print_block(message.data));
    }
    return {};
}

}  // namespace tillhost::drivers::zvt
