#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "devd/core/core.h"
#include "devd/runtime/remote_link.h"

namespace tillhost::devd::runtime {

/// The way to a host, as the drivers of its devices use it.
class RemoteTrunk {
public:
    virtual ~RemoteTrunk() = default;
    virtual Uplink& link() = 0;
    virtual const RemoteHost& host() const = 0;
    /// As that host last told it, under its id here; nullptr: not connected, or there is none.
    virtual const contract::Device* seen(const std::string& here) const = 0;
    /// Hands a message of a device's driver to the core, after what is under way now.
    virtual void say(const std::string& here, base::HostEpoch epoch,
                     contract::FromHost message) = 0;
    virtual const os::Clock& clock() const = 0;
    virtual void after(os::Duration wait, std::function<void()> action) = 0;
};

/// How long a step may stand in the owner's queue before it is taken out of it again: a customer
/// waits.
inline constexpr os::Duration kQueuedThereMax = std::chrono::seconds(60);
/// How often it is looked at meanwhile, and a refusal that passes is tried again.
inline constexpr os::Duration kLookThere = std::chrono::seconds(5);
inline constexpr os::Duration kTryAgainThere = std::chrono::milliseconds(500);

/// Carries a sale's steps out on a device of another host: to the core it is the driver of that
/// device, to the host a client of its own. Everything else that concerns the device goes past it
/// (Relay).
///
/// A step has one id here and there. Before it is handed over its marker is on disk here, and after
/// that nothing but the owner's book says what came of it. An owner that cannot be reached leaves
/// it in doubt. One that does not know it is handed it again under the same id, which it takes
/// once; but what a customer has to stand by (a payment, a refund) it is made to refuse for good
/// (settle) before it counts as not executed. It is never handed over under another id. What the
/// owner has not begun within kQueuedThereMax is cancelled there. A result that does not fit what
/// was asked is none: a person has to look.
class RemoteDriver final {
public:
    RemoteDriver(RemoteTrunk& trunk, std::string here, std::string there)
        : trunk_(trunk), here_(std::move(here)), there_(std::move(there)) {}

    void spawn(base::HostEpoch epoch);
    void kill() { epoch_.reset(); }
    void take(const contract::ToHost& message);
    void abort();
    /// Nothing was asked of it: it says that it is there.
    void beat();
    /// The way to the host ended. What was asked by it has been answered already.
    void link_lost(const base::Error& why);

private:
    using Verdict = std::function<void(const base::Result<contract::Resolution>&)>;
    using Told = std::function<void(const base::Result<contract::Operation>&)>;
    /// What is carried out.
    struct Step {
        contract::Execute execute;
        os::Instant since{};
        bool gone = false;                                  ///< go was said
        bool aborted = false;                               ///< before go
        std::optional<contract::OperationResult> result{};  ///< being written here
    };
    /// What is settled.
    struct Doubt {
        contract::Pending pending;
        os::Instant since{};
        Verdict verdict;
        std::optional<contract::Resolution> said{};  ///< its result is being written here
    };

    void take(const contract::Open& open);
    void take(const contract::Execute& execute);
    void take(const contract::Go& go);
    void take(const contract::Persisted& persisted);
    void take(const contract::Refused& refused);
    void take(const contract::ResolveCommand& resolve);
    void take(const contract::QueryCommand& query);

    void opened(std::optional<contract::Resolution> resolution);
    void submit();
    void not_taken(const base::Error& error);
    void await_end();
    void conclude(const contract::Operation& operation);
    void ended_without(const contract::Operation& operation);
    void ended_with(const contract::OperationResult& result);
    void finish(std::optional<contract::OperationResult> result,
                std::optional<contract::Error> error, bool link_lost);
    void acknowledge(const base::OperationId& id);

    void resolve(const contract::Pending& pending, Verdict verdict);
    void not_known_there();
    void judge(const base::Result<contract::Operation>& seen);
    void judge_open(const contract::Operation& operation);
    void judge_done(const contract::Operation& operation);
    void give(const base::Result<contract::Resolution>& word);
    contract::Resolution word(contract::Verdict verdict, std::string reason) const;

    void ask(contract::RequestKind kind, contract::Value body, os::Duration time, Told told);
    void hand_over(const base::OperationId& id, const contract::Command& command, Told told);
    void change(contract::RequestKind kind, const base::OperationId& id, Told told);
    void look(contract::RequestKind kind, const base::OperationId& id, os::Duration time,
              Told told);
    void later(std::function<void()> action);
    bool is_late(os::Instant since) const;
    void persist(const base::OperationId& id, std::int64_t attempt, contract::Record record);
    contract::Identity identity() const;
    void say(contract::FromHost message);

    RemoteTrunk& trunk_;
    const std::string here_;
    const std::string there_;
    std::optional<base::HostEpoch> epoch_;
    std::optional<Step> step_;
    std::optional<Doubt> doubt_;
};

}  // namespace tillhost::devd::runtime
