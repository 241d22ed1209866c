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
    std::uint32_t confirmed_fd = 0;  ///< the data operator has the documents up to this one
    std::int64_t clock_offset_ms = 0;
    std::optional<std::int64_t> date_to_confirm;  ///< days since 1970 (mode 6)
    std::uint8_t previous_mode = 4;

    BegunDocument begun = BegunDocument::none;
    OpenReceipt receipt;  ///< means something while begun == receipt
    std::string cashier;  ///< tag 1021 of the begun document
    std::string cashier_inn;
    std::string customer;  ///< tag 1008

    PaperState paper = PaperState::present;
    bool cover_open = false;
    std::uint8_t last_print_result = 0;
    std::vector<std::string> printing;  ///< the document that is on the printer
    std::uint32_t printed = 0;          ///< lines of it that are on paper
    std::vector<std::string> last_receipt;

    std::array<std::int64_t, 256> cash{};
    std::array<std::uint32_t, 256> operations{};
    std::map<std::uint32_t, base::Bytes> tables;  ///< fields that differ from their default
};

base::Bytes encode_memory(const Memory& memory);
/// Nothing if the bytes are not a memory of this version. Total.
std::optional<Memory> decode_memory(base::ByteView bytes);

}  // namespace tillhost::simulators::shtrih
