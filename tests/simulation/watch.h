#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "hal/base/bytes.h"
#include "ipc/contract/messages.h"

namespace tillhost::simulation {

/// How far a device's host is, as seen on its link and its line. What a fault hits is told by it.
enum class Step : std::uint8_t {
    down,             ///< no host, or it has not been told to open
    opening,          ///< open() without a pending operation
    resolving,        ///< open() with one, or resolve()
    idle,             ///< nothing to do, or a query
    before_marker,    ///< executing; nothing irreversible yet
    marker_to_go,     ///< the marker is on its way to the disk
    go_to_close,      ///< irreversible; the frame that makes the document has not left
    close_to_answer,  ///< it has left; its answer is not in devd's hands
    after_answer,     ///< result or evidence was handed to devd
};
inline constexpr std::size_t kSteps = 9;
std::string_view name_of(Step step);

/// Whether this frame makes a document (or moves cash) at a device of that driver.
bool makes_document(std::string_view driver, base::ByteView frame);

/// Follows one device.
class Watch final {
public:
    explicit Watch(std::string driver) : driver_(std::move(driver)) {}

    /// Called at each new step.
    void on_step(std::function<void()> listener) { listener_ = std::move(listener); }

    void host_heard(const contract::ToHost& message);
    void host_said(const contract::FromHost& message);
    void host_wrote(base::ByteView bytes);
    void host_gone();

    Step step() const { return step_; }
    /// The command that is being executed or is in doubt; empty while idle.
    const std::string& command() const { return command_; }
    /// The operation that is being executed.
    const base::OperationId& operation() const { return operation_; }
    /// How often it was asked whether it would take a receipt.
    std::uint64_t questions() const { return questions_; }

private:
    void move(Step step);

    std::string driver_;
    std::function<void()> listener_;
    Step step_ = Step::down;
    std::string command_;
    base::OperationId operation_;
    std::uint64_t questions_ = 0;
};

}  // namespace tillhost::simulation
