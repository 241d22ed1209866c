#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "ipc/contract/decoder.h"
#include "ipc/contract/envelope.h"
#include "ipc/contract/licence.h"
#include "licd/runtime/licence_store.h"

namespace tillhost::licd::runtime {

/// Writes down what administrators did and what became of keys, in the store; never a secret: no
/// access code, no PIN, no file. For the loop's thread.
class ActLog final {
public:
    ActLog(LicenceStore& store, const os::Clock& clock) : store_(store), clock_(clock) {}

    /// `who`: a user of the machine, "panel:NAME", or "licd".
    void note(std::string_view who, std::string_view act, std::string_view what);
    /// Notes each key that stands otherwise than when it was noted last, before a restart too.
    void look_at_keys(const std::vector<contract::LicenceKey>& keys);

private:
    LicenceStore& store_;
    const os::Clock& clock_;
};

/// What a request is to change, as it may be read by everybody who may read acts.
std::string told_of(const contract::Request& request);
/// How it ended. What licd says of a request with a secret in it is left out but for its code.
std::string outcome_of(const contract::Request& request, const base::Result<contract::Value>& end);

}  // namespace tillhost::licd::runtime
