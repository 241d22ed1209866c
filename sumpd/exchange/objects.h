#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sumpd/exchange/documents.h"

// What the accounting system sends and apps read: reference data and tasks.
namespace tillhost::sumpd::exchange {

inline constexpr std::size_t kPermissionsMax = 500;
inline constexpr std::size_t kStoresOfUserMax = 1000;
inline constexpr std::size_t kSettingMax = 16 * 1024;

enum class GoodsType : std::uint8_t { unspecified, piece, weight, marked, alcohol, service };
std::span<const std::string_view> names_of(GoodsType);

enum class TaskType : std::uint8_t {
    unspecified,
    receive,
    inventory,
    transfer,
    pick,
    label,
    price_check,
    delivery
};
std::span<const std::string_view> names_of(TaskType);

enum class PaymentKind : std::uint8_t { unspecified, cash, card, credit, prepaid, other };
std::span<const std::string_view> names_of(PaymentKind);

struct Store {
    std::string name{};
    std::optional<std::string> address{};
    std::optional<std::string> organisation{};
    friend bool operator==(const Store&, const Store&) = default;
};

struct Warehouse {
    std::string name{};
    std::string store_id{};
    friend bool operator==(const Warehouse&, const Warehouse&) = default;
};

struct Goods {
    std::string code{};
    std::string name{};
    std::optional<std::string> article{};
    std::string unit{};  ///< code of OKEI, "796" a piece
    std::optional<std::string> group{};
    Vat vat = Vat::unspecified;
    GoodsType type = GoodsType::unspecified;
    std::optional<std::string> mark_kind{};
    std::optional<std::string> alc_code{};
    std::optional<std::int64_t> age_limit{};
    friend bool operator==(const Goods&, const Goods&) = default;
};

struct Barcode {
    std::string value{};
    GoodsRef goods{};
    Measure qty{1000};
    friend bool operator==(const Barcode&, const Barcode&) = default;
};

struct Variant {
    std::string goods_id{};
    std::string name{};
    friend bool operator==(const Variant&, const Variant&) = default;
};

struct Pack {
    std::string goods_id{};
    std::string name{};
    Measure coefficient{1000};
    friend bool operator==(const Pack&, const Pack&) = default;
};

struct PriceType {
    std::string name{};
    std::string currency{};
    friend bool operator==(const PriceType&, const PriceType&) = default;
};

struct Price {
    std::string type_id{};
    GoodsRef goods{};
    Amount value{};
    std::optional<Moment> from{};
    friend bool operator==(const Price&, const Price&) = default;
};

struct Stock {
    std::string warehouse_id{};
    GoodsRef goods{};
    Measure qty{};
    friend bool operator==(const Stock&, const Stock&) = default;
};

struct PaymentType {
    std::string name{};
    PaymentKind kind = PaymentKind::unspecified;
    friend bool operator==(const PaymentType&, const PaymentType&) = default;
};

struct Customer {
    std::string name{};
    std::optional<std::string> phone{};
    std::optional<std::string> email{};
    std::optional<std::string> card{};
    friend bool operator==(const Customer&, const Customer&) = default;
};

struct Setting {
    std::string value{};
    friend bool operator==(const Setting&, const Setting&) = default;
};

/// A person who logs in to apps. What is secret comes once, over TLS, and is kept hashed; what is
/// left out stays as it is.
struct User {
    std::string name{};
    std::string login{};
    std::string role_id{};
    bool enabled = true;
    std::optional<Secret> password{};   ///< in clear, or a PHC string of argon2id
    std::optional<Secret> pin{};        ///< 4 to 6 digits
    std::vector<std::string> stores{};  ///< none: all
    std::optional<Moment> valid_to{};
    std::optional<Secret> badge{};  ///< the number of a card, as its reader types it
    friend bool operator==(const User&, const User&) = default;
};

/// One leaf of the tree of permissions: what a role may, or how much.
struct Permission {
    std::string name{};   ///< "sale.discount_percent"
    std::string value{};  ///< "true", "15", "100.00", a word; its type stands in the tree
    friend bool operator==(const Permission&, const Permission&) = default;
};

struct Role {
    std::string name{};
    std::vector<Permission> permissions{};
    friend bool operator==(const Role&, const Role&) = default;
};

struct Task {
    std::string number{};
    TaskType type = TaskType::unspecified;
    std::optional<std::string> assignee{};  ///< a user's id; none: whoever takes it
    std::optional<Moment> deadline{};
    std::vector<GoodsLine> lines{};
    std::optional<std::string> note{};
    friend bool operator==(const Task&, const Task&) = default;
};

using ObjectBody = std::variant<Store, Warehouse, Goods, Barcode, Variant, Pack, PriceType, Price,
                                Stock, PaymentType, Customer, Setting, User, Role, Task>;
/// In the order of ObjectBody: the element's name, which is the object's kind.
std::span<const std::string_view> object_kinds();

/// One thing under the id that the accounting system gave it. Deleted: it has no body.
struct Object {
    std::string kind{};  ///< one of object_kinds(); the body's, where there is one
    std::string id{};
    std::optional<std::string> scope{};  ///< id of the store that it is for; none: all
    bool deleted = false;
    std::optional<ObjectBody> body{};
    friend bool operator==(const Object&, const Object&) = default;
};

void fields(FieldVisitor& v, Store& x);
void fields(FieldVisitor& v, Warehouse& x);
void fields(FieldVisitor& v, Goods& x);
void fields(FieldVisitor& v, Barcode& x);
void fields(FieldVisitor& v, Variant& x);
void fields(FieldVisitor& v, Pack& x);
void fields(FieldVisitor& v, PriceType& x);
void fields(FieldVisitor& v, Price& x);
void fields(FieldVisitor& v, Stock& x);
void fields(FieldVisitor& v, PaymentType& x);
void fields(FieldVisitor& v, Customer& x);
void fields(FieldVisitor& v, Setting& x);
void fields(FieldVisitor& v, User& x);
void fields(FieldVisitor& v, Permission& x);
void fields(FieldVisitor& v, Role& x);
void fields(FieldVisitor& v, Task& x);
void fields(FieldVisitor& v, Object& x);

}  // namespace tillhost::sumpd::exchange
