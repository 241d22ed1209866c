#include "hal/transport/recording.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <utility>

#include "hal/transport/redactor.h"

namespace tillhost::transport {
namespace {

using base::Result;

constexpr std::string_view kFirstLine = "tillhost-recording 1";
constexpr std::string_view kFull = "full";
constexpr std::string_view kCut = " cut\n";
constexpr std::string_view kHiddenText = "**";
constexpr std::size_t kDriverBytesMax = 64;
constexpr std::int64_t kNsPerSecond = 1'000'000'000;
constexpr std::array<std::string_view, 5> kKinds{"connect", "write", "read", "flush", "close"};

std::string seconds_text(os::Duration time) {
    const std::int64_t ns = time.count();
    const std::int64_t size = ns < 0 ? -ns : ns;
    return fmt::format("{}{}.{:09}", ns < 0 ? "-" : "", size / kNsPerSecond, size % kNsPerSecond);
}

std::string bytes_text(base::ByteView bytes) {
    std::string text;
    for (const std::byte byte : bytes) {
        text += ' ';
        text += byte == kHidden ? kHiddenText : base::to_hex(base::ByteView(&byte, 1));
    }
    return text;
}

/// The words of one line; what is missing or wrong makes an error that names the line.
class Words {
public:
    Words(std::string_view text, std::size_t line) : rest_(text), line_(line) { skip(); }

    bool empty() const { return rest_.empty(); }
    std::string_view peek() const { return rest_.substr(0, rest_.find(' ')); }
    std::string_view next() {
        const std::string_view word = peek();
        rest_.remove_prefix(word.size());
        skip();
        return word;
    }
    bool take(std::string_view word) {
        const bool found = peek() == word;
        if (found) {
            next();
        }
        return found;
    }
    base::Error wrong(std::string_view expected) const {
        return base::bad_field(fmt::format("line {}", line_), expected);
    }

    /// Seconds with nine decimals.
    Result<os::Duration> time(char sign = 0) {
        std::string_view word = next();
        if (sign != 0 && word.starts_with(sign)) {
            word.remove_prefix(1);
        } else if (sign != 0) {
            return wrong(fmt::format("'{}' and seconds with nine decimals", sign));
        }
        const bool negative = sign == 0 && word.starts_with('-');
        word.remove_prefix(negative ? 1 : 0);
        const std::size_t point = word.find('.');
        constexpr std::size_t kDecimals = 9;
        if (point == std::string_view::npos || point > kDecimals ||
            word.size() != point + 1 + kDecimals) {
            return wrong("seconds with nine decimals");
        }
        const auto whole = number(word.substr(0, point));
        const auto part = number(word.substr(point + 1));
        if (!whole || !part) {
            return wrong("seconds with nine decimals");
        }
        const std::int64_t ns = *whole * kNsPerSecond + *part;
        return os::Duration(negative ? -ns : ns);
    }

    static std::optional<std::int64_t> number(std::string_view digits) {
        std::int64_t value = 0;
        const char* const end = digits.data() + digits.size();
        const auto [stop, problem] = std::from_chars(digits.data(), end, value);
        const bool good = problem == std::errc() && stop == end && !digits.starts_with('-');
        return good ? std::optional(value) : std::nullopt;
    }

private:
    void skip() {
        const std::size_t start = rest_.find_first_not_of(' ');
        rest_.remove_prefix(start == std::string_view::npos ? rest_.size() : start);
    }

    std::string_view rest_;
    std::size_t line_;
};

Result<base::Bytes> read_bytes(Words& words) {
    base::Bytes bytes;
    while (!words.empty() && words.peek() != "!") {
        if (bytes.size() == kEventBytesMax) {
            return base::make_error(base::ErrorCode::too_large,
                                    "more bytes than an event may have");
        }
        if (words.take(kHiddenText)) {
            bytes.push_back(kHidden);
            continue;
        }
        const std::string_view word = words.peek();
        const auto one = base::from_hex(word);
        if (!one || one->size() != 1) {
            return words.wrong("bytes as two hex digits each, or **");
        }
        bytes.push_back(one->front());
        words.next();
    }
    return bytes;
}

Result<std::optional<EventError>> read_error(Words& words) {
    if (!words.take("!")) {
        return std::optional<EventError>();
    }
    const auto code = base::error_code_from(words.next());
    if (!code) {
        return words.wrong("the name of an error behind '!'");
    }
    EventError error{*code, base::Effect::none};
    if (words.take("unknown")) {
        error.effect = base::Effect::unknown;
    }
    return std::optional(error);
}

Result<Event> read_event(Words& words, std::size_t line) {
    Event event;
    event.line = line;
    event.at = TRY(words.time());
    event.took = TRY(words.time('+'));
    if (words.take("by")) {
        event.by = TRY(words.time());
    }
    const std::string_view kind = words.next();
    std::size_t index = 0;
    while (index < kKinds.size() && kKinds[index] != kind) {
        ++index;
    }
    if (index == kKinds.size()) {
        return words.wrong("connect, write, read, flush or close");
    }
    event.kind = static_cast<EventKind>(index);
    if (event.kind == EventKind::write || event.kind == EventKind::read) {
        event.bytes = TRY(read_bytes(words));
    } else if (event.kind == EventKind::connect && words.take("late")) {
        event.late = TRY(words.time());
    }
    event.error = TRY(read_error(words));
    if (!words.empty()) {
        return words.wrong("the end of the line");
    }
    return event;
}

/// Reads a file line by line; a heading begins a recording.
class Parser {
public:
    Result<std::vector<Recording>> parse(std::string_view text) {
        if (text.size() > kRecordingBytesMax) {
            return base::make_error(base::ErrorCode::too_large,
                                    fmt::format("more than {} bytes", kRecordingBytesMax));
        }
        while (!text.empty()) {
            ++line_;
            const std::size_t end = text.find('\n');
            if (end == std::string_view::npos) {
                break;  // the recorder was killed in the middle of a line
            }
            TRY(take(text.substr(0, end)));
            text.remove_prefix(end + 1);
        }
        if (all_.empty()) {
            return base::bad_field("line 1", kFirstLine);
        }
        return std::move(all_);
    }

private:
    base::Done take(std::string_view text) {
        if (text.empty() || text.starts_with('#') ||
            text.ends_with(kCut.substr(0, kCut.size() - 1))) {
            return {};
        }
        if (text == kFirstLine) {
            all_.emplace_back();
            return {};
        }
        Words words(text, line_);
        if (all_.empty()) {
            return words.wrong(kFirstLine);
        }
        return take(words, all_.back());
    }
    base::Done take(Words& words, Recording& recording) {
        if (recording.full) {
            return words.wrong("nothing behind 'full' but another recording");
        }
        if (words.take("driver")) {
            recording.driver = words.next();
            return recording.driver.size() <= kDriverBytesMax ? base::Done()
                                                              : words.wrong("a driver's name");
        }
        if (words.take("started")) {
            const auto started = Words::number(words.next());
            recording.started_ms = started.value_or(0);
            return started ? base::Done() : words.wrong("milliseconds since 1970");
        }
        if (words.take(kFull)) {
            recording.full = true;
            return {};
        }
        recording.events.push_back(TRY(read_event(words, line_)));
        return {};
    }

    std::vector<Recording> all_;
    std::size_t line_ = 0;
};

}  // namespace

std::string_view name_of(EventKind kind) { return kKinds[static_cast<std::size_t>(kind)]; }

std::string heading_text(std::string_view driver, std::int64_t started_ms) {
    return fmt::format("{}\ndriver {}\nstarted {}\n", kFirstLine, driver, started_ms);
}

std::string to_text(const Event& event) {
    std::string line = fmt::format("{} +{}", seconds_text(event.at), seconds_text(event.took));
    if (event.by) {
        line += " by " + seconds_text(*event.by);
    }
    line += fmt::format(" {}", name_of(event.kind));
    if (event.kind == EventKind::connect && !event.error) {
        line += " late " + seconds_text(event.late);
    }
    line += bytes_text(event.bytes);
    if (event.error) {
        line += fmt::format(" ! {}", base::name_of(event.error->code));
        line += event.error->effect == base::Effect::unknown ? " unknown" : "";
    }
    return line + "\n";
}

std::string_view cut_text() { return kCut; }

std::string_view full_text() { return "full\n"; }

Result<std::vector<Recording>> parse_recordings(std::string_view text) {
    return Parser().parse(text);
}

}  // namespace tillhost::transport
