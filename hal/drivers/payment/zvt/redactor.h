#pragma once

#include <memory>

#include "hal/transport/redactor.h"

namespace tillhost::drivers::zvt {

/// What of the traffic must not stand in a recording: card numbers, tracks and chip data, passwords
/// and keys, texts of people and of receipts' lines, damaged messages, and whatever this driver
/// does not know to be harmless. Amounts, numbers of receipts and results stay.
std::unique_ptr<transport::Redactor> make_redactor();

}  // namespace tillhost::drivers::zvt
