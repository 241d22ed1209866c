#pragma once

#include "ipc/http/message.h"
#include "sumpd/api/operations.h"
#include "sumpd/api/routes.h"
#include "sumpd/exchange/envelope.h"

// One operation in one encoding: the request's record is read, served, and its answer written.
// Apart from each other, since each makes codecs of every record.
namespace tillhost::sumpd::api {

/// The answer with status 200: JSON, and of GetPart the bytes themselves with X-Content-Sha256 and
/// X-Sump-Last. Faults: of the reader and of the operation.
exchange::Outcome<http::Response> serve_json(Operations& operations,
                                             const exchange::JsonRoute& route, const Caller& who,
                                             const http::Request& request);

/// The answer to GetChanges where the operations can say it at once; else nothing, which is also
/// what a wrong request gets here.
std::optional<http::Response> serve_changes_at_once(Operations& operations,
                                                    const exchange::JsonRoute& route,
                                                    const Caller& who,
                                                    const http::Request& request);

/// What serve_json() does, of an element, its answer in that encoding in full. Faults: as above,
/// not_found.
exchange::Outcome<std::string> serve_xml(Operations& operations, const Caller& who,
                                         exchange::Encoding encoding, const exchange::Call& call);

}  // namespace tillhost::sumpd::api
