#include "devd/runtime/port_scan.h"

#include <utility>

#include "ipc/contract/decoder.h"
#include "ipc/json.h"

namespace tillhost::devd::runtime {
namespace {

using base::ErrorCode;
using base::make_error;
using base::Result;

constexpr const char* kTooLate = "the ports could not be listed in time";

Result<contract::PortsReply> ports_in(const Result<std::string>& answer) {
    if (!answer) {
        return make_error(ErrorCode::deadline_passed, kTooLate);
    }
    return contract::from_value<contract::PortsReply>(TRY(ipc::from_json(*answer)));
}

}  // namespace

PortScan::PortScan(Question asked)
    : question(std::move(asked)), result(make_error(ErrorCode::deadline_passed, kTooLate)) {}

Result<std::unique_ptr<PortScan>> PortScan::start(const std::string& program, Question question,
                                                  os::EventLoop& loop, const os::Clock& clock,
                                                  Finished finished) {
    std::vector<std::string> words{"--ports"};
    if (!question.request.address.empty()) {
        words.push_back(question.request.address);
    }
    std::unique_ptr<PortScan> scan(new PortScan(std::move(question)));
    const auto read = [self = scan.get(),
                       finished = std::move(finished)](const Result<std::string>& answer) {
        self->result = ports_in(answer);
        finished(*self);
    };
    scan->answer_ =
        TRY(ProgramAnswer::start(program, std::move(words), kPortScanTimeMax, loop, clock, read));
    return scan;
}

}  // namespace tillhost::devd::runtime
