#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "devd/core/device_lane.h"

namespace tillhost::devd::core {

/// The longest a card payment takes; so much of the shift must be left before the card is charged.
inline constexpr os::Duration kPaymentMax = std::chrono::minutes(5);
/// A payment that could not start by then is not started: the customer has gone.
inline constexpr os::Duration kPaymentStartMax = std::chrono::seconds(60);
/// How long the devices may take to be opened and the registrar to say that it can register.
inline constexpr os::Duration kPreflightMax = std::chrono::seconds(20);
/// How often a device that is still being opened is looked at meanwhile.
inline constexpr os::Duration kOpeningLook = std::chrono::milliseconds(200);
/// How long a paid sale waits for a registrar that is away, before another one or the reversal.
inline constexpr os::Duration kRegistrarPatience = std::chrono::seconds(60);
/// How often one sale's payment is taken back at most: once by itself, then when a person asks.
inline constexpr int kReversalsMax = 5;
/// The terminal's receipts are printed in pieces of so many lines.
inline constexpr std::size_t kSlipLinesMax = 100;
inline constexpr int kSlipPiecesMax = 40;

/// The id of a sale's step: the same sale and step give the same id, so that a step is made once,
/// whatever happens in between.
base::OperationId step_id(const base::OperationId& sale, contract::SaleRole role, int number);

/// What a sale's step is for.
contract::SaleRole role_of(const OperationRow& step);

/// Carries sales out (ipc/schema/v1/sale.yaml): the parent stands in the book, accepted, and each
/// step is an operation of its own that names it.
///
///     preflight ─► payment ─► registration ─► drawer and slip, done
///         │           │            └ finally failed, and no substitute ─► reversal ─► failed
///         └───────────┴─► failed                                             └► compensation_open
///
/// What comes next follows from the steps in the book alone; nothing but the preflight is kept
/// beside it. So a start goes on where the last process ended: at any point the steps that exist
/// say what happened. A sale of which no step exists has done nothing and is failed at a start.
///
/// Rules: nothing is charged before the registrar has said that it can register this receipt.
/// Nothing is taken back before the registration is finally failed; while it is in doubt the sale
/// waits. A step is not repeated; what a person asks for again is another step.
class SaleDesk final {
public:
    using Lanes = std::map<std::string, std::unique_ptr<DeviceLane>>;

    SaleDesk(const LaneContext& context, const Lanes& lanes) : context_(context), lanes_(lanes) {}

    /// The sale with its devices named. Errors: unknown_device, bad_field, naming the field.
    base::Result<contract::Sale> completed(contract::Sale sale) const;
    /// Takes up what a former process left. Once, at the start.
    void resume();
    /// An operation came into the book or into another state; looked at by the next run().
    void moved(const OperationRow& row);
    /// The end of a turn: every sale that something happened to goes on.
    void run();

    /// How far a sale is.
    contract::SaleResult describe(const OperationRow& sale) const;
    /// The operation that is carried out for it at the terminal, to be broken off.
    const OperationBook::Entry* payment_of(const OperationRow& sale) const;
    /// The id of its payment; nil where it has none.
    base::OperationId payment_step(const OperationRow& sale) const;
    bool has_steps(const OperationRow& sale) const;
    /// Its receipt, while that has not begun; null: there is none, or it has.
    const OperationBook::Entry* waiting_receipt(const OperationRow& sale) const;
    /// A person wants the payment taken back once more. Errors: wrong_state.
    base::Done reverse_again(const OperationBook::Entry& sale);
    /// Whether its payment is being taken back at this moment.
    bool is_reversing(const OperationRow& sale) const;
    /// The client has the sale's result: that of its steps too.
    void acknowledge_steps(const OperationRow& sale);

private:
    using Entry = OperationBook::Entry;
    using Role = contract::SaleRole;
    /// A sale and its steps as the book has them; null where there is none yet.
    struct View {
        const contract::Sale* sale = nullptr;
        std::int64_t charge_minor = 0;
        const Entry* payment = nullptr;
        const Entry* registration = nullptr;  ///< the last one
        int registrations = 0;
        const Entry* reversal = nullptr;  ///< the last one
        int reversals = 0;
    };

    /// A registrar that was asked whether it can register, and what it said.
    struct Asked {
        os::Deadline until;     ///< of the whole preflight
        std::string registrar;  ///< empty: a device is still being opened
        std::optional<base::Result<contract::ClassStatus>> answer;
    };

    View view(const OperationRow& sale) const;
    static bool is_blocked(const View& at);
    static bool is_registered(const View& at);
    void advance(const Entry& sale);
    void preflight(const Entry& sale, const View& at);
    void preflight_answered(const Entry& sale, const View& at, const Asked& heard);
    bool waits_for_opening(const contract::Sale& sale) const;
    void ask_registrar(const Entry& sale, Asked& question);
    base::Done can_work(std::string_view field, const std::string& device) const;
    base::Done can_register(const DeviceLane& lane, const contract::FiscalStatus& status) const;
    void pay(const Entry& sale, const View& at);
    void payment_open(const Entry& sale, const Entry& payment);
    void register_on(const Entry& sale, const std::string& registrar, int number);
    void after_payment(const Entry& sale, const View& at);
    void registration_open(const Entry& sale, const View& at);
    void registration_failed(const Entry& sale, const View& at);
    void compensate(const Entry& sale, const View& at);
    void finish(const Entry& sale, const View& at);
    void print_slips(const Entry& sale, const contract::PaymentResult& payment);
    void wait_for(const Entry& sale, const Entry& step);
    void look_again(const base::OperationId& sale, os::Duration after);
    void add(const Entry& sale, Role role, int number, const std::string& device,
             contract::Command command, std::int64_t start_before_ms = 0);
    void fail(const Entry& sale, const contract::Error& error);
    bool works(const std::string& device) const;
    bool may_take_over(const std::string& device, const std::string& client) const;
    bool is_opening(const std::string& device) const;
    const DeviceLane* lane(const std::string& device) const;

    const LaneContext context_;
    const Lanes& lanes_;
    std::set<base::OperationId> marked_;
    std::unordered_map<base::OperationId, Asked> asked_;                ///< sales in preflight
    std::unordered_map<base::OperationId, os::Instant> blocked_since_;  ///< by registration
    bool running_ = false;
};

}  // namespace tillhost::devd::core
