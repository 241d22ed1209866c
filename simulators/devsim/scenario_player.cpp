#include "simulators/devsim/scenario_player.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "simulators/core/checksum.h"
#include "simulators/core/terminal_control.h"

namespace tillhost::devsim {
namespace {

using simulators::Side;

void earliest(std::optional<os::Instant>& best, std::optional<os::Instant> candidate) {
    if (candidate && (!best || *candidate < *best)) {
        best = candidate;
    }
}

std::string text_of(const Happening& what) {
    return what.fault ? "fault " + std::string(simulators::name_of(what.fault->kind))
                      : std::string(what.power ? "power on" : "power off");
}

}  // namespace

base::Result<std::unique_ptr<ScenarioPlayer>> ScenarioPlayer::create(
    const Scenario& scenario, std::unique_ptr<simulators::Simulator> device, os::Instant start) {
    std::unique_ptr<ScenarioPlayer> player(new ScenarioPlayer(std::move(device), start));
    for (const Happening& what : scenario.start) {
        TRY(player->happen(what, start));
    }
    for (const Event& event : scenario.events) {
        const auto count = player->device_->commands(event.when.command);
        player->events_.push_back(
            {.event = event, .base = event.when.done ? count.done : count.taken});
    }
    return player;
}

void ScenarioPlayer::receive(base::ByteView bytes, os::Instant now) {
    advance(now);
    for (const std::byte byte : bytes) {
        device_->receive({&byte, 1}, now);
        ++host_bytes_;
        settle(now);
        fire_bytes(Side::host, now);
    }
}

void ScenarioPlayer::advance(os::Instant now) {
    // Each thing at its own instant, or an event would come after what it is to prevent.
    for (auto next = next_event(); next && *next < now; next = next_event()) {
        step(*next);
    }
    step(now);
}

void ScenarioPlayer::step(os::Instant now) {
    fire_due(now);
    if (power_on_at_ && *power_on_at_ <= now) {
        power_on_at_.reset();
        device_->power(true, now);
    }
    device_->advance(now);
    settle(now);
}

/// Events upon commands come before the bytes that the device has just said: "done" with the power
/// gone means that none of the answer has left.
void ScenarioPlayer::settle(os::Instant now) {
    base::Bytes said = device_->take_output();
    const bool before = device_->powered();
    fire_commands(now);
    if (before && !device_->powered()) {
        said.clear();
    }
    for (const std::byte byte : said) {
        output_.push_back(byte);
        ++device_bytes_;
        const bool was = device_->powered();
        fire_bytes(Side::device, now);
        if (was && !device_->powered()) {
            break;
        }
    }
}

void ScenarioPlayer::fire_due(os::Instant now) {
    for (Armed& armed : events_) {
        const Trigger& when = armed.event.when;
        if (when.kind == Trigger::Kind::time && start_ + when.after <= now) {
            fire(armed, now);
        }
    }
}

void ScenarioPlayer::fire_commands(os::Instant now) {
    for (Armed& armed : events_) {
        const Trigger& when = armed.event.when;
        if (when.kind != Trigger::Kind::command || armed.fired) {
            continue;
        }
        const auto count = device_->commands(when.command);
        if ((when.done ? count.done : count.taken) - armed.base >= when.nth) {
            fire(armed, now);
        }
    }
}

void ScenarioPlayer::fire_bytes(Side side, os::Instant now) {
    const std::uint64_t passed = side == Side::host ? host_bytes_ : device_bytes_;
    for (Armed& armed : events_) {
        const Trigger& when = armed.event.when;
        if (when.kind == Trigger::Kind::byte && when.side == side && passed >= when.nth) {
            fire(armed, now);
        }
    }
}

void ScenarioPlayer::fire(Armed& armed, os::Instant now) {
    if (armed.fired) {
        return;
    }
    armed.fired = true;
    const auto done = happen(armed.event.what, now);
    log_.push_back(fmt::format("line {}: {}{}", armed.event.line, text_of(armed.event.what),
                               done ? "" : " refused: " + base::to_text(done.error())));
}

base::Done ScenarioPlayer::happen(const Happening& what, os::Instant now) {
    if (what.fault) {
        if (what.fault->kind == simulators::FaultKind::second_client && line_fault_) {
            return line_fault_(*what.fault);
        }
        return device_->inject(*what.fault, now);
    }
    device_->power(what.power, now);
    power_on_at_.reset();
    if (!what.power && what.off > os::Duration::zero()) {
        power_on_at_ = now + what.off;
    }
    return {};
}

void ScenarioPlayer::line_opened(os::Instant now) {
    advance(now);
    device_->line_opened(now);
    settle(now);
}

void ScenarioPlayer::line_closed(os::Instant now) {
    advance(now);
    device_->line_closed(now);
    output_.clear();
}

const std::vector<simulators::FiscalDocument>& ScenarioPlayer::documents() const {
    static const std::vector<simulators::FiscalDocument> kNone;
    return device_->fiscal() == nullptr ? kNone : device_->fiscal()->documents();
}

void ScenarioPlayer::power(bool on, os::Instant now) {
    power_on_at_.reset();
    device_->power(on, now);
}

std::optional<os::Instant> ScenarioPlayer::next_event() const {
    std::optional<os::Instant> best = device_->next_event();
    earliest(best, power_on_at_);
    for (const Armed& armed : events_) {
        if (!armed.fired && armed.event.when.kind == Trigger::Kind::time) {
            earliest(best, start_ + armed.event.when.after);
        }
    }
    return best;
}

base::Bytes ScenarioPlayer::take_output() { return std::exchange(output_, {}); }

std::vector<std::string> ScenarioPlayer::take_log() { return std::exchange(log_, {}); }

namespace {

constexpr unsigned kStx = 0x02, kAck = 0x06, kFrameExtraBytes = 3;

/// The example host: it says bytes and listens for a while.
class ExampleHost final {
public:
    ExampleHost(ScenarioPlayer& player, os::Instant start) : player_(player), now_(start) {}

    base::Bytes say(base::ByteView bytes, os::Duration wait) {
        player_.receive(bytes, now_);
        return listen(now_ + wait, [](const base::Bytes&) { return false; });
    }

    /// One message through the first link layer's procedure; empty if no answer came in time.
    base::Bytes ask(base::ByteView message, os::Duration wait) {
        base::ByteWriter frame;
        frame.u8(message.size()).raw(message);
        frame.u8(base::to_unsigned(simulators::xor_of(frame.bytes())));
        base::ByteWriter whole;
        whole.u8(kStx).raw(frame.bytes());
        const os::Instant end = now_ + wait;
        player_.receive(whole.bytes(), now_);
        base::Bytes heard = listen(end, is_answer);
        if (!is_answer(heard)) {
            return {};
        }
        const std::array ack{base::byte(kAck)};
        player_.receive(ack, now_);
        static_cast<void>(listen(end, [](const base::Bytes&) { return false; }));
        return {heard.begin() + 3, heard.end() - 1};
    }

private:
    /// ACK, and behind it a whole frame.
    static bool is_answer(const base::Bytes& heard) {
        return heard.size() > 1 + kFrameExtraBytes && heard[0] == base::byte(kAck) &&
               heard[1] == base::byte(kStx) &&
               heard.size() == 1 + kFrameExtraBytes + base::to_unsigned(heard[2]);
    }

    template <class Enough>
    base::Bytes listen(os::Instant end, Enough enough) {
        base::Bytes heard = player_.take_output();
        for (auto next = player_.next_event(); !enough(heard) && next && *next <= end;
             next = player_.next_event()) {
            now_ = std::max(now_, *next);
            player_.advance(now_);
            const base::Bytes more = player_.take_output();
            heard.insert(heard.end(), more.begin(), more.end());
        }
        if (!enough(heard)) {
            now_ = end;
            player_.advance(now_);
        }
        return heard;
    }

    ScenarioPlayer& player_;
    os::Instant now_;
};

std::int64_t stored_transactions(const ScenarioPlayer& player) {
    if (player.terminal() == nullptr) {
        return 0;
    }
    const auto& all = player.terminal()->transactions();
    return std::count_if(all.begin(), all.end(), [](const simulators::CardTransaction& each) {
        return each.state == simulators::CardTransactionState::stored;
    });
}

bool as_expected(const Talk& talk, const base::Bytes& heard) {
    if (heard.size() < talk.hears.size() ||
        (!talk.hears_more && heard.size() != talk.hears.size())) {
        return false;
    }
    return std::equal(talk.hears.begin(), talk.hears.end(), heard.begin());
}

}  // namespace

TalkResult play_talk(const Scenario& scenario, ScenarioPlayer& player, os::Instant start) {
    ExampleHost host(player, start);
    TalkResult result;
    for (const Talk& talk : scenario.talk) {
        const base::Bytes heard =
            talk.message ? host.ask(talk.say, talk.wait) : host.say(talk.say, talk.wait);
        ++result.exchanges;
        if (!as_expected(talk, heard)) {
            result.mistakes.push_back(fmt::format("line {}: heard \"{}\", not \"{}{}\"", talk.line,
                                                  base::to_hex(heard), base::to_hex(talk.hears),
                                                  talk.hears_more ? " ..." : ""));
        }
    }
    const auto documents = static_cast<std::int64_t>(player.documents().size());
    if (scenario.expect_documents && *scenario.expect_documents != documents) {
        result.mistakes.push_back(
            fmt::format("{} documents, not {}", documents, *scenario.expect_documents));
    }
    const std::int64_t stored = stored_transactions(player);
    if (scenario.expect_transactions && *scenario.expect_transactions != stored) {
        result.mistakes.push_back(
            fmt::format("{} stored transactions, not {}", stored, *scenario.expect_transactions));
    }
    const auto says = [&scenario](const std::string& line) {
        return line.find(*scenario.expect_on_tape) != std::string::npos;
    };
    const auto& tape = player.tape();
    if (scenario.expect_on_tape && std::none_of(tape.begin(), tape.end(), says)) {
        result.mistakes.push_back("the tape does not say \"" + *scenario.expect_on_tape + "\"");
    }
    return result;
}

}  // namespace tillhost::devsim
