#pragma once

#include <memory>

#include "hal/transport/redactor.h"

namespace tillhost::drivers::escpos {

/// What of the traffic must not stand in a recording: whatever comes onto paper (text, barcodes,
/// pictures: a card terminal's slip, a customer's name, a marking code), commands that are not
/// known, damaged ones. How it is laid out, and what the printer says, stay.
std::unique_ptr<transport::Redactor> make_redactor();

}  // namespace tillhost::drivers::escpos
