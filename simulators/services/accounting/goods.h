#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "simulators/services/exchange/value.h"

namespace tillhost::simulators::accounting {

using exchange::Value;

inline constexpr std::int64_t kGoodsMax = 1'000'000;
inline constexpr std::int64_t kUsersMax = 1'000;
inline constexpr std::int64_t kTasksMax = 10'000;

/// What the accounting system sells: goods 1 … n with a barcode and a price each, cashiers, and
/// tasks for them. The same numbers give the same objects.
struct Assortment {
    std::int64_t goods = 0;
    std::int64_t users = 0;
    std::int64_t tasks = 0;
    std::uint64_t seed = 1;
    std::vector<std::uint32_t> revision{};  ///< by good: how often its price was changed

    std::int64_t price_minor(std::int64_t good) const;
};

/// Password of the cashier of that number; its login is "cashier-N".
std::string password_of(std::int64_t user, std::uint64_t seed);

using ObjectSink = std::function<base::Done(const Value&)>;

/// All objects, in an order in which each names only earlier ones.
base::Done each_object(const Assortment& assortment, const ObjectSink& sink);
/// The prices of some goods.
base::Done each_price(const Assortment& assortment, std::int64_t first, std::int64_t count,
                      const ObjectSink& sink);

/// What an app that has everything must have of goods, barcodes and prices: how many objects, and
/// the sum of their fingerprints, as 16 hex digits.
Value holdings_of(const Assortment& assortment);

}  // namespace tillhost::simulators::accounting
