#include "simulators/devsim/service_host.h"

#include <fmt/format.h>

#include <csignal>
#include <cstdio>

#include "hal/os/event_loop.h"
#include "hal/os/thread.h"
#include "simulators/devsim/control_server.h"
#include "simulators/services/accounting/accounting.h"
#include "simulators/services/apps/fleet.h"

namespace tillhost::devsim {
namespace {

namespace exchange = simulators::exchange;
using exchange::Value;

base::Result<std::unique_ptr<exchange::Service>> make_service(const ServiceArguments& arguments,
                                                              const os::Clock& clock) {
    return arguments.name == kAccounting
               ? simulators::accounting::make_accounting(arguments.options, clock)
               : simulators::apps::make_fleet(arguments.options, clock);
}

/// The same words as a device's control socket (control_protocol.h): a request and its answer.
std::string answer_of(exchange::Service& service, std::string_view line) {
    base::Result<Value> answer = exchange::parse_json(line);
    if (answer) {
        answer = service.ask(*answer);
    }
    Value told;
    told.set("ok", answer.has_value());
    if (!answer) {
        Value error;
        error.set("code", base::name_of(answer.error().code));
        return json_of(told.set("error", error.set("detail", answer.error().detail)));
    }
    for (auto& [name, value] : answer->fields) {
        told.set(name, std::move(value));
    }
    return json_of(told);
}

}  // namespace

base::Done serve_service(const ServiceArguments& arguments) {
    const os::SystemClock clock;
    const auto loop = TRY(os::EventLoop::create(clock));
    // Before any thread is made, so that none of them takes the signals.
    TRY(loop->on_signals({SIGTERM, SIGINT}, [&loop](int) { loop->stop(); }));
    const auto service = TRY(make_service(arguments, clock));
    std::unique_ptr<ControlServer> control;
    if (!arguments.control.empty()) {
        control =
            TRY(ControlServer::open(*loop, arguments.control, [&service](std::string_view line) {
                return answer_of(*service, line);
            }));
    }
    os::Thread worker("service", [&service] { service->run(); });
    std::fputs(fmt::format("ready {}\n", arguments.name).c_str(), stdout);
    std::fflush(stdout);
    loop->run();
    service->stop();
    worker.join();
    return {};
}

std::string service_help(std::string_view name) {
    return name == kAccounting ? simulators::accounting::accounting_help()
                               : simulators::apps::fleet_help();
}

}  // namespace tillhost::devsim
