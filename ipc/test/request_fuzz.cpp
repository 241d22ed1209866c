// Whatever a peer sends: read as msgpack, as an envelope, and as the body of every request and
// message there is, it is a value or a typed error; a body that was read is written and read back.
#include <cstdint>
#include <span>

#include "hal/base/invariant.h"
#include "ipc/contract/decoder.h"
#include "ipc/contract/envelope.h"
#include "ipc/msgpack.h"

namespace {
using namespace tillhost;

template <class... Bodies>
void read_all(const contract::Value& value) {
    const auto read = [&value]<class Body>(const Body*) {
        const auto body = contract::from_value<Body>(value);
        if (body) {
            const auto again = contract::from_value<Body>(contract::to_value(*body));
            INVARIANT(again && *again == *body);
        } else {
            INVARIANT(body.error().code == base::ErrorCode::bad_field);
        }
    };
    (read(static_cast<const Bodies*>(nullptr)), ...);
}

void read_bodies(const contract::Value& value) {
    using namespace contract;
    read_all<HelloRequest, Empty, DeviceRequest, QueryRequest, SubmitRequest, OperationRequest,
             OperationsRequest, SessionOperationRequest, DecideRequest>(value);
    read_all<HelloReply, DevicesReply, Device, ClassStatus, Operation, OperationsReply>(value);
    read_all<SubscribeRequest, CreditRequest, UnsubscribeRequest, SubscribeReply, Event>(value);
    read_all<FromHost, ToHost, Command, Journal>(value);
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto value = ipc::decode_msgpack(std::as_bytes(std::span(data, size)));
    if (!value) {
        return 0;
    }
    read_bodies(*value);
    const auto request = contract::read_request(*value);
    if (const auto* good = std::get_if<contract::Request>(&request)) {
        INVARIANT(good->kind != contract::RequestKind::unspecified);
        read_bodies(good->body);
    }
    const auto reply = contract::read_reply(*value);
    if (reply) {
        contract::to_value(*reply);
    }
    return 0;
}
