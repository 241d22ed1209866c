#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "simulators/payment/zvt/link.h"
#include "simulators/payment/zvt/terminal.h"

namespace tillhost::simulators::zvt {

inline constexpr std::string_view kRegisterPlain = "06 00 06 00 00 00 BA 09 78";
inline constexpr std::string_view kRegisterBlocks =
    "06 00 10 00 00 00 BE 09 78 03 01 06 06 26 04 0A 02 06 D3";
inline constexpr std::string_view kRegisterCompose = "06 00 0A 00 00 00 3E 09 78 03 01 06 00";
inline constexpr std::string_view kRegisterSilent = "06 00 06 00 00 00 10 09 78";
inline constexpr std::string_view kPay = "06 01 0A 04 00 00 00 00 12 34 49 09 78";
inline constexpr std::string_view kResync = "06 20 05 00 00 00 03 03";
inline constexpr std::string_view kStatusShort = "05 01 05 00 00 00 03 02";
inline constexpr std::string_view kOk = "80 00 00";

/// A till that speaks bare APDUs to a terminal on virtual time.
class Till {
public:
    explicit Till(ZvtOptions options = {}) : options_(std::move(options)) {
        if (!options_.store) {
            options_.store = std::make_shared<MemoryFiscalStore>();
        }
        restart();
    }

    /// The program that plays the terminal is killed and started again.
    void restart() {
        terminal_ = *make_zvt_terminal(options_);
        open();
    }
    void open() {
        closed_ = false;
        input_.clear();
        terminal_->line_opened(now_);
        collect();
    }
    void close() { terminal_->line_closed(now_); }

    void say(std::string_view hex) {
        terminal_->receive(*base::from_hex(hex), now_);
        collect();
    }
    /// The next APDU in hex, waiting for it; "" after `patience`, "closed" when the line is closed.
    std::string hear(os::Duration patience = std::chrono::seconds(4)) {
        const os::Instant end = now_ + patience;
        while (true) {
            if (const std::string apdu = take_apdu(); !apdu.empty()) {
                return apdu;
            }
            const auto next = terminal_->next_event();
            if (closed_ || !next || *next > end) {
                now_ = closed_ ? now_ : end;
                terminal_->advance(now_);
                collect();
                const std::string apdu = take_apdu();
                return apdu.empty() && closed_ ? "closed" : apdu;
            }
            now_ = std::max(now_, *next);
            terminal_->advance(now_);
            collect();
        }
    }
    void pass(os::Duration time) {
        now_ += time;
        terminal_->advance(now_);
        collect();
    }

    /// Says a command and confirms each message until the terminal has ended; all that it said.
    std::vector<std::string> talk(std::string_view hex) {
        std::vector<std::string> heard;
        say(hex);
        for (std::string apdu = hear(); !apdu.empty(); apdu = hear()) {
            heard.push_back(apdu);
            if (apdu == "closed" || apdu.starts_with("84")) {
                break;
            }
            if (!apdu.starts_with("80")) {
                say(kOk);
            }
            if (apdu.starts_with("06 0F") || apdu.starts_with("06 1E")) {
                break;
            }
        }
        return heard;
    }
    /// The same up to and with the first message that begins so, which is not confirmed.
    bool talk_until(std::string_view hex, std::string_view begin) {
        say(hex);
        for (std::string apdu = hear(); !apdu.empty() && apdu != "closed"; apdu = hear()) {
            last_ = apdu;
            if (apdu.starts_with(begin)) {
                return true;
            }
            if (!apdu.starts_with("80")) {
                say(kOk);
            }
        }
        return false;
    }

    void fault(const std::string& name,
               std::vector<std::pair<std::string, std::string>> keys = {}) {
        const auto parsed = parse_fault(name, keys);
        ASSERT_TRUE(parsed) << name;
        ASSERT_TRUE(terminal_->inject(*parsed, now_)) << name;
        collect();
    }
    void quirk(const std::string& kind, const std::string& ms = "0") {
        fault("quirk", {{"kind", kind}, {"ms", ms}});
    }

    /// Stored payments less stored refunds.
    std::int64_t money() const {
        std::int64_t sum = 0;
        for (const CardTransaction& each : terminal_->transactions()) {
            if (each.state == CardTransactionState::stored) {
                sum += each.kind == CardTransactionKind::payment  ? each.amount_minor
                       : each.kind == CardTransactionKind::refund ? -each.amount_minor
                                                                  : 0;
            }
        }
        return sum;
    }
    TerminalSimulator& terminal() { return *terminal_; }
    const std::string& last() const { return last_; }
    bool closed() const { return closed_; }
    os::Instant now() const { return now_; }
    base::Bytes raw() { return std::exchange(input_, {}); }

private:
    void collect() {
        const base::Bytes said = terminal_->take_output();
        input_.insert(input_.end(), said.begin(), said.end());
        closed_ = terminal_->take_hang_up() || closed_;
    }
    std::string take_apdu() {
        const auto length = apdu_length(input_);
        if (!length || length->head + length->data > input_.size()) {
            return "";
        }
        const auto size = static_cast<std::ptrdiff_t>(length->head + length->data);
        const std::string hex =
            base::to_hex(base::ByteView(input_).first(static_cast<std::size_t>(size)));
        input_.erase(input_.begin(), input_.begin() + size);
        return hex;
    }

    ZvtOptions options_;
    std::unique_ptr<TerminalSimulator> terminal_;
    os::Instant now_{};
    base::Bytes input_;
    std::string last_;
    bool closed_ = false;
};

/// One field of a 04 0F in hex, "" if it is not there.
inline std::string field_of(const std::string& apdu_hex, std::uint8_t tag) {
    const auto apdu = decode_apdu(*base::from_hex(apdu_hex));
    if (!apdu) {
        return "no APDU";
    }
    const base::Bytes* value = nullptr;
    const Bitmaps bitmaps = decode_bitmaps(apdu->data);
    value = find(bitmaps.fields, tag);
    return value == nullptr ? "" : base::to_hex(*value);
}

inline std::string first_with(const std::vector<std::string>& heard, std::string_view begin) {
    for (const std::string& apdu : heard) {
        if (apdu.starts_with(begin)) {
            return apdu;
        }
    }
    return "";
}

}  // namespace tillhost::simulators::zvt
