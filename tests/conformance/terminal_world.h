#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "hal/drivers/drivers.h"
#include "hal/os/fake/fake_clock.h"
#include "simulators/core/terminal_control.h"
#include "tests/conformance/book.h"

namespace tillhost::conformance {

/// One driver of class payment_terminal with one choice of settings and one kind of device.
struct TerminalSubject {
    std::string name;  ///< for the test's name: letters, digits and _
    const drivers::DriverEntry* driver = nullptr;
    std::vector<contract::Setting> settings{};
    bool socket = false;  ///< its line is one, else a serial line
    /// Every fault, and not only a payment's.
    bool thorough = false;
    /// What the terminal keeps although the till has not confirmed it may stay undecided.
    bool keeps_unconfirmed = false;
    std::function<std::unique_ptr<simulators::TerminalSimulator>()> make_device{};
    friend void PrintTo(const TerminalSubject& subject, std::ostream* out) { *out << subject.name; }
};

/// Drivers with a line, over their simulators.
const std::vector<TerminalSubject>& terminal_subjects();
/// Drivers of terminals without a line: only a person knows what the terminal did.
std::vector<TerminalSubject> terminals_without_line();

/// A money operation of the class.
struct TerminalOperation {
    const char* name;
    simulators::CardTransactionKind kind;
    bool needs_payment = false;  ///< one is made before
    bool first = false;  ///< the terminal never had a transaction: then it cannot always tell
};
const std::vector<TerminalOperation>& terminal_operations();

inline constexpr std::int64_t kPrice = 1234;
inline constexpr const char* kTerminalCurrency = "EUR";

/// One driver, its simulated terminal and the line between, on virtual time.
class TerminalWorld {
public:
    explicit TerminalWorld(const TerminalSubject& subject);

    base::Result<device::Opened> open(const std::optional<contract::Pending>& pending = {});
    base::Result<contract::OperationResult> execute(const contract::Command& command);
    base::Result<contract::Resolution> resolve(const contract::Pending& pending);
    base::Result<contract::TerminalStatus> status();
    base::Result<contract::PaymentResult> pay(std::int64_t amount_minor, bool partial = false);

    // As a trial needs them (trial.h).
    void begin(const TerminalOperation& operation);
    base::Result<contract::OperationResult> carry_out(const TerminalOperation& operation);
    /// Those of that kind that stand.
    std::size_t made(const TerminalOperation& operation) const { return stored(operation.kind); }
    contract::Command command_of(const TerminalOperation& operation) const;
    std::string compare(const contract::OperationResult& result,
                        const TerminalOperation& operation) const;
    bool may_stay_open(const TerminalOperation& operation) const;
    std::uint64_t faults_fired() const { return device->terminal_state().faults_fired; }
    void bury() { driver_.reset(); }
    void heal();
    void fault(std::string_view name,
               const std::vector<std::pair<std::string, std::string>>& keys = {});

    bool supports(const TerminalOperation& operation) const;
    std::size_t stored(simulators::CardTransactionKind kind) const;

    Book book;
    os::FakeClock clock;
    std::unique_ptr<simulators::TerminalSimulator> device;
    std::optional<support::VirtualCable> cable;

private:
    const TerminalSubject& subject_;
    std::unique_ptr<device::Driver> driver_;
    contract::PaymentResult paid_;  ///< the payment before
};

}  // namespace tillhost::conformance
