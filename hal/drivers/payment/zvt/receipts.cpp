#include "hal/drivers/payment/zvt/receipts.h"

#include <algorithm>
#include <utility>

#include "hal/base/text.h"

namespace tillhost::drivers::zvt {
namespace {

using contract::TerminalReceiptKind;

constexpr std::size_t kFeedsMax = 10;

/// What the message announces counts where the device's settings leave it open.
Charset chosen(Charset charset, const std::optional<std::uint8_t>& announced) {
    const auto told = announced ? charset_of_tag(*announced) : std::nullopt;
    // Announced Latin parts are often wrong (the text is then code page 437 or UTF-8), so that
    // only the others are believed.
    const bool believe = told && *told != Charset::latin1;
    return charset == Charset::automatic && believe ? *told : charset;
}

}  // namespace

void ReceiptCollector::add(const Printed& printed) {
    const bool other = printed.receipt_type && type_ && *printed.receipt_type != *type_;
    if (other) {
        end();
    }
    if (printed.receipt_type) {
        type_ = printed.receipt_type;
    }
    open_.signature = open_.signature || printed.signature;
    for (const PrintedLine& line : printed.lines) {
        add_line(line, chosen(charset_, printed.charset));
    }
    if (printed.ends) {
        end();
    }
}

void ReceiptCollector::add_line(const PrintedLine& line, Charset charset) {
    const bool feeds = line.attribute == kLineFeeds;
    const std::size_t count =
        feeds ? std::min<std::size_t>(line.text.empty() ? 1 : base::to_unsigned(line.text.front()),
                                      kFeedsMax)
              : 1;
    contract::TerminalReceiptLine made;
    if (!feeds) {
        const std::uint8_t attribute = line.attribute >= kLineEnd ? 0 : line.attribute;
        const std::string indent(attribute & kLineIndent, ' ');
        made.text = base::cut_utf8(indent + to_utf8(charset, line.text), kLineBytesMax);
        made.alignment = (attribute & kLineCentred) != 0 ? contract::Alignment::centre
                                                         : contract::Alignment::left;
        made.double_width = (attribute & kLineWide) != 0;
        made.double_height = (attribute & kLineHigh) != 0;
    }
    for (std::size_t i = 0; i < count && open_.lines.size() < kReceiptLinesMax; ++i) {
        open_.lines.push_back(made);
    }
}

TerminalReceiptKind ReceiptCollector::kind() const {
    constexpr std::uint8_t kMerchant = 1;
    constexpr std::uint8_t kCustomer = 2;
    if (type_ == kMerchant) {
        return TerminalReceiptKind::merchant;
    }
    if (type_ == kCustomer) {
        return TerminalReceiptKind::customer;
    }
    if (type_ || !money_) {
        return TerminalReceiptKind::administrative;
    }
    return done_.empty() ? TerminalReceiptKind::merchant : TerminalReceiptKind::customer;
}

void ReceiptCollector::end() {
    if (!open_.lines.empty() && done_.size() < kReceiptsMax) {
        open_.kind = kind();
        done_.push_back(std::move(open_));
    }
    open_ = {};
    type_.reset();
}

std::vector<contract::TerminalReceipt> ReceiptCollector::receipts() const {
    ReceiptCollector copy = *this;
    copy.end();
    return copy.done_;
}

std::string words_of(Charset charset, const std::optional<std::uint8_t>& announced,
                     base::ByteView text, std::size_t bytes_max) {
    return std::string(base::cut_utf8(to_utf8(chosen(charset, announced), text), bytes_max));
}

}  // namespace tillhost::drivers::zvt
