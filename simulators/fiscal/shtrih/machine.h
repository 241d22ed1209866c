#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "simulators/fiscal/shtrih/memory.h"
#include "simulators/fiscal/shtrih/options.h"
#include "simulators/fiscal/shtrih/paper.h"
#include "simulators/fiscal/shtrih/refusal.h"
#include "simulators/fiscal/shtrih/tables.h"

namespace tillhost::simulators::shtrih {

inline constexpr std::int64_t kShiftMs = 24LL * 3600 * 1000;
/// What fits five bytes of money with room for one more position.
inline constexpr std::int64_t kTotalMinorMax = 999'999'999'999;
inline constexpr std::size_t kPayments = 16;
/// Lines waiting for the printer, one document and its reports.
inline constexpr std::size_t kPrintLinesMax = 20'000;

/// Mode numbers of the status commands.
inline constexpr std::uint8_t kModeShiftOpen = 2;
inline constexpr std::uint8_t kModeShiftExpired = 3;
inline constexpr std::uint8_t kModeShiftClosed = 4;
inline constexpr std::uint8_t kModeConfirmDate = 6;
inline constexpr std::uint8_t kModeDocument = 8;

/// How a receipt is to be closed.
struct Settlement {
    std::array<std::int64_t, kPayments> payments{};
    std::int64_t rounding_minor = 0;    ///< taken off, 0 to 99
    std::int64_t discount_percent = 0;  ///< 0.01 %, old close only
    std::uint8_t tax_system = 1;
    std::string text;
};

struct Closed {
    std::int64_t change_minor;
    std::uint32_t number;
    std::uint32_t sign;
    std::int64_t date_time_ms;
};

/// The registrar without its wire: fiscal storage, shift, receipt, money, registers and printer.
///
/// Each call does all of it or refuses and changes nothing. Nothing is durable before commit().
/// Rules from "KKT with FN protocol v1.17"; the order of checks at closing is inferred.
class Machine final {
public:
    /// Errors: storage_failed if the store cannot be read or holds something else.
    static base::Result<std::unique_ptr<Machine>> create(const ShtrihOptions& options);

    /// Sets the time that everything below happens at.
    void at(os::Instant now) { now_ = now; }
    std::int64_t clock_ms() const;
    std::uint8_t mode() const;
    /// Mode with the kind of the open document in the high nibble.
    std::uint8_t mode_byte() const;
    std::uint8_t submode() const;
    bool shift_expired() const;
    bool receipt_open() const { return memory_.begun == BegunDocument::receipt; }
    Memory& memory() { return memory_; }
    const Memory& memory() const { return memory_; }
    Tables& tables() { return tables_; }
    const ShtrihOptions& options() const { return options_; }
    const std::vector<FiscalDocument>& documents() const { return documents_; }
    const std::vector<std::string>& tape() const { return tape_; }
    /// By number in the fiscal storage; null if there is none.
    const FiscalDocument* document(std::uint32_t number) const;

    // Shift. Modes are checked by the caller.
    OrRefusal<Closed> open_shift(std::uint8_t operator_index);
    OrRefusal<Closed> close_shift(std::uint8_t operator_index);
    Refusal x_report(std::uint8_t operator_index);

    // Receipt.
    Refusal open_receipt(ReceiptKind kind, std::uint8_t operator_index);
    Refusal add_position(ReceiptKind kind, FiscalLine line, std::uint8_t operator_index);
    Refusal change_total(std::int64_t discount_minor, std::int64_t surcharge_minor);
    std::int64_t subtotal() const;
    OrRefusal<Closed> close_receipt(const Settlement& settlement, std::uint8_t operator_index);
    Refusal cancel_receipt(std::uint8_t operator_index);
    /// A correction without positions.
    OrRefusal<Closed> register_correction(FiscalOperation operation, std::int64_t total_minor,
                                          std::uint8_t operator_index);

    /// The running number of the cash document.
    OrRefusal<std::uint16_t> move_cash(bool in, std::int64_t amount_minor,
                                       std::uint8_t operator_index);

    // Printer. A started document takes its time; see submode().
    void print(const std::vector<std::string>& lines);
    /// Into the open receipt if there is one, else at once.
    void print_text(const std::vector<std::string>& lines);
    Refusal copy_last_receipt();
    Refusal continue_printing();
    const Paper& paper() const { return paper_; }

    /// Prints the lines that are due by now.
    void advance();
    std::optional<os::Instant> next_event() const { return next_line_at_; }
    void power(bool on);

    /// Writes what changed into the store. False if that failed: the device must stop.
    bool commit();
    const std::string& failure() const { return failure_; }

    // What the world does to it.
    void set_paper(bool present);
    void end_paper_after(std::int64_t lines) { paper_left_ = lines; }
    void fail_fiscal_storage(std::uint8_t code, std::int64_t count);
    void register_elsewhere(std::int64_t total_minor);

private:
    Machine(const ShtrihOptions& options, std::shared_ptr<FiscalStore> store);
    base::Done load();
    void make_new();

    Refusal fiscal_storage_fault();
    FiscalDocument& sign(FiscalDocumentType type, std::uint8_t operator_index);
    Closed closed_of(const FiscalDocument& document) const;
    std::string operator_text(std::uint8_t index) const;
    void end_document();

    Refusal check_settlement(const Settlement& settlement, std::int64_t total,
                             std::uint8_t operator_index) const;
    void book_receipt(const Settlement& settlement, const FiscalDocument& document);
    std::int64_t vat_of(std::int64_t sum, std::uint8_t vat_code) const;
    std::vector<std::string> receipt_paper(const Settlement& settlement,
                                           const FiscalDocument& document) const;
    void add_vat_lines(std::vector<std::string>& lines) const;
    void add_head(std::vector<std::string>& lines, std::string_view title) const;
    void add_foot(std::vector<std::string>& lines, const FiscalDocument& document) const;
    void add_cut(std::vector<std::string>& lines) const;
    std::vector<std::string> shift_report(std::string_view title) const;
    bool printing_allowed();
    void start_printing();
    void print_one_line();

    ShtrihOptions options_;
    std::shared_ptr<FiscalStore> store_;
    Memory memory_;
    Tables tables_;
    Paper paper_;
    std::vector<FiscalDocument> documents_;
    std::vector<std::string> tape_;
    std::size_t committed_documents_ = 0;
    std::size_t committed_lines_ = 0;
    base::Bytes committed_state_;
    std::uint8_t seen_mode_ = 0;

    os::Instant now_{};
    bool powered_ = true;
    std::optional<os::Instant> next_line_at_;
    std::optional<std::int64_t> paper_left_;
    std::uint8_t fault_code_ = 0;
    std::int64_t fault_count_ = 0;
    std::string failure_;
};

}  // namespace tillhost::simulators::shtrih
