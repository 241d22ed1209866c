#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hal/device/driver.h"
#include "tests/support/virtual_line.h"

namespace tillhost::conformance {

using support::Killed;

/// devd's book, as far as one operation needs it.
class Book final : public device::Gate {
public:
    base::Done persist(const contract::Record& record) override;
    void announce(std::string_view, os::Deadline) override {}
    void prompt(contract::PromptKind kind, std::string_view) override { prompts.push_back(kind); }
    bool take_abort() override { return std::exchange(abort_wanted, false); }
    std::optional<contract::OperationResult> last_result() const override { return last; }

    contract::Pending pending(const contract::Command& command) const;
    /// Another operation begins: only the last result of the device stays.
    void begin_next();

    bool refuses = false;
    int kill_at = 0;           ///< the host dies at the n-th record; 0: never
    bool kill_before = false;  ///< … before the record is on disk
    bool abort_wanted = false;
    std::optional<contract::Marker> marker;
    std::vector<contract::Evidence> evidence;
    std::optional<contract::OperationResult> result;
    std::optional<contract::OperationResult> last;  ///< of the device, before this operation
    std::vector<contract::PromptKind> prompts;
};

}  // namespace tillhost::conformance
