#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hal/base/result.h"
#include "ipc/contract/envelope.h"
#include "ipc/contract/value.h"

namespace tillhost::ipc {

/// Puts a tree together from the pieces a parser calls out, and holds it to the contract's limits.
/// A call that returns false has left the reason in error(); the parser must stop then.
class TreeBuilder final {
public:
    TreeBuilder() { open_.reserve(kUsualDepth); }

    bool put(contract::Value value);
    bool put_unsigned(std::uint64_t value);
    /// The name of the next entry of the map that is open. False where a value is due.
    bool key(std::string_view name);
    /// `claimed` is how many items are announced, if the format announces them: memory is taken
    /// for them once the number is known to be within its limit.
    bool open_list(std::size_t claimed);
    bool open_map(std::size_t claimed);
    bool close();

    bool refuse(base::ErrorCode code, std::string what);
    const std::optional<base::Error>& error() const { return error_; }
    contract::Value take() { return std::move(whole_); }

private:
    /// A list or map whose end has not come yet.
    struct Open {
        bool is_map = false;
        std::string key;
        contract::Value::Array items;
        contract::Value::Map entries;
    };
    static constexpr std::size_t kUsualDepth = 4;
    Open* open(bool is_map);

    std::vector<Open> open_;  ///< the outermost first
    std::size_t values_ = 0;
    contract::Value whole_;
    std::optional<base::Error> error_;
};

}  // namespace tillhost::ipc
