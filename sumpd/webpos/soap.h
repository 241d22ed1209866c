#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "hal/base/result.h"
#include "ipc/contract/value.h"
#include "ipc/http/message.h"
#include "sumpd/exchange/envelope.h"
#include "sumpd/webpos/routes.h"

// The requests of routes.def and the poll of events as SOAP 1.1 and 1.2, document/literal; the WSDL
// is schema/devices-1.wsdl. SOAPAction does not matter, the element in the Body does.
namespace tillhost::sumpd::webpos {

inline constexpr std::string_view kSoapPath = "/devices/soap";
/// The poll of events, which is no request of the contract.
inline constexpr std::string_view kEventsName = "events";

struct SoapCall {
    exchange::Encoding encoding = exchange::Encoding::soap11;  ///< how to answer
    exchange::SoapCode code = exchange::SoapCode::by_fault;    ///< of the fault, if it is refused
    std::string name{};  ///< of the operation, once it is known
    base::Result<Asked> asked = Asked{};
};
/// By Content-Type, where nothing else tells.
exchange::Encoding soap_of(const http::Request& request);
/// Total over any text. Refused: malformed (no XML, no envelope, a DOCTYPE, too deep, a header that
/// must be understood), too_large, unknown_kind (the operation), bad_field (value_from_xml; waitMs,
/// book).
SoapCall open_soap(const http::Request& request);

/// <NAME_reply><reply>…</reply><book>…</book></NAME_reply>.
http::Response soap_answer(const SoapCall& call, const Told& told);

/// A fault whose detail is `refused`, or `outcome_unknown` if it may have had an effect: typed
/// clients get two kinds of exceptions, so that one is not taken for the other. Status 500.
http::Response soap_refusal(const SoapCall& call, const base::Error& error,
                            std::string_view request_id);

/// With the address where the client came to.
http::Response wsdl_answer(const http::Request& request);

}  // namespace tillhost::sumpd::webpos
