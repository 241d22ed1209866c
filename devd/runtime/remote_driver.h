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
};

/// Carries a sale's steps out on a device of another host: to the core it is the driver of that
/// device, to the host a client named kStepsClient. Everything else that concerns the device goes
/// past it (Relay).
///
/// A step has one id here and there. Before it is handed over its marker is on disk here, and after
/// that nothing but the owner's book says what came of it: an owner that cannot be reached leaves
/// it in doubt, and one that does not know it is made to refuse it for good (settle) before it
/// counts as not executed. It is never handed over under another id.
class RemoteDriver final {
public:
    RemoteDriver(RemoteTrunk& trunk, std::string here, std::string there)
        : trunk_(trunk), here_(std::move(here)), there_(std::move(there)) {}

    void spawn(base::HostEpoch epoch);
    void kill() { epoch_.reset(); }
    void take(const contract::ToHost& message);
    void abort();
    bool lives() const { return epoch_.has_value(); }
    /// Nothing was asked of it: it says that it is there.
    void beat();
    /// The way to the host ended.
    void link_lost(const base::Error& why);
    const std::string& here() const { return here_; }

private:
    using Verdict = std::function<void(const base::Result<contract::Resolution>&)>;
    using Told = std::function<void(const base::Result<contract::Operation>&)>;
    enum class Doing : std::uint8_t { nothing, executing };

    void take(const contract::Open& open);
    void take(const contract::Execute& execute);
    void take(const contract::Go& go);
    void take(const contract::Persisted& persisted);
    void take(const contract::Refused& refused);
    void take(const contract::ResolveCommand& resolve);
    void take(const contract::QueryCommand& query);

    void opened(std::optional<contract::Resolution> resolution);
    void submit();
    void await(const base::OperationId& id);
    void conclude(const contract::Operation& operation);
    void finish(std::optional<contract::OperationResult> result,
                std::optional<contract::Error> error, bool link_lost);
    void acknowledge(const base::OperationId& id);

    void resolve(const contract::Pending& pending, Verdict verdict);
    void make_sure(const base::OperationId& id, Verdict verdict);
    void judge(const contract::Operation& operation, const Verdict& verdict);
    void ask(contract::RequestKind kind, contract::Value body, os::Duration time, Told told);
    contract::Identity identity() const;
    void say(contract::FromHost message);

    RemoteTrunk& trunk_;
    const std::string here_;
    const std::string there_;
    std::optional<base::HostEpoch> epoch_;
    std::optional<contract::Execute> step_;  ///< that is carried out
    std::optional<contract::OperationResult> result_;
};

}  // namespace tillhost::devd::runtime
