#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sumpd/exchange/fault.h"
#include "sumpd/exchange/json_codec.h"
#include "sumpd/exchange/node.h"
#include "sumpd/exchange/visitor.h"
#include "sumpd/exchange/xml_codec.h"

// What stands around an operation. Requests of XML are told apart by their root element, never by
// SOAPAction or by the address, so that a client may be wrong about both.
namespace tillhost::sumpd::exchange {

enum class Encoding : std::uint8_t { json, raw_xml, soap11, soap12 };

inline constexpr std::size_t kSessionMax = 256;
/// So far into a body the element Session is looked for before the body is read.
inline constexpr std::size_t kSessionWithinBytes = 4096;

/// Which code a SOAP fault has: by the fault's own blame, or one that SOAP itself asks for.
enum class SoapCode : std::uint8_t { by_fault, must_understand, version_mismatch };

/// An envelope of SOAP, for whatever contract.
struct Envelope {
    Encoding encoding = Encoding::soap11;  ///< how to answer, also to a fault; never json
    SoapCode soap_code = SoapCode::by_fault;
    Outcome<Node> element = Node{};  ///< the only one in its Body; without one: of the whole text
};

struct Call {
    std::string operation{};          ///< the element's name, known or not
    std::optional<Secret> session{};  ///< of the optional element Session
    Node element{};                   ///< in kExchangeNamespace; give it to from_xml()
};

struct Opened {
    Encoding encoding = Encoding::raw_xml;  ///< how to answer, also to a fault
    SoapCode soap_code = SoapCode::by_fault;
    Outcome<Call> call = Call{};
};

/// Opens a text of SOAP 1.1, SOAP 1.2 or, as raw_xml, one without an envelope, at most
/// kRequestBounds. `assumed` is how to answer where the text does not tell (it is broken). Pure.
/// Refused: what xml_tree() refuses; bad_request for a Body of another form, for a header that must
/// be understood (soap_code must_understand; none is known) and for an envelope of another SOAP
/// (version_mismatch).
Envelope open_envelope(std::string_view text, Encoding assumed);

/// Opens a body of SOAP 1.1, SOAP 1.2 or RAW-XML, as open_envelope() does. Refused: what
/// that refuses; bad_request for a root of another namespace; schema_invalid for a Session that is
/// no text.
Opened open_request(std::string_view body, Encoding assumed);

/// What open_request() would find as Session if it stands where the schema has it, before all else
/// of the operation: a look at the beginning of a body that is not worth a tree yet. Total.
std::optional<Secret> session_at_the_beginning(std::string_view body);

/// The same for an answer, for clients and tests: the element XResponse, or the fault that was
/// sent. A SOAP fault without SumpError is internal with its text.
Outcome<Node> open_answer(std::string_view body);

/// Puts an element, ready as text, into the envelope; raw_xml gets an XML declaration. Not for
/// JSON.
std::string enclosed(Encoding encoding, std::string_view element);

/// An answer in full: element `name` ("GetPartResponse"), or in JSON the object without its name.
template <class T>
std::string close_answer(Encoding encoding, std::string_view name, T record) {
    return encoding == Encoding::json ? to_json(std::move(record))
                                      : enclosed(encoding, to_xml(std::move(record), name));
}

/// A fault in full: SumpError inside a SOAP fault, SumpError alone, or in JSON a problem (RFC 7807)
/// with type, title, status and detail beside the members of Fault. An unspecified code is sent as
/// internal.
std::string close_fault(Encoding encoding, Fault fault, SoapCode code = SoapCode::by_fault);

struct SoapFault {
    SoapCode code = SoapCode::by_fault;
    bool is_senders = false;  ///< else it is the server's
    std::string message{};
    std::string detail{};  ///< an element, ready as text
};
/// A fault of any contract in full. For SOAP only.
std::string close_soap_fault(Encoding encoding, const SoapFault& fault);

/// Of an answer; a fault in JSON is application/problem+json.
std::string_view content_type_of(Encoding encoding, bool is_fault);
/// 500 for each SOAP fault, http_status_of() else.
int fault_status_of(Encoding encoding, FaultCode code);

}  // namespace tillhost::sumpd::exchange
