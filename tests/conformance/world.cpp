#include "tests/conformance/world.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace tillhost::conformance {

using namespace std::chrono_literals;
using simulators::FiscalDocumentType;

contract::Receipt receipt_of(std::int64_t price_minor) {
    contract::Receipt receipt;
    receipt.kind = contract::ReceiptKind::sale;
    contract::ReceiptLine& line = receipt.lines.emplace_back();
    line.name = "bread";
    line.price_minor = price_minor;
    line.quantity_units = 1;
    line.vat = contract::Vat::no_vat;
    receipt.payments.push_back({contract::PaymentKind::cash, price_minor + 50});
    return receipt;
}

const std::vector<Operation>& operations() {
    static const std::vector<Operation> list{
        {"receipt", receipt_of(25'015), FiscalDocumentType::receipt},
        {"open_shift", contract::OpenShift{}, FiscalDocumentType::shift_open},
        {"close_shift", contract::CloseShift{}, FiscalDocumentType::shift_close},
        {"cash_in", contract::CashIn{12'300, "RUB"}, FiscalDocumentType::cash_in},
        {"cash_out", contract::CashOut{4'500, "RUB"}, FiscalDocumentType::cash_out},
    };
    return list;
}

World::World(const Subject& subject, std::vector<contract::Setting> more)
    : subject_(subject), settings_(subject.settings) {
    settings_.insert(settings_.end(), more.begin(), more.end());
    device = MUST(subject.simulator->make({}));
    cable.emplace(*device, clock, 300ms);
}

base::Result<device::Opened> World::open(const std::optional<contract::Pending>& pending) {
    driver_.reset();
    driver_ = TRY(subject_.driver->make(settings_, cable->connector(), clock));
    return driver_->open(pending, book, clock.now() + 300s);
}

base::Result<contract::FiscalResult> World::execute(const contract::Command& command) {
    const auto result = TRY(driver_->execute(command, book, clock.now() + 120s));
    return std::get<contract::FiscalResult>(result);
}

base::Result<contract::Resolution> World::resolve(const contract::Pending& pending) {
    return driver_->resolve(pending, book, clock.now() + 120s);
}

base::Result<contract::FiscalStatus> World::status() {
    const auto status = TRY(driver_->query(contract::StatusQuery{}, clock.now() + 60s));
    return std::get<contract::FiscalStatus>(status);
}

base::Result<contract::ClassStatus> World::would_take(const contract::Receipt& receipt) {
    return driver_->query(contract::ReceiptCheckQuery{receipt}, clock.now() + 60s);
}

void World::begin_day() {
    ASSERT_TRUE(open());
    for (const contract::Command& command : {contract::Command(contract::OpenShift{}),
                                             contract::Command(contract::CashIn{100'000, "RUB"})}) {
        const auto done = execute(command);
        ASSERT_TRUE(done || done.error().code == base::ErrorCode::not_supported)
            << base::to_text(done.error());
        cable->run_for(2s);
    }
    book = {};
}

void World::begin(const Operation& operation) {
    if (operation.type != FiscalDocumentType::shift_open) {
        begin_day();
    }
    EXPECT_TRUE(open());
    book = {};
}

base::Result<contract::OperationResult> World::carry_out(const Operation& operation) {
    return contract::OperationResult(TRY(execute(operation.command)));
}

std::string World::compare(const contract::OperationResult& result,
                           const Operation& operation) const {
    return compare(std::get<contract::FiscalResult>(result), operation.type);
}

bool World::supports(const Operation& operation) const {
    World other(subject_);
    if (operation.type == FiscalDocumentType::shift_open) {
        EXPECT_TRUE(other.open());
    } else {
        other.begin_day();
    }
    const auto done = other.execute(operation.command);
    EXPECT_TRUE(done || done.error().code == base::ErrorCode::not_supported)
        << operation.name << ": " << base::to_text(done.error());
    return done.has_value();
}

void World::fault(std::string_view name,
                  const std::vector<std::pair<std::string, std::string>>& keys) {
    const auto parsed = simulators::parse_fault(name, keys);
    ASSERT_TRUE(parsed) << base::to_text(parsed.error());
    const auto injected = device->inject(*parsed, clock.now());
    ASSERT_TRUE(injected) << base::to_text(injected.error());
}

void World::heal() {
    cable->kill_at(0);
    cable->cancel_at(0);
    book.kill_at = 0;
    fault("clear");
    device->power(true, clock.now());
}

std::size_t World::count(FiscalDocumentType type) const {
    const auto& all = device->documents();
    return static_cast<std::size_t>(std::count_if(
        all.begin(), all.end(), [&](const auto& document) { return document.type == type; }));
}

std::string World::compare(const contract::FiscalResult& result, FiscalDocumentType type) const {
    const auto& all = device->documents();
    const auto found = std::find_if(all.rbegin(), all.rend(),
                                    [&](const auto& document) { return document.type == type; });
    if (found == all.rend()) {
        return "there is no such document";
    }
    bool fits = result.registered;
    fits = fits && (found->number == 0 || result.fiscal_document_number == found->number);
    fits = fits && (found->sign == 0 || result.fiscal_sign == found->sign);
    if (type == FiscalDocumentType::receipt) {
        fits = fits && result.total_minor == found->total_minor && result.change_minor == 50;
    }
    return fits ? ""
                : fmt::format("the result is not the document: number {} total {} change {}",
                              result.fiscal_document_number, result.total_minor,
                              result.change_minor);
}

}  // namespace tillhost::conformance
