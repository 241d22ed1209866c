#pragma once

#include <string>
#include <vector>

#include "hal/drivers/drivers.h"
#include "hal/os/log.h"
#include "hal/transport/expected_adapter.h"
#include "hal/transport/recorder.h"
#include "ipc/contract/messages.h"

namespace tillhost::devd::host {

/// The driver of a device on its line, and the recording of that line (docs/formats/
/// line-recording.md): begun by the setting `record` or by a RecordQuery. One a process.
class RecordedDriver final {
public:
    /// All outlive it.
    RecordedDriver(const drivers::DriverEntry& entry, const os::Clock& clock,
                   const os::Logger& logger)
        : entry_(entry), clock_(clock), logger_(logger), recorder_(clock) {}

    /// The driver for these settings. `port` says where its line is, `adapter` which USB device
    /// must be behind it, `record` into which file the line is recorded; none is the driver's
    /// business. A recording that cannot begin is logged and does not keep the device from working.
    /// Errors: config_invalid.
    base::Result<std::unique_ptr<device::Driver>> make(std::vector<contract::Setting> settings);

    /// What its line was found behind when it was opened last.
    const transport::Behind& behind() const { return behind_; }

    /// Begins or ends a recording. Errors: those of transport::Recorder.
    base::Result<contract::RecordingStatus> record(const contract::RecordQuery& query);

private:
    void begin_configured(const std::string& path);

    const drivers::DriverEntry& entry_;
    const os::Clock& clock_;
    os::Logger logger_;
    transport::Recorder recorder_;
    transport::Behind behind_;
    bool configured_begun_ = false;  ///< what a person ended is not begun again by a reopened line
};

}  // namespace tillhost::devd::host
