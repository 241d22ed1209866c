#include "hal/os/journal.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

namespace tillhost::os {
namespace {

/// What the journal takes for a field's name: A-Z, 0-9 and _, not beginning with _ or a digit.
std::string name_of(std::string_view name) {
    std::string upper;
    for (const char letter : name) {
        const bool small = letter >= 'a' && letter <= 'z';
        const bool kept = (letter >= '0' && letter <= '9') || (letter >= 'A' && letter <= 'Z');
        upper += small ? static_cast<char>(letter - 'a' + 'A') : kept ? letter : '_';
    }
    const bool bad = upper.empty() || upper[0] == '_' || (upper[0] >= '0' && upper[0] <= '9');
    return bad ? "FIELD_" + upper : upper;
}

/// A value of several lines goes with its length, eight bytes little endian, in front.
void append(std::string& entry, std::string_view name, std::string_view value) {
    if (entry.size() + name.size() + value.size() + 10 > kJournalEntryBytesMax) {
        return;
    }
    entry += name;
    if (value.find('\n') == std::string_view::npos) {
        entry += '=';
    } else {
        entry += '\n';
        std::uint64_t length = value.size();
        for (int i = 0; i < 8; ++i) {
            entry += static_cast<char>(length & 0xFFU);
            length >>= 8U;
        }
    }
    entry += value;
    entry += '\n';
}

}  // namespace

base::Result<JournalSink> JournalSink::open(const std::string& identifier,
                                            const std::string& socket) {
    Descriptor fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (socket.size() >= sizeof address.sun_path) {
        return system_error(socket, ENAMETOOLONG);
    }
    std::memcpy(address.sun_path, socket.data(), socket.size());
    if (!fd.valid() ||
        ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        return system_error(socket, errno);
    }
    return JournalSink(identifier, std::move(fd));
}

void JournalSink::line(Severity severity, std::string_view text) { entry(severity, text, {}); }

void JournalSink::entry(Severity severity, std::string_view text,
                        std::initializer_list<LogField> fields) {
    std::string entry;
    append(entry, "PRIORITY", std::to_string(static_cast<int>(severity)));
    append(entry, "SYSLOG_IDENTIFIER", identifier_);
    append(entry, "MESSAGE", text.substr(0, kJournalEntryBytesMax / 2));
    for (const LogField& field : fields) {
        if (!field.value.empty()) {
            append(entry, name_of(field.name), field.value);
        }
    }
    if (::send(fd_.get(), entry.data(), entry.size(), MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
        otherwise_.line(severity, text);
    }
}

std::unique_ptr<LogSink> open_log(const std::string& identifier) {
    const bool journal = StderrSink::under_journal();
    if (journal) {
        if (auto sink = JournalSink::open(identifier)) {
            return std::make_unique<JournalSink>(std::move(*sink));
        }
    }
    return std::make_unique<StderrSink>(journal);
}

}  // namespace tillhost::os
