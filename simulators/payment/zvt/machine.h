#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "simulators/core/fault.h"
#include "simulators/payment/zvt/memory.h"
#include "simulators/payment/zvt/messages.h"
#include "simulators/payment/zvt/options.h"
#include "simulators/payment/zvt/request.h"

namespace tillhost::simulators::zvt {

/// The terminal's rules, without its line: APDUs and instants go in, APDUs come out.
///
/// A command becomes a procedure, a list of steps; while it lasts the terminal is master. Each
/// message of the terminal waits for its confirmation before the next step. Pure; one thread.
class Machine final {
public:
    Machine(ZvtOptions options, Memory memory);

    void receive(const Apdu& apdu, os::Instant now);
    void advance(os::Instant now);
    std::optional<os::Instant> next_event() const;
    /// The APDUs that are to leave, in order; each inner vector leaves in one piece.
    std::vector<std::vector<Apdu>> take_output() { return std::exchange(output_, {}); }
    /// True once when the terminal closes its socket behind that.
    bool take_hang_up() { return std::exchange(hang_up_, false); }

    void line_opened(os::Instant now);
    /// The host is gone: what it has not confirmed, it will not.
    void line_closed(os::Instant now);
    /// The link gave up on a frame.
    void link_failed(os::Instant now);
    /// While the link has something to deliver, no time-out of a confirmation runs.
    void link_busy(bool busy) { link_busy_ = busy; }
    void power(bool on, os::Instant now);

    base::Done inject(const Fault& fault, os::Instant now);
    base::Done swap_device(const Fault& fault);
    /// How often the quirk is still to happen; take_quirk() is one time of it.
    bool has_quirk(std::string_view kind, std::uint16_t command = 0) const;
    std::optional<Fault> take_quirk(std::string_view kind, std::uint16_t command = 0);

    bool powered() const { return powered_; }
    bool connected() const { return connected_; }
    const Memory& memory() const { return memory_; }
    TerminalState state(os::Instant now) const;
    CommandCount commands(std::uint16_t code) const;

private:
    struct Step {
        enum class Kind : std::uint8_t {
            answer,      ///< 80 00 00
            message,     ///< its confirmation decides nothing
            status,      ///< 04 0F: its confirmation decides about a pending transaction
            print,       ///< the same of a print
            pause,       ///< nothing happens for a time
            card_in,     ///< the card has been read
            decide,      ///< the host has answered
            hang_up,     ///< the socket is closed
            commit,      ///< the till has confirmed what it must
            completion,  ///< 06 0F or 06 1E: the last message
        };
        Kind kind;
        Apdu apdu{};
        os::Duration time{};
    };
    struct Awaited {
        Step step;
        os::Instant by;
        int sends = 1;
    };
    struct Card {
        std::string outcome = "approved";
        std::uint8_t code = 0;
        std::int64_t total = 0;
        os::Duration host_time{};
    };

    // machine.cpp: the engine
    void run(os::Instant now);
    void take_step(os::Instant now);
    void send_awaited(const Step& step, os::Instant now);
    void send_answer();
    void emit(const Apdu& apdu);
    void flush_held();
    void confirmed(const Apdu& response, os::Instant now);
    void status_refused(const Apdu& response, os::Instant now);
    void unheard(os::Instant now);
    void not_confirmed(os::Instant now);
    void take_back(CardTransactionState state);
    void end_procedure();
    void close_line();
    void fail(const base::Error& error);
    bool keep(const base::Done& done);
    std::int64_t clock_ms(os::Instant now) const;
    void begin(const Request& request, std::deque<Step> steps, os::Instant now,
               bool abortable = false);

    // commands.cpp: everything without money
    void command(const Apdu& apdu, os::Instant now);
    void out_of_turn(const Apdu& apdu, os::Instant now);
    void aside(const Apdu& apdu);
    void abort_command(os::Instant now);
    void carry_out(const Request& request, os::Instant now);
    void registration(const Apdu& apdu, os::Instant now);
    Apdu registered_apdu(const RegistrationRequest& request) const;
    void log_off(const Request& request, os::Instant now);
    void status_enquiry(const Request& request, os::Instant now);
    base::Bytes enquiry_data(unsigned service, std::uint8_t code) const;
    void healing(const Request& request, os::Instant now);
    bool password_is_right(std::optional<std::uint64_t> password);
    bool locked_out(const Request& request, os::Instant now);
    void refuse_by_abort(const Request& request, std::uint8_t code, os::Instant now);

    // payment.cpp: money
    void start_payment(const Request& request, os::Instant now);
    void start_reversal(const Request& request, os::Instant now);
    void implicit_reversal(const Request& request);
    Card next_card(std::int64_t amount);
    void card_in();
    void add_host_steps();
    void decide(os::Instant now);
    void decide_reversal(os::Instant now);
    void approve(const CardTransaction& transaction, os::Instant now);
    void decline(std::uint8_t code);
    void retry_pin();
    void count_done();
    void commit();
    CardTransaction new_transaction(os::Instant now) const;
    const CardTransaction* find_original(std::uint16_t receipt) const;
    /// The transaction, and the one that it took back in its new state.
    std::vector<CardTransaction> with_original(const CardTransaction& transaction) const;
    base::Done local_sale(std::int64_t total, os::Instant now);
    bool sends_sync_ids() const { return options_.sync_ids || options_.policy == Policy::keep; }

    // repeat.cpp: receipts and totals
    void repeat_receipt(const Request& request, os::Instant now);
    void reprint(const Request& request, os::Instant now);
    void day_end(const Request& request, os::Instant now);
    base::Bytes totals_before(std::size_t end) const;
    std::size_t day_begin(std::size_t end) const;
    const CardTransaction* repeated(const Request& request, bool stale) const;
    StatusLook look_of(const Request& request);
    Apdu status_of(const CardTransaction& transaction, const StatusLook& look) const;
    std::deque<Step> print_steps(const CardTransaction& transaction, Charset charset);
    std::vector<Receipt> receipts_of(const CardTransaction& transaction, bool amount) const;
    void print_on_paper(const CardTransaction& transaction);

    ZvtOptions options_;
    Memory memory_;
    Registration registration_;
    bool powered_ = true;
    bool connected_ = false;
    std::string failure_;

    bool active_ = false;  ///< a procedure runs
    bool dialog_ = false;  ///< and its messages still reach the till
    bool abortable_ = false;
    Request request_;
    Card card_;
    std::deque<Step> steps_;
    std::optional<Awaited> awaited_;
    std::optional<os::Instant> pause_until_;
    std::optional<os::Instant> repeat_at_;  ///< 04 0F again, after 84 9C
    int repeats_ = 0;
    os::Instant goods_by_{};
    std::optional<os::Instant> reversing_until_;

    std::deque<Card> cards_;
    std::vector<Fault> quirks_;
    std::int64_t clock_shift_ms_ = 0;
    bool link_busy_ = false;
    os::Instant last_byte_{};
    bool hang_up_ = false;
    std::vector<std::vector<Apdu>> output_;
    std::vector<Apdu> held_;
    std::map<std::uint16_t, CommandCount> counts_;
    std::uint64_t fired_ = 0;
};

}  // namespace tillhost::simulators::zvt
