#pragma once

#include <string>

#include "hal/base/error.h"
#include "sumpd/exchange/fault.h"

namespace tillhost::sumpd::seats {

/// Whether the licence server could not be asked: the same question may be answered later.
bool is_away(const base::Error& error);

/// What an app is told of a login without a licence. `contact`: whom to ask; may be empty. Away and
/// busy are too_many with RetryAfterMs, since they pass; what a person must settle is
/// licence_denied; what is wrong with this machine is internal.
exchange::Fault refusal_of(const base::Error& error, const std::string& contact);

}  // namespace tillhost::sumpd::seats
