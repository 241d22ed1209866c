#include "hal/os/stop_signals.h"

#include <csignal>
#include <utility>

namespace tillhost::os {

base::Result<std::unique_ptr<StopSignals>> StopSignals::take(EventLoop& loop) {
    std::unique_ptr<StopSignals> signals(new StopSignals);
    TRY(loop.on_signals({SIGTERM, SIGINT}, [to = signals.get()](int signal) {
        INVARIANT(to->handler_ != nullptr);  // the loop runs only when the service does
        to->handler_(signal);
    }));
    return signals;
}

void StopSignals::set_handler(std::function<void(int)> handler) { handler_ = std::move(handler); }

}  // namespace tillhost::os
