// A device for oneself, for a time (ipc/schema/v1/lease.yaml).
#include "ipc/client/cpp/ask.h"
#include "ipc/client/cpp/client.h"

namespace tillhost::client {

using base::Result;
using contract::Lease;
using contract::RequestKind;

namespace {

std::int64_t ms_of(os::Duration time) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
}

}  // namespace

Result<Lease> Client::lease(const std::string& device, os::Deadline deadline) {
    TRY(be_connected(deadline));
    return note(TRY(ask<Lease>(RequestKind::lease, contract::DeviceRequest{device}, deadline)));
}

Result<Lease> Client::take_lease(const std::string& device, os::Duration time, Wait wait,
                                 os::Deadline deadline) {
    TRY(be_connected(deadline));
    return note(TRY(ask<Lease>(
        RequestKind::take_lease,
        contract::TakeLeaseRequest{hello_.session, device, ms_of(time), wait == Wait::yes},
        deadline)));
}

Result<Lease> Client::ask_takeover(const std::string& device, os::Duration time,
                                   const std::string& why, os::Deadline deadline) {
    TRY(be_connected(deadline));
    return note(TRY(ask<Lease>(
        RequestKind::ask_takeover,
        contract::AskTakeoverRequest{hello_.session, device, ms_of(time), why}, deadline)));
}

Result<Lease> Client::renew_lease(const std::string& device, os::Duration time,
                                  os::Deadline deadline) {
    const std::int64_t token = TRY(token_of(device));
    TRY(be_connected(deadline));
    return ask<Lease>(RequestKind::renew_lease,
                      contract::RenewLeaseRequest{hello_.session, device, token, ms_of(time)},
                      deadline);
}

Result<Lease> Client::answer_takeover(const std::string& device, bool consent,
                                      os::Deadline deadline) {
    const std::int64_t token = TRY(token_of(device));
    TRY(be_connected(deadline));
    auto lease = TRY(ask<Lease>(
        RequestKind::answer_takeover,
        contract::AnswerTakeoverRequest{hello_.session, device, token, consent}, deadline));
    if (consent) {
        leases_.erase(device);
    }
    return lease;
}

Result<Lease> Client::release_lease(const std::string& device, os::Deadline deadline) {
    leases_.erase(device);
    TRY(be_connected(deadline));
    return ask<Lease>(RequestKind::release_lease,
                      contract::ReleaseLeaseRequest{hello_.session, device}, deadline);
}

Result<Lease> Client::end_lease(const std::string& device, const std::string& why,
                                os::Deadline deadline) {
    TRY(be_connected(deadline));
    return ask<Lease>(RequestKind::end_lease,
                      contract::EndLeaseRequest{hello_.session, device, why}, deadline);
}

Lease Client::note(Lease lease) {
    if (lease.state == contract::LeaseState::held) {
        leases_[lease.device] = lease.token;  // also one that was granted after take_lease returned
    }
    return lease;
}

Result<std::int64_t> Client::token_of(const std::string& device) const {
    const auto found = leases_.find(device);
    if (found == leases_.end()) {
        return base::make_error(base::ErrorCode::stale_lease,
                                "device: this program has not taken it (take_lease)");
    }
    return found->second;
}

/// That of the device, or of a device that a sale names; of one that leaves names to the shop, any.
std::int64_t Client::token_for(const std::string& device, const contract::Command& command) const {
    const auto token = [this](const std::string& of) {
        const auto found = leases_.find(of);
        return found == leases_.end() ? 0 : found->second;
    };
    const auto* sale = std::get_if<contract::Sale>(&command);
    if (sale == nullptr) {
        return token(device);
    }
    for (const std::string* of :
         {&sale->registrar, &sale->terminal, &sale->substitute, &sale->printer, &sale->drawer}) {
        if (const std::int64_t found = token(*of); found != 0) {
            return found;
        }
    }
    const bool by_default = sale->registrar.empty() || sale->terminal.empty();
    return by_default && !leases_.empty() ? leases_.begin()->second : 0;
}

Result<contract::AuditReply> Client::audit(std::int64_t first, std::int64_t limit,
                                           os::Deadline deadline) {
    TRY(be_connected(deadline));
    return ask<contract::AuditReply>(RequestKind::audit, contract::AuditRequest{first, limit},
                                     deadline);
}

}  // namespace tillhost::client
