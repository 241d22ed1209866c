#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hal/base/bytes.h"
#include "hal/os/clock.h"
#include "simulators/core/fault.h"
#include "simulators/devsim/arguments.h"

namespace tillhost::devsim {

/// Longest scenario file that is read, and most events, starts and talks in it.
inline constexpr std::size_t kScenarioBytesMax = 256UL * 1024;
inline constexpr std::size_t kScenarioRowsMax = 1000;

/// When something happens: one of a time, a command, a byte.
struct Trigger {
    enum class Kind : std::uint8_t { time, command, byte };
    Kind kind = Kind::time;
    os::Duration after{};       ///< since the device stands on its line
    std::uint16_t command = 0;  ///< as the family numbers it; 0 is any
    std::uint64_t nth = 1;      ///< command or byte, from 1, since the device stands on its line
    /// Of a command: it has been carried out, and no byte of its answer has left; else it has come
    /// and will be carried out.
    bool done = false;
    simulators::Side side = simulators::Side::host;  ///< whose byte
};

/// What happens: a fault, or the power.
struct Happening {
    std::optional<simulators::Fault> fault{};
    bool power = false;  ///< switched to, where there is no fault
    os::Duration off{};  ///< the power returns after that; zero: it stays off
};

struct Event {
    Trigger when{};
    Happening what{};
    std::uint32_t line = 0;  ///< of the file, for the log
};

/// One exchange of an example host.
struct Talk {
    base::Bytes say{};
    base::Bytes hears{};
    bool hears_more = false;  ///< `hears` is only how it begins
    /// `say` and `hears` are messages: the first link layer's procedure is around them.
    bool message = false;
    os::Duration wait = std::chrono::milliseconds(500);
    std::uint32_t line = 0;
};

struct Scenario {
    std::string about;
    ServeArguments serve{};
    std::vector<Happening> start{};
    std::vector<Event> events{};
    std::vector<Talk> talk{};
    std::optional<std::int64_t> expect_documents{};
    std::optional<std::int64_t> expect_transactions{};  ///< of a card terminal, stored ones
    std::optional<std::string> expect_on_tape{};
};

/// A scenario as simulators/README.md describes it. `name` stands in front of errors.
/// Errors: config_invalid with NAME:LINE:COLUMN and what would be right. Total.
base::Result<Scenario> parse_scenario(std::string_view text, const std::string& name);
/// The same of a file. Errors: those, too_large, and config_invalid if it cannot be read.
base::Result<Scenario> read_scenario(const std::string& path);

}  // namespace tillhost::devsim
