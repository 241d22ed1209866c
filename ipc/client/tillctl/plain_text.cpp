#include "ipc/client/tillctl/plain_text.h"

#include "hal/base/text.h"

namespace tillhost::tillctl {
namespace {

constexpr char32_t kDelete = 0x7F;
constexpr char32_t kSecondControlsEnd = 0xA0;  // ISO 6429, the set that begins behind DEL

bool is_control(char32_t point) {
    return (point < ' ' && point != '\n' && point != '\t') ||
           (point >= kDelete && point < kSecondControlsEnd);
}

}  // namespace

std::string plain_text(std::string_view text) {
    std::string plain;
    plain.reserve(text.size());
    while (!text.empty()) {
        std::string_view rest = text;
        const auto point = base::take_code_point(rest);
        const std::size_t length = point ? text.size() - rest.size() : 1;
        plain += !point || is_control(*point) ? "?" : text.substr(0, length);
        text.remove_prefix(length);
    }
    return plain;
}

}  // namespace tillhost::tillctl
