#include "sumpd/gateway/carrier.h"

#include <fmt/format.h>

#include <algorithm>

#include "ipc/json.h"
#include "sumpd/gateway/answers.h"
#include "sumpd/gateway/device_command.h"

namespace tillhost::sumpd::gateway {

using base::Effect;
using contract::OperationState;

namespace {

std::string text_of(const contract::Operation& operation) {
    const std::string why = operation.error ? operation.error->text : std::string();
    return fmt::format("{}{}{}", name_of(operation.state), why.empty() ? "" : ": ", why);
}

std::string json_of(const contract::Operation& operation) {
    return ipc::to_json(to_value(operation, contract::Style::readable), -1);
}

bool is_away(const base::Error& error) {
    return error.code == base::ErrorCode::no_daemon || error.code == base::ErrorCode::link_lost ||
           error.code == base::ErrorCode::deadline_passed;
}

bool is_over(const CommandRow& row) { return is_finished(row.stage) && !row.is_owed; }

/// Nothing is kept there under the id, nor will be.
bool is_not_there(const base::Error& error) {
    return error.code == base::ErrorCode::unknown_operation ||
           error.code == base::ErrorCode::id_too_old;
}

/// Final at devd, and nobody knows: what has no money is not asked about any more.
bool is_not_known(const contract::Operation& operation) {
    return operation.error && operation.error->effect == Effect::unknown;
}

bool may_succeed(const base::Error& error) {
    return is_away(error) || error.reaction == base::Reaction::retry_later ||
           error.reaction == base::Reaction::reconnect;
}

}  // namespace

CommandRow with_end(CommandRow row, const contract::Operation& operation) {
    const bool is_done = operation.state == OperationState::done;
    row.stage = is_done ? Stage::done : Stage::failed;
    row.result = json_of(operation);
    row.error = is_done ? "" : text_of(operation);
    return row;
}

void Carrier::add(CommandRow row) {
    // In an earlier life it may have been submitted.
    const bool may_have_arrived = row.stage != Stage::queued;
    const std::string id = row.id;
    works_.try_emplace(id, Work{.row = std::move(row), .may_have_arrived = may_have_arrived});
}

void Carrier::decided(CommandRow row) {
    const std::string id = row.id;
    works_.insert_or_assign(id, Work{.row = std::move(row), .may_have_arrived = true});
}

bool Carrier::turn(const std::function<bool()>& is_stopping) {
    has_moved_ = false;
    is_away_ = false;
    for (auto at = works_.begin(); at != works_.end();) {
        // A host that does not answer is asked once a turn, not once a command.
        if (is_away_ || is_stopping()) {
            break;
        }
        if (parts_.clock.now() >= at->second.look_at) {
            step(at->second);
        }
        at = is_over(at->second.row) ? works_.erase(at) : std::next(at);
    }
    return has_moved_;
}

bool Carrier::is_late(const Work& work) const {
    return parts_.clock.unix_ms() >= work.row.start_before_ms;
}

void Carrier::step(Work& work) {
    work.look_at = parts_.clock.now() + kLookEvery;
    if (work.row.is_owed) {
        after_decision(work);
    } else if (work.is_accepted) {
        look(work);
    } else if (work.row.stage == Stage::orphaned) {
        ask_again(work);
    } else if (is_late(work)) {
        overdue(work);
    } else {
        hand_over(work);
    }
}

void Carrier::put(Work& work, Stage stage, std::string result, std::string error) {
    CommandRow row = work.row;
    row.stage = stage;
    row.result = std::move(result);
    row.error = std::move(error);
    write(work, std::move(row));
}

void Carrier::write(Work& work, CommandRow row) {
    if (row == work.row) {
        return;
    }
    const auto written = parts_.book.update(row);
    if (!written) {
        // Nothing has changed then: the next look tries the same again.
        parts_.logger.warning("a command cannot be written",
                              {{"command", row.id}, {"error", written.error().message}});
        work.look_at = parts_.clock.now() + kLookRarely;
        return;
    }
    work.row = std::move(row);
    has_moved_ = true;
}

void Carrier::hand_over(Work& work) {
    // Who gave it had the right to it when it was written.
    const auto command = command_of(work.row.op, work.row.payload, contract::Role::administrator);
    const auto id = base::OperationId::from_text(work.row.id);
    if (!command || !id) {  // this version reads less than the one that wrote it
        if (work.row.stage == Stage::queued) {
            put(work, Stage::failed, "", "the command cannot be read any more");
        } else {
            settle(work);
        }
        return;
    }
    if (work.row.stage == Stage::queued && !mark_as_handed(work)) {
        return;
    }
    // devd's own guard against equal operations is for one program; the apps behind this one may
    // well sell the same at the same time. The book has looked at each app's own.
    client::OperationOptions options;
    options.operation_id = *id;
    options.start_before_ms = work.row.start_before_ms;
    options.force = true;
    const auto told =
        parts_.port.submit(handed(work), *command, options, parts_.clock.now() + kAskMax);
    if (told) {
        work.is_accepted = true;
        apply(work, *told);
    } else {
        on_error(work, told.error());
    }
}

/// To which book, on disk before anything is sent there.
bool Carrier::mark_as_handed(Work& work) {
    const auto book = parts_.port.book(parts_.clock.now() + kAskMax);
    if (!book) {
        base::Error error = book.error();
        error.effect = Effect::none;  // nothing was handed over
        on_error(work, error);
        return false;
    }
    CommandRow row = work.row;
    row.stage = Stage::handed;
    row.error.clear();
    row.book = *book;
    write(work, std::move(row));
    return work.row.stage == Stage::handed;
}

Handed Carrier::handed(const Work& work) {
    return {.id = base::OperationId::from_text(work.row.id).value_or(base::OperationId()),
            .device = work.row.device_ref,
            .book = work.row.book};
}

void Carrier::look(Work& work) {
    const auto told = parts_.port.operation(handed(work), parts_.clock.now() + kAskMax);
    if (told) {
        work.is_accepted = true;
        apply(work, *told);
        return;
    }
    if (told.error().code == base::ErrorCode::unknown_operation) {
        work.is_accepted = false;  // another book than the one that had it: handed over or settled
    }
    not_told(work, told.error());
}

/// A person has to see what cannot be told by asking again.
void Carrier::not_told(Work& work, const base::Error& error) {
    work.look_at = parts_.clock.now() + kLookRarely;
    is_away_ = is_away(error);
    if (!may_succeed(error)) {
        put(work, Stage::orphaned, "", base::to_text(error));
    }
}

/// What certainly never arrived failed; of the rest devd knows, and makes sure that nothing comes.
void Carrier::overdue(Work& work) {
    if (work.row.stage == Stage::queued) {
        put(work, Stage::failed, "", "it was not begun in time");
    } else if (work.row.device_ref.empty()) {
        // A sale cannot be settled where devices of other hosts are used. Handed over again it is
        // told, or refused for its time: then nothing of it is there, and nothing can come.
        hand_over(work);
    } else {
        settle(work);
    }
}

void Carrier::settle(Work& work) {
    const auto told = parts_.port.settle(handed(work), parts_.clock.now() + kAskMax);
    if (told) {
        work.is_accepted = true;
        apply(work, *told);
    } else {
        not_told(work, told.error());
    }
}

/// What is under its id in the book that answers now, though the row names another: a fence that
/// was put up behind a copy names the older of two. A tombstone there says nothing about the other.
/// Never submitted by this; the book stands in the row first.
bool Carrier::is_in_present_book(Work& work) {
    const os::Deadline end = parts_.clock.now() + kAskMax;
    const auto book = parts_.port.book(end);
    if (!book || *book == work.row.book) {
        return false;
    }
    Handed there = handed(work);
    there.book = *book;  // both answers are of one book
    const auto told = parts_.port.operation(there, end);
    if (!told || told->state == OperationState::never_accepted) {
        return false;
    }
    CommandRow row = work.row;
    row.book = *book;
    write(work, std::move(row));
    if (work.row.book == *book) {
        work.is_accepted = true;
        apply(work, *told);
    }
    return true;
}

/// Of one that waits for a person, too, and is therefore never handed over again while devd could
/// begin it.
void Carrier::ask_again(Work& work) {
    if (is_in_present_book(work)) {
        return;
    }
    if (!work.row.device_ref.empty()) {
        settle(work);
    } else if (is_late(work)) {
        overdue(work);
    } else {
        look(work);
    }
}

/// Writes what devd told of a decided one; false: it is not written, and the next look tells it
/// again.
bool Carrier::keep(Work& work, CommandRow row) {
    if (row == work.row) {
        return true;
    }
    const auto written = parts_.book.told_by_devd(row, parts_.audit);
    if (!written) {
        parts_.logger.warning("what devd says of a decided command cannot be written",
                              {{"command", row.id}, {"error", written.error().message}});
        return false;
    }
    work.row = std::move(row);
    has_moved_ = true;
    return true;
}

bool Carrier::is_acknowledged(Work& work, const contract::Operation& operation) {
    if (operation.state == OperationState::never_accepted) {
        return true;  // a tombstone: nothing is kept of it
    }
    const auto told = parts_.port.acknowledge(handed(work), parts_.clock.now() + kAskMax);
    is_away_ = !told && is_away(told.error());
    return told || is_not_there(told.error());
}

void Carrier::after_decision(Work& work) {
    work.look_at = parts_.clock.now() + kLookDecided;
    const os::Deadline end = parts_.clock.now() + kAskMax;
    // What devd does not know is made sure of, so that nothing comes late of what somebody has
    // replaced meanwhile; a sale cannot be, where devices of other hosts are used.
    const auto told = work.row.device_ref.empty() ? parts_.port.operation(handed(work), end)
                                                  : parts_.port.settle(handed(work), end);
    CommandRow row = work.row;
    if (!told) {
        is_away_ = is_away(told.error());
        row.is_owed = !is_not_there(told.error());
        keep(work, std::move(row));
        return;
    }
    if (!client::is_final(told->state)) {
        return;  // under way, or in doubt there, where it is settled
    }
    const bool is_done = told->state == OperationState::done;
    if (!is_not_known(*told) && is_done == (row.stage == Stage::done)) {
        row.result = json_of(*told);
    } else if (!is_not_known(*told) && row.device_says.empty()) {
        row.device_says = text_of(*told);
        parts_.logger.warning("a device says otherwise than a person has decided",
                              {{"command", row.id}, {"device_says", row.device_says}});
    }
    if (!keep(work, row) || !is_acknowledged(work, *told)) {
        return;
    }
    row.is_owed = false;
    keep(work, std::move(row));
}

/// Only of a terminal without a link is a doubt the usual course: its result stands on its paper.
bool Carrier::waits_for_person(const Work& work) {
    if (work.row.asks_person) {
        return true;
    }
    const auto devices = parts_.port.devices(parts_.clock.now() + kAskMax);
    return devices && std::any_of(devices->begin(), devices->end(), [&](const auto& one) {
               return one.device == work.row.device_ref && one.driver == kManualDriver;
           });
}

void Carrier::apply_doubt(Work& work, const contract::Operation& operation) {
    CommandRow row = work.row;
    row.stage = Stage::unknown;
    row.result.clear();
    row.error = text_of(operation);
    row.asks_person = waits_for_person(work);
    write(work, std::move(row));
    work.look_at = parts_.clock.now() + kLookRarely;
}

void Carrier::apply(Work& work, const contract::Operation& operation) {
    if (operation.state == OperationState::in_doubt) {
        apply_doubt(work, operation);
        return;
    }
    if (!client::is_final(operation.state)) {
        if (work.row.stage == Stage::orphaned) {
            put(work, Stage::handed, "", "");  // devd will tell: no person has to decide
        }
        return;
    }
    if (is_not_known(operation)) {
        put(work, Stage::orphaned, json_of(operation), text_of(operation));
        work.look_at = parts_.clock.now() + kLookRarely;
        return;
    }
    write(work, with_end(work.row, operation));
    if (is_finished(work.row.stage) && operation.state != OperationState::never_accepted) {
        // Not told: devd keeps it longer, and nothing else comes of it.
        static_cast<void>(parts_.port.acknowledge(handed(work), parts_.clock.now() + kAskMax));
    }
}

/// devd has not taken it: refused, not reached, or nobody knows. An answer that says "not taken" is
/// about this attempt; once one may have arrived, only devd's word about the id counts.
void Carrier::on_error(Work& work, const base::Error& error) {
    work.look_at = parts_.clock.now() + kLookRarely;
    is_away_ = is_away(error);
    if (error.effect != Effect::none) {
        work.may_have_arrived = true;
        return;
    }
    const bool is_other_book = error.code == base::ErrorCode::other_book;
    // What is too old devd may have carried out and forgotten since.
    const bool is_forgotten = error.code == base::ErrorCode::id_too_old;
    if (work.may_have_arrived && (is_other_book || is_forgotten)) {
        not_told(work, error);
        return;
    }
    if (work.may_have_arrived && may_succeed(error)) {
        return;
    }
    const bool is_late_sale = work.row.device_ref.empty() && is_late(work);
    if (work.may_have_arrived && !is_late_sale) {
        settle(work);
        return;
    }
    put(work, may_succeed(error) || is_other_book ? Stage::queued : Stage::failed, "",
        base::to_text(error));
}

}  // namespace tillhost::sumpd::gateway
