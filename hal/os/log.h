#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace tillhost::os {

/// Numbers are those of syslog (RFC 5424, section 6.2.1).
enum class Severity : std::uint8_t { error = 3, warning = 4, notice = 5, info = 6, debug = 7 };

/// `name=value` behind the message.
struct LogField {
    std::string_view name;
    std::string value;
};

/// Where finished lines go.
class LogSink {
public:
    virtual ~LogSink() = default;
    /// One line without its end: the message and its fields as Logger writes them. Any thread.
    virtual void line(Severity severity, std::string_view text) = 0;
    /// The same with its fields apart, for a sink that keeps them so.
    virtual void entry(Severity severity, std::string_view text,
                       std::initializer_list<LogField> /*fields*/) {
        line(severity, text);
    }
};

/// Standard error, one write a line. With `journal` each line begins with "<N>", which systemd
/// takes as its priority (sd-daemon(3)); without, with the severity's name.
class StderrSink final : public LogSink {
public:
    explicit StderrSink(bool journal) : journal_(journal) {}
    /// True when systemd connected standard error to its journal: $JOURNAL_STREAM names the very
    /// file that it is (sd-daemon(3)).
    static bool under_journal();
    void line(Severity severity, std::string_view text) override;

private:
    bool journal_;
};

/// Handed down to whoever has something to say. A line is "message name=value name=value"; a value
/// with blanks, quotes or control characters stands in double quotes with \xNN escapes, so that a
/// line is always one line. Names are snake_case and stable: tools look for them.
class Logger final {
public:
    explicit Logger(LogSink& sink, Severity least = Severity::info) : sink_(&sink), least_(least) {}

    using Fields = std::initializer_list<LogField>;
    void error(std::string_view message, Fields fields = {}) const;
    void warning(std::string_view message, Fields fields = {}) const;
    void notice(std::string_view message, Fields fields = {}) const;
    void info(std::string_view message, Fields fields = {}) const;
    void debug(std::string_view message, Fields fields = {}) const;

private:
    void say(Severity severity, std::string_view message, Fields fields) const;
    LogSink* sink_;
    Severity least_;
};

}  // namespace tillhost::os
