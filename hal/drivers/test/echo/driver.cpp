#include "hal/drivers/test/echo/driver.h"

#include "hal/device/setting.h"
#include "hal/drivers/test/echo/protocol.h"

namespace tillhost::drivers::echo {
namespace {

using base::Result;
using device::wrong_setting;

contract::Identity identity() {
    contract::Identity identity;
    identity.serial = kSerial;
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
    /// A receipt takes the way that a real registrar's takes, with no time spent at the device:
    /// marker on disk, act, result on disk, finished.
    Result<contract::OperationResult> execute(const contract::Command& command, device::Gate& gate,
                                              os::Deadline) override {
        const std::int64_t number = last_document_ + 1;
        const contract::FiscalResult outcome = TRY(outcome_of(command, number));
        if (outcome.registered) {
            TRY(gate.persist(contract::Record(marker_of(outcome, number))));
            last_document_ = number;
            const base::Done kept =
                gate.persist(contract::Record(contract::OperationResult(outcome)));
            if (!kept) {
                return base::make_error(kept.error().code, kept.error().detail,
                                        base::Effect::unknown);
            }
        }
        return contract::OperationResult(outcome);
    }
    Result<contract::Resolution> resolve(const contract::Pending&, device::Gate&,
                                         os::Deadline) override {
        return verdict();
    }
    Result<contract::ClassStatus> query(const contract::Query& query, os::Deadline) override {
        return contract::ClassStatus(answer_to(query));
    }

private:
    /// It has no memory: whether a receipt of a former life was "registered" nobody knows.
    static contract::Resolution verdict() {
        contract::Resolution resolution;
        resolution.verdict = contract::Verdict::cannot_tell;
        resolution.identity = identity();
        resolution.reason = "the echo driver keeps nothing";
        return resolution;
    }

    std::int64_t last_document_ = 0;
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
