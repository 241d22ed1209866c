#include "sumpd/maintenance/file_steps.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>

#include "hal/os/descriptor.h"
#include "hal/os/files.h"

namespace tillhost::sumpd::maintenance {

using base::Done;
using base::Result;

std::string folder_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    return slash == 0 ? "/" : path.substr(0, slash);
}

bool is_there(const std::string& path) {
    struct stat found {};
    return ::lstat(path.c_str(), &found) == 0;
}

Result<std::int64_t> file_bytes(const std::string& path) {
    struct stat found {};
    if (::stat(path.c_str(), &found) != 0) {
        return os::system_error(path, errno);
    }
    return std::int64_t{found.st_size};
}

Done sync_path(const std::string& path, bool is_folder) {
    const int flags = O_RDONLY | O_CLOEXEC | (is_folder ? O_DIRECTORY : 0);
    const os::Descriptor fd(::open(path.c_str(), flags));
    if (!fd.valid() || ::fsync(fd.get()) != 0) {
        return os::system_error(path, errno);
    }
    return {};
}

Done make_empty(const std::string& path, unsigned mode) {
    TRY(os::remove_file(path));
    const os::Descriptor fd(
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
    if (!fd.valid()) {
        return os::system_error(path, errno);
    }
    return {};
}

Done link_new(const std::string& from, const std::string& to) {
    if (::link(from.c_str(), to.c_str()) != 0) {
        return os::system_error(to, errno);
    }
    return {};
}

Done rename_over(const std::string& from, const std::string& to) {
    if (::rename(from.c_str(), to.c_str()) != 0) {
        return os::system_error(to, errno);
    }
    return {};
}

Done copy_file(const std::string& from, const std::string& to, unsigned mode) {
    const os::Descriptor source(::open(from.c_str(), O_RDONLY | O_CLOEXEC));
    if (!source.valid()) {
        return base::make_error(base::ErrorCode::config_invalid,
                                os::system_error(from, errno).detail);
    }
    TRY(make_empty(to, mode));
    const os::Descriptor target(::open(to.c_str(), O_WRONLY | O_CLOEXEC));
    std::array<char, 65536> block{};
    ssize_t count = 0;
    while ((count = ::read(source.get(), block.data(), block.size())) > 0) {
        for (ssize_t written = 0; written < count;) {
            const ssize_t more = ::write(target.get(), block.data() + written,
                                         static_cast<std::size_t>(count - written));
            if (more < 0) {
                return os::system_error(to, errno);
            }
            written += more;
        }
    }
    return count < 0 ? Done(os::system_error(from, errno)) : Done();
}

Done remove_with_logs(const std::string& path) {
    for (const char* ending : {"", "-wal", "-shm", "-journal"}) {
        TRY(os::remove_file(path + ending));
    }
    return {};
}

Done give_to_owner(const std::string& path, const std::string& folder) {
    struct stat owner {};
    if (::geteuid() != 0) {
        return {};
    }
    if (::stat(folder.c_str(), &owner) != 0 ||
        ::chown(path.c_str(), owner.st_uid, owner.st_gid) != 0) {
        return os::system_error(path, errno);
    }
    return {};
}

}  // namespace tillhost::sumpd::maintenance
