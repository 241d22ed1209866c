#include "simulators/devsim/arguments.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "simulators/core/scanner_control.h"
#include "simulators/fiscal/families.h"

namespace tillhost::devsim {
namespace {

using base::bad_field;
using Words = std::span<const std::string>;

std::string all_families() {
    std::string names;
    for (const auto& family : simulators::fiscal::families()) {
        names += names.empty() ? "" : ", ";
        names += family.name;
    }
    return fmt::format("{}, {}, {}, {}, {}", names, kFamilyZvt, kFamilyScanner, kFamilyEscpos,
                       kFamilyFido2);
}

template <class Number>
base::Done set_number(Number& target, std::string_view option, std::string_view value, Number min,
                      Number max) {
    Number number{};
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error != std::errc{} || end != value.data() + value.size() || number < min ||
        number > max) {
        return bad_field(option, fmt::format("a number from {} to {}", min, max));
    }
    target = number;
    return {};
}

base::Done set_word(std::string& target, std::string_view option, const std::string& value,
                    std::span<const std::string_view> words) {
    if (std::find(words.begin(), words.end(), value) == words.end()) {
        return bad_field(option, fmt::format("one of {}", fmt::join(words, ", ")));
    }
    target = value;
    return {};
}

/// Those of a receipt printer that are one of some words; nothing if it is another option.
std::optional<base::Done> apply_printer_choice(ServeArguments& serve, std::string_view option,
                                               const std::string& value) {
    constexpr std::array<std::string_view, 4> kModels{"full", "no_mark", "clone", "mute"};
    constexpr std::array<std::string_view, 3> kFlows{"line", "xonxoff", "none"};
    constexpr std::array<std::string_view, 2> kLevels{"high", "low"};
    constexpr std::array<std::string_view, 2> kYesNo{"yes", "no"};
    if (option == "--model") {
        return set_word(serve.model, option, value, kModels);
    }
    if (option == "--flow") {
        return set_word(serve.flow, option, value, kFlows);
    }
    if (option == "--drawer-open") {
        return set_word(serve.drawer_open, option, value, kLevels);
    }
    if (option == "--old-interface") {
        return set_word(serve.old_interface, option, value, kYesNo);
    }
    return std::nullopt;
}

/// The same of a security token.
std::optional<base::Done> apply_token_choice(ServeArguments& serve, std::string_view option,
                                             const std::string& value) {
    constexpr std::array<std::string_view, 3> kAttestations{"maker", "self", "none"};
    constexpr std::array<std::string_view, 3> kNumbers{"detect", "yes", "no"};
    constexpr std::array<std::string_view, 2> kYesNo{"yes", "no"};
    if (option == "--attestation") {
        return set_word(serve.attestation, option, value, kAttestations);
    }
    if (option == "--report-number") {
        return set_word(serve.report_number, option, value, kNumbers);
    }
    if (option == "--pin" || option == "--always-uv") {
        return set_word(option == "--pin" ? serve.pin : serve.always_uv, option, value, kYesNo);
    }
    return std::nullopt;
}

/// The options that are one of some words.
base::Done apply_choice(ServeArguments& serve, std::string_view option, const std::string& value) {
    constexpr std::array<std::string_view, 3> kFfd{"1.05", "1.1", "1.2"};
    constexpr std::array<std::string_view, 3> kLinks{"1", "2", "both"};
    constexpr std::array<std::string_view, 2> kTags{"behind", "before"};
    constexpr std::array<std::string_view, 3> kPolicies{"reverse", "keep", "decline"};
    constexpr std::array<std::string_view, 4> kCurrencies{"EUR", "RUB", "PLN", "CHF"};
    constexpr std::array<std::string_view, 3> kBusy{"ignore", "wait", "refuse"};
    constexpr std::array<std::string_view, 6> kSuffixes{"cr", "lf", "crlf", "tab", "etx", "none"};
    if (option == "--policy") {
        return set_word(serve.policy, option, value, kPolicies);
    }
    if (const auto printer = apply_printer_choice(serve, option, value)) {
        return *printer;
    }
    if (const auto token = apply_token_choice(serve, option, value)) {
        return *token;
    }
    if (option == "--busy") {
        return set_word(serve.busy, option, value, kBusy);
    }
    if (option == "--currency") {
        return set_word(serve.currency, option, value, kCurrencies);
    }
    if (option == "--ffd") {
        return set_word(serve.ffd, option, value, kFfd);
    }
    if (option == "--link") {
        return set_word(serve.link, option, value, kLinks);
    }
    if (option == "--operation-tags") {
        return set_word(serve.operation_tags, option, value, kTags);
    }
    if (option == "--suffix") {
        return set_word(serve.suffix, option, value, kSuffixes);
    }
    return bad_field(option, "an option that devsim --help names");
}

}  // namespace

base::Done apply_option(ServeArguments& serve, std::string_view option, const std::string& value) {
    const std::array texts{
        std::pair{"--pty", &serve.pty},           std::pair{"--tcp", &serve.tcp},
        std::pair{"--state", &serve.state},       std::pair{"--serial", &serve.serial},
        std::pair{"--control", &serve.control},   std::pair{"--memory", &serve.memory},
        std::pair{"--password", &serve.password}, std::pair{"--prefix", &serve.prefix},
        std::pair{"--pages", &serve.pages}};
    for (const auto& [name, target] : texts) {
        if (option == name) {
            *target = value;
            return {};
        }
    }
    constexpr std::int64_t kMs = 60'000, kDayMin = 1440, kBaud = 10'000'000;
    if (option == "--seed") {
        return set_number<std::uint64_t>(serve.seed, option, value, 0,
                                         std::numeric_limits<std::uint64_t>::max());
    }
    if (option == "--pace") {
        return set_number<std::int64_t>(serve.pace_baud, option, value, 0, kBaud);
    }
    if (option == "--speed") {
        return set_number<std::int64_t>(serve.speed, option, value, 0, kBaud);
    }
    if (option == "--columns") {
        return set_number(serve.columns, option, value, 32, 48);
    }
    const std::array times{std::pair{"--command-ms", &serve.command_ms},
                           std::pair{"--position-ms", &serve.position_ms},
                           std::pair{"--document-ms", &serve.document_ms},
                           std::pair{"--line-ms", &serve.line_ms},
                           std::pair{"--card-ms", &serve.card_ms},
                           std::pair{"--host-ms", &serve.host_ms}};
    for (const auto& [name, target] : times) {
        if (option == name) {
            return set_number<std::int64_t>(*target, option, value, 0, kMs);
        }
    }
    if (option == "--touch-ms") {
        return set_number<std::int64_t>(serve.touch_ms, option, value, -1, kMs);
    }
    if (option == "--utc-offset") {
        return set_number<std::int64_t>(serve.utc_offset_min, option, value, -kDayMin, kDayMin);
    }
    if (option == "--short-status") {
        return set_number(serve.short_status, option, value, 16, 17);
    }
    if (option == "--buffer") {
        return set_number<std::int64_t>(serve.buffer, option, value, 45, 1024 * 1024);
    }
    if (option == "--drawer-pin") {
        return set_number(serve.drawer_pin, option, value, 2, 5);
    }
    if (option == "--full-status") {
        return set_number(serve.full_status, option, value, 48, 50);
    }
    return apply_choice(serve, option, value);
}

base::Done apply_options(ServeArguments& serve, Words words) {
    for (std::size_t i = 0; i < words.size(); i += 2) {
        if (i + 1 == words.size()) {
            return bad_field(words[i], "an option with a value behind it");
        }
        TRY(apply_option(serve, words[i], words[i + 1]));
    }
    if (!serve.pty.empty() && !serve.tcp.empty()) {
        return bad_field("--tcp", "either a pty or a TCP port");
    }
    if (serve.speed != 0 && !serve.tcp.empty()) {
        return bad_field("--speed", "not of a TCP port");
    }
    return {};
}

base::Done check_family(std::string_view name) {
    return name == kFamilyZvt || name == kFamilyScanner || name == kFamilyEscpos ||
                   name == kFamilyFido2 || simulators::fiscal::find_family(name) != nullptr
               ? base::Done{}
               : bad_field(name, "a family that exists: " + all_families());
}

namespace {

base::Result<Arguments> parse_serve(Words words) {
    ServeArguments serve{.family = words[0]};
    TRY(check_family(serve.family));
    TRY(apply_options(serve, words.subspan(1)));
    return Arguments{.serve = std::move(serve)};
}

Arguments parse_service(Words words) {
    ServiceArguments service{.name = words[0]};
    for (std::size_t i = 1; i < words.size(); ++i) {
        service.help = service.help || words[i] == "--help" || words[i] == "-h";
        if (words[i] == "--control" && i + 1 < words.size()) {
            service.control = words[i + 1];
        }
        service.options.push_back(words[i]);
    }
    return Arguments{.service = std::move(service)};
}

base::Result<Arguments> parse_scenario_words(Words words, bool check) {
    if (words.empty() || (check && words.size() != 1)) {
        return bad_field("SCENARIO", "the path of a scenario, as in simulators/scenarios");
    }
    ServeArguments tried;  // mistakes are told before the file is read
    TRY(apply_options(tried, words.subspan(1)));
    ScenarioArguments scenario{.path = words[0], .check = check};
    scenario.options.assign(words.begin() + 1, words.end());
    return Arguments{.scenario = std::move(scenario)};
}

base::Result<Arguments> parse_named_words(ControlArguments control, Words words) {
    if (words.empty()) {
        return control.question == Question::scan
                   ? bad_field("scan", "the code, in which \\x1D is a byte")
                   : bad_field("NAME", "the name of a fault or an act; --help lists them");
    }
    control.name = words[0];
    for (const std::string& word : words.subspan(1)) {
        const auto equals = word.find('=');
        if (equals == std::string::npos) {
            return bad_field(word, "key=value");
        }
        control.keys.emplace_back(word.substr(0, equals), word.substr(equals + 1));
    }
    return Arguments{.control = std::move(control)};
}

base::Result<Arguments> parse_control(Words all) {
    ControlArguments control;
    std::vector<std::string> words;
    for (const std::string& word : all) {
        if (word == "--json") {
            control.json = true;
        } else {
            words.push_back(word);
        }
    }
    if (words.size() < 2) {
        return bad_field("ctl",
                         "ctl ENDPOINT fault NAME [k=v…] | do NAME [k=v…] | scan CODE [k=v…] | "
                         "state | documents | transactions | tape | line [anew] | power on|off");
    }
    control.endpoint = words[0];
    const std::string& verb = words[1];
    if (verb == "fault" || verb == "scan" || verb == "do") {
        control.question = verb == "fault"  ? Question::fault
                           : verb == "scan" ? Question::scan
                                            : Question::act;
        return parse_named_words(std::move(control), Words(words).subspan(2));
    }
    const bool on_or_off = words.size() == 3 && (words[2] == "on" || words[2] == "off");
    if (verb == "power" && on_or_off) {
        control.question = Question::power;
        control.power_on = words[2] == "on";
        return Arguments{.control = std::move(control)};
    }
    if (verb == "line" && words.size() == 3 && words[2] == "anew") {
        control.question = Question::line;
        control.anew = true;
        return Arguments{.control = std::move(control)};
    }
    constexpr std::array<std::pair<std::string_view, Question>, 5> kPlain{
        {{"state", Question::state},
         {"documents", Question::documents},
         {"transactions", Question::transactions},
         {"tape", Question::tape},
         {"line", Question::line}}};
    for (const auto& [name, question] : kPlain) {
        if (verb == name && words.size() == 2) {
            control.question = question;
            return Arguments{.control = std::move(control)};
        }
    }
    return bad_field(verb,
                     "fault NAME [k=v…], scan CODE [k=v…], state, documents, transactions, tape, "
                     "line [anew], or power on|off");
}

}  // namespace

base::Result<Arguments> parse_arguments(std::span<const std::string> words) {
    if (!words.empty() && words[0].starts_with(kServices)) {
        return words[0] == kAccounting || words[0] == kApps
                   ? base::Result<Arguments>(parse_service(words))
                   : bad_field(words[0], fmt::format("{} or {}", kAccounting, kApps));
    }
    for (const std::string& word : words) {
        if (word == "--help" || word == "-h") {
            return Arguments{.help = true};
        }
    }
    if (words.empty()) {
        return bad_field("FAMILY", "one of " + all_families() + ", or run, check, ctl");
    }
    if (words[0] == "run" || words[0] == "check") {
        return parse_scenario_words(words.subspan(1), words[0] == "check");
    }
    return words[0] == "ctl" ? parse_control(words.subspan(1)) : parse_serve(words);
}

namespace {

constexpr std::string_view kWhatToReachFor = R"(What to reach for with ctl:
  the host is not heard      fault lose side=host unit=control        (its next ENQ)
  the device is not heard    fault lose side=device unit=control      (its next ACK or NAK)
  the answer is lost         fault lose side=device                   (it was carried out)
  NAK, three times           fault refuse_frames count=3
  a spoiled checksum         fault bad_checksum side=device count=2
  power at byte 7            fault power_cut side=host at=7 off_ms=500
  a slow command             fault slow_command command=0xE0 ms=15000
  another host               fault other_master count=2, fault foreign_receipt operator=5
  a second TCP client        fault second_client mode=steal
  a card is declined         fault card outcome=declined code=5       (payment/zvt)
  a result is never sent     fault quirk kind=hang_up_before_status   (payment/zvt)
  the paper ends in a job    fault paper_out after=3                  (printer/escpos)
  it is not known if printed fault lose side=device count=2           (printer/escpos)
  nobody touches the token   fault touch ms=-1                        (dongle/fido2)
  another dongle, wiped      fault forget                             (dongle/fido2)
  foreign bytes              fault noise byte=0xFF count=4
)";

constexpr std::string_view kServiceHelp =
    "\nNeighbours of sumpd, clients without a line: devsim services/accounting --help,\n"
    "devsim services/apps --help\n";

constexpr std::string_view kPrinterOptions =
    R"(  --model full|no_mark|clone|mute what a receipt printer can: everything; no completion
                                  mark; nor automatic status, and odd status bytes; it never
                                  answers
  --buffer BYTES, --flow line|xonxoff|none   its receive buffer (4096), and how it holds its host
                                  back: by the line (a port's window, a pty not read), by bytes
  --pages N=PAGE,...              code pages under numbers of its own, as 7=866,6=1251
  --drawer-pin 2|5, --drawer-open high|low   where the drawer hangs (2), and what pin 3 says of it
  --old-interface yes|no          real-time commands are found inside pictures too (no)
)";

constexpr std::string_view kTokenOptions =
    R"(  --attestation maker|self|none   who vouches for a security token's credentials: the
                                  simulator's own maker, the credential itself, nobody (maker)
  --touch-ms MS                   until somebody touches it when it asks (0); -1: nobody does
  --pin yes|no, --always-uv yes|no   it has a PIN; it wants it for every signature (no)
  --report-number detect|yes|no   a byte 00 stands before each report of the host (detect)
)";

}  // namespace

std::string help_text() {
    return fmt::format(R"(devsim: simulated devices. A test tool; it stands for no real device.

usage: devsim FAMILY [--pty PATH | --tcp HOST:PORT] [--state DIR] [--control ENDPOINT] [options]
       devsim run SCENARIO.toml [options]      a device to which a scenario happens
       devsim check SCENARIO.toml              plays the scenario's own talk, and ends
       devsim ctl ENDPOINT fault NAME [k=v...] | do NAME [k=v...] | scan CODE [k=v...] |
             state | documents | transactions | tape | line [anew] | power on|off  [--json]

FAMILY: {}

  --pty PATH        speak on a pseudo terminal and put a link to it at PATH
  --tcp HOST:PORT   speak on a TCP port; port 0 takes a free one. One client at a time
                    (neither: a pseudo terminal without a link)
  --state DIR       keep the device's memory in DIR; it outlives kill -9. Without: in memory
  --control PATH    a UNIX socket for devsim ctl: one JSON object a line each way
  --seed N          what looks random comes from it (default 1)
  --pace BAUD       pass bytes as a line of that speed; keeps a processor busy (default: at once)
  --speed BAUD      on a pty: the device's own speed; a host that sets another one and the device
                    do not understand each other (default: any)
  --serial DIGITS   serial number       --memory DIGITS   number of the fiscal memory (16)
  --columns N       width of the paper, 32 to 48 (default 42)
  --command-ms MS, --position-ms MS, --document-ms MS   time of a command (default 2), of a
                    receipt's position (2), of what the fiscal storage signs (30)
  --line-ms MS      time to print one line (default 5)
  --utc-offset MIN  minutes that the device's clock is ahead of UTC (default 0)
  --short-status 16|17, --full-status 48|50   lengths of the answers 10h and 11h
  --ffd 1.05|1.1|1.2              format of the documents (default 1.05)
  --link 1|2|both                 link layers that the device speaks (default both; the first byte
                                  after power on chooses)
  --operation-tags behind|before  where a position's tags and marking code go (default: as the
                                  model wants them; the one played has them before)
  --suffix cr|lf|crlf|tab|etx|none, --prefix TEXT   what a scanner sends around a code (default cr)
  --password DIGITS               of a card terminal (6; default: any is right)
  --currency EUR|RUB|PLN|CHF      the only one that a card terminal takes (default EUR)
  --policy reverse|keep|decline   what a card terminal does with what the till has not confirmed
  --busy ignore|wait|refuse       and with a command out of turn
  --card-ms MS, --host-ms MS      until a card is in (200), until the host answers (300)
{}{}{}
When it is ready it prints one line: "ready FAMILY on ADDRESS seed N". SIGTERM ends it.

Example: a registrar, a lost answer, and what it registered nevertheless
  devsim fiscal/shtrih --pty /tmp/till --state /tmp/till.state --control /tmp/till.ctl &
  devsim ctl /tmp/till.ctl fault lose side=device nth=1
  devsim ctl /tmp/till.ctl documents
  devsim ctl /tmp/till.ctl tape

Example: lose the answer to the first FF45h, then cut the power in the middle of the next one
  devsim check simulators/scenarios/lost-close.toml
  devsim run simulators/scenarios/lost-close.toml --pty /tmp/till --control /tmp/till.ctl

{}
Faults (fault NAME [k=v...]):
{}
Scans (scan CODE [k=v...]): \x1D in CODE is a byte; hex:30 31 are the bytes themselves
{}Exit: 0 done, 1 failed, 2 usage, 4 no simulator at ENDPOINT
)",
                       all_families(), kPrinterOptions, kTokenOptions, kServiceHelp,
                       kWhatToReachFor, simulators::fault_help(), simulators::barcode_read_help());
}

}  // namespace tillhost::devsim
