#include "licd/web/barcode.h"

#include <array>
#include <cstdint>

namespace tillhost::licd::web {
namespace {

/// Widths of bars and spaces in turn, by the value of the character; 103 to 105 start.
constexpr std::array<std::string_view, 106> kWidths = {
    "212222", "222122", "222221", "121223", "121322", "131222", "122213", "122312", "132212",
    "221213", "221312", "231212", "112232", "122132", "122231", "113222", "123122", "123221",
    "223211", "221132", "221231", "213212", "223112", "312131", "311222", "321122", "321221",
    "312212", "322112", "322211", "212123", "212321", "232121", "111323", "131123", "131321",
    "112313", "132113", "132311", "211313", "231113", "231311", "112133", "112331", "132131",
    "113123", "113321", "133121", "313121", "211331", "231131", "213113", "213311", "213131",
    "311123", "311321", "331121", "312113", "312311", "332111", "314111", "221411", "431111",
    "111224", "111422", "121124", "121421", "141122", "141221", "112214", "112412", "122114",
    "122411", "142112", "142211", "241211", "221114", "413111", "241112", "134111", "111242",
    "121142", "121241", "114212", "124112", "124211", "411212", "421112", "421211", "212141",
    "214121", "412121", "111143", "111341", "131141", "114113", "114311", "411113", "411311",
    "113141", "114131", "311141", "411131", "211412", "211214", "211232",
};
constexpr std::string_view kStop = "2331112";
constexpr std::size_t kStartB = 104;
constexpr std::size_t kCheckModulus = 103;
constexpr unsigned char kFirst = 32;  ///< value 0 of set B
constexpr unsigned char kLast = 127;
constexpr std::size_t kQuietModules = 10;
constexpr std::size_t kHeight = 40;  ///< in modules

void append(std::string& modules, std::string_view widths) {
    char dark = '1';
    for (const char width : widths) {
        modules.append(static_cast<std::size_t>(width - '0'), dark);
        dark = dark == '1' ? '0' : '1';
    }
}

}  // namespace

std::string code128_modules(std::string_view text) {
    if (text.empty() || text.size() > kBarcodeCharactersMax) {
        return "";
    }
    std::string modules;
    append(modules, kWidths[kStartB]);
    std::size_t sum = kStartB;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if (byte < kFirst || byte > kLast) {
            return "";
        }
        const std::size_t value = byte - kFirst;
        sum += (i + 1) * value;
        append(modules, kWidths[value]);
    }
    append(modules, kWidths[sum % kCheckModulus]);
    append(modules, kStop);
    return modules;
}

http::Markup barcode(std::string_view text) {
    const std::string modules = code128_modules(text);
    if (modules.empty()) {
        return {};
    }
    // One path: "M x 0 h width v height h -width z" for each bar.
    std::string path;
    for (std::size_t from = 0; from < modules.size();) {
        const std::size_t end = std::min(modules.find('0', from), modules.size());
        const std::string width = std::to_string(end - from);
        path += "M" + std::to_string(kQuietModules + from) + " 0h" + width + "v" +
                std::to_string(kHeight) + "h-" + width + "z";
        from = std::min(modules.find('1', end), modules.size());
    }
    const std::string width = std::to_string(modules.size() + 2 * kQuietModules);
    return http::fill(
        "<svg class=\"barcode\" role=\"img\" aria-label=\"{text}\" viewBox=\"0 0 {width} "
        "{height}\" "
        "width=\"{width}\" height=\"{height}\" shape-rendering=\"crispEdges\">"
        "<rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>"
        "<path d=\"{path}\" fill=\"#000\"/></svg>\n",
        {{"text", text}, {"width", width}, {"height", std::to_string(kHeight)}, {"path", path}});
}

}  // namespace tillhost::licd::web
