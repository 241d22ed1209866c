#include "licd/runtime/log_book.h"

#include <fmt/format.h>

#include <chrono>

namespace tillhost::licd::runtime {
namespace {

std::string_view word_of(os::Severity severity) {
    switch (severity) {
        case os::Severity::error: return "error";
        case os::Severity::warning: return "warning";
        case os::Severity::notice: return "notice";
        case os::Severity::info: return "info";
        case os::Severity::debug: return "debug";
    }
    return "";
}

}  // namespace

std::string utc_text(std::int64_t unix_ms) {
    using std::chrono::days;
    using std::chrono::milliseconds;
    const std::chrono::sys_time<milliseconds> at{milliseconds(unix_ms)};
    const auto day = std::chrono::floor<days>(at);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss time(at - day);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       time.hours().count(), time.minutes().count(), time.seconds().count(),
                       time.subseconds().count());
}

void LogBook::line(os::Severity severity, std::string_view text) {
    if (severity <= least_) {
        remember(severity, text);
        to_.line(severity, text);
    }
}

void LogBook::entry(os::Severity severity, std::string_view text,
                    std::initializer_list<os::LogField> fields) {
    if (severity <= least_) {
        remember(severity, text);
        to_.entry(severity, text, fields);
    }
}

void LogBook::remember(os::Severity severity, std::string_view text) {
    std::string line = fmt::format("{} {} {}", utc_text(clock_.unix_ms()), word_of(severity),
                                   text.substr(0, kLogBookLineBytesMax));
    const std::lock_guard<std::mutex> guard(mutex_);
    bytes_ += line.size();
    lines_.push_back(std::move(line));
    while (lines_.size() > kLogBookLinesMax || bytes_ > kLogBookBytesMax) {
        bytes_ -= lines_.front().size();
        lines_.pop_front();
    }
}

std::vector<std::string> LogBook::lines() const {
    const std::lock_guard<std::mutex> guard(mutex_);
    return {lines_.begin(), lines_.end()};
}

}  // namespace tillhost::licd::runtime
