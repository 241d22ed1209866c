#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ipc/client/tillctl/texts.h"
#include "ipc/client/tillctl/verbs.h"
#include "ipc/contract/messages.h"

// Money at a terminal: what is typed becomes a command, and a person sees what the customer is
// asked.
namespace tillhost::tillctl {

/// The sale of the verb's file, with the devices that the verb names.
/// Errors: those of read_sale_file.
base::Result<contract::Sale> sale_of(const SellVerb& verb);

/// What a terminal is told. A currency that was not named is the terminal's own, and the numbers of
/// a payment that is taken back are read from the book.
/// Errors: bad_field (AMOUNT, --currency, --of: what would be right), those of Client::status.
base::Result<contract::Command> command_of(const PayVerb& verb, client::Client& devd,
                                           os::Deadline deadline);

/// What was read from a terminal's paper in minor units, put into the decision.
/// Errors: bad_field (--amount, --amount-again).
base::Done take_amounts(DecideVerb& verb);

/// Asks to break off what WHAT names: an operation, or what a terminal carries out now.
/// Errors: wrong_state (the terminal does nothing), those of Client::abort and operations.
base::Result<contract::Operation> break_off(const AbortVerb& verb, client::Client& devd,
                                            os::Deadline deadline);

/// So long a sale that is paid and registered is looked at until its paper has come out.
inline constexpr os::Duration kPaperPatience = std::chrono::seconds(10);

/// Returns when the slips and the drawer of a sale that is done have ended, or the time is over;
/// `sale` is then as it stands. Nothing for any other operation.
void wait_for_paper(contract::Operation& sale, client::Client& devd, os::Clock& clock,
                    os::Deadline deadline);
/// The terminal's paper that failed in a sale that is done; nothing if all is well.
std::optional<LostPaper> lost_paper_of(const contract::Operation& sale, client::Client& devd,
                                       os::Deadline deadline);

/// Shows on standard error what terminals ask of the customer and how far a sale is, while one
/// operation is waited for (client::Watch).
class CustomerWatch final {
public:
    CustomerWatch(client::Client& devd, os::Clock& clock, Console& console, Language language)
        : devd_(devd), clock_(clock), console_(console), language_(language) {}

    /// Follows the prompts of this terminal, or of all where none is named. That they cannot be
    /// shown stops no payment: nothing is reported.
    void follow(const std::string& terminal, os::Deadline deadline);
    /// When what waits is given up, to be said with what it waits for.
    void gives_up_after(std::int64_t seconds) { start_within_s_ = seconds; }
    /// False when the person interrupted, or when the operation waits for what a person types.
    bool look(const contract::Operation& so_far);
    bool interrupted() const { return interrupted_; }

private:
    bool waits_for_entry(const contract::Operation& so_far);
    void show_prompts(const contract::Operation& so_far);
    void show_stage(const contract::Operation& so_far);
    void show_what_it_waits_for(const contract::Operation& so_far);

    client::Client& devd_;
    os::Clock& clock_;
    Console& console_;
    Language language_;
    /// Those that came before it was known whose they are.
    std::vector<contract::Prompt> early_;
    contract::SaleStage stage_ = contract::SaleStage::unspecified;
    bool interrupted_ = false;
    std::int64_t start_within_s_ = 0;
    bool wait_told_ = false;
    std::optional<os::Instant> first_look_;
    // Of an operation that waits for what a person types: the version to be named, since when.
    std::int64_t version_ = -1;
    os::Instant same_since_{};
};

}  // namespace tillhost::tillctl
