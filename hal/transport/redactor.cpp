#include "hal/transport/redactor.h"

namespace tillhost::transport {

base::Bytes Masker::add(Way way, base::ByteView bytes) {
    base::Bytes& held = unsettled_[static_cast<std::size_t>(way)];
    held.insert(held.end(), bytes.begin(), bytes.end());
    return settle(way, held.size() > kUnsettledBytesMax);
}

base::Bytes Masker::finish(Way way) { return settle(way, true); }

base::Bytes Masker::settle(Way way, bool complete) {
    base::Bytes& held = unsettled_[static_cast<std::size_t>(way)];
    const std::size_t count = redactor_->settle(way, held, complete);
    INVARIANT(count <= held.size() && (!complete || count == held.size()));
    const auto end = held.begin() + static_cast<std::ptrdiff_t>(count);
    base::Bytes settled(held.begin(), end);
    held.erase(held.begin(), end);
    return settled;
}

}  // namespace tillhost::transport
