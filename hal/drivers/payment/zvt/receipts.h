#pragma once

#include <vector>

#include "hal/drivers/payment/zvt/protocol.h"
#include "ipc/contract/messages.h"

namespace tillhost::drivers::zvt {

/// Receipts as the class of terminals has them (docs/ipc/payment_terminal.md).
inline constexpr std::size_t kReceiptsMax = 8;
inline constexpr std::size_t kReceiptLinesMax = 400;
inline constexpr std::size_t kLineBytesMax = 256;

/// Puts the pieces together that a terminal prints through the till. What is beyond the bounds is
/// left out.
class ReceiptCollector final {
public:
    /// `money`: receipts without a type are the merchant's, then the customer's; else
    /// administrative.
    ReceiptCollector(Charset charset, bool money) : charset_(charset), money_(money) {}

    void add(const Printed& printed);
    /// All so far, one that was not ended included.
    std::vector<contract::TerminalReceipt> receipts() const;

private:
    void add_line(const PrintedLine& line, Charset charset);
    void end();
    contract::TerminalReceiptKind kind() const;

    Charset charset_;
    bool money_;
    std::vector<contract::TerminalReceipt> done_;
    contract::TerminalReceipt open_;
    std::optional<std::uint8_t> type_;
};

/// What is said in 04 0F, bitmap 3C, and the like: at most so many bytes, for people.
std::string words_of(Charset charset, const std::optional<std::uint8_t>& announced,
                     base::ByteView text, std::size_t bytes_max);

}  // namespace tillhost::drivers::zvt
