// Keys of dongles, and what devd says of the machine; the rest of KeyKeeper stands in
// key_keeper.cpp.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "licd/keys/machine_traits.h"
#include "licd/runtime/key_keeper.h"

namespace tillhost::licd::runtime {

using base::ErrorCode;
using base::make_error;
using devices::DonglePresence;
using devices::DongleState;
using Reason = contract::LicenceKeyReason;
using State = contract::LicenceKeyState;

namespace {

constexpr const char* kThere = "there";  // when licd last knew
constexpr const char* kGone = "gone";

std::string presence_name(const std::string& serial) { return "dongle:" + serial; }
std::string counter_name(const std::string& serial) { return "counter:" + serial; }
std::string grace_name(const std::string& serial) { return "grace:" + serial; }

/// "2 hours", "10 minutes"; of seconds only the last ones.
std::string span_text(std::int64_t seconds) {
    constexpr std::int64_t kMinute = 60;
    constexpr std::int64_t kHour = 60 * kMinute;
    if (seconds >= 2 * kHour) {
        return fmt::format("{} hours", seconds / kHour);
    }
    return seconds >= 2 * kMinute ? fmt::format("{} minutes", seconds / kMinute)
                                  : fmt::format("{} seconds", seconds);
}

std::string why_gone(const DongleState& dongle) {
    return dongle.presence == DonglePresence::unknown ? "it is being looked for" : dongle.why;
}

}  // namespace

bool KeyKeeper::is_dongle(const std::string& serial) const {
    const Key* const key = find_key(serial);
    return key != nullptr && key->file.content.token.has_value();
}

/// What an earlier run of licd knew.
void KeyKeeper::recall_dongle(Key& key) const {
    const std::string& serial = key.file.content.serial;
    key.counter = static_cast<std::uint32_t>(
        std::strtoul(parts_.store.value(counter_name(serial)).c_str(), nullptr, 10));
    key.was_there = parts_.store.value(presence_name(serial)) == kThere;
}

void KeyKeeper::wish_for_dongles() const {
    std::vector<devices::WantedDongle> wanted;
    for (const auto& [serial, key] : keys_) {
        if (key.file.content.token) {
            wanted.push_back({serial, *key.file.content.token, key.counter});
        }
    }
    parts_.dongles.want(std::move(wanted));
}

void KeyKeeper::judge_dongle(Key& key) {
    const DongleState dongle = parts_.dongles.of(key.file.content.serial);
    if (dongle.presence == DonglePresence::there) {
        dongle_is_there(key, dongle);
    } else {
        dongle_is_gone(key, dongle);
    }
}

void KeyKeeper::dongle_is_there(Key& key, const DongleState& dongle) {
    const std::string& serial = key.file.content.serial;
    key.state = State::active;
    key.device = dongle.device;
    key.score = 100;
    key.counted_from.reset();
    key.was_there = true;
    end_grace(serial);
    if (parts_.store.value(presence_name(serial)) != kThere) {
        parts_.store.put_value(presence_name(serial), kThere);
        parts_.logger.notice("the dongle of a key is there",
                             {{"serial", serial}, {"device", dongle.device}});
    }
    if (dongle.went_back) {
        key.text = fmt::format(
            "the dongle's counter of signatures went from {} to {}: there may be a copy of it; "
            "tell the vendor",
            dongle.went_back->first, dongle.went_back->second);
    }
    if (key.counter != dongle.counter) {
        if (dongle.went_back && dongle.went_back->second == dongle.counter) {
            parts_.logger.warning("a dongle may have been copied",
                                  {{"serial", serial}, {"why", key.text}});
        }
        key.counter = dongle.counter;
        parts_.store.put_value(counter_name(serial), std::to_string(dongle.counter));
    }
}

/// Nothing new is given. What was given goes on for the key's grace, which is running time that is
/// written down, so that no restart stretches it. Whoever never showed the dongle here has none.
void KeyKeeper::dongle_is_gone(Key& key, const DongleState& dongle) {
    const std::string& serial = key.file.content.serial;
    const std::string known = parts_.store.value(presence_name(serial));
    const Reason reason = dongle.presence == DonglePresence::refuses ? Reason::dongle_refuses
                                                                     : Reason::dongle_missing;
    if (known == kThere) {
        parts_.store.put_value(presence_name(serial), kGone);
    }
    if (key.was_there && dongle.presence != DonglePresence::unknown) {
        parts_.logger.warning("the dongle of a key is gone",
                              {{"serial", serial}, {"why", why_gone(dongle)}});
    }
    const std::string what =
        fmt::format("the dongle of the key {} is not there: {}", serial, why_gone(dongle));
    // Right after a start it has not been asked yet: what a restart of licd finds goes on.
    const bool is_looked_for = dongle.presence == DonglePresence::unknown && key.was_there;
    if (!is_looked_for) {
        key.was_there = false;
        count_grace(key);
    }
    const std::int64_t left = key.file.content.terms.dongle_grace_s - grace_used_s(serial);
    if (known.empty() || (left <= 0 && !is_looked_for)) {
        key.counted_from.reset();
        refuse(key, State::blocked, reason, make_error(ErrorCode::dongle_missing, what));
        return;
    }
    key.state = State::grace;
    key.reason = reason;
    key.left_s = std::max<std::int64_t>(left, 0);
    key.grantable = make_error(ErrorCode::dongle_missing, what);
    key.text = fmt::format("{}; what it gave goes on for {}, nothing new is given", what,
                           span_text(key.left_s));
}

void KeyKeeper::count_grace(Key& key) {
    const os::Instant now = parts_.clock.now();
    if (!key.counted_from) {
        key.counted_from = now;
        return;
    }
    const auto elapsed = std::chrono::floor<std::chrono::seconds>(now - *key.counted_from);
    if (elapsed.count() > 0) {
        const std::string& serial = key.file.content.serial;
        parts_.store.put_value(grace_name(serial),
                               std::to_string(grace_used_s(serial) + elapsed.count()));
        *key.counted_from += elapsed;
    }
}

void KeyKeeper::on_devices() {
    traits_ = machine();
    for (auto& [serial, key] : keys_) {
        judge(key);
    }
}

std::optional<os::Instant> KeyKeeper::next_time() const {
    std::optional<os::Instant> next;
    for (const auto& [serial, key] : keys_) {
        if (key.counted_from && key.usable && !key.grantable) {
            const os::Instant end = *key.counted_from + std::chrono::seconds(key.left_s);
            next = next ? std::min(*next, end) : end;
        }
    }
    return next;
}

keys::Traits KeyKeeper::machine() const {
    std::vector<std::pair<std::string, std::string>> facts;
    for (const contract::MachineFact& fact : parts_.dongles.facts()) {
        facts.emplace_back(fact.kind, fact.value);
    }
    return keys::with_facts(parts_.traits(), facts);
}

}  // namespace tillhost::licd::runtime
