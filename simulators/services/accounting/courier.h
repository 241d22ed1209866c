#pragma once

#include <functional>
#include <memory>
#include <string>

#include "simulators/services/accounting/ledger.h"
#include "simulators/services/accounting/message.h"
#include "simulators/services/exchange/caller.h"
#include "simulators/services/exchange/service.h"

namespace tillhost::simulators::accounting {

/// A request that the server did not answer is repeated after so long.
inline constexpr std::int64_t kRepeatMs = 200;
/// Documents whose outcome one ConfirmMessage tells.
inline constexpr std::size_t kVerdictsMax = 10'000;

struct CourierOptions {
    std::string node{};
    std::string shop{};  ///< the code by which sumpd is called in a message
    std::string folder{};
    std::int64_t part_bytes = 262'144;
    bool take_xml = false;  ///< documents come as XML, else as lines of JSON
};

/// How a message of ours is brought otherwise than it should be.
struct Oddity {
    bool reversed = false;          ///< the parts come in the wrong order
    std::int64_t corrupt_part = 0;  ///< a byte of that part is another one; 0: of none
};

/// What came of an exchange: nothing, or what the server refused.
struct Outcome {
    std::string code{};  ///< empty: done
    std::string detail{};
    Value told{};  ///< the server's last words
};

/// Carries messages both ways. A request is repeated until it is answered or refused, or the
/// service stops. Of one thread.
class Courier final {
public:
    Courier(CourierOptions options, exchange::Caller& caller, Ledger& ledger,
            exchange::Pause& pause, const os::Clock& clock)
        : options_(std::move(options)),
          caller_(caller),
          ledger_(ledger),
          pause_(pause),
          clock_(clock) {}

    /// Fetches and confirms what waits, until nothing does. Errors, of all of these: cancelled
    /// (stopped), and those of files.
    base::Result<Outcome> fetch();
    /// Writes a message to a file and into the ledger, under this number.
    base::Result<Outgoing> write(const Plan& plan, const MessageForm& form, std::int64_t number);
    /// Parts, commit, and the job to its end.
    base::Result<Outcome> bring(const Outgoing& message, const Oddity& oddity);
    /// The server's numbers, asked under a node's code.
    base::Result<Outcome> test(const std::string& node);

private:
    base::Result<exchange::Answer> ask(std::string_view operation, const Value& request);
    base::Result<Outcome> fetch_one(bool& empty);
    base::Result<Outcome> fetch_parts(const Value& prepared, std::string& text);
    base::Result<Outcome> confirm(std::int64_t number, const std::vector<Value>& documents);
    base::Result<Outcome> put_part(const Outgoing& message, std::int64_t part, bool corrupt);
    base::Result<Outcome> await_job(const std::string& job);

    CourierOptions options_;
    exchange::Caller& caller_;
    Ledger& ledger_;
    exchange::Pause& pause_;
    const os::Clock& clock_;
};

}  // namespace tillhost::simulators::accounting
