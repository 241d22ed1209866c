#pragma once

#include <memory>
#include <string>

#include "hal/os/clock.h"
#include "hal/os/log.h"
#include "hal/os/password_hash.h"
#include "sumpd/core/numbering.h"
#include "sumpd/exchange/operations.h"
#include "sumpd/store/changes.h"
#include "sumpd/store/inbox.h"
#include "sumpd/store/node_acts.h"
#include "sumpd/store/outbox.h"
#include "sumpd/store/part_files.h"
#include "sumpd/store/transactions.h"

namespace tillhost::sumpd::store {

struct ExchangeSettings {
    std::string server_name = "sumpd";
    os::Argon2Cost password_cost{};  ///< of users' passwords and PINs that come in messages
    Floors floors{};
    ObjectRules* rules = nullptr;  ///< outlives the store; none: every object is as it comes
};

/// The accounting system's side of the exchange. Any thread; the caller has authenticated the
/// accounting system. Each call blocks for the disk. Every operation may be repeated after an
/// answer that was lost; the numbers are told in sumpd/core/numbering.h.
///
/// Faults of each, beside its own: unknown_node (none is configured), node_conflict (another one
/// is), too_many, disk_full (of what brings something new), internal.
class Exchange final {
public:
    /// Removes leftovers of a kill and goes on with an import that was interrupted. Errors:
    /// storage_failed, system_failed.
    static base::Result<std::unique_ptr<Exchange>> open(const std::string& folder,
                                                        Transactions& transactions,
                                                        Changes& changes, const os::Clock& clock,
                                                        const os::Logger& logger,
                                                        const ServerKey& key,
                                                        ExchangeSettings settings);

    /// Names the one accounting system. The first one wins: another name is node_conflict, unless
    /// the exchange was handed over from that one, which changes nothing.
    exchange::Outcome<exchange::Empty> configure(const std::string& node);
    /// As it stands. An empty code: none is configured.
    exchange::Outcome<core::NodeState> node();
    /// For an administrator. The acts are noted in the audit; their faults stand in node_acts.h.
    exchange::Outcome<NodeFacts> facts();
    exchange::Outcome<std::int64_t> accept_numbers(const PeerNumbers& numbers,
                                                   const SendAgain& again, const Person& who);
    exchange::Outcome<std::int64_t> hand_over(const std::string& code, const SendAgain& again,
                                              const Person& who);

    exchange::Outcome<exchange::TestConnectionResponse> test_connection(
        const exchange::TestConnection& request);

    /// Acknowledges up to AckNo, then freezes what waits as the next message, or answers the one
    /// that is frozen: same id, number and bytes, whatever else is asked. Faults: ack_regression,
    /// message_conflict (AckNo was never sent).
    exchange::Outcome<exchange::PrepareMessageResponse> prepare(
        const exchange::PrepareMessage& request);
    /// Faults: not_found (no such message is frozen, or it has fewer parts).
    exchange::Outcome<exchange::GetPartResponse> part(const exchange::GetPart& request);
    /// Acknowledges the message; documents that are not named are accepted. Repeated, it changes
    /// what it names and nothing else. Faults: message_conflict (was never sent).
    exchange::Outcome<exchange::ConfirmMessageResponse> confirm(
        const exchange::ConfirmMessage& request);

    /// Keeps one part. Faults: bad_request (hash), message_conflict (the message is committed and
    /// had another part there), too_large.
    exchange::Outcome<exchange::PutPartResponse> put_part(const exchange::PutPart& request);
    /// Hands a message over to the import. Its own AckNo holds when it is applied. Faults:
    /// stale_message, message_conflict, ack_regression, bad_request (a part is missing), too_many
    /// (another message is being applied).
    exchange::Outcome<exchange::CommitMessageResponse> commit(
        const exchange::CommitMessage& request);
    /// Waits up to wait_ms for the end. Faults: not_found.
    exchange::Outcome<exchange::GetJobResponse> job(const exchange::GetJob& request);
    /// Forgets a message that is not committed, or that failed; one that is unknown is fine.
    /// Faults: message_conflict (it is being applied, or was).
    exchange::Outcome<exchange::Empty> cancel(const exchange::CancelMessage& request);

    /// Forgets messages that nobody has committed, or that failed, and that began before that time;
    /// how many. Faults: too_many, internal.
    exchange::Outcome<std::int64_t> forget_abandoned(std::int64_t before_ms);

    /// Ends all waits, now and later ones, and lets the import rest until the next start.
    void stop();

private:
    Exchange(PartFiles files, Transactions& transactions, Changes& changes, const os::Clock& clock,
             const os::Logger& logger, const ServerKey& key, ExchangeSettings settings);

    Transactions& transactions_;
    const os::Clock& clock_;
    const ExchangeSettings settings_;
    /// What it is refused is kept for the administrator; the refusal goes on.
    template <class T>
    exchange::Outcome<T> noted(exchange::Outcome<T> outcome);

    const PartFiles files_;
    Audit audit_;
    Outbox outbox_;
    Inbox inbox_;
};

}  // namespace tillhost::sumpd::store
