#include "devd/host/line_recording.h"

#include <algorithm>
#include <utility>

#include "devd/host/host_socket.h"
#include "hal/transport/connector.h"

namespace tillhost::devd::host {
namespace {

using transport::Connector;
using transport::IfThere;

/// The value of a setting that is the host's own, taken out of the driver's settings.
std::string take(std::vector<contract::Setting>& settings, std::string_view name) {
    const auto found = std::find_if(settings.begin(), settings.end(),
                                    [&](const auto& setting) { return setting.name == name; });
    if (found == settings.end()) {
        return "";
    }
    std::string value = std::move(found->value);
    settings.erase(found);
    return value;
}

std::unique_ptr<transport::Redactor> redactor_of(const drivers::DriverEntry& entry) {
    return entry.make_redactor == nullptr ? nullptr : entry.make_redactor();
}

}  // namespace

base::Result<std::unique_ptr<device::Driver>> RecordedDriver::make(
    std::vector<contract::Setting> settings) {
    const std::string port = take(settings, "port");
    const std::string file = take(settings, "record");
    std::string adapter = take(settings, "adapter");
    std::unique_ptr<transport::Connector> connector;
    if (!port.empty()) {
        auto made = transport::expect_adapter(
            [this](const std::string& address) -> base::Result<std::unique_ptr<Connector>> {
                return recorder_.wrap(TRY(transport::make_connector(address, clock_, kAbortFd)));
            },
            port, std::move(adapter), behind_);
        if (!made) {
            return base::make_error(base::ErrorCode::config_invalid,
                                    "settings." + made.error().detail);
        }
        connector = std::move(*made);
    }
    if (!file.empty()) {
        begin_configured(file);
    }
    return entry_.make(settings, std::move(connector), clock_);
}

void RecordedDriver::begin_configured(const std::string& path) {
    if (std::exchange(configured_begun_, true)) {
        return;
    }
    const auto begun = recorder_.start(path, IfThere::append, entry_.name, redactor_of(entry_));
    if (!begun) {
        logger_.error("the line is not recorded", {{"error", base::to_text(begun.error())}});
    }
}

base::Result<contract::RecordingStatus> RecordedDriver::record(const contract::RecordQuery& query) {
    if (query.path.empty()) {
        TRY(recorder_.stop());
    } else {
        TRY(recorder_.start(query.path, IfThere::refuse, entry_.name, redactor_of(entry_)));
    }
    contract::RecordingStatus status;
    status.path = recorder_.on() ? recorder_.path() : "";
    status.size = static_cast<std::int64_t>(recorder_.size());
    return status;
}

}  // namespace tillhost::devd::host
