#include "simulators/printer/escpos/picture.h"

#include <fmt/format.h>

#include <algorithm>

namespace tillhost::simulators::escpos {
namespace {

constexpr std::size_t kBits = 8;

/// Whether half of a square of dots is black.
bool is_dark(const Picture& picture, std::size_t left, std::size_t top, std::size_t side) {
    std::size_t black = 0;
    std::size_t all = 0;
    for (std::size_t y = top; y < std::min(top + side, picture.height); ++y) {
        for (std::size_t x = left; x < std::min(left + side, picture.width); ++x) {
            black += picture.dot(x, y) ? 1 : 0;
            ++all;
        }
    }
    return all != 0 && 2 * black >= all;
}

}  // namespace

bool Picture::dot(std::size_t x, std::size_t y) const {
    const std::size_t at = y * ((width + kBits - 1) / kBits) + x / kBits;
    return at < rows.size() && (base::to_unsigned(rows[at]) >> (kBits - 1 - x % kBits) & 1U) != 0;
}

Picture from_columns(base::ByteView columns, std::size_t bytes_a_column) {
    Picture picture{.width = columns.size() / bytes_a_column, .height = bytes_a_column * kBits};
    const std::size_t stride = (picture.width + kBits - 1) / kBits;
    picture.rows.resize(stride * picture.height);
    for (std::size_t x = 0; x < picture.width; ++x) {
        for (std::size_t y = 0; y < picture.height; ++y) {
            const unsigned byte = base::to_unsigned(columns[x * bytes_a_column + y / kBits]);
            if ((byte >> (kBits - 1 - y % kBits) & 1U) != 0) {
                picture.rows[y * stride + x / kBits] |= base::byte(0x80U >> x % kBits);
            }
        }
    }
    return picture;
}

std::vector<std::string> draw(const Picture& picture, std::size_t columns) {
    std::vector<std::string> lines{fmt::format("[picture {}x{}]", picture.width, picture.height)};
    const std::size_t fit = std::max<std::size_t>(columns, 1);
    const std::size_t side = std::max<std::size_t>((picture.width + fit - 1) / fit, 1);
    // A height that the data do not fill is only said, not looked for.
    const std::size_t stride = std::max<std::size_t>((picture.width + kBits - 1) / kBits, 1);
    const std::size_t height = std::min(picture.height, picture.rows.size() / stride);
    for (std::size_t top = 0; top < height; top += 2 * side) {
        std::string line;
        std::string blanks;
        for (std::size_t left = 0; left < picture.width; left += side) {
            const bool upper = is_dark(picture, left, top, side);
            const bool lower = is_dark(picture, left, top + side, side);
            if (!upper && !lower) {
                blanks += " ";
                continue;
            }
            line += blanks + (upper && lower ? "█" : upper ? "▀" : "▄");
            blanks.clear();
        }
        lines.push_back(std::move(line));
    }
    while (lines.size() > 1 && lines.back().empty()) {
        lines.pop_back();
    }
    return lines;
}

}  // namespace tillhost::simulators::escpos
