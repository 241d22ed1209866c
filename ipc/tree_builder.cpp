#include "ipc/tree_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "ipc/msgpack.h"

namespace tillhost::ipc {
namespace {

using base::ErrorCode;
using base::make_error;
using contract::Value;

constexpr std::size_t kKeyShown = 40;
/// A few keys are compared with each other; from here on, sorting is cheaper.
constexpr std::size_t kKeysComparedPairwise = 16;

const std::string* key_that_repeats(const Value::Map& map) {
    if (map.size() <= kKeysComparedPairwise) {
        for (std::size_t i = 1; i < map.size(); ++i) {
            for (std::size_t j = 0; j < i; ++j) {
                if (map[i].first == map[j].first) {
                    return &map[i].first;
                }
            }
        }
        return nullptr;
    }
    std::vector<const std::string*> keys;
    keys.reserve(map.size());
    for (const auto& entry : map) {
        keys.push_back(&entry.first);
    }
    std::sort(keys.begin(), keys.end(), [](const auto* a, const auto* b) { return *a < *b; });
    const auto twice = std::adjacent_find(keys.begin(), keys.end(),
                                          [](const auto* a, const auto* b) { return *a == *b; });
    return twice == keys.end() ? nullptr : *twice;
}

std::string too_many(std::string_view what, std::size_t max) {
    return fmt::format("{}; at most {}", what, max);
}

}  // namespace

bool TreeBuilder::refuse(ErrorCode code, std::string what) {
    error_ = make_error(code, std::move(what));
    return false;
}

bool TreeBuilder::put(Value value) {
    if (++values_ > kMessageValuesMax) {
        return refuse(ErrorCode::too_large, fmt::format("more than {} values", kMessageValuesMax));
    }
    if (open_.empty()) {
        whole_ = std::move(value);
        return true;
    }
    Open& parent = open_.back();
    if (!parent.is_map) {
        if (parent.items.size() == contract::kArrayItemsMax) {
            return refuse(ErrorCode::too_large,
                          too_many("a list of more items", contract::kArrayItemsMax));
        }
        parent.items.push_back(std::move(value));
        return true;
    }
    if (parent.entries.size() == contract::kMapEntriesMax) {
        return refuse(ErrorCode::too_large,
                      too_many("a map of more entries", contract::kMapEntriesMax));
    }
    parent.entries.emplace_back(std::move(parent.key), std::move(value));
    return true;
}

bool TreeBuilder::put_unsigned(std::uint64_t value) {
    if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        return refuse(ErrorCode::malformed, "an integer above 2^63 - 1");
    }
    return put(Value(static_cast<std::int64_t>(value)));
}

bool TreeBuilder::key(std::string_view name) {
    open_.back().key.assign(name);
    return true;
}

TreeBuilder::Open* TreeBuilder::open(bool is_map) {
    if (open_.size() == contract::kDepthMax) {
        refuse(ErrorCode::too_large,
               fmt::format("more than {} levels of nesting", contract::kDepthMax));
        return nullptr;
    }
    open_.emplace_back().is_map = is_map;
    return &open_.back();
}

bool TreeBuilder::open_list(std::size_t claimed) {
    if (claimed > contract::kArrayItemsMax) {
        return refuse(ErrorCode::too_large, too_many(fmt::format("a list of {} items", claimed),
                                                     contract::kArrayItemsMax));
    }
    Open* const opened = open(false);
    if (opened != nullptr) {
        opened->items.reserve(claimed);
    }
    return opened != nullptr;
}

bool TreeBuilder::open_map(std::size_t claimed) {
    if (claimed > contract::kMapEntriesMax) {
        return refuse(ErrorCode::too_large, too_many(fmt::format("a map of {} entries", claimed),
                                                     contract::kMapEntriesMax));
    }
    Open* const opened = open(true);
    if (opened != nullptr) {
        opened->entries.reserve(claimed);
    }
    return opened != nullptr;
}

bool TreeBuilder::close() {
    Open closed = std::move(open_.back());
    open_.pop_back();
    if (!closed.is_map) {
        return put(Value(std::move(closed.items)));
    }
    if (const std::string* key = key_that_repeats(closed.entries)) {
        return refuse(ErrorCode::malformed,
                      fmt::format("the key '{}' twice in a map", key->substr(0, kKeyShown)));
    }
    return put(Value(std::move(closed.entries)));
}

}  // namespace tillhost::ipc
