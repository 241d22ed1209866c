#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "devd/core/operation_book.h"
#include "devd/core/shop.h"
#include "hal/os/clock.h"
#include "ipc/contract/messages.h"

namespace tillhost::devd::core {

/// One device as a watcher sees it.
struct DeviceFigures {
    contract::Device device;
    std::uint64_t host_starts = 0;  ///< since devd started
    bool closed = false;            ///< its host runs, the device does not answer
    std::optional<os::Duration> shift_open_for{};
    bool shift_expired = false;
    bool shift_reminds = false;
    bool shift_not_closed = false;  ///< devd tried to close it and gave up for today
};

/// One doubt that waits for an answer.
struct DoubtFigures {
    base::OperationId id;
    std::string device;
    bool needs_person = false;
};

/// devd in numbers, taken at one moment. Touches no device and no disk.
struct Figures {
    std::vector<DeviceFigures> devices;  ///< by id
    std::vector<DoubtFigures> doubts;
    std::vector<ShopFault> shop_faults;
    std::map<std::string, OperationBook::Counts> counts;  ///< by device; "" are tombstones
    std::uint64_t operations = 0;
    std::uint64_t operations_max = 0;
    std::uint64_t unacknowledged = 0;
    std::uint64_t watermark_ms = 0;  ///< ids older than this are refused; 0: none yet
    std::uint64_t fence_ms = 0;      ///< unknown ids older than this are refused; 0: never restored
    std::int64_t unix_ms = 0;        ///< when this was taken
    std::int64_t book_epoch = 0;
    os::Duration retention{};
    os::Duration up{};
    bool has_room = true;
    bool stopping = false;
    std::string program_version;
};

/// What health says of these figures: every reason, worst of a device first.
contract::HealthReply health_of(const Figures& figures);

}  // namespace tillhost::devd::core
