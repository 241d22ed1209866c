#include "tests/conformance/terminal_world.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "ipc/contract/payment_rules.h"

namespace tillhost::conformance {

using namespace std::chrono_literals;
using simulators::CardTransactionKind;
using simulators::CardTransactionState;

const std::vector<TerminalOperation>& terminal_operations() {
    static const std::vector<TerminalOperation> list{
        {"authorise", CardTransactionKind::payment},
        {"reverse", CardTransactionKind::reversal, true},
        {"refund", CardTransactionKind::refund},
        {"end_of_day", CardTransactionKind::day_end, true},
        {"first_payment", CardTransactionKind::payment, false, true},
    };
    return list;
}

TerminalWorld::TerminalWorld(const TerminalSubject& subject) : subject_(subject) {
    device = subject.make_device();
    cable.emplace(*device, clock, 300ms);
    if (subject.socket) {
        cable->be_a_socket();
    }
}

base::Result<device::Opened> TerminalWorld::open(const std::optional<contract::Pending>& pending) {
    driver_.reset();
    driver_ = TRY(subject_.driver->make(subject_.settings, cable->connector(), clock));
    return driver_->open(pending, book, clock.now() + 300s);
}

base::Result<contract::OperationResult> TerminalWorld::execute(const contract::Command& command) {
    return driver_->execute(command, book, clock.now() + 900s);
}

base::Result<contract::Resolution> TerminalWorld::resolve(const contract::Pending& pending) {
    return driver_->resolve(pending, book, clock.now() + 180s);
}

base::Result<contract::TerminalStatus> TerminalWorld::status() {
    const auto status = TRY(driver_->query(contract::StatusQuery{}, clock.now() + 120s));
    return std::get<contract::TerminalStatus>(status);
}

base::Result<contract::PaymentResult> TerminalWorld::pay(std::int64_t amount_minor, bool partial) {
    const auto result = TRY(execute(contract::Authorise{amount_minor, kTerminalCurrency, partial}));
    return std::get<contract::PaymentResult>(result);
}

void TerminalWorld::begin(const TerminalOperation& operation) {
    const auto opened = open();
    ASSERT_TRUE(opened) << base::to_text(opened.error());
    // A terminal that never had a transaction tells none, and nothing can be compared with it.
    constexpr std::int64_t kEarlier = 700;
    for (const std::int64_t amount : {kEarlier, kPrice}) {
        if (operation.first || (amount == kPrice && !operation.needs_payment)) {
            break;
        }
        const auto paid = pay(amount);
        ASSERT_TRUE(paid) << base::to_text(paid.error());
        paid_ = *paid;
        book.begin_next();
        cable->run_for(2s);
    }
}

contract::Command TerminalWorld::command_of(const TerminalOperation& operation) const {
    switch (operation.kind) {
        case CardTransactionKind::payment: return contract::Authorise{kPrice, kTerminalCurrency};
        case CardTransactionKind::refund: return contract::Refund{kPrice, kTerminalCurrency};
        case CardTransactionKind::reversal: return contract::reversal_of(paid_, {});
        case CardTransactionKind::day_end: return contract::EndOfDay{};
    }
    return contract::EndOfDay{};
}

base::Result<contract::OperationResult> TerminalWorld::carry_out(
    const TerminalOperation& operation) {
    return execute(command_of(operation));
}

std::string TerminalWorld::compare(const contract::OperationResult& result,
                                   const TerminalOperation& operation) const {
    const auto& all = device->transactions();
    const auto found = std::find_if(all.rbegin(), all.rend(), [&](const auto& transaction) {
        return transaction.kind == operation.kind &&
               transaction.state == CardTransactionState::stored;
    });
    if (found == all.rend()) {
        return "there is no such transaction";
    }
    if (const auto* day = std::get_if<contract::EndOfDayResult>(&result)) {
        return day->amount_minor == 0 || day->amount_minor == found->amount_minor
                   ? ""
                   : fmt::format("the day's sum is {}", day->amount_minor);
    }
    const auto& payment = std::get<contract::PaymentResult>(result);
    const bool fits = payment.amount_minor == found->amount_minor &&
                      payment.receipt_number == found->receipt_number &&
                      payment.terminal_id == device->terminal_state().terminal_id &&
                      payment.currency == kTerminalCurrency;
    return fits ? ""
                : fmt::format("the result is not the transaction: {} under {} is {} under {}",
                              payment.amount_minor, payment.receipt_number, found->amount_minor,
                              found->receipt_number);
}

bool TerminalWorld::may_stay_open(const TerminalOperation& operation) const {
    return subject_.keeps_unconfirmed || operation.first;
}

void TerminalWorld::heal() {
    cable->kill_at(0);
    cable->cancel_at(0);
    cable->break_off_at(0);
    book.kill_at = 0;
    book.abort_wanted = false;
    fault("clear");
    device->power(true, clock.now());
}

void TerminalWorld::fault(std::string_view name,
                          const std::vector<std::pair<std::string, std::string>>& keys) {
    const auto parsed = simulators::parse_fault(name, keys);
    ASSERT_TRUE(parsed) << base::to_text(parsed.error());
    const auto injected = device->inject(*parsed, clock.now());
    ASSERT_TRUE(injected) << base::to_text(injected.error());
}

bool TerminalWorld::supports(const TerminalOperation& operation) const {
    TerminalWorld other(subject_);
    other.begin(operation);
    const auto done = other.carry_out(operation);
    EXPECT_TRUE(done || done.error().code == base::ErrorCode::not_supported)
        << operation.name << ": " << base::to_text(done.error());
    return done.has_value();
}

std::size_t TerminalWorld::stored(CardTransactionKind kind) const {
    const auto& all = device->transactions();
    return static_cast<std::size_t>(std::count_if(all.begin(), all.end(), [&](const auto& each) {
        return each.kind == kind && each.state == CardTransactionState::stored;
    }));
}

}  // namespace tillhost::conformance
