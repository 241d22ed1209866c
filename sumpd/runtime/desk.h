#pragma once

#include "sumpd/api/operations.h"
#include "sumpd/apps/invitations.h"
#include "sumpd/gateway/gateway.h"
#include "sumpd/people/limits.h"
#include "sumpd/store/store.h"

namespace tillhost::sumpd::runtime {

/// Carries each operation to the part that knows it.
class Desk final : public api::Operations {
public:
    /// All outlive it.
    Desk(store::Store& store, people::Limits& limits, apps::Registry& registry,
         apps::Invitations& invitations, gateway::Gateway& gateway, const os::Clock& clock)
        : store_(store),
          limits_(limits),
          registry_(registry),
          invitations_(invitations),
          gateway_(gateway),
          clock_(clock) {}

#define X(Request, Response)                                            \
    exchange::Outcome<exchange::Response> serve(const api::Caller& who, \
                                                const exchange::Request& request) override;
    SUMP_OPERATIONS(X)
#undef X
    exchange::Outcome<std::string> changes_as_json(const api::Caller& who,
                                                   const exchange::GetChanges& request) override;
    std::optional<std::string> changes_at_once(const api::Caller& who,
                                               const exchange::GetChanges& request) override;

private:
    exchange::GetChanges within_packet(const api::Caller& who,
                                       const exchange::GetChanges& request) const;
    template <class T>
    exchange::Outcome<T> still_admitted(const api::Caller& who, exchange::Outcome<T> answer) const;

    store::Store& store_;
    people::Limits& limits_;
    apps::Registry& registry_;
    apps::Invitations& invitations_;
    gateway::Gateway& gateway_;
    const os::Clock& clock_;
};

}  // namespace tillhost::sumpd::runtime
