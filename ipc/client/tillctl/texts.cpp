#include "ipc/client/tillctl/texts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "hal/base/money.h"
#include "ipc/client/tillctl/admin.h"
#include "ipc/client/tillctl/language.h"
#include "ipc/contract/envelope.h"

namespace tillhost::tillctl {
namespace {

using contract::OperationState;

constexpr int kDecimals = 2;

using HelpRow = std::pair<std::string_view, std::string_view>;
constexpr auto kHelp = std::to_array<HelpRow>({
    {"tillctl", "Speaks to devd, the device host of a shop."},
    {"tillctl.examples", R"(
Examples:
  tillctl add                               sets up a device, asking step by step
  tillctl devices                           what is connected, and what is wrong with it
  tillctl doctor                            what to do about it
  tillctl shift kassa open
  tillctl receipt kassa receipt.json        sells; prints the fiscal document number and sign
  tillctl operations --unsettled            what waits, runs or is in doubt
  tillctl operation 0190b8f2-7c1e-7a00-8000-000000000001

"tillctl VERB --help" says more. With --json the answer is JSON on standard output: the messages of
docs/ipc, fields that have their default left out, or {"error": {...}}.

Exit status: 0 done · 1 failed, the device did not act · 2 wrong command line or file ·
3 in doubt, or not known yet: ask again by the id, sell nothing else in its place · 4 no devd)"},
    {"json", "print JSON instead of text"},
    {"endpoint", "where devd listens; default ipc://$TILLHOST_RUNTIME_DIR/devd.sock"},
    {"timeout", "how long to wait for an outcome (default 60)"},
    {"device", "id of the device, as tillctl devices shows it"},
    {"id",
     "id of the operation (UUID version 7); the same id and content are carried out once, "
     "however often they are handed over"},
    {"sale_ref", "your own number of the sale"},
    {"force", "hand over although an equal operation is not finished or not acknowledged"},
    {"cashier", "name of the person, as printed"},
    {"tax_id", "tax id of that person (12 digits)"},
    {"devices", "Lists the devices."},
    {"status", "Shows one device as devd knows it; asks no device unless told so."},
    {"status.ask", "ask the device itself"},
    {"receipt", "Registers a receipt and prints it."},
    {"receipt.file", "the receipt as JSON"},
    {"receipt.examples", R"(
Two lines, paid in cash (money in kopecks, whole numbers; see docs/ipc/fiscal_registrar.md):
  {"kind": "sale",
   "lines": [{"name": "Tea", "price_minor": 12000, "quantity_units": 2, "vat": "standard"},
             {"name": "Apples", "price_minor": 9990, "quantity_units": 485, "quantity_scale": 3,
              "vat": "vat_10"}],
   "payments": [{"kind": "cash", "amount_minor": 30000}]}

The operation's id is printed before anything is sent. If the answer is lost, ask by it:
  tillctl operation ID       what became of it
  tillctl settle ID          the same, and if devd never got it, it never will
or hand over the same file again under it; that never makes a second receipt:
  tillctl receipt kassa receipt.json --id ID)"},
    {"shift", "Opens or closes the shift."},
    {"shift.action", "open, or close (prints the Z report)"},
    {"shift.examples", "\nExample: tillctl shift kassa open --cashier \"Petrova A.\""},
    {"cash", "Registers cash put into the drawer or taken out."},
    {"cash.direction", "in or out"},
    {"cash.amount", "amount, such as 500 or 499.90"},
    {"cash.examples", "\nExample: tillctl cash kassa in 1500.00"},
    {"report", "Prints a report that changes nothing."},
    {"report.x", "x: the running shift"},
    {"print", "Prints lines that are no fiscal document."},
    {"print.text", "one word an argument is one line: quote lines that have blanks"},
    {"print.examples", "\nExample: tillctl print kassa \"Closed on Sunday\" \"Thank you\""},
    {"cut", "Cuts the paper."},
    {"cut.full", "cut it through; default: leave a bridge"},
    {"drawer", "Opens the cash drawer."},
    {"operations", "Lists operations, newest first."},
    {"operations.device", "only of this device"},
    {"operations.unsettled", "only those that are not final"},
    {"operations.limit", "at most so many (default 100)"},
    {"operation", "Shows one operation; the exit status is that of its outcome."},
    {"operation.id", "id of the operation"},
    {"resolve", "Has the device asked once more about an operation in doubt; changes nothing."},
    {"cancel", "Cancels an operation that has not begun."},
    {"settle", "Makes sure of an id: shows its operation, or sees to it that it never is one."},
    {"acknowledge", "Says that the result is known; devd may forget the operation in time."},
    {"decide", "Settles an operation in doubt that the device itself cannot tell."},
    {"decide.verdict", "executed or not_executed"},
    {"decide.version", "version of the operation that you looked at"},
    {"decide.document", "fiscal document number on the paper; needed with executed"},
    {"decide.note", "who decided and why; kept for good"},
    {"decide.examples", R"(
Look at the paper first. The receipt is there:
  tillctl decide ID executed --version 4 --document 41 --note "Petrova: receipt 41 is on the roll"
It is not there, and the registrar's last document is the one before:
  tillctl decide ID not_executed --version 4 --note "Petrova: last document on the roll is 40"
Not executed ends it as failed, and it may be sold anew under a new id.)"},
    {"watch", "Shows what happens, one line each, until it is interrupted."},
    {"watch.count", "end after so many events"},
    {"watch.examples", R"(
  tillctl watch              states of all devices, and what a person should look at
  tillctl watch kassa        one device, with every step of its operations)"},
    {"health", "Says whether devd can do its work, and what is in its way; exit 1 if anything is."},
    {"metrics", "Prints devd's figures in the text format of Prometheus."},
    {"backup", "Has devd copy its operation book to a new file while it works."},
    {"backup.file", "the copy, on devd's machine, in a folder that devd may write"},
    {"backup.examples", R"(
Example: tillctl backup /var/lib/tillhost/backup/book-$(date +%F)
Only root and devd's own user may. To put it back: docs/operation.md.)"},
    {"decode", "Names every field of a frame of a device's protocol, damaged ones too."},
    {"decode.family", "family of the device, such as fiscal/shtrih"},
    {"decode.hex", "the bytes as hex digits"},
    {"decode.from", "who sent it, host or device; guessed frame by frame if absent"},
    {"record", "Records the line of a device into a file, secrets hidden, until off or its end."},
    {"record.action", "on or off"},
    {"record.file", "with on: the new file, on devd's machine; it must not be there yet"},
    {"record.wants", "on wants a file, off does not"},
    {"record.examples", "\nExample: tillctl record kassa on /var/tmp/kassa.recording"},
    {"replay", "Shows a recording of a line, every frame field by field."},
    {"replay.file", "the recording"},
    {"add.examples", R"(
  tillctl add                       asks step by step
  tillctl add fiscal/shtrih kassa port=serial:/dev/ttyUSB0?baud=115200 --name "Till 1"
  tillctl add fiscal/shtrih kassa2 port=tcp:192.168.1.5:7778 password=30)"},
    {"configure.examples", R"(
  tillctl configure kassa --show
  tillctl configure kassa port=serial:/dev/ttyACM0 --unset serial
  tillctl configure kassa --name "Till 2")"},
    {"decode.examples", "\nExample: tillctl decode fiscal/shtrih 02 05 10 1E 00 00 00 0B"},
});

constexpr auto kOwnHelp = std::to_array<std::pair<std::string_view, Text>>({
    {"models", Text::help_models},
    {"ports", Text::help_ports},
    {"ports.driver", Text::help_ports_driver},
    {"ports.address", Text::help_ports_address},
    {"add", Text::help_add},
    {"add.driver", Text::help_add_driver},
    {"add.settings", Text::help_add_settings},
    {"add.name", Text::help_add_name},
    {"add.no_test", Text::help_add_no_test},
    {"layout", Text::help_layout},
    {"layout.header", Text::help_layout_header},
    {"layout.footer", Text::help_layout_footer},
    {"configure", Text::help_configure},
    {"configure.settings", Text::help_configure_settings},
    {"configure.unset", Text::help_configure_unset},
    {"configure.show", Text::help_configure_show},
    {"remove", Text::help_remove},
    {"test", Text::help_test},
    {"doctor", Text::help_doctor},
    {"not_name_value", Text::help_not_name_value},
});

std::string money(std::int64_t minor) { return base::minor_to_text(minor, kDecimals); }

std::string row(std::string_view label, std::string_view value) {
    return fmt::format("{:<14}{}\n", label, value);
}

std::string known_row(std::string_view label, std::string_view value) {
    return value.empty() ? "" : row(label, value);
}

std::string age_text(std::int64_t ms) {
    constexpr std::int64_t kMinuteMs = 60'000;
    constexpr std::int64_t kHourMs = 60 * kMinuteMs;
    if (ms < 0) {
        return "never";
    }
    if (ms < kMinuteMs) {
        return fmt::format("{}.{} s ago", ms / 1000, ms % 1000 / 100);
    }
    return ms < kHourMs ? fmt::format("{} min ago", ms / kMinuteMs)
                        : fmt::format("{} h ago", ms / kHourMs);
}

std::string fiscal_status_text(const contract::FiscalStatus& status) {
    std::string text =
        row("registrar", fmt::format("{} {}", status.identity.serial, status.identity.model));
    if (!status.identity.fiscal_memory.empty()) {
        text += row("fiscal memory", status.identity.fiscal_memory);
    }
    if (status.shift_expired) {
        text += row("shift", fmt::format("{} OLDER THAN 24 HOURS: close it", status.shift_number));
    } else {
        text += row("shift", status.shift_open
                                 ? fmt::format("{} open, {} receipts", status.shift_number,
                                               status.receipt_number)
                                 : fmt::format("closed; the last was {}", status.shift_number));
    }
    text += row("paper", status.paper_present ? "yes" : "NONE: put in a roll");
    if (status.cover_open) {
        text += row("cover", "OPEN");
    }
    if (status.document_open) {
        text += row("document", "one is open on the registrar");
    }
    text += row("last document", std::to_string(status.last_document_number));
    if (status.unsent_documents > 0) {
        text += row("not sent", fmt::format("{} documents wait for the data operator",
                                            status.unsent_documents));
    }
    text += known_row("its clock", status.device_time);
    return text + known_row("firmware", status.firmware);
}

std::string printed_text(const contract::FiscalResult& result) {
    switch (result.printed) {
        case contract::Printed::printed: return row("printed", "yes");
        case contract::Printed::unspecified:
        case contract::Printed::printing:
            return row("printed", "it was still printing; if no paper comes, put in a roll");
        case contract::Printed::not_printed: break;
    }
    if (!result.registered) {
        return row("printed", "NO");
    }
    return row("printed",
               "NO. The document is in the fiscal memory and valid; only the paper is missing.") +
           row("", "Put in paper and print a copy. Do not sell again.");
}

std::string result_text(const contract::FiscalResult& result, bool prints) {
    std::string text =
        result.training ? row("training", "nothing was registered; this is no receipt") : "";
    const auto number = [&text](std::string_view label, std::int64_t value) {
        if (value != 0) {
            text += row(label, std::to_string(value));
        }
    };
    number("document", result.fiscal_document_number);
    number("fiscal sign", result.fiscal_sign);
    number("number", result.document_number);
    if (result.shift_number != 0) {
        text += row("shift",
                    result.receipt_number != 0
                        ? fmt::format("{}, receipt {}", result.shift_number, result.receipt_number)
                        : std::to_string(result.shift_number));
    }
    if (result.total_minor != 0) {
        text += row("total", money(result.total_minor));
    }
    if (result.change_minor != 0) {
        text += row("change", money(result.change_minor));
    }
    text += known_row("at", result.registered_at);
    text += prints ? printed_text(result) : "";
    if (!result.serial.empty()) {
        text += row("registrar",
                    result.fiscal_memory.empty()
                        ? result.serial
                        : fmt::format("{}, fiscal memory {}", result.serial, result.fiscal_memory));
    }
    return text;
}

/// What is known of an operation that is not done, and what to do.
std::string advice_text(const contract::Operation& operation) {
    const std::string id = operation.operation_id.to_text();
    switch (operation.state) {
        case OperationState::unspecified:
        case OperationState::done: return "";
        case OperationState::accepted:
        case OperationState::prepared:
            return fmt::format(
                "It is not finished yet. Do not hand it over under another id.\n"
                "  tillctl operation {0}   shows what becomes of it\n",
                id);
        case OperationState::in_doubt:
            return fmt::format(
                "It is not known whether the device did this: the line broke or the device fell\n"
                "silent after the deciding bytes. Do not sell it again. The device's other money\n"
                "operations wait; other devices go on.\n"
                "1. Connect the device and switch it on. devd asks it by itself.\n"
                "2. To have it asked now:\n"
                "     tillctl resolve {0}\n"
                "3. If it stays in doubt, look at the paper and decide. The document is there:\n"
                "     tillctl decide {0} executed --version {1} --document NUMBER --note TEXT\n"
                "   It is not there:\n"
                "     tillctl decide {0} not_executed --version {1} --note TEXT\n",
                id, operation.version);
        case OperationState::failed:
            return "The device did not act. A new attempt is a new operation.\n";
        case OperationState::cancelled:
        case OperationState::expired: return "It had not begun; the device did not act.\n";
        case OperationState::never_accepted:
            return "devd never had it and never will take it: nothing came of it.\n";
    }
    return "";
}

}  // namespace

std::string_view help_of(std::string_view key) {
    const auto own = std::find_if(kOwnHelp.begin(), kOwnHelp.end(),
                                  [key](const auto& one) { return one.first == key; });
    if (own != kOwnHelp.end()) {
        return text(user_language(), own->second);
    }
    const auto found = std::find_if(kHelp.begin(), kHelp.end(),
                                    [key](const HelpRow& one) { return one.first == key; });
    return found == kHelp.end() ? std::string_view() : found->second;
}

std::string devices_text(const std::vector<contract::Device>& devices) {
    if (devices.empty()) {
        return "No device is set up yet: tillctl add\n";
    }
    std::string text = fmt::format("{:<16} {:<18} {:<12} {:>5}  {}\n", "DEVICE", "DRIVER", "STATE",
                                   "QUEUE", "LAST ANSWER");
    for (const contract::Device& device : devices) {
        text += fmt::format("{:<16} {:<18} {:<12} {:>5}  {}\n", device.device, device.driver,
                            state_text(device.state), device.queue, age_text(device.last_ok_ms));
        if (!device.reason.empty()) {
            text += fmt::format("{:<16} {}\n", "", device.reason);
        }
    }
    return text;
}

std::string device_text(const contract::Device& device) {
    std::string text = row("device", device.device) + row("driver", device.driver) +
                       row("state", state_text(device.state));
    text += known_row("reason", device.reason);
    text += setup_text(user_language(), device.device, device.setup_missing);
    text += row("last answer", age_text(device.last_ok_ms));
    text += row("queue", std::to_string(device.queue));
    if (device.in_doubt) {
        text += row("in doubt", device.in_doubt->to_text());
    }
    return text + (device.status ? status_text(*device.status) : "");
}

std::string status_text(const contract::ClassStatus& status) {
    if (const auto* fiscal = std::get_if<contract::FiscalStatus>(&status)) {
        return fiscal_status_text(*fiscal);
    }
    return "";
}

std::string operations_text(const contract::OperationsReply& reply) {
    if (reply.operations.empty()) {
        return "No operations.\n";
    }
    std::string text = fmt::format("{:<36}  {:<12} {:<12} {:<14} {}\n", "ID", "DEVICE", "COMMAND",
                                   "STATE", "RESULT");
    for (const contract::Operation& one : reply.operations) {
        std::string what;
        if (one.result) {
            const auto& fiscal = std::get<contract::FiscalResult>(*one.result);
            what = fiscal.fiscal_document_number == 0
                       ? ""
                       : fmt::format("document {}", fiscal.fiscal_document_number);
            what += fiscal.registered && fiscal.printed == contract::Printed::not_printed
                        ? ", NOT PRINTED"
                        : "";
        } else if (one.error) {
            what = one.error->code;
        }
        text += fmt::format("{:<36}  {:<12} {:<12} {:<14} {}\n", one.operation_id.to_text(),
                            one.device, one.command, state_text(one.state), what);
    }
    return text + (reply.truncated ? "There are more: --limit shows them.\n" : "");
}

std::string operation_text(const contract::Operation& operation) {
    std::string text = row(state_text(operation.state),
                           operation.device.empty()
                               ? ""
                               : fmt::format("{} on {}", operation.command, operation.device));
    text += row("operation", operation.operation_id.to_text());
    text += known_row("sale", operation.sale_ref);
    if (operation.result) {
        constexpr std::string_view kOfNoPaper[] = {"open_drawer", "cut_paper", "set_layout"};
        const bool prints = std::find(std::begin(kOfNoPaper), std::end(kOfNoPaper),
                                      operation.command) == std::end(kOfNoPaper);
        text += result_text(std::get<contract::FiscalResult>(*operation.result), prints);
    }
    if (operation.error) {
        text += row("reason", base::to_text(contract::to_base(*operation.error)));
    }
    if (operation.repeat && operation.state == OperationState::done) {
        text += row("repeat", "it was carried out before; nothing was done now");
    }
    return text + advice_text(operation);
}

std::string watching_text() { return "watching; interrupt to end\n"; }

std::string handing_over_text(const base::OperationId& id) {
    return fmt::format("operation {}\n", id.to_text());
}

std::string error_text(const base::Error& error) {
    std::string line = fmt::format("tillctl: {}\n", base::to_text(error));
    if (error.code == base::ErrorCode::no_daemon) {
        line += text(user_language(), Text::error_no_daemon);
    } else if (error.reaction == base::Reaction::retry_later) {
        line += text(user_language(), Text::error_retry_later);
    }
    return line;
}

std::string ask_again_text(const base::OperationId& id) {
    return fmt::format(
        "It is not known what became of it. Do not sell it again; ask:\n"
        "  tillctl operation {0}   what became of it\n"
        "  tillctl settle {0}      the same, and if devd never got it, it never will\n",
        id.to_text());
}

std::string not_acknowledged_text(const base::OperationId& id, const base::Error& error) {
    return fmt::format(
        "tillctl: the result could not be acknowledged ({}). It counts nevertheless; later:\n"
        "  tillctl acknowledge {}\n",
        base::to_text(error), id.to_text());
}

std::string field_heading() {
    return fmt::format("{:>4}  {:<23}  {:<24}  {}\n", "AT", "BYTES", "FIELD", "VALUE");
}

std::string field_text(std::size_t offset, base::ByteView bytes, std::string_view name,
                       std::string_view value) {
    static constexpr std::size_t kBytesInRow = 8;
    const auto row_of = [bytes](std::size_t begin) {
        return base::to_hex(bytes.subspan(begin, std::min(kBytesInRow, bytes.size() - begin)));
    };
    std::string text = fmt::format("{:>4}  {:<23}  {:<24}  {}\n", offset, row_of(0), name, value);
    for (std::size_t begin = kBytesInRow; begin < bytes.size(); begin += kBytesInRow) {
        text += fmt::format("{:>4}  {}\n", "", row_of(begin));
    }
    return text;
}

std::string unknown_family_text(std::string_view family, const std::vector<std::string>& known) {
    std::string names;
    for (const std::string& one : known) {
        names += (names.empty() ? "" : ", ") + one;
    }
    return fmt::format("tillctl: no protocol {}; known: {}\n", family, names);
}

}  // namespace tillhost::tillctl
