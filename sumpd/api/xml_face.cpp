#include "sumpd/api/faces.h"

namespace tillhost::sumpd::api {

using exchange::FaultCode;
using exchange::Outcome;

namespace {

template <class Request>
Outcome<std::string> serve(Operations& operations, const Caller& who, exchange::Encoding encoding,
                           std::string_view answer_name, const exchange::Node& element) {
    const auto record = exchange::from_xml<Request>(element);
    if (!record) {
        return tl::unexpected(record.error());
    }
    auto response = operations.serve(who, *record);
    if (!response) {
        return tl::unexpected(std::move(response.error()));
    }
    return exchange::close_answer(encoding, answer_name, std::move(*response));
}

}  // namespace

Outcome<std::string> serve_xml(Operations& operations, const Caller& who,
                               exchange::Encoding encoding, const exchange::Call& call) {
#define X(Request, Response)                                                            \
    if (call.operation == #Request) {                                                   \
        return serve<exchange::Request>(operations, who, encoding, #Request "Response", \
                                        call.element);                                  \
    }
    SUMP_OPERATIONS(X)
#undef X
    return exchange::refuse(FaultCode::not_found, "there is no operation " + call.operation);
}

}  // namespace tillhost::sumpd::api
