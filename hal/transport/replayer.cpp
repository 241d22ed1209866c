#include "hal/transport/replayer.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace tillhost::transport {

using base::Done;
using base::Result;

class Replay::Line final : public Transport {
public:
    Line(Replay& replay, os::Duration late) : replay_(replay), late_(late) {}
    ~Line() override { replay_.close(); }

    Result<std::size_t> read(std::span<std::byte> buffer, os::Deadline) override {
        return replay_.read(buffer);
    }
    Done write(base::ByteView bytes, os::Deadline) override { return replay_.write(bytes); }
    Done flush() override { return replay_.flush(); }
    os::Duration late_bytes_max() const override { return late_; }

private:
    Replay& replay_;
    os::Duration late_;
};

class Replay::Plug final : public Connector {
public:
    explicit Plug(Replay& replay) : replay_(replay) {}
    Result<std::unique_ptr<Transport>> connect(os::Deadline) override { return replay_.connect(); }

private:
    Replay& replay_;
};

Replay::Replay(Recording recording, std::unique_ptr<Redactor> redactor)
    : recording_(std::move(recording)), masker_(std::move(redactor)) {
    clock_.started_ms = recording_.started_ms;
}

std::unique_ptr<Connector> Replay::connector() { return std::make_unique<Plug>(*this); }

Done Replay::finish() const {
    if (divergence_) {
        return *divergence_;
    }
    if (at_ < recording_.events.size()) {
        return base::make_error(base::ErrorCode::wrong_state, where() + " was not played");
    }
    return {};
}

/// "event 12 (line 15: 1.000 +0.100 read 15)"
std::string Replay::where() const {
    if (at_ >= recording_.events.size()) {
        return fmt::format("the end of the recording, behind {} events", at_);
    }
    const Event& event = recording_.events[at_];
    std::string text = to_text(event);
    text.pop_back();
    return fmt::format("event {} (line {}: {})", at_ + 1, event.line, text);
}

base::Error Replay::diverge(std::string_view what) {
    if (!divergence_) {
        divergence_ = base::make_error(base::ErrorCode::wrong_state,
                                       fmt::format("{} was to come, the driver {}", where(), what));
    }
    return *divergence_;
}

/// Plays the next event, which has to be of that kind; its time passes.
Result<const Event*> Replay::next(EventKind kind, std::string_view what) {
    if (divergence_) {
        return *divergence_;
    }
    if (at_ >= recording_.events.size() || recording_.events[at_].kind != kind) {
        return diverge(what);
    }
    const Event& event = recording_.events[at_++];
    clock_.sleep_until(os::Instant(event.at + event.took));
    unread_.clear();
    return &event;
}

Done Replay::outcome_of(const Event& event) const {
    if (event.error) {
        return base::make_error(event.error->code,
                                fmt::format("as recorded in line {}", event.line),
                                event.error->effect);
    }
    return {};
}

Result<std::unique_ptr<Transport>> Replay::connect() {
    const Event* event = TRY(next(EventKind::connect, "connects"));
    TRY(outcome_of(*event));
    return std::unique_ptr<Transport>(std::make_unique<Line>(*this, event->late));
}

Result<std::size_t> Replay::read(std::span<std::byte> buffer) {
    if (unread_.empty() || divergence_) {
        const Event* event = TRY(next(EventKind::read, "reads"));
        masker_.add(Way::from_device, event->bytes);
        TRY(outcome_of(*event));
        unread_ = event->bytes;
    }
    const std::size_t count = std::min(buffer.size(), unread_.size());
    const auto end = unread_.begin() + static_cast<std::ptrdiff_t>(count);
    std::copy(unread_.begin(), end, buffer.begin());
    unread_.erase(unread_.begin(), end);
    return count;
}

Done Replay::write(base::ByteView bytes) {
    const std::size_t turn = at_;
    const Event* event = TRY(next(EventKind::write, "writes " + base::to_hex(bytes)));
    if (event->bytes.size() != bytes.size()) {
        at_ = turn;
        return diverge(
            fmt::format("writes {} bytes instead of {}", bytes.size(), event->bytes.size()));
    }
    expected_.insert(expected_.end(), event->bytes.begin(), event->bytes.end());
    if (Done same = compare(masker_.add(Way::to_device, bytes)); !same) {
        return same;
    }
    return outcome_of(*event);
}

/// Settled bytes of the driver against those of the recording.
Done Replay::compare(base::Bytes said) {
    const auto count = static_cast<std::ptrdiff_t>(said.size());
    if (divergence_) {
        return *divergence_;
    }
    if (!std::equal(said.begin(), said.end(), expected_.begin())) {
        --at_;  // the bytes differ, so something was written
        return diverge("writes " + base::to_hex(said));
    }
    expected_.erase(expected_.begin(), expected_.begin() + count);
    return {};
}

/// Where the recorder settles everything, so does the replay.
Done Replay::settle() {
    masker_.finish(Way::from_device);
    return compare(masker_.finish(Way::to_device));
}

Done Replay::flush() {
    TRY(settle());
    return outcome_of(*TRY(next(EventKind::flush, "flushes")));
}

void Replay::close() {
    if (settle()) {
        static_cast<void>(next(EventKind::close, "closes the line"));
    }
}

}  // namespace tillhost::transport
