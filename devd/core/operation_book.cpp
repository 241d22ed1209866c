#include "devd/core/operation_book.h"

#include <algorithm>

#include "ipc/contract/envelope.h"

namespace tillhost::devd::core {
namespace {

using contract::OperationState;
using State = OperationState;

/// The drawing in the header.
bool may_become(State from, State to) {
    switch (from) {
        case State::accepted:
            return to == State::prepared || to == State::done || to == State::failed ||
                   to == State::cancelled || to == State::expired;
        case State::prepared:
            return to == State::done || to == State::in_doubt || to == State::accepted ||
                   to == State::failed;
        case State::in_doubt:
            return to == State::done || to == State::accepted || to == State::failed ||
                   to == State::in_doubt;
        case State::done:
        case State::failed:
        case State::cancelled:
        case State::expired:
        case State::never_accepted:
        case State::unspecified: return false;
    }
    return false;
}

/// Counts for sale_ref: the operation happened or may still happen.
bool holds_sale_ref(const OperationRow& row) {
    return !row.sale_ref.empty() && (!is_final(row.state) || row.state == State::done);
}

/// Counts for possible_duplicate.
bool is_open(const OperationRow& row) {
    return row.command && is_money(*row.command) &&
           (!is_final(row.state) || (row.state == State::done && !row.acknowledged));
}

/// Its result, if it moved money at a terminal.
const contract::PaymentResult* payment_done(const OperationRow& row) {
    return row.state == State::done && row.result
               ? std::get_if<contract::PaymentResult>(&*row.result)
               : nullptr;
}

/// The payment that it took back, if it says so.
const base::OperationId* taken_back(const OperationRow& row) {
    const auto* reverse = row.command ? std::get_if<contract::Reverse>(&*row.command) : nullptr;
    return row.state == State::done && reverse != nullptr && reverse->payment ? &*reverse->payment
                                                                              : nullptr;
}

void put_in(std::map<std::string, OperationBook::Queue>& queues, const std::string& device,
            const OperationBook::Entry& entry) {
    queues[device].emplace(entry.row.sequence, &entry);
}

template <class Key>
void take_out(std::map<Key, OperationBook::Queue>& queues, const Key& key, std::uint64_t sequence) {
    const auto queue = queues.find(key);
    if (queue == queues.end()) {
        return;
    }
    queue->second.erase(sequence);
    if (queue->second.empty()) {
        queues.erase(queue);
    }
}

}  // namespace

bool is_payment(const contract::Command& command) {
    return std::holds_alternative<contract::Authorise>(command) ||
           std::holds_alternative<contract::Reverse>(command) ||
           std::holds_alternative<contract::Refund>(command) ||
           std::holds_alternative<contract::EndOfDay>(command);
}

bool is_money(const contract::Command& command) {
    return makes_fiscal_document(command) || is_payment(command) ||
           std::holds_alternative<contract::CashIn>(command) ||
           std::holds_alternative<contract::CashOut>(command) ||
           std::holds_alternative<contract::Sale>(command);
}

bool is_sale(const OperationRow& row) {
    return row.command && std::holds_alternative<contract::Sale>(*row.command);
}

bool makes_fiscal_document(const contract::Command& command) {
    return std::holds_alternative<contract::Receipt>(command) ||
           std::holds_alternative<contract::Correction>(command) ||
           std::holds_alternative<contract::OpenShift>(command) ||
           std::holds_alternative<contract::CloseShift>(command);
}

bool is_final(State state) {
    return state != State::accepted && state != State::prepared && state != State::in_doubt;
}

bool needs_person(const OperationRow& row) {
    return (row.state == State::in_doubt || row.state == State::accepted) && row.error &&
           row.error->reaction == base::Reaction::ask_operator;
}

contract::Operation operation_of(const OperationRow& row, bool repeat) {
    contract::Operation operation;
    operation.operation_id = row.id;
    operation.device = row.device;
    operation.command = row.command ? std::string(contract::case_of(*row.command)) : "";
    operation.state = row.state;
    operation.version = row.version;
    operation.attempt = row.attempt;
    operation.repeat = repeat;
    operation.acknowledged = row.acknowledged;
    operation.sale_ref = row.sale_ref;
    operation.client = row.client;
    operation.accepted_at_ms = row.accepted_at_ms;
    operation.result = row.result;
    operation.error = row.error;
    operation.parent = row.parent;
    return operation;
}

/// A command without money that a host may have carried out.
bool was_begun(const OperationRow& row) {
    return row.state == State::accepted && row.attempt > 0 && row.command &&
           !is_money(*row.command);
}

bool is_restored_doubt(const OperationRow& row) {
    return row.state == State::in_doubt && row.error &&
           row.error->code == base::name_of(base::ErrorCode::book_restored);
}

const contract::Identity& identity_of(const contract::Marker& marker) {
    return std::visit(
        [](const auto& of_class) -> const contract::Identity& { return of_class.identity; },
        marker);
}

contract::Pending pending_of(const OperationRow& row) {
    INVARIANT(row.command && row.marker);
    contract::Pending pending;
    pending.operation_id = row.id;
    pending.attempt = row.attempt;
    pending.command = *row.command;
    pending.marker = *row.marker;
    pending.evidence = row.evidence;
    return pending;
}

OperationBook::OperationBook(BookStore& store, const os::Clock& clock, Audit& audit,
                             BookImage image)
    : store_(store),
      clock_(clock),
      audit_(audit),
      epochs_(image.host_epochs.begin(), image.host_epochs.end()),
      watermark_ms_(image.retention_watermark_ms),
      fence_ms_(image.restore_fence_ms),
      book_number_(image.book_number),
      book_epoch_(image.book_epoch) {
    for (OperationRow& row : image.operations) {
        last_sequence_ = std::max(last_sequence_, row.sequence);
        insert(std::move(row));
    }
    const base::Error lost = base::make_error(
        base::ErrorCode::host_lost, "devd ended while the device was at work; the device is asked",
        base::Effect::unknown);
    const base::Error gone = base::make_error(
        base::ErrorCode::host_lost,
        "devd ended while the device was at work; look whether it was done", base::Effect::unknown);
    for (const auto& [sequence, entry] : Queue(by_sequence_)) {
        if (entry->row.state == State::prepared) {
            doubt(entry->row.id, contract::to_contract(lost));
        } else if (was_begun(entry->row)) {
            fail(entry->row.id, contract::to_contract(gone));
        }
    }
}

OperationBook::Entry& OperationBook::insert(OperationRow row) {
    const auto [place, fresh] = entries_.emplace(row.id, Entry{});
    INVARIANT(fresh);
    Entry& entry = place->second;
    entry.row = std::move(row);
    if (entry.row.parent) {
        steps_[*entry.row.parent].emplace(entry.row.sequence, &entry);
    }
    index(entry);
    return entry;
}

void OperationBook::index(Entry& entry) {
    const OperationRow& row = entry.row;
    by_sequence_[row.sequence] = &entry;
    counts_[row.device].held[static_cast<std::size_t>(row.state)] += 1;
    unacknowledged_ += is_final(row.state) && !row.acknowledged ? 1 : 0;
    if (row.state == State::accepted) {
        put_in(waiting_, row.device, entry);
    } else if (row.state == State::in_doubt) {
        put_in(doubts_, row.device, entry);
    }
    if (row.state == State::done && row.command && is_payment(*row.command)) {
        std::uint64_t& last = last_payments_[row.device];
        last = std::max(last, row.sequence);
    }
    if (const auto* paid = payment_done(row)) {
        by_slip_[{row.device, paid->receipt_number}].emplace(row.sequence, &entry);
    }
    if (const auto* payment = taken_back(row)) {
        reversals_[*payment] = &entry;
    }
    if (holds_sale_ref(row)) {
        by_sale_ref_[{row.client, row.sale_ref}] = row.id;
    }
    if (is_open(row)) {
        open_by_content_[{row.client, row.content_hash}].emplace(row.sequence, &entry);
    }
}

void OperationBook::unindex(const Entry& entry) {
    const OperationRow& row = entry.row;
    by_sequence_.erase(row.sequence);
    counts_[row.device].held[static_cast<std::size_t>(row.state)] -= 1;
    unacknowledged_ -= is_final(row.state) && !row.acknowledged ? 1 : 0;
    take_out(waiting_, row.device, row.sequence);
    take_out(doubts_, row.device, row.sequence);
    take_out(open_by_content_, {row.client, row.content_hash}, row.sequence);
    if (const auto* paid = payment_done(row)) {
        take_out(by_slip_, {row.device, paid->receipt_number}, row.sequence);
    }
    if (const auto* payment = taken_back(row); payment && reversal_of(*payment) == &entry) {
        reversals_.erase(*payment);
    }
    const auto holder = by_sale_ref_.find({row.client, row.sale_ref});
    if (holder != by_sale_ref_.end() && holder->second == row.id) {
        by_sale_ref_.erase(holder);
    }
}

OperationBook::Entry& OperationBook::known(const base::OperationId& id) {
    const auto found = entries_.find(id);
    INVARIANT(found != entries_.end());
    return found->second;
}

Position OperationBook::put(BookChange change) {
    change.audit = audit_.take();
    last_position_ = store_.write(std::move(change));
    return last_position_;
}

const OperationBook::Entry& OperationBook::write(Entry& entry) {
    BookChange change;
    change.put.push_back(entry.row);
    entry.position = put(std::move(change));
    if (observer_) {
        observer_(entry);
    }
    return entry;
}

const OperationBook::Entry& OperationBook::move(Entry& entry, State to) {
    const State from = entry.row.state;
    INVARIANT(may_become(from, to));
    unindex(entry);
    entry.row.state = to;
    entry.row.version += 1;
    if (is_final(to)) {
        entry.row.settled_at_ms = clock_.unix_ms();
        audit_.settled(entry.row);
    }
    index(entry);
    counts_[entry.row.device].entered[static_cast<std::size_t>(to)] += 1;
    write(entry);
    if (move_observer_) {
        move_observer_(entry, from);
    }
    return entry;
}

const OperationBook::Entry& OperationBook::add(OperationRow row) {
    row.version = 1;
    row.sequence = ++last_sequence_;
    row.accepted_at_ms = clock_.unix_ms();
    row.settled_at_ms = is_final(row.state) ? row.accepted_at_ms : 0;
    Entry& entry = insert(std::move(row));
    counts_[entry.row.device].entered[static_cast<std::size_t>(entry.row.state)] += 1;
    if (is_final(entry.row.state)) {
        audit_.settled(entry.row);
    }
    write(entry);
    if (move_observer_) {
        move_observer_(entry, State::unspecified);
    }
    return entry;
}

const OperationBook::Entry& OperationBook::accept(OperationRow row) {
    row.state = State::accepted;
    return add(std::move(row));
}

const OperationBook::Entry& OperationBook::bury(const base::OperationId& id,
                                                const std::string& client) {
    OperationRow row;
    row.id = id;
    row.client = client;
    row.state = State::never_accepted;
    row.acknowledged = true;  // nothing is left to be told
    return add(std::move(row));
}

const OperationBook::Entry& OperationBook::settle_lost(
    const base::OperationId& id, const std::string& client, const std::string& note,
    const std::optional<contract::OperationResult>& result) {
    OperationRow row;
    row.id = id;
    row.client = client;
    row.decision = note;
    row.state = result ? State::done : State::never_accepted;
    row.result = result;
    row.acknowledged = !result;
    return add(std::move(row));
}

const OperationBook::Entry& OperationBook::prepare(const base::OperationId& id,
                                                   const contract::Marker& marker) {
    Entry& entry = known(id);
    entry.row.attempt += 1;
    entry.row.marker = marker;
    entry.row.error.reset();
    return move(entry, State::prepared);
}

const OperationBook::Entry& OperationBook::begin(const base::OperationId& id) {
    Entry& entry = known(id);
    INVARIANT(entry.row.state == State::accepted && !is_money(*entry.row.command));
    entry.row.attempt += 1;
    entry.row.version += 1;
    return write(entry);
}

const OperationBook::Entry& OperationBook::add_evidence(const base::OperationId& id,
                                                        const contract::Evidence& evidence) {
    Entry& entry = known(id);
    INVARIANT(entry.row.evidence.size() < kEvidenceMax);
    entry.row.evidence.push_back(evidence);
    entry.row.version += 1;
    return write(entry);
}

const OperationBook::Entry& OperationBook::finish(const base::OperationId& id,
                                                  const contract::OperationResult& result) {
    Entry& entry = known(id);
    entry.row.result = result;
    entry.row.error.reset();
    return move(entry, State::done);
}

const OperationBook::Entry& OperationBook::update_result(const base::OperationId& id,
                                                         const contract::OperationResult& now) {
    Entry& entry = known(id);
    INVARIANT(entry.row.state == State::done);
    entry.row.result = now;
    entry.row.version += 1;
    return write(entry);
}

const OperationBook::Entry& OperationBook::doubt(const base::OperationId& id,
                                                 const contract::Error& error) {
    Entry& entry = known(id);
    entry.row.error = error;
    return move(entry, State::in_doubt);
}

const OperationBook::Entry& OperationBook::give_back(const base::OperationId& id) {
    Entry& entry = known(id);
    entry.row.error.reset();
    entry.row.evidence.clear();  // it belongs to the attempt that is over
    return move(entry, State::accepted);
}

const OperationBook::Entry& OperationBook::fail(const base::OperationId& id,
                                                const contract::Error& error) {
    Entry& entry = known(id);
    entry.row.error = error;
    return move(entry, State::failed);
}

void OperationBook::block(const base::OperationId& id, const contract::Error& error) {
    Entry& entry = known(id);
    INVARIANT(entry.row.state == State::accepted);
    if (entry.row.error == error) {
        return;
    }
    entry.row.error = error;
    entry.row.version += 1;
    write(entry);
}

void OperationBook::unblock(const base::OperationId& id) {
    Entry& entry = known(id);
    INVARIANT(entry.row.state == State::accepted);
    entry.row.error.reset();
    entry.row.version += 1;
    write(entry);
}

const OperationBook::Entry& OperationBook::cancel(const base::OperationId& id) {
    return move(known(id), State::cancelled);
}

const OperationBook::Entry& OperationBook::expire(const base::OperationId& id) {
    Entry& entry = known(id);
    entry.row.error = contract::to_contract(base::make_error(base::ErrorCode::expired, ""));
    return move(entry, State::expired);
}

const OperationBook::Entry& OperationBook::acknowledge(const base::OperationId& id) {
    Entry& entry = known(id);
    INVARIANT(is_final(entry.row.state));
    unindex(entry);
    entry.row.acknowledged = true;
    entry.row.version += 1;
    index(entry);
    return write(entry);
}

void OperationBook::note_decision(const base::OperationId& id, const std::string& note) {
    Entry& entry = known(id);
    INVARIANT(entry.row.state == State::in_doubt || is_sale(entry.row));
    entry.row.decision = note;
}

std::pair<base::HostEpoch, Position> OperationBook::next_epoch(const std::string& device,
                                                               std::uint64_t at_least) {
    std::uint64_t& epoch = epochs_[device];
    epoch = std::max(epoch + 1, at_least);
    BookChange change;
    change.host_epoch = {device, epoch};
    return {base::HostEpoch{epoch}, put(std::move(change))};
}

}  // namespace tillhost::devd::core
