#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hal/device/receipt_printer.h"
#include "hal/drivers/printer/escpos/document.h"
#include "hal/drivers/printer/escpos/job.h"
#include "hal/drivers/printer/escpos/protocol.h"

namespace tillhost::drivers::escpos {

/// What a model says back.
enum class Talk : std::uint8_t {
    marks,   ///< states, names, and by GS ( H that a document is on paper
    states,  ///< states, and by GS r that a document was taken in
    mute,    ///< nothing, or nothing comes back over its line
};

/// What the device's file says (driver.h).
struct Settings {
    Talk talk = Talk::marks;
    Layout layout{};
    Pin pin = Pin::two;
    unsigned pulse_on_ms = 120;
    unsigned pulse_off_ms = 240;
    std::optional<bool> open_is_high{};  ///< level of the drawer's switch; nothing: not known
    bool keep_open = true;
    os::Duration patience = std::chrono::seconds(60);
};

/// A printer on a line (README.md). Not opened before open().
class Printer final : public device::ReceiptPrinter {
public:
    Printer(Settings settings, std::unique_ptr<transport::Connector> connector,
            const os::Clock& clock);

    base::Result<device::Opened> open(os::Deadline deadline) override;
    base::Result<contract::PrintResult> print(const contract::PrintDocument& document,
                                              device::Gate& gate, os::Deadline deadline) override;
    base::Done open_drawer(os::Deadline deadline) override;
    base::Result<contract::PrinterStatus> status(os::Deadline deadline) override;
    std::optional<contract::PrinterStatus> known_status() const override { return known_; }

private:
    /// Gives the line back where it is not to be kept.
    class Visit;

    base::Done connect(os::Deadline deadline);
    base::Result<bool> ask_behind_rest(os::Deadline deadline);
    base::Result<bool> find_beginning(os::Deadline deadline);
    base::Done learn_names(os::Deadline deadline);
    base::Done learn_whether_it_marks(os::Deadline deadline);
    base::Done ask_state(os::Deadline deadline);
    base::Done be_ready(os::Deadline deadline);
    base::Done end_command(os::Deadline deadline);
    base::Done print_once(const std::vector<base::Bytes>& commands, device::Gate& gate,
                          os::Deadline deadline);
    base::Done pulse_once(os::Deadline deadline);
    /// Again on a new line if the old one turned out to be gone before anything happened.
    template <class Work>
    base::Done on_a_line(Work work);

    bool marks() const { return settings_.talk == Talk::marks && marks_.value_or(true); }
    std::string next_mark() { return mark_of(next_mark_++); }
    contract::PrinterStatus make_status() const;

    Settings settings_;
    std::unique_ptr<transport::Connector> connector_;
    const os::Clock& clock_;
    std::unique_ptr<Dialogue> dialogue_;  ///< nothing: the line is not open
    contract::Identity identity_;
    std::optional<contract::PrinterStatus> known_;
    bool fresh_ = false;           ///< the line was opened for the work at hand
    bool polls_ = true;            ///< it answers DLE EOT
    bool may_be_cut_ = true;       ///< a mute one may stand in the middle of a command
    bool settled_ = false;         ///< it is at the beginning of a command, and its names are known
    std::optional<bool> marks_{};  ///< whether it answers GS ( H; nothing: not tried yet
    std::uint64_t next_mark_ = 0;
};

}  // namespace tillhost::drivers::escpos
