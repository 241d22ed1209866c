#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "hal/base/bytes.h"
#include "hal/base/result.h"
#include "hal/codec/code_page.h"

namespace tillhost::drivers::escpos {

/// A code page and the printer's own number of it.
struct Page {
    codec::CodePage page = codec::CodePage::cp437;
    std::uint8_t number = 0;
    friend bool operator==(const Page&, const Page&) = default;
};

/// Reads "437:0,866:17": code pages in the order in which they are tried, with the numbers of the
/// printer's own list (ESC t), each page once. Errors: bad_field, `field` what would be right.
base::Result<std::vector<Page>> read_pages(std::string_view text, std::string_view field);

/// Writes text in the code pages that a printer has, and changes between them where it must.
/// What is printed is what was asked for: nothing is left out, and nothing replaced unless asked.
class TextWriter final {
public:
    /// `pages` is not empty and outlives the writer. `substitute`: ? for what no page has.
    explicit TextWriter(const std::vector<Page>& pages, bool substitute = false)
        : pages_(pages), substitute_(substitute) {}

    /// One line without its end. The page that is in force stays so behind it.
    /// Errors: text_not_printable, beginning with `field` and naming the character, its place
    /// (from `place`) and the pages.
    base::Done put(base::ByteWriter& to, std::string_view line, std::string_view field,
                   std::size_t place = 1);

private:
    const Page* page_with_most(std::string_view text) const;

    const std::vector<Page>& pages_;
    bool substitute_;
    const Page* current_ = nullptr;  ///< nothing was chosen yet
};

}  // namespace tillhost::drivers::escpos
