// devsim: one simulated device on a real line. The wiring, and nothing else.
#include <fmt/format.h>

#include <csignal>
#include <cstdio>

#include "hal/os/event_loop.h"
#include "simulators/devsim/arguments.h"
#include "simulators/devsim/control_protocol.h"
#include "simulators/devsim/control_server.h"
#include "simulators/devsim/family.h"
#include "simulators/devsim/line.h"

namespace tillhost::devsim {
namespace {

enum Exit : int { done = 0, failed = 1, usage = 2, no_simulator = 4 };

constexpr os::Duration kControlTimeout = std::chrono::seconds(10);

void print(std::FILE* to, std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), to);
    std::fflush(to);
}

/// Moves bytes and time between the device and its line.
class Bridge final {
public:
    Bridge(simulators::FiscalSimulator& device, os::EventLoop& loop, const os::Clock& clock)
        : device_(device), loop_(loop), clock_(clock) {}

    void use(Line& line) { line_ = &line; }

    void receive(base::ByteView bytes) {
        device_.receive(bytes, clock_.now());
        pump();
    }

    void pump() {
        device_.advance(clock_.now());
        if (const base::Bytes output = device_.take_output(); !output.empty() && line_ != nullptr) {
            line_->write(output);
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
        std::string answer = answer_request(line, device_, clock_.now());
        pump();
        return answer;
    }

private:
    simulators::FiscalSimulator& device_;
    os::EventLoop& loop_;
    const os::Clock& clock_;
    Line* line_ = nullptr;
    std::optional<os::TimerId> timer_;
};

base::Done serve(const ServeArguments& arguments) {
    const os::SystemClock clock;
    const auto loop = TRY(os::EventLoop::create(clock));
    const auto device = TRY(make_family(arguments, clock));
    TRY(loop->on_signals({SIGTERM, SIGINT}, [&loop](int) { loop->stop(); }));

    Bridge bridge(*device, *loop, clock);
    const auto received = [&bridge](base::ByteView bytes) { bridge.receive(bytes); };
    const auto line = TRY(arguments.tcp.empty() ? open_pty_line(*loop, arguments.pty, received)
                                                : open_tcp_line(*loop, arguments.tcp, received));
    bridge.use(*line);
    std::unique_ptr<ControlServer> control;
    if (!arguments.control.empty()) {
        control =
            TRY(ControlServer::open(*loop, arguments.control, [&bridge](std::string_view ask) {
                return bridge.answer(ask);
            }));
    }
    bridge.pump();
    print(stdout, fmt::format("ready {} on {} seed {}\n", arguments.family, line->address(),
                              arguments.seed));
    loop->run();
    return {};
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
        print(stderr, "devsim: " + base::to_text(arguments.error()) + "\n");
        return usage;
    }
    if (arguments->help) {
        print(stdout, help_text());
        return done;
    }
    if (arguments->control) {
        return control(*arguments->control);
    }
    const auto served = serve(*arguments->serve);
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
