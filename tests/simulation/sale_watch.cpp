#include "tests/simulation/sale_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <variant>

namespace tillhost::simulation {

SaleWatch::Questions SaleWatch::count_questions() const {
    Questions questions;
    for (const auto& counter : counters_) {
        if (counter->registrar() != nullptr) {
            questions[counter->id()] = counter->watch().questions();
        }
    }
    return questions;
}

void SaleWatch::read(const devd::core::OperationRow* before, const devd::core::OperationRow& now) {
    if (before != nullptr || !now.command) {
        return;
    }
    if (std::holds_alternative<contract::Sale>(*now.command)) {
        asked_before_[now.id] = count_questions();
    } else if (now.parent && std::holds_alternative<contract::Authorise>(*now.command)) {
        read_step(now);
    }
}

/// A charge: some registrar has been asked since the sale came in.
void SaleWatch::read_step(const devd::core::OperationRow& step) {
    const auto sale = asked_before_.find(*step.parent);
    if (sale == asked_before_.end()) {
        findings_.add(
            fmt::format("sale: {} has a step before it was accepted", step.parent->to_text()));
        return;
    }
    const Questions now = count_questions();
    const bool asked = std::any_of(now.begin(), now.end(), [&](const auto& device) {
        return device.second > sale->second[device.first];
    });
    if (!asked) {
        findings_.add(fmt::format("sale: {} charges a card before any registrar was asked",
                                  step.parent->to_text()));
    }
}

}  // namespace tillhost::simulation
