#pragma once

#include <memory>

#include "hal/transport/redactor.h"

namespace tillhost::drivers::toy {

/// The protocol carries no secret, so a recording shows every byte.
inline std::unique_ptr<transport::Redactor> make_redactor() {
    return std::make_unique<transport::NothingToHide>();
}

}  // namespace tillhost::drivers::toy
