#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <unordered_map>

#include "hal/base/ids.h"

namespace tillhost::ipc {

/// Which device each of the last operations is of, so that a message that names only an operation
/// can say where it belongs. Forgets the oldest; who remembers nothing has to be told.
class OperationDevices final {
public:
    static constexpr std::size_t kMax = 10'000;
    /// In the place of a device: the operation is a sale, which is the host's that took it.
    static constexpr const char* kNone = "-";

    /// `device`: empty of a sale.
    void remember(const base::OperationId& id, const std::string& of) {
        const std::string device = of.empty() ? kNone : of;
        const auto [entry, fresh] = devices_.insert_or_assign(id, device);
        if (!fresh) {
            return;
        }
        order_.push_back(id);
        if (order_.size() > kMax) {
            devices_.erase(order_.front());
            order_.pop_front();
        }
    }
    /// Empty: not known.
    std::string device_of(const base::OperationId& id) const {
        const auto found = devices_.find(id);
        return found == devices_.end() ? std::string() : found->second;
    }

private:
    std::unordered_map<base::OperationId, std::string> devices_;
    std::deque<base::OperationId> order_;
};

}  // namespace tillhost::ipc
