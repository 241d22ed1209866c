#include "licd/devices/devd_link.h"

#include <poll.h>

#include <algorithm>
#include <utility>

#include "ipc/contract/decoder.h"

namespace tillhost::licd::devices {
namespace {

using base::ErrorCode;
using base::make_error;

constexpr std::string_view kDriverFamily = "dongle/";
constexpr const char* kTopic = "devices";

/// A dongle of another host is none: its key is for the machine that it is plugged in at.
bool is_dongle(const contract::Device& device) {
    return device.driver.starts_with(kDriverFamily) && device.host.empty();
}

bool is_ready(const contract::Device& device) {
    return device.state == contract::DeviceState::ready ||
           device.state == contract::DeviceState::busy;
}

/// After these nothing is known of the devices.
bool ends_link(const base::Error& error) {
    return error.code == ErrorCode::link_lost || error.code == ErrorCode::no_daemon ||
           error.code == ErrorCode::shutting_down || error.code == ErrorCode::no_session ||
           error.code == ErrorCode::stale_session;
}

base::Result<contract::DongleProof> proof_in(base::Result<contract::ClassStatus> answer) {
    if (!answer) {
        return answer.error();
    }
    if (auto* const proof = std::get_if<contract::DongleProof>(&*answer)) {
        return std::move(*proof);
    }
    return make_error(ErrorCode::malformed, "devd's answer is no proof of a dongle");
}

}  // namespace

base::Result<std::unique_ptr<DevdLink>> DevdLink::start(Options options, os::Clock& clock,
                                                        const os::Logger& logger) {
    auto moved = TRY(os::Wakeup::create());
    auto asked = TRY(os::Wakeup::create());
    std::unique_ptr<DevdLink> link(
        new DevdLink(std::move(options), clock, logger, std::move(moved), std::move(asked)));
    DevdLink* const self = link.get();
    link->thread_ = std::make_unique<os::Thread>("devices", [self] { self->run(); });
    return link;
}

DevdLink::~DevdLink() {
    stopping_ = true;
    asked_.signal();
    thread_.reset();
}

// --- the loop's side

DongleState DevdLink::of(const std::string& serial) const {
    const std::lock_guard<std::mutex> guard(mutex_);
    const auto found = states_.find(serial);
    return found == states_.end() ? DongleState{} : found->second;
}

void DevdLink::want(std::vector<WantedDongle> dongles) {
    {
        const std::lock_guard<std::mutex> guard(mutex_);
        wanted_ = std::move(dongles);
    }
    asked_.signal();
}

void DevdLink::in_use(const std::string& serial, os::Instant until) {
    const std::lock_guard<std::mutex> guard(mutex_);
    os::Instant& known = uses_[serial];
    known = std::max(known, until);
}

std::vector<contract::MachineFact> DevdLink::facts() const {
    const std::lock_guard<std::mutex> guard(mutex_);
    return facts_;
}

void DevdLink::wait_for_first_look(os::Deadline deadline) const {
    while (!has_looked_ && clock_.now() < deadline) {
        clock_.sleep_until(std::min(deadline, clock_.now() + kFirstLookStep));
    }
}

// --- the thread's side

void DevdLink::run() {
    while (!stopping_) {
        asked_.clear();
        take_wishes();
        watch_.on_time();
        if (be_connected()) {
            serve();
        }
        has_looked_ = has_looked_ || client_ || connect_at_ > clock_.now();
        publish();
        if (!stopping_ && (!client_ || !has_wishes_)) {
            rest(wake_at());
        }
    }
}

void DevdLink::take_wishes() {
    const std::lock_guard<std::mutex> guard(mutex_);
    if (wanted_) {
        if (has_wishes_ != !wanted_->empty()) {
            has_wishes_ = !has_wishes_;
            client_.reset();  // events are asked for only where somebody wants them
            watch_.on_link_lost();
            connect_at_ = clock_.now();
        }
        watch_.want(std::move(*wanted_));
        wanted_.reset();
    }
    for (const auto& [serial, until] : uses_) {
        watch_.in_use(serial, until);
    }
    uses_.clear();
}

bool DevdLink::be_connected() {
    if (client_) {
        return true;
    }
    if (clock_.now() < connect_at_) {
        return false;
    }
    auto made = client::Client::connect({.endpoint = options_.endpoint,
                                         .name = "licd",
                                         .program_version = options_.program_version},
                                        clock_, clock_.now() + kConnectTimeMax);
    if (!made) {
        lost(made.error());
        return false;
    }
    client_ = std::move(*made);
    if (const auto good = greet(); !good) {
        lost(good.error());
        return false;
    }
    pause_ = kReconnectFirst;
    said_lost_ = false;
    logger_.notice("devd is there");
    return true;
}

/// The state is read after the events are asked for, so that nothing is missed.
base::Done DevdLink::greet() {
    facts_at_ = clock_.now();
    if (!has_wishes_) {
        return {};
    }
    TRY(client_->subscribe(kTopic, {}, clock_.now() + kConnectTimeMax));
    return read_devices();
}

base::Done DevdLink::read_devices() {
    std::vector<std::string> ready;
    for (const contract::Device& device : TRY(client_->devices(clock_.now() + kConnectTimeMax))) {
        if (is_dongle(device) && is_ready(device)) {
            ready.push_back(device.device);
        }
    }
    watch_.on_devices(ready);
    return {};
}

void DevdLink::serve() {
    if (clock_.now() >= facts_at_) {
        ask_facts();
    }
    put_questions();
    if (client_ && has_wishes_) {
        publish();
        follow();
    }
}

/// A devd that does not answer it is older, or gives no such right to this user: no fault.
void DevdLink::ask_facts() {
    facts_at_ = clock_.now() + kFactsEvery;
    const auto answer =
        client_->request(contract::RequestKind::machine_facts,
                         contract::to_value(contract::Empty{}), clock_.now() + kConnectTimeMax);
    auto reply = answer ? contract::from_value<contract::MachineFactsReply>(*answer)
                        : base::Result<contract::MachineFactsReply>(answer.error());
    if (!reply) {
        logger_.info("devd tells nothing of the machine", {{"why", base::to_text(reply.error())}});
        return;
    }
    const std::lock_guard<std::mutex> guard(mutex_);
    if (facts_ != reply->facts) {
        facts_ = std::move(reply->facts);
        moved_.signal();
    }
}

void DevdLink::put_questions() {
    while (client_ && !stopping_) {
        const auto challenge = watch_.next();
        if (!challenge) {
            return;
        }
        const auto answer = proof_in(client_->query(
            challenge->device, contract::Query(challenge->query), clock_.now() + kProofTimeMax));
        if (!answer && ends_link(answer.error())) {
            lost(answer.error());
            return;
        }
        watch_.on_answer(*challenge, answer);
        if (!answer) {
            logger_.info("a dongle does not answer", {{"device", challenge->device},
                                                      {"key", challenge->serial},
                                                      {"why", base::to_text(answer.error())}});
        }
    }
}

/// One event, or a slice of time in which none comes.
void DevdLink::follow() {
    os::Instant until = clock_.now() + kEventSlice;
    if (const auto next = watch_.next_time()) {
        until = std::min(until, *next);
    }
    const auto event = client_->next_event(until);
    if (!event) {
        lost(event.error());
    } else if (*event) {
        on_event((**event).event.body);
    }
}

void DevdLink::on_event(const contract::EventBody& body) {
    if (const auto* const device = std::get_if<contract::Device>(&body)) {
        if (is_dongle(*device)) {
            watch_.on_device(device->device, is_ready(*device));
        }
        return;
    }
    if (const auto* const gap = std::get_if<contract::Gap>(&body)) {
        if (gap->restarted) {
            watch_.on_link_lost();  // the same names may be other dongles now
            facts_at_ = clock_.now();
        }
        if (const auto good = read_devices(); !good) {
            lost(good.error());
        }
    }
}

void DevdLink::lost(const base::Error& why) {
    client_.reset();
    watch_.on_link_lost();
    connect_at_ = clock_.now() + (has_wishes_ ? pause_ : kReconnectIdle);
    pause_ = std::min(pause_ * 2, kReconnectLongest);
    if (!said_lost_) {
        said_lost_ = true;
        logger_.notice("devd cannot be reached", {{"why", base::to_text(why)}});
    }
}

void DevdLink::publish() {
    auto states = watch_.states();
    const std::lock_guard<std::mutex> guard(mutex_);
    if (states != states_) {
        states_ = std::move(states);
        moved_.signal();
    }
}

os::Instant DevdLink::wake_at() const {
    os::Instant when = client_ ? facts_at_ : connect_at_;
    if (const auto next = watch_.next_time()) {
        when = std::min(when, *next);
    }
    return when;
}

void DevdLink::rest(os::Instant until) const {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - clock_.now()).count();
    pollfd one{.fd = asked_.fd(), .events = POLLIN, .revents = 0};
    if (left > 0) {
        ::poll(&one, 1, static_cast<int>(left));
    }
}

}  // namespace tillhost::licd::devices
