#include "devd/runtime/pairing_door.h"

#include <utility>

namespace tillhost::devd::runtime {
namespace {

/// Takes as long for every wrong code.
bool equal(std::string_view a, std::string_view b) {
    unsigned different = a.size() == b.size() ? 0 : 1;
    for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) {
        different |= static_cast<unsigned>(a[i]) ^ static_cast<unsigned>(b[i]);
    }
    return different == 0;
}

}  // namespace

void PairingDoor::open(Invitation invitation, std::string secret) {
    invitation_ = std::move(invitation);
    secret_ = std::move(secret);
    closes_at_ = clock_.now() + kPairingTimeMax;
    tries_left_ = kPairingTries;
    guest_.clear();
}

bool PairingDoor::is_open() const {
    return !secret_.empty() && guest_.empty() && tries_left_ > 0 && clock_.now() < closes_at_;
}

PairingDoor::Answer PairingDoor::try_code(std::string_view key, std::string_view secret) {
    if (!guest_.empty() && guest_ == key && clock_.now() < closes_at_ && equal(secret, secret_)) {
        return Answer::again;
    }
    if (!is_open()) {
        return Answer::shut;
    }
    if (!equal(secret, secret_)) {
        --tries_left_;
        return Answer::wrong;
    }
    return Answer::right;
}

}  // namespace tillhost::devd::runtime
