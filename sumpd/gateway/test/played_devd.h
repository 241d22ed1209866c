#pragma once

#include <map>
#include <random>
#include <set>
#include <vector>

#include "hal/os/clock.h"
#include "sumpd/gateway/device_port.h"

namespace tillhost::sumpd::gateway {

using contract::Operation;
using contract::OperationState;

inline base::Error lost() {
    return base::make_error(base::ErrorCode::link_lost, "lost", base::Effect::unknown);
}
inline base::Error other() { return base::make_error(base::ErrorCode::other_book, ""); }
inline base::Error nobody() {
    return base::make_error(base::ErrorCode::no_daemon, "nobody listens");
}

struct Killed {};

/// devd's book and one device, moved by chance. Messages get lost before or behind it, or arrive
/// late; the caller is killed around any call.
class PlayedDevd final : public DevicePort {
public:
    PlayedDevd(std::mt19937_64& chance, const os::Clock& clock) : chance_(chance), clock_(clock) {}

    bool one_in(unsigned n) { return is_wild && chance_() % n == 0; }
    void may_kill() {
        if (one_in(12)) {
            throw Killed{};
        }
    }

    base::Result<std::vector<contract::Device>> devices(os::Deadline) override { return listed; }

    base::Result<std::int64_t> book(os::Deadline) override {
        may_kill();
        return one_in(4) ? base::Result<std::int64_t>(lost()) : base::Result<std::int64_t>(book_);
    }

    base::Result<Operation> submit(const Handed& to, const contract::Command&,
                                   const client::OperationOptions& options, os::Deadline) override {
        may_kill();
        ++submits;
        if (one_in(4)) {
            return nobody();
        }
        if (to.book != book_ && to.book != 0) {
            return other();
        }
        if (const auto refused = unknown_for_good(to.id)) {
            return *refused;
        }
        // The device is part of an operation's content.
        if (const auto at = operations.find(to.id);
            at != operations.end() && at->second.device != to.device) {
            return base::make_error(base::ErrorCode::conflict, "");
        }
        if (one_in(5)) {
            if (one_in(2)) {
                late_.emplace_back(to.device, options);
            }
            return lost();
        }
        const Operation told = take(to.device, options);
        may_kill();
        return one_in(4) ? base::Result<Operation>(lost()) : base::Result<Operation>(told);
    }

    base::Result<Operation> operation(const Handed& of, os::Deadline) override {
        may_kill();
        move_all();
        if (one_in(4)) {
            return one_in(2) ? nobody() : lost();
        }
        if (of.book != book_ && of.book != 0) {
            return other();
        }
        const auto at = operations.find(of.id);
        return at == operations.end() ? base::Result<Operation>(base::make_error(
                                            base::ErrorCode::unknown_operation, ""))
                                      : base::Result<Operation>(at->second);
    }

    base::Result<Operation> settle(const Handed& of, os::Deadline) override {
        may_kill();
        if (one_in(4)) {
            return nobody();
        }
        if (of.book != book_ && of.book != 0) {
            return other();
        }
        if (const auto refused = unknown_for_good(of.id)) {
            return *refused;
        }
        if (operations.count(of.id) == 0) {
            Operation none;
            none.operation_id = of.id;
            none.device = of.device;
            none.state = OperationState::never_accepted;
            operations[of.id] = none;
        }
        may_kill();
        return one_in(4) ? base::Result<Operation>(lost())
                         : base::Result<Operation>(operations.at(of.id));
    }

    base::Result<Operation> decide(const Handed& of, const client::Client::Decision& decision,
                                   os::Deadline) override {
        may_kill();
        Operation& now = operations.at(of.id);
        if (decision.version != now.version || now.state != OperationState::in_doubt) {
            return base::make_error(base::ErrorCode::wrong_state, "");
        }
        decisions.push_back(decision);
        if (decision.payment && decision.payment->amount_minor != 1250) {
            return base::bad_field("payment.amount_minor", "1250, as was asked for");
        }
        ++now.version;
        now.state = decision.payment ? OperationState::done : OperationState::failed;
        if (decision.payment) {
            contract::PaymentResult paid;
            paid.amount_minor = decision.payment->amount_minor;
            paid.receipt_number = decision.payment->receipt_number;
            now.result = contract::OperationResult(paid);
        }
        return now;
    }

    base::Done acknowledge(const Handed& of, os::Deadline) override {
        may_kill();
        if (one_in(4)) {
            return nobody();
        }
        if (of.book != book_) {
            return other();
        }
        const auto at = operations.find(of.id);
        if (at == operations.end()) {
            return base::make_error(base::ErrorCode::unknown_operation, "");
        }
        if (!client::is_final(at->second.state)) {
            return base::make_error(base::ErrorCode::wrong_state, "");
        }
        acknowledged.insert(of.id);
        may_kill();
        return one_in(4) ? base::Done(lost()) : base::Done();
    }

    /// Its book is emptied, or it was moved: a new one, which knows nothing. The device goes on
    /// with what it had begun.
    void lose_book() {
        move_all();
        former_[book_] = std::move(operations);
        operations.clear();
        late_.clear();  // a message of a former session is refused
        book_ = ++last_book_;
    }

    /// It has the operation, as if it had been handed over.
    void put_in_book(const base::OperationId& id, std::int64_t start_before_ms) {
        client::OperationOptions options;
        options.operation_id = id;
        options.start_before_ms = start_before_ms;
        take("kassa", options);
    }

    /// The devd with that book is back.
    void bring_back(std::int64_t book) {
        former_[book_] = std::move(operations);
        operations = std::move(former_[book]);
        late_.clear();
        book_ = book;
    }

    /// Acknowledged, and past the time for which its book keeps operations.
    void forget(const base::OperationId& id) {
        operations.erase(id);
        forgotten.insert(id);
    }

    void take_copy() {
        copy_ = operations;
        copy_book_ = book_;
    }
    /// Behind its fence it takes no id that it does not know; what was under way a person decides.
    void restore_copy() {
        move_all();
        operations = copy_;
        book_ = copy_book_;
        late_.clear();
        fence_ms_ = clock_.unix_ms() + 5 * 60 * 1000;
        for (auto& [id, operation] : operations) {
            if (!client::is_final(operation.state)) {
                operation.state = OperationState::in_doubt;
                asked_of_person.insert(id);
            }
        }
    }

    /// What was on its way arrives.
    void deliver_late() {
        for (const auto& [device, options] : late_) {
            if (!unknown_for_good(options.operation_id)) {
                take(device, options);
            }
        }
        late_.clear();
    }

    /// The device goes on.
    void move_all() {
        for (auto& [id, operation] : operations) {
            if (stands_still) {
                break;
            }
            if (asked_of_person.count(id) == 0) {
                move(operation);
            }
        }
    }

    std::map<base::OperationId, Operation> operations;
    std::map<base::OperationId, int> executed;
    std::set<base::OperationId> acknowledged;
    std::set<base::OperationId> forgotten;  ///< its watermark has passed them
    std::set<base::OperationId> asked_of_person;
    std::vector<client::Client::Decision> decisions;
    std::vector<contract::Device> listed{{.device = "kassa", .driver = "fiscal/toy"},
                                         {.device = "pos", .driver = "payment/toy"},
                                         {.device = "byhand", .driver = "payment/manual"}};
    int submits = 0;
    bool is_wild = true;
    bool stands_still = false;

private:
    std::optional<base::Error> unknown_for_good(const base::OperationId& id) const {
        if (operations.count(id) != 0) {
            return std::nullopt;
        }
        if (static_cast<std::int64_t>(id.unix_ms()) < fence_ms_) {
            return base::make_error(base::ErrorCode::book_restored, "", base::Effect::unknown);
        }
        return forgotten.count(id) != 0
                   ? std::optional(base::make_error(base::ErrorCode::id_too_old, ""))
                   : std::nullopt;
    }

    Operation take(const std::string& device, const client::OperationOptions& options) {
        const auto [at, is_new] = operations.try_emplace(options.operation_id);
        if (is_new) {
            at->second.operation_id = options.operation_id;
            at->second.device = device;
            at->second.state = clock_.unix_ms() < options.start_before_ms ? OperationState::accepted
                                                                          : OperationState::expired;
        }
        return at->second;
    }

    void move(Operation& operation) {
        if (operation.state == OperationState::accepted && !one_in(2)) {
            operation.state = OperationState::prepared;
        } else if (operation.state == OperationState::prepared ||
                   operation.state == OperationState::in_doubt) {
            const unsigned way = static_cast<unsigned>(chance_() % (is_wild ? 4 : 2));
            if (way == 0) {
                ++executed[operation.operation_id];
                operation.state = OperationState::done;
            } else if (way == 1) {
                operation.state = OperationState::failed;
            } else {
                operation.state = OperationState::in_doubt;
            }
        }
    }

    std::mt19937_64& chance_;
    const os::Clock& clock_;
    std::int64_t book_ = 1;
    std::int64_t last_book_ = 1;
    std::map<std::int64_t, std::map<base::OperationId, Operation>> former_;
    std::int64_t copy_book_ = 1;
    std::vector<std::pair<std::string, client::OperationOptions>> late_;
    std::map<base::OperationId, Operation> copy_;
    std::int64_t fence_ms_ = 0;
};

}  // namespace tillhost::sumpd::gateway
