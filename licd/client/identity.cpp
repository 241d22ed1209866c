#include "licd/client/identity.h"

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "hal/base/text.h"
#include "hal/os/random.h"

namespace tillhost::licd::client {
namespace {

constexpr std::size_t kNameBytesMax = 64;  // of the contract
constexpr std::size_t kRecordBytes = 4096;

std::string named(const char* text) {
    const std::string_view given(text == nullptr ? "" : text);
    return base::is_utf8(given) ? std::string(base::cut_utf8(given, kNameBytesMax)) : std::string();
}

}  // namespace

std::string make_instance() {
    return fmt::format("{:016x}{:016x}", os::random_u64(), os::random_u64());
}

std::string this_user() {
    std::array<char, kRecordBytes> record{};
    passwd entry{};
    passwd* found = nullptr;
    if (::getpwuid_r(::getuid(), &entry, record.data(), record.size(), &found) == 0 &&
        found != nullptr) {
        return named(found->pw_name);
    }
    return fmt::format("{}", ::getuid());
}

std::string this_computer() {
    std::array<char, kRecordBytes> name{};
    return ::gethostname(name.data(), name.size() - 1) == 0 ? named(name.data()) : std::string();
}

std::string this_terminal_session() {
    for (const char* variable :
         {"XDG_SESSION_ID", "SSH_CONNECTION", "WAYLAND_DISPLAY", "DISPLAY"}) {
        if (std::string session = named(std::getenv(variable)); !session.empty()) {
            return session;
        }
    }
    return "";
}

}  // namespace tillhost::licd::client
