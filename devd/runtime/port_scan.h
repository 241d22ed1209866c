#pragma once

#include <functional>
#include <memory>
#include <string>

#include "devd/runtime/program_answer.h"
#include "ipc/contract/messages.h"
#include "ipc/endpoint.h"

namespace tillhost::devd::runtime {

inline constexpr os::Duration kPortScanTimeMax = std::chrono::seconds(10);

/// One `devd-driver --ports`, read without keeping the loop.
class PortScan final {
public:
    struct Question {
        ipc::PeerId peer;
        std::int64_t request_id = 0;
        contract::PortsRequest request;
    };
    /// Called once, from the loop, with `result` set. The scan may be destroyed in it.
    using Finished = std::function<void(PortScan&)>;

    /// Errors: system_failed.
    static base::Result<std::unique_ptr<PortScan>> start(const std::string& program,
                                                         Question question, os::EventLoop& loop,
                                                         const os::Clock& clock, Finished finished);
    PortScan(const PortScan&) = delete;
    PortScan& operator=(const PortScan&) = delete;

    const Question question;
    /// Errors: deadline_passed, internal (it printed something else).
    base::Result<contract::PortsReply> result;

private:
    explicit PortScan(Question asked);

    std::unique_ptr<ProgramAnswer> answer_;
};

}  // namespace tillhost::devd::runtime
