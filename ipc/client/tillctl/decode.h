#pragma once

#include "ipc/client/tillctl/verbs.h"

namespace tillhost::tillctl {

/// Shows the fields of a frame by the catalogue of drivers; asks no devd and opens nothing.
Exit decode(const DecodeVerb& verb, const Invocation& how, Console& console);

}  // namespace tillhost::tillctl
