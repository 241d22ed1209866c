#include "simulators/dongle/fido2/token.h"

#include <algorithm>
#include <map>
#include <utility>

#include "simulators/core/wire.h"
#include "simulators/dongle/fido2/attestation.h"
#include "simulators/dongle/fido2/authenticator.h"
#include "simulators/dongle/fido2/hid.h"

namespace tillhost::simulators::fido2 {
namespace {

constexpr unsigned kProcessing = 1, kTouchNeeded = 2;  // of a keepalive

/// The token without its wire: requests, and the time and the touch that they need.
class Token final : public LineDevice {
public:
    Token(const Fido2Options& options, Memory memory)
        : options_(options),
          splitter_(options.report_number),
          link_(options.first_channel),
          authenticator_(options, std::move(memory)),
          touch_after_(options.touch_after) {}

    void receive(base::ByteView bytes, os::Instant now) override;
    void advance(os::Instant now) override;
    std::optional<os::Instant> next_event() const override;
    base::Bytes take_output() override { return link_.take_output(); }
    bool working() const override { return job_.has_value(); }
    void power(bool on, os::Instant now) override;
    bool powered() const override { return powered_; }

    base::Done inject(const Fault& fault, os::Instant now);
    TokenState state() const;
    CommandCount commands(std::uint16_t code) const;

private:
    struct Job {
        std::uint32_t channel;
        Task task;
        os::Instant until;                       ///< it works
        std::optional<os::Instant> waits_since;  ///< and then it waits for a touch
        os::Instant touch_from;                  ///< the time to the touch counts from then
        os::Instant next_keepalive;
    };

    void take(const HidLink::Received& received, os::Instant now);
    void begin(const HidMessage& message, os::Instant now);
    void step(os::Instant now);
    void go_on(os::Instant now);
    std::optional<os::Instant> touched_at() const;
    void let_touch(std::int64_t ms, os::Instant now);
    void finish(const base::Bytes& bytes);
    void answer(const base::Bytes& bytes);
    os::Duration time_of(std::uint8_t command);
    bool is_fresh(os::Instant now) const {
        return plugged_at_ && now < *plugged_at_ + kResetWindow;
    }

    Fido2Options options_;
    ReportSplitter splitter_;
    HidLink link_;
    Authenticator authenticator_;
    std::optional<os::Duration> touch_after_;
    std::optional<Job> job_;
    std::vector<Fault> slow_;
    os::Instant last_byte_{};
    std::optional<os::Instant> plugged_at_;  ///< nothing before the first call
    bool powered_ = true;
    std::map<std::uint16_t, CommandCount> counts_;
    std::uint64_t fired_ = 0;
};

void Token::receive(base::ByteView bytes, os::Instant now) {
    advance(now);
    if (now - last_byte_ > kUnitGap) {
        splitter_.reset();  // a report comes whole or not at all
    }
    last_byte_ = now;
    for (const std::byte byte : bytes) {
        if (powered_ && splitter_.feed(byte)) {
            take(link_.receive(splitter_.report(), now), now);
        }
    }
}

void Token::take(const HidLink::Received& received, os::Instant now) {
    if (received.aborted && job_) {
        job_.reset();
    }
    if (received.cancelled && job_) {
        answer(status_only(Status::cancelled));
    }
    if (received.request) {
        begin(*received.request, now);
        step(now);
    }
}

void Token::begin(const HidMessage& message, os::Instant now) {
    Task task = authenticator_.examine(message.data, is_fresh(now));
    ++counts_[task.command].taken;
    ++counts_[0].taken;
    const os::Instant until = now + time_of(task.command);
    job_ = Job{.channel = message.channel,
               .task = std::move(task),
               .until = until,
               .waits_since = {},
               .touch_from = until,
               .next_keepalive = now + kKeepaliveEvery};
}

os::Duration Token::time_of(std::uint8_t command) {
    const auto slow = std::find_if(slow_.begin(), slow_.end(), [command](const Fault& one) {
        return one.command == 0 || one.command == command;
    });
    if (slow == slow_.end()) {
        return options_.command_time;
    }
    ++fired_;
    const os::Duration time = std::chrono::milliseconds(std::max<std::int64_t>(slow->ms, 0));
    if (slow->count != 0 && --slow->count == 0) {
        slow_.erase(slow);
    }
    return time;
}

void Token::advance(os::Instant now) {
    if (!plugged_at_) {
        plugged_at_ = now;
    }
    for (auto next = next_event(); next && *next < now; next = next_event()) {
        step(*next);
    }
    step(now);
}

void Token::step(os::Instant now) {
    link_.advance(now);
    if (job_) {
        go_on(now);
    }
}

void Token::go_on(os::Instant now) {
    const auto keepalive = [this](unsigned status) {
        link_.say({.channel = job_->channel,
                   .command = static_cast<std::uint8_t>(HidCommand::keepalive),
                   .data = {base::byte(status)}});
    };
    if (!job_->waits_since && job_->until <= now) {
        if (!job_->task.touch) {
            finish(job_->task.answer.empty() ? authenticator_.carry_out(job_->task)
                                             : job_->task.answer);
            return;
        }
        job_->waits_since = now;
        job_->touch_from = now;
        job_->next_keepalive = now + kKeepaliveEvery;
        keepalive(kTouchNeeded);
    }
    if (const auto touched = touched_at(); touched && *touched <= now) {
        finish(authenticator_.carry_out(job_->task));
    } else if (job_->waits_since && *job_->waits_since + kTouchTimeout <= now) {
        answer(status_only(Status::touch_timeout));
    } else if (job_->next_keepalive <= now) {
        keepalive(job_->waits_since ? kTouchNeeded : kProcessing);
        job_->next_keepalive += kKeepaliveEvery;
    }
}

std::optional<os::Instant> Token::touched_at() const {
    return job_ && job_->waits_since && touch_after_
               ? std::optional(job_->touch_from + *touch_after_)
               : std::nullopt;
}

/// The command has been carried out.
void Token::finish(const base::Bytes& bytes) {
    ++counts_[job_->task.command].done;
    ++counts_[0].done;
    answer(bytes);
}

void Token::answer(const base::Bytes& bytes) {
    link_.answer({.channel = job_->channel,
                  .command = static_cast<std::uint8_t>(HidCommand::cbor),
                  .data = bytes});
    job_.reset();
}

std::optional<os::Instant> Token::next_event() const {
    std::optional<os::Instant> next = link_.next_event();
    const auto earlier = [&next](std::optional<os::Instant> one) {
        next = one && (!next || *one < *next) ? one : next;
    };
    if (job_) {
        earlier(job_->next_keepalive);
        earlier(job_->waits_since ? *job_->waits_since + kTouchTimeout : job_->until);
        earlier(touched_at());
    }
    return next;
}

void Token::power(bool on, os::Instant now) {
    powered_ = on;
    plugged_at_ = now;
    splitter_.reset();
    link_.reset();
    job_.reset();
}

base::Done Token::inject(const Fault& fault, os::Instant now) {
    if (fault.kind == FaultKind::channel_busy) {
        link_.be_busy(fault.count);
    } else if (fault.kind == FaultKind::foreign_traffic) {
        link_.mix_foreign(fault.count);
    } else if (fault.kind == FaultKind::cut_answer) {
        link_.cut_answers(fault.count, fault.after);
    } else if (fault.kind == FaultKind::touch) {
        let_touch(fault.ms, now);
    } else if (fault.kind == FaultKind::slow_command) {
        if (slow_.size() >= kArmedFaultsMax) {
            return base::make_error(base::ErrorCode::retry_later, "too many faults wait");
        }
        slow_.push_back(fault);
    } else {
        if (fault.kind == FaultKind::clear) {
            slow_.clear();
            link_.clear_faults();
        }
        return authenticator_.inject(fault);
    }
    return {};
}

/// Also of a token that waits already.
void Token::let_touch(std::int64_t ms, os::Instant now) {
    touch_after_.reset();
    if (ms >= 0) {
        touch_after_ = std::chrono::milliseconds(ms);
    }
    if (job_) {
        job_->touch_from = std::max(job_->touch_from, now);
    }
}

TokenState Token::state() const {
    const Content& content = authenticator_.content();
    TokenState state{.serial = options_.serial,
                     .aaguid = base::Bytes(kAaguid.begin(), kAaguid.end()),
                     .powered = powered_,
                     .pin_set = authenticator_.pin_set(),
                     .always_uv = authenticator_.always_uv(),
                     .waits_for_touch = job_ && job_->waits_since,
                     .counter = content.counter,
                     .channels = link_.channels(),
                     .attestation_root = certificate_pem(content.root_certificate),
                     .credentials = {},
                     .faults_fired = fired_ + link_.faults_fired() + authenticator_.faults_fired(),
                     .failure = authenticator_.failure()};
    for (const Credential& one : content.credentials) {
        state.credentials.push_back({.id = one.id,
                                     .rp = one.rp,
                                     .user = one.user_name,
                                     .resident = one.resident,
                                     .counter = one.counter});
    }
    return state;
}

CommandCount Token::commands(std::uint16_t code) const {
    const auto found = counts_.find(code);
    return found == counts_.end() ? CommandCount{} : found->second;
}

/// The token behind its wire.
class WiredToken final : public TokenSimulator {
public:
    WiredToken(const Fido2Options& options, Memory memory)
        : token_(options, std::move(memory)),
          wire_(token_, make_report_tracker(options.report_number),
                make_report_tracker(ReportNumber::no), options.seed) {}

    void receive(base::ByteView bytes, os::Instant now) override { wire_.receive(bytes, now); }
    void advance(os::Instant now) override { wire_.advance(now); }
    std::optional<os::Instant> next_event() const override { return wire_.next_event(); }
    base::Bytes take_output() override { return wire_.take_output(); }
    void power(bool on, os::Instant now) override { wire_.power(on, now); }
    bool working() const override { return wire_.working(); }
    bool powered() const override { return wire_.powered(); }
    std::size_t room() const override { return wire_.room(); }
    LineFigures line() const override { return wire_.figures(); }
    void meter_anew(os::Instant now) override { wire_.meter_anew(now); }

    const std::vector<std::string>& tape() const override { return no_paper_; }
    CommandCount commands(std::uint16_t code) const override { return token_.commands(code); }
    base::Done inject(const Fault& fault, os::Instant now) override {
        advance(now);
        if (Wire::is_line_fault(fault.kind)) {
            TRY(wire_.inject(fault, now));
            if (fault.kind != FaultKind::clear) {
                return {};
            }
        }
        TRY(token_.inject(fault, now));
        advance(now);
        return {};
    }
    TokenState token_state() const override {
        TokenState state = token_.state();
        state.faults_fired += wire_.faults_fired();
        return state;
    }

private:
    Token token_;
    Wire wire_;
    std::vector<std::string> no_paper_;
};

}  // namespace

base::Result<std::unique_ptr<TokenSimulator>> make_fido2_token(const Fido2Options& options) {
    auto store = options.store ? options.store : std::make_shared<MemoryFiscalStore>();
    Memory memory = TRY(Memory::open(std::move(store), options.seed, options.serial));
    return std::unique_ptr<TokenSimulator>(
        std::make_unique<WiredToken>(options, std::move(memory)));
}

}  // namespace tillhost::simulators::fido2
