#pragma once

#include <string>

#include "licd/keys/binding.h"

namespace tillhost::licd::keys {

/// What this machine can be known by (os::read_machine_facts below `root`), sorted out by
/// make_trait; its id hashed for this purpose only.
///
/// What cannot be read is a weak trait with its reason, never an error. In a container the disk and
/// the cards are the host's or none; there devd on the host answers instead (machine_facts).
Traits read_machine_traits(const std::string& root);

}  // namespace tillhost::licd::keys
