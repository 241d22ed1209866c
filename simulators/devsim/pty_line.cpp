#include <fcntl.h>
#include <fmt/format.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "hal/os/files.h"
#include "hal/os/process.h"
#include "simulators/devsim/line.h"

namespace tillhost::devsim {
namespace {

constexpr std::size_t kReadBytes = 4096;

struct Speed {
    std::int64_t baud;
    speed_t code;  ///< as termios has it
};
constexpr std::array kSpeeds{Speed{2400, B2400},     Speed{4800, B4800},     Speed{9600, B9600},
                             Speed{19200, B19200},   Speed{38400, B38400},   Speed{57600, B57600},
                             Speed{115200, B115200}, Speed{230400, B230400}, Speed{460800, B460800},
                             Speed{921600, B921600}};

/// What a byte becomes at another speed: never itself, and no pattern that a protocol knows.
std::byte garbled(std::byte value) { return (value >> 1) | std::byte{0xC0}; }

class PtyLine final : public Line {
public:
    PtyLine(os::EventLoop& loop, std::string link, std::optional<speed_t> speed, Received received)
        : loop_(loop), link_(std::move(link)), speed_(speed), received_(std::move(received)) {}
    ~PtyLine() override;
    PtyLine(const PtyLine&) = delete;
    PtyLine& operator=(const PtyLine&) = delete;

    base::Done open();
    void write(base::ByteView bytes) override;
    std::string address() const override { return link_.empty() ? path_ : link_; }
    void hold_back(Room room) override { room_ = std::move(room); }
    void go_on() override;

private:
    base::Done make_link();
    bool is_out_of_tune() const;
    void read_some();
    void note_hosts();

    os::EventLoop& loop_;
    std::string link_;
    std::optional<speed_t> speed_;  ///< of the device, if it has one
    Received received_;
    std::string path_;
    os::Descriptor master_;
    // Held open, so that the terminal keeps its raw mode and never reports a hang-up; who else has
    // it open is told by inotify.
    os::Descriptor slave_;
    os::Descriptor opens_;
    std::unique_ptr<os::FileLock> lock_;  ///< on the link's name
    os::WatchId watching_opens_{};
    std::optional<os::WatchId> reading_;  ///< none while the host is held back
    Room room_;
    bool has_host_ = false;
    bool linked_ = false;
};

PtyLine::~PtyLine() {
    for (const auto& id : {reading_, std::optional(watching_opens_)}) {
        if (id && id->value != 0) {
            loop_.unwatch(*id);
        }
    }
    if (linked_) {
        ::unlink(link_.c_str());
        ::unlink((link_ + ".lock").c_str());
    }
}

base::Done PtyLine::open() {
    master_ = os::Descriptor(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK));
    std::array<char, 128> name{};
    if (!master_.valid() || ::grantpt(master_.get()) != 0 || ::unlockpt(master_.get()) != 0 ||
        ::ptsname_r(master_.get(), name.data(), name.size()) != 0) {
        return os::system_error("making a pseudo terminal", errno);
    }
    path_ = name.data();
    slave_ = os::Descriptor(::open(path_.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));
    termios raw{};
    if (!slave_.valid() || ::tcgetattr(slave_.get(), &raw) != 0) {
        return os::system_error(path_, errno);
    }
    ::cfmakeraw(&raw);
    ::cfsetspeed(&raw, B115200);
    if (::tcsetattr(slave_.get(), TCSANOW, &raw) != 0) {
        return os::system_error(path_, errno);
    }
    opens_ = os::Descriptor(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    if (!opens_.valid() ||
        ::inotify_add_watch(opens_.get(), path_.c_str(), IN_OPEN | IN_CLOSE) < 0) {
        return os::system_error("watching " + path_, errno);
    }
    TRY(make_link());
    reading_ = TRY(loop_.watch(master_.get(), [this](os::Readiness) { read_some(); }));
    watching_opens_ = TRY(loop_.watch(opens_.get(), [this](os::Readiness) { note_hosts(); }));
    return {};
}

base::Done PtyLine::make_link() {
    if (link_.empty()) {
        return {};
    }
    struct stat there {};
    if (::lstat(link_.c_str(), &there) == 0 && !S_ISLNK(there.st_mode)) {
        return base::make_error(base::ErrorCode::port_busy, link_ + " exists and is no link");
    }
    // Left behind where the simulator was killed; the lock itself ends with its process.
    auto lock = os::FileLock::take(link_ + ".lock");
    if (!lock) {
        return base::make_error(base::ErrorCode::port_busy,
                                fmt::format("{}: a simulator plays a device there already ({})",
                                            link_, lock.error().detail));
    }
    lock_ = std::move(*lock);
    const std::string beside = link_ + ".new";
    ::unlink(beside.c_str());
    if (::symlink(path_.c_str(), beside.c_str()) != 0 ||
        std::rename(beside.c_str(), link_.c_str()) != 0) {
        return os::system_error(link_, errno);
    }
    linked_ = true;
    return {};
}

void PtyLine::note_hosts() {
    alignas(inotify_event) std::array<char, 4096> buffer{};
    ssize_t got = 0;
    while ((got = ::read(opens_.get(), buffer.data(), buffer.size())) > 0) {
        for (std::size_t at = 0; at + sizeof(inotify_event) <= static_cast<std::size_t>(got);) {
            inotify_event event{};
            std::memcpy(&event, buffer.data() + at, sizeof event);
            at += sizeof event + event.len;
            // Two openings in a row may be told as one event, so closings are not counted.
            has_host_ = (event.mask & IN_OPEN) != 0 || !os::holder_of(path_).empty();
            if (!has_host_) {
                ::tcflush(slave_.get(), TCIFLUSH);  // nobody will read it any more
            }
        }
    }
}

void PtyLine::go_on() {
    if (reading_ || !room_ || room_() == 0) {
        return;
    }
    const auto watch = loop_.watch(master_.get(), [this](os::Readiness) { read_some(); });
    reading_ = watch ? std::optional(*watch) : std::nullopt;
}

bool PtyLine::is_out_of_tune() const {
    termios host{};
    return speed_ && ::tcgetattr(master_.get(), &host) == 0 && ::cfgetospeed(&host) != *speed_;
}

void PtyLine::read_some() {
    note_hosts();  // an opener's first bytes may be here before the news of its opening
    std::array<std::byte, kReadBytes> buffer{};
    const std::size_t room = room_ ? std::min(room_(), buffer.size()) : buffer.size();
    if (room == 0) {
        loop_.unwatch(*std::exchange(reading_, std::nullopt));
        return;
    }
    const ssize_t got = ::read(master_.get(), buffer.data(), room);
    if (got <= 0) {
        return;
    }
    const std::span heard(buffer.data(), static_cast<std::size_t>(got));
    if (is_out_of_tune()) {
        std::transform(heard.begin(), heard.end(), heard.begin(), garbled);
    }
    received_(heard);
}

void PtyLine::write(base::ByteView said) {
    note_hosts();
    base::Bytes noise;
    if (is_out_of_tune()) {
        std::transform(said.begin(), said.end(), std::back_inserter(noise), garbled);
    }
    base::ByteView bytes = noise.empty() ? said : base::ByteView(noise);
    while (has_host_ && !bytes.empty()) {
        const ssize_t wrote = ::write(master_.get(), bytes.data(), bytes.size());
        if (wrote < 0 && errno == EINTR) {
            continue;
        }
        if (wrote <= 0) {
            return;
        }
        bytes = bytes.subspan(static_cast<std::size_t>(wrote));
    }
}

}  // namespace

base::Result<std::unique_ptr<Line>> open_pty_line(os::EventLoop& loop, const std::string& link,
                                                  std::int64_t speed, Line::Received received) {
    const auto known = std::find_if(kSpeeds.begin(), kSpeeds.end(),
                                    [speed](const Speed& one) { return one.baud == speed; });
    if (speed != 0 && known == kSpeeds.end()) {
        return base::bad_field("--speed",
                               "2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400, "
                               "460800 or 921600");
    }
    const std::optional<speed_t> code =
        speed == 0 ? std::nullopt : std::optional<speed_t>(known->code);
    auto line = std::make_unique<PtyLine>(loop, link, code, std::move(received));
    TRY(line->open());
    return std::unique_ptr<Line>(std::move(line));
}

}  // namespace tillhost::devsim
