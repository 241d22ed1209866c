#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hal/os/clock.h"
#include "sumpd/core/numbering.h"
#include "sumpd/exchange/operations.h"
#include "sumpd/store/part_files.h"
#include "sumpd/store/transactions.h"

namespace tillhost::sumpd::store {

/// Bytes of a message where the accounting system names none, and at most.
inline constexpr std::int64_t kOutMessageBytesUsual = 16LL * 1024 * 1024;
inline constexpr std::int64_t kOutMessageBytesMax = 64LL * 1024 * 1024;
/// So that one ConfirmMessage can name all of them.
inline constexpr std::int64_t kOutMessageDocumentsMax = exchange::kResultsMax;
/// A document that was deferred goes again no sooner: a loop of prepare and confirm comes to an
/// end.
inline constexpr std::int64_t kDeferredAgainMs = 60'000;

/// Messages to the accounting system; see Exchange.
class Outbox final {
public:
    /// `server_node` is who the messages say they are from.
    Outbox(Transactions& transactions, const PartFiles& files, const os::Clock& clock,
           std::string server_node)
        : transactions_(transactions),
          files_(files),
          clock_(clock),
          server_node_(std::move(server_node)) {}

    exchange::Outcome<exchange::PrepareMessageResponse> prepare(
        const exchange::PrepareMessage& request);
    exchange::Outcome<exchange::GetPartResponse> part(const exchange::GetPart& request);
    exchange::Outcome<exchange::ConfirmMessageResponse> confirm(
        const exchange::ConfirmMessage& request);
    /// Removes the files of messages that are acknowledged.
    void forget(const std::vector<std::string>& message_ids);

private:
    struct Frozen;
    struct Draft;
    exchange::Outcome<std::optional<Frozen>> acknowledged(const exchange::PrepareMessage& request,
                                                          core::NodeState& node);
    exchange::Outcome<Draft> write_draft(const exchange::PrepareMessage& request,
                                         const core::NodeState& node);
    exchange::Outcome<void> freeze(const Draft& draft, const core::NodeState& node);

    Transactions& transactions_;
    const PartFiles& files_;
    const os::Clock& clock_;
    const std::string server_node_;
    std::mutex freezing_;  ///< one message is made at a time
};

}  // namespace tillhost::sumpd::store
