#include "simulators/core/scanner_control.h"

#include <charconv>
#include <optional>

namespace tillhost::simulators {
namespace {

using base::bad_field;
using base::Result;

constexpr std::int64_t kDribbleMsMax = 10'000;

/// The byte behind "\x".
std::optional<std::byte> escaped(std::string_view digits) {
    unsigned value = 0;
    const auto [end, problem] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
    const bool whole = digits.size() == 2 && end == digits.data() + digits.size();
    return problem == std::errc{} && whole ? std::optional(base::byte(value)) : std::nullopt;
}

Result<base::Bytes> bytes_in(std::string_view field, std::string_view text) {
    constexpr std::string_view kHex = "hex:";
    if (text.starts_with(kHex)) {
        auto bytes = base::from_hex(text.substr(kHex.size()));
        return bytes ? std::move(bytes) : bad_field(field, "hex:, and two digits a byte");
    }
    base::Bytes bytes;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\') {
            bytes.push_back(static_cast<std::byte>(text[i]));
        } else if (text.substr(i, 2) == "\\\\") {
            bytes.push_back(std::byte{'\\'});
            i += 1;
        } else {
            const auto byte =
                text.substr(i, 2) == "\\x" ? escaped(text.substr(i + 2, 2)) : std::nullopt;
            if (!byte) {
                return bad_field(field, "text with \\xHH for a byte and \\\\ for a backslash");
            }
            bytes.push_back(*byte);
            i += 3;
        }
    }
    return bytes;
}

Result<std::int64_t> number_in(std::string_view field, std::string_view text, std::int64_t max) {
    std::int64_t number = 0;
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (problem != std::errc{} || end != text.data() + text.size() || number < 0 || number > max) {
        return bad_field(field, "a number from 0 to " + std::to_string(max));
    }
    return number;
}

Result<bool> choice_in(std::string_view field, std::string_view text, std::string_view yes,
                       std::string_view no) {
    if (text != yes && text != no) {
        return bad_field(field, std::string(yes) + " or " + std::string(no));
    }
    return text == yes;
}

base::Done set_key(BarcodeRead& read, std::string_view key, const std::string& value) {
    if (key == "aim") {
        if (value.size() != 3 || value[0] != ']') {
            return bad_field(key, "three characters such as ]d2");
        }
        read.aim = value;
    } else if (key == "glue") {
        read.glue = TRY(bytes_in(key, value));
    } else if (key == "dribble_ms") {
        read.dribble_ms = TRY(number_in(key, value, kDribbleMsMax));
    } else if (key == "half") {
        read.half = TRY(number_in(key, value, static_cast<std::int64_t>(kScanBytesMax)));
    } else if (key == "suffix") {
        read.suffix = TRY(choice_in(key, value, "yes", "no"));
    } else if (key == "gs") {
        read.separators = TRY(choice_in(key, value, "kept", "lost"));
    } else if (key == "noise") {
        read.noise = TRY(bytes_in(key, value));
    } else if (key == "reply") {
        read.reply = value;
    } else {
        return bad_field(key, "aim, glue, dribble_ms, half, suffix, gs, noise or reply");
    }
    return {};
}

}  // namespace

Result<BarcodeRead> parse_barcode_read(std::string_view code,
                                       std::span<const std::pair<std::string, std::string>> keys) {
    BarcodeRead read;
    read.code = TRY(bytes_in("code", code));
    for (const auto& [key, value] : keys) {
        TRY(set_key(read, key, value));
    }
    return read;
}

std::string barcode_read_help() {
    return R"(  aim=]d2          the AIM identifier before the code (default: none)
  glue=CODE        another code right behind it
  dribble_ms=MS    a pause before each byte
  half=N           only N bytes leave, then the scanner has no power
  suffix=no        the suffix is left out
  gs=lost          group separators (1D) are left out
  noise=BYTES      foreign bytes before the code
  reply=TEXT       a reply of the scanner's menu before the code
)";
}

}  // namespace tillhost::simulators
