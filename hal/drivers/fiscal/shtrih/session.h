#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "hal/drivers/fiscal/shtrih/errors.h"
#include "hal/drivers/fiscal/shtrih/link.h"
#include "hal/drivers/fiscal/shtrih/service_messages.h"

namespace tillhost::drivers::shtrih {

/// How often and how long a registrar that prints is asked again.
inline constexpr os::Duration kPrintingPoll = std::chrono::milliseconds(100);
inline constexpr os::Duration kPrintingWait = std::chrono::seconds(30);

inline constexpr std::uint16_t kOperators = 30;

/// Commands of the registrar as calls, over one open line. A refusal of the device is an error with
/// device_code (errors.def). 50h, "still printing", is waited for up to kPrintingWait.
class Session final {
public:
    /// Clock and the link's line outlive the session.
    Session(std::unique_ptr<Link> link, const os::Clock& clock, Password password)
        : link_(std::move(link)), clock_(clock), password_(password) {}

    Link& link() { return *link_; }
    Password password() const { return password_; }
    /// For commands that the device wants from an administrator; the operator's unless set.
    Password admin_password() const { return admin_password_.value_or(password_); }
    void set_admin_password(Password password) { admin_password_ = password; }

    // Questions: may be repeated at will, their errors have no effect.
    base::Result<std::string> model(os::Deadline deadline);
    base::Result<ModelParameters> model_parameters(os::Deadline deadline);
    base::Result<ShortStatus> short_status(os::Deadline deadline);
    base::Result<FullStatus> full_status(os::Deadline deadline);
    base::Result<StorageStatus> storage_status(os::Deadline deadline);
    base::Result<ShiftState> shift_state(os::Deadline deadline);
    base::Result<FoundDocument> find_document(std::uint32_t number, os::Deadline deadline);
    base::Result<std::string> table_text(std::uint8_t table, std::uint16_t row, std::uint8_t field,
                                         os::Deadline deadline);
    /// A numeric field of at most 8 bytes.
    base::Result<std::uint64_t> table_number(std::uint8_t table, std::uint16_t row,
                                             std::uint8_t field, os::Deadline deadline);
    /// Table 2: the password of an operator, 1 to kOperators. Needs the administrator's password.
    base::Result<Password> password_of(std::uint16_t operator_number, os::Deadline deadline);
    base::Result<std::int64_t> cash_register(std::uint16_t number, os::Deadline deadline);
    base::Result<std::uint16_t> operation_register(std::uint16_t number, os::Deadline deadline);
    base::Result<std::int64_t> subtotal(os::Deadline deadline);
    base::Result<ExchangeStatus> exchange_status(os::Deadline deadline);

    base::Result<FontMetrics> font_metrics(std::uint8_t font, os::Deadline deadline);
    base::Result<TableStructure> table_structure(std::uint8_t table, os::Deadline deadline);
    base::Result<FieldStructure> field_structure(std::uint8_t table, std::uint8_t field,
                                                 os::Deadline deadline);
    base::Result<base::Bytes> table_bytes(std::uint8_t table, std::uint16_t row, std::uint8_t field,
                                          os::Deadline deadline);
    base::Result<DateTime> storage_expiry(os::Deadline deadline);
    base::Result<std::string> storage_version(os::Deadline deadline);
    base::Result<Registration> registration(os::Deadline deadline);
    base::Result<std::uint16_t> unconfirmed_count(os::Deadline deadline);

    /// FF61h; the storage keeps what it found until decide_marking().
    base::Result<MarkingAnswer> marking(base::Bytes request, os::Deadline deadline);
    /// FF69h: tag 2106, where the device tells it.
    base::Result<std::optional<std::uint8_t>> decide_marking(bool accept, os::Deadline deadline);

    /// A command that changes something which can still be undone. It is sent again only where the
    /// device has not received it.
    base::Done change(Command command, base::Bytes message, os::Deadline deadline);
    /// The same of a command without parameters, with our password or an operator's.
    base::Done change_as(Password password, Command command, os::Deadline deadline);
    base::Done change(Command command, os::Deadline deadline);

    /// A command whose second execution would be a second document. The witness sees the answer's
    /// frame before it is acknowledged. `again` is called before it is sent anew because the device
    /// refused it while it prints. Returns the answer's message, refusals as errors.
    base::Result<base::Bytes> once(Command command, base::Bytes message, Link::Witness witness,
                                   const std::function<base::Done()>& again, os::Deadline deadline);

    /// Waits until nothing is being printed; returns the state then, or the last one seen when
    /// `wait` is over.
    base::Result<ShortStatus> wait_printed(os::Duration wait, os::Deadline deadline);

private:
    template <class Reader>
    auto read(Command command, base::Bytes message, Reader reader, os::Deadline deadline)
        -> decltype(reader(base::ByteView()));
    base::Result<base::Bytes> ask(const Link::Question& question, os::Deadline deadline,
                                  const std::function<base::Done()>& again = {});

    std::unique_ptr<Link> link_;
    const os::Clock& clock_;
    Password password_;
    std::optional<Password> admin_password_;
};

}  // namespace tillhost::drivers::shtrih
