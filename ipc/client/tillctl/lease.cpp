#include "ipc/client/tillctl/sharing.h"
#include "ipc/client/tillctl/texts.h"
#include "ipc/contract/decoder.h"
#include "ipc/json.h"

namespace tillhost::tillctl {
namespace {

using base::Result;
using client::Client;
using contract::Lease;

constexpr int kIndent = 2;

/// Keeps a lease until it is interrupted, its time is over, or somebody who asks gets it.
class Holder final {
public:
    Holder(const LeaseVerb& verb, const Invocation& how, Client& devd, os::Clock& clock,
           Console& console)
        : verb_(verb), how_(how), devd_(devd), clock_(clock), console_(console) {}

    Result<Exit> run() {
        const os::Deadline deadline = clock_.now() + how_.timeout;
        TRY(devd_.subscribe("lease/" + verb_.device, {}, deadline));
        const Lease lease = TRY(take(deadline));
        show(lease);
        if (lease.state != contract::LeaseState::held) {
            return Exit::failed;
        }
        console_.note_interruption();
        session_ = devd_.hello().session;
        return keep();
    }

private:
    Result<Lease> take(os::Deadline deadline) {
        if (verb_.takeover) {
            return devd_.ask_takeover(verb_.device, kHoldTime, verb_.note, deadline);
        }
        return devd_.take_lease(verb_.device, kHoldTime,
                                verb_.wait ? Client::Wait::yes : Client::Wait::no, deadline);
    }

    Result<Exit> keep() {
        const os::Instant end = clock_.now() + std::chrono::seconds(verb_.for_s);
        os::Instant renew = clock_.now() + kHoldTime / 3;
        while (!console_.interrupted() && (verb_.for_s == 0 || clock_.now() < end)) {
            const auto event = TRY(devd_.next_event(clock_.now() + kHoldLook));
            if (devd_.hello().session != session_ || (event && is_over(*event))) {
                console_.err(text(how_.language, Text::lease_is_over));
                return Exit::failed;
            }
            if (clock_.now() >= renew) {
                TRY(devd_.renew_lease(verb_.device, kHoldTime, clock_.now() + how_.timeout));
                renew = clock_.now() + kHoldTime / 3;
            }
        }
        show(TRY(devd_.release_lease(verb_.device, clock_.now() + how_.timeout)));
        return Exit::done;
    }

    /// Tells what happened to the lease; true if it is this program's no more.
    bool is_over(const client::TopicEvent& event) {
        const auto* change = std::get_if<contract::LeaseChange>(&event.event.body);
        if (change == nullptr) {
            return false;
        }
        const bool mine = change->client == devd_.hello().client;
        if (!began_) {  // what was told while it stood in line
            began_ = mine && change->kind == contract::LeaseEvent::granted;
            return false;
        }
        console_.err(event_text(how_.language, event));
        if (change->kind == contract::LeaseEvent::takeover_asked) {
            console_.err(text(how_.language, Text::lease_is_asked_for));
        }
        return mine && (change->kind == contract::LeaseEvent::ended ||
                        change->kind == contract::LeaseEvent::expired);
    }

    void show(const Lease& lease) {
        console_.out(how_.json
                         ? ipc::to_json(contract::to_value(lease, contract::Style::readable), -1) +
                               "\n"
                         : lease_text(how_.language, lease));
    }

    const LeaseVerb& verb_;
    const Invocation& how_;
    Client& devd_;
    os::Clock& clock_;
    Console& console_;
    std::int64_t session_ = 0;  ///< the lease ends with it
    bool began_ = false;        ///< its own grant was told
};

}  // namespace

Result<Exit> run_lease(const LeaseVerb& verb, const Invocation& how, Client& devd, os::Clock& clock,
                       Console& console) {
    if (verb.hold) {
        return Holder(verb, how, devd, clock, console).run();
    }
    const os::Deadline deadline = clock.now() + how.timeout;
    const Lease lease = verb.end.empty() ? TRY(devd.lease(verb.device, deadline))
                                         : TRY(devd.end_lease(verb.device, verb.end, deadline));
    const contract::Value json = contract::to_value(lease, contract::Style::readable);
    console.out(how.json ? ipc::to_json(json, kIndent) + "\n" : lease_text(how.language, lease));
    return Exit::done;
}

}  // namespace tillhost::tillctl
