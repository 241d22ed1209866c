#pragma once

#include <optional>
#include <string>

#include "sumpd/exchange/operations.h"

namespace tillhost::sumpd::api {

/// Who may call an operation.
enum class Access : std::uint8_t {
    anyone,   ///< brings its own secret along: a token, a device's key
    node,     ///< the accounting system
    rescued,  ///< an enrolled app, or a revoked one whose rescue is open
    device,   ///< an enrolled app, logged in or not: documents are taken from it in any case
    session,  ///< an app with a user who is logged in
};

/// Who a request comes from, as its credentials say. A session is a device's, too.
struct Caller {
    Access kind = Access::anyone;
    std::string address{};     ///< without port
    std::string request_id{};  ///< for the log
    std::string device_id{};   ///< rescued, device, session
    std::string user_id{};     ///< session
    std::string store_id{};    ///< session; empty: no store was chosen
    std::string session{};     ///< digest of its token, names it
};

/// Whether a caller of that kind may call what is for `wanted`.
bool may_call(Access caller, Access wanted);
/// Of an operation that there is not, the accounting system: nobody else learns that there is none.
Access access_of(std::string_view operation);

/// What the operations do. Called on worker threads, several at a time; may block for the disk, for
/// a password's hash, and as long as a request's WaitMs says.
class Operations {
public:
    virtual ~Operations() = default;
#define X(Request, Response)                                               \
    virtual exchange::Outcome<exchange::Response> serve(const Caller& who, \
                                                        const exchange::Request& request) = 0;
    SUMP_OPERATIONS(X)
#undef X

    /// What serve() answers, as its text in JSON: whoever keeps objects so need not read them.
    virtual exchange::Outcome<std::string> changes_as_json(const Caller& who,
                                                           const exchange::GetChanges& request);
    /// The same where it can be said from memory at once, without waiting for anything; else
    /// nothing, and then changes_as_json() is asked.
    virtual std::optional<std::string> changes_at_once(const Caller& who,
                                                       const exchange::GetChanges& request);
};

}  // namespace tillhost::sumpd::api
