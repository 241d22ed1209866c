#include "ipc/http/places.h"

#include <utility>

namespace tillhost::http {

Place::Place(Places& places, std::string address) : places_(places), address_(std::move(address)) {
    const std::size_t here = ++places_.per_address_[address_];
    const std::size_t served = ++places_.count_ - places_.refused_;
    if (here > places_.per_address_max_ || served > places_.all_max_) {
        ++places_.refused_;
        admission_ =
            places_.refused_ > Places::kRefusedMax ? Admission::dropped : Admission::refused;
    }
}

Place::~Place() {
    places_.refused_ -= admission_ == Admission::served ? 0 : 1;
    --places_.count_;
    const auto at = places_.per_address_.find(address_);
    if (--at->second == 0) {
        places_.per_address_.erase(at);
    }
}

}  // namespace tillhost::http
