#pragma once

#include <string>
#include <vector>

#include "hal/base/bytes.h"

namespace tillhost::simulators::escpos {

/// Dots of a picture, row by row, each row in whole bytes, the high bit at the left.
struct Picture {
    std::size_t width = 0;  ///< dots
    std::size_t height = 0;
    base::Bytes rows{};

    bool dot(std::size_t x, std::size_t y) const;
};

/// The columns of ESC *, `bytes_a_column` (1 or 3) from top to bottom each, as rows.
Picture from_columns(base::ByteView columns, std::size_t bytes_a_column);

/// A labelled line, "[picture 384x96]", and below it the picture in half blocks, so small that it
/// fits `columns` characters: a half block is black where half of its dots are. Rows that are blank
/// at the end are left out.
std::vector<std::string> draw(const Picture& picture, std::size_t columns);

}  // namespace tillhost::simulators::escpos
