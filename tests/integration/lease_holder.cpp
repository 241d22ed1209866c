// A program that takes a device for a second and sells when it is told to, however late that is:
// lease_holder ENDPOINT DEVICE. It prints "held", waits for a line, and prints what came of it.
#include <cstdio>
#include <iostream>
#include <string>

#include "ipc/client/cpp/client.h"

namespace tillhost {
namespace {

contract::Receipt tea() {
    contract::Receipt receipt;
    receipt.kind = contract::ReceiptKind::sale;
    contract::ReceiptLine& line = receipt.lines.emplace_back();
    line.name = "Tea";
    line.price_minor = 7700;
    line.quantity_units = 1;
    line.vat = contract::Vat::no_vat;
    receipt.payments.push_back({contract::PaymentKind::cash, 7700});
    return receipt;
}

std::string say(const std::string& endpoint, const std::string& device) {
    os::SystemClock clock;
    const auto deadline = [&clock] { return clock.now() + std::chrono::seconds(60); };
    auto devd =
        client::Client::connect({.endpoint = endpoint, .name = "sleeper"}, clock, deadline());
    if (!devd) {
        return base::to_text(devd.error());
    }
    const auto lease =
        (*devd)->take_lease(device, std::chrono::seconds(1), client::Client::Wait::no, deadline());
    if (!lease) {
        return base::to_text(lease.error());
    }
    std::cout << "held" << std::endl;
    std::string line;
    std::getline(std::cin, line);
    client::OperationOptions options;
    options.operation_id = client::make_operation_id(clock);
    const auto sold = (*devd)->submit(device, contract::Command(tea()), options, deadline());
    return sold ? std::string(contract::name_of(sold->state))
                : std::string(base::name_of(sold.error().code));
}

}  // namespace
}  // namespace tillhost

int main(int argc, char** argv) {
    if (argc != 3) {
        return 2;
    }
    std::cout << tillhost::say(argv[1], argv[2]) << std::endl;
    return 0;
}
