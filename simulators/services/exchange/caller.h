#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "simulators/services/exchange/https.h"
#include "simulators/services/exchange/value.h"

namespace tillhost::simulators::exchange {

/// The envelopes of the contract.
enum class Form : std::uint8_t { json, xml, soap11, soap12 };
/// Errors: bad_field(form).
base::Result<Form> form_of(std::string_view name);
std::string_view name_of(Form form);

/// What the server refused, in the contract's words.
struct Fault {
    std::string code{};
    std::string message{};
    bool retryable = false;
    std::int64_t retry_after_ms = 0;
    std::string field{};
};

/// The answer of an operation: its fields, or a fault.
struct Answer {
    Value body{};
    Fault fault{};
    bool ok() const { return fault.code.empty(); }
};

/// How an operation travels in a form; pure.
struct Route {
    std::string_view operation;
    std::string_view method;
    std::string_view path;  ///< {field} is put in
};
const Route* find_route(std::string_view operation);

/// The request of an operation. `authorisation` is a value of that header, empty for none; in XML
/// forms a Bearer may stand in the request as Session instead. Errors: bad_field(operation).
base::Result<HttpRequest> encode_call(Form form, std::string_view base_url,
                                      std::string_view operation, const Value& request,
                                      std::string_view authorisation);
/// Errors: unexpected_answer (the server said something that is not of the contract).
base::Result<Answer> decode_answer(Form form, std::string_view operation, const HttpAnswer& http);

/// Calls operations of one server in one form. Bytes of parts ("data") are given and taken as
/// they are, whatever form carries them.
class Caller final {
public:
    /// Errors: as HttpsClient::create().
    static base::Result<std::unique_ptr<Caller>> create(Form form, std::string base_url,
                                                        const std::string& pin, std::uint64_t seed);

    /// Errors: as HttpsClient::exchange(), unexpected_answer. A fault is an Answer.
    base::Result<Answer> call(std::string_view operation, const Value& request);

    /// "Bearer …" or "Basic …".
    void authorise(std::string header) { authorisation_ = std::move(header); }
    HttpsClient& line() { return *line_; }

private:
    Caller(Form form, std::string base_url, std::unique_ptr<HttpsClient> line)
        : form_(form), base_url_(std::move(base_url)), line_(std::move(line)) {}

    Form form_;
    std::string base_url_;
    std::unique_ptr<HttpsClient> line_;
    std::string authorisation_;
};

}  // namespace tillhost::simulators::exchange
