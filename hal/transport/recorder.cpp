#include "hal/transport/recorder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace tillhost::transport {
namespace {

using base::Done;
using base::Result;

constexpr mode_t kFileMode = 0600;

std::optional<Way> way_of(EventKind kind) {
    switch (kind) {
        case EventKind::write: return Way::to_device;
        case EventKind::read: return Way::from_device;
        case EventKind::connect:
        case EventKind::flush:
        case EventKind::close: break;
    }
    return std::nullopt;
}

base::Error file_error(const std::string& path, int number) {
    const bool full = number == ENOSPC || number == EDQUOT;
    return base::make_error(full ? base::ErrorCode::storage_full : base::ErrorCode::system_failed,
                            fmt::format("the recording {}: {}", path, os::errno_text(number)));
}

/// False when a recorder was killed in the middle of a line.
bool ends_in_a_line(int fd, std::uint64_t size) {
    char last = '\n';
    return size == 0 || (::pread(fd, &last, 1, static_cast<off_t>(size) - 1) == 1 && last == '\n');
}

/// An event that begins now and is noted when it is over.
class Call {
public:
    Call(Recorder& recorder, const os::Clock& clock, EventKind kind,
         std::optional<os::Deadline> deadline = {})
        : recorder_(recorder), clock_(clock), begun_(clock.now()) {
        event_.kind = kind;
        event_.at = begun_ - recorder.begun();
        if (deadline && *deadline != os::Deadline::max()) {
            event_.by = *deadline - recorder.begun();
        }
    }
    void set_late(os::Duration late) { event_.late = late; }
    void over(const base::Error* error, base::ByteView bytes = {}) {
        if (!recorder_.on()) {
            return;
        }
        event_.took = clock_.now() - begun_;
        if (error != nullptr) {
            event_.error = EventError{error->code, error->effect};
        }
        recorder_.note(std::move(event_), bytes);
    }

private:
    Recorder& recorder_;
    const os::Clock& clock_;
    os::Instant begun_;
    Event event_;
};

template <class T>
const base::Error* error_of(const Result<T>& result) {
    return result ? nullptr : &result.error();
}

class RecordedLine final : public Transport {
public:
    RecordedLine(std::unique_ptr<Transport> line, Recorder& recorder, const os::Clock& clock)
        : line_(std::move(line)), recorder_(recorder), clock_(clock) {}
    ~RecordedLine() override { Call(recorder_, clock_, EventKind::close).over(nullptr); }

    Result<std::size_t> read(std::span<std::byte> buffer, os::Deadline deadline) override {
        Call call(recorder_, clock_, EventKind::read, deadline);
        auto count = line_->read(buffer, deadline);
        call.over(error_of(count), base::ByteView(buffer).first(count ? *count : 0));
        return count;
    }
    Done write(base::ByteView bytes, os::Deadline deadline) override {
        Call call(recorder_, clock_, EventKind::write, deadline);
        auto done = line_->write(bytes, deadline);
        call.over(error_of(done), bytes);
        return done;
    }
    Done flush() override {
        Call call(recorder_, clock_, EventKind::flush);
        auto done = line_->flush();
        call.over(error_of(done));
        return done;
    }
    int input_fd() const override { return line_->input_fd(); }
    std::string node() const override { return line_->node(); }
    const HidDescription* hid() const override { return line_->hid(); }
    os::Duration late_bytes_max() const override { return line_->late_bytes_max(); }

private:
    std::unique_ptr<Transport> line_;
    Recorder& recorder_;
    const os::Clock& clock_;
};

class RecordingConnector final : public Connector {
public:
    RecordingConnector(std::unique_ptr<Connector> connector, Recorder& recorder,
                       const os::Clock& clock)
        : connector_(std::move(connector)), recorder_(recorder), clock_(clock) {}

    Result<std::unique_ptr<Transport>> connect(os::Deadline deadline) override {
        Call call(recorder_, clock_, EventKind::connect, deadline);
        auto line = connector_->connect(deadline);
        call.set_late(line ? (*line)->late_bytes_max() : os::Duration{});
        call.over(error_of(line));
        if (!line) {
            return line;
        }
        return std::unique_ptr<Transport>(
            std::make_unique<RecordedLine>(std::move(*line), recorder_, clock_));
    }

private:
    std::unique_ptr<Connector> connector_;
    Recorder& recorder_;
    const os::Clock& clock_;
};

}  // namespace

Recorder::~Recorder() { settle_all(); }

std::unique_ptr<Connector> Recorder::wrap(std::unique_ptr<Connector> connector) {
    return std::make_unique<RecordingConnector>(std::move(connector), *this, clock_);
}

Done Recorder::start(const std::string& path, IfThere if_there, std::string_view driver,
                     std::unique_ptr<Redactor> redactor) {
    if (!path.starts_with('/')) {
        return base::bad_field("path", "an absolute path");
    }
    if (!redactor) {
        return base::make_error(
            base::ErrorCode::not_supported,
            fmt::format("{} does not say what must be hidden in a recording", driver));
    }
    const int existing = if_there == IfThere::append ? O_APPEND : O_EXCL;
    os::Descriptor file(
        ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | existing, kFileMode));
    if (!file.valid() && errno == EEXIST) {
        return base::bad_field("path", fmt::format("a new file: {} is there already", path));
    }
    struct stat found {};
    if (!file.valid() || ::fstat(file.get(), &found) != 0) {
        return file_error(path, errno);
    }
    if (!S_ISREG(found.st_mode)) {
        return base::bad_field("path", "an ordinary file");
    }
    if (static_cast<std::uint64_t>(found.st_size) >= kRecordingBytesMax) {
        return base::make_error(base::ErrorCode::storage_full,
                                fmt::format("the recording {} is full", path));
    }
    static_cast<void>(stop());  // what it still held may stand in the same file
    if (::fstat(file.get(), &found) != 0) {
        return file_error(path, errno);
    }
    path_ = path;
    size_ = static_cast<std::uint64_t>(found.st_size);
    begun_ = clock_.now();
    file_ = std::move(file);
    masker_.emplace(std::move(redactor));
    write(ends_in_a_line(file_.get(), size_) ? "" : cut_text());
    write(heading_text(driver, clock_.unix_ms()));
    return failure_ ? stop() : Done();
}

Done Recorder::stop() {
    settle_all();
    file_.reset();
    masker_.reset();
    if (failure_) {
        return *std::exchange(failure_, std::nullopt);
    }
    return {};
}

void Recorder::note(Event event, base::ByteView bytes) {
    if (!on()) {
        return;
    }
    const auto way = way_of(event.kind);
    if (!way) {
        settle_all();  // what belongs together does not go on behind these
    }
    event.at = std::max(event.at, os::Duration{});
    waiting_.push_back({std::move(event), bytes.size()});
    if (way) {
        give(*way, masker_->add(*way, bytes));
    }
    if (waiting_.size() > kWaitingEventsMax) {
        settle_all();
    }
    write_ready();
}

/// Hands settled bytes to the events that they belong to, oldest first.
void Recorder::give(Way way, base::Bytes settled) {
    auto next = settled.begin();
    for (Waiting& one : waiting_) {
        if (next == settled.end()) {
            return;
        }
        if (way_of(one.event.kind) != way) {
            continue;
        }
        const auto count = std::min(static_cast<std::ptrdiff_t>(one.missing), settled.end() - next);
        one.event.bytes.insert(one.event.bytes.end(), next, next + count);
        one.missing -= static_cast<std::size_t>(count);
        next += count;
    }
}

void Recorder::settle_all() {
    if (masker_) {
        give(Way::to_device, masker_->finish(Way::to_device));
        give(Way::from_device, masker_->finish(Way::from_device));
        write_ready();
    }
}

void Recorder::write_ready() {
    while (!waiting_.empty() && waiting_.front().missing == 0) {
        write(to_text(waiting_.front().event));
        waiting_.pop_front();
    }
}

void Recorder::write(std::string_view text) {
    if (!on()) {
        return;
    }
    const bool last = size_ + text.size() + full_text().size() > kRecordingBytesMax;
    if (last) {
        text = full_text();
    }
    while (!text.empty()) {
        const ssize_t written = ::write(file_.get(), text.data(), text.size());
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written < 0) {
            failure_ = file_error(path_, errno);
            file_.reset();
            return;
        }
        text.remove_prefix(static_cast<std::size_t>(written));
        size_ += static_cast<std::uint64_t>(written);
    }
    if (last) {
        file_.reset();
    }
}

}  // namespace tillhost::transport
