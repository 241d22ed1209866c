#include "sumpd/exchange/objects.h"

#include <array>

namespace tillhost::sumpd::exchange {

namespace {

constexpr Length kReference{1, kReferenceMax};
constexpr Length kName{1, kNameMax};
constexpr Length kNote{1, kNoteMax};
constexpr Length kWord{1, 32};

}  // namespace

std::span<const std::string_view> names_of(GoodsType) {
    static constexpr std::array<std::string_view, 5> kNames = {"piece", "weight", "marked",
                                                               "alcohol", "service"};
    return kNames;
}

std::span<const std::string_view> names_of(TaskType) {
    static constexpr std::array<std::string_view, 7> kNames = {
        "receive", "inventory", "transfer", "pick", "label", "priceCheck", "delivery"};
    return kNames;
}

std::span<const std::string_view> names_of(PaymentKind) {
    static constexpr std::array<std::string_view, 5> kNames = {"cash", "card", "credit", "prepaid",
                                                               "other"};
    return kNames;
}

std::span<const std::string_view> object_kinds() {
    static constexpr std::array<std::string_view, 15> kNames = {
        "Store", "Warehouse",   "Goods",    "Barcode", "Variant", "Pack", "PriceType", "Price",
        "Stock", "PaymentType", "Customer", "Setting", "User",    "Role", "Task"};
    static_assert(kNames.size() == std::variant_size_v<ObjectBody>);
    return kNames;
}

void fields(FieldVisitor& v, Store& x) {
    v.value("Name", x.name, kName);
    maybe(v, "Address", x.address, kNote);
    maybe(v, "Organisation", x.organisation, kName);
}

void fields(FieldVisitor& v, Warehouse& x) {
    v.value("Name", x.name, kName);
    v.value("StoreId", x.store_id, kReference);
}

void fields(FieldVisitor& v, Goods& x) {
    v.value("Code", x.code, kReference);
    v.value("Name", x.name, kNote);
    maybe(v, "Article", x.article, kReference);
    v.value("Unit", x.unit, kWord);
    maybe(v, "Group", x.group, kReference);
    choice(v, "Vat", x.vat);
    choice(v, "Type", x.type);
    maybe(v, "MarkKind", x.mark_kind, kWord);
    maybe(v, "AlcCode", x.alc_code, kReference);
    maybe(v, "AgeLimit", x.age_limit, Range{0, 100});
}

void fields(FieldVisitor& v, Barcode& x) {
    v.value("Value", x.value, kReference);
    record(v, "Goods", x.goods);
    v.value("Qty", x.qty);
}

void fields(FieldVisitor& v, Variant& x) {
    v.value("GoodsId", x.goods_id, kReference);
    v.value("Name", x.name, kName);
}

void fields(FieldVisitor& v, Pack& x) {
    v.value("GoodsId", x.goods_id, kReference);
    v.value("Name", x.name, kName);
    v.value("Coefficient", x.coefficient);
}

void fields(FieldVisitor& v, PriceType& x) {
    v.value("Name", x.name, kName);
    v.value("Currency", x.currency, Length{3, 3});
}

void fields(FieldVisitor& v, Price& x) {
    v.value("TypeId", x.type_id, kReference);
    record(v, "Goods", x.goods);
    v.value("Value", x.value);
    maybe(v, "From", x.from);
}

void fields(FieldVisitor& v, Stock& x) {
    v.value("WarehouseId", x.warehouse_id, kReference);
    record(v, "Goods", x.goods);
    v.value("Qty", x.qty);
}

void fields(FieldVisitor& v, PaymentType& x) {
    v.value("Name", x.name, kName);
    choice(v, "Kind", x.kind);
}

void fields(FieldVisitor& v, Customer& x) {
    v.value("Name", x.name, kName);
    maybe(v, "Phone", x.phone, kReference);
    maybe(v, "Email", x.email, kName);
    maybe(v, "Card", x.card, kReference);
}

void fields(FieldVisitor& v, Setting& x) { v.value("Value", x.value, Length{0, kSettingMax}); }

void fields(FieldVisitor& v, User& x) {
    v.value("Name", x.name, kName);
    v.value("Login", x.login, kReference);
    v.value("RoleId", x.role_id, kReference);
    v.value("Enabled", x.enabled);
    maybe(v, "Password", x.password, Length{1, kNameMax});
    maybe(v, "Pin", x.pin, kWord);
    values(v, "StoreId", x.stores, Count{0, kStoresOfUserMax}, kReference);
    maybe(v, "ValidTo", x.valid_to);
    maybe(v, "Badge", x.badge, kReference);
}

void fields(FieldVisitor& v, Permission& x) {
    v.value("Name", x.name, kReference);
    v.value("Value", x.value, kReference);
}

void fields(FieldVisitor& v, Role& x) {
    v.value("Name", x.name, kName);
    records(v, "Permission", x.permissions, Count{0, kPermissionsMax});
}

void fields(FieldVisitor& v, Task& x) {
    v.value("Number", x.number, kReference);
    choice(v, "Type", x.type);
    maybe(v, "Assignee", x.assignee, kReference);
    maybe(v, "Deadline", x.deadline);
    records(v, "Line", x.lines, Count{0, kListLinesMax});
    maybe(v, "Note", x.note, kNote);
}

void fields(FieldVisitor& v, Object& x) {
    v.value("Kind", x.kind, kWord);
    v.value("Id", x.id, Length{1, 2 * kReferenceMax});
    maybe(v, "Scope", x.scope, kReference);
    v.value("Deleted", x.deleted);
    if (v.optional("Body", x.body.has_value())) {
        if (!x.body) {
            x.body.emplace();
        }
        alternatives(v, "Body", "ObjectBody", *x.body, object_kinds());
    } else {
        x.body.reset();
    }
}

}  // namespace tillhost::sumpd::exchange
