#pragma once

#include <memory>
#include <optional>

#include "hal/device/driver.h"

namespace tillhost::device {

/// A fiscal registrar, as law sees it: fiscal memory and printer in one.
///
/// Money operations (sell, correct, open_shift, close_shift, cash_in, cash_out) persist a
/// FiscalMarker through the gate before their irreversible bytes and their result before the
/// acknowledgement that would erase the device's answer. Their errors, beside those of the line:
/// shift_not_open, shift_already_open, shift_expired, paper_out, cover_open, still_printing,
/// payment_below_total, not_enough_cash, wrong_password, wrong_operator, wrong_mode,
/// fiscal_memory_failed, fiscal_memory_full, ofd_backlog, clock_wrong, amount_refused,
/// text_not_printable, too_many_lines, device_refused, device_failed.
/// Effect::none is promised only where the device refused or no irreversible byte left.
class FiscalRegistrar {
public:
    virtual ~FiscalRegistrar() = default;

    /// As Driver::open; an open document that is not ours is cancelled after the verdict.
    virtual base::Result<Opened> open(const std::optional<contract::Pending>& pending, Gate& gate,
                                      os::Deadline deadline) = 0;

    /// Registers one receipt. Paper, shift and sums are checked before anything is sent.
    virtual base::Result<contract::FiscalResult> sell(const contract::Receipt& receipt, Gate& gate,
                                                      os::Deadline deadline) = 0;
    /// Registers a correction receipt; rules as sell().
    virtual base::Result<contract::FiscalResult> correct(const contract::Correction& command,
                                                         Gate& gate, os::Deadline deadline);
    virtual base::Result<contract::FiscalResult> open_shift(const contract::OpenShift& command,
                                                            Gate& gate, os::Deadline deadline) = 0;
    virtual base::Result<contract::FiscalResult> close_shift(const contract::CloseShift& command,
                                                             Gate& gate, os::Deadline deadline) = 0;
    virtual base::Result<contract::FiscalResult> cash_in(const contract::CashIn& command,
                                                         Gate& gate, os::Deadline deadline) = 0;
    virtual base::Result<contract::FiscalResult> cash_out(const contract::CashOut& command,
                                                          Gate& gate, os::Deadline deadline) = 0;

    // Not money: no marker, and an outcome that is not known is reported as such, not in doubt.
    virtual base::Done x_report(os::Deadline deadline) = 0;
    virtual base::Done print_text(const contract::PrintText& command, os::Deadline deadline) = 0;
    virtual base::Done cut_paper(const contract::CutPaper& command, os::Deadline deadline) = 0;
    virtual base::Done open_drawer(os::Deadline deadline) = 0;

    // What not every registrar can: not_supported unless it says otherwise. None of it is money.
    virtual base::Done print_barcode(const contract::PrintBarcode& command, os::Deadline deadline);
    virtual base::Done print_picture(const contract::PrintPicture& command, os::Deadline deadline);
    virtual base::Done print_copy(os::Deadline deadline);
    virtual base::Done continue_print(os::Deadline deadline);
    virtual base::Done feed_paper(const contract::FeedPaper& command, os::Deadline deadline);
    virtual base::Done set_clock(const contract::SetClock& command, os::Deadline deadline);
    virtual base::Done set_layout(const contract::SetLayout& command, os::Deadline deadline);
    virtual base::Done write_table(const contract::WriteTable& command, os::Deadline deadline);
    virtual base::Result<contract::FiscalMemory> fiscal_memory(os::Deadline deadline);
    virtual base::Result<contract::Registers> registers(const contract::RegistersQuery& query,
                                                        os::Deadline deadline);
    virtual base::Result<contract::TableField> table_field(const contract::TableQuery& query,
                                                           os::Deadline deadline);
    virtual base::Result<contract::Layout> layout(os::Deadline deadline);
    virtual base::Result<contract::MarkingCheck> check_marking(const contract::MarkingQuery& query,
                                                               os::Deadline deadline);

    /// Whether sell() would take this receipt, as far as that can be said without changing anything
    /// at the device: the rules that sell() itself begins with. Asked before a card is charged for
    /// it. Errors: those of sell() without effect, naming the field. Unless a registrar says
    /// otherwise, those of contract::check_receipt.
    virtual base::Done check_receipt(const contract::Receipt& receipt, os::Deadline deadline);

    /// As Driver::resolve.
    virtual base::Result<contract::Resolution> resolve(const contract::Pending& pending, Gate& gate,
                                                       os::Deadline deadline) = 0;
    virtual base::Result<contract::FiscalStatus> status(os::Deadline deadline) = 0;
    /// As Driver::known_status.
    virtual std::optional<contract::FiscalStatus> known_status() const { return std::nullopt; }
};

/// A registrar as the driver host sees it: commands of other classes are not_supported.
std::unique_ptr<Driver> make_driver(std::unique_ptr<FiscalRegistrar> registrar);

}  // namespace tillhost::device
