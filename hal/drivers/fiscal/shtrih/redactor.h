#pragma once

#include <memory>

#include "hal/transport/redactor.h"

namespace tillhost::drivers::shtrih {

/// What of the traffic must not stand in a recording (README.md, "Recordings"): passwords, tax
/// numbers, contacts of customers, marking codes, damaged frames, and whatever this driver does not
/// know to be harmless. Names of goods and cashiers, sums and numbers of documents stay.
std::unique_ptr<transport::Redactor> make_redactor();

}  // namespace tillhost::drivers::shtrih
