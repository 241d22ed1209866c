#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "simulators/core/fiscal_control.h"
#include "simulators/fiscal/shtrih/memory.h"

namespace tillhost::simulators::shtrih {

inline constexpr int kPaperColumnsMin = 32;
inline constexpr int kPaperColumnsMax = 48;

/// What the registrar prints, line by line, in UTF-8. Widths are in characters.
class Paper final {
public:
    explicit Paper(int columns);

    std::size_t columns() const { return columns_; }
    /// Text over as many lines as it needs.
    std::vector<std::string> wrapped(std::string_view text) const {
        return wrapped(text, columns_);
    }
    /// The same with fewer letters a line (at least one), as a wide font has.
    std::vector<std::string> wrapped(std::string_view text, std::size_t columns) const;
    std::string centred(std::string_view text) const;
    /// Left and right in one line, blanks between; the left one is cut if both do not fit.
    std::string pair(std::string_view left, std::string_view right) const;
    std::string rule() const { return std::string(columns_, '-'); }

    /// Name, then "2 x 49.90   =99.80_А".
    std::vector<std::string> position(const FiscalLine& line) const;
    /// A bar code or a picture that paper in text cannot show: its kind and what it says, in a box.
    std::vector<std::string> box(std::string_view kind, std::string_view payload) const;
    /// A row of dots, the first byte's lowest bit leftmost, as blocks; as wide as the paper.
    std::string dots(base::ByteView row) const;

private:
    std::size_t columns_;
};

/// "=1234.50"
std::string money_text(std::int64_t minor);
/// "31.05.24 17:42"
std::string date_text(std::int64_t ms);
/// А for VAT group 1, Б for 2, …; a blank if the code is none.
std::string_view vat_letter(std::uint8_t vat_code);
std::string_view vat_letter_of_row(std::size_t row);
/// Row of table 6 (1 to 12) behind the VAT code of FF46h; 0 if the code is none.
std::uint8_t vat_row(std::uint8_t vat_code);
/// The VAT code of a group 1 to 4 of the old commands, no VAT (8) for 0.
std::uint8_t vat_code_of_group(std::uint8_t group);
/// "ПРИХОД", …
std::string_view title_of(ReceiptKind kind);
std::string_view title_of(FiscalOperation operation);

}  // namespace tillhost::simulators::shtrih
