#include "tests/bench/counter.h"

#include <fmt/format.h>

namespace tillhost::bench {

using base::Done;
using base::Result;
using contract::RequestKind;

namespace {

constexpr std::size_t kEchoBytes = 64;
/// Between attempts at something that is starting: short beside what is measured, long enough to
/// leave it the processor.
constexpr os::Duration kLook = std::chrono::microseconds(200);

}  // namespace

Result<std::unique_ptr<Counter>> Counter::create(const Bench& bench,
                                                 const std::vector<Device>& devices) {
    const std::string programs = TRY(os::program_folder()) + "../bin/";
    auto shop = TRY(support::Shop::create(programs));
    for (const Device& device : devices) {
        TRY(shop->configure(device.id, device.body));
    }
    return std::unique_ptr<Counter>(new Counter(bench, std::move(shop)));
}

Done Counter::start() {
    bench_.processors.be_service();
    const Done started = shop_->start_devd();
    bench_.processors.be_client();
    TRY(Done(started));
    const os::Deadline patience = bench_.soon();
    os::SystemClock clock;
    while (true) {
        auto connected = ipc::ZmqClient::connect(shop_->endpoint(), bench_.clock, patience);
        if (connected) {
            raw_ = std::move(*connected);
            break;
        }
        if (const std::string how = shop_->devd_ended(); !how.empty()) {
            return base::make_error(base::ErrorCode::no_daemon, "devd ended: " + how);
        }
        if (clock.now() >= patience) {
            return std::move(connected).error();
        }
        clock.sleep_until(clock.now() + kLook);
    }
    const contract::HelloRequest hello{
        .client = "bench", .versions = {contract::kProtocolVersion}, .program_version = ""};
    TRY(raw_->call(RequestKind::hello, contract::to_value(hello), patience));
    return {};
}

Done Counter::wait_ready(const std::string& device) {
    const os::Deadline patience = bench_.soon();
    os::SystemClock clock;
    while (true) {
        const Done answered = echo(device);
        if (answered || clock.now() >= patience) {
            return answered;
        }
        clock.sleep_until(clock.now() + kLook);
    }
}

Done Counter::echo(const std::string& device) {
    TRY(raw_->call(RequestKind::query, echo_body(device), bench_.soon()));
    return {};
}

Done Counter::status(const std::string& device) {
    TRY(raw_->call(RequestKind::status, status_body(device), bench_.soon()));
    return {};
}

contract::Value Counter::echo_body(const std::string& device) {
    const contract::EchoQuery query{base::Bytes(kEchoBytes, std::byte{7})};
    return contract::to_value(contract::QueryRequest{device, contract::Query(query)});
}

contract::Value Counter::status_body(const std::string& device) {
    return contract::to_value(contract::DeviceRequest{device});
}

}  // namespace tillhost::bench
