// The requests about leases; what they do stands in leases.h.
#include "devd/core/requests.h"
#include "ipc/contract/decoder.h"

namespace tillhost::devd::core {

Leases::Call Requests::lease_call(const Call& call) {
    return {{call.peer, call.session->client}, call.request.id, call.deadline};
}

Requests::Outcome Requests::lease(const Call& call) {
    const auto request = TRY(contract::from_value<contract::DeviceRequest>(call.request.body));
    TRY(usable_lane(call, request.device));
    reply(call.peer, call.request.id, context_.book.last_position(),
          contract::to_value(leases_.describe(request.device, call.peer)));
    return {};
}

/// Of every request that changes a lease: whose it is, and of which device.
template <class Request>
base::Result<Request> Requests::read_lease(const Call& call) const {
    auto request = TRY(contract::from_value<Request>(call.request.body));
    TRY(check_session(call, request.session));
    TRY(usable_lane(call, request.device));
    return request;
}

Requests::Outcome Requests::take_lease(const Call& call) {
    return leases_.take(lease_call(call), TRY(read_lease<contract::TakeLeaseRequest>(call)));
}

Requests::Outcome Requests::renew_lease(const Call& call) {
    return leases_.renew(lease_call(call), TRY(read_lease<contract::RenewLeaseRequest>(call)));
}

Requests::Outcome Requests::release_lease(const Call& call) {
    const auto request = TRY(read_lease<contract::ReleaseLeaseRequest>(call));
    return leases_.release(lease_call(call), request.device);
}

Requests::Outcome Requests::ask_takeover(const Call& call) {
    return leases_.ask_takeover(lease_call(call),
                                TRY(read_lease<contract::AskTakeoverRequest>(call)));
}

Requests::Outcome Requests::answer_takeover(const Call& call) {
    return leases_.answer_takeover(lease_call(call),
                                   TRY(read_lease<contract::AnswerTakeoverRequest>(call)));
}

Requests::Outcome Requests::end_lease(const Call& call) {
    return leases_.end(lease_call(call), TRY(read_lease<contract::EndLeaseRequest>(call)));
}

base::Done Requests::check_lease(const Call& call, const contract::SubmitRequest& request) const {
    const auto* sale = std::get_if<contract::Sale>(&request.command);
    const std::vector<std::string> devices =
        sale == nullptr ? std::vector{request.device} : devices_of(*sale);
    return leases_.check({call.peer, call.session->client}, devices, request.lease);
}

}  // namespace tillhost::devd::core
