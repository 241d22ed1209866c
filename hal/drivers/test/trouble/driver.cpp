#include "hal/drivers/test/trouble/driver.h"

#include <cstdlib>
#include <deque>

#include "hal/device/setting.h"
#include "hal/drivers/test/trouble/protocol.h"

namespace tillhost::drivers::trouble {
namespace {

using base::Result;
using device::wrong_setting;

contract::Identity identity() {
    contract::Identity identity;
    identity.serial = "trouble";
    identity.model = "trouble";
    return identity;
}

class TroubleDriver final : public device::Driver {
public:
    TroubleDriver(Settings settings, const os::Clock& clock) : settings_(settings), clock_(clock) {}

    Result<device::Opened> open(const std::optional<contract::Pending>& pending, device::Gate&,
                                os::Deadline) override {
        if (settings_.when == When::open) {
            make_trouble();
        }
        device::Opened opened;
        opened.identity = identity();
        opened.status = contract::EchoStatus{};
        if (pending) {
            opened.resolution = verdict();
        }
        return opened;
    }
    Result<contract::OperationResult> execute(const contract::Command&, device::Gate&,
                                              os::Deadline) override {
        return base::make_error(base::ErrorCode::not_supported, "this driver only makes trouble");
    }
    Result<contract::Resolution> resolve(const contract::Pending&, device::Gate&,
                                         os::Deadline) override {
        return verdict();
    }
    Result<contract::ClassStatus> query(const contract::Query&, os::Deadline) override {
        make_trouble();
    }

private:
    static contract::Resolution verdict() {
        contract::Resolution resolution;
        resolution.verdict = contract::Verdict::cannot_tell;
        resolution.identity = identity();
        resolution.reason = "this driver keeps nothing";
        return resolution;
    }

    [[noreturn]] void make_trouble() {
        const os::Instant start = clock_.now();
        std::deque<base::Bytes> leaked;  // never given back: nothing returns from here
        while (settings_.deed != Deed::crash && leaked.size() < kLeakBytesMax / kLeakBytesPerMs) {
            const os::Duration passed = clock_.now() - start;
            const auto due = static_cast<std::size_t>(passed / std::chrono::milliseconds(1));
            if (settings_.deed == Deed::leak && leaked.size() < due) {
                leaked.emplace_back(kLeakBytesPerMs, std::byte{1});
            }
        }
        std::abort();
    }

    Settings settings_;
    const os::Clock& clock_;
};

}  // namespace

Result<std::unique_ptr<device::Driver>> make_driver(const std::vector<contract::Setting>& settings,
                                                    std::unique_ptr<transport::Connector> connector,
                                                    const os::Clock& clock) {
    if (connector) {
        return wrong_setting("port", "no port: this driver has no line");
    }
    return std::unique_ptr<device::Driver>(
        std::make_unique<TroubleDriver>(TRY(read_settings(settings)), clock));
}

}  // namespace tillhost::drivers::trouble
