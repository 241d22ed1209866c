#include "hal/drivers/fiscal/toy/driver.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include "hal/device/setting.h"
#include "hal/drivers/fiscal/toy/protocol.h"
#include "ipc/contract/receipt_rules.h"
#include "ipc/contract/value.h"

namespace tillhost::drivers::toy {
namespace {

using base::ByteView;
using base::Done;
using base::Effect;
using base::Error;
using base::ErrorCode;
using base::make_error;
using base::Result;
using contract::Verdict;
using device::wrong_setting;

/// For request, execution and answer together: 50 ms of the device, and a slow line.
constexpr os::Duration kAnswerTimeout = std::chrono::milliseconds(500);
/// Questions change nothing and may be asked again.
constexpr int kAsksMax = 3;
/// The toy registrar has no shifts: one is always open.
constexpr std::int64_t kShiftNumber = 1;

struct Settings {
    std::string serial;  ///< empty: any
};

class ToyDriver final : public device::Driver {
public:
    ToyDriver(Settings settings, std::unique_ptr<transport::Connector> connector,
              const os::Clock& clock, KnownBugs bugs)
        : settings_(std::move(settings)),
          connector_(std::move(connector)),
          clock_(clock),
          bugs_(bugs) {}

    Result<device::Opened> open(const std::optional<contract::Pending>& pending, device::Gate& gate,
                                os::Deadline deadline) override;
    Result<contract::OperationResult> execute(const contract::Command& command, device::Gate& gate,
                                              os::Deadline deadline) override;
    Result<contract::Resolution> resolve(const contract::Pending& pending, device::Gate& gate,
                                         os::Deadline deadline) override;
    Result<contract::ClassStatus> query(const contract::Query& query,
                                        os::Deadline deadline) override;

private:
    Result<contract::OperationResult> sell(const contract::Receipt& receipt, device::Gate& gate,
                                           os::Deadline deadline);
    Result<contract::Resolution> judge(const contract::Pending& pending, os::Deadline deadline);
    Result<contract::Resolution> compare(const contract::Pending& pending,
                                         const contract::FiscalMarker& marker,
                                         contract::Identity identity, os::Deadline deadline);
    Result<contract::Identity> identify(os::Deadline deadline);
    Result<contract::FiscalStatus> status(os::Deadline deadline);
    Done register_once(ByteView request, std::uint32_t expected, os::Deadline deadline);

    template <class Decode>
    auto ask(const base::Bytes& request, Decode decode, os::Deadline deadline)
        -> decltype(decode(ByteView()));
    Result<base::Bytes> converse(ByteView request, os::Deadline deadline);
    Result<base::Bytes> read_answer(unsigned command, os::Deadline deadline);
    Done settle(os::Deadline deadline);

    Settings settings_;
    std::unique_ptr<transport::Connector> connector_;
    const os::Clock& clock_;
    KnownBugs bugs_;
    std::unique_ptr<transport::Transport> line_;
};

/// What is looked at before a byte is sent, in a sale and in the question whether it would be
/// taken.
Result<contract::ReceiptTotals> check_sale(const contract::Receipt& receipt) {
    TRY(contract::check_plain_sale(receipt));
    const contract::ReceiptTotals totals = TRY(contract::check_receipt(receipt));
    if (totals.total_minor > kTotalMinorMax) {
        return make_error(ErrorCode::amount_refused, "the total is above the registrar's limit");
    }
    return totals;
}

contract::FiscalResult result_of(std::uint32_t number, const contract::ReceiptTotals& totals,
                                 const std::string& serial) {
    contract::FiscalResult result;
    result.registered = true;
    result.printed = contract::Printed::printed;
    result.fiscal_document_number = number;
    result.shift_number = kShiftNumber;
    result.total_minor = totals.total_minor;
    result.change_minor = totals.change_minor;
    result.serial = serial;
    return result;
}

Result<device::Opened> ToyDriver::open(const std::optional<contract::Pending>& pending,
                                       device::Gate& gate, os::Deadline deadline) {
    gate.announce("open", deadline);
    line_.reset();
    line_ = TRY(connector_->connect(deadline));
    // What a former host wrote or asked is over from here on, and its answers are thrown away.
    TRY(settle(deadline));
    device::Opened opened;
    if (pending) {
        opened.resolution = TRY(judge(*pending, deadline));
    }
    const contract::FiscalStatus found = TRY(status(deadline));
    opened.identity = found.identity;
    opened.status = found;
    return opened;
}

Result<contract::OperationResult> ToyDriver::execute(const contract::Command& command,
                                                     device::Gate& gate, os::Deadline deadline) {
    const auto* receipt = std::get_if<contract::Receipt>(&command);
    if (receipt == nullptr) {
        return make_error(ErrorCode::not_supported,
                          fmt::format("the toy registrar has no {}", contract::case_of(command)));
    }
    return sell(*receipt, gate, deadline);
}

Result<contract::OperationResult> ToyDriver::sell(const contract::Receipt& receipt,
                                                  device::Gate& gate, os::Deadline deadline) {
    const contract::ReceiptTotals totals = TRY(check_sale(receipt));
    contract::FiscalMarker marker;
    marker.identity = TRY(identify(deadline));
    const Counters before = TRY(ask(encode_counters(), decode_counters, deadline));
    marker.last_document_number = before.last_number;
    marker.shift_open = true;
    marker.shift_number = kShiftNumber;
    marker.cash_minor = std::max<std::int64_t>(before.total_minor, 0);
    marker.total_minor = totals.total_minor;
    if (!bugs_.skip_marker) {
        TRY(gate.persist(contract::Record(contract::Marker(marker))));
    }
    const std::uint32_t number = before.last_number + 1;
    TRY(register_once(encode_register(totals.total_minor, tag_of(receipt)), number, deadline));
    return contract::OperationResult(result_of(number, totals, marker.identity.serial));
}

/// Sends the irreversible frame. Only a refusal in words has effect none.
Done ToyDriver::register_once(ByteView request, std::uint32_t expected, os::Deadline deadline) {
    auto answer = converse(request, deadline);
    if (!answer && bugs_.resend_on_silence) {
        answer = converse(request, deadline);
    }
    if (!answer) {
        Error error = std::move(answer).error();
        error.effect = bugs_.timeout_is_failed ? Effect::none : Effect::unknown;
        return error;
    }
    if (bugs_.accept_stale_answer) {
        return {};
    }
    auto number = decode_register(*answer);
    if (!number && number.error().code != ErrorCode::unexpected_answer) {
        return number.error();
    }
    if (!number || *number != expected) {
        return make_error(ErrorCode::unexpected_answer,
                          fmt::format("document {} was to come, the answer is {}", expected,
                                      base::to_hex(*answer)),
                          Effect::unknown);
    }
    return {};
}

Result<contract::Resolution> ToyDriver::resolve(const contract::Pending& pending, device::Gate&,
                                                os::Deadline deadline) {
    TRY(settle(deadline));
    return judge(pending, deadline);
}

Result<contract::Resolution> ToyDriver::judge(const contract::Pending& pending,
                                              os::Deadline deadline) {
    const auto& marker = std::get<contract::FiscalMarker>(pending.marker);
    contract::Identity identity = TRY(identify(deadline));
    if (identity.serial != marker.identity.serial && !bugs_.verdict_on_swapped) {
        return make_error(ErrorCode::wrong_device,
                          fmt::format("serial {}, the operation went to {}", identity.serial,
                                      marker.identity.serial));
    }
    return compare(pending, marker, std::move(identity), deadline);
}

Result<contract::Resolution> ToyDriver::compare(const contract::Pending& pending,
                                                const contract::FiscalMarker& marker,
                                                contract::Identity identity,
                                                os::Deadline deadline) {
    contract::Resolution resolution;
    resolution.identity = std::move(identity);
    const Counters now = TRY(ask(encode_counters(), decode_counters, deadline));
    const std::int64_t made = std::int64_t{now.last_number} - marker.last_document_number;
    resolution.reason = fmt::format("last document {} before, {} now", marker.last_document_number,
                                    now.last_number);
    if (made == 0) {
        resolution.verdict = Verdict::not_executed;
        return resolution;
    }
    resolution.verdict = Verdict::cannot_tell;
    const auto* receipt = std::get_if<contract::Receipt>(&pending.command);
    if (made != 1 || receipt == nullptr) {
        resolution.reason += ": somebody else used the registrar";
        return resolution;
    }
    const Document document = TRY(ask(encode_document(now.last_number), decode_document, deadline));
    const contract::ReceiptTotals totals = TRY(contract::check_receipt(*receipt));
    if (document.number != now.last_number || document.total_minor != totals.total_minor ||
        document.tag != tag_of(*receipt)) {
        resolution.reason += ": the new document is another one";
        return resolution;
    }
    resolution.verdict = Verdict::executed;
    resolution.result =
        contract::OperationResult(result_of(document.number, totals, resolution.identity.serial));
    return resolution;
}

Result<contract::ClassStatus> ToyDriver::query(const contract::Query& query,
                                               os::Deadline deadline) {
    if (const auto* check = std::get_if<contract::ReceiptCheckQuery>(&query)) {
        TRY(check_sale(check->receipt));
    } else if (!std::holds_alternative<contract::StatusQuery>(query)) {
        return make_error(ErrorCode::not_supported, "the toy registrar answers status only");
    }
    return contract::ClassStatus(TRY(status(deadline)));
}

Result<contract::Identity> ToyDriver::identify(os::Deadline deadline) {
    contract::Identity identity;
    identity.serial = TRY(ask(encode_identify(), decode_identify, deadline));
    identity.model = "toy";
    if (!settings_.serial.empty() && identity.serial != settings_.serial) {
        return make_error(ErrorCode::wrong_device, fmt::format("serial {}, configured is {}",
                                                               identity.serial, settings_.serial));
    }
    return identity;
}

Result<contract::FiscalStatus> ToyDriver::status(os::Deadline deadline) {
    contract::FiscalStatus status;
    status.identity = TRY(identify(deadline));
    const Counters counters = TRY(ask(encode_counters(), decode_counters, deadline));
    status.shift_open = true;
    status.shift_number = kShiftNumber;
    status.paper_present = true;  // the wire cannot ask; register tells
    status.last_document_number = counters.last_number;
    return status;
}

/// Puts a question, again if the line ate it: nothing changes by asking.
template <class Decode>
auto ToyDriver::ask(const base::Bytes& request, Decode decode, os::Deadline deadline)
    -> decltype(decode(ByteView())) {
    for (int tries = 1;; ++tries) {
        auto answer = converse(request, deadline);
        if (answer) {
            return decode(*answer);
        }
        const ErrorCode code = answer.error().code;
        const bool again = code == ErrorCode::no_answer || code == ErrorCode::frame_damaged;
        if (!again || tries == kAsksMax || clock_.now() >= deadline) {
            Error error = std::move(answer).error();
            error.effect = Effect::none;  // half a question is none
            return error;
        }
        TRY(settle(deadline));  // the late answer to this try may not answer the next one
    }
}

Result<base::Bytes> ToyDriver::converse(ByteView request, os::Deadline deadline) {
    if (!line_) {
        return make_error(ErrorCode::link_lost, "the line is not open");
    }
    if (!bugs_.accept_stale_answer) {
        TRY(line_->flush());
    }
    const os::Deadline until = std::min(deadline, clock_.now() + kAnswerTimeout);
    TRY(line_->write(request, until));
    return read_answer(command_of(request), until);
}

/// The next whole frame that answers this command; others are late and thrown away.
Result<base::Bytes> ToyDriver::read_answer(unsigned command, os::Deadline deadline) {
    base::Bytes taken;
    std::array<std::byte, kFrameBytesMax> buffer{};
    while (true) {
        const auto length = TRY(frame_length(taken));
        if (length) {
            base::Bytes frame(taken.begin(), taken.begin() + static_cast<std::ptrdiff_t>(*length));
            if (command_of(frame) == command || bugs_.accept_stale_answer) {
                return frame;
            }
            taken.erase(taken.begin(), taken.begin() + static_cast<std::ptrdiff_t>(*length));
            continue;
        }
        const auto count = line_->read(buffer, deadline);
        if (!count && count.error().code == ErrorCode::deadline_passed) {
            return make_error(ErrorCode::no_answer, "no whole answer came");
        }
        if (!count) {
            return count.error();
        }
        taken.insert(taken.end(), buffer.begin(),
                     buffer.begin() + static_cast<std::ptrdiff_t>(*count));
    }
}

/// Returns when nothing that was sent before can be carried out or answered any more: the bytes
/// have arrived, the command is executed, its answer has arrived and is thrown away.
Done ToyDriver::settle(os::Deadline deadline) {
    if (!line_) {
        return make_error(ErrorCode::link_lost, "the line is not open");
    }
    TRY(line_->flush());
    if (bugs_.no_wait_before_verdict || bugs_.accept_stale_answer) {
        return {};
    }
    const os::Instant quiet =
        clock_.now() + 2 * line_->late_bytes_max() + kExecutionMax + kByteTimeout;
    if (quiet > deadline) {
        return make_error(ErrorCode::deadline_passed, "no time left to wait for late bytes");
    }
    std::array<std::byte, kFrameBytesMax> buffer{};
    while (true) {
        const auto count = line_->read(buffer, quiet);
        if (count) {
            continue;
        }
        return count.error().code == ErrorCode::deadline_passed ? Done() : count.error();
    }
}

Result<Settings> read_settings(const std::vector<contract::Setting>& settings) {
    Settings read;
    for (const contract::Setting& setting : settings) {
        if (setting.name != "serial") {
            return wrong_setting(setting.name, "one of: port, serial");
        }
        if (setting.value.size() != kSerialBytes) {
            return wrong_setting("serial", "8 characters");
        }
        read.serial = setting.value;
    }
    return read;
}

}  // namespace

std::uint64_t tag_of(const contract::Receipt& receipt) {
    std::uint64_t tag = 0xCBF29CE484222325;  // FNV-1a, 64 bits
    for (const std::byte byte : contract::canonical_bytes(contract::to_value(receipt))) {
        tag = (tag ^ base::to_unsigned(byte)) * 0x100000001B3;
    }
    return tag;
}

Result<std::unique_ptr<device::Driver>> make_driver_with_bugs(
    const std::vector<contract::Setting>& settings, std::unique_ptr<transport::Connector> connector,
    const os::Clock& clock, KnownBugs bugs) {
    Settings read = TRY(read_settings(settings));
    if (!connector) {
        return wrong_setting("port", "where the registrar is connected");
    }
    return std::unique_ptr<device::Driver>(
        std::make_unique<ToyDriver>(std::move(read), std::move(connector), clock, bugs));
}

Result<std::unique_ptr<device::Driver>> make_driver(const std::vector<contract::Setting>& settings,
                                                    std::unique_ptr<transport::Connector> connector,
                                                    const os::Clock& clock) {
    return make_driver_with_bugs(settings, std::move(connector), clock, {});
}

}  // namespace tillhost::drivers::toy
