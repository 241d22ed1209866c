#include "devd/core/access.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace tillhost::devd::core {
namespace {

std::string who(const Rights& rights) {
    return rights.workstation.empty() ? "this program"
                                      : fmt::format("workstation '{}'", rights.workstation);
}

}  // namespace

bool Rights::may_use(const std::string& device) const {
    return devices.empty() || std::find(devices.begin(), devices.end(), device) != devices.end();
}

void Rights::limit(contract::Role at_most, const std::vector<std::string>& only) {
    role = std::min(role, at_most);
    if (only.empty()) {
        return;
    }
    std::vector<std::string> both;
    std::copy_if(only.begin(), only.end(), std::back_inserter(both),
                 [this](const std::string& device) { return may_use(device); });
    // An empty list would be all of them; a name that no device has is none.
    devices = both.empty() ? std::vector<std::string>{""} : std::move(both);
}

base::Done check_role(const Rights& rights, contract::Role least, std::string_view what) {
    if (rights.role >= least) {
        return {};
    }
    return base::make_error(
        base::ErrorCode::not_permitted,
        fmt::format("{} needs the role {}; {} has {}", what, contract::name_of(least), who(rights),
                    contract::name_of(rights.role)));
}

base::Done check_device_right(const Rights& rights, const std::string& device) {
    if (rights.may_use(device)) {
        return {};
    }
    return base::make_error(
        base::ErrorCode::not_permitted,
        fmt::format("device: '{}' is not among the devices of {}", device, who(rights)));
}

}  // namespace tillhost::devd::core
