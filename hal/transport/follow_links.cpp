#include "hal/transport/follow_links.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>

namespace tillhost::transport {
namespace {

std::string take_name(std::string& rest) {
    const std::size_t slash = rest.find('/');
    std::string name = rest.substr(0, slash);
    rest.erase(0, slash == std::string::npos ? slash : slash + 1);
    return name;
}

std::string parent_of(const std::string& path) {
    return path.empty() ? path : path.substr(0, path.rfind('/'));
}

/// Where a link leads; empty with errno set.
std::string target_of(const std::string& link) {
    std::array<char, PATH_MAX> target{};
    const ssize_t length = ::readlink(link.c_str(), target.data(), target.size());
    if (length < 0) {
        return {};
    }
    const auto size = static_cast<std::size_t>(length);
    if (size == 0 || size == target.size()) {
        errno = size == 0 ? ENOENT : ENAMETOOLONG;
        return {};
    }
    return std::string(target.data(), size);
}

}  // namespace

std::string follow_links(const std::string& path) {
    if (!path.starts_with('/')) {
        errno = EINVAL;
        return {};
    }
    std::string real;  // without the slash of the root
    int links = 0;
    for (std::string rest = path; !rest.empty();) {
        const std::string name = take_name(rest);
        if (name.empty() || name == ".") {
            continue;
        }
        if (name == "..") {
            real = parent_of(real);
            continue;
        }
        const std::string next = real + "/" + name;
        struct stat status {};
        if (::lstat(next.c_str(), &status) != 0) {
            return {};
        }
        if (!S_ISLNK(status.st_mode)) {
            real = next;
            continue;
        }
        const std::string target = target_of(next);
        if (target.empty() || ++links > kLinksMax) {
            errno = target.empty() ? errno : ELOOP;
            return {};
        }
        real = target.front() == '/' ? std::string() : real;
        rest = target + "/" + rest;
    }
    return real.empty() ? "/" : real;
}

}  // namespace tillhost::transport
