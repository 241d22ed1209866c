// devsim: one simulated device on a real line. The wiring, and nothing else.
#include <fmt/format.h>
#include <sched.h>

#include <csignal>
#include <cstdio>

#include "hal/os/event_loop.h"
#include "simulators/devsim/arguments.h"
#include "simulators/devsim/control_protocol.h"
#include "simulators/devsim/control_server.h"
#include "simulators/devsim/family.h"
#include "simulators/devsim/line.h"
#include "simulators/devsim/scenario.h"
#include "simulators/devsim/scenario_player.h"
#include "simulators/devsim/service_host.h"

namespace tillhost::devsim {
namespace {

enum Exit : int { done = 0, failed = 1, usage = 2, no_simulator = 4 };

constexpr os::Duration kControlTimeout = std::chrono::seconds(10);
/// A byte at 115200 baud takes 87 microseconds; the loop's timers come up to a millisecond late,
/// and a processor that slept wakes in about the time of a byte.
constexpr os::Duration kAwakeBefore = std::chrono::milliseconds(2);
/// Longer than a host that is not waiting for anything needs for its next byte.
constexpr os::Duration kAwakeAfter = std::chrono::milliseconds(5);

void print(std::FILE* to, std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), to);
    std::fflush(to);
}

/// Moves bytes and time between the device and its line.
class Bridge final {
public:
    Bridge(simulators::Simulator& device, os::EventLoop& loop, const os::Clock& clock)
        : device_(device), loop_(loop), clock_(clock) {}

    void use(Line& line) {
        line_ = &line;
        line.hold_back([this] { return device_.room(); });
        line.watch_host([this](bool here) {
            here ? device_.line_opened(clock_.now()) : device_.line_closed(clock_.now());
            pump();
        });
    }

    void receive(base::ByteView bytes) {
        moved_at_ = clock_.now();
        device_.receive(bytes, moved_at_);
        pump();
    }

    /// True while bytes pass or are about to: sleeping would come between them.
    bool must_stay_awake() const {
        const os::Instant now = clock_.now();
        const auto next = device_.next_event();
        return now < moved_at_ + kAwakeAfter || (next && *next < now + kAwakeBefore);
    }

    void pump() {
        device_.advance(clock_.now());
        if (const base::Bytes output = device_.take_output(); !output.empty() && line_ != nullptr) {
            line_->write(output);
            moved_at_ = clock_.now();
        }
        if (device_.take_hang_up() && line_ != nullptr) {
            line_->hang_up();
        }
        if (line_ != nullptr) {
            line_->go_on();
        }
        if (stepped_) {
            stepped_();
        }
        if (timer_) {
            loop_.cancel(*timer_);
            timer_.reset();
        }
        if (const auto next = device_.next_event()) {
            timer_ = loop_.call_at(*next, [this] {
                timer_.reset();
                pump();
            });
        }
    }

    std::string answer(std::string_view line) {
        device_.advance(clock_.now());
        std::string answer =
            answer_request(line, device_, clock_.now(),
                           [this](const simulators::Fault& fault) { return inject(fault); });
        pump();
        return answer;
    }

    /// Faults of the device, and the one that only its line knows.
    base::Done inject(const simulators::Fault& fault) {
        if (fault.kind == simulators::FaultKind::second_client && line_ != nullptr) {
            return line_->second_client(fault.mode);
        }
        return device_.inject(fault, clock_.now());
    }

    /// Called after each step, to tell what happened.
    void on_step(std::function<void()> listener) { stepped_ = std::move(listener); }

private:
    simulators::Simulator& device_;
    os::EventLoop& loop_;
    const os::Clock& clock_;
    Line* line_ = nullptr;
    std::optional<os::TimerId> timer_;
    os::Instant moved_at_{};  ///< when a byte came or went
    std::function<void()> stepped_;
};

using Device = std::unique_ptr<simulators::Simulator>;

base::Result<std::unique_ptr<ScenarioPlayer>> make_player(const Scenario& scenario,
                                                          const ServeArguments& arguments,
                                                          const os::Clock& clock) {
    return ScenarioPlayer::create(scenario, TRY(make_device(arguments, clock)), clock.now());
}

/// `scenario` is null where nothing is scripted.
base::Done serve(const ServeArguments& arguments, const Scenario* scenario) {
    const os::SystemClock clock;
    const auto loop = TRY(os::EventLoop::create(clock));
    Device device;
    ScenarioPlayer* player = nullptr;
    if (scenario == nullptr) {
        device = TRY(make_device(arguments, clock));
    } else {
        auto made = TRY(make_player(*scenario, arguments, clock));
        player = made.get();
        device = std::move(made);
    }
    TRY(loop->on_signals({SIGTERM, SIGINT}, [&loop](int) { loop->stop(); }));

    Bridge bridge(*device, *loop, clock);
    const auto received = [&bridge](base::ByteView bytes) { bridge.receive(bytes); };
    const auto line =
        TRY(arguments.tcp.empty() ? open_pty_line(*loop, arguments.pty, arguments.speed, received)
                                  : open_tcp_line(*loop, arguments.tcp, received));
    bridge.use(*line);
    if (player != nullptr) {
        player->on_line_fault(
            [&bridge](const simulators::Fault& fault) { return bridge.inject(fault); });
        bridge.on_step([player] {
            for (const std::string& happened : player->take_log()) {
                print(stdout, happened + "\n");
            }
        });
    }
    std::unique_ptr<ControlServer> control;
    if (!arguments.control.empty()) {
        control =
            TRY(ControlServer::open(*loop, arguments.control, [&bridge](std::string_view ask) {
                return bridge.answer(ask);
            }));
    }
    if (arguments.pace_baud > 0) {
        loop->before_sleep([&bridge] {
            // The kernel's worker that brings the host's bytes may wait for this very processor.
            ::sched_yield();
            return bridge.must_stay_awake();
        });
    }
    bridge.pump();
    print(stdout, fmt::format("ready {} on {} seed {}\n", arguments.family, line->address(),
                              arguments.seed));
    loop->run();
    return {};
}

/// The scenario's own talk, on virtual time.
int check(const Scenario& scenario) {
    const os::SystemClock clock;
    const auto player = make_player(scenario, scenario.serve, clock);
    if (!player) {
        print(stderr, "devsim: " + base::to_text(player.error()) + "\n");
        return failed;
    }
    const TalkResult result = play_talk(scenario, **player, clock.now());
    for (const std::string& happened : (*player)->take_log()) {
        print(stdout, happened + "\n");
    }
    for (const std::string& mistake : result.mistakes) {
        print(stderr, mistake + "\n");
    }
    print(stdout, fmt::format("{} exchanges, {} not as written\n", result.exchanges,
                              result.mistakes.size()));
    return result.mistakes.empty() ? done : failed;
}

int play(const ScenarioArguments& arguments) {
    auto scenario = read_scenario(arguments.path);
    if (!scenario) {
        print(stderr, "devsim: " + base::to_text(scenario.error()) + "\n");
        return usage;
    }
    if (arguments.check) {
        return check(*scenario);
    }
    ServeArguments serving = scenario->serve;
    auto served = apply_options(serving, arguments.options);
    if (served) {
        served = serve(serving, &*scenario);
    }
    if (!served) {
        print(stderr, "devsim: " + base::to_text(served.error()) + "\n");
    }
    return served ? done : failed;
}

int control(const ControlArguments& arguments) {
    const os::SystemClock clock;
    const auto answer = ask_control(arguments.endpoint, encode_request(arguments), clock,
                                    clock.now() + kControlTimeout);
    if (!answer) {
        print(stderr, base::to_text(answer.error()) + "\n");
        return answer.error().code == base::ErrorCode::no_daemon ? no_simulator : failed;
    }
    bool refused = false;
    const std::string text = answer_for_people(*answer, refused);
    print(refused && !arguments.json ? stderr : stdout, arguments.json ? *answer + "\n" : text);
    return refused ? failed : done;
}

int run(const std::vector<std::string>& words) {
    const auto arguments = parse_arguments(words);
    if (!arguments) {
        print(stderr, "devsim: " + arguments.error().detail +
                          "\n\"devsim --help\" says how it is written.\n");
        return usage;
    }
    if (arguments->help) {
        print(stdout, help_text());
        return done;
    }
    if (arguments->service && arguments->service->help) {
        print(stdout, service_help(arguments->service->name));
        return done;
    }
    if (arguments->service) {
        const auto served = serve_service(*arguments->service);
        if (!served) {
            print(stderr, "devsim: " + base::to_text(served.error()) + "\n");
        }
        return served ? done : failed;
    }
    if (arguments->control) {
        return control(*arguments->control);
    }
    if (arguments->scenario) {
        return play(*arguments->scenario);
    }
    const auto served = serve(*arguments->serve, nullptr);
    if (!served) {
        print(stderr, "devsim: " + base::to_text(served.error()) + "\n");
        return failed;
    }
    return done;
}

}  // namespace
}  // namespace tillhost::devsim

int main(int argc, char** argv) {
    return tillhost::devsim::run(std::vector<std::string>(argv + 1, argv + argc));
}
