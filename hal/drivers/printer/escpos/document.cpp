#include "hal/drivers/printer/escpos/document.h"

#include <fmt/format.h>

#include <algorithm>

#include "hal/base/text.h"
#include "hal/drivers/printer/escpos/barcode.h"
#include "hal/drivers/printer/escpos/protocol.h"

namespace tillhost::drivers::escpos {
namespace {

using base::bad_field;
using base::Bytes;
using base::Done;
using base::Result;

constexpr std::uint8_t kFeedToEdge = 5;  // lines from the head to the edge for tearing
static_assert(kRasterRowsMax * kRasterRowBytesMax + 8 <= kCommandBytesMax);

Align align_of(contract::Alignment alignment) {
    switch (alignment) {
        case contract::Alignment::centre: return Align::centre;
        case contract::Alignment::right: return Align::right;
        case contract::Alignment::unspecified:
        case contract::Alignment::left: break;
    }
    return Align::left;
}

void defuse(Bytes& rows) {
    for (std::size_t i = 0; i + 1 < rows.size(); ++i) {
        const std::byte next = rows[i + 1];
        if (rows[i] == std::byte{0x10} &&
            (next == std::byte{0x04} || next == std::byte{0x05} || next == std::byte{0x14})) {
            rows[i] = std::byte{0};
        }
    }
}

class Composer final {
public:
    Composer(const Layout& layout, bool substitute)
        : layout_(layout), text_(layout.pages, substitute) {}

    void begin() {
        put(initialise());
        put(single_bytes());
        put(international_set());
        if (layout_.tells_changes) {
            put(tell_changes());
        }
    }
    Done put_copy_mark() {
        contract::PrintedText mark;
        mark.text = fmt::format("*** {} ***", layout_.copy_word);
        mark.alignment = contract::Alignment::centre;
        mark.bold = true;
        return put_text(mark, "copy");
    }
    Done put_block(const contract::PrintBlock& block, const std::string& field) {
        struct Put {
            Composer& to;
            const std::string& field;
            Done operator()(const contract::PrintedText& text) const {
                return to.put_text(text, field + ".text");
            }
            Done operator()(const contract::PrintBarcode& code) const {
                const Bytes drawn = TRY(barcode(code, to.layout_.width_dots, field + ".barcode"));
                to.put(align(align_of(code.alignment)));
                to.put(drawn);
                to.put({base::byte(kLineFeed)});
                return {};
            }
            Done operator()(const contract::PrintPicture& picture) const {
                return to.put_picture(picture, field + ".picture");
            }
            Done operator()(const contract::FeedPaper& paper) const {
                constexpr std::int64_t kMax = 255;
                if (paper.lines < 1 || paper.lines > kMax) {
                    return bad_field(field + ".feed.lines", "1 to 255");
                }
                to.put(feed(static_cast<std::uint8_t>(paper.lines)));
                return {};
            }
        };
        TRY(std::visit(Put{*this, field}, block));
        if (bytes_ > kDocumentBytesMax) {
            return base::make_error(
                base::ErrorCode::too_large,
                fmt::format("{}: a document has at most {} bytes", field, kDocumentBytesMax));
        }
        return {};
    }
    void put_cut(contract::CutMode mode) {
        if (mode != contract::CutMode::full && mode != contract::CutMode::partial) {
            return;
        }
        put(layout_.cutter ? cut(mode == contract::CutMode::partial, 0) : feed(kFeedToEdge));
    }
    std::vector<Bytes> take() { return std::move(commands_); }

private:
    void put(Bytes command) {
        bytes_ += command.size();
        commands_.push_back(std::move(command));
    }
    void put_style(const contract::PrintedText& text, bool on) {
        if (text.bold) {
            put(bold(on));
        }
        if (text.underline) {
            put(underline(on));
        }
        if (text.double_width || text.double_height) {
            put(on ? size(text.double_width ? 2 : 1, text.double_height ? 2 : 1) : size(1, 1));
        }
    }
    Done put_text(const contract::PrintedText& text, const std::string& field) {
        put(align(align_of(text.alignment)));
        put_style(text, true);
        const std::size_t columns = layout_.columns / (text.double_width ? 2 : 1);
        std::size_t place = 1;
        for (std::string_view rest = text.text;;) {
            const std::size_t end = rest.find('\n');
            place = TRY(put_line(rest.substr(0, end), columns, field, place)) + 1;
            if (end == std::string_view::npos) {
                break;
            }
            rest.remove_prefix(end + 1);
        }
        put_style(text, false);
        return {};
    }
    /// One line of the text as lines of the paper; the place of the character behind it.
    Result<std::size_t> put_line(std::string_view line, std::size_t columns,
                                 const std::string& field, std::size_t place) {
        do {
            const std::size_t bytes = reach(line, columns);
            base::ByteWriter to;
            TRY(text_.put(to, line.substr(0, bytes), field, place));
            put(to.u8(kLineFeed).take());
            place += base::utf8_length(line.substr(0, bytes));
            line.remove_prefix(bytes);
        } while (!line.empty());
        return place;
    }
    /// Bytes of the first `columns` characters; all of what is no UTF-8, which the writer refuses.
    static std::size_t reach(std::string_view line, std::size_t columns) {
        std::string_view rest = line;
        for (std::size_t i = 0; i < columns && !rest.empty(); ++i) {
            if (!base::take_code_point(rest)) {
                return line.size();
            }
        }
        return line.size() - rest.size();
    }
    Done put_picture(const contract::PrintPicture& picture, const std::string& field) {
        constexpr std::int64_t kDotsPerByte = 8;
        const auto width_max = static_cast<std::int64_t>(
            std::min<std::size_t>(layout_.width_dots, kRasterRowBytesMax * kDotsPerByte));
        if (picture.width_dots < kDotsPerByte || picture.width_dots % kDotsPerByte != 0 ||
            picture.width_dots > width_max) {
            return bad_field(field + ".width_dots",
                             fmt::format("a multiple of 8, at most {}", width_max));
        }
        const auto row_bytes = static_cast<std::size_t>(picture.width_dots / kDotsPerByte);
        if (picture.rows.empty() || picture.rows.size() % row_bytes != 0) {
            return bad_field(field + ".rows", fmt::format("a multiple of {} bytes", row_bytes));
        }
        put(align(align_of(picture.alignment)));
        Bytes rows = picture.rows;
        defuse(rows);
        const std::size_t piece = row_bytes * kRasterRowsMax;
        for (std::size_t at = 0; at < rows.size(); at += piece) {
            const std::size_t length = std::min(piece, rows.size() - at);
            put(raster(row_bytes, base::ByteView(rows).subspan(at, length)));
        }
        return {};
    }

    const Layout& layout_;
    TextWriter text_;
    std::vector<Bytes> commands_;
    std::size_t bytes_ = 0;
};

}  // namespace

Result<std::vector<Bytes>> compose(const contract::PrintDocument& document, const Layout& layout) {
    Composer composer(layout, document.substitute);
    composer.begin();
    if (document.copy) {
        TRY(composer.put_copy_mark());
    }
    for (std::size_t i = 0; i < document.blocks.size(); ++i) {
        TRY(composer.put_block(document.blocks[i], fmt::format("blocks[{}]", i)));
    }
    if (document.copy) {
        TRY(composer.put_copy_mark());
    }
    composer.put_cut(document.cut);
    return composer.take();
}

}  // namespace tillhost::drivers::escpos
