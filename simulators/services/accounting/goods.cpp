#include "simulators/services/accounting/goods.h"

#include <fmt/format.h>

#include <array>

#include "simulators/core/random.h"
#include "simulators/services/exchange/holdings.h"
#include "simulators/services/exchange/text.h"

namespace tillhost::simulators::accounting {
namespace {

constexpr std::int64_t kPriceMinorMax = 200'000;
constexpr std::array<std::string_view, 6> kWords{"Tea", "Coffee", "Bread", "Milk", "Apple", "Чай"};

std::uint64_t mixed(std::uint64_t seed, std::int64_t one, std::uint64_t two) {
    return Random(seed ^ static_cast<std::uint64_t>(one) * 0x9E3779B97F4A7C15ULL ^ two << 48U)
        .next();
}

std::string good_id(std::int64_t good) { return fmt::format("g{}", good); }

/// EAN-13 of the range for use inside a shop, with its check digit.
std::string barcode_of(std::int64_t good) {
    const std::string digits = fmt::format("20{:010}", good);
    int sum = 0;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        sum += (digits[i] - '0') * (i % 2 == 0 ? 1 : 3);
    }
    return digits + std::to_string((10 - sum % 10) % 10);
}

Value object(std::string_view kind, const std::string& id, std::string_view field, Value body) {
    Value item;
    item.set("kind", kind).set("id", id).set("deleted", false);
    return item.set("body", Value().set(field, std::move(body)));
}

Value goods_object(const Assortment& assortment, std::int64_t good) {
    const auto word = kWords[mixed(assortment.seed, good, 1) % kWords.size()];
    Value body;
    body.set("code", fmt::format("{:07}", good)).set("name", fmt::format("{} no. {}", word, good));
    body.set("unit", "796").set("vat", "none").set("type", "piece");
    return object("Goods", good_id(good), "goods", body);
}

Value barcode_object(std::int64_t good) {
    Value body;
    body.set("value", barcode_of(good)).set("goods", Value().set("goodsId", good_id(good)));
    return object("Barcode", barcode_of(good), "barcode", body.set("qty", "1.000"));
}

Value price_object(const Assortment& assortment, std::int64_t good) {
    Value body;
    body.set("typeId", "retail").set("goods", Value().set("goodsId", good_id(good)));
    body.set("value", exchange::money_of(assortment.price_minor(good)));
    return object("Price", "retail:" + good_id(good), "price", body);
}

base::Done each_setting(const ObjectSink& sink) {
    Value store;
    TRY(sink(object("Store", "s1", "store", store.set("name", "Shop 1"))));
    Value warehouse;
    warehouse.set("name", "Back room").set("storeId", "s1");
    TRY(sink(object("Warehouse", "w1", "warehouse", warehouse)));
    Value type;
    TRY(sink(object("PriceType", "retail", "priceType",
                    type.set("name", "Retail").set("currency", "RUB"))));
    for (const std::string_view kind : {"cash", "card"}) {
        Value payment;
        payment.set("name", kind).set("kind", kind);
        TRY(sink(object("PaymentType", std::string(kind), "paymentType", payment)));
    }
    Value role;
    role.set("name", "Cashier")
        .add("permission", Value().set("name", "sale.sell").set("value", "true"));
    return sink(object("Role", "cashier", "role", role));
}

base::Done each_person(const Assortment& assortment, const ObjectSink& sink) {
    for (std::int64_t user = 1; user <= assortment.users; ++user) {
        Value body;
        body.set("name", fmt::format("Cashier {}", user));
        body.set("login", fmt::format("cashier-{}", user)).set("roleId", "cashier");
        body.set("enabled", true).set("password", password_of(user, assortment.seed));
        TRY(sink(object("User", fmt::format("u{}", user), "user", body)));
    }
    for (std::int64_t task = 1; task <= assortment.tasks && assortment.users > 0; ++task) {
        Value body;
        body.set("number", fmt::format("T-{}", task)).set("type", "inventory");
        body.set("assignee", fmt::format("u{}", (task - 1) % assortment.users + 1));
        Value line;
        line.set("goods", Value().set("goodsId", good_id(1))).set("qty", "0.000");
        body.add("line", line);
        TRY(sink(object("Task", fmt::format("t{}", task), "task", body)));
    }
    return {};
}

}  // namespace

std::int64_t Assortment::price_minor(std::int64_t good) const {
    const auto place = static_cast<std::size_t>(good - 1);
    const std::uint64_t changed = place < revision.size() ? revision[place] : 0;
    return 100 + static_cast<std::int64_t>(mixed(seed, good, 2 + changed) % kPriceMinorMax);
}

std::string password_of(std::int64_t user, std::uint64_t seed) {
    return fmt::format("till-{:08x}", mixed(seed, user, 7) & 0xFFFFFFFFU);
}

base::Done each_object(const Assortment& assortment, const ObjectSink& sink) {
    TRY(each_setting(sink));
    TRY(each_person(assortment, sink));
    for (std::int64_t good = 1; good <= assortment.goods; ++good) {
        TRY(sink(goods_object(assortment, good)));
        TRY(sink(barcode_object(good)));
        TRY(sink(price_object(assortment, good)));
    }
    return {};
}

base::Done each_price(const Assortment& assortment, std::int64_t first, std::int64_t count,
                      const ObjectSink& sink) {
    for (std::int64_t good = first; good < first + count && good <= assortment.goods; ++good) {
        TRY(sink(price_object(assortment, good)));
    }
    return {};
}

Value holdings_of(const Assortment& assortment) {
    exchange::Holdings holdings;
    for (std::int64_t good = 1; good <= assortment.goods; ++good) {
        holdings.add(exchange::print_of(goods_object(assortment, good)));
        holdings.add(exchange::print_of(barcode_object(good)));
        holdings.add(exchange::print_of(price_object(assortment, good)));
    }
    return holdings.told();
}

}  // namespace tillhost::simulators::accounting
