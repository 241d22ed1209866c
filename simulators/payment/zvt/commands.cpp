// Everything that moves no money: whose turn it is, registration, status, healing.
#include <algorithm>
#include <array>

#include "simulators/payment/zvt/machine.h"

namespace tillhost::simulators::zvt {
namespace {

constexpr std::uint16_t kRegistration = 0x0600, kPayment = 0x0601, kLogOff = 0x0602;
constexpr std::uint16_t kTotals = 0x0610, kReprint = 0x0612, kRepeat = 0x0620;
constexpr std::uint16_t kReversal = 0x0630, kRefund = 0x0631, kDayEnd = 0x0650;
constexpr std::uint16_t kDiagnosis = 0x0670, kSetClock = 0x0691, kInitialisation = 0x0693;
constexpr std::uint16_t kAbort = 0x06B0, kStatus = 0x0501;

constexpr std::uint8_t kNeedsInitialisation = 0x51, kNeedsClock = 0x62, kNeedsDiagnosis = 0xC2;
constexpr std::uint8_t kMemoryFull = 0xB1, kOpenDayEnd = 0xF0;

constexpr std::uint8_t kPleaseWait = 0x0E;  // of 04 FF

/// What takes a status code away (PA00P015, recovery from status codes).
bool heals(std::uint16_t command, std::uint8_t lock) {
    switch (lock) {
        case kNeedsInitialisation: return command == kInitialisation;
        case kNeedsClock: return command == kSetClock || command == kDiagnosis;
        case kNeedsDiagnosis: return command == kDiagnosis;
        case kMemoryFull:
        case kOpenDayEnd: return command == kDayEnd;
    }
    return false;
}

bool is_served(std::uint16_t command) {
    constexpr std::array kServed{kRegistration, kPayment,        kLogOff, kTotals, kReprint,
                                 kRepeat,       kReversal,       kRefund, kDayEnd, kDiagnosis,
                                 kSetClock,     kInitialisation, kAbort,  kStatus};
    return std::find(kServed.begin(), kServed.end(), command) != kServed.end();
}

bool needs_registration(std::uint16_t command) {
    return command == kPayment || command == kReversal || command == kRefund ||
           command == kDayEnd || command == kTotals;
}

}  // namespace

void Machine::command(const Apdu& apdu, os::Instant now) {
    if (reversing_until_ || (active_ && !dialog_)) {
        aside(apdu);
        return;
    }
    if (active_) {
        out_of_turn(apdu, now);
        return;
    }
    dialog_ = true;
    if (!is_served(apdu.command)) {
        emit(refusal_apdu(Code::not_possible));
        return;
    }
    ++counts_[apdu.command].taken;
    ++counts_[0].taken;
    if (apdu.command == kRegistration) {
        registration(apdu, now);
    } else if (const auto parsed = parse_request(apdu); !parsed.request) {
        emit(refusal_apdu(parsed.code));
    } else if (!password_is_right(parsed.request->password)) {
        emit(refusal_apdu(Code::wrong_pin));
    } else {
        carry_out(*parsed.request, now);
    }
    const bool money = apdu.command == kPayment || apdu.command == kRefund ||
                       apdu.command == kReversal;  // done when the host has decided
    if (!money) {
        ++counts_[apdu.command].done;
        ++counts_[0].done;
    }
}

void Machine::carry_out(const Request& request, os::Instant now) {
    if (locked_out(request, now)) {
        return;
    }
    if (needs_registration(request.command) && options_.needs_registration && !registration_.done) {
        refuse_by_abort(request, static_cast<std::uint8_t>(Code::not_registered), now);
        return;
    }
    switch (request.command) {
        case kPayment:
        case kRefund: start_payment(request, now); break;
        case kReversal: start_reversal(request, now); break;
        case kLogOff: log_off(request, now); break;
        case kTotals:
        case kDayEnd: day_end(request, now); break;
        case kRepeat: repeat_receipt(request, now); break;
        case kReprint: reprint(request, now); break;
        case kStatus: status_enquiry(request, now); break;
        case kAbort: abort_command(now); break;
        default: healing(request, now); break;
    }
}

/// A command while the terminal is master.
void Machine::out_of_turn(const Apdu& apdu, os::Instant now) {
    if (apdu.command == kAbort) {
        abort_command(now);
        return;
    }
    switch (options_.busy) {
        case Busy::ignore: break;
        case Busy::wait: output_.push_back({refusal_apdu(Code::please_wait)}); break;
        case Busy::refuse: output_.push_back({refusal_apdu(Code::not_possible)}); break;
    }
}

/// A command while the terminal is busy with something that the till lost or never saw.
void Machine::aside(const Apdu& apdu) {
    const auto say = [this](const Apdu& said) { output_.push_back({said}); };
    if (apdu.command == kStatus) {
        const auto parsed = parse_request(apdu);
        const unsigned service = parsed.request ? parsed.request->service() : 0;
        say(answer_apdu());
        say(completion_apdu(enquiry_data(service, static_cast<std::uint8_t>(Code::please_wait))));
    } else if (apdu.command == kRegistration) {
        const RegistrationRequest request = parse_registration(apdu.data);
        registration_ = request.well_formed ? request.registration : registration_;
        say(answer_apdu());
        say(registered_apdu(request));
    } else if (apdu.command == kLogOff) {
        registration_ = {};
        say(answer_apdu());
    } else if (apdu.command == kAbort) {
        say(refusal_apdu(Code::not_possible));
    } else {
        say(refusal_apdu(Code::please_wait));
    }
}

void Machine::abort_command(os::Instant now) {
    if (active_ && !abortable_) {
        output_.push_back({refusal_apdu(Code::not_possible)});
        return;
    }
    output_.push_back({answer_apdu()});
    if (active_) {
        pause_until_.reset();
        awaited_.reset();
        steps_.clear();
        decline(static_cast<std::uint8_t>(Code::cancelled));
        run(now);
    }
}

void Machine::registration(const Apdu& apdu, os::Instant now) {
    const RegistrationRequest request = parse_registration(apdu.data);
    if (!request.well_formed) {
        emit(refusal_apdu(Code::not_possible));
        return;
    }
    if (!password_is_right(request.password)) {
        emit(refusal_apdu(Code::wrong_pin));
        return;
    }
    if (request.currency && *request.currency != options_.currency) {
        base::ByteWriter writer;
        writer.u8(static_cast<std::uint8_t>(Code::currency)).raw(bcd(options_.currency, 2));
        emit({.command = 0x841E, .data = writer.take()});
        return;
    }
    registration_ = request.registration;
    begin({.command = apdu.command},
          {{.kind = Step::Kind::answer},
           {.kind = Step::Kind::completion, .apdu = registered_apdu(request)}},
          now);
}

/// 06 0F of a registration: what of the offers the terminal takes, it repeats.
Apdu Machine::registered_apdu(const RegistrationRequest& request) const {
    const std::uint8_t lock = memory_.counters().lock;
    const unsigned status = lock == kNeedsInitialisation ? 1U : lock == kNeedsDiagnosis ? 2U : 0U;
    base::ByteWriter writer;
    put_bitmap(writer, 0x19, std::array{base::byte(status)});
    put_bitmap(writer, 0x29, bcd(std::stoull("0" + options_.terminal_id), 4));
    put_bitmap(writer, 0x49, bcd(options_.currency, 2));
    base::ByteWriter tlv;
    if (request.columns) {
        put_tlv(tlv, 0x12, bcd(request.registration.columns, 1));
    }
    if (request.charsets) {
        base::ByteWriter charset;
        put_tlv(charset, 0x14, std::array{std::byte{0xFE}});
        put_tlv(tlv, 0x27, charset.bytes());
    }
    if (request.registration.blocks) {
        base::ByteWriter commands;
        put_tlv(commands, 0x0A, std::array{std::byte{0x06}, std::byte{0xD3}});
        put_tlv(tlv, 0x26, commands.bytes());
    }
    if (!tlv.bytes().empty()) {
        put_bitmap(writer, 0x06, tlv.bytes());
    }
    return completion_apdu(writer.take());
}

void Machine::log_off(const Request& request, os::Instant now) {
    registration_ = {};
    begin(request, {{.kind = Step::Kind::answer}}, now);
}

void Machine::status_enquiry(const Request& request, os::Instant now) {
    begin(request,
          {{.kind = Step::Kind::answer},
           {.kind = Step::Kind::completion,
            .apdu = completion_apdu(enquiry_data(request.service(), memory_.counters().lock))}},
          now);
}

/// By place, not by BMP: the software's name with its length, one byte of status, and BMP 06.
base::Bytes Machine::enquiry_data(unsigned service, std::uint8_t code) const {
    constexpr unsigned kNoVersion = 2, kWithTlv = 4;
    base::ByteWriter writer;
    if ((service & kNoVersion) == 0) {
        const std::size_t size = options_.software.size();
        writer.u8(0xF0U | (size / 100 % 10)).u8(0xF0U | (size / 10 % 10)).u8(0xF0U | (size % 10));
        writer.raw(base::bytes_of(options_.software));
    }
    writer.u8(code);
    if ((service & kWithTlv) != 0) {
        base::ByteWriter tlv;
        put_tlv(tlv, 0x1F44, bcd(std::stoull("0" + options_.terminal_id), 4));
        put_bitmap(writer, 0x06, tlv.bytes());
    }
    return writer.take();
}

/// Initialisation, diagnosis, clock: what a locked terminal needs, and harmless to another.
void Machine::healing(const Request& request, os::Instant now) {
    Counters counters = memory_.counters();
    if (heals(request.command, counters.lock)) {
        counters.lock = 0;
        if (!keep(memory_.set(counters))) {
            return;
        }
    }
    std::deque<Step> steps{{.kind = Step::Kind::answer}};
    if (request.command == kSetClock) {
        const base::Bytes* date = find(request.fields, 0xAA);
        const base::Bytes* time = find(request.fields, 0x0C);
        const auto wanted =
            date != nullptr && time != nullptr ? clock_from(*date, *time) : std::nullopt;
        if (!wanted) {
            emit(refusal_apdu(Code::not_possible));
            return;
        }
        clock_shift_ms_ += *wanted - clock_ms(now);
    } else {
        if (registration_.intermediate()) {
            steps.push_back({.kind = Step::Kind::message, .apdu = intermediate_apdu(kPleaseWait)});
        }
        steps.push_back({.kind = Step::Kind::pause, .time = options_.work_time});
    }
    if (request.command == kDiagnosis) {
        steps.push_back({.kind = Step::Kind::message, .apdu = clock_apdu(clock_ms(now))});
    }
    steps.push_back({.kind = Step::Kind::completion, .apdu = completion_apdu()});
    begin(request, std::move(steps), now);
}

bool Machine::password_is_right(std::optional<std::uint64_t> password) {
    if (password && take_quirk("wrong_password")) {
        return false;
    }
    return options_.password.empty() || !password ||
           *password == std::stoull("0" + options_.password);
}

bool Machine::locked_out(const Request& request, os::Instant now) {
    const std::uint8_t lock = memory_.counters().lock;
    const bool always =
        request.command == kStatus || request.command == kLogOff || request.command == kAbort;
    if (lock == 0 || always || heals(request.command, lock)) {
        return false;
    }
    refuse_by_abort(request, lock, now);
    return true;
}

void Machine::refuse_by_abort(const Request& request, std::uint8_t code, os::Instant now) {
    begin(
        request,
        {{.kind = Step::Kind::answer}, {.kind = Step::Kind::completion, .apdu = abort_apdu(code)}},
        now);
}

}  // namespace tillhost::simulators::zvt
