#pragma once

#include <string>
#include <string_view>

#include "hal/base/result.h"
#include "ipc/contract/messages.h"

// Documents in files. JSON has the fields of docs/ipc, enumerators by name or number, money in
// minor units as whole numbers. A file that begins with "<" is a CheckPackage of 1C's standard for
// drivers (ipc/client/check_package), read as the receipt that it describes.
//
// Checked as devd will check it, sums included. Stricter than the socket in one thing: a field that
// is not known is an error, because a misspelt discount would silently be none.
//
// Errors, each naming the place: malformed, too_large (line and column, or the place in the XML),
// bad_field, not_supported, and those of contract::check_receipt (the field's path, such as
// lines[3].price_minor, and what would be right); system_failed (the file cannot be read).
namespace tillhost::tillctl {

base::Result<contract::Receipt> read_receipt_file(const std::string& path);
/// A sale, or a receipt of which one is made that names no device.
base::Result<contract::Sale> read_sale_file(const std::string& path);
base::Result<contract::PrintDocument> read_print_document_file(const std::string& path);

/// The same from their text.
base::Result<contract::Receipt> read_receipt(std::string_view text);
base::Result<contract::Sale> read_sale(std::string_view text);
base::Result<contract::PrintDocument> read_print_document(std::string_view text);

}  // namespace tillhost::tillctl
