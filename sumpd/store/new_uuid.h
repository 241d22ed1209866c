#pragma once

#include <string>

namespace tillhost::sumpd::store {

/// A random UUID (RFC 4122, version 4) in lower case.
std::string new_uuid();

}  // namespace tillhost::sumpd::store
