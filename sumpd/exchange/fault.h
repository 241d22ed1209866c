#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "sumpd/exchange/visitor.h"

namespace tillhost::sumpd::exchange {

/// Why an operation was refused; the table is fault.def.
enum class FaultCode : std::uint8_t {
    unspecified,
#define X(name, http, fault, retryable) name,
#include "sumpd/exchange/fault.def"
#undef X
};
std::span<const std::string_view> names_of(FaultCode);
std::string_view name_of(FaultCode code);
std::optional<FaultCode> fault_code_from(std::string_view name);
/// The status of JSON and RAW-XML; SOAP has 500 for every fault.
int http_status_of(FaultCode code);
/// Whether SOAP blames who asked (Client, Sender) or the server (Server, Receiver).
bool is_senders(FaultCode code);
bool is_retryable(FaultCode code);

/// A refusal as it is sent: element SumpError, and in JSON an application/problem+json.
struct Fault {
    FaultCode code = FaultCode::unspecified;
    std::string message{};  ///< for people, in English; names what would be right
    std::optional<std::int64_t> retry_after_ms{};
    std::optional<std::string> field{};  ///< path of the field that is wrong
    std::string request_id{};
    friend bool operator==(const Fault&, const Fault&) = default;
};
void fields(FieldVisitor& v, Fault& x);

/// A value, or why the operation is refused.
template <class T>
using Outcome = tl::expected<T, Fault>;

inline tl::unexpected<Fault> refuse(FaultCode code, std::string message) {
    return tl::unexpected<Fault>(Fault{.code = code, .message = std::move(message)});
}
inline tl::unexpected<Fault> refuse_field(std::string field, std::string expected) {
    return tl::unexpected<Fault>(Fault{.code = FaultCode::schema_invalid,
                                       .message = field + ": " + expected,
                                       .field = std::move(field)});
}

}  // namespace tillhost::sumpd::exchange
