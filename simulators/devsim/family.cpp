#include "simulators/devsim/family.h"

#include <algorithm>
#include <charconv>

#include "hal/os/files.h"
#include "simulators/dongle/fido2/token.h"
#include "simulators/fiscal/families.h"
#include "simulators/fiscal/shtrih/registrar.h"
#include "simulators/payment/zvt/terminal.h"
#include "simulators/printer/escpos/printer.h"
#include "simulators/scanner/serial/scanner.h"

namespace tillhost::devsim {
namespace {

constexpr unsigned kFolderMode = 0750;

using Store = std::shared_ptr<simulators::FiscalStore>;
using Device = std::unique_ptr<simulators::Simulator>;
using Made = base::Result<Device>;

base::Result<Store> open_store(const ServeArguments& arguments) {
    if (arguments.state.empty()) {
        return Store(std::make_shared<simulators::MemoryFiscalStore>());
    }
    TRY(os::make_folder(arguments.state, kFolderMode));
    std::string file = arguments.family;
    std::replace(file.begin(), file.end(), '/', '-');
    // What a terminal has told the till is compared with the till's book after any crash.
    const auto durability = arguments.family == kFamilyZvt ? simulators::Durability::disk
                                                           : simulators::Durability::kernel;
    std::unique_ptr<simulators::FileFiscalStore> store = TRY(simulators::FileFiscalStore::open(
        arguments.state + "/" + file + ".memory", arguments.family, durability));
    return Store(std::move(store));
}

base::Done check_digits(std::string_view option, std::string_view value, std::size_t length) {
    const bool digits = value.find_first_not_of("0123456789") == std::string_view::npos;
    if (!value.empty() && (!digits || value.size() != length)) {
        return base::bad_field(option, std::to_string(length) + " digits");
    }
    return {};
}

std::int64_t clock_ms_at_zero(const ServeArguments& arguments, const os::Clock& clock) {
    constexpr std::int64_t kMsAMinute = 60'000;
    const auto since =
        std::chrono::duration_cast<std::chrono::milliseconds>(clock.now().time_since_epoch());
    return clock.unix_ms() - since.count() + arguments.utc_offset_min * kMsAMinute;
}

Made make_shtrih(const ServeArguments& arguments, const os::Clock& clock, Store store) {
    constexpr std::size_t kDigits = 16;
    TRY(check_digits("--serial", arguments.serial, kDigits));
    TRY(check_digits("--memory", arguments.memory, kDigits));
    simulators::shtrih::ShtrihOptions options;
    options.seed = arguments.seed;
    options.clock_ms_at_zero = clock_ms_at_zero(arguments, clock);
    options.serial = arguments.serial.empty() ? options.serial : arguments.serial;
    options.fn_number = arguments.memory.empty() ? options.fn_number : arguments.memory;
    options.paper_columns = arguments.columns;
    options.command_time = std::chrono::milliseconds(arguments.command_ms);
    options.position_time = std::chrono::milliseconds(arguments.position_ms);
    options.document_time = std::chrono::milliseconds(arguments.document_ms);
    options.line_time = std::chrono::milliseconds(arguments.line_ms);
    options.short_status_17 = arguments.short_status == 17;
    options.full_status_50 = arguments.full_status == 50;
    options.link.tcp = !arguments.tcp.empty();
    options.link.variant1 = arguments.link != "2";
    options.link.variant2 = arguments.link != "1";
    options.ffd = arguments.ffd == "1.2" ? 4 : arguments.ffd == "1.1" ? 3 : 2;
    if (!arguments.operation_tags.empty()) {
        options.operation_tags_first = arguments.operation_tags == "before";
    }
    options.store = std::move(store);
    return Device(TRY(simulators::shtrih::make_shtrih_registrar(options)));
}

Made make_plain(const ServeArguments& arguments, const os::Clock& clock, Store store) {
    // parse_arguments() has found the family.
    const auto* family = simulators::fiscal::find_family(arguments.family);
    INVARIANT(family != nullptr);
    simulators::PlainOptions options;
    options.seed = arguments.seed;
    options.clock_ms_at_zero = clock_ms_at_zero(arguments, clock);
    options.serial = arguments.serial;
    options.store = std::move(store);
    return Device(TRY(family->make(options)));
}

/// ISO 4217.
std::uint16_t currency_number(std::string_view name) {
    return name == "RUB" ? 643 : name == "PLN" ? 985 : name == "CHF" ? 756 : 978;
}

Made make_zvt(const ServeArguments& arguments, const os::Clock& clock, Store store) {
    using simulators::zvt::Busy;
    using simulators::zvt::Policy;
    simulators::zvt::ZvtOptions options;
    options.seed = arguments.seed;
    options.clock_ms_at_zero = clock_ms_at_zero(arguments, clock);
    options.terminal_id = arguments.serial.empty() ? options.terminal_id : arguments.serial;
    options.password = arguments.password;
    options.tcp = !arguments.tcp.empty();
    options.currency = currency_number(arguments.currency);
    options.currency_name = arguments.currency;
    options.policy = arguments.policy == "keep"      ? Policy::keep
                     : arguments.policy == "decline" ? Policy::decline
                                                     : Policy::reverse;
    options.busy = arguments.busy == "wait"     ? Busy::wait
                   : arguments.busy == "refuse" ? Busy::refuse
                                                : Busy::ignore;
    options.card_time = std::chrono::milliseconds(arguments.card_ms);
    options.host_time = std::chrono::milliseconds(arguments.host_ms);
    options.store = std::move(store);
    return Device(TRY(simulators::zvt::make_zvt_terminal(options)));
}

Made make_scanner(const ServeArguments& arguments) {
    simulators::scanner_serial::ScannerOptions options;
    options.suffix = TRY(simulators::scanner_serial::suffix_bytes(arguments.suffix));
    options.prefix = arguments.prefix;
    options.seed = arguments.seed;
    return Device(simulators::scanner_serial::make_scanner(options));
}

/// "7=866,6=1251". Errors: bad_field(--pages).
base::Result<std::map<std::uint8_t, std::string>> parse_pages(std::string_view text) {
    std::map<std::uint8_t, std::string> pages;
    while (!text.empty()) {
        const auto comma = text.find(',');
        const std::string_view row = text.substr(0, comma);
        text = comma == std::string_view::npos ? "" : text.substr(comma + 1);
        const auto equals = row.find('=');
        std::uint8_t number = 0;
        const char* const end = row.data() + std::min(equals, row.size());
        const auto [stop, problem] = std::from_chars(row.data(), end, number);
        if (equals == std::string_view::npos || problem != std::errc{} || stop != end) {
            return base::bad_field("--pages", "N=PAGE,..., as 7=866,6=1251");
        }
        pages[number] = std::string(row.substr(equals + 1));
    }
    return pages;
}

Made make_printer(const ServeArguments& arguments, Store store) {
    using simulators::escpos::Flow;
    using simulators::escpos::Model;
    simulators::escpos::EscposOptions options;
    options.model = arguments.model == "no_mark" ? Model::no_mark
                    : arguments.model == "clone" ? Model::clone
                    : arguments.model == "mute"  ? Model::mute
                                                 : Model::full;
    options.flow = arguments.flow == "xonxoff" ? Flow::xon_xoff
                   : arguments.flow == "none"  ? Flow::none
                                               : Flow::line;
    options.serial = arguments.serial.empty() ? options.serial : arguments.serial;
    options.seed = arguments.seed;
    options.columns = arguments.columns;
    options.line_time = std::chrono::milliseconds(arguments.line_ms);
    options.buffer_bytes = static_cast<std::size_t>(arguments.buffer);
    options.pages = TRY(parse_pages(arguments.pages));
    options.drawer_pin = arguments.drawer_pin;
    options.drawer_open_high = arguments.drawer_open == "high";
    options.old_interface = arguments.old_interface == "yes";
    options.store = std::move(store);
    return Device(TRY(simulators::escpos::make_escpos_printer(options)));
}

Made make_token(const ServeArguments& arguments, Store store) {
    using simulators::fido2::Attestation;
    using simulators::fido2::ReportNumber;
    simulators::fido2::Fido2Options options;
    options.seed = arguments.seed;
    options.serial = arguments.serial.empty() ? options.serial : arguments.serial;
    options.attestation = arguments.attestation == "self"   ? Attestation::self
                          : arguments.attestation == "none" ? Attestation::none
                                                            : Attestation::maker;
    options.report_number = arguments.report_number == "yes"  ? ReportNumber::yes
                            : arguments.report_number == "no" ? ReportNumber::no
                                                              : ReportNumber::detect;
    options.pin_set = arguments.pin == "yes";
    options.always_uv = arguments.always_uv == "yes";
    options.command_time = std::chrono::milliseconds(arguments.command_ms);
    options.touch_after.reset();
    if (arguments.touch_ms >= 0) {
        options.touch_after = std::chrono::milliseconds(arguments.touch_ms);
    }
    options.store = std::move(store);
    return Device(TRY(simulators::fido2::make_fido2_token(options)));
}

/// At once, whatever the line's speed.
Made make_unpaced(const ServeArguments& arguments, const os::Clock& clock) {
    if (arguments.family == kFamilyScanner) {
        return make_scanner(arguments);  // it remembers nothing
    }
    Store store = TRY(open_store(arguments));
    if (arguments.family == kFamilyZvt) {
        return make_zvt(arguments, clock, std::move(store));
    }
    if (arguments.family == kFamilyEscpos) {
        return make_printer(arguments, std::move(store));
    }
    if (arguments.family == kFamilyFido2) {
        return make_token(arguments, std::move(store));
    }
    return arguments.family == kFamilyShtrih ? make_shtrih(arguments, clock, std::move(store))
                                             : make_plain(arguments, clock, std::move(store));
}

base::Done pace(simulators::Simulator& device, const ServeArguments& arguments,
                const os::Clock& clock) {
    if (arguments.pace_baud == 0) {
        return {};
    }
    const simulators::Fault slow{.kind = simulators::FaultKind::slow, .baud = arguments.pace_baud};
    return device.inject(slow, clock.now());
}

}  // namespace

Made make_device(const ServeArguments& arguments, const os::Clock& clock) {
    Device device = TRY(make_unpaced(arguments, clock));
    TRY(pace(*device, arguments, clock));
    return device;
}

}  // namespace tillhost::devsim
