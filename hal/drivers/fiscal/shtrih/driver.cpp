#include "hal/drivers/fiscal/shtrih/driver.h"

#include <fmt/format.h>

#include <utility>

namespace tillhost::drivers::shtrih {

base::Result<std::unique_ptr<device::Driver>> make_driver_with_bugs(
    const std::vector<contract::Setting>&, std::unique_ptr<transport::Connector>, const os::Clock&,
    KnownBugs) {
    return base::make_error(base::ErrorCode::not_supported, "not written yet");
}

base::Result<std::unique_ptr<device::Driver>> make_driver(
    const std::vector<contract::Setting>& settings, std::unique_ptr<transport::Connector> connector,
    const os::Clock& clock) {
    return make_driver_with_bugs(settings, std::move(connector), clock, {});
}

}  // namespace tillhost::drivers::shtrih
