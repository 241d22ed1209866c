#include "sumpd/exchange/documents.h"

#include <array>

namespace tillhost::sumpd::exchange {

namespace {

constexpr Length kReference{1, kReferenceMax};
constexpr Length kName{1, kNameMax};
constexpr Length kNumber{1, 32};
constexpr Count kLines{1, kReceiptLinesMax};
constexpr Count kGoodsLines{0, kListLinesMax};

}  // namespace

std::span<const std::string_view> names_of(ReceiptType) {
    static constexpr std::array<std::string_view, 4> kNames = {
        "sale", "saleReturn", "saleCorrection", "returnCorrection"};
    return kNames;
}

std::span<const std::string_view> names_of(Vat) {
    static constexpr std::array<std::string_view, 7> kNames = {"none",  "vat0",  "vat5", "vat7",
                                                               "vat10", "vat20", "vat22"};
    return kNames;
}

std::span<const std::string_view> names_of(ShiftEvent) {
    static constexpr std::array<std::string_view, 2> kNames = {"opened", "closed"};
    return kNames;
}

std::span<const std::string_view> names_of(CashDirection) {
    static constexpr std::array<std::string_view, 2> kNames = {"in", "out"};
    return kNames;
}

std::span<const std::string_view> names_of(TaskOutcome) {
    static constexpr std::array<std::string_view, 3> kNames = {"done", "partlyDone", "refused"};
    return kNames;
}

std::span<const std::string_view> document_kinds() {
    static constexpr std::array<std::string_view, 8> kNames = {
        "Receipt",    "Shift",          "CashMove", "Order",
        "TaskResult", "InventoryCount", "Transfer", "LabelRequest"};
    static_assert(kNames.size() == std::variant_size_v<DocumentBody>);
    return kNames;
}

void fields(FieldVisitor& v, GoodsRef& x) {
    v.value("GoodsId", x.goods_id, kReference);
    maybe(v, "VariantId", x.variant_id, kReference);
    maybe(v, "PackId", x.pack_id, kReference);
}

void fields(FieldVisitor& v, ReceiptLine& x) {
    record(v, "Goods", x.goods);
    v.value("Qty", x.qty);
    v.value("Price", x.price);
    v.value("Discount", x.discount);
    v.value("Sum", x.sum);
    choice(v, "Vat", x.vat);
    maybe(v, "Mark", x.mark, Length{1, kMarkMax});
    maybe(v, "Barcode", x.barcode, kReference);
}

void fields(FieldVisitor& v, ReceiptPayment& x) {
    v.value("TypeId", x.type_id, kReference);
    v.value("Amount", x.amount);
    maybe(v, "TerminalRef", x.terminal_ref, kReference);
    maybe(v, "Rrn", x.rrn, Length{1, 32});
    maybe(v, "AuthCode", x.auth_code, Length{1, 32});
}

void fields(FieldVisitor& v, FiscalSign& x) {
    v.value("Registrar", x.registrar, kReference);
    v.value("FnNumber", x.fn_number, kNumber);
    v.value("FdNumber", x.fd_number, Range{1, 4'294'967'295});
    v.value("Fpd", x.fpd, kNumber);
    v.value("At", x.at);
}

void fields(FieldVisitor& v, UtmSign& x) {
    v.value("Url", x.url, Length{1, 512});
    v.value("Sign", x.sign, Length{1, 512});
}

void fields(FieldVisitor& v, Receipt& x) {
    v.value("Number", x.number, kNumber);
    v.value("Shift", x.shift, kNumber);
    choice(v, "Type", x.type);
    v.value("StoreId", x.store_id, kReference);
    maybe(v, "CustomerId", x.customer_id, kReference);
    records(v, "Line", x.lines, kLines);
    records(v, "Payment", x.payments, Count{1, kReceiptPaymentsMax});
    v.value("Total", x.total);
    maybe_record(v, "Fiscal", x.fiscal);
    maybe_record(v, "Utm", x.utm);
    v.value("DiscountsOffline", x.discounts_offline);
    maybe(v, "Returns", x.returns);
}

void fields(FieldVisitor& v, Counter& x) {
    v.value("Name", x.name, kReference);
    v.value("Amount", x.amount);
}

void fields(FieldVisitor& v, Shift& x) {
    v.value("Number", x.number, kNumber);
    choice(v, "Event", x.event);
    v.value("StoreId", x.store_id, kReference);
    maybe(v, "Registrar", x.registrar, kReference);
    v.value("Receipts", x.receipts, Range{0, 1'000'000});
    records(v, "Total", x.totals, Count{0, kCountersMax});
}

void fields(FieldVisitor& v, CashMove& x) {
    v.value("Shift", x.shift, kNumber);
    choice(v, "Direction", x.direction);
    v.value("Amount", x.amount);
    maybe(v, "Reason", x.reason, kName);
}

void fields(FieldVisitor& v, GoodsLine& x) {
    record(v, "Goods", x.goods);
    v.value("Qty", x.qty);
    maybe(v, "Expected", x.expected);
    values(v, "Mark", x.marks, Count{0, kReceiptLinesMax}, Length{1, kMarkMax});
}

void fields(FieldVisitor& v, Order& x) {
    v.value("Number", x.number, kNumber);
    v.value("StoreId", x.store_id, kReference);
    maybe(v, "CustomerId", x.customer_id, kReference);
    records(v, "Line", x.lines, kLines);
    v.value("Total", x.total);
}

void fields(FieldVisitor& v, TaskResult& x) {
    v.value("TaskId", x.task_id, kReference);
    choice(v, "Outcome", x.outcome);
    records(v, "Line", x.lines, kGoodsLines);
    maybe(v, "Note", x.note, Length{1, kNoteMax});
}

void fields(FieldVisitor& v, InventoryCount& x) {
    v.value("WarehouseId", x.warehouse_id, kReference);
    records(v, "Line", x.lines, kGoodsLines);
}

void fields(FieldVisitor& v, Transfer& x) {
    v.value("FromWarehouseId", x.from_warehouse_id, kReference);
    v.value("ToWarehouseId", x.to_warehouse_id, kReference);
    records(v, "Line", x.lines, kGoodsLines);
}

void fields(FieldVisitor& v, LabelRequest& x) {
    v.value("StoreId", x.store_id, kReference);
    records(v, "Line", x.lines, kGoodsLines);
}

void fields(FieldVisitor& v, Document& x) {
    v.value("DocId", x.doc_id);
    v.value("DeviceSeq", x.device_seq, Range{1, 1'000'000'000'000});
    v.value("SchemaVersion", x.schema_version, Range{1, 1});
    v.value("CreatedAt", x.created_at);
    v.value("UserId", x.user_id, kReference);
    maybe(v, "Supersedes", x.supersedes);
    alternatives(v, "Body", "DocumentBody", x.body, document_kinds());
}

}  // namespace tillhost::sumpd::exchange
