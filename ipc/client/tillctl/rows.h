#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ipc/client/tillctl/language.h"
#include "ipc/contract/value.h"

// How answers stand on the screen: a label, a blank at least, the value.
namespace tillhost::tillctl {

inline std::string row(std::string_view label, std::string_view value) {
    return fmt::format("{:<13} {}\n", label, value);
}
inline std::string row(Language language, Text label, std::string_view value) {
    return row(text(language, label), value);
}

/// Rows of cells, the first with the headings: columns as wide as their widest cell, two blanks
/// between them, `indent` blanks before. What was meant to break a row is shown as "?": names come
/// from other programs.
std::string table_text(const std::vector<std::vector<std::string>>& rows, std::size_t indent = 0);
/// Of the wall clock and this machine's zone, to the second: "2026-03-02 09:00:00".
std::string local_time(std::int64_t unix_ms);

/// A tree of the contract as it is, one field a row: for what has no sentences of its own.
std::string fields_text(const contract::Value& tree);

}  // namespace tillhost::tillctl
