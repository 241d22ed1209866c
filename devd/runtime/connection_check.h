#pragma once

#include <limits>
#include <optional>
#include <string>

#include "devd/runtime/administration.h"
#include "devd/runtime/program_answer.h"

namespace tillhost::devd::runtime {

/// devd as a client of its own core. The endpoints count their peers from other numbers.
inline constexpr ipc::PeerId kSelf{std::numeric_limits<std::uint64_t>::max()};
ipc::PeerIdentity own_identity();

/// One connection check: waits until the device is open or fails to, asks its status, and what
/// stands on its documents where it can say that. If it was asked to, it looks for the speed at
/// which a device that cannot be understood answers. One that devd makes by itself asks for the
/// documents only, and what it could not learn changes nothing.
struct Administration::Check {
    std::string device;
    std::optional<ipc::PeerId> peer{};  ///< nobody: devd's own
    std::int64_t request_id = 0;
    os::TimerId timer;  ///< the end of its time
    contract::CheckReply reply{};
    // what has happened since it was looked at last
    bool opened = false;
    std::optional<contract::Error> error{};
    std::int64_t question = 0;  ///< number of its request to the core; 0 = it waits for the device
    std::optional<contract::Reply> answer{};
    bool asks_layout = false;
    bool asked_anew = false;  ///< its first question found a line that was dead already
    std::string serial{};     ///< of the device that is asked by devd itself
    bool find_speed = false;  ///< still to be looked for if nobody answers
    std::unique_ptr<ProgramAnswer> search{};
};

/// What an error means for who set the device up.
contract::CheckOutcome outcome_of(const contract::Error& error);
/// What to do about it, in a sentence.
std::string_view advice_of(contract::CheckOutcome outcome);

}  // namespace tillhost::devd::runtime
