#include "tests/chaos/seller.h"

#include <fmt/format.h>

namespace tillhost::chaos {
namespace {

using base::Done;
using base::ErrorCode;
using base::make_error;
using base::Result;
using contract::OperationState;

constexpr std::int64_t kFirstTotalMinor = 10'000;
/// A sale that is not over after this is lost.
constexpr os::Duration kPatience = std::chrono::minutes(4);
constexpr os::Duration kCallTime = std::chrono::seconds(20);
constexpr os::Duration kPause = std::chrono::milliseconds(20);
/// A refusal that a till takes as "try the sale anew": the line was bad, the paper was out, ….
constexpr int kRenewalsMax = 50;

contract::Receipt receipt_of(std::int64_t total_minor) {
    contract::Receipt receipt;
    receipt.kind = contract::ReceiptKind::sale;
    contract::ReceiptLine line;
    line.name = "bread";
    line.price_minor = total_minor - 5000;
    line.quantity_units = 1;
    line.vat = contract::Vat::no_vat;
    receipt.lines.push_back(line);
    line.name = "milk";
    line.price_minor = 2500;
    line.quantity_units = 2;
    receipt.lines.push_back(line);
    receipt.payments.push_back({contract::PaymentKind::cash, total_minor});
    return receipt;
}

}  // namespace

Result<client::Client*> Seller::client() {
    if (!client_) {
        client_ = TRY(client::Client::connect({.endpoint = endpoint_, .name = "chaos till"}, clock_,
                                              clock_.now() + kCallTime));
    }
    return client_.get();
}

Result<client::Client*> Seller::client_by(os::Deadline deadline) {
    while (!client() && clock_.now() < deadline) {
        clock_.sleep_until(clock_.now() + kPause);
    }
    return client();
}

Done Seller::open_shift() {
    client::OperationOptions options{};
    options.operation_id = client::make_operation_id(clock_);
    const auto deadline = clock_.now() + kPatience;
    client::Client* till = TRY(client_by(deadline));
    contract::SetLayout layout;
    layout.header = {"Chaos"};
    layout.footer = {"and order"};
    client::OperationOptions other{};
    other.operation_id = client::make_operation_id(clock_);
    TRY(till->carry_out(device_, layout, other, deadline));
    TRY(till->acknowledge(other.operation_id, deadline));
    TRY(till->check_device(device_, deadline));
    const auto opened = TRY(till->carry_out(device_, contract::OpenShift{}, options, deadline));
    if (opened.state != OperationState::done) {
        return make_error(ErrorCode::wrong_state,
                          opened.error ? opened.error->text : "the shift did not open");
    }
    TRY(till->acknowledge(options.operation_id, deadline));
    return {};
}

Done Seller::sell(int count) {
    for (int i = 0; i < count; ++i) {
        sales_.push_back({kFirstTotalMinor + i, {}, OperationState::unspecified, 0, 0});
        TRY(sell_one(sales_.back()));
        sold_ = i + 1;
    }
    return {};
}

Done Seller::sell_one(Sale& sale) {
    for (int i = 0; i < kRenewalsMax; ++i) {
        const base::OperationId id = client::make_operation_id(clock_);
        sale.ids.push_back(id);
        const contract::Operation ended = TRY(to_the_end(sale, id));
        sale.told = ended.state;
        if (const auto acknowledging = client(); acknowledging) {
            // Lost acknowledgements only keep the row longer.
            static_cast<void>((*acknowledging)->acknowledge(id, clock_.now() + kCallTime));
        }
        if (ended.state == OperationState::done) {
            const auto& result = std::get<contract::FiscalResult>(*ended.result);
            sale.document_number = result.fiscal_document_number;
            sale.sign = result.fiscal_sign;
            return {};
        }
        ++renewed_;
        clock_.sleep_until(clock_.now() + kPause);
    }
    return make_error(ErrorCode::device_failed,
                      fmt::format("the sale of {} was refused again and again", sale.total_minor));
}

Result<contract::Operation> Seller::to_the_end(const Sale& sale, const base::OperationId& id) {
    const os::Deadline patience = clock_.now() + kPatience;
    std::string last = "nothing";
    while (clock_.now() < patience) {
        const auto stands = hand_over(sale, id);
        if (stands && client::is_final(stands->state)) {
            return stands;
        }
        if (stands && stands->state == OperationState::in_doubt) {
            decide(sale, *stands);
        }
        last =
            stands ? std::string(contract::name_of(stands->state)) : base::to_text(stands.error());
        clock_.sleep_until(clock_.now() + kPause);
    }
    return make_error(ErrorCode::deadline_passed,
                      fmt::format("the sale of {} under {} came to no end; last: {}",
                                  sale.total_minor, id.to_text(), last));
}

/// The same id and content as often as needed: that is what ids are for.
Result<contract::Operation> Seller::hand_over(const Sale& sale, const base::OperationId& id) {
    client::OperationOptions options{};
    options.operation_id = id;
    options.force = true;  // an earlier id of this sale may lack its acknowledgement
    return TRY(client())->sell(device_, receipt_of(sale.total_minor), options,
                               clock_.now() + kCallTime);
}

/// A person looks at the paper, where the device has said that it cannot tell.
void Seller::decide(const Sale& sale, const contract::Operation& doubt) {
    if (!doubt.error || doubt.error->code != "device_in_doubt") {
        return;
    }
    const auto number = paper_.number_of(sale.total_minor);
    const auto deciding = client();
    if (!number || !deciding) {
        return;
    }
    client::Client::Decision decision;
    decision.operation_id = doubt.operation_id;
    decision.version = doubt.version;
    decision.verdict = *number == 0 ? contract::Verdict::not_executed : contract::Verdict::executed;
    decision.fiscal_document_number = *number;
    decision.note = "looked at the paper";
    if ((*deciding)->decide(decision, clock_.now() + kCallTime)) {
        ++doubts_decided_;
    }
}

Result<std::vector<contract::Operation>> Seller::book() {
    contract::OperationsRequest request;
    request.limit = 1000;
    const auto deadline = clock_.now() + kPatience;
    while (true) {
        client::Client* till = TRY(client_by(deadline));
        auto answer = till->operations(request, clock_.now() + kCallTime);
        if (answer || clock_.now() >= deadline) {
            return TRY(std::move(answer)).operations;
        }
        clock_.sleep_until(clock_.now() + kPause);  // the last kill of devd was a moment ago
    }
}

}  // namespace tillhost::chaos
