#include "licd/web/sign_ins.h"

#include <utility>

#include "licd/web/door.h"

namespace tillhost::licd::web {

base::Result<std::unique_ptr<SignIns>> SignIns::create() {
    auto came = TRY(os::Wakeup::create());
    return std::unique_ptr<SignIns>(new SignIns(std::move(came)));
}

void SignIns::put(std::string_view act, std::string_view user, std::string_view from) {
    const std::scoped_lock hold(lock_);
    if (waiting_.size() < kWaitingMax) {
        waiting_.push_back({std::string(act), plain_user(user), std::string(from)});
    }
    came_.signal();
}

std::vector<SignIns::One> SignIns::take() {
    const std::scoped_lock hold(lock_);
    came_.clear();
    return std::exchange(waiting_, {});
}

}  // namespace tillhost::licd::web
