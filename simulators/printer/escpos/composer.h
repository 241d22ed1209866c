#pragma once

#include <string>
#include <utility>
#include <vector>

#include "simulators/printer/escpos/command.h"
#include "simulators/printer/escpos/options.h"
#include "simulators/printer/escpos/picture.h"
#include "simulators/printer/escpos/symbols.h"

namespace tillhost::simulators::escpos {

/// How characters look. On the tape a run that is not plain stands as {b,2x2}TOTAL{/}, with b bold,
/// u underlined, i white on black, s the small font, r upside down, and 2x2 width and height.
struct Style {
    bool bold = false;
    bool underlined = false;
    bool inverse = false;
    bool small = false;
    bool upside_down = false;
    unsigned width = 1;
    unsigned height = 1;
    bool operator==(const Style&) const = default;
};

/// Makes lines of paper out of text and of the commands that set how it looks. A line that is full
/// ends by itself, as at a printer. Knows no time and no paper.
class Composer final {
public:
    explicit Composer(const EscposOptions& options);

    /// Takes a command in that is about the look of the paper; false where it is about something
    /// else. Lines that it ends are in take_lines().
    bool take(const Command& command);
    /// Ends the line if something stands in it.
    void end_line_if_begun();
    /// Ends the line, blank or not.
    void end_line();
    /// What is ready to be printed, oldest first.
    std::vector<std::string> take_lines() { return std::exchange(lines_, {}); }
    /// ESC @: the usual modes; what stands in the line is gone.
    void initialise();

private:
    bool take_text(const Command& command);
    bool take_control(const Command& command);
    bool take_esc(const Command& command);
    bool take_style(const Command& command);
    bool take_gs(const Command& command);
    bool take_fs(const Command& command);
    bool take_group(const Command& command);
    void take_raster(const Command& command);
    void take_columns(const Command& command);
    void keep_graphics(const Command& command);
    void put(char32_t character, std::size_t cells);
    void move_to(std::size_t dots);
    void feed(std::size_t lines);
    void print_symbol(std::string line);
    void print_picture(const Picture& picture);
    bool begun() const { return used_dots_ != 0 || !picture_.empty(); }
    std::string aligned(std::string text, std::size_t dots) const;
    std::size_t area_dots() const;
    std::size_t area_columns() const;

    struct Run {
        Style style{};
        std::string text{};
    };
    const EscposOptions& options_;
    Style style_;
    std::string page_ = "437";
    unsigned country_ = 0;
    bool chinese_ = false;
    std::uint8_t chinese_first_ = 0;  ///< of a pair whose second byte is still to come
    unsigned alignment_ = 0;
    std::size_t margin_dots_ = 0;
    std::size_t width_dots_ = 0;  ///< 0: all there is
    std::vector<Run> runs_;
    std::size_t used_dots_ = 0;
    std::vector<std::string> picture_;  ///< columns of ESC * that stand in the line
    Picture graphics_;                  ///< of GS ( L, kept until it is printed
    SymbolStore symbols_;
    std::vector<std::string> lines_;
};

}  // namespace tillhost::simulators::escpos
