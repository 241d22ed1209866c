#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "hal/os/log.h"
#include "ipc/http/message.h"
#include "sumpd/api/credentials.h"
#include "sumpd/api/operations.h"

namespace tillhost::sumpd::api {

/// A request with the largest part, as base64 in an envelope.
inline constexpr std::size_t kRequestBytesMax = 1024 * 1024;

/// The same of somebody who is not known (yet): enrolment and login need no more. A body is a tree
/// of many times its size while it is read, which is not for everybody who finds the port.
inline constexpr std::size_t kUnknownRequestBytesMax = 64 * 1024;

/// The exchange contract over HTTP, in its three encodings:
///
///   POST /soap            SOAP 1.1 and 1.2; the operation is the element in the body
///   GET  /soap?wsdl       their WSDL
///   POST /xml             RAW-XML: the same element without an envelope
///   /v1/…                 JSON, one path an operation (exchange/schema.h)
///   GET  /xsd, /xsd/data, /openapi.json   schemas of XML, of messages, of JSON
///   GET  /healthz         204 while the server serves
///
/// The schemas and /healthz are for everybody. Every answer has X-Sump-Contract, and X-Request-Id
/// as the request had it or a new one, which the log has too; a refusal has X-Sump-Fault, the code.
class Api final {
public:
    struct Parts {
        Operations& operations;
        Doorkeeper& doorkeeper;
        os::Logger logger;
    };
    explicit Api(Parts parts) : parts_(std::move(parts)) {}

    /// Any thread; blocks as Operations says.
    http::Response answer(const http::Request& request);
    /// The same to an app that asks what is new and does not wait, which it does again and again,
    /// where that can be said from memory; else nothing. Waits for nothing.
    std::optional<http::Response> answer_at_once(const http::Request& request);

private:
    http::Response finished(http::Response response, const http::Request& request,
                            const std::string& request_id) const;
    http::Response answer_to(const http::Request& request, const std::string& request_id);
    http::Response page(const http::Request& request);
    http::Response json_answer(const http::Request& request, const std::string& request_id);
    http::Response xml_answer(const http::Request& request, const std::string& request_id);
    bool is_worth_reading(const http::Request& request);
    exchange::Outcome<Caller> admit(const http::Request& request, std::string_view operation,
                                    const std::optional<exchange::Secret>& session,
                                    const std::string& request_id);
    void log(const http::Request& request, const std::string& request_id,
             const http::Response& response) const;

    const Parts parts_;
};

}  // namespace tillhost::sumpd::api
