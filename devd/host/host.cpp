#include "devd/host/host.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "hal/base/text.h"
#include "ipc/contract/envelope.h"

namespace tillhost::devd::host {
namespace {

using base::Done;
using base::Error;
using base::ErrorCode;
using base::make_error;
using base::Result;

/// Whether the device must be opened anew after this error.
bool loses_line(const Error& error) {
    switch (error.reaction) {
        case base::Reaction::reconnect: return true;
        case base::Reaction::unspecified:
        case base::Reaction::reject:
        case base::Reaction::ask_operator:
        case base::Reaction::retry_later:
        case base::Reaction::report: break;
    }
    const bool no_port = error.code == ErrorCode::port_missing ||
                         error.code == ErrorCode::port_denied ||
                         error.code == ErrorCode::port_busy || error.code == ErrorCode::port_failed;
    // A frame cut short by the deadline leaves the line in the middle of a conversation.
    const bool cut_short =
        error.code == ErrorCode::deadline_passed && error.effect == base::Effect::unknown;
    return no_port || cut_short || error.code == ErrorCode::wrong_device;
}

bool names(const base::OperationId& id, std::int64_t attempt, const contract::Go& word) {
    return word.operation_id == id && word.attempt == attempt;
}

}  // namespace

/// A driver's way to the book during one command.
class Host::OperationGate final : public device::Gate {
public:
    OperationGate(Host& host, std::optional<Bound> bound) : host_(host), bound_(bound) {}
    Done persist(const contract::Record& record) override { return host_.persist(bound_, record); }
    void announce(std::string_view step, os::Deadline deadline) override {
        host_.announce(step, deadline);
    }
    void prompt(contract::PromptKind kind, std::string_view text) override {
        host_.prompt(bound_, kind, text);
    }
    bool take_abort() override { return host_.self_.take_abort && host_.self_.take_abort(); }
    std::optional<contract::OperationResult> last_result() const override {
        return host_.last_result_;
    }

private:
    Host& host_;
    std::optional<Bound> bound_;
};

/// What a host does with a message while it waits for work.
struct Host::Handler {
    Host& host;
    const contract::ToHost& message;
    Done operator()(const contract::Open& open) const { return host.on_open(open); }
    Done operator()(const contract::Execute& execute) const { return host.on_execute(execute); }
    Done operator()(const contract::ResolveCommand& ask) const { return host.on_resolve(ask); }
    Done operator()(const contract::QueryCommand& query) const { return host.on_query(query); }
    Done operator()(const contract::Go&) const { return host.out_of_order(message); }
    Done operator()(const contract::Persisted&) const { return host.out_of_order(message); }
    Done operator()(const contract::Refused&) const { return host.out_of_order(message); }
};

Host::Host(HostLink& link, const os::Clock& clock, Self self, MakeDriver make)
    : link_(link), clock_(clock), self_(std::move(self)), make_(std::move(make)) {}

Error Host::run() {
    contract::HostHello hello;
    hello.version = kLinkVersion;
    hello.driver = self_.driver;
    hello.pid = self_.pid;
    beat_at_ = clock_.now() + kBeatEvery;
    Done going = link_.send(contract::FromHost(std::move(hello)));
    while (going) {
        going = step();
    }
    return std::move(going).error();
}

Done Host::step() {
    if (clock_.now() >= beat_at_) {  // also under a steady stream of work
        TRY(link_.send(contract::FromHost(contract::Beat{})));
        beat_at_ = clock_.now() + kBeatEvery;
    }
    if (!deferred_.empty()) {
        const contract::QueryCommand query = std::move(deferred_.front());
        deferred_.pop_front();
        return on_query(query);
    }
    const auto message = TRY(next_word());
    return message ? handle(*message) : Done();
}

/// devd's next word; nothing at the time of the beat, or when the device spoke first.
Result<std::optional<contract::ToHost>> Host::next_word() {
    const int input = driver_ ? driver_->input_fd() : -1;
    auto message = input < 0 ? link_.receive(beat_at_) : link_.receive_beside(input, beat_at_);
    if (message) {
        return std::optional(std::move(*message));
    }
    if (message.error().code == ErrorCode::cancelled) {
        TRY(listen());
        return std::optional<contract::ToHost>();
    }
    if (message.error().code == ErrorCode::deadline_passed) {
        return std::optional<contract::ToHost>();
    }
    return std::move(message).error();
}

/// Takes what the device said unasked.
Done Host::listen() {
    auto scans = driver_->listen(clock_.now() + kListenBudget);
    if (!scans) {
        contract::LineLost lost;
        lost.error = contract::to_contract(scans.error());
        return answer(contract::FromHost(std::move(lost)), true);
    }
    for (contract::Scan& scan : *scans) {
        TRY(link_.send(contract::FromHost(contract::Scanned{std::move(scan)})));
    }
    return {};
}

Done Host::handle(const contract::ToHost& message) {
    announced_.reset();  // a command has a budget of its own
    return std::visit(Handler{*this, message}, message);
}

Done Host::on_open(const contract::Open& message) {
    epoch_ = message.epoch;
    driver_.reset();  // gives the line back before it is opened anew
    auto opened = open_driver(message);
    if (!opened) {
        contract::OpenFailed failed;
        failed.error = contract::to_contract(opened.error());
        return answer(contract::FromHost(std::move(failed)), true);
    }
    return answer(contract::FromHost(std::move(*opened)), false);
}

Result<contract::Opened> Host::open_driver(const contract::Open& message) {
    const os::Deadline deadline = deadline_of(message.budget_ms);
    driver_ = TRY(make_(message.settings));
    std::optional<Bound> bound;
    if (message.pending) {
        bound = Bound{message.pending->operation_id, message.pending->attempt};
    }
    OperationGate gate(*this, bound);
    device::Opened found = TRY(driver_->open(message.pending, gate, deadline));
    if (found.resolution.has_value() != message.pending.has_value()) {
        return make_error(ErrorCode::internal, "the driver gave no verdict, or one unasked");
    }
    contract::Opened opened;
    opened.identity = std::move(found.identity);
    opened.status = std::move(found.status);
    opened.resolution = std::move(found.resolution);
    if (self_.place) {
        Place place = self_.place();
        opened.node = std::move(place.node);
        opened.adapter = std::move(place.adapter);
    }
    return opened;
}

Done Host::on_execute(const contract::Execute& message) {
    if (epoch_ == 0) {
        return out_of_order(contract::ToHost(message));
    }
    OperationGate gate(*this, Bound{message.operation_id, message.attempt});
    last_result_ = message.last_result;
    gate.take_abort();  // a wish that came too late for the operation before
    const Done can = ready();
    auto result = can ? driver_->execute(message.command, gate, deadline_of(message.budget_ms))
                      : Result<contract::OperationResult>(can.error());
    contract::Finished finished;
    finished.operation_id = message.operation_id;
    finished.attempt = message.attempt;
    if (result) {
        finished.result = std::move(*result);
    } else {
        finished.error = contract::to_contract(result.error());
        finished.link_lost = loses_line(result.error()) || !driver_;
    }
    const bool lost = finished.link_lost;
    if (!lost && driver_) {
        finished.status = driver_->known_status();
    }
    return answer(contract::FromHost(std::move(finished)), lost);
}

Done Host::on_resolve(const contract::ResolveCommand& message) {
    if (epoch_ == 0) {
        return out_of_order(contract::ToHost(message));
    }
    OperationGate gate(*this, Bound{message.pending.operation_id, message.pending.attempt});
    const Done can = ready();
    auto resolution = can ? driver_->resolve(message.pending, gate, deadline_of(message.budget_ms))
                          : Result<contract::Resolution>(can.error());
    contract::Resolved resolved;
    resolved.operation_id = message.pending.operation_id;
    resolved.attempt = message.pending.attempt;
    if (resolution) {
        resolved.resolution = std::move(*resolution);
    } else {
        resolved.error = contract::to_contract(resolution.error());
        resolved.link_lost = loses_line(resolution.error()) || !driver_;
    }
    const bool lost = resolved.link_lost;
    return answer(contract::FromHost(std::move(resolved)), lost);
}

/// The driver's answer, or that of the host itself where the line is to be recorded.
Result<contract::ClassStatus> Host::ask(const contract::QueryCommand& message) {
    if (const auto* record = std::get_if<contract::RecordQuery>(&message.query)) {
        if (!self_.record) {
            return make_error(ErrorCode::not_supported, "this host's line cannot be recorded");
        }
        return contract::ClassStatus(TRY(self_.record(*record)));
    }
    TRY(ready());
    return driver_->query(message.query, deadline_of(message.budget_ms));
}

Done Host::on_query(const contract::QueryCommand& message) {
    if (epoch_ == 0) {
        return out_of_order(contract::ToHost(message));
    }
    auto status = ask(message);
    contract::Queried queried;
    queried.ticket = message.ticket;
    if (status) {
        queried.status = std::move(*status);
    } else {
        queried.error = contract::to_contract(status.error());
        queried.link_lost = loses_line(status.error()) || !driver_;
    }
    const bool lost = queried.link_lost;
    return answer(contract::FromHost(std::move(queried)), lost);
}

Done Host::persist(const std::optional<Bound>& bound, const contract::Record& record) {
    if (!bound) {
        return make_error(ErrorCode::internal, "a record that belongs to no operation");
    }
    if (end_) {
        return *end_;
    }
    contract::Persist message;
    message.operation_id = bound->operation_id;
    message.attempt = bound->attempt;
    message.record = record;
    if (const Done sent = link_.send(contract::FromHost(std::move(message))); !sent) {
        return end_with(sent.error());
    }
    return await_word(*bound, std::holds_alternative<contract::Marker>(record));
}

Done Host::await_word(const Bound& bound, bool marker) {
    while (true) {
        auto word = link_.receive(os::Deadline::max());
        if (!word) {
            return end_with(word.error());
        }
        auto* query = std::get_if<contract::QueryCommand>(&*word);
        if (query == nullptr) {
            return read_word(bound, marker, *word);
        }
        if (deferred_.size() >= kDeferredQueriesMax) {
            return end_with(make_error(ErrorCode::malformed, "devd asks without end"));
        }
        deferred_.push_back(std::move(*query));
    }
}

Done Host::read_word(const Bound& bound, bool marker, const contract::ToHost& word) {
    if (const auto* refused = std::get_if<contract::Refused>(&word)) {
        return contract::to_base(refused->error);
    }
    const auto* go = std::get_if<contract::Go>(&word);
    if (marker && go != nullptr) {
        if (names(bound.operation_id, bound.attempt, *go) && go->epoch == epoch_) {
            return {};
        }
        return make_error(ErrorCode::wrong_state, "the go is for another attempt or host");
    }
    const auto* persisted = std::get_if<contract::Persisted>(&word);
    if (!marker && persisted != nullptr) {
        if (persisted->operation_id == bound.operation_id && persisted->attempt == bound.attempt) {
            return {};
        }
        return make_error(ErrorCode::wrong_state, "another operation's record was written");
    }
    return end_with(out_of_order(word).error());
}

bool Host::is_announced(std::string_view step, os::Deadline deadline) const {
    return announced_ && announced_->step == step && deadline >= announced_->deadline &&
           deadline - announced_->deadline < kAnnounceAgainAfter;
}

void Host::announce(std::string_view step, os::Deadline deadline) {
    constexpr std::size_t kStepBytesMax = 64;
    constexpr std::int64_t kBudgetMsMax = 3'600'000;
    if (is_announced(step, deadline)) {
        return;
    }
    announced_ = Announced{std::string(step), deadline};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock_.now());
    contract::Announce message;
    message.step = std::string(step.substr(0, kStepBytesMax));
    message.budget_ms = std::clamp<std::int64_t>(left.count(), 0, kBudgetMsMax);
    if (const Done sent = link_.send(contract::FromHost(std::move(message))); !sent) {
        end_with(sent.error());
    }
}

void Host::prompt(const std::optional<Bound>& bound, contract::PromptKind kind,
                  std::string_view text) {
    constexpr std::size_t kTextBytesMax = 500;
    if (!bound) {
        return;
    }
    contract::PromptShown shown;
    shown.operation_id = bound->operation_id;
    shown.kind = kind;
    shown.text = base::cut_utf8(text, kTextBytesMax);
    if (const Done sent = link_.send(contract::FromHost(std::move(shown))); !sent) {
        end_with(sent.error());
    }
}

Done Host::ready() const {
    return driver_ ? Done() : make_error(ErrorCode::device_not_ready, "the line is not open");
}

Done Host::out_of_order(const contract::ToHost& message) const {
    return make_error(ErrorCode::malformed,
                      fmt::format("devd said '{}' out of order", contract::case_of(message)));
}

Done Host::answer(contract::FromHost message, bool line_lost) {
    if (line_lost) {
        driver_.reset();
    }
    if (end_) {
        return *end_;
    }
    return link_.send(message);
}

Error Host::end_with(Error error) {
    if (!end_) {
        end_ = std::move(error);
    }
    return *end_;
}

os::Deadline Host::deadline_of(std::int64_t budget_ms) const {
    return clock_.now() + std::chrono::milliseconds(budget_ms);
}

}  // namespace tillhost::devd::host
