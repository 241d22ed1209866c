// Claim: a role's effective permissions are all leaves of the tree, each of its type; what a
// document breaks of them is told by the names of the leaves.
// Shown: on values that are right and wrong, and on documents at both sides of each limit.
#include "sumpd/people/permissions.h"

#include <gtest/gtest.h>

#include <set>

#include "sumpd/people/limits.h"

namespace tillhost::sumpd::people {
namespace {

using exchange::Permission;
using Flags = std::vector<std::string>;

TEST(PermissionsTest, EachLeafHasOneNameAndValuesOfItsType) {
    std::set<std::string_view> names;
    for (const LeafRow& row : leaves()) {
        EXPECT_TRUE(names.insert(row.name).second) << row.name;
        EXPECT_EQ(leaf_from(row.name), row.leaf);
        EXPECT_EQ(&row_of(row.leaf), &row);
        EXPECT_EQ(row.type == LeafType::word, !row.choices.empty()) << row.name;
        for (const std::string_view value : row.values) {
            EXPECT_EQ(value_from(row.leaf, value), std::string(value)) << row.name;
        }
        EXPECT_TRUE(value_from(row.leaf, row.otherwise())) << row.name;
    }
}

TEST(PermissionsTest, ValuesAreCheckedByTypeAndNamed) {
    EXPECT_EQ(value_from(Leaf::sale_discount_percent, "015"), "15");
    EXPECT_EQ(value_from(Leaf::offline_card_max, "7"), "7.00");
    EXPECT_EQ(value_from(Leaf::offline_card_max, "unlimited"), "unlimited");
    EXPECT_EQ(value_from(Leaf::exchange_packet, "256K"), "256K");
    const std::vector<std::pair<Leaf, std::string>> wrong = {{Leaf::sale_sell, "yes"},
                                                             {Leaf::sale_discount_percent, "101"},
                                                             {Leaf::sale_discount_percent, "-1"},
                                                             {Leaf::offline_card_max, "-1.00"},
                                                             {Leaf::offline_hours, "8761"},
                                                             {Leaf::exchange_packet, "2M"},
                                                             {Leaf::exchange_packet, ""}};
    for (const auto& [leaf, text] : wrong) {
        const auto value = value_from(leaf, text);
        ASSERT_FALSE(value) << text;
        EXPECT_EQ(value.error().code, exchange::FaultCode::schema_invalid);
        EXPECT_EQ(value.error().field, std::string(row_of(leaf).name));
    }
}

TEST(PermissionsTest, WhatARoleDoesNotSayIsThePredefinedValueOrNothing) {
    const auto cashier = effective("cashier", {{"sale.hold", "false"}, {"sale.sell", "maybe"}});
    EXPECT_EQ(cashier.size(), leaves().size());
    EXPECT_FALSE(allows(cashier, Leaf::sale_hold));
    EXPECT_TRUE(allows(cashier, Leaf::sale_sell));  // a value that is none is not there
    EXPECT_EQ(number_of(cashier, Leaf::sale_discount_percent), 10);
    const auto other = effective("other", {{"sale.sell", "true"}});
    EXPECT_TRUE(allows(other, Leaf::sale_sell));
    EXPECT_FALSE(allows(other, Leaf::cash_in));
    EXPECT_EQ(number_of(other, Leaf::sale_price_min_percent), 100);
    EXPECT_EQ(money_of(other, Leaf::offline_card_max), 0);
}

TEST(PermissionsTest, ThePolicyIsTheRoles) {
    const auto cashier = policy_of(effective("cashier", {}));
    EXPECT_EQ(cashier.packet_bytes, 1024 * 1024);
    EXPECT_EQ(cashier.offline_hours, 72);
    EXPECT_EQ(cashier.offline_card_max.minor, 300'000);
    const auto closed = policy_of(effective("cashier", {{"offline.sale", "false"}}));
    EXPECT_EQ(closed.offline_hours, 0);
    EXPECT_EQ(closed.offline_card_max.minor, 0);
    EXPECT_EQ(policy_of(effective("admin", {{"exchange.packet", "64K"}})).packet_bytes, 65536);
}

exchange::Document receipt(exchange::ReceiptType type, std::int64_t price,
                           std::int64_t discount = 0) {
    exchange::Receipt body{.number = "1", .shift = "1", .type = type, .store_id = "s1"};
    body.lines.push_back({.goods = {.goods_id = "g"},
                          .qty = {2000},
                          .price = {price},
                          .discount = {discount},
                          .sum = {2 * price - discount}});
    body.total = body.lines.front().sum;
    return {.device_seq = 1, .user_id = "u1", .body = std::move(body)};
}

Person person(const std::string& role, const std::vector<Permission>& own = {}) {
    return {.is_known = true, .stores = {"s1"}, .permissions = effective(role, own)};
}

TEST(LimitsTest, ReturnsAreOfTwoKindsAndOneHasALargestSum) {
    const auto back = receipt(exchange::ReceiptType::sale_return, 5000);
    EXPECT_EQ(flags_of(back, person("cashier")),
              (Flags{"sale.return_without_receipt", "sale.return_without_receipt_max"}));
    const std::vector<Permission> up_to = {{"sale.return_without_receipt", "true"},
                                           {"sale.return_without_receipt_max", "100.00"}};
    EXPECT_EQ(flags_of(back, person("cashier", up_to)), Flags{});
    EXPECT_EQ(flags_of(receipt(exchange::ReceiptType::sale_return, 5001), person("cashier", up_to)),
              Flags{"sale.return_without_receipt_max"});
    auto with_receipt = back;
    std::get<exchange::Receipt>(with_receipt.body).returns = exchange::Uuid{"x"};
    EXPECT_EQ(flags_of(with_receipt, person("cashier")), Flags{});
    EXPECT_EQ(flags_of(with_receipt, person("consultant")), Flags{"sale.return_with_receipt"});
}

TEST(LimitsTest, ADiscountIsMeasuredByItsLine) {
    EXPECT_EQ(flags_of(receipt(exchange::ReceiptType::sale, 5000, 1000), person("cashier")),
              Flags{});
    EXPECT_EQ(flags_of(receipt(exchange::ReceiptType::sale, 5000, 1002), person("cashier")),
              Flags{"sale.discount_percent"});
    EXPECT_EQ(flags_of(receipt(exchange::ReceiptType::sale, 5000, 10000), person("admin")),
              Flags{});
}

TEST(LimitsTest, KindsStoresAndPeopleAreLookedAt) {
    EXPECT_EQ(flags_of(receipt(exchange::ReceiptType::sale, 1), person("consultant")),
              Flags{"sale.sell"});
    Person elsewhere = person("cashier");
    elsewhere.stores = {"s2"};
    EXPECT_EQ(flags_of(receipt(exchange::ReceiptType::sale, 1), elsewhere), Flags{"user.store"});
    EXPECT_EQ(flags_of(receipt(exchange::ReceiptType::sale, 1), Person{}), Flags{"user.unknown"});
    exchange::Document move{
        .user_id = "u1",
        .body = exchange::CashMove{.shift = "1", .direction = exchange::CashDirection::out}};
    EXPECT_EQ(flags_of(move, person("courier")), Flags{"cash.out"});
    EXPECT_EQ(flags_of(move, person("cashier")), Flags{});
}

}  // namespace
}  // namespace tillhost::sumpd::people
