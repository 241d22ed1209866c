#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "simulators/services/exchange/diary.h"
#include "simulators/services/exchange/holdings.h"

namespace tillhost::simulators::apps {

using exchange::Value;

/// Something that can be sold.
struct Good {
    std::string id{};
    std::string name{};
    std::int64_t price_minor = 0;
};

/// What a phone holds of the shop's goods and tasks: packets of the feed, each with its cursor in
/// one durable line, so that a kill leaves the state behind some packet and the cursor of it.
class Feed final {
public:
    /// Errors: system_failed, storage_full, malformed.
    static base::Result<std::unique_ptr<Feed>> open(const std::string& folder);

    const std::string& cursor() const { return cursor_; }
    /// The last packet said that there is no more.
    bool whole() const { return whole_; }
    exchange::Holdings holdings() const { return holdings_; }
    std::int64_t objects() const { return static_cast<std::int64_t>(objects_.size()); }

    /// A GetChangesResponse. Errors: system_failed, storage_full.
    base::Done take(const Value& packet);
    /// The server knows the cursor no longer: everything from the beginning.
    base::Done begin_anew();

    /// A good with a price, chosen by the number; nothing while there is none.
    const Good* choose(std::uint64_t number);
    /// Ids of the tasks of this user.
    std::vector<std::string> tasks_of(const std::string& user) const;

private:
    struct Item {
        std::uint64_t print = 0;
        std::string text{};  ///< a good's name, a price's amount, a task's assignee
    };
    explicit Feed(std::string folder) : folder_(std::move(folder)) {}
    base::Done load();
    void apply(const Value& line);
    void apply_object(const Value& object);

    std::string folder_;
    std::unique_ptr<exchange::Diary> diary_;
    std::string cursor_;
    bool whole_ = false;
    exchange::Holdings holdings_;
    std::unordered_map<std::string, Item> objects_;  ///< by "Kind|id|scope"
    std::vector<Good> goods_;
    bool counted_ = false;  ///< goods_ are those of objects_
};

}  // namespace tillhost::simulators::apps
