#include <fmt/format.h>

#include <algorithm>

#include "ipc/client/tillctl/texts.h"

namespace tillhost::tillctl {

std::string field_heading(Language language) {
    return fmt::format("{:>5}  {:<23}  {:<24}  {}\n", text(language, Text::frame_at),
                       text(language, Text::frame_bytes), text(language, Text::frame_field),
                       text(language, Text::frame_value));
}

std::string field_text(std::size_t offset, base::ByteView bytes, std::string_view name,
                       std::string_view value, std::optional<std::byte> hidden) {
    static constexpr std::size_t kBytesInRow = 8;
    const auto row_of = [bytes, hidden](std::size_t begin) {
        const auto row = bytes.subspan(begin, std::min(kBytesInRow, bytes.size() - begin));
        std::string told = base::to_hex(row);
        for (std::size_t i = 0; i < row.size(); ++i) {
            if (row[i] == hidden) {
                told.replace(i * 3, 2, "**");
            }
        }
        return told;
    };
    std::string told = fmt::format("{:>5}  {:<23}  {:<24}  {}\n", offset, row_of(0), name, value);
    for (std::size_t begin = kBytesInRow; begin < bytes.size(); begin += kBytesInRow) {
        told += fmt::format("{:>5}  {}\n", "", row_of(begin));
    }
    return told;
}

std::string unknown_family_text(Language language, std::string_view family,
                                const std::vector<std::string>& known) {
    return filled(language, Text::no_protocol, family, fmt::join(known, ", "));
}

std::string recording_text(Language language, const contract::RecordingStatus& status) {
    return status.path.empty() ? filled(language, Text::recording_off, status.size)
                               : filled(language, Text::recording_on, status.path);
}

std::string recording_heading(Language language, std::string_view driver, std::string_view started,
                              bool full) {
    return filled(language, full ? Text::recording_of_full : Text::recording_of, driver, started);
}

std::string call_text(std::string_view seconds, std::string_view what, std::string_view outcome) {
    return fmt::format("\n{:>13} s  {}{}{}\n", seconds, what, outcome.empty() ? "" : "  !! ",
                       outcome);
}

std::string no_decoder_text(Language language, std::string_view driver) {
    return filled(language, Text::no_decoder, driver);
}

}  // namespace tillhost::tillctl
