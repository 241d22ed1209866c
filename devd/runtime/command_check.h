#pragma once

#include <vector>

#include "devd/core/core.h"
#include "devd/runtime/settings.h"

namespace tillhost::devd::runtime {

/// Whether a device with this manifest can show every text of the command.
/// Errors: text_not_printable, beginning with the field (command.receipt.lines[2].name) and naming
/// the character and its place.
base::Done check_texts(const contract::Manifest& manifest, const contract::Command& command);

/// check_texts for the core, which knows no drivers. The driver checks once more; this refuses
/// before the operation is accepted, so that nothing of it stays in the book.
core::CommandCheck make_command_check(std::vector<contract::Manifest> manifests);

}  // namespace tillhost::devd::runtime
