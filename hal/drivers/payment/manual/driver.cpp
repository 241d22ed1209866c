#include "hal/drivers/payment/manual/driver.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "hal/device/payment_terminal.h"
#include "hal/device/setting.h"
#include "hal/drivers/payment/manual/manifest.h"
#include "hal/drivers/payment/manual/protocol.h"

namespace tillhost::drivers::manual {
namespace {

using base::Result;
using device::wrong_setting;

class ManualTerminal final : public device::PaymentTerminal {
public:
    ManualTerminal(std::string terminal_id, const os::Clock& clock)
        : terminal_id_(std::move(terminal_id)), clock_(clock) {}

    Result<device::Opened> open(const std::optional<contract::Pending>& pending, device::Gate& gate,
                                os::Deadline deadline) override {
        device::Opened opened;
        opened.identity = identity();
        opened.status = TRY(status(deadline));
        if (pending) {
            opened.resolution = TRY(resolve(*pending, gate, deadline));
        }
        return opened;
    }
    Result<contract::PaymentResult> authorise(const contract::Authorise& command,
                                              device::Gate& gate, os::Deadline) override {
        return ask("charge", command.amount_minor, command.currency, gate);
    }
    Result<contract::PaymentResult> reverse(const contract::Reverse& command, device::Gate& gate,
                                            os::Deadline) override {
        if (!command.terminal_id.empty() && command.terminal_id != terminal_id_) {
            return base::make_error(
                base::ErrorCode::wrong_device,
                fmt::format("terminal_id: terminal {} made the payment, {} is set here",
                            command.terminal_id, terminal_id_));
        }
        return ask("reverse", command.amount_minor, command.currency, gate);
    }
    Result<contract::PaymentResult> refund(const contract::Refund& command, device::Gate& gate,
                                           os::Deadline) override {
        return ask("pay back", command.amount_minor, command.currency, gate);
    }
    Result<contract::EndOfDayResult> end_of_day(const contract::EndOfDay&, device::Gate& gate,
                                                os::Deadline) override {
        TRY(mark(0, "", gate));
        return needs_entry("close the day", gate);
    }
    /// It has no memory: the verdict is a person's.
    Result<contract::Resolution> resolve(const contract::Pending&, device::Gate&,
                                         os::Deadline) override {
        contract::Resolution resolution;
        resolution.verdict = contract::Verdict::cannot_tell;
        resolution.identity = identity();
        resolution.reason = "read the result from the terminal's paper and enter it (decide)";
        return resolution;
    }
    Result<contract::TerminalStatus> status(os::Deadline) override {
        contract::TerminalStatus status;
        status.identity = identity();
        status.state = contract::TerminalState::ready;
        status.terminal_id = terminal_id_;
        status.text = "without a link: nobody knows how it is";
        return status;
    }

private:
    contract::Identity identity() const {
        contract::Identity identity;
        identity.serial = terminal_id_;
        identity.model = "manual";
        return identity;
    }
    /// From here on the person may have done it, whatever becomes of this process.
    base::Done mark(std::int64_t amount_minor, const std::string& currency,
                    device::Gate& gate) const {
        contract::PaymentMarker marker;
        marker.identity = identity();
        marker.amount_minor = amount_minor;
        marker.currency = currency;
        marker.started_at_ms = clock_.unix_ms();
        return gate.persist(contract::Record(contract::Marker(marker)));
    }
    Result<contract::PaymentResult> ask(const char* what, std::int64_t amount_minor,
                                        const std::string& currency, device::Gate& gate) const {
        TRY(mark(amount_minor, currency, gate));
        return needs_entry(task(what, amount_minor, currency), gate);
    }
    static base::Error needs_entry(const std::string& what, device::Gate& gate) {
        gate.prompt(contract::PromptKind::enter_result, what);
        return base::make_error(base::ErrorCode::needs_entry,
                                fmt::format("at the terminal: {}; then enter the result", what),
                                base::Effect::unknown);
    }

    std::string terminal_id_;
    const os::Clock& clock_;
};

}  // namespace

Result<std::unique_ptr<device::Driver>> make_driver(const std::vector<contract::Setting>& settings,
                                                    std::unique_ptr<transport::Connector> connector,
                                                    const os::Clock& clock) {
    if (connector) {
        return wrong_setting("port", "no port: this terminal has no link");
    }
    std::string terminal_id(kFields[0].default_value);
    for (const contract::Setting& setting : settings) {
        if (setting.name == "terminal_id") {
            if (setting.value.empty() || setting.value.size() > 32) {
                return wrong_setting(setting.name, "1 to 32 characters");
            }
            terminal_id = setting.value;
        } else if (setting.name != "confirm_above_minor") {
            return wrong_setting(setting.name, "no setting of that name");
        }
    }
    return device::make_driver(std::make_unique<ManualTerminal>(std::move(terminal_id), clock));
}

}  // namespace tillhost::drivers::manual
