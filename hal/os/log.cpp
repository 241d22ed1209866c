#include "hal/os/log.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

namespace tillhost::os {
namespace {

constexpr std::size_t kLineBytesMax = 4096;  // longer ones are cut

bool is_plain(unsigned char byte) {
    return byte > 0x20 && byte != 0x7F && byte != '"' && byte != '\\' && byte != '=';
}

void append_escaped(std::string& line, std::string_view text) {
    constexpr char kDigits[] = "0123456789abcdef";
    for (const char letter : text) {
        const auto byte = static_cast<unsigned char>(letter);
        if (byte < 0x20 || byte == 0x7F) {
            line += "\\x";
            line += kDigits[byte >> 4U];
            line += kDigits[byte & 15U];
            continue;
        }
        if (letter == '"' || letter == '\\') {
            line += '\\';
        }
        line += letter;
    }
}

void append_value(std::string& line, std::string_view value) {
    bool plain = !value.empty();
    for (const char letter : value) {
        plain = plain && is_plain(static_cast<unsigned char>(letter));
    }
    if (plain) {
        line += value;
        return;
    }
    line += '"';
    append_escaped(line, value);
    line += '"';
}

std::string_view word_of(Severity severity) {
    switch (severity) {
        case Severity::error: return "error: ";
        case Severity::warning: return "warning: ";
        case Severity::notice: return "notice: ";
        case Severity::info: return "info: ";
        case Severity::debug: return "debug: ";
    }
    return "";
}

}  // namespace

bool StderrSink::under_journal() {
    const char* named = std::getenv("JOURNAL_STREAM");
    struct stat found {};
    if (named == nullptr || ::fstat(STDERR_FILENO, &found) != 0) {
        return false;
    }
    return std::to_string(found.st_dev) + ":" + std::to_string(found.st_ino) == named;
}

void StderrSink::line(Severity severity, std::string_view text) {
    std::string line;
    if (journal_) {
        line = {'<', static_cast<char>('0' + static_cast<int>(severity)), '>'};
    } else {
        line = word_of(severity);
    }
    line += text.substr(0, kLineBytesMax);
    line += '\n';
    // Nobody can be told that standard error is gone.
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

void Logger::say(Severity severity, std::string_view message, Fields fields) const {
    if (severity > least_) {
        return;
    }
    std::string line;
    append_escaped(line, message);
    for (const LogField& field : fields) {
        line += ' ';
        line += field.name;
        line += '=';
        append_value(line, field.value);
    }
    sink_->entry(severity, line, fields);
}

void Logger::error(std::string_view message, Fields fields) const {
    say(Severity::error, message, fields);
}
void Logger::warning(std::string_view message, Fields fields) const {
    say(Severity::warning, message, fields);
}
void Logger::notice(std::string_view message, Fields fields) const {
    say(Severity::notice, message, fields);
}
void Logger::info(std::string_view message, Fields fields) const {
    say(Severity::info, message, fields);
}
void Logger::debug(std::string_view message, Fields fields) const {
    say(Severity::debug, message, fields);
}

}  // namespace tillhost::os
