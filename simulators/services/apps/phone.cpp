#include "simulators/services/apps/phone.h"

#include <algorithm>

#include "simulators/services/exchange/text.h"

namespace tillhost::simulators::apps {
namespace {

/// Between two tries where the server did not answer.
constexpr std::int64_t kRepeatMs = 150;
constexpr std::int64_t kIdleMs = 300;
constexpr std::int64_t kFeedMs = 1500;
/// Of a device's list that is empty.
constexpr std::int64_t kDevicesMs = 1000;

}  // namespace

Phone::Phone(PhoneOptions options, const os::Clock& clock)
    : options_(std::move(options)),
      clock_(clock),
      random_(options_.seed),
      server_(options_.form, options_.person, options_.seed),
      sales_wanted_(options_.sales) {}

base::Result<std::unique_ptr<Phone>> Phone::create(const PhoneOptions& options,
                                                   const os::Clock& clock) {
    std::unique_ptr<Phone> phone(new Phone(options, clock));
    TRY(phone->open());
    return phone;
}

base::Done Phone::open() {
    memory_ = TRY(Memory::open(options_.folder, phone_ms()));
    feed_ = TRY(Feed::open(options_.folder));
    if (!options_.invitation.empty()) {
        invitation_ = TRY(read_invitation(options_.invitation));
    }
    if (memory_->enrolment()) {
        TRY(server_.connect(*memory_->enrolment()));
    }
    // What it chooses after a restart is not what it chose before.
    random_ = Random(options_.seed ^
                     static_cast<std::uint64_t>(memory_->last_sale()) * 0x9E3779B97F4A7C15ULL);
    publish();
    return {};
}

void Phone::run() {
    while (!pause_.stopped()) {
        take_wishes();
        const base::Result<bool> worked = step();
        if (!worked) {  // its memory cannot be written: it must not go on
            last_fault_ = base::to_text(worked.error());
            publish();
            return;
        }
        idle_ = !*worked;
        publish();
        const std::int64_t wait = std::max(wait_ms_, *worked ? 0 : kIdleMs);
        wait_ms_ = 0;
        if (wait > 0) {
            pause_.wait(wait);
        }
    }
}

/// Keeps the reason and how long to wait; true where the answer is there.
bool Phone::took(Talk talk) {
    if (talk == Talk::done) {
        return true;
    }
    revoked_ = revoked_ || talk == Talk::revoked;
    wait_ms_ = std::max({wait_ms_, kRepeatMs, server_.retry_after_ms()});
    last_fault_ = server_.fault().code + ": " + server_.fault().message;
    return false;
}

base::Result<bool> Phone::step() {
    if (revoked_) {
        return false;
    }
    if (!memory_->enrolment()) {
        return get_in();
    }
    if (wants_revoke_) {
        const Value request = Value().set("deviceKey", memory_->enrolment()->device_key);
        revoked_ = took(server_.call_as_device("Revoke", request)) || revoked_;
        return true;
    }
    beat();
    if (TRY(send_documents()) || !skew_known_) {
        return true;  // without knowing the server's time it makes no ids
    }
    if (!feed_->whole() || phone_ms() >= next_feed_ms_) {
        return follow_feed();
    }
    if (registrars_.empty() && wants_customer()) {
        return learn_devices();
    }
    if (TRY(go_on_selling()) || TRY(do_task())) {
        return true;
    }
    return closing_ ? close_shift() : base::Result<bool>(false);
}

base::Result<bool> Phone::get_in() {
    if (!invitation_) {
        return false;
    }
    Enrolment enrolment{.url = invitation_->url, .pin = invitation_->pin};
    const Talk talk = server_.enrol(invitation_->token, memory_->install_id(), enrolment);
    if (took(talk)) {
        TRY(memory_->enrolled(enrolment));
        TRY(server_.connect(enrolment));
        invitation_.reset();
    }
    return talk != Talk::refused;
}

base::Result<bool> Phone::follow_feed() {
    Value request;
    if (!feed_->cursor().empty()) {
        request.set("cursor", feed_->cursor());
    }
    request.set("maxBytes", std::min(options_.max_bytes, server_.packet_bytes()));
    if (server_.tells_kinds()) {
        for (const char* kind : {"Store", "Warehouse", "Goods", "Barcode", "PriceType", "Price",
                                 "PaymentType", "User", "Role", "Task"}) {
            request.add("kind", Value().set("name", kind).set("schemaVersion", 1));
        }
    }
    const Talk talk = server_.call("GetChanges", request);
    if (took(talk)) {
        TRY(feed_->take(server_.body()));
        next_feed_ms_ = feed_->whole() ? phone_ms() + kFeedMs : 0;
        return true;
    }
    if (talk == Talk::refused && server_.fault().code == "resync_required") {
        TRY(feed_->begin_anew());
    }
    next_feed_ms_ = 0;
    return true;
}

base::Result<bool> Phone::learn_devices() {
    if (!took(server_.call("GetDevices", Value()))) {
        return true;
    }
    for (const Value& device : server_.body().all("device")) {
        const std::string driver = device.text_of("driver");
        if (driver.starts_with("fiscal/")) {
            registrars_.push_back(device.text_of("ref"));
        } else if (driver.starts_with("payment/")) {
            terminals_.push_back(device.text_of("ref"));
        }
    }
    std::sort(registrars_.begin(), registrars_.end());
    wait_ms_ = registrars_.empty() ? kDevicesMs : 0;
    return true;
}

void Phone::take_wishes() {
    Wishes wishes;
    {
        const std::scoped_lock lock(mutex_);
        wishes = std::exchange(wishes_, {});
    }
    if (wishes.line) {
        server_.set_faults(*wishes.line);
    }
    misdeeds_ = wishes.misdeeds.value_or(misdeeds_);
    options_.skew_ms = wishes.skew_ms.value_or(options_.skew_ms);
    sales_wanted_ += wishes.sales;
    closing_ = closing_ || wishes.close;
    wants_revoke_ = wants_revoke_ || wishes.revoke;
    if (wishes.reinstall) {
        const base::Done anew = memory_->reinstall(phone_ms());
        const base::Done emptied = anew ? feed_->begin_anew() : anew;
        if (!emptied) {
            last_fault_ = base::to_text(emptied.error());
            pause_.stop();
            return;
        }
        invitation_ = wishes.reinstall;
        server_ = Server(options_.form, options_.person, options_.seed);
        revoked_ = wants_revoke_ = closed_ = skew_known_ = false;
        registrars_.clear();
        terminals_.clear();
        asked_id_.clear();
        put_id_.clear();
    }
}

void Phone::set_line(const exchange::LineFaults& faults) {
    const std::scoped_lock lock(mutex_);
    wishes_.line = faults;
    pause_.wake();
}

void Phone::set_misdeeds(const Misdeeds& misdeeds) {
    const std::scoped_lock lock(mutex_);
    wishes_.misdeeds = misdeeds;
}

void Phone::sell(std::int64_t count) {
    const std::scoped_lock lock(mutex_);
    wishes_.sales += count;
    pause_.wake();
}

void Phone::close() {
    const std::scoped_lock lock(mutex_);
    wishes_.close = true;
    pause_.wake();
}

void Phone::revoke() {
    const std::scoped_lock lock(mutex_);
    wishes_.revoke = true;
    pause_.wake();
}

void Phone::set_skew(std::int64_t ms) {
    const std::scoped_lock lock(mutex_);
    wishes_.skew_ms = ms;
}

base::Done Phone::reinstall(const std::string& invitation, bool anyway) {
    Invitation read = TRY(read_invitation(invitation));
    const std::scoped_lock lock(mutex_);
    if (!anyway && (shown_.number_of("queue") > 0 || shown_.flag_of("selling"))) {
        return base::make_error(base::ErrorCode::wrong_state, "a document or a sale waits");
    }
    wishes_.reinstall = std::move(read);
    pause_.wake();
    return {};
}

Value Phone::state() const {
    const std::scoped_lock lock(mutex_);
    return shown_;
}

void Phone::publish() {
    Value shown;
    shown.set("enrolled", memory_->enrolment().has_value()).set("revoked", revoked_);
    shown.set("device_id", memory_->enrolment() ? memory_->enrolment()->device_id : "");
    shown.set("queue", static_cast<std::int64_t>(memory_->queue().size()));
    shown.set("selling", memory_->sale().has_value()).set("closed", closed_);
    shown.set("sold", memory_->sold()).set("abandoned", memory_->abandoned());
    shown.set("set_aside", memory_->set_aside()).set("next_seq", memory_->next_seq());
    shown.set("whole", feed_->whole()).set("objects", feed_->objects());
    shown.set("holdings", feed_->holdings().told()).set("idle", idle_);
    shown.set("dropped", static_cast<std::int64_t>(server_.dropped()));
    shown.set("cut", static_cast<std::int64_t>(server_.cut())).set("last_fault", last_fault_);
    const std::scoped_lock lock(mutex_);
    shown_ = std::move(shown);
}

}  // namespace tillhost::simulators::apps
