#include "licd/devices/dongle_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace tillhost::licd::devices {
namespace {

using base::ErrorCode;

bool contains(const std::vector<std::string>& devices, const std::string& device) {
    return std::find(devices.begin(), devices.end(), device) != devices.end();
}

/// The device may be on its way out: devd will say so in a moment.
bool may_be_going(ErrorCode code) {
    return code == ErrorCode::device_not_ready || code == ErrorCode::retry_later ||
           code == ErrorCode::unknown_device;
}

os::Duration between(os::Duration least, os::Duration most, const DongleWatch::Random& random) {
    constexpr std::int64_t kParts = 1 << 16;
    std::int64_t part = 0;
    for (const std::byte byte : random(2)) {
        part = part * 256 + static_cast<std::int64_t>(base::to_unsigned(byte));
    }
    return least + (most - least) / kParts * (part % kParts);
}

}  // namespace

DongleWatch::DongleWatch(const os::PublicKey& server, const os::Clock& clock, Random random)
    : server_(server), clock_(clock), random_(std::move(random)) {}

// --- what is told

void DongleWatch::want(std::vector<WantedDongle> dongles) {
    std::map<std::string, Watched> keys;
    for (WantedDongle& wanted : dongles) {
        const auto known = keys_.find(wanted.serial);
        Watched& watched = keys[wanted.serial];
        if (known != keys_.end() && known->second.wanted.dongle == wanted.dongle) {
            watched = std::move(known->second);
            continue;
        }
        watched.wanted = std::move(wanted);
        begin(watched);
    }
    keys_ = std::move(keys);
}

void DongleWatch::begin(Watched& watched) const {
    watched.state.counter = watched.wanted.counter;
    watched.lost_at = clock_.now() + kRestartPatience;
    for (const std::string& device : ready_) {
        offer(watched, device);
    }
}

void DongleWatch::in_use(const std::string& serial, os::Instant until) {
    const auto found = keys_.find(serial);
    if (found == keys_.end()) {
        return;
    }
    Watched& watched = found->second;
    const bool was_idle = watched.in_use_until <= clock_.now();
    watched.in_use_until = std::max(watched.in_use_until, until);
    const auto own = watched.candidates.find(watched.state.device);
    if (was_idle && own != watched.candidates.end()) {
        own->second.due = std::min(own->second.due, clock_.now() + pause(watched));
    }
}

void DongleWatch::on_devices(const std::vector<std::string>& ready) {
    is_linked_ = true;
    for (const std::string& device : std::vector<std::string>(ready_)) {
        if (!contains(ready, device)) {
            on_device(device, false);
        }
    }
    for (const std::string& device : ready) {
        on_device(device, true);
    }
}

void DongleWatch::on_device(const std::string& device, bool ready) {
    const bool was_ready = contains(ready_, device);
    if (ready == was_ready || (ready && ready_.size() >= kDevicesMax)) {
        return;
    }
    if (ready) {
        ready_.push_back(device);
    } else {
        std::erase(ready_, device);
    }
    for (auto& [serial, watched] : keys_) {
        ready ? offer(watched, device) : gone(watched, device, kResetPatience);
    }
}

void DongleWatch::on_link_lost() {
    is_linked_ = false;
    for (auto& [serial, watched] : keys_) {
        for (const std::string& device : ready_) {
            gone(watched, device, kRestartPatience);
        }
    }
    ready_.clear();
    std::erase_if(asked_, [&](const auto& one) {
        return one.second + kResetPatience <= clock_.now();  // else they would only grow
    });
}

void DongleWatch::offer(Watched& watched, const std::string& device) const {
    Candidate candidate;
    candidate.due = clock_.now();
    if (const auto asked = asked_.find(device); asked != asked_.end()) {
        candidate.due = std::max(candidate.due, asked->second + kResetPatience);
    }
    watched.candidates[device] = candidate;
    if (watched.state.device == device) {
        watched.lost_at.reset();  // its answer will tell
    }
}

void DongleWatch::gone(Watched& watched, const std::string& device, os::Duration patience) const {
    watched.candidates.erase(device);
    if (watched.state.presence == DonglePresence::there && watched.state.device == device) {
        watched.lost_at = clock_.now() + patience;
    }
    const auto& rest = watched.candidates;
    if (watched.state.presence == DonglePresence::refuses &&
        std::none_of(rest.begin(), rest.end(),
                     [](const auto& one) { return one.second.failures >= kFailuresMax; })) {
        lose(watched, "");
    }
}

void DongleWatch::lose(Watched& watched, std::string why) const {
    watched.state.presence = DonglePresence::missing;
    watched.state.device.clear();
    watched.state.why = std::move(why);
    watched.lost_at.reset();
}

void DongleWatch::on_time() {
    for (auto& [serial, watched] : keys_) {
        if (watched.lost_at && *watched.lost_at <= clock_.now()) {
            lose(watched, "");
        }
    }
}

// --- asking

bool DongleWatch::may_be_asked(const Watched& watched, const std::string& device,
                               const Candidate& candidate) const {
    const bool is_served =
        watched.state.presence == DonglePresence::there && !watched.lost_at.has_value();
    return !candidate.is_other && (!is_served || device == watched.state.device);
}

std::optional<Challenge> DongleWatch::next() {
    Watched* whose = nullptr;
    const std::string* device = nullptr;
    os::Instant due = clock_.now();
    for (auto& [serial, watched] : keys_) {
        for (const auto& [name, candidate] : watched.candidates) {
            if (candidate.due <= due && may_be_asked(watched, name, candidate)) {
                whose = &watched;
                device = &name;
                due = candidate.due;
            }
        }
    }
    return whose == nullptr ? std::nullopt : std::optional(ask(*whose, *device));
}

Challenge DongleWatch::ask(Watched& watched, const std::string& device) {
    const WantedDongle& wanted = watched.wanted;
    Challenge challenge;
    challenge.device = device;
    challenge.serial = wanted.serial;
    challenge.question = {wanted.serial, server_, clock_.unix_ms() / 1000,
                          random_(keys::kNonceBytes)};
    challenge.query.rp = wanted.dongle.rp;
    challenge.query.credential = wanted.dongle.credential;
    challenge.query.challenge_hash = challenge.question.hash();
    watched.candidates.at(device).due = clock_.now() + kAskRefusing;
    asked_[device] = clock_.now();
    return challenge;
}

std::optional<os::Instant> DongleWatch::next_time() const {
    std::optional<os::Instant> next;
    const auto heed = [&next](os::Instant when) { next = next ? std::min(*next, when) : when; };
    for (const auto& [serial, watched] : keys_) {
        if (watched.lost_at) {
            heed(*watched.lost_at);
        }
        for (const auto& [device, candidate] : watched.candidates) {
            if (may_be_asked(watched, device, candidate)) {
                heed(candidate.due);
            }
        }
    }
    return next;
}

// --- what they say

void DongleWatch::on_answer(const Challenge& challenge,
                            const base::Result<contract::DongleProof>& answer) {
    const auto found = keys_.find(challenge.serial);
    if (found == keys_.end() || !found->second.candidates.contains(challenge.device)) {
        return;  // the key or the device has gone meanwhile
    }
    if (answer) {
        proved(found->second, challenge, *answer);
    } else {
        failed(found->second, challenge.device, answer.error());
    }
}

void DongleWatch::proved(Watched& watched, const Challenge& challenge,
                         const contract::DongleProof& proof) {
    const keys::DongleQuestion& question = challenge.question;
    const keys::DongleWord word{question.server, question.at_s, question.nonce,
                                proof.authenticator_data, proof.signature};
    const auto good = keys::check_dongle_word(watched.wanted.dongle, challenge.serial, word);
    if (!good) {
        failed(watched, challenge.device, good.error());
        return;
    }
    DongleState& state = watched.state;
    const std::uint32_t counter = keys::counter_of(proof.authenticator_data);
    // Zero for ever is a dongle that does not count.
    if (state.counter != 0 && counter <= state.counter) {
        state.went_back = {state.counter, counter};
    }
    state.counter = counter;
    state.presence = DonglePresence::there;
    state.device = challenge.device;
    state.why.clear();
    state.word = keys::write_dongle_word(word);
    watched.lost_at.reset();
    watched.candidates[challenge.device] = {.due = clock_.now() + pause(watched)};
}

void DongleWatch::failed(Watched& watched, const std::string& device,
                         const base::Error& error) const {
    Candidate& candidate = watched.candidates.at(device);
    const bool is_own = watched.state.device == device;
    const bool is_other = error.code == ErrorCode::credential_unknown;
    if (is_other && !is_own) {
        candidate.is_other = true;  // until it is plugged in anew
        return;
    }
    candidate.due = clock_.now() + (may_be_going(error.code) ? kResetPatience : kAskAgain);
    if (++candidate.failures < kFailuresMax) {
        return;
    }
    candidate.due = clock_.now() + kAskRefusing;
    if (is_other) {
        candidate.is_other = true;
        lose(watched, fmt::format("the dongle at device {} is another one now", device));
        return;
    }
    watched.state.presence = DonglePresence::refuses;
    watched.state.device.clear();
    watched.state.why = fmt::format("device {}: {}", device, base::to_text(error));
    watched.lost_at.reset();
}

os::Duration DongleWatch::pause(const Watched& watched) {
    return watched.in_use_until > clock_.now() ? between(kAskInUseMin, kAskInUseMax, random_)
                                               : between(kAskIdleMin, kAskIdleMax, random_);
}

std::map<std::string, DongleState> DongleWatch::states() const {
    std::map<std::string, DongleState> states;
    for (const auto& [serial, watched] : keys_) {
        DongleState& state = states[serial] = watched.state;
        if (state.presence == DonglePresence::missing && state.why.empty()) {
            state.why = is_linked_ ? "it is not plugged in" : "devd cannot be reached";
        }
    }
    return states;
}

}  // namespace tillhost::licd::devices
