#include "licd/runtime/promise.h"

#include <algorithm>
#include <cstdlib>

namespace tillhost::licd::runtime {
namespace {

constexpr const char* kName = "promised_s";

os::Duration kept(const LicenceStore& store) {
    return std::chrono::seconds(std::strtoll(store.value(kName).c_str(), nullptr, 10));
}

void keep(LicenceStore& store, os::Duration time) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time).count();
    store.put_value(kName, std::to_string(seconds));
}

}  // namespace

Promise::Promise(LicenceStore& store, os::Duration lease, os::Instant now)
    : store_(store),
      lease_(lease),
      longest_(std::max(lease, kept(store))),
      began_(now),
      is_told_(longest_ == lease) {
    keep(store_, longest_);
}

void Promise::set_lease(os::Duration lease, os::Instant now) {
    lease_ = lease;
    began_ = now;
    if (lease >= longest_) {
        longest_ = lease;
        keep(store_, longest_);
    }
    is_told_ = lease >= longest_;
}

void Promise::look(os::Instant now) {
    if (!is_told_ && now - began_ >= longest_) {
        is_told_ = true;
        longest_ = lease_;
        keep(store_, lease_);
    }
}

}  // namespace tillhost::licd::runtime
