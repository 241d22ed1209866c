// Printing that is not a document, paper and drawer. None of it is money.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "hal/codec/code_page.h"
#include "hal/drivers/fiscal/shtrih/registrar.h"

namespace tillhost::drivers::shtrih {

using base::bad_field;
using base::Done;
using base::ErrorCode;
using base::make_error;
using base::Result;
using contract::Symbology;

namespace {

constexpr std::size_t kEan13Digits = 13;

bool all_digits(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// The last digit of an EAN by those before it: weights 3 and 1, 3 nearest to it.
char ean_check_digit(std::string_view digits) {
    int sum = 0;
    int weight = 3;
    for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit) {
        sum += (*digit - '0') * weight;
        weight = 4 - weight;
    }
    return static_cast<char>('0' + (10 - sum % 10) % 10);
}

struct Digits {
    Symbology symbology;
    std::size_t count;
};
/// Symbologies whose last digit is a check digit, which may be left out.
constexpr Digits kChecked[] = {
    {Symbology::ean13, kEan13Digits}, {Symbology::ean8, 8}, {Symbology::upc_a, 12}};

/// The payload without its check digit, if the symbology has one.
Result<std::string> barcode_payload(const contract::PrintBarcode& command) {
    const std::string& payload = command.payload;
    if (command.symbology == Symbology::itf && !all_digits(payload)) {
        return bad_field("payload", "digits only");
    }
    const auto* const row =
        std::find_if(std::begin(kChecked), std::end(kChecked),
                     [&](const Digits& each) { return each.symbology == command.symbology; });
    if (row == std::end(kChecked)) {
        return payload;
    }
    const bool whole = payload.size() == row->count;
    if (!all_digits(payload) || (!whole && payload.size() + 1 != row->count)) {
        return bad_field("payload", fmt::format("{} digits, the last may be left out", row->count));
    }
    const std::string body = payload.substr(0, row->count - 1);
    if (whole && payload.back() != ean_check_digit(body)) {
        return bad_field("payload", fmt::format("the check digit {}", ean_check_digit(body)));
    }
    return body;
}

/// Type of CBh; nothing where the command has none.
std::optional<std::uint8_t> bars_type(Symbology symbology) {
    switch (symbology) {
        case Symbology::upc_a: return 0;
        case Symbology::ean13: return 2;
        case Symbology::ean8: return 3;
        case Symbology::code39: return 4;
        case Symbology::itf: return 5;
        case Symbology::codabar: return 6;
        case Symbology::code128: return 8;
        case Symbology::pdf417: return 10;
        case Symbology::unspecified:
        case Symbology::qr:
        case Symbology::data_matrix:
        case Symbology::aztec: break;
    }
    return std::nullopt;
}

Result<BarsFields> bars_fields(const contract::PrintBarcode& command, const std::string& payload) {
    constexpr std::uint8_t kHeight = 80;
    constexpr std::uint8_t kBarWidth = 2;
    constexpr std::uint8_t kTextBelow = 2;
    if (command.alignment != contract::Alignment::centre) {
        return make_error(ErrorCode::not_supported,
                          "alignment: this registrar puts barcodes in the centre only");
    }
    BarsFields fields;
    fields.height =
        command.height_dots == 0 ? kHeight : static_cast<std::uint8_t>(command.height_dots);
    fields.bar_width =
        command.module_dots == 0 ? kBarWidth : static_cast<std::uint8_t>(command.module_dots);
    const bool text = command.text_below && command.symbology != Symbology::pdf417;
    fields.text_place = text ? kTextBelow : 0;
    fields.type = *bars_type(command.symbology);
    fields.data = TRY(codec::to_code_page(codec::CodePage::cp1251, payload, "payload"));
    if (fields.data.size() > kBarsBytesMax) {
        return bad_field("payload", fmt::format("at most {} characters", kBarsBytesMax));
    }
    return fields;
}

std::uint8_t alignment_code(contract::Alignment alignment) {
    switch (alignment) {
        case contract::Alignment::left: return 0;
        case contract::Alignment::unspecified:
        case contract::Alignment::centre: return 1;
        case contract::Alignment::right: return 2;
    }
    return 1;
}

Result<SquareCodeFields> square_code_fields(const contract::PrintBarcode& command) {
    constexpr std::int64_t kDots = 4;
    constexpr std::int64_t kDotsMin = 3;
    constexpr std::uint8_t kQr = 3;
    constexpr std::uint8_t kCorrectionMiddle = 1;
    if (command.module_dots != 0 && command.module_dots < kDotsMin) {
        return bad_field("module_dots", "3 to 8, or 0");
    }
    SquareCodeFields fields;
    fields.type = kQr;
    fields.data_bytes = static_cast<std::uint16_t>(command.payload.size());
    const std::int64_t dots = command.module_dots == 0 ? kDots : command.module_dots;
    fields.parameters = {0, 0, static_cast<std::uint8_t>(dots), 0, kCorrectionMiddle};
    fields.alignment = alignment_code(command.alignment);
    return fields;
}

}  // namespace

Done Registrar::x_report(os::Deadline deadline) {
    TRY(ready_to_print(deadline));
    return session_->change_as(session_->admin_password(), Command::x_report, deadline);
}

/// Columns of one of the device's fonts, 1 and up.
Result<std::size_t> Registrar::columns_of_font(std::uint8_t font, os::Deadline deadline) {
    const auto metrics = session_->font_metrics(font, deadline);
    if (!metrics && !is_refusal(metrics.error())) {
        return metrics.error();
    }
    const bool unknown_font = !metrics || (metrics->fonts != 0 && font > metrics->fonts);
    if (unknown_font) {
        return bad_field("font", metrics ? fmt::format("1 to {}, or 0", metrics->fonts)
                                         : std::string("a font that the registrar has, or 0"));
    }
    if (metrics->char_dots == 0 || metrics->line_dots < metrics->char_dots) {
        return abilities_.columns;
    }
    return std::min<std::size_t>(metrics->line_dots / metrics->char_dots, kColumnsMax);
}

Done Registrar::print_text(const contract::PrintText& command, os::Deadline deadline) {
    TRY(require_open());
    const auto font = static_cast<std::uint8_t>(command.font);
    std::size_t columns = abilities_.columns;
    if (font != 0) {
        columns = TRY(columns_of_font(font, deadline));
    }
    std::vector<base::Bytes> lines;
    for (std::size_t i = 0; i < command.lines.size(); ++i) {
        const std::string& line = command.lines[i];
        TRY(append_lines(
            command.substitute ? codec::with_substitutes(codec::CodePage::cp1251, line) : line,
            fmt::format("lines[{}]", i), columns, lines));
    }
    TRY(ready_to_print(deadline));
    const Password password = session_->password();
    for (const base::Bytes& line : lines) {
        TRY(font == 0 ? session_->change(Command::print_line, print_line_request(password, line),
                                         deadline)
                      : session_->change(Command::print_font_line,
                                         print_font_line_request(password, font, line), deadline));
    }
    return cut_behind_text(command.cut, deadline);
}

/// The last line stands below the knife. What is printed is printed, whether it can be cut or not.
Done Registrar::cut_behind_text(contract::CutMode mode, os::Deadline deadline) {
    constexpr std::uint8_t kLinesToKnife = 5;
    if (mode == contract::CutMode::none || mode == contract::CutMode::unspecified) {
        return {};
    }
    const Password password = session_->password();
    TRY(session_->change(Command::feed_paper, feed_request(password, kLinesToKnife), deadline));
    const Done cut = session_->change(
        Command::cut_paper, cut_request(password, mode == contract::CutMode::partial), deadline);
    return cut || cut.error().reaction != base::Reaction::reconnect ? Done() : cut;
}

Done Registrar::cut_paper(const contract::CutPaper& command, os::Deadline deadline) {
    TRY(ready_to_print(deadline));
    return session_->change(Command::cut_paper, cut_request(session_->password(), command.partial),
                            deadline);
}

Done Registrar::feed_paper(const contract::FeedPaper& command, os::Deadline deadline) {
    TRY(ready_to_print(deadline));
    return session_->change(
        Command::feed_paper,
        feed_request(session_->password(), static_cast<std::uint8_t>(command.lines)), deadline);
}

Done Registrar::open_drawer(os::Deadline deadline) {
    constexpr std::uint8_t kFirstDrawer = 0;
    TRY(require_open());
    return session_->change(Command::open_drawer,
                            drawer_request(session_->password(), kFirstDrawer), deadline);
}

Done Registrar::print_copy(os::Deadline deadline) {
    TRY(ready_to_print(deadline));
    return session_->change(Command::print_copy, deadline);
}

/// Nothing to continue is no error: what was wanted is so already. Without paper there is one.
Done Registrar::continue_print(os::Deadline deadline) {
    TRY(ready_to_print(deadline));
    const ShortStatus status = TRY(session_->short_status(deadline));
    if (status.submode() == Submode::no_paper || status.submode() == Submode::paper_ran_out) {
        return make_error(ErrorCode::paper_out, "");
    }
    return {};
}

Done Registrar::print_barcode(const contract::PrintBarcode& command, os::Deadline deadline) {
    if (command.symbology == Symbology::qr) {
        return print_square_code(command, deadline);
    }
    if (!bars_type(command.symbology)) {
        return make_error(ErrorCode::not_supported,
                          fmt::format("symbology: this registrar prints no {}",
                                      contract::name_of(command.symbology)));
    }
    const std::string payload = TRY(barcode_payload(command));
    const BarsFields fields = TRY(bars_fields(command, payload));
    TRY(ready_to_print(deadline));
    const bool own_size = command.height_dots == 0 && command.module_dots == 0;
    if (command.symbology == Symbology::ean13 && own_size && command.text_below) {
        return session_->change(Command::print_ean13,
                                ean13_request(session_->password(), std::stoull(payload)),
                                deadline);
    }
    return session_->change(Command::print_bars, bars_request(session_->password(), fields),
                            deadline);
}

/// DDh block by block, then DEh.
Done Registrar::print_square_code(const contract::PrintBarcode& command, os::Deadline deadline) {
    const SquareCodeFields fields = TRY(square_code_fields(command));
    TRY(ready_to_print(deadline));
    const base::Bytes data = base::bytes_of(command.payload);
    for (std::size_t block = 0; block * kBlockBytes < data.size(); ++block) {
        const std::size_t at = block * kBlockBytes;
        const auto part = base::ByteView(data).subspan(at, std::min(kBlockBytes, data.size() - at));
        TRY(session_->change(
            Command::load_data,
            load_data_request(session_->password(), static_cast<std::uint8_t>(block), part),
            deadline));
    }
    return session_->change(Command::print_square_code,
                            square_code_request(session_->password(), fields), deadline);
}

/// C5h prints one line of dots many times: equal rows in a row are one command.
Done Registrar::print_picture(const contract::PrintPicture& command, os::Deadline deadline) {
    constexpr std::size_t kLineBytes = 40;
    constexpr std::size_t kBits = 8;
    TRY(require_open());
    const std::size_t line =
        parameters_.graphic_bytes == 0 ? kLineBytes : parameters_.graphic_bytes;
    const auto width = static_cast<std::size_t>(command.width_dots) / kBits;
    if (static_cast<std::size_t>(command.width_dots) % kBits != 0 || width > line) {
        return bad_field("width_dots", fmt::format("a multiple of 8, at most {}", line * kBits));
    }
    if (command.rows.size() % width != 0) {
        return bad_field("rows", fmt::format("whole rows of {} bytes", width));
    }
    TRY(ready_to_print(deadline));
    const std::size_t free = line - width;
    const std::size_t left = free * alignment_code(command.alignment) / 2;
    const base::ByteView rows = command.rows;
    for (std::size_t at = 0; at < rows.size();) {
        const base::ByteView row = rows.subspan(at, width);
        std::uint16_t repeats = 0;
        while (at < rows.size() && repeats < UINT16_MAX &&
               std::equal(row.begin(), row.end(), rows.begin() + static_cast<std::ptrdiff_t>(at))) {
            ++repeats;
            at += width;
        }
        base::ByteWriter dots;
        dots.fill(base::byte(0), left).raw(row).fill(base::byte(0), free - left);
        TRY(session_->change(Command::print_graphic_line,
                             graphic_line_request(session_->password(), repeats, dots.bytes()),
                             deadline));
    }
    return {};
}

}  // namespace tillhost::drivers::shtrih
