#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hal/base/result.h"
#include "simulators/core/fault.h"

namespace tillhost::devsim {

/// The family that knows more options than the others.
inline constexpr std::string_view kFamilyShtrih = "fiscal/shtrih";
/// The family of card terminals.
inline constexpr std::string_view kFamilyZvt = "payment/zvt";
/// The family of barcode scanners.
inline constexpr std::string_view kFamilyScanner = "scanner/serial";

/// The family of receipt printers.
inline constexpr std::string_view kFamilyEscpos = "printer/escpos";
/// The family of security tokens.
inline constexpr std::string_view kFamilyFido2 = "dongle/fido2";
/// What begins the names of simulated neighbours, which are clients and have no line.
inline constexpr std::string_view kServices = "services/";
inline constexpr std::string_view kAccounting = "services/accounting";
inline constexpr std::string_view kApps = "services/apps";

/// devsim FAMILY …
struct ServeArguments {
    std::string family{};
    std::string pty{};  ///< where the link to the pty's slave stands; empty: none
    std::string tcp{};  ///< HOST:PORT; empty: a pty
    std::string state{};
    std::string control{};
    std::uint64_t seed = 1;
    std::int64_t pace_baud = 0;
    std::int64_t speed = 0;  ///< of its pty, baud; 0: whatever the host sets
    std::string serial{};
    std::string memory{};
    int columns = 42;
    std::int64_t command_ms = 2;
    std::int64_t position_ms = 2;
    std::int64_t document_ms = 30;
    std::int64_t line_ms = 5;
    std::int64_t utc_offset_min = 0;
    int short_status = 17;
    int full_status = 50;
    std::string ffd = "1.05";           ///< 1.05, 1.1, 1.2
    std::string link = "both";          ///< 1, 2, both
    std::string operation_tags{};       ///< behind their operation, or before it; empty: by model
    std::string suffix = "cr";          ///< of a scanner: cr, lf, crlf, tab, etx, none
    std::string prefix{};               ///< of a scanner
    std::string password{};             ///< of a card terminal; empty: any is right
    std::string policy = "reverse";     ///< of a card terminal: reverse, keep, decline
    std::string currency = "EUR";       ///< of a card terminal: EUR, RUB, PLN, CHF
    std::string busy = "ignore";        ///< of a card terminal: ignore, wait, refuse
    std::int64_t card_ms = 200;         ///< of a card terminal: until card and PIN are given
    std::int64_t host_ms = 300;         ///< of a card terminal: until its host answers
    std::string model = "full";         ///< of a receipt printer: full, no_mark, clone, mute
    std::string flow = "line";          ///< of a receipt printer: line, xonxoff, none
    std::int64_t buffer = 4096;         ///< of a receipt printer: its receive buffer, bytes
    std::string pages{};                ///< of a receipt printer: "7=866,6=1251"
    int drawer_pin = 2;                 ///< of a receipt printer: 2 or 5
    std::string drawer_open = "high";   ///< of a receipt printer: level of pin 3, high or low
    std::string old_interface = "no";   ///< of a receipt printer: yes or no
    std::string attestation = "maker";  ///< of a token: maker, self, none
    std::string report_number = "detect";  ///< of a token: before the host's reports; yes, no
    std::string pin = "no";                ///< of a token: yes or no
    std::string always_uv = "no";          ///< of a token: yes or no
    std::int64_t touch_ms = 0;             ///< of a token: until it is touched; below 0: never
};

/// devsim run SCENARIO [options], devsim check SCENARIO
struct ScenarioArguments {
    std::string path{};
    bool check = false;  ///< play its talk on virtual time and end
    std::vector<std::string> options{};
};

enum class Question : std::uint8_t {
    fault,
    state,
    documents,
    transactions,
    tape,
    power,
    scan,
    line,
    act  ///< of a simulated neighbour only
};

/// devsim ctl ENDPOINT …
struct ControlArguments {
    std::string endpoint{};
    Question question = Question::state;
    std::string name{};  ///< of the fault or the act; of a scan the code, in words
    std::vector<std::pair<std::string, std::string>> keys{};
    bool power_on = false;
    bool anew = false;  ///< the figures of the line begin again once they are told
    bool json = false;
};

/// devsim services/NAME …
struct ServiceArguments {
    std::string name{};
    std::string control{};  ///< empty: nobody can ask it
    bool help = false;
    std::vector<std::string> options{};  ///< words behind the name, read by the service itself
};

struct Arguments {
    bool help = false;
    std::optional<ServiceArguments> service{};
    std::optional<ServeArguments> serve{};
    std::optional<ControlArguments> control{};
    std::optional<ScenarioArguments> scenario{};
};

/// One option of the command line, "--columns" and its value. Errors: bad_field.
base::Done apply_option(ServeArguments& serve, std::string_view option, const std::string& value);
/// All of them. Errors: bad_field.
base::Done apply_options(ServeArguments& serve, std::span<const std::string> words);
/// Errors: bad_field(family) with those that exist.
base::Done check_family(std::string_view name);

/// The words behind the program's name. Errors: bad_field with the word and what would be right.
base::Result<Arguments> parse_arguments(std::span<const std::string> words);

/// What --help prints.
std::string help_text();

}  // namespace tillhost::devsim
