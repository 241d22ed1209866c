#include "tests/simulation/sim_store.h"

#include <fmt/format.h>

#include <utility>

#include "devd/core/audit.h"

namespace tillhost::simulation {

using contract::OperationState;
using devd::core::BookChange;
using devd::core::OperationRow;

SimStore::SimStore(Scheduler& scheduler, Findings& findings, Chance chance)
    : scheduler_(scheduler),
      findings_(findings),
      chance_(chance),
      pace_(chance_.one_in(4) ? ms(20) : ms(2)) {}

devd::core::Position SimStore::write(BookChange change) {
    scheduler_.point();
    audit(change);
    apply(newest_, change);
    if (!newest_.audit_holds) {
        findings_.add("audit: a record does not follow the one before it");
    }
    queue_.push_back(std::move(change));
    const devd::core::Position position = ++last_;
    if (group_.empty()) {
        begin_sync();
    }
    scheduler_.point();
    return position;
}

void SimStore::begin_sync() {
    group_ = std::exchange(queue_, {});
    const os::Duration time = us(100) + us(chance_.below(pace_ / us(1))) + slowness_;
    scheduler_.after(time, [this, life = life_] { end_sync(life); });
}

void SimStore::end_sync(std::uint64_t life) {
    if (life != life_) {
        return;
    }
    for (const BookChange& change : group_) {
        apply(disk_, change);
    }
    durable_ += group_.size();
    group_.clear();
    if (!queue_.empty()) {
        begin_sync();
    }
    if (listener_) {
        listener_();
    }
}

void SimStore::crash() {
    ++life_;
    if (chance_.one_in(2)) {  // it had reached the disk, and nobody was told
        for (const BookChange& change : group_) {
            apply(disk_, change);
        }
    }
    scheduler_.trace().say(scheduler_.now(), "store", "crash: {} changes lost, {} in the balance",
                           queue_.size(), group_.size());
    group_.clear();
    queue_.clear();
    newest_ = disk_;
    last_ = 0;
    durable_ = 0;
}

devd::core::BookImage SimStore::image() const {
    devd::core::BookImage image;
    image.operations.reserve(disk_.rows.size());
    for (const auto& [id, row] : disk_.rows) {
        image.operations.push_back(row);
    }
    image.host_epochs.assign(disk_.epochs.begin(), disk_.epochs.end());
    image.retention_watermark_ms = disk_.watermark_ms;
    image.audit = disk_.audit;
    return image;
}

void SimStore::apply(Content& content, const BookChange& change) {
    for (const OperationRow& row : change.put) {
        content.rows[row.id] = row;
    }
    for (const base::OperationId& id : change.forget) {
        content.rows.erase(id);
    }
    if (change.host_epoch) {
        content.epochs[change.host_epoch->first] = change.host_epoch->second;
    }
    for (const devd::core::AuditRow& row : change.audit) {
        content.audit_holds = content.audit_holds && row.number == content.audit.number + 1 &&
                              row.hash == devd::core::audit_hash(content.audit.hash, row.text);
        content.audit = {row.number, row.hash};
    }
    if (change.retention_watermark_ms) {
        content.watermark_ms = *change.retention_watermark_ms;
    }
}

void SimStore::audit(const BookChange& change) {
    Trace& trace = scheduler_.trace();
    for (const OperationRow& row : change.put) {
        const auto before = newest_.rows.find(row.id);
        const std::string broken =
            broken_rule(before == newest_.rows.end() ? nullptr : &before->second, row);
        if (!broken.empty()) {
            findings_.add(fmt::format("book: {}: {}", row.id.to_text(), broken));
        }
        if (reader_) {
            reader_(before == newest_.rows.end() ? nullptr : &before->second, row);
        }
        if (trace.on()) {
            trace.say(scheduler_.now(), "book", "@{} {} {} attempt {} version {}{}", last_ + 1,
                      row.id.to_text().substr(24), contract::name_of(row.state), row.attempt,
                      row.version, row.acknowledged ? " acknowledged" : "");
        }
    }
    for (const base::OperationId& id : change.forget) {
        const auto before = newest_.rows.find(id);
        const bool settled = before == newest_.rows.end() || before->second.acknowledged ||
                             before->second.state == OperationState::never_accepted ||
                             before->second.state == OperationState::cancelled ||
                             before->second.state == OperationState::expired ||
                             before->second.state == OperationState::failed;
        if (!settled) {
            findings_.add(fmt::format("book: {} was forgotten unsettled", id.to_text()));
        }
    }
}

namespace {

bool may_follow(OperationState before, OperationState after) {
    using State = OperationState;
    switch (before) {
        case State::unspecified: return after == State::accepted || after == State::never_accepted;
        case State::accepted:
            return after == State::accepted || after == State::prepared || after == State::done ||
                   after == State::failed || after == State::cancelled || after == State::expired;
        case State::prepared:
            return after == State::prepared || after == State::in_doubt || after == State::done ||
                   after == State::accepted || after == State::failed;
        case State::in_doubt:
            return after == State::in_doubt || after == State::done || after == State::accepted ||
                   after == State::failed;
        case State::done: return after == State::done;
        case State::failed: return after == State::failed;
        case State::cancelled: return after == State::cancelled;
        case State::expired: return after == State::expired;
        case State::never_accepted: return after == State::never_accepted;
    }
    return false;
}

/// Only `printed` may still change in a result.
/// The paper may still come out, and the registrar's time may become known; nothing else changes.
bool same_result(std::optional<contract::OperationResult> before,
                 std::optional<contract::OperationResult> after) {
    auto* said = before ? std::get_if<contract::FiscalResult>(&*before) : nullptr;
    auto* now = after ? std::get_if<contract::FiscalResult>(&*after) : nullptr;
    if (said != nullptr && now != nullptr) {
        if (said->registered_at.empty()) {
            said->registered_at = now->registered_at;
        }
        said->printed = now->printed;
    }
    return before == after;
}

}  // namespace

std::string broken_rule(const OperationRow* before, const OperationRow& after) {
    const OperationState from = before == nullptr ? OperationState::unspecified : before->state;
    if (!may_follow(from, after.state)) {
        return fmt::format("{} follows {}", contract::name_of(after.state),
                           before == nullptr ? "nothing" : contract::name_of(from));
    }
    if ((after.state == OperationState::done) != after.result.has_value()) {
        return "done and having a result are not the same";
    }
    if (before == nullptr) {
        return {};
    }
    if (after.version <= before->version) {
        return "the version does not grow";
    }
    if (after.command != before->command || after.device != before->device ||
        after.sequence != before->sequence || after.content_hash != before->content_hash) {
        return "what was asked has changed";
    }
    if (before->acknowledged && !after.acknowledged) {
        return "an acknowledgement was taken back";
    }
    if (from == OperationState::done && !same_result(before->result, after.result)) {
        return "the result of an operation that was done has changed";
    }
    return {};
}

}  // namespace tillhost::simulation
