#pragma once

#include <string>
#include <string_view>

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

/// A tree of the contract as it is, one field a row: for what has no sentences of its own.
std::string fields_text(const contract::Value& tree);

}  // namespace tillhost::tillctl
