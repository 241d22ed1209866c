#pragma once

#include <string>
#include <string_view>

#include "hal/base/result.h"
#include "ipc/contract/messages.h"

namespace tillhost::tillctl {

/// Reads a receipt written as JSON: the fields of docs/ipc/fiscal_registrar.md, enumerators by name
/// or number, money in minor units as whole numbers. Checked as devd will check it, sums included.
/// Stricter than the socket in one thing: a field that is not known is an error, because a misspelt
/// discount would silently be none.
///
/// Errors, each naming the place: malformed, too_large (line and column), bad_field, and those of
/// contract::check_receipt (the field's path, such as lines[3].price_minor, and what would be
/// right); system_failed (the file cannot be read).
base::Result<contract::Receipt> read_receipt_file(const std::string& path);

/// The same from its text.
base::Result<contract::Receipt> read_receipt(std::string_view json);

}  // namespace tillhost::tillctl
