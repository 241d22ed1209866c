#include <fmt/format.h>

#include "ipc/client/tillctl/texts.h"

namespace tillhost::tillctl {

std::string recording_text(const contract::RecordingStatus& status) {
    return status.path.empty() ? fmt::format("Not recorded; the file has {} bytes.\n", status.size)
                               : fmt::format("Recorded into {}.\n", status.path);
}

std::string recording_heading(std::string_view driver, std::string_view started, bool full) {
    return fmt::format("{} from {}{}; ** is hidden\n", driver, started,
                       full ? ", stopped at its size limit" : "");
}

std::string call_text(std::string_view seconds, std::string_view what, std::string_view outcome) {
    return fmt::format("\n{:>13} s  {}{}{}\n", seconds, what, outcome.empty() ? "" : "  !! ",
                       outcome);
}

std::string no_decoder_text(std::string_view driver) {
    return fmt::format("no driver {} that explains its frames; shown as they are\n", driver);
}

}  // namespace tillhost::tillctl
