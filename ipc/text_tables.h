#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hal/base/result.h"

namespace tillhost::ipc {

/// One table of a small file that programs write and people may read: a part of TOML. Lines are
/// blank, "# comment", "[[name]]" or `key = "text"`; the text may hold \", \\ and \uXXXX. Keys that
/// come before any "[[name]]" are a table without a name, which is always the first.
struct TextTable {
    std::string name{};
    std::vector<std::pair<std::string, std::string>> entries{};
    std::size_t line = 0;  ///< of the file, counted from 1; 0 = the first table

    /// Nothing if there is none; a key that stands twice is refused by read_text_tables().
    const std::string* find(std::string_view key) const;
    std::string get(std::string_view key) const;  ///< "" if there is none
    void set(std::string key, std::string text);
};

inline constexpr std::size_t kTextTablesMax = 2000;

/// Total: any bytes give tables or an error. Errors: bad_field("line N", what would be right).
base::Result<std::vector<TextTable>> read_text_tables(std::string_view text);
std::string write_text_tables(std::string_view comment, const std::vector<TextTable>& tables);

/// A basic string of TOML, in its quotes; any text fits in.
std::string quoted(std::string_view text);

}  // namespace tillhost::ipc
