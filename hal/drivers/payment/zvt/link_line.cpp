#include "hal/drivers/payment/zvt/link_line.h"

#include <array>

namespace tillhost::drivers::zvt {
namespace {

constexpr std::size_t kReadBytes = 2048;
/// A wish is there once; a descriptor that goes on ending waits is broken.
constexpr int kWishesMax = 8;

}  // namespace

bool is_response(base::ByteView apdu) {
    constexpr unsigned kAccepted = 0x80, kRefused = 0x84;
    const unsigned first = apdu.empty() ? 0 : base::to_unsigned(apdu.front());
    return first == kAccepted || first == kRefused;
}

bool LinkLine::take_wish() { return take_wish_ && take_wish_(); }

base::Done LinkLine::read_more(base::Bytes& to, os::Deadline deadline) {
    if (std::exchange(wished_, false)) {
        return base::make_error(base::ErrorCode::cancelled, "somebody wants to break off");
    }
    std::array<std::byte, kReadBytes> buffer;
    const auto count = line_.read(buffer, deadline);
    if (!count) {
        const bool wish = count.error().code == base::ErrorCode::cancelled;
        if (wish && !take_wish()) {
            return base::make_error(base::ErrorCode::link_lost, "the wait was ended from outside");
        }
        return count.error();
    }
    to.insert(to.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(*count));
    return {};
}

base::Done LinkLine::write(base::ByteView bytes, os::Deadline deadline) {
    for (int i = 0; i < kWishesMax; ++i) {
        base::Done written = line_.write(bytes, deadline);
        const bool wish = !written && written.error().code == base::ErrorCode::cancelled &&
                          written.error().effect != base::Effect::unknown;
        if (!wish || !take_wish()) {
            return written;
        }
        wished_ = true;
    }
    return base::make_error(base::ErrorCode::link_lost, "the wait was ended from outside");
}

}  // namespace tillhost::drivers::zvt
