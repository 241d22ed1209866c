#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sumpd/exchange/operations.h"
#include "sumpd/store/sql.h"

namespace tillhost::sumpd::store {

/// Which DeviceSeq of a device are here and which lack, within one transaction.
class DeviceSeqs final {
public:
    DeviceSeqs(Sql& sql, std::string device, std::int64_t now_ms);

    /// Whether another document of the device has the number.
    bool is_taken(std::int64_t seq);
    /// The number was used, also by what was not kept: to ask for it again would help nobody.
    void note(std::int64_t seq);
    /// Once, behind all note().
    void finish();
    /// The lowest exchange::kMissingRangesMax ranges that lack.
    std::vector<exchange::SeqRange> missing();

private:
    Sql& sql_;
    const std::string device_;
    const std::int64_t now_ms_;
    std::int64_t first_last_ = 0;
    std::int64_t last_ = 0;
};

}  // namespace tillhost::sumpd::store
