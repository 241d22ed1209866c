#include "hal/drivers/test/echo/driver.h"

#include <fmt/format.h>

#include "hal/drivers/test/echo/protocol.h"

namespace tillhost::drivers::echo {
namespace {

using base::Result;

base::Error wrong_setting(std::string_view name, std::string_view expected) {
    return base::make_error(base::ErrorCode::config_invalid,
                            fmt::format("settings.{}: {}", name, expected));
}

contract::Identity identity() {
    contract::Identity identity;
    identity.serial = "echo";
    identity.model = "echo";
    return identity;
}

class EchoDriver final : public device::Driver {
public:
    Result<device::Opened> open(const std::optional<contract::Pending>& pending, device::Gate&,
                                os::Deadline) override {
        device::Opened opened;
        opened.identity = identity();
        opened.status = contract::EchoStatus{};
        if (pending) {
            opened.resolution = verdict();
        }
        return opened;
    }
    Result<contract::OperationResult> execute(const contract::Command& command, device::Gate&,
                                              os::Deadline) override {
        return contract::OperationResult(TRY(outcome_of(command)));
    }
    Result<contract::Resolution> resolve(const contract::Pending&, device::Gate&,
                                         os::Deadline) override {
        return verdict();
    }
    Result<contract::ClassStatus> query(const contract::Query& query, os::Deadline) override {
        return contract::ClassStatus(answer_to(query));
    }

private:
    /// It writes no markers, so that nothing of its own can be pending.
    static contract::Resolution verdict() {
        contract::Resolution resolution;
        resolution.verdict = contract::Verdict::cannot_tell;
        resolution.identity = identity();
        resolution.reason = "the echo driver keeps nothing";
        return resolution;
    }
};

}  // namespace

Result<std::unique_ptr<device::Driver>> make_driver(const std::vector<contract::Setting>& settings,
                                                    std::unique_ptr<transport::Connector> connector,
                                                    const os::Clock&) {
    if (connector) {
        return wrong_setting("port", "no port: the echo driver has no line");
    }
    if (!settings.empty()) {
        return wrong_setting(settings.front().name, "no setting of that name");
    }
    return std::unique_ptr<device::Driver>(std::make_unique<EchoDriver>());
}

}  // namespace tillhost::drivers::echo
