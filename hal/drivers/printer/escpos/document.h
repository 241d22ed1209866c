#pragma once

#include <string>
#include <vector>

#include "hal/drivers/printer/escpos/text.h"
#include "ipc/contract/messages.h"

namespace tillhost::drivers::escpos {

/// What of the printer shapes a document.
struct Layout {
    std::vector<Page> pages;
    unsigned columns = 48;      ///< characters of the usual font on a line
    unsigned width_dots = 576;  ///< of a line
    bool cutter = true;
    std::string copy_word = "COPY";
    bool tells_changes = true;  ///< it is to be asked for that anew behind ESC @
};

/// A document of more bytes than this is refused; the largest picture of the contract fits often.
inline constexpr std::size_t kDocumentBytesMax = 1024 * 1024;

/// The whole document as commands, each at most kCommandBytesMax, in the order of its blocks.
/// Lines are broken at the last column. Where there is no cutter the paper is fed to the edge
/// instead. A copy says so in a line of its own above and below.
///
/// In pictures a byte 10h before 04h, 05h or 14h loses its dot: printers with an old interface take
/// the pair for a command that opens a drawer or clears the buffer, wherever it stands.
///
/// Errors, before anything is sent, beginning with the block (blocks[2].text, …):
/// text_not_printable, bad_field, not_supported, too_large.
base::Result<std::vector<base::Bytes>> compose(const contract::PrintDocument& document,
                                               const Layout& layout);

}  // namespace tillhost::drivers::escpos
