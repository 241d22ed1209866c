// What a troubled driver host does, by the same code, outside tillhost: the yardstick of the
// isolation rows. `crash` starts a process that crashes again and again, when devd would.
#include <poll.h>

#include <array>
#include <cstdio>
#include <string>

#include "hal/drivers/test/trouble/driver.h"
#include "hal/os/process.h"

namespace tillhost::bench {
namespace {

using std::chrono::milliseconds;

/// devd's waits before it starts a host again, and how much less urgent a host is.
constexpr std::array<os::Duration, 6> kRestartDelays{milliseconds(0),      milliseconds(200),
                                                     milliseconds(1000),   milliseconds(5000),
                                                     milliseconds(15'000), milliseconds(60'000)};
constexpr int kHostNice = 5;

class NoGate final : public device::Gate {
public:
    base::Done persist(const contract::Record&) override { return {}; }
    void announce(std::string_view, os::Deadline) override {}
};

int burn(const std::string& deed, const os::Clock& clock) {
    const auto driver =
        MUST(drivers::trouble::make_driver({{"do", deed}, {"on", "open"}}, nullptr, clock));
    NoGate gate;
    const auto opened = driver->open({}, gate, os::Deadline::max());
    return opened ? 0 : 1;  // it does not come back
}

int crash_again_and_again(os::Clock& clock) {
    const std::string self = MUST(os::program_folder()) + "bench_burner";
    for (std::size_t crashes = 0;; ++crashes) {
        const auto child =
            os::Child::spawn({.program = self, .arguments = {"crash-once"}, .nice = kHostNice});
        if (!child) {
            return 1;
        }
        pollfd gone{(*child)->pidfd(), POLLIN, 0};
        ::poll(&gone, 1, -1);
        std::string how;
        (*child)->reap(how);
        clock.sleep_until(clock.now() +
                          kRestartDelays[std::min(crashes, kRestartDelays.size() - 1)]);
    }
}

}  // namespace
}  // namespace tillhost::bench

int main(int count, char** words) {
    tillhost::os::SystemClock clock;
    const std::string deed = count == 2 ? words[1] : "";
    if (deed == "crash") {
        return tillhost::bench::crash_again_and_again(clock);
    }
    if (deed == "crash-once") {
        return tillhost::bench::burn("crash", clock);
    }
    if (deed == "loop" || deed == "leak") {
        return tillhost::bench::burn(deed, clock);
    }
    std::fputs("usage: bench_burner loop | leak | crash\n", stderr);
    return 2;
}
