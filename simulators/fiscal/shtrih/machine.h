#pragma once

#include <array>
#include <map>
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
inline constexpr std::size_t kVatSums = 6;
inline constexpr std::uint8_t kTaxSystems = 0x3F;
inline constexpr std::size_t kDocumentTagsMax = 64;
inline constexpr std::size_t kLineTagsMax = 32;
inline constexpr std::size_t kMarksMax = 128;
inline constexpr std::int64_t kDayMs = 86'400'000;
/// How long documents may wait for the data operator, and the fiscal storage lives by itself.
inline constexpr std::int64_t kUnsentMsMax = 30 * kDayMs;
inline constexpr std::int64_t kStorageLifeMs = 456 * kDayMs;
/// Format of documents, table 17 field 17: 2 is FFD 1.05, 3 is 1.1, 4 is 1.2.
inline constexpr std::uint64_t kFfd11 = 3, kFfd12 = 4;
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
    std::array<std::int64_t, kVatSums> vat{};  ///< as the host reckons it; see table 1 field 14
    std::string text;
};

/// A correction that says sums instead of positions.
struct CorrectionSums {
    std::uint8_t basis = 0;  ///< 0 own initiative, 1 by order
    FiscalOperation operation = FiscalOperation::sale;
    std::int64_t total_minor = 0;
    std::array<std::int64_t, kPayments> payments{};
    std::array<std::int64_t, kVatSums> vat{};
    std::uint8_t tax_system = 1;
};

/// What FF61h finds out about a marking code. The host chooses nothing of it; see MarkMood.
struct MarkAnswer {
    std::uint8_t local = 0;   ///< bits: 0 checked by the device, 1 it is good
    std::uint8_t reason = 0;  ///< why it was not checked
    bool asked = false;       ///< the operator's server has answered
    std::uint8_t result = 0;  ///< tag 2106
};

/// How the check of marking codes goes today.
enum class MarkMood : std::uint8_t { checked, not_checked, refused, silence };

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
    void at(os::Instant now);
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
    std::uint64_t ffd() const { return tables_.number({.table = 17, .row = 1, .field = 17}); }
    /// Table 17 field 35: the checks of the document format are made, not only those of money.
    bool strict() const { return tables_.number({.table = 17, .row = 1, .field = 35}) == 1; }

    // Shift. Modes are checked by the caller.
    OrRefusal<Closed> open_shift(std::uint8_t operator_index);
    OrRefusal<Closed> close_shift(std::uint8_t operator_index);
    Refusal x_report(std::uint8_t operator_index);

    // Receipt.
    Refusal open_receipt(ReceiptKind kind, std::uint8_t operator_index, bool correction = false);
    Refusal add_position(ReceiptKind kind, FiscalLine line, std::uint8_t operator_index);
    Refusal change_total(std::int64_t discount_minor, std::int64_t surcharge_minor);
    std::int64_t subtotal() const;
    OrRefusal<Closed> close_receipt(const Settlement& settlement, std::uint8_t operator_index);
    Refusal cancel_receipt(std::uint8_t operator_index);
    OrRefusal<Closed> register_correction(const CorrectionSums& sums, std::uint8_t operator_index);
    /// Tags of the begun document (FF0Ch); fn_wrong_state if none is begun.
    Refusal put_tags(std::vector<FiscalTag> tags);
    /// Tags of the last position, or of the next one where ShtrihOptions say so (FF4Dh).
    Refusal put_line_tags(std::vector<FiscalTag> tags);

    // Marking codes of the open receipt.
    OrRefusal<MarkAnswer> check_mark(std::uint8_t status, base::ByteView code);
    /// Tag 2106 of the code that was checked last.
    OrRefusal<std::uint8_t> settle_mark(bool accept);
    OrRefusal<MarkAnswer> bind_mark(base::ByteView code);
    void set_mark_mood(MarkMood mood, std::int64_t count);
    /// The mood that the next check will meet.
    MarkMood mark_mood() const { return mark_moods_ != 0 ? mark_mood_ : MarkMood::checked; }

    // The fiscal storage and the data operator.
    /// Report on what the operator has not confirmed (FF38h).
    OrRefusal<Closed> settlement_report(std::uint8_t operator_index);
    std::uint32_t unsent() const { return memory_.last_fd - memory_.ofd.confirmed; }
    /// When the first unsent document was made; the device's clock if all are sent.
    std::int64_t unsent_since_ms() const;
    std::int64_t storage_ends_ms() const;
    /// Bits of FF01h: 0 three days left, 1 thirty days, 2 archive nearly full, 3 operator silent.
    std::uint8_t storage_warnings() const;
    /// A document as the fiscal storage gives it out (FF3Ah) and as the operator gets it.
    base::Bytes document_tags(const FiscalDocument& document) const;
    /// The host has brought the operator's word on the first unsent document.
    void take_ticket(base::Bytes ticket);

    /// The running number of the cash document.
    OrRefusal<std::uint16_t> move_cash(bool in, std::int64_t amount_minor,
                                       std::uint8_t operator_index);

    // Printer. A started document takes its time; see submode().
    void print(const std::vector<std::string>& lines);
    void cut(std::vector<std::string>& lines) const;
    /// Into the open receipt if there is one, else at once.
    void print_text(const std::vector<std::string>& lines);
    std::vector<std::string> header() const;
    std::vector<std::string> footer() const;
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
    /// Another host begins a receipt and leaves it open.
    Refusal begin_elsewhere(ReceiptKind kind, std::uint8_t operator_index,
                            std::int64_t total_minor);

    /// What FF3Ah has begun to give out, and FF3Bh goes on with. Gone without power.
    base::Bytes reading;
    /// What FF32h and FF33h bring from the operator. Gone without power.
    base::Bytes incoming;
    std::size_t incoming_size = 0;
    /// Blocks of 64 bytes that DDh has loaded. Gone without power.
    std::map<std::uint8_t, base::Bytes> loaded;

private:
    Machine(const ShtrihOptions& options, std::shared_ptr<FiscalStore> store);
    base::Done load();
    void make_new();

    enum class PaperKind : std::uint8_t { document, report };

    /// Why nothing can be registered now.
    Refusal fiscal_storage_fault();
    Refusal storage_limits() const;
    FiscalDocument& sign(FiscalDocumentType type, std::uint8_t operator_index);
    Closed closed_of(const FiscalDocument& document) const;
    std::string operator_text(std::uint8_t index) const;
    void end_document();

    Refusal check_settlement(const Settlement& settlement, std::int64_t total,
                             std::uint8_t operator_index) const;
    Refusal check_correction_tags() const;
    FiscalDocument& sign_receipt(const Settlement& settlement, std::int64_t total,
                                 std::uint8_t operator_index);
    void book_receipt(const FiscalDocument& document);
    void book_vat(const FiscalDocument& document);
    void book_payments(const FiscalDocument& document, ReceiptKind kind);
    std::vector<std::int64_t> vat_sums(const Settlement& settlement) const;
    std::int64_t vat_of(std::int64_t sum, std::uint8_t vat_code) const;
    std::vector<std::string> receipt_paper(const Settlement& settlement,
                                           const FiscalDocument& document) const;
    std::vector<std::string> correction_paper(const FiscalDocument& document) const;
    void add_payments(std::vector<std::string>& lines, const FiscalDocument& document) const;
    void add_vat_lines(std::vector<std::string>& lines, const FiscalDocument& document) const;
    void add_tags(std::vector<std::string>& lines, const std::vector<FiscalTag>& tags) const;
    std::vector<std::string> line_paper(const FiscalLine& line) const;
    void add_head(std::vector<std::string>& lines, std::string_view title) const;
    void add_foot(std::vector<std::string>& lines, const FiscalDocument& document) const;
    std::vector<std::string> shift_report(std::string_view title) const;
    bool printing_allowed(PaperKind kind) const;
    /// False if it is not to be printed, on purpose.
    bool print_document(const std::vector<std::string>& lines, PaperKind kind);
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
    MarkMood mark_mood_ = MarkMood::checked;
    std::int64_t mark_moods_ = 0;  ///< checks that meet that mood; below 0: all
    std::string failure_;
};

}  // namespace tillhost::simulators::shtrih
