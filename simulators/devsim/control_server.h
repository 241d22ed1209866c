#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "hal/os/event_loop.h"

namespace tillhost::devsim {

/// Programs that may hold the control socket at once; a further one is turned away.
inline constexpr std::size_t kControlClientsMax = 16;
/// Answer bytes that a client may leave unread before it is dropped.
inline constexpr std::size_t kControlAnswerBytesMax = 64UL * 1024 * 1024;

/// A UNIX stream socket that answers one line with one line.
class ControlServer final {
public:
    /// Gets a line without its end, gives one without its end.
    using Answerer = std::function<std::string(std::string_view)>;

    /// Errors: system_failed (path too long, not allowed), already_running (somebody answers
    /// there). A socket that nobody answers any more is replaced.
    static base::Result<std::unique_ptr<ControlServer>> open(os::EventLoop& loop,
                                                             const std::string& path,
                                                             Answerer answer);
    ~ControlServer();
    ControlServer(const ControlServer&) = delete;
    ControlServer& operator=(const ControlServer&) = delete;

private:
    struct Client {
        os::Descriptor socket;
        os::WatchId watch{};
        std::string input{};
        std::string output{};
    };
    ControlServer(os::EventLoop& loop, std::string path, Answerer answer)
        : loop_(loop), path_(std::move(path)), answer_(std::move(answer)) {}

    base::Done listen();
    void accept_one();
    void serve(int fd, os::Readiness ready);
    bool read_some(Client& client);
    bool write_some(Client& client);
    void answer_lines(Client& client);

    os::EventLoop& loop_;
    std::string path_;
    Answerer answer_;
    os::Descriptor listener_;
    os::WatchId watch_{};
    std::map<int, Client> clients_;
};

/// Sends one line to the socket at `path` and gives the line that comes back, waiting until the
/// deadline. Errors: no_daemon (nobody there), deadline_passed, link_lost.
base::Result<std::string> ask_control(const std::string& path, const std::string& line,
                                      const os::Clock& clock, os::Deadline deadline);

}  // namespace tillhost::devsim
