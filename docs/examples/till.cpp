// A till in one page: sells one receipt, once, whatever breaks. Usage: till_example DEVICE JOURNAL
// Built as target till_example; run by ctest till_example_test. The manual is client.h.
#include <cstdio>

#include "ipc/client/cpp/client.h"

using namespace tillhost;
using std::chrono::seconds;

namespace {

/// What a program stores with the sale. Here it is printed.
void store(const contract::Operation& operation) {
    const std::string id = operation.operation_id.to_text();
    if (operation.result) {
        const auto& fiscal = std::get<contract::FiscalResult>(*operation.result);
        std::printf("%s document %lld%s\n", id.c_str(),
                    static_cast<long long>(fiscal.fiscal_document_number),
                    fiscal.printed == contract::Printed::not_printed ? ", NOT PRINTED" : "");
    } else {
        std::printf("%s %s\n", id.c_str(), contract::name_of(operation.state).data());
    }
    std::fflush(stdout);
}

/// Stores the outcome, then lets devd and the journal forget. An operation in doubt stays.
bool finish(client::Client& devd, const base::Result<contract::Operation>& outcome,
            os::Deadline deadline) {
    if (!outcome) {
        std::fprintf(stderr, "%s\n", base::to_text(outcome.error()).c_str());
        return false;
    }
    store(*outcome);
    return client::is_final(outcome->state) &&
           devd.acknowledge(outcome->operation_id, deadline).has_value() &&
           outcome->state == contract::OperationState::done;
}

contract::Receipt two_teas() {
    contract::Receipt receipt;
    receipt.kind = contract::ReceiptKind::sale;
    contract::ReceiptLine& line = receipt.lines.emplace_back();
    line.name = "Tea";
    line.price_minor = 12'000;  // 120.00
    line.quantity_units = 2;
    line.vat = contract::Vat::standard;
    receipt.payments.push_back({contract::PaymentKind::cash, 25'000});
    return receipt;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fprintf(stderr, "usage: till_example DEVICE JOURNAL\n");
        return 2;
    }
    os::SystemClock clock;
    const os::Deadline deadline = clock.now() + seconds(60);
    auto devd =
        client::Client::connect({.name = "till example", .journal = argv[2]}, clock, deadline);
    if (!devd) {
        std::fprintf(stderr, "%s\n", base::to_text(devd.error()).c_str());
        return 4;
    }
    for (const contract::KeptOperation& kept : (*devd)->unfinished()) {  // of a run that crashed
        if (!finish(**devd, (*devd)->resume(kept, seconds(10), deadline), deadline)) {
            return 3;  // the old sale first
        }
    }
    client::OperationOptions options;
    options.operation_id = client::make_operation_id(clock);
    options.doubt_patience = seconds(10);
    const auto sold = (*devd)->sell(argv[1], two_teas(), options, deadline);
    return finish(**devd, sold, deadline) ? 0 : 1;
}
