#pragma once

#include <cstdint>

#include "simulators/services/exchange/value.h"

namespace tillhost::simulators::exchange {

/// The fingerprint of what matters of an object in whatever form it came: kind, id, and of goods
/// the name, of barcodes the value, of prices the amount. 0: of another kind, not counted.
std::uint64_t print_of(const Value& object);

/// Objects that somebody holds, as a count and a sum that two sides can compare.
class Holdings final {
public:
    void add(std::uint64_t print) {
        sum_ += print;
        count_ += print == 0 ? 0 : 1;
    }
    void remove(std::uint64_t print) {
        sum_ -= print;
        count_ -= print == 0 ? 0 : 1;
    }
    /// {"count":…,"sum":"16 hex digits"}
    Value told() const;

private:
    std::uint64_t sum_ = 0;
    std::int64_t count_ = 0;
};

}  // namespace tillhost::simulators::exchange
