#include "tests/bench/seller.h"

#include <fmt/format.h>

#include "tests/bench/figures.h"

namespace tillhost::bench {

using base::Done;
using base::Result;

contract::Receipt receipt_of(int positions) {
    constexpr std::int64_t kPriceMinor = 12'345;
    contract::Receipt receipt;
    receipt.kind = contract::ReceiptKind::sale;
    for (int i = 0; i < positions; ++i) {
        contract::ReceiptLine& line = receipt.lines.emplace_back();
        line.name = fmt::format("Tea, black, {} bags", 20 + i);
        line.price_minor = kPriceMinor + i;
        line.quantity_units = 2;
        line.vat = contract::Vat::vat_10;
    }
    receipt.payments.push_back({contract::PaymentKind::cash, 3 * kPriceMinor * positions});
    return receipt;
}

Result<std::unique_ptr<Seller>> Seller::connect(Bench& bench, Counter& counter,
                                                std::string device) {
    std::unique_ptr<Seller> seller(new Seller(bench, std::move(device)));
    seller->client_ = TRY(client::Client::connect(
        {.endpoint = counter.shop().endpoint(), .name = "till"}, bench.clock, bench.soon()));
    return seller;
}

client::OperationOptions Seller::next_options() {
    client::OperationOptions options;
    options.operation_id = client::make_operation_id(bench_.clock);
    options.sale_ref = std::to_string(++operations_);
    return options;
}

Done Seller::finish(const base::OperationId& id) {
    const auto done = TRY(client_->await(id, bench_.soon()));
    if (done.state != contract::OperationState::done) {
        return base::make_error(base::ErrorCode::wrong_state,
                                fmt::format("an operation is {}", contract::name_of(done.state)));
    }
    return {};
}

Done Seller::set_up() {
    contract::SetLayout layout;
    layout.header = {"Corner shop"};
    layout.footer = {"Thank you"};
    const auto options = next_options();
    TRY(client_->submit(device_, layout, options, bench_.soon()));
    TRY(finish(options.operation_id));
    TRY(client_->acknowledge(options.operation_id, bench_.soon()));
    TRY(client_->check_device(device_, bench_.soon()));
    return {};
}

Result<Seller::Times> Seller::sell(const contract::Receipt& receipt) {
    const os::Clock& clock = bench_.clock;
    const auto options = next_options();
    const os::Instant start = clock.now();
    TRY(client_->submit(device_, receipt, options, bench_.soon()));
    const os::Instant accepted = clock.now();
    TRY(client_->status(device_, bench_.soon()));
    const os::Instant told = clock.now();
    TRY(finish(options.operation_id));
    const os::Instant done = clock.now();
    TRY(client_->acknowledge(options.operation_id, bench_.soon()));
    return Times{microseconds(accepted - start), microseconds(told - accepted),
                 microseconds(done - start)};
}

Done Seller::wait_printed(const base::OperationId& id) {
    constexpr os::Duration kLook = std::chrono::milliseconds(10);
    const os::Deadline patience = bench_.soon();
    while (true) {
        const auto operation = TRY(client_->operation(id, patience));
        const auto* result =
            operation.result ? std::get_if<contract::FiscalResult>(&*operation.result) : nullptr;
        if (result != nullptr && result->printed != contract::Printed::printing) {
            return {};
        }
        if (bench_.clock.now() >= patience) {
            return base::make_error(base::ErrorCode::deadline_passed, "the paper does not come");
        }
        bench_.clock.sleep_until(bench_.clock.now() + kLook);
    }
}

Result<double> Seller::carry_out(const contract::Command& command,
                                 const std::function<Done()>& at_result) {
    const auto options = next_options();
    const os::Instant start = bench_.clock.now();
    TRY(client_->submit(device_, command, options, bench_.soon()));
    TRY(finish(options.operation_id));
    const double result = microseconds(bench_.clock.now() - start);
    if (at_result) {
        TRY(at_result());
    }
    TRY(wait_printed(options.operation_id));
    TRY(client_->acknowledge(options.operation_id, bench_.soon()));
    return result;
}

}  // namespace tillhost::bench
