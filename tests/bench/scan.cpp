#include <fcntl.h>
#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>

#include "hal/os/descriptor.h"
#include "tests/bench/bare_chain.h"
#include "tests/bench/groups.h"
#include "tests/bench/references.h"

namespace tillhost::bench {
namespace {

using base::Done;
using base::ErrorCode;
using base::make_error;
using base::Result;

constexpr const char* kDevice = "scanner";
constexpr int kScans = 400;  // a round
constexpr int kPings = 400;
constexpr double kRatioMax = 1.2;
constexpr std::string_view kCode = "]E04006381333931\r";

/// A terminal pair; this process has the end of the scanner.
class Line final {
public:
    static Result<std::unique_ptr<Line>> open() {
        std::unique_ptr<Line> line(new Line);
        line->master_ = os::Descriptor(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
        std::array<char, 128> name{};
        termios raw{};
        if (!line->master_.valid() || ::grantpt(line->master_.get()) != 0 ||
            ::unlockpt(line->master_.get()) != 0 ||
            ::ptsname_r(line->master_.get(), name.data(), name.size()) != 0 ||
            ::tcgetattr(line->master_.get(), &raw) != 0) {
            return os::system_error("a pseudo terminal", errno);
        }
        ::cfmakeraw(&raw);
        ::tcsetattr(line->master_.get(), TCSANOW, &raw);
        line->path_ = name.data();
        return line;
    }
    Done scan() const {
        const ssize_t written = ::write(master_.get(), kCode.data(), kCode.size());
        return written == static_cast<ssize_t>(kCode.size()) ? Done()
                                                             : os::system_error(path_, errno);
    }
    const std::string& path() const { return path_; }

private:
    Line() = default;
    os::Descriptor master_;
    std::string path_;
};

/// devd with a scanner, and a program that follows its codes.
class Scanned final {
public:
    static Result<std::unique_ptr<Scanned>> start(Bench& bench) {
        std::unique_ptr<Scanned> scanned(new Scanned(bench));
        scanned->line_ = TRY(Line::open());
        scanned->counter_ = TRY(Counter::create(
            bench, {{.id = kDevice,
                     .body = fmt::format("driver = \"scanner/serial\"\nport = \"pty:{}\"\n",
                                         scanned->line_->path())}}));
        TRY(scanned->counter_->start());
        scanned->client_ = TRY(client::Client::connect(
            {.endpoint = scanned->counter_->shop().endpoint(), .name = "till"}, bench.clock,
            bench.soon()));
        TRY(scanned->wait_open());
        TRY(scanned->client_->subscribe(fmt::format("scan/{}", kDevice), {}, bench.soon()));
        return scanned;
    }
    Done once() {
        TRY(line_->scan());
        const auto event = TRY(client_->next_event(bench_.soon()));
        const auto* scan = event ? std::get_if<contract::Scan>(&event->event.body) : nullptr;
        return scan != nullptr && scan->text == "4006381333931"
                   ? Done()
                   : Done(make_error(ErrorCode::wrong_state, "another event than the code"));
    }
    const std::string& folder() { return counter_->shop().folder(); }

private:
    explicit Scanned(Bench& bench) : bench_(bench) {}
    Done wait_open() {
        const os::Deadline patience = bench_.soon();
        while (bench_.clock.now() < patience) {
            const auto device = TRY(client_->status(kDevice, patience));
            if (device.state == contract::DeviceState::ready) {
                return {};
            }
            bench_.clock.sleep_until(bench_.clock.now() + std::chrono::milliseconds(5));
        }
        return make_error(ErrorCode::device_not_ready, kDevice);
    }

    Bench& bench_;
    std::unique_ptr<Line> line_;
    std::unique_ptr<Counter> counter_;
    std::unique_ptr<client::Client> client_;
};

}  // namespace

Result<std::vector<Figure>> measure_scan(Bench& bench) {
    const auto scanned = TRY(Scanned::start(bench));
    const auto pair = TRY(PingPong::start(scanned->folder(), bench.processors));
    const auto line = TRY(Line::open());
    const auto chain = TRY(BareChain::start(scanned->folder(), line->path(), bench.processors));
    std::vector<double> scans;
    std::vector<double> bare;
    std::vector<double> pings;
    for (int round = 0; round < kRounds; ++round) {
        pings.push_back(TRY(median_us(bench.clock, kPings, [&] { return pair->once(); })));
        bare.push_back(TRY(median_us(bench.clock, kScans, [&] {
            const Done sent = line->scan();
            return sent ? chain->take() : sent;
        })));
        scans.push_back(TRY(median_us(bench.clock, kScans, [&] { return scanned->once(); })));
    }
    return std::vector<Figure>{
        {.name = "half a ping-pong", .measured = fmt::format("{:.1f} us", median(pings) / 2)},
        compare("scan to client / bare line, hop and message", scans, bare, "us", kRatioMax)};
}

}  // namespace tillhost::bench
