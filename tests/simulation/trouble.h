#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tillhost::simulation {

/// Everything that goes wrong in a run; a row of the coverage matrix each.
enum class Trouble : std::uint8_t {
    lose_request,
    lose_answer,
    late_request,
    late_answer,
    double_request,
    double_answer,
    cut_request,
    cut_answer,
    garble_request,
    garble_answer,
    power_cut_request,  ///< the power fails at a byte of a request
    power_cut_answer,   ///< the power fails at a byte of an answer
    power_off,
    silence,
    wrong_code,  ///< the next answer names another command (shtrih)
    line_cut,
    late_bytes,
    host_killed,
    host_stuck,  ///< killed, and it does not go for a long while
    core_killed,
    core_stopped,  ///< in good order, as systemd stops it
    client_killed,
    store_slow,
    disk_full,
    swap_device,
    other_master,
    paper_out,
    shift_expired,
};
inline constexpr std::size_t kTroubles = 28;
std::string_view name_of(Trouble trouble);
/// One that waits at the wire for a unit to hit.
bool waits_on_wire(Trouble trouble);

}  // namespace tillhost::simulation
