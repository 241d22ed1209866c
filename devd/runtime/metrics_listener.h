#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "devd/runtime/metrics_request.h"
#include "hal/os/clock.h"
#include "hal/os/descriptor.h"
#include "hal/os/event_loop.h"

namespace tillhost::devd::runtime {

/// Watchers served at once; one more is refused.
inline constexpr std::size_t kScrapesMax = 8;
/// From the connection to the last byte taken.
inline constexpr os::Duration kScrapeTimeMax = std::chrono::seconds(5);

/// Answers GET /metrics on a loopback port, HTTP/1.0, one answer a connection. Everything happens
/// on the loop and nothing of it blocks: descriptors are non-blocking, a slow reader is dropped
/// after kScrapeTimeMax, the figures are made when the request is whole.
class MetricsListener final {
public:
    using Figures = std::function<std::string()>;

    /// Listens on 127.0.0.1; port 0 takes any free one. All outlive the listener.
    /// Errors: port_busy, system_failed.
    static base::Result<std::unique_ptr<MetricsListener>> open(std::uint16_t port,
                                                               os::EventLoop& loop,
                                                               const os::Clock& clock);
    ~MetricsListener();

    /// Where the figures come from. Before the loop runs.
    void set_figures(Figures figures) { figures_ = std::move(figures); }
    std::uint16_t port() const { return port_; }
    std::uint64_t answered() const { return answered_; }
    std::uint64_t refused() const { return refused_; }

private:
    struct Scrape {
        os::Descriptor fd;
        os::WatchId watch;
        os::TimerId timer;
        std::string request;
        std::string answer;
        std::size_t sent = 0;
    };
    MetricsListener(os::Descriptor fd, std::uint16_t port, os::EventLoop& loop,
                    const os::Clock& clock)
        : loop_(loop), clock_(clock), fd_(std::move(fd)), port_(port) {}

    void accept_one();
    void on_ready(std::uint64_t number, os::Readiness ready);
    /// False when the connection is over.
    bool read(Scrape& scrape);
    bool write(Scrape& scrape);
    void end(std::uint64_t number, bool answered);

    os::EventLoop& loop_;
    const os::Clock& clock_;
    os::Descriptor fd_;
    os::WatchId watch_{};
    std::uint16_t port_;
    Figures figures_;
    std::map<std::uint64_t, Scrape> scrapes_;
    std::uint64_t last_ = 0;
    std::uint64_t answered_ = 0;
    std::uint64_t refused_ = 0;
};

}  // namespace tillhost::devd::runtime
