#pragma once

#include <optional>
#include <string>
#include <vector>

#include "simulators/core/terminal_control.h"
#include "simulators/payment/zvt/apdu.h"
#include "simulators/payment/zvt/text.h"

namespace tillhost::simulators::zvt {

/// Codes of BMP 27, 06 1E and 84 xx (PA00P015, chapter on error codes) that this terminal uses.
enum class Code : std::uint8_t {
    ok = 0x00,
    declined = 0x05,
    wrong_pin = 0x37,
    unreadable = 0x64,
    not_registered = 0x6B,
    cancelled = 0x6C,
    currency = 0x6F,
    not_possible = 0x83,
    please_wait = 0x9C,
    already_reversed = 0xB4,
    no_reversal = 0xB5,
    wrong_amount = 0xB7,
};

/// What the till has agreed on with 06 00.
struct Registration {
    bool done = false;
    std::uint8_t config = 0x86;  ///< as after log-off
    bool tlv = false;
    bool blocks = false;  ///< 06 D3 instead of 06 D1
    Charset charset = Charset::cp437;
    std::uint8_t columns = 24;

    bool till_prints() const { return (config & 0x82U) == 0x82U; }
    bool till_prints_admin() const { return (config & 0x84U) == 0x84U; }
    bool till_composes() const { return (config & 0x82U) == 0x02U; }
    bool intermediate() const { return (config & 0x08U) != 0; }
};

/// How a 04 0F is to look beside its transaction.
struct StatusLook {
    bool currency = false;    ///< the till sent one
    bool tlv = false;         ///< it may carry BMP 06
    bool sync_id = false;     ///< with tag 1F1F
    bool long_trace = false;  ///< the trace number in tag 1F2B only
    Charset charset = Charset::cp437;
};

Apdu answer_apdu();
/// 84 xx without data.
Apdu refusal_apdu(Code code);
Apdu intermediate_apdu(std::uint8_t code, std::optional<std::uint8_t> minutes = {});
/// 06 0F without data, 06 1E with its code.
Apdu completion_apdu(base::Bytes data = {});
Apdu abort_apdu(std::uint8_t code);
/// 04 0F of a stored or pending transaction, of a day's end with its totals.
Apdu status_apdu(const CardTransaction& transaction, const std::string& terminal_id,
                 const StatusLook& look, const base::Bytes& totals = {});
/// 04 0F of what did not come about; with an amount after a decline.
Apdu failed_status_apdu(std::uint8_t code, const std::string& terminal_id,
                        std::optional<std::int64_t> amount, std::optional<std::uint16_t> currency);

/// 04 01: the till's clock is to be set to this, milliseconds since 1970.
Apdu clock_apdu(std::int64_t date_time_ms);
/// The milliseconds since 1970 of YYMMDD and HHMMSS as 06 91 brings them; nothing if that is none.
std::optional<std::int64_t> clock_from(base::ByteView date, base::ByteView time);

/// A line of a receipt. Attribute as in 06 D1: 00 left, 40 centred, 81 the end.
struct PrintLine {
    std::uint8_t attribute = 0;
    std::string text{};
};
enum class ReceiptType : std::uint8_t { merchant = 1, customer = 2, administration = 3 };
struct Receipt {
    ReceiptType type = ReceiptType::merchant;
    std::vector<PrintLine> lines{};
};

/// What is asked of the prints beside the protocol.
struct PrintLook {
    Charset charset = Charset::cp437;
    bool trailing_tlv = false;  ///< tag 1F07 behind the text of 06 D1
};
/// One 06 D1 a line, with an empty last one that ends the receipt.
std::vector<Apdu> print_lines(const Receipt& receipt, const PrintLook& look);
/// One 06 D3.
Apdu print_block(const Receipt& receipt, const PrintLook& look);

}  // namespace tillhost::simulators::zvt
