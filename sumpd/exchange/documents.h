#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sumpd/exchange/visitor.h"

// What apps make and the accounting system takes. Money is in the shop's currency.
namespace tillhost::sumpd::exchange {

inline constexpr std::size_t kReferenceMax = 64;  ///< ids that the accounting system gives
inline constexpr std::size_t kNameMax = 256;
inline constexpr std::size_t kNoteMax = 1024;
inline constexpr std::size_t kMarkMax = 512;  ///< a marking code with its crypto tail
inline constexpr std::size_t kReceiptLinesMax = 1000;
inline constexpr std::size_t kReceiptPaymentsMax = 32;
inline constexpr std::size_t kListLinesMax = 10'000;  ///< of counts, transfers and tasks
inline constexpr std::size_t kCountersMax = 64;

enum class ReceiptType : std::uint8_t {
    unspecified,
    sale,
    sale_return,
    sale_correction,
    return_correction
};
std::span<const std::string_view> names_of(ReceiptType);

enum class Vat : std::uint8_t { unspecified, none, vat_0, vat_5, vat_7, vat_10, vat_20, vat_22 };
std::span<const std::string_view> names_of(Vat);

enum class ShiftEvent : std::uint8_t { unspecified, opened, closed };
std::span<const std::string_view> names_of(ShiftEvent);

enum class CashDirection : std::uint8_t { unspecified, in, out };
std::span<const std::string_view> names_of(CashDirection);

enum class TaskOutcome : std::uint8_t { unspecified, done, partly_done, refused };
std::span<const std::string_view> names_of(TaskOutcome);

/// Which good: a variant or a pack of it where it has some.
struct GoodsRef {
    std::string goods_id{};
    std::optional<std::string> variant_id{};
    std::optional<std::string> pack_id{};
    friend bool operator==(const GoodsRef&, const GoodsRef&) = default;
};

struct ReceiptLine {
    GoodsRef goods{};
    Measure qty{};
    Amount price{};
    Amount discount{};  ///< of the whole line
    Amount sum{};       ///< what is paid for the line
    Vat vat = Vat::unspecified;
    std::optional<std::string> mark{};
    std::optional<std::string> barcode{};
    friend bool operator==(const ReceiptLine&, const ReceiptLine&) = default;
};

struct ReceiptPayment {
    std::string type_id{};
    Amount amount{};
    std::optional<std::string> terminal_ref{};
    std::optional<std::string> rrn{};
    std::optional<std::string> auth_code{};
    friend bool operator==(const ReceiptPayment&, const ReceiptPayment&) = default;
};

/// Where the fiscal memory has the receipt.
struct FiscalSign {
    std::string registrar{};
    std::string fn_number{};
    std::int64_t fd_number = 0;
    std::string fpd{};
    Moment at{};
    friend bool operator==(const FiscalSign&, const FiscalSign&) = default;
};

struct UtmSign {
    std::string url{};
    std::string sign{};
    friend bool operator==(const UtmSign&, const UtmSign&) = default;
};

struct Receipt {
    std::string number{};
    std::string shift{};
    ReceiptType type = ReceiptType::unspecified;
    std::string store_id{};
    std::optional<std::string> customer_id{};
    std::vector<ReceiptLine> lines{};
    std::vector<ReceiptPayment> payments{};
    Amount total{};
    std::optional<FiscalSign> fiscal{};
    std::optional<UtmSign> utm{};
    bool discounts_offline = false;  ///< discounts were not asked of the accounting system
    std::optional<Uuid> returns{};   ///< DocId of the receipt that this one takes back
    friend bool operator==(const Receipt&, const Receipt&) = default;
};

struct Counter {
    std::string name{};
    Amount amount{};
    friend bool operator==(const Counter&, const Counter&) = default;
};

struct Shift {
    std::string number{};
    ShiftEvent event = ShiftEvent::unspecified;
    std::string store_id{};
    std::optional<std::string> registrar{};
    std::int64_t receipts = 0;
    std::vector<Counter> totals{};
    friend bool operator==(const Shift&, const Shift&) = default;
};

struct CashMove {
    std::string shift{};
    CashDirection direction = CashDirection::unspecified;
    Amount amount{};
    std::optional<std::string> reason{};
    friend bool operator==(const CashMove&, const CashMove&) = default;
};

/// A line of what has no price: a count, a transfer, a task, labels.
struct GoodsLine {
    GoodsRef goods{};
    Measure qty{};
    std::optional<Measure> expected{};
    std::vector<std::string> marks{};
    friend bool operator==(const GoodsLine&, const GoodsLine&) = default;
};

struct Order {
    std::string number{};
    std::string store_id{};
    std::optional<std::string> customer_id{};
    std::vector<ReceiptLine> lines{};
    Amount total{};
    friend bool operator==(const Order&, const Order&) = default;
};

struct TaskResult {
    std::string task_id{};
    TaskOutcome outcome = TaskOutcome::unspecified;
    std::vector<GoodsLine> lines{};
    std::optional<std::string> note{};
    friend bool operator==(const TaskResult&, const TaskResult&) = default;
};

struct InventoryCount {
    std::string warehouse_id{};
    std::vector<GoodsLine> lines{};
    friend bool operator==(const InventoryCount&, const InventoryCount&) = default;
};

struct Transfer {
    std::string from_warehouse_id{};
    std::string to_warehouse_id{};
    std::vector<GoodsLine> lines{};
    friend bool operator==(const Transfer&, const Transfer&) = default;
};

struct LabelRequest {
    std::string store_id{};
    std::vector<GoodsLine> lines{};
    friend bool operator==(const LabelRequest&, const LabelRequest&) = default;
};

using DocumentBody = std::variant<Receipt, Shift, CashMove, Order, TaskResult, InventoryCount,
                                  Transfer, LabelRequest>;
/// In the order of DocumentBody: the element's name, which is the document's kind.
std::span<const std::string_view> document_kinds();

/// A document under the id that its device made. It never changes; a correction is another one.
struct Document {
    Uuid doc_id{};
    std::int64_t device_seq = 0;  ///< counts the device's documents from 1 without gaps
    std::int64_t schema_version = 1;
    Moment created_at{};
    std::string user_id{};
    std::optional<Uuid> supersedes{};  ///< DocId of a rejected one that this one corrects
    DocumentBody body{};
    friend bool operator==(const Document&, const Document&) = default;
};

void fields(FieldVisitor& v, GoodsRef& x);
void fields(FieldVisitor& v, ReceiptLine& x);
void fields(FieldVisitor& v, ReceiptPayment& x);
void fields(FieldVisitor& v, FiscalSign& x);
void fields(FieldVisitor& v, UtmSign& x);
void fields(FieldVisitor& v, Receipt& x);
void fields(FieldVisitor& v, Counter& x);
void fields(FieldVisitor& v, Shift& x);
void fields(FieldVisitor& v, CashMove& x);
void fields(FieldVisitor& v, GoodsLine& x);
void fields(FieldVisitor& v, Order& x);
void fields(FieldVisitor& v, TaskResult& x);
void fields(FieldVisitor& v, InventoryCount& x);
void fields(FieldVisitor& v, Transfer& x);
void fields(FieldVisitor& v, LabelRequest& x);
void fields(FieldVisitor& v, Document& x);

}  // namespace tillhost::sumpd::exchange
