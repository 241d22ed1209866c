#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "hal/device/payment_terminal.h"
#include "hal/drivers/payment/zvt/dialogue.h"
#include "hal/drivers/payment/zvt/evidence.h"
#include "hal/drivers/payment/zvt/known_bugs.h"
#include "hal/drivers/payment/zvt/receipts.h"
#include "hal/drivers/payment/zvt/resolve.h"

namespace tillhost::drivers::zvt {

/// What the device's file says (driver.h).
struct Settings {
    bool serial_frames = false;
    Password password = 0;
    std::string currency = "EUR";
    bool till_prints = true;
    Charset charset = Charset::automatic;
    Timeouts timeouts{};
    bool keep_open = false;
};

/// What a money operation asks for, whatever it is.
struct MoneyCall {
    contract::TransactionKind kind = contract::TransactionKind::payment;
    std::int64_t amount = 0;
    bool allow_partial = false;
    std::string_view step{};
    std::string_view terminal{};  ///< that has to be there; empty: any
    /// The whole command with that last id.
    std::function<base::Bytes(const std::optional<base::Bytes>&)> command{};
};

/// A terminal on a line (README.md). Not opened before open().
class Terminal final : public device::PaymentTerminal {
public:
    Terminal(Settings settings, std::unique_ptr<transport::Connector> connector,
             const os::Clock& clock, KnownBugs bugs = {})
        : settings_(std::move(settings)),
          connector_(std::move(connector)),
          clock_(clock),
          bugs_(bugs) {}

    base::Result<device::Opened> open(const std::optional<contract::Pending>& pending,
                                      device::Gate& gate, os::Deadline deadline) override;
    base::Result<contract::PaymentResult> authorise(const contract::Authorise& command,
                                                    device::Gate& gate,
                                                    os::Deadline deadline) override;
    base::Result<contract::PaymentResult> reverse(const contract::Reverse& command,
                                                  device::Gate& gate,
                                                  os::Deadline deadline) override;
    base::Result<contract::PaymentResult> refund(const contract::Refund& command,
                                                 device::Gate& gate,
                                                 os::Deadline deadline) override;
    base::Result<contract::EndOfDayResult> end_of_day(const contract::EndOfDay& command,
                                                      device::Gate& gate,
                                                      os::Deadline deadline) override;
    base::Result<contract::TerminalReceipts> diagnose(device::Gate& gate,
                                                      os::Deadline deadline) override;
    base::Result<contract::TerminalReceipts> initialise(device::Gate& gate,
                                                        os::Deadline deadline) override;
    base::Result<contract::TerminalReceipts> repeat_receipt(const contract::RepeatReceipt& command,
                                                            device::Gate& gate,
                                                            os::Deadline deadline) override;
    base::Result<contract::Resolution> resolve(const contract::Pending& pending, device::Gate& gate,
                                               os::Deadline deadline) override;
    base::Result<contract::TerminalStatus> status(os::Deadline deadline) override;
    base::Result<contract::LastTransaction> last_transaction(os::Deadline deadline) override;

private:
    class Visit;
    /// What a procedure without money gave.
    struct Answer {
        Ending ending;
        std::optional<StatusInfo> info;
        std::vector<contract::TerminalReceipt> receipts;
    };

    // --- the line (terminal.cpp)
    void drop();
    base::Done connect(os::Deadline deadline);
    base::Done ensure_connected(os::Deadline deadline);
    base::Done enrol(os::Deadline deadline);
    /// A question; one of them is answered by a result.
    struct Question {
        base::ByteView command;
        std::string_view step;
        bool tells_result = false;
    };
    base::Result<Answer> run_question(const Question& question, os::Deadline deadline);
    /// A question on a line that may have been cut since it was used last: asked once more then.
    base::Result<Answer> ask(const Question& question, os::Deadline deadline);
    base::Result<Enquired> enquire(bool with_version, os::Deadline deadline);
    base::Result<contract::TerminalStatus> ask_status(os::Deadline deadline);
    /// 06 20: nothing where the terminal tells none. Errors: also terminal_busy.
    base::Result<std::optional<StatusInfo>> ask_last(Repeat which, os::Deadline deadline);
    base::Result<contract::TerminalReceipts> serve(base::ByteView command, std::string_view step,
                                                   device::Gate& gate, os::Deadline deadline);
    Charset charset() const;

    // --- money (payments.cpp)
    base::Done check_currency(std::string_view currency) const;
    base::Done check_terminal(const MoneyCall& call) const;
    base::Result<contract::OperationResult> run_money(const MoneyCall& call, device::Gate& gate,
                                                      os::Deadline deadline);
    base::Result<contract::PaymentResult> pay(const MoneyCall& call, device::Gate& gate,
                                              os::Deadline deadline);
    base::Result<contract::PaymentMarker> mark(const MoneyCall& call,
                                               const std::optional<StatusInfo>& last,
                                               const device::Gate& gate);

    // --- recovery (recovery.cpp)
    base::Result<contract::Resolution> reconcile(const contract::Pending& pending,
                                                 os::Deadline deadline);
    base::Result<Judgement> judge_twice(const Doubt& doubt, std::optional<StatusInfo>& now,
                                        os::Deadline deadline);
    base::Done wait_idle(os::Deadline deadline);
    base::Done pause(os::Duration time, os::Deadline deadline);
    base::Done listen_until(os::Instant until, bool answer);
    base::Done reach(os::Deadline deadline);
    /// 06 B0, once a call, where the operation may still wait for a card.
    base::Done break_off_old(os::Deadline deadline);

    Settings settings_;
    std::unique_ptr<transport::Connector> connector_;
    const os::Clock& clock_;
    const KnownBugs bugs_;

    std::unique_ptr<transport::Transport> line_;
    std::unique_ptr<Link> link_;
    device::Gate* gate_ = nullptr;  ///< of the call that is being carried out
    bool fresh_ = false;            ///< the line was opened in this call
    bool recovering_ = false;       ///< an operation is pending: results are evidence
    bool may_break_off_ = false;
    std::optional<PrintKeeper> prints_;  ///< while recovering: those that still come

    contract::Identity identity_;
    Registered registered_;
    std::string software_;
};

/// What a result is to the class (payments.cpp).
contract::PaymentResult payment_result(const MoneyCall& call, const StatusInfo& info,
                                       const contract::Identity& identity,
                                       std::string_view currency, Charset charset);
contract::EndOfDayResult end_of_day_result(const StatusInfo& info,
                                           const contract::Identity& identity,
                                           std::string_view currency);

/// An error of a question: it changed nothing.
base::Error harmless(base::Error error);

}  // namespace tillhost::drivers::zvt
