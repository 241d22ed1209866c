#pragma once

#include <memory>
#include <utility>

#include "hal/device/driver.h"

namespace tillhost::conformance {

/// What drivers get wrong. A suite has to find each of them.
enum class Lie : std::uint8_t {
    none,
    timeout_is_failed,  ///< an outcome that is not known is told as "not done"
    asks_again,         ///< it is tried once more
    never_executed,     ///< a doubt is always settled so
    always_executed
};

/// A driver that is right but for that.
class LyingDriver final : public device::Driver {
public:
    LyingDriver(std::unique_ptr<device::Driver> driver, Lie lie)
        : driver_(std::move(driver)), lie_(lie) {}

    base::Result<device::Opened> open(const std::optional<contract::Pending>& pending,
                                      device::Gate& gate, os::Deadline deadline) override {
        device::Opened opened = TRY(driver_->open(pending, gate, deadline));
        if (opened.resolution && lie_ == Lie::never_executed) {
            opened.resolution->verdict = contract::Verdict::not_executed;
        } else if (opened.resolution && lie_ == Lie::always_executed) {
            opened.resolution->verdict = contract::Verdict::executed;
        }
        return opened;
    }
    base::Result<contract::OperationResult> execute(const contract::Command& command,
                                                    device::Gate& gate,
                                                    os::Deadline deadline) override {
        auto done = driver_->execute(command, gate, deadline);
        if (done || done.error().effect == base::Effect::none) {
            return done;
        }
        base::Error error = done.error();
        if (lie_ == Lie::timeout_is_failed) {
            error.effect = base::Effect::none;
        } else if (lie_ == Lie::asks_again) {
            return driver_->execute(command, gate, deadline);
        }
        return error;
    }
    base::Result<contract::Resolution> resolve(const contract::Pending& pending, device::Gate& gate,
                                               os::Deadline deadline) override {
        return driver_->resolve(pending, gate, deadline);
    }
    base::Result<contract::ClassStatus> query(const contract::Query& query,
                                              os::Deadline deadline) override {
        return driver_->query(query, deadline);
    }

private:
    std::unique_ptr<device::Driver> driver_;
    Lie lie_;
};

}  // namespace tillhost::conformance
