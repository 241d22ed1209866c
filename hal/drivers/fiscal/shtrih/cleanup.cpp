// What brings a registrar to a known state.
#include <fmt/format.h>

#include <utility>

#include "hal/drivers/fiscal/shtrih/registrar.h"

namespace tillhost::drivers::shtrih {

using base::Done;
using base::ErrorCode;
using base::make_error;

namespace {

/// Cancelling may need several steps: continue printing, cancel, cancel in the storage.
constexpr int kCancelStepsMax = 4;

}  // namespace

/// Cancels the open document, whoever opened it; nothing if none is open.
Done Registrar::cancel_document(os::Deadline deadline) {
    for (int i = 0; i < kCancelStepsMax; ++i) {
        const ShortStatus status = TRY(session_->wait_printed(kPrintingWait, deadline));
        if (status.mode() == Mode::document) {
            TRY(cancel_once(status, deadline));
            continue;
        }
        const StorageStatus storage = TRY(session_->storage_status(deadline));
        if (storage.current_document == 0) {
            return {};
        }
        TRY(session_->change(Command::cancel_in_storage, deadline));
    }
    return make_error(ErrorCode::document_open, "the registrar does not cancel the open document");
}

Done Registrar::cancel_once(const ShortStatus& status, os::Deadline deadline) {
    if (status.submode() == Submode::waits_to_continue) {
        return continue_printing(deadline);
    }
    const Done cancelled = session_->change(Command::cancel_document, deadline);
    if (cancelled || cancelled.error().device_code == kErrorNoDocument) {
        return {};
    }
    if (cancelled.error().device_code == kErrorOtherOperator) {
        return cancel_foreign(cancelled.error(), deadline);
    }
    return cancelled.error();
}

/// A document can be cancelled only by the operator who opened it, and nothing tells who that was.
/// The administrator may read all passwords, so that one of them is the right one (as the vendor's
/// driver does it: javapos_shtrih).
Done Registrar::cancel_foreign(base::Error refused, os::Deadline deadline) {
    for (std::uint16_t number = 1; number <= kOperators; ++number) {
        const auto password = session_->password_of(number, deadline);
        if (!password && !is_refusal(password.error())) {
            return password.error();
        }
        if (!password || *password == session_->password()) {
            continue;
        }
        const Done cancelled = session_->change_as(*password, Command::cancel_document, deadline);
        if (cancelled || cancelled.error().device_code == kErrorNoDocument) {
            return {};
        }
        const std::uint32_t code = cancelled.error().device_code;
        if (code != kErrorOtherOperator && code != kErrorWrongPassword) {
            return cancelled.error();
        }
    }
    return refused;
}

/// A document that another program left open, when ours is to begin.
Done Registrar::clear_foreign(os::Deadline deadline) {
    if (settings_.cancel_foreign) {
        return cancel_document(deadline);
    }
    return make_error(ErrorCode::document_open,
                      "another program's document is open, and the setting foreign_receipt is "
                      "refuse: finish it there, or cancel it");
}

/// Table 17 field 7: whether the next document is printed. 1 is for one document and goes back to 0
/// by itself when that is closed; the other values are the owner's choice for all documents, and
/// stay. A model without the field prints all.
Done Registrar::print_next_document(bool on_paper, os::Deadline deadline) {
    constexpr std::uint8_t kTable = 17;
    constexpr std::uint8_t kField = 7;
    constexpr std::uint64_t kAll = 0;
    constexpr std::uint64_t kAllButNext = 1;
    const auto now = session_->table_number(kTable, 1, kField, deadline);
    if (!now) {
        const bool ignored = on_paper && is_refusal(now.error());
        return ignored ? Done() : Done(base::with_context(now.error(), "electronic_only"));
    }
    if (*now != (on_paper ? kAllButNext : kAll)) {
        return {};
    }
    const base::Bytes value{base::byte(on_paper ? kAll : kAllButNext)};
    return session_->change(
        Command::write_table,
        write_table_request(session_->admin_password(), kTable, 1, kField, value), deadline);
}

/// After paper ran out in the middle and a new roll is in, the device waits for this word; it then
/// prints the whole document again.
Done Registrar::continue_printing(os::Deadline deadline) {
    const ShortStatus status = TRY(session_->wait_printed(kPrintingWait, deadline));
    if (status.submode() != Submode::waits_to_continue) {
        return {};
    }
    TRY(session_->change(Command::continue_printing, deadline));
    TRY(session_->wait_printed(kPrintingWait, deadline));
    return {};
}

Done Registrar::ready_to_print(os::Deadline deadline) {
    TRY(require_open());
    return continue_printing(deadline);
}

}  // namespace tillhost::drivers::shtrih
