#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hal/device/fiscal_registrar.h"
#include "hal/drivers/fiscal/shtrih/known_bugs.h"
#include "hal/drivers/fiscal/shtrih/outcome.h"
#include "hal/drivers/fiscal/shtrih/resolve.h"
#include "hal/drivers/fiscal/shtrih/session.h"
#include "hal/drivers/fiscal/shtrih/ticket.h"
#include "hal/transport/transport.h"

namespace tillhost::drivers::shtrih {

struct Settings {
    Password password = 30;
    std::optional<Password> admin_password;  ///< the operator's unless set
    std::string serial;                      ///< without leading zeros; empty: any
    /// What becomes of a document that another program left open.
    bool cancel_foreign = true;
    bool training = false;
    LinkLayer link = LinkLayer::automatic;
};

/// After closing a document a device may be deaf for 3 s (github.com/shtrih-m/fr_drv_ng/issues/88).
/// Whatever was sent before is visible in ENQ or in the counters after this time.
inline constexpr os::Duration kDeafTime = std::chrono::seconds(3);
/// Numbers of one irreversible frame that become evidence: it gets a new one each time that the
/// device refuses because it still prints.
inline constexpr int kFramesNotedMax = 16;
/// How long a successful operation waits to see its paper come out.
inline constexpr os::Duration kPaperWait = std::chrono::seconds(5);

/// For all that is asked before a money operation begins.
inline constexpr os::Duration kCheckBudget = std::chrono::seconds(60);

/// A Shtrih-M registrar. One line at a time; after an error whose reaction is reconnect only open()
/// helps.
class Registrar final : public device::FiscalRegistrar {
public:
    Registrar(Settings settings, std::unique_ptr<transport::Connector> connector,
              const os::Clock& clock, KnownBugs bugs)
        : settings_(std::move(settings)),
          connector_(std::move(connector)),
          clock_(clock),
          bugs_(bugs) {}

    base::Result<device::Opened> open(const std::optional<contract::Pending>& pending,
                                      device::Gate& gate, os::Deadline deadline) override;
    base::Result<contract::FiscalResult> sell(const contract::Receipt& receipt, device::Gate& gate,
                                              os::Deadline deadline) override;
    base::Result<contract::FiscalResult> correct(const contract::Correction& command,
                                                 device::Gate& gate,
                                                 os::Deadline deadline) override;
    base::Result<contract::FiscalResult> open_shift(const contract::OpenShift& command,
                                                    device::Gate& gate,
                                                    os::Deadline deadline) override;
    base::Result<contract::FiscalResult> close_shift(const contract::CloseShift& command,
                                                     device::Gate& gate,
                                                     os::Deadline deadline) override;
    base::Result<contract::FiscalResult> cash_in(const contract::CashIn& command,
                                                 device::Gate& gate,
                                                 os::Deadline deadline) override;
    base::Result<contract::FiscalResult> cash_out(const contract::CashOut& command,
                                                  device::Gate& gate,
                                                  os::Deadline deadline) override;
    base::Done x_report(os::Deadline deadline) override;
    base::Done print_text(const contract::PrintText& command, os::Deadline deadline) override;
    base::Done cut_paper(const contract::CutPaper& command, os::Deadline deadline) override;
    base::Done open_drawer(os::Deadline deadline) override;
    base::Done print_barcode(const contract::PrintBarcode& command, os::Deadline deadline) override;
    base::Done print_picture(const contract::PrintPicture& command, os::Deadline deadline) override;
    base::Done print_copy(os::Deadline deadline) override;
    base::Done continue_print(os::Deadline deadline) override;
    base::Done feed_paper(const contract::FeedPaper& command, os::Deadline deadline) override;
    base::Done set_clock(const contract::SetClock& command, os::Deadline deadline) override;
    base::Done set_layout(const contract::SetLayout& command, os::Deadline deadline) override;
    base::Done write_table(const contract::WriteTable& command, os::Deadline deadline) override;
    base::Result<contract::FiscalMemory> fiscal_memory(os::Deadline deadline) override;
    base::Result<contract::Registers> registers(const contract::RegistersQuery& query,
                                                os::Deadline deadline) override;
    base::Result<contract::TableField> table_field(const contract::TableQuery& query,
                                                   os::Deadline deadline) override;
    base::Result<contract::Layout> layout(os::Deadline deadline) override;
    base::Result<contract::MarkingCheck> check_marking(const contract::MarkingQuery& query,
                                                       os::Deadline deadline) override;
    base::Done check_receipt(const contract::Receipt& receipt, os::Deadline deadline) override;
    base::Result<contract::Resolution> resolve(const contract::Pending& pending, device::Gate& gate,
                                               os::Deadline deadline) override;
    base::Result<contract::FiscalStatus> status(os::Deadline deadline) override;
    std::optional<contract::FiscalStatus> known_status() const override { return known_; }

private:
    class OldAnswers;

    // registrar.cpp: open, verdict, questions
    base::Done connect(const std::optional<contract::Pending>& pending, device::Gate& gate,
                       os::Deadline deadline);
    base::Done identify(os::Deadline deadline);
    base::Done ask_abilities(os::Deadline deadline);
    base::Done ask_expiry(os::Deadline deadline);
    base::Done check_identity(const FullStatus& full, const StorageStatus& storage) const;
    base::Result<contract::Resolution> verdict(contract::Pending& pending, bool may_clean_up,
                                               os::Deadline deadline);
    base::Result<Observed> observe(const contract::Pending& pending, os::Deadline deadline);
    base::Result<CashState> cash_state(os::Deadline deadline);
    base::Done wait_for_late_bytes(os::Deadline deadline);
    bool late_bytes_are_over() const;
    base::Done require_open() const;

    // cleanup.cpp: what brings the device to a known state
    base::Done cancel_document(os::Deadline deadline);
    base::Done cancel_once(const ShortStatus& status, os::Deadline deadline);
    base::Done cancel_foreign(base::Error refused, os::Deadline deadline);
    base::Done clear_foreign(os::Deadline deadline);
    base::Done print_next_document(bool on_paper, os::Deadline deadline);
    base::Done continue_printing(os::Deadline deadline);
    base::Done ready_to_print(os::Deadline deadline);

    // service.cpp
    base::Result<std::size_t> columns_of_font(std::uint8_t font, os::Deadline deadline);
    base::Done cut_behind_text(contract::CutMode mode, os::Deadline deadline);
    base::Done print_square_code(const contract::PrintBarcode& command, os::Deadline deadline);

    // tables.cpp
    base::Done write_field(std::uint8_t table, std::uint16_t row, std::uint8_t field,
                           base::ByteView value, os::Deadline deadline);
    struct Rows {
        std::uint8_t table;
        std::uint16_t first;
        std::size_t count;
        std::size_t characters;
    };
    base::Result<std::vector<std::string>> table_rows(const Rows& rows, os::Deadline deadline);

    // status.cpp
    struct Overview {
        FullStatus full;
        StorageStatus storage;
        ShiftState shift;
        std::optional<ExchangeStatus> exchange;
        std::int64_t clock_offset_s = 0;
        std::vector<contract::FiscalWarning> warnings;
    };
    base::Result<Overview> overview(os::Deadline deadline);
    /// What a command has shown of the state by the way.
    template <class Seen>
    void note(const Seen& seen) {
        if (known_) {
            put(*known_, seen);
        }
    }
    base::Result<std::optional<DateTime>> shift_opened_at(const ShiftState& shift,
                                                          std::uint32_t last_document,
                                                          os::Deadline deadline);

    // receipt.cpp
    base::Result<contract::FiscalResult> make_document(Ticket ticket, device::Gate& gate,
                                                       os::Deadline deadline);
    base::Done send_document(const Ticket& ticket, const contract::FiscalMarker& marker,
                             os::Deadline deadline);
    base::Done send_head(const Ticket& ticket, os::Deadline deadline);
    base::Done send_position(const TicketPosition& position, os::Deadline deadline);
    base::Done send_belongings(const TicketPosition& position, os::Deadline deadline);
    base::Done compare_document(const Ticket& ticket, const contract::FiscalMarker& marker,
                                os::Deadline deadline);
    base::Done compare_correction(const contract::FiscalMarker& marker, os::Deadline deadline);
    base::Done send_cashier(const std::optional<CashierTags>& cashier, os::Deadline deadline);
    base::Done send_tags(Command command, const std::vector<TagFields>& tags,
                         os::Deadline deadline);
    base::Done check_rates(const Ticket& ticket, os::Deadline deadline);
    base::Done set_rates(CorrectionFields& sums, os::Deadline deadline);
    base::Result<contract::FiscalResult> close_document(const Ticket& ticket,
                                                        const contract::FiscalMarker& marker,
                                                        device::Gate& gate, os::Deadline deadline);

    // marking.cpp
    base::Result<std::vector<contract::MarkingResult>> check_markings(const Ticket& ticket,
                                                                      device::Gate& gate,
                                                                      os::Deadline deadline);
    base::Result<contract::MarkingResult> check_one(const TicketPosition& position,
                                                    contract::MarkingPolicy policy,
                                                    os::Deadline deadline);
    base::Done drop_marking_left(os::Deadline deadline);

    // money.cpp
    enum class Need { receipt, shift_closed, shift_open, cash };
    base::Result<contract::FiscalMarker> check_ready(Need need, os::Deadline deadline);
    base::Result<FullStatus> printer_ready(os::Deadline deadline);
    base::Result<contract::FiscalResult> report_shift(const contract::Command& command,
                                                      const contract::FiscalMarker& marker,
                                                      const std::optional<CashierTags>& cashier,
                                                      device::Gate& gate, os::Deadline deadline);
    base::Result<contract::FiscalResult> move_cash(Command command, std::int64_t amount_minor,
                                                   std::string_view currency, device::Gate& gate,
                                                   os::Deadline deadline);
    base::Result<base::Bytes> send_once(Command command, base::Bytes message,
                                        const Link::Witness& witness,
                                        const contract::FiscalMarker& marker, device::Gate& gate,
                                        os::Deadline deadline);
    base::Done note_frame(const contract::FiscalMarker& marker, device::Gate& gate,
                          os::Deadline deadline);
    base::Done persist_marker(device::Gate& gate, const contract::FiscalMarker& marker);
    base::Error give_up(base::Error error, const contract::FiscalMarker& marker,
                        os::Deadline deadline);
    base::Error closing_failed(base::Error error, const contract::FiscalMarker& marker,
                               os::Deadline deadline);
    void look_at_paper(contract::FiscalResult& result, device::Gate& gate, os::Deadline deadline);

    os::Deadline step(device::Gate& gate, std::string_view name, os::Duration budget,
                      os::Deadline deadline) const;

    Settings settings_;
    std::unique_ptr<transport::Connector> connector_;
    const os::Clock& clock_;
    KnownBugs bugs_;
    std::unique_ptr<transport::Transport> line_;
    std::unique_ptr<Session> session_;
    contract::Identity identity_;
    std::optional<std::uint64_t> serial_number_;   ///< as the full status tells it
    std::optional<contract::FiscalStatus> known_;  ///< once it was asked on this line
    ModelParameters parameters_;
    Abilities abilities_;
    std::optional<DateTime> expires_on_;        ///< of the storage
    std::optional<std::uint16_t> shift_known_;  ///< whose opening was looked for
    std::optional<DateTime> shift_opened_at_;
    bool marking_left_ = false;  ///< a check's answer was not waited for
    bool tags_first_ = false;    ///< the model wants a position's tags before the position
    int frames_noted_ = 0;       ///< of the operation's irreversible frame
    LinkLayer layer_ = LinkLayer::automatic;  ///< what the device spoke before
    os::Instant quiet_since_{};               ///< nobody else has written to the line since then
};

}  // namespace tillhost::drivers::shtrih
