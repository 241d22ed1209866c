#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "hal/base/bytes.h"
#include "simulators/core/fiscal_control.h"

namespace tillhost::simulators::shtrih {

/// What the fiscal storage has begun and not ended, as FF01h numbers it.
enum class BegunDocument : std::uint8_t {
    none = 0,
    shift_open = 2,
    receipt = 4,
    shift_close = 8,
    correction = 0x14,
    settlement = 0x17,
};

/// Kinds of a receipt as 8Dh numbers them.
enum class ReceiptKind : std::uint8_t {
    sale = 0,
    purchase = 1,
    sale_return = 2,
    purchase_return = 3
};

enum class PaperState : std::uint8_t {
    present,
    absent,        ///< submode 1
    ran_out,       ///< submode 2: while printing
    put_in_again,  ///< submode 3: waits for B0h
};

struct OpenReceipt {
    ReceiptKind kind = ReceiptKind::sale;
    std::uint8_t operator_index = 0;
    std::vector<FiscalLine> lines;
    std::vector<std::string> body;  ///< paper lines so far
    std::int64_t discount_minor = 0;
    std::int64_t surcharge_minor = 0;
    bool correction = false;           ///< opened as a correction (FFD 1.2)
    std::vector<FiscalTag> next_tags;  ///< of the operation that is still to come
};

/// A marking code that was put to FF61h for the open receipt.
struct MarkCheck {
    base::Bytes code;
    std::uint8_t status = 0;  ///< planned status of the goods, 1 to 4 and 255
    std::uint8_t result = 0;  ///< tag 2106
    bool accepted = false;    ///< FF69h took it
};

/// The exchange with the data operator, as the device itself or its host does it.
struct OperatorLink {
    bool up = false;                  ///< the device sends by itself
    std::int64_t delay_ms = 0;        ///< so long after the document
    std::uint32_t confirmed = 0;      ///< the operator has the documents up to this one
    std::int64_t backlog_age_ms = 0;  ///< the first unsent one is that much older than it says
    std::map<std::uint32_t, base::Bytes> tickets;  ///< those that the host brought
};

/// What wears the fiscal storage out.
struct StorageWear {
    std::int64_t life_ends_ms = 0;   ///< 0: 15 months after registration
    std::uint8_t used_percent = 1;   ///< 100: the archive is full
    std::int64_t clock_skew_ms = 0;  ///< its clock against the device's
};

/// Everything the device keeps without power.
struct Memory {
    std::string serial;
    std::string fn_number;
    std::uint32_t last_fd = 0;
    bool shift_open = false;
    std::uint16_t shift_number = 0;  ///< running, or last closed
    std::int64_t shift_opened_ms = 0;
    std::uint16_t receipt_number = 0;
    std::uint32_t document_number = 0;
    OperatorLink ofd;
    StorageWear wear;
    std::int64_t clock_offset_ms = 0;
    std::optional<std::int64_t> date_to_confirm;  ///< days since 1970 (mode 6)
    std::uint8_t previous_mode = 4;

    BegunDocument begun = BegunDocument::none;
    OpenReceipt receipt;           ///< means something while begun == receipt
    std::vector<FiscalTag> tags;   ///< of the begun document
    std::vector<MarkCheck> marks;  ///< of the open receipt, the newest last

    PaperState paper = PaperState::present;
    bool cover_open = false;
    std::uint8_t last_print_result = 0;
    std::vector<std::string> printing;  ///< the document that is on the printer
    std::uint32_t printed = 0;          ///< lines of it that are on paper
    std::vector<std::string> last_receipt;

    std::array<std::int64_t, 256> cash{};
    std::array<std::uint32_t, 256> operations{};
    std::array<std::int64_t, 64> paid_in_shift{};               ///< 16 payments x 4 kinds
    std::map<std::uint8_t, std::array<std::uint8_t, 2>> ports;  ///< speed and timeout codes (14h)
    std::map<std::uint32_t, base::Bytes> tables;  ///< fields that differ from their default
};

base::Bytes encode_memory(const Memory& memory);
/// Nothing if the bytes are not a memory of this version. Total.
std::optional<Memory> decode_memory(base::ByteView bytes);

}  // namespace tillhost::simulators::shtrih
