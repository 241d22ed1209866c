#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hal/drivers/fiscal/shtrih/protocol.h"
#include "ipc/contract/messages.h"

namespace tillhost::drivers::shtrih {

/// Registers of the cash drawer.
struct CashState {
    std::int64_t cash_minor = 0;        ///< cash register 241
    std::uint16_t in_count = 0;         ///< operation register 153
    std::uint16_t out_count = 0;        ///< operation register 154
    std::uint16_t document_number = 0;  ///< operation register 152: of the last document
};

/// Documents of other hosts among which an operation's own is looked for, where there is proof that
/// it is one of them.
inline constexpr std::size_t kLaterDocumentsMax = 32;

/// What the registrar shows when it is asked about an operation.
struct Observed {
    contract::Identity identity;
    ShortStatus status;
    StorageStatus storage;
    ShiftState shift;
    /// The documents after the marker's last one, at most kLaterDocumentsMax, without gaps.
    std::vector<FoundDocument> later{};
    std::optional<CashState> cash{};  ///< read for cash movements only
    /// Something that a late closing frame could still finish.
    bool document_open() const {
        return status.mode() == Mode::document || storage.current_document != 0;
    }
};

struct Judgement {
    contract::Verdict verdict = contract::Verdict::cannot_tell;
    std::optional<contract::FiscalResult> result{};  ///< with executed
    std::string reason{};                            ///< what was compared
};

/// What became of an operation, by its marker, the device's kept answers and its counters
/// (docs/life-of-a-receipt.md, "What the registrar tells"). Pure. The identity is compared by the
/// caller. not_executed means: so far; an open document and late bytes are the caller's to exclude.
Judgement judge(const contract::Pending& pending, const Observed& observed);

/// The number of the irreversible frame as evidence, and an answer that the device still held.
contract::Evidence evidence_of_number(std::int64_t number);
contract::Evidence evidence_of_answer(base::ByteView frame);
/// Whether a frame is an answer that can prove something: to a command that makes a document.
bool may_prove(base::ByteView frame);

/// The paper's side, by the state of the printer.
contract::Printed printed_of(const ShortStatus& status);

/// Whether a command is a cash movement, which leaves no document in the storage.
bool moves_cash(const contract::Command& command);

}  // namespace tillhost::drivers::shtrih
