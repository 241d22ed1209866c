#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "devd/core/audit.h"
#include "devd/core/book_store.h"
#include "hal/os/clock.h"

namespace tillhost::devd::core {

/// How far ahead of devd's clock an id may have been made. A new id beyond it is refused, so that a
/// restore knows a time which no id of the lost part can pass (decision 13).
inline constexpr os::Duration kIdLeadMax = std::chrono::minutes(5);
/// Evidence kept of one operation; a driver that wants more is refused.
inline constexpr std::size_t kEvidenceMax = 64;

/// Whether a command leaves something in the fiscal memory or the cash registers: it is done at
/// most once and passes the marker; all other commands may be given again by the person who wants
/// them.
bool is_money(const contract::Command& command);
/// Whether a command moves money at a card terminal, or closes its day.
bool is_payment(const contract::Command& command);
/// Whether the row is a sale, whose steps are rows of their own.
bool is_sale(const OperationRow& row);
/// Every device that a sale is sure to use; its substitute is none.
std::vector<std::string> devices_of(const contract::Sale& sale);
/// Whether a command makes a document with a number of its own.
bool makes_fiscal_document(const contract::Command& command);

/// done, failed, cancelled, expired, never_accepted.
bool is_final(contract::OperationState state);
/// In doubt, and the device has said that it cannot tell; or a sale that waits for a person.
bool needs_person(const OperationRow& row);
/// The row as programs see it. `repeat`: this answer was given before.
contract::Operation operation_of(const OperationRow& row, bool repeat = false);
/// In doubt since the book was restored: what the device did behind the copy is not in this book,
/// so no answer of the device settles it, only a person does.
bool is_restored_doubt(const OperationRow& row);
/// What a driver is given to settle an operation that was prepared.
contract::Pending pending_of(const OperationRow& row);
/// The device that the marker was taken from.
const contract::Identity& identity_of(const contract::Marker& marker);

/// The operation book: every operation, its state, and the one way to change it.
///
///     accepted ─► prepared ─► done | in_doubt        in_doubt ─► done | accepted | failed
///        └─► cancelled | expired | failed | done     prepared ─► accepted | failed, where the
///                                                    driver proves that nothing happened
///
/// A change is made in memory and handed to the store at once; what depends on it waits for its
/// position (outbox.h). A change that is not in the drawing is a bug and ends the process.
class OperationBook final {
public:
    struct Entry {
        OperationRow row;
        Position position = 0;  ///< of its last change; 0 = as read at the start
    };
    using OnChange = std::function<void(const Entry&)>;
    using OnMove = std::function<void(const Entry&, contract::OperationState from)>;
    /// Operations of one device by the number of their state.
    struct Counts {
        std::array<std::uint64_t, 9> held{};     ///< that are in the book now
        std::array<std::uint64_t, 9> entered{};  ///< that came into the state since the start
    };

    /// Rows that were prepared when the former process ended become in_doubt; those without money
    /// that were begun are failed with effect unknown, for nobody can tell and nothing is repeated.
    OperationBook(BookStore& store, const os::Clock& clock, Audit& audit, BookImage image);
    /// Called after each change of an entry. Before the first change.
    void on_change(OnChange observer) { observer_ = std::move(observer); }

    /// Called after each change of state; `from` is unspecified for a new row, and equal to the
    /// state where a doubt got another reason. Before the first change.
    void on_move(OnMove observer) { move_observer_ = std::move(observer); }

    const Entry* find(const base::OperationId& id) const;
    /// The operation of that client and sale_ref that is neither failed, cancelled, expired nor
    /// given up.
    const Entry* with_sale_ref(const std::string& client, const std::string& sale_ref) const;
    /// An operation of the client with the same content, not finished or not acknowledged.
    const Entry* equal_open(const std::string& client, const std::string& content_hash) const;

    using Queue = std::map<std::uint64_t, const Entry*>;
    /// What waits for a device, in the order of acceptance.
    const Queue& waiting(const std::string& device) const;
    /// The steps of a sale, in the order in which they were made.
    const Queue& steps_of(const base::OperationId& sale) const;
    /// The device's operation in doubt (at most one is: nothing overtakes it).
    const Entry* in_doubt(const std::string& device) const;
    /// The same, if the device can be asked about it.
    const Entry* doubt_to_ask(const std::string& device) const;
    /// Every operation in doubt by device, in the order of acceptance.
    const std::map<std::string, Queue>& doubts() const { return doubts_; }
    /// The last payment, reversal, refund or end of day that was done on a device, as far as it is
    /// remembered.
    const Entry* last_payment(const std::string& device) const;
    /// What was done with money on a device under this receipt number of its terminal.
    const Queue& with_slip(const std::string& device, std::int64_t receipt_number) const;
    /// The reversal that is done and names this payment.
    const Entry* reversal_of(const base::OperationId& payment) const;
    /// Everything by acceptance, oldest first.
    const Queue& all() const { return by_sequence_; }

    // --- a new row; its id must not be known
    const Entry& accept(OperationRow row);
    const Entry& bury(const base::OperationId& id, const std::string& client);

    // --- changes of a row; it must be known and in a state that allows the change
    const Entry& prepare(const base::OperationId& id, const contract::Marker& marker);
    /// A command without money is about to be handed to a host, where it acts at once: its attempt
    /// is counted, and after a restart it is not handed out again.
    const Entry& begin(const base::OperationId& id);
    const Entry& add_evidence(const base::OperationId& id, const contract::Evidence& evidence);
    const Entry& finish(const base::OperationId& id, const contract::OperationResult& result);
    /// The same operation, done already: `printed` may still change.
    const Entry& update_result(const base::OperationId& id, const contract::OperationResult& now);
    const Entry& doubt(const base::OperationId& id, const contract::Error& error);
    /// It was not executed and is to be done again: accepted, with its attempts counted.
    const Entry& give_back(const base::OperationId& id);
    const Entry& fail(const base::OperationId& id, const contract::Error& error);
    /// Says why a sale does not go on by itself; it stays accepted.
    void block(const base::OperationId& id, const contract::Error& error);
    void unblock(const base::OperationId& id);
    const Entry& cancel(const base::OperationId& id);
    const Entry& expire(const base::OperationId& id);
    const Entry& acknowledge(const base::OperationId& id);
    /// A person's word on an id that a restored book does not know: done with this result, or
    /// never accepted.
    const Entry& settle_lost(const base::OperationId& id, const std::string& client,
                             const std::string& note,
                             const std::optional<contract::OperationResult>& result);
    /// Leaves a person's note at a row in doubt or at a sale, as part of the decision that follows
    /// at once.
    void note_decision(const base::OperationId& id, const std::string& note);

    /// Writes records of the audit that belong to no other change. True if there were any.
    bool write_audit() { return audit_.has_waiting() && put({}) > 0; }
    /// The next epoch of a device's host and the position at which it is safe from repeating.
    std::pair<base::HostEpoch, Position> next_epoch(const std::string& device,
                                                    std::uint64_t at_least = 0);

    std::size_t size() const { return entries_.size(); }
    /// Ids made before this are refused: they may have been forgotten.
    std::uint64_t watermark_ms() const { return watermark_ms_; }
    /// An id that is not known here but may have been executed before the book was restored.
    bool may_be_lost(const base::OperationId& id) const { return id.unix_ms() < fence_ms_; }
    std::uint64_t fence_ms() const { return fence_ms_; }
    std::int64_t book_number() const { return book_number_; }
    std::int64_t book_epoch() const { return book_epoch_; }
    /// By device; of one that is no longer configured too.
    const std::map<std::string, Counts>& counts() const { return counts_; }
    /// Final, and kept because nobody acknowledged them.
    std::uint64_t unacknowledged() const { return unacknowledged_; }
    /// Forgets rows that were acknowledged and settled before `settled_before_ms`.
    void forget_settled_before(std::int64_t settled_before_ms);
    /// Forgets the oldest acknowledged rows, however young, until at most `rows_max` are left or
    /// none can go.
    void shrink_to(std::size_t rows_max);
    Position last_position() const { return last_position_; }
    /// As BookStore::has_room.
    bool has_room() const { return store_.has_room(); }

private:
    Entry& known(const base::OperationId& id);
    Entry& insert(OperationRow row);
    /// A row that was not there before, in its first state.
    const Entry& add(OperationRow row);
    /// Checks the drawing above, writes the row and tells the observer.
    const Entry& move(Entry& entry, contract::OperationState to);
    const Entry& write(Entry& entry);
    void index(Entry& entry);
    void unindex(const Entry& entry);
    void drop_step(const base::OperationId& sale, std::uint64_t sequence);
    static const Queue& nothing();
    void forget(const std::vector<base::OperationId>& ids);
    Position put(BookChange change);

    BookStore& store_;
    const os::Clock& clock_;
    Audit& audit_;
    OnChange observer_;
    OnMove move_observer_;
    std::unordered_map<base::OperationId, Entry> entries_;
    Queue by_sequence_;
    std::map<std::string, Queue> waiting_;
    std::map<std::string, Queue> doubts_;
    std::unordered_map<base::OperationId, Queue> steps_;  ///< by the sale
    std::map<std::pair<std::string, std::string>, base::OperationId> by_sale_ref_;
    std::map<std::pair<std::string, std::string>, Queue> open_by_content_;
    std::map<std::pair<std::string, std::int64_t>, Queue> by_slip_;
    std::unordered_map<base::OperationId, const Entry*> reversals_;  ///< done, by the payment
    std::map<std::string, std::uint64_t> last_payments_;  ///< by device, the sequence of each
    std::map<std::string, std::uint64_t> epochs_;
    std::map<std::string, Counts> counts_;
    std::uint64_t unacknowledged_ = 0;
    std::uint64_t last_sequence_ = 0;
    std::uint64_t watermark_ms_ = 0;
    std::uint64_t fence_ms_ = 0;
    std::int64_t book_number_ = 0;
    std::int64_t book_epoch_ = 0;
    Position last_position_ = 0;
};

}  // namespace tillhost::devd::core
