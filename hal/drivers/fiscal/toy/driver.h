#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "hal/device/driver.h"
#include "hal/transport/transport.h"

namespace tillhost::drivers::toy {

/// Bugs that the simulation must find, each behind its own switch; all off everywhere else.
struct KnownBugs {
    bool skip_marker = false;             ///< registers without asking devd first
    bool timeout_is_failed = false;       ///< no answer to register is told as effect none
    bool resend_on_silence = false;       ///< register is sent again when no answer came
    bool accept_stale_answer = false;     ///< takes whatever is on the line for the answer
    bool verdict_on_swapped = false;      ///< does not compare the serial number with the marker's
    bool no_wait_before_verdict = false;  ///< late bytes of a former host are not waited for
};

/// The toy registrar's driver (README.md). Settings: `serial`, 8 ASCII characters, optional: the
/// only registrar that is taken. Errors: config_invalid, naming the setting.
base::Result<std::unique_ptr<device::Driver>> make_driver(
    const std::vector<contract::Setting>& settings, std::unique_ptr<transport::Connector> connector,
    const os::Clock& clock);

/// The same with bugs, for the simulation.
base::Result<std::unique_ptr<device::Driver>> make_driver_with_bugs(
    const std::vector<contract::Setting>& settings, std::unique_ptr<transport::Connector> connector,
    const os::Clock& clock, KnownBugs bugs);

/// What the driver stores with a receipt's document: 64 bits drawn from the receipt's content, by
/// which a document is recognised after a lost answer. Equal receipts have equal tags.
std::uint64_t tag_of(const contract::Receipt& receipt);

}  // namespace tillhost::drivers::toy
