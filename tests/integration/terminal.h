#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "hal/os/descriptor.h"

namespace tillhost::support {

/// A program on a pseudo-terminal of its own, as a person sits before it. The terminal is its
/// controlling one, so that Ctrl-C is a signal. Ends with the test.
class Terminal final {
public:
    static constexpr char kCtrlC = '\x03';
    static constexpr char kCtrlD = '\x04';

    /// Dies on what only a broken machine refuses.
    Terminal(const std::string& program, const std::vector<std::string>& words);
    ~Terminal();
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;

    /// Waits until the text is on the screen behind what was seen before; false if it does not come
    /// or the program ends first.
    bool sees(std::string_view text);
    void type(std::string_view line);  ///< and Return
    void press(char key);
    /// Whether what is typed is shown.
    bool echoes() const;
    /// Waits for the end: the exit status, -1 if a signal ended it.
    int ended();
    /// All that came so far.
    const std::string& screen() const { return screen_; }

private:
    bool take_more();

    os::Descriptor ours_;
    pid_t pid_ = 0;
    bool reaped_ = false;
    std::string screen_;
    std::size_t seen_ = 0;
};

}  // namespace tillhost::support
