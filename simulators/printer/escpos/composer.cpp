#include "simulators/printer/escpos/composer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "hal/base/text.h"
#include "simulators/printer/escpos/code_pages.h"

namespace tillhost::simulators::escpos {
namespace {

constexpr std::size_t kDotsA = 12, kDotsB = 9;  // of a character of font A, font B
constexpr std::size_t kTabCells = 8;
constexpr char32_t kUnreadable = 0xFFFD;
constexpr char32_t kChineseCharacter = 0x3013;  // "geta", which stands for a character not there
constexpr std::string_view kChangedAbroad = "#$@[\\]^`{|}~";

unsigned chosen(unsigned n) { return n >= '0' ? n - '0' : n; }

std::string mark_of(const Style& style) {
    std::string mark;
    const auto add = [&mark](std::string_view word) {
        mark += mark.empty() ? "" : ",";
        mark += word;
    };
    const std::array letters{std::pair{style.bold, "b"}, std::pair{style.underlined, "u"},
                             std::pair{style.inverse, "i"}, std::pair{style.small, "s"},
                             std::pair{style.upside_down, "r"}};
    for (const auto& [set, letter] : letters) {
        if (set) {
            add(letter);
        }
    }
    if (style.width != 1 || style.height != 1) {
        add(fmt::format("{}x{}", style.width, style.height));
    }
    return mark;
}

}  // namespace

Composer::Composer(const EscposOptions& options) : options_(options) { initialise(); }

void Composer::initialise() {
    style_ = {};
    page_ = "437";
    country_ = 0;
    chinese_ = options_.model == Model::clone;
    chinese_first_ = 0;
    alignment_ = 0;
    margin_dots_ = 0;
    width_dots_ = 0;
    runs_.clear();
    used_dots_ = 0;
    picture_.clear();
    graphics_ = {};
    symbols_.clear();
}

std::size_t Composer::area_dots() const {
    const std::size_t paper = static_cast<std::size_t>(options_.columns) * kDotsA;
    const std::size_t right_of_margin = paper > margin_dots_ ? paper - margin_dots_ : kDotsA;
    return width_dots_ == 0 ? right_of_margin
                            : std::clamp(width_dots_, kDotsA, std::max(right_of_margin, kDotsA));
}

std::size_t Composer::area_columns() const { return area_dots() / kDotsA; }

std::string Composer::aligned(std::string text, std::size_t dots) const {
    const std::size_t left = area_dots() > dots ? area_dots() - dots : 0;
    const std::size_t blank = alignment_ == 1 ? left / 2 : alignment_ == 2 ? left : 0;
    return std::string((margin_dots_ + blank) / kDotsA, ' ') + std::move(text);
}

void Composer::end_line() {
    std::string text;
    for (const Run& run : runs_) {
        const std::string mark = mark_of(run.style);
        text += mark.empty() ? run.text : "{" + mark + "}" + run.text + "{/}";
    }
    if (!runs_.empty() || picture_.empty()) {
        lines_.push_back(runs_.empty() ? "" : aligned(std::move(text), used_dots_));
    }
    for (std::string& line : picture_) {
        lines_.push_back(std::move(line));
    }
    runs_.clear();
    picture_.clear();
    used_dots_ = 0;
}

void Composer::end_line_if_begun() {
    if (begun()) {
        end_line();
    }
}

void Composer::put(char32_t character, std::size_t cells) {
    const std::size_t dots = cells * style_.width * (style_.small ? kDotsB : kDotsA);
    if (used_dots_ != 0 && used_dots_ + dots > area_dots()) {
        end_line();
    }
    if (runs_.empty() || !(runs_.back().style == style_)) {
        runs_.push_back({.style = style_});
    }
    base::append_utf8(runs_.back().text, character);
    used_dots_ += dots;
}

void Composer::move_to(std::size_t dots) {
    const std::size_t limit = std::min(dots, area_dots());
    while (used_dots_ + kDotsA <= limit) {
        const Style kept = std::exchange(style_, {});
        put(' ', 1);
        style_ = kept;
    }
}

void Composer::feed(std::size_t lines) {
    const std::size_t done = begun() ? 1 : 0;
    end_line_if_begun();
    for (std::size_t i = done; i < lines; ++i) {
        lines_.emplace_back();
    }
}

void Composer::print_symbol(std::string line) {
    end_line_if_begun();
    if (!line.empty()) {
        const std::size_t dots = base::utf8_length(line) * kDotsA;
        lines_.push_back(aligned(std::move(line), dots));
    }
}

void Composer::print_picture(const Picture& picture) {
    end_line_if_begun();
    for (std::string& line : draw(picture, area_columns())) {
        lines_.push_back(std::move(line));
    }
}

bool Composer::take(const Command& command) {
    switch (command.lead) {
        case Lead::text: return take_text(command);
        case Lead::control: return take_control(command);
        case Lead::esc: return take_esc(command);
        case Lead::gs: return take_gs(command);
        case Lead::fs: return take_fs(command);
        case Lead::dle: return false;
    }
    return false;
}

bool Composer::take_text(const Command& command) {
    constexpr std::uint8_t kPairsFrom = 0x81;
    if (chinese_first_ != 0) {
        chinese_first_ = 0;
        put(kChineseCharacter, 2);
        return true;
    }
    if (chinese_ && command.code >= kPairsFrom) {
        chinese_first_ = command.code;
        return true;
    }
    char32_t character = character_of(page_, command.code);
    const bool changed =
        country_ != 0 && kChangedAbroad.find(static_cast<char>(command.code)) != std::string::npos;
    put(changed || command.code == 0x7F ? kUnreadable : character, 1);
    return true;
}

bool Composer::take_control(const Command& command) {
    if (command.code == '\n' || command.code == '\f') {
        end_line();
    } else if (command.code == '\t') {
        const std::size_t cell = used_dots_ / kDotsA;
        move_to((cell / kTabCells + 1) * kTabCells * kDotsA);
    }
    return true;
}

bool Composer::take_style(const Command& command) {
    const unsigned n = command.at(0);
    switch (command.code) {
        case '!':
            style_.small = (n & 0x01U) != 0;
            style_.bold = (n & 0x08U) != 0;
            style_.height = (n & 0x10U) != 0 ? 2 : 1;
            style_.width = (n & 0x20U) != 0 ? 2 : 1;
            style_.underlined = (n & 0x80U) != 0;
            return true;
        case 'E':
        case 'G': style_.bold = (n & 1U) != 0; return true;
        case '-': style_.underlined = chosen(n) % 3 != 0; return true;
        case 'M': style_.small = chosen(n) == 1; return true;
        case '{': style_.upside_down = begun() ? style_.upside_down : (n & 1U) != 0; return true;
        default: return false;
    }
}

bool Composer::take_esc(const Command& command) {
    const unsigned n = command.at(0);
    switch (command.code) {
        case '@': initialise(); return true;
        case 'd': feed(n); return true;
        case 'J':
        case 'K': end_line_if_begun(); return true;
        case 'a':
            // Anywhere else in a line it is not heard.
            alignment_ = begun() || chosen(n) > 2 ? alignment_ : chosen(n);
            return true;
        case 't': {
            const auto number = static_cast<std::uint8_t>(n);
            const auto own = options_.pages.find(number);
            const auto usual = usual_code_page(number);
            page_ = own != options_.pages.end() ? own->second : std::string(usual.value_or(page_));
            return true;
        }
        case 'R': country_ = n; return true;
        case '$': move_to(command.word_at(0)); return true;
        case '\\': move_to(used_dots_ + command.word_at(0)); return true;
        case '*': take_columns(command); return true;
        case ' ':
        case '2':
        case '3':
        case 'D':
        case 'V':
        case '%':
        case '?':
        case 'U':
        case '<': return true;
        default: return take_style(command);
    }
}

void Composer::take_columns(const Command& command) {
    constexpr std::size_t kHead = 3, kLinesMax = 64, kModesWithThree = 32;
    const std::size_t bytes = command.at(0) >= kModesWithThree ? 3 : 1;
    if (!command.whole() || command.data.size() <= kHead) {
        return;
    }
    if (picture_.size() > kLinesMax) {
        end_line();
    }
    const auto columns = base::ByteView(command.data).subspan(kHead);
    for (std::string& line : draw(from_columns(columns, bytes), area_columns())) {
        picture_.push_back(std::move(line));
    }
}

bool Composer::take_gs(const Command& command) {
    const unsigned n = command.at(0);
    switch (command.code) {
        case '!':
            style_.width = (n >> 4 & 7U) + 1;
            style_.height = (n & 7U) + 1;
            return true;
        case 'B': style_.inverse = (n & 1U) != 0; return true;
        case 'L': margin_dots_ = begun() ? margin_dots_ : command.word_at(0); return true;
        case 'W': width_dots_ = begun() ? width_dots_ : command.word_at(0); return true;
        case 'k': print_symbol(barcode_line(command)); return true;
        case 'v': take_raster(command); return true;
        case '(': return take_group(command);
        case '8': keep_graphics(command); return true;
        case '*':
        case '/':
        case ':':
        case 'b':
        case 'f':
        case 'h':
        case 'H':
        case 'w':
        case 'P':
        case 'T':
        case '$':
        case '\\': return true;
        default: return false;
    }
}

bool Composer::take_group(const Command& command) {
    constexpr std::size_t kFunction = 4;
    const auto group = static_cast<char>(command.at(0));
    if (group == 'k') {
        const std::string line = symbols_.take(command);
        if (!line.empty()) {
            print_symbol(line);
        }
        return true;
    }
    if (group != 'L') {
        return false;
    }
    const unsigned function = command.at(kFunction);
    if (function == 0x02 || function == 0x32) {
        if (graphics_.width != 0) {
            print_picture(std::exchange(graphics_, {}));
        }
        return true;
    }
    keep_graphics(command);
    return true;
}

void Composer::keep_graphics(const Command& command) {
    // m fn a bx by c xL xH yL yH and the rows, behind the letter and its length.
    const std::size_t head = command.code == '8' ? 5 : 3;
    constexpr std::size_t kParameters = 10;
    constexpr unsigned kKeepRaster = 0x70;
    if (command.at(head + 1) != kKeepRaster || !command.whole() ||
        command.data.size() < head + kParameters) {
        return;
    }
    graphics_ = {.width = command.word_at(head + 6), .height = command.word_at(head + 8)};
    graphics_.rows.assign(command.data.begin() + static_cast<std::ptrdiff_t>(head + kParameters),
                          command.data.end());
}

void Composer::take_raster(const Command& command) {
    constexpr std::size_t kHead = 6, kBits = 8;
    Picture picture{.width = command.word_at(2) * kBits, .height = command.word_at(4)};
    if (!command.whole()) {
        print_symbol(fmt::format("[picture {}x{}, too large]", picture.width, picture.height));
        return;
    }
    picture.rows.assign(command.data.begin() + kHead, command.data.end());
    print_picture(picture);
}

bool Composer::take_fs(const Command& command) {
    switch (command.code) {
        case '&': chinese_ = true; return true;
        case '.':
            chinese_ = false;
            chinese_first_ = 0;
            return true;
        case '!':
        case '-':
        case 'C':
        case 'S':
        case 'W': return true;
        case 'p': print_symbol(fmt::format("[stored picture {}]", command.at(0))); return true;
        default: return false;
    }
}

}  // namespace tillhost::simulators::escpos
