#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "hal/base/result.h"
#include "simulators/core/simulator.h"
#include "simulators/devsim/arguments.h"

namespace tillhost::devsim {

/// The control socket's words: one JSON object a line, a request and its answer.
///
///     {"command":"fault","name":"lose","keys":{"side":"device","nth":"1"}}
///     {"command":"state"}  {"command":"documents"}  {"command":"tape"}  {"command":"transactions"}
///     {"command":"power","on":false}  {"command":"line","anew":true}
///     {"command":"scan","name":"46070012\\x1D","keys":{"aim":"]d2"}}
///
/// An answer is {"ok":true} with "state", "documents", "transactions", "tape" or "line", or
/// {"ok":false,"error":{"code":"bad_field","detail":"…"}}.

inline constexpr std::size_t kRequestBytesMax = 16 * 1024;

/// Without the line's end.
std::string encode_request(const ControlArguments& request);
/// Errors: malformed (no JSON object), bad_field(command, name, keys, on). Total.
base::Result<ControlArguments> decode_request(std::string_view line);

/// Does what a request line asks for and gives the answer line, always JSON.
std::string answer_request(std::string_view line, simulators::Simulator& device, os::Instant now);
/// The same where something stands in the way of faults, such as the line that they are about.
using Injector = std::function<base::Done(const simulators::Fault&)>;
std::string answer_request(std::string_view line, simulators::Simulator& device, os::Instant now,
                           const Injector& inject);

/// An answer for people: the tape as it looks, a document a line, …. `failed` is set if the answer
/// says so or is no answer.
std::string answer_for_people(std::string_view answer, bool& failed);

}  // namespace tillhost::devsim
