#pragma once

#include <optional>

#include "hal/drivers/payment/zvt/link.h"

namespace tillhost::drivers::zvt {

/// 80 or 84: an answer to a command.
bool is_response(base::ByteView apdu);

/// The bytes of a line for both links: reads in pieces, and writes whatever wishes come meanwhile.
class LinkLine final {
public:
    LinkLine(transport::Transport& line, TakeWish take_wish)
        : line_(line), take_wish_(std::move(take_wish)) {}

    /// Takes what came and appends it. Errors as Transport::read; `cancelled` once a wish.
    base::Done read_more(base::Bytes& to, os::Deadline deadline);
    /// As Transport::write; a wish to break off is kept for the next read.
    base::Done write(base::ByteView bytes, os::Deadline deadline);

private:
    bool take_wish();

    transport::Transport& line_;
    TakeWish take_wish_;
    bool wished_ = false;
};

}  // namespace tillhost::drivers::zvt
